//! What a comparison has found, as the table shows it and the JSON file has it.

use interplay::eval::{Change, Evaluation, ItemScore, Measure, SeedsDesign, SeedsDifference};
use interplay::eval::{Sharpening, holm};
use serde::Serialize;

/// A comparison.
#[derive(Serialize)]
pub(super) struct Report {
    /// Version of this format.
    format: u32,
    pub(super) a: String,
    pub(super) b: String,
    pub(super) measure: Measure,
    /// The training seeds, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) seeds: Vec<u64>,
    /// How seeds and problems belong together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) design: Option<SeedsDesign>,
    /// Temperatures, k and groups that are not compared, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) verdicts: Vec<Verdict>,
}

/// One line of the table; shares of 1.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) group: String,
    pub(super) temperature: Option<f64>,
    /// B's temperature, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) b_temperature: Option<Option<f64>>,
    pub(super) k: u32,
    pub(super) problems: usize,
    pub(super) before: f64,
    pub(super) after: f64,
    pub(super) difference: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) p_value: f64,
    /// After Holm's correction over all rows.
    pub(super) p_holm: f64,
    pub(super) detectable: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) over_seeds: Option<SeedsDifference>,
    /// The difference of each seed, in the order of `seeds`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) by_seed: Vec<f64>,
}

/// What B does that A does not, at a temperature, among a group of problems.
#[derive(Serialize)]
pub(super) struct Verdict {
    pub(super) group: String,
    pub(super) temperature: Option<f64>,
    /// B's temperature, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) b_temperature: Option<Option<f64>>,
    pub(super) change: Change,
    /// Whether pass@k at the largest k fell, whatever the change is.
    pub(super) narrowed: bool,
    /// Of the problems that A never solved, the share that B solves; over seeds, its mean.
    pub(super) newly_solved_share: Option<f64>,
    /// The share that luck would give.
    pub(super) luck_share: Option<f64>,
    /// The run, or that of each seed.
    pub(super) runs: Vec<RunVerdict>,
}

/// What B solves and A does not, in one run.
#[derive(Serialize)]
pub(super) struct RunVerdict {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<u64>,
    /// The change of this run alone.
    pub(super) change: Change,
    /// Whether pass@k at the largest k fell in this run alone.
    pub(super) narrowed: bool,
    /// The number of A's completions of a problem.
    pub(super) completions: u32,
    /// The tries that `newly_solved` and `luck` are of: those of the arm with fewer.
    pub(super) tries: u32,
    /// How many problems A never solved.
    pub(super) unsolved: usize,
    /// How many of these B solves in as many tries.
    pub(super) newly_solved: f64,
    /// How many of these luck would solve.
    pub(super) luck: f64,
    pub(super) luck_p_value: f64,
    /// How many problems A solved.
    pub(super) solved: usize,
    /// How many of these B never solves.
    pub(super) lost: usize,
}

impl Report {
    pub(super) fn new([a, b]: [&str; 2], measure: Measure) -> Self {
        Self {
            format: 1,
            a: a.to_owned(),
            b: b.to_owned(),
            measure,
            seeds: Vec::new(),
            design: None,
            left_out: Vec::new(),
            rows: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    /// Notes what is not compared, each once.
    pub(super) fn leave_out(&mut self, names: Vec<String>) {
        for name in names {
            if !self.left_out.contains(&name) {
                self.left_out.push(name);
            }
        }
    }

    /// Adjusts the p-values for the number of rows.
    pub(super) fn adjust(&mut self) {
        let p_values: Vec<f64> = self.rows.iter().map(|row| row.p_value).collect();
        for (row, adjusted) in self.rows.iter_mut().zip(holm(&p_values)) {
            row.p_holm = adjusted;
        }
    }
}

impl RunVerdict {
    pub(super) fn new(
        (before, after): (&Evaluation, &Evaluation),
        measure: Measure,
        found: &Sharpening,
        holds: impl Fn(&ItemScore) -> bool,
    ) -> Self {
        let solved = |item: &ItemScore| measure.of(item) > 0;
        let pairs = before.items.iter().zip(&after.items);
        let lost = |(one, two): &(&ItemScore, &ItemScore)| solved(one) && !solved(two);
        let lost = pairs.filter(|(one, _)| holds(one)).filter(lost).count();
        let problems = found.pass_1.problems;
        Self {
            seed: None,
            change: found.change,
            narrowed: found.narrowed,
            completions: before.completions,
            tries: found.tries,
            unsolved: found.unsolved,
            newly_solved: found.newly_solved_in_tries,
            luck: found.luck_share * problems as f64,
            luck_p_value: found.luck_p_value,
            solved: problems - found.unsolved,
            lost,
        }
    }

    /// Of the problems that A never solved, the share that B solves.
    pub(super) fn newly_solved_share(&self) -> Option<f64> {
        let share = self.newly_solved / self.unsolved as f64;
        Some(share).filter(|_| self.unsolved > 0)
    }

    /// The share that luck would give.
    pub(super) fn luck_share(&self) -> Option<f64> {
        let share = (self.luck / self.unsolved as f64).min(1.0);
        Some(share).filter(|_| self.unsolved > 0)
    }
}

/// The temperature of B, where it is not that of A.
pub(super) fn other_temperature(before: &Evaluation, after: &Evaluation) -> Option<Option<f64>> {
    (before.temperature != after.temperature).then_some(after.temperature)
}
