//! How the reward components of a score become the reward of a completion.
//!
//! Source: arXiv 2512.07783, section 2.4: `R = a * R_outcome + (1 - a) * R_process`, and the strict
//! form, which pays only where the process verifies. Gates and the preset `paper`: the reward function
//! of the paper's released code (`verl/reward_fn.py`), which differs from the text: it pays nothing
//! for a wrong answer, and its process score penalizes extra quantities. What the components are
//! worth is the environment's business ([`interplay_environment::components`]).

use std::collections::{BTreeMap, BTreeSet};

use interplay_environment::{EnvironmentError, Score, components};
use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

/// Which reward a completion earns.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", from = "Written")]
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
    /// Another reward, paid only where the component `outcome` is 1: where the answer is right.
    AnswerGate {
        /// The reward behind the gate.
        reward: Box<Self>,
    },
    /// Another reward, paid only where the component `accepted` is 1.
    StrictGate {
        /// The reward behind the gate.
        reward: Box<Self>,
    },
    /// The released code's default: `0.2 * outcome + 0.8 * released_process` for a right answer, else
    /// 0. The component `released_process` is one of DAG problems without noise.
    Paper,
}

/// A reward as it is read. Kinds without settings are empty tables here, since serde accepts any setting in a variant
/// that has none.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
enum Written {
    Outcome {},
    Process {},
    Mixed { alpha: f64 },
    Strict {},
    Component { name: String },
    Weighted { weights: BTreeMap<String, f64> },
    AnswerGate { reward: Box<RewardSpec> },
    StrictGate { reward: Box<RewardSpec> },
    Paper {},
}

impl From<Written> for RewardSpec {
    fn from(written: Written) -> Self {
        match written {
            Written::Outcome {} => Self::Outcome,
            Written::Process {} => Self::Process,
            Written::Mixed { alpha } => Self::Mixed { alpha },
            Written::Strict {} => Self::Strict,
            Written::Component { name } => Self::Component { name },
            Written::Weighted { weights } => Self::Weighted { weights },
            Written::AnswerGate { reward } => Self::AnswerGate { reward },
            Written::StrictGate { reward } => Self::StrictGate { reward },
            Written::Paper {} => Self::Paper,
        }
    }
}

/// The process score of the paper's released code; see
/// `interplay_verify::released_process`.
const RELEASED_PROCESS: &str = "released_process";
/// What the released code weighs a right answer with.
const RELEASED_ALPHA: f64 = 0.2;
/// The most gates behind each other that a file may have.
const MOST_GATES: usize = 8;

