//! Requests over HTTP, tried again where that may help.

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{Response, header};
use ureq::{Agent, Body};

use crate::address::Address;
use crate::api_key::ApiKey;
use crate::backoff::{self, Backoff};
use crate::failure::{Failure, RequestError};
use crate::refusal;
use crate::reply::ReplyError;
use crate::spec::EndpointSpec;

/// The longest time for a connection to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long an unused connection is kept: less than servers keep theirs (5 seconds in uvicorn), so
/// that a request seldom meets one that the server is about to close.
const IDLE_LIMIT: Duration = Duration::from_secs(2);

/// Waits between attempts.
pub(crate) type Sleep = Arc<dyn Fn(Duration) + Send + Sync>;

/// A client of one server.
pub(crate) struct Client {
    agent: Agent,
    key: Option<ApiKey>,
    backoff: Backoff,
    attempts: u32,
    timeout_ms: u64,
    max_body_bytes: u64,
    sleep: Sleep,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("key", &self.key)
            .field("backoff", &self.backoff)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// A failed attempt, and for how long the server asks to be left alone.
struct Failed {
    failure: Failure,
    retry_after: Option<Duration>,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            retry_after: None,
        }
    }
}

impl Client {
    pub(crate) fn new(
        spec: &EndpointSpec,
        address: &Address,
        key: Option<ApiKey>,
        sleep: Sleep,
    ) -> Self {
        let timeout = Duration::from_millis(spec.request_timeout_ms);
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // A request that is sent on would lose its body or its key.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(timeout))
            .timeout_connect(Some(CONNECT_LIMIT).filter(|limit| *limit < timeout))
            .max_idle_age(IDLE_LIMIT)
            .max_idle_connections(spec.concurrency)
            .max_idle_connections_per_host(spec.concurrency)
            .user_agent(concat!("interplay-endpoint/", env!("CARGO_PKG_VERSION")));
        if address.is_local() {
            config = config.proxy(None);
        }
        Self {
            agent: config.build().new_agent(),
            key,
            backoff: Backoff::of(spec),
            attempts: spec.attempts,
            timeout_ms: spec.request_timeout_ms,
            max_body_bytes: spec.max_body_bytes,
            sleep,
        }
    }

    /// How often a request is tried in all.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Sends a request, with a body (POST) or without (GET), until `read` takes a reply, the failure
    /// is one that would come again, or `attempts` are made. Gives up early once `is_over`.
    pub(crate) fn request<T>(
        &self,
        url: &str,
        body: Option<&Value>,
        attempts: u32,
        is_over: &dyn Fn() -> bool,
        read: &dyn Fn(&[u8]) -> Result<T, ReplyError>,
    ) -> Result<T, RequestError> {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let mut attempt = 1;
        loop {
            let Failed {
                failure,
                retry_after,
            } = match self.attempt(url, bytes.as_deref(), read) {
                Ok(found) => return Ok(found),
                Err(failed) => failed,
            };
            if !failure.is_transient() || attempt >= attempts || is_over() {
                return Err(RequestError {
                    url: url.to_owned(),
                    attempts: attempt,
                    failure,
                });
            }
            (self.sleep)(self.backoff.delay(attempt, retry_after));
            attempt += 1;
        }
    }

    fn attempt<T>(
        &self,
        url: &str,
        body: Option<&[u8]>,
        read: &dyn Fn(&[u8]) -> Result<T, ReplyError>,
    ) -> Result<T, Failed> {
        let response = self
            .send(url, body)
            .map_err(|error| self.failure(error, true))?;
        match response.status().as_u16() {
            200..300 => {
                let body = response.into_body().into_with_config();
                let bytes = body.limit(self.max_body_bytes).read_to_vec();
                let bytes = bytes.map_err(|error| self.failure(error, false))?;
                read(&bytes).map_err(|error| self.without_key(&bytes, error, read).into())
            }
            _ => Err(self.refused(response)),
        }
    }

    fn send(&self, url: &str, body: Option<&[u8]>) -> Result<Response<Body>, ureq::Error> {
        let key = self.key.as_ref().map(ApiKey::authorization);
        match body {
            Some(bytes) => {
                let mut request = self.agent.post(url).content_type("application/json");
                if let Some(key) = key {
                    request = request.header(header::AUTHORIZATION, key);
                }
                request.send(bytes)
            }
            None => {
                let mut request = self.agent.get(url);
                if let Some(key) = key {
                    request = request.header(header::AUTHORIZATION, key);
                }
                request.call()
            }
        }
    }

    /// What a reply says that has not the status of a success.
    fn refused(&self, response: Response<Body>) -> Failed {
        let status = response.status().as_u16();
        let text_of = |name| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        if (300..400).contains(&status) {
            let location = text_of(header::LOCATION).unwrap_or_else(|| "no address".to_owned());
            let location = refusal::excerpt(&self.hide(location));
            return Failure::Moved { status, location }.into();
        }
        let retry_after = text_of(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| backoff::retry_after(&value));
        // What can be read of the message will do.
        let mut bytes = Vec::new();
        let mut reader = response.into_body().into_reader().take(refusal::MAX_BYTES);
        let _ = reader.read_to_end(&mut bytes);
        let text = self.hide(String::from_utf8_lossy(&bytes).into_owned());
        let message = self.hide(refusal::message(text.as_bytes()));
        Failed {
            failure: Failure::Status { status, message },
            retry_after,
        }
    }

    /// The error of a reply, read again without the key if the server repeats it.
    fn without_key<T>(
        &self,
        bytes: &[u8],
        error: ReplyError,
        read: &dyn Fn(&[u8]) -> Result<T, ReplyError>,
    ) -> Failure {
        let text = String::from_utf8_lossy(bytes);
        let hidden = self.hide(text.clone().into_owned());
        match hidden == text {
            true => Failure::Reply(error),
            false => match read(hidden.as_bytes()) {
                Err(error) => Failure::Reply(error),
                Ok(_) => Failure::Broken {
                    reason: "the reply repeats the API key".to_owned(),
                },
            },
        }
    }

    fn hide(&self, text: String) -> String {
        match &self.key {
            Some(key) => key.hide(text),
            None => text,
        }
    }

    fn failure(&self, error: ureq::Error, before_reply: bool) -> Failure {
        use ureq::Error;
        let reason = |error: &dyn fmt::Display| self.hide(refusal::excerpt(&error.to_string()));
        match error {
            Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
                let reason = "it could not be made in time".to_owned();
                Failure::Unreachable { reason }
            }
            Error::Timeout(_) => Failure::Timeout {
                limit_ms: self.timeout_ms,
            },
            Error::BodyExceedsLimit(_) => Failure::TooLarge {
                limit: self.max_body_bytes,
            },
            Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Failure::Timeout {
                limit_ms: self.timeout_ms,
            },
            Error::HostNotFound | Error::ConnectionFailed => Failure::Unreachable {
                reason: reason(&error),
            },
            Error::Io(error) if before_reply && is_connecting(error.kind()) => {
                let reason = reason(&error);
                Failure::Unreachable { reason }
            }
            Error::Io(error) => Failure::Broken {
                reason: reason(&error),
            },
            Error::Protocol(error) => Failure::Broken {
                reason: reason(&error),
            },
            other => Failure::Unusable {
                reason: reason(&other),
            },
        }
    }
}

fn is_connecting(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{
        AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable,
    };
    matches!(
        kind,
        ConnectionRefused | AddrNotAvailable | HostUnreachable | NetworkUnreachable | NetworkDown
    )
}
