//! `interplay evaluate --endpoint`: models behind a server.
#![cfg(all(feature = "cli", feature = "endpoint"))]

mod calls;
#[path = "../../interplay-endpoint/tests/stub/mod.rs"]
mod stub;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use calls::{call, content, records, refuse, succeed};
use interplay::EvaluationFile;
use serde_json::{Value, json};
use stub::{Answer, Request, Stub};

const EXPERIMENT: &str = r#"
name = "served"
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
context_tokens = 200
[evaluate]
problems_per_op = 3
completions = 4
ks = [1, 4]
temperatures = [0, 1.0]
max_new_tokens = 60
data = {}
[[stage]]
kind = "pretrain"
name = "base"
data = {}
[stage.training]
budget_tokens = 1_000
rows = 4
row_tokens = 128
optimizer = { learning_rate = { peak = 1e-2 } }
"#;

const PROBLEMS: usize = 9;

/// The answers of the experiment's problems, by prompt.
type Answers = Arc<HashMap<String, String>>;

fn prepared() -> (tempfile::TempDir, Answers) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("served.toml"), EXPERIMENT).unwrap();
    succeed(
        folder.path(),
        "evaluate --problems problems.jsonl --config served.toml",
    );
    let problems = records(&folder.path().join("problems.jsonl"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let answers: HashMap<String, String> = problems
        .iter()
        .map(|problem| (text(&problem["prompt"]), text(&problem["answer"])))
        .collect();
    assert_eq!(answers.len(), PROBLEMS);
    (folder, Arc::new(answers))
}

/// Answers every problem rightly, without a step; the number of the choice makes completions differ.
fn answer(request: &Request, answers: &HashMap<String, String>) -> Answer {
    if request.is_models() {
        return Answer::json(200, &json!({"data": [{"id": "small"}]}));
    }
    let known = request.body["prompt"]
        .as_str()
        .and_then(|prompt| answers.get(prompt));
    let right = known.map_or("0", String::as_str);
    let choice = |index: usize| {
        let text = format!(" {index}. </solution> <answer> {right} </answer>");
        json!({"index": index, "text": text, "finish_reason": "stop"})
    };
    let choices: Vec<Value> = (0..request.n()).map(choice).collect();
    Answer::json(200, &json!({"choices": choices}))
}

fn serve(answers: &Answers) -> Stub {
    let answers = Arc::clone(answers);
    Stub::start(move |request| answer(request, &answers))
}

fn evaluation(folder: &Path) -> EvaluationFile {
    serde_json::from_slice(&fs::read(folder.join("evaluation.json")).unwrap()).unwrap()
}

/// Requests for completions of problems of the experiment.
fn asked(stub: &Stub, answers: &Answers) -> Vec<Request> {
    let mut requests = stub.requests();
    requests.retain(|request| {
        let prompt = request.body["prompt"].as_str();
        prompt.is_some_and(|prompt| answers.contains_key(prompt))
    });
    requests
}

#[test]
fn a_served_model_is_drawn_from_and_judged_at_every_temperature() {
    let (folder, answers) = prepared();
    let (dir, stub) = (folder.path(), serve(&answers));
    let line = format!(
        "evaluate --endpoint {} --config served.toml --out out",
        stub.url
    );
    let table = succeed(dir, &line);
    assert!(
        table.contains("temperature greedy") && table.contains("temperature 1"),
        "{table}"
    );
    let found = evaluation(&dir.join("out"));
    let sizes: Vec<_> = found
        .evaluations
        .iter()
        .map(|one| (one.temperature, one.completions, one.items.len()))
        .collect();
    assert_eq!(sizes, [(Some(0.0), 1, PROBLEMS), (Some(1.0), 4, PROBLEMS)]);
    for evaluation in &found.evaluations {
        // Right answers without a step.
        assert!(
            evaluation
                .items
                .iter()
                .all(|item| item.answers == evaluation.completions)
        );
        assert!(evaluation.items.iter().all(|item| item.verified == 0));
    }
    for request in asked(&stub, &answers) {
        assert_eq!(request.body["max_tokens"], 60);
        assert_eq!(request.body["model"], "small");
    }

    // What was drawn is a file of completions like any other.
    let given = "evaluate --completions out/endpoint.drawn.jsonl --config served.toml --out given";
    succeed(dir, given);
    let given = evaluation(&dir.join("given"));
    assert_eq!(given.evaluations[0].items, found.evaluations[1].items);

    // A second call draws nothing and finds the same.
    let before = content(&dir.join("out"));
    stub.answer({
        let answers = Arc::clone(&answers);
        move |request| answer(request, &answers)
    });
    assert_eq!(succeed(dir, &line), table);
    assert_eq!(content(&dir.join("out")), before);
    assert!(asked(&stub, &answers).is_empty());
}

#[test]
fn a_problem_that_fails_keeps_no_other_from_being_drawn_and_is_drawn_by_the_next_call() {
    let (folder, answers) = prepared();
    let (dir, stub) = (folder.path(), serve(&answers));
    let broken = answers.keys().min().unwrap().clone();
    stub.answer({
        let (answers, broken) = (Arc::clone(&answers), broken.clone());
        move |request| match request.body["prompt"].as_str() == Some(&broken) {
            true => Answer::json(400, &json!({"error": {"message": "this one is cursed"}})),
            false => answer(request, &answers),
        }
    });
    let line = format!(
        "evaluate --endpoint {} --config served.toml --out out",
        stub.url
    );
    let output = call(dir, &line);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("this one is cursed"), "{message}");
    let drawn = records(&dir.join("out/endpoint.t0.drawn.jsonl"));
    assert_eq!(drawn.len(), PROBLEMS - 1);
    assert!(!dir.join("out/evaluation.json").exists());

    // A line that was cut off as the program was killed is drawn again, too.
    let path = dir.join("out/endpoint.t0.drawn.jsonl");
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() - 5]).unwrap();
    stub.answer({
        let answers = Arc::clone(&answers);
        move |request| answer(request, &answers)
    });
    succeed(dir, &line);
    let greedy = asked(&stub, &answers);
    let greedy = greedy
        .iter()
        .filter(|request| request.body["temperature"] == 0.0);
    assert_eq!(greedy.count(), 2);
    assert_eq!(records(&path).len(), PROBLEMS);
    let whole = evaluation(&dir.join("out"));

    // The same completions as without any failure.
    let line = line.replace("--out out", "--out whole");
    succeed(dir, &line);
    assert_eq!(evaluation(&dir.join("whole")), whole);
}

