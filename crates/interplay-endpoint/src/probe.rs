//! Finding out what a server honors.
//!
//! The first request has every key that would be good to have. If it is refused, the keys that the
//! refusal names get their next value or are dropped; if it names none, keys are added to the plainest
//! request one at a time. Every request samples as those of an evaluation will: `transformers serve`
//! with continuous batching keeps the sampling settings of the first request for all others.

use serde_json::{Map, Value, json};

use crate::address::Address;
use crate::api::Api;
use crate::client::Client;
use crate::error::EndpointError;
use crate::failure::{Failure, RequestError};
use crate::findings::Findings;
use crate::models;
use crate::refusal;
use crate::reply::{Reply, StopReport, parse_reply};
use crate::request::{Ask, Prompt};
use crate::spec::EndpointSpec;

/// What is asked. Any tokenizer has it, and few models go on in one way only.
const PROMPT: &str = "1 + 1 =";

/// A prompt of tokens that any vocabulary has.
const TOKENS: [u32; 3] = [1, 1, 1];

/// The most tokens of a completion: enough for samples to differ.
const MAX_TOKENS: u32 = 16;

const SEEDS: [u32; 2] = [11, 12];

/// How often a request is tried that a server may refuse by failing.
const REFUSED_ATTEMPTS: u32 = 2;

/// A key that is good to have, and its values, best first.
struct Key {
    name: &'static str,
    values: Vec<Value>,
}

/// The keys that turn off what a server would do beyond plain sampling, and `seed`.
///
/// `top_k` is off at 0 in llama.cpp and vLLM, and at -1 in SGLang and older vLLM, which refuse 0.
fn keys(spec: &EndpointSpec) -> Vec<Key> {
    let mut keys = vec![
        ("seed", vec![json!(SEEDS[0])]),
        ("top_p", vec![json!(1.0)]),
        ("top_k", vec![json!(0), json!(-1)]),
        ("min_p", vec![json!(0.0)]),
        ("frequency_penalty", vec![json!(0.0)]),
        ("presence_penalty", vec![json!(0.0)]),
        ("repetition_penalty", vec![json!(1.0)]),
        ("repeat_penalty", vec![json!(1.0)]),
        ("skip_special_tokens", vec![json!(spec.skip_special_tokens)]),
    ];
    if !spec.stop.is_empty() {
        keys.push(("include_stop_str_in_output", vec![json!(true)]));
        keys.push(("no_stop_trim", vec![json!(true)]));
    }
    let keys = keys.into_iter().map(|(name, values)| Key { name, values });
    keys.filter(|key| !spec.extra.contains_key(key.name))
        .collect()
}

/// Finds out what a server honors.
///
/// # Errors
/// A server that does not answer the plainest request, or does not have the model.
pub(crate) fn probe(
    client: &Client,
    spec: &EndpointSpec,
    address: &Address,
) -> Result<Findings, EndpointError> {
    let listed = models::list(client, &address.models())?;
    let model = models::choose(spec, address, listed.as_deref())?;
    let mut prober = Prober {
        client,
        spec,
        url: address.of(spec.api),
        findings: Findings {
            model,
            models: listed.unwrap_or_default(),
            requests: 1,
            ..Findings::default()
        },
    };
    let (sent, first) = match prober.negotiate()? {
        Some(agreed) => agreed,
        None => prober.one_at_a_time(address)?,
    };
    prober.findings.sent = sent;
    let seed = prober.findings.sent.remove("seed");
    prober.findings.seed = seed.is_some();
    let stop = first.choices.first().map(|choice| &choice.stop);
    prober.findings.reports_stop = stop.is_some_and(|stop| *stop != StopReport::Unreported);
    prober.choices()?;
    prober.variety()?;
    prober.token_ids()?;
    prober.logprobs()?;
    Ok(prober.findings)
}

/// The keys that were taken, and the reply to a request with them.
type Agreed = (Map<String, Value>, Reply);

struct Prober<'a> {
    client: &'a Client,
    spec: &'a EndpointSpec,
    url: String,
    findings: Findings,
}

