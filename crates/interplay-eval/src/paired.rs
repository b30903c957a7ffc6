//! The difference between two evaluations of the same problems.
//!
//! Source: Miller 2024 (arXiv 2411.00640), section 4.2 for paired differences by problem, whose
//! standard error is smaller than that of two separate means because hard problems are hard for
//! both, and section 5 for the effect that a number of problems can detect; Cochran 1977 for the
//! standard error within the op of the problems (`stratified.rs`); Fisher 1935 for the p-value
//! (`sign_flip.rs`).
//! Deviations: Student's quantile for the normal one. To the sum of squared deviations come half a
//! problem at the largest deviation seen and `min(1, (4 / m)^3)` of a problem at a difference of 1,
//! where `m` is the Kish number of problems that differ. Where many differ, the interval is
//! Student's (4 % wider at 24 problems with a standard deviation of 0.1); where a handful does, their
//! agreement does not shrink it to a point, as with the pseudo-pairs of Agresti and Min 2005
//! (Statistics in Medicine 24), which are of size 1 whatever the size of the differences. Measured
//! against these, and against other powers and exponentials of `m`: `tests/comparison.rs`. A rare
//! jump that no problem at hand shows is beyond any interval that follows the spread seen.

use serde::{Deserialize, Serialize};

use crate::quantiles::{student, student_quantile, student_two_sided};
use crate::sign_flip::sign_flip;
use crate::stratified::{Spread, spread};
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
    /// How many completions of a problem are right.
    #[must_use]
    pub fn of(self, item: &ItemScore) -> u32 {
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
    /// The two-sided p-value of no difference, by flipping signs; where the two have different
    /// numbers of samples, so that signs do not flip with equal probability, the larger of that and
    /// Student's. None in files of versions that did not have it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub p_value: Option<f64>,
    /// The smallest true difference that so many problems show (p below 5 %) in 80 % of cases.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detectable: Option<f64>,
    /// Half the width of the 95 % interval before its ends are cut off at -1 and 1. None in files of
    /// versions that did not have it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub half_width: Option<f64>,
    /// The degrees of freedom of the interval: problems less strata. None as for `half_width`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub freedom: Option<usize>,
}

/// The probability of showing a difference of the size [`PairedDifference::detectable`].
const POWER: f64 = 0.8;
/// So many problems are as good as any number.
const MOST_PROBLEMS: usize = 1 << 40;
/// Seeds the patterns of signs: a fixed number, so that a table is the same whenever it is made.
const SIGNS: u64 = 0x7369_676e;

impl PairedDifference {
    /// From the difference of each problem, right minus left, with the problem's stratum (its op).
    /// None where there is no problem. Its p-value takes left and right to have equally many samples.
    ///
    /// ```
    /// use interplay_eval::PairedDifference;
    ///
    /// let gain = PairedDifference::of([0.25, 0.0, 0.5, 0.25].map(|d| ((), d)), 1).unwrap();
    /// assert_eq!(gain.difference, 0.25);
    /// // Of the eight patterns of three signs, two are as extreme.
    /// assert_eq!(gain.p_value, Some(0.25));
    /// ```
    #[must_use]
    pub fn of<S: Ord>(differences: impl IntoIterator<Item = (S, f64)>, k: u32) -> Option<Self> {
        Self::tested(differences, k, true)
    }

    /// pass@k of right minus left, from each problem's stratum (its op) and, on both sides, its number of
    /// samples and how many of them are right. None where there is no problem.
    ///
    /// ```
    /// use interplay_eval::PairedDifference;
    ///
    /// // Two problems of op 3: one and three of four right, then two and four.
    /// let gain = PairedDifference::of_counts([(3, (4, 1), (4, 2)), (3, (4, 3), (4, 4))], 1).unwrap();
    /// assert_eq!(gain.difference, 0.25);
    /// ```
    ///
    /// # Panics
    /// Where `k` is zero or above the number of samples of a problem, or more are right than there are.
    #[must_use]
    pub fn of_counts<S: Ord>(
        problems: impl IntoIterator<Item = (S, (u32, u32), (u32, u32))>,
        k: u32,
    ) -> Option<Self> {
        let mut exchangeable = true;
        let score = |(n, right): (u32, u32)| pass_at_k(n, right, k);
        let differences = problems.into_iter().map(|(stratum, left, right)| {
            exchangeable &= left.0 == right.0;
            (stratum, score(right) - score(left))
        });
        let differences: Vec<(S, f64)> = differences.collect();
        Self::tested(differences, k, exchangeable)
    }

