//! Whether training sharpened a model or extended what it can do.
//!
//! Source: Yue et al. 2025 (arXiv 2504.13837) and arXiv 2512.07783, section 5: reinforcement that
//! raises pass@1 alone makes likelier what the model could do already; reinforcement that extends it
//! raises pass@k for a large k and solves problems that the base model does not solve however often it
//! tries. The decision is by paired intervals and p-values (`paired.rs`).
//! Deviations: no finite number of tries tells a problem that the parent never solves from one that it
//! solves seldom, and sharpening alone raises pass@K a little at every K. So *extended* takes both: a
//! gain in pass@K, and more newly solved problems than the parent itself would newly solve in as many
//! tries more, which follows from how many problems it solved once, twice and so on, for any
//! distribution of rates (`luck.rs`).
//!
//! The definitions, K being the largest k that both evaluations have:
//! - a pass@k *rose* or *fell* if its 95 % interval excludes zero **and** its p-value is at most 0.05,
//!   both as in the table of paired differences;
//! - **extended**: pass@K rose, and newly solved problems exceed luck (one-sided p at most 0.05);
//! - **sharpened**: otherwise, if pass@1 or pass@K rose;
//! - **neither**: otherwise;
//! - **narrowed**, beside any of these: pass@K fell. Sharpened and narrowed is what Yue et al. report.
//!
//! Error rates: without any change, pass@1 and pass@K each rise in at most 2.5 % of cases, so a verdict
//! other than *neither* comes in at most 5 %; *narrowed* comes in at most 2.5 %, which is not in these
//! 5 %. Of a child that solves 60 % of the problems at a rate of 0.6 where its parent had 0.15, and no
//! other, *sharpened* is found in over 90 % at 48 and at 400 problems (`tests/comparison.rs`). The
//! resolution is one more round of tries: of many thousands of problems, a child that surely solves all
//! that its parent solves at times newly solves more than another round would.

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
    /// pass@1 or pass@K rose, without newly solved problems beyond luck: what the parent could do has
    /// become likelier.
    Sharpened,
    /// pass@K rose, with more newly solved problems than the parent would have in as many tries more.
    Extended,
    /// Neither pass@1 nor pass@K rose by more than chance explains.
    Neither,
}

/// At most this p-value is significant.
const LEVEL: f64 = 0.05;

/// Which of the gains in pass@1 and pass@K are significant, and whether luck explains what is newly
/// solved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence {
    pub(crate) pass_1: Direction,
    pub(crate) pass_k: Direction,
    pub(crate) luck_p_value: f64,
}

/// Where a difference goes, if that is significant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Rose,
    Fell,
    Unclear,
}

impl Direction {
    /// From an interval and the p-value of the same difference: both have to exclude zero.
    pub(crate) fn of((low, high): (f64, f64), p_value: f64) -> Self {
        if p_value <= LEVEL && low > 0.0 {
            Self::Rose
        } else if p_value <= LEVEL && high < 0.0 {
            Self::Fell
        } else {
            Self::Unclear
        }
    }
}

impl From<&PairedDifference> for Direction {
    fn from(found: &PairedDifference) -> Self {
        // Files of old versions have the interval alone.
        Self::of((found.low, found.high), found.p_value.unwrap_or(0.0))
    }
}

impl Evidence {
    pub(crate) fn change(self) -> Change {
        let rose = |direction| direction == Direction::Rose;
        if rose(self.pass_k) && self.luck_p_value <= LEVEL {
            Change::Extended
        } else if rose(self.pass_1) || rose(self.pass_k) {
            Change::Sharpened
        } else {
            Change::Neither
        }
    }

    pub(crate) fn narrowed(self) -> bool {
        self.pass_k == Direction::Fell
    }
}

