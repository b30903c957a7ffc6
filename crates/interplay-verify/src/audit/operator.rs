//! A mutation operator: a way to change a right solution whose outcome is known beforehand.

use serde::{Deserialize, Serialize};

use super::draw::Draw;
use super::scene::Scene;
use super::script::Script;
use super::subject::Subject;
use super::{harmful, harmless};

/// What a mutant is, by the way it was made; no verifier is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Still right: must be accepted at every level.
    Harmless,
    /// Wrong somewhere: must be rejected at the strict level.
    Harmful,
}

impl Label {
    /// The word in tables and files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Harmless => "harmless",
            Self::Harmful => "harmful",
        }
    }
}

/// How an operator makes a mutant; nothing where it finds no place for it.
pub(crate) type Apply = fn(&Scene<'_>, &mut Draw) -> Option<String>;

/// A way to change a right solution.
#[derive(Debug, Clone, Copy)]
pub struct Operator {
    name: &'static str,
    label: Label,
    what: &'static str,
    apply: Apply,
}

impl Operator {
    pub(crate) const fn new(
        name: &'static str,
        label: Label,
        what: &'static str,
        apply: Apply,
    ) -> Self {
        Self {
            name,
            label,
            what,
            apply,
        }
    }

    /// All operators of the crate, harmless ones first.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        harmless::OPERATORS.iter().chain(harmful::OPERATORS)
    }

    /// The operator with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().find(|operator| operator.name == name)
    }

    /// The name in tables and files.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What its mutants are.
    #[must_use]
    pub fn label(&self) -> Label {
        self.label
    }

    /// What it does, in one sentence.
    #[must_use]
    pub fn description(&self) -> &'static str {
        self.what
    }

    /// A mutant of the subject's solution, or nothing where the operator does not apply to it.
    #[must_use]
    pub fn mutate(&self, subject: &Subject, draw: &mut Draw) -> Option<Mutant> {
        self.on(subject, &subject.script, draw)
    }

    /// A mutant of a variation of the solution: one harmless operator goes before this one, so
    /// that a verifier cannot pass by knowing the gold solution's exact text.
    #[must_use]
    pub fn mutate_varied(&self, subject: &Subject, draw: &mut Draw) -> Option<Mutant> {
        let varied = draw.pick(harmless::VARIATIONS).and_then(|first| {
            let text = (first.apply)(&scene(subject, &subject.script), draw)?;
            Script::read(&text).ok()
        });
        self.on(subject, varied.as_ref().unwrap_or(&subject.script), draw)
    }

    fn on(&self, subject: &Subject, script: &Script, draw: &mut Draw) -> Option<Mutant> {
        let text = (self.apply)(&scene(subject, script), draw)?;
        // What changed nothing, or changed a variation back, is no mutant.
        (text != script.text && text != subject.script.text).then_some(Mutant {
            operator: self.name,
            label: self.label,
            text,
        })
    }
}

fn scene<'s>(subject: &'s Subject, script: &'s Script) -> Scene<'s> {
    Scene { script, subject }
}

/// A changed solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// The name of the operator that made it.
    pub operator: &'static str,
    /// What it is.
    pub label: Label,
    /// The candidate.
    pub text: String,
}
