//! All operators of the crate.

use std::collections::BTreeMap;

use crate::draw::Draw;
use crate::operator::{Mutant, Operator};
use crate::script::Script;
use crate::subject::Subject;
use crate::{harmful, harmless};

impl Operator {
    /// All operators of the crate, harmless ones first.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        harmless::OPERATORS.iter().chain(harmful::OPERATORS)
    }

    /// The operator with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().find(|operator| operator.name() == name)
    }

    /// A mutant of a variation of the solution: a harmless operator is applied first, so that a
    /// verifier cannot pass by knowing the text of the gold solution.
    #[must_use]
    pub fn mutate_varied(&self, subject: &Subject, draw: &mut Draw) -> Option<Mutant> {
        let varied = draw.pick(harmless::VARIATIONS).and_then(|first| {
            let text = first.apply_to(subject, &subject.script, draw)?;
            Script::read(&text).ok()
        });
        self.on(subject, varied.as_ref().unwrap_or(&subject.script), draw)
    }
}

/// The rank of each operator in the tables, from 1 on, by name.
pub(crate) fn ranks() -> BTreeMap<&'static str, usize> {
    Operator::all()
        .zip(1..)
        .map(|(operator, rank)| (operator.name(), rank))
        .collect()
}
