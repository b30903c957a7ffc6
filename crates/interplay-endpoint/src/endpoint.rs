//! A server to draw from, and the sampler that it is.

use std::convert::Infallible;

use interplay_eval::{Completion, EvalItem, Sampler};

use crate::client::{Client, RequestError};
use crate::connector::Connector;
use crate::draw::{self, DrawError};
use crate::error::EndpointError;
use crate::findings::Findings;
use crate::reply::parse_reply;
use crate::request::{Ask, Prompt, request_seed};
use crate::spec::EndpointSpec;
use crate::stop_string;

/// Turns a prompt into the tokens of the model, beginning with the one that opens a sequence.
pub type Encode<'a> = &'a (dyn Fn(&str) -> Vec<u32> + Sync);

/// A server that completions are drawn from. Its `Debug` does not show the API key.
#[derive(Debug)]
pub struct Endpoint {
    spec: EndpointSpec,
    url: String,
    client: Client,
    findings: Findings,
}

impl Endpoint {
    /// Connects to a server and finds out what it honors, with a few requests for a few tokens.
    ///
    /// # Errors
    /// Those of [`Connector::connect`].
    pub fn connect(spec: EndpointSpec) -> Result<Self, EndpointError> {
        Connector::default().connect(spec)
    }

    pub(crate) fn new(spec: EndpointSpec, url: String, client: Client, findings: Findings) -> Self {
        Self {
            spec,
            url,
            client,
            findings,
        }
    }

    /// The settings.
    #[must_use]
    pub fn spec(&self) -> &EndpointSpec {
        &self.spec
    }

    /// What the server honors.
    #[must_use]
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

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
        let encode = encode.filter(|_| self.findings.token_ids);
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

    /// Draws the completions `first..first + count` of an item, with as many requests as it takes.
    pub(crate) fn complete(
        &self,
        item: &EvalItem,
        first: usize,
        count: usize,
        encode: Option<Encode<'_>>,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Vec<Completion>, RequestError> {
        let tokens = encode.map(|encode| encode(&item.example.prompt));
        let prompt = match &tokens {
            Some(tokens) => Prompt::Tokens(tokens),
            None => Prompt::Text(&item.example.prompt),
        };
        let mut completions = Vec::with_capacity(count);
        // A reply has at least one completion, so this ends.
        while completions.len() < count {
            let asked = (count - completions.len()).min(self.findings.choices.max(1));
            let next = first + completions.len();
            let seed = request_seed(self.spec.seed, item.id, next);
            let ask = Ask {
                prompt,
                completions: asked,
                max_tokens: self.spec.max_tokens,
                seed: self.findings.seed.then_some(seed),
            };
            let model = self.findings.model.as_deref();
            let body = ask.body(&self.spec, model, &self.findings.sent);
            let read = |bytes: &[u8]| parse_reply(bytes, self.spec.api, asked);
            let attempts = self.client.attempts();
            let reply = self
                .client
                .request(&self.url, Some(&body), attempts, is_over, &read)?;
            let choices = reply.choices.into_iter();
            completions.extend(choices.map(|choice| stop_string::completion(choice, &self.spec)));
        }
        Ok(completions)
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
