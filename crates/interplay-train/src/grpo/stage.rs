//! The GRPO stage: sample, score, update, record.

use std::path::Path;

use burn::module::AutodiffModule;
use interplay_curriculum::{Curriculum, CurriculumState, PromptResult};
use interplay_environment::Environment;
use interplay_graph::SeedStream;
use interplay_model::{Decoder, ModelConfig, ModelError, TrainBackend};
use interplay_tokenizer::Tokenizer;

use super::batch::Batch;
use super::minibatches::minibatches;
use super::objective::Objective;
use super::prepare::{Prepared, prepare};
use super::rollout::{Group, Source, sample};
use super::scoring::Scoring;
use super::step_metrics::StepNumbers;
use super::update::{Totals, Update};
use super::{GrpoSpec, GrpoState, completions};
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
    refuse(folder, input, replicas.count())?;
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
fn refuse(folder: &StageFolder, input: &GrpoInput<'_>, devices: usize) -> Result<(), TrainError> {
    let (spec, environment) = (input.spec, input.environment);
    let mut issues = spec.validate();
    let calibrated = !input.calibration.is_empty();
    issues.nest(
        "curriculum",
        spec.curriculum.validate(spec.group_size, calibrated),
    );
    issues.nest("curriculum", spec.curriculum.missing_from(environment)?);
    issues.nest("", spec.reward.missing_from(&environment.components()));
    issues.nest("", spec.refused_on(devices));
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

impl<'a, A: TrainBackend> Stage<'a, A> {
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
        let lr = spec.optimizer.learning_rate.at(spec.middle_of(step));
        let mut totals = Totals::default();
        let prepared = prepare(
            session,
            &self.workers,
            &self.scoring(),
            &batch,
            &mut self.state,
            &mut totals.stats.mismatch,
        )?;
        self.update(session, &batch, &prepared, lr, &mut totals)?;
        let kl_nats = prepared
            .reward_kl
            .unwrap_or_else(|| totals.stats.loss.mean_kl());
        let numbers = StepNumbers {
            batch: &batch,
            totals: &totals,
            advantages: &prepared.advantages,
            lr,
            kl_coefficient: self.state.kl_coefficient_of(spec.kl_coefficient),
            kl_nats,
            surrogate: spec.surrogate,
            band: self.band(),
            passed_over: self.curriculum.state().passed_over(),
        };
        let metrics = numbers.metrics();
        let completions = batch.kept_rollouts().len() as u64;
        self.end(session, (kl_nats, completions), observer)?;
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
            for (index, members) in minibatches(&prepared.inputs, spec).into_iter().enumerate() {
                let update = Update {
                    scoring: &scoring,
                    members: members
                        .into_iter()
                        .map(|member| (rollouts[member], &prepared.inputs[member]))
                        .collect(),
                    objective: Objective {
                        loss: spec.policy_loss(self.state.kl_coefficient_of(spec.kl_coefficient)),
                        temperature: spec.temperature,
                        vocab_limit: self.source.vocab_limit,
                    },
                    measures_mismatch: totals.updates == 0 && !measured,
                    draws: draws.stream(&format!("update {iteration} {index}")),
                };
                update.apply(session, &self.workers, lr, totals)?;
            }
        }
        Ok(())
    }

    /// Updates the curriculum, KL weight and reference, and stores them for the next checkpoint. The mean
    /// divergence of the step was `kl_nats`, over this many completions.
    fn end(
        &mut self,
        session: &mut Session<'_, A>,
        (kl_nats, completions): (f64, u64),
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
            let coefficient = self.state.kl_coefficient_of(spec.kl_coefficient);
            let next = control.next(coefficient, kl_nats, completions);
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

    fn scoring(&self) -> Scoring<'a> {
        Scoring {
            spec: self.spec,
            pad: self.source.tokenizer.pad(),
            vocab_limit: self.source.vocab_limit,
        }
    }

    /// The cells of the curriculum's band, where it has one.
    fn band(&self) -> Option<Vec<u64>> {
        let whole = self.spec.curriculum.takes_everything();
        (!whole).then(|| self.curriculum.band().collect())
    }
}
