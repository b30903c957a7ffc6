//! `verl_loss.json`.

use interplay_objectives::loss::{
    Aggregation, Beyond, ClipCov, ClipRange, Correction, KlCov, Level, LossAndSlopes, Mismatch,
    PolicyLoss, Sapo, Surrogate, TokenBatch, covariances, token_weights,
};
use serde_json::Value;

use crate::data::{
    Batch, Tally, all_near, check_known, golden, list, near, numbers, only, setting, wide,
};
use crate::verl_kl::{VERL_K3_LIMIT, estimator};

const KNOWN: [&str; 13] = [
    "policy_loss",
    "clip_ratio_low",
    "clip_ratio_high",
    "clip_ratio_c",
    "loss_agg_mode",
    "loss_scale_factor",
    "tau_pos",
    "tau_neg",
    "use_kl_loss",
    "kl_loss_coef",
    "kl_loss_type",
    "entropy_coeff",
    "dro_beta",
];
const KNOWN_POLICY_LOSS: [&str; 7] = [
    "loss_mode",
    "clip_cov_ratio",
    "clip_cov_lb",
    "clip_cov_ub",
    "kl_cov_ratio",
    "ppo_kl_coef",
    "dro_beta",
];
const KNOWN_CORRECTION: [&str; 5] = [
    "rollout_is",
    "rollout_is_threshold",
    "rollout_is_batch_normalize",
    "rollout_rs",
    "rollout_rs_threshold",
];

const DPPO: &str =
    "dppo_tv, dppo_kl: masks by a divergence of probabilities are not among our surrogates";
const DRO: &str = "dro: not among our surrogates";
const TOKEN_SUM: &str = "token-sum: a loss without a denominator is not among our aggregations";
const REJECTION: &str = "rollout_rs other than token_k1 and seq_sum_k1: no such rejection here";
const UNLIMITED: &str = "extreme without verl's limit of the logarithm: e^25 there, e^20 here";

/// The settings of a case.
struct Case {
    name: String,
    mode: String,
    loss: PolicyLoss,
}

fn mode(settings: &Value) -> String {
    let mode = settings["policy_loss"]["loss_mode"].as_str();
    mode.unwrap_or("vanilla").to_owned()
}

impl Case {
    fn read(json: &Value) -> Self {
        let (settings, own) = (&json["setting"], &json["setting"]["policy_loss"]);
        let mut loss = PolicyLoss {
            clip: ClipRange {
                low: setting(settings, "clip_ratio_low", 0.2),
                high: setting(settings, "clip_ratio_high", 0.2),
                delta: None,
            },
            entropy_coefficient: setting(settings, "entropy_coeff", 0.0),
            ..PolicyLoss::default()
        };
        if settings["use_kl_loss"] == true {
            loss.kl_coefficient = setting(settings, "kl_loss_coef", 0.001);
            loss.kl_estimator =
                estimator(settings["kl_loss_type"].as_str().unwrap_or("low_var_kl"));
        }
        let mode = mode(settings);
        match mode.as_str() {
            "vanilla" => loss.clip.delta = Some(setting(settings, "clip_ratio_c", 3.0)),
            "gspo" => loss.ratio_level = Level::Sequence,
            "cispo" => loss.surrogate = Surrogate::Cispo,
            "geo_mean" => loss.surrogate = Surrogate::GeometricMean,
            "gpg" => loss.surrogate = Surrogate::Reinforce,
            "sapo" => {
                loss.surrogate = Surrogate::Sapo(Sapo {
                    positive: setting(settings, "tau_pos", 1.0),
                    negative: setting(settings, "tau_neg", 1.05),
                });
            }
            "clip_cov" => {
                loss.clip_cov = Some(ClipCov {
                    ratio: setting(own, "clip_cov_ratio", 2e-4),
                    low: setting(own, "clip_cov_lb", 1.0),
                    high: setting(own, "clip_cov_ub", 5.0),
                });
            }
            "kl_cov" => {
                loss.surrogate = Surrogate::None;
                loss.kl_cov = Some(KlCov {
                    ratio: setting(own, "kl_cov_ratio", 2e-4),
                    coefficient: setting(own, "ppo_kl_coef", 0.1),
                });
            }
            other => panic!("unknown loss mode {other}"),
        }
        let name = format!(
            "{} {settings} {}",
            json["batch"], json["rollout_correction"]
        );
        Self { name, mode, loss }
    }

