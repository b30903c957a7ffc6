//! Which regular expressions a pre-tokenizer may split by.
//!
//! A file can hold any expression. The engine hands pieces of it to the crate `regex`, each of which may take ten
//! megabytes, and there may be thousands of them. One that looks around is matched by backtracking, which gives up
//! after a million steps and leaves the rest of a text uncut. So an expression is measured before it is compiled.
//! Those of published tokenizers stay far below the limits.
//!
//! Deviations: expressions that contain comments, conditions, or references to groups are refused; no published
//! tokenizer is known to have one.

use std::iter::Peekable;
use std::str::Chars;

/// The most bytes of an expression.
const MOST_BYTES: usize = 4_096;

/// The most letters and classes after all counted repetitions are written out; a class counts [`CLASS`] times.
const MOST_PARTS: u64 = 1 << 14;

/// The weight of a class of letters, which Unicode makes large.
const CLASS: u64 = 16;

/// The deepest groups inside of groups.
const DEEPEST: usize = 32;

/// A part of an expression that can be repeated.
#[derive(Clone, Copy, Default)]
struct Part {
    /// Its letters and classes.
    size: u64,
    /// Whether it contains a repetition.
    repeats: bool,
}

/// An open group: what is complete, and the part that a repetition would repeat.
#[derive(Default)]
struct Group {
    complete: Part,
    last: Part,
}

impl Group {
    fn push(&mut self, part: Part) {
        self.complete.size = self.complete.size.saturating_add(self.last.size);
        self.complete.repeats |= self.last.repeats;
        self.last = part;
    }

    fn close(mut self) -> Part {
        self.push(Part::default());
        self.complete
    }
}

/// Checks an expression, without compiling it.
///
/// # Errors
/// What is wrong with it, as the end of a sentence about it.
pub(crate) fn check(pattern: &str) -> Result<(), String> {
    if pattern.len() > MOST_BYTES {
        return Err(format!(
            "has {} bytes, more than {MOST_BYTES}",
            pattern.len()
        ));
    }
    let mut reader = Reader {
        rest: pattern.chars().peekable(),
        groups: vec![Group::default()],
        backtracks: false,
        nested: false,
    };
    while let Some(letter) = reader.rest.next() {
        reader.step(letter)?;
    }
    let mut whole = Part::default();
    for group in reader.groups {
        whole.size = whole.size.saturating_add(group.close().size);
    }
    if whole.size > MOST_PARTS {
        return Err(format!(
            "has {} parts when its repetitions are written out, more than {MOST_PARTS}",
            whole.size
        ));
    }
    if reader.backtracks && reader.nested {
        return Err("repeats a repetition and looks around, which takes too long".to_owned());
    }
    Ok(())
}

/// Checks a text that is searched for as it is.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_text(text: &str) -> Result<(), String> {
    match text.len() {
        bytes if bytes > MOST_BYTES => Err(format!("has {bytes} bytes, more than {MOST_BYTES}")),
        _ => Ok(()),
    }
}

struct Reader<'p> {
    rest: Peekable<Chars<'p>>,
    /// The whole expression, and the groups that are open.
    groups: Vec<Group>,
    /// Whether it needs the engine that backtracks.
    backtracks: bool,
    /// Whether a repetition is repeated.
    nested: bool,
}

