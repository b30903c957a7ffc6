//! A server as a sampler of evaluations.

use std::convert::Infallible;

use interplay_eval::{Completion, EvalItem, Sampler};

use crate::draw::DrawError;
use crate::endpoint::{Encode, Endpoint};
use crate::error::EndpointError;

impl Endpoint {
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
