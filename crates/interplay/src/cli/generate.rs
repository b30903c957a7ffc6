//! `interplay generate`: problems with gold solutions, and their gold graphs, as files.
//!
//! A killed run can be resumed and ends in the same bytes.

use std::path::{Path, PathBuf, absolute};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use interplay::progress::{Console, Progress};
use interplay::tasks::corpora::{GoldRecord, ResumableWriter};
use interplay::tasks::datasets::{Part, Shard, Split, Subset};
use interplay::tasks::likeness::{Fingerprinted, Fingerprints, Likeness};
use interplay::tasks::{Context, Dataset, Problem, TaskError, TaskSpec};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::dataset_card::{DatasetCard, file_from};
use super::flags::{ProblemFlags, STREAM};

/// Which problems to generate, how many, and where to write them.
#[derive(Args)]
pub(super) struct Flags {
    #[command(flatten)]
    problems: ProblemFlags,
    /// Number of problems to draw, before shards, parts and repetitions are left out.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    n: u64,
    /// Write only shard I of N, I from 0 to N - 1: every N-th problem from the I-th on. With
    /// --distinct, problems are assigned to shards by content, so no two shards share one.
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE)]
    shard: Shard,
    /// Write only this part of a split.
    #[arg(long, value_parser = part())]
    part: Option<Part>,
    /// Shares of the training, validation and test parts.
    #[arg(
        long,
        value_name = "A,B,C",
        value_delimiter = ',',
        default_value = "0.8,0.1,0.1"
    )]
    shares: Vec<f64>,
    /// What no two parts share: graphs with their numbers, or shapes of graphs.
    #[arg(long, default_value = "shape", value_parser = likeness(&["graph", "shape"]))]
    split_by: Likeness,
    /// Leave out problems that repeat an earlier one in text, in graph with numbers, or in shape.
    #[arg(long, value_parser = likeness(&Likeness::NAMES))]
    distinct: Option<Likeness>,
    /// Write an empty file where no problem is left, instead of failing.
    #[arg(long)]
    allow_empty: bool,
    /// Also write the gold graphs to this file (JSONL; compressed if .gz).
    #[arg(long, value_name = "FILE")]
    graphs: Option<PathBuf>,
    /// Also write a dataset card for the Hugging Face Hub: `README.md` in the folder of the problems, or above it.
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,
    /// Where to write the problems: Parquet if it ends in .parquet, else JSONL, compressed if it ends
    /// in .gz.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// Generates the problems; the files appear when they are complete.
pub(super) fn generate(flags: &Flags) -> Result<()> {
    let same = |graphs: &Path| match (absolute(graphs), absolute(&flags.output)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    if flags.graphs.as_deref().is_some_and(same) {
        bail!(
            "--graphs and --output are both {}; choose two files",
            flags.output.display()
        );
    }
    if cfg!(not(feature = "parquet"))
        && flags.output.extension().is_some_and(|end| end == "parquet")
    {
        bail!(
            "cannot write {}: this command was built without the feature `parquet`; build it with \
             that feature, or choose a name that ends in .jsonl",
            flags.output.display()
        );
    }
    let card = match &flags.card {
        Some(card) => Some((card, file_from(card, &flags.output)?)),
        None => None,
    };
    let dataset = flags.problems.dataset()?;
    let mut source = Source::new(flags, &dataset)?;
    let (written, resumed) = write(flags, &mut source)?;
    let mut summary = format!("{written} problems in {}", flags.output.display());
    if let Some((path, file)) = card {
        let card = DatasetCard {
            dataset: &dataset,
            seed: flags.problems.seed,
            drawn: flags.n,
            written,
            selection: &flags.selection(),
            file,
        };
        interplay_files::write(path, card.text()?.as_bytes())?;
    }
    if resumed > 0 {
        summary.push_str(&format!(", {resumed} of them from an earlier run"));
    }
    if source.repeated > 0 {
        summary.push_str(&format!(", {} repetitions left out", source.repeated));
    }
    source.console.end(&summary);
    Ok(())
}

impl Flags {
    /// What of the problems drawn is left out, in words.
    fn selection(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.shard != Shard::WHOLE {
            found.push(format!("shard {} alone", self.shard));
        }
        if let Some(part) = self.part {
            let shares: Vec<String> = self.shares.iter().map(f64::to_string).collect();
            found.push(format!(
                "the {part} part of a split by {} with the shares {}",
                self.split_by,
                shares.join(", ")
            ));
        }
        if let Some(likeness) = self.distinct {
            found.push(format!(
                "without problems that repeat an earlier {likeness}"
            ));
        }
        found
    }

    fn nothing_left(&self) -> anyhow::Error {
        let path = self.output.display();
        let of = match (self.part, self.shard == Shard::WHOLE) {
            (Some(part), true) => format!("the {part} part"),
            (Some(part), false) => format!("the {part} part of shard {}", self.shard),
            (None, _) => format!("shard {}", self.shard),
        };
        anyhow!(
            "{path} would be empty: none of the {} problems falls to {of}; draw more problems (--n), \
             change --shares or --split-by, or allow it with --allow-empty",
            self.n
        )
    }
}

/// Writes the problems, and the gold graphs beside them.
fn write(flags: &Flags, source: &mut Source<'_>) -> Result<(u64, u64)> {
    let mut paths: Vec<&Path> = vec![&flags.output];
    paths.extend(flags.graphs.as_deref());
    let mut output = ResumableWriter::open(&paths, &source.key)?;
    let resumed = output.resumed();
    let mut write = || -> Result<(), TaskError> {
        source.skip(output.next())?;
        while let Some(problem) = source.next()? {
            output.line(0, &problem.to_sample())?;
            if paths.len() > 1 {
                output.line(1, &GoldRecord::new(&problem, output.records()))?;
            }
            output.end_record(source.position)?;
        }
        Ok(())
    };
    match write() {
        Ok(()) if output.records() == 0 && !flags.allow_empty => {
            output.discard()?;
            Err(flags.nothing_left())
        }
        Ok(()) => Ok((output.finish()?, resumed)),
        // An I/O error may not occur on the next try; a problem that cannot be drawn never can be.
        Err(error @ (TaskError::File(_) | TaskError::Unfinished { .. })) => Err(error.into()),
        Err(error) => {
            output.discard()?;
            Err(error.into())
        }
    }
}

/// The problems that the flags select, in order.
struct Source<'d> {
    piece: Subset<'d>,
    /// Everything that determines the bytes.
    key: String,
    /// The sense in which repetitions are left out, and which fingerprints belong to this process.
    distinct: Option<(Likeness, Shard)>,
    seen: Fingerprints,
    /// The next candidate.
    position: u64,
    repeated: u64,
    console: Console,
}

