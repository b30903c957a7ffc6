//! Data tables: which environment a stage trains on or a model is evaluated on.
//!
//! A data table names an environment by its `kind` and has the keys of that kind. This file
//! and `problems.rs` alone know which environments there are; the rest of the crate sees
//! [`Environment`](interplay_environment::Environment). To add a kind, add it to [`DataSpec`] and
//! [`Problems`].

use std::collections::BTreeMap;
use std::path::Path;

use interplay_dag::{DagEnvironment, RELEASED_PROCESS};
use interplay_environment::{Example, Split};
use interplay_eval::{Bands, EvalItem};
use interplay_graph::SeedStreams;
use interplay_graph::settings::Issues;
use interplay_gsm8k::{Gsm8k, Gsm8kSpec};
use interplay_tasks::datasets::{Part, Split as Parts};
use interplay_tasks::likeness::Prints;
use interplay_tasks::{Component, ContextLibrary, Counts, Dataset, TaskError, TaskSpec};
use interplay_verify::{Level, Noise, Verifier};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::error::InterplayError;
use crate::limits::PROBLEMS_PER_OP;
pub(crate) use crate::problems::{Extras, Problems};

/// The key that names the environment; without it a table describes DAG problems.
const KIND: &str = "kind";

/// A data table of an experiment.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub enum DataSpec {
    /// `kind = "dag"`, the default: synthetic problems with dependency graphs.
    Dag(DagData),
    /// `kind = "gsm8k"`: word problems from JSONL files.
    Gsm8k(Gsm8kSpec),
}

/// Synthetic problems, and how their solutions are judged.
#[derive(Debug, Clone, PartialEq)]
pub struct DagData {
    /// The problems to draw.
    pub tasks: TaskSpec,
    /// The level at which solutions are verified; key `level`, `strict` by default.
    pub level: Level,
    /// How the supervision of a trainer errs, if it does; key `noise`. What is measured stays exact, so
    /// only a stage that trains on rewards may have it.
    pub noise: Option<Noise>,
}

impl From<TaskSpec> for DataSpec {
    /// Verified at the strict level, without noise.
    fn from(tasks: TaskSpec) -> Self {
        Self::Dag(DagData {
            tasks,
            level: Level::Strict,
            noise: None,
        })
    }
}

impl<'de> Deserialize<'de> for DataSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = toml::Table::deserialize(deserializer)?;
        let told = |error: toml::de::Error| {
            D::Error::custom(error.to_string().trim_end().replace('\n', " "))
        };
        let kind = match table.remove(KIND) {
            None => "dag".to_owned(),
            Some(toml::Value::String(kind)) => kind,
            Some(other) => {
                return Err(D::Error::custom(format!(
                    "key `{KIND}`: found {other}, expected a text"
                )));
            }
        };
        match kind.as_str() {
            "dag" => {
                let level = table.remove("level").map(toml::Value::try_into::<Level>);
                let noise = table.remove("noise").map(toml::Value::try_into::<Noise>);
                Ok(Self::Dag(DagData {
                    level: level.transpose().map_err(told)?.unwrap_or(Level::Strict),
                    noise: noise.transpose().map_err(told)?,
                    tasks: table.try_into().map_err(told)?,
                }))
            }
            "gsm8k" => table.try_into().map(Self::Gsm8k).map_err(told),
            _ => Err(D::Error::custom(format!(
                "key `{KIND}`: found `{kind}`, expected `dag` or `gsm8k`"
            ))),
        }
    }
}

impl Serialize for DataSpec {
    /// With `kind`, and everything else that the table may hold.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let table = |spec: Result<toml::Table, toml::ser::Error>| spec.map_err(S::Error::custom);
        let mut values = match self {
            Self::Dag(data) => {
                let mut values = table(toml::Table::try_from(&data.tasks))?;
                values.insert("level".into(), data.level.name().into());
                if let Some(noise) = &data.noise {
                    let noise = table(toml::Table::try_from(noise))?;
                    values.insert("noise".into(), noise.into());
                }
                values
            }
            Self::Gsm8k(spec) => table(toml::Table::try_from(spec))?,
        };
        values.insert(KIND.into(), self.kind().into());
        values.serialize(serializer)
    }
}

