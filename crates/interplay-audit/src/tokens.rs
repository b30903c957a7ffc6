//! Words, numbers and signs of a right solution, with their positions.
//!
//! The audit shares nothing with the verifier's parser, so that a mistake there cannot hide itself.
//! It reads right solutions only and can therefore stay simple: unexpected text is an error of the
//! audit, never a verdict.

use std::ops::Range;

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, digits, apostrophes and underscores, beginning with a letter.
    Word,
    /// Digits.
    Number,
    /// Any other visible character.
    Sign,
}

/// A token and its byte range in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

impl Token {
    pub(crate) fn of<'t>(&self, text: &'t str) -> &'t str {
        &text[self.start..self.end]
    }

    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Whether it is this sign.
    pub(crate) fn is(&self, text: &str, sign: &str) -> bool {
        self.of(text) == sign
    }
}

/// The tokens of a range of the text; positions count from the start of the text.
pub(crate) fn tokens(text: &str, range: Range<usize>) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(range.len() / 2);
    let base = range.start;
    for (at, letter) in text[range].char_indices() {
        let (start, end) = (base + at, base + at + letter.len_utf8());
        if letter.is_whitespace() {
            continue;
        }
        let joined = tokens.last_mut().filter(|last| last.end == start);
        let inside = letter.is_alphanumeric() || letter == '_' || letter == '\'';
        match joined {
            Some(last) if last.kind == Kind::Word && inside => last.end = end,
            Some(last) if last.kind == Kind::Number && letter.is_ascii_digit() => last.end = end,
            _ => {
                let kind = match letter {
                    '0'..='9' => Kind::Number,
                    _ if letter.is_alphabetic() => Kind::Word,
                    _ => Kind::Sign,
                };
                tokens.push(Token { kind, start, end });
            }
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_coefficients_and_words() {
        let text = "né = 12*x - (3);";
        let found: Vec<&str> = tokens(text, 0..text.len())
            .iter()
            .map(|token| token.of(text))
            .collect();
        assert_eq!(found, ["né", "=", "12", "*", "x", "-", "(", "3", ")", ";"]);
        assert_eq!(tokens(text, 8..10)[0].range(), 8..9);
    }
}
