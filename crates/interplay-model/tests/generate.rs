//! Sampling: the cache against the full forward pass, independence of requests, limits.
#![cfg(feature = "flex")]

use burn::backend::Flex;
use burn::tensor::{Int, Tensor, TensorData};
use interplay_model::{
    Decoder, Generated, KvCacheDtype, ModelConfig, ModelError, Request, SamplingSettings, generate,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn decoder() -> Decoder<Flex> {
    let config = ModelConfig {
        hidden_size: 32,
        intermediate_size: 48,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        initializer_range: 0.3,
        max_position_embeddings: 64,
        ..ModelConfig::tiny(29)
    };
    Decoder::init(
        &config,
        &mut ChaCha8Rng::seed_from_u64(5),
        &Default::default(),
    )
    .unwrap()
}

fn request(prompt: &[u32], seed: u64) -> Request {
    Request {
        prompt: prompt.to_vec(),
        stream: ChaCha8Rng::seed_from_u64(seed),
    }
}

fn run(
    decoder: &Decoder<Flex>,
    requests: &[Request],
    settings: &SamplingSettings,
) -> Vec<Generated> {
    generate(
        decoder,
        requests,
        settings,
        &Default::default(),
        &mut |_, _| {},
    )
    .unwrap()
}

/// Log-probabilities of the continuation by one forward pass over the whole sequence.
fn scores(decoder: &Decoder<Flex>, prompt: &[u32], new: &[u32], temperature: f64) -> Vec<f32> {
    let all: Vec<i32> = prompt
        .iter()
        .chain(new)
        .map(|&token| token as i32)
        .collect();
    let count = all.len() - 1;
    let device = Default::default();
    let inputs = TensorData::new(all[..count].to_vec(), [1, count]);
    let inputs = Tensor::<Flex, 2, Int>::from_data(inputs, &device);
    let targets = TensorData::new(all[1..].to_vec(), [count]);
    let targets = Tensor::<Flex, 1, Int>::from_data(targets, &device);
    let hidden = decoder.hidden(inputs, None).reshape([count, 32]);
    let (scores, _) = decoder.token_scores(hidden, targets, temperature);
    let scores: Vec<f32> = scores.into_data().into_vec().unwrap();
    scores[prompt.len() - 1..].to_vec()
}

fn mixed_requests() -> Vec<Request> {
    let prompts: [&[u32]; 4] = [&[1, 2, 3], &[4], &[5, 6, 7, 8, 9, 10, 11], &[1, 2, 3]];
    // Enough for two lanes, where there are two threads.
    (0..70)
        .map(|seed| request(prompts[seed as usize % 4], seed))
        .collect()
}

#[test]
fn the_cache_gives_what_the_full_forward_pass_gives() {
    let decoder = decoder();
    for (cache_dtype, tolerance) in [(KvCacheDtype::Float32, 1e-4), (KvCacheDtype::Int16, 2e-3)] {
        let settings = SamplingSettings {
            max_new_tokens: 20,
            temperature: 0.8,
            cache_dtype,
            ..Default::default()
        };
        let requests = mixed_requests();
        for (request, out) in requests.iter().zip(run(&decoder, &requests, &settings)) {
            let expected = scores(&decoder, &request.prompt, &out.tokens, 0.8);
            assert_eq!(out.tokens.len(), 20);
            for (a, b) in out.log_probs.iter().zip(expected) {
                assert!((a - b).abs() < tolerance, "{a} and {b}, {cache_dtype:?}");
            }
        }
    }
}

#[test]
fn a_result_does_not_depend_on_the_batch() {
    let decoder = decoder();
    let requests = mixed_requests();
    for cache_dtype in [KvCacheDtype::Float32, KvCacheDtype::Int16] {
        let settings = |max_rows| SamplingSettings {
            max_new_tokens: 16,
            stop: vec![0, 3, 7],
            max_rows,
            cache_dtype,
            ..Default::default()
        };
        let together = run(&decoder, &requests, &settings(256));
        assert!(
            together.iter().any(|out| out.stopped),
            "nothing stopped: choose other stop tokens"
        );
        for rows in [1, 2, 3, 5] {
            let apart = run(&decoder, &requests, &settings(rows));
            for (a, b) in together.iter().zip(&apart) {
                assert_eq!(a, b);
            }
        }
    }
}

/// Long prompts and wide heads, where sums are split.
#[test]
fn a_long_prompt_does_not_depend_on_a_longer_one() {
    let config = ModelConfig {
        hidden_size: 160,
        intermediate_size: 300,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        num_key_value_heads: 1,
        max_position_embeddings: 1024,
        ..ModelConfig::tiny(29)
    };
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let decoder = Decoder::<Flex>::init(&config, &mut rng, &Default::default()).unwrap();
    let prompt = |length: u32| {
        (0..length)
            .map(|i| (i * i + i / 7) % 29)
            .collect::<Vec<_>>()
    };
    let requests = [request(&prompt(601), 1), request(&prompt(760), 2)];
    let settings = SamplingSettings {
        max_new_tokens: 3,
        ..Default::default()
    };
    let together = run(&decoder, &requests, &settings);
    for (request, together) in requests.iter().zip(&together) {
        assert_eq!(
            &run(&decoder, std::slice::from_ref(request), &settings)[0],
            together
        );
    }
}

#[test]
fn stops_at_the_first_stop_token_and_keeps_it() {
    let decoder = decoder();
    let settings = SamplingSettings {
        max_new_tokens: 30,
        stop: (0..15).collect(),
        ..Default::default()
    };
    for out in run(&decoder, &mixed_requests(), &settings) {
        let first = out.tokens.iter().position(|&token| token < 15);
        assert_eq!(out.stopped, first.is_some());
        assert_eq!(out.tokens.len(), first.map_or(30, |slot| slot + 1));
        assert_eq!(out.tokens.len(), out.log_probs.len());
    }
}

#[test]
fn greedy_needs_no_random_numbers() {
    let decoder = decoder();
    let settings = SamplingSettings {
        max_new_tokens: 8,
        temperature: 0.0,
        ..Default::default()
    };
    let out = run(
        &decoder,
        &[request(&[1, 2], 1), request(&[1, 2], 2)],
        &settings,
    );
    assert_eq!(out[0], out[1]);
}

#[test]
fn reports_progress_to_the_end() {
    let decoder = decoder();
    let settings = SamplingSettings {
        max_new_tokens: 4,
        max_rows: 4,
        ..Default::default()
    };
    let mut seen = Vec::new();
    let device = Default::default();
    generate(
        &decoder,
        &mixed_requests(),
        &settings,
        &device,
        &mut |done, of| seen.push((done, of)),
    )
    .unwrap();
    assert_eq!(seen.last(), Some(&(70, 70)));
    assert!(seen.is_sorted());
}

#[test]
fn refuses_what_cannot_be_served_before_any_work() {
    let decoder = decoder();
    let ask = |prompt: &[u32], max_new_tokens, top_p| {
        let settings = SamplingSettings {
            max_new_tokens,
            top_p,
            ..Default::default()
        };
        let requests = [request(&[1], 1), request(prompt, 1)];
        generate(
            &decoder,
            &requests,
            &settings,
            &Default::default(),
            &mut |_, _| {},
        )
        .unwrap_err()
    };
    assert!(matches!(
        ask(&[], 4, 1.0),
        ModelError::EmptyPrompt { request: 1 }
    ));
    assert!(matches!(
        ask(&[1; 61], 4, 1.0),
        ModelError::PromptTooLong { context: 64, .. }
    ));
    assert!(matches!(
        ask(&[1, 29], 4, 1.0),
        ModelError::UnknownToken {
            index: 1,
            token: 29,
            ..
        }
    ));
    assert!(matches!(
        ask(&[1], 4, 0.0),
        ModelError::InvalidSampling { field: "top_p", .. }
    ));
}

#[test]
fn the_cache_keeps_to_its_budget() {
    let decoder = decoder();
    let requests = mixed_requests();
    let settings = |max_cache_bytes| SamplingSettings {
        max_new_tokens: 20,
        max_cache_bytes,
        cache_dtype: KvCacheDtype::Float32,
        ..Default::default()
    };
    // Keys and values of two layers with two heads of width 8, in 4 bytes each; prompts of up to
    // 7 tokens and 19 new ones, in blocks of sixteen.
    let row = 2 * 2 * 2 * 8 * 4 * 32;
    let plenty = run(&decoder, &requests, &settings(1 << 30));
    assert_eq!(run(&decoder, &requests, &settings(row)), plenty);
    let device = Default::default();
    let error = generate(
        &decoder,
        &requests,
        &settings(row - 1),
        &device,
        &mut |_, _| {},
    );
    let Err(ModelError::CacheTooSmall {
        tokens,
        needed,
        limit,
    }) = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((tokens, needed, limit), (26, row, row - 1));
}

#[test]
fn requests_that_share_a_prompt_get_what_each_gets_alone() {
    let decoder = decoder();
    let requests: Vec<Request> = (0..40).map(|seed| request(&[1, 2, 3], seed)).collect();
    let settings = SamplingSettings {
        max_new_tokens: 12,
        temperature: 0.3,
        stop: vec![0, 3, 7],
        ..Default::default()
    };
    let together = run(&decoder, &requests, &settings);
    let distinct: std::collections::HashSet<_> = together.iter().map(|out| &out.tokens).collect();
    assert!((2..40).contains(&distinct.len()), "{}", distinct.len());
    for (request, out) in requests.iter().zip(&together) {
        let alone = run(&decoder, std::slice::from_ref(request), &settings);
        assert_eq!(alone, std::slice::from_ref(out));
    }
}
