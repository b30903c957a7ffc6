//! What separates two arms at one k, over the seeds of a study, and what one arm reaches.
//!
//! With several seeds these are the estimates over seeds and problems of `interplay-eval`; with one seed they are
//! those over problems alone, and a study of one seed is a trial.

use interplay_eval::{
    Change, EvalError, Evaluation, ItemScore, Measure, OverSeeds, PassAtK, SeedPair,
    SeedsDifference, paired_difference, pass_at_k, sharpening,
};
use serde::{Deserialize, Serialize};

use crate::error::InterplayError;

/// A mean over seeds with its 95 % interval, and that of each seed. Shares of 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The k of the pass@k.
    pub k: u32,
    /// The mean.
    pub mean: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
    /// The mean of each seed, in the order of the study's seeds.
    pub by_seed: Vec<f64>,
}

/// B minus A, with its 95 % interval. Shares of 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// A band, or a context with a band such as `school edge`.
    pub group: String,
    /// The k of the pass@k.
    pub k: u32,
    /// The number of problems.
    pub problems: usize,
    /// The mean difference.
    pub difference: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
    /// The p-value of no difference.
    pub p_value: f64,
    /// The same after Holm's correction over all comparisons of the study.
    pub p_holm: f64,
    /// The difference that a study of this size shows in 80 % of cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detectable: Option<f64>,
    /// The difference of each seed, in the order of the study's seeds.
    pub by_seed: Vec<f64>,
}

/// Whether B is sharper than A or can do more, in a group of problems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgment {
    /// A band, or a context with a band such as `school edge`.
    pub group: String,
    /// The verdict.
    pub change: Change,
    /// Whether pass@k at the largest k fell, whatever the verdict is.
    pub narrowed: bool,
    /// Of the problems that A never solved, the share that B solves; the mean of seeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newly_solved_share: Option<f64>,
    /// The share that luck would give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub luck_share: Option<f64>,
}

/// The evaluations of an arm, by seed.
pub(super) type BySeed<'a> = Vec<(u64, &'a Evaluation)>;

/// The mean pass@k over the problems that `keep` takes.
pub(super) fn level(
    arm: &BySeed<'_>,
    k: u32,
    measure: Measure,
    keep: impl Fn(&ItemScore) -> bool,
) -> Result<Level, InterplayError> {
    let mut ops = Vec::new();
    let mut table: Vec<Vec<f64>> = Vec::new();
    for (_, found) in arm {
        let kept: Vec<&ItemScore> = found.items.iter().filter(|item| keep(item)).collect();
        ops = kept.iter().map(|item| item.op).collect();
        let scores = kept
            .iter()
            .map(|item| pass_at_k(found.completions, measure.of(item), k));
        table.push(scores.collect());
    }
    let mean = |scores: &Vec<f64>| scores.iter().sum::<f64>() / scores.len() as f64;
    let by_seed: Vec<f64> = table.iter().map(mean).collect();
    let (mean, low, high) = match &table[..] {
        [alone] => {
            let scores = ops.iter().copied().zip(alone.iter().copied());
            let found = PassAtK::of_scores(scores, k);
            (found.estimate, found.low, found.high)
        }
        _ => {
            let found = SeedsDifference::paired(&table, &ops).map_err(wrong)?;
            // Both ends are probabilities.
            (found.difference, found.low.max(0.0), found.high.min(1.0))
        }
    };
    Ok(Level {
        k,
        mean,
        low,
        high,
        by_seed,
    })
}

/// B minus A at k, over the problems that `keep` takes.
pub(super) fn effect(
    (a, b): (&BySeed<'_>, &BySeed<'_>),
    group: &str,
    k: u32,
    keep: impl Fn(&ItemScore) -> bool,
) -> Result<Effect, InterplayError> {
    let measure = Measure::Verified;
    let of = |problems, difference, [low, high, p_value]: [f64; 3], detectable, by_seed| Effect {
        group: group.to_owned(),
        k,
        problems,
        difference,
        low,
        high,
        p_value,
        p_holm: 1.0,
        detectable,
        by_seed,
    };
    if let ([(_, a)], [(_, b)]) = (&a[..], &b[..]) {
        let found = paired_difference(a, b, k, measure, keep).map_err(wrong)?;
        let ends = [found.low, found.high, found.p_value.unwrap_or(1.0)];
        let by_seed = vec![found.difference];
        return Ok(of(
            found.problems,
            found.difference,
            ends,
            found.detectable,
            by_seed,
        ));
    }
    let found = over_seeds(a, b)?.gain(k, measure, keep).map_err(wrong)?;
    let over = found.over_seeds;
    let ends = [over.low, over.high, over.p_value];
    Ok(of(
        over.problems,
        over.difference,
        ends,
        Some(over.detectable),
        found.by_seed,
    ))
}

/// Whether B is sharper than A or can do more, over the problems that `keep` takes.
pub(super) fn judgment(
    (a, b): (&BySeed<'_>, &BySeed<'_>),
    group: &str,
    keep: impl Fn(&ItemScore) -> bool,
) -> Result<Judgment, InterplayError> {
    let measure = Measure::Verified;
    let of = |change, narrowed, newly_solved_share, luck_share| Judgment {
        group: group.to_owned(),
        change,
        narrowed,
        newly_solved_share,
        luck_share,
    };
    if let ([(_, a)], [(_, b)]) = (&a[..], &b[..]) {
        let found = sharpening(a, b, measure, keep).map_err(wrong)?;
        let (unsolved, newly) = (found.unsolved as f64, found.newly_solved_in_tries);
        let share = |of: f64| (found.unsolved > 0).then(|| (of / unsolved).min(1.0));
        let luck = found.luck_share * found.pass_1.problems as f64;
        return Ok(of(found.change, found.narrowed, share(newly), share(luck)));
    }
    let found = over_seeds(a, b)?.sharpening(measure, keep).map_err(wrong)?;
    Ok(of(
        found.change,
        found.narrowed,
        found.newly_solved_share,
        found.luck_share,
    ))
}

fn over_seeds<'a>(a: &BySeed<'a>, b: &BySeed<'a>) -> Result<OverSeeds<'a>, InterplayError> {
    let pair =
        |((seed, before), (_, after)): (&(u64, &'a Evaluation), &(u64, &'a Evaluation))| SeedPair {
            seed: *seed,
            before,
            after,
        };
    let pairs = a.iter().zip(b).map(pair).collect();
    let found = OverSeeds::new(pairs, false);
    found.map_err(|errors| match errors.into_iter().next() {
        Some(error) => wrong(error),
        None => wrong(EvalError::NoItems),
    })
}

fn wrong(error: EvalError) -> InterplayError {
    InterplayError::Evaluate(Box::new(error))
}
