//! pass@k on verified solutions, with honest intervals.
//!
//! [`evaluate`] draws completions from any [`Sampler`], has them judged by any
//! [`Environment`](interplay_environment::Environment), and gives an [`Evaluation`]: the unbiased
//! pass@k of accepted completions and, beside it, of answers alone, overall, by [`Band`], by
//! difficulty and by context, each with a 95 % interval clustered by problem.
//! [`edge_of_competence`] says which difficulties are worth reinforcing, [`paired_difference`]
//! compares two evaluations of the same problems, [`sharpening`] says whether one is sharper or can
//! do more, and [`OverSeeds`] compares ways of training over several seeds.
//!
//! ```
//! use interplay_eval::{EdgeSettings, EvalSettings, Evaluation, ItemScore, edge_of_competence};
//!
//! let settings = EvalSettings { completions: 8, ks: vec![1, 8], ..EvalSettings::default() };
//! // Two problems with eight completions each, some accepted, more with the right answer.
//! let item = |id, verified, answers| ItemScore {
//!     id, op: Some(6), context: Some("zoo".into()), verified, answers, ..ItemScore::default()
//! };
//! let items = vec![item(0, 1, 5), item(1, 2, 6)];
//! let evaluation = Evaluation::from_scores(&settings, "strict", items)?;
//!
//! let hard = &evaluation.by_op[&6];
//! assert_eq!(hard.verified_at(1).unwrap().estimate, 0.1875);
//! assert_eq!(hard.answer_at(1).unwrap().estimate, 0.6875);
//!
//! let edge = edge_of_competence(&evaluation, EdgeSettings { k: 8, ..EdgeSettings::default() })?;
//! assert_eq!(edge.ops, [6]);
//! # Ok::<(), interplay_eval::EvalError>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod bands;
mod bootstrap;
mod cell;
mod crossed;
mod draws;
mod edge;
mod error;
mod evaluation;
mod item_score;
mod luck;
mod majority;
mod multiplicity;
mod over_seeds;
mod paired;
mod pass_at_k;
mod pass_hat_k;
mod quantiles;
mod rank_correlation;
mod sampler;
mod seed_pair;
mod seeds;
mod seeds_bootstrap;
mod sharpening;
mod sign_flip;
mod stratified;

pub use bands::{Band, Bands, UnknownBand};
pub use bootstrap::Bootstrap;
pub use cell::Cell;
pub use edge::{EdgeReport, EdgeSettings, OpPlacement, Placement, edge_of_competence};
pub use error::EvalError;
pub use evaluation::{EvalSettings, Evaluation, Journal, evaluate, temperature_name};
pub use item_score::{GenerationRecord, ItemScore};
pub use majority::majority_at_k;
pub use multiplicity::{benjamini_hochberg, holm};
pub use over_seeds::{OverSeeds, SeedsGain, SeedsSharpening};
pub use paired::{Measure, PairedDifference, comparability, paired_difference, same_temperature};
pub use pass_at_k::{PassAtK, pass_at_k};
pub use pass_hat_k::{at_least_j_of_k, pass_hat_k};
pub use rank_correlation::RankCorrelation;
pub use sampler::{Completion, EvalItem, Sampler};
pub use seed_pair::SeedPair;
pub use seeds::{SeedsDesign, SeedsDifference};
pub use sharpening::{Change, Sharpening, sharpening};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
