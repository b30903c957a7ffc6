//! The difference between two evaluations of the same problems.
//!
//! Source: Miller 2024 (arXiv 2411.00640), section 4.2: paired differences by problem, whose
//! standard error is smaller than that of two separate means because hard problems are hard for
//! both. The interval adds half a made-up pair of each kind of disagreement and one pair that
//! agrees, as Agresti and Min 2005 (Statistics in Medicine 24) do for matched pairs, so that a
//! handful of pairs that all say the same do not shrink it to a point.
//! Deviations: Miller's interval has no made-up pairs and takes the normal quantile where this one
//! takes Student's; for many problems neither makes a difference.

use serde::{Deserialize, Serialize};

use crate::pass_at_k::{half_width, mean};
use crate::{EvalError, Evaluation, ItemScore, pass_at_k};

/// Which successes are compared.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Solutions that were accepted.
    Verified,
    /// Answers alone.
    AnswerOnly,
}

impl Measure {
    fn of(self, item: &ItemScore) -> u32 {
        match self {
            Self::Verified => item.verified,
            Self::AnswerOnly => item.answers,
        }
    }
}

/// Right minus left, with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairedDifference {
    /// How many problems were paired.
    pub problems: usize,
    /// The k of the pass@k compared.
    pub k: u32,
    /// The mean difference, from -1 to 1.
    pub difference: f64,
    /// Its standard error over problems.
    pub standard_error: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end of the 95 % interval.
    pub high: f64,
}

/// Compares pass@k of two evaluations problem by problem, over the problems that `keep` takes.
///
/// # Errors
/// Evaluations of different problems or at different levels, a `k` above the completions of one of them, or no problem
/// that `keep` takes.
pub fn paired_difference(
    left: &Evaluation,
    right: &Evaluation,
    k: u32,
    measure: Measure,
    keep: impl Fn(&ItemScore) -> bool,
) -> Result<PairedDifference, EvalError> {
    for evaluation in [left, right] {
        if k == 0 || k > evaluation.completions {
            return Err(EvalError::TooFewCompletions {
                k,
                completions: evaluation.completions,
            });
        }
    }
    if left.level != right.level {
        let (left, right) = (left.level.clone(), right.level.clone());
        return Err(EvalError::Levels { left, right });
    }
    let longest = left.items.len().max(right.items.len());
    let mut differences = Vec::with_capacity(longest);
    for position in 0..longest {
        let (one, two) = (left.items.get(position), right.items.get(position));
        let (Some(one), Some(two)) = (one, two) else {
            return Err(unpaired(position, one, two));
        };
        let key = |item: &ItemScore| (item.id, item.op);
        let same = one.context == two.context && one.problem == two.problem;
        if key(one) != key(two) || !same {
            return Err(unpaired(position, Some(one), Some(two)));
        }
        if keep(one) {
            let before = pass_at_k(left.completions, measure.of(one), k);
            differences.push(pass_at_k(right.completions, measure.of(two), k) - before);
        }
    }
    if differences.is_empty() {
        return Err(EvalError::NoItems);
    }
    let (difference, standard_error) = mean(&differences);
    let (low, high) = interval(&differences, difference);
    let problems = differences.len();
    Ok(PairedDifference {
        problems,
        k,
        difference,
        standard_error,
        low,
        high,
    })
}

fn interval(differences: &[f64], difference: f64) -> (f64, f64) {
    // Half a pair at +1, half a pair at -1, and one at 0.
    let n = differences.len() as f64 + 2.0;
    let middle = differences.iter().sum::<f64>() / n;
    let squares = differences.iter().map(|d| d * d).sum::<f64>() + 1.0;
    let half = half_width(
        ((squares / n - middle * middle) / n).sqrt(),
        differences.len(),
    );
    (
        (middle - half).max(-1.0).min(difference),
        (middle + half).min(1.0).max(difference),
    )
}

