//! How many evaluated problems the stages of a training run have seen.
//!
//! A [`Certificate`](super::Certificate) compares two corpora in full. Here only the evaluated side
//! is kept, so that millions of training problems stream past in the memory of a few thousand.
//!
//! Complexity: one pass over each stage; about 150 bytes an evaluated problem, and a bit in each of
//! three senses for every stage.

use serde::{Deserialize, Serialize};

use crate::error::TaskError;
use crate::likeness::{Fingerprinted, Fingerprints, Likeness, Prints};

/// The format's name and version, in every certificate.
const FORMAT: &str = "interplay-exposure/1";

/// Counts which evaluated problems occur in the stages of a training run.
///
/// ```
/// use interplay_graph::SeedStreams;
/// use interplay_tasks::corpora::Exposure;
/// use interplay_tasks::datasets::{Part, Split};
/// use interplay_tasks::likeness::Prints;
/// use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};
///
/// let spec = TaskSpec::single(Counts::one(6), "zoo", Dialect::Terse);
/// let data = Dataset::new(spec, &ContextLibrary::embedded(), SeedStreams::new(7), "demo")?;
/// let split = Split::hold_out(0.1)?;
/// let mut exposure = Exposure::new();
/// for drawn in data.clone().restrict(split, Part::Test)?.iter().take(50) {
///     let problem = drawn?.problem;
///     exposure.evaluate("id", problem.op(), Prints::of(&problem)?);
/// }
/// let mut stage = exposure.stage("pretrain");
/// for drawn in data.restrict(split, Part::Train)?.iter().take(500) {
///     stage.train(Prints::of(&drawn?.problem)?);
/// }
/// stage.finish();
/// let certificate = exposure.certificate();
/// assert_eq!((certificate.stages[0].seen[0].graph, certificate.stages[0].problems), (0, 500));
/// # Ok::<(), interplay_tasks::TaskError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Exposure {
    groups: Vec<Evaluated>,
    /// By problem, its group.
    problems: Vec<u32>,
    senses: [Known; 3],
    stages: Vec<StageExposure>,
}

/// The evaluated fingerprints in one sense.
#[derive(Debug, Clone, Default)]
struct Known {
    slots: Fingerprints<u32>,
    /// By slot, the problems that have this fingerprint.
    problems: Vec<Vec<u32>>,
}

/// What a training run has seen of what it was evaluated on.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureCertificate {
    /// The name and version of this format.
    pub format: String,
    /// What the columns `text`, `graph` and `shape` compare, in this order.
    pub compared: Vec<String>,
    /// The evaluated problems.
    pub evaluated: Vec<Evaluated>,
    /// The stages of training, in the order in which they were added.
    pub stages: Vec<StageExposure>,
}

/// The evaluated problems of one set and op.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluated {
    /// The set, for instance a band.
    pub set: String,
    /// The difficulty.
    pub op: u32,
    /// How many problems there are.
    pub problems: u64,
    /// How many of them have no graph, and are compared by text alone.
    pub without_graph: u64,
}

/// What one stage has seen.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageExposure {
    /// The stage.
    pub stage: String,
    /// How many problems it was trained on, repetitions included.
    pub problems: u64,
    /// How many of them have no graph, and are compared by text alone.
    pub without_graph: u64,
    /// How many evaluated problems it has seen, by set and op, in the order of
    /// [`ExposureCertificate::evaluated`].
    pub seen: Vec<Seen>,
}

/// How many evaluated problems of one set and op a stage has seen.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The set.
    pub set: String,
    /// The difficulty.
    pub op: u32,
    /// Word for word.
    pub text: u64,
    /// With other names or in another order, with the same numbers.
    pub graph: u64,
    /// With other numbers as well.
    pub shape: u64,
}

impl Exposure {
    /// Nothing evaluated yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an evaluated problem. Stages that are already finished are not compared with it.
    pub fn evaluate(&mut self, set: &str, op: u32, prints: Prints) {
        let known = |group: &Evaluated| group.op == op && group.set == set;
        let group = match self.groups.iter().position(known) {
            Some(group) => group,
            None => {
                self.groups.push(Evaluated {
                    set: set.to_owned(),
                    op,
                    problems: 0,
                    without_graph: 0,
                });
                self.groups.len() - 1
            }
        };
        self.groups[group].problems += 1;
        self.groups[group].without_graph += u64::from(prints.graph.is_none());
        let problem = self.problems.len() as u32;
        self.problems.push(group as u32);
        for (sense, likeness) in self.senses.iter_mut().zip(Likeness::ALL) {
            if let Some(print) = prints.get(likeness) {
                let new = sense.problems.len() as u32;
                let slot = sense.slots.insert(print, new).unwrap_or(new);
                if slot == new {
                    sense.problems.push(Vec::with_capacity(1));
                }
                sense.problems[slot as usize].push(problem);
            }
        }
    }

    /// Begins a stage; [`StageCounter::finish`] adds it to the certificate.
    #[must_use]
    pub fn stage(&mut self, name: &str) -> StageCounter<'_> {
        StageCounter {
            seen: std::array::from_fn(|sense| vec![false; self.senses[sense].problems.len()]),
            exposure: self,
            name: name.to_owned(),
            problems: 0,
            without_graph: 0,
        }
    }

    /// Adds a whole stage.
    ///
    /// # Errors
    /// The first error among the problems, but for texts without a graph, which are counted.
    pub fn add_stage<T: Fingerprinted>(
        &mut self,
        name: &str,
        problems: impl Iterator<Item = Result<T, TaskError>>,
    ) -> Result<(), TaskError> {
        let mut stage = self.stage(name);
        for problem in problems {
            stage.train(Prints::of(&problem?)?);
        }
        stage.finish();
        Ok(())
    }

    /// What was found so far.
    #[must_use]
    pub fn certificate(&self) -> ExposureCertificate {
        ExposureCertificate {
            format: FORMAT.to_owned(),
            compared: Likeness::ALL.map(|by| by.describe().to_owned()).into(),
            evaluated: self.groups.clone(),
            stages: self.stages.clone(),
        }
    }
}

