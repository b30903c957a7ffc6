//! Sampling of groups, and what their completions are worth.

use std::ops::Range;

use interplay_curriculum::{Curriculum, CurriculumError};
use interplay_environment::{Environment, Example, Score};
use interplay_graph::SeedStream;
use interplay_model::{
    Decoder, FusedOps, Generated, KvCacheDtype, ModelConfig, Request, SamplingSettings, generate,
};
use interplay_objectives::credit::Step;
use interplay_objectives::reward::accepted;
use interplay_tokenizer::Tokenizer;

use super::GrpoSpec;
use crate::TrainError;
use crate::metrics::Observer;
use crate::sampler::stop_tokens;

/// One sampled completion with its score.
#[derive(Debug, Clone)]
pub(crate) struct Rollout {
    /// Prompt and completion.
    pub ids: Vec<u32>,
    /// How many of the ids are the prompt's.
    pub prompt_len: usize,
    /// The log-probability of every completion token when it was sampled, before any truncation of the
    /// distribution.
    pub log_probs: Vec<f32>,
    /// The logarithm of the probability that truncation kept, token by token; empty without truncation.
    pub log_kept: Vec<f32>,
    /// Whether the completion ended by itself.
    pub stopped: bool,
    /// The text.
    pub text: String,
    /// The judgment.
    pub score: Score,
    /// What it earned, after any overlong punishment.
    pub reward: f64,
    /// What it earned before that.
    pub earned: f64,
    /// Whether it counts as a solution in the objective ([`RewardSpec::solves`](super::RewardSpec::solves)).
    pub solved: bool,
    /// The completion tokens that its failure is charged to, if any.
    pub blamed: Option<Range<usize>>,
    /// Its steps with their tokens.
    pub steps: Vec<Step>,
}

impl Rollout {
    /// The number of completion tokens.
    pub fn len(&self) -> usize {
        self.log_probs.len()
    }

    /// Whether the supervision accepts the whole completion, whatever it earned: under noise, the noisy verdict.
    pub fn accepted(&self) -> bool {
        accepted(&self.score)
    }

    /// The log-probability of every completion token under the distribution that it was drawn from.
    pub fn drawn_log_probs(&self) -> Vec<f32> {
        let kept = self.log_kept.iter().copied().chain(std::iter::repeat(0.0));
        let pairs = self.log_probs.iter().zip(kept);
        pairs.map(|(log_prob, kept)| log_prob - kept).collect()
    }
}

/// The completions of one prompt.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub example: Example,
    pub rollouts: Vec<Rollout>,
}

impl Group {
    /// Whether all rewards are equal.
    pub fn has_zero_std(&self) -> bool {
        all_equal(self.rollouts.iter().map(|rollout| rollout.reward))
    }

    /// Whether all rewards are equal before any overlong punishment, which would make groups differ that are
    /// all right or all wrong.
    pub fn is_uniform(&self) -> bool {
        all_equal(self.rollouts.iter().map(|rollout| rollout.earned))
    }

    /// The tokens of all sequences, prompts included.
    pub fn tokens(&self) -> u64 {
        let tokens = self.rollouts.iter().map(|rollout| rollout.ids.len() as u64);
        tokens.sum()
    }

    /// How many completions the supervision accepts.
    pub fn successes(&self) -> u32 {
        self.rollouts.iter().filter(|one| one.accepted()).count() as u32
    }
}

fn all_equal(mut rewards: impl Iterator<Item = f64>) -> bool {
    let first = rewards.next();
    rewards.all(|reward| Some(reward) == first)
}

/// Where prompts and random draws of rollouts come from.
pub(crate) struct Source<'a> {
    pub environment: &'a dyn Environment,
    pub tokenizer: &'a Tokenizer,
    pub stream: SeedStream,
    /// The number of entries of the tokenizer, if the model's vocabulary is padded.
    pub vocab_limit: Option<usize>,
}

/// Samples and scores the groups of the next `prompts` examples of the curriculum.
pub(crate) fn sample<B: FusedOps>(
    decoder: &Decoder<B>,
    source: &Source<'_>,
    spec: &GrpoSpec,
    (curriculum, prompts): (&mut Curriculum, usize),
    device: &B::Device,
    observer: &mut dyn Observer,
) -> Result<Vec<Group>, TrainError> {
    let group = spec.group_size as u64;
    let mut examples = Vec::with_capacity(prompts);
    let mut requests = Vec::with_capacity(prompts * spec.group_size);
    for _ in 0..prompts {
        let (index, example, prompt) = next(curriculum, source, spec)?;
        requests.extend((0..group).map(|member| Request {
            prompt: prompt.clone(),
            stream: source.stream.rng(index * group + member),
        }));
        examples.push((index, example));
    }
    let settings = SamplingSettings {
        vocab_limit: source.vocab_limit,
        ..sampling(spec, decoder.config(), source.tokenizer)
    };
    let mut part = |done, total| observer.part("rollouts", done, total);
    let decoder = decoder.in_precision(spec.precision)?;
    let generated = generate(&decoder, &requests, &settings, device, &mut part)?;
    let mut completions = requests.into_iter().zip(generated);
    let mut groups = Vec::with_capacity(prompts);
    for (index, example) in examples {
        let members = completions.by_ref().take(spec.group_size);
        let rollouts: Result<Vec<Rollout>, TrainError> = members
            .zip(index * group..)
            .map(|((request, completion), draw)| {
                score(source, spec, &example, request.prompt, completion, draw)
            })
            .collect();
        let rollouts = rollouts?;
        groups.push(Group { example, rollouts });
    }
    Ok(groups)
}

