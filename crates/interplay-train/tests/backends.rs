//! The same stage on two backends: the same data, the same losses up to rounding, the same
//! greedy continuations. Needs both CPU backends: `cargo test --features ndarray --test backends`.
#![cfg(all(feature = "flex", feature = "ndarray"))]

mod fixtures;

use burn::backend::{Autodiff, Flex, NdArray};
use fixtures::{Recorder, Sums, World, optimizer, small_model};
use interplay_environment::Environment;
use interplay_model::{
    ModelConfig, Request, SamplingSettings, TrainBackend, generate, load_pretrained,
};
use interplay_train::next_token::NextTokenSpec;
use interplay_train::parallel::Replicas;

/// The losses of a short stage, and the greedy completions of its model.
fn learn<A: TrainBackend>() -> (Vec<f64>, Vec<Vec<u32>>)
where
    A::Device: Default,
{
    let config = ModelConfig {
        num_attention_heads: 4,
        num_key_value_heads: 2,
        max_position_embeddings: 128,
        ..small_model()
    };
    let world = World::new(11, Sums::of(4, 50), 300, 400, config);
    let spec = NextTokenSpec {
        rows: 4,
        row_tokens: 128,
        accumulation: 1,
        optimizer: optimizer(3e-3),
        checkpoint_every_steps: 100,
        ..fixtures::pretraining(8_000)
    };
    let folder = tempfile::tempdir().unwrap();
    let (device, mut recorder) = (A::Device::default(), Recorder::new());
    let replicas = Replicas::single(device.clone());
    fixtures::pretrain::<A>(&world, folder.path(), &spec, &replicas, &mut recorder).unwrap();
    let model = folder.path().join("model");
    let (_, decoder) = load_pretrained::<A::InnerBackend>(&model, &device).unwrap();
    let World {
        environment,
        tokenizer,
        streams,
        ..
    } = &world;
    let requests: Vec<Request> = (0..8)
        .map(|index| {
            let example = environment.example(1000 + index).unwrap();
            let prompt = tokenizer.encode_prompt(&example.prompt);
            Request {
                prompt: prompt.unwrap(),
                stream: streams.stream("greedy").rng(index),
            }
        })
        .collect();
    let settings = SamplingSettings {
        max_new_tokens: 4,
        temperature: 0.0,
        ..SamplingSettings::default()
    };
    let drawn = generate(&decoder, &requests, &settings, &device, &mut |_, _| {}).unwrap();
    (
        recorder.losses,
        drawn.into_iter().map(|one| one.tokens).collect(),
    )
}

#[test]
fn flex_and_ndarray_learn_the_same() {
    let (flex, drawn) = learn::<Autodiff<Flex>>();
    let (ndarray, other) = learn::<Autodiff<NdArray>>();
    assert_eq!(flex.len(), ndarray.len());
    for (step, (left, right)) in flex.iter().zip(&ndarray).enumerate() {
        assert!(
            (left - right).abs() < 2e-3 * left,
            "step {step}: {left} and {right}"
        );
    }
    assert_eq!(drawn, other);
}
