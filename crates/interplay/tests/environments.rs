//! Experiments on other tasks than the generated problems, and what every run says of its data.
#![cfg(all(feature = "cli", feature = "flex"))]

mod calls;

use std::fs;
use std::path::Path;
use std::process::Output;

use calls::call;

/// Word problems of one to three steps, in the form of GSM8K.
fn word_problems(path: &Path, first: usize, count: usize) {
    let problem = |number: usize| {
        let (mut sum, mut steps) = (number % 7, String::new());
        let terms = 1 + number % 3;
        for term in 1..=terms {
            steps += &format!("{sum} + {term} = <<{sum}+{term}={0}>>{0}\\n", sum + term);
            sum += term;
        }
        let start = number % 7;
        format!(
            "{{\"question\": \"Ann has {start} nuts and finds {terms} heaps ({number}). How many?\", \
             \"answer\": \"{steps}#### {sum}\"}}\n"
        )
    };
    let text: String = (first..first + count).map(problem).collect();
    fs::write(path, text).unwrap();
}

/// An experiment with a stage of every kind on such files.
fn experiment(folder: &Path, change: impl Fn(String) -> String) {
    word_problems(&folder.join("train.jsonl"), 0, 200);
    word_problems(&folder.join("test.jsonl"), 1000, 30);
    let data = "data = { kind = \"gsm8k\", train = \"train.jsonl\", test = \"test.jsonl\" }\n";
    let text = format!(
        "name = \"words\"\nseed = 3\n\
         [bands]\nid = [1, 1]\nedge = [2, 2]\nhard = [3, 3]\n\
         [tokenizer]\nvocab_size = 400\nsamples = 100\n{data}\
         [model]\nhidden_size = 32\nintermediate_size = 64\nlayers = 1\nheads = 2\nkv_heads = 1\n\
         context_tokens = 160\n\
         [evaluate]\nproblems_per_op = 3\ncompletions = 2\nks = [1, 2]\nmax_new_tokens = 24\n{data}\
         [[stage]]\nkind = \"pretrain\"\nname = \"base\"\n{data}\
         training = {{ budget_tokens = 6_000, rows = 4, row_tokens = 128, \
         optimizer = {{ learning_rate = {{ peak = 3e-3 }} }} }}\n\
         [[stage]]\nkind = \"calibrate\"\nname = \"calibrate\"\n\
         edge = {{ ops = \"1-2\", problems_per_op = 2, completions = 2, pass_at_1_below = 1.0, \
         pass_at_k_above = 0.9 }}\n\
         [[stage]]\nkind = \"grpo\"\nname = \"grpo\"\nedge_from = \"calibrate\"\n{data}\
         training = {{ steps = 2, prompts = 2, group_size = 2, minibatches = 1, rows = 4, \
         row_tokens = 128, max_new_tokens = 24, reward = {{ kind = \"outcome\" }}, \
         optimizer = {{ learning_rate = {{ peak = 1e-4 }} }} }}\n"
    );
    fs::write(folder.join("words.toml"), change(text)).unwrap();
}

/// Runs an experiment file into a folder beside it.
fn run(folder: &Path, file: &str, out: &str) -> Output {
    call(folder, &format!("run --config {file} --out {out}"))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn word_problems_run_through_every_stage() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    experiment(folder.path(), |text| text);
    let run = || run(folder.path(), "words.toml", "run");
    let first = run();
    assert!(first.status.success(), "{}", stderr(&first));
    let results = json(&out.join("results.json"));
    assert_eq!(results["stages"].as_array().unwrap().len(), 3);
    let evaluation = &results["stages"][0]["evaluation"];
    assert_eq!(evaluation["level"], "answer");
    assert_eq!(evaluation["overall"]["problems"], 9);
    assert_eq!(evaluation["by_op"]["2"]["problems"], 3);
    assert_eq!(evaluation["by_context"]["gsm8k"]["problems"], 9);
    // The test file shares no question with the training file.
    let exposure = json(&out.join("exposure.json"));
    let seen = exposure["stages"][0]["seen"].as_array().unwrap();
    assert!(seen.iter().all(|seen| seen["text"] == 0), "{exposure}");
    assert!(exposure["stages"][0]["problems"].as_u64().unwrap() > 0);
    let card = fs::read_to_string(out.join("base/model/README.md")).unwrap();
    for part in [
        "---\nlicense: unknown\n",
        "model-index:\n- name: \"words/base\"\n",
        "      type: word-problems\n",
        "    - type: \"pass@2\"\n",
        "after `base` (pretrain), seed 3",
        "its answer is right.",
    ] {
        assert!(card.contains(part), "{part}: {card}");
    }
    let card = fs::read_to_string(out.join("grpo/model/README.md")).unwrap();
    assert!(
        card.contains("after `base` (pretrain), `grpo` (grpo), seed 3"),
        "{card}"
    );
    // A finished run is only read.
    let bytes = fs::read(out.join("results.json")).unwrap();
    assert!(run().status.success());
    assert_eq!(fs::read(out.join("results.json")).unwrap(), bytes);
    // Other bytes in the file are other data.
    word_problems(&folder.path().join("train.jsonl"), 7, 200);
    let changed = run();
    assert_eq!(changed.status.code(), Some(2), "{}", stderr(&changed));
    assert!(stderr(&changed).contains("key"), "{}", stderr(&changed));
}

