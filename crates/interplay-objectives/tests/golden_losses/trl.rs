//! `trl_loss.json`.

use interplay_objectives::loss::{
    Aggregation, Beyond, ClipRange, Correction, Level, LossAndSlopes, LossStats, Mismatch,
    PolicyLoss, Sapo, Surrogate, TokenBatch, token_weights,
};
use serde_json::Value;

use crate::data::{
    Batch, Tally, all_near, check_known, golden, list, near, numbers, only, setting, wide,
};

const KNOWN: [&str; 22] = [
    "loss_type",
    "mask_truncated_completions",
    "importance_sampling_level",
    "epsilon",
    "epsilon_high",
    "delta",
    "sapo_temperature_pos",
    "sapo_temperature_neg",
    "beta",
    "use_bias_correction_kl",
    "use_vllm",
    "vllm_importance_sampling_mode",
    "vllm_importance_sampling_clip_max",
    "vllm_importance_sampling_clip_min",
    "entropy_coef",
    "gradient_accumulation_steps",
    "steps_per_generation",
    // Of cases without a counterpart.
    "off_policy_mask_threshold",
    "top_entropy_quantile",
    "vespo_k_pos",
    "vespo_lambda_pos",
    "vespo_k_neg",
];
const KNOWN_VESPO: [&str; 1] = ["vespo_lambda_neg"];

/// TRL's mask drops tokens by the current policy at each pass; the trainer has no such filter.
const OFF_POLICY: &str = "off_policy_mask_threshold: no filter by the current policy here";
const TOP_ENTROPY: &str = "top_entropy_quantile: no choice of tokens by entropy here";
const VESPO: &str = "vespo: not among our surrogates";

/// The settings of a case.
struct Case {
    name: String,
    loss: PolicyLoss,
    aggregation: Aggregation,
    correction: Option<Correction>,
    entropy_coefficient: f64,
    /// Micro-batches, and how many make a step.
    parts: usize,
    steps: usize,
}

fn surrogate(settings: &Value) -> (Surrogate, Aggregation) {
    let temperatures = Sapo {
        positive: setting(settings, "sapo_temperature_pos", 1.0),
        negative: setting(settings, "sapo_temperature_neg", 1.05),
    };
    match settings["loss_type"].as_str().expect("a loss type") {
        "grpo" => (Surrogate::Clip, Aggregation::Grpo),
        "bnpo" => (Surrogate::Clip, Aggregation::Bnpo),
        "dr_grpo" => (Surrogate::Clip, Aggregation::DrGrpo),
        "dapo" => (Surrogate::Clip, Aggregation::Dapo),
        "luspo" => (Surrogate::Clip, Aggregation::SequenceSum),
        "cispo" => (Surrogate::Cispo, Aggregation::Dapo),
        "sapo" => (Surrogate::Sapo(temperatures), Aggregation::Grpo),
        other => panic!("unknown loss type {other}"),
    }
}

fn correction(settings: &Value) -> Option<Correction> {
    let mode = settings["vllm_importance_sampling_mode"].as_str();
    let (level, beyond) = match mode.unwrap_or("sequence_mask") {
        "token_truncate" => (Level::Token, Beyond::Truncate),
        "token_mask" => (Level::Token, Beyond::Mask),
        "sequence_truncate" => (Level::Sequence, Beyond::Truncate),
        "sequence_mask" => (Level::Sequence, Beyond::Mask),
        other => panic!("unknown mode {other}"),
    };
    (settings["use_vllm"] == true).then(|| Correction {
        level,
        beyond,
        max: setting(settings, "vllm_importance_sampling_clip_max", 3.0),
        min: setting(settings, "vllm_importance_sampling_clip_min", 0.0),
        ..Correction::default()
    })
}

impl Case {
    fn read(case: &Value) -> Self {
        let settings = &case["setting"];
        let (surrogate, aggregation) = surrogate(settings);
        let low = setting(settings, "epsilon", 0.2);
        let high = setting(settings, "epsilon_high", low);
        let (low, high) = match surrogate {
            // The bound itself, and none below.
            Surrogate::Cispo => (1.0, high - 1.0),
            _ => (low, high),
        };
        let ratio_level = match settings["importance_sampling_level"] == "sequence" {
            true => Level::Sequence,
            false => Level::Token,
        };
        let steps = setting(settings, "gradient_accumulation_steps", 1.0);
        Self {
            name: format!("{} {settings} {}", case["batch"], case["on_policy"]),
            loss: PolicyLoss {
                surrogate,
                ratio_level,
                clip: ClipRange {
                    low,
                    high,
                    delta: settings["delta"].as_f64(),
                },
                kl_coefficient: setting(settings, "beta", 0.0),
                kl_ratio_factor: settings["use_bias_correction_kl"] != false,
                ..PolicyLoss::default()
            },
            aggregation,
            correction: correction(settings),
            entropy_coefficient: setting(settings, "entropy_coef", 0.0),
            parts: setting(settings, "steps_per_generation", steps) as usize,
            steps: steps as usize,
        }
    }

