//! A place in a text that moves over fixed phrases.

use std::ops::Range;

use crate::SubjectError;

/// Where a right solution is being read.
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

    /// Moves over a phrase that must stand here.
    pub(crate) fn expect(&mut self, phrase: &'static str) -> Result<(), SubjectError> {
        if !self.text[self.at..].starts_with(phrase) {
            return Err(self.unread(phrase));
        }
        self.at += phrase.len();
        Ok(())
    }

    /// Moves behind the next `phrase`, and gives what stands before it.
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

    /// Behind the next `phrase`, without moving.
    pub(crate) fn find(&self, phrase: &str) -> Option<usize> {
        let found = self.text[self.at..].find(phrase)?;
        Some(self.at + found + phrase.len())
    }

    /// Behind the full stop of this sentence: the next one that white space or nothing follows.
    pub(crate) fn sentence(&self) -> Result<usize, SubjectError> {
        let rest = &self.text[self.at..];
        let mut stops = rest.match_indices('.').map(|(at, _)| at + 1);
        let ends = |at: &usize| rest[*at..].chars().next().is_none_or(char::is_whitespace);
        let end = stops.find(ends).ok_or_else(|| self.unread("a full stop"))?;
        Ok(self.at + end)
    }

    fn unread(&self, expected: &'static str) -> SubjectError {
        SubjectError::Unread {
            at: self.at,
            expected,
        }
    }
}
