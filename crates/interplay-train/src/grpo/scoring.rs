//! Log-probabilities of rollouts under a fixed model, before any update.

use interplay_model::{Decoder, FusedOps};

use super::GrpoSpec;
use super::rollout::Rollout;
use crate::TrainError;
use crate::forward::{host, token_log_probs};
use crate::packing::{PackedBatch, Packer, Sequence};

/// How rollouts are packed and scored.
pub(crate) struct Scoring<'a> {
    pub spec: &'a GrpoSpec,
    pub pad: u32,
    pub vocab_limit: Option<usize>,
}

impl Scoring<'_> {
    /// An empty pass; completions of one prompt share its rows.
    pub fn packer(&self) -> Packer {
        Packer::new(self.spec.row_tokens, self.spec.rows, self.pad).sharing()
    }

    /// The log-probability of every completion token of each rollout; `count` is called with every pass.
    pub fn of<B: FusedOps>(
        &self,
        decoder: &Decoder<B>,
        rollouts: &[&Rollout],
        device: &B::Device,
        mut count: impl FnMut(&PackedBatch),
    ) -> Result<Vec<Vec<f32>>, TrainError> {
        let decoder = decoder.in_precision(self.spec.precision)?;
        let mut flat = Vec::new();
        let mut score = |pass: &PackedBatch| -> Result<(), TrainError> {
            count(pass);
            let (temperature, activations) = (self.spec.temperature, self.spec.activations);
            let limit = self.vocab_limit;
            let (log_probs, _) =
                token_log_probs(&decoder, pass, temperature, limit, activations, device)?;
            flat.extend(host(log_probs));
            Ok(())
        };
        let mut packer = self.packer();
        for rollout in rollouts.iter().filter(|rollout| rollout.len() > 0) {
            if let Some(refused) = packer.add(sequence(rollout))? {
                score(&std::mem::replace(&mut packer, self.packer()).finish())?;
                packer.add(refused)?;
            }
        }
        if !packer.is_empty() {
            score(&packer.finish())?;
        }
        let mut rest = flat.as_slice();
        let split = rollouts.iter().map(|rollout| {
            let (own, others) = rest.split_at(rollout.len());
            rest = others;
            own.to_vec()
        });
        Ok(split.collect())
    }
}

/// A rollout as a sequence whose completion is predicted.
pub(crate) fn sequence(rollout: &Rollout) -> Sequence {
    Sequence {
        ids: rollout.ids.clone(),
        predict_from: rollout.prompt_len,
    }
}