    /// The weights of a micro-batch of a batch of `total` tokens.
    fn weights(&self, lengths: &[usize], total: usize) -> Vec<f32> {
        let own: usize = lengths.iter().sum();
        let share = match self.aggregation {
            Aggregation::Dapo => (own * self.parts) as f64 / (total * self.steps) as f64,
            _ => 1.0 / self.steps as f64,
        };
        let weights = token_weights(lengths, 16, self.aggregation);
        weights
            .into_iter()
            .map(|weight| (f64::from(weight) * share) as f32)
            .collect()
    }

    /// Our loss of a micro-batch, with TRL's value at the tokens whose ratio TRL lets grow beyond our limit.
    fn of(&self, batch: &Batch, weights: &[f32], correction: &[f64]) -> LossAndSlopes {
        let beyond =
            |token: usize| self.loss.ratio_level == Level::Token && self.beyond(batch, token);
        let mut own = weights.to_vec();
        let outside: Vec<usize> = (0..own.len()).filter(|token| beyond(*token)).collect();
        outside.iter().for_each(|token| own[*token] = 0.0);
        let narrow: Vec<f32> = correction.iter().map(|weight| *weight as f32).collect();
        let tokens = TokenBatch {
            correction: &narrow,
            ..batch.tokens(&own)
        };
        let mut found = self.loss.of(&tokens);
        for token in outside {
            assert_eq!(batch.name, "extreme", "a token beyond the limit");
            let (loss, slope) = self.unlimited(batch, token, correction.get(token).copied());
            found.loss += f64::from(weights[token]) * loss;
            found.policy[token] = (f64::from(weights[token]) * slope) as f32;
        }
        found
    }

    fn beyond(&self, batch: &Batch, token: usize) -> bool {
        let ratio = f64::from(batch.policy[token]) - f64::from(batch.old[token]);
        let reference = f64::from(batch.reference[token]) - f64::from(batch.policy[token]);
        let clip = self.loss.surrogate == Surrogate::Clip;
        let unclipped = batch.advantages[token] < 0.0 && self.loss.clip.delta.is_none();
        let penalized = self.loss.kl_coefficient > 0.0;
        clip && (ratio > 20.0 && (unclipped || penalized) || penalized && reference.abs() > 20.0)
    }

    /// TRL's clipped objective and penalty at a token, without limits.
    fn unlimited(&self, batch: &Batch, token: usize, correction: Option<f64>) -> (f64, f64) {
        let at = |values: &[f32]| f64::from(values[token]);
        let (advantage, ratio) = (
            at(&batch.advantages),
            (at(&batch.policy) - at(&batch.old)).exp(),
        );
        let bounded = ratio.clamp(1.0 - self.loss.clip.low, 1.0 + self.loss.clip.high);
        let gain = (ratio * advantage).min(bounded * advantage);
        let moves = if gain == ratio * advantage { gain } else { 0.0 };
        let weight = correction.unwrap_or(1.0);
        let log = at(&batch.reference) - at(&batch.policy);
        let (mut kl, mut kl_slope) = (log.exp() - log - 1.0, 1.0 - log.exp());
        if self.loss.kl_ratio_factor {
            (kl, kl_slope) = (ratio * kl, ratio * (kl + kl_slope));
        }
        let beta = self.loss.kl_coefficient;
        (beta * kl - weight * gain, beta * kl_slope - weight * moves)
    }
}

/// The mean over completions of sums over their tokens, to compare gradients that are spread differently.
fn by_completion(lengths: &[usize], values: &[f64]) -> Vec<f64> {
    let mut values = values.iter();
    lengths
        .iter()
        .map(|length| values.by_ref().take(*length).sum())
        .collect()
}

/// What is logged of a micro-batch.
struct Logged {
    entropy: f64,
    kl: f64,
    low: f64,
    high: f64,
    low_min: f64,
    high_max: f64,
}

