//! Training steps on random tokens: what a size of model costs on a device, without any data.

use interplay_model::{Activations, Decoder, Precision, TrainBackend, parameter_names};

use crate::TrainError;
use crate::optimizer::{AdamW, OptimizerSpec, trainable};
use crate::packing::{PackedBatch, Packer, Sequence};
use crate::parallel::{Job, compute};

/// A decoder that trains on whatever batch it is given: loss, gradients, clipping and AdamW as in a
/// stage, without a folder.
#[derive(Debug)]
pub struct TrainingLoad<A: TrainBackend> {
    decoder: Option<Decoder<A>>,
    optimizer: AdamW<A::InnerBackend>,
    activations: Activations,
    precision: Precision,
    device: A::Device,
}

impl<A: TrainBackend> TrainingLoad<A> {
    /// Trains `decoder` with these settings; the learning rate stays at its peak.
    #[must_use]
    pub fn new(
        decoder: Decoder<A::InnerBackend>,
        optimizer: OptimizerSpec,
        activations: Activations,
        precision: Precision,
        device: &A::Device,
    ) -> Self {
        let parameters = parameter_names(decoder.config()).len();
        Self {
            decoder: Some(trainable::<A>(decoder)),
            optimizer: AdamW::new(optimizer, parameters),
            activations,
            precision,
            device: device.clone(),
        }
    }

    /// A batch of rows of `row_tokens` tokens, in which every token but the last of a row predicts
    /// the next. What is left of `tokens` behind the last whole row is not used.
    ///
    /// # Errors
    /// Those of [`Packer::add`], which whole rows do not meet.
    ///
    /// # Panics
    /// If `row_tokens` is zero.
    pub fn batch(tokens: &[u32], row_tokens: usize) -> Result<PackedBatch, TrainError> {
        let rows = tokens.chunks_exact(row_tokens);
        let mut packer = Packer::new(row_tokens, rows.len(), 0);
        for row in rows {
            packer.add(Sequence {
                ids: row.to_vec(),
                predict_from: 1,
            })?;
        }
        Ok(packer.finish())
    }

    /// One step; gives the mean loss in nats. All work is done when it returns.
    ///
    /// # Errors
    /// Where the batch does not fit the model.
    ///
    /// # Panics
    /// After a step that failed.
    pub fn step(&mut self, batch: &PackedBatch) -> Result<f64, TrainError> {
        let decoder = self.decoder.take().expect("no step has failed");
        let targets = batch.predicted();
        let job = Job::next_token(batch.clone(), targets, self.activations, self.precision);
        let (outputs, gradients) = compute(&decoder, None, vec![job], &self.device)?;
        let norm = AdamW::<A::InnerBackend>::grad_norm(&decoder, &gradients);
        let lr = self.optimizer.spec().learning_rate.peak;
        self.decoder = Some(self.optimizer.update(decoder, gradients, norm, lr));
        Ok(outputs.iter().map(|output| output.loss).sum())
    }
}
