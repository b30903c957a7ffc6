//! What the model before RL lets expect of it: how sure it is already, and what it never solves.
//!
//! Source: Yue et al. 2025 (arXiv 2504.13837) and others hold that RL finds what the model before it already samples;
//! the entropy that RL consumes, Cui et al. 2025 (arXiv 2505.22617).

use interplay_eval::Band;
use serde::{Deserialize, Serialize};

use super::case::Case;

/// What the model before RL lets expect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outlook {
    /// Entropy of the policy in the first step, in nats a token; none where it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entropy_nats: Option<f64>,
    /// What it never solves, by band.
    pub unsolved: Vec<Unsolved>,
}

/// What a model never solves in a band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsolved {
    /// The band.
    pub band: String,
    /// The number of problems.
    pub problems: usize,
    /// How many of them no completion solves.
    pub unsolved: usize,
    /// The number of completions of each.
    pub tries: u32,
}

impl Outlook {
    pub(super) fn of(case: &Case<'_>) -> Self {
        let first = case.metrics.first();
        let entropy = first.and_then(|line| line.get("entropy")?.as_f64());
        let mut unsolved = Vec::new();
        if let Some(found) = &case.before.evaluation {
            for band in Band::ALL.map(Band::name) {
                let of_band = found
                    .items
                    .iter()
                    .filter(|item| item.band.as_deref() == Some(band));
                let problems = of_band.clone().count();
                if problems > 0 {
                    unsolved.push(Unsolved {
                        band: band.to_owned(),
                        problems,
                        unsolved: of_band.filter(|item| item.verified == 0).count(),
                        tries: found.completions,
                    });
                }
            }
        }
        Self {
            entropy_nats: entropy,
            unsolved,
        }
    }
}
