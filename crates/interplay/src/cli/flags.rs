//! Flags that several subcommands share: which problems to generate, and names of settings.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use interplay::graph::SeedStreams;
use interplay::tasks::{
    Component, Context, ContextLibrary, Counts, Dataset, Dialect, Mode, TaskError, TaskSpec,
};
use interplay::verify::Level;

/// The random stream of all problems generated on the command line, so that `inspect` shows what
/// `generate` writes.
pub(super) const STREAM: &str = "generate";

/// Which problems to generate: one kind, set by flags, or any mixture, set by a file.
#[derive(Args)]
pub(super) struct ProblemFlags {
    /// Difficulty: a number of operations, or a range such as 2-10 to draw from.
    #[arg(long)]
    op: Option<Counts>,
    /// Context, by id or alias.
    #[arg(long, default_value = "zoo")]
    context: String,
    /// Direction in which problems are solved.
    #[arg(long, default_value = "forward", value_parser = mode())]
    mode: Mode,
    /// Dialect in which problems are written.
    #[arg(long, default_value = "prose", value_parser = dialect())]
    dialect: Dialect,
    /// Layers of a prose problem's structure: 2, or 3 with averages per item.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..=3))]
    d: u32,
    /// A task spec (TOML), instead of the five flags above.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["op", "context", "mode", "dialect", "d"])]
    spec: Option<PathBuf>,
    /// A context file (TOML), in addition to the embedded contexts. May be repeated.
    #[arg(long, value_name = "FILE")]
    context_file: Vec<PathBuf>,
    /// Random seed.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

impl ProblemFlags {
    /// The data set that the flags describe.
    pub(super) fn dataset(&self) -> Result<Dataset> {
        let mut library = ContextLibrary::embedded();
        for path in &self.context_file {
            library = library.with(Context::load(path)?)?;
        }
        let spec = self.task_spec()?;
        let streams = SeedStreams::new(self.seed);
        Dataset::new(spec, &library, streams, STREAM).map_err(|error| self.explain(error))
    }

    fn task_spec(&self) -> Result<TaskSpec> {
        if let Some(path) = &self.spec {
            let text = interplay_files::read_text(path)?;
            return Ok(TaskSpec::from_toml(&text, &path.display().to_string())?);
        }
        let op = self
            .op
            .clone()
            .ok_or_else(|| anyhow!("--op is missing; expected --op or --spec"))?;
        Ok(TaskSpec::new(vec![Component {
            mode: self.mode,
            d: self.d,
            ..Component::new(op, &self.context, self.dialect)
        }]))
    }

    /// An error about a spec in the user's terms: file and key, or flag.
    fn explain(&self, error: TaskError) -> anyhow::Error {
        let TaskError::Spec { issues } = error else {
            return error.into();
        };
        match &self.spec {
            Some(path) => anyhow!("{}: {}", path.display(), TaskError::Spec { issues }),
            None => {
                let line = |issue: &interplay::tasks::Issue| {
                    let flag = issue.key.replace("mixture[0].", "--");
                    format!(
                        "\n  `{flag}`: found {}, expected {}",
                        issue.found, issue.expected
                    )
                };
                let lines: String = issues.0.iter().map(line).collect();
                anyhow!("no such problems can be generated:{lines}")
            }
        }
    }
}

fn mode() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(Mode::NAMES).try_map(|name| name.parse::<Mode>())
}

fn dialect() -> impl TypedValueParser<Value = Dialect> {
    PossibleValuesParser::new(Dialect::NAMES).try_map(|name| name.parse::<Dialect>())
}

/// The levels of the verifier, by name.
pub(super) fn level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::name)).try_map(|name| name.parse::<Level>())
}