    /// `exchangeable`: left and right have the same number of samples, so that without an effect a
    /// difference is as likely as its opposite.
    fn tested<S: Ord>(
        differences: impl IntoIterator<Item = (S, f64)>,
        k: u32,
        exchangeable: bool,
    ) -> Option<Self> {
        let differences: Vec<(S, f64)> = differences.into_iter().collect();
        if differences.is_empty() {
            return None;
        }
        let p_value = sign_flip(differences.iter().map(|(_, d)| *d), SIGNS);
        let Widened { spread, variance } = Widened::of(differences);
        let freedom = spread.freedom as f64;
        let quantile = student(spread.freedom);
        let half = quantile * variance.sqrt();
        let p_value = match exchangeable {
            true => p_value,
            // Student's, of the interval's own standard error.
            false => p_value.max(student_two_sided(
                freedom.max(1.0),
                spread.mean / variance.sqrt(),
            )),
        };
        let power = student_quantile(POWER, freedom.max(1.0));
        Some(Self {
            problems: spread.number,
            k,
            difference: spread.mean,
            standard_error: spread.variance.sqrt(),
            low: (spread.mean - half).max(-1.0),
            high: (spread.mean + half).min(1.0),
            p_value: Some(p_value),
            detectable: Some((quantile + power) * variance.sqrt()),
            half_width: Some(half),
            freedom: Some(spread.freedom),
        })
    }

    /// How many problems like these give a 95 % interval of `difference +- half_width`, with a
    /// `half_width` above zero; the same numbers of samples and the same mix of op assumed.
    ///
    /// ```
    /// # use interplay_eval::PairedDifference;
    /// let differences = (0..100).map(|i| ((), f64::from(i % 5 - 2) / 8.0));
    /// let gain = PairedDifference::of(differences, 1).unwrap();
    /// // A standard deviation of 0.178: 1.97 x 0.178 / sqrt(306) is 0.02.
    /// assert!(gain.problems_for(0.02).abs_diff(306) < 8);
    /// ```
    ///
    /// # Panics
    /// Where `half_width` is not above zero.
    #[must_use]
    pub fn problems_for(&self, half_width: f64) -> usize {
        assert!(half_width > 0.0, "a half-width of {half_width}");
        // Files of old versions have neither: their ends may be cut off, their strata are not known.
        let cut_off = (self.high - self.difference).max(self.difference - self.low);
        let known = self.half_width.unwrap_or(cut_off);
        let freedom = self.freedom.unwrap_or(self.problems.saturating_sub(1));
        let strata = self.problems - freedom.min(self.problems);
        let deviation = known / student(freedom) * (self.problems as f64).sqrt();
        // The half-width falls with the number of problems, and so does its quantile.
        let enough = |problems: usize| {
            let quantile = student(problems.saturating_sub(strata));
            let found = quantile * deviation / (problems as f64).sqrt();
            found <= half_width * (1.0 + 1e-9)
        };
        let (mut few, mut many) = (1, 2);
        while !enough(many) && many < MOST_PROBLEMS {
            (few, many) = (many, 2 * many);
        }
        while many - few > 1 {
            let middle = few + (many - few) / 2;
            if enough(middle) {
                many = middle;
            } else {
                few = middle;
            }
        }
        many
    }
}

/// The spread of differences, and the variance of their mean that an interval takes.
pub(crate) struct Widened {
    pub(crate) spread: Spread,
    pub(crate) variance: f64,
}

impl Widened {
    /// From at least one difference, with its stratum.
    pub(crate) fn of<S: Ord>(differences: Vec<(S, f64)>) -> Self {
        let (mut sum, mut squares) = (0.0, 0.0);
        for (_, difference) in &differences {
            sum += difference.abs();
            squares += difference * difference;
        }
        let spread = spread(differences);
        let added = match squares > 0.0 {
            true => 0.5 * spread.largest + (4.0 * squares / (sum * sum)).powi(3).min(1.0),
            false => 1.0,
        };
        // Zero degrees of freedom are one problem, of whose spread nothing is known.
        let freedom = spread.freedom as f64;
        let variance = (spread.squares() + added) / (freedom + 1.0) / spread.number as f64;
        Self { spread, variance }
    }
}

