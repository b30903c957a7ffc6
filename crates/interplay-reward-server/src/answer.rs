//! From an HTTP request to its response.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Response, StatusCode};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::{ItemError, Refusal};
use crate::json;
use crate::limits::Limits;
use crate::request::Request;
use crate::scorer::{Reply, Scorer};

/// Requests up to this length are judged by the thread that read them: handing them over takes longer.
const INLINE_BYTES: usize = 64 << 10;
/// The memory that is taken before a body comes.
const FIRST_BYTES: usize = 64 << 10;
/// How long a refused client may pause while the rest of its body is read.
const DRAIN_PAUSE: Duration = Duration::from_secs(1);
/// How much of a refused body is read, in multiples of the limit.
const DRAIN_FACTOR: u64 = 4;

/// What a server tells its operator.
#[non_exhaustive]
#[derive(Debug)]
pub enum Event<'e> {
    /// An item scores 0, as it cannot be judged.
    Item {
        /// Its index.
        index: usize,
        /// The number of items of the request.
        items: usize,
        /// Why.
        error: &'e ItemError,
    },
    /// A request got an error.
    Refused {
        /// Why.
        refusal: &'e Refusal,
    },
    /// A connection could not be taken; the server tries again.
    Accept {
        /// Why.
        error: &'e io::Error,
    },
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item {
                index,
                items,
                error,
            } => {
                write!(
                    f,
                    "item {index} of {items} scores 0, as it cannot be judged: {error}"
                )
            }
            Self::Refused { refusal } => write!(f, "{}: {refusal}", refusal.status()),
            Self::Accept { error } => write!(f, "no new connection: {error}"),
        }
    }
}

/// Who hears of events.
pub(crate) type Log = dyn Fn(&Event<'_>) + Send + Sync;

/// What the connections of a server share.
pub(crate) struct Service {
    pub(crate) scorer: Arc<Scorer>,
    pub(crate) limits: Limits,
    pub(crate) log: Box<Log>,
}

/// What can be asked for.
enum Page {
    Health,
    Reward { length: u64 },
}

impl Service {
    /// Answers a request, whatever it is.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let answered = match self.page(&head) {
            Ok(Page::Health) => Ok(self.health()),
            Ok(Page::Reward { length }) => self.reward(body, length).await,
            Err(refusal) => {
                drop(tokio::spawn(drain(body, self.limits)));
                Err(refusal)
            }
        };
        Ok(answered.unwrap_or_else(|refusal| {
            (self.log)(&Event::Refused { refusal: &refusal });
            let error = serde_json::json!({ "error": refusal.to_string() });
            let mut response = response(error.to_string().into_bytes());
            *response.status_mut() =
                StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            // The rest of the body would be read as the next request.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
            response
        }))
    }

    /// What a request asks for, from its head.
    fn page(&self, head: &Parts) -> Result<Page, Refusal> {
        let path = match head.method {
            Method::GET => head.uri.path_and_query().map_or("", PathAndQuery::as_str),
            Method::POST => head.uri.path().trim_end_matches('/'),
            _ => {
                let method = head.method.to_string();
                return Err(Refusal::Method { method });
            }
        };
        match (&head.method, path) {
            (&Method::GET, "/health") => Ok(Page::Health),
            (&Method::POST, "" | "/get_reward") => {
                let length = head.headers.get(CONTENT_LENGTH);
                let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
                let length: u64 = length.ok_or(Refusal::NoLength)?;
                let limit = self.limits.max_body_bytes;
                match length <= limit as u64 {
                    true => Ok(Page::Reward { length }),
                    false => Err(Refusal::TooLarge { length, limit }),
                }
            }
            _ => Err(Refusal::Path {
                path: head.uri.to_string(),
            }),
        }
    }

    fn health(&self) -> Response<Full<Bytes>> {
        let scorer = self.scorer.to_string();
        let health = serde_json::json!({ "status": "ok", "scorer": scorer });
        response(health.to_string().into_bytes())
    }

    async fn reward(
        self: &Arc<Self>,
        body: Incoming,
        length: u64,
    ) -> Result<Response<Full<Bytes>>, Refusal> {
        let body = self.body(body, length).await?;
        let service = self.clone();
        let judge = move || service.judge(&body);
        let reply = match length <= INLINE_BYTES as u64 {
            true => judge(),
            false => {
                let judged = tokio::task::spawn_blocking(judge).await;
                judged.unwrap_or(Err(Refusal::Failed))
            }
        };
        Ok(response(reply?))
    }

    async fn body(&self, mut body: Incoming, length: u64) -> Result<Vec<u8>, Refusal> {
        let limit = self.limits.client_timeout;
        let end = Instant::now() + limit;
        let mut bytes =
            Vec::with_capacity(FIRST_BYTES.min(usize::try_from(length).unwrap_or(FIRST_BYTES)));
        loop {
            let read = bytes.len();
            match timeout_at(end, body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    if let Some(data) = frame.data_ref() {
                        bytes.extend_from_slice(data);
                    }
                }
                Ok(Some(Err(_))) => return Err(Refusal::Truncated { read, length }),
                Ok(None) => return Ok(bytes),
                Err(_) => {
                    let seconds = limit.as_secs();
                    return Err(Refusal::Slow {
                        read,
                        length,
                        seconds,
                    });
                }
            }
        }
    }

    /// The body of the reply to the body of a request.
    fn judge(&self, body: &[u8]) -> Result<Vec<u8>, Refusal> {
        let reply = guarded(|| match Request::read(body) {
            Err(Refusal::Json { source }) => match json::without_words(body) {
                Some(changed) => Ok(self.scorer.reply(&Request::read(&changed)?)),
                None => Err(Refusal::Json { source }),
            },
            request => Ok(self.scorer.reply(&request?)),
        })?;
        let items = reply.rewards.len();
        for (&index, error) in &reply.errors {
            (self.log)(&Event::Item {
                index,
                items,
                error,
            });
        }
        serde_json::to_vec(&reply).map_err(|_| Refusal::Failed)
    }
}

/// The reply; one request that makes the judge panic costs the others nothing.
fn guarded(judge: impl FnOnce() -> Result<Reply, Refusal>) -> Result<Reply, Refusal> {
    catch_unwind(AssertUnwindSafe(judge)).unwrap_or(Err(Refusal::Failed))
}

fn response(json: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(json)));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Reads the rest of a refused body: a client that is still sending reads the answer only if nobody cuts it off.
async fn drain(mut body: Incoming, limits: Limits) {
    let mut left = DRAIN_FACTOR.saturating_mul(limits.max_body_bytes as u64);
    let reading = async {
        while let Ok(Some(Ok(frame))) = timeout(DRAIN_PAUSE, body.frame()).await {
            left = left.saturating_sub(frame.data_ref().map_or(0, |data| data.len() as u64));
            if left == 0 {
                return;
            }
        }
    };
    // Where the time is up, the connection is closed with what is left unread.
    let _in_time = timeout(limits.client_timeout, reading).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_its_request() {
        let refusal = guarded(|| panic!("this panic belongs to a test")).unwrap_err();
        assert_eq!(refusal.status(), 500);
    }
}
