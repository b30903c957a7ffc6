//! What the rollouts of a cell say about pass@1 and pass@k.
//!
//! The rollouts of one prompt share its difficulty, so those of an op are no independent tries. The
//! posterior of pass@1 counts them at their design effect `1 + (n - 1) r`, where `r` is the share of
//! the variance that lies between prompts; pass@k of an op is a mean over prompts, and a prompt of it
//! one try. Counting each rollout as a try would make intervals several times too narrow, and
//! `1 - (1 - p)^k` at the mean p is too high wherever prompts differ. Rollouts of one problem
//! are independent tries, and its pass@k follows from its Beta posterior.
//!
//! Source: L. Kish, Survey Sampling (1965), section 8.2 (design effect); arXiv 2107.03374 (unbiased
//! pass@k of one prompt); arXiv 1707.09727 (exponential forgetting).
//!
//! Deviations: `r` is estimated from the means of `p` and `p^2` over prompts, and pulled towards 1 as
//! if one more prompt had shown it; so few prompts are not trusted too much.

use serde::{Deserialize, Serialize};

use crate::{Beta, By};

/// Sums over the prompts of a cell, older ones with less weight.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Prompts.
    pub prompts: f64,
    /// Rollouts.
    pub tries: f64,
    /// Rollouts that were accepted.
    pub successes: f64,
    /// The sum of each prompt's share of accepted rollouts.
    pub rates: f64,
    /// The sum of each prompt's share of pairs of rollouts that were both accepted.
    pub pairs: f64,
    /// The sum of each prompt's unbiased pass@k.
    pub solved: f64,
}

impl Evidence {
    /// Adds the rollouts of one prompt; `tries` is at least 1 and not below `successes`.
    pub(crate) fn add(&mut self, successes: u32, tries: u32, k: u32) {
        let (right, all) = (f64::from(successes), f64::from(tries));
        let rate = right / all;
        self.prompts += 1.0;
        self.tries += all;
        self.successes += right;
        self.rates += rate;
        self.pairs += match tries {
            1 => rate,
            _ => right * (right - 1.0) / (all * (all - 1.0)),
        };
        self.solved += pass_at_k(successes, tries, k);
    }

    /// Gives everything so far the weight `keep`.
    pub(crate) fn fade(&mut self, keep: f64) {
        let Self {
            prompts,
            tries,
            successes,
            rates,
            pairs,
            solved,
        } = self;
        for sum in [prompts, tries, successes, rates, pairs, solved] {
            *sum *= keep;
        }
    }

    /// What is known about pass@1.
    pub(crate) fn pass_at_1(&self, prior: Beta, by: By) -> Beta {
        match by {
            By::Problem => prior.after(self.successes, self.tries),
            By::Op if self.prompts <= 0.0 => prior,
            By::Op => {
                let rate = self.rates / self.prompts;
                let independent = self.tries / self.design_effect(rate);
                prior.after(rate * independent, independent)
            }
        }
    }

    /// How many rollouts say as much as one independent one.
    fn design_effect(&self, rate: f64) -> f64 {
        let spread = rate * (1.0 - rate);
        let between = self.pairs / self.prompts - rate * rate;
        let shared = if spread > 0.0 {
            (between / spread).clamp(0.0, 1.0)
        } else {
            1.0
        };
        let shared = (self.prompts * shared + 1.0) / (self.prompts + 1.0);
        1.0 + (self.tries / self.prompts - 1.0).max(0.0) * shared
    }

    /// What is known about pass@k of an op: its mean over prompts.
    pub(crate) fn pass_at_k(&self, prior: Beta) -> Beta {
        prior.after(self.solved, self.prompts)
    }
}

/// The share of draws of `k` among the rollouts that hold a success. With fewer than `k` rollouts,
/// that of all of them, which is not more.
fn pass_at_k(successes: u32, tries: u32, k: u32) -> f64 {
    let k = k.min(tries);
    let failures = tries - successes;
    if failures < k {
        return 1.0;
    }
    let drawn = (0..k).map(|drawn| f64::from(failures - drawn) / f64::from(tries - drawn));
    1.0 - drawn.product::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(prompts: &[(u32, u32)], k: u32) -> Evidence {
        let mut evidence = Evidence::default();
        for (successes, tries) in prompts {
            evidence.add(*successes, *tries, k);
        }
        evidence
    }

    #[test]
    fn pass_at_k_of_a_prompt_counts_draws() {
        // Of the six pairs of four rollouts with one success, three hold it.
        assert!((pass_at_k(1, 4, 2) - 0.5).abs() < 1e-15);
        assert_eq!(pass_at_k(0, 4, 4), 0.0);
        assert_eq!(pass_at_k(1, 4, 4), 1.0);
        assert_eq!(pass_at_k(3, 4, 2), 1.0);
        assert_eq!(pass_at_k(1, 4, 8), 1.0);
    }

    #[test]
    fn prompts_that_are_always_or_never_solved_count_as_one_try_each() {
        let sums = evidence(&[(8, 8), (0, 8), (8, 8), (0, 8)], 8);
        // r = 1, so 32 rollouts are 4 tries with 2 successes.
        let known = sums.pass_at_1(Beta::UNIFORM, By::Op);
        assert!(
            (known.a - 3.0).abs() < 1e-12 && (known.b - 3.0).abs() < 1e-12,
            "{known:?}"
        );
        let known = sums.pass_at_k(Beta::UNIFORM);
        assert_eq!((known.a, known.b), (3.0, 3.0));
    }

    #[test]
    fn prompts_that_are_alike_count_each_rollout() {
        // Pairs: 2 * 1 / (4 * 3) = 1/6 < 1/4, so r is 0, pulled to 1 / 101.
        let sums = evidence(&[(2, 4); 100], 4);
        let known = sums.pass_at_1(Beta::UNIFORM, By::Op);
        let expected = 400.0 / (1.0 + 3.0 / 101.0);
        assert!(
            (known.a + known.b - 2.0 - expected).abs() < 1e-9,
            "{known:?}"
        );
        assert_eq!(known.mean(), 0.5);
    }

    #[test]
    fn rollouts_of_a_problem_are_independent_tries() {
        let sums = evidence(&[(1, 4), (3, 4)], 4);
        let known = sums.pass_at_1(Beta::UNIFORM, By::Problem);
        assert_eq!((known.a, known.b), (5.0, 5.0));
    }

    #[test]
    fn without_rollouts_the_prior_stands() {
        let prior = Beta { a: 2.0, b: 3.0 };
        for by in [By::Op, By::Problem] {
            assert_eq!(Evidence::default().pass_at_1(prior, by), prior);
        }
        assert_eq!(Evidence::default().pass_at_k(prior), prior);
    }

    #[test]
    fn old_evidence_fades() {
        let mut sums = evidence(&[(1, 4), (3, 4)], 4);
        sums.fade(0.5);
        sums.add(4, 4, 4);
        assert_eq!((sums.prompts, sums.tries, sums.successes), (2.0, 8.0, 6.0));
    }
}