    /// The weights of a batch of which this may be a part. verl leaves completions without tokens out of the
    /// mean unless it is told how many there are.
    fn weights(&self, json: &Value, batch: &Batch, width: usize) -> Vec<f32> {
        let settings = &json["setting"];
        let aggregation = match (self.mode.as_str(), settings["loss_agg_mode"].as_str()) {
            ("sapo" | "geo_mean", _) | (_, Some("seq-mean-token-mean")) => Aggregation::Grpo,
            (_, None | Some("token-mean")) => Aggregation::Dapo,
            (_, Some("seq-mean-token-sum")) => Aggregation::SequenceSum,
            (_, Some("seq-mean-token-sum-norm")) => Aggregation::DrGrpo,
            (_, Some(other)) => panic!("unknown aggregation {other}"),
        };
        let some = |lengths: &[usize]| lengths.iter().copied().filter(|own| *own > 0).collect();
        let lengths: Vec<usize> = match self.mode.as_str() {
            "geo_mean" => batch.lengths.clone(),
            _ => some(&batch.lengths),
        };
        let longest = setting(settings, "loss_scale_factor", width as f64) as usize;
        let mut weights = token_weights(&lengths, longest, aggregation);
        let whole = &json["global_batch"];
        if !whole.is_null() {
            let (own, all) = match aggregation {
                Aggregation::Dapo => (weights.len(), "batch_num_tokens"),
                _ => (lengths.len(), "global_batch_size"),
            };
            let share = own as f64 / setting(whole, all, f64::NAN) * setting(whole, "dp_size", 1.0);
            weights
                .iter_mut()
                .for_each(|weight| *weight *= share as f32);
        }
        weights
    }

    /// verl picks candidates by a random permutation of them, which the file has; ours are picked by draws.
    fn draws(&self, json: &Value, batch: &Batch) -> Vec<u64> {
        let (Some(clip), false) = (self.loss.clip_cov, json["permutation"].is_null()) else {
            return Vec::new();
        };
        let clipped: Vec<bool> = (0..batch.policy.len())
            .map(|token| {
                let at = |values: &[f32]| f64::from(values[token]);
                let ratio = (at(&batch.policy) - at(&batch.old)).exp();
                let advantage = at(&batch.advantages);
                let loss =
                    Surrogate::Clip.token(at(&batch.policy), ratio, advantage, &self.loss.clip);
                loss.clipped_low || loss.clipped_high
            })
            .collect();
        let parts = covariances(&batch.policy, &batch.advantages);
        let mut draws = vec![0; batch.policy.len()];
        let all = ClipCov { ratio: 1.0, ..clip }.choose(&parts, &clipped, &draws);
        let order = numbers(&json["permutation"]);
        assert_eq!(all.len(), order.len(), "{}: candidates", self.name);
        for (place, candidate) in order.iter().enumerate() {
            draws[all[*candidate as usize]] = place as u64;
        }
        draws
    }
}

/// `rollout_is` as ours.
fn correction(settings: &Value) -> Option<Correction> {
    let level = match settings["rollout_is"].as_str()? {
        "token" => Level::Token,
        "sequence" => Level::Sequence,
        other => panic!("unknown level {other}"),
    };
    let threshold = &settings["rollout_is_threshold"];
    let bounds = threshold.as_str().map(bounds);
    Some(Correction {
        level,
        beyond: if bounds.is_some() {
            Beyond::Mask
        } else {
            Beyond::Truncate
        },
        min: bounds.map_or(0.0, |bounds| bounds.0),
        max: bounds.map_or_else(
            || threshold.as_f64().expect("a threshold"),
            |bounds| bounds.1,
        ),
        normalize: settings["rollout_is_batch_normalize"] == true,
    })
}

fn bounds(text: &str) -> (f64, f64) {
    let (low, high) = text.split_once('_').expect("two bounds");
    (
        low.parse().expect("a bound"),
        high.parse().expect("a bound"),
    )
}

/// `rollout_rs` by k1 as ours: its bounds hold for sampled over old, ours for old over sampled.
fn rejection(settings: &Value) -> Option<Correction> {
    let level = match settings["rollout_rs"].as_str()? {
        "token_k1" => Level::Token,
        "seq_sum_k1" => Level::Sequence,
        other => panic!("not compared: {other}"),
    };
    let (low, high) = bounds(
        settings["rollout_rs_threshold"]
            .as_str()
            .expect("two bounds"),
    );
    Some(Correction {
        level,
        beyond: Beyond::Mask,
        min: 1.0 / high,
        max: 1.0 / low,
        normalize: false,
    })
}

/// The tokens that count, after truncation and rejection.
fn kept(json: &Value, batch: &Batch) -> Vec<bool> {
    let mut kept = batch.whole();
    if let Some(rejection) = rejection(&json["rollout_correction"]) {
        let weights = rejection.weights(&batch.lengths, &batch.old, &batch.sampled);
        let pairs = kept.iter_mut().zip(weights);
        pairs.for_each(|(kept, weight)| *kept &= weight > 0.0);
    }
    if !json["response_mask"].is_null() {
        let theirs = numbers(&json["response_mask"]);
        let theirs: Vec<bool> = theirs.iter().map(|mask| *mask > 0.0).collect();
        assert_eq!(kept, theirs, "{}", json["rollout_correction"]);
    }
    kept
}

