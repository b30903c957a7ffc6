//! Settings of a curriculum.
//!
//! Source: arXiv 2512.07783, section 5 (practice where pass@1 is low and pass@k above zero) and its
//! open question of a curriculum that follows the edge; replay of earlier problems against
//! forgetting: the same paper's mid-training mixtures. Exponential forgetting of evidence under a
//! policy that changes: discounted Thompson sampling, arXiv 1707.09727.

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

use crate::{Beta, Ops};

/// Which examples a policy practices on.
///
/// ```
/// use interplay_curriculum::CurriculumSpec;
///
/// let spec: CurriculumSpec = toml::from_str(r#"
///     kind = "iterative"
///     start = "4-5"
///     every_steps = 10
///     explore = 0.1
///     edge = { pass_at_1_below = 0.7, pass_at_k_above = 0.1, confidence = 0.8 }
/// "#)?;
/// assert!(spec.validate(8, false).is_empty());
/// # Ok::<(), toml::de::Error>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum CurriculumSpec {
    /// The examples of the environment, or a band of them that stays.
    Static {
        /// The ops to practice, in equal shares; without it every example in the environment's
        /// order.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        band: Option<Ops>,
        /// Earlier problems among the new ones.
        #[serde(default)]
        replay: Replay,
    },
    /// The edge of competence that a calibration found. It stays.
    Edge {
        /// Whether competence is estimated per op or per problem.
        #[serde(default)]
        by: By,
        /// The ops at the edge. Without them, the edge is computed from the calibration.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ops: Vec<WeightedOp>,
        /// What counts as the edge.
        #[serde(default)]
        edge: EdgeRule,
        /// Earlier problems among the new ones.
        #[serde(default)]
        replay: Replay,
    },
    /// An edge that is estimated again and again from the rollouts themselves.
    Iterative {
        /// Whether competence is estimated per op or per problem.
        #[serde(default)]
        by: By,
        /// Steps from one estimate to the next.
        every_steps: u64,
        /// The ops to begin with. Not needed with a calibration, nor by problem, where every problem
        /// may be tried.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start: Option<Ops>,
        /// What counts as the edge.
        #[serde(default)]
        edge: EdgeRule,
        /// The share of the evidence that is forgotten at every estimate; by default 0.5 by op, where
        /// half of the weight then lies on the rollouts since the last one, and 0.1 by problem, which
        /// come again less often.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        forget: Option<f64>,
        /// The largest share of prompts beside the band. By op, they go to its neighbors: the next
        /// harder op, and the next easier one while it is uncertain; without any, an edge cannot move
        /// up before the band is mastered. By problem, they go to problems beyond reach, which may
        /// have come into reach; uncertain ones belong to the band.
        #[serde(default = "tenth")]
        explore: f64,
        /// Earlier problems among the new ones.
        #[serde(default)]
        replay: Replay,
    },
}

/// Whether competence is estimated per op or per problem.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// All problems of an op together (label `op`).
    #[default]
    Op,
    /// Each problem by itself (its id). For environments with a finite number of problems, which
    /// come again.
    Problem,
}

/// Earlier problems among the new ones.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Replay {
    /// The share of the prompts, 0 to 1.
    pub share: f64,
    /// The ops to draw them from; without them, those below the band. By problem, mastered problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ops: Option<Ops>,
}

/// An op and how often it is practiced.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedOp {
    /// The op.
    pub op: u32,
    /// Its weight among the ops of the list; they need not sum to 1.
    #[serde(default = "one")]
    pub weight: f64,
}

/// What counts as the edge of competence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EdgeRule {
    /// At the edge, pass@1 lies below this; above, a cell is mastered.
    pub pass_at_1_below: f64,
    /// At the edge, pass@k lies above this; below, a cell is out of reach.
    pub pass_at_k_above: f64,
    /// The k of pass@k; the number of rollouts of a prompt where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<u32>,
    /// How probable a class must be before a cell is classified as it; above 0.5. A cell keeps its class until
    /// another one is this probable, or until its own is less probable than not.
    pub confidence: f64,
    /// What is believed of pass@1 and of pass@k before the first rollout.
    pub prior: Beta,
}

impl Default for EdgeRule {
    /// Below 0.7 and above 0.1, at a probability of 0.8, from the prior of Jeffreys. (The uniform
    /// prior would put a problem that was never solved in eight tries at the edge.)
    fn default() -> Self {
        Self {
            pass_at_1_below: 0.7,
            pass_at_k_above: 0.1,
            k: None,
            confidence: 0.8,
            prior: Beta::JEFFREYS,
        }
    }
}

fn tenth() -> f64 {
    0.1
}

fn one() -> f64 {
    1.0
}

impl Default for CurriculumSpec {
    /// Every example in the environment's order.
    fn default() -> Self {
        Self::Static {
            band: None,
            replay: Replay::default(),
        }
    }
}

