//! Names cut or broken into lines, counted in letters.

/// Letters after which a word may be broken.
const JOINTS: [char; 3] = ['_', '/', '+'];

/// A text of at most this many letters, with an ellipsis where it was cut.
pub(crate) fn shortened(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let kept: String = text.chars().take(letters.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A text in lines of at most this many letters, at least one line.
///
/// Lines are broken at spaces and after `_`, `/` and `+`; a longer part is cut.
pub(crate) fn wrapped(text: &str, letters: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut joint = " ";
        for part in word.split_inclusive(JOINTS) {
            let part = shortened(part, letters.max(1));
            let joined = line.chars().count() + joint.len() + part.chars().count();
            if line.is_empty() {
                line = part;
            } else if joined <= letters {
                line.push_str(joint);
                line.push_str(&part);
            } else {
                lines.push(std::mem::replace(&mut line, part));
            }
            joint = "";
        }
    }
    lines.push(line);
    lines
}

/// The letters of the longest part of a text that [`wrapped`] does not break.
pub(crate) fn longest_part(text: &str) -> usize {
    let words = text.split_whitespace();
    let parts = words.flat_map(|word| word.split_inclusive(JOINTS));
    parts.map(|part| part.chars().count()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_end_in_an_ellipsis() {
        assert_eq!(shortened("strict", 6), "strict");
        assert_eq!(shortened("strict gate", 8), "strict…");
        assert_eq!(shortened("ééé", 2), "é…");
    }

    #[test]
    fn lines_break_at_spaces_and_joints() {
        assert_eq!(
            wrapped("outcome and process", 11),
            ["outcome and", "process"]
        );
        assert_eq!(wrapped("strict_gate", 8), ["strict_", "gate"]);
        assert_eq!(wrapped("a+b c", 9), ["a+b c"]);
        assert_eq!(wrapped("incomprehensible", 6), ["incom…"]);
        assert_eq!(wrapped("", 6), [""]);
        assert_eq!(longest_part("strict_gate of it"), 7);
    }
}
