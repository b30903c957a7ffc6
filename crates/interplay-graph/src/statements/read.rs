//! The sentences of a problem and its question.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::names::is_total;
use super::said::{Entry, Said};
use super::{prose, question, terse};
use crate::{Core, Definition};

/// The opening of a sentence that states nothing; readers skip it.
pub const ASIDE: &str = "By the way, ";

/// What a sentence states about its quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says<'a, 't> {
    /// Its definition, or its number.
    Defined {
        /// The kind of definition, with its constants.
        definition: Definition,
        /// The names that it reads, in order.
        parents: &'a [&'t str],
    },
    /// Only that it is positive: the unknown of a reverse problem.
    Unknown,
    /// The value of a total, or of a quantity that another sentence defines: the given value of a
    /// reverse problem.
    Given(i64),
}

/// One sentence of a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a, 't> {
    /// The byte range of the sentence in the problem's text, without its period.
    pub span: Range<usize>,
    /// The quantity's name as solutions write it: `adult fox in South Zoo`, `total number of adult
    /// animals in South Zoo`.
    pub name: &'t str,
    /// What is stated about it.
    pub says: Says<'a, 't>,
    /// How often the sentence occurs word for word; at least one.
    pub copies: u32,
}

/// A sentence of no known form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its byte range in the problem's text.
    pub span: Range<usize>,
    /// What was expected instead.
    pub expected: &'static str,
}

/// The sentences of a problem's text and its question.
///
/// ```
/// use interplay_graph::{Definition, Says, Statements};
///
/// let text = "The number of adult fox in Pine Ridge equals 2 times the sum of the number of \
///             adult owl in Pine Ridge and the total number of adult animals in Elk Bay.";
/// let read = Statements::read(text, "How many adult fox does Pine Ridge have?");
/// assert_eq!(read.asked(), Some("adult fox in Pine Ridge"));
/// let statement = read.iter().next().expect("one sentence");
/// assert_eq!(statement.name, "adult fox in Pine Ridge");
/// let parents = ["adult owl in Pine Ridge", "total number of adult animals in Elk Bay"];
/// let definition = Definition::sum().times(2);
/// assert_eq!(statement.says, Says::Defined { definition, parents: &parents });
/// ```
#[derive(Debug, Clone)]
pub struct Statements<'t> {
    pub(super) problem: &'t str,
    pub(super) question: &'t str,
    pub(super) entries: Vec<Entry<'t>>,
    pub(super) operands: Vec<&'t str>,
    pub(super) unreadable: Vec<Unreadable>,
    pub(super) asked: Option<Cow<'t, str>>,
}

impl<'t> Statements<'t> {
    /// Reads both texts. Unreadable sentences are kept in [`Statements::unreadable`].
    #[must_use]
    pub fn read(problem: &'t str, question: &'t str) -> Self {
        let mut read = Self {
            problem,
            question,
            entries: Vec::new(),
            operands: Vec::new(),
            unreadable: Vec::new(),
            asked: question::read(question),
        };
        let mut seen = HashMap::new();
        for span in sentences(problem) {
            let text = &problem[span.clone()];
            if text.starts_with(ASIDE) {
                continue;
            }
            if let Some(&index) = seen.get(text) {
                let entry: &mut Entry<'t> = &mut read.entries[index];
                entry.copies = entry.copies.saturating_add(1);
                continue;
            }
            let before = read.operands.len();
            let prose = text.starts_with("The ");
            let sentence = if prose {
                prose::sentence(text, &mut read.operands)
            } else {
                terse::sentence(text, &mut read.operands)
            };
            match sentence {
                Ok((name, said)) => {
                    seen.insert(text, read.entries.len());
                    read.entries.push(Entry {
                        span,
                        name,
                        said,
                        copies: 1,
                        prose,
                    });
                }
                Err(expected) => {
                    read.operands.truncate(before);
                    read.unreadable.push(Unreadable { span, expected });
                }
            }
        }
        read.find_given_values();
        read
    }

