//! Whether training sharpened a model or extended what it can do.
//!
//! Source: Yue et al. 2025 (arXiv 2504.13837) and arXiv 2512.07783, section 5: reinforcement that
//! raises pass@1 alone makes likelier what the model could do already, reinforcement that raises
//! pass@k for a large k extends it. The decision is by paired intervals (`paired.rs`).
//! Deviations: beside the intervals, the problems that the parent never solved and the child does
//! are counted, and compared with those that the parent itself would solve in as many tries more:
//! of problems with 0 of n successes, some are solved next time by luck alone. That luck follows
//! from how many problems the parent solved once, twice and so on, for any distribution of rates
//! (`luck.rs`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::luck::Luck;
use crate::{
    EvalError, Evaluation, ItemScore, Measure, PairedDifference, PassAtK, paired_difference,
    pass_at_k,
};

/// What training did to a model.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// pass@1 rose and pass@K did not: what the parent could do has become likelier.
    Sharpened,
    /// pass@K rose: the child solves what the parent does not in K tries.
    Extended,
    /// Neither rose by more than chance explains.
    Neither,
}

impl Change {
    /// From the lower ends of the intervals of the gains in pass@1 and in pass@K.
    pub(crate) fn of(pass_1_low: f64, pass_k_low: f64) -> Self {
        match (pass_1_low > 0.0, pass_k_low > 0.0) {
            (_, true) => Self::Extended,
            (true, false) => Self::Sharpened,
            (false, false) => Self::Neither,
        }
    }

