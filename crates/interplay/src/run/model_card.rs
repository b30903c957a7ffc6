//! The card of a model: `README.md` in its folder, with what was measured.
//!
//! Source: the metadata of model cards of the Hugging Face Hub, `model-index` included. Texts in it are JSON strings,
//! which YAML reads.
//! Deviations: the license is `unknown`, since it is the owner's to choose.

use std::fmt::Write as _;
use std::path::Path;

use interplay_eval::{Band, Cell, Evaluation, PassAtK, temperature_name};
use serde_json::json;

use crate::data::DataSpec;
use crate::error::InterplayError;
use crate::plan::Plan;
use crate::results::{Results, StageResult, percent};
use crate::run_file::write_whole;
use crate::stage::StageKind;

/// Writes the card of every model that was trained and evaluated.
pub(super) fn write_model_cards(
    plan: &Plan,
    results: &Results,
    folder: &Path,
) -> Result<(), InterplayError> {
    let trained = results.stages.iter();
    for stage in trained.filter(|stage| stage.kind != StageKind::Init) {
        if let Some(evaluation) = &stage.evaluation {
            let path = folder.join(&stage.name).join("model/README.md");
            write_whole(&path, card(plan, results, stage, evaluation).as_bytes())?;
        }
    }
    Ok(())
}

fn card(plan: &Plan, results: &Results, stage: &StageResult, found: &Evaluation) -> String {
    let name = format!("{}/{}", results.name, stage.name);
    let temperature = temperature_name(found.temperature);
    let how = match temperature.as_str() {
        "greedy" => "greedy decoding".to_owned(),
        other => format!("temperature {other}"),
    };
    let natural = matches!(plan.evaluate.data, DataSpec::Gsm8k(_));
    let contexts: Vec<&str> = found.by_context.keys().map(String::as_str).collect();
    let problems = format!("held-out problems of {}", contexts.join(", "));
    let mut card = String::from(
        "---\nlicense: unknown\nlibrary_name: transformers\npipeline_tag: text-generation\n\
         tags:\n- interplay\n- reasoning\n",
    );
    let kind = if natural {
        "word-problems"
    } else {
        "synthetic"
    };
    card.push_str(&format!(
        "model-index:\n- name: {}\n  results:\n  - task:\n      type: text-generation\n    dataset:\n      \
         name: {}\n      type: {kind}\n    metrics:\n",
        json!(name),
        json!(problems),
    ));
    for pass in ends(&found.overall) {
        let metric = format!("pass@{}", pass.k);
        let title = format!("verified {metric}, {how}");
        card.push_str(&format!(
            "    - type: {}\n      name: {}\n      value: {:.4}\n",
            json!(metric),
            json!(title),
            pass.estimate,
        ));
    }
    let parents = ancestors(results, stage);
    card.push_str(&format!(
        "---\n\n# {name}\n\nA decoder of {} parameters after {}, seed {}, trained and measured by \
         [interplay](https://github.com/interplay-rs/interplay).\n\n",
        results.model_parameters,
        parents.join(", "),
        results.seed,
    ));
    card.push_str(&table(found));
    card.push_str(&format!(
        "\nPercent with 95 % intervals over {} {problems}, {} completions each, {how}; a completion counts if its \
         {}.\n\n",
        found.overall.problems,
        found.completions,
        match found.level.as_str() {
            "answer" => "answer is right".to_owned(),
            level => format!("steps and its answer are right (level `{level}`)"),
        },
    ));
    card.push_str(USE);
    card
}

/// How to call the model.
const USE: &str = "```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(\"path/to/this/folder\")
model = AutoModelForCausalLM.from_pretrained(\"path/to/this/folder\")
question = \"...\"  # a problem in the words of the training data
prompt = tokenizer(f\"<question> {question} </question> <solution>\", return_tensors=\"pt\")
print(tokenizer.decode(model.generate(**prompt, max_new_tokens=128)[0]))
```
";

/// The stages that led to a model, the first one first.
fn ancestors(results: &Results, stage: &StageResult) -> Vec<String> {
    let mut chain = vec![format!("`{}` ({})", stage.name, stage.kind)];
    let mut from = stage.from.as_deref();
    while let Some(parent) =
        from.and_then(|name| results.stages.iter().find(|one| one.name == name))
    {
        chain.push(format!("`{}` ({})", parent.name, parent.kind));
        from = parent.from.as_deref();
    }
    chain.reverse();
    chain
}

/// The first and the last pass@k of verified solutions.
fn ends(cell: &Cell) -> Vec<&PassAtK> {
    let mut ends: Vec<&PassAtK> = cell.verified.iter().collect();
    if ends.len() > 2 {
        ends.drain(1..ends.len() - 1);
    }
    ends
}

/// Verified at the first and the last k, and answers alone, by band.
fn table(found: &Evaluation) -> String {
    let ks: Vec<String> = ends(&found.overall)
        .iter()
        .map(|pass| format!(" verified pass@{} |", pass.k))
        .collect();
    let mut table = format!("| band |{} answer pass@1 |\n|---|", ks.concat());
    table.push_str(&"---|".repeat(ks.len() + 1));
    table.push('\n');
    for band in Band::ALL.map(Band::name) {
        let Some(cell) = found.by_band.get(band) else {
            continue;
        };
        let answers = cell.answer_at(1);
        let cells = ends(cell).into_iter().chain(answers).map(percent);
        let _ = writeln!(
            table,
            "| {band} | {} |",
            cells.collect::<Vec<_>>().join(" | ")
        );
    }
    table
}
