//! Noisy and partial supervision: a verifier that errs at a stated rate.
//!
//! The verdicts of [`Verifier`] are exact. What a policy learns from an inexact verifier is an open
//! question of arXiv 2512.07783; this wrapper makes it an experiment. It errs in one of three ways,
//! reproducibly: the same stream, index, gold and candidate give the same verdict.
//!
//! Noise affects steps, not the answer. A solution that is rejected for another reason than a step
//! (a wrong answer, text after it) stays rejected. The first error and the blame follow the noisy
//! labels, so that nothing of the exact verdict leaks through them.

use interplay_graph::SeedStream;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::excerpt::excerpt;
use crate::notes::{Detail, Judgment};
use crate::{Gold, Level, Reason, StepError, StepVerdict, Verdict, Verifier, VerifyError};

/// How supervision errs. Rates are probabilities from 0 to 1.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Noise {
    /// The judgment of each step is flipped at this rate.
    Flip {
        /// The probability for each step.
        rate: f64,
    },
    /// Each step is left unjudged at this rate and counts as right.
    Drop {
        /// The probability for each step.
        rate: f64,
    },
    /// Each quantity of the gold graph is hidden at this rate, the same ones for all candidates of
    /// a problem. Steps about hidden quantities are checked for their own equalities only, and may
    /// be missing.
    PartialGraph {
        /// The probability for each quantity but the one that is asked for.
        rate: f64,
    },
}

impl Noise {
    /// The rate, for every kind of noise.
    #[must_use]
    pub fn rate(self) -> f64 {
        match self {
            Self::Flip { rate } | Self::Drop { rate } | Self::PartialGraph { rate } => rate,
        }
    }
}

/// A verifier with noise.
///
/// ```
/// use interplay_graph::{Definition, ReasoningGraph, SeedStreams};
/// use interplay_verify::{Gold, Level, Noise, Supervision, Verifier};
///
/// let mut graph = ReasoningGraph::new();
/// let fox = graph.add("fox", Definition::constant(3), &[])?;
/// let gold = Gold::from_graph(&graph, fox)?;
/// let stream = SeedStreams::new(7).stream("supervision");
/// let always_wrong = Noise::Flip { rate: 1.0 };
/// let supervision = Supervision::new(Verifier::new(Level::Strict), always_wrong, stream)?;
/// assert!(!supervision.verify(&gold, "fox = 3. Answer: 3.", 0).accepted);
/// # Ok::<(), interplay_verify::VerifyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Supervision {
    verifier: Verifier,
    noise: Noise,
    stream: SeedStream,
}

impl Supervision {
    /// A verifier whose judgments are perturbed by noise from `stream`.
    ///
    /// # Errors
    /// The rate lies outside 0 to 1.
    pub fn new(verifier: Verifier, noise: Noise, stream: SeedStream) -> Result<Self, VerifyError> {
        let value = noise.rate();
        if !(0.0..=1.0).contains(&value) {
            return Err(VerifyError::Weight {
                name: "noise rate",
                value,
                expected: "from 0 to 1",
            });
        }
        Ok(Self {
            verifier,
            noise,
            stream,
        })
    }

    /// Judges a candidate. `index` selects the draw of noise, so give each candidate its own.
    #[must_use]
    pub fn verify(&self, gold: &Gold, candidate: &str, index: u64) -> Verdict {
        let level = self.verifier.level();
        match self.noise {
            Noise::PartialGraph { rate } => {
                let mut rng = self.stream.rng(fingerprint(gold));
                let partial = gold.with_hidden(|| rng.random_bool(rate));
                self.verifier.verify(&partial, candidate)
            }
            Noise::Flip { rate } => {
                let judgment = self.verifier.judge(gold, candidate, Detail::All);
                let mut rng = self.stream.rng(index);
                relabeled(judgment, gold, candidate, level, |right| {
                    right ^ rng.random_bool(rate)
                })
            }
            Noise::Drop { rate } => {
                let judgment = self.verifier.judge(gold, candidate, Detail::All);
                let mut rng = self.stream.rng(index);
                relabeled(judgment, gold, candidate, level, |right| {
                    right | rng.random_bool(rate)
                })
            }
        }
    }
}