/// The next example whose prompt leaves room for the longest completion, with its index and its prompt.
fn next(
    curriculum: &mut Curriculum,
    source: &Source<'_>,
    spec: &GrpoSpec,
) -> Result<(u64, Example, Vec<u32>), TrainError> {
    let mut shortest = usize::MAX;
    let picked = curriculum.next(source.environment, |example| {
        let prompt = source.tokenizer.encode_prompt(&example.prompt)?;
        let length = prompt.len() + spec.max_new_tokens;
        shortest = shortest.min(length);
        Ok((length <= spec.row_tokens).then_some(prompt))
    });
    match picked {
        Ok(pick) => Ok((pick.index, pick.example, pick.fitted)),
        Err(TrainError::Curriculum(CurriculumError::NothingFits { refused, first, .. })) => {
            Err(TrainError::NothingFits {
                examples: refused,
                first,
                shortest,
                row_tokens: spec.row_tokens,
            })
        }
        Err(error) => Err(error),
    }
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
    let mut score = source.environment.score(example, &decoded.text, draw)?;
    if !completion.stopped {
        score = score.unfinished();
    }
    let earned = spec.reward.of(&score)?;
    let mut reward = earned;
    if let Some(overlong) = &spec.overlong {
        reward += overlong.punishment(completion.tokens.len());
    }
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
    let spans = score.step_tokens(&decoded.spans);
    let steps = score.steps.iter().zip(spans).map(|(step, tokens)| Step {
        tokens,
        correct: step.correct,
        node: step.node,
        uses: step.uses.clone(),
    });
    Ok(Rollout {
        ids,
        prompt_len,
        steps: steps.collect(),
        log_probs: completion.log_probs,
        log_kept: completion.log_kept,
        stopped: completion.stopped,
        reward,
        earned,
        solved: spec.reward.solves(earned, &score),
        blamed: score.blamed_tokens(&decoded.spans),
        text: decoded.text,
        score,
    })
}

fn sampling(spec: &GrpoSpec, config: &ModelConfig, tokenizer: &Tokenizer) -> SamplingSettings {
    SamplingSettings {
        max_new_tokens: spec.max_new_tokens,
        temperature: spec.temperature,
        top_p: spec.top_p,
        top_k: spec.top_k,
        min_p: spec.min_p,
        stop: stop_tokens(config, tokenizer),
        cache_dtype: KvCacheDtype::for_temperature(spec.temperature),
        ..SamplingSettings::default()
    }
}

/// Groups for the tests of this folder.
#[cfg(test)]
pub(crate) mod fixtures {
    use super::*;

    /// A group of completions of one token with these rewards; 1 is a solution.
    pub fn group(id: u64, rewards: &[f64]) -> Group {
        let rollout = |reward: &f64| Rollout {
            ids: vec![1, 2, 3],
            prompt_len: 2,
            log_probs: vec![-0.5],
            log_kept: Vec::new(),
            stopped: true,
            text: String::new(),
            score: Score::of_answer(*reward == 1.0),
            reward: *reward,
            earned: *reward,
            solved: *reward == 1.0,
            blamed: None,
            steps: Vec::new(),
        };
        Group {
            example: Example::new(id, "", "", "").with_op(2),
            rollouts: rewards.iter().map(rollout).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fixtures::group;

    #[test]
    fn a_group_knows_whether_its_rewards_differ() {
        assert!(group(0, &[1.0, 1.0]).is_uniform());
        assert!(!group(0, &[1.0, 0.0]).is_uniform());
        assert_eq!(group(0, &[1.0, 0.0, 1.0]).successes(), 2);
    }

    #[test]
    fn an_overlong_punishment_does_not_make_a_group_mixed() {
        let mut wrong = group(0, &[0.0, 0.0]);
        wrong.rollouts[1].reward = -0.5;
        assert!(wrong.is_uniform() && !wrong.has_zero_std());
    }

    #[test]
    fn truncation_raises_the_probability_of_what_was_drawn() {
        let mut rollout = group(0, &[1.0]).rollouts.remove(0);
        assert_eq!(rollout.drawn_log_probs(), [-0.5]);
        rollout.log_kept = vec![-0.25];
        assert_eq!(rollout.drawn_log_probs(), [-0.25]);
    }
}
