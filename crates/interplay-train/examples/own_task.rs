//! A task of one's own: a model learns to reverse digits, and reinforcement makes it better.
//!
//! `cargo run -p interplay-train --example own_task`

use burn::backend::{Autodiff, Flex};
use interplay_environment::{Environment, EnvironmentError, Example, Score};
use interplay_eval::{EvalItem, EvalSettings, evaluate};
use interplay_graph::SeedStreams;
use interplay_model::{ModelConfig, SamplingSettings, load_pretrained};
use interplay_tokenizer::{Digits, Tokenizer, TrainerSpec};
use interplay_train::grpo::{self, GrpoInput, GrpoSpec};
use interplay_train::next_token::{self, NextTokenInput, NextTokenSpec, Start};
use interplay_train::schedule::Schedule;
use interplay_train::{DecoderSampler, Silent, StageFolder};

/// `48213` is to be answered by `31284`.
struct Reversal;

impl Environment for Reversal {
    fn name(&self) -> &str {
        "reversal"
    }

    fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (streams, device) = (SeedStreams::new(7), Default::default());
    let folder = tempfile::tempdir()?;
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
        num_attention_heads: 4,
        num_key_value_heads: 2,
        ..ModelConfig::tiny(tokenizer.vocab_size())
    };
    // Problems that no stage trains on.
    let item = |id| {
        Ok(EvalItem {
            id,
            example: Reversal.example(id)?,
            band: None,
        })
    };
    let items = (1_000_000..1_000_256)
        .map(item)
        .collect::<Result<Vec<_>, EnvironmentError>>()?;
    let pass_at_1 = |stage: &StageFolder| -> Result<f64, Box<dyn std::error::Error>> {
        let (_, decoder) = load_pretrained::<Flex>(&stage.model(), &device)?;
        let mut sampler = DecoderSampler {
            decoder: &decoder,
            tokenizer,
            settings: SamplingSettings {
                max_new_tokens: 8,
                temperature: 1.0,
                ..Default::default()
            },
            stream: streams.stream("evaluation"),
            device,
            sampled_tokens: 0,
        };
        let settings = EvalSettings {
            completions: 8,
            ks: vec![1],
            ..EvalSettings::default()
        };
        let quiet = (&mut |_: &_| Ok(()), &mut |_, _| {});
        let result = evaluate(&mut sampler, &Reversal, &items, &settings, quiet.0, quiet.1)?;
        Ok(result.overall.verified[0].estimate)
    };

    let spec = &NextTokenSpec::new(150_000, 64, 16, Schedule::new(3e-3));
    let start = Start::Random(streams.stream("weights"));
    let base = StageFolder::new(folder.path().join("base"), "base", "1");
    let input = NextTokenInput {
        config,
        start,
        environment: &Reversal,
        tokenizer,
        spec,
    };
    next_token::run::<Autodiff<Flex>>(&base, &input, &device, &mut Silent)?;
    let before = pass_at_1(&base)?;
    println!("pass@1 after pre-training:    {before:.3}");

    let mut spec = GrpoSpec::new(40, 64, 20, 8, Schedule::new(1e-3));
    (spec.group_size, spec.minibatches, spec.rows) = (8, 1, 512);
    let rl = StageFolder::new(folder.path().join("rl"), "rl", "1");
    let (start, stream) = (&base.model(), streams.stream("rollouts"));
    let input = GrpoInput {
        config,
        start,
        environment: &Reversal,
        tokenizer,
        stream,
        spec: &spec,
    };
    grpo::run::<Autodiff<Flex>>(&rl, &input, &device, &mut Silent)?;
    let after = pass_at_1(&rl)?;
    println!("pass@1 after reinforcement:   {after:.3}");
    assert!(after > before, "reinforcement did not help");
    Ok(())
}
