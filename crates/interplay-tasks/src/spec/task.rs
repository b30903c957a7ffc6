//! The task spec: which problems to draw, as a person writes it.
//!
//! Source: the mixtures over op and context of arXiv 2512.07783; constants and factors up to four
//! and values below one thousand as in its published data.
//! Deviations: distractors are counted, since how many there are decides much of the difficulty
//! for a small model; the kinds of definitions have weights.

use serde::{Deserialize, Serialize};

use crate::counts::Counts;
use crate::error::TaskError;

use super::component::Component;
use super::definitions::DefinitionWeights;
use super::dialect::Dialect;
use super::mixture;
use super::orders::{SolutionOrder, StatementOrder};

/// Which problems to draw.
///
/// ```
/// use interplay_tasks::TaskSpec;
///
/// let spec = TaskSpec::from_toml(
///     r#"
///     max_value = 30
///     distractors = "0-1"
///     [[mixture]]
///     op = "2-5"
///     context = "zoo"
///     dialect = "terse"
///     "#,
///     "spec.toml",
/// )?;
/// assert_eq!(spec.max_constant, 4);
/// # Ok::<(), interplay_tasks::TaskError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSpec {
    /// The parts of the mixture. In a file, an entry may list several values or name a preset: see
    /// [`MixtureEntry`](mixture::MixtureEntry).
    #[serde(deserialize_with = "mixture::deserialize")]
    pub mixture: Vec<Component>,
    /// Every value lies in `1..=max_value`. Default: 999 in prose, 99 in terse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_value: Option<i64>,
    /// Given numbers and added constants lie in `1..=max_constant`.
    #[serde(default = "four")]
    pub max_constant: i64,
    /// Factors lie in `2..=max_factor`.
    #[serde(default = "four")]
    pub max_factor: i64,
    /// The number of quantities that the answer does not need.
    #[serde(default = "default_distractors")]
    pub distractors: Counts,
    /// The share of distractors that may read needed quantities; the others read only distractors of
    /// their kind. Default: 0.5 in prose, 1 in terse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entanglement: Option<f64>,
    /// The most quantities that one definition reads.
    #[serde(default = "default_max_parents")]
    pub max_parents: usize,
    /// How many nouns of the context the terse dialect uses, from the front of its list. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nouns: Option<usize>,
    /// The number of sentences in a prose problem that state no quantity.
    #[serde(default = "no_asides", skip_serializing_if = "is_none")]
    pub asides: Counts,
    /// The order of the steps in gold solutions.
    #[serde(default)]
    pub solution_order: SolutionOrder,
    /// The order of the statements of a problem.
    #[serde(default)]
    pub statement_order: StatementOrder,
    /// Pads the statements of prose problems with distractors to at least this many tokens, as [`token_estimate`](crate::framing::token_estimate) counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_tokens: Option<u32>,
    /// How often each kind of definition is proposed.
    #[serde(default)]
    pub definitions: DefinitionWeights,
}

fn no_asides() -> Counts {
    Counts::one(0)
}

fn is_none(asides: &Counts) -> bool {
    asides.max() == 0
}

fn four() -> i64 {
    4
}

fn default_max_parents() -> usize {
    3
}

fn default_distractors() -> Counts {
    Counts::range(0, 2).expect("0-2 is a range")
}

impl TaskSpec {
    /// A spec with this mixture and every other setting at its default.
    #[must_use]
    pub fn new(mixture: Vec<Component>) -> Self {
        Self {
            mixture,
            max_value: None,
            max_constant: four(),
            max_factor: four(),
            distractors: default_distractors(),
            entanglement: None,
            max_parents: default_max_parents(),
            nouns: None,
            asides: no_asides(),
            solution_order: SolutionOrder::default(),
            statement_order: StatementOrder::default(),
            min_tokens: None,
            definitions: DefinitionWeights::default(),
        }
    }

    /// A spec of one component.
    #[must_use]
    pub fn single(op: Counts, context: &str, dialect: Dialect) -> Self {
        Self::new(vec![Component::new(op, context, dialect)])
    }

    /// Reads a spec from TOML; `origin` names the source in error messages.
    ///
    /// # Errors
    /// Invalid TOML, unknown or missing keys. Values are checked by [`TaskSpec::validate`].
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, TaskError> {
        toml::from_str(text).map_err(|source| TaskError::SpecSyntax {
            origin: origin.to_owned(),
            source: Box::new(source),
        })
    }

    /// The share of distractors that may read needed quantities, in a dialect.
    #[must_use]
    pub fn entanglement(&self, dialect: Dialect) -> f64 {
        self.entanglement.unwrap_or(match dialect {
            Dialect::Prose => 0.5,
            Dialect::Terse => 1.0,
        })
    }

    /// The bound on values in a dialect.
    #[must_use]
    pub fn max_value(&self, dialect: Dialect) -> i64 {
        self.max_value.unwrap_or(match dialect {
            Dialect::Prose => 999,
            Dialect::Terse => 99,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_named_with_its_file() {
        let text = "max_valu = 3\n[[mixture]]\nop = 4\ncontext = \"zoo\"\ndialect = \"terse\"";
        let message = TaskSpec::from_toml(text, "spec.toml")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("max_valu") && message.contains("spec.toml"),
            "{message}"
        );
    }

    #[test]
    fn a_spec_written_as_toml_reads_back() {
        let mut spec = TaskSpec::single(Counts::list([2, 5]).unwrap(), "zoo", Dialect::Terse);
        spec.max_value = Some(40);
        spec.solution_order = SolutionOrder::DepthFirst;
        let text = toml::to_string(&spec).unwrap();
        assert_eq!(TaskSpec::from_toml(&text, "plan.toml").unwrap(), spec);
    }
}