    /// Distinguishes numbers that define a quantity from values given besides its definition.
    fn find_given_values(&mut self) {
        let mut computed: HashMap<&str, bool> = HashMap::new();
        for entry in &self.entries {
            let other =
                matches!(&entry.said, Said::Defined(definition, _) if !definition.is_leaf());
            *computed.entry(entry.name).or_default() |= other;
        }
        for entry in &mut self.entries {
            let Said::Defined(definition, _) = &entry.said else {
                continue;
            };
            let Core::Constant(value) = definition.core else {
                continue;
            };
            if (entry.prose && is_total(entry.name)) || computed[entry.name] {
                entry.said = Said::Given(value);
            }
        }
    }

    /// The sentences in order, without repetitions.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Statement<'_, 't>> {
        self.entries.iter().map(|entry| Statement {
            span: entry.span.clone(),
            name: entry.name,
            says: match &entry.said {
                Said::Defined(definition, operands) => Says::Defined {
                    definition: *definition,
                    parents: &self.operands[operands.clone()],
                },
                Said::Unknown => Says::Unknown,
                Said::Given(value) => Says::Given(*value),
            },
            copies: entry.copies,
        })
    }

    /// Every name that the problem states, reads or asks for, with repetitions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let stated = self.entries.iter().map(|entry| entry.name);
        let read = self.operands.iter().copied();
        stated.chain(read).chain(self.asked())
    }

    /// The sentences that could not be read.
    #[must_use]
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// The quantity asked for, or none if the question is unreadable.
    #[must_use]
    pub fn asked(&self) -> Option<&str> {
        self.asked.as_deref()
    }

    /// Whether the text has an unknown, so that the problem is a reverse one.
    #[must_use]
    pub fn is_reverse(&self) -> bool {
        self.entries.iter().any(|entry| entry.said == Said::Unknown)
    }
}

/// The sentences of a text without their periods. A period ends a sentence if white space or
/// nothing follows it.
fn sentences(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let ends = bytes.iter().enumerate().filter(move |(at, byte)| {
        **byte == b'.' && bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace)
    });
    let mut from = 0;
    let last = std::iter::once(bytes.len());
    ends.map(|(at, _)| at).chain(last).filter_map(move |end| {
        let start = from;
        from = (end + 1).min(bytes.len());
        let sentence = &text[start..end];
        let start = end - sentence.trim_start().len();
        let sentence = sentence.trim();
        (!sentence.is_empty()).then(|| start..start + sentence.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_a_period_before_white_space() {
        let text = "  A b. c = 3.5\n.  . The end";
        let read: Vec<&str> = sentences(text).map(|span| &text[span]).collect();
        assert_eq!(read, ["A b", "c = 3.5", "The end"]);
    }

    #[test]
    fn reports_repeated_and_unreadable_sentences() {
        let read = Statements::read("fox = 3. What now. fox = 3. owl = fox + 1.", "owl?");
        let copies: Vec<_> = read.iter().map(|said| (said.name, said.copies)).collect();
        assert_eq!(copies, [("fox", 2), ("owl", 1)]);
        assert_eq!(read.unreadable().len(), 1);
        assert_eq!(read.unreadable()[0].span, 9..17);
        assert_eq!(read.asked(), Some("owl"));
        let names: Vec<&str> = read.names().collect();
        assert_eq!(names, ["fox", "owl", "fox", "owl"]);
    }

    #[test]
    fn a_number_next_to_a_definition_is_a_given_value() {
        let read = Statements::read("fox > 0. elk = 14. elk = 2 * fox. owl = 3.", "fox?");
        let says: Vec<_> = read.iter().map(|statement| statement.says).collect();
        assert_eq!(says[0], Says::Unknown);
        assert_eq!(says[1], Says::Given(14));
        assert!(matches!(says[3], Says::Defined { .. }));
        assert!(read.is_reverse());
        let total = "The total number of animals in South Zoo equals 7.";
        let read = Statements::read(total, "");
        let statement = read.iter().next().unwrap();
        assert_eq!(statement.says, Says::Given(7));
        assert_eq!(read.asked(), None);
    }
}