/// What data tables are opened with.
#[derive(Clone, Copy)]
pub(crate) struct Supply<'a> {
    /// The contexts that tasks may name.
    pub library: &'a ContextLibrary,
    /// The streams of the run's seed.
    pub streams: SeedStreams,
    /// The share of problem graphs that is kept from training.
    pub held_out: f64,
}

/// Which problems to evaluate on.
pub(crate) struct Wanted<'a> {
    /// The stream that DAG problems are drawn from.
    pub stream: &'a str,
    /// Their ops.
    pub ops: &'a [u32],
    /// The number of problems of each op.
    pub per_op: u64,
    /// From files, the number of problems of each op that are left to another selection, where an op
    /// has more than these.
    pub skip: u64,
    /// The bands that problems are counted in.
    pub bands: Option<&'a Bands>,
}

/// Problems to evaluate on, with what judges them.
pub(crate) struct Selection {
    pub problems: Problems,
    pub items: Vec<EvalItem>,
    /// By item, what tells it from other problems.
    pub prints: Vec<Prints>,
    /// How many problems were passed over because they do not fit.
    pub overlong: u64,
}

/// How many problems of an op may be passed over in a row before the search for one that fits ends.
const OVERLONG_IN_A_ROW: u64 = 10_000;

/// The stream of the problems of one op, within that of a selection.
pub(crate) fn stream_of_op(stream: &str, op: u32) -> String {
    format!("{stream}/op-{op}")
}

/// The op of an example; 0 where it has none.
fn op_of(example: &Example) -> u32 {
    example.labels.op.unwrap_or(0)
}

