//! What an evaluation needs to know of a model: that completions can be drawn from it.

use std::ops::Range;

use interplay_environment::{Environment, EnvironmentError, Example};

/// One problem of an evaluation.
#[derive(Debug, Clone)]
pub struct EvalItem {
    /// The problem's id, unique in the evaluation. The example's own id is unique in its
    /// environment only.
    pub id: u64,
    /// The problem: completions continue its prompt.
    pub example: Example,
    /// The band that it is counted in, if any.
    pub band: Option<String>,
}

impl EvalItem {
    /// The examples of an environment at these indices, in no band; ids are the indices.
    ///
    /// # Errors
    /// An example that cannot be made.
    pub fn of(
        environment: &dyn Environment,
        indices: Range<u64>,
    ) -> Result<Vec<Self>, EnvironmentError> {
        let item = |id| {
            let example = environment.example(id)?;
            let band = None;
            Ok(Self { id, example, band })
        };
        indices.map(item).collect()
    }
}

/// A completion as it was drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// The text, without the token that ends it.
    pub text: String,
    /// Whether it ended by itself. A completion that was cut off at the limit of tokens did not, and
    /// is never accepted.
    pub stopped: bool,
}

impl Completion {
    /// A completion that ended by itself.
    ///
    /// ```
    /// use interplay_eval::Completion;
    ///
    /// assert!(Completion::finished("4").stopped);
    /// ```
    #[must_use]
    pub fn finished(text: impl Into<String>) -> Self {
        let (text, stopped) = (text.into(), true);
        Self { text, stopped }
    }
}

/// A source of completions.
///
/// The evaluation does not know whether a model, a file or a person is behind it. To make
/// results reproducible, what a sampler gives for an item must not depend on the items beside it.
pub trait Sampler {
    /// Why sampling can fail.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Draws `completions` completions for each item, in the order of the items, and tells
    /// `progress` how many completions are done out of how many as it goes.
    ///
    /// # Errors
    /// Whatever keeps the sampler from doing so.
    fn sample(
        &mut self,
        items: &[EvalItem],
        completions: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Vec<Completion>>, Self::Error>;
}
