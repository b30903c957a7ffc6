//! The trait that trainers and evaluators see of a task.
//!
//! Source: three projects agree on this boundary: reasoning-gym (`__getitem__`, `score_answer`),
//! verifiers (a task with reward functions) and nanochat (`Task.evaluate`, `Task.reward`).
//!
//! Deviations: scoring is synchronous and pure (the same example, completion and draw give the same
//! score), which is what makes a resumed run equal an uninterrupted one.

use std::sync::Arc;

use crate::{EnvironmentError, Example, Score, components};

/// A source of examples that can judge completions of their prompts.
///
/// Implementations are deterministic: [`example`](Self::example) depends on the index alone, and
/// [`score`](Self::score) on its arguments alone. Both are called from several threads.
pub trait Environment: Send + Sync {
    /// A short name for reports and error messages.
    fn name(&self) -> &str;

    /// How many examples differ; `None` where they never run out.
    ///
    /// A finite environment still answers every index. Index `n` of `n` examples begins the second
    /// epoch, in an order of its own.
    fn num_examples(&self) -> Option<u64> {
        None
    }

    /// The example at an index.
    ///
    /// # Errors
    /// If there is no such example, or it cannot be made.
    fn example(&self, index: u64) -> Result<Example, EnvironmentError>;

    /// Judges a completion of an example's prompt. A wrong completion is a low score, not an error.
    ///
    /// `draw` picks the random numbers of environments whose judgment is noisy. Give every
    /// completion a number of its own; exact environments ignore it.
    ///
    /// # Errors
    /// [`EnvironmentError::ForeignExample`] where the example was made by another environment.
    fn score(
        &self,
        example: &Example,
        completion: &str,
        draw: u64,
    ) -> Result<Score, EnvironmentError>;

    /// The names of the reward components that every [`Score`] of this environment has.
    fn components(&self) -> Vec<String> {
        vec![components::OUTCOME.into(), components::ACCEPTED.into()]
    }

    /// The rule by which a completion is accepted, such as `strict` or `answer`. Results obtained by
    /// different rules are not compared with each other.
    fn level(&self) -> &str {
        "answer"
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<E: Environment + ?Sized> Environment for $pointer {
            fn name(&self) -> &str {
                (**self).name()
            }

            fn num_examples(&self) -> Option<u64> {
                (**self).num_examples()
            }

            fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
                (**self).example(index)
            }

            fn score(
                &self,
                example: &Example,
                completion: &str,
                draw: u64,
            ) -> Result<Score, EnvironmentError> {
                (**self).score(example, completion, draw)
            }

            fn components(&self) -> Vec<String> {
                (**self).components()
            }

            fn level(&self) -> &str {
                (**self).level()
            }
        }
    )*};
}

forward!(&E, Box<E>, Arc<E>);
