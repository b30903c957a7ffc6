//! Random access within one part of a split, for training data and the problems held out from it.
//!
//! A problem in another part is redrawn, from a stream of its own, with the same component, op
//! and number of distractors: the mixture stays what the spec says, and an index whose first
//! problem is in the part keeps it.
//!
//! A graph counts with its numbers and without its names, so small ops have few: four at op 1 and
//! op 2, as many as there are constants. A part that held only a handful of them would measure a
//! model on a handful of answers. So two things keep parts apart ([`Split::part_with_text`]):
//! - graphs, at an op where the part has at least 16 of them ([`ENOUGH_GRAPHS`]);
//! - below that, texts: the part holds whole graphs and, of the graphs that are trained on, its
//!   share of texts. [`Drawn::unlike_by`] says which of the two a problem is.
//!
//! Training leaves out both, so no text is ever trained on and measured.

use std::collections::{HashMap, HashSet};

use crate::error::TaskError;
use crate::generation::Problem;
use crate::likeness::{Fingerprinted, Likeness};

use super::dataset::Dataset;
use super::split::{Part, Split};

/// How often a problem is redrawn before one of another part is taken.
///
/// A part of one twentieth of all problems is missed with a probability of 2e-6.
pub const REDRAWS: u64 = 256;

/// How many graphs a part must have at an op for its problems to differ from others by graph.
pub const ENOUGH_GRAPHS: usize = 16;

/// How many problems are drawn at most to count the graphs of a part.
const PROBES: u64 = 2_000;

/// A data set whose problems all belong to one part of a split.
///
/// ```
/// use interplay_graph::SeedStreams;
/// use interplay_tasks::datasets::{Part, Split};
/// use interplay_tasks::likeness::Likeness;
/// use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};
///
/// let spec = TaskSpec::single(Counts::one(6), "zoo", Dialect::Terse);
/// let data = Dataset::new(spec, &ContextLibrary::embedded(), SeedStreams::new(7), "demo")?;
/// let split = Split::hold_out(0.1)?;
/// let training = data.clone().restrict(split, Part::Train)?;
/// let evaluation = data.restrict(split, Part::Test)?;
/// assert_eq!(split.part(&training.get(3)?.problem)?, Part::Train);
/// let drawn = evaluation.get(3)?;
/// assert_eq!(drawn.unlike_by, Some(Likeness::Graph)); // no training problem has this graph
/// assert_eq!((drawn.problem.id(), drawn.problem.op()), (3, 6));
/// # Ok::<(), interplay_tasks::TaskError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RestrictedDataset {
    data: Dataset,
    split: Split,
    part: Part,
    /// By component and op, whether the part has enough graphs there.
    by_graph: HashMap<(usize, u32), bool>,
}

/// A problem with how it differs from those of other parts.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Drawn {
    /// The problem.
    pub problem: Problem,
    /// In which sense no problem of another part is like it: in that of the split, or only by text.
    /// `None` if the part has no such problem, as far as [`REDRAWS`] draws tell: the problem then
    /// belongs to another part, and training may have seen it.
    pub unlike_by: Option<Likeness>,
    /// How often it was redrawn.
    pub redraws: u64,
}

impl Drawn {
    /// Whether the problem belongs to the part that was asked for.
    #[must_use]
    pub fn in_part(&self) -> bool {
        self.unlike_by.is_some()
    }
}

impl Dataset {
    /// The same data set with every problem in one part of a split.
    ///
    /// Takes up to 2,000 draws for each component and op, to count the graphs of a part other than
    /// training.
    ///
    /// # Errors
    /// As [`Dataset::get`].
    pub fn restrict(self, split: Split, part: Part) -> Result<RestrictedDataset, TaskError> {
        let mut by_graph = HashMap::new();
        if part != Part::Train {
            for (component, entry) in self.spec().mixture.iter().enumerate() {
                for op in entry.op.iter().filter(|_| entry.weight > 0.0) {
                    let enough = has_enough_graphs(&self, split, part, component, op)?;
                    by_graph.insert((component, op), enough);
                }
            }
        }
        Ok(RestrictedDataset {
            data: self,
            split,
            part,
            by_graph,
        })
    }
}