impl CurriculumSpec {
    /// An edge that is estimated every `every_steps` steps and begins at the ops `start`.
    #[must_use]
    pub fn iterative(start: Ops, every_steps: u64) -> Self {
        Self::Iterative {
            by: By::Op,
            every_steps,
            start: Some(start),
            edge: EdgeRule::default(),
            forget: None,
            explore: tenth(),
            replay: Replay::default(),
        }
    }

    /// Whether every example is taken in the environment's order.
    #[must_use]
    pub fn takes_everything(&self) -> bool {
        matches!(self, Self::Static { band: None, .. })
    }

    /// Whether competence is estimated per op or per problem.
    #[must_use]
    pub fn by(&self) -> By {
        match self {
            Self::Static { .. } => By::Op,
            Self::Edge { by, .. } | Self::Iterative { by, .. } => *by,
        }
    }

    /// What counts as the edge; `None` for bands that are named.
    #[must_use]
    pub fn edge(&self) -> Option<&EdgeRule> {
        match self {
            Self::Static { .. } => None,
            Self::Edge { edge, .. } | Self::Iterative { edge, .. } => Some(edge),
        }
    }

    /// The ops that the settings name, by key.
    #[must_use]
    pub fn named_ops(&self) -> Vec<(&'static str, Ops)> {
        let own = match self {
            Self::Static { band, .. } => band.clone().map(|band| ("band", band)),
            Self::Edge { ops, .. } => Some(("ops", ops.iter().map(|named| named.op).collect())),
            Self::Iterative { start, .. } => start.clone().map(|start| ("start", start)),
        };
        let replayed = self.replay().ops.clone();
        let replayed = replayed.map(|ops| ("replay.ops", ops));
        own.into_iter().chain(replayed).collect()
    }

    pub(crate) fn replay(&self) -> &Replay {
        match self {
            Self::Static { replay, .. }
            | Self::Edge { replay, .. }
            | Self::Iterative { replay, .. } => replay,
        }
    }

    /// The share of the evidence that outlives an estimate.
    pub(crate) fn kept(&self) -> f64 {
        let forgotten = match self {
            Self::Iterative { by, forget, .. } => forget.unwrap_or(match by {
                By::Op => 0.5,
                By::Problem => 0.1,
            }),
            _ => 0.0,
        };
        1.0 - forgotten
    }

    pub(crate) fn explore(&self) -> f64 {
        match self {
            Self::Iterative { explore, .. } => *explore,
            _ => 0.0,
        }
    }

    /// Whether the edge is computed from a calibration, which has to be given.
    #[must_use]
    pub fn needs_calibration(&self) -> bool {
        match self {
            Self::Static { .. } => false,
            Self::Edge { ops, .. } => ops.is_empty(),
            Self::Iterative { by, start, .. } => *by == By::Op && start.is_none(),
        }
    }

    /// Everything that is wrong with the settings, for groups of `group_size` rollouts;
    /// `calibrated` says whether results of a calibration are given.
    #[must_use]
    pub fn validate(&self, group_size: usize, calibrated: bool) -> Issues {
        let mut issues = Issues::default();
        match self {
            Self::Static { band, .. } => {
                if let Some(band) = band {
                    some_ops(&mut issues, "band", band);
                }
            }
            Self::Edge { by, ops, .. } => {
                let by_op = *by == By::Op || ops.is_empty();
                let expected = "no `ops` with `by = \"problem\"`: a calibration names the problems";
                issues.expect(by_op, "ops", format!("{} ops", ops.len()), expected);
                weights(&mut issues, ops);
            }
            Self::Iterative {
                every_steps,
                start,
                forget,
                explore,
                ..
            } => {
                issues.range("every_steps", *every_steps, 1..=1 << 20);
                issues.range("forget", forget.unwrap_or(0.0), 0.0..=1.0);
                issues.range("explore", *explore, 0.0..=1.0);
                if let Some(start) = start {
                    some_ops(&mut issues, "start", start);
                }
            }
        }
        if self.needs_calibration() && !calibrated {
            let (key, names) = match self {
                Self::Edge { .. } => ("ops", "`ops = [{ op = 6 }]`"),
                _ => ("start", "`start = \"6-7\"`"),
            };
            let expected = format!("{names}, or the results of a calibration");
            issues.push(key, "a curriculum without a band", expected);
        }
        if let Some(edge) = self.edge() {
            issues.nest("edge", edge.validate(self.by(), group_size));
        }
        self.check_shares(&mut issues);
        issues
    }

    fn check_shares(&self, issues: &mut Issues) {
        let Replay { share, ops } = self.replay();
        issues.range("replay.share", *share, 0.0..=1.0);
        if let Some(ops) = ops {
            some_ops(issues, "replay.ops", ops);
            let by_op = self.by() == By::Op;
            let expected = "no ops with `by = \"problem\"`, where mastered problems come again";
            issues.expect(by_op, "replay.ops", ops, expected);
        }
        if self.takes_everything() {
            let none = *share == 0.0 && ops.is_none();
            let expected = "a `band` beside which there is something to replay";
            issues.expect(none, "replay", "no `band`", expected);
        }
        let beside = share + self.explore();
        let room = beside < 1.0 || !beside.is_finite();
        let expected = "less than 1 together with `explore`, so that the band has a share";
        issues.expect(room, "replay.share", share, expected);
    }
}

