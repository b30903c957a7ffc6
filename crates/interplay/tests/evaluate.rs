//! `interplay evaluate`: models and completions from elsewhere give the numbers that a run gives.
#![cfg(all(feature = "cli", feature = "flex"))]

mod calls;

use std::fs;
use std::path::Path;

use calls::{call, records, refuse, succeed, write_records};
use interplay::eval::{Evaluation, ItemScore};
use interplay::{EVALUATION_FORMAT, EvaluationFile, ExperimentSpec, Results};

const EXPERIMENT: &str = r#"
name = "tiny"
seed = 3
[bands]
id = [2, 2]
edge = [3, 3]
hard = [4, 4]
[tasks]
max_value = 12
mixture = [{ op = "2-4", context = "zoo", dialect = "terse" }]
[tokenizer]
vocab_size = 300
samples = 100
data = {}
[model]
hidden_size = 32
intermediate_size = 64
layers = 1
heads = 2
kv_heads = 1
context_tokens = 160
[evaluate]
problems_per_op = 4
completions = 4
ks = [1, 2]
temperatures = [0, 0.7, 1.0]
max_new_tokens = 40
data = {}
[[stage]]
kind = "pretrain"
name = "base"
data = {}
[stage.training]
budget_tokens = 60_000
rows = 4
row_tokens = 128
optimizer = { learning_rate = { peak = 1e-2 } }
"#;

/// A folder with the experiment and its run.
fn tiny() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tiny.toml"), EXPERIMENT).unwrap();
    succeed(folder.path(), "run --config tiny.toml --out run");
    folder
}

fn results(dir: &Path) -> Results {
    serde_json::from_slice(&fs::read(dir.join("run/results.json")).unwrap()).unwrap()
}

fn evaluation(folder: &Path) -> EvaluationFile {
    serde_json::from_slice(&fs::read(folder.join("evaluation.json")).unwrap()).unwrap()
}

/// The counts of a run, without what only a run knows: whether a problem was trained on.
fn counts(evaluation: &Evaluation) -> Vec<ItemScore> {
    let unknown = |item: &ItemScore| ItemScore {
        seen: None,
        ..item.clone()
    };
    evaluation.items.iter().map(unknown).collect()
}

#[test]
fn a_model_and_its_completions_give_what_the_run_gave() {
    let folder = tiny();
    let dir = folder.path();
    let results = results(dir);
    let base = &results.stages[0];
    let drawn = base.evaluation.as_ref().unwrap();

    let shown = succeed(
        dir,
        "evaluate run/base/model --config tiny.toml --out again",
    );
    assert!(
        shown.contains("temperature greedy, level strict, 1 completions"),
        "{shown}"
    );
    let again = evaluation(&dir.join("again"));
    assert_eq!(again.format, EVALUATION_FORMAT);
    let temperatures: Vec<_> = again
        .evaluations
        .iter()
        .map(|one| one.temperature)
        .collect();
    assert_eq!(temperatures, [Some(0.0), Some(0.7), Some(1.0)]);
    // Greedy decoding and the loss draw nothing at random.
    let greedy = &base.other_temperatures[0];
    assert_eq!(counts(&again.evaluations[0]), counts(greedy));
    assert_eq!(again.held_out_loss, base.held_out_loss);
    let sampled = records(&dir.join("again/model.jsonl"));
    assert_eq!(sampled.len(), 3 * 4 * 4);

    // What is there is not drawn again.
    let before = fs::read(dir.join("again/evaluation.json")).unwrap();
    succeed(
        dir,
        "evaluate run/base/model --config tiny.toml --out again",
    );
    assert_eq!(fs::read(dir.join("again/evaluation.json")).unwrap(), before);

    // The run's completions, judged again.
    succeed(
        dir,
        "evaluate run/eval/base.jsonl --config tiny.toml --out judged",
    );
    let judged = evaluation(&dir.join("judged"));
    assert_eq!(counts(&judged.evaluations[0]), counts(drawn));
    assert_eq!(judged.evaluations[0].temperature, Some(0.7));
    assert_eq!(judged.evaluations[0].overall, drawn.overall);
    assert!(judged.held_out_loss.is_none());
    let verdicts = records(&dir.join("judged/completions.jsonl"));
    assert_eq!(verdicts, records(&dir.join("run/eval/base.jsonl")));

    // Two evaluations of one model; the run's has a temperature less than the other.
    let shown = succeed(dir, "compare judged again");
    assert!(shown.contains("A: judged\nB: again"), "{shown}");
    let shown = succeed(dir, "compare run judged");
    assert!(shown.contains("+0.0 ["), "{shown}");

    // Nothing of the problems was trained on, or it is said.
    let cells: Vec<&str> = drawn.by_seen.keys().map(String::as_str).collect();
    assert!(
        cells == ["unseen"] || cells == ["seen", "unseen"],
        "{cells:?}"
    );
    let problems: usize = drawn.by_seen.values().map(|cell| cell.problems).sum();
    assert_eq!(problems, drawn.overall.problems);
}

