//! Next-token training: the stages `pretrain` and `midtrain`.
//!
//! Both minimize the mean cross-entropy of the next token over packed samples; they differ in
//! their mixture, budget and starting point, which are settings. A step takes samples in the
//! order of the data set until its rows are full, so that the state of the data is one number.
//! Batches are generated, rendered, tokenized and packed on a thread of their own, ahead of the
//! trainer.
//!
//! Source: arXiv 2512.07783, appendix A.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use interplay_environment::Environment;
use interplay_graph::SeedStream;
use interplay_graph::settings::Issues;
use interplay_model::{
    Activations, Decoder, ModelConfig, ModelFlops, Precision, TrainBackend, Workload,
};
use interplay_tokenizer::Tokenizer;
use serde::{Deserialize, Serialize};

use crate::metrics::Observer;
use crate::optimizer::OptimizerSpec;
use crate::packing::{PackedBatch, Packer, Sequence};
use crate::parallel::{Job, Replicas, WorkerGroup};
use crate::schedule::Schedule;
use crate::stage::{Session, Work, load_initial};
use crate::{StageFolder, StageSummary, TrainError};

/// Which tokens of a sample the loss covers.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossOn {
    /// Every token, as in the paper.
    #[default]
    All,
    /// Only what follows the prompt: the solution and the answer.
    Solution,
}

/// Settings of a next-token stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextTokenSpec {
    /// The stage ends once it has trained on this many tokens, padding not counted.
    pub budget_tokens: u64,
    /// Rows of a pass.
    pub rows: usize,
    /// Tokens per row.
    pub row_tokens: usize,
    /// Passes whose gradients are added up in one step.
    #[serde(default = "one")]
    pub accumulation: usize,
    /// Which tokens the loss covers.
    #[serde(default)]
    pub loss_on: LossOn,
    /// Whether the backward pass keeps activations or computes them again.
    #[serde(default)]
    pub activations: Activations,
    /// The precision of products with the weights.
    #[serde(default)]
    pub precision: Precision,
    /// The optimizer and its schedule.
    pub optimizer: OptimizerSpec,
    /// Steps between checkpoints.
    #[serde(default = "default_checkpoint_every")]
    pub checkpoint_every_steps: u64,
}

/// The most rows, prompts and the like that a spec may ask for: a million.
pub(crate) const MAX_COUNT: u64 = 1 << 20;

fn one() -> usize {
    1
}

fn default_checkpoint_every() -> u64 {
    50
}

impl NextTokenSpec {
    /// Loss on every token, one pass a step, a checkpoint every 50 steps: the defaults around what
    /// has none, the budget in tokens, the shape of a pass and the schedule of the learning rate.
    #[must_use]
    pub fn new(
        budget_tokens: u64,
        rows: usize,
        row_tokens: usize,
        learning_rate: Schedule,
    ) -> Self {
        Self {
            budget_tokens,
            rows,
            row_tokens,
            accumulation: one(),
            loss_on: LossOn::default(),
            activations: Activations::default(),
            precision: Precision::default(),
            optimizer: OptimizerSpec::new(learning_rate),
            checkpoint_every_steps: default_checkpoint_every(),
        }
    }

    /// Everything that is wrong with the settings.
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        issues.nest("optimizer", self.optimizer.validate());
        let slots = self.rows.saturating_mul(self.row_tokens);
        let addressable = slots <= i32::MAX as usize;
        issues.expect(
            addressable,
            "rows",
            self.rows,
            "rows times row_tokens below 2^31",
        );
        // Budgets are only compared; the others are multiplied and allocated.
        issues.range("budget_tokens", self.budget_tokens, 1..=i64::MAX as u64);
        let counts = [
            ("rows", self.rows as u64),
            ("row_tokens", self.row_tokens as u64),
            ("accumulation", self.accumulation as u64),
            ("checkpoint_every_steps", self.checkpoint_every_steps),
        ];
        for (key, count) in counts {
            issues.range(key, count, 1..=MAX_COUNT);
        }
        issues
    }
}

/// Where a stage's first weights come from.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// Drawn from this stream.
    Random(SeedStream),
    /// From a Hugging Face folder.
    Model(&'a Path),
}

