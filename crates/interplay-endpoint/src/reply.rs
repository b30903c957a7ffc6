//! What a server answers, read from the bytes of a body.
//!
//! A body is read straight into what is needed of it (`skim.rs`), so that memory stays near the size of
//! the body, whatever is in it.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::api::Api;
use crate::refusal::{self, excerpt};
use crate::skim::{Fields, Object, Scalar};

/// The most choices that are read from a reply; settings ask for at most a quarter.
const MAX_CHOICES: usize = 4_096;

/// Why a completion ended, as `finish_reason` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// `stop`, `eos_token` or `stop_sequence`: at a stop string, or at the model's own end.
    Stop,
    /// `length`: cut off at the limit of tokens.
    Length,
    /// Anything else, such as `content_filter`, `abort` or nothing. Counts as cut off.
    Other,
}

/// What a reply says of the stop string that ended a completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReport {
    /// Nothing: the server does not tell.
    Unreported,
    /// That it was none, but the model's own end.
    None,
    /// The stop string (`stop_reason` of vLLM, `matched_stop` of SGLang).
    Matched(String),
}

/// A completion of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The text.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// At which stop string it ended.
    pub stop: StopReport,
    /// Whether log-probabilities came with it.
    pub has_logprobs: bool,
}

/// A reply that has completions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// At least one completion and at most as many as were asked for, in the order of `index`.
    pub choices: Vec<Choice>,
    /// How many completions came in all.
    pub received: usize,
    /// How many tokens the prompt had, if the server counted.
    pub prompt_tokens: Option<u64>,
}

/// Why a body is no reply.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// No bytes.
    #[error("the reply is empty; expected a JSON object with `choices`")]
    Empty,
    /// Bytes that are no text.
    #[error("byte {at} of the reply is not UTF-8; expected a JSON object with `choices`")]
    NotUtf8 {
        /// The position of the first such byte.
        at: usize,
    },
    /// A web page.
    #[error(
        "the reply is a web page: {excerpt}; expected a JSON object with `choices`, so check that `url` \
         is the address of the server's API and not of its website or of a proxy's sign-in page"
    )]
    Html {
        /// How it begins.
        excerpt: String,
    },
    /// JSON that ends too early.
    #[error("the reply ends after {bytes} bytes in the middle of its JSON object")]
    Truncated {
        /// How many bytes there were.
        bytes: usize,
    },
    /// Not JSON.
    #[error("the reply is not JSON ({problem}): {excerpt}; expected a JSON object with `choices`")]
    NotJson {
        /// What is wrong where.
        problem: String,
        /// How it begins.
        excerpt: String,
    },
    /// JSON of another form.
    #[error(
        "the reply has another form ({problem}): {excerpt}; expected a JSON object with `choices`"
    )]
    Form {
        /// What is wrong where.
        problem: String,
        /// How it begins.
        excerpt: String,
    },
    /// An error that a server sent as if all were well.
    #[error("the reply is an error with the status of a success: {message}")]
    Error {
        /// The server's message.
        message: String,
        /// The status that the error names itself.
        code: Option<u16>,
    },
    /// No completions.
    #[error("the reply has no completions: {excerpt}; expected at least one in `choices`")]
    NoChoices {
        /// How it begins.
        excerpt: String,
    },
    /// More completions than any request asks for.
    #[error("the reply has more than {limit} completions")]
    TooManyChoices {
        /// The most that are read.
        limit: usize,
    },
    /// A completion without a text.
    #[error("choice {choice} of the reply has {found} as its {key}; expected a text")]
    NoText {
        /// The choice, counted from zero in the order of the reply.
        choice: usize,
        /// Where the text is expected.
        key: &'static str,
        /// What is there.
        found: &'static str,
    },
}

impl ReplyError {
    /// Whether the same request may well succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Empty | Self::Truncated { .. } | Self::NoChoices { .. } => true,
            Self::Error { code, .. } => code.is_some_and(refusal::is_transient),
            _ => false,
        }
    }
}