#[test]
fn problems_for_other_engines_are_those_of_the_run() {
    let folder = tiny();
    let dir = folder.path();
    succeed(dir, "evaluate --problems problems.jsonl --config tiny.toml");
    let problems = records(&dir.join("problems.jsonl"));
    let results = results(dir);
    let items = &results.stages[0].evaluation.as_ref().unwrap().items;
    let ids: Vec<u64> = problems
        .iter()
        .map(|one| one["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, items.iter().map(|item| item.id).collect::<Vec<_>>());
    assert!(
        problems[0]["prompt"]
            .as_str()
            .unwrap()
            .ends_with("<solution>")
    );
    assert_eq!(
        (problems[4]["op"].as_u64(), problems[4]["band"].as_str()),
        (Some(3), Some("edge"))
    );

    // Answers alone are right, but nothing is derived.
    let answered = problems.iter().map(|one| {
        let answer = one["answer"].as_str().unwrap();
        serde_json::json!({
            "id": one["id"],
            "completion": format!(" </solution> <answer> {answer} </answer>"),
        })
    });
    write_records(&dir.join("answers.jsonl"), &answered.collect::<Vec<_>>());
    succeed(
        dir,
        "evaluate answers.jsonl --config tiny.toml --out answers",
    );
    let found = &evaluation(&dir.join("answers")).evaluations[0];
    let first = |passes: &[interplay::eval::PassAtK]| passes[0].estimate;
    assert_eq!(
        (
            first(&found.overall.answer_only),
            first(&found.overall.verified)
        ),
        (1.0, 0.0)
    );
    assert_eq!((found.completions, found.temperature), (1, None));

    // One fault of each kind, at once, and nothing is written.
    let mut faulty = records(&dir.join("answers.jsonl"));
    faulty[1] = serde_json::json!({"id": 1, "completion": "x"});
    faulty[2] = serde_json::json!({"id": faulty[2]["id"], "text": "x"});
    write_records(&dir.join("faulty.jsonl"), &faulty);
    let parts = [
        "faulty.jsonl, line 2: found problem 1, which the experiment does not evaluate",
        "faulty.jsonl, line 3: ",
        "2 of 12 problems do not have the 1 completions that most have",
    ];
    refuse(
        dir,
        "evaluate faulty.jsonl --config tiny.toml --out faulty",
        &parts,
    );
}

/// Gold solutions without their tags, as a decoder leaves them that skips special tokens.
#[test]
fn completions_that_lost_their_tags_are_judged_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    fs::write(dir.join("tiny.toml"), EXPERIMENT).unwrap();
    succeed(dir, "evaluate --problems problems.jsonl --config tiny.toml");
    let spec = ExperimentSpec::load(&dir.join("tiny.toml")).unwrap();
    let shown: Vec<serde_json::Value> = records(&dir.join("problems.jsonl"));
    let given: Vec<serde_json::Value> = shown
        .iter()
        .map(|problem| {
            // Every answer is right; no step is there.
            let answer = problem["answer"].as_str().unwrap();
            serde_json::json!({"id": problem["id"], "completion": format!(" fox = 1.  {answer} ")})
        })
        .collect();
    assert_eq!(given.len() as u64, 3 * spec.evaluate.problems_per_op);
    write_records(&dir.join("given.jsonl"), &given);
    let answers = |flags: &str, out: &str| -> u32 {
        let line =
            format!("evaluate --completions given.jsonl --config tiny.toml --out {out} {flags}");
        succeed(dir, &line);
        let found = evaluation(&dir.join(out));
        found.evaluations[0]
            .items
            .iter()
            .map(|item| item.answers)
            .sum()
    };
    assert_eq!(answers("", "plain"), 0);
    assert_eq!(answers("--restore-tags", "restored"), given.len() as u32);
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    fs::write(dir.join("tiny.toml"), EXPERIMENT).unwrap();
    fs::create_dir(dir.join("empty")).unwrap();
    let missing = "evaluate nowhere.jsonl --config tiny.toml --out out";
    refuse(dir, missing, &["nowhere.jsonl"]);
    refuse(
        dir,
        "evaluate empty --config tiny.toml --out out",
        &["tokenizer.json"],
    );
    refuse(
        dir,
        "evaluate empty --config tiny.toml",
        &["--out is missing"],
    );
    fs::write(
        dir.join("empty/completions.jsonl"),
        "{\"id\": 0, \"completion\": \"a\"}\n",
    )
    .unwrap();
    refuse(
        dir,
        "evaluate empty/completions.jsonl --config tiny.toml --out ./empty",
        &["the judged completions would replace it"],
    );
    fs::remove_file(dir.join("empty/completions.jsonl")).unwrap();
    let both = call(dir, "evaluate empty --problems p.jsonl --config tiny.toml");
    assert_eq!(both.status.code(), Some(2));
    let neither = call(dir, "evaluate --config tiny.toml");
    assert_eq!(neither.status.code(), Some(2));
}
