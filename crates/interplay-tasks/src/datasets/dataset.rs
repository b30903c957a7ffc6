//! Random access to the problems of a spec.

use std::sync::Arc;

use interplay_graph::{SeedStream, SeedStreams};
use rand_chacha::ChaCha8Rng;

use crate::contexts::{Context, ContextLibrary};
use crate::error::TaskError;
use crate::generation::Problem;
use crate::generation::draft::{Draft, Size};
use crate::generation::draw::Draw;
use crate::spec::TaskSpec;

/// How many graphs are begun before a problem is given up.
const ATTEMPTS: u64 = 24;

/// An endless, named sequence of problems. The i-th depends on spec, seed, name and i alone.
///
/// ```
/// use interplay_graph::SeedStreams;
/// use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};
///
/// let spec = TaskSpec::single(Counts::range(2, 5)?, "zoo", Dialect::Terse);
/// let library = ContextLibrary::embedded();
/// let data = Dataset::new(spec, &library, SeedStreams::new(7), "pretrain")?;
/// let problem = data.get(1_000_000)?;
/// assert!((2..=5).contains(&problem.op()));
/// assert_eq!(problem.to_sample(), data.get(1_000_000)?.to_sample());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dataset {
    spec: TaskSpec,
    contexts: Vec<Arc<Context>>,
    weights: Vec<f64>,
    stream: SeedStream,
}

impl Dataset {
    /// The data set of a spec. Two names under one seed give independent problems.
    ///
    /// # Errors
    /// Everything that [`TaskSpec::validate`] finds.
    pub fn new(
        spec: TaskSpec,
        library: &ContextLibrary,
        seeds: SeedStreams,
        name: &str,
    ) -> Result<Self, TaskError> {
        spec.validate(library)?;
        let contexts = spec
            .mixture
            .iter()
            .map(|component| library.get(&component.context))
            .collect::<Result<_, _>>()?;
        let weights = spec
            .mixture
            .iter()
            .map(|component| component.weight)
            .collect();
        Ok(Self {
            spec,
            contexts,
            weights,
            stream: seeds.stream(&format!("tasks/{name}")),
        })
    }

    /// The spec.
    #[must_use]
    pub fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    /// The context of each entry of the mixture.
    pub fn contexts(&self) -> impl ExactSizeIterator<Item = &Context> {
        self.contexts.iter().map(AsRef::as_ref)
    }

    /// The problem at this index.
    ///
    /// # Errors
    /// [`TaskError::NoRoom`] if the bounds of the spec leave no problem of the drawn op.
    pub fn get(&self, index: u64) -> Result<Problem, TaskError> {
        let mut draw = Draw::new(self.stream.rng(index));
        let choice = self.choose(&mut draw);
        // The first attempt continues the problem's own stream; an unlucky one is abandoned for a
        // fresh stream, with the same op.
        self.tell(index, choice, Some(draw), |attempt| {
            let fresh = self.stream.child(index).stream("tasks/attempt");
            fresh.rng(attempt)
        })
    }

    /// Another problem for this index, with the component, op and number of distractors of
    /// [`Dataset::get`] and everything else redrawn.
    pub(super) fn redraw(&self, index: u64, redraw: u64) -> Result<Problem, TaskError> {
        let choice = self.choose(&mut Draw::new(self.stream.rng(index)));
        let fresh = self.stream.child(index).stream("tasks/redraw");
        self.tell(index, choice, None, |attempt| {
            fresh.rng(redraw * ATTEMPTS + attempt)
        })
    }

    /// A problem of this component and op that is at no index, for surveys.
    pub(super) fn probe(
        &self,
        component: usize,
        op: u32,
        number: u64,
    ) -> Result<Problem, TaskError> {
        let fresh = self.stream.child(u64::from(op)).stream("tasks/probe");
        let fresh = fresh.child(component as u64).stream("tasks/probe");
        let choice = Choice {
            component,
            op,
            distractors: self.spec.distractors.min(),
        };
        self.tell(number, choice, None, |attempt| {
            fresh.rng(number * ATTEMPTS + attempt)
        })
    }

    /// The component and op of the problem at this index.
    pub(super) fn chosen(&self, index: u64) -> (usize, u32) {
        let choice = self.choose(&mut Draw::new(self.stream.rng(index)));
        (choice.component, choice.op)
    }

    fn choose(&self, draw: &mut Draw) -> Choice {
        let component = draw.weighted(&self.weights).unwrap_or(0);
        Choice {
            component,
            op: pick(self.spec.mixture[component].op.as_slice(), draw),
            distractors: pick(self.spec.distractors.as_slice(), draw),
        }
    }

    /// Draws a problem of this choice in a bounded number of attempts. `stream` gives the
    /// randomness of each, except of the first if it is given.
    fn tell(
        &self,
        index: u64,
        choice: Choice,
        first: Option<Draw>,
        stream: impl Fn(u64) -> ChaCha8Rng,
    ) -> Result<Problem, TaskError> {
        let Choice {
            component,
            op,
            distractors,
        } = choice;
        let (context, component) = (&self.contexts[component], &self.spec.mixture[component]);
        let size = Size { op, distractors };
        let mut tries = 0;
        let mut draw = first.unwrap_or_else(|| Draw::new(stream(0)));
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                draw = Draw::new(stream(attempt));
            }
            match Draft::draw(&self.spec, component, context, size, &mut draw) {
                Ok(draft) => {
                    return draft.tell(&self.spec, component, context, (index, op), &mut draw);
                }
                Err(more) => tries += more,
            }
        }
        Err(TaskError::NoRoom {
            index,
            op,
            max_value: self.spec.max_value(component.dialect),
            tries,
        })
    }

    /// The problems from index 0 on, without end.
    pub fn iter(&self) -> impl Iterator<Item = Result<Problem, TaskError>> {
        (0..).map(|index| self.get(index))
    }
}

/// What is drawn of a problem before its graph.
#[derive(Debug, Clone, Copy)]
struct Choice {
    component: usize,
    op: u32,
    distractors: u32,
}

fn pick(numbers: &[u32], draw: &mut Draw) -> u32 {
    numbers[draw.below(numbers.len())]
}
