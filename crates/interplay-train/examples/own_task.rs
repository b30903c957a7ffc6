//! A task and a reward of your own: a model learns to reverse digits, and GRPO improves it.
//!
//! `cargo run -p interplay-train --example own_task`

use burn::backend::{Autodiff, Flex};
use interplay_environment::{Environment, EnvironmentError, Example, Score, WithReward};
use interplay_eval::{EvalItem, EvalSettings, GenerationRecord, evaluate};
use interplay_graph::SeedStreams;
use interplay_model::{ModelConfig, load_pretrained};
use interplay_tokenizer::{Digits, Tokenizer, TrainerSpec};
use interplay_train::grpo::{self, GrpoInput, GrpoSpec, RewardSpec};
use interplay_train::next_token::{self, LossOn, NextTokenInput, NextTokenSpec, Start};
use interplay_train::schedule::Schedule;
use interplay_train::{DecoderSampler, Silent, StageFolder};

/// `48213=` is to be continued by `31284`.
struct Reversal;

impl Environment for Reversal {
    fn name(&self) -> &str {
        "reversal"
    }

    fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
        // The first 100,000 examples all differ.
        let digits = format!("{:05}", index.wrapping_mul(2_654_435_761) % 100_000);
        let reversed: String = digits.chars().rev().collect();
        Ok(Example::new(
            index,
            digits + "=",
            reversed.clone(),
            reversed,
        ))
    }

    fn score(&self, example: &Example, text: &str, _: u64) -> Result<Score, EnvironmentError> {
        Ok(Score::of_answer(text == example.answer))
    }
}

/// The share of digits at their place.
fn digits(example: &Example, text: &str, _: &Score) -> f64 {
    let pairs = example.answer.chars().zip(text.chars());
    pairs.filter(|(right, found)| right == found).count() as f64 / 5.0
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (streams, device) = (SeedStreams::new(7), Default::default());
    let environment = &WithReward::new(Reversal, "digits", digits);
    let spec = TrainerSpec {
        vocab_size: 266,
        digits: Digits::Single,
        ..TrainerSpec::default()
    };
    let tokenizer = &Tokenizer::train(["0123456789="].iter(), &spec)?;
    let config = &ModelConfig {
        hidden_size: 64,
        intermediate_size: 128,
        num_hidden_layers: 2,
        ..ModelConfig::tiny(tokenizer.vocab_size())
    };
    // Training begins at example 0 and stays below these.
    let held_out = 50_000..50_256;
    let items = EvalItem::of(environment, held_out.clone())?;
    let pass_at_1 = |stage: &StageFolder| -> Result<f64, Box<dyn std::error::Error>> {
        let (_, decoder) = load_pretrained::<Flex>(&stage.model(), &device)?;
        let stream = streams.stream("evaluation");
        let mut sampler = DecoderSampler::new(&decoder, tokenizer, 8, stream, device);
        let settings = EvalSettings {
            completions: 8,
            ks: vec![1],
            ..EvalSettings::default()
        };
        let keep = &mut |_: &GenerationRecord| Ok(());
        let show = &mut |_, _| {};
        let result = evaluate(&mut sampler, environment, &items, &settings, keep, show)?;
        Ok(result.overall.verified[0].estimate)
    };
    let folder = tempfile::tempdir()?;

    let mut spec = NextTokenSpec::new(200_000, 64, 16, Schedule::new(3e-3));
    spec.loss_on = LossOn::Solution;
    let base = StageFolder::new(folder.path().join("base"), "base", "1");
    let input = NextTokenInput {
        config,
        start: Start::Random(streams.stream("weights")),
        environment,
        tokenizer,
        spec: &spec,
    };
    let summary = next_token::run::<Autodiff<Flex>>(&base, &input, &device, &mut Silent)?;
    assert!(summary.samples < held_out.start);
    let before = pass_at_1(&base)?;
    println!("pass@1 after pre-training: {before:.3}");

    let mut spec = GrpoSpec::new(40, 64, 20, 8, Schedule::new(1e-3));
    (spec.group_size, spec.minibatches, spec.rows) = (8, 1, 512);
    spec.reward = RewardSpec::Component {
        name: "digits".into(),
    };
    let rl = StageFolder::new(folder.path().join("rl"), "rl", "1");
    let input = GrpoInput {
        config,
        start: &base.model(),
        environment,
        tokenizer,
        stream: streams.stream("rollouts"),
        spec: &spec,
        calibration: &[],
    };
    grpo::run::<Autodiff<Flex>>(&rl, &input, &device, &mut Silent)?;
    let after = pass_at_1(&rl)?;
    println!("pass@1 after GRPO:         {after:.3}");
    assert!(after > before, "GRPO did not help");
    Ok(())
}