impl<'d> Source<'d> {
    fn new(flags: &Flags, dataset: &'d Dataset) -> Result<Self> {
        // A repetition may have any index, so each shard looks at all problems.
        let by_index = match flags.distinct {
            None => flags.shard,
            Some(_) => Shard::WHOLE,
        };
        let piece = dataset.first(flags.n).shard(by_index);
        let mut console = Console::new();
        console.begin("generate", by_index.len_of(flags.n));
        let &[train, validation, test] = flags.shares.as_slice() else {
            bail!(
                "--shares: found {} numbers, expected three: training, validation, test",
                flags.shares.len()
            );
        };
        let split = Split::new(train, validation, test)
            .and_then(|split| split.by(flags.split_by))
            .map_err(|error| anyhow!("--shares: {error}"))?;
        let part = flags.part.map(|part| (split, part));
        Ok(Self {
            piece: match part {
                Some((split, part)) => piece.part(split, part),
                None => piece,
            },
            key: Key::new(flags, dataset).hash()?,
            distinct: flags.distinct.map(|likeness| (likeness, flags.shard)),
            seen: Fingerprints::new(),
            position: 0,
            repeated: 0,
            console,
        })
    }

    /// The next problem to write.
    fn next(&mut self) -> Result<Option<Problem>, TaskError> {
        while self.piece.index(self.position).is_some() {
            let problem = self.piece.get(self.position)?;
            self.position += 1;
            if self.position.is_multiple_of(256) {
                self.console.advance(self.position, "problems");
            }
            if let Some(problem) = problem
                && self.is_wanted(&problem)?
            {
                return Ok(Some(problem));
            }
        }
        Ok(None)
    }

    /// Whether a problem is new and belongs to this process.
    fn is_wanted(&mut self, problem: &Problem) -> Result<bool, TaskError> {
        let Some((likeness, shard)) = self.distinct else {
            return Ok(true);
        };
        let print = problem.fingerprint(likeness)?;
        if !shard.owns(print) {
            return Ok(false);
        }
        let is_new = self.seen.insert(print, ()).is_none();
        self.repeated += u64::from(!is_new);
        Ok(is_new)
    }

    /// Skips what an earlier run has written; repetitions of it are still recognized.
    fn skip(&mut self, position: u64) -> Result<(), TaskError> {
        if self.distinct.is_some() {
            while self.position < position && self.next()?.is_some() {}
        }
        self.position = position;
        Ok(())
    }
}

/// Everything that determines the bytes of the output, in a form that does not depend on how types
/// print themselves.
#[derive(Serialize)]
struct Key<'d> {
    /// The name and version of this form.
    format: &'static str,
    program: &'static str,
    seed: u64,
    stream: &'static str,
    spec: &'d TaskSpec,
    contexts: Vec<&'d Context>,
    n: u64,
    shard: String,
    part: Option<&'static str>,
    shares: &'d [f64],
    split_by: Likeness,
    distinct: Option<Likeness>,
    graphs: bool,
}

impl<'d> Key<'d> {
    fn new(flags: &'d Flags, dataset: &'d Dataset) -> Self {
        Self {
            format: "interplay-generate/1",
            program: env!("CARGO_PKG_VERSION"),
            seed: flags.problems.seed,
            stream: STREAM,
            spec: dataset.spec(),
            contexts: dataset.contexts().collect(),
            n: flags.n,
            shard: flags.shard.to_string(),
            part: flags.part.map(Part::name),
            shares: &flags.shares,
            split_by: flags.split_by,
            distinct: flags.distinct,
            graphs: flags.graphs.is_some(),
        }
    }

    fn hash(&self) -> Result<String> {
        let hash = Sha256::digest(serde_json::to_vec(self)?);
        Ok(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

fn part() -> impl TypedValueParser<Value = Part> {
    PossibleValuesParser::new(Part::NAMES).try_map(|name| name.parse::<Part>())
}

/// Senses in which problems can be alike, by name.
pub(super) fn likeness(names: &'static [&'static str]) -> impl TypedValueParser<Value = Likeness> {
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Likeness>())
}
