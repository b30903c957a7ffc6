//! The flags of `interplay evaluate` for models behind an OpenAI-compatible server.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use interplay::{EvaluationFile, Evaluator};

/// A server, and how to draw from it.
#[derive(Args)]
#[group(multiple = true, conflicts_with_all = ["subject", "model_folder", "completions", "problems"])]
pub(super) struct EndpointFlags {
    /// The address of an OpenAI-compatible server, such as http://localhost:8000 (vLLM, SGLang, llama.cpp,
    /// `transformers serve`). A call that was interrupted is resumed at the first problem that is missing.
    #[arg(long, value_name = "URL", group = "what")]
    endpoint: Option<String>,
    /// The model's name at the server [default: the only one there].
    #[arg(long, value_name = "NAME", requires = "endpoint")]
    model: Option<String>,
    /// Takes a model that the server does not list: `transformers serve` loads models by name or path.
    #[arg(long, requires = "endpoint")]
    unlisted: bool,
    /// Sends prompts as messages to /v1/chat/completions, for servers without /v1/completions. The model then sees its
    /// chat template around the prompt.
    #[arg(long, requires = "endpoint")]
    chat: bool,
    /// The environment variable with the API key [default: OPENAI_API_KEY, if it is set].
    #[arg(long, value_name = "VARIABLE", requires = "endpoint")]
    api_key_env: Option<String>,
    /// The tokenizer of the model, a folder: prompts are sent as tokens, where the server takes them.
    #[arg(long, value_name = "DIR", requires = "endpoint")]
    tokenizer: Option<PathBuf>,
    /// The most tokens of a completion [default: the experiment's `max_new_tokens`].
    #[arg(long, value_name = "N", requires = "endpoint")]
    max_tokens: Option<u32>,
    /// A text at which a completion ends, such as "</answer>". May be repeated.
    #[arg(long, value_name = "TEXT", requires = "endpoint")]
    stop: Vec<String>,
    /// Treats a completion without a reported stop reason as ended by the stop text.
    #[arg(long, requires = "stop")]
    assume_stop: bool,
    /// Keeps special tokens in the text: for models in whose tokenizer the tags of the framing are special. Those that
    /// are trained here do not need it.
    #[arg(long, requires = "endpoint")]
    keep_special_tokens: bool,
    /// Other keys of every request, as a JSON object, such as '{"min_tokens": 1}'.
    #[arg(long, value_name = "JSON", requires = "endpoint", value_parser = object)]
    extra: Option<serde_json::Map<String, serde_json::Value>>,
    /// Maximum concurrent requests.
    #[arg(long, value_name = "N", default_value_t = 8, requires = "endpoint")]
    concurrency: usize,
    /// Maximum attempts for a request.
    #[arg(long, value_name = "N", default_value_t = 6, requires = "endpoint")]
    attempts: u32,
    /// The time that a request may take, in seconds.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 600.0,
        requires = "endpoint"
    )]
    timeout: f64,
}

/// A JSON object.
fn object(text: &str) -> Result<serde_json::Map<String, serde_json::Value>, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("expected a JSON object such as {{\"min_tokens\": 1}}: {error}"))
}

impl EndpointFlags {
    /// Evaluates the model behind the server.
    #[cfg(feature = "endpoint")]
    pub(super) fn evaluate(&self, evaluator: &Evaluator, folder: &Path) -> Result<EvaluationFile> {
        use interplay::endpoint::{Api, EndpointSpec};
        use interplay::progress::Console;
        use interplay::tokenizer::Tokenizer;

        let mut spec = EndpointSpec::new(self.endpoint.clone().unwrap_or_default());
        spec.model.clone_from(&self.model);
        spec.check_model = !self.unlisted;
        spec.api = if self.chat {
            Api::Chat
        } else {
            Api::Completions
        };
        spec.api_key_env.clone_from(&self.api_key_env);
        spec.max_tokens = self.max_tokens.unwrap_or(evaluator.max_new_tokens());
        spec.stop.clone_from(&self.stop);
        spec.assume_stop_string = self.assume_stop;
        spec.skip_special_tokens = !self.keep_special_tokens;
        spec.extra = self.extra.clone().unwrap_or_default();
        spec.concurrency = self.concurrency;
        spec.attempts = self.attempts;
        if !(self.timeout > 0.0 && self.timeout <= 1e9) {
            anyhow::bail!("--timeout is {}; expected seconds above 0", self.timeout);
        }
        spec.request_timeout_ms = (self.timeout * 1000.0).ceil() as u64;
        let tokenizer = self.tokenizer.as_ref();
        let tokenizer = tokenizer.map(Tokenizer::from_pretrained).transpose()?;
        Ok(evaluator.endpoint(&spec, tokenizer.as_ref(), folder, &mut Console::new())?)
    }

    /// Refuses: this build has no client.
    #[cfg(not(feature = "endpoint"))]
    pub(super) fn evaluate(&self, _: &Evaluator, _: &Path) -> Result<EvaluationFile> {
        anyhow::bail!(
            "--endpoint is not part of this build; build again with `--features endpoint`"
        )
    }
}