/// What a next-token stage reads.
#[derive(Clone, Copy)]
pub struct NextTokenInput<'a> {
    /// The model's shape.
    pub config: &'a ModelConfig,
    /// The first weights.
    pub start: Start<'a>,
    /// The samples: every example's prompt followed by its target, in the order of the indices.
    pub environment: &'a dyn Environment,
    /// The tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// The settings.
    pub spec: &'a NextTokenSpec,
}

/// Runs or resumes the stage in its folder.
///
/// Examples that do not fit in a row are left out and counted (metric `overlong_examples`, and
/// [`StageSummary::overlong_examples`]).
///
/// # Errors
/// Settings that do not make sense, examples none of which fits in a row, a loss that is not finite, a
/// checkpoint that cannot be used, a file that cannot be written. What was checkpointed before
/// stays.
pub fn run<A: TrainBackend>(
    folder: &StageFolder,
    input: &NextTokenInput<'_>,
    device: &A::Device,
    observer: &mut dyn Observer,
) -> Result<StageSummary, TrainError> {
    run_on::<A>(folder, input, &Replicas::single(device.clone()), observer)
}

/// [`run`] with the rows of every step shared between devices; the folder is that of one stage.
///
/// # Errors
/// As [`run`], and [`TrainError::Worker`] where a device is missing or stops.
pub fn run_on<A: TrainBackend>(
    folder: &StageFolder,
    input: &NextTokenInput<'_>,
    replicas: &Replicas<A::Device>,
    observer: &mut dyn Observer,
) -> Result<StageSummary, TrainError> {
    if let Some(summary) = folder.finished(observer)? {
        return Ok(summary);
    }
    let spec = input.spec;
    folder.refuse(spec.validate())?;
    let device = &replicas.leader;
    let workers = WorkerGroup::<A>::start(replicas, input.config, None)?;
    let initial = || match input.start {
        Start::Model(path) => load_initial::<A>(path, input.config, device),
        Start::Random(stream) => {
            let decoder = Decoder::init(input.config, &mut stream.rng(0), device)?;
            Ok((decoder, Vec::new()))
        }
    };
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
    let cursor = session.progress.cursor;
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(2);
        scope.spawn(move || produce(input, cursor, &sender));
        train(&mut session, spec, &receiver, &workers, observer)
    })?;
    session.finish(match input.start {
        Start::Model(path) => Some(path),
        Start::Random(_) => None,
    })
}

fn train<A: TrainBackend>(
    session: &mut Session<'_, A>,
    spec: &NextTokenSpec,
    batches: &Receiver<Result<StepBatch, TrainError>>,
    workers: &WorkerGroup<A>,
    observer: &mut dyn Observer,
) -> Result<(), TrainError> {
    let share = |tokens: u64| tokens as f64 / spec.budget_tokens as f64;
    while session.progress.ledger.trained_tokens < spec.budget_tokens {
        observer.data_wait(true);
        let batch = batches.recv();
        observer.data_wait(false);
        // The producer only hangs up after an error, which it has sent.
        let Ok(batch) = batch else {
            return Ok(());
        };
        let batch = batch?;
        // The learning rate at the middle of the step, so that neither the first nor the last update is lost to a
        // rate of zero.
        let before = session.progress.ledger.trained_tokens;
        let lr = spec
            .optimizer
            .learning_rate
            .at(share(before + batch.tokens() / 2));
        let (passes, targets) = (batch.passes.iter(), batch.targets());
        let (activations, precision) = (spec.activations, spec.precision);
        let jobs =
            passes.map(|pass| Job::next_token(pass.clone(), targets, activations, precision));
        let (parts, gradients) = workers.gradients(session.decoder(), jobs.collect())?;
        let loss = parts.iter().map(|part| part.loss).sum();
        session.expect_finite("the loss", loss)?;
        let norm = session.update(gradients, lr)?;
        session.progress.cursor = batch.next_cursor;
        session.progress.overlong += batch.overlong;
        for pass in &batch.passes {
            session.progress.ledger.count_update(pass, activations);
        }
        let tokens = session.progress.ledger.trained_tokens;
        let numbers = [
            ("loss_nats".into(), loss),
            ("lr".into(), lr),
            ("grad_norm".into(), norm),
            ("trained_tokens".into(), tokens as f64),
            ("padding_share".into(), batch.padding_share()),
            ("overlong_examples".into(), session.progress.overlong as f64),
        ];
        let work = Work {
            tokens: batch.tokens(),
            flops: Some(batch.flops(session.config)),
        };
        session.end_step(observer, share(tokens).min(1.0), work, &numbers)?;
    }
    Ok(())
}

