//! The edge of competence: which difficulties are worth reinforcing.
//!
//! Source: arXiv 2512.07783, section 5: reinforcement learning extends what a model can do where
//! pass@1 is low and pass@k is above zero. Easier problems only get sharper, and harder ones
//! give no signal. Gelman et al. 2013, "Bayesian Data Analysis", 2.4, for the posterior of a share
//! under Jeffreys' prior Beta(1/2, 1/2).
//! Deviations: the published edge compares estimates with bare thresholds; at 24 problems a true
//! pass@16 of 0.2 would then pass "> 0.3" in one run of eleven. Here an op is placed where the
//! posterior puts `confidence` on the right side of each threshold that matters, and is undecided
//! otherwise. The posterior's sample size is the effective one of the interval (`pass_at_k.rs`),
//! so that problems, not samples, count.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::pass_at_k::effective_samples;
use crate::quantiles::beta_cdf;
use crate::{EvalError, Evaluation, pass_at_k};

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
    /// How probable it must be, from 0.5 to below 1, that an op is on its side of a threshold.
    pub confidence: f64,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            k: 32,
            pass_at_1_below: 0.5,
            pass_at_k_above: 0.1,
            confidence: 0.9,
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
    /// The problems at hand do not tell.
    Undecided,
}

impl Placement {
    /// The name in files and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mastered => "mastered",
            Self::Edge => "edge",
            Self::Beyond => "beyond",
            Self::Undecided => "undecided",
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
    /// The probability that pass@1 lies below its threshold; none in files of versions that
    /// compared estimates.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub below_pass_1: Option<f64>,
    /// The probability that pass@k lies above its threshold; none as above.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub above_pass_k: Option<f64>,
    /// How many problems would decide an undecided op if more of them gave the same pass@1 and
    /// pass@k; none where it is decided, or where a million would not do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problems_to_decide: Option<usize>,
}

impl OpPlacement {
    /// The probability that the op lies at the edge, both thresholds taken as independent.
    fn edge_probability(&self) -> f64 {
        self.below_pass_1.unwrap_or(0.0) * self.above_pass_k.unwrap_or(0.0)
    }

    /// Whether the edge is its most probable placement.
    fn rather_at_edge(&self) -> bool {
        let above = |probability: Option<f64>| probability.is_some_and(|found| found > 0.5);
        above(self.below_pass_1) && above(self.above_pass_k)
    }
}

/// Where the edge of competence lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeReport {
    /// The settings it was found with.
    pub settings: EdgeSettings,
    /// The difficulties at the edge, ascending: those decided to be there, or where there are none,
    /// the undecided one that is most probably there. Possibly none.
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
/// Thresholds outside 0 to 1, a confidence outside 0.5 to 1, or a `k` (or 1) that the evaluation has
/// no pass@k for.
pub fn edge_of_competence(
    evaluation: &Evaluation,
    settings: EdgeSettings,
) -> Result<EdgeReport, EvalError> {
    settings.validate()?;
    let mut by_op = Vec::with_capacity(evaluation.by_op.len());
    for (op, cell) in &evaluation.by_op {
        let at = |k| {
            let missing = || EvalError::Setting {
                setting: "ks",
                found: format!("{:?}", evaluation.ks),
                expected: format!("1 and {k} among them"),
            };
            let pass = cell.verified_at(k).ok_or_else(missing)?;
            let of_op = evaluation.items.iter().filter(|item| item.op == Some(*op));
            let score = |verified| pass_at_k(evaluation.completions, verified, k);
            let scores: Vec<f64> = of_op.map(|item| score(item.verified)).collect();
            Ok::<_, EvalError>((pass.estimate, effective_samples(&scores)))
        };
        by_op.push(settings.place(*op, cell.problems, [at(1)?, at(settings.k)?]));
    }
    let ops = choose(&by_op);
    let reason = explain(&ops, &by_op, settings);
    Ok(EdgeReport {
        settings,
        ops,
        by_op,
        reason,
    })
}

/// The most problems that are asked for to decide an op.
const MOST_PROBLEMS: usize = 1_000_000;

