//! Random access to the problems of a spec.

use std::sync::Arc;

use interplay_graph::{SeedStream, SeedStreams};

use crate::draft::{Draft, Size};
use crate::draw::Draw;
use crate::{Context, ContextLibrary, Problem, TaskError, TaskSpec};

/// How often a graph is begun anew before a problem is given up.
const ATTEMPTS: u64 = 24;

/// An endless, named sequence of problems; the i-th depends on spec, seed, name and i alone.
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
    /// All that [`TaskSpec::validate`] finds.
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
    /// [`TaskError::NoRoom`] where the bounds of the spec leave no problem of the drawn op.
    pub fn get(&self, index: u64) -> Result<Problem, TaskError> {
        let mut draw = Draw::new(self.stream.rng(index));
        let part = draw.weighted(&self.weights).unwrap_or(0);
        let component = &self.spec.mixture[part];
        let op = pick(component.op.as_slice(), &mut draw);
        let distractors = pick(self.spec.distractors.as_slice(), &mut draw);
        let context = &self.contexts[part];
        let size = Size { op, distractors };
        let mut tries = 0;
        // The first attempt goes on with the problem's own stream; an unlucky one is left for a
        // stream of its own, with the same op.
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                let fresh = self.stream.child(index).stream("tasks/attempt");
                draw = Draw::new(fresh.rng(attempt));
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

fn pick(numbers: &[u32], draw: &mut Draw) -> u32 {
    numbers[draw.below(numbers.len())]
}