fn has_enough_graphs(
    data: &Dataset,
    split: Split,
    part: Part,
    component: usize,
    op: u32,
) -> Result<bool, TaskError> {
    let mut graphs = HashSet::new();
    for number in 0..PROBES {
        let problem = data.probe(component, op, number)?;
        if split.part(&problem)? == part {
            graphs.insert(problem.fingerprint(split.likeness())?);
            if graphs.len() >= ENOUGH_GRAPHS {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

impl RestrictedDataset {
    /// The data set that problems are drawn from.
    #[must_use]
    pub fn dataset(&self) -> &Dataset {
        &self.data
    }

    /// The split.
    #[must_use]
    pub fn split(&self) -> Split {
        self.split
    }

    /// The part that problems belong to.
    #[must_use]
    pub fn part(&self) -> Part {
        self.part
    }

    /// The problem at this index: that of [`Dataset::get`] if it belongs to the part, else the
    /// first of at most [`REDRAWS`] others that does, else the first one after all.
    ///
    /// # Errors
    /// As [`Dataset::get`].
    pub fn get(&self, index: u64) -> Result<Drawn, TaskError> {
        let first = self.data.get(index)?;
        let by_graph = self.part != Part::Train && {
            let choice = self.data.chosen(index);
            self.by_graph.get(&choice).copied().unwrap_or(false)
        };
        if let Some(unlike_by) = self.unlike_by(&first, by_graph)? {
            return Ok(Drawn {
                problem: first,
                unlike_by: Some(unlike_by),
                redraws: 0,
            });
        }
        for redraw in 1..=REDRAWS {
            let problem = match self.data.redraw(index, redraw) {
                Ok(problem) => problem,
                // The first draw has shown that there are problems of this op.
                Err(TaskError::NoRoom { .. }) => continue,
                Err(error) => return Err(error),
            };
            if let Some(unlike_by) = self.unlike_by(&problem, by_graph)? {
                return Ok(Drawn {
                    problem,
                    unlike_by: Some(unlike_by),
                    redraws: redraw,
                });
            }
        }
        Ok(Drawn {
            problem: first,
            unlike_by: None,
            redraws: REDRAWS,
        })
    }

    /// The problems from index 0 on, without end.
    pub fn iter(&self) -> impl Iterator<Item = Result<Drawn, TaskError>> {
        (0..).map(|index| self.get(index))
    }

    /// How a problem differs from those of other parts; `None` if it is not in this one.
    fn unlike_by(&self, problem: &Problem, by_graph: bool) -> Result<Option<Likeness>, TaskError> {
        let part = self.split.part(problem)?;
        if part != Part::Train {
            return Ok((part == self.part).then_some(self.split.likeness()));
        }
        // The graph is trained on.
        if by_graph || self.split.part_with_text(problem)? != self.part {
            return Ok(None);
        }
        Ok(Some(Likeness::Text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contexts::ContextLibrary;
    use crate::counts::Counts;
    use crate::spec::{Dialect, TaskSpec};
    use interplay_graph::SeedStreams;

    fn data(ops: (u32, u32), name: &str) -> Dataset {
        let ops = Counts::range(ops.0, ops.1).unwrap();
        let spec = TaskSpec::single(ops, "zoo", Dialect::Terse);
        let library = ContextLibrary::embedded();
        Dataset::new(spec, &library, SeedStreams::new(5), name).unwrap()
    }

    #[test]
    fn training_keeps_what_is_not_held_out_and_every_op() {
        let data = data((2, 8), "train");
        let split = Split::hold_out(0.1).unwrap();
        let training = data.clone().restrict(split, Part::Train).unwrap();
        let mut redrawn = 0;
        for index in 0..500 {
            let (plain, drawn) = (data.get(index).unwrap(), training.get(index).unwrap());
            assert_eq!(
                (drawn.problem.op(), drawn.problem.id()),
                (plain.op(), index)
            );
            assert!(drawn.in_part());
            let kept = split.part_with_text(&plain).unwrap() == Part::Train;
            assert_eq!(kept, drawn.redraws == 0);
            if kept {
                assert_eq!(drawn.problem.to_sample(), plain.to_sample());
            }
            redrawn += u64::from(!kept);
        }
        assert!((40..160).contains(&redrawn), "{redrawn}");
    }

    #[test]
    fn parts_share_no_text_at_any_op_and_no_graph_at_larger_ones() {
        let split = Split::hold_out(0.1).unwrap();
        for (op, sense) in [(2, Likeness::Text), (6, Likeness::Graph)] {
            let prints = |name, part| -> HashSet<_> {
                let part = data((op, op), name).restrict(split, part).unwrap();
                let drawn = part.iter().take(400).map(Result::unwrap);
                drawn
                    .inspect(|drawn| assert!(drawn.in_part()))
                    .map(|drawn| drawn.problem.fingerprint(sense).unwrap())
                    .collect()
            };
            let training = prints("train", Part::Train);
            let evaluation = prints("evaluate", Part::Test);
            assert!(evaluation.len() > 100, "op {op}: {}", evaluation.len());
            assert!(training.is_disjoint(&evaluation), "op {op}");
        }
    }

    #[test]
    fn an_empty_part_ends_the_search_and_says_so() {
        let all = Split::hold_out(0.0).unwrap();
        let evaluation = data((3, 3), "none").restrict(all, Part::Test).unwrap();
        let drawn = evaluation.get(0).unwrap();
        assert_eq!((drawn.in_part(), drawn.redraws), (false, REDRAWS));
        let plain = evaluation.dataset().get(0).unwrap();
        assert_eq!(drawn.problem.to_sample(), plain.to_sample());
    }

    #[test]
    fn the_same_index_gives_the_same_problem() {
        let split = Split::hold_out(0.1).unwrap();
        let evaluation = data((2, 6), "again").restrict(split, Part::Test).unwrap();
        let sample = |index| evaluation.get(index).unwrap().problem.to_sample();
        let forward: Vec<_> = (0..20).map(sample).collect();
        let backward: Vec<_> = (0..20).rev().map(sample).collect();
        assert!(forward.iter().eq(backward.iter().rev()));
    }
}