impl EdgeSettings {
    fn validate(&self) -> Result<(), EvalError> {
        let wrong = |setting, value: f64, expected: &str| EvalError::Setting {
            setting,
            found: value.to_string(),
            expected: expected.to_owned(),
        };
        for (setting, value) in [
            ("pass_at_1_below", self.pass_at_1_below),
            ("pass_at_k_above", self.pass_at_k_above),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(wrong(setting, value, "from 0 to 1"));
            }
        }
        match (0.5..1.0).contains(&self.confidence) {
            true => Ok(()),
            false => Err(wrong("confidence", self.confidence, "from 0.5 to below 1")),
        }
    }

    /// Places an op by its estimates of pass@1 and pass@k with their effective sample sizes.
    fn place(&self, op: u32, problems: usize, passes: [(f64, f64); 2]) -> OpPlacement {
        let [(pass_1, _), (pass_k, _)] = passes;
        let [below_pass_1, above_pass_k] = self.probabilities(passes, 1.0);
        let placement = self.decide(below_pass_1, above_pass_k);
        let decided_by = |problems_then: usize| {
            let more = problems_then as f64 / problems as f64;
            let [below, above] = self.probabilities(passes, more);
            self.decide(below, above) != Placement::Undecided
        };
        let problems_to_decide = match placement {
            Placement::Undecided => first_that(problems, decided_by),
            _ => None,
        };
        OpPlacement {
            op,
            problems,
            pass_1,
            pass_k,
            placement,
            below_pass_1: Some(below_pass_1),
            above_pass_k: Some(above_pass_k),
            problems_to_decide,
        }
    }

    /// The probabilities that pass@1 is below and pass@k above its threshold, from `more` times as
    /// many problems.
    fn probabilities(&self, passes: [(f64, f64); 2], more: f64) -> [f64; 2] {
        // No posterior is on the far side of 0 or 1: a threshold there is compared with the estimate.
        let at_end = |threshold: f64| threshold <= 0.0 || threshold >= 1.0;
        let below = |(pass, size): (f64, f64), threshold| {
            let size = size * more;
            beta_cdf(pass * size + 0.5, (1.0 - pass) * size + 0.5, threshold)
        };
        let (first, last) = (self.pass_at_1_below, self.pass_at_k_above);
        let sure = |holds| f64::from(u8::from(holds));
        let below_pass_1 = match at_end(first) {
            true => sure(passes[0].0 < first),
            false => below(passes[0], first),
        };
        let above_pass_k = match at_end(last) {
            true => sure(passes[1].0 > last),
            false => 1.0 - below(passes[1], last),
        };
        [below_pass_1, above_pass_k]
    }

    fn decide(&self, below_pass_1: f64, above_pass_k: f64) -> Placement {
        let sure = |probability: f64| probability >= self.confidence;
        match () {
            () if sure(1.0 - below_pass_1) => Placement::Mastered,
            () if sure(below_pass_1) && sure(above_pass_k) => Placement::Edge,
            () if sure(below_pass_1) && sure(1.0 - above_pass_k) => Placement::Beyond,
            () => Placement::Undecided,
        }
    }
}

/// The smallest number of problems above `from` for which `decided` holds.
fn first_that(from: usize, decided: impl Fn(usize) -> bool) -> Option<usize> {
    let mut enough = from + 1;
    while !decided(enough) {
        if enough >= MOST_PROBLEMS {
            return None;
        }
        enough = (enough * 2).min(MOST_PROBLEMS);
    }
    let mut too_few = from.max(enough / 2);
    while enough - too_few > 1 {
        let middle = (too_few + enough) / 2;
        match decided(middle) {
            true => enough = middle,
            false => too_few = middle,
        }
    }
    Some(enough)
}

