//! Experiments that start from the folder of another model: Qwen2's architecture, with a tokenizer of its own.
#![cfg(all(feature = "cli", feature = "flex"))]

mod calls;

use std::fs;
use std::path::{Path, PathBuf};

use burn::backend::Flex;
use calls::{call, refuse, succeed};
use interplay::model::{
    Decoder, ModelConfig, ModelType, Pretrained, SaveOptions, WeightDtype, load_config,
};
use interplay::tasks::ContextLibrary;
use interplay::tokenizer::Tokenizer;
use interplay::{EvaluationFile, ModelSpec, Plan, Results, StageKind};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const EXPERIMENT: &str = r#"
name = "foreign"
init = "base"
seed = 3
[bands]
id = [2, 2]
edge = [3, 3]
hard = [4, 4]
[tasks]
max_value = 12
mixture = [{ op = "2-4", context = "zoo", dialect = "terse" }]
[model]
context_tokens = 400
[evaluate]
problems_per_op = 3
completions = 4
ks = [1, 2]
temperatures = [0, 1.0]
max_new_tokens = 40
data = {}
[[stage]]
kind = "midtrain"
name = "mid"
data = {}
[stage.training]
budget_tokens = 20_000
rows = 4
row_tokens = 320
optimizer = { learning_rate = { peak = 1e-2 } }
[[stage]]
kind = "calibrate"
name = "edge"
edge = { ops = "2-3", problems_per_op = 2, completions = 2, pass_at_1_below = 0.9, pass_at_k_above = 0.0 }
[[stage]]
kind = "grpo"
name = "rl"
edge_from = "edge"
data = { mixture = [{ op = "2-3", context = "zoo", dialect = "terse", edge = true }] }
[stage.training]
steps = 2
prompts = 2
group_size = 4
minibatches = 1
rows = 2
row_tokens = 320
max_new_tokens = 40
reward = { kind = "process" }
optimizer = { learning_rate = { peak = 1e-3 } }
"#;

/// The files of a tokenizer in the form of Qwen2.5, as `transformers` writes them.
fn tokenizer_files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../interplay-tokenizer/tests/golden/qwen2")
}

