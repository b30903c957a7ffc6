//! The edge of competence: which difficulties are worth reinforcing.
//!
//! Source: arXiv 2512.07783, section 5: reinforcement learning extends what a model can do where
//! pass@1 is low and pass@k is above zero. Easier problems only get sharper, and harder ones
//! give no signal.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{EvalError, Evaluation};

/// Where the edge is taken to lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EdgeSettings {
    /// The k of the attempts that must succeed now and then.
    pub k: u32,
    /// Verified pass@1 lies below this.
    pub pass_at_1_below: f64,
    /// Verified pass@k lies above this.
    pub pass_at_k_above: f64,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            k: 32,
            pass_at_1_below: 0.5,
            pass_at_k_above: 0.1,
        }
    }
}

/// Where a difficulty lies.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// Solved too often already: reinforcement would only sharpen.
    Mastered,
    /// Solved seldom, but not never.
    Edge,
    /// Next to never solved: no signal.
    Beyond,
}

impl Placement {
    /// The name in files and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mastered => "mastered",
            Self::Edge => "edge",
            Self::Beyond => "beyond",
        }
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One difficulty and its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpPlacement {
    /// The difficulty.
    pub op: u32,
    /// The number of problems behind the numbers.
    pub problems: usize,
    /// Verified pass@1.
    pub pass_1: f64,
    /// Verified pass@k.
    pub pass_k: f64,
    /// Where it lies.
    pub placement: Placement,
}

/// Where the edge of competence lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeReport {
    /// The settings it was found with.
    pub settings: EdgeSettings,
    /// The difficulties at the edge, ascending; possibly none.
    pub ops: Vec<u32>,
    /// All difficulties that were evaluated.
    pub by_op: Vec<OpPlacement>,
    /// The choice in a sentence.
    pub reason: String,
}

impl EdgeReport {
    /// The difficulty that is nearest to the edge where none lies on it: the hardest mastered
    /// one, or the easiest one where none is mastered.
    #[must_use]
    pub fn nearest(&self) -> Option<u32> {
        let mastered = self
            .by_op
            .iter()
            .filter(|op| op.placement == Placement::Mastered);
        let on_edge = self.ops.first().copied();
        on_edge
            .or_else(|| mastered.map(|op| op.op).max())
            .or_else(|| self.by_op.first().map(|op| op.op))
    }
}

/// Finds the difficulties at which reinforcement has something to extend.
///
/// # Errors
/// Thresholds outside 0 to 1, or a `k` (or 1) that the evaluation has no pass@k for.
pub fn edge_of_competence(
    evaluation: &Evaluation,
    settings: EdgeSettings,
) -> Result<EdgeReport, EvalError> {
    let EdgeSettings {
        k,
        pass_at_1_below,
        pass_at_k_above,
    } = settings;
    for (setting, value) in [
        ("pass_at_1_below", pass_at_1_below),
        ("pass_at_k_above", pass_at_k_above),
    ] {
        if !(0.0..=1.0).contains(&value) {
            let (found, expected) = (value.to_string(), "from 0 to 1".to_owned());
            return Err(EvalError::Setting {
                setting,
                found,
                expected,
            });
        }
    }
    let mut by_op = Vec::with_capacity(evaluation.by_op.len());
    for (op, cell) in &evaluation.by_op {
        let at = |k| {
            let missing = || EvalError::Setting {
                setting: "ks",
                found: format!("{:?}", evaluation.ks),
                expected: format!("1 and {k} among them"),
            };
            cell.verified_at(k)
                .map(|pass| pass.estimate)
                .ok_or_else(missing)
        };
        let (pass_1, pass_k) = (at(1)?, at(k)?);
        let placement = if pass_1 >= pass_at_1_below {
            Placement::Mastered
        } else if pass_k > pass_at_k_above {
            Placement::Edge
        } else {
            Placement::Beyond
        };
        by_op.push(OpPlacement {
            op: *op,
            problems: cell.problems,
            pass_1,
            pass_k,
            placement,
        });
    }
    let edge = by_op.iter().filter(|op| op.placement == Placement::Edge);
    let ops: Vec<u32> = edge.map(|op| op.op).collect();
    let reason = explain(&ops, &by_op, settings);
    Ok(EdgeReport {
        settings,
        ops,
        by_op,
        reason,
    })
}

