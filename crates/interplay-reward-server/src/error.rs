//! Errors: of a server, of a request, and of one item of a request.

use std::io;

use interplay_environment::EnvironmentError;
use interplay_graph::settings::Issues;
use interplay_verify::VerifyError;

/// Why a server cannot start.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The reward cannot be paid for a verdict.
    #[error("the reward: {issues}")]
    Reward {
        /// What is wrong with it.
        issues: Issues,
    },
    /// Nothing can listen at the address.
    #[error(
        "listening at {address}: {source}; expected an address of this machine with a free port, 0 for any"
    )]
    Bind {
        /// The address.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The threads of the server cannot be started.
    #[error("starting the threads of the server: {source}")]
    Threads {
        /// What the system said.
        source: io::Error,
    },
}

/// Why a request gets an error instead of a reply.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The body is no JSON.
    #[error("the body is no JSON: {source}")]
    Json {
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The body ends too early.
    #[error("the body ends after {read} of {length} bytes")]
    Truncated {
        /// How many bytes came.
        read: usize,
        /// How many were announced.
        length: u64,
    },
    /// There is no such page.
    #[error("no page {path}; post to /get_reward, or get /health")]
    Path {
        /// What was asked for.
        path: String,
    },
    /// The body did not come in time.
    #[error(
        "{read} of {length} bytes of the body came within {seconds} s; send it faster, or raise the time limit"
    )]
    Slow {
        /// How many bytes came.
        read: usize,
        /// How many were announced.
        length: u64,
        /// The limit.
        seconds: u64,
    },
    /// The length of the body is unknown.
    #[error("found no Content-Length; expected the length of the body in bytes")]
    NoLength,
    /// The body is too large.
    #[error("the body has {length} bytes; at most {limit} are read")]
    TooLarge {
        /// How many bytes were announced.
        length: u64,
        /// The limit.
        limit: usize,
    },
    /// The body has not the three lists.
    #[error("expected a JSON object with the lists query, prompts, labels, found {found}")]
    Lists {
        /// What it has, by key.
        found: String,
    },
    /// The three lists have different lengths, or none has an item.
    #[error("query, prompts, labels have {counts:?} items; expected as many of each, at least one")]
    Counts {
        /// The lengths.
        counts: [usize; 3],
    },
    /// No item has a label.
    #[error("every label is empty; name the column of gold solutions with --data.label_key")]
    NoLabels,
    /// The method is none that the server knows.
    #[error("the method {method} is not supported; use POST for /get_reward and GET for /health")]
    Method {
        /// The method.
        method: String,
    },
    /// The judge failed.
    #[error("judging the request failed; please report it, with the request")]
    Failed,
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Json { .. } | Self::Truncated { .. } => 400,
            Self::Path { .. } => 404,
            Self::Slow { .. } => 408,
            Self::NoLength => 411,
            Self::TooLarge { .. } => 413,
            Self::Lists { .. } | Self::Counts { .. } | Self::NoLabels => 422,
            Self::Failed => 500,
            Self::Method { .. } => 501,
        }
    }
}

/// Why one item of a request has no reward. It scores 0; the others are judged.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// The label is empty.
    #[error("the label is empty; expected the gold solution, or a JSON object with `solution`")]
    EmptyLabel,
    /// The label is of another type.
    #[error(
        "the label: expected the gold solution, or a JSON object with `solution`, found {found}"
    )]
    LabelType {
        /// Its JSON type.
        found: &'static str,
    },
    /// The label looks like JSON and cannot be read.
    #[error("the label starts as a JSON object but is none: {source}")]
    LabelJson {
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A text of the label is of another type.
    #[error("`{field}` of the label: expected a text, found {found}")]
    FieldType {
        /// The key.
        field: &'static str,
        /// The JSON type of its value.
        found: &'static str,
    },
    /// The label has no solution.
    #[error("the label has no `solution`; expected the gold solution there")]
    NoSolution,
    /// The gold solution cannot be used.
    #[error("the gold solution: {source}")]
    Gold {
        /// What is wrong with it.
        source: VerifyError,
    },
    /// Query or prompt is no text.
    #[error("expected query and prompt as texts, found {query} and {prompt}")]
    QueryType {
        /// The JSON type of the query.
        query: &'static str,
        /// The JSON type of the prompt.
        prompt: &'static str,
    },
    /// The query does not hold its prompt, not even its end.
    #[error("the query does not contain the end of its prompt, {prompt_end:?}")]
    ForeignQuery {
        /// The end of the prompt.
        prompt_end: String,
    },
    /// A text has half of a surrogate pair.
    #[error("the {text} holds lone surrogates, which are no Unicode")]
    Surrogates {
        /// Which text.
        text: &'static str,
    },
    /// The reward cannot be computed.
    #[error(transparent)]
    Reward(#[from] EnvironmentError),
    /// The reward is no number that JSON can hold.
    #[error("the reward is {reward}; expected a finite number, so use smaller weights")]
    NotFinite {
        /// The reward.
        reward: f64,
    },
}
