//! Rewards: verdicts as numbers.
//!
//! Source: arXiv 2512.07783, section 2.4: `R = a * R_outcome + (1 - a) * R_process`, and a strict
//! form that pays the outcome only if the process verifies.

use crate::{Verdict, VerifyError};

/// Turns a verdict into a number for a trainer.
pub trait Reward {
    /// The reward, from 0 to 1 for the rewards of this crate.
    fn reward(&self, verdict: &Verdict) -> f64;

    /// The name in metrics and reports.
    fn name(&self) -> &str;
}

/// 1 for a right answer, regardless of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome;

impl Reward for Outcome {
    fn reward(&self, verdict: &Verdict) -> f64 {
        f64::from(u8::from(verdict.answer_correct))
    }

    fn name(&self) -> &str {
        "outcome"
    }
}

/// The share of needed quantities whose step is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Process;

impl Reward for Process {
    fn reward(&self, verdict: &Verdict) -> f64 {
        verdict.process_accuracy
    }

    fn name(&self) -> &str {
        "process"
    }
}

/// 1 for a solution that is accepted as a whole. Under a strict verifier, no wrong solution earns
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted;

impl Reward for Accepted {
    fn reward(&self, verdict: &Verdict) -> f64 {
        f64::from(u8::from(verdict.accepted))
    }

    fn name(&self) -> &str {
        "accepted"
    }
}

/// `alpha` times the outcome plus `1 - alpha` times the process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mixed {
    alpha: f64,
}

impl Mixed {
    /// With this weight of the outcome.
    ///
    /// # Errors
    /// An `alpha` outside 0 to 1.
    pub fn new(alpha: f64) -> Result<Self, VerifyError> {
        if !(0.0..=1.0).contains(&alpha) {
            return Err(VerifyError::Weight {
                name: "alpha",
                value: alpha,
                expected: "from 0 to 1",
            });
        }
        Ok(Self { alpha })
    }
}

impl Reward for Mixed {
    fn reward(&self, verdict: &Verdict) -> f64 {
        self.alpha * Outcome.reward(verdict) + (1.0 - self.alpha) * Process.reward(verdict)
    }

    fn name(&self) -> &str {
        "mixed"
    }
}

/// Another reward, paid only for a right answer. Around [`Mixed`] with `alpha` 0.2 it is the
/// published default.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerGate<R>(pub R);

impl<R: Reward> Reward for AnswerGate<R> {
    fn reward(&self, verdict: &Verdict) -> f64 {
        if verdict.answer_correct {
            self.0.reward(verdict)
        } else {
            0.0
        }
    }

    fn name(&self) -> &str {
        "answer_gate"
    }
}

/// Another reward, paid only for a solution that is accepted as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct StrictGate<R>(pub R);

impl<R: Reward> Reward for StrictGate<R> {
    fn reward(&self, verdict: &Verdict) -> f64 {
        if verdict.accepted {
            self.0.reward(verdict)
        } else {
            0.0
        }
    }

    fn name(&self) -> &str {
        "strict_gate"
    }
}

/// A weighted sum of rewards.
#[derive(Default)]
pub struct Weighted {
    parts: Vec<(f64, Box<dyn Reward + Send + Sync>)>,
}

impl Weighted {
    /// An empty sum, which pays nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `weight` times another reward.
    ///
    /// # Errors
    /// A weight that is not a finite number.
    pub fn with(
        mut self,
        weight: f64,
        reward: impl Reward + Send + Sync + 'static,
    ) -> Result<Self, VerifyError> {
        if !weight.is_finite() {
            let (name, expected) = ("weight", "a finite number");
            return Err(VerifyError::Weight {
                name,
                value: weight,
                expected,
            });
        }
        self.parts.push((weight, Box::new(reward)));
        Ok(self)
    }
}

impl Reward for Weighted {
    fn reward(&self, verdict: &Verdict) -> f64 {
        self.parts
            .iter()
            .map(|(weight, reward)| weight * reward.reward(verdict))
            .sum()
    }

    fn name(&self) -> &str {
        "weighted"
    }
}

impl std::fmt::Debug for Weighted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = self
            .parts
            .iter()
            .map(|(weight, reward)| (reward.name(), weight));
        f.debug_map().entries(parts).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(accepted: bool, answer_correct: bool, process_accuracy: f64) -> Verdict {
        Verdict {
            accepted,
            answer_correct,
            process_accuracy,
            ..Verdict::default()
        }
    }

    #[test]
    fn rewards_read_their_part_of_the_verdict() {
        let half = verdict(false, true, 0.5);
        assert_eq!(Outcome.reward(&half), 1.0);
        assert_eq!(Process.reward(&half), 0.5);
        assert_eq!(Accepted.reward(&half), 0.0);
        assert!((Mixed::new(0.2).unwrap().reward(&half) - 0.6).abs() < 1e-12);
        assert_eq!(StrictGate(Outcome).reward(&half), 0.0);
        let lucky = verdict(false, false, 1.0);
        assert_eq!(AnswerGate(Mixed::new(0.2).unwrap()).reward(&lucky), 0.0);
    }

    #[test]
    fn weights_add_up_and_must_be_numbers() {
        let sum = Weighted::new()
            .with(0.5, Outcome)
            .unwrap()
            .with(2.0, Process)
            .unwrap();
        assert_eq!(sum.reward(&verdict(false, true, 0.25)), 1.0);
        assert!(Weighted::new().with(f64::NAN, Outcome).is_err());
        assert!(Mixed::new(1.5).is_err());
        assert!(Mixed::new(f64::NAN).is_err());
    }
}
