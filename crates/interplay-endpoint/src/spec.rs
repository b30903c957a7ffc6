//! Which server to draw from, and how.

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::address::Address;
use crate::api::Api;

/// Keys of a request that have a setting of their own or would change what a reply is.
const RESERVED: [&str; 10] = [
    "best_of",
    "echo",
    "messages",
    "model",
    "n",
    "prompt",
    "seed",
    "stream",
    "suffix",
    "use_beam_search",
];

/// Keys of a request that a setting fills, and that `extra` may only leave out.
const FILLED: [&str; 3] = ["max_tokens", "stop", "temperature"];

/// Which server to draw from, and how.
///
/// ```
/// use interplay_endpoint::EndpointSpec;
///
/// let spec: EndpointSpec = serde_json::from_str(r#"{
///     "url": "http://localhost:8000",
///     "temperature": 0.7,
///     "extra": { "min_tokens": 4 }
/// }"#)?;
/// assert_eq!((spec.concurrency, spec.max_tokens), (8, 512));
/// assert!(spec.validate().is_empty());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EndpointSpec {
    /// The server's address, such as `http://localhost:8000`; `/v1` is added if it has no path.
    pub url: String,
    /// The model's name. If it is left out, the server's only model is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Refuses a model that the server does not list. Turn it off for a server that loads models by
    /// name or path, such as `transformers serve`.
    pub check_model: bool,
    /// The interface.
    pub api: Api,
    /// The environment variable that holds the API key, which must then be set. If it is left out,
    /// `OPENAI_API_KEY` is read, and nothing is sent if it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// The temperature; 0 is greedy.
    pub temperature: f64,
    /// The most tokens of a completion.
    pub max_tokens: u32,
    /// Texts at which a completion ends. They stay in the text, see `assume_stop_string`.
    pub stop: Vec<String>,
    /// What ended a completion if the server does not tell: the stop string (`true`) or the model's own
    /// end (`false`). A server that cuts the stop string off and does not tell, such as llama.cpp's,
    /// needs `true` where the string is needed, as `</answer>` is by a verifier; a model that ends
    /// without it then gets it for nothing. Takes exactly one stop string.
    pub assume_stop_string: bool,
    /// Leaves special tokens out of the text, where the server takes `skip_special_tokens`. Turn it off
    /// for a tokenizer in which the tags of the framing are special; those written by this project do
    /// not need it.
    pub skip_special_tokens: bool,
    /// The seed from which the seeds of the requests are derived.
    pub seed: u64,
    /// The most completions that one request asks for, if the server honors `n`.
    pub choices_per_request: usize,
    /// The most requests at a time.
    pub concurrency: usize,
    /// How often a request is tried in all.
    pub attempts: u32,
    /// The delay before the second attempt, in milliseconds; it doubles from then on.
    pub backoff_ms: u64,
    /// The longest of these delays, in milliseconds.
    pub backoff_limit_ms: u64,
    /// The longest delay that a server may ask for with `Retry-After`, in milliseconds.
    pub retry_after_limit_ms: u64,
    /// The time that an attempt may take, reply included, in milliseconds.
    pub request_timeout_ms: u64,
    /// The most bytes of a reply.
    pub max_body_bytes: u64,
    /// Gives up after so many failed items without a success between them.
    pub max_failures_in_a_row: usize,
    /// Merged into every request, before anything else; `null` leaves a key out. These keys are never
    /// dropped: a server that refuses one refuses the request.
    pub extra: Map<String, Value>,
}

impl Default for EndpointSpec {
    /// Plain sampling from a server without an address.
    fn default() -> Self {
        Self {
            url: String::new(),
            model: None,
            check_model: true,
            api: Api::Completions,
            api_key_env: None,
            temperature: 1.0,
            max_tokens: 512,
            stop: Vec::new(),
            assume_stop_string: false,
            skip_special_tokens: true,
            seed: 0,
            choices_per_request: 8,
            concurrency: 8,
            attempts: 6,
            backoff_ms: 500,
            backoff_limit_ms: 30_000,
            retry_after_limit_ms: 120_000,
            request_timeout_ms: 600_000,
            max_body_bytes: 64 << 20,
            max_failures_in_a_row: 8,
            extra: Map::new(),
        }
    }
}

impl EndpointSpec {
    /// Plain sampling from the only model of a server.
    pub fn new(url: impl Into<String>) -> Self {
        let url = url.into();
        Self {
            url,
            ..Self::default()
        }
    }