/// Compares pass@k of two evaluations problem by problem, over the problems that `keep` takes.
///
/// # Errors
/// The first of [`comparability`], or no problem that `keep` takes.
pub fn paired_difference(
    left: &Evaluation,
    right: &Evaluation,
    k: u32,
    measure: Measure,
    keep: impl Fn(&ItemScore) -> bool,
) -> Result<PairedDifference, EvalError> {
    let scores = paired_scores(left, right, k, measure, keep)?;
    let differences = scores.into_iter().map(PairedScore::gain);
    let exchangeable = left.completions == right.completions;
    PairedDifference::tested(differences, k, exchangeable).ok_or(EvalError::NoItems)
}

/// The pass@k of one problem in two evaluations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PairedScore {
    pub(crate) op: Option<u32>,
    pub(crate) before: f64,
    pub(crate) after: f64,
}

impl PairedScore {
    /// The problem's stratum and difference.
    pub(crate) fn gain(self) -> (Option<u32>, f64) {
        (self.op, self.after - self.before)
    }
}

/// The scores of the problems that `keep` takes; errors as of [`paired_difference`], but none where
/// it takes no problem.
pub(crate) fn paired_scores(
    left: &Evaluation,
    right: &Evaluation,
    k: u32,
    measure: Measure,
    keep: impl Fn(&ItemScore) -> bool,
) -> Result<Vec<PairedScore>, EvalError> {
    if let Some(first) = comparability(left, right, k).into_iter().next() {
        return Err(first);
    }
    let both = left.items.iter().zip(&right.items);
    let kept = both.filter(|(one, _)| keep(one));
    let score = |(one, two): (&ItemScore, &ItemScore)| PairedScore {
        op: one.op,
        before: pass_at_k(left.completions, measure.of(one), k),
        after: pass_at_k(right.completions, measure.of(two), k),
    };
    Ok(kept.map(score).collect())
}

/// So many problems that differ are named.
const NAMED: usize = 10;

/// Everything for which two evaluations cannot be compared in pass@k: too few completions in either,
/// different levels, different problems (the first ten by position, then how many more), and problems
/// in different bands. Empty where they can be. Temperatures are not looked at:
/// [`same_temperature`].
///
/// ```
/// use interplay_eval::{EvalSettings, Evaluation, ItemScore, comparability};
///
/// let settings = EvalSettings { completions: 4, ks: vec![1], ..EvalSettings::default() };
/// let of = |level, ids: std::ops::Range<u64>| {
///     let item = |id| ItemScore { id, ..ItemScore::default() };
///     Evaluation::from_scores(&settings, level, ids.map(item).collect())
/// };
/// assert!(comparability(&of("strict", 0..20)?, &of("strict", 0..20)?, 4).is_empty());
/// // k twice, the level, ten problems by name, and that nine more differ.
/// assert_eq!(comparability(&of("strict", 0..19)?, &of("paper", 1..20)?, 5).len(), 14);
/// # Ok::<(), interplay_eval::EvalError>(())
/// ```
#[must_use]
pub fn comparability(left: &Evaluation, right: &Evaluation, k: u32) -> Vec<EvalError> {
    let mut wrong = Vec::new();
    for evaluation in [left, right] {
        if k == 0 || k > evaluation.completions {
            wrong.push(EvalError::TooFewCompletions {
                k,
                completions: evaluation.completions,
            });
        }
    }
    if left.level != right.level {
        let (left, right) = (left.level.clone(), right.level.clone());
        wrong.push(EvalError::Levels { left, right });
    }
    let problems = left.items.len().max(right.items.len());
    let mut differing = 0;
    let (mut first_band, mut bands) = (None, 0_usize);
    for position in 0..problems {
        match (left.items.get(position), right.items.get(position)) {
            (Some(one), Some(two)) if one.same_problem(two) => {
                if let (Some(left), Some(right)) = (&one.band, &two.band)
                    && left != right
                {
                    bands += 1;
                    first_band.get_or_insert((position, one.id, left, right));
                }
            }
            (one, two) => {
                differing += 1;
                if differing <= NAMED {
                    wrong.push(unpaired(position, one, two));
                }
            }
        }
    }
    if differing > NAMED {
        wrong.push(EvalError::MoreUnpaired {
            more: differing - NAMED,
            differing,
            problems,
        });
    }
    if let Some((position, id, left, right)) = first_band {
        wrong.push(EvalError::BandsDiffer {
            position,
            id,
            left: left.clone(),
            right: right.clone(),
            more: bands - 1,
        });
    }
    wrong
}