fn explain(ops: &[u32], by_op: &[OpPlacement], settings: EdgeSettings) -> String {
    let EdgeSettings {
        k,
        pass_at_1_below,
        pass_at_k_above,
    } = settings;
    let list: Vec<String> = ops.iter().map(u32::to_string).collect();
    let rule = format!("verified pass@1 < {pass_at_1_below} and pass@{k} > {pass_at_k_above}");
    let mastered = by_op
        .iter()
        .filter(|op| op.placement == Placement::Mastered)
        .count();
    match ops {
        [] if mastered == by_op.len() => {
            format!("no op is at the edge ({rule}): all are solved too often; try harder problems")
        }
        [] if mastered == 0 => {
            format!(
                "no op is at the edge ({rule}): none is solved often enough; train longer first or try easier problems"
            )
        }
        [] => format!("no op is at the edge ({rule}): each is solved too often or next to never"),
        _ => format!("op {} at the edge: {rule}", list.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EvalSettings, ItemScore};

    fn evaluation(right: &[(u32, &[u32])]) -> Evaluation {
        let settings = EvalSettings {
            completions: 8,
            ks: vec![1, 8],
            ..EvalSettings::default()
        };
        let item = |op: u32, index, verified| ItemScore {
            id: u64::from(op) * 100 + index,
            op: Some(op),
            context: Some("zoo".into()),
            verified,
            answers: 8,
            ..ItemScore::default()
        };
        let items = right.iter().flat_map(|(op, right)| {
            right
                .iter()
                .zip(0..)
                .map(|(right, index)| item(*op, index, *right))
        });
        Evaluation::from_scores(&settings, "strict", items.collect()).unwrap()
    }

    #[test]
    fn takes_what_is_solved_seldom_but_not_never() {
        let evaluation = evaluation(&[(2, &[8, 7]), (3, &[2, 1]), (4, &[1, 0]), (5, &[0, 0])]);
        let settings = EdgeSettings {
            k: 8,
            ..EdgeSettings::default()
        };
        let report = edge_of_competence(&evaluation, settings).unwrap();
        assert_eq!(report.ops, [3, 4]);
        let placements: Vec<_> = report.by_op.iter().map(|op| op.placement).collect();
        use Placement::{Beyond, Edge, Mastered};
        assert_eq!(placements, [Mastered, Edge, Edge, Beyond]);
        assert!(report.reason.starts_with("op 3, 4 at the edge"));
    }

    #[test]
    fn placements_are_written_as_in_files() {
        for placement in [Placement::Mastered, Placement::Edge, Placement::Beyond] {
            let file = serde_json::to_value(placement).unwrap();
            assert_eq!(file, placement.to_string());
        }
    }

    #[test]
    fn says_why_there_is_no_edge() {
        let settings = EdgeSettings {
            k: 8,
            ..EdgeSettings::default()
        };
        let report = |right| edge_of_competence(&evaluation(right), settings).unwrap();
        let easy = report(&[(2, &[8]), (3, &[8])]);
        assert!(easy.ops.is_empty() && easy.reason.contains("harder"));
        assert_eq!(easy.nearest(), Some(3));
        let hard = report(&[(2, &[0]), (3, &[0])]);
        assert!(hard.ops.is_empty() && hard.reason.contains("train longer"));
        assert_eq!(hard.nearest(), Some(2));
    }

    #[test]
    fn needs_the_pass_at_k_that_it_looks_at() {
        let evaluation = evaluation(&[(2, &[8])]);
        let error = edge_of_competence(&evaluation, EdgeSettings::default()).unwrap_err();
        assert!(error.to_string().contains("1 and 32"));
        let settings = EdgeSettings {
            k: 8,
            pass_at_1_below: f64::NAN,
            pass_at_k_above: 0.0,
        };
        assert!(edge_of_competence(&evaluation, settings).is_err());
    }
}