impl Case {
    fn logged(&self, batch: &Batch, stats: &LossStats) -> Logged {
        let rows = batch.lengths.len();
        let each: Vec<LossStats> = (0..rows)
            .map(|row| {
                let part = batch.part(row..row + 1);
                let weights = vec![1.0; part.policy.len()];
                self.loss.of(&part.tokens(&weights)).stats
            })
            .collect();
        let some = || each.iter().filter(|stats| stats.tokens > 0);
        let count = |of: fn(&LossStats) -> u64| match self.loss.ratio_level {
            Level::Token => stats.mean(of(stats) as f64),
            // Advantages of tokens make TRL count tokens.
            _ if batch.name == "stepwise" => stats.mean(of(stats) as f64),
            // TRL takes the mean over completions, and those without tokens are not clipped.
            _ => some().map(|row| row.mean(of(row) as f64)).sum::<f64>() / rows as f64,
        };
        let low = some().map(|row| row.mean(row.clipped_low as f64));
        let high = some().map(|row| row.mean(row.clipped_high as f64));
        // The mean estimate, weighted with the ratio where it is.
        let tokens = batch.policy.len();
        let (none, weights) = (vec![0.0; tokens], vec![1.0 / tokens as f32; tokens]);
        let divergence = PolicyLoss {
            surrogate: Surrogate::None,
            ..self.loss
        };
        let kl = divergence
            .of(&TokenBatch {
                advantages: &none,
                ..batch.tokens(&weights)
            })
            .loss;
        Logged {
            entropy: stats.mean(stats.entropy),
            kl: kl / self.loss.kl_coefficient,
            low: count(|stats| stats.clipped_low),
            high: count(|stats| stats.clipped_high),
            low_min: low.fold(f64::INFINITY, f64::min),
            high_max: high.fold(0.0, f64::max),
        }
    }

    fn check_metrics(&self, metrics: &Value, logged: &[Logged], policy_loss: f64) {
        let mean =
            |of: fn(&Logged) -> f64| logged.iter().map(of).sum::<f64>() / logged.len() as f64;
        for (name, value) in metrics.as_object().expect("metrics") {
            let found = match name.as_str() {
                "entropy" => mean(|part| part.entropy),
                // TRL lets both the ratio and the estimate grow there.
                "kl" if self.name.starts_with("\"extreme") => continue,
                "kl" => mean(|part| part.kl),
                "clip_ratio/low_mean" => mean(|part| part.low),
                "clip_ratio/high_mean" | "cispo_clip_ratio" => mean(|part| part.high),
                "clip_ratio/region_mean" => mean(|part| part.low + part.high),
                "clip_ratio/low_min" => mean(|part| part.low_min),
                "clip_ratio/high_max" => mean(|part| part.high_max),
                "policy_loss" => policy_loss,
                "entropy_coef" => self.entropy_coefficient,
                sampling if sampling.starts_with("sampling/") => continue,
                other => panic!("unknown metric {other}"),
            };
            near(
                found,
                value.as_f64().expect("a number"),
                &format!("{}: {name}", self.name),
            );
        }
    }

    /// Compares the weights of the correction and their statistics.
    fn check_correction(&self, case: &Value, batch: &Batch, kept: &[bool]) -> Vec<f64> {
        let Some(correction) = self.correction else {
            assert!(case["importance_sampling_ratio"].is_null());
            return Vec::new();
        };
        let weights = correction.weights(&batch.lengths, &batch.old, &batch.sampled);
        let theirs = only(&numbers(&case["importance_sampling_ratio"]), kept);
        all_near(&weights, &theirs, &self.name);
        let rows: Vec<f64> = match correction.level {
            Level::Token => weights.clone(),
            _ => {
                let sums = by_completion(&batch.lengths, &weights);
                let pairs = sums.iter().zip(&batch.lengths);
                pairs.map(|(sum, length)| sum / *length as f64).collect()
            }
        };
        let mismatch = Mismatch::of(&batch.old, &batch.sampled);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let max = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        let min = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
        for (name, found) in [
            (
                "sampling_logp_difference/mean",
                mismatch.mean(mismatch.difference),
            ),
            ("sampling_logp_difference/max", mismatch.difference_max),
            ("importance_sampling_ratio/min", min(&rows)),
            ("importance_sampling_ratio/mean", mean(&rows)),
            ("importance_sampling_ratio/max", max(&rows)),
        ] {
            let expected = case["metrics"][format!("sampling/{name}")].as_f64();
            near(
                found,
                expected.expect(name),
                &format!("{}: {name}", self.name),
            );
        }
        // TRL's own, which are not limited from below.
        theirs
    }
}

