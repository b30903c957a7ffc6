//! The command `interplay run` with a budget: how it is split, what the run spends, what is refused.
#![cfg(all(feature = "cli", feature = "flex"))]

mod calls;

use std::fs;
use std::path::Path;

use calls::{call, folder, refuse, succeed};
use serde_json::Value;

/// The quick experiment, smaller, with this budget table.
fn write(folder: &Path, budget: &str) {
    let (_, quick) = interplay::ExperimentSpec::PRESETS[1];
    let text = quick
        .replace("budget_tokens = 150_000\n", "budget_tokens = 20_000\n")
        .replace("budget_tokens = 40_000\n", "")
        .replace("steps = 3\n", "");
    fs::write(
        folder.join("budget.toml"),
        format!("{text}\n[budget]\n{budget}"),
    )
    .unwrap();
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_run_spends_what_was_planned_up_to_its_last_step_and_accounts_for_everything() {
    let folder = folder();
    let dir = folder.path();
    write(dir, "total = 40_000\nbeta = 0.3\nrollout_tokens = 160\n");
    succeed(dir, "run --config budget.toml --out run");
    let ledger = json(&dir.join("run/ledger.json"));
    let rows = ledger.as_array().unwrap();
    let names: Vec<&str> = rows
        .iter()
        .map(|row| row["stage"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["base", "midtrain", "calibrate", "grpo", "total"]);
    let number = |row: &Value, key: &str| row[key].as_f64().unwrap();
    let [base, midtrain, calibrate, grpo, total] = &rows[..] else {
        panic!("{rows:?}");
    };

    // A next-token stage ends with the step that reaches its tokens; a step has at most 32 rows of 128.
    let spent = &midtrain["budget"];
    assert!(
        (0.0..4096.0).contains(&number(spent, "difference")),
        "{spent}"
    );
    assert_eq!(spent["unit"], "tokens");
    let planned = number(spent, "planned") + number(&grpo["budget"], "planned");
    assert!(planned <= 40_000.0 && planned > 39_999.0, "{planned}");
    assert!(base.get("budget").is_none() && calibrate.get("budget").is_none());
    let all = number(&midtrain["budget"], "spent") + number(&grpo["budget"], "spent");
    assert_eq!(number(&total["budget"], "spent"), all);
    assert_eq!(number(&total["budget"], "difference"), all - 40_000.0);

    // Calibration: 7 ops x 2 problems x 4 completions, each with its prompt, of the calibrated model alone.
    assert!(number(calibrate, "calibrated_tokens") >= 7.0 * 2.0 * 4.0);
    assert_eq!(number(calibrate, "evaluated_tokens"), 0.0);
    for row in [base, midtrain, grpo] {
        assert_eq!(number(row, "calibrated_tokens"), 0.0);
        assert!(number(row, "evaluated_tokens") > 0.0);
    }

    // Operations by hand, from the model's costs in the results and the workloads.
    let model = &json(&dir.join("run/results.json"))["model_flops"];
    let forward = |work: &Value| -> f64 {
        let term = |count: &str, each: &str| number(work, count) * number(model, each);
        term("positions", "per_position")
            + term("attended", "per_attended")
            + term("outputs", "per_output")
    };
    let flops = &base["flops"];
    let trained = &base["workloads"]["trained"];
    assert_eq!(trained["positions"], base["trained_tokens"]);
    assert_eq!(number(flops, "forward"), forward(trained));
    assert_eq!(number(flops, "backward"), 2.0 * forward(trained));
    assert_eq!(number(base, "training_flops"), 3.0 * forward(trained));
    let calibrated = &calibrate["workloads"]["calibrated"];
    assert_eq!(
        number(&calibrate["flops"], "calibration"),
        forward(calibrated)
    );
    assert_eq!(number(calibrate, "training_flops"), 0.0);
    // The first stage is the measure of equivalents.
    let equivalents = number(base, "flop_token_equivalents");
    assert!((equivalents - number(base, "trained_tokens")).abs() < 1e-6);

    // Time is not in the ledger, and not in the report.
    let costs = json(&dir.join("run/costs.json"));
    for cost in costs.as_array().unwrap() {
        assert!(number(cost, "seconds") > 0.0, "{cost}");
        assert!(cost.get("cpu_energy_joules").is_some());
    }
    let report = fs::read_to_string(dir.join("run/report.html")).unwrap();
    assert!(report.contains("planned token equivalents"));
}

#[test]
fn a_grid_of_beta_is_planned_from_one_file_and_writes_nothing() {
    let folder = folder();
    let dir = folder.path();
    write(dir, "total = 400_000\nbeta = 0.2\nrollout_tokens = 160\n");
    let before = calls::content(dir);
    for (beta, line) in [
        ("0", "# midtrain: share 1, 400000 tokens"),
        ("0.2", "# grpo: share 0.2, 18 steps"),
        ("0.5", "# grpo: share 0.5, 46 steps"),
        ("0.8", "# grpo: share 0.8, 75 steps"),
        ("1", "# grpo: share 1, 93 steps"),
    ] {
        let arguments = format!("run --config budget.toml --plan --set budget.beta={beta}");
        let plan = succeed(dir, &arguments);
        assert!(plan.contains(line), "{plan}");
        let table: toml::Table = plan.parse().unwrap();
        let stages = table["stage"].as_array().unwrap();
        assert_eq!(stages.len(), if beta == "0" || beta == "1" { 3 } else { 4 });
    }
    assert_eq!(calls::content(dir), before);
}

#[test]
fn budgets_that_cannot_be_split_are_refused_with_everything_that_is_wrong() {
    let folder = folder();
    let dir = folder.path();
    write(dir, "total = 3_000\nbeta = 0.5\n");
    let run = "run --config budget.toml --out run";
    refuse(
        dir,
        run,
        &[
            "budget.toml",
            "for `midtrain`, the cost of one step",
            "for `grpo`, the cost of one step",
        ],
    );
    write(
        dir,
        "total = 3_000_000\nshares = { grpo = 0.5, dpo = 0.4 }\n",
    );
    refuse(
        dir,
        run,
        &[
            "`budget.shares`: found shares that add up to 0.9",
            "`budget.shares.dpo`: found no stage of this name",
        ],
    );
    refuse(
        dir,
        "run --config budget.toml --set stage.dpo.steps=3",
        &["no `stage` with the name"],
    );
    let output = call(dir, "run --config budget.toml --set budget");
    assert_eq!(output.status.code(), Some(2));
    write(dir, "total = -3\nbeta = 0.5\n");
    refuse(dir, run, &["a whole number from 1"]);
}