/// Whether two evaluations were drawn at the same temperature; where it is not known of either, it is
/// taken to be.
///
/// # Errors
/// Different temperatures, or one that is known of one alone.
pub fn same_temperature(left: &Evaluation, right: &Evaluation) -> Result<(), EvalError> {
    match left.temperature == right.temperature {
        true => Ok(()),
        false => Err(EvalError::Temperatures {
            left: left.temperature_name(),
            right: right.temperature_name(),
        }),
    }
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
    fn reads_files_without_p_values() {
        let old =
            r#"{"problems":4,"k":1,"difference":0.25,"standard_error":0.0,"low":0.1,"high":0.4}"#;
        let read: PairedDifference = serde_json::from_str(old).unwrap();
        assert_eq!((read.p_value, read.detectable), (None, None));
        assert_eq!(serde_json::to_string(&read).unwrap(), old);
    }

    #[test]
    fn tells_how_many_problems_a_half_width_takes() {
        // A standard deviation of 0.25: (1.96 x 0.25 / 0.05)^2 = 96, two more for Student's.
        let difference = |i: u32| if i.is_multiple_of(2) { 0.25 } else { -0.25 };
        let gain = PairedDifference::of((0..1000).map(|i| ((), difference(i))), 1).unwrap();
        let needed = gain.problems_for(0.05);
        assert!((97..=101).contains(&needed), "{needed}");
        assert!(gain.problems_for(0.025).abs_diff(4 * 96) < 8);
    }

    #[test]
    fn an_interval_cut_off_at_one_still_tells_how_many_problems_it_takes() {
        // Seven of eight go from nothing to everything: 0.875 +- 0.48, cut off at 1. Four ops.
        let difference = |i: u32| f64::from(u8::from(i != 0));
        let gain = PairedDifference::of((0..8).map(|i| (i % 4, difference(i))), 1).unwrap();
        assert!(gain.high == 1.0 && gain.difference - gain.low < gain.half_width.unwrap() + 1e-12);
        assert_eq!(gain.freedom, Some(4));
        // As many problems as there are give the half-width that there is.
        let again = gain.problems_for(gain.half_width.unwrap());
        assert_eq!(again, 8, "{gain:?}");
        // In a file, both are kept.
        let text = serde_json::to_string(&gain).unwrap();
        assert_eq!(
            serde_json::from_str::<PairedDifference>(&text).unwrap(),
            gain
        );
        // Many problems of the same spread: the normal quantile.
        let half = gain.half_width.unwrap();
        let needed = gain.problems_for(half / 20.0) as f64;
        let wanted = 8.0 * (20.0 * 1.96 / student(4)).powi(2);
        assert!((needed / wanted - 1.0).abs() < 0.01, "{needed} {wanted}");
    }

    #[test]
    fn tells_everything_that_cannot_be_compared() {
        let left = evaluation(&[1; 30]);
        let mut right = left.clone();
        for item in &mut right.items[..14] {
            item.problem = "00ff".to_owned();
        }
        right.items[20].band = Some("edge".into());
        right.level = "paper".into();
        let mut banded = left.clone();
        banded.items[20].band = Some("hard".into());
        let found: Vec<String> = comparability(&banded, &right, 5)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found.len(), 2 + 1 + 10 + 1 + 1, "{found:?}");
        assert!(found[12].contains("problem 9 is id 9"), "{found:?}");
        assert!(
            found[13].contains("4 more problems differ, 14 of 30"),
            "{found:?}"
        );
        let bands =
            "problem 20 (id 20) is in hard on the left and in edge on the right, and so are 0";
        assert!(found[14].contains(bands), "{found:?}");
        assert!(comparability(&left, &banded, 4).is_empty());
        let mut warm = left.clone();
        warm.temperature = Some(0.7);
        assert!(same_temperature(&left, &left).is_ok());
        let error = same_temperature(&warm, &left).unwrap_err().to_string();
        assert!(
            error.contains("temperature 0.7, the right one at -"),
            "{error}"
        );
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