impl Prober<'_> {
    /// Asks with every key, changes and drops those that refusals name, and gives the keys that were
    /// taken, with the reply. Gives nothing if a refusal names no key.
    fn negotiate(&mut self) -> Result<Option<Agreed>, EndpointError> {
        let mut keys = keys(self.spec);
        let mut suspects = Vec::new();
        let (mut sent, mut reply) = loop {
            let sent = first_values(&keys);
            let failure = match self.ask(&sent, self.plain())? {
                Ok(reply) => break (sent, reply),
                Err(failure) => failure,
            };
            let message = failure.to_string();
            let named = keys.extract_if(.., |key| refusal::names(&message, key.name));
            let named: Vec<Key> = named.collect();
            if named.is_empty() {
                return Ok(None);
            }
            let several = named.len() > 1;
            for Key { name, mut values } in named {
                if several {
                    let values = values.clone();
                    suspects.push(Key { name, values });
                }
                values.remove(0);
                match values.is_empty() {
                    true => drop(self.findings.refused.insert(name.into(), message.clone())),
                    false => keys.push(Key { name, values }),
                }
            }
        };
        // A refusal that names several keys may only repeat the request.
        suspects.retain(|key| !sent.contains_key(key.name));
        if let Some(last) = self.add(&mut sent, suspects)? {
            reply = last;
        }
        Ok(Some((sent, reply)))
    }

    /// Adds keys to the plainest request, one at a time.
    fn one_at_a_time(&mut self, address: &Address) -> Result<Agreed, EndpointError> {
        self.findings.refused.clear();
        let mut sent = Map::new();
        let reply = match self.request(&sent, self.plain(), self.client.attempts()) {
            Ok(reply) => reply,
            Err(error) => return Err(self.without_interface(error, address)),
        };
        let last = self.add(&mut sent, keys(self.spec))?;
        Ok((sent, last.unwrap_or(reply)))
    }

    /// Adds those of the keys that are taken, and gives the last reply.
    fn add(
        &mut self,
        sent: &mut Map<String, Value>,
        keys: Vec<Key>,
    ) -> Result<Option<Reply>, EndpointError> {
        let mut last = None;
        for Key { name, values } in keys {
            if sent.contains_key(name) {
                continue;
            }
            for value in values {
                sent.insert(name.into(), value);
                match self.ask(sent, self.plain())? {
                    Ok(reply) => {
                        last = Some(reply);
                        self.findings.refused.remove(name);
                        break;
                    }
                    Err(failure) => {
                        sent.remove(name);
                        let refused = &mut self.findings.refused;
                        refused.insert(name.into(), failure.to_string());
                    }
                }
            }
        }
        Ok(last)
    }

    /// Finds out how many completions a request may ask for.
    fn choices(&mut self) -> Result<(), EndpointError> {
        self.findings.choices = 1;
        if self.spec.temperature == 0.0 {
            return Ok(());
        }
        let mut wanted = self.spec.choices_per_request;
        while wanted > 1 {
            match self.several(wanted, SEEDS[0])? {
                Ok(reply) if reply.choices.len() < 2 => return Ok(()),
                Ok(reply) => {
                    // Twice, so that short completions that happen to agree cost nothing.
                    let again = match is_same(&reply) {
                        true => self.several(wanted, SEEDS[1])?.ok(),
                        false => None,
                    };
                    match again.is_some_and(|reply| is_same(&reply)) {
                        true => self.findings.same_choices = true,
                        false => self.findings.choices = reply.choices.len(),
                    }
                    return Ok(());
                }
                Err(failure) => {
                    wanted /= 2;
                    if wanted <= 1 {
                        let refused = &mut self.findings.refused;
                        refused.insert("n".into(), failure.to_string());
                    }
                }
            }
        }
        Ok(())
    }

    fn several(
        &mut self,
        wanted: usize,
        seed: u32,
    ) -> Result<Result<Reply, Failure>, RequestError> {
        let sent = self.findings.sent.clone();
        let ask = Ask {
            completions: wanted,
            seed: self.findings.seed.then_some(seed),
            ..self.plain()
        };
        self.ask(&sent, ask)
    }

    /// Finds out whether a seed gives the same completion again, and whether completions differ at all.
    fn variety(&mut self) -> Result<(), EndpointError> {
        if self.spec.temperature == 0.0 {
            return Ok(());
        }
        let first = self.several(1, SEEDS[0])?;
        let again = self.several(1, SEEDS[0])?;
        let (Ok(first), Ok(again)) = (first, again) else {
            return Ok(());
        };
        let repeats = first.choices == again.choices;
        self.findings.seed_repeats = self.findings.seed.then_some(repeats);
        let is_known = self.findings.choices > 1 || !repeats;
        let varies = is_known || {
            let other = self.several(1, SEEDS[1])?;
            other.is_ok_and(|other| other.choices != first.choices)
        };
        self.findings.varies = Some(varies);
        Ok(())
    }

    /// Finds out whether a prompt may be a list of tokens. A server that takes it for several prompts,
    /// or for a text, is found by its counts.
    fn token_ids(&mut self) -> Result<(), EndpointError> {
        if self.spec.api == Api::Chat {
            return Ok(());
        }
        let sent = self.findings.sent.clone();
        let ask = Ask {
            prompt: Prompt::Tokens(&TOKENS),
            max_tokens: 1,
            ..self.plain()
        };
        self.findings.token_ids = self.ask(&sent, ask)?.is_ok_and(|reply| {
            let count = reply.prompt_tokens;
            reply.received == 1 && count.is_none_or(|count| count == TOKENS.len() as u64)
        });
        Ok(())
    }

    fn logprobs(&mut self) -> Result<(), EndpointError> {
        let mut sent = self.findings.sent.clone();
        let value = match self.spec.api {
            Api::Completions => json!(1),
            Api::Chat => json!(true),
        };
        sent.insert("logprobs".into(), value);
        let ask = Ask {
            max_tokens: 1,
            ..self.plain()
        };
        let reply = self.ask(&sent, ask)?;
        self.findings.logprobs = reply.is_ok_and(|reply| reply.choices[0].has_logprobs);
        Ok(())
    }

    fn plain(&self) -> Ask<'static> {
        Ask {
            prompt: Prompt::Text(PROMPT),
            completions: 1,
            max_tokens: self.spec.max_tokens.min(MAX_TOKENS),
            seed: None,
        }
    }

    /// Sends a request that the server may refuse.
    ///
    /// # Errors
    /// A request that fails for another reason.
    fn ask(
        &mut self,
        sent: &Map<String, Value>,
        ask: Ask<'_>,
    ) -> Result<Result<Reply, Failure>, RequestError> {
        let attempts = self.client.attempts();
        let mut result = self.request(sent, ask, attempts.min(REFUSED_ATTEMPTS));
        let is_late =
            |error: &RequestError| error.failure.is_transient() && !error.failure.is_refusal();
        if attempts > REFUSED_ATTEMPTS && result.as_ref().is_err_and(is_late) {
            result = self.request(sent, ask, attempts - REFUSED_ATTEMPTS);
        }
        match result {
            Ok(reply) => Ok(Ok(reply)),
            Err(error) if error.failure.is_refusal() => Ok(Err(error.failure)),
            Err(error) => Err(error),
        }
    }

    fn request(
        &mut self,
        sent: &Map<String, Value>,
        ask: Ask<'_>,
        attempts: u32,
    ) -> Result<Reply, RequestError> {
        self.findings.requests += 1;
        let body = ask.body(self.spec, self.findings.model.as_deref(), sent);
        let read = |bytes: &[u8]| parse_reply(bytes, self.spec.api, ask.completions);
        self.client
            .request(&self.url, Some(&body), attempts, &|| false, &read)
    }

    /// The error of the plainest request, which may mean that the server has another interface.
    fn without_interface(&mut self, error: RequestError, address: &Address) -> EndpointError {
        let (status, message) = match &error.failure {
            Failure::Status { status, message } if matches!(status, 404 | 405 | 501) => {
                (*status, message.clone())
            }
            _ => return error.into(),
        };
        let has_chat = self.spec.api == Api::Completions && {
            let spec = EndpointSpec {
                api: Api::Chat,
                ..self.spec.clone()
            };
            let mut prober = Prober {
                client: self.client,
                spec: &spec,
                url: address.of(Api::Chat),
                findings: self.findings.clone(),
            };
            let ask = prober.plain();
            prober.request(&Map::new(), ask, 1).is_ok()
        };
        EndpointError::NoInterface {
            url: error.url,
            status,
            message,
            chat: has_chat,
        }
    }
}

fn first_values(keys: &[Key]) -> Map<String, Value> {
    let values = keys
        .iter()
        .filter_map(|key| Some((key.name.to_owned(), key.values.first()?.clone())));
    values.collect()
}

fn is_same(reply: &Reply) -> bool {
    let mut texts = reply.choices.iter().map(|choice| &choice.text);
    let first = texts.next();
    texts.all(|text| Some(text) == first)
}