fn unpaired(position: usize, left: Option<&ItemScore>, right: Option<&ItemScore>) -> EvalError {
    let shown = |item: Option<&ItemScore>| {
        let Some(item) = item else {
            return "absent".to_owned();
        };
        let op = item.op.map(|op| format!("op {op}"));
        let hash = Some(format!("hash {}", item.problem)).filter(|_| !item.problem.is_empty());
        let parts: Vec<String> = [op, item.context.clone(), hash]
            .into_iter()
            .flatten()
            .collect();
        match parts.is_empty() {
            true => format!("id {}", item.id),
            false => format!("id {} ({})", item.id, parts.join(", ")),
        }
    };
    EvalError::Unpaired {
        position,
        left: shown(left),
        right: shown(right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EvalSettings;

    fn evaluation(right: &[u32]) -> Evaluation {
        let settings = EvalSettings {
            completions: 4,
            ks: vec![1, 4],
            ..EvalSettings::default()
        };
        let item = |(id, verified): (u64, &u32)| ItemScore {
            id,
            op: Some(2 + u32::from(id > 1)),
            context: Some("zoo".into()),
            verified: *verified,
            answers: 4,
            ..ItemScore::default()
        };
        Evaluation::from_scores(&settings, "strict", (0..).zip(right).map(item).collect()).unwrap()
    }

    #[test]
    fn pairs_by_problem() {
        let (left, right) = (evaluation(&[0, 1, 2, 3]), evaluation(&[1, 2, 3, 4]));
        let paired = |left, right| paired_difference(left, right, 1, Measure::Verified, |_| true);
        let gain = paired(&left, &right).unwrap();
        assert_eq!((gain.difference, gain.standard_error), (0.25, 0.0));
        assert!(gain.low < 0.25 && gain.high > 0.25);
        let back = paired(&right, &left).unwrap();
        assert_eq!(back.difference, -0.25);
        // By hand: the differences 1/4, 0, 1/4, 1/4 have variance 1/64, so 1/8 over the root of 4.
        let mixed = paired(&left, &evaluation(&[1, 1, 3, 4])).unwrap();
        assert!((mixed.difference - 0.1875).abs() < 1e-12);
        assert!((mixed.standard_error - 0.0625).abs() < 1e-12);
    }

    #[test]
    fn the_interval_follows_the_standard_error_and_never_vanishes() {
        let left = evaluation(&[0; 400]);
        let right: Vec<u32> = (0..400).map(|i| if i % 4 == 0 { 4 } else { 0 }).collect();
        let right = evaluation(&right);
        let paired = |right| paired_difference(&left, right, 1, Measure::Verified, |_| true);
        let gain = paired(&right).unwrap();
        assert!((gain.high - gain.low - 2.0 * 1.96 * gain.standard_error).abs() < 2e-3);
        let same = paired(&left).unwrap();
        assert!(same.low < -0.004 && same.high > 0.004 && same.high < 0.006);
    }

    #[test]
    fn keeps_only_what_is_asked_for() {
        let (left, right) = (evaluation(&[0, 0, 0, 0]), evaluation(&[0, 0, 4, 4]));
        let hard = |item: &ItemScore| item.op == Some(3);
        let gain = paired_difference(&left, &right, 4, Measure::Verified, hard).unwrap();
        assert_eq!((gain.problems, gain.difference), (2, 1.0));
        let answers = paired_difference(&left, &right, 1, Measure::AnswerOnly, |_| true).unwrap();
        assert_eq!(answers.difference, 0.0);
    }

    #[test]
    fn refuses_another_text_under_the_same_id_and_another_level() {
        let left = evaluation(&[0, 1, 2]);
        let compare =
            |right: &Evaluation| paired_difference(&left, right, 1, Measure::Verified, |_| true);
        let mut other = left.clone();
        other.items[1].problem = "00ff".to_owned();
        let error = compare(&other).unwrap_err().to_string();
        assert!(
            error.contains("problem 1 is id 1") && error.contains("hash 00ff"),
            "{error}"
        );
        let mut paper = left.clone();
        paper.level = "paper".into();
        let error = compare(&paper).unwrap_err().to_string();
        assert!(error.contains("the right one at level paper"), "{error}");
        let error = paired_difference(&left, &left, 0, Measure::Verified, |_| true).unwrap_err();
        assert!(
            error.to_string().contains("expected k from 1 to 4"),
            "{error}"
        );
    }

    #[test]
    fn refuses_what_is_not_the_same_set() {
        let (left, right) = (evaluation(&[0, 1, 2]), evaluation(&[0, 1]));
        let error = paired_difference(&left, &right, 1, Measure::Verified, |_| true).unwrap_err();
        assert!(error.to_string().contains("problem 2 is id 2"), "{error}");
        assert!(paired_difference(&left, &left, 5, Measure::Verified, |_| true).is_err());
        assert!(paired_difference(&left, &left, 1, Measure::Verified, |_| false).is_err());
    }
}