impl Reader<'_> {
    fn step(&mut self, letter: char) -> Result<(), String> {
        match letter {
            '(' => self.open(),
            ')' => {
                // One too many is an error of the engine.
                if self.groups.len() > 1
                    && let Some(group) = self.groups.pop()
                {
                    let part = group.close();
                    self.push(part);
                }
                Ok(())
            }
            '[' => {
                self.class();
                self.push_size(CLASS);
                Ok(())
            }
            '\\' => self.escape(),
            '.' => {
                self.push_size(CLASS);
                Ok(())
            }
            '|' | '^' | '$' => {
                self.push_size(1);
                Ok(())
            }
            '*' | '+' => {
                self.repeat(1, true);
                Ok(())
            }
            '?' => {
                self.repeat(1, false);
                Ok(())
            }
            '{' => {
                self.count();
                Ok(())
            }
            _ => {
                self.push_size(1);
                Ok(())
            }
        }
    }

    fn push(&mut self, part: Part) {
        if let Some(group) = self.groups.last_mut() {
            group.push(part);
        }
    }

    fn push_size(&mut self, size: u64) {
        self.push(Part {
            size,
            repeats: false,
        });
    }

    /// What follows an opening parenthesis, up to the first part of its group.
    fn open(&mut self) -> Result<(), String> {
        if self.groups.len() > DEEPEST {
            return Err(format!("has groups in groups, more than {DEEPEST} deep"));
        }
        self.groups.push(Group::default());
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        match self.rest.peek() {
            Some('=' | '!' | '>') => {
                self.backtracks = true;
                self.rest.next();
            }
            Some('<') => {
                // Looks behind, or names the group.
                self.rest.next();
                if self
                    .rest
                    .next_if(|next| matches!(next, '=' | '!'))
                    .is_some()
                {
                    self.backtracks = true;
                }
            }
            Some('P') => {
                self.rest.next();
                if self.rest.next_if_eq(&'<').is_none() {
                    return Err("refers to a group".to_owned());
                }
            }
            Some('#' | '(') => return Err("has a comment or a condition".to_owned()),
            _ => {
                while let Some(flag) = self
                    .rest
                    .next_if(|flag| flag.is_alphabetic() || *flag == '-')
                {
                    if flag == 'x' {
                        return Err("has the flag `x`, which allows comments".to_owned());
                    }
                }
                self.rest.next_if_eq(&':');
            }
        }
        Ok(())
    }

    /// The rest of a class of letters, which may hold others.
    fn class(&mut self) {
        let mut depth = 1;
        self.rest.next_if_eq(&'^');
        self.rest.next_if_eq(&']');
        while depth > 0 {
            match self.rest.next() {
                None => return,
                Some('\\') => drop(self.rest.next()),
                Some('[') => {
                    depth += 1;
                    self.rest.next_if_eq(&'^');
                }
                Some(']') => depth -= 1,
                Some(_) => {}
            }
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        match self.rest.next() {
            Some('1'..='9' | 'k' | 'g') => return Err("refers to a group".to_owned()),
            Some('p' | 'P') => {
                if self.rest.next() == Some('{') {
                    self.skip_braces();
                }
                self.push_size(CLASS);
            }
            Some('x' | 'u' | 'U') => {
                if self.rest.next_if_eq(&'{').is_some() {
                    self.skip_braces();
                }
                self.push_size(1);
            }
            Some('G' | 'K') => {
                self.backtracks = true;
                self.push_size(1);
            }
            Some(letter) if letter.is_alphabetic() => self.push_size(CLASS),
            _ => self.push_size(1),
        }
        Ok(())
    }

    fn skip_braces(&mut self) {
        while self.rest.next_if(|letter| *letter != '}').is_some() {}
        self.rest.next();
    }

    /// A counted repetition; anything else in braces is read as its letters.
    fn count(&mut self) {
        let mut ahead = self.rest.clone();
        let mut number = || {
            let mut digits = String::new();
            while let Some(digit) = ahead.next_if(|next| next.is_ascii_digit() || *next == ' ') {
                digits.push(digit);
            }
            let after = ahead.next();
            // A number beyond 64 bits is too large in any case.
            let digits = digits.trim();
            let value = (!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::MAX));
            (value, after)
        };
        let (least, unbounded, most) = match number() {
            (Some(exact), Some('}')) => (exact, false, exact),
            (least, Some(',')) => match number() {
                (Some(most), Some('}')) => (least.unwrap_or(0), false, most),
                (None, Some('}')) => (least.unwrap_or(0), true, least.unwrap_or(0)),
                _ => return self.push_size(1),
            },
            _ => return self.push_size(1),
        };
        self.rest = ahead;
        self.repeat(least.max(most).max(1), unbounded);
    }

    /// Repeats the last part. A sign that follows a repetition makes it lazy or keeps what it matched.
    fn repeat(&mut self, times: u64, unbounded: bool) {
        let Some(group) = self.groups.last_mut() else {
            return;
        };
        self.nested |= group.last.repeats && (unbounded || times > 1);
        group.last.size = group.last.size.saturating_mul(times);
        group.last.repeats |= unbounded;
        if self.rest.next_if_eq(&'?').is_none() && self.rest.next_if_eq(&'+').is_some() {
            self.backtracks = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_of_published_tokenizers_pass() {
        for pattern in [
            // Qwen2 and Qwen2.5; Llama 3 has `{1,3}`.
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            // GPT-2.
            r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
            // GPT-4 with what keeps its matches, and GPT-4o.
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            // DeepSeek V3.
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
            r"[一-龥぀-ゟ゠-ヿ]+",
            // Numbers from their end.
            r"\d{1,3}(?=(?:\d{3})*\b)",
        ] {
            assert_eq!(check(pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn patterns_without_bounds_are_refused() {
        for (pattern, problem) in [
            ("a".repeat(5_000), "has 5000 bytes"),
            (
                r"(?:(?:a{1000}){1000}){1000}(?!b)".to_owned(),
                "1000000001 parts",
            ),
            (r"\p{L}{99999999999999999999}".to_owned(), "parts when"),
            (r"(?:\p{L}{2,}){2000}".to_owned(), "parts when"),
            (r"(a+)+(?!b)".to_owned(), "repeats a repetition"),
            (r"(?<=x)(?:a|b*)*".to_owned(), "repeats a repetition"),
            (r"(?:a+){3}b(?=c)".to_owned(), "repeats a repetition"),
            (r"(a)\1".to_owned(), "refers to a group"),
            (r"(?<n>a)\k<n>".to_owned(), "refers to a group"),
            (r"(?P<n>a)(?P=n)".to_owned(), "refers to a group"),
            (r"(a)?(?(1)b|c)".to_owned(), "a condition"),
            (r"(?# a )b".to_owned(), "a comment"),
            (r"(?x) a # (".to_owned(), "flag `x`"),
            ("(".repeat(40), "groups in groups"),
        ] {
            let found = check(&pattern).unwrap_err();
            assert!(found.contains(problem), "{pattern}: {found}");
        }
    }

    /// What stands in a class or behind a backslash has no meaning of its own.
    #[test]
    fn letters_are_told_from_signs() {
        for pattern in [
            r"[(+)+]+(?!a)",
            r"[]+)(]+(?!a)",
            r"[^](+]+(?!a)",
            r"[[:alpha:]+*]+(?!a)",
            r"\(\+\)+(?!a)",
            r"{3}a{b{,}(?!a)",
            r"(a+)?(?!b)",
            r"(?:\d{3})*(?!b)",
        ] {
            assert_eq!(check(pattern), Ok(()), "{pattern}");
        }
    }
}
