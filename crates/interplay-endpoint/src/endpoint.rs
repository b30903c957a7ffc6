//! A server to draw from.

use interplay_eval::{Completion, EvalItem};

use crate::client::Client;
use crate::failure::RequestError;
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
