//! A GRPO stage with everything that has a state, killed again and again, ends in the same weights.
#![cfg(all(feature = "cli", feature = "flex", unix))]

mod runs;

use std::path::Path;
use std::time::Duration;

use runs::{finish, kill_when, lines, start};

/// How often the stage is killed.
const KILLS: u64 = 20;

/// Steps of the stage, three for each kill and some to spare.
const STEPS: u64 = 3 * KILLS + 4;

/// A small base and a stage whose groups mostly differ only by chance.
fn config(folder: &Path) -> std::path::PathBuf {
    let (_, quick) = interplay::ExperimentSpec::PRESETS[1];
    let mut table: toml::Table = toml::from_str(quick).unwrap();
    let stages = table["stage"].as_array_mut().unwrap();
    stages.retain(|stage| ["base", "grpo"].contains(&stage["name"].as_str().unwrap()));
    let base = stages[0]["training"].as_table_mut().unwrap();
    base.insert("budget_tokens".into(), 30_000.into());
    let grpo = stages[1].as_table_mut().unwrap();
    grpo.remove("edge_from");
    let training: toml::Table = toml::from_str(&format!(
        "steps = {STEPS}\nprompts = 4\ngroup_size = 4\nminibatches = 2\nnum_iterations = 2\nrows = 16\n\
         row_tokens = 256\nmax_new_tokens = 12\ncheckpoint_every_steps = 2\nkl_coefficient = 0.05\n\
         reference = {{ sync = {{ every_steps = 5, mixup_alpha = 0.5 }} }}\n\
         kl_adaptive = {{ target = 0.001, horizon = 200 }}\nold_log_probs = \"trainer\"\n\
         reward = {{ kind = \"process\" }}\noverlong = {{ max_completion_len = 12, soft_punish_cache = 11 }}\n\
         dynamic_sampling = {{ max_num_gen_batches = 3 }}\nlog_completions_every_steps = 7\n\
         curriculum = {{ kind = \"iterative\", start = \"2-3\", every_steps = 4 }}\n\
         [optimizer]\nlearning_rate = {{ peak = 1e-3, floor = 1e-4, warmup_share = 0.1 }}"
    ))
    .unwrap();
    grpo.insert("training".into(), training.into());
    let data: toml::Table =
        toml::from_str("[[mixture]]\nop = \"2-5\"\ncontext = \"zoo\"\ndialect = \"terse\"")
            .unwrap();
    grpo.insert("data".into(), data.into());
    let path = folder.join("kills.toml");
    std::fs::write(&path, toml::to_string(&table).unwrap()).unwrap();
    path
}

#[test]
fn killed_at_twenty_moments_it_ends_in_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    finish(&whole, &config);
    let metrics = cut.join("grpo/metrics.jsonl");
    let mut kills = 0;
    for kill in 0..KILLS {
        // Moments inside a step, the same in every run of the test as far as the machine allows.
        let wait = Duration::from_millis(kill * 37 % 61);
        let mut run = start(&cut, &config);
        let ready = || lines(&metrics) > 3 * kill as usize;
        kills += u64::from(kill_when(&mut run, ready, wait));
    }
    finish(&cut, &config);
    assert!(
        kills >= KILLS / 2,
        "only {kills} of {KILLS} kills came in time"
    );
    for file in [
        "grpo/model/model.safetensors",
        "grpo/metrics.jsonl",
        "grpo/stage.json",
        "grpo/completions/step-00000056.jsonl",
        "grpo/curriculum/step-00000064.json",
        "results.json",
        "ledger.json",
    ] {
        let read = |run: &Path| std::fs::read(run.join(file)).unwrap();
        assert!(
            read(&whole) == read(&cut),
            "{file} differs after {kills} kills"
        );
    }
}