#[test]
fn completions_of_other_settings_are_not_mixed() {
    let (folder, answers) = prepared();
    let (dir, stub) = (folder.path(), serve(&answers));
    let line = format!(
        "evaluate --endpoint {} --config served.toml --out out",
        stub.url
    );
    succeed(dir, &line);
    for change in [
        "--max-tokens 61",
        "--stop </answer>",
        "--extra {\"min_tokens\":1}",
        "--seed 4",
    ] {
        refuse(
            dir,
            &format!("{line} {change}"),
            &[
                "endpoint.t0.server.json",
                "drawn from `small` with other settings",
            ],
        );
    }
}

/// Whoever removes one of the two files, or serves another model, does not mix completions of two models.
#[test]
fn completions_of_another_model_are_not_mixed() {
    let (folder, answers) = prepared();
    let (dir, stub) = (folder.path(), serve(&answers));
    let line = format!(
        "evaluate --endpoint {} --config served.toml --out out",
        stub.url
    );
    succeed(dir, &line);
    let server = dir.join("out/endpoint.t0.server.json");
    let found = fs::read(&server).unwrap();
    fs::remove_file(&server).unwrap();
    refuse(
        dir,
        &line,
        &[
            "endpoint.t0.server.json",
            "endpoint.t0.drawn.jsonl",
            "it is missing",
        ],
    );
    fs::write(&server, found).unwrap();
    let drawn = dir.join("out/endpoint.t0.drawn.jsonl");
    let text = fs::read_to_string(&drawn).unwrap();
    let first: String = text
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&drawn, first).unwrap();
    stub.answer({
        let answers = Arc::clone(&answers);
        move |request| match request.is_models() {
            true => Answer::json(200, &json!({"data": [{"id": "other"}]})),
            false => answer(request, &answers),
        }
    });
    refuse(dir, &line, &["drawn from `small`", "remove both files"]);
}

#[test]
fn prompts_are_sent_as_the_tokens_of_a_tokenizer() {
    let (folder, answers) = prepared();
    let (dir, stub) = (folder.path(), serve(&answers));
    let tokenizer =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../interplay-tokenizer/tests/golden/qwen2");
    let line = format!(
        "evaluate --endpoint {} --tokenizer {} --config served.toml --out out",
        stub.url,
        tokenizer.display()
    );
    succeed(dir, &line);
    assert!(asked(&stub, &answers).is_empty());
    let tokenizer = interplay::tokenizer::Tokenizer::from_pretrained(tokenizer).unwrap();
    let sent: Vec<Value> = stub
        .requests()
        .iter()
        .map(|request| request.body["prompt"].clone())
        .collect();
    for prompt in answers.keys() {
        let tokens = json!(tokenizer.encode_prompt(prompt).unwrap());
        assert!(sent.contains(&tokens), "{prompt}");
    }
}

#[test]
fn what_cannot_be_asked_for_is_refused() {
    let (folder, answers) = prepared();
    let (dir, stub) = (folder.path(), serve(&answers));
    let url = &stub.url;
    for (line, part) in [
        (
            format!("evaluate --endpoint {url} --config served.toml"),
            "--out is missing",
        ),
        (
            format!("evaluate --endpoint {url} --model tall --config served.toml --out o"),
            "small",
        ),
        (
            format!(
                "evaluate --endpoint {url} --api-key-env NO_SUCH_KEY --config served.toml --out o"
            ),
            "NO_SUCH_KEY",
        ),
        (
            format!("evaluate --endpoint {url} --concurrency 0 --config served.toml --out o"),
            "concurrency",
        ),
        (
            "evaluate --endpoint gopher://x --config served.toml --out o".to_owned(),
            "without http://",
        ),
        (
            format!("evaluate --endpoint {url} --extra [1] --config served.toml --out o"),
            "a JSON object",
        ),
        (
            format!(
                "evaluate --endpoint {url} --completions problems.jsonl --config served.toml --out o"
            ),
            "cannot be used with",
        ),
        (
            "evaluate problems.jsonl --model small --config served.toml --out o".to_owned(),
            "cannot be used with",
        ),
        (
            "evaluate --config served.toml --out o".to_owned(),
            "--endpoint",
        ),
    ] {
        let output = call(dir, &line);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}: {message}");
        assert!(message.contains(part), "{line}: {message}");
        assert!(!dir.join("o/evaluation.json").exists());
    }
}
