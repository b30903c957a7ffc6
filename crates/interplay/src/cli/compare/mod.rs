//! `interplay compare`: two evaluations of the same problems, problem by problem, or two ways of
//! training over several seeds.
//!
//! Intervals, p-values, detectable effects, Holm's correction and the verdict are those of
//! `interplay-eval`; these files read the evaluations and lay out the table and the JSON file.

mod groups;
mod one_run;
mod over_seeds;
mod report;
mod rule;
mod source;
mod table;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use interplay::eval::Measure;

use rule::Rule;
use source::SEED;

/// Which evaluations.
#[derive(Args)]
pub(super) struct Flags {
    /// The evaluation to compare with: a run folder or its results.json, with @STAGE for another
    /// stage than the last one that has an evaluation, or an evaluation such as eval/STAGE.json.
    #[arg(value_name = "A")]
    before: String,
    /// The evaluation to judge, of the same problems.
    #[arg(value_name = "B")]
    after: String,
    /// Compare answers alone instead of verified solutions.
    #[arg(long)]
    answers: bool,
    /// Compare over these training seeds, such as 7,8,9: `{seed}` in A and in B stands for each. The
    /// same seed of A and B is a pair, such as a model and what was trained from it.
    #[arg(long, value_name = "SEEDS", value_delimiter = ',')]
    seeds: Option<Vec<u64>>,
    /// The seeds of A have nothing in common with those of B.
    #[arg(long, requires = "seeds")]
    independent_seeds: bool,
    /// Compare A and B at different temperatures, where neither has the other's. Without this flag that is an
    /// error: a lower temperature alone raises pass@1 and lowers pass@k.
    #[arg(long)]
    any_temperature: bool,
    /// Write all numbers as JSON as well.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Compares and prints the table.
pub(super) fn compare(flags: &Flags) -> Result<()> {
    let measure = match flags.answers {
        true => Measure::AnswerOnly,
        false => Measure::Verified,
    };
    let rule = Rule {
        measure,
        any_temperature: flags.any_temperature,
        output: flags.json.as_deref(),
    };
    if let Some(path) = rule.output {
        interplay_files::check_output(path)?;
    }
    let sources = [flags.before.as_str(), flags.after.as_str()];
    let report = match &flags.seeds {
        Some(seeds) => over_seeds::compare(sources, seeds, flags.independent_seeds, rule)?,
        None => {
            if let Some(source) = sources.iter().find(|source| source.contains(SEED)) {
                bail!(
                    "{source} has {SEED}; expected --seeds with at least two seeds, such as 7,8,9"
                );
            }
            one_run::compare(sources, rule)?
        }
    };
    if let Some(path) = &flags.json {
        interplay_files::write_json(path, &report)?;
    }
    super::output::print(&table::text(&report))
}