/// Reads a reply to a request for `asked` completions. Never panics, whatever the bytes.
///
/// Completions are sorted by their `index` if all have one; more than were asked for are left out.
///
/// # Errors
/// Whatever keeps the body from being a reply with at least one completion.
pub fn parse_reply(body: &[u8], api: Api, asked: usize) -> Result<Reply, ReplyError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|error| ReplyError::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    let start = text.trim_start();
    if start.is_empty() {
        return Err(ReplyError::Empty);
    }
    if start.starts_with('<') {
        let excerpt = excerpt(start);
        return Err(ReplyError::Html { excerpt });
    }
    let Object(raw) = serde_json::from_str::<Object<RawReply>>(text)
        .map_err(|error| of_json(&error, text, body.len()))?;
    if raw.has_error {
        let message = refusal::message(body);
        let code = refusal::code(body);
        return Err(ReplyError::Error { message, code });
    }
    let Choices(mut raw_choices) = raw.choices.unwrap_or_default();
    if raw_choices.is_empty() {
        let excerpt = excerpt(start);
        return Err(ReplyError::NoChoices { excerpt });
    }
    if raw_choices.len() > MAX_CHOICES {
        let limit = MAX_CHOICES;
        return Err(ReplyError::TooManyChoices { limit });
    }
    for (position, choice) in raw_choices.iter_mut().enumerate() {
        choice.position = position;
    }
    if raw_choices.iter().all(|choice| choice.index.is_some()) {
        raw_choices.sort_by_key(|choice| choice.index);
    }
    let received = raw_choices.len();
    raw_choices.truncate(asked.max(1));
    let choices = raw_choices.into_iter().map(|choice| choice.read(api));
    Ok(Reply {
        choices: choices.collect::<Result<_, _>>()?,
        received,
        prompt_tokens: raw.prompt_tokens,
    })
}

fn of_json(error: &serde_json::Error, text: &str, bytes: usize) -> ReplyError {
    let problem = excerpt(&error.to_string());
    let excerpt = excerpt(text);
    match error.classify() {
        serde_json::error::Category::Eof => ReplyError::Truncated { bytes },
        serde_json::error::Category::Data => ReplyError::Form { problem, excerpt },
        _ => ReplyError::NotJson { problem, excerpt },
    }
}

#[derive(Default)]
struct RawReply {
    has_error: bool,
    choices: Option<Choices>,
    prompt_tokens: Option<u64>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum ReplyKey {
    Error,
    Choices,
    Usage,
    #[serde(other)]
    Other,
}

impl Fields for RawReply {
    type Key = ReplyKey;
    const WHAT: &'static str = "an object";

