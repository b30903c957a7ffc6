//! Evaluations of two arms over training seeds, compared.
//!
//! Source: the statistics are those of `seeds.rs`, the verdict and luck those of `sharpening.rs`
//! (Yue et al. 2025, arXiv 2504.13837).
//! Deviations: the verdict over seeds follows the rule for one run, from the intervals and p-values over
//! seeds at k of 1 and at the largest k. Each is wrongly above zero in at most 2.5 % of cases, so without
//! any change the verdict is wrong in at most 5 %. Luck depends on the parent of each seed, so it is
//! estimated seed by seed; by problem and seed, what is newly solved less what luck gives is then
//! compared with zero over seeds and problems like any other gain (`seeds.rs`). A method that extends
//! one model of three by chance of the seed does not extend: combining p-values of seeds, as Fisher or
//! Stouffer do, would say that it does.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::paired::{PairedScore, paired_scores};
use crate::seed_pair::{common_ks, overlaps, problem_name, same_problems};
use crate::sharpening::{Direction, Evidence, sharpening_at};
use crate::{
    Change, EvalError, ItemScore, Measure, SeedPair, SeedsDesign, SeedsDifference, Sharpening,
    comparability,
};

/// Two arms over training seeds that can be compared.
#[derive(Debug, Clone)]
pub struct OverSeeds<'a> {
    pairs: Vec<SeedPair<'a>>,
    design: SeedsDesign,
    ks: Vec<u32>,
}

/// Right minus left in pass@k, over seeds and by seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedsGain {
    /// The k of the pass@k.
    pub k: u32,
    /// The mean pass@k of the left arm, over seeds.
    pub before: f64,
    /// The mean pass@k of the right arm, over seeds.
    pub after: f64,
    /// The difference over seeds.
    pub over_seeds: SeedsDifference,
    /// The mean difference of each seed, in the order of the seeds.
    pub by_seed: Vec<f64>,
}

/// Whether training sharpened or extended, over seeds and by seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedsSharpening {
    /// The verdict over seeds, in error (not [`Change::Neither`] without any change) in at most 5 % of
    /// cases.
    pub change: Change,
    /// Whether pass@K fell over seeds, whatever the verdict is; in error in at most 2.5 % of cases.
    #[serde(default)]
    pub narrowed: bool,
    /// The gain in pass@1.
    pub pass_1: SeedsGain,
    /// The gain in pass@K, for the largest k that all evaluations have.
    pub pass_k: SeedsGain,
    /// The mean over seeds of the share of the problems unsolved by the left arm that the right arm
    /// solves in [`Sharpening::tries`] tries; none where the left arm leaves none unsolved.
    pub newly_solved_share: Option<f64>,
    /// The mean share that the left arm itself would newly solve in as many tries more.
    pub luck_share: Option<f64>,
    /// The share of all problems that is newly solved beyond luck, over seeds and problems. Half of its
    /// p-value is the one-sided one of the verdict. None in files of versions that did not have it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub beyond_luck: Option<SeedsDifference>,
    /// Each seed on its own, in the order of the seeds.
    pub by_seed: Vec<Sharpening>,
}

impl<'a> OverSeeds<'a> {
    /// Two arms whose seeds are in pairs, or `independent`. Seeds whose problems differ make the
    /// design [`SeedsDesign::Nested`] either way, for A and B of a seed share these.
    ///
    /// # Errors
    /// Everything that is wrong: fewer than two seeds, a seed that is repeated, arms of a seed with
    /// different problems or levels, seeds with different levels, no k in common, or seeds that share
    /// more than half of their problems, but not all in the same order.
    pub fn new(pairs: Vec<SeedPair<'a>>, independent: bool) -> Result<Self, Vec<EvalError>> {
        let mut wrong = Vec::new();
        if pairs.len() < 2 {
            let found = pairs.len().to_string();
            wrong.push(setting("seeds", found, "at least 2, better 3 or more"));
        }
        let mut seen = BTreeSet::new();
        for pair in &pairs {
            if !seen.insert(pair.seed) {
                let found = format!("{} twice", pair.seed);
                wrong.push(setting("seeds", found, "each seed once"));
            }
            let faults = comparability(pair.before, pair.after, 1);
            wrong.extend(faults.into_iter().map(|error| in_seed(pair, error)));
        }
        let levels: BTreeSet<&str> = pairs
            .iter()
            .map(|pair| pair.before.level.as_str())
            .collect();
        if levels.len() > 1 {
            let found = levels.into_iter().collect::<Vec<_>>().join(", ");
            wrong.push(setting("level", found, "the same level for all seeds"));
        }
        let ks = common_ks(&pairs);
        if ks.is_empty() && !pairs.is_empty() {
            let found = "without one in common".to_owned();
            wrong.push(setting("ks", found, "a k that all evaluations have"));
        }
        wrong.extend(overlaps(&pairs));
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let shared = pairs.windows(2).all(|two| same_problems(&two[0], &two[1]));
        let design = match (shared, independent) {
            (false, _) => SeedsDesign::Nested,
            (true, true) => SeedsDesign::Independent,
            (true, false) => SeedsDesign::Paired,
        };
        Ok(Self { pairs, design, ks })
    }

