//! Why requests fail.

use crate::refusal;
use crate::reply::ReplyError;

/// Why an attempt failed.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There is no connection.
    #[error("no connection ({reason}); check `url`, and that the server runs")]
    Unreachable {
        /// The system's reason.
        reason: String,
    },
    /// The connection broke, or what came over it is not HTTP.
    #[error("the connection broke ({reason})")]
    Broken {
        /// The reason.
        reason: String,
    },
    /// The reply did not come, or did not end, in time.
    #[error(
        "no whole reply within {limit_ms} ms; raise `request_timeout_ms` if the server is slow"
    )]
    Timeout {
        /// The limit.
        limit_ms: u64,
    },
    /// The reply is too large.
    #[error("the reply has more than {limit} bytes; raise `max_body_bytes` if it should have")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The request cannot be sent, or the connection is not safe.
    #[error("the request cannot be sent ({reason})")]
    Unusable {
        /// The reason.
        reason: String,
    },
    /// The server sends the request elsewhere.
    #[error("status {status}: the server moved to {location}; set `url` to the new address")]
    Moved {
        /// The status.
        status: u16,
        /// Where to.
        location: String,
    },
    /// The server refuses the request, or fails.
    #[error("status {status}: {message}{}", advice(*status))]
    Status {
        /// The status.
        status: u16,
        /// The server's message, or how its reply begins.
        message: String,
    },
    /// The reply is not what it should be.
    #[error(transparent)]
    Reply(#[from] ReplyError),
}

fn advice(status: u16) -> &'static str {
    match status {
        401 | 403 => "; set the API key in the variable that `api_key_env` names",
        _ => "",
    }
}

impl Failure {
    /// Whether the same request may well succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Broken { .. } | Self::Timeout { .. } => true,
            Self::Status { status, .. } => refusal::is_transient(*status),
            Self::Reply(error) => error.is_transient(),
            _ => false,
        }
    }

    /// Whether the server refuses what the request asks for, rather than the client or at this time.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Status { status, .. } => match status {
                401 | 403 | 408 | 429 => false,
                // Some servers fail where they should refuse.
                500 | 501 => true,
                _ => (400..500).contains(status),
            },
            Self::Reply(_) => true,
            _ => false,
        }
    }
}

/// A request that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url}: {failure} (after {attempts} {})", if *attempts == 1 { "attempt" } else { "attempts" })]
pub struct RequestError {
    /// Where the request went.
    pub url: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last attempt failed.
    #[source]
    pub failure: Failure,
}