    fn set<'de, A: MapAccess<'de>>(&mut self, key: ReplyKey, map: &mut A) -> Result<(), A::Error> {
        match key {
            ReplyKey::Error => self.has_error = map.next_value::<Option<IgnoredAny>>()?.is_some(),
            ReplyKey::Choices => self.choices = map.next_value()?,
            ReplyKey::Usage => {
                let usage: Option<Object<Usage>> = map.next_value()?;
                self.prompt_tokens = usage.and_then(|Object(usage)| usage.prompt_tokens);
            }
            ReplyKey::Other => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

#[derive(Default)]
struct Usage {
    prompt_tokens: Option<u64>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum UsageKey {
    PromptTokens,
    #[serde(other)]
    Other,
}

impl Fields for Usage {
    type Key = UsageKey;
    const WHAT: &'static str = "an object of counts";

    fn set<'de, A: MapAccess<'de>>(&mut self, key: UsageKey, map: &mut A) -> Result<(), A::Error> {
        match key {
            UsageKey::PromptTokens => {
                self.prompt_tokens = match map.next_value()? {
                    Scalar::Number(count) => u64::try_from(count).ok(),
                    _ => None,
                };
            }
            UsageKey::Other => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// The list of choices, one more than the limit at most.
#[derive(Default)]
struct Choices(Vec<RawChoice>);

impl<'de> Deserialize<'de> for Choices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Choices;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of completions")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Choices, A::Error> {
                let mut choices = Vec::new();
                while choices.len() <= MAX_CHOICES {
                    match list.next_element()? {
                        Some(Object(choice)) => choices.push(choice),
                        None => return Ok(Choices(choices)),
                    }
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Choices(choices))
            }
        }
        deserializer.deserialize_seq(Reader)
    }
}

#[derive(Default)]
struct RawChoice {
    position: usize,
    index: Option<i64>,
    text: Scalar,
    content: Scalar,
    finish_reason: Scalar,
    stop: Scalar,
    has_logprobs: bool,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum ChoiceKey {
    Index,
    Text,
    Message,
    FinishReason,
    StopReason,
    MatchedStop,
    Logprobs,
    #[serde(other)]
    Other,
}

impl Fields for RawChoice {
    type Key = ChoiceKey;
    const WHAT: &'static str = "a completion, which is an object";

    fn set<'de, A: MapAccess<'de>>(&mut self, key: ChoiceKey, map: &mut A) -> Result<(), A::Error> {
        match key {
            ChoiceKey::Index => {
                self.index = match map.next_value()? {
                    Scalar::Number(index) => Some(index),
                    _ => None,
                };
            }
            ChoiceKey::Text => self.text = map.next_value()?,
            ChoiceKey::Message => {
                let message: Option<Object<Message>> = map.next_value()?;
                self.content = message
                    .map(|Object(message)| message.content)
                    .unwrap_or_default();
            }
            ChoiceKey::FinishReason => self.finish_reason = map.next_value()?,
            ChoiceKey::StopReason | ChoiceKey::MatchedStop => self.stop = map.next_value()?,
            ChoiceKey::Logprobs => {
                self.has_logprobs = map.next_value::<Option<IgnoredAny>>()?.is_some();
            }
            ChoiceKey::Other => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

#[derive(Default)]
struct Message {
    content: Scalar,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum MessageKey {
    Content,
    #[serde(other)]
    Other,
}

impl Fields for Message {
    type Key = MessageKey;
    const WHAT: &'static str = "a message, which is an object";

    fn set<'de, A: MapAccess<'de>>(
        &mut self,
        key: MessageKey,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match key {
            MessageKey::Content => self.content = map.next_value()?,
            MessageKey::Other => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl RawChoice {
    fn read(self, api: Api) -> Result<Choice, ReplyError> {
        let (key, text) = match api {
            Api::Completions => ("`text`", self.text),
            Api::Chat => ("`message.content`", self.content),
        };
        let Scalar::Text(text) = text else {
            let (choice, found) = (self.position, text.what());
            return Err(ReplyError::NoText { choice, key, found });
        };
        let finish = match &self.finish_reason {
            Scalar::Text(reason) => match reason.as_str() {
                "stop" | "eos_token" | "stop_sequence" => Finish::Stop,
                "length" => Finish::Length,
                _ => Finish::Other,
            },
            _ => Finish::Other,
        };
        let stop = match self.stop {
            Scalar::Absent => StopReport::Unreported,
            Scalar::Text(stop) => StopReport::Matched(stop),
            _ => StopReport::None,
        };
        Ok(Choice {
            text,
            finish,
            stop,
            has_logprobs: self.has_logprobs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str, asked: usize) -> Result<Reply, ReplyError> {
        parse_reply(body.as_bytes(), Api::Completions, asked)
    }

    fn texts(body: &str, asked: usize) -> Vec<String> {
        let reply = parse(body, asked).unwrap();
        reply
            .choices
            .into_iter()
            .map(|choice| choice.text)
            .collect()
    }

    #[test]
    fn choices_are_sorted_by_index_and_cut_to_what_was_asked_for() {
        let body = r#"{"choices": [
            {"index": 2, "text": "c"}, {"index": 0, "text": "a"}, {"index": 1, "text": "b"}
        ], "usage": {"prompt_tokens": 3, "total_tokens": null}}"#;
        assert_eq!(texts(body, 3), ["a", "b", "c"]);
        assert_eq!(texts(body, 2), ["a", "b"]);
        let reply = parse(body, 1).unwrap();
        assert_eq!((reply.received, reply.prompt_tokens), (3, Some(3)));
        let unnumbered = r#"{"choices": [{"index": 5, "text": "a"}, {"text": "b"}]}"#;
        assert_eq!(texts(unnumbered, 2), ["a", "b"]);
    }

    #[test]
    fn the_end_of_a_completion_is_read_as_servers_write_it() {
        let choice = |fields: &str| {
            let body = format!(r#"{{"choices": [{{"text": "x", {fields}}}]}}"#);
            parse(&body, 1).unwrap().choices.remove(0)
        };
        let vllm = choice(r#""finish_reason": "stop", "stop_reason": "</a>""#);
        assert_eq!(vllm.stop, StopReport::Matched("</a>".into()));
        assert_eq!(vllm.finish, Finish::Stop);
        let sglang = choice(r#""finish_reason": "stop", "matched_stop": 2"#);
        assert_eq!(sglang.stop, StopReport::None);
        let own_end = choice(r#""finish_reason": "stop", "stop_reason": null"#);
        assert_eq!(own_end.stop, StopReport::None);
        let llama = choice(r#""finish_reason": "length", "logprobs": {"content": []}"#);
        assert_eq!(llama.stop, StopReport::Unreported);
        assert_eq!((llama.finish, llama.has_logprobs), (Finish::Length, true));
        assert_eq!(choice(r#""finish_reason": null"#).finish, Finish::Other);
        assert_eq!(choice(r#""finish_reason": [7]"#).finish, Finish::Other);
    }

    #[test]
    fn chat_replies_have_their_text_in_a_message() {
        let body = br#"{"choices": [{"message": {"role": "assistant", "content": "4"}}]}"#;
        let reply = parse_reply(body, Api::Chat, 1).unwrap();
        assert_eq!(reply.choices[0].text, "4");
        let body = br#"{"choices": [{"message": {"content": null}}]}"#;
        let error = parse_reply(body, Api::Chat, 1).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("has null as its `message.content`"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_reply_is_told_apart() {
        let error = |body: &str| parse(body, 1).unwrap_err();
        assert_eq!(error(" \n"), ReplyError::Empty);
        assert!(matches!(
            error("<!DOCTYPE html><p>"),
            ReplyError::Html { .. }
        ));
        assert!(matches!(
            error(r#"{"choices": [{"te"#),
            ReplyError::Truncated { bytes: 17 }
        ));
        assert!(matches!(error("data: {}"), ReplyError::NotJson { .. }));
        assert!(matches!(error("[1]"), ReplyError::Form { .. }));
        assert!(matches!(
            error(r#"{"choices": 3}"#),
            ReplyError::Form { .. }
        ));
        assert!(matches!(
            error(r#"{"choices": [["x"]]}"#),
            ReplyError::Form { .. }
        ));
        assert!(matches!(
            error(r#"{"choices": []}"#),
            ReplyError::NoChoices { .. }
        ));
        assert!(matches!(error("{}"), ReplyError::NoChoices { .. }));
        let null = error(r#"{"choices": [{"text": null}]}"#).to_string();
        assert!(null.contains("choice 0 of the reply has null"), "{null}");
        let missing = error(r#"{"choices": [{"index": 0}]}"#).to_string();
        assert!(missing.contains("has nothing as its `text`"), "{missing}");
        assert_eq!(
            parse_reply(b"{\"choices\": \"\xff\"}", Api::Completions, 1),
            Err(ReplyError::NotUtf8 { at: 13 })
        );
        let deep = "[".repeat(100_000);
        assert!(parse(&deep, 1).is_err());
    }

    #[test]
    fn an_error_with_the_status_of_a_success_is_an_error() {
        let body = r#"{"error": {"message": "overloaded", "code": 503}, "choices": []}"#;
        let error = parse(body, 1).unwrap_err();
        assert!(
            error.to_string().contains("overloaded") && error.is_transient(),
            "{error}"
        );
        let error = parse(r#"{"error": "no"}"#, 1).unwrap_err();
        assert!(!error.is_transient(), "{error}");
        assert_eq!(
            texts(r#"{"error": null, "choices": [{"text": ""}]}"#, 1),
            [""]
        );
    }

    #[test]
    fn the_number_of_choices_is_bounded() {
        let body = format!(r#"{{"choices": [{}{{}}]}}"#, "{},".repeat(3 * MAX_CHOICES));
        let limit = MAX_CHOICES;
        assert_eq!(parse(&body, 1), Err(ReplyError::TooManyChoices { limit }));
    }
}
