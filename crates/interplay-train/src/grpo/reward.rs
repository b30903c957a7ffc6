//! How the reward components of a score become the reward of a completion.
//!
//! Source: arXiv 2512.07783, section 2.4: `R = a * R_outcome + (1 - a) * R_process`, and the strict
//! form, which pays only where the process verifies. What the components are worth is the
//! environment's business ([`interplay_environment::components`]).

use std::collections::BTreeMap;

use interplay_environment::{EnvironmentError, Score, components};
use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

/// Which reward a completion earns.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum RewardSpec {
    /// The component `outcome`: 1 for the right answer, whatever the steps.
    Outcome,
    /// The component `process`: the share of the needed steps that are right.
    Process,
    /// `alpha * outcome + (1 - alpha) * process`.
    Mixed {
        /// The weight of the outcome, 0 to 1.
        alpha: f64,
    },
    /// The component `accepted`: 1 only where the whole completion is right.
    #[default]
    Strict,
    /// One component by its name, for instance a reward of your own
    /// ([`WithReward`](interplay_environment::WithReward)).
    Component {
        /// The component's name.
        name: String,
    },
    /// A weighted sum of components.
    Weighted {
        /// The weight of each component, by name.
        weights: BTreeMap<String, f64>,
    },
}

impl RewardSpec {
    /// The weight of each component.
    fn terms(&self) -> Vec<(&str, f64)> {
        match self {
            Self::Outcome => vec![(components::OUTCOME, 1.0)],
            Self::Process => vec![(components::PROCESS, 1.0)],
            Self::Mixed { alpha } => vec![
                (components::OUTCOME, *alpha),
                (components::PROCESS, 1.0 - alpha),
            ],
            Self::Strict => vec![(components::ACCEPTED, 1.0)],
            Self::Component { name } => vec![(name, 1.0)],
            Self::Weighted { weights } => {
                let terms = weights.iter();
                terms
                    .map(|(name, weight)| (name.as_str(), *weight))
                    .collect()
            }
        }
    }

    /// The reward of a completion with this score.
    ///
    /// # Errors
    /// Where the score lacks a component that the reward reads.
    pub fn of(&self, score: &Score) -> Result<f64, EnvironmentError> {
        let mut sum = 0.0;
        for (name, weight) in self.terms() {
            let value = score.component(name).ok_or_else(|| {
                let known: Vec<&str> = score.components.iter().map(|one| &*one.name).collect();
                EnvironmentError::MissingComponent {
                    name: name.to_owned(),
                    known: known.join(", "),
                }
            })?;
            sum += weight * value;
        }
        Ok(sum)
    }

    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        match self {
            Self::Mixed { alpha } => issues.range("alpha", *alpha, 0.0..=1.0),
            Self::Weighted { weights } => {
                let some = !weights.is_empty();
                issues.expect(some, "weights", "none", "at least one component");
                for (name, weight) in weights {
                    let key = format!("weights.{name}");
                    issues.expect(weight.is_finite(), key, weight, "a finite number");
                }
            }
            _ => {}
        }
        issues
    }

    /// The components that the reward reads and an environment with the components `known` lacks.
    #[must_use]
    pub fn missing_from(&self, known: &[String]) -> Issues {
        let mut issues = Issues::default();
        for (name, _) in self.terms() {
            let there = known.iter().any(|known| known == name);
            let expected = format!("a component of the environment: {}", known.join(", "));
            issues.expect(there, "reward", format!("`{name}`"), expected);
        }
        issues
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score() -> Score {
        Score::of_answer(true)
            .with_component(components::PROCESS, 0.5)
            .with_component(components::ACCEPTED, 0.0)
    }

    #[test]
    fn rewards_are_weighted_sums_of_components() {
        let weights = BTreeMap::from([("outcome".to_owned(), 0.25), ("process".to_owned(), 2.0)]);
        for (spec, expected) in [
            (RewardSpec::Outcome, 1.0),
            (RewardSpec::Process, 0.5),
            (RewardSpec::Mixed { alpha: 0.2 }, 0.6),
            (RewardSpec::Strict, 0.0),
            (RewardSpec::Weighted { weights }, 1.25),
        ] {
            assert!(
                (spec.of(&score()).unwrap() - expected).abs() < 1e-12,
                "{spec:?}"
            );
        }
    }

    #[test]
    fn a_component_that_is_not_there_is_named() {
        let name = "brevity".to_owned();
        let spec = RewardSpec::Component { name };
        let error = spec.of(&score()).unwrap_err().to_string();
        assert!(
            error.contains("`brevity`") && error.contains("outcome, accepted, process"),
            "{error}"
        );
        let known = ["outcome".to_owned()];
        assert_eq!(spec.missing_from(&known).0.len(), 1);
        assert!(RewardSpec::Outcome.missing_from(&known).is_empty());
    }

    #[test]
    fn weights_must_be_numbers() {
        let weights = BTreeMap::from([("outcome".to_owned(), f64::NAN)]);
        assert_eq!(RewardSpec::Weighted { weights }.validate().0.len(), 1);
        assert_eq!(RewardSpec::Mixed { alpha: 2.0 }.validate().0.len(), 1);
        assert!(RewardSpec::Strict.validate().is_empty());
    }
}
