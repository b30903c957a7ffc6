//! Next-token training: the stages `pretrain` and `midtrain`.
//!
//! Both minimise the mean cross-entropy of the next token over packed samples; they differ in
//! their mixture, budget and starting point, which are settings. A step takes samples in the
//! order of the data set until its rows are full, so that the state of the data is one number.
//! Batches are generated, rendered, tokenised and packed on a thread of their own, ahead of the
//! trainer.
//!
//! Source: arXiv 2512.07783, appendix A.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use burn::tensor::{Int, Tensor, TensorData};
use interplay_graph::SeedStream;
use interplay_model::{
    Activations, Decoder, FusedOps, ModelConfig, Precision, Segments, TrainBackend,
};
use interplay_tasks::Dataset;
use interplay_tokenizer::Tokenizer;
use serde::{Deserialize, Serialize};

use crate::metrics::Observer;
use crate::optimizer::OptimizerSpec;
use crate::packing::{PackedBatch, Packer, Sequence};
use crate::parallel::{Job, Places, Team};
use crate::stage::{Session, Work, load_initial};
use crate::{StageFolder, StageSummary, TrainError};

/// Which tokens of a sample the loss covers.
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
    /// Tokens a row.
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
    /// What products with the weights are computed in.
    #[serde(default)]
    pub precision: Precision,
    /// The optimiser and its schedule.
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
    /// Everything that is wrong with the settings.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self
            .optimizer
            .problems()
            .into_iter()
            .map(|problem| format!("optimizer.{problem}"))
            .collect();
        if self.rows.saturating_mul(self.row_tokens) > i32::MAX as usize {
            problems.push("rows: rows times row_tokens must be below 2^31".into());
        }
        let counts = [
            ("budget_tokens", self.budget_tokens),
            ("rows", self.rows as u64),
            ("row_tokens", self.row_tokens as u64),
            ("accumulation", self.accumulation as u64),
            ("checkpoint_every_steps", self.checkpoint_every_steps),
        ];
        for (key, count) in counts {
            // Budgets and intervals are only compared, the others are multiplied and allocated.
            let limit = if key == "budget_tokens" {
                i64::MAX as u64
            } else {
                MAX_COUNT
            };
            if !(1..=limit).contains(&count) {
                problems.push(format!("{key}: expected 1 to {limit}, found {count}"));
            }
        }
        problems
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
#[derive(Debug, Clone, Copy)]
pub struct NextTokenInput<'a> {
    /// The model's shape.
    pub config: &'a ModelConfig,
    /// The first weights.
    pub start: Start<'a>,
    /// The samples.
    pub dataset: &'a Dataset,
    /// The tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// The settings.
    pub spec: &'a NextTokenSpec,
}

/// Runs the stage in its folder, from where it stands, to its end.
///
/// # Errors
/// Settings that do not make sense, a sample longer than a row, a loss that is not finite, a
/// checkpoint that cannot be used, a file that cannot be written. What was checkpointed before
/// stays.
pub fn run<A: TrainBackend>(
    folder: &StageFolder,
    input: &NextTokenInput<'_>,
    device: &A::Device,
    observer: &mut dyn Observer,
) -> Result<StageSummary, TrainError> {
    run_on::<A>(folder, input, &Places::one(device.clone()), observer)
}

/// [`run`] with the rows of every step shared between devices; the folder is that of one stage.
///
/// # Errors
/// As [`run`], and [`TrainError::Worker`] where a device is missing or stops.
pub fn run_on<A: TrainBackend>(
    folder: &StageFolder,
    input: &NextTokenInput<'_>,
    places: &Places<A::Device>,
    observer: &mut dyn Observer,
) -> Result<StageSummary, TrainError> {
    if let Some(summary) = folder.summary()? {
        return Ok(summary);
    }
    let spec = input.spec;
    folder.refuse(spec.problems())?;
    let device = &places.leader;
    let team = Team::<A>::start(places, input.config, None)?;
    let initial = || match input.start {
        Start::Model(path) => load_initial::<A>(path, input.config, device),
        Start::Random(stream) => Ok(Decoder::init(input.config, &mut stream.rng(0), device)?),
    };
    let every = spec.checkpoint_every_steps;
    let mut session = Session::<A>::open(
        folder,
        input.config,
        &spec.optimizer,
        every,
        initial,
        device,
    )?;
    let cursor = session.progress.cursor;
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(2);
        scope.spawn(move || produce(input, cursor, &sender));
        train(&mut session, spec, &receiver, &team, observer)
    })?;
    session.finish()
}

