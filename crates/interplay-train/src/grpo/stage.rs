//! The GRPO stage: sample, score, update, record.

use std::path::Path;

use burn::module::AutodiffModule;
use interplay_curriculum::{Curriculum, CurriculumState, PromptResult};
use interplay_environment::Environment;
use interplay_graph::SeedStream;
use interplay_model::{Decoder, ModelConfig, ModelError, TrainBackend};
use interplay_objectives::advantage::Groups;
use interplay_tokenizer::Tokenizer;

use super::batch::Batch;
use super::objective::{Mismatch, Objective};
use super::rollout::{Group, Rollout, Source, sample};
use super::scoring::Scoring;
use super::step_metrics::StepNumbers;
use super::update::{Carried, Totals, Update, token_advantages};
use super::{GrpoSpec, GrpoState, OldLogProbs, completions};
use crate::ledger::SampledLength;
use crate::metrics::Observer;
use crate::parallel::{Replicas, WorkerGroup};
use crate::sampler::vocab_limit;
use crate::stage::{Session, Work, load_initial};
use crate::{StageFolder, StageSummary, TrainError};

/// What a GRPO stage reads.
#[derive(Clone, Copy)]
pub struct GrpoInput<'a> {
    /// The model's shape.
    pub config: &'a ModelConfig,
    /// The Hugging Face folder of the policy's first weights, which are also the reference.
    pub start: &'a Path,
    /// The examples whose prompts are continued, and the judge of the completions.
    pub environment: &'a dyn Environment,
    /// The tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// Draws of the rollouts.
    pub stream: SeedStream,
    /// The settings.
    pub spec: &'a GrpoSpec,
    /// What a calibration found, for a curriculum that starts from it; may be empty.
    pub calibration: &'a [PromptResult],
}

/// Runs or resumes the stage in its folder.
///
/// Examples whose prompt and longest completion do not fit in a row are left out and counted
/// ([`StageSummary::overlong_examples`]).
///
/// # Errors
/// Settings that do not make sense, a reward that the environment does not have, a curriculum that it cannot
/// follow, examples none of which fits in a row, a loss that is not finite, a checkpoint that cannot be used, a
/// file that cannot be written. What was checkpointed before stays.
pub fn run<A: TrainBackend>(
    folder: &StageFolder,
    input: &GrpoInput<'_>,
    device: &A::Device,
    observer: &mut dyn Observer,
) -> Result<StageSummary, TrainError> {
    run_on::<A>(folder, input, &Replicas::single(device.clone()), observer)
}

/// [`run`] with the rows of every update shared between devices. Rollouts are sampled on the
/// device that leads; the folder is that of one stage.
///
/// # Errors
/// As [`run`], and [`TrainError::Worker`] where a device is missing or stops.
pub fn run_on<A: TrainBackend>(
    folder: &StageFolder,
    input: &GrpoInput<'_>,
    replicas: &Replicas<A::Device>,
    observer: &mut dyn Observer,
) -> Result<StageSummary, TrainError> {
    if let Some(summary) = folder.finished(observer)? {
        return Ok(summary);
    }
    let spec = input.spec;
    refuse(folder, input)?;
    let device = &replicas.leader;
    let initial = || load_initial::<A>(input.start, input.config, device);
    let every = spec.checkpoint_every_steps;
    let mut session = Session::<A>::open(
        folder,
        input.config,
        &spec.optimizer,
        every,
        initial,
        device,
        observer,
    )?;
    let reference = match session.reference.clone() {
        None if spec.has_reference() => Some(initial()?.0),
        known => known,
    };
    let tokenizer = input.tokenizer;
    let mut stage = Stage {
        curriculum: curriculum(
            input,
            session.progress.grpo.as_ref(),
            session.progress.cursor,
        )?,
        state: session.progress.grpo.take().unwrap_or_default(),
        workers: WorkerGroup::<A>::start(replicas, input.config, reference)?,
        replicas,
        source: Source {
            environment: input.environment,
            tokenizer,
            stream: input.stream,
            vocab_limit: vocab_limit(input.config, tokenizer)?,
        },
        spec,
    };
    while session.progress.step < spec.steps {
        stage.step(&mut session, observer)?;
    }
    session.finish(Some(input.start))
}

/// An error if the settings have problems, by themselves or with this environment.
fn refuse(folder: &StageFolder, input: &GrpoInput<'_>) -> Result<(), TrainError> {
    let (spec, environment) = (input.spec, input.environment);
    let mut issues = spec.validate();
    let calibrated = !input.calibration.is_empty();
    issues.nest(
        "curriculum",
        spec.curriculum.validate(spec.group_size, calibrated),
    );
    issues.nest("curriculum", spec.curriculum.missing_from(environment)?);
    issues.nest("", spec.reward.missing_from(&environment.components()));
    folder.refuse(issues)
}

