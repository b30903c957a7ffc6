//! Any budget is split exactly, and a plan with a budget reads back as itself.

use std::path::Path;

use interplay::tasks::ContextLibrary;
use interplay::{BudgetUnit, ExperimentSpec, Plan};
use proptest::prelude::*;

/// The quick experiment with this budget, whose stages leave their amounts open.
fn text(total: u64, beta: f64, unit: &str, rollout_tokens: u64) -> String {
    let (_, quick) = ExperimentSpec::PRESETS[1];
    let quick = quick
        .replace("budget_tokens = 40_000\n", "")
        .replace("steps = 3\n", "");
    format!(
        "{quick}\n[budget]\ntotal = {total}\nbeta = {beta:?}\nunit = \"{unit}\"\nrollout_tokens = {rollout_tokens}\n"
    )
}

fn plan(text: &str) -> Result<Plan, interplay::InterplayError> {
    let spec = ExperimentSpec::from_toml(text, Path::new("budget.toml"))?;
    Plan::resolve(spec, None, &ContextLibrary::embedded())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn planned_equivalents_sum_to_the_total_within_one_step(
        total in 1_u64..40_000_000,
        percent in 0_u32..=100,
        flops in any::<bool>(),
        rollout_tokens in 97_u64..=256,
    ) {
        let beta = f64::from(percent) / 100.0;
        // A trained token of this model costs about 750,000 operations.
        let (unit, total) = match flops {
            true => ("flops", total * 750_000),
            false => ("tokens", total),
        };
        let text = text(total, beta, unit, rollout_tokens);
        let plan = match plan(&text) {
            Ok(plan) => plan,
            Err(error) => {
                // The only thing that can be wrong is a share below one step.
                let error = error.to_string();
                prop_assert!(error.contains("the cost of one step"), "{error}");
                for line in error.lines().skip(1) {
                    prop_assert!(line.contains("the cost of one step"), "{error}");
                }
                return Ok(());
            }
        };
        let planned = plan.planned.as_ref().unwrap();
        prop_assert_eq!(planned.unit == BudgetUnit::Flops, flops);
        let sum: f64 = planned.stages.iter().map(|share| share.planned).sum();
        let step = planned.stages.iter().map(|share| share.step).fold(0.0, f64::max);
        let left = total as f64 - sum;
        prop_assert!(left >= -1e-9 * total as f64 && left < step, "{left} of {step}");
        // With a mid-training stage less than a token, or a nominal sample, is left.
        if let Some(midtrain) = planned.of("midtrain") {
            let piece = if flops { midtrain.step / 32.0 } else { 1.0 };
            prop_assert!(left <= piece * (1.0 + 1e-6), "{left} of {piece}");
        }
        for share in &planned.stages {
            let wanted = share.share * total as f64;
            prop_assert!((share.planned - wanted).abs() <= step, "{share:?}");
        }
        let file = plan.to_toml().unwrap();
        let again = Plan::from_toml(&file, Path::new("plan.toml"), &ContextLibrary::embedded());
        prop_assert_eq!(again.unwrap(), plan);
    }
}

#[test]
fn one_file_plans_a_grid_of_beta() {
    let stages = |beta: f64| -> Vec<String> {
        let plan = plan(&text(400_000, beta, "tokens", 128)).unwrap();
        plan.stages.iter().map(|stage| stage.name.clone()).collect()
    };
    assert_eq!(stages(0.0), ["base", "midtrain", "calibrate"]);
    for beta in [0.2, 0.5, 0.8] {
        assert_eq!(stages(beta), ["base", "midtrain", "calibrate", "grpo"]);
    }
    assert_eq!(stages(1.0), ["base", "calibrate", "grpo"]);
}
