//! Replacements in a text.

use std::ops::Range;

/// One replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub range: Range<usize>,
    pub with: String,
}

impl Edit {
    pub(crate) fn new(range: Range<usize>, with: impl Into<String>) -> Self {
        Self {
            range,
            with: with.into(),
        }
    }

    pub(crate) fn insert(at: usize, with: impl Into<String>) -> Self {
        Self::new(at..at, with)
    }

    pub(crate) fn delete(range: Range<usize>) -> Self {
        Self::new(range, "")
    }
}

/// The text with all replacements made; ranges refer to the unedited text. Of two that overlap, the
/// later one is dropped.
pub(crate) fn edited(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| edit.range.start);
    let mut result = String::with_capacity(text.len() + 16 * edits.len());
    let mut at = 0;
    for edit in edits {
        if edit.range.start < at {
            continue;
        }
        result.push_str(&text[at..edit.range.start]);
        result.push_str(&edit.with);
        at = edit.range.end;
    }
    result.push_str(&text[at..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_count_in_the_unedited_text() {
        let edits = vec![
            Edit::new(8..9, "five"),
            Edit::insert(0, ">"),
            Edit::delete(1..3),
        ];
        assert_eq!(edited("a = b + c.", edits), ">a b + five.");
    }
}