/// The calibration of a file reaches the curriculum of a stage: it decides what is practiced.
#[test]
fn a_curriculum_starts_from_a_calibration() {
    let folder = tempfile::tempdir().unwrap();
    experiment(folder.path(), |text| {
        let text = text.replace(
            "reward = { kind = \"outcome\" }",
            "reward = { kind = \"outcome\" }, curriculum = { kind = \"edge\" }",
        );
        text.replace(
            "ops = \"1-2\", problems_per_op = 2",
            "ops = \"2-3\", problems_per_op = 3",
        )
    });
    let (out, run) = (folder.path().join("run"), || {
        run(folder.path(), "words.toml", "run")
    });
    let first = run();
    assert!(first.status.success(), "{}", stderr(&first));
    let edge = json(&out.join("calibrate/edge.json"));
    let measured = edge["value"]["measured"].as_array().unwrap();
    assert_eq!(measured.len(), 6);
    assert!(measured.iter().all(|of| of["tries"] == 2), "{edge}");
    // Without a success the easiest op that was measured is practiced, and op 1 is not.
    assert!(measured.iter().all(|of| of["successes"] == 0), "{edge}");
    let metrics = fs::read_to_string(out.join("grpo/metrics.jsonl")).unwrap();
    for line in metrics.lines() {
        let step: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(step["curriculum/lowest"], 2.0, "{step}");
        assert!(step["reward/op_2"].is_number(), "{step}");
        assert!(step.get("reward/op_1").is_none() && step.get("reward/op_3").is_none());
    }
    assert!(run().status.success());
    // A calibration of an older run is measured again, with the same results.
    let mut old = edge.clone();
    old["value"].as_object_mut().unwrap().remove("measured");
    fs::write(out.join("calibrate/edge.json"), old.to_string()).unwrap();
    assert!(run().status.success());
    assert_eq!(json(&out.join("calibrate/edge.json")), edge);
}

#[test]
fn rewards_and_files_that_are_not_there_are_named_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    experiment(folder.path(), |text| {
        let text = text.replace(
            "kind = \"outcome\"",
            "kind = \"component\", name = \"brevity\"",
        );
        text.replacen("train.jsonl", "trian.jsonl", 1)
    });
    let out = folder.path().join("run");
    let refused = run(folder.path(), "words.toml", "run");
    assert_eq!(refused.status.code(), Some(2));
    let message = stderr(&refused);
    assert!(
        message.contains("`brevity`") && message.contains("outcome"),
        "{message}"
    );
    assert!(message.contains("trian.jsonl"), "{message}");
    assert!(!out.exists());
}

#[test]
fn held_out_problems_are_not_trained_on_and_what_was_seen_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (_, quick) = interplay::ExperimentSpec::PRESETS[1];
    let text_seen = |name: &str, text: &str| {
        fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
        let done = run(folder.path(), &format!("{name}.toml"), name);
        let out = folder.path().join(name);
        assert!(done.status.success(), "{}", stderr(&done));
        assert!(
            fs::read_to_string(out.join("report.html"))
                .unwrap()
                .contains("training has seen")
        );
        let exposure = json(&out.join("exposure.json"));
        let base = exposure["stages"][0]["seen"].as_array().unwrap().clone();
        let seen = base.iter().map(|seen| seen["text"].as_u64().unwrap());
        seen.sum::<u64>()
    };
    let more = quick.replace(
        "problems_per_op = 2\ncompletions",
        "problems_per_op = 24\ncompletions",
    );
    assert_ne!(more, quick);
    assert_eq!(text_seen("held-out", &more), 0);
    let open = format!("held_out = 0.0\n{more}");
    assert!(text_seen("open", &open) > 0);
}

#[test]
fn problems_that_do_not_fit_are_counted_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |tokens: u32| {
        let row = format!("row_tokens = {tokens}, optimizer");
        experiment(folder.path(), |text| {
            text.replacen("row_tokens = 128, optimizer", &row, 1)
        });
    };
    // Problems of three steps need more tokens than this, those of one step fewer.
    rows(34);
    let done = run(folder.path(), "words.toml", "tight");
    let message = stderr(&done);
    assert!(done.status.success(), "{message}");
    assert!(message.contains("are left out and counted"), "{message}");
    assert!(message.contains("examples were left out"), "{message}");
    let results = json(&folder.path().join("tight/results.json"));
    assert!(results["stages"][0]["overlong_examples"].as_u64().unwrap() > 0);
    rows(8);
    let out = folder.path().join("none");
    let refused = run(folder.path(), "words.toml", "none");
    assert_eq!(refused.status.code(), Some(2));
    let message = stderr(&refused);
    assert!(
        message.contains("stage.base.training.row_tokens"),
        "{message}"
    );
    assert!(message.contains("none of 200 fits"), "{message}");
    assert!(!out.join("base").exists());
}

/// The study of the published problems is planned where files of their form are.
#[test]
fn the_example_of_natural_problems_is_planned() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("gsm8k");
    fs::create_dir(&files).unwrap();
    word_problems(&files.join("train.jsonl"), 0, 200);
    word_problems(&files.join("test.jsonl"), 1000, 150);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/gsm8k.toml");
    let arguments = format!("study --config {} --plan", example.display());
    let output = call(folder.path(), &arguments);
    let (plan, errors) = (String::from_utf8_lossy(&output.stdout), stderr(&output));
    assert!(output.status.success(), "{errors}");
    assert!(
        plan.contains("arms: base, midtrain, rl, rl_alone"),
        "{plan}"
    );
    // Elsewhere the missing files are named.
    let output = call(&files, &arguments);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("gsm8k/train.jsonl"),
        "{}",
        stderr(&output)
    );
}