impl RewardSpec {
    /// The component that opens the gate in front of the reward, if there is one.
    fn gate(&self) -> Option<&'static str> {
        match self {
            Self::AnswerGate { .. } | Self::Paper => Some(components::OUTCOME),
            Self::StrictGate { .. } => Some(components::ACCEPTED),
            _ => None,
        }
    }

    /// The reward behind the gate.
    fn gated(&self) -> Option<&Self> {
        match self {
            Self::AnswerGate { reward } | Self::StrictGate { reward } => Some(reward),
            _ => None,
        }
    }

    /// The reward and those behind its gates.
    fn layers(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |reward| reward.gated())
    }

    /// The weight of each component; of none where another reward is behind a gate.
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
            Self::AnswerGate { .. } | Self::StrictGate { .. } => Vec::new(),
            Self::Paper => vec![
                (components::OUTCOME, RELEASED_ALPHA),
                (RELEASED_PROCESS, 1.0 - RELEASED_ALPHA),
            ],
        }
    }

    /// Whether every reward is 0 or 1.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        match self {
            Self::Outcome | Self::Strict => true,
            Self::Component { name } => {
                [components::OUTCOME, components::ACCEPTED].contains(&name.as_str())
            }
            Self::AnswerGate { reward } | Self::StrictGate { reward } => reward.is_binary(),
            _ => false,
        }
    }

    /// The reward of a completion with this score.
    ///
    /// # Errors
    /// Where the score lacks a component that the reward reads.
    pub fn of(&self, score: &Score) -> Result<f64, EnvironmentError> {
        let mut sum = 0.0;
        for layer in self.layers() {
            if let Some(gate) = layer.gate()
                && component(score, gate)? < 1.0
            {
                return Ok(0.0);
            }
            for (name, weight) in layer.terms() {
                sum += weight * component(score, name)?;
            }
        }
        Ok(sum)
    }

    /// Whether a completion that `earned` this for its score counts as a solution in objectives that count
    /// successes: where rewards are 0 or 1 one that earned 1, else one that is accepted.
    #[must_use]
    pub fn solves(&self, earned: f64, score: &Score) -> bool {
        match self.is_binary() {
            true => earned == 1.0,
            false => accepted(score),
        }
    }

    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        let gates = self.layers().count() - 1;
        let expected = format!("at most {MOST_GATES} gates behind each other");
        issues.expect(
            gates <= MOST_GATES,
            "reward",
            format!("{gates} gates"),
            expected,
        );
        let mut key = String::new();
        for layer in self.layers() {
            issues.nest(&key, layer.own_issues());
            key = match key.as_str() {
                "" => "reward".to_owned(),
                outer => format!("{outer}.reward"),
            };
        }
        issues
    }

    /// What is wrong with the settings, those behind a gate left out.
    fn own_issues(&self) -> Issues {
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

    /// The components that the reward reads; some more than once.
    fn read(&self) -> impl Iterator<Item = &str> {
        self.layers().flat_map(|layer| {
            let terms = layer.terms().into_iter().map(|(name, _)| name);
            layer.gate().into_iter().chain(terms)
        })
    }

    /// Whether the reward reads a component.
    #[must_use]
    pub fn reads(&self, component: &str) -> bool {
        self.read().any(|read| read == component)
    }

    /// The components that the reward reads and an environment with the components `known` lacks.
    #[must_use]
    pub fn missing_from(&self, known: &[String]) -> Issues {
        let mut issues = Issues::default();
        let mut told = BTreeSet::new();
        for name in self.read().filter(|name| told.insert(*name)) {
            let there = known.iter().any(|known| known == name);
            let expected = format!("a component of the environment: {}", known.join(", "));
            issues.expect(there, "reward", format!("`{name}`"), expected);
        }
        issues
    }
}

/// Whether the supervision accepts a completion: under noise, the noisy verdict.
#[must_use]
pub fn accepted(score: &Score) -> bool {
    match score.component(components::ACCEPTED) {
        Some(value) => value == 1.0,
        None => score.accepted,
    }
}