impl DataSpec {
    /// The name of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Dag(_) => "dag",
            Self::Gsm8k(_) => "gsm8k",
        }
    }

    /// Everything that is wrong with the table.
    pub(crate) fn validate(&self, library: &ContextLibrary) -> Issues {
        match self {
            Self::Dag(data) => {
                let mut issues = match data.tasks.validate(library) {
                    Ok(()) => Issues::default(),
                    Err(TaskError::Spec { issues }) => issues,
                    Err(other) => {
                        let mut issues = Issues::default();
                        issues.push("", other, "tasks that can be drawn");
                        issues
                    }
                };
                if let Some(rate) = data.noise.map(|noise| noise.rate()) {
                    issues.range("noise.rate", rate, 0.0..=1.0);
                }
                issues
            }
            Self::Gsm8k(spec) => {
                let mut issues = spec.validate();
                for (key, path) in [("train", &spec.train), ("test", &spec.test)] {
                    if !path.as_os_str().is_empty() && !path.is_file() {
                        issues.push(key, path.display(), "a file that exists");
                    }
                }
                issues
            }
        }
    }

    /// The names of the reward components that its environment can give.
    pub(crate) fn components(&self) -> Vec<String> {
        let mut names = vec!["outcome", "process", "accepted"];
        if matches!(self, Self::Dag(_)) && !self.is_noisy() {
            names.push(RELEASED_PROCESS);
        }
        names.into_iter().map(str::to_owned).collect()
    }

    /// Whether its rewards err.
    pub(crate) fn is_noisy(&self) -> bool {
        matches!(self, Self::Dag(data) if data.noise.is_some())
    }

    /// The ops that its problems can have; empty where only the files tell.
    pub(crate) fn ops(&self) -> Vec<u32> {
        let Self::Dag(data) = self else {
            return Vec::new();
        };
        let entries = data.tasks.mixture.iter().filter(|entry| entry.weight > 0.0);
        let mut ops: Vec<u32> = entries.flat_map(|entry| entry.op.iter()).collect();
        ops.sort_unstable();
        ops.dedup();
        ops
    }

    /// Whether the problems are those of files, of which there may be none of an op.
    pub(crate) fn is_finite(&self) -> bool {
        matches!(self, Self::Gsm8k(_))
    }

    /// The same table with problems of these ops alone, each equally often where problems are drawn.
    pub(crate) fn at_ops(&self, ops: &Counts) -> Self {
        match self {
            Self::Dag(data) => {
                let component = |component: &Component| Component {
                    op: ops.clone(),
                    ..component.clone()
                };
                let mixture = data.tasks.mixture.iter().map(component).collect();
                let tasks = TaskSpec {
                    mixture,
                    ..data.tasks.clone()
                };
                Self::Dag(DagData {
                    tasks,
                    ..data.clone()
                })
            }
            Self::Gsm8k(spec) => {
                let listed = |op: &u32| spec.steps.as_ref().is_none_or(|steps| steps.contains(op));
                Self::Gsm8k(Gsm8kSpec {
                    steps: Some(ops.iter().filter(listed).collect()),
                    ..spec.clone()
                })
            }
        }
    }

    /// The same table with the ops that a calibration chose, in the components that follow it:
    /// those marked `edge = true`, or all where none is marked. Tables of files are restricted to them.
    pub(crate) fn at_edge(&self, ops: &Counts) -> Self {
        let Self::Dag(data) = self else {
            return self.at_ops(ops);
        };
        let marked = data.tasks.mixture.iter().any(|component| component.edge);
        let mut data = data.clone();
        for component in &mut data.tasks.mixture {
            if component.edge || !marked {
                component.op = ops.clone();
            }
        }
        Self::Dag(data)
    }

    /// What is wrong with the marks `edge = true` of the components; `follows` says whether a
    /// calibration chooses ops for the table.
    pub(crate) fn edge_issues(&self, follows: bool) -> Issues {
        let mut issues = Issues::default();
        let Self::Dag(data) = self else {
            return issues;
        };
        let mixture = &data.tasks.mixture;
        for (index, component) in mixture.iter().enumerate() {
            let expected = "no `edge`, or a `grpo` stage with `edge_from`";
            let allowed = follows || !component.edge;
            issues.expect(allowed, format!("mixture[{index}].edge"), "true", expected);
        }
        let marked = mixture.iter().any(|component| component.edge);
        let alike = mixture.windows(2).all(|pair| pair[0].op == pair[1].op);
        if follows && !marked && !alike {
            let ops: Vec<String> = mixture.iter().map(|of| of.op.to_string()).collect();
            let found = format!(
                "components of op {}, none of them marked",
                ops.join("; op ")
            );
            let expected = "`edge = true` in each component whose ops `edge_from` is to choose; the \
                            others keep theirs";
            issues.push("mixture", found, expected);
        }
        issues
    }

    /// What determines the problems of a split besides the table itself: the share that is held out,
    /// and the contexts or the file that the table names.
    ///
    /// # Errors
    /// A context that is not there, or a file that cannot be read.
    pub(crate) fn content(
        &self,
        supply: &Supply<'_>,
        split: Split,
    ) -> Result<Vec<String>, InterplayError> {
        let hash = |bytes: &[u8]| -> String {
            let digits = Sha256::digest(bytes);
            digits.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        match self {
            Self::Dag(data) => {
                let mut content = vec![supply.held_out.to_string()];
                for component in &data.tasks.mixture {
                    let context = supply.library.get(&component.context)?;
                    let what = "a context";
                    let text = serde_json::to_vec(&*context)
                        .map_err(|source| InterplayError::Key { what, source })?;
                    content.push(hash(&text));
                }
                Ok(content)
            }
            Self::Gsm8k(spec) => {
                let path: &Path = match split {
                    Split::Train => &spec.train,
                    Split::Validation | Split::Test => &spec.test,
                };
                let bytes = std::fs::read(path).map_err(InterplayError::io("read", path))?;
                Ok(vec![hash(&bytes)])
            }
        }
    }

    /// The problems of a split. DAG problems are drawn from a named stream of the run's seed.
    ///
    /// # Errors
    /// Problems that cannot be drawn or read.
    pub(crate) fn open(
        &self,
        supply: &Supply<'_>,
        stream: &str,
        split: Split,
    ) -> Result<Problems, InterplayError> {
        self.open_with(supply, stream, split, Extras::default())
    }

    /// The same, with scores that have these extras.
    ///
    /// # Errors
    /// Problems that cannot be drawn or read.
    pub(crate) fn open_with(
        &self,
        supply: &Supply<'_>,
        stream: &str,
        split: Split,
        extras: Extras,
    ) -> Result<Problems, InterplayError> {
        match self {
            Self::Dag(data) => {
                let (tasks, streams) = (data.tasks.clone(), supply.streams);
                let dataset = Dataset::new(tasks, supply.library, streams, stream)?;
                let environment = if supply.held_out > 0.0 {
                    let part = match split {
                        Split::Train => Part::Train,
                        Split::Validation | Split::Test => Part::Test,
                    };
                    let parts = Parts::hold_out(supply.held_out)?;
                    DagEnvironment::of_part(dataset.restrict(parts, part)?)
                } else {
                    DagEnvironment::new(dataset)
                };
                let mut environment = environment.with_verifier(Verifier::new(data.level));
                if !extras.uses {
                    environment = environment.without_uses();
                }
                if extras.released_process {
                    environment = environment.with_released_process();
                }
                // Rollouts draw from the first indices of their stream, so the last one is free.
                let rollouts = streams.stream(&format!("{stream}/rollouts"));
                let errors = rollouts.child(u64::MAX).stream("supervision");
                Ok(Problems::Dag(Box::new(match data.noise {
                    None => environment,
                    Some(noise) => environment.with_noise(noise, errors)?,
                })))
            }
            Self::Gsm8k(spec) => {
                let split = match split {
                    Split::Train => Split::Train,
                    Split::Validation | Split::Test => Split::Test,
                };
                let problems = Gsm8k::load(spec, split, supply.streams.root())?;
                Ok(Problems::Gsm8k(Box::new(problems)))
            }
        }
    }

    /// The first `most` problems of each of these ops in a split, for measuring. None of an op that the
    /// table does not have.
    ///
    /// # Errors
    /// Problems that cannot be drawn or read.
    pub(crate) fn first_of(
        &self,
        supply: &Supply<'_>,
        split: Split,
        ops: &[u32],
        most: usize,
    ) -> Result<BTreeMap<u32, Vec<Example>>, InterplayError> {
        let mut first: BTreeMap<u32, Vec<Example>> =
            ops.iter().map(|op| (*op, Vec::new())).collect();
        if first.is_empty() {
            return Ok(first);
        }
        if self.is_finite() {
            for example in self.open(supply, "lengths", split)?.all()? {
                let of_op = first.get_mut(&op_of(&example));
                if let Some(of_op) = of_op.filter(|of_op| of_op.len() < most) {
                    of_op.push(example);
                }
            }
            return Ok(first);
        }
        for (op, examples) in &mut first {
            let data = self.at_ops(&Counts::one(*op));
            let problems = data.open(supply, "lengths", split)?;
            for index in 0..most as u64 {
                examples.extend(problems.drawn(index)?.map(|(example, _)| example));
            }
        }
        Ok(first)
    }

    /// Up to `per_op` held-out problems of each wanted op, of which `fits` tells whether a model has room
    /// for them. Those that do not fit are passed over and counted.
    ///
    /// # Errors
    /// Problems that cannot be drawn or read, or an op none of whose problems fits.
    pub(crate) fn select(
        &self,
        supply: &Supply<'_>,
        wanted: &Wanted<'_>,
        mut fits: impl FnMut(&Example) -> Result<bool, InterplayError>,
    ) -> Result<Selection, InterplayError> {
        let Wanted {
            stream,
            ops,
            per_op,
            skip,
            bands,
        } = *wanted;
        let band = |op| bands?.band_of(op).map(|band| band.name().to_owned());
        let (mut items, mut prints, mut overlong) = (Vec::new(), Vec::new(), 0);
        let problems = match self {
            Self::Dag(_) => {
                for &op in ops {
                    let data = self.at_ops(&Counts::one(op));
                    let problems = data.open(supply, &stream_of_op(stream, op), Split::Test)?;
                    let (mut taken, mut in_a_row) = (0, 0);
                    for index in 0..PROBLEMS_PER_OP {
                        // At an op with few graphs, many draws in a row may give none that is held out.
                        let drawn = problems.drawn(index)?;
                        let fitting = drawn.as_ref().map(|(example, _)| fits(example));
                        let fitting = fitting.transpose()?;
                        if let (Some((example, print)), Some(true)) = (drawn, fitting) {
                            prints.push(print);
                            items.push(EvalItem {
                                id: u64::from(op) * PROBLEMS_PER_OP + index,
                                example,
                                band: band(op),
                            });
                            (taken, in_a_row) = (taken + 1, 0);
                        } else {
                            overlong += u64::from(fitting.is_some());
                            in_a_row += 1;
                        }
                        if taken == per_op || in_a_row == OVERLONG_IN_A_ROW {
                            break;
                        }
                    }
                    if taken == 0 {
                        return Err(InterplayError::NothingFits { op });
                    }
                }
                // Any environment of the table judges as all of them do.
                self.at_ops(&Counts::one(ops.first().copied().unwrap_or(1)))
                    .open(supply, stream, Split::Train)?
            }
            Self::Gsm8k(_) => {
                let problems = self.open(supply, stream, Split::Test)?;
                let examples = problems.all()?;
                let mut taken: BTreeMap<u32, u64> = ops.iter().map(|op| (*op, 0)).collect();
                let mut there = taken.clone();
                for example in &examples {
                    if let Some(there) = there.get_mut(&op_of(example)) {
                        *there += 1;
                    }
                }
                let to_skip = there.into_iter();
                let to_skip = to_skip.map(|(op, there)| (op, if there > skip { skip } else { 0 }));
                let mut to_skip: BTreeMap<u32, u64> = to_skip.collect();
                for example in examples {
                    let op = op_of(&example);
                    let Some(taken) = taken.get_mut(&op).filter(|taken| **taken < per_op) else {
                        continue;
                    };
                    if let Some(left) = to_skip.get_mut(&op).filter(|left| **left > 0) {
                        *left -= 1;
                        continue;
                    }
                    if fits(&example)? {
                        *taken += 1;
                        prints.push(Prints::of_text(&example.prompt, ""));
                        items.push(EvalItem {
                            id: example.id,
                            example,
                            band: band(op),
                        });
                    } else {
                        overlong += 1;
                    }
                }
                if let Some((op, _)) = taken.iter().find(|(_, taken)| **taken == 0) {
                    return Err(InterplayError::NothingFits { op: *op });
                }
                problems
            }
        };
        Ok(Selection {
            problems,
            items,
            prints,
            overlong,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use interplay_tasks::Dialect;

    use super::*;

    fn read(text: &str) -> Result<DataSpec, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    fn wanted<'a>(stream: &'a str, ops: &'a [u32], per_op: u64, skip: u64) -> Wanted<'a> {
        Wanted {
            stream,
            ops,
            per_op,
            skip,
            bands: None,
        }
    }

    const TERSE: &str =
        "max_value = 30\nmixture = [{ op = \"2-4\", context = \"zoo\", dialect = \"terse\" }]\n";

    #[test]
    fn a_table_without_a_kind_draws_problems() {
        let plain = read(TERSE).unwrap();
        let named = read(&format!("kind = \"dag\"\nlevel = \"strict\"\n{TERSE}")).unwrap();
        assert_eq!(plain, named);
        assert_eq!((plain.kind(), plain.ops()), ("dag", vec![2, 3, 4]));
    }

    #[test]
    fn every_kind_reads_what_it_writes() {
        let noisy = "level = \"paper\"\nnoise = { kind = \"flip\", rate = 0.25 }\n";
        let files = "kind = \"gsm8k\"\ntrain = \"a.jsonl\"\ntest = \"b.jsonl\"\nmax_steps = 2\n";
        for text in [TERSE, &format!("{noisy}{TERSE}"), files] {
            let data = read(text).unwrap();
            assert_eq!(read(&toml::to_string(&data).unwrap()).unwrap(), data);
        }
    }

    #[test]
    fn keys_of_another_kind_and_unknown_kinds_are_refused() {
        for (text, named) in [
            ("kind = \"chess\"", "`dag` or `gsm8k`"),
            ("kind = 3", "expected a text"),
            ("kind = \"gsm8k\"\nmax_value = 3", "max_value"),
            ("train = \"a.jsonl\"", "train"),
            (
                "noise = { kind = \"flip\", rate = 0.1, seed = 3 }\nmixture = []",
                "seed",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn files_are_selected_by_op_and_their_bytes_are_content() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, count: usize| {
            let path = folder.path().join(name);
            let mut file = std::fs::File::create(&path).unwrap();
            for number in 0..count {
                let steps = "<<1+1=2>>".repeat(1 + number % 3);
                writeln!(
                    file,
                    r#"{{"question": "{name} {number}?", "answer": "{steps}\n#### {number}"}}"#
                )
                .unwrap();
            }
            path
        };
        let spec = Gsm8kSpec::new(write("train", 9), write("test", 9));
        let data = DataSpec::Gsm8k(spec);
        let library = ContextLibrary::embedded();
        assert!(data.validate(&library).is_empty());
        let supply = Supply {
            library: &library,
            streams: SeedStreams::new(7),
            held_out: 0.1,
        };
        let selected = data
            .select(&supply, &wanted("evaluate", &[1, 3], 2, 0), |_| Ok(true))
            .unwrap();
        let ids = |selected: &Selection| -> Vec<u64> {
            selected.items.iter().map(|item| item.id).collect()
        };
        assert_eq!(ids(&selected), [0, 2, 3, 5]);
        assert_eq!(selected.prints.len(), 4);
        assert_eq!(
            data.components(),
            selected.problems.environment().components()
        );
        let others = data.select(&supply, &wanted("other", &[1, 3], 2, 2), |_| Ok(true));
        assert_eq!(ids(&others.unwrap()), [6, 8]);
        let absent = data.select(&supply, &wanted("none", &[1, 7], 2, 0), |_| Ok(true));
        assert!(absent.err().unwrap().to_string().contains("op 7"));
        let one_and_three = data.at_ops(&Counts::list(vec![1, 3]).unwrap());
        let problems = one_and_three.open(&supply, "train", Split::Train).unwrap();
        assert_eq!(problems.environment().num_examples(), Some(6));
        // What two selections have in common may be nothing, which is not all.
        let none = one_and_three.at_ops(&Counts::one(2));
        assert!(none.open(&supply, "train", Split::Train).is_err());
        let content = |split| data.content(&supply, split).unwrap();
        let (train, test) = (content(Split::Train), content(Split::Test));
        write("test", 8);
        assert_eq!(content(Split::Train), train);
        assert_ne!(content(Split::Test), test);
    }

    #[test]
    fn problems_without_room_are_passed_over_and_counted() {
        let library = ContextLibrary::embedded();
        let supply = Supply {
            library: &library,
            streams: SeedStreams::new(7),
            held_out: 0.1,
        };
        let data = read(TERSE).unwrap();
        let short = |example: &Example| Ok(example.prompt.len() < 75);
        let selected = data.select(&supply, &wanted("evaluate", &[2, 3], 20, 0), short);
        let selected = selected.unwrap();
        assert_eq!(selected.items.len(), 40);
        let all = Extras {
            released_process: true,
            uses: true,
        };
        let problems = data.open_with(&supply, "train", Split::Train, all).unwrap();
        assert_eq!(data.components(), problems.environment().components());
        assert!(selected.overlong > 0);
        let items = selected.items.iter();
        assert!(items.clone().all(|item| item.example.prompt.len() < 75));
        assert!(items.clone().all(|item| item.example.split == Split::Test));
        let none = data.select(&supply, &wanted("evaluate", &[2], 1, 0), |_| Ok(false));
        let error = none.err().unwrap().to_string();
        assert!(error.contains("op 2"), "{error}");
    }

    #[test]
    fn scores_have_what_their_trainer_reads() {
        let library = ContextLibrary::embedded();
        let supply = Supply {
            library: &library,
            streams: SeedStreams::new(7),
            held_out: 0.1,
        };
        let data = read(TERSE).unwrap();
        let scored = |settings: &str| {
            let text = format!(
                "steps = 1\nprompts = 4\nrows = 4\nrow_tokens = 64\nmax_new_tokens = 24\n{settings}\n\
                 [optimizer]\nlearning_rate = {{ peak = 1e-3 }}"
            );
            let extras = Extras::of(&toml::from_str(&text).unwrap());
            let problems = data.open_with(&supply, "train", Split::Train, extras);
            let problems = problems.unwrap();
            let environment = problems.environment();
            let examples = (0..20).map(|index| environment.example(index).unwrap());
            let scores = examples.map(|one| environment.score(&one, &one.target, 0).unwrap());
            let scores: Vec<_> = scores.collect();
            assert!(scores.iter().all(|score| score.accepted));
            let released = scores
                .iter()
                .all(|score| score.component(RELEASED_PROCESS).is_some());
            let mut steps = scores.iter().flat_map(|score| &score.steps);
            (released, steps.any(|step| !step.uses.is_empty()))
        };
        assert_eq!(scored(""), (false, false));
        assert_eq!(scored("reward = { kind = \"paper\" }"), (true, false));
        assert_eq!(scored("credit = \"node\""), (false, true));
        let weighted = "reward = { kind = \"weighted\", weights = { released_process = 1.0 } }";
        assert_eq!(scored(weighted), (true, false));
    }

    #[test]
    fn a_replay_component_keeps_its_ops_at_the_edge() {
        let part = |op: &str, edge| Component {
            edge,
            ..Component::new(op.parse().unwrap(), "zoo", Dialect::Terse)
        };
        let edge = Counts::list(vec![8, 9]).unwrap();
        let ops = |mixture: Vec<Component>| {
            let DataSpec::Dag(data) = DataSpec::from(TaskSpec::new(mixture)).at_edge(&edge) else {
                panic!("another environment");
            };
            let ops = data.tasks.mixture.iter().map(|of| of.op.to_string());
            ops.collect::<Vec<_>>()
        };
        let written = edge.to_string();
        assert_eq!(
            ops(vec![part("6-7", true), part("2-5", false)]),
            [&written, "2-5"]
        );
        assert_eq!(
            ops(vec![part("6-7", false), part("6-7", false)]),
            [&*written, &written]
        );
    }

    #[test]
    fn marks_are_read_and_written() {
        let text = "[[mixture]]\nop = \"6-7\"\nedge = true\nweight = 0.7\ncontext = [\"zoo\", \"school\"]\n\
                    dialect = \"terse\"\n[[mixture]]\nop = 2\nweight = 0.3\ncontext = \"zoo\"\n\
                    dialect = \"terse\"";
        let data: DataSpec = toml::from_str(text).unwrap();
        let DataSpec::Dag(dag) = &data else {
            panic!("another environment");
        };
        let marks: Vec<bool> = dag.tasks.mixture.iter().map(|of| of.edge).collect();
        assert_eq!(marks, [true, true, false]);
        let written = toml::to_string(&data).unwrap();
        assert_eq!(written.matches("edge").count(), 2, "{written}");
        assert_eq!(toml::from_str::<DataSpec>(&written).unwrap(), data);
    }
}