/// The verdict with the judgment of every step replaced, and everything that follows from it: the
/// first error is that of the first step that is now judged wrong, unless a mistake that is not a
/// step's own comes before it. At the paper level only needed steps count.
///
/// The counts by kind of mistake remain those of the exact verdict.
fn relabeled(
    judgment: Judgment,
    gold: &Gold,
    candidate: &str,
    level: Level,
    mut judge: impl FnMut(bool) -> bool,
) -> Verdict {
    let Judgment {
        mut verdict,
        steps: notes,
        missing,
        beyond,
    } = judgment;
    let mut changed = false;
    let mut first = beyond;
    let mut blame = |error: StepError| {
        let earlier = |first: &StepError| first.span.start <= error.span.start;
        if !first.as_ref().is_some_and(earlier) {
            first = Some(error);
        }
    };
    let mut right = 0_u32;
    for (step, note) in verdict.steps.iter_mut().zip(notes) {
        // One draw for each step, even if it must not change.
        let correct = judge(step.correct);
        if note.misplaced {
            continue;
        }
        changed |= correct != step.correct;
        step.correct = correct;
        right += u32::from(correct && step.needed);
        if !correct && (level != Level::Paper || step.needed) {
            let error = note.error;
            blame(error.unwrap_or_else(|| judged_wrong(note.sentence, step, candidate)));
        }
    }
    let mut absent = 0;
    for error in missing {
        let present = judge(false);
        changed |= present;
        right += u32::from(present);
        if !present {
            absent += 1;
            blame(error);
        }
    }
    if !changed {
        return verdict;
    }
    let needed = gold.needed();
    verdict.missing = absent;
    verdict.process_accuracy = f64::from(right.min(needed)) / f64::from(needed);
    verdict.accepted = first.is_none() && verdict.answer_correct;
    verdict.first_error = first;
    verdict
}

/// The mistake of a step in which the verifier found none.
fn judged_wrong(sentence: usize, step: &StepVerdict, candidate: &str) -> StepError {
    StepError {
        step: sentence,
        span: step.span.clone(),
        reason: Reason::JudgedWrong,
        expected: "a step that the supervision accepts".to_owned(),
        found: excerpt(&candidate[step.span.clone()]),
    }
}

