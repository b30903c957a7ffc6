//! What a policy can do with the problems of a cell: mastered, at the edge, or beyond reach.
//!
//! Source: arXiv 2512.07783, section 5.
//!
//! Deviations: a cell is classified on posterior probabilities, not on bare thresholds, and keeps its class until
//! another one is as probable (hysteresis): an estimate that wavers around a threshold moves
//! nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::{Beta, By, EdgeRule};

/// What a policy can do with the problems of a cell.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Competence {
    /// Not known well enough.
    #[default]
    Uncertain,
    /// Solved too often already: practice would only sharpen.
    Mastered,
    /// Solved seldom, but not never.
    Edge,
    /// Next to never solved: no signal.
    Beyond,
}

impl Competence {
    /// The name in files and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uncertain => "uncertain",
            Self::Mastered => "mastered",
            Self::Edge => "edge",
            Self::Beyond => "beyond",
        }
    }
}

impl fmt::Display for Competence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The posterior mean.
    pub mean: f64,
    /// The lower end of the central posterior interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What is known about a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Posterior {
    pass_1: Beta,
    pass_k: PassK,
    k: u32,
}

#[derive(Debug, Clone, Copy)]
enum PassK {
    /// A distribution of its own.
    Over(Beta),
    /// A function of pass@1: `1 - (1 - p)^k`.
    OfPass1,
}

impl Posterior {
    pub(crate) fn of(evidence: &Evidence, rule: &EdgeRule, by: By, k: u32) -> Self {
        Self {
            pass_1: evidence.pass_at_1(rule.prior, by),
            pass_k: match by {
                By::Op => PassK::Over(evidence.pass_at_k(rule.prior)),
                By::Problem => PassK::OfPass1,
            },
            k,
        }
    }

    /// The probability that pass@k is at most `x`.
    fn pass_k_below(&self, x: f64) -> f64 {
        match self.pass_k {
            PassK::Over(known) => known.below(x),
            PassK::OfPass1 => {
                let p = 1.0 - (1.0 - x).max(0.0).powf(1.0 / f64::from(self.k));
                self.pass_1.below(p)
            }
        }
    }

    /// The probability of each class.
    fn probabilities(&self, rule: &EdgeRule) -> [(Competence, f64); 3] {
        let mastered = 1.0 - self.pass_1.below(rule.pass_at_1_below);
        let beyond = self.pass_k_below(rule.pass_at_k_above).min(1.0 - mastered);
        let edge = (1.0 - mastered - beyond).max(0.0);
        [
            (Competence::Mastered, mastered),
            (Competence::Edge, edge),
            (Competence::Beyond, beyond),
        ]
    }

    /// The class of a cell that was `before`.
    pub(crate) fn classify(&self, rule: &EdgeRule, before: Competence) -> Competence {
        let probabilities = self.probabilities(rule);
        let sure = probabilities
            .iter()
            .find(|(_, probability)| *probability >= rule.confidence);
        if let Some((competence, _)) = sure {
            return *competence;
        }
        let kept = probabilities
            .iter()
            .any(|(competence, probability)| *competence == before && *probability >= 0.5);
        if kept { before } else { Competence::Uncertain }
    }

    pub(crate) fn pass_1(&self, confidence: f64) -> Estimate {
        let (low, high) = self.pass_1.interval(confidence);
        let mean = self.pass_1.mean();
        Estimate { mean, low, high }
    }

    pub(crate) fn pass_k(&self, confidence: f64) -> Estimate {
        match self.pass_k {
            PassK::Over(known) => {
                let (low, high) = known.interval(confidence);
                let mean = known.mean();
                Estimate { mean, low, high }
            }
            PassK::OfPass1 => {
                let (low, high) = self.pass_1.interval(confidence);
                let of = |p: f64| 1.0 - (1.0 - p).powf(f64::from(self.k));
                let (low, high) = (of(low), of(high));
                let mean = self.pass_1.pass_at_k(self.k);
                Estimate { mean, low, high }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posterior(prompts: &[(u32, u32)], by: By, k: u32) -> Posterior {
        let mut evidence = Evidence::default();
        for (successes, tries) in prompts {
            evidence.add(*successes, *tries, k);
        }
        Posterior::of(&evidence, &EdgeRule::default(), by, k)
    }

    fn competence(prompts: &[(u32, u32)], before: Competence) -> Competence {
        posterior(prompts, By::Op, 8).classify(&EdgeRule::default(), before)
    }

    #[test]
    fn much_evidence_decides() {
        assert_eq!(
            competence(&[(8, 8); 20], Competence::Edge),
            Competence::Mastered
        );
        assert_eq!(
            competence(&[(2, 8); 20], Competence::Mastered),
            Competence::Edge
        );
        assert_eq!(
            competence(&[(0, 8); 40], Competence::Edge),
            Competence::Beyond
        );
    }

    #[test]
    fn little_evidence_decides_nothing_and_unseats_nothing() {
        assert_eq!(
            competence(&[], Competence::Uncertain),
            Competence::Uncertain
        );
        // Mastered is a little more probable than not: enough to stay, not enough to come.
        let close = [(6, 8), (7, 8), (6, 8), (6, 8)];
        assert_eq!(
            competence(&close, Competence::Mastered),
            Competence::Mastered
        );
        assert_eq!(
            competence(&close, Competence::Uncertain),
            Competence::Uncertain
        );
    }

    #[test]
    fn a_place_that_has_become_improbable_is_lost() {
        // Nothing is left of what put the cell beyond reach.
        assert_eq!(competence(&[], Competence::Beyond), Competence::Uncertain);
        assert_eq!(competence(&[], Competence::Mastered), Competence::Uncertain);
    }

    #[test]
    fn pass_at_k_of_a_problem_follows_from_its_pass_at_1() {
        let known = posterior(&[(1, 4)], By::Problem, 2);
        // Beta(1.5, 3.5): 1 - (3.5 * 4.5) / (5 * 6).
        let pass_k = known.pass_k(0.8);
        assert!((pass_k.mean - (1.0 - 15.75 / 30.0)).abs() < 1e-12);
        assert!(pass_k.low < pass_k.mean && pass_k.mean < pass_k.high);
        let pass_1 = known.pass_1(0.8);
        assert!((pass_k.low - (1.0 - (1.0 - pass_1.low).powi(2))).abs() < 1e-12);
    }

    #[test]
    fn names_are_those_of_files() {
        for competence in [
            Competence::Uncertain,
            Competence::Mastered,
            Competence::Edge,
            Competence::Beyond,
        ] {
            assert_eq!(
                serde_json::to_value(competence).unwrap(),
                competence.to_string()
            );
        }
    }
}
