//! Sampling of groups and their rewards.

use std::ops::Range;

use interplay_environment::{Environment, Example};
use interplay_graph::SeedStream;
use interplay_model::{
    Decoder, FusedOps, Generated, KvCacheDtype, ModelConfig, Request, SamplingSettings, generate,
};
use interplay_tokenizer::Tokenizer;

use super::GrpoSpec;
use crate::TrainError;
use crate::metrics::Observer;
use crate::next_token::fitting;
use crate::sampler::stop_tokens;

/// One sampled completion with its reward.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rollout {
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
    /// Whether the environment accepted it.
    pub accepted: bool,
    /// Whether its answer is right.
    pub answer_correct: bool,
    /// The completion tokens of its first wrong sentence, if it has one.
    pub blamed: Option<Range<usize>>,
}

/// The rollouts of one step, `group_size` for each prompt in turn.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct RolloutBatch {
    /// All completions.
    pub rollouts: Vec<Rollout>,
    /// The index of the first example behind those that were used.
    pub next_index: u64,
    /// Examples left out because prompt and completion would not fit in a row.
    pub overlong: u64,
}

impl RolloutBatch {
    /// The mean of a number over all rollouts.
    pub fn mean(&self, number: impl Fn(&Rollout) -> f64) -> f64 {
        let sum: f64 = self.rollouts.iter().map(number).sum();
        sum / self.rollouts.len().max(1) as f64
    }

    /// The share of groups in which all rewards are equal (`frac_reward_zero_std` elsewhere).
    #[must_use]
    pub fn frac_reward_zero_std(&self, group_size: usize) -> f64 {
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
    pub environment: &'a dyn Environment,
    pub tokenizer: &'a Tokenizer,
    pub stream: SeedStream,
    /// The number of entries of the tokenizer, if the model's vocabulary is padded.
    pub vocab_limit: Option<usize>,
}

/// Samples and scores the groups of the examples from `cursor` on.
pub(crate) fn sample<B: FusedOps>(
    decoder: &Decoder<B>,
    source: &Source<'_>,
    spec: &GrpoSpec,
    cursor: u64,
    device: &B::Device,
    observer: &mut dyn Observer,
) -> Result<RolloutBatch, TrainError> {
    let group = spec.group_size as u64;
    let mut next_index = cursor;
    let mut examples = Vec::with_capacity(spec.prompts);
    let mut requests = Vec::with_capacity(spec.prompts * spec.group_size);
    for _ in 0..spec.prompts {
        let (index, (example, prompt)) = fitting(next_index, spec.row_tokens, |index| {
            let example = source.environment.example(index)?;
            let prompt = source.tokenizer.encode_prompt(&example.prompt)?;
            Ok((prompt.len() + spec.max_new_tokens, (example, prompt)))
        })?;
        requests.extend((0..group).map(|member| Request {
            prompt: prompt.clone(),
            stream: source.stream.rng(index * group + member),
        }));
        examples.push((index, example));
        next_index = index + 1;
    }
    let overlong = next_index - cursor - spec.prompts as u64;
    let settings = SamplingSettings {
        vocab_limit: source.vocab_limit,
        ..sampling(spec, decoder.config(), source.tokenizer)
    };
    let mut part = |done, total| observer.part("rollouts", done, total);
    let decoder = decoder.in_precision(spec.precision)?;
    let generated = generate(&decoder, &requests, &settings, device, &mut part)?;
    let mut rollouts = Vec::with_capacity(requests.len());
    let mut completions = requests.into_iter().zip(generated);
    for (index, example) in &examples {
        let members = completions.by_ref().take(spec.group_size);
        for ((request, completion), draw) in members.zip(index * group..) {
            rollouts.push(score(
                source,
                spec,
                example,
                request.prompt,
                completion,
                draw,
            )?);
        }
    }
    Ok(RolloutBatch {
        rollouts,
        next_index,
        overlong,
    })
}

/// A completion with what it earns.
fn score(
    source: &Source<'_>,
    spec: &GrpoSpec,
    example: &Example,
    prompt: Vec<u32>,
    completion: Generated,
    draw: u64,
) -> Result<Rollout, TrainError> {
    let decoded = source
        .tokenizer
        .decode_completion_with_spans(&completion.tokens);
    let score = source.environment.score(example, &decoded.text, draw)?;
    let reward = spec.reward.of(&score)?;
    if !reward.is_finite() {
        return Err(TrainError::Reward {
            environment: source.environment.name().to_owned(),
            example: example.id,
            reward,
        });
    }
    let prompt_len = prompt.len();
    let mut ids = prompt;
    ids.extend(&completion.tokens);
    Ok(Rollout {
        ids,
        prompt_len,
        log_probs: completion.log_probs,
        stopped: completion.stopped,
        reward,
        accepted: score.accepted,
        answer_correct: score.answer_correct,
        blamed: score.blamed_tokens(&decoded.spans),
    })
}

fn sampling(spec: &GrpoSpec, config: &ModelConfig, tokenizer: &Tokenizer) -> SamplingSettings {
    SamplingSettings {
        max_new_tokens: spec.max_new_tokens,
        temperature: spec.temperature,
        stop: stop_tokens(config, tokenizer),
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
    fn counts_groups_without_a_difference() {
        let rollouts = [1.0, 1.0, 0.0, 1.0].map(rollout).to_vec();
        let batch = RolloutBatch {
            rollouts,
            ..RolloutBatch::default()
        };
        assert_eq!(batch.frac_reward_zero_std(2), 0.5);
        assert_eq!(batch.frac_reward_zero_std(4), 0.0);
        assert_eq!(batch.mean(|rollout| rollout.reward), 0.75);
        assert_eq!(batch.tokens(), 12);
    }
}