/// A number that two different problems are unlikely to share.
fn fingerprint(gold: &Gold) -> u64 {
    use std::hash::Hasher;
    let mut hasher = rustc_hash::FxHasher::default();
    for name in gold.names() {
        hasher.write(name.as_bytes());
        hasher.write_u8(0);
    }
    hasher.write_i64(gold.answer());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use interplay_graph::{Definition, ReasoningGraph, SeedStreams};

    const RIGHT: &str =
        "fox = 3. elk = fox + 2 = 3 + 2 = 5. owl = 2 * elk = 2 * 5 = 10. Answer: 10.";
    const WRONG: &str = "fox = 3. elk = fox + 1 = 3 + 1 = 4. owl = 2 * elk = 2 * 4 = 8. Answer: 8.";
    /// A right answer by wrong steps.
    const LUCKY: &str = "fox = 3. elk = fox + 1 = 3 + 1 = 4. owl = 10. Answer: 10.";

    fn gold() -> Gold {
        let mut graph = ReasoningGraph::new();
        let fox = graph.add("fox", Definition::constant(3), &[]).unwrap();
        let elk = graph.add("elk", Definition::sum().plus(2), &[fox]).unwrap();
        let owl = graph
            .add("owl", Definition::sum().times(2), &[elk])
            .unwrap();
        Gold::from_graph(&graph, owl).unwrap()
    }

    fn accepted(noise: Noise, candidate: &str) -> u32 {
        let stream = SeedStreams::new(1).stream("noise");
        let supervision = Supervision::new(Verifier::new(Level::Strict), noise, stream).unwrap();
        let judge = |index| supervision.verify(&gold(), candidate, index).accepted;
        (0..1000).map(|index| u32::from(judge(index))).sum()
    }

    #[test]
    fn no_noise_changes_nothing() {
        for noise in [
            Noise::Flip { rate: 0.0 },
            Noise::Drop { rate: 0.0 },
            Noise::PartialGraph { rate: 0.0 },
        ] {
            assert_eq!(accepted(noise, RIGHT), 1000);
            assert_eq!(accepted(noise, WRONG), 0);
            assert_eq!(accepted(noise, LUCKY), 0);
        }
    }

    #[test]
    fn at_rate_zero_verdicts_are_those_of_the_verifier() {
        const REVERSE: &str = "fox = x. elk = 3 * fox = 3 * x = 3*x. Solve elk = 6: 3*x = 6; \
                               x = 6 / 3; x = 2. Answer: 2.";
        let reverse = Gold::from_solution(&REVERSE.replace('3', "2").replace('6', "4")).unwrap();
        let redefined = RIGHT.replace("elk", "elk = 9. zebra = 9. elk");
        let texts = [
            RIGHT,
            WRONG,
            LUCKY,
            &redefined,
            REVERSE,
            "fox = 3. Answer: 10. Hm.",
        ];
        let stream = SeedStreams::new(1).stream("noise");
        for level in [Level::Paper, Level::Strict] {
            let exact = Verifier::new(level);
            for noise in [Noise::Flip { rate: 0.0 }, Noise::Drop { rate: 0.0 }] {
                let noisy = Supervision::new(exact, noise, stream).unwrap();
                for gold in [&gold(), &reverse] {
                    for text in texts {
                        assert_eq!(noisy.verify(gold, text, 0), exact.verify(gold, text));
                    }
                }
            }
        }
    }

    #[test]
    fn noise_does_not_excuse_mistakes_outside_steps() {
        let talk = format!("{RIGHT} blah blah.");
        let twice = format!("{LUCKY} Answer: 10.");
        let behind = format!("{LUCKY} </solution> <answer> 10 </answer> so");
        for text in [&talk, &twice, &behind] {
            assert_eq!(accepted(Noise::Drop { rate: 1.0 }, text), 0, "{text}");
        }
    }

    #[test]
    fn errs_at_the_rate() {
        // Three right steps survive with 0.9 each.
        let kept = accepted(Noise::Flip { rate: 0.1 }, RIGHT);
        assert!((690..770).contains(&kept), "{kept}");
        // A right step stays, two wrong ones must be overlooked.
        let passed = accepted(Noise::Drop { rate: 0.5 }, LUCKY);
        assert!((200..300).contains(&passed), "{passed}");
        assert_eq!(accepted(Noise::Drop { rate: 0.5 }, RIGHT), 1000);
    }

    #[test]
    fn a_wrong_answer_is_never_overlooked() {
        assert_eq!(accepted(Noise::Flip { rate: 1.0 }, WRONG), 0);
        assert_eq!(accepted(Noise::Drop { rate: 1.0 }, WRONG), 0);
        assert_eq!(accepted(Noise::PartialGraph { rate: 1.0 }, WRONG), 0);
    }

    #[test]
    fn a_hidden_quantity_is_checked_for_its_own_equalities() {
        let hidden = gold().with_hidden(|| true);
        assert_eq!(hidden.needed(), 1);
        let verify = |text| Verifier::new(Level::Strict).verify(&hidden, text);
        assert!(verify(RIGHT).accepted);
        let other = "fox = 4. elk = fox + 1 = 4 + 1 = 5. owl = 2 * elk = 2 * 5 = 10. Answer: 10.";
        assert!(verify(other).accepted);
        let false_sum =
            "fox = 4. elk = fox + 1 = 4 + 2 = 5. owl = 2 * elk = 2 * 5 = 10. Answer: 10.";
        assert!(!verify(false_sum).accepted);
        assert!(!verify("owl = 10. Answer: 10.").accepted);
    }

    #[test]
    fn rates_are_probabilities() {
        let stream = SeedStreams::new(1).stream("noise");
        for rate in [-0.1, 1.1, f64::NAN] {
            let noise = Noise::Flip { rate };
            assert!(Supervision::new(Verifier::new(Level::Strict), noise, stream).is_err());
        }
    }
}