/// A stage whose training problems stream past.
#[derive(Debug)]
pub struct StageCounter<'a> {
    exposure: &'a mut Exposure,
    name: String,
    problems: u64,
    without_graph: u64,
    /// By sense and slot.
    seen: [Vec<bool>; 3],
}

impl StageCounter<'_> {
    /// Notes one training problem.
    pub fn train(&mut self, prints: Prints) {
        self.problems += 1;
        self.without_graph += u64::from(prints.graph.is_none());
        for (sense, likeness) in Likeness::ALL.into_iter().enumerate() {
            let print = prints.get(likeness);
            let slots = &self.exposure.senses[sense].slots;
            if let Some(slot) = print.and_then(|print| slots.get(print)) {
                self.seen[sense][slot as usize] = true;
            }
        }
    }

    /// Counts what was seen and adds the stage to the certificate. By evaluated problem, gives the closest
    /// likeness in which the stage has seen it, none where it has not.
    pub fn finish(self) -> Vec<Option<Likeness>> {
        let mut counts = vec![[0_u64; 3]; self.exposure.groups.len()];
        let mut closest = vec![None; self.exposure.problems.len()];
        let senses = self.seen.iter().zip(&self.exposure.senses).enumerate();
        for ((sense, (seen, known)), likeness) in senses.zip(Likeness::ALL) {
            let slots = seen.iter().zip(&known.problems).filter(|(seen, _)| **seen);
            for problem in slots.flat_map(|(_, problems)| problems) {
                let problem = *problem as usize;
                counts[self.exposure.problems[problem] as usize][sense] += 1;
                closest[problem].get_or_insert(likeness);
            }
        }
        let seen = self.exposure.groups.iter().zip(counts);
        let seen = seen.map(|(group, [text, graph, shape])| Seen {
            set: group.set.clone(),
            op: group.op,
            text,
            graph,
            shape,
        });
        let stage = StageExposure {
            stage: self.name,
            problems: self.problems,
            without_graph: self.without_graph,
            seen: seen.collect(),
        };
        self.exposure.stages.push(stage);
        closest
    }
}

impl ExposureCertificate {
    /// The certificate as indented JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpora::Sample;

    fn prints(problem: &str, question: &str) -> Prints {
        let sample = Sample {
            problem: problem.into(),
            question: question.into(),
            solution: String::new(),
            op: 1,
            id: 0,
            template: "zoo".into(),
            mode: "normalforward".into(),
            length: "zero_context".into(),
            d: 2,
        };
        Prints::of(&sample).unwrap()
    }

    #[test]
    fn each_sense_is_counted_by_set_and_op() {
        let mut exposure = Exposure::new();
        exposure.evaluate("id", 2, prints("fox = 3. elk = fox.", "elk?"));
        exposure.evaluate("id", 2, prints("owl = 3. bee = owl.", "bee?"));
        exposure.evaluate("id", 2, prints("owl = 4. bee = owl.", "bee?"));
        exposure.evaluate("hard", 2, prints("fox = 3. elk = fox.", "elk?"));
        exposure.evaluate("hard", 3, prints("fox = 3. elk = fox + 1.", "elk?"));
        exposure.evaluate("gsm8k", 0, Prints::of_text("What is 1 + 1?", ""));

        let mut stage = exposure.stage("pretrain");
        stage.train(prints("fox = 3.  elk = fox.", "elk?"));
        stage.train(prints("fox = 3.  elk = fox.", "elk?"));
        stage.train(Prints::of_text("What is 1 + 1?", ""));
        let (text, graph, shape) = (Likeness::Text, Likeness::Graph, Likeness::Shape);
        let closest = [text, graph, shape, text].map(Some);
        assert_eq!(stage.finish(), [&closest[..], &[None, Some(text)]].concat());
        assert_eq!(exposure.stage("midtrain").finish(), [None; 6]);

        let certificate = exposure.certificate();
        let seen = |stage: usize| -> Vec<_> {
            let seen = certificate.stages[stage].seen.iter();
            seen.map(|seen| (&*seen.set, seen.op, [seen.text, seen.graph, seen.shape]))
                .collect()
        };
        let expected = [
            ("id", 2, [1, 2, 3]),
            ("hard", 2, [1, 1, 1]),
            ("hard", 3, [0, 0, 0]),
            ("gsm8k", 0, [1, 0, 0]),
        ];
        assert_eq!(seen(0), expected);
        assert!(seen(1).iter().all(|(_, _, counts)| *counts == [0, 0, 0]));
        let stage = &certificate.stages[0];
        assert_eq!((stage.problems, stage.without_graph), (3, 1));
        let evaluated = &certificate.evaluated;
        assert_eq!((evaluated[0].problems, evaluated[3].without_graph), (3, 1));
        let json = certificate.to_json();
        assert_eq!(
            serde_json::from_str::<ExposureCertificate>(&json).unwrap(),
            certificate
        );
    }

    #[test]
    fn a_stage_before_the_evaluated_problems_sees_nothing_of_them() {
        let mut exposure = Exposure::new();
        exposure.stage("pretrain").finish();
        exposure.evaluate("id", 1, prints("fox = 3.", "fox?"));
        assert!(exposure.certificate().stages[0].seen.is_empty());
    }
}