    /// How seeds, problems and arms belong together.
    #[must_use]
    pub fn design(&self) -> SeedsDesign {
        self.design
    }

    /// The k that all evaluations have, ascending.
    #[must_use]
    pub fn ks(&self) -> &[u32] {
        &self.ks
    }

    /// The evaluations of each seed.
    #[must_use]
    pub fn pairs(&self) -> &[SeedPair<'a>] {
        &self.pairs
    }

    /// The gain in pass@k over the problems that `keep` takes, stratified by op.
    ///
    /// ```
    /// use interplay_eval::{
    ///     EvalSettings, Evaluation, ItemScore, Measure, OverSeeds, SeedPair, SeedsDesign,
    /// };
    ///
    /// let settings = EvalSettings { completions: 10, ks: vec![1], ..EvalSettings::default() };
    /// let evaluation = |right: u32| {
    ///     let item = |id| ItemScore {
    ///         id, verified: right + id as u32 % 3, answers: 10, ..ItemScore::default()
    ///     };
    ///     Evaluation::from_scores(&settings, "strict", (0..30).map(item).collect())
    /// };
    /// let (parents, children) = ([evaluation(2)?, evaluation(3)?], [evaluation(4)?, evaluation(6)?]);
    /// let pairs = (1..).zip(parents.iter().zip(&children));
    /// let pairs = pairs.map(|(seed, (before, after))| SeedPair { seed, before, after }).collect();
    /// let seeds = OverSeeds::new(pairs, false).unwrap();
    /// assert_eq!(seeds.design(), SeedsDesign::Paired);
    /// let gain = seeds.gain(1, Measure::Verified, |_| true)?;
    /// // Of ten completions two more with the first seed, three more with the second.
    /// assert!((gain.by_seed[0] - 0.2).abs() < 1e-12 && (gain.by_seed[1] - 0.3).abs() < 1e-12);
    /// assert!((gain.over_seeds.difference - 0.25).abs() < 1e-12);
    /// # Ok::<(), interplay_eval::EvalError>(())
    /// ```
    ///
    /// # Errors
    /// A `k` above the completions of an evaluation, or a seed without a problem that `keep` takes.
    pub fn gain(
        &self,
        k: u32,
        measure: Measure,
        keep: impl Fn(&ItemScore) -> bool,
    ) -> Result<SeedsGain, EvalError> {
        let of = |pair| scores(pair, k, measure, &keep);
        let scores: Vec<Vec<PairedScore>> = self.pairs.iter().map(of).collect::<Result<_, _>>()?;
        if let Some(empty) = scores.iter().position(Vec::is_empty) {
            return Err(in_seed(&self.pairs[empty], EvalError::NoItems));
        }
        let table = |of: fn(&PairedScore) -> f64| -> Vec<Vec<f64>> {
            let row = |seed: &Vec<PairedScore>| seed.iter().map(of).collect();
            scores.iter().map(row).collect()
        };
        let (before, after) = (table(|score| score.before), table(|score| score.after));
        let gains = table(|score| score.after - score.before);
        let ops: Vec<Option<u32>> = scores[0].iter().map(|score| score.op).collect();
        let over_seeds = match self.design {
            SeedsDesign::Paired => SeedsDifference::paired(&gains, &ops),
            SeedsDesign::Independent => SeedsDifference::independent(&before, &after, &ops),
            SeedsDesign::Nested => SeedsDifference::nested_named(&self.named(&gains, &keep)),
        }?;
        let means = |table: &[Vec<f64>]| -> Vec<f64> {
            table
                .iter()
                .map(|seed| mean(seed.iter().copied()))
                .collect()
        };
        Ok(SeedsGain {
            k,
            before: mean(means(&before).into_iter()),
            after: mean(means(&after).into_iter()),
            over_seeds,
            by_seed: means(&gains),
        })
    }

