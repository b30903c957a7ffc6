//! FADE: the weight of failures and of hard problems follows the training.
//!
//! Split the gradient into the mass of successes and that of failures. Centered rewards weigh both
//! alike and look most at problems that are solved half of the time. FADE turns two knobs:
//!
//! - `A_i = (1 - p)^(alpha - 1) * (r_i - mean)`, for failures divided by `delta`,
//! - `alpha = clip(3 (1 - q) / (2 q), 1, alpha_max)`: the lower the solve rate q, the harder the
//!   problems that count,
//! - `delta = clip(1 + H - target, delta_min, 1)`: balanced while the entropy H is above its target,
//!   below it failures weigh more.
//!
//! p is the share of the group that is solved; q and H are exponential moving averages over steps.
//!
//! Source: arXiv 2607.01490 (focal advantage with dynamic entropy), with `alpha_max` 3, the floor of
//! delta 0.3, a moving average with coefficient 0.02 that begins at q = 0.5 and at the first entropy,
//! and half of the first entropy as the target that did best. Read in a public summary that gives
//! formulas and pseudocode, not in the paper.
//!
//! Deviations: the summary writes the moving average as `0.02 * old + 0.98 * new`, which hardly
//! averages; here 0.02 is the weight of the new value. H is the mean of `-log p` over the sampled
//! tokens, an estimate of the entropy from the rollouts alone. The mean and p are those of a group,
//! which the summary calls both batch and prompt; its solve rate per prompt follows from GRPO being
//! the case alpha = delta = 1.

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

use super::Groups;

/// Settings of FADE.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fade {
    /// The largest alpha.
    pub alpha_max: f64,
    /// The smallest delta.
    pub delta_min: f64,
    /// The entropy below which failures weigh more, in nats per token; none for half of the entropy
    /// of the first step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_entropy_nats: Option<f64>,
    /// The weight of a step in the moving averages.
    pub ema: f64,
}

impl Default for Fade {
    fn default() -> Self {
        Self {
            alpha_max: 3.0,
            delta_min: 0.3,
            target_entropy_nats: None,
            ema: 0.02,
        }
    }
}

/// What FADE remembers across steps. It is part of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FadeState {
    /// The moving average of the share of completions that are solved.
    pub solve_rate: f64,
    /// The entropy of the first step, in nats per token.
    pub first_entropy_nats: Option<f64>,
    /// The moving average of the entropy, in nats per token.
    pub entropy_nats: Option<f64>,
}

impl Default for FadeState {
    fn default() -> Self {
        Self {
            solve_rate: 0.5,
            first_entropy_nats: None,
            entropy_nats: None,
        }
    }
}

impl Fade {
    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        issues.range("alpha_max", self.alpha_max, 1.0..=100.0);
        let small = self.delta_min > 0.0 && self.delta_min <= 1.0;
        issues.expect(small, "delta_min", self.delta_min, "above 0, up to 1");
        let weight = self.ema > 0.0 && self.ema <= 1.0;
        issues.expect(weight, "ema", self.ema, "above 0, up to 1");
        if let Some(target) = self.target_entropy_nats {
            let holds = target >= 0.0 && target.is_finite();
            issues.expect(holds, "target_entropy_nats", target, "0 or more");
        }
        issues
    }

    /// Takes a step's rollouts into the moving averages; reads `solved`, `log_probs` and `lengths`.
    pub fn observe(&self, state: &mut FadeState, groups: &Groups<'_>) {
        let count = groups.solved.len();
        if count > 0 {
            let solved = groups.solved.iter().filter(|solved| **solved).count();
            let rate = solved as f64 / count as f64;
            state.solve_rate += self.ema * (rate - state.solve_rate);
        }
        if let Some(entropy) = groups.entropy_nats() {
            state.first_entropy_nats.get_or_insert(entropy);
            let average = state.entropy_nats.get_or_insert(entropy);
            *average += self.ema * (entropy - *average);
        }
    }

    /// The exponent of the difficulty.
    ///
    /// ```
    /// use interplay_objectives::advantage::{Fade, FadeState};
    ///
    /// let fade = Fade::default();
    /// let at = |solve_rate| fade.alpha(&FadeState { solve_rate, ..FadeState::default() });
    /// assert_eq!([at(0.0), at(0.5), at(1.0)], [3.0, 1.5, 1.0]);
    /// ```
    #[must_use]
    pub fn alpha(&self, state: &FadeState) -> f64 {
        let rate = state.solve_rate;
        if rate <= 0.0 {
            return self.alpha_max;
        }
        (1.5 * (1.0 - rate) / rate).max(1.0).min(self.alpha_max)
    }

    /// The divisor of the advantages of failures; 1 until an entropy was observed.
    #[must_use]
    pub fn delta(&self, state: &FadeState) -> f64 {
        let (Some(first), Some(entropy)) = (state.first_entropy_nats, state.entropy_nats) else {
            return 1.0;
        };
        let target = self.target_entropy_nats.unwrap_or(first / 2.0);
        (1.0 + entropy - target).max(self.delta_min).min(1.0)
    }

    /// Weighs centered advantages of groups of `group_size`.
    ///
    /// # Panics
    /// Where there is not a `solved` for each advantage, or `group_size` is zero.
    ///
    /// ```
    /// use interplay_objectives::advantage::{Fade, FadeState};
    ///
    /// // alpha = 3, delta = 1 + 0.2 - 0.7 = 0.5.
    /// let state = FadeState { solve_rate: 0.25, first_entropy_nats: Some(1.4), entropy_nats: Some(0.2) };
    /// let mut advantages = [0.5, -0.5];
    /// Fade::default().apply(&state, &mut advantages, &[true, false], 2);
    /// assert_eq!(advantages, [0.125, -0.25]);
    /// ```
    pub fn apply(
        &self,
        state: &FadeState,
        advantages: &mut [f64],
        solved: &[bool],
        group_size: usize,
    ) {
        super::focus(advantages, solved, group_size, self.alpha(state) - 1.0);
        super::weigh_signs(advantages, 1.0, 1.0 / self.delta(state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_move_by_their_weight_and_begin_at_the_first_entropy() {
        let fade = Fade {
            ema: 0.5,
            ..Fade::default()
        };
        let mut state = FadeState::default();
        let step = |log_prob: &'static [f64], solved: &'static [bool]| Groups {
            solved,
            log_probs: log_prob,
            lengths: &[2, 2],
            ..Groups::of_rewards(&[], 2)
        };
        fade.observe(&mut state, &step(&[-4.0, -4.0], &[true, true]));
        assert_eq!((state.solve_rate, state.entropy_nats), (0.75, Some(2.0)));
        fade.observe(&mut state, &step(&[-2.0, -2.0], &[false, false]));
        assert_eq!((state.solve_rate, state.entropy_nats), (0.375, Some(1.5)));
        assert_eq!(state.first_entropy_nats, Some(2.0));
        // The target is 1: balanced still.
        assert_eq!(fade.delta(&state), 1.0);
    }

    #[test]
    fn failures_weigh_more_below_the_target() {
        let fade = Fade {
            target_entropy_nats: Some(1.0),
            ..Fade::default()
        };
        let at = |entropy| {
            let state = FadeState {
                first_entropy_nats: Some(2.0),
                entropy_nats: Some(entropy),
                ..FadeState::default()
            };
            fade.delta(&state)
        };
        assert_eq!([at(2.0), at(0.5), at(0.0)], [1.0, 0.5, 0.3]);
    }
}