impl EdgeRule {
    fn validate(&self, by: By, group_size: usize) -> Issues {
        let mut issues = Issues::default();
        issues.range("pass_at_1_below", self.pass_at_1_below, 0.0..=1.0);
        issues.range("pass_at_k_above", self.pass_at_k_above, 0.0..=1.0);
        let sure = self.confidence > 0.5 && self.confidence < 1.0;
        let expected = "above 0.5 and below 1";
        issues.expect(sure, "confidence", self.confidence, expected);
        for (key, weight) in [("prior.a", self.prior.a), ("prior.b", self.prior.b)] {
            let holds = weight > 0.0 && weight.is_finite();
            issues.expect(holds, key, weight, "a positive number");
        }
        let (k, most) = (u64::from(self.k_of(group_size)), group_size as u64);
        let shown = (1..=most).contains(&k) || (by == By::Problem && k >= 1);
        let expected = format!("1 to {most}, the rollouts of a prompt: fewer cannot show more");
        issues.expect(shown, "k", k, expected);
        issues
    }

    /// The k of pass@k for groups of this size.
    pub(crate) fn k_of(&self, group_size: usize) -> u32 {
        self.k
            .unwrap_or_else(|| u32::try_from(group_size).unwrap_or(u32::MAX))
    }
}

fn some_ops(issues: &mut Issues, key: &str, ops: &Ops) {
    issues.expect(!ops.is_empty(), key, "an empty band", "at least one op");
}

fn weights(issues: &mut Issues, ops: &[WeightedOp]) {
    for (index, WeightedOp { op, weight }) in ops.iter().enumerate() {
        let positive = *weight > 0.0 && weight.is_finite();
        let key = format!("ops[{index}].weight");
        issues.expect(positive, key, weight, "a positive number");
        let once = ops[..index].iter().all(|earlier| earlier.op != *op);
        let key = format!("ops[{index}].op");
        issues.expect(once, key, format!("{op} again"), "every op once");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> CurriculumSpec {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn files_are_read_as_they_are_written() {
        for text in [
            "kind = \"static\"",
            "kind = \"static\"\nband = [6, 7]\nreplay = { share = 0.3 }",
            "kind = \"edge\"\nops = [{ op = 6, weight = 2.0 }, { op = 7 }]",
            "kind = \"edge\"\nby = \"problem\"\nreplay = { share = 0.1 }",
            "kind = \"iterative\"\nevery_steps = 5\nstart = \"4-5\"\nedge = { k = 4 }",
        ] {
            let spec = read(text);
            let issues = spec.validate(8, true);
            assert!(issues.is_empty(), "{text}:{issues}");
            assert_eq!(read(&toml::to_string(&spec).unwrap()), spec);
        }
        let error = toml::from_str::<CurriculumSpec>("kind = \"static\"\nbnad = \"6\"");
        assert!(error.unwrap_err().to_string().contains("bnad"));
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let spec = read(
            "kind = \"iterative\"\nevery_steps = 0\nforget = 2.0\nexplore = 0.6\n\
             replay = { share = 0.5 }\n\
             edge = { k = 99, confidence = 0.4, prior = { a = 0.0, b = 1.0 } }",
        );
        let issues = spec.validate(8, false);
        let keys: Vec<&str> = issues.0.iter().map(|issue| issue.key.as_str()).collect();
        let expected = [
            "every_steps",
            "forget",
            "start",
            "edge.confidence",
            "edge.prior.a",
            "edge.k",
            "replay.share",
        ];
        assert_eq!(keys, expected);
        assert!(
            issues.to_string().contains("a curriculum without a band"),
            "{issues}"
        );
    }

    #[test]
    fn bands_and_calibrations_that_are_missing_are_named() {
        let issues = read("kind = \"edge\"").validate(8, false).to_string();
        assert!(
            issues.contains("`ops`: found a curriculum without a band"),
            "{issues}"
        );
        let issues = read("kind = \"static\"\nband = []")
            .validate(8, false)
            .to_string();
        assert!(issues.contains("`band`: found an empty band"), "{issues}");
        let issues = read("kind = \"static\"\nreplay = { share = 0.2 }").validate(8, false);
        assert_eq!(issues.0.len(), 1, "{issues}");
        let twice = read("kind = \"edge\"\nops = [{ op = 6 }, { op = 6, weight = -1.0 }]");
        assert_eq!(twice.validate(8, false).0.len(), 2);
        let by_problem = "kind = \"iterative\"\nby = \"problem\"\nevery_steps = 5";
        assert!(read(by_problem).validate(8, false).is_empty());
    }
}
