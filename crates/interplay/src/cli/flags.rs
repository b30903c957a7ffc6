//! Flags that several subcommands share: which problems to draw, and names of settings.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use interplay::graph::SeedStreams;
use interplay::tasks::{
    Component, Context, ContextLibrary, Counts, Dataset, Dialect, Mode, TaskError, TaskSpec,
};
use interplay::verify::Level;

/// The random stream of all problems that are drawn from a command line, so that `inspect` shows
/// what `generate` writes.
const STREAM: &str = "generate";

/// Which problems to draw: one kind, said with flags, or any mixture, said in a file.
#[derive(Args)]
pub(super) struct ProblemFlags {
    /// The difficulty: a number, or a range such as 2-10 to draw from.
    #[arg(long)]
    op: Option<Counts>,
    /// The context, by id or alias.
    #[arg(long, default_value = "zoo")]
    context: String,
    /// Which way problems are solved.
    #[arg(long, default_value = "forward", value_parser = mode())]
    mode: Mode,
    /// How problems are told.
    #[arg(long, default_value = "prose", value_parser = dialect())]
    dialect: Dialect,
    /// How many layers the structure of a prose problem has: 2, or 3 with averages per item.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..=3))]
    d: u32,
    /// A task spec (TOML) instead of the five flags above.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["op", "context", "mode", "dialect", "d"])]
    spec: Option<PathBuf>,
    /// A context file (TOML) beside the embedded ones; may be given several times.
    #[arg(long, value_name = "FILE")]
    context_file: Vec<PathBuf>,
    /// The root of all randomness.
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
            let text = fs::read_to_string(path)
                .map_err(|error| anyhow!("cannot read {}: {error}", path.display()))?;
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

    /// An error about a spec in the words of the person who wrote it: file and key, or flag.
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
                anyhow!("no such problems can be drawn:{lines}")
            }
        }
    }
}

fn mode() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(["forward", "reverse"]).map(|name| match name.as_str() {
        "reverse" => Mode::Reverse,
        _ => Mode::Forward,
    })
}

fn dialect() -> impl TypedValueParser<Value = Dialect> {
    PossibleValuesParser::new(["prose", "terse"]).map(|name| match name.as_str() {
        "terse" => Dialect::Terse,
        _ => Dialect::Prose,
    })
}

/// The levels of the verifier, by name.
pub(super) fn level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::name)).try_map(|name| name.parse::<Level>())
}