    /// Reports everything that is wrong with the settings. Asks no server.
    #[must_use]
    pub fn validate(&self) -> Issues {
        const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
        let mut issues = Issues::default();
        if let Err(problem) = Address::parse(&self.url) {
            let expected =
                "such as `http://localhost:8000`; keys belong into a variable (`api_key_env`)";
            issues.push("url", problem, expected);
        }
        for (key, value) in [("model", &self.model), ("api_key_env", &self.api_key_env)] {
            let is_empty = value.as_ref().is_some_and(|value| value.trim().is_empty());
            issues.expect(!is_empty, key, "an empty text", "a name, or nothing at all");
        }
        let variable = self.api_key_env.as_deref().unwrap_or_default();
        issues.expect(
            !variable.contains(['=', '\0']),
            "api_key_env",
            "a text that is no name of a variable",
            "the name of the variable, not the key",
        );
        issues.range("temperature", self.temperature, 0.0..=100.0);
        issues.range("max_tokens", self.max_tokens, 1..=1 << 24);
        issues.range("choices_per_request", self.choices_per_request, 1..=1_024);
        issues.range("concurrency", self.concurrency, 1..=1_024);
        issues.range("attempts", self.attempts, 1..=100);
        issues.range("backoff_ms", self.backoff_ms, 0..=DAY_MS);
        issues.range("backoff_limit_ms", self.backoff_limit_ms, 0..=DAY_MS);
        issues.range(
            "retry_after_limit_ms",
            self.retry_after_limit_ms,
            0..=DAY_MS,
        );
        issues.range("request_timeout_ms", self.request_timeout_ms, 1..=DAY_MS);
        issues.range("max_body_bytes", self.max_body_bytes, 1..=1 << 32);
        issues.range(
            "max_failures_in_a_row",
            self.max_failures_in_a_row,
            1..=usize::MAX,
        );
        self.validate_stop(&mut issues);
        self.validate_extra(&mut issues);
        issues
    }

    fn validate_stop(&self, issues: &mut Issues) {
        for (index, stop) in self.stop.iter().enumerate() {
            let key = format!("stop[{index}]");
            issues.expect(!stop.is_empty(), key, "an empty text", "a text to end at");
        }
        issues.expect(
            !self.assume_stop_string || self.stop.len() == 1,
            "assume_stop_string",
            format!("true with {} stop strings", self.stop.len()),
            "exactly one text in `stop`, or false",
        );
    }

    fn validate_extra(&self, issues: &mut Issues) {
        for (key, value) in &self.extra {
            let key = key.as_str();
            if RESERVED.contains(&key) {
                let expected = "another key: this one is set for each request, or not at all";
                issues.push(format!("extra.{key}"), value, expected);
            } else if FILLED.contains(&key) && !value.is_null() {
                let expected = format!("null, or the setting `{key}` instead");
                issues.push(format!("extra.{key}"), value, expected);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reports_every_problem_at_once() {
        let spec = EndpointSpec {
            model: Some(" ".into()),
            temperature: f64::NAN,
            max_tokens: 0,
            concurrency: 0,
            attempts: 0,
            stop: vec![String::new()],
            assume_stop_string: true,
            extra: serde_json::from_value(json!({"n": 2, "max_tokens": 3, "stop": null, "k": 1}))
                .unwrap(),
            ..EndpointSpec::new("localhost:8000")
        };
        let issues = spec.validate().0;
        let keys: Vec<&str> = issues.iter().map(|issue| issue.key.as_str()).collect();
        let expected = [
            "url",
            "model",
            "temperature",
            "max_tokens",
            "concurrency",
            "attempts",
            "stop[0]",
            "extra.max_tokens",
            "extra.n",
        ];
        assert_eq!(keys, expected);
        assert!(EndpointSpec::new("http://localhost").validate().is_empty());
    }

    #[test]
    fn an_assumed_stop_string_must_be_the_only_one() {
        let spec = EndpointSpec {
            assume_stop_string: true,
            stop: vec!["a".into(), "b".into()],
            ..EndpointSpec::new("http://localhost")
        };
        assert_eq!(spec.validate().0[0].key, "assume_stop_string");
    }

    #[test]
    fn refuses_unknown_keys_and_reads_what_it_writes() {
        let error = serde_json::from_value::<EndpointSpec>(json!({"temprature": 1})).unwrap_err();
        assert!(error.to_string().contains("temprature"), "{error}");
        let spec = EndpointSpec {
            api: Api::Chat,
            model: Some("m".into()),
            ..EndpointSpec::new("http://localhost")
        };
        let value = serde_json::to_value(&spec).unwrap();
        assert_eq!(value["api"], "chat");
        assert_eq!(serde_json::from_value::<EndpointSpec>(value).unwrap(), spec);
    }

    #[test]
    fn a_password_in_the_address_is_not_repeated() {
        let issues = EndpointSpec::new("http://me:secret@host").validate();
        assert!(!issues.to_string().contains("secret"), "{issues}");
    }
}