/// Writes a model of random weights whose vocabulary is padded beyond its tokenizer, in two shards of bf16.
fn write_base(folder: &Path, seed: u64) {
    let config = ModelConfig {
        model_type: ModelType::Qwen2,
        hidden_size: 32,
        intermediate_size: 64,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        num_key_value_heads: 1,
        max_position_embeddings: 32_768,
        eos_token_id: 0.into(),
        ..ModelConfig::tiny(384)
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let decoder = Decoder::<Flex>::init(&config, &mut rng, &Default::default()).unwrap();
    let options = SaveOptions {
        dtype: WeightDtype::Bf16,
        max_shard_bytes: Some(30_000),
    };
    fs::create_dir_all(folder).unwrap();
    Pretrained::new(decoder).save(folder, &options).unwrap();
    for entry in fs::read_dir(tokenizer_files()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
}

/// A folder with the model and the experiment.
fn prepared() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_base(&folder.path().join("base"), 1);
    fs::write(folder.path().join("foreign.toml"), EXPERIMENT).unwrap();
    folder
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_kind_of_stage_runs_from_a_folder() {
    let folder = prepared();
    let dir = folder.path();
    succeed(dir, "run --config foreign.toml --out run");
    let results: Results = read(&dir.join("run/results.json"));
    let stages: Vec<(StageKind, &str)> = results
        .stages
        .iter()
        .map(|stage| (stage.kind, stage.name.as_str()))
        .collect();
    let expected = [
        (StageKind::Init, "init"),
        (StageKind::Midtrain, "mid"),
        (StageKind::Calibrate, "edge"),
        (StageKind::Grpo, "rl"),
    ];
    assert_eq!(stages, expected);
    assert_eq!(results.stages[1].from.as_deref(), Some("init"));
    assert!(results.stages[0].evaluation.is_some());
    assert_eq!(results.stages[0].ledger.trained_tokens, 0);
    assert!(results.stages[3].ledger.trained_tokens > 0);

    // What is left behind is a model of the same kind, with the files of its tokenizer and the ends that it had.
    let model = dir.join("run/rl/model");
    let config = load_config(&model).unwrap();
    assert_eq!(config.model_type, ModelType::Qwen2);
    assert_eq!(
        (config.vocab_size, config.max_position_embeddings),
        (384, 400)
    );
    for name in [
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
        "generation_config.json",
    ] {
        let (written, given) = (model.join(name), dir.join("base").join(name));
        assert_eq!(
            fs::read(written).unwrap(),
            fs::read(given).unwrap(),
            "{name}"
        );
    }
    let (ours, theirs) = (
        Tokenizer::from_pretrained(&model).unwrap(),
        Tokenizer::from_pretrained(dir.join("base")).unwrap(),
    );
    assert_eq!(ours.hash(), theirs.hash());

    // The folder that a run leaves, and the one that it started from, are evaluated as the run did.
    for (stage, subject) in [(0, "base"), (3, "run/rl/model")] {
        let line = format!("evaluate {subject} --config foreign.toml --out alone-{stage}");
        succeed(dir, &line);
        let alone: EvaluationFile = read(&dir.join(format!("alone-{stage}/evaluation.json")));
        let greedy = |items: &[interplay::eval::ItemScore]| -> Vec<(u64, u32)> {
            items.iter().map(|item| (item.id, item.verified)).collect()
        };
        let run = &results.stages[stage].other_temperatures[0];
        assert_eq!(greedy(&alone.evaluations[0].items), greedy(&run.items));
        assert_eq!(alone.evaluations[0].completions, 1);
    }
}

/// Some folders say that embeddings are tied and have an output layer of their own all the same.
#[test]
fn an_output_layer_of_its_own_is_kept() {
    let folder = prepared();
    let dir = folder.path();
    let path = dir.join("base/config.json");
    let mut config: serde_json::Value = read(&path);
    let tied = config["tie_word_embeddings"].as_bool().unwrap();
    let config_of_base = ModelConfig {
        tie_word_embeddings: false,
        ..load_config(&dir.join("base")).unwrap()
    };
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let decoder = Decoder::<Flex>::init(&config_of_base, &mut rng, &Default::default()).unwrap();
    Pretrained::new(decoder)
        .save(&dir.join("base"), &SaveOptions::default())
        .unwrap();
    config["tie_word_embeddings"] = true.into();
    fs::write(&path, config.to_string()).unwrap();
    assert!(tied, "the default ties");
    let (short, _) = EXPERIMENT
        .split_once("[[stage]]\nkind = \"calibrate\"")
        .unwrap();
    fs::write(dir.join("short.toml"), short).unwrap();
    succeed(dir, "run --config short.toml --out run");
    assert!(
        !load_config(&dir.join("run/mid/model"))
            .unwrap()
            .tie_word_embeddings
    );
}

#[test]
fn a_run_from_a_folder_is_reproduced_and_resumed() {
    let folder = prepared();
    let dir = folder.path();
    succeed(dir, "run --config foreign.toml --out run");
    let bytes = |file: &str| fs::read(dir.join(file)).unwrap();
    let whole = bytes("run/results.json");
    succeed(dir, "run --config foreign.toml --out again");
    assert_eq!(bytes("again/results.json"), whole);
    // What is missing is made again from the model that the run took over.
    fs::remove_dir_all(dir.join("again/rl")).unwrap();
    fs::remove_file(dir.join("again/eval/rl.json")).unwrap();
    succeed(dir, "run --config foreign.toml --out again");
    assert_eq!(bytes("again/results.json"), whole);
    assert_eq!(
        bytes("again/rl/model/model.safetensors"),
        bytes("run/rl/model/model.safetensors")
    );
    // Other weights are another experiment, and nothing is mixed.
    write_base(&dir.join("base"), 2);
    let other = call(dir, "run --config foreign.toml --out again");
    let message = String::from_utf8(other.stderr).unwrap();
    assert!(
        !other.status.success() && message.contains("init/stage.json"),
        "{message}"
    );
    assert_eq!(bytes("again/results.json"), whole);
}

#[test]
fn the_plan_is_read_back_and_tells_the_shape() {
    let folder = prepared();
    let dir = folder.path();
    succeed(dir, "run --config foreign.toml --out run");
    let plan = fs::read_to_string(dir.join("run/plan.toml")).unwrap();
    assert!(
        plan.contains("init = \"base\"") && plan.contains("layers = 2"),
        "{plan}"
    );
    assert!(plan.contains("context_tokens = 400"), "{plan}");
    assert!(
        !plan.contains("[tokenizer") && !plan.contains("kind = \"init\""),
        "{plan}"
    );
    // Paths are relative to the working directory.
    let plan = plan.replace("init = \"base\"", &format!("init = {:?}", dir.join("base")));
    let library = ContextLibrary::embedded();
    let read = Plan::from_toml(&plan, Path::new("plan.toml"), &library).unwrap();
    assert_eq!(read.stages[0].kind(), StageKind::Init);
    assert_eq!(read.to_toml().unwrap(), plan);
    let spec = ModelSpec::of_folder(dir.join("base")).unwrap();
    assert_eq!((spec.hidden_size, spec.context_tokens), (32, 2048));
}

/// A file that extends another one takes neither its tokenizer nor its model.
#[test]
fn presets_start_from_a_folder() {
    let folder = prepared();
    let dir = folder.path();
    let text = "extends = \"staged\"\ninit = \"base\"\nwithout = [\"base\"]\n";
    fs::write(dir.join("extended.toml"), text).unwrap();
    let told = succeed(dir, "run --config extended.toml --out extended --plan");
    assert!(told.contains("init"), "{told}");
}

#[test]
fn contradictions_are_told() {
    let folder = prepared();
    let dir = folder.path();
    let check = |change: (&str, &str), parts: &[&str]| {
        assert!(EXPERIMENT.contains(change.0), "{}", change.0);
        fs::write(
            dir.join("bad.toml"),
            EXPERIMENT.replacen(change.0, change.1, 1),
        )
        .unwrap();
        refuse(dir, "run --config bad.toml --out bad", parts);
    };
    check(("init = \"base\"", "init = 3"), &["key `init`: found 3"]);
    check(("init = \"base\"", "init = \"nowhere\""), &["nowhere"]);
    check(
        ("context_tokens = 400", "context_tokens = 400\nlayers = 3"),
        &["key `model.layers`: found 3, expected 2 as in `base`"],
    );
    check(
        ("context_tokens = 400", "context_tokens = 40000"),
        &[
            "`model.context_tokens`",
            "at most the 32768 tokens of `base`",
        ],
    );
    check(
        (
            "[model]",
            "[tokenizer]\nvocab_size = 300\nsamples = 10\ndata = {}\n[model]",
        ),
        &["`tokenizer`", "nothing beside `init`"],
    );
    check(
        ("kind = \"midtrain\"", "kind = \"init\""),
        &["`init = \"models/Qwen2.5-0.5B\"`"],
    );
    check(("init = \"base\"\n", ""), &["missing"]);
    let unknown = call(
        dir,
        "run --config foreign.toml --out bad --set stage.mid.name=\"init\"",
    );
    assert!(!unknown.status.success());
}

/// The study of natural problems from a published base is planned where files of their form are.
#[test]
fn the_example_of_a_published_base_is_planned() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write_base(&dir.join("models/Qwen2.5-0.5B"), 1);
    fs::create_dir(dir.join("gsm8k")).unwrap();
    let line = |number: usize| {
        let sum = number + 4;
        format!(
            "{{\"question\": \"Ann has {number} clips and buys 4. How many are there?\", \"answer\": \
                 \"{number} + 4 = <<{number}+4={sum}>>{sum}.\\n#### {sum}\"}}\n"
        )
    };
    let lines = |numbers: std::ops::Range<usize>| numbers.map(line).collect::<String>();
    fs::write(dir.join("gsm8k/train.jsonl"), lines(0..60)).unwrap();
    fs::write(dir.join("gsm8k/test.jsonl"), lines(100..130)).unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/gsm8k-qwen.toml");
    let plan = succeed(dir, &format!("study --config {} --plan", example.display()));
    assert!(
        plan.contains("arms: init, midtrain, rl, rl_alone"),
        "{plan}"
    );
}
