//! Backward passes on several threads of one process at the same time.
//!
//! A circle of waiting threads shows as a test that does not end. There is no clock in here: every thread makes a
//! fixed number of steps.
#![cfg(feature = "flex")]

use std::thread;

use burn::backend::{Autodiff, Flex};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Int, Tensor, TensorData};
use interplay_model::{Activations, Decoder, FusedOps, ModelConfig};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

type Train = Autodiff<Flex>;

const VOCAB: usize = 64;
/// Enough that attention and products are shared between threads.
const SIZE: [usize; 2] = [4, 96];

struct RequireGrad;

impl<A: AutodiffBackend> ModuleMapper<A> for RequireGrad {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<A, D>>) -> Param<Tensor<A, D>> {
        let (id, tensor, mapper) = param.consume();
        Param::from_mapped_value(id, tensor.require_grad(), mapper)
    }
}

/// The gradients, parameter after parameter.
struct Collect(<Train as AutodiffBackend>::Gradients, Vec<f32>);

impl ModuleVisitor<Train> for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Train, D>>) {
        let gradient = param.val().grad(&self.0).unwrap();
        self.1.extend(gradient.into_data().iter::<f32>());
    }
}

fn decoder(seed: u64) -> Decoder<Train> {
    let config = ModelConfig {
        hidden_size: 64,
        intermediate_size: 96,
        num_hidden_layers: 2,
        ..ModelConfig::tiny(VOCAB)
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let decoder = Decoder::<Train>::init(&config, &mut rng, &Default::default()).unwrap();
    decoder.map(&mut RequireGrad)
}

/// Forward and backward; the squared norm of the gradient.
fn step(decoder: &Decoder<Train>, round: usize) -> f32 {
    let device = Default::default();
    let [rows, row_tokens] = SIZE;
    let count = rows * row_tokens;
    let tokens: Vec<i32> = (0..count)
        .map(|token| ((token * token + round) % VOCAB) as i32)
        .collect();
    let tokens = Tensor::<Train, 1, Int>::from_data(TensorData::new(tokens, [count]), &device);
    let hidden = decoder.hidden_with(tokens.clone().reshape(SIZE), None, Activations::Keep);
    let width = hidden.dims()[2];
    let (log_probs, _) = decoder.token_scores(hidden.reshape([count, width]), tokens, 1.0);
    let gradients = log_probs.sum().backward();
    let mut collect = Collect(gradients, Vec::new());
    decoder.visit(&mut collect);
    collect.1.iter().map(|value| value * value).sum()
}

fn own_thread(seed: u64, rounds: usize) -> Vec<f32> {
    let decoder = decoder(seed);
    (0..rounds).map(|round| step(&decoder, round)).collect()
}

fn as_steps(seed: u64, rounds: usize) -> Vec<f32> {
    let decoder = decoder(seed);
    let rounds = 0..rounds;
    rounds
        .map(|round| Train::run_on_pool(|| step(&decoder, round)))
        .collect()
}

#[test]
fn steps_and_backward_passes_of_other_threads_do_not_wait_for_each_other() {
    const ROUNDS: usize = 150;
    let alone: Vec<_> = (0..4).map(|seed| own_thread(seed, ROUNDS)).collect();
    let together: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|seed| {
                let train = if seed < 2 { own_thread } else { as_steps };
                scope.spawn(move || train(seed, ROUNDS))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(together, alone);
}

#[test]
fn jobs_of_rayon_train_beside_an_ordinary_thread() {
    const ROUNDS: usize = 20;
    thread::scope(|scope| {
        let ordinary = scope.spawn(|| as_steps(0, ROUNDS));
        let jobs: Vec<_> = (0..6_u32)
            .into_par_iter()
            .with_max_len(1)
            .map(|seed| as_steps(seed.into(), ROUNDS))
            .collect();
        assert_eq!(jobs[0], ordinary.join().unwrap());
    });
}
