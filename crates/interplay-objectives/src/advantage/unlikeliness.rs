//! Unlikeliness reward: among right completions, rarer ones earn more.
//!
//! `r_i <- r_i * (1 - beta_rank * (G - rank_i) / G)`, where the likeliest completion of the group has
//! rank 1 and the rarest has rank G, which keeps its whole reward. Wrong completions keep their 0.
//!
//! Source: arXiv 2506.02355, section 4.1 (`beta_rank` 0.25), and the authors' code, where it is
//! called `rank_penalty`. Groups whose rewards are equal are left alone there too, so that the sign
//! of every update is still that of the reward.
//!
//! Deviations: the paper's sentence calls the likeliest rank 0 and lets ranks run from 1 to G; their
//! code agrees with the latter, and so does this. The code ranks by the mean log probability of a
//! token, the paper speaks of the sequence's probability: both can be chosen, the code's is the
//! default. Completions that are equally likely share the mean of their ranks (`argsort` leaves
//! their order open).

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

use super::Groups;
use crate::moments::{expect_whole_groups, uniform};

/// What completions are ranked by.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likelihood {
    /// The mean log probability of a token, as in the authors' code.
    #[default]
    Token,
    /// The log probability of the whole completion.
    Sequence,
}

/// Settings of the unlikeliness reward.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Unlikeliness {
    /// The share of its reward that the likeliest completion nearly loses.
    pub beta_rank: f64,
    /// What completions are ranked by.
    pub likelihood: Likelihood,
}

impl Default for Unlikeliness {
    fn default() -> Self {
        Self {
            beta_rank: 0.25,
            likelihood: Likelihood::default(),
        }
    }
}

impl Unlikeliness {
    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        issues.range("beta_rank", self.beta_rank, 0.0..=1.0);
        issues
    }

    /// The rewards after the likely ones have paid; reads `log_probs` and `lengths`.
    ///
    /// # Panics
    /// Where `group_size` is zero or does not divide the number of rewards, or where there is not a
    /// log probability and a length for each reward.
    ///
    /// ```
    /// use interplay_objectives::advantage::{Groups, Unlikeliness};
    ///
    /// let groups = Groups {
    ///     log_probs: &[-2.0, -6.0, -4.0, -8.0],
    ///     lengths: &[2; 4],
    ///     ..Groups::of_rewards(&[1.0, 1.0, 0.0, 0.0], 4)
    /// };
    /// // Ranks 1, 3, 2, 4: the first loses 0.25 * 3/4, the second 0.25 * 1/4.
    /// assert_eq!(Unlikeliness::default().rewards(&groups), [0.8125, 0.9375, 0.0, 0.0]);
    /// ```
    #[must_use]
    pub fn rewards(&self, groups: &Groups<'_>) -> Vec<f64> {
        let size = groups.group_size;
        expect_whole_groups(groups.rewards, size);
        let likelihoods = self.likelihoods(groups);
        let mut rewards = groups.rewards.to_vec();
        for (group, likelihoods) in rewards.chunks_mut(size).zip(likelihoods.chunks(size)) {
            if uniform(group) {
                continue;
            }
            for (reward, own) in group.iter_mut().zip(likelihoods) {
                let less = likelihoods.iter().filter(|other| *other < own).count();
                let ties = likelihoods.iter().filter(|other| *other == own).count();
                // Of those that are equally likely, half count as less likely.
                let less = less as f64 + ties.saturating_sub(1) as f64 / 2.0;
                *reward *= 1.0 - self.beta_rank * less / size as f64;
            }
        }
        rewards
    }

    fn likelihoods(&self, groups: &Groups<'_>) -> Vec<f64> {
        let count = groups.rewards.len();
        assert_eq!(groups.log_probs.len(), count, "a log probability for each");
        match self.likelihood {
            Likelihood::Sequence => groups.log_probs.to_vec(),
            Likelihood::Token => {
                assert_eq!(groups.lengths.len(), count, "a length for each");
                let pairs = groups.log_probs.iter().zip(groups.lengths);
                pairs
                    .map(|(sum, tokens)| sum / (*tokens).max(1) as f64)
                    .collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewarded(likelihood: Likelihood, log_probs: &[f64], lengths: &[usize]) -> Vec<f64> {
        let groups = Groups {
            log_probs,
            lengths,
            ..Groups::of_rewards(&[1.0, 1.0, 0.0], 3)
        };
        let spec = Unlikeliness {
            beta_rank: 0.3,
            likelihood,
        };
        spec.rewards(&groups)
    }

    #[test]
    fn ranks_by_token_or_by_sequence() {
        // Per token -1 and -2, as sequences -6 and -4; the wrong one is the rarest of all.
        let (log_probs, lengths) = ([-6.0, -4.0, -9.0], [6, 2, 1]);
        let by_token = rewarded(Likelihood::Token, &log_probs, &lengths);
        assert!((by_token[0] - 0.8).abs() < 1e-12 && (by_token[1] - 0.9).abs() < 1e-12);
        let by_sequence = rewarded(Likelihood::Sequence, &log_probs, &lengths);
        assert!((by_sequence[0] - 0.9).abs() < 1e-12 && (by_sequence[1] - 0.8).abs() < 1e-12);
    }

    #[test]
    fn equally_likely_completions_earn_the_same() {
        let found = rewarded(Likelihood::Sequence, &[-1.0, -1.0, -9.0], &[1; 3]);
        assert_eq!(found[0], found[1]);
        assert!((found[0] - 0.85).abs() < 1e-12);
    }

    #[test]
    fn a_uniform_group_is_left_alone() {
        let groups = Groups {
            log_probs: &[-1.0, -2.0],
            lengths: &[1, 1],
            ..Groups::of_rewards(&[1.0, 1.0], 2)
        };
        assert_eq!(Unlikeliness::default().rewards(&groups), [1.0, 1.0]);
    }
}
