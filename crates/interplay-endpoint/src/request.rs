//! The requests that are sent.

use interplay_graph::SeedStreams;
use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::spec::EndpointSpec;

/// What is to be continued.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Prompt<'a> {
    /// A text, which the server tokenizes. It adds what its tokenizer adds, such as a first token.
    Text(&'a str),
    /// Tokens, which the server takes as they are.
    Tokens(&'a [u32]),
}

/// A request for completions of one prompt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) prompt: Prompt<'a>,
    pub(crate) completions: usize,
    pub(crate) max_tokens: u32,
    pub(crate) seed: Option<u32>,
}

impl Ask<'_> {
    /// The body of the request: what the settings fill, the keys that the server takes (`sent`), what
    /// `extra` changes of them, and what is of this request alone.
    pub(crate) fn body(
        &self,
        spec: &EndpointSpec,
        model: Option<&str>,
        sent: &Map<String, Value>,
    ) -> Value {
        let mut body = sent.clone();
        body.insert("temperature".into(), json!(spec.temperature));
        body.insert("max_tokens".into(), json!(self.max_tokens));
        if !spec.stop.is_empty() {
            body.insert("stop".into(), json!(spec.stop));
        }
        for (key, value) in &spec.extra {
            match value {
                Value::Null => drop(body.remove(key)),
                value => drop(body.insert(key.clone(), value.clone())),
            }
        }
        if let Some(model) = model {
            body.insert("model".into(), json!(model));
        }
        match (spec.api, self.prompt) {
            (Api::Completions, Prompt::Text(text)) => body.insert("prompt".into(), json!(text)),
            (Api::Completions, Prompt::Tokens(ids)) => body.insert("prompt".into(), json!(ids)),
            (Api::Chat, Prompt::Text(text)) => {
                let messages = json!([{"role": "user", "content": text}]);
                body.insert("messages".into(), messages)
            }
            // Messages have no tokens: findings never allow them for this interface.
            (Api::Chat, Prompt::Tokens(_)) => None,
        };
        if self.completions > 1 {
            body.insert("n".into(), json!(self.completions));
        }
        if let Some(seed) = self.seed {
            body.insert("seed".into(), json!(seed));
        }
        Value::Object(body)
    }
}

/// The seed of the request whose first completion has this number, of 31 bits, which every server
/// takes. It depends on nothing else, so an item gets the same seeds in any company and after any
/// resumption.
///
/// A server draws the further completions of a request from seeds of its own (seed + 1 and so on in
/// llama.cpp).
///
/// ```
/// use interplay_endpoint::request_seed;
///
/// assert_eq!(request_seed(7, 3, 0), request_seed(7, 3, 0));
/// assert_ne!(request_seed(7, 3, 0), request_seed(7, 3, 8));
/// ```
#[must_use]
pub fn request_seed(seed: u64, item_id: u64, completion: usize) -> u32 {
    let item = SeedStreams::new(seed)
        .stream("endpoint/item")
        .child(item_id);
    let request = item.stream("endpoint/request").child(completion as u64);
    (request.root() >> 33) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(prompt: Prompt<'_>) -> Ask<'_> {
        Ask {
            prompt,
            completions: 4,
            max_tokens: 9,
            seed: Some(5),
        }
    }

    #[test]
    fn extra_adds_replaces_and_leaves_out() {
        let extra =
            json!({"top_k": 20, "min_tokens": 1, "max_tokens": null, "max_completion_tokens": 9});
        let spec = EndpointSpec {
            extra: serde_json::from_value(extra).unwrap(),
            ..EndpointSpec::default()
        };
        let sent = serde_json::from_value(json!({"top_k": 0, "top_p": 1.0})).unwrap();
        let body = ask(Prompt::Text("1 + 1 =")).body(&spec, Some("m"), &sent);
        let expected = json!({
            "model": "m", "prompt": "1 + 1 =", "n": 4, "seed": 5, "temperature": 1.0,
            "top_k": 20, "top_p": 1.0, "min_tokens": 1, "max_completion_tokens": 9,
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn prompts_are_texts_tokens_or_messages() {
        let mut spec = EndpointSpec::default();
        let body = ask(Prompt::Tokens(&[3, 4])).body(&spec, None, &Map::new());
        assert_eq!(body["prompt"], json!([3, 4]));
        assert!(body.get("model").is_none());
        spec.api = Api::Chat;
        let body = ask(Prompt::Text("hi")).body(&spec, None, &Map::new());
        assert_eq!(body["messages"], json!([{"role": "user", "content": "hi"}]));
        assert!(body.get("prompt").is_none());
    }

    #[test]
    fn seeds_are_pinned_and_have_31_bits() {
        let seeds: Vec<u32> = (0..200).map(|id| request_seed(7, id, 0)).collect();
        assert!(seeds.iter().all(|&seed| seed < 1 << 31));
        assert!(seeds.iter().any(|&seed| seed >= 1 << 30));
        let distinct: std::collections::BTreeSet<u32> = seeds.iter().copied().collect();
        assert_eq!(distinct.len(), seeds.len());
        assert_ne!(request_seed(7, 1, 0), request_seed(8, 1, 0));
    }
}