/// A component of a score.
fn component(score: &Score, name: &str) -> Result<f64, EnvironmentError> {
    score.component(name).ok_or_else(|| {
        let known: Vec<&str> = score.components.iter().map(|one| &*one.name).collect();
        EnvironmentError::MissingComponent {
            name: name.to_owned(),
            known: known.join(", "),
        }
    })
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
    fn solutions_are_what_the_reward_pays_for() {
        // The right answer by wrong steps.
        let score = score();
        let gated = RewardSpec::AnswerGate {
            reward: Box::new(RewardSpec::Outcome),
        };
        for (spec, expected) in [
            (RewardSpec::Outcome, true),
            (gated, true),
            (RewardSpec::Strict, false),
            (RewardSpec::Process, false),
            (RewardSpec::Mixed { alpha: 1.0 }, false),
        ] {
            let earned = spec.of(&score).unwrap();
            assert_eq!(spec.solves(earned, &score), expected, "{spec:?}");
        }
        // Where rewards are graded, the verdict decides.
        let right = score.with_component(components::ACCEPTED, 1.0);
        assert!(RewardSpec::Process.solves(0.5, &right));
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

    /// A score with these components.
    fn scored(outcome: f64, accepted: f64, process: f64, released: f64) -> Score {
        Score::of_answer(outcome == 1.0)
            .with_component(components::OUTCOME, outcome)
            .with_component(components::ACCEPTED, accepted)
            .with_component(components::PROCESS, process)
            .with_component(RELEASED_PROCESS, released)
    }

    fn read(text: &str) -> RewardSpec {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn gates_pay_the_reward_behind_them_or_nothing() {
        let answer = read(r#"{"kind": "answer_gate", "reward": {"kind": "mixed", "alpha": 0.2}}"#);
        let strict = read(r#"{"kind": "strict_gate", "reward": {"kind": "process"}}"#);
        let both = read(
            r#"{"kind": "answer_gate", "reward": {"kind": "strict_gate", "reward": {"kind": "process"}}}"#,
        );
        // Right answer by half of the steps; everything right; right steps, wrong answer.
        let scores = [
            scored(1.0, 0.0, 0.5, 0.25),
            scored(1.0, 1.0, 1.0, 1.0),
            scored(0.0, 0.0, 1.0, 0.75),
        ];
        for (spec, expected) in [
            (&answer, [0.6, 1.0, 0.0]),
            (&strict, [0.0, 1.0, 0.0]),
            (&both, [0.0, 1.0, 0.0]),
            // 0.2 * 1 + 0.8 * 0.25.
            (&RewardSpec::Paper, [0.4, 1.0, 0.0]),
        ] {
            for (score, expected) in scores.iter().zip(expected) {
                let paid = spec.of(score).unwrap();
                assert!((paid - expected).abs() < 1e-12, "{spec:?}: {paid}");
            }
            assert!(spec.validate().is_empty());
            assert_eq!(read(&serde_json::to_string(spec).unwrap()), *spec);
        }
    }

    #[test]
    fn no_kind_takes_an_unknown_setting() {
        for settings in [
            r#""kind": "outcome""#,
            r#""kind": "process""#,
            r#""kind": "strict""#,
            r#""kind": "paper""#,
            r#""kind": "mixed", "alpha": 0.2"#,
            r#""kind": "component", "name": "brevity""#,
            r#""kind": "weighted", "weights": {"outcome": 1.0}"#,
            r#""kind": "answer_gate", "reward": {"kind": "strict"}"#,
            r#""kind": "strict_gate", "reward": {"kind": "strict"}"#,
        ] {
            assert!(serde_json::from_str::<RewardSpec>(&format!("{{{settings}}}")).is_ok());
            let error =
                serde_json::from_str::<RewardSpec>(&format!("{{{settings}, \"alhpa\": 1}}"));
            let error = error.unwrap_err().to_string();
            assert!(error.contains("alhpa"), "{settings}: {error}");
        }
        let gated = r#"{"kind": "answer_gate", "reward": {"kind": "strict", "alhpa": 1}}"#;
        assert!(serde_json::from_str::<RewardSpec>(gated).is_err());
    }

    #[test]
    fn what_is_behind_a_gate_is_checked() {
        let spec = read(
            r#"{"kind": "strict_gate", "reward": {"kind": "answer_gate",
                "reward": {"kind": "mixed", "alpha": 3.0}}}"#,
        );
        let issues = spec.validate();
        assert_eq!(issues.0[0].key, "reward.reward.alpha");
        let missing = spec.missing_from(&["accepted".to_owned()]);
        let found: Vec<&str> = missing.0.iter().map(|issue| issue.found.as_str()).collect();
        assert_eq!(found, ["`outcome`", "`process`"]);
        let known = ["outcome", "process", "accepted"].map(str::to_owned);
        assert!(RewardSpec::Paper.reads(RELEASED_PROCESS) && !spec.reads(RELEASED_PROCESS));
        let missing = RewardSpec::Paper.missing_from(&known);
        assert_eq!(missing.0.len(), 1);
        assert_eq!(missing.0[0].found, "`released_process`");
        let gate = |inner| RewardSpec::AnswerGate {
            reward: Box::new(inner),
        };
        let deep = (0..9).fold(RewardSpec::Outcome, |inner, _| gate(inner));
        assert!(deep.validate().to_string().contains("9 gates"));
        let typo = r#"{"kind": "answer_gate", "reward": {"kind": "mixed", "alhpa": 0.2}}"#;
        assert!(serde_json::from_str::<RewardSpec>(typo).is_err());
    }
}
