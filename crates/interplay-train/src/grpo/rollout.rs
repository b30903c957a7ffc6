//! Sampling of groups and their rewards.

use std::ops::Range;

use interplay_graph::SeedStream;
use interplay_model::{Decoder, FusedOps, KvCacheDtype, Request, SamplingSettings, generate};
use interplay_tasks::{Dataset, Problem};
use interplay_tokenizer::Tokenizer;
use interplay_verify::{Gold, Reward, Supervision, Verdict, Verifier};

use super::GrpoSpec;
use crate::TrainError;
use crate::gold::gold;
use crate::metrics::Observer;

/// One sampled completion with its reward.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    /// Prompt and completion.
    pub ids: Vec<u32>,
    /// How many of the ids are the prompt's.
    pub prompt_len: usize,
    /// The log-probability of every completion token when it was sampled.
    pub log_probs: Vec<f32>,
    /// Whether the completion ended by itself.
    pub stopped: bool,
    /// The reward.
    pub reward: f64,
    /// Whether the verifier accepted it.
    pub accepted: bool,
    /// Whether its answer is right.
    pub answer_correct: bool,
    /// The completion tokens of its first wrong sentence, if it has one.
    pub blamed: Option<Range<usize>>,
}

/// The rollouts of one step, `group_size` for each prompt in turn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RolloutBatch {
    /// All completions.
    pub rollouts: Vec<Rollout>,
}

impl RolloutBatch {
    /// The mean of a number over all rollouts.
    pub fn mean(&self, number: impl Fn(&Rollout) -> f64) -> f64 {
        let sum: f64 = self.rollouts.iter().map(number).sum();
        sum / self.rollouts.len().max(1) as f64
    }

    /// The share of groups in which all rewards are equal (`frac_reward_zero_std` elsewhere).
    #[must_use]
    pub fn uniform_groups(&self, group_size: usize) -> f64 {
        let groups = self.rollouts.chunks(group_size);
        let count = groups.len().max(1) as f64;
        let uniform = |group: &&[Rollout]| group.iter().all(|one| one.reward == group[0].reward);
        groups.filter(uniform).count() as f64 / count
    }

    /// Tokens sampled, prompts included.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.rollouts
            .iter()
            .map(|rollout| rollout.ids.len() as u64)
            .sum()
    }
}

/// Where prompts and random draws of rollouts come from.
pub(crate) struct Source<'a> {
    pub dataset: &'a Dataset,
    pub tokenizer: &'a Tokenizer,
    pub stream: SeedStream,
    pub reward: &'a dyn Reward,
    /// Where the entries of the tokenizer end, if the model's vocabulary is padded.
    pub vocab_limit: Option<usize>,
}

/// Samples and scores the groups of the problems from `cursor` on.
pub(crate) fn sample<B: FusedOps>(
    decoder: &Decoder<B>,
    source: &Source<'_>,
    spec: &GrpoSpec,
    cursor: u64,
    device: &B::Device,
    observer: &mut dyn Observer,
) -> Result<RolloutBatch, TrainError> {
    let indices = cursor..cursor + spec.prompts as u64;
    let problems: Vec<Problem> = indices
        .clone()
        .map(|i| source.dataset.get(i))
        .collect::<Result<_, _>>()?;
    let mut requests = Vec::with_capacity(spec.prompts * spec.group_size);
    for (index, problem) in indices.zip(&problems) {
        let (text, question) = (problem.problem_text(), problem.question_text());
        let prompt = source.tokenizer.encode_prompt(&text, &question)?;
        let longest = prompt.len() + spec.max_new_tokens;
        if longest > spec.row_tokens {
            let row_tokens = spec.row_tokens;
            return Err(TrainError::SequenceTooLong {
                length: longest,
                row_tokens,
            });
        }
        for member in 0..spec.group_size as u64 {
            let stream = source.stream.rng(index * spec.group_size as u64 + member);
            requests.push(Request {
                prompt: prompt.clone(),
                stream,
            });
        }
    }
    let settings = SamplingSettings {
        vocab_limit: source.vocab_limit,
        ..sampling(spec, source.tokenizer)
    };
    let mut part = |done, total| observer.part("rollouts", done, total);
    let decoder = decoder.in_precision(spec.precision)?;
    let generated = generate(&decoder, &requests, &settings, device, &mut part)?;
    let judge = Judge::new(spec, source.stream)?;
    let mut rollouts = Vec::with_capacity(requests.len());
    let mut completions = requests.into_iter().zip(generated);
    for problem in &problems {
        let gold = gold(problem)?;
        for (request, completion) in completions.by_ref().take(spec.group_size) {
            let tokens = &completion.tokens;
            let decoded = source.tokenizer.decode_completion_with_spans(tokens);
            let number = cursor * spec.group_size as u64 + rollouts.len() as u64;
            let (verdict, paid) = judge.verify(&gold, &decoded.text, number);
            let reward = source.reward.reward(&paid);
            let prompt_len = request.prompt.len();
            let mut ids = request.prompt;
            ids.extend(&completion.tokens);
            rollouts.push(Rollout {
                ids,
                prompt_len,
                log_probs: completion.log_probs,
                stopped: completion.stopped,
                reward,
                accepted: verdict.accepted,
                answer_correct: verdict.answer_correct,
                blamed: paid.blamed_tokens(&decoded.spans),
            });
        }
    }
    Ok(RolloutBatch { rollouts })
}

/// The verifier of a stage, and the noise through which it rewards.
struct Judge {
    verifier: Verifier,
    noisy: Option<Supervision>,
}

impl Judge {
    fn new(spec: &GrpoSpec, stream: SeedStream) -> Result<Self, TrainError> {
        let verifier = Verifier::new(spec.level);
        // Rollouts draw from the first indices of their stream, so the last one is free.
        let stream = stream.child(u64::MAX).stream("supervision");
        let noisy = spec
            .noise
            .map(|noise| Supervision::new(verifier, noise, stream))
            .transpose()?;
        Ok(Self { verifier, noisy })
    }

    /// The exact verdict, and the one that is paid for; `number` counts rollouts.
    fn verify(&self, gold: &Gold, text: &str, number: u64) -> (Verdict, Verdict) {
        let exact = self.verifier.verify(gold, text);
        let paid = match &self.noisy {
            None => exact.clone(),
            Some(noisy) => noisy.verify(gold, text, number),
        };
        (exact, paid)
    }
}

fn sampling(spec: &GrpoSpec, tokenizer: &Tokenizer) -> SamplingSettings {
    SamplingSettings {
        max_new_tokens: spec.max_new_tokens,
        temperature: spec.temperature,
        stop: vec![tokenizer.special().eos],
        cache_dtype: KvCacheDtype::for_temperature(spec.temperature),
        ..SamplingSettings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(reward: f64) -> Rollout {
        Rollout {
            ids: vec![1, 2, 3],
            prompt_len: 2,
            log_probs: vec![-0.5],
            stopped: true,
            reward,
            accepted: reward > 0.5,
            answer_correct: true,
            blamed: None,
        }
    }

    #[test]
    fn counts_uniform_groups() {
        let rollouts = [1.0, 1.0, 0.0, 1.0].map(rollout).to_vec();
        let batch = RolloutBatch { rollouts };
        assert_eq!(batch.uniform_groups(2), 0.5);
        assert_eq!(batch.uniform_groups(4), 0.0);
        assert_eq!(batch.mean(|rollout| rollout.reward), 0.75);
        assert_eq!(batch.tokens(), 12);
    }
}
