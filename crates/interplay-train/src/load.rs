//! Training steps on random tokens: what a size of model costs on a device, without any data.

use burn::optim::GradientsParams;
use interplay_model::{Activations, Decoder, TrainBackend, parameter_names};

use crate::TrainError;
use crate::next_token::{host, mean_loss};
use crate::optimizer::{AdamW, OptimizerSpec, trainable};
use crate::packing::PackedBatch;

/// A decoder that trains on whatever batch it is given: loss, gradients, clipping and AdamW as in a
/// stage, without a folder.
#[derive(Debug)]
pub struct TrainingLoad<A: TrainBackend> {
    decoder: Option<Decoder<A>>,
    optimizer: AdamW<A::InnerBackend>,
    activations: Activations,
    device: A::Device,
}

impl<A: TrainBackend> TrainingLoad<A> {
    /// Trains `decoder` with these settings; the learning rate stays at its peak.
    #[must_use]
    pub fn new(
        decoder: Decoder<A::InnerBackend>,
        optimizer: OptimizerSpec,
        activations: Activations,
        device: &A::Device,
    ) -> Self {
        let parameters = parameter_names(decoder.config()).len();
        Self {
            decoder: Some(trainable::<A>(decoder)),
            optimizer: AdamW::new(optimizer, parameters),
            activations,
            device: device.clone(),
        }
    }

    /// A batch in which every token but the last of a row predicts the next; the rows are whole
    /// sequences of `tokens` `[rows * row_tokens]`.
    #[must_use]
    pub fn batch(tokens: Vec<i32>, rows: usize, row_tokens: usize) -> PackedBatch {
        let inside = |place: &usize| !(place + 1).is_multiple_of(row_tokens);
        let places: Vec<usize> = (0..rows * row_tokens).filter(inside).collect();
        PackedBatch {
            rows,
            row_tokens,
            ends: vec![row_tokens as u32; rows * row_tokens],
            targets: places.iter().map(|place| tokens[place + 1]).collect(),
            places: places.iter().map(|place| *place as i32).collect(),
            shared: None,
            targets_each: vec![row_tokens - 1; rows],
            used_tokens: rows * row_tokens,
            attended: (rows * row_tokens * (row_tokens + 1) / 2) as u64,
            sequence_tokens: rows * row_tokens,
            tokens,
        }
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
        let loss = mean_loss(
            &decoder,
            batch,
            batch.predicted(),
            self.activations,
            &self.device,
        )?;
        let value = host(loss.clone()).iter().copied().map(f64::from).sum();
        let gradients = GradientsParams::from_grads(loss.backward(), &decoder);
        let norm = AdamW::<A::InnerBackend>::gradient_norm(&decoder, &gradients);
        let rate = self.optimizer.spec().rate.peak;
        self.decoder = Some(self.optimizer.update(decoder, gradients, norm, rate));
        Ok(value)
    }
}
