//! Whether what is known of a model before RL predicts what RL gains.
//!
//! Two quantities are said to predict it: the entropy of the policy that RL starts from (Cui et al. 2025, arXiv
//! 2505.22617) and the problems that it never solves (Yue et al. 2025, arXiv 2504.13837). The arms of a study test
//! that: within each seed, the arms with more of the one should gain more, or less, of the other.
//!
//! Deviations: problems that are unsolved by bad luck are solved more often afterwards, whatever RL does, so one half of
//! the problems says what is unsolved and the other half what is gained.

use std::path::Path;

use interplay_eval::{Band, Evaluation, ItemScore, RankCorrelation, holm, pass_at_k};
use serde::{Deserialize, Serialize};

use super::arm::Arm;
use super::collected::{Collected, outer_ks};
use crate::error::InterplayError;
use crate::metrics_file::read_metrics;
use crate::stage::StageKind;

/// The fewest arms of RL that are correlated.
const ARMS: usize = 4;
/// Permutations of a test, and the stream that they come from.
const PERMUTATIONS: (u32, u64) = (9_999, 1);

/// What is known of a model before RL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Predictor {
    /// The entropy of the policy in the first update of RL, in nats a token, over the completions that take part in it:
    /// groups without an advantage are left out where the recipe filters them.
    Entropy,
    /// The share of the band's problems that no completion solves.
    Unsolved,
}

impl Predictor {
    /// Both.
    const ALL: [Self; 2] = [Self::Entropy, Self::Unsolved];

    /// What it is, for a reader.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Entropy => "entropy of the first update",
            Self::Unsolved => "share of problems never solved",
        }
    }
}

/// The rank correlation of a predictor with the gain of RL, over the study's arms of RL within seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GainPredictor {
    /// What is known before.
    pub predictor: Predictor,
    /// The band.
    pub group: String,
    /// The gain is in verified pass@k at this k, over the model that the arm starts from.
    pub k: u32,
    /// The arms of RL.
    pub arms: usize,
    /// The correlation.
    pub correlation: RankCorrelation,
    /// Its p-value after Holm's correction over all correlations of the study.
    pub p_holm: f64,
}

/// An arm of RL with one seed.
struct Case<'a> {
    seed: u64,
    entropy: Option<f64>,
    before: &'a Evaluation,
    after: &'a Evaluation,
}

/// The correlations of a study; none where it has few arms of RL.
pub(super) fn predictors(
    collected: &Collected<'_>,
    folder: &Path,
    arms: &[Arm],
    temperature: f64,
) -> Result<Vec<GainPredictor>, InterplayError> {
    let (mut cases, mut number) = (Vec::new(), 0);
    for arm in arms {
        let of_arm = cases_of(collected, folder, arm, temperature)?;
        number += usize::from(!of_arm.is_empty());
        cases.extend(of_arm);
    }
    let Some(first) = cases.first().filter(|_| number >= ARMS) else {
        return Ok(Vec::new());
    };
    let ks = outer_ks(first.after);
    let mut all = Vec::new();
    for predictor in Predictor::ALL {
        for band in Band::ALL.map(Band::name) {
            for k in &ks {
                let pairs = cases
                    .iter()
                    .filter_map(|case| case.pair(predictor, band, *k));
                let (permutations, stream) = PERMUTATIONS;
                if let Some(correlation) = RankCorrelation::within(pairs, permutations, stream) {
                    all.push(GainPredictor {
                        predictor,
                        group: band.to_owned(),
                        k: *k,
                        arms: number,
                        correlation,
                        p_holm: 1.0,
                    });
                }
            }
        }
    }
    let p_values: Vec<f64> = all.iter().map(|one| one.correlation.p_value).collect();
    for (one, adjusted) in all.iter_mut().zip(holm(&p_values)) {
        one.p_holm = adjusted;
    }
    Ok(all)
}