fn compare(json: &Value) {
    let case = Case::read(json);
    let all = Batch::find(&json["batch"]);
    let kept = kept(json, &all);
    let mut batch = all.only(&kept);
    let weights = case.weights(
        json,
        &batch,
        *all.lengths.iter().max().expect("completions"),
    );
    let correction = weights_of_correction(&case, json, &all, &kept);
    // verl's k3 stops at 10, without a gradient beyond: such tokens get none from us, and its 10 is added.
    let mut beyond = 0.0;
    for (token, weight) in weights.iter().enumerate() {
        let (policy, reference) = (batch.policy[token], batch.reference[token]);
        let (kl, _) = case
            .loss
            .kl_estimator
            .at(f64::from(policy), f64::from(reference));
        if case.loss.kl_coefficient > 0.0 && kl > VERL_K3_LIMIT {
            assert_eq!(batch.name, "extreme", "an estimate beyond the limit");
            batch.reference[token] = policy;
            beyond += VERL_K3_LIMIT * f64::from(*weight);
        }
    }
    if case.mode == "kl_cov" && batch.name == "truncated" {
        // The first two tokens tie for the highest covariance: torch takes the second, we the first.
        assert_eq!(batch.policy[0], batch.policy[1], "{}", case.name);
        batch.policy[0] -= 1e-6;
    }
    let draws = case.draws(json, &batch);
    let tokens = TokenBatch {
        correction: &correction,
        draws: &draws,
        ..batch.tokens(&weights)
    };
    let found = case.loss.of(&tokens);
    let loss = found.loss + case.loss.kl_coefficient * beyond;
    near(loss, json["loss"].as_f64().expect("a loss"), &case.name);
    check_slopes(&case, &json["gradient"], &found.policy, &kept);
    if case.loss.entropy_coefficient != 0.0 {
        check_slopes(&case, &json["entropy_gradient"], &found.entropy, &kept);
    }
    case.check_metrics(&json["metrics"], &tokens, &found, beyond);
}

fn check_slopes(case: &Case, theirs: &Value, ours: &[f32], kept: &[bool]) {
    let all = numbers(theirs);
    let dropped: Vec<bool> = kept.iter().map(|kept| !kept).collect();
    all_near(
        &only(&all, &dropped),
        &vec![0.0; all.len() - ours.len()],
        &case.name,
    );
    all_near(&wide(ours), &only(&all, kept), &case.name);
}

/// Compares and returns the weights of the correction, over the tokens before rejection.
fn weights_of_correction(case: &Case, json: &Value, all: &Batch, kept: &[bool]) -> Vec<f32> {
    let Some(correction) = correction(&json["rollout_correction"]) else {
        assert!(json["rollout_is_weights"].is_null());
        return Vec::new();
    };
    let whole = all.whole();
    let batch = all.only(&whole);
    let weights = correction.weights(&batch.lengths, &batch.old, &batch.sampled);
    let theirs = only(&numbers(&json["rollout_is_weights"]), &whole);
    all_near(&weights, &theirs, &case.name);
    let weights = only(&weights, &only(kept, &whole));
    weights.into_iter().map(|weight| weight as f32).collect()
}

impl Case {
    fn check_metrics(
        &self,
        metrics: &Value,
        tokens: &TokenBatch<'_>,
        found: &LossAndSlopes,
        beyond: f64,
    ) {
        let stats = &found.stats;
        let none = vec![0.0; tokens.policy.len()];
        // The loss of one term alone.
        let alone = |loss: PolicyLoss| {
            loss.of(&TokenBatch {
                advantages: &none,
                ..*tokens
            })
            .loss
        };
        let plain = PolicyLoss {
            kl_estimator: self.loss.kl_estimator,
            ..PolicyLoss::default()
        };
        let policy = PolicyLoss {
            kl_coefficient: 0.0,
            entropy_coefficient: 0.0,
            ..self.loss
        };
        for (name, value) in metrics.as_object().expect("metrics") {
            let found = match (name.as_str(), self.mode.as_str()) {
                ("actor/pg_loss", _) => policy.of(tokens).loss,
                ("kl_loss", _) => {
                    alone(PolicyLoss {
                        kl_coefficient: 1.0,
                        ..plain
                    }) + beyond
                }
                ("kl_coef", _) => self.loss.kl_coefficient,
                ("actor/entropy_loss", _) => -alone(PolicyLoss {
                    entropy_coefficient: 1.0,
                    ..plain
                }),
                ("actor/pg_clipfrac", "vanilla" | "gspo") => {
                    stats.mean((stats.clipped_low + stats.clipped_high) as f64)
                }
                ("actor/pg_clipfrac", "sapo")
                | ("actor/pg_clipfrac_lower", "gspo" | "cispo" | "sapo") => 0.0,
                ("actor/pg_clipfrac", "clip_cov") => self.without_gradient(tokens),
                ("actor/pg_clipfrac_lower", "vanilla") => stats.mean(stats.clipped_dual as f64),
                // On either side whatever the advantage, where ours counts the side that it moves to.
                ("actor/pg_clipfrac", "cispo" | "geo_mean")
                | ("actor/pg_clipfrac_lower", "geo_mean") => continue,
                // The mean magnitude of the logarithm there.
                ("actor/ppo_kl", "kl_cov") => continue,
                // Of logarithms limited to 20; ours are not.
                ("actor/ppo_kl", _) if self.name.starts_with("\"extreme") => continue,
                ("actor/ppo_kl", _) => stats.mean(stats.ppo_kl),
                // Statistics of the weights, which are compared one by one.
                (rollout, _) if rollout.starts_with("rollout_corr/") => continue,
                (other, mode) => panic!("unknown metric {other} of {mode}"),
            };
            near(
                found,
                value.as_f64().expect("a number"),
                &format!("{}: {name}", self.name),
            );
        }
    }