fn train<A: TrainBackend>(
    session: &mut Session<'_, A>,
    spec: &NextTokenSpec,
    batches: &Receiver<Result<StepBatch, TrainError>>,
    team: &Team<A>,
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
        // The rate in the middle of the step: neither the first nor the last update is lost to a
        // rate of zero.
        let before = session.progress.ledger.trained_tokens;
        let rate = spec.optimizer.rate.rate(share(before + batch.tokens() / 2));
        let (passes, targets) = (batch.passes.iter(), batch.targets());
        let (activations, precision) = (spec.activations, spec.precision);
        let jobs =
            passes.map(|pass| Job::next_token(pass.clone(), targets, activations, precision));
        let (parts, gradients) = team.gradients(session.decoder(), jobs.collect())?;
        let loss = parts.iter().map(|part| part.loss).sum();
        session.expect_finite("the loss", loss)?;
        let norm = session.update(gradients, rate)?;
        session.progress.cursor = batch.next_cursor;
        session.progress.ledger.trained_tokens += batch.tokens();
        let tokens = session.progress.ledger.trained_tokens;
        let numbers = [
            ("loss_nats", loss),
            ("rate", rate),
            ("gradient_norm", norm),
            ("trained_tokens", tokens as f64),
            ("padding_share", batch.padding_share()),
        ];
        let work = Work {
            tokens: batch.tokens(),
            flops: Some(batch.flops(session.config)),
        };
        session.end_step(observer, share(tokens).min(1.0), work, &numbers)?;
    }
    Ok(())
}

/// The part of the step's mean loss that this pass has, in nats.
pub(crate) fn mean_loss<A: FusedOps>(
    decoder: &Decoder<A>,
    pass: &PackedBatch,
    targets: usize,
    activations: Activations,
    device: &A::Device,
) -> Result<Tensor<A, 1>, TrainError> {
    let (log_probs, _) = token_log_probs(decoder, pass, 1.0, None, activations, device)?;
    Ok(log_probs.sum().div_scalar(-(targets as f32)))
}

/// The log-probability and the entropy of every predicted token of a pass, sequence after
/// sequence, `[predicted]` each; among the tokens below the limit alone, where there is one.
pub(crate) fn token_log_probs<B: FusedOps>(
    decoder: &Decoder<B>,
    pass: &PackedBatch,
    temperature: f64,
    vocab_limit: Option<usize>,
    activations: Activations,
    device: &B::Device,
) -> Result<(Tensor<B, 1>, Tensor<B, 1>), TrainError> {
    let shape = [pass.rows, pass.row_tokens];
    let tokens: Tensor<B, 2, Int> =
        Tensor::from_data(TensorData::new(pass.tokens.clone(), shape), device);
    let segments = Segments::from_trees(&pass.ends, pass.rows, pass.row_tokens)?;
    let hidden = decoder.hidden_with(tokens, Some(&segments), activations); // [rows, row_tokens, hidden]
    let [rows, row_tokens, width] = hidden.dims();
    let hidden = hidden.reshape([rows * row_tokens, width]);
    let hidden = hidden.select(0, ints::<B>(&pass.places, device)); // [targets, hidden]
    let targets = ints::<B>(&pass.targets, device);
    let (log_probs, entropy) =
        decoder.token_scores_below(hidden, targets, temperature, vocab_limit);
    let Some(shared) = &pass.shared else {
        return Ok((log_probs, entropy));
    };
    let shared = ints::<B>(shared, device);
    Ok((
        log_probs.select(0, shared.clone()),
        entropy.select(0, shared),
    ))
}

