//! A vocabulary with more rows than the tokenizer has entries: the padding is never sampled, and log-probabilities
//! are those among the entries, in sampling as in training.
#![cfg(feature = "flex")]

use burn::backend::{Autodiff, Flex};
use burn::module::AutodiffModule;
use burn::tensor::{Int, Tensor, TensorData};
use interplay_model::{
    Decoder, Generated, ModelConfig, ModelError, Request, SamplingSettings, generate,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

type Train = Autodiff<Flex>;

const VOCAB: usize = 29;
const LIMIT: usize = 11;

fn decoder() -> Decoder<Train> {
    let config = ModelConfig {
        hidden_size: 32,
        intermediate_size: 48,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        initializer_range: 0.3,
        ..ModelConfig::tiny(VOCAB)
    };
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    Decoder::init(&config, &mut rng, &Default::default()).unwrap()
}

fn requests() -> Vec<Request> {
    let prompts: [&[u32]; 3] = [&[1, 2, 3], &[4], &[5, 6, 7, 8, 9, 10]];
    (0..48)
        .map(|seed| Request {
            prompt: prompts[seed as usize % 3].to_vec(),
            stream: ChaCha8Rng::seed_from_u64(seed),
        })
        .collect()
}

fn sample(settings: &SamplingSettings) -> Result<Vec<Generated>, ModelError> {
    let device = Default::default();
    generate(
        &decoder().valid(),
        &requests(),
        settings,
        &device,
        &mut |_, _| {},
    )
}

fn settings(temperature: f64, vocab_limit: Option<usize>) -> SamplingSettings {
    SamplingSettings {
        max_new_tokens: 16,
        temperature,
        vocab_limit,
        ..Default::default()
    }
}

/// Scores of a continuation by one forward pass with gradients; `None` is the whole vocabulary.
fn scores(
    decoder: &Decoder<Train>,
    prompt: &[u32],
    new: &[u32],
    temperature: f64,
    vocab_limit: Option<usize>,
) -> Tensor<Train, 1> {
    let all: Vec<i32> = prompt
        .iter()
        .chain(new)
        .map(|&token| token as i32)
        .collect();
    let (count, device) = (all.len() - 1, Default::default());
    let inputs = TensorData::new(all[..count].to_vec(), [1, count]);
    let inputs = Tensor::<Train, 2, Int>::from_data(inputs, &device);
    let first = prompt.len() - 1;
    let targets = TensorData::new(all[first + 1..].to_vec(), [new.len()]);
    let targets = Tensor::<Train, 1, Int>::from_data(targets, &device);
    let hidden = decoder.hidden(inputs, None).reshape([count, 32]);
    let hidden = hidden.narrow(0, first, new.len());
    decoder
        .token_scores_below(hidden, targets, temperature, vocab_limit)
        .0
}

#[test]
fn tokens_beyond_the_limit_are_never_drawn() {
    for temperature in [0.0, 0.5, 1.0, 100.0] {
        for (top_k, top_p) in [(0, 1.0), (VOCAB, 1.0), (20, 0.999)] {
            let settings = |vocab_limit| SamplingSettings {
                top_k,
                top_p,
                ..settings(temperature, vocab_limit)
            };
            let beyond = |done: &[Generated]| {
                let mut tokens = done.iter().flat_map(|out| &out.tokens);
                tokens.any(|&token| token as usize >= LIMIT)
            };
            assert!(
                beyond(&sample(&settings(None)).unwrap()),
                "nothing to limit"
            );
            assert!(!beyond(&sample(&settings(Some(LIMIT))).unwrap()));
        }
    }
}

#[test]
fn a_limit_of_the_whole_vocabulary_changes_nothing() {
    for temperature in [0.0, 0.9] {
        let (without, with) = (
            settings(temperature, None),
            settings(temperature, Some(VOCAB)),
        );
        assert_eq!(sample(&without).unwrap(), sample(&with).unwrap());
    }
}

#[test]
fn log_probabilities_are_those_of_training_below_the_same_limit() {
    let decoder = decoder();
    for temperature in [1.0, 0.7] {
        let done = sample(&settings(temperature, Some(LIMIT))).unwrap();
        for (request, out) in requests().iter().zip(done) {
            let score = |limit| -> Vec<f32> {
                let scores = scores(&decoder, &request.prompt, &out.tokens, temperature, limit);
                scores.into_data().into_vec().unwrap()
            };
            let (limited, whole) = (score(Some(LIMIT)), score(None));
            for (index, sampled) in out.log_probs.iter().enumerate() {
                assert!(
                    (sampled - limited[index]).abs() < 1e-4,
                    "{sampled} and {limited:?}"
                );
                assert!(whole[index] < limited[index]);
            }
        }
    }
}

#[test]
fn probabilities_below_the_limit_add_up_to_one() {
    let decoder = decoder();
    let sum: f32 = (0..LIMIT as u32)
        .map(|token| {
            let scores = scores(&decoder, &[1, 2], &[token], 0.8, Some(LIMIT));
            scores.into_scalar().exp()
        })
        .sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
}

/// The gradient is that of a softmax over the rows below the limit.
#[test]
fn gradients_are_those_of_the_softmax_below_the_limit() {
    let device = Default::default();
    let (rows, width) = (3, 32);
    let number = |i: usize| ((i * 37 % 101) as f32 / 50.0 - 1.0) * 0.5;
    let hidden: Vec<f32> = (0..rows * width).map(number).collect();
    let hidden = Tensor::<Train, 2>::from_data(TensorData::new(hidden, [rows, width]), &device)
        .require_grad();
    let targets = Tensor::<Train, 1, Int>::from_ints([0, 10, 4], &device);
    let decoder = decoder();
    let (limited, _) =
        decoder.token_scores_below(hidden.clone(), targets.clone(), 0.8, Some(LIMIT));
    let gradients = limited.sum().backward();
    let found = hidden.grad(&gradients).unwrap();

    // The same from the logits, with plain operations.
    let logits = decoder.logits(hidden.clone()).narrow(1, 0, LIMIT);
    let log_probs = burn::tensor::activation::log_softmax(logits.div_scalar(0.8), 1);
    let plain = log_probs.gather(1, targets.reshape([rows, 1])).sum();
    let expected = hidden.grad(&plain.backward()).unwrap();
    let difference = (found - expected).abs().max().into_scalar();
    assert!(difference < 1e-5, "{difference}");
}

#[test]
fn limits_that_no_model_can_keep_are_refused() {
    for limit in [0, VOCAB + 1] {
        let error = sample(&settings(1.0, Some(limit))).unwrap_err();
        let named = matches!(
            error,
            ModelError::InvalidSampling {
                field: "vocab_limit",
                ..
            }
        );
        assert!(named, "{error}");
    }
}

#[test]
fn the_limit_comes_from_the_size_of_the_tokenizer() {
    let decoder = decoder();
    let config = decoder.config();
    assert_eq!(config.check_tokenizer(LIMIT).unwrap(), Some(LIMIT));
    assert_eq!(config.check_tokenizer(VOCAB).unwrap(), None);
    let error = config.check_tokenizer(VOCAB + 1).unwrap_err();
    assert!(
        matches!(error, ModelError::VocabularyMismatch { .. }),
        "{error}"
    );
}
