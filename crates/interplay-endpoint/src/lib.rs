//! Completions drawn from OpenAI-compatible servers, for evaluations.
//!
//! [`Endpoint::connect`] asks a server what it honors ([`Findings`]), and [`Endpoint::draw`] draws
//! completions of the items of an evaluation with several requests at a time. It hands over each item
//! as soon as it is complete, so that an evaluation can be resumed to the item. An [`Endpoint`] is an
//! [`interplay_eval::Sampler`] as well.
//!
//! - **Plain sampling.** Servers have defaults of their own, such as llama.cpp's `top_k` of 40, which
//!   would silently change pass@k. Every request therefore states what turns them off, in the keys that
//!   the server takes ([`Findings::sent`], [`Findings::refused`]).
//! - **Seeds by item.** The seed of a request depends on [`EndpointSpec::seed`], the item's id and the
//!   number of the completion alone, so neither the items beside it nor a resumption changes it.
//! - **Bad replies are errors** that say what came from where. Items that fail do not cost the others.
//!
//! ```no_run
//! use interplay_endpoint::{Endpoint, EndpointSpec};
//!
//! let endpoint = Endpoint::connect(EndpointSpec::new("http://localhost:8000"))?;
//! println!("{}", endpoint.findings());
//! # Ok::<(), interplay_endpoint::EndpointError>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod address;
mod api;
mod api_key;
mod backoff;
mod client;
mod connector;
mod draw;
mod endpoint;
mod error;
mod failure;
mod findings;
mod models;
mod probe;
mod refusal;
mod reply;
mod request;
mod sampler;
mod skim;
mod spec;
mod stop_string;

pub use api::Api;
pub use connector::Connector;
pub use draw::DrawError;
pub use endpoint::{Encode, Endpoint};
pub use error::{EndpointError, FailedItem};
pub use failure::{Failure, RequestError};
pub use findings::Findings;
pub use reply::{Choice, Finish, Reply, ReplyError, StopReport};
pub use request::request_seed;
pub use sampler::EndpointSampler;
pub use spec::EndpointSpec;

/// Reads the body of a reply; here for fuzzing.
#[doc(hidden)]
pub use reply::parse_reply;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