impl Change {
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
///
/// What is newly solved and what luck gives are of the same number of tries: `tries`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sharpening {
    /// The verdict, in error (not [`Change::Neither`] without any change) in at most 5 % of cases.
    pub change: Change,
    /// Whether pass@K fell, whatever the verdict is; in error in at most 2.5 % of cases. False in files
    /// of versions that did not tell.
    #[serde(default)]
    pub narrowed: bool,
    /// The gain in pass@1.
    pub pass_1: PairedDifference,
    /// The gain in pass@K, for the largest k that both evaluations have.
    pub pass_k: PairedDifference,
    /// How many problems the parent never solved in all of its tries.
    pub unsolved: usize,
    /// How many of those the child solves at least once in all of its tries, which may be more than
    /// `tries`: a count to look up problems by, not to compare with luck.
    pub newly_solved: usize,
    /// The tries of the child that the following numbers are of: as many as it has, but no more than
    /// the parent has, since luck is told of no more. 0 in files of versions that did not note it.
    #[serde(default)]
    pub tries: u32,
    /// How many of the unsolved problems the child solves at least once in `tries` tries: the sum of
    /// its pass@k with `k = tries`, a whole number where it has no more tries.
    #[serde(default)]
    pub newly_solved_in_tries: f64,
    /// `newly_solved_in_tries` as a share of all problems, with its 95 % interval; `k` is `tries`.
    pub share: PassAtK,
    /// The share of all problems that the parent itself would newly solve in `tries` tries more.
    pub luck_share: f64,
    /// The probability that luck alone gives so many newly solved problems or more in `tries` tries.
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
/// // Right once in a quarter of the problems, where it was right at times in half of them.
/// let narrower = evaluation(|id| if id % 4 == 0 { 8 } else { 0 })?;
/// assert!(change(&narrower)?.narrowed);
/// # Ok::<(), interplay_eval::EvalError>(())
/// ```
///
/// # Errors
/// As [`paired_difference`], and evaluations whose largest k in common is below 2, at which pass@K is
/// pass@1.
pub fn sharpening(
    parent: &Evaluation,
    child: &Evaluation,
    measure: Measure,
    keep: impl Fn(&ItemScore) -> bool,
) -> Result<Sharpening, EvalError> {
    let common = parent.ks.iter().rev().find(|k| child.ks.contains(k));
    let Some(largest) = common.copied().filter(|k| *k >= 2) else {
        return Err(EvalError::Setting {
            setting: "ks",
            found: format!("{:?} of the parent, {:?} of the child", parent.ks, child.ks),
            expected: "a k of at least 2 that both have".to_owned(),
        });
    };
    Ok(sharpening_at(parent, child, largest, measure, keep)?.0)
}

/// As [`sharpening`], at a K of at least 2; and by problem how probably it is newly solved less what
/// luck gives.
pub(crate) fn sharpening_at(
    parent: &Evaluation,
    child: &Evaluation,
    largest: u32,
    measure: Measure,
    keep: impl Fn(&ItemScore) -> bool,
) -> Result<(Sharpening, Vec<f64>), EvalError> {
    let pass_1 = paired_difference(parent, child, 1, measure, &keep)?;
    let pass_k = paired_difference(parent, child, largest, measure, &keep)?;
    let kept = parent.items.iter().zip(&child.items);
    let kept: Vec<(&ItemScore, &ItemScore)> = kept.filter(|(before, _)| keep(before)).collect();
    let new = |before: u32, after: u32| before == 0 && after > 0;
    let (mut unsolved, mut newly_solved) = (0, 0);
    // Luck is told only of as many tries as the parent had.
    let tries = child.completions.min(parent.completions);
    let mut problems = Vec::with_capacity(kept.len());
    for (before, after) in &kept {
        let (before, after) = (measure.of(before), measure.of(after));
        unsolved += usize::from(before == 0);
        newly_solved += usize::from(new(before, after));
        let newly = match before {
            0 => pass_at_k(child.completions, after, tries),
            _ => 0.0,
        };
        problems.push((before, newly));
    }
    let luck = Luck::of((parent.completions, tries), &problems);
    let shares = kept.iter().zip(&problems);
    let shares = shares.map(|((before, _), (_, newly))| (before.op, *newly));
    let evidence = Evidence {
        pass_1: Direction::from(&pass_1),
        pass_k: Direction::from(&pass_k),
        luck_p_value: luck.p_value,
    };
    let found = Sharpening {
        change: evidence.change(),
        narrowed: evidence.narrowed(),
        pass_1,
        pass_k,
        unsolved,
        newly_solved,
        tries,
        newly_solved_in_tries: problems.iter().map(|(_, newly)| newly).sum(),
        share: PassAtK::of_scores(shares, tries),
        luck_share: luck.share,
        luck_p_value: luck.p_value,
    };
    Ok((found, luck.excess))
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
        assert!(error.to_string().contains("2 that both have"), "{error}");
        // At a K of 1, any rise would be an extension.
        let alone = evaluation(&[0, 1], &[1]);
        let error = sharpening(&alone, &alone, Measure::Verified, |_| true).unwrap_err();
        assert!(error.to_string().contains("a k of at least 2"), "{error}");
    }