/// The op decided to be at the edge, or else the undecided one that is most probably there.
fn choose(by_op: &[OpPlacement]) -> Vec<u32> {
    let decided = by_op.iter().filter(|op| op.placement == Placement::Edge);
    let ops: Vec<u32> = decided.map(|op| op.op).collect();
    if !ops.is_empty() {
        return ops;
    }
    let mut likely: Vec<&OpPlacement> = by_op
        .iter()
        .filter(|op| op.placement == Placement::Undecided && op.rather_at_edge())
        .collect();
    likely.sort_by(|a, b| b.edge_probability().total_cmp(&a.edge_probability()));
    likely.first().map(|op| op.op).into_iter().collect()
}

fn explain(ops: &[u32], by_op: &[OpPlacement], settings: EdgeSettings) -> String {
    let EdgeSettings {
        k,
        pass_at_1_below,
        pass_at_k_above,
        confidence,
    } = settings;
    let list: Vec<String> = ops.iter().map(u32::to_string).collect();
    let rule = format!("verified pass@1 < {pass_at_1_below} and pass@{k} > {pass_at_k_above}");
    let count = |placement| by_op.iter().filter(|op| op.placement == placement).count();
    let mastered = count(Placement::Mastered);
    let undecided = count(Placement::Undecided);
    let choice = match ops {
        [] if mastered == by_op.len() => {
            format!("no op is at the edge ({rule}): all are solved too often; try harder problems")
        }
        [] if mastered == 0 && undecided == 0 => {
            format!(
                "no op is at the edge ({rule}): none is solved often enough; train longer first or try easier problems"
            )
        }
        [] => format!("no op is at the edge ({rule}): each is solved too often or next to never"),
        [op] if count(Placement::Edge) == 0 => {
            format!("op {op} is most probably at the edge ({rule}), undecided at {confidence}")
        }
        _ => format!("op {} at the edge: {rule}", list.join(", ")),
    };
    match undecided {
        0 => choice,
        _ => choice + &more_problems(by_op),
    }
}