    /// The share of tokens whose gradient Clip-Cov takes.
    fn without_gradient(&self, tokens: &TokenBatch<'_>) -> f64 {
        let plain = PolicyLoss {
            clip_cov: None,
            ..self.loss
        };
        let (with, without) = (self.loss.of(tokens).policy, plain.of(tokens).policy);
        let taken = with
            .iter()
            .zip(&without)
            .filter(|(with, without)| with != without)
            .count();
        taken as f64 / with.len() as f64
    }
}

/// Why a case has no counterpart.
fn left(json: &Value) -> Option<&'static str> {
    let (settings, mode) = (&json["setting"], mode(&json["setting"]));
    let rejection = json["rollout_correction"]["rollout_rs"].as_str();
    match mode.as_str() {
        "dppo_tv" | "dppo_kl" => Some(DPPO),
        "dro" => Some(DRO),
        "clip_cov" | "kl_cov" if json["batch"] == "extreme" => Some(UNLIMITED),
        _ if settings["loss_agg_mode"] == "token-sum" => Some(TOKEN_SUM),
        _ if !matches!(rejection, None | Some("token_k1" | "seq_sum_k1")) => Some(REJECTION),
        _ => None,
    }
}

#[test]
fn equals_the_loss_of_verl() {
    let (file, mut tally) = (golden("verl_loss.json"), Tally::default());
    for json in list(&file, "cases") {
        let (settings, correction) = (&json["setting"], &json["rollout_correction"]);
        check_known(settings, &KNOWN);
        for (inner, known) in [
            (&settings["policy_loss"], &KNOWN_POLICY_LOSS[..]),
            (correction, &KNOWN_CORRECTION),
            (
                &json["global_batch"],
                &["batch_num_tokens", "global_batch_size", "dp_size"],
            ),
        ] {
            if !inner.is_null() {
                check_known(inner, known);
            }
        }
        match left(json) {
            Some(reason) => {
                tally.leave(reason, format!("{} {settings} {correction}", json["batch"]));
            }
            None => {
                compare(json);
                tally.compared += 1;
            }
        }
    }
    tally.check(
        "verl_loss.json",
        102,
        &[
            (DPPO, 10),
            (DRO, 5),
            (UNLIMITED, 2),
            (REJECTION, 18),
            (TOKEN_SUM, 4),
        ],
    );
}

/// Perplexities, the correlation, `chi2_seq` and the spread of probabilities are verl's alone.
#[test]
fn equals_the_mismatch_of_verl() {
    let file = golden("verl_loss.json");
    for case in list(&file, "off_policy") {
        let batch = Batch::find(&case["batch"]);
        let found = Mismatch::of(&batch.old, &batch.sampled);
        for (name, found) in [
            ("rollout_corr/kl", found.mean(found.kl)),
            ("rollout_corr/k3_kl", found.mean(found.k3_kl)),
            ("rollout_corr/chi2_token", found.mean(found.chi2)),
            (
                "training/rollout_probs_diff_mean",
                found.mean(found.probability),
            ),
            ("training/rollout_probs_diff_max", found.probability_max),
        ] {
            let expected = case["metrics"][name].as_f64().expect(name);
            match (batch.name.as_str(), name) {
                // verl's grows as e^22 there, ours along its tangent at e^20.
                ("extreme", "rollout_corr/k3_kl") => assert!(found < expected),
                _ => near(found, expected, &format!("{}: {name}", batch.name)),
            }
        }
    }
    println!(
        "verl_loss.json: {} mismatches compared",
        list(&file, "off_policy").len()
    );
}