/// The passes of one step, and where the next begins.
struct StepBatch {
    passes: Vec<PackedBatch>,
    next_cursor: u64,
    /// Examples left out because they do not fit in a row.
    overlong: u64,
}

impl StepBatch {
    fn targets(&self) -> usize {
        self.passes.iter().map(PackedBatch::predicted).sum()
    }

    fn tokens(&self) -> u64 {
        self.passes.iter().map(|pass| pass.used_tokens as u64).sum()
    }

    /// Floating-point operations of the matrix products, forward and backward. What a backward pass computes again
    /// is no progress, so it is left out here.
    fn flops(&self, config: &ModelConfig) -> f64 {
        let work: Workload = self.passes.iter().map(PackedBatch::workload).sum();
        (3 * ModelFlops::new(config).forward(&work)) as f64
    }

    fn padding_share(&self) -> f64 {
        let capacity: usize = self.passes.iter().map(|pass| pass.tokens.len()).sum();
        1.0 - self.tokens() as f64 / capacity.max(1) as f64
    }
}

/// Makes batches from `cursor` on until the trainer hangs up or a sample fails.
fn produce(
    input: &NextTokenInput<'_>,
    mut cursor: u64,
    sender: &SyncSender<Result<StepBatch, TrainError>>,
) {
    loop {
        let batch = step_batch(input, cursor);
        let failed = batch.is_err();
        if let Ok(batch) = &batch {
            cursor = batch.next_cursor;
        }
        if sender.send(batch).is_err() || failed {
            return;
        }
    }
}

fn step_batch(input: &NextTokenInput<'_>, mut cursor: u64) -> Result<StepBatch, TrainError> {
    let spec = input.spec;
    let pad = input.tokenizer.pad();
    let mut overlong = 0;
    let mut passes = Vec::with_capacity(spec.accumulation);
    for _ in 0..spec.accumulation {
        let mut packer = Packer::new(spec.row_tokens, spec.rows, pad);
        loop {
            let (index, sequence) = fitting(cursor, spec.row_tokens, |index| {
                let sequence = sequence(input, index)?;
                Ok((sequence.ids.len(), sequence))
            })?;
            if packer.add(sequence)?.is_some() {
                break;
            }
            overlong += index - cursor;
            cursor = index + 1;
        }
        passes.push(packer.finish());
    }
    Ok(StepBatch {
        passes,
        next_cursor: cursor,
        overlong,
    })
}

/// How many examples in a row may be too long before a stage gives up.
const OVERLONG_IN_A_ROW: u64 = 10_000;

/// The first example from index `first` on that needs at most `row_tokens` tokens, with its index.
/// `make` gives an example and what it needs.
pub(crate) fn fitting<T>(
    first: u64,
    row_tokens: usize,
    mut make: impl FnMut(u64) -> Result<(usize, T), TrainError>,
) -> Result<(u64, T), TrainError> {
    let mut shortest = usize::MAX;
    for index in first..first.saturating_add(OVERLONG_IN_A_ROW) {
        let (length, made) = make(index)?;
        if length <= row_tokens {
            return Ok((index, made));
        }
        shortest = shortest.min(length);
    }
    Err(TrainError::NothingFits {
        examples: OVERLONG_IN_A_ROW,
        first,
        shortest,
        row_tokens,
    })
}

fn sequence(input: &NextTokenInput<'_>, index: u64) -> Result<Sequence, TrainError> {
    let example = input.environment.example(index)?;
    let sample = input
        .tokenizer
        .encode_sample(&example.prompt, &example.target)?;
    let predict_from = match input.spec.loss_on {
        LossOn::All => 1,
        LossOn::Solution => sample.prompt_len,
    };
    Ok(Sequence {
        ids: sample.ids,
        predict_from,
    })
}
