//! What an evaluation needs to know of a model: that completions can be drawn from it.

use interplay_verify::Gold;

/// One problem of an evaluation.
#[derive(Debug, Clone)]
pub struct EvalItem {
    /// The problem's id, unique in the evaluation.
    pub id: u64,
    /// Its difficulty.
    pub op: u32,
    /// Its context.
    pub context: String,
    /// The text that a completion continues.
    pub prompt: String,
    /// What a completion is compared with.
    pub gold: Gold,
    /// The band that it is counted in, if any.
    pub band: Option<String>,
}

/// A source of completions.
///
/// The evaluation does not know whether a model, a file or a person is behind it. To make
/// results reproducible, what a sampler gives for an item must not depend on the items beside it.
pub trait Sampler {
    /// Why sampling can fail.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Draws `samples` completions for each item, in the order of the items, and tells
    /// `progress` how many completions are done out of how many as it goes.
    ///
    /// # Errors
    /// Whatever keeps the sampler from doing so.
    fn sample(
        &mut self,
        items: &[EvalItem],
        samples: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Vec<String>>, Self::Error>;
}