fn compare(json: &Value) {
    let case = Case::read(json);
    let mut batch = Batch::find(&json["batch"]);
    if json["on_policy"] == true {
        batch.old = batch.policy.clone();
    }
    let masked = json["setting"]["mask_truncated_completions"] == true;
    let kept = if masked {
        batch.whole()
    } else {
        vec![true; batch.policy.len()]
    };
    let batch = batch.only(&kept);
    let correction = case.check_correction(json, &batch, &kept);
    let (mut losses, mut slopes, mut entropy, mut logged) = (vec![], vec![], vec![], vec![]);
    let (mut policy_loss, rows) = (0.0, batch.lengths.len() / case.parts);
    for part in 0..case.parts {
        let micro = batch.part(part * rows..(part + 1) * rows);
        let weights = case.weights(&micro.lengths, batch.policy.len());
        let range = slopes.len()..slopes.len() + micro.policy.len();
        let found = case.of(&micro, &weights, correction.get(range).unwrap_or_default());
        // TRL's bonus is a token mean whatever the aggregation: ours with the weights of `bnpo`.
        let tokens = token_weights(&micro.lengths, 16, Aggregation::Bnpo);
        let tokens: Vec<f32> = tokens
            .iter()
            .map(|weight| weight / case.steps as f32)
            .collect();
        let none = vec![0.0; micro.policy.len()];
        let bonus = PolicyLoss {
            entropy_coefficient: case.entropy_coefficient,
            ..PolicyLoss::default()
        };
        let bonus = bonus.of(&TokenBatch {
            advantages: &none,
            ..micro.tokens(&tokens)
        });
        policy_loss += found.loss * case.steps as f64 / case.parts as f64;
        losses.push(found.loss + bonus.loss);
        slopes.extend(wide(&found.policy));
        entropy.extend(wide(&bonus.entropy));
        logged.push(case.logged(&micro, &found.stats));
    }
    near(
        losses.iter().sum(),
        json["loss"].as_f64().expect("a loss"),
        &case.name,
    );
    if !json["micro_losses"].is_null() {
        all_near(&losses, &numbers(&json["micro_losses"]), &case.name);
    }
    check_slopes(&case, json, &batch, &slopes, &kept);
    if case.entropy_coefficient != 0.0 {
        all_near(
            &entropy,
            &only(&numbers(&json["entropy_gradient"]), &kept),
            &case.name,
        );
    }
    case.check_metrics(&json["metrics"], &logged, policy_loss);
}

/// TRL spreads what a sequence ratio moves evenly over its tokens; here each token moves by its own advantage
/// and penalty (GSPO-token), which sums to the same.
fn check_slopes(case: &Case, json: &Value, batch: &Batch, slopes: &[f64], kept: &[bool]) {
    let all = numbers(&json["gradient"]);
    let pairs = all.iter().zip(kept);
    pairs
        .filter(|pair| !pair.1)
        .for_each(|pair| near(*pair.0, 0.0, &case.name));
    let theirs = only(&all, kept);
    let differ =
        json["batch"] == "stepwise" || case.loss.kl_coefficient > 0.0 && case.loss.kl_ratio_factor;
    if case.loss.ratio_level == Level::Sequence && differ {
        let sums = |values: &[f64]| by_completion(&batch.lengths, values);
        all_near(&sums(slopes), &sums(&theirs), &case.name);
    } else {
        all_near(slopes, &theirs, &case.name);
    }
}

#[test]
fn equals_the_loss_of_trl() {
    let (file, mut tally) = (golden("trl_loss.json"), Tally::default());
    for json in list(&file, "cases") {
        let settings = &json["setting"];
        check_known(settings, &[&KNOWN[..], &KNOWN_VESPO].concat());
        let name = || format!("{} {settings}", json["batch"]);
        if settings["loss_type"] == "vespo" {
            tally.leave(VESPO, name());
        } else if !settings["off_policy_mask_threshold"].is_null() {
            tally.leave(OFF_POLICY, name());
        } else if !settings["top_entropy_quantile"].is_null() {
            tally.leave(TOP_ENTROPY, name());
        } else {
            compare(json);
            tally.compared += 1;
        }
    }
    tally.check(
        "trl_loss.json",
        122,
        &[(OFF_POLICY, 6), (TOP_ENTROPY, 5), (VESPO, 10)],
    );
    let adaptive = list(&file, "adaptive_entropy").len();
    println!("  adaptive_entropy: {adaptive} case, no adaptive entropy coefficient here");
    assert_eq!(adaptive, 1);
}