/// What would decide the undecided op.
fn more_problems(by_op: &[OpPlacement]) -> String {
    let undecided = by_op
        .iter()
        .filter(|op| op.placement == Placement::Undecided);
    let each: Vec<String> = undecided
        .map(|op| match op.problems_to_decide {
            Some(number) => format!("op {} with about {number} problems", op.op),
            None => format!("op {} lies on a threshold", op.op),
        })
        .collect();
    format!("; undecided, and what would decide: {}", each.join(", "))
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
        let evaluation = evaluation(&[
            (2, &[8, 7].repeat(12)),
            (3, &[2, 1].repeat(12)),
            (4, &[1, 0].repeat(12)),
            (5, &[0, 0].repeat(12)),
        ]);
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
    fn few_problems_leave_an_op_undecided() {
        let few = evaluation(&[(3, &[8, 0]), (4, &[1, 0])]);
        let settings = EdgeSettings {
            k: 8,
            pass_at_1_below: 0.4,
            ..EdgeSettings::default()
        };
        let report = edge_of_competence(&few, settings).unwrap();
        assert_eq!(report.by_op[1].placement, Placement::Undecided);
        assert_eq!(report.ops, [4], "{}", report.reason);
        assert!(report.reason.contains("op 4 is most probably at the edge"));
        let needed = report.by_op[1].problems_to_decide.unwrap();
        assert!((3..40).contains(&needed), "{needed}");
        let many = evaluation(&[(4, &[1, 0].repeat(needed.div_ceil(2)))]);
        let report = edge_of_competence(&many, settings).unwrap();
        assert_eq!(report.by_op[0].placement, Placement::Edge);
        assert_eq!(report.by_op[0].problems_to_decide, None);
    }

    #[test]
    fn thresholds_of_0_and_1_are_compared_with_the_estimates() {
        let evaluation = evaluation(&[(2, &[8; 24]), (3, &[4; 24]), (4, &[0; 24])]);
        let settings = EdgeSettings {
            k: 8,
            pass_at_1_below: 1.0,
            pass_at_k_above: 0.0,
            ..EdgeSettings::default()
        };
        let report = edge_of_competence(&evaluation, settings).unwrap();
        use Placement::{Beyond, Edge, Mastered};
        let placements: Vec<_> = report.by_op.iter().map(|op| op.placement).collect();
        assert_eq!(placements, [Mastered, Edge, Beyond]);
    }

    #[test]
    fn reads_reports_without_confidence() {
        let old = r#"{"settings":{"k":8,"pass_at_1_below":0.5,"pass_at_k_above":0.1},"ops":[3],
            "by_op":[{"op":3,"problems":2,"pass_1":0.2,"pass_k":0.5,"placement":"edge"}],
            "reason":"op 3 at the edge"}"#;
        let report: EdgeReport = serde_json::from_str(old).unwrap();
        assert_eq!(report.settings.confidence, 0.9);
        assert_eq!(report.by_op[0].below_pass_1, None);
    }

    /// One op with `problems` problems of 16 samples at one rate: the share of each placement.
    fn placements(rate: f64, problems: u32, settings: EdgeSettings) -> impl Fn(Placement) -> f64 {
        let mut draws = crate::draws::Draws::new(9);
        let mut found = Vec::new();
        for _ in 0..400 {
            let mut right = |_| {
                (0..16)
                    .filter(|_| draws.below(1 << 30) as f64 / f64::from(1 << 30) < rate)
                    .count() as u32
            };
            let item = |id, verified| ItemScore {
                id,
                op: Some(5),
                verified,
                answers: 16,
                ..ItemScore::default()
            };
            let items = (0..problems).map(|id| item(u64::from(id), right(id)));
            let wanted = EvalSettings {
                completions: 16,
                ks: vec![1, 16],
                ..EvalSettings::default()
            };
            let evaluation = Evaluation::from_scores(&wanted, "strict", items.collect()).unwrap();
            let report = edge_of_competence(&evaluation, settings).unwrap();
            found.push(report.by_op[0].placement);
        }
        move |placement| found.iter().filter(|one| **one == placement).count() as f64 / 400.0
    }

    #[test]
    fn errs_more_rarely_than_bare_thresholds() {
        let settings = EdgeSettings {
            k: 16,
            pass_at_k_above: 0.3,
            ..EdgeSettings::default()
        };
        // pass@16 of 0.2 and of 0.4 beside a threshold of 0.3: bare thresholds err in 9 % and 19 %.
        let rate = |pass: f64| 1.0 - (1.0 - pass).powf(1.0 / 16.0);
        let below = placements(rate(0.2), 24, settings);
        assert!(below(Placement::Edge) <= 0.03, "{}", below(Placement::Edge));
        let above = placements(rate(0.4), 24, settings);
        assert!(
            above(Placement::Beyond) <= 0.03,
            "{}",
            above(Placement::Beyond)
        );
        // On the threshold itself, each side errs in at most 10 %, and the edge stays open.
        let on = placements(rate(0.3), 24, settings);
        for wrong in [Placement::Edge, Placement::Beyond] {
            assert!(on(wrong) <= 0.1 + 0.03, "{wrong}: {}", on(wrong));
        }
        // Many problems decide.
        assert!(placements(rate(0.4), 400, settings)(Placement::Edge) > 0.97);
        assert!(placements(rate(0.2), 400, settings)(Placement::Beyond) > 0.97);
        assert!(placements(0.6, 100, settings)(Placement::Mastered) > 0.97);
    }

    #[test]
    fn placements_are_written_as_in_files() {
        use Placement::{Beyond, Edge, Mastered, Undecided};
        for placement in [Mastered, Edge, Beyond, Undecided] {
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
        let easy = report(&[(2, &[8; 24]), (3, &[8; 24])]);
        assert!(easy.ops.is_empty() && easy.reason.contains("harder"));
        assert_eq!(easy.nearest(), Some(3));
        let hard = report(&[(2, &[0; 24]), (3, &[0; 24])]);
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
            ..EdgeSettings::default()
        };
        assert!(edge_of_competence(&evaluation, settings).is_err());
        let settings = EdgeSettings {
            k: 8,
            confidence: 1.0,
            ..EdgeSettings::default()
        };
        let error = edge_of_competence(&evaluation, settings).unwrap_err();
        assert!(error.to_string().contains("`confidence` is 1"), "{error}");
    }
}
