//! The same stage on two backends: the same data, the same losses up to rounding, the same
//! greedy continuations. Needs both CPU backends: `cargo test --features ndarray --test backends`.
#![cfg(all(feature = "flex", feature = "ndarray"))]

use burn::backend::{Autodiff, Flex, NdArray};
use interplay_graph::SeedStreams;
use interplay_model::{
    Activations, ModelConfig, Precision, Request, SamplingSettings, TrainBackend, generate,
    load_pretrained,
};
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec, framing};
use interplay_tokenizer::{Tokenizer, TrainerSpec};
use interplay_train::next_token::{self, LossOn, NextTokenInput, NextTokenSpec, Start};
use interplay_train::optimizer::OptimizerSpec;
use interplay_train::schedule::{Decay, Schedule};
use interplay_train::{Observer, StageFolder, StepReport};

struct Losses(Vec<f64>);

impl Observer for Losses {
    fn step(&mut self, report: &StepReport<'_>) {
        self.0.push(report.numbers[0].1);
    }
}

/// The losses of a short stage and what its model goes on with, greedily.
fn learn<A: TrainBackend>() -> (Vec<f64>, Vec<Vec<u32>>)
where
    A::Device: Default,
{
    let streams = SeedStreams::new(11);
    let spec = TaskSpec::single(Counts::one(3), "school", Dialect::Terse);
    let dataset = Dataset::new(spec, &ContextLibrary::embedded(), streams, "train").unwrap();
    let texts: Vec<String> = (0..300)
        .map(|i| framing::model_text(&dataset.get(i).unwrap()))
        .collect();
    let trainer = TrainerSpec {
        vocab_size: 400,
        ..TrainerSpec::default()
    };
    let tokenizer = Tokenizer::train(texts.iter(), &trainer).unwrap();
    let config = ModelConfig {
        hidden_size: 32,
        intermediate_size: 64,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        max_position_embeddings: 128,
        ..ModelConfig::tiny(tokenizer.vocab_size())
    };
    let rate = Schedule {
        peak: 3e-3,
        floor: 3e-4,
        warmup_share: 0.1,
        decay: Decay::Cosine,
    };
    let spec = NextTokenSpec {
        budget_tokens: 8_000,
        rows: 4,
        row_tokens: 128,
        accumulation: 1,
        loss_on: LossOn::All,
        activations: Activations::Keep,
        precision: Precision::Float32,
        optimizer: OptimizerSpec::new(rate),
        checkpoint_every_steps: 100,
    };
    let folder = tempfile::tempdir().unwrap();
    let stage = StageFolder::new(folder.path(), "base", "key");
    let start = Start::Random(streams.stream("weights"));
    let input = NextTokenInput {
        config: &config,
        start,
        dataset: &dataset,
        tokenizer: &tokenizer,
        spec: &spec,
    };
    let (device, mut losses) = (A::Device::default(), Losses(Vec::new()));
    next_token::run::<A>(&stage, &input, &device, &mut losses).unwrap();
    let (_, decoder) = load_pretrained::<A::InnerBackend>(&stage.model(), &device).unwrap();
    let requests: Vec<Request> = (0..8)
        .map(|index| {
            let problem = dataset.get(1000 + index).unwrap();
            let prompt = tokenizer.encode_prompt(&problem.problem_text(), &problem.question_text());
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
    (losses.0, drawn.into_iter().map(|one| one.tokens).collect())
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