    /// Says whether the right arm is sharper than the left one or can do more, over the problems that
    /// `keep` takes.
    ///
    /// # Errors
    /// As [`gain`](Self::gain), and seeds whose largest k in common is below 2.
    pub fn sharpening(
        &self,
        measure: Measure,
        keep: impl Fn(&ItemScore) -> bool,
    ) -> Result<SeedsSharpening, EvalError> {
        let largest = self.ks[self.ks.len() - 1];
        if largest < 2 {
            let found = format!("{:?} in common", self.ks);
            return Err(setting("ks", found, "a k of at least 2 in common"));
        }
        let pass_1 = self.gain(1, measure, &keep)?;
        let pass_k = self.gain(largest, measure, &keep)?;
        let (mut by_seed, mut excess) = (Vec::new(), Vec::new());
        let (mut shares, mut lucks) = (Vec::new(), Vec::new());
        for pair in &self.pairs {
            let found = sharpening_at(pair.before, pair.after, largest, measure, &keep);
            let (found, beyond) = found.map_err(|error| in_seed(pair, error))?;
            if found.unsolved > 0 {
                let unsolved = found.unsolved as f64;
                let problems = found.pass_1.problems as f64;
                shares.push(found.newly_solved_in_tries / unsolved);
                lucks.push((found.luck_share * problems / unsolved).min(1.0));
            }
            by_seed.push(found);
            excess.push(beyond);
        }
        let share = |shares: Vec<f64>| match shares.is_empty() {
            true => None,
            false => Some(mean(shares.into_iter())),
        };
        let beyond_luck = self.beyond_luck(&excess, &keep)?;
        let direction = |gain: &SeedsGain| {
            let found = gain.over_seeds;
            Direction::of((found.low, found.high), found.p_value)
        };
        let one_sided = match beyond_luck.difference > 0.0 {
            true => 0.5 * beyond_luck.p_value,
            false => 1.0,
        };
        let evidence = Evidence {
            pass_1: direction(&pass_1),
            pass_k: direction(&pass_k),
            luck_p_value: one_sided,
        };
        Ok(SeedsSharpening {
            change: evidence.change(),
            narrowed: evidence.narrowed(),
            pass_1,
            pass_k,
            newly_solved_share: share(shares),
            luck_share: share(lucks),
            beyond_luck: Some(beyond_luck),
            by_seed,
        })
    }

    /// What is newly solved beyond luck, from each seed's problems. It is of a seed's left and right
    /// together, so arms whose seeds have nothing in common are paired in it as well.
    fn beyond_luck(
        &self,
        excess: &[Vec<f64>],
        keep: impl Fn(&ItemScore) -> bool,
    ) -> Result<SeedsDifference, EvalError> {
        if self.design == SeedsDesign::Nested {
            return SeedsDifference::nested_named(&self.named(excess, keep));
        }
        let kept = self.pairs[0].before.items.iter().filter(|item| keep(item));
        let ops: Vec<Option<u32>> = kept.map(|item| item.op).collect();
        SeedsDifference::paired(excess, &ops)
    }