/// A vector read back from the device.
pub(crate) fn host<B: FusedOps>(tensor: Tensor<B, 1>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn ints<B: FusedOps>(values: &[i32], device: &B::Device) -> Tensor<B, 1, Int> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

/// The passes of one step, and where the next begins.
struct StepBatch {
    passes: Vec<PackedBatch>,
    next_cursor: u64,
}

impl StepBatch {
    fn targets(&self) -> usize {
        self.passes.iter().map(PackedBatch::predicted).sum()
    }

    fn tokens(&self) -> u64 {
        self.passes.iter().map(|pass| pass.used_tokens as u64).sum()
    }

    /// Floating-point operations of the matrix products, forward and backward.
    fn flops(&self, config: &ModelConfig) -> f64 {
        let attended: u64 = self.passes.iter().map(|pass| pass.attended).sum();
        let tokens = self.tokens() as f64;
        3.0 * tokens * config.forward_flops(attended as f64 / tokens.max(1.0))
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
    let pad = input.tokenizer.special().pad;
    let mut passes = Vec::with_capacity(spec.accumulation);
    for _ in 0..spec.accumulation {
        let mut packer = Packer::new(spec.row_tokens, spec.rows, pad);
        while packer.add(sequence(input, cursor)?)?.is_none() {
            cursor += 1;
        }
        passes.push(packer.finish());
    }
    Ok(StepBatch {
        passes,
        next_cursor: cursor,
    })
}

fn sequence(input: &NextTokenInput<'_>, index: u64) -> Result<Sequence, TrainError> {
    let problem = input.dataset.get(index)?;
    let sample = input.tokenizer.encode_sample(
        &problem.problem_text(),
        &problem.question_text(),
        &problem.reasoning_text(),
        &problem.answer().to_string(),
    )?;
    let predict_from = match input.spec.loss_on {
        LossOn::All => 1,
        LossOn::Solution => sample.prompt_len,
    };
    Ok(Sequence {
        ids: sample.ids,
        predict_from,
    })
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::backend::{Autodiff, Flex};
    use burn::optim::{GradientsAccumulator, GradientsParams};
    use interplay_graph::SeedStreams;
    use interplay_model::{parameter_values, sum_of_squares};

    use super::*;

    type Train = Autodiff<Flex>;

    /// Weighted sum of the log-probabilities, the log-probabilities, and the squared norms of all
    /// gradients.
    fn scores(passes: &[PackedBatch], activations: Activations) -> (Vec<f32>, Vec<f32>) {
        let device = Default::default();
        let config = ModelConfig::tiny(40);
        let mut rng = SeedStreams::new(3).stream("test").rng(0);
        let decoder = Decoder::<Flex>::init(&config, &mut rng, &device).expect("a model");
        let decoder = crate::optimizer::trainable::<Train>(decoder);
        let mut log_probs = Vec::new();
        let mut sum = GradientsAccumulator::new();
        for pass in passes {
            let (scores, _) =
                token_log_probs(&decoder, pass, 0.9, None, activations, &device).expect("scores");
            let first = log_probs.len();
            log_probs.extend(host(scores.clone()));
            let weights: Vec<f32> = (first..log_probs.len())
                .map(|place| (place as f32).sin())
                .collect();
            let size = [weights.len()];
            let weights = Tensor::from_data(TensorData::new(weights, size), &device);
            let gradients = (scores * weights).sum().backward();
            sum.accumulate(&decoder, GradientsParams::from_grads(gradients, &decoder));
        }
        (log_probs, squared_norms(&decoder, sum.grads()))
    }

    fn squared_norms(decoder: &Decoder<Train>, gradients: GradientsParams) -> Vec<f32> {
        struct Norms(GradientsParams, Vec<f32>);
        impl burn::module::ModuleVisitor<Train> for Norms {
            fn visit_float<const D: usize>(
                &mut self,
                param: &burn::module::Param<Tensor<Train, D>>,
            ) {
                let gradient = self.0.get::<Flex, D>(param.id).expect("a gradient");
                self.1.extend(host(sum_of_squares(gradient)));
            }
        }
        let mut norms = Norms(gradients, Vec::new());
        burn::module::Module::visit(decoder, &mut norms);
        assert_eq!(
            norms.1.len(),
            parameter_values(decoder).expect("values").len()
        );
        norms.1
    }

    #[test]
    fn neither_sharing_nor_computing_again_changes_values_or_gradients() {
        let answers: [&[u32]; 6] = [
            &[1, 2, 3, 4, 5, 6, 9],
            &[1, 2, 3, 4, 5, 7, 8, 9],
            &[1, 2, 3, 4, 5, 6, 9],
            &[1, 2, 3, 8, 9],
            &[1, 30, 31, 32],
            &[1, 30, 31, 33, 34],
        ];
        let pack = |mut packer: Packer| {
            for ids in answers {
                let (ids, predict_from) = (ids.to_vec(), 3);
                let sequence = Sequence { ids, predict_from };
                assert_eq!(packer.add(sequence).expect("room"), None);
            }
            [packer.finish()]
        };
        let apart = pack(Packer::new(16, 3, 0));
        let together = pack(Packer::new(16, 3, 0).sharing());
        assert!(together[0].used_tokens * 2 < apart[0].used_tokens + 8);
        assert!(together[0].shared.is_some());
        let close = |a: &[f32], b: &[f32]| {
            assert_eq!(a.len(), b.len());
            for (a, b) in a.iter().zip(b) {
                assert!((a - b).abs() <= 1e-4 * b.abs().max(1e-3), "{a} and {b}");
            }
        };
        let (values, norms) = scores(&apart, Activations::Keep);
        let (shared_values, shared_norms) = scores(&together, Activations::Keep);
        close(&shared_values, &values);
        close(&shared_norms, &norms);
        let (again_values, again_norms) = scores(&together, Activations::Recompute);
        assert_eq!(again_values, shared_values);
        close(&again_norms, &shared_norms);
    }
}
