//! A server as a sampler.

use std::convert::Infallible;

use interplay_eval::{Completion, EvalItem, Sampler};

use crate::draw::{self, DrawError};
use crate::endpoint::{Encode, Endpoint};
use crate::error::EndpointError;

impl Endpoint {
    /// Draws `completions` completions of each item and hands over each item, by its position, as soon
    /// as it has all of them. Items come in the order in which they are completed; `keep` is called on
    /// this thread.
    ///
    /// Prompts are sent as the tokens that `encode` gives, if the server takes tokens, and as texts
    /// otherwise. The tokenizer of a server adds what it adds to texts, such as a first token, and
    /// nothing to tokens.
    ///
    /// # Errors
    /// An item that fails does not keep the others from being drawn; the error comes at the end and has
    /// the first reasons. Too many failures in a row end the drawing ([`EndpointError::Items`]), and so
    /// does an error of `keep`, which is given back once the requests under way have ended.
    ///
    /// # Panics
    /// If `encode` or `keep` does.
    pub fn draw<E>(
        &self,
        items: &[EvalItem],
        completions: usize,
        encode: Option<Encode<'_>>,
        keep: &mut dyn FnMut(usize, Vec<Completion>) -> Result<(), E>,
    ) -> Result<(), DrawError<E>> {
        let encode = encode.filter(|_| self.findings().token_ids);
        draw::draw(self, items, completions, encode, keep)
    }

    /// A sampler that sends prompts as the tokens of `encode`, where the server takes tokens.
    #[must_use]
    pub fn sampler<'a>(&'a self, encode: Option<Encode<'a>>) -> EndpointSampler<'a> {
        EndpointSampler {
            endpoint: self,
            encode,
        }
    }
}

/// A server as a sampler, with a way to turn prompts into tokens.
#[derive(Clone, Copy)]
pub struct EndpointSampler<'a> {
    endpoint: &'a Endpoint,
    encode: Option<Encode<'a>>,
}

impl std::fmt::Debug for EndpointSampler<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EndpointSampler")
            .field("endpoint", self.endpoint)
            .field("encodes", &self.encode.is_some())
            .finish()
    }
}

impl Sampler for EndpointSampler<'_> {
    type Error = EndpointError;

    fn sample(
        &mut self,
        items: &[EvalItem],
        completions: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Vec<Completion>>, EndpointError> {
        let mut drawn = vec![Vec::new(); items.len()];
        let (mut done, all) = (0, items.len().saturating_mul(completions));
        let mut keep = |position: usize, completions: Vec<Completion>| {
            done += completions.len();
            drawn[position] = completions;
            progress(done, all);
            Ok::<(), Infallible>(())
        };
        match self
            .endpoint
            .draw(items, completions, self.encode, &mut keep)
        {
            Ok(()) => Ok(drawn),
            Err(DrawError::Endpoint(error)) => Err(error),
            Err(DrawError::Keep(never)) => match never {},
        }
    }
}

impl Sampler for Endpoint {
    type Error = EndpointError;

    /// As [`EndpointSampler`], with prompts as texts.
    fn sample(
        &mut self,
        items: &[EvalItem],
        completions: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Vec<Completion>>, EndpointError> {
        self.sampler(None).sample(items, completions, progress)
    }
}
