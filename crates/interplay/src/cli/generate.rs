//! `interplay generate`: problems with gold solutions, and their gold graphs, as files.
//!
//! A killed run goes on where it stood, and ends in the same bytes.

use std::path::{Path, PathBuf, absolute};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use interplay::progress::{Console, Progress};
use interplay::tasks::corpora::{GoldRecord, ResumableWriter};
use interplay::tasks::datasets::{Part, Shard, Split, Subset};
use interplay::tasks::likeness::{Fingerprinted, Fingerprints, Likeness};
use interplay::tasks::{Dataset, Problem, TaskError};
use sha2::{Digest, Sha256};

use super::flags::ProblemFlags;

/// Which problems, how many, and where to.
#[derive(Args)]
pub(super) struct Flags {
    #[command(flatten)]
    problems: ProblemFlags,
    /// How many problems to draw, before shards, parts and repetitions are left out.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    n: u64,
    /// Write every N-th problem only, from the I-th on, I from 0 to N - 1. With --distinct: what
    /// falls to shard I by its content, so that shards repeat nothing of each other.
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE)]
    shard: Shard,
    /// Write the problems of this part of a split only.
    #[arg(long, value_parser = part())]
    part: Option<Part>,
    /// The shares of training, validation and test.
    #[arg(
        long,
        value_name = "A,B,C",
        value_delimiter = ',',
        default_value = "0.8,0.1,0.1"
    )]
    shares: Vec<f64>,
    /// What no two parts have in common: graphs with their numbers, or shapes of graphs.
    #[arg(long, default_value = "shape", value_parser = likeness(&["graph", "shape"]))]
    split_by: Likeness,
    /// Leave out problems that repeat an earlier one: its text, its graph with numbers, or its
    /// shape.
    #[arg(long, value_parser = likeness(&Likeness::NAMES))]
    distinct: Option<Likeness>,
    /// Also write the gold graphs to this file (JSONL; compressed where it ends in .gz).
    #[arg(long, value_name = "FILE")]
    graphs: Option<PathBuf>,
    /// Where to write the problems: Parquet where it ends in .parquet, else JSONL, compressed
    /// where it ends in .gz.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// Draws the problems and writes them; the files get their names when all is written.
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
    let dataset = flags.problems.dataset()?;
    let mut source = Source::new(flags, &dataset)?;
    let (written, resumed) = write(flags, &mut source)?;
    let mut summary = format!("{written} problems in {}", flags.output.display());
    if resumed > 0 {
        summary.push_str(&format!(", {resumed} of them by an earlier run"));
    }
    if source.repeated > 0 {
        summary.push_str(&format!(", {} repetitions left out", source.repeated));
    }
    source.console.end(&summary);
    Ok(())
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
            output.end_record(source.place)?;
        }
        Ok(())
    };
    match write() {
        Ok(()) => Ok((output.finish()?, resumed)),
        // What the system refuses may go better later; what cannot be drawn will not.
        Err(error @ (TaskError::Io { .. } | TaskError::Unfinished { .. })) => Err(error.into()),
        Err(error) => {
            output.discard()?;
            Err(error.into())
        }
    }
}

/// The problems that the flags let through, in their order.
struct Source<'d> {
    piece: Subset<'d>,
    /// Everything that determines the bytes.
    key: String,
    /// In which sense repetitions are left out, and which fingerprints are this process's.
    distinct: Option<(Likeness, Shard)>,
    seen: Fingerprints,
    /// The next candidate.
    place: u64,
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
        // The data set's own form has its spec, its words and its stream.
        let all = format!(
            "{} {dataset:?} {} {} {part:?} {:?} {}",
            env!("CARGO_PKG_VERSION"),
            flags.n,
            flags.shard,
            flags.distinct,
            flags.graphs.is_some(),
        );
        let hash = Sha256::digest(all);
        Ok(Self {
            piece: match part {
                Some((split, part)) => piece.part(split, part),
                None => piece,
            },
            key: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            distinct: flags.distinct.map(|likeness| (likeness, flags.shard)),
            seen: Fingerprints::new(),
            place: 0,
            repeated: 0,
            console,
        })
    }

    /// The next problem to write.
    fn next(&mut self) -> Result<Option<Problem>, TaskError> {
        while self.piece.index(self.place).is_some() {
            let problem = self.piece.get(self.place)?;
            self.place += 1;
            if self.place.is_multiple_of(256) {
                self.console.advance(self.place, "problems");
            }
            if let Some(problem) = problem
                && self.is_wanted(&problem)?
            {
                return Ok(Some(problem));
            }
        }
        Ok(None)
    }

    /// Whether a problem is no repetition, and is this process's to write.
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

    /// Passes over what an earlier run has written; repetitions of it are still recognised.
    fn skip(&mut self, place: u64) -> Result<(), TaskError> {
        if self.distinct.is_some() {
            while self.place < place && self.next()?.is_some() {}
        }
        self.place = place;
        Ok(())
    }
}

fn part() -> impl TypedValueParser<Value = Part> {
    PossibleValuesParser::new(Part::NAMES).try_map(|name| name.parse::<Part>())
}

/// Senses in which problems are alike, by name.
pub(super) fn likeness(names: &'static [&'static str]) -> impl TypedValueParser<Value = Likeness> {
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Likeness>())
}
