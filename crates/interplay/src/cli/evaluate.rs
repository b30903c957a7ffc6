//! `interplay evaluate`: any model, in a folder or behind a server, or completions from any engine, on the problems of
//! an experiment.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use interplay::eval::{Cell, PassAtK};
use interplay::launch::Launch;
use interplay::progress::Console;
use interplay::tasks::ContextLibrary;
use interplay::{EvaluationFile, Evaluator};

use super::endpoint::EndpointFlags;

/// What to evaluate, and on which problems.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(super) struct Flags {
    /// A model folder or a file of completions, as with --model-folder or --completions.
    #[arg(value_name = "MODEL|COMPLETIONS", group = "what")]
    subject: Option<PathBuf>,
    /// The folder of a model in the Hugging Face layout with a tokenizer.json, such as runs/staged/grpo/model or that of
    /// Qwen2.5.
    #[arg(long, value_name = "DIR", group = "what")]
    model_folder: Option<PathBuf>,
    /// A file of completions (JSONL, also .gz, or Parquet) with the `id` of a problem and the `completion`, as many of
    /// each problem, and where known `stopped`, `temperature` and `sample`.
    #[arg(long, value_name = "FILE", group = "what")]
    completions: Option<PathBuf>,
    #[command(flatten)]
    endpoint: EndpointFlags,
    /// Put closing tags back that a decoder deleted (`skip_special_tokens`) from completions that are given or served,
    /// where one without any tag ends in a bare number behind a sentence.
    #[arg(long, conflicts_with_all = ["model_folder", "problems"])]
    restore_tags: bool,
    #[command(flatten)]
    launch: Launch,
    /// Write the problems with their prompts and ids to a file (JSONL, compressed if .gz) and evaluate nothing: for
    /// engines that draw the completions.
    #[arg(long, value_name = "FILE", group = "what")]
    problems: Option<PathBuf>,
}

/// Evaluates and prints the table, or writes the problems.
pub(super) fn evaluate(flags: &Flags) -> Result<()> {
    let mut evaluator = Evaluator::new(flags.launch.plan()?, ContextLibrary::embedded());
    if flags.restore_tags {
        evaluator = evaluator.restoring_tags();
    }
    if let Some(path) = &flags.problems {
        let count = evaluator.problems(path)?;
        eprintln!("{count} problems: {}", path.display());
        return Ok(());
    }
    let Some(folder) = &flags.launch.out else {
        bail!(
            "--out is missing; expected the folder to write evaluation.json and the completions to"
        );
    };
    let subject = flags.subject.as_ref();
    let model = flags.model_folder.as_ref();
    let model = model.or(subject.filter(|subject| subject.is_dir()));
    if model.is_some() && flags.restore_tags {
        bail!(
            "--restore-tags is for completions that are given or served; a model folder keeps its tags"
        );
    }
    let completions = flags.completions.as_ref().or(subject);
    let file = match (model, completions) {
        (Some(model), _) => evaluator.model(model, folder, &mut Console::new())?,
        (None, Some(completions)) => evaluator.completions(completions, folder)?,
        (None, None) => flags.endpoint.evaluate(&evaluator, folder)?,
    };
    super::output::print(&table(&file))
}

/// By temperature, each band and all problems.
fn table(file: &EvaluationFile) -> String {
    let mut text = String::new();
    for evaluation in &file.evaluations {
        let name = evaluation.temperature_name();
        let (level, completions) = (&evaluation.level, evaluation.completions);
        text +=
            &format!("temperature {name}, level {level}, {completions} completions per problem\n");
        text += &format!(
            "{:<12}{:>8}{:>6}  {:<22}{:<22}{}\n{}\n",
            "",
            "problems",
            "k",
            "verified pass@k",
            "answer pass@k",
            "maj@k",
            "-".repeat(88)
        );
        for (band, cell) in &evaluation.by_band {
            text += &rows(band, cell);
        }
        text += &rows("overall", &evaluation.overall);
        text.push('\n');
    }
    if let Some(loss) = file
        .held_out_loss
        .as_ref()
        .and_then(|loss| loss.overall.as_ref())
    {
        let (nats, perplexity) = (loss.loss_nats, loss.perplexity);
        text += &format!("held-out loss {nats:.4} nats a token, perplexity {perplexity:.3}\n");
    }
    text + "percent, with 95 % intervals clustered by problem\n"
}

fn rows(name: &str, cell: &Cell) -> String {
    let mut text = String::new();
    for (index, (verified, answer)) in cell.verified.iter().zip(&cell.answer_only).enumerate() {
        let (name, problems) = match index {
            0 => (name, cell.problems.to_string()),
            _ => ("", String::new()),
        };
        let majority = cell.majority.get(index).map(percent).unwrap_or_default();
        text += &format!(
            "{name:<12}{problems:>8}{:>6}  {:<22}{:<22}{majority}\n",
            verified.k,
            percent(verified),
            percent(answer)
        );
    }
    text
}

fn percent(pass: &PassAtK) -> String {
    let [estimate, low, high] = [pass.estimate, pass.low, pass.high].map(|share| 100.0 * share);
    format!("{estimate:.1} [{low:.1}, {high:.1}]")
}
