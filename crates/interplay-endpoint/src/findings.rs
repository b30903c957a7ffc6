//! What a server honors.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a server was found to honor. Serializable, for the record of an evaluation.
///
/// Servers of the vLLM family ignore keys that they do not know. A key in `sent` is thus one that the
/// server did not refuse, and whether it has an effect is in the server's documentation.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// The model that is drawn from, if it has a name.
    pub model: Option<String>,
    /// The models that the server lists; empty if it lists none.
    pub models: Vec<String>,
    /// How many completions a request asks for: 1 if the server does not honor `n`.
    pub choices: usize,
    /// Whether the completions of a request were all the same, which costs the server its `n`: SGLang
    /// with deterministic inference draws all of them from the seed of the request.
    pub same_choices: bool,
    /// Whether prompts may be lists of tokens.
    pub token_ids: bool,
    /// Whether `seed` is accepted.
    pub seed: bool,
    /// Whether the same seed gave the same text twice; nothing if that was not tried.
    pub seed_repeats: Option<bool>,
    /// Whether completions of a prompt differ; nothing at temperature 0. If they do not, the server may not
    /// sample at all, as `transformers serve` does not unless the model's `generation_config.json` says
    /// `do_sample`.
    pub varies: Option<bool>,
    /// Whether log-probabilities come if they are asked for. Sampling does not need them.
    pub logprobs: bool,
    /// Whether the server tells which stop string ended a completion.
    pub reports_stop: bool,
    /// The keys that every request has besides those of the settings, with their values.
    pub sent: Map<String, Value>,
    /// The keys that the server refuses, with its reasons. They are not sent.
    pub refused: BTreeMap<String, String>,
    /// How many requests it took to find this out.
    pub requests: usize,
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yes = |flag: bool| if flag { "yes" } else { "no" };
        writeln!(f, "model: {}", self.model.as_deref().unwrap_or("not named"))?;
        let same = if self.same_choices {
            " (several would be the same)"
        } else {
            ""
        };
        writeln!(f, "completions per request: {}{same}", self.choices)?;
        writeln!(f, "prompts as tokens: {}", yes(self.token_ids))?;
        let repeats = match self.seed_repeats {
            Some(true) => ", and repeats a completion",
            Some(false) => ", but does not repeat a completion",
            None => "",
        };
        writeln!(f, "seed: {}{repeats}", yes(self.seed))?;
        if self.varies == Some(false) {
            writeln!(
                f,
                "caution: all completions were the same; check that the server samples"
            )?;
        }
        writeln!(f, "sent: {}", Value::Object(self.sent.clone()))?;
        let refused: Vec<&str> = self.refused.keys().map(String::as_str).collect();
        let refused = if refused.is_empty() {
            "nothing".to_owned()
        } else {
            refused.join(", ")
        };
        write!(f, "refused: {refused}")
    }
}
