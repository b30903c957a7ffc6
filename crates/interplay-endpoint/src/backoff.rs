//! How long to wait before a request is tried again.
//!
//! The delays double and have no jitter: an evaluation is a single client, and its runs are easier to
//! compare if they wait alike.

use std::time::Duration;

use crate::spec::EndpointSpec;

/// The delays between attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backoff {
    first: Duration,
    limit: Duration,
    asked_limit: Duration,
}

impl Backoff {
    /// The delays that a spec asks for.
    pub(crate) fn of(spec: &EndpointSpec) -> Self {
        Self {
            first: Duration::from_millis(spec.backoff_ms),
            limit: Duration::from_millis(spec.backoff_limit_ms),
            asked_limit: Duration::from_millis(spec.retry_after_limit_ms),
        }
    }

    /// The delay after attempt `attempt`, counted from one. What the server asked for in `Retry-After`
    /// comes first, up to its limit.
    pub(crate) fn delay(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        if let Some(asked) = asked {
            return asked.min(self.asked_limit);
        }
        let doublings = attempt.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.limit)
    }
}

/// Reads `Retry-After` in seconds. Its other form, a date, would need a clock that agrees with the
/// server's, and counts as absent.
pub(crate) fn retry_after(header: &str) -> Option<Duration> {
    header.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_limit() {
        let backoff = Backoff::of(&EndpointSpec::default());
        let delays: Vec<u128> = (1..10)
            .map(|attempt| backoff.delay(attempt, None).as_millis())
            .collect();
        let expected = [
            500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
        ];
        assert_eq!(delays, expected);
        assert_eq!(backoff.delay(u32::MAX, None).as_millis(), 30_000);
    }

    #[test]
    fn the_server_is_obeyed_up_to_a_limit() {
        let backoff = Backoff::of(&EndpointSpec::default());
        assert_eq!(retry_after(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Fri, 27 Nov 2026 17:28:12 GMT"), None);
        assert_eq!(retry_after("-1"), None);
        assert_eq!(backoff.delay(1, retry_after("7")).as_secs(), 7);
        assert_eq!(backoff.delay(1, retry_after("86400")).as_secs(), 120);
    }
}