/// An arm with each seed, if it is one of RL whose start is evaluated too.
fn cases_of<'a>(
    collected: &Collected<'a>,
    folder: &Path,
    arm: &Arm,
    temperature: f64,
) -> Result<Vec<Case<'a>>, InterplayError> {
    let mut cases = Vec::new();
    let after = collected.at(arm, temperature);
    for (seed, stage) in collected
        .of(arm)
        .filter(|(_, stage)| stage.kind == StageKind::Grpo)
    {
        let Some(from) = &stage.from else {
            continue;
        };
        let start = Arm {
            variant: arm.variant.clone(),
            stage: from.clone(),
        };
        let before = collected.at(&start, temperature);
        let of_seed = |all: &[(u64, &'a Evaluation)]| {
            let found = all.iter().find(|(of, _)| *of == seed);
            found.map(|(_, evaluation)| *evaluation)
        };
        let (Some(before), Some(after)) = (of_seed(&before), of_seed(&after)) else {
            continue;
        };
        let Some(run) = collected.run(arm, seed) else {
            continue;
        };
        let metrics = run.folder(folder).join(&arm.stage).join("metrics.jsonl");
        let first = read_metrics(&metrics)?;
        cases.push(Case {
            seed,
            entropy: first.first().and_then(|line| line.get("entropy")?.as_f64()),
            before,
            after,
        });
    }
    Ok(cases)
}

impl Case<'_> {
    /// The seed, the predictor and the gain in a band; none of a band without problems.
    fn pair(&self, predictor: Predictor, band: &str, k: u32) -> Option<(u64, f64, f64)> {
        let solved = |found: &Evaluation, part| {
            let score = |item: &ItemScore| pass_at_k(found.completions, item.verified, k);
            mean(found, band, part, score)
        };
        let gain = |part| Some(solved(self.after, part)? - solved(self.before, part)?);
        Some(match predictor {
            Predictor::Entropy => (self.seed, self.entropy?, gain(Part::Whole)?),
            // Problems left unsolved by bad luck are solved more often afterwards, so other problems measure the gain.
            Predictor::Unsolved => {
                let unsolved = |item: &ItemScore| f64::from(item.verified == 0);
                let known = mean(self.before, band, Part::Even, unsolved)?;
                (self.seed, known, gain(Part::Odd)?)
            }
        })
    }
}

/// Which problems of a band.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// The first, the third, ...
    Even,
    /// The second, the fourth, ...
    Odd,
}

/// The mean over a part of a band; none without problems.
fn mean(found: &Evaluation, band: &str, part: Part, of: impl Fn(&ItemScore) -> f64) -> Option<f64> {
    let items = found.items.iter();
    let items = items.filter(|item| item.band.as_deref() == Some(band));
    let taken = |(index, _): &(usize, &ItemScore)| match part {
        Part::Whole => true,
        Part::Even => index % 2 == 0,
        Part::Odd => index % 2 == 1,
    };
    let values: Vec<f64> = items
        .enumerate()
        .filter(taken)
        .map(|(_, item)| of(item))
        .collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use interplay_eval::EvalSettings;

    use super::*;

    /// Four problems at the edge with so many of eight completions solved.
    fn evaluation(verified: [u32; 4]) -> Evaluation {
        let settings = EvalSettings {
            completions: 8,
            ks: vec![1, 8],
            ..EvalSettings::default()
        };
        let item = |(id, verified): (u64, u32)| ItemScore {
            id,
            op: Some(7),
            band: Some(Band::Edge.name().to_owned()),
            verified,
            answers: verified,
            ..ItemScore::default()
        };
        let items = (0..).zip(verified).map(item).collect();
        Evaluation::from_scores(&settings, "strict", items).unwrap()
    }

    #[test]
    fn unsolved_problems_and_the_gain_are_of_different_halves() {
        let (before, after) = (evaluation([0, 8, 4, 0]), evaluation([8, 8, 8, 4]));
        let case = Case {
            seed: 7,
            entropy: Some(0.25),
            before: &before,
            after: &after,
        };
        // Of the first and the third one is unsolved; the second and the fourth gain 0 and 4 of 8.
        assert_eq!(
            case.pair(Predictor::Unsolved, "edge", 1),
            Some((7, 0.5, 0.25))
        );
        // All four gain 8, 0, 4 and 4 of 8.
        assert_eq!(
            case.pair(Predictor::Entropy, "edge", 1),
            Some((7, 0.25, 0.5))
        );
        assert_eq!(case.pair(Predictor::Entropy, "hard", 1), None);
    }
}