    /// A number of each seed and problem that `keep` takes, with the op and the name of the problem.
    fn named(
        &self,
        values: &[Vec<f64>],
        keep: impl Fn(&ItemScore) -> bool,
    ) -> Vec<Vec<(Option<u32>, String, f64)>> {
        let row = |(pair, values): (&SeedPair<'_>, &Vec<f64>)| {
            let kept = pair.before.items.iter().filter(|item| keep(item));
            let one = |(item, value): (&ItemScore, &f64)| (item.op, problem_name(item), *value);
            kept.zip(values).map(one).collect()
        };
        self.pairs.iter().zip(values).map(row).collect()
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let number = values.len() as f64;
    values.sum::<f64>() / number
}

fn setting(setting: &'static str, found: String, expected: &str) -> EvalError {
    let expected = expected.to_owned();
    EvalError::Setting {
        setting,
        found,
        expected,
    }
}

fn in_seed(pair: &SeedPair<'_>, error: EvalError) -> EvalError {
    EvalError::InSeed {
        seed: pair.seed,
        source: Box::new(error),
    }
}

fn scores(
    pair: &SeedPair<'_>,
    k: u32,
    measure: Measure,
    keep: impl Fn(&ItemScore) -> bool,
) -> Result<Vec<PairedScore>, EvalError> {
    let found = paired_scores(pair.before, pair.after, k, measure, keep);
    found.map_err(|error| in_seed(pair, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EvalSettings, Evaluation};

    /// 24 problems of two ops, whose fingerprints begin with `set`.
    fn evaluation(set: &str, level: &str, ks: &[u32], right: impl Fn(u64) -> u32) -> Evaluation {
        let settings = EvalSettings {
            completions: 8,
            ks: ks.to_vec(),
            ..EvalSettings::default()
        };
        let item = |id| ItemScore {
            id,
            op: Some(4 + (id % 2) as u32),
            problem: format!("{set}{id}"),
            verified: right(id),
            answers: 8,
            ..ItemScore::default()
        };
        Evaluation::from_scores(&settings, level, (0..24).map(item).collect()).unwrap()
    }

    /// Three seeds: a parent that solves a third of the problems at times, and a child.
    fn arms(sets: [&str; 3], child: fn(u64, u64) -> u32) -> Vec<(u64, Evaluation, Evaluation)> {
        let one = |(seed, set): (u64, &str)| {
            let parent = evaluation(set, "strict", &[1, 8], |id| u32::from(id % 3 == 0) * 2);
            let child = evaluation(set, "strict", &[1, 8], |id| child(seed, id));
            (seed, parent, child)
        };
        (7..).zip(sets).map(one).collect()
    }

    fn pairs(arms: &[(u64, Evaluation, Evaluation)]) -> Vec<SeedPair<'_>> {
        arms.iter()
            .map(|(seed, before, after)| SeedPair {
                seed: *seed,
                before,
                after,
            })
            .collect()
    }

    #[test]
    fn tells_crossed_problems_from_nested_ones() {
        let gain = |seed: u64, id: u64| u32::from(id.is_multiple_of(3)) * 4 + (seed % 2) as u32;
        let crossed = arms(["a"; 3], gain);
        let nested = arms(["a", "b", "c"], gain);
        let design =
            |arms: &[_], independent| OverSeeds::new(pairs(arms), independent).unwrap().design();
        assert_eq!(design(&crossed, false), SeedsDesign::Paired);
        assert_eq!(design(&crossed, true), SeedsDesign::Independent);
        assert_eq!(design(&nested, false), SeedsDesign::Nested);
        assert_eq!(design(&nested, true), SeedsDesign::Nested);
        let gain = |arms: &[_]| {
            let seeds = OverSeeds::new(pairs(arms), false).unwrap();
            seeds
                .gain(1, Measure::Verified, |item| item.op == Some(4))
                .unwrap()
        };
        let (crossed, nested) = (gain(&crossed), gain(&nested));
        assert_eq!(
            (crossed.over_seeds.problems, nested.over_seeds.problems),
            (12, 36)
        );
        assert_eq!(crossed.by_seed, nested.by_seed);
        // A third of the problems gains 2 of 8, and with odd seeds all gain 1 of 8 more.
        assert!((crossed.by_seed[1] - 1.0 / 12.0).abs() < 1e-12);
        assert!((crossed.by_seed[0] - 1.0 / 12.0 - 0.125).abs() < 1e-12);
        assert!((crossed.after - crossed.before - crossed.over_seeds.difference).abs() < 1e-12);
    }

    #[test]
    fn the_verdict_over_seeds_counts_luck_by_seed() {
        // What is solved at times is solved always, nothing else is.
        let sharper = arms(["a"; 3], |_, id| u32::from(id % 3 == 0) * 8);
        // Another third is solved at times as well.
        let wider = arms(["a"; 3], |_, id| u32::from(id % 3 < 2) * 2);
        let found = |arms: &[_]| {
            let seeds = OverSeeds::new(pairs(arms), false).unwrap();
            seeds.sharpening(Measure::Verified, |_| true).unwrap()
        };
        let (sharper, wider) = (found(&sharper), found(&wider));
        assert_eq!(sharper.change, Change::Sharpened);
        assert_eq!(sharper.newly_solved_share, Some(0.0));
        assert_eq!(wider.change, Change::Extended);
        assert_eq!(wider.newly_solved_share, Some(0.5));
        assert_eq!(wider.by_seed.len(), 3);
        assert_eq!(
            (wider.by_seed[2].unsolved, wider.by_seed[2].newly_solved),
            (16, 8)
        );
        assert!(wider.luck_share.unwrap() < 0.3, "{wider:?}");
        let same = arms(["a"; 3], |_, id| u32::from(id % 3 == 0) * 2);
        assert_eq!(found(&same).change, Change::Neither);
    }

    #[test]
    fn reports_everything_that_is_wrong() {
        let errors = |arms: &[_]| -> Vec<String> {
            let wrong = OverSeeds::new(pairs(arms), false).unwrap_err();
            wrong.iter().map(ToString::to_string).collect()
        };
        let mut several = arms(["a"; 3], |_, _| 1);
        several[2].0 = 7;
        several[1].1.items[3].problem = "other".to_owned();
        several[0].1.level = "paper".to_owned();
        several[0].2.level = "paper".to_owned();
        several[2].1.ks = vec![2];
        let found = errors(&several).join("\n");
        for part in [
            "`seeds` is 7 twice",
            "seed 8: the evaluations cannot be paired: problem 3",
            "`level` is paper, strict",
            "`ks` is without one in common",
        ] {
            assert!(found.contains(part), "{found}");
        }
        assert!(errors(&several[..1])[0].contains("`seeds` is 1; expected at least 2"));
        // Two seeds of three with the same problems are neither crossed nor nested.
        let mixed = arms(["a", "b", "a"], |_, _| 1);
        let found = errors(&mixed).join("\n");
        assert!(
            found.contains("seeds 7 and 9 have 24 of 24 and 24 problems in common"),
            "{found}"
        );
    }

    #[test]
    fn problems_in_common_widen_the_interval_in_whatever_order() {
        // The problems of a seed but for every third one, whose fingerprints all seeds have.
        let of = |common: bool| {
            let mut arms = arms(["a", "b", "c"], |seed, id| (id * 5 + seed) as u32 % 4);
            for (_, before, after) in arms.iter_mut().filter(|_| common) {
                for evaluation in [before, after] {
                    for item in evaluation
                        .items
                        .iter_mut()
                        .filter(|item| item.id.is_multiple_of(3))
                    {
                        item.problem = format!("common{}", item.id);
                    }
                }
            }
            arms
        };
        let gain = |mut arms: Vec<(u64, Evaluation, Evaluation)>| {
            arms[1].1.items.reverse();
            arms[1].2.items.reverse();
            let seeds = OverSeeds::new(pairs(&arms), false).unwrap();
            assert_eq!(seeds.design(), SeedsDesign::Nested);
            let group = |item: &ItemScore| item.id.is_multiple_of(3);
            let all = seeds.gain(1, Measure::Verified, |_| true).unwrap();
            [all, seeds.gain(1, Measure::Verified, group).unwrap()]
                .map(|gain| gain.over_seeds.high - gain.over_seeds.low)
        };
        let (common, apart) = (gain(of(true)), gain(of(false)));
        assert!(common[0] > apart[0], "{common:?} {apart:?}");
        // In a group of nothing but common problems it is that of the problems all through.
        assert!(
            common[1] / apart[1] > common[0] / apart[0],
            "{common:?} {apart:?}"
        );
    }

    #[test]
    fn a_seed_without_such_problems_is_named() {
        let arms = arms(["a", "b", "c"], |_, _| 1);
        let seeds = OverSeeds::new(pairs(&arms), false).unwrap();
        let error = seeds.gain(1, Measure::Verified, |item| item.problem.starts_with('a'));
        assert!(
            error
                .unwrap_err()
                .to_string()
                .starts_with("seed 8: there are no problems")
        );
        let error = seeds.gain(9, Measure::Verified, |_| true).unwrap_err();
        assert!(error.to_string().contains("seed 7: pass@9"), "{error}");
    }
}
