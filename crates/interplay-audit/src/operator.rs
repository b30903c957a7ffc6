//! Mutation operators: changes of a right solution whose outcome is known beforehand.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::draw::Draw;
use crate::scene::Scene;
use crate::script::Script;
use crate::subject::Subject;

/// Whether a mutant is right or wrong, known from how it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Still right: every level must accept it.
    Harmless,
    /// Wrong somewhere: the strict level must reject it.
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

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Label {
    type Err = UnknownLabel;

    fn from_str(word: &str) -> Result<Self, UnknownLabel> {
        match word {
            "harmless" => Ok(Self::Harmless),
            "harmful" => Ok(Self::Harmful),
            _ => Err(UnknownLabel(word.to_owned())),
        }
    }
}

/// A word that is not a [`Label`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found the label `{0}`; expected `harmless` or `harmful`")]
pub struct UnknownLabel(String);

/// Makes a mutant, or none where the operator does not apply.
pub(crate) type Apply = fn(&Scene<'_>, &mut Draw) -> Option<String>;

/// A change of a right solution.
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

    /// The name in tables and files.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether its mutants are right or wrong.
    #[must_use]
    pub fn label(&self) -> Label {
        self.label
    }

    /// The change, in one phrase.
    #[must_use]
    pub fn description(&self) -> &'static str {
        self.what
    }

    /// A mutant of the subject's solution, or none where the operator does not apply.
    #[must_use]
    pub fn mutate(&self, subject: &Subject, draw: &mut Draw) -> Option<Mutant> {
        self.on(subject, &subject.script, draw)
    }

    /// A mutant of `script`, which is the subject's solution or a variation of it.
    pub(crate) fn on(&self, subject: &Subject, script: &Script, draw: &mut Draw) -> Option<Mutant> {
        let text = self.apply_to(subject, script, draw)?;
        // What changed nothing, or changed a variation back, is no mutant.
        (text != script.text && text != subject.script.text).then_some(Mutant {
            operator: self.name,
            label: self.label,
            text,
        })
    }

    /// The changed text.
    pub(crate) fn apply_to(
        &self,
        subject: &Subject,
        script: &Script,
        draw: &mut Draw,
    ) -> Option<String> {
        (self.apply)(&Scene { script, subject }, draw)
    }
}

/// A changed solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// The name of the operator that made it.
    pub operator: &'static str,
    /// Whether it is right or wrong.
    pub label: Label,
    /// The candidate.
    pub text: String,
}