/// The curriculum at its beginning or where a checkpoint left it.
fn curriculum(
    input: &GrpoInput<'_>,
    state: Option<&GrpoState>,
    cursor: u64,
) -> Result<Curriculum, TrainError> {
    let (spec, group) = (&input.spec.curriculum, input.spec.group_size);
    Ok(match state {
        Some(state) => Curriculum::resume(spec, group, state.curriculum.clone())?,
        // A checkpoint of an older version has no state, and no other curriculum than this one.
        None if cursor > 0 => Curriculum::resume(spec, group, CurriculumState::at(cursor))?,
        None => Curriculum::new(spec, group, input.calibration)?,
    })
}

/// A running stage, apart from weights and optimizer.
struct Stage<'a, A: TrainBackend> {
    spec: &'a GrpoSpec,
    source: Source<'a>,
    curriculum: Curriculum,
    state: GrpoState,
    workers: WorkerGroup<A>,
    replicas: &'a Replicas<A::Device>,
}

impl<A: TrainBackend> Stage<'_, A> {
    fn step(
        &mut self,
        session: &mut Session<'_, A>,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let spec = self.spec;
        let batch = match self.sample(&session.decoder().valid(), observer) {
            // Weights that diverged show it here first.
            Err(TrainError::Model(ModelError::NonFiniteLogits { .. })) => {
                session.expect_finite("a logit of the policy", f64::NAN)?;
                return Ok(());
            }
            sampled => sampled?,
        };
        let step = session.progress.step;
        let rollouts = batch.sampled().flat_map(|group| &group.rollouts);
        let lengths = rollouts.map(|rollout| SampledLength {
            prompt: rollout.prompt_len,
            completion: rollout.len(),
        });
        session.progress.ledger.count_generation(lengths);
        let logged = spec.log_completions_every_steps;
        if logged > 0 && step.is_multiple_of(logged) {
            completions::write(session.folder.path(), step, &batch)?;
        }
        let middle = (step as f64 + 0.5) / spec.steps as f64;
        let lr = spec.optimizer.learning_rate.at(middle);
        let mut totals = Totals::default();
        let prepared = self.prepare(session, &batch, &mut totals)?;
        self.update(session, &batch, &prepared, lr, &mut totals)?;
        let kl_coefficient = self.kl_coefficient();
        let numbers = StepNumbers {
            batch: &batch,
            totals: &totals,
            advantages: &prepared.advantages,
            lr,
            kl_coefficient,
            reward_kl: prepared.reward_kl,
            band: self.band(),
            passed_over: self.curriculum.state().passed_over(),
        };
        let metrics = numbers.metrics();
        let kl = prepared
            .reward_kl
            .unwrap_or_else(|| totals.stats.loss.mean_kl());
        self.end(session, kl, observer)?;
        let sampled: u64 = batch.sampled().map(Group::tokens).sum();
        let work = Work {
            tokens: sampled + totals.trained_tokens,
            flops: None,
        };
        let share = (step + 1) as f64 / spec.steps as f64;
        session.end_step(observer, share, work, &metrics)
    }

    /// Samples until the step is complete.
    fn sample(
        &mut self,
        policy: &Decoder<A::InnerBackend>,
        observer: &mut dyn Observer,
    ) -> Result<Batch, TrainError> {
        let (spec, dynamic) = (self.spec, self.spec.dynamic_sampling.as_ref());
        let mut batch = Batch::default();
        loop {
            let prompts = batch.missing(spec.prompts, dynamic);
            if prompts == 0 {
                break;
            }
            let next = (&mut self.curriculum, prompts);
            let device = self.workers.device();
            let groups = sample(policy, &self.source, spec, next, device, observer)?;
            for group in &groups {
                let tries = group.rollouts.len() as u32;
                self.curriculum
                    .record(&group.example, group.successes(), tries)?;
            }
            batch.add(groups, spec.prompts, dynamic);
        }
        Ok(batch)
    }

    /// Advantages and log-probabilities of the batch, before the first update.
    fn prepare(
        &mut self,
        session: &mut Session<'_, A>,
        batch: &Batch,
        totals: &mut Totals,
    ) -> Result<Prepared, TrainError> {
        let spec = self.spec;
        let rollouts = batch.kept_rollouts();
        let mut carried: Vec<Carried> = vec![Carried::default(); rollouts.len()];
        let scoring = self.scoring();
        let device = self.workers.device();
        let drawn = rollouts.iter().map(|one| one.log_probs.clone());
        let old = match spec.old_log_probs {
            OldLogProbs::Rollout => drawn.collect(),
            OldLogProbs::Trainer => {
                let policy = session.decoder().valid();
                let ledger = &mut session.progress.ledger;
                let count = |pass: &_| ledger.count_scoring(pass);
                let old = A::run_on_pool(|| scoring.of(&policy, &rollouts, device, count))?;
                for (old, rollout) in old.iter().zip(&rollouts) {
                    let mismatch = Mismatch::of(&rollout.log_probs, old);
                    totals.stats.mismatch.add(&mismatch);
                }
                old
            }
        };
        let mut rewards: Vec<f64> = rollouts.iter().map(|rollout| rollout.reward).collect();
        let mut reward_kl = None;
        if let Some(reference) = self.workers.reference().filter(|_| spec.kl_in_reward) {
            let ledger = &mut session.progress.ledger;
            let count = |pass: &_| ledger.count_reference(pass);
            let scores = A::run_on_pool(|| scoring.of(reference, &rollouts, device, count))?;
            reward_kl = Some(self.pay_for_divergence(&mut rewards, &old, &scores));
            for (carried, scores) in carried.iter_mut().zip(scores) {
                carried.reference = scores;
            }
        }
        let progress = (session.progress.step as f64 + 0.5) / spec.steps as f64;
        let advantages = self.advantages(&rollouts, &rewards, progress);
        let members = batch.kept.iter().zip(advantages.chunks(spec.group_size));
        let by_token = members.flat_map(|(group, own)| token_advantages(group, own, &spec.credit));
        if spec.correction.is_some() {
            let corrections = self.corrections(&rollouts, &old);
            for (carried, correction) in carried.iter_mut().zip(corrections) {
                carried.correction = correction;
            }
        }
        for ((carried, by_token), old) in carried.iter_mut().zip(by_token).zip(old) {
            carried.advantages = by_token;
            carried.old = old;
        }
        Ok(Prepared {
            carried,
            advantages,
            reward_kl,
        })
    }

    /// The importance weights of every rollout's tokens, over the whole batch at once.
    fn corrections(&self, rollouts: &[&Rollout], old: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let Some(correction) = &self.spec.correction else {
            return Vec::new();
        };
        let lengths: Vec<usize> = old.iter().map(Vec::len).collect();
        let drawn = rollouts
            .iter()
            .flat_map(|rollout| rollout.drawn_log_probs());
        let weights = correction.weights(&lengths, &old.concat(), &drawn.collect::<Vec<f32>>());
        let mut weights = weights.into_iter().map(|weight| weight as f32);
        let each = lengths
            .into_iter()
            .map(|length| weights.by_ref().take(length).collect());
        each.collect()
    }

    /// Takes the divergence from the reference off the rewards; gives its mean in nats a token.
    fn pay_for_divergence(
        &self,
        rewards: &mut [f64],
        old: &[Vec<f32>],
        reference: &[Vec<f32>],
    ) -> f64 {
        let (mut sum, mut tokens) = (0.0, 0);
        for ((reward, old), reference) in rewards.iter_mut().zip(old).zip(reference) {
            let pairs = old.iter().zip(reference);
            let estimate = |(old, reference): (&f32, &f32)| {
                let (old, reference) = (f64::from(*old), f64::from(*reference));
                self.spec.kl_estimator.at(old, reference).0
            };
            let divergence: f64 = pairs.map(estimate).sum();
            *reward -= self.kl_coefficient() * divergence;
            sum += divergence;
            tokens += old.len();
        }
        sum / tokens as f64
    }

    fn advantages(&mut self, rollouts: &[&Rollout], rewards: &[f64], progress: f64) -> Vec<f64> {
        let solved: Vec<bool> = rollouts.iter().map(|rollout| rollout.solved()).collect();
        let sum = |rollout: &&Rollout| rollout.log_probs.iter().copied().map(f64::from).sum();
        let log_probs: Vec<f64> = rollouts.iter().map(sum).collect();
        let lengths: Vec<usize> = rollouts.iter().map(|rollout| rollout.len()).collect();
        let groups = Groups {
            rewards,
            group_size: self.spec.group_size,
            solved: &solved,
            log_probs: &log_probs,
            lengths: &lengths,
            progress,
        };
        self.spec
            .advantage
            .observe(&groups, &mut self.state.advantage);
        self.spec
            .advantage
            .advantages(&groups, &self.state.advantage)
    }

    /// All updates of the step.
    fn update(
        &self,
        session: &mut Session<'_, A>,
        batch: &Batch,
        prepared: &Prepared,
        lr: f64,
        totals: &mut Totals,
    ) -> Result<(), TrainError> {
        let spec = self.spec;
        let scoring = self.scoring();
        let rollouts = batch.kept_rollouts();
        let draws = self.source.stream.child(session.progress.step);
        // The mismatch is measured where the policy still is the one that sampled.
        let measured = totals.stats.mismatch.tokens > 0;
        for iteration in 0..spec.num_iterations {
            for (index, members) in self.minibatches(prepared).into_iter().enumerate() {
                let update = Update {
                    scoring: &scoring,
                    members: members
                        .into_iter()
                        .map(|member| (rollouts[member], &prepared.carried[member]))
                        .collect(),
                    objective: Objective {
                        loss: spec.policy_loss(self.kl_coefficient()),
                        temperature: spec.temperature,
                        vocab_limit: self.source.vocab_limit,
                    },
                    first: totals.updates == 0 && !measured,
                    draws: draws.stream(&format!("update {iteration} {index}")),
                };
                update.apply(session, &self.workers, lr, totals)?;
            }
        }
        Ok(())
    }

    /// The rollouts of each update. Groups that are left out are so before the others are split evenly:
    /// otherwise a group that is nearly alone in its minibatch would weigh as much as many in another.
    fn minibatches(&self, prepared: &Prepared) -> Vec<Vec<usize>> {
        let (spec, size) = (self.spec, self.spec.group_size);
        let groups = prepared.carried.chunks(size).enumerate();
        let kept = groups.filter(|(_, group)| !(spec.filter_zero_std_groups && is_idle(group)));
        let kept: Vec<usize> = kept.map(|(group, _)| group).collect();
        let per_update = kept.len().div_ceil(spec.minibatches).max(1);
        let members = |groups: &[usize]| {
            let members = groups
                .iter()
                .flat_map(|group| group * size..(group + 1) * size);
            members.collect()
        };
        kept.chunks(per_update).map(members).collect()
    }

    /// Moves what moves between steps, and hands the state over to the next checkpoint.
    fn end(
        &mut self,
        session: &mut Session<'_, A>,
        kl_nats: f64,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let spec = self.spec;
        let steps = session.progress.step + 1;
        if let Some(estimate) = self.curriculum.end_step(steps) {
            observer.notice(&estimate.to_string());
            let folder = session.folder.path().join("curriculum");
            std::fs::create_dir_all(&folder).map_err(TrainError::io("create", &folder))?;
            let path = folder.join(format!("step-{steps:08}.json"));
            interplay_files::write_json(path, &self.curriculum.report())?;
        }
        if let Some(control) = spec.kl_adaptive.filter(|_| kl_nats.is_finite()) {
            let completions = (spec.prompts * spec.group_size) as u64;
            let next = control.next(self.kl_coefficient(), kl_nats, completions);
            self.state.kl_coefficient = Some(next);
        }
        if let Some(reference) = self.workers.reference() {
            let policy = session.decoder().valid();
            let device = self.workers.device();
            let moved = spec.reference.moved(steps, reference, &policy, device)?;
            if let Some(moved) = moved {
                session.reference = Some(moved.clone());
                self.state.reference_follows = true;
                let config = session.config;
                self.workers = WorkerGroup::start(self.replicas, config, Some(moved))?;
            }
        }
        self.state.curriculum = self.curriculum.state().clone();
        session.progress.cursor = self.state.curriculum.cursor();
        session.progress.overlong = self.state.curriculum.unfit();
        session.progress.grpo = Some(self.state.clone());
        Ok(())
    }

    fn scoring(&self) -> Scoring<'_> {
        Scoring {
            spec: self.spec,
            pad: self.source.tokenizer.special().pad,
            vocab_limit: self.source.vocab_limit,
        }
    }

    /// The current weight of the divergence.
    fn kl_coefficient(&self) -> f64 {
        self.state
            .kl_coefficient
            .unwrap_or(self.spec.kl_coefficient)
    }

    /// The cells of the curriculum's band, where it has one.
    fn band(&self) -> Option<Vec<u64>> {
        let whole = self.spec.curriculum.takes_everything();
        (!whole).then(|| self.curriculum.report().band)
    }
}

/// Whether no token of a group has an advantage.
fn is_idle(group: &[Carried]) -> bool {
    let mut advantages = group.iter().flat_map(|one| &one.advantages);
    advantages.all(|advantage| *advantage == 0.0)
}

/// What is known of a batch before the first update.
struct Prepared {
    /// What the tokens of each kept rollout carry.
    carried: Vec<Carried>,
    /// The advantage of each of them.
    advantages: Vec<f64>,
    /// The mean divergence that was taken from the reward, in nats a token.
    reward_kl: Option<f64>,
}
