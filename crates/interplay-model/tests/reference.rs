//! The decoder against the same arithmetic written out in plain loops and double precision, straight from the
//! definition of Qwen2.
#![cfg(feature = "flex")]

use std::collections::HashMap;

use burn::backend::Flex;
use burn::tensor::{Int, Tensor, TensorData};
use interplay_model::{Decoder, ModelConfig, parameter_names};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

type Weights = HashMap<String, Vec<f64>>;

/// `weight x + bias`.
fn linear(weights: &Weights, name: &str, x: &[f64]) -> Vec<f64> {
    let weight = &weights[&format!("{name}.weight")];
    let bias = weights.get(&format!("{name}.bias"));
    let product = |row: &[f64]| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
    let rows = weight.chunks(x.len()).map(product).enumerate();
    rows.map(|(row, sum)| sum + bias.map_or(0.0, |bias| bias[row]))
        .collect()
}

fn norm(weights: &Weights, name: &str, x: &[f64], eps: f64) -> Vec<f64> {
    let mean = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
    let weight = &weights[&format!("{name}.weight")];
    x.iter()
        .zip(weight)
        .map(|(x, w)| x / (mean + eps).sqrt() * w)
        .collect()
}

fn rotate(head: &mut [f64], position: usize, theta: f64) {
    let half = head.len() / 2;
    for pair in 0..half {
        let angle = position as f64 / theta.powf(2.0 * pair as f64 / head.len() as f64);
        let (a, b) = (head[pair], head[pair + half]);
        head[pair] = a * angle.cos() - b * angle.sin();
        head[pair + half] = b * angle.cos() + a * angle.sin();
    }
}

fn logits(config: &ModelConfig, weights: &Weights, tokens: &[usize]) -> Vec<Vec<f64>> {
    let (hidden, dim, eps) = (config.hidden_size, config.head_dim(), config.rms_norm_eps);
    let group = config.num_attention_heads / config.num_key_value_heads;
    let embedding = &weights["model.embed_tokens.weight"];
    let row = |token: &usize| embedding[token * hidden..(token + 1) * hidden].to_vec();
    let mut stream: Vec<Vec<f64>> = tokens.iter().map(row).collect();
    for layer in 0..config.num_hidden_layers {
        let name = |part: &str| format!("model.layers.{layer}.{part}");
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for (position, stream) in stream.iter_mut().enumerate() {
            let x = norm(weights, &name("input_layernorm"), stream, eps);
            let mut q = linear(weights, &name("self_attn.q_proj"), &x);
            let mut k = linear(weights, &name("self_attn.k_proj"), &x);
            q.chunks_mut(dim)
                .for_each(|head| rotate(head, position, config.rope_theta));
            k.chunks_mut(dim)
                .for_each(|head| rotate(head, position, config.rope_theta));
            keys.push(k);
            values.push(linear(weights, &name("self_attn.v_proj"), &x));
            let mut attended = vec![0.0; hidden];
            for (head, q) in q.chunks(dim).enumerate() {
                let kv = head / group * dim..(head / group + 1) * dim;
                let score = |k: &Vec<f64>| {
                    let k = &k[kv.clone()];
                    q.iter().zip(k).map(|(q, k)| q * k).sum::<f64>() / (dim as f64).sqrt()
                };
                let shares: Vec<f64> = keys.iter().map(|k| score(k).exp()).collect();
                let total: f64 = shares.iter().sum();
                for (share, v) in shares.iter().zip(&values) {
                    for (out, v) in attended[head * dim..].iter_mut().zip(&v[kv.clone()]) {
                        *out += share / total * v;
                    }
                }
            }
            let out = linear(weights, &name("self_attn.o_proj"), &attended);
            let mut x: Vec<f64> = stream.iter().zip(out).map(|(x, out)| x + out).collect();
            let normed = norm(weights, &name("post_attention_layernorm"), &x, eps);
            let gate = linear(weights, &name("mlp.gate_proj"), &normed);
            let up = linear(weights, &name("mlp.up_proj"), &normed);
            let inner: Vec<f64> = gate
                .iter()
                .zip(up)
                .map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up)
                .collect();
            for (x, out) in x
                .iter_mut()
                .zip(linear(weights, &name("mlp.down_proj"), &inner))
            {
                *x += out;
            }
            *stream = x;
        }
    }
    let last = stream.iter().map(|x| norm(weights, "model.norm", x, eps));
    let output = if config.tie_word_embeddings {
        "model.embed_tokens"
    } else {
        "lm_head"
    };
    last.map(|x| linear(weights, output, &x)).collect()
}

#[test]
fn logits_equal_those_of_the_definition() {
    for tied in [true, false] {
        let config = ModelConfig {
            hidden_size: 24,
            intermediate_size: 40,
            num_hidden_layers: 3,
            num_attention_heads: 6,
            num_key_value_heads: 2,
            rope_theta: 100.0,
            rms_norm_eps: 1e-5,
            tie_word_embeddings: tied,
            ..ModelConfig::tiny(31)
        };
        // Every parameter random, also biases and norms.
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let mut drawn = Vec::new();
        let decoder =
            Decoder::<Flex>::from_values(&config, &Default::default(), &mut |_, shape| {
                let count = shape.iter().product();
                let values: Vec<f32> = (0..count)
                    .map(|_| rng.next_u32() as f32 / u32::MAX as f32 - 0.5)
                    .collect();
                drawn.push(values.iter().map(|&value| f64::from(value)).collect());
                Ok(values)
            })
            .unwrap();
        let weights: Weights = parameter_names(&config).into_iter().zip(drawn).collect();
        let tokens: Vec<usize> = (0..70).map(|index| index * 7 % 31).collect();
        let input: Vec<i32> = tokens.iter().map(|&token| token as i32).collect();
        let input = TensorData::new(input, [1, tokens.len()]);
        let input = Tensor::<Flex, 2, Int>::from_data(input, &Default::default());
        let got: Vec<f32> = decoder
            .logits(decoder.hidden(input, None))
            .into_data()
            .into_vec()
            .unwrap();
        let expected = logits(&config, &weights, &tokens).concat();
        for (got, expected) in got.iter().zip(expected) {
            assert!(
                (f64::from(*got) - expected).abs() < 1e-4,
                "{got}, expected {expected}"
            );
        }
    }
}
