//! The same model on two backends: losses, gradients and greedy continuations agree.
#![cfg(all(feature = "flex", feature = "ndarray"))]

use burn::backend::{Autodiff, Flex, NdArray};
use burn::module::{AutodiffModule, Module, ModuleVisitor, Param};
use burn::tensor::{Int, Tensor, TensorData};
use interplay_model::{
    Decoder, FusedOps, ModelConfig, Request, SamplingSettings, Segments, TrainBackend, generate,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn config() -> ModelConfig {
    ModelConfig {
        hidden_size: 32,
        intermediate_size: 48,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        initializer_range: 0.2,
        ..ModelConfig::tiny(23)
    }
}

struct Collect<'a, B: TrainBackend>(&'a B::Gradients, Vec<f32>);

impl<B: TrainBackend> ModuleVisitor<B> for Collect<'_, B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let grad = param.val().grad(self.0).unwrap();
        self.1
            .extend(grad.into_data().convert::<f32>().into_vec::<f32>().unwrap());
    }
}

/// Log-probabilities and gradients of a packed batch, and greedy continuations.
fn run<B: TrainBackend>() -> (Vec<f32>, Vec<f32>, Vec<Vec<u32>>)
where
    B::InnerBackend: FusedOps,
{
    let device = B::Device::default();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let decoder = Decoder::<B>::init(&config(), &mut rng, &device).unwrap();
    let tokens: Vec<i32> = (0..20).map(|index| index * 5 % 23).collect();
    let inputs = Tensor::<B, 2, Int>::from_data(TensorData::new(tokens.clone(), [2, 10]), &device);
    let targets = Tensor::<B, 1, Int>::from_data(TensorData::new(tokens, [20]), &device);
    let segments = Segments::from_lengths(&[vec![4, 6], vec![9]], 10).unwrap();
    let hidden = decoder.hidden(inputs, Some(&segments)).reshape([20, 32]);
    let (scores, _) = decoder.token_scores(hidden, targets, 0.9);
    let values = scores
        .clone()
        .into_data()
        .convert::<f32>()
        .into_vec()
        .unwrap();
    let grads = scores.mean().backward();
    let mut collect = Collect::<B>(&grads, Vec::new());
    decoder.visit(&mut collect);
    let requests: Vec<Request> = (1..6)
        .map(|length| Request {
            prompt: (0..length).collect(),
            stream: ChaCha8Rng::seed_from_u64(u64::from(length)),
        })
        .collect();
    let settings = SamplingSettings {
        max_new_tokens: 12,
        temperature: 0.0,
        stop: vec![4],
        max_rows: 3,
        ..Default::default()
    };
    let out = generate(
        &decoder.valid(),
        &requests,
        &settings,
        &device,
        &mut |_, _| {},
    )
    .unwrap();
    (
        values,
        collect.1,
        out.into_iter().map(|out| out.tokens).collect(),
    )
}

#[test]
fn flex_and_ndarray_agree() {
    let (scores, grads, greedy) = run::<Autodiff<Flex>>();
    let (other_scores, other_grads, other_greedy) = run::<Autodiff<NdArray>>();
    for (a, b) in scores
        .iter()
        .zip(&other_scores)
        .chain(grads.iter().zip(&other_grads))
    {
        assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()), "{a} and {b}");
    }
    assert_eq!(greedy, other_greedy);
}
