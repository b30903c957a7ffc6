//! A model text cut into special tokens and the plain text between them.

use crate::special::NAMES;

/// A piece of a model text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    /// A special token, by its index in [`NAMES`].
    Tag(usize),
    /// The text between two special tokens.
    Text(&'a str),
}

/// Which white space beside a special token belongs to the token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Absorbs {
    /// White space before it.
    pub before: bool,
    /// White space after it.
    pub after: bool,
}

/// Cuts a text at every special token. Linear in its length.
pub(crate) fn cut(text: &str) -> Vec<Segment<'_>> {
    cut_at(text, 0)
}

/// Cuts a text at the special tokens from position `first` of [`NAMES`] on. Linear in its length.
pub(crate) fn cut_at(text: &str, first: usize) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(step) = text[at..].find(['<', '[']) {
        at += step;
        let named = NAMES[first..]
            .iter()
            .position(|name| text[at..].starts_with(name));
        match named.map(|tag| first + tag) {
            Some(tag) => {
                if start < at {
                    segments.push(Segment::Text(&text[start..at]));
                }
                segments.push(Segment::Tag(tag));
                at += NAMES[tag].len();
                start = at;
            }
            None => at += 1,
        }
    }
    if start < text.len() {
        segments.push(Segment::Text(&text[start..]));
    }
    segments
}

/// Leaves to each special token the white space that it absorbs.
pub(crate) fn absorb(segments: &mut [Segment<'_>], rules: &[Absorbs; NAMES.len()]) {
    for i in 0..segments.len() {
        let Segment::Text(mut text) = segments[i] else {
            continue;
        };
        if let Some(Segment::Tag(tag)) = i.checked_sub(1).map(|before| segments[before])
            && rules[tag].after
        {
            text = text.trim_start();
        }
        if let Some(Segment::Tag(tag)) = segments.get(i + 1)
            && rules[*tag].before
        {
            text = text.trim_end();
        }
        segments[i] = Segment::Text(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_tags_and_at_nothing_else() {
        assert_eq!(
            cut("[BOS]<question> a < b [x] </question>"),
            [
                Segment::Tag(0),
                Segment::Tag(4),
                Segment::Text(" a < b [x] "),
                Segment::Tag(5),
            ]
        );
        assert_eq!(cut("é<é"), [Segment::Text("é<é")]);
        assert_eq!(cut(""), []);
    }

    #[test]
    fn a_tag_absorbs_the_space_before_it() {
        let mut rules = [Absorbs::default(); 10];
        rules[5].before = true;
        let mut segments = cut("<question> a </question> b");
        absorb(&mut segments, &rules);
        assert_eq!(
            segments,
            [
                Segment::Tag(4),
                Segment::Text(" a"),
                Segment::Tag(5),
                Segment::Text(" b"),
            ]
        );
    }
}
