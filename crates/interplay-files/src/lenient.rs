//! JSON as other programs write it, made JSON as RFC 8259 has it.
//!
//! Python's `json` writes `NaN`, `Infinity` and `-Infinity` for numbers that JSON lacks, and a text
//! that was cut inside a surrogate pair as half of the pair. Some programs write bytes that are not
//! UTF-8. Source: RFC 8259, sections 6 and 8.2; `json.dumps` of CPython with `allow_nan=True`.
//!
//! Only a line that the parser has refused comes here, so well-formed lines are read once.

/// The replacement for a character that cannot be read: U+FFFD.
const REPLACEMENT: &[u8] = b"\\ufffd";

/// Numbers that JSON lacks. Each becomes `null`: no value.
const NO_NUMBERS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

/// The line with everything mended that can be; none where there is nothing to mend.
pub(crate) fn mended(line: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(line);
    let mut rest = text.as_bytes();
    let mut output = Vec::with_capacity(rest.len() + 16);
    let mut in_string = false;
    while let Some(&byte) = rest.first() {
        let (read, written): (usize, &[u8]) = match byte {
            b'"' => {
                in_string = !in_string;
                (1, &rest[..1])
            }
            b'\\' if in_string => escape(rest),
            _ if in_string => (1, &rest[..1]),
            b'N' | b'I' | b'-' => match no_number(rest) {
                Some(length) => (length, b"null"),
                None => (1, &rest[..1]),
            },
            _ => (1, &rest[..1]),
        };
        output.extend_from_slice(written);
        rest = &rest[read..];
    }
    (output != line).then_some(output)
}

/// The length of the escape at the start of `rest`, and what to write for it.
fn escape(rest: &[u8]) -> (usize, &[u8]) {
    match surrogate(rest) {
        Some(Half::High) if matches!(surrogate(&rest[6..]), Some(Half::Low)) => (12, &rest[..12]),
        Some(_) => (6, REPLACEMENT),
        // The character after the backslash may be a quote; a line may end after a backslash.
        None => {
            let length = rest.len().min(2);
            (length, &rest[..length])
        }
    }
}

/// Half of a surrogate pair.
enum Half {
    High,
    Low,
}

/// The half that an escape `\uHHHH` stands for, if it does.
fn surrogate(rest: &[u8]) -> Option<Half> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
    match digits.to_ascii_lowercase().as_slice() {
        [b'd', b'8' | b'9' | b'a' | b'b', low @ ..] if is_hex(low) => Some(Half::High),
        [b'd', b'c' | b'd' | b'e' | b'f', low @ ..] if is_hex(low) => Some(Half::Low),
        _ => None,
    }
}

fn is_hex(digits: &[u8]) -> bool {
    digits.iter().all(u8::is_ascii_hexdigit)
}

/// The length of the word at the start of `rest`, where it stands for no number.
fn no_number(rest: &[u8]) -> Option<usize> {
    let word = NO_NUMBERS.iter().find(|word| rest.starts_with(word))?;
    let goes_on = rest
        .get(word.len())
        .is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'_');
    (!goes_on).then_some(word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn becomes(line: impl AsRef<[u8]>, expected: &str) {
        let mended = mended(line.as_ref()).unwrap();
        assert_eq!(String::from_utf8(mended.clone()).unwrap(), expected);
        serde_json::from_slice::<serde_json::Value>(&mended).unwrap();
    }

    #[test]
    fn no_numbers_become_null_outside_of_texts() {
        becomes(
            r#"{"a": NaN, "b": [Infinity,-Infinity , {"c":NaN}], "NaN": "NaN, -Infinity"}"#,
            r#"{"a": null, "b": [null,null , {"c":null}], "NaN": "NaN, -Infinity"}"#,
        );
        becomes(
            r#"["say \"NaN\" \\", NaN, -1]"#,
            r#"["say \"NaN\" \\", null, -1]"#,
        );
        for other in ["[NaNs]", "[Infinity1]", "[nan]", r#"{"a": "#] {
            assert_eq!(mended(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn halves_of_pairs_become_the_replacement_character() {
        becomes(
            r#"{"\ud83d": "a\ud83d", "b": ["\uDE00\ud83d\ude00\ud83d\ud83d\ude00"]}"#,
            r#"{"\ufffd": "a\ufffd", "b": ["\ufffd\ud83d\ude00\ufffd\ud83d\ude00"]}"#,
        );
        // An escaped backslash before a `u` is no escape of a character.
        becomes(r#"["\\ud83d", "\ud83dx"]"#, r#"["\\ud83d", "\ufffdx"]"#);
        becomes(r#"["\ud83d\n"]"#, r#"["\ufffd\n"]"#);
    }

    #[test]
    fn bytes_that_are_not_utf8_become_the_replacement_character() {
        becomes(
            b"[\"a\xff\", \"\xed\xa0\xbd\"]",
            "[\"a\u{fffd}\", \"\u{fffd}\u{fffd}\u{fffd}\"]",
        );
    }

    #[test]
    fn cut_lines_stay_as_they_are() {
        for cut in ["[\"\\", "[\"\\u", "[\"\\ud8", "[Na", "\"\\ud83"] {
            assert_eq!(mended(cut.as_bytes()), None, "{cut}");
        }
    }
}