    #[test]
    fn an_interval_above_zero_alone_is_no_rise() {
        // Five of 200 from nothing to everything: the signs of five flip to this in 2 of 32 cases.
        let child: Vec<u32> = (0..200).map(|i| if i < 5 { 8 } else { 0 }).collect();
        let (parent, child) = (evaluation(&[0; 200], &[1, 8]), evaluation(&child, &[1, 8]));
        let found = sharpening(&parent, &child, Measure::Verified, |_| true).unwrap();
        assert!(found.pass_k.low > 0.0 && found.pass_k.p_value == Some(0.0625));
        assert_eq!(found.change, Change::Neither);
        let back = sharpening(&child, &parent, Measure::Verified, |_| true).unwrap();
        assert!(!back.narrowed);
    }

    #[test]
    fn narrowing_is_said_beside_the_verdict() {
        // All solved at times; then half of them always and the others never.
        let child: Vec<u32> = (0..60).map(|i| if i % 2 == 0 { 8 } else { 0 }).collect();
        let (parent, child) = (evaluation(&[2; 60], &[1, 8]), evaluation(&child, &[1, 8]));
        let found = sharpening(&parent, &child, Measure::Verified, |_| true).unwrap();
        assert_eq!((found.change, found.narrowed), (Change::Sharpened, true));
        let back = sharpening(&child, &parent, Measure::Verified, |_| true).unwrap();
        assert_eq!((back.change, back.narrowed), (Change::Extended, false));
    }

    #[test]
    fn newly_solved_and_luck_are_of_the_same_tries() {
        let settings = EvalSettings {
            completions: 32,
            ks: vec![1, 8],
            ..EvalSettings::default()
        };
        let item = |id| ItemScore {
            id,
            op: Some(4),
            verified: u32::from(id < 10),
            answers: 32,
            ..ItemScore::default()
        };
        let child =
            Evaluation::from_scores(&settings, "strict", (0..40).map(item).collect()).unwrap();
        let parent = evaluation(&[0; 40], &[1, 8]);
        let found = sharpening(&parent, &child, Measure::Verified, |_| true).unwrap();
        assert_eq!((found.newly_solved, found.tries), (10, 8));
        // One right of 32 is among 8 of them with a probability of 1/4.
        assert!((found.newly_solved_in_tries - 2.5).abs() < 1e-12);
        assert!((found.share.estimate - 2.5 / 40.0).abs() < 1e-12);
        assert_eq!(found.share.k, 8);
    }

    #[test]
    fn reads_files_of_versions_without_the_number_of_tries() {
        let parent = evaluation(&[0, 1, 2], &[1, 8]);
        let found = sharpening(&parent, &parent, Measure::Verified, |_| true).unwrap();
        let mut old = serde_json::to_value(found).unwrap();
        for name in ["narrowed", "tries", "newly_solved_in_tries"] {
            old.as_object_mut().unwrap().remove(name);
        }
        let read: Sharpening = serde_json::from_value(old).unwrap();
        assert_eq!((read.change, read.tries), (found.change, 0));
    }

    #[test]
    fn a_change_is_written_as_in_files() {
        for change in [Change::Sharpened, Change::Extended, Change::Neither] {
            assert_eq!(serde_json::to_value(change).unwrap(), change.to_string());
        }
    }
}
