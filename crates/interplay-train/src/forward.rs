//! The forward pass of a packed batch, which every stage and every replica shares.

use burn::tensor::{Int, Tensor, TensorData};
use interplay_model::{Activations, Decoder, FusedOps, Segments};

use crate::TrainError;
use crate::packing::PackedBatch;

/// This pass's part of the mean cross-entropy of a step that predicts `targets` tokens, in nats.
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

/// The log-probability and the entropy of every predicted token of a pass, `[predicted]` each, in the order of the
/// sequences. With a `vocab_limit`, the distributions cover only the tokens below it. Entropies have no gradient.
pub(crate) fn token_log_probs<B: FusedOps>(
    decoder: &Decoder<B>,
    pass: &PackedBatch,
    temperature: f64,
    vocab_limit: Option<usize>,
    activations: Activations,
    device: &B::Device,
) -> Result<(Tensor<B, 1>, Tensor<B, 1>), TrainError> {
    let scored = TokenScores {
        temperature,
        vocab_limit,
        trains_entropy: false,
    };
    scored.of(decoder, pass, activations, device)
}

/// How the predicted tokens of a pass are scored.
pub(crate) struct TokenScores {
    /// Divides the logits.
    pub temperature: f64,
    /// The distributions cover only the tokens below it.
    pub vocab_limit: Option<usize>,
    /// Whether the entropies have a gradient, which takes the logits a second time.
    pub trains_entropy: bool,
}

impl TokenScores {
    /// Log-probabilities and entropies, as [`token_log_probs`].
    pub fn of<B: FusedOps>(
        &self,
        decoder: &Decoder<B>,
        pass: &PackedBatch,
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
        let hidden = hidden.select(0, ints::<B>(&pass.positions, device)); // [targets, hidden]
        let targets = ints::<B>(&pass.targets, device);
        let (temperature, limit) = (self.temperature, self.vocab_limit);
        let entropy = match self.trains_entropy {
            true => Some(decoder.token_entropy(hidden.clone(), temperature, limit)),
            false => None,
        };
        let (log_probs, measured) = decoder.token_scores_below(hidden, targets, temperature, limit);
        let entropy = entropy.unwrap_or(measured);
        let Some(shared) = &pass.shared else {
            return Ok((log_probs, entropy));
        };
        let shared = ints::<B>(shared, device);
        Ok((
            log_probs.select(0, shared.clone()),
            entropy.select(0, shared),
        ))
    }
}

/// Copies a vector from the device.
pub(crate) fn host<B: FusedOps>(tensor: Tensor<B, 1>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn ints<B: FusedOps>(values: &[i32], device: &B::Device) -> Tensor<B, 1, Int> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::backend::{Autodiff, Flex};
    use burn::optim::{GradientsAccumulator, GradientsParams};
    use interplay_graph::SeedStreams;
    use interplay_model::{ModelConfig, parameter_values, sum_of_squares};

    use super::*;
    use crate::packing::{Packer, Sequence};

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
                .map(|index| (index as f32).sin())
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
