//! What a server takes from a client.

use std::time::Duration;

/// The limits of a server.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest body that is read, in bytes.
    pub max_body_bytes: usize,
    /// How long a client may take: for the head of a request, for its body, until it reads on in an answer, and
    /// between requests.
    pub client_timeout: Duration,
    /// How long requests in progress may take after a stop.
    pub stop_timeout: Duration,
}

impl Default for Limits {
    /// 64 MiB, a minute, ten seconds.
    fn default() -> Self {
        Self {
            max_body_bytes: 64 << 20,
            client_timeout: Duration::from_secs(60),
            stop_timeout: Duration::from_secs(10),
        }
    }
}
