//! Issues with settings: one type for every crate that checks any.
//!
//! A check reports all issues at once, so that a file can be fixed in one go.

use std::fmt;

/// One issue with a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The key, such as `mixture[1].weight`; empty for the input as a whole.
    pub key: String,
    /// What was read there.
    pub found: String,
    /// What was expected, and what to do.
    pub expected: String,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            found,
            expected,
        } = self;
        match key.is_empty() {
            true => write!(f, "found {found}, expected {expected}"),
            false => write!(f, "`{key}`: found {found}, expected {expected}"),
        }
    }
}

/// All issues with one input. Displayed one per line, each line after a line break.
///
/// ```
/// use interplay_graph::settings::Issues;
///
/// let mut issues = Issues::default();
/// issues.range("rows", 0, 1..=64);
/// issues.range("steps", 5, 1..=64);
/// let mut all = Issues::default();
/// all.nest("training", issues);
/// assert_eq!(all.to_string(), "\n  `training.rows`: found 0, expected 1 to 64");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Issues(pub Vec<Issue>);

impl Issues {
    /// Adds an issue.
    pub fn push(
        &mut self,
        key: impl Into<String>,
        found: impl fmt::Display,
        expected: impl Into<String>,
    ) {
        self.0.push(Issue {
            key: key.into(),
            found: found.to_string(),
            expected: expected.into(),
        });
    }

    /// Adds an issue unless `holds`.
    pub fn expect(
        &mut self,
        holds: bool,
        key: impl Into<String>,
        found: impl fmt::Display,
        expected: impl Into<String>,
    ) {
        if !holds {
            self.push(key, found, expected);
        }
    }

    /// Adds an issue if a number lies outside a range.
    pub fn range<T: PartialOrd + fmt::Display>(
        &mut self,
        key: impl Into<String>,
        found: T,
        range: std::ops::RangeInclusive<T>,
    ) {
        if !range.contains(&found) {
            let expected = format!("{} to {}", range.start(), range.end());
            self.push(key, found, expected);
        }
    }

    /// Adds the issues of a part, with `prefix` in front of their keys.
    pub fn nest(&mut self, prefix: &str, part: Self) {
        self.0.extend(part.0.into_iter().map(|issue| {
            let key = match (prefix.is_empty(), issue.key.is_empty()) {
                (true, _) => issue.key,
                (_, true) => prefix.to_owned(),
                // An index continues its key.
                _ if issue.key.starts_with('[') => format!("{prefix}{}", issue.key),
                _ => format!("{prefix}.{}", issue.key),
            };
            Issue { key, ..issue }
        }));
    }

    /// Whether there are no issues.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` if there are no issues.
    ///
    /// # Errors
    /// The issues, if there are any.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Issues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|issue| write!(f, "\n  {issue}"))
    }
}

impl std::error::Error for Issues {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_issues_get_the_prefix_of_their_part() {
        let mut part = Issues::default();
        part.push("", "nothing", "a table");
        part.push("[2].op", 0, "1 to 9");
        part.push("rate", f64::NAN, "0 to 1");
        let mut all = Issues::default();
        all.nest("data", part);
        let keys: Vec<_> = all.0.iter().map(|issue| issue.key.as_str()).collect();
        assert_eq!(keys, ["data", "data[2].op", "data.rate"]);
        assert!(all.into_result().is_err() && Issues::default().into_result().is_ok());
    }

    #[test]
    fn nan_lies_in_no_range() {
        let mut issues = Issues::default();
        issues.range("alpha", f64::NAN, 0.0..=1.0);
        issues.range("alpha", 0.5, 0.0..=1.0);
        assert_eq!(issues.0.len(), 1);
    }
}
