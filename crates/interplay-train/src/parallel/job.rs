//! One pass of a step, and its loss and gradient, wherever they are computed.

use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Tensor, TensorData};
use interplay_model::{Activations, Decoder, Precision, TrainBackend};
use interplay_objectives::loss::Mismatch;
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::forward::{TokenScores, host, mean_loss, token_log_probs};
use crate::grpo::objective::{Objective, PassStats, TokenTable};
use crate::packing::PackedBatch;

/// Packed rows and the loss to differentiate on them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub pass: PackedBatch,
    pub loss: Loss,
    pub activations: Activations,
    pub precision: Precision,
}

/// The loss of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Loss {
    /// Cross-entropy, summed over the job's predicted tokens and divided by their number in the whole step.
    NextToken { targets: usize },
    /// A policy's objective; the weights of the table sum over the whole update.
    Policy {
        table: Box<TokenTable>,
        objective: Box<Objective>,
    },
}

/// The result of a job, apart from its gradient.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Output {
    /// The job's part of the loss of the step.
    pub loss: f64,
    /// Statistics of a policy; zero for next-token jobs.
    pub stats: PassStats,
}

impl Job {
    pub fn next_token(
        pass: PackedBatch,
        targets: usize,
        activations: Activations,
        precision: Precision,
    ) -> Self {
        Self {
            pass,
            loss: Loss::NextToken { targets },
            activations,
            precision,
        }
    }

    pub fn policy(
        pass: PackedBatch,
        table: TokenTable,
        objective: Objective,
        activations: Activations,
        precision: Precision,
    ) -> Self {
        Self {
            pass,
            loss: Loss::Policy {
                table: Box::new(table),
                objective: Box::new(objective),
            },
            activations,
            precision,
        }
    }
}

/// The outputs of the jobs and the sum of their gradients.
pub(crate) fn compute<A: TrainBackend>(
    decoder: &Decoder<A>,
    reference: Option<&Decoder<A::InnerBackend>>,
    jobs: Vec<Job>,
    device: &A::Device,
) -> Result<(Vec<Output>, GradientsParams), TrainError> {
    A::run_on_pool(|| {
        let mut sum = GradientsAccumulator::new();
        let mut outputs = Vec::with_capacity(jobs.len());
        for job in jobs {
            let (output, gradients) = one(decoder, reference, job, device)?;
            sum.accumulate(decoder, gradients);
            outputs.push(output);
        }
        Ok((outputs, sum.grads()))
    })
}

fn one<A: TrainBackend>(
    decoder: &Decoder<A>,
    reference: Option<&Decoder<A::InnerBackend>>,
    job: Job,
    device: &A::Device,
) -> Result<(Output, GradientsParams), TrainError> {
    let (pass, activations) = (&job.pass, job.activations);
    let master = decoder;
    let decoder = &master.in_precision(job.precision)?;
    match job.loss {
        Loss::NextToken { targets } => {
            let part = mean_loss(decoder, pass, targets, activations, device)?;
            let loss = host(part.clone()).iter().copied().map(f64::from).sum();
            let gradients = GradientsParams::from_grads(part.backward(), master);
            let stats = PassStats::default();
            Ok((Output { loss, stats }, gradients))
        }
        Loss::Policy {
            mut table,
            objective,
        } => {
            let (temperature, vocab_limit) = (objective.temperature, objective.vocab_limit);
            if let Some(reference) = reference.filter(|_| table.reference.is_empty()) {
                let reference = reference.in_precision(job.precision)?;
                let (scores, _) = token_log_probs(
                    &reference,
                    pass,
                    temperature,
                    vocab_limit,
                    activations,
                    device,
                )?;
                table.reference = host(scores);
            }
            let scores = TokenScores {
                temperature,
                vocab_limit,
                trains_entropy: objective.loss.entropy_coefficient != 0.0,
            };
            let (policy, entropy) = scores.of(decoder, pass, activations, device)?;
            let (on_host, entropies) = (host(policy.clone()), host(entropy.clone()));
            let batch = table.batch(&pass.targets_each, &on_host, &entropies);
            let found = objective.loss.of(&batch);
            let constant = |values: Vec<f32>| -> Tensor<A, 1> {
                let size = [values.len()];
                Tensor::from_data(TensorData::new(values, size), device)
            };
            // The gradient of this sum is that of the loss, whose derivatives are its constants.
            let mut surrogate = policy.mul(constant(found.policy)).sum();
            if !found.entropy.is_empty() {
                surrogate = surrogate.add(entropy.mul(constant(found.entropy)).sum());
            }
            let gradients = GradientsParams::from_grads(surrogate.backward(), master);
            let stats = PassStats {
                loss: found.stats,
                mismatch: match table.sampled.is_empty() {
                    true => Mismatch::default(),
                    false => Mismatch::of(&on_host, &table.sampled),
                },
            };
            let loss = found.loss;
            Ok((Output { loss, stats }, gradients))
        }
    }
}
