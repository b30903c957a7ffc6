//! A cursor that moves over the fixed phrases of a text.

use std::ops::Range;

use crate::SubjectError;

/// A position in a right solution.
pub(crate) struct Cursor<'t> {
    pub text: &'t str,
    pub at: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Moves over white space.
    pub(crate) fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Moves over a phrase that must be next.
    pub(crate) fn expect(&mut self, phrase: &'static str) -> Result<(), SubjectError> {
        if !self.text[self.at..].starts_with(phrase) {
            return Err(self.unread(phrase));
        }
        self.at += phrase.len();
        Ok(())
    }

    /// Moves past the next `phrase` and returns the range before it.
    pub(crate) fn until(
        &mut self,
        phrase: &str,
        expected: &'static str,
    ) -> Result<Range<usize>, SubjectError> {
        let found = self.text[self.at..].find(phrase);
        let start = self.at;
        let end = start + found.ok_or_else(|| self.unread(expected))?;
        self.at = end + phrase.len();
        Ok(start..end)
    }

    /// The offset after the next `phrase`, without moving.
    pub(crate) fn find(&self, phrase: &str) -> Option<usize> {
        let found = self.text[self.at..].find(phrase)?;
        Some(self.at + found + phrase.len())
    }

    /// The offset after the period that ends this sentence: the next one followed by white space or
    /// nothing.
    pub(crate) fn sentence(&self) -> Result<usize, SubjectError> {
        let rest = &self.text[self.at..];
        let mut stops = rest.match_indices('.').map(|(at, _)| at + 1);
        let ends = |at: &usize| rest[*at..].chars().next().is_none_or(char::is_whitespace);
        let end = stops.find(ends).ok_or_else(|| self.unread("a period"))?;
        Ok(self.at + end)
    }

    fn unread(&self, expected: &'static str) -> SubjectError {
        SubjectError::Unread {
            at: self.at,
            expected,
        }
    }
}
