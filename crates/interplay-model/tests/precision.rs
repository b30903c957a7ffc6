//! Products in bfloat16 with weights in single precision.
#![cfg(any(feature = "flex", feature = "ndarray"))]

use burn::backend::Autodiff;
use burn::module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{DType, Int, Tensor, TensorData};
use interplay_model::{Activations, Decoder, FusedOps, ModelConfig, Precision, Segments};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn config(tie_word_embeddings: bool) -> ModelConfig {
    ModelConfig {
        hidden_size: 32,
        intermediate_size: 48,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        initializer_range: 0.2,
        tie_word_embeddings,
        ..ModelConfig::tiny(23)
    }
}

fn decoder<B: FusedOps>(config: &ModelConfig) -> Decoder<B> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    Decoder::init(config, &mut rng, &B::Device::default()).unwrap()
}

struct Track;

impl<A: AutodiffBackend> ModuleMapper<A> for Track {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<A, D>>) -> Param<Tensor<A, D>> {
        param.map(Tensor::require_grad)
    }
}

struct Gradients<'a, A: AutodiffBackend>(&'a A::Gradients, Vec<Vec<f32>>);

impl<A: AutodiffBackend> ModuleVisitor<A> for Gradients<'_, A> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<A, D>>) {
        let gradient = param.val().grad(self.0).expect("every weight has one");
        assert_eq!(gradient.dtype(), DType::F32, "an optimizer expects it");
        self.1.push(gradient.into_data().into_vec().unwrap());
    }
}

/// Loss of two packed rows, and the gradient of every weight.
fn loss_and_gradients<B: FusedOps>(
    config: &ModelConfig,
    precision: Precision,
    activations: Activations,
) -> (f32, Vec<Vec<f32>>) {
    let device = Default::default();
    let master = Decoder::<Autodiff<B>>::from_inner(decoder::<B>(config)).map(&mut Track);
    let computing = master.in_precision(precision).unwrap();
    let ids: Vec<i32> = (0..24).map(|i| (i * 7 + 3) % 23).collect();
    let tokens = TensorData::new(ids.clone(), [2, 12]);
    let tokens = Tensor::<Autodiff<B>, 2, Int>::from_data(tokens, &device);
    let segments = Segments::from_lengths(&[vec![5, 7], vec![12]], 12).unwrap();
    let hidden = computing.hidden_with(tokens, Some(&segments), activations);
    let targets = TensorData::new(ids, [24]);
    let targets = Tensor::<Autodiff<B>, 1, Int>::from_data(targets, &device);
    let (scores, _) = computing.token_scores(hidden.reshape([24, 32]), targets, 1.0);
    let loss = scores.mean().neg();
    let value = loss.clone().into_data().iter::<f32>().sum();
    let mut gradients = Gradients::<Autodiff<B>>(&loss.backward(), Vec::new());
    master.visit(&mut gradients);
    (value, gradients.1)
}

fn norm(values: impl Iterator<Item = f32>) -> f32 {
    values.map(|x| x * x).sum::<f32>().sqrt()
}

#[cfg(feature = "flex")]
#[test]
fn gradients_are_those_of_single_precision_up_to_rounding() {
    use burn::backend::Flex;
    for tied in [true, false] {
        let config = config(tied);
        for activations in [Activations::Keep, Activations::Recompute] {
            let (exact, exact_gradients) =
                loss_and_gradients::<Flex>(&config, Precision::Float32, activations);
            let (loss, gradients) =
                loss_and_gradients::<Flex>(&config, Precision::Bf16, activations);
            assert!(loss != exact, "nothing was computed in bfloat16");
            assert!((loss - exact).abs() < 0.02 * exact, "{loss} and {exact}");
            for (index, (a, b)) in gradients.iter().zip(&exact_gradients).enumerate() {
                let error = norm(a.iter().zip(b).map(|(a, b)| a - b));
                let size = norm(b.iter().copied());
                assert!(error < 0.1 * size, "parameter {index}: {error} of {size}");
            }
        }
    }
}

#[cfg(feature = "flex")]
#[test]
fn computing_again_gives_the_same() {
    use burn::backend::Flex;
    let config = config(true);
    let [(kept, kept_gradients), (again, gradients)] = [Activations::Keep, Activations::Recompute]
        .map(|activations| loss_and_gradients::<Flex>(&config, Precision::Bf16, activations));
    assert_eq!(kept, again);
    for (index, (a, b)) in gradients.iter().zip(&kept_gradients).enumerate() {
        let error = norm(a.iter().zip(b).map(|(a, b)| a - b));
        let size = norm(b.iter().copied());
        assert!(error <= 1e-3 * size, "parameter {index}: {error} of {size}");
    }
}

#[cfg(feature = "flex")]
#[test]
fn sampling_computes_in_it_too() {
    use burn::backend::Flex;
    use interplay_model::{Request, SamplingSettings, generate};
    let exact = decoder::<Flex>(&config(true));
    let narrow = exact.in_precision(Precision::Bf16).unwrap();
    let requests: Vec<Request> = (0..4)
        .map(|seed| Request {
            prompt: vec![1, 2, 3 + seed],
            stream: ChaCha8Rng::seed_from_u64(u64::from(seed)),
        })
        .collect();
    let settings = SamplingSettings {
        max_new_tokens: 1,
        ..Default::default()
    };
    let run = |decoder| {
        let device = Default::default();
        generate(decoder, &requests, &settings, &device, &mut |_, _| {}).unwrap()
    };
    for (a, b) in run(&exact).iter().zip(run(&narrow)) {
        let (a, b) = (a.log_probs[0], b.log_probs[0]);
        assert!(a != b && (a - b).abs() < 0.2, "{a} and {b}");
    }
}

#[cfg(feature = "ndarray")]
#[test]
fn a_backend_without_it_refuses() {
    use burn::backend::NdArray;
    use interplay_model::ModelError;
    let decoder = decoder::<NdArray>(&config(true));
    let error = decoder.in_precision(Precision::Bf16).unwrap_err();
    let is_clear =
        matches!(&error, ModelError::UnsupportedPrecision { backend, .. } if !backend.is_empty());
    assert!(is_clear, "{error}");
}
