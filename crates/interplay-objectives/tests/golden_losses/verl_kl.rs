//! `verl_kl.json`: the estimators, the penalty in the reward and the adaptive coefficient.

use interplay_objectives::loss::{AdaptiveKl, KlEstimator};
use serde_json::Value;

use crate::data::{Batch, all_near, golden, list, near, numbers};

/// verl's name of an estimator as ours.
pub fn estimator(kind: &str) -> KlEstimator {
    let ours = match kind {
        "kl" => "k1",
        "mse" | "k2+" => "k2",
        "low_var_kl" => "k3",
        "low_var_kl+" => "k3+",
        other => other,
    };
    serde_json::from_value(ours.into()).unwrap_or_else(|error| panic!("{kind}: {error}"))
}

/// Beyond 10 verl's `k3` is 10 and its own derivative 0; here it goes on.
pub const VERL_K3_LIMIT: f64 = 10.0;

/// verl's estimate and derivative, from ours.
pub fn limited(kind: &str, policy: f64, reference: f64) -> (f64, f64) {
    let (value, slope) = estimator(kind).at(policy, reference);
    match kind {
        "low_var_kl" | "k3" if value > VERL_K3_LIMIT => (VERL_K3_LIMIT, 0.0),
        "low_var_kl+" | "k3+" => (value.min(VERL_K3_LIMIT), slope),
        _ => (value, slope),
    }
}

#[test]
fn equals_the_estimators_of_verl() {
    let file = golden("verl_kl.json");
    let (mut compared, mut limits) = (0, 0);
    for case in list(&file, "estimators") {
        let (batch, kind) = (
            Batch::find(&case["batch"]),
            case["kind"].as_str().expect("a kind"),
        );
        let pairs = || {
            let pairs = batch.policy.iter().zip(&batch.reference);
            pairs.map(|(policy, reference)| (f64::from(*policy), f64::from(*reference)))
        };
        let theirs = |(policy, reference)| limited(kind, policy, reference);
        let (values, slopes): (Vec<f64>, Vec<f64>) = pairs().map(theirs).unzip();
        all_near(&values, &numbers(&case["kl"]), kind);
        all_near(&slopes, &numbers(&case["gradient"]), kind);
        let ours = |(policy, reference)| estimator(kind).at(policy, reference).0;
        limits += pairs()
            .map(ours)
            .zip(&values)
            .filter(|(ours, value)| ours > value)
            .count();
        compared += 1;
    }
    println!(
        "verl_kl.json: {compared} estimators compared, {limits} values beyond verl's limit of 10"
    );
    // Six tokens of `extreme`, under the four names of `k3`.
    assert_eq!((compared, limits), (24, 24));
}

#[test]
fn equals_the_penalty_of_verl_in_the_reward() {
    let file = golden("verl_kl.json");
    for case in list(&file, "in_reward") {
        let (batch, kind) = (
            Batch::find(&case["batch"]),
            case["kind"].as_str().expect("a kind"),
        );
        let control = &case["kl_ctrl"];
        let coefficient = control["kl_coef"].as_f64().expect("a coefficient");
        let (whole, rows) = (batch.whole(), batch.completions());
        let mut means = vec![0.0; batch.lengths.len()];
        let mut rewards = vec![0.0; batch.old.len()];
        for token in 0..rewards.len() {
            if whole[token] {
                let pair = (
                    f64::from(batch.old[token]),
                    f64::from(batch.reference[token]),
                );
                let (kl, _) = limited(kind, pair.0, pair.1);
                rewards[token] = -coefficient * kl;
                means[rows[token]] += kl / batch.lengths[rows[token]] as f64;
            }
            if rows.get(token + 1) != Some(&rows[token]) {
                rewards[token] += batch.rewards[rows[token]];
            }
        }
        all_near(&rewards, &numbers(&case["token_level_rewards"]), kind);
        let mean = means.iter().sum::<f64>() / means.len() as f64;
        let metrics = &case["metrics"];
        near(
            mean,
            metrics["actor/reward_kl_penalty"].as_f64().expect("a mean"),
            kind,
        );
        let used = metrics["actor/reward_kl_penalty_coeff"].as_f64();
        near(coefficient, used.expect("a coefficient"), kind);
        let after = steered(control, coefficient, mean, means.len() as u64);
        near(
            after,
            case["kl_coef_after"].as_f64().expect("a coefficient"),
            kind,
        );
    }
    println!(
        "verl_kl.json: {} penalties compared",
        list(&file, "in_reward").len()
    );
}

/// The coefficient after a batch, by verl's settings of the controller.
fn steered(control: &Value, coefficient: f64, kl: f64, completions: u64) -> f64 {
    match control["type"].as_str() {
        Some("fixed") => coefficient,
        Some("adaptive") => {
            let number = |name: &str| control[name].as_f64().expect("a number");
            let adaptive = AdaptiveKl {
                target: number("target_kl"),
                horizon: number("horizon"),
            };
            adaptive.next(coefficient, kl, completions)
        }
        other => panic!("unknown controller {other:?}"),
    }
}

#[test]
fn equals_the_controller_of_verl() {
    let file = golden("verl_kl.json");
    for case in list(&file, "controllers") {
        let control = &case["kl_ctrl"];
        let mut coefficient = control["kl_coef"].as_f64().expect("a coefficient");
        let steps = list(case, "observed").iter().map(numbers);
        for (step, expected) in steps.zip(numbers(&case["kl_coef"])) {
            coefficient = steered(control, coefficient, step[0], step[1] as u64);
            near(coefficient, expected, "controller");
        }
    }
    println!(
        "verl_kl.json: {} controllers compared",
        list(&file, "controllers").len()
    );
}
