//! Process advantages: the sum of the normalized rewards of the steps that follow.
//!
//! Every step earns 1 where it is right and 0 where it is wrong. Over all steps of the group these
//! rewards are normalized, `(r - mean) / (std + std_epsilon)`, and a token carries the sum over the
//! steps that end at it or behind it, plus the advantage A of its completion.
//!
//! Source: arXiv 2402.03300 (DeepSeekMath), section 4.1.3, process supervision.
//!
//! Deviations: the paper's reward model also scores the final answer, as the last step. Here the answer
//! is no step, and A, which is normalized over the group too, takes its place; so completions without
//! steps carry A. The deviation is that of a sample.

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

use super::Completion;
use crate::moments::{deviation, mean};

/// Settings of process advantages.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Process {
    /// The weight of the steps' sum.
    pub weight: f64,
    /// Added to the standard deviation.
    pub std_epsilon: f64,
}

impl Default for Process {
    fn default() -> Self {
        Self {
            weight: 1.0,
            std_epsilon: 1e-4,
        }
    }
}

impl Process {
    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        for (key, value) in [("weight", self.weight), ("std_epsilon", self.std_epsilon)] {
            let holds = value >= 0.0 && value.is_finite();
            issues.expect(holds, key, value, "0 or more");
        }
        issues
    }

    /// The normalized rewards of the steps of each completion of a group.
    ///
    /// ```
    /// use interplay_objectives::credit::{Completion, Process, Step};
    ///
    /// let of = |correct: &[bool]| {
    ///     let steps = correct.iter().map(|correct| Step { correct: *correct, ..Step::default() });
    ///     Completion { steps: steps.collect(), ..Completion::of_tokens(4) }
    /// };
    /// // 1, 1, 1, 0: mean 3/4, sample variance 1/4.
    /// let exact = Process { std_epsilon: 0.0, ..Process::default() };
    /// let found = exact.step_rewards(&[of(&[true, true]), of(&[true, false])]);
    /// assert_eq!(found, [[0.5, 0.5], [0.5, -1.5]]);
    /// ```
    #[must_use]
    pub fn step_rewards(&self, group: &[Completion]) -> Vec<Vec<f64>> {
        let score = |correct: bool| f64::from(u8::from(correct));
        let steps = group.iter().flat_map(|completion| &completion.steps);
        let all: Vec<f64> = steps.map(|step| score(step.correct)).collect();
        let (mean, spread) = (mean(&all), deviation(&all));
        let normalized = |correct: bool| match spread > 0.0 {
            true => (score(correct) - mean) / (spread + self.std_epsilon),
            false => 0.0,
        };
        let members = group.iter().map(|completion| {
            let steps = completion.steps.iter();
            steps.map(|step| normalized(step.correct)).collect()
        });
        members.collect()
    }

    /// The advantage of each token of each completion of a group.
    ///
    /// # Panics
    /// Where there is not an advantage for each completion.
    #[must_use]
    pub fn assign(&self, group: &[Completion], advantages: &[f64]) -> Vec<Vec<f64>> {
        assert_eq!(group.len(), advantages.len(), "an advantage for each");
        let rewards = self.step_rewards(group);
        let members = group.iter().zip(advantages).zip(&rewards);
        let tokens = members.map(|((completion, advantage), rewards)| {
            let mut tokens = vec![*advantage; completion.tokens];
            for (step, reward) in completion.steps.iter().zip(rewards) {
                for token in tokens.iter_mut().take(step.tokens.end) {
                    *token += self.weight * reward;
                }
            }
            tokens
        });
        tokens.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credit::Step;

    #[test]
    fn a_token_carries_what_follows() {
        let step = |tokens, correct| Step {
            tokens,
            correct,
            ..Step::default()
        };
        let right = Completion {
            steps: vec![step(0..2, true), step(2..3, true)],
            ..Completion::of_tokens(4)
        };
        let wrong = Completion {
            steps: vec![step(0..1, true), step(1..3, false)],
            ..Completion::of_tokens(4)
        };
        let exact = Process {
            std_epsilon: 0.0,
            ..Process::default()
        };
        let found = exact.assign(&[right, wrong], &[1.0, -1.0]);
        assert_eq!(found[0], [2.0, 2.0, 1.5, 1.0]);
        assert_eq!(found[1], [-2.0, -2.5, -2.5, -1.0]);
    }
}
