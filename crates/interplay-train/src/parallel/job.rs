//! One pass of a step, and its loss and gradient, wherever they are computed.

use burn::optim::{GradientsAccumulator, GradientsParams};
use interplay_model::{Activations, Decoder, Precision, TrainBackend};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::forward::{host, mean_loss, token_log_probs};
use crate::grpo::objective::{self, Objective, TokenTable};
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
    /// GRPO's objective; the weights of the table sum over the whole update.
    Policy {
        table: TokenTable,
        objective: Objective,
    },
}

/// The result of a job, apart from its gradient.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Output {
    /// The job's part of the loss of the step.
    pub loss: f64,
    /// Token scores of a policy; `None` for next-token jobs.
    pub scores: Option<Scores>,
}

/// Scores of a policy's predicted tokens, sequence by sequence.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Scores {
    pub policy: Vec<f32>,
    pub entropy: Vec<f32>,
    /// The table of the job, filled with the log-probabilities of the reference if there is one.
    pub table: TokenTable,
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
            loss: Loss::Policy { table, objective },
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
    let (part, scores) = match job.loss {
        Loss::NextToken { targets } => {
            let part = mean_loss(decoder, pass, targets, activations, device)?;
            (part, None)
        }
        Loss::Policy {
            mut table,
            objective,
        } => {
            let (temperature, limit) = (objective.temperature, objective.vocab_limit);
            if let Some(reference) = reference {
                let reference = reference.in_precision(job.precision)?;
                let (scores, _) =
                    token_log_probs(&reference, pass, temperature, limit, activations, device)?;
                table.reference = host(scores);
            }
            let (policy, entropy) =
                token_log_probs(decoder, pass, temperature, limit, activations, device)?;
            let part = objective::loss(&policy, &table, &objective, device);
            let (policy, entropy) = (host(policy), host(entropy));
            let scores = Scores {
                policy,
                entropy,
                table,
            };
            (part, Some(scores))
        }
    };
    let loss = host(part.clone()).iter().copied().map(f64::from).sum();
    let gradients = GradientsParams::from_grads(part.backward(), master);
    Ok((Output { loss, scores }, gradients))
}
