//! One pass of a step and what becomes of it, wherever it is computed.

use burn::optim::{GradientsAccumulator, GradientsParams};
use interplay_model::{Activations, Decoder, Precision, TrainBackend};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::grpo::GrpoSpec;
use crate::grpo::objective::{self, TokenTable};
use crate::next_token::{host, mean_loss, token_log_probs};
use crate::packing::PackedBatch;

/// Rows, and the loss whose gradient is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub pass: PackedBatch,
    pub loss: Loss,
    pub activations: Activations,
    pub precision: Precision,
    /// The limit below which the tokens of a policy were sampled.
    #[serde(default)]
    pub vocab_limit: Option<usize>,
}

/// The loss of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Loss {
    /// The cross-entropy of the predicted tokens over their number in the whole step.
    NextToken { targets: usize },
    /// GRPO's objective; the table's weights sum up over the whole update.
    Policy {
        table: TokenTable,
        spec: Box<GrpoSpec>,
    },
}

/// What a job gave besides its gradient.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Output {
    /// The job's part of the loss.
    pub loss: f64,
    /// Of a policy: what its tokens scored.
    pub scores: Option<Scores>,
}

/// A policy's predicted tokens, sequence after sequence.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Scores {
    pub policy: Vec<f32>,
    pub entropy: Vec<f32>,
    /// The table of the job, with the reference's log-probabilities where there is a reference.
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
            vocab_limit: None,
        }
    }

    pub fn policy(
        pass: PackedBatch,
        table: TokenTable,
        spec: &GrpoSpec,
        vocab_limit: Option<usize>,
    ) -> Self {
        let spec = Box::new(spec.clone());
        Self {
            pass,
            activations: spec.activations,
            precision: spec.precision,
            vocab_limit,
            loss: Loss::Policy { table, spec },
        }
    }
}

/// The outputs of jobs and the sum of their gradients.
pub(crate) fn compute<A: TrainBackend>(
    decoder: &Decoder<A>,
    reference: Option<&Decoder<A::InnerBackend>>,
    jobs: Vec<Job>,
    device: &A::Device,
) -> Result<(Vec<Output>, GradientsParams), TrainError> {
    A::beside_operations(|| {
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
        Loss::Policy { mut table, spec } => {
            let (temperature, limit) = (spec.temperature, job.vocab_limit);
            if let Some(reference) = reference {
                let reference = reference.in_precision(job.precision)?;
                let (scores, _) =
                    token_log_probs(&reference, pass, temperature, limit, activations, device)?;
                table.reference = host(scores);
            }
            let (policy, entropy) =
                token_log_probs(decoder, pass, temperature, limit, activations, device)?;
            let part = objective::loss(&policy, &table, &spec, device);
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
