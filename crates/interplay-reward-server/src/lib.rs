//! The verifier's rewards over HTTP, by the contract of OpenRLHF's remote reward.
//!
//! OpenRLHF posts `{"query": [...], "prompts": [...], "labels": [...]}`, where a query is a prompt with its response
//! and special tokens, and reads `rewards`, `scores` and `extra_logs` as lists of numbers. A [`Scorer`] answers such a
//! [`Request`] without any HTTP; a [`Server`] answers it under `/get_reward` and `/`, and `GET /health`.
//!
//! Source: OpenRLHF 0.11.2, `openrlhf/utils/agent.py` (`SingleTurnAgentExecutor`), `openrlhf/cli/serve_rm.py`. The Python
//! package has the same server (`interplay.adapters.openrlhf`); `tests/golden` holds its answers.
//!
//! Deviations from the Python server: a client that stalls gets 408 instead of 500, a `Content-Length` that is no number
//! gets 400 from the HTTP library instead of 411, bodies in UTF-16 or UTF-32 are no JSON here, and nothing is too deep or
//! too many digits to be skipped.
//!
//! ```
//! use interplay_objectives::reward::RewardSpec;
//! use interplay_reward_server::{Request, Scorer};
//! use interplay_verify::{Level, Verifier};
//!
//! let scorer = Scorer::new(RewardSpec::Mixed { alpha: 0.2 }, Verifier::new(Level::Strict))?;
//! let body = br#"{
//!     "query": ["fox? fox = 3. Answer: 3.</s>", "fox? Answer: 3."],
//!     "prompts": ["fox?", "fox?"],
//!     "labels": ["fox = 3. Answer: 3.", "{\"solution\": \"fox = 3. Answer: 3.\"}"]
//! }"#;
//! let reply = scorer.reply(&Request::read(body)?);
//! assert_eq!(reply.rewards, [1.0, 0.2]);
//! assert_eq!(reply.extra_logs.right_answer_wrong_steps, [0.0, 1.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod answer;
mod error;
mod golds;
mod json;
mod limits;
mod request;
mod scorer;
mod server;
mod stream;
mod text;

pub use answer::Event;
pub use error::{ItemError, Refusal, ServeError};
pub use limits::Limits;
pub use request::Request;
pub use scorer::{END_TOKENS, Judged, Logs, Reply, Scorer};
pub use server::{Server, StopHandle};

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