    /// The name in files and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sharpened => "sharpened",
            Self::Extended => "extended",
            Self::Neither => "neither",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Parent and child on the same problems.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sharpening {
    /// The verdict, in error (not [`Change::Neither`] without any change) in at most 5 % of cases.
    pub change: Change,
    /// The gain in pass@1.
    pub pass_1: PairedDifference,
    /// The gain in pass@K, for the largest k that both evaluations have.
    pub pass_k: PairedDifference,
    /// How many problems the parent never solved.
    pub unsolved: usize,
    /// How many of those the child solves at least once.
    pub newly_solved: usize,
    /// The share of all problems that are newly solved, with its 95 % interval; `k` is the number of
    /// the child's tries.
    pub share: PassAtK,
    /// The share that the parent itself would newly solve in as many tries more, for as many as it
    /// had at most.
    pub luck_share: f64,
    /// The probability that luck alone gives so many newly solved problems or more.
    pub luck_p_value: f64,
}

/// Says whether a child is sharper than its parent or can do more, over the problems that `keep`
/// takes.
///
/// ```
/// use interplay_eval::{Change, EvalSettings, Evaluation, ItemScore, Measure, sharpening};
///
/// let settings = EvalSettings { completions: 8, ks: vec![1, 8], ..EvalSettings::default() };
/// let evaluation = |right: fn(u64) -> u32| {
///     let item = |id| ItemScore { id, verified: right(id), answers: 8, ..ItemScore::default() };
///     Evaluation::from_scores(&settings, "strict", (0..60).map(item).collect())
/// };
/// // Half of the problems are solved at times, the other half never.
/// let parent = evaluation(|id| if id % 2 == 0 { 2 } else { 0 })?;
/// let sharper = evaluation(|id| if id % 2 == 0 { 6 } else { 0 })?;
/// let wider = evaluation(|id| if id % 2 == 0 { 2 } else { 1 })?;
/// let change = |child| sharpening(&parent, child, Measure::Verified, |_| true);
/// assert_eq!(change(&sharper)?.change, Change::Sharpened);
/// assert_eq!(change(&wider)?.change, Change::Extended);
/// assert_eq!(change(&wider)?.newly_solved, 30);
/// # Ok::<(), interplay_eval::EvalError>(())
/// ```
///
/// # Errors
/// As [`paired_difference`], and evaluations that have no k in common.
pub fn sharpening(
    parent: &Evaluation,
    child: &Evaluation,
    measure: Measure,
    keep: impl Fn(&ItemScore) -> bool,
) -> Result<Sharpening, EvalError> {
    let common = parent.ks.iter().rev().find(|k| child.ks.contains(k));
    let Some(largest) = common.copied() else {
        return Err(EvalError::Setting {
            setting: "ks",
            found: format!("{:?} of the parent, {:?} of the child", parent.ks, child.ks),
            expected: "a k that both have".to_owned(),
        });
    };
    let pass_1 = paired_difference(parent, child, 1, measure, &keep)?;
    let pass_k = paired_difference(parent, child, largest, measure, &keep)?;
    let change = Change::of(pass_1.low, pass_k.low);
    let kept = parent.items.iter().zip(&child.items);
    let counts: Vec<(u32, u32)> = kept
        .filter(|(before, _)| keep(before))
        .map(|(before, after)| (measure.of(before), measure.of(after)))
        .collect();
    let new = |(before, after): &(u32, u32)| *before == 0 && *after > 0;
    let unsolved = counts.iter().filter(|(before, _)| *before == 0).count();
    let newly_solved = counts.iter().filter(|count| new(count)).count();
    // Luck is told only of as many tries as the parent had.
    let more = child.completions.min(parent.completions);
    let newly = |(before, after): &(u32, u32)| match before {
        0 => (0, pass_at_k(child.completions, *after, more)),
        _ => (*before, 0.0),
    };
    let problems: Vec<(u32, f64)> = counts.iter().map(newly).collect();
    let luck = Luck::of((parent.completions, more), &problems);
    let mut share = PassAtK::of(1, counts.iter().map(|count| u32::from(new(count))), 1);
    share.k = child.completions;
    Ok(Sharpening {
        change,
        pass_1,
        pass_k,
        unsolved,
        newly_solved,
        share,
        luck_share: luck.share,
        luck_p_value: luck.p_value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EvalSettings;

    fn evaluation(right: &[u32], ks: &[u32]) -> Evaluation {
        let settings = EvalSettings {
            completions: 8,
            ks: ks.to_vec(),
            ..EvalSettings::default()
        };
        let item = |(id, verified): (u64, &u32)| ItemScore {
            id,
            op: Some(4),
            verified: *verified,
            answers: 8,
            ..ItemScore::default()
        };
        Evaluation::from_scores(&settings, "strict", (0..).zip(right).map(item).collect()).unwrap()
    }

    #[test]
    fn counts_what_is_newly_solved_and_what_luck_would_solve() {
        // Every count from 0 to 8 once: a uniform rate, so 1 - 9 / 17 of the unsolved by luck.
        let parent: Vec<u32> = (0..9000).map(|i| i % 9).collect();
        let child: Vec<u32> = (0..9000).map(|i| if i == 0 { 3 } else { i % 9 }).collect();
        let (parent, child) = (evaluation(&parent, &[1, 8]), evaluation(&child, &[1, 8]));
        let found = sharpening(&parent, &child, Measure::Verified, |_| true).unwrap();
        assert_eq!((found.unsolved, found.newly_solved), (1000, 1));
        assert_eq!(found.change, Change::Neither);
        assert!((found.share.estimate - 1.0 / 9000.0).abs() < 1e-12 && found.share.low > 0.0);
        let luck = 8.0 / 17.0;
        assert!(
            (found.luck_share - luck / 9.0).abs() < 2e-3,
            "{}",
            found.luck_share
        );
        assert!(found.luck_p_value > 0.999);
    }

    #[test]
    fn needs_a_k_in_common() {
        let (parent, child) = (evaluation(&[0, 1], &[2, 8]), evaluation(&[0, 1], &[1, 4]));
        let error = sharpening(&parent, &child, Measure::Verified, |_| true).unwrap_err();
        assert!(error.to_string().contains("a k that both have"), "{error}");
    }

    #[test]
    fn a_change_is_written_as_in_files() {
        for change in [Change::Sharpened, Change::Extended, Change::Neither] {
            assert_eq!(serde_json::to_value(change).unwrap(), change.to_string());
        }
    }
}
