//! Every fused operation of Flex against the composed form: values, and gradients against those that Burn
//! derives from the composed form.
#![cfg(feature = "flex")]

use burn::backend::{Autodiff, Flex};
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Int, Tensor, TensorData, TensorPrimitive};
use interplay_model::ops::{AttentionShape, CacheShape, FusedOps, LayerCache, composed};
use interplay_model::{AdamWStep, KvCacheDtype, Segments};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

type Train = Autodiff<Flex>;
type Matrix = Tensor<Train, 2>;

fn prim<B: FusedOps, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    tensor.into_primitive().tensor()
}

fn wrap<B: FusedOps, const D: usize>(primitive: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

/// Numbers between -1.5 and 1.5.
fn random(seed: u64, count: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| (rng.next_u32() as f32 / u32::MAX as f32 - 0.5) * 3.0)
        .collect()
}

fn values<B: FusedOps, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().into_vec().unwrap()
}

fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let scale = expected
        .iter()
        .fold(1e-3_f32, |max, value| max.max(value.abs()));
    for (index, (a, b)) in got.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * scale,
            "{what} at {index}: {a}, expected {b}"
        );
    }
}

/// Runs both forms on the same leaves, weighs the outputs at random, and compares outputs and gradients.
fn compare<const N: usize>(
    sizes: [[usize; 2]; N],
    fused: impl Fn([Matrix; N]) -> Matrix,
    plain: impl Fn([Matrix; N]) -> Matrix,
) {
    let device = Default::default();
    let run = |operation: &dyn Fn([Matrix; N]) -> Matrix| {
        let mut seed = 0;
        let leaves = sizes.map(|size| {
            seed += 1;
            let data = TensorData::new(random(seed, size[0] * size[1]), size);
            Matrix::from_data(data, &device).require_grad()
        });
        let out = operation(leaves.clone());
        let size = out.dims();
        let weights = TensorData::new(random(99, size[0] * size[1]), size);
        let grads = (out.clone() * Tensor::from_data(weights, &device))
            .sum()
            .backward();
        let grads =
            leaves.map(|leaf| values(leaf.grad(&grads).expect("a gradient for every input")));
        (values(out), grads)
    };
    let (out, grads) = run(&fused);
    let (expected, expected_grads) = run(&plain);
    assert_close("output", &out, &expected, 1e-5);
    for (input, (got, expected)) in grads.iter().zip(&expected_grads).enumerate() {
        assert_close(&format!("gradient of input {input}"), got, expected, 5e-5);
    }
    assert_eq!(run(&fused), (out, grads), "two runs differ");
}

fn tokens(seed: u64, count: usize, vocab: u32) -> Tensor<Train, 1, Int> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let tokens: Vec<i32> = (0..count)
        .map(|_| (rng.next_u32() % vocab) as i32)
        .collect();
    Tensor::from_data(TensorData::new(tokens, [count]), &Default::default())
}

#[test]
fn embedding() {
    let tokens = tokens(1, 40, 13);
    compare(
        [[13, 6]],
        |[weight]| {
            wrap(Train::embed_tokens(
                prim(weight),
                tokens.clone().into_primitive(),
            ))
        },
        |[weight]| weight.select(0, tokens.clone()),
    );
}

#[test]
fn root_mean_square_norm() {
    for size in [[5, 8], [300, 40], [1, 2], [3, 37]] {
        compare(
            [size, [1, size[1]]],
            |[x, weight]| {
                let weight = weight.reshape([size[1]]);
                wrap(Train::root_mean_square_norm(
                    prim(x),
                    prim::<_, 1>(weight),
                    1e-6,
                ))
            },
            |[x, weight]| composed::root_mean_square_norm(x, weight.reshape([size[1]]), 1e-6),
        );
    }
}

#[test]
fn root_mean_square_norm_by_hand() {
    let device = Default::default();
    let x = Tensor::<Flex, 2>::from_floats([[3.0, 4.0], [0.0, 0.0]], &device);
    let weight = Tensor::<Flex, 1>::from_floats([1.0, 2.0], &device);
    let out: Tensor<Flex, 2> = wrap(Flex::root_mean_square_norm(prim(x), prim(weight), 0.5));
    // Mean square 12.5; 12.5 + 0.5 = 13.
    let root = 13.0_f32.sqrt();
    assert_close(
        "norm",
        &values(out),
        &[3.0 / root, 8.0 / root, 0.0, 0.0],
        1e-6,
    );
}

#[test]
fn projection() {
    for [rows, inputs, outputs] in [[3, 4, 5], [700, 24, 40], [1, 8, 3], [600, 16, 16]] {
        let (x, weight) = ([rows, inputs], [outputs, inputs]);
        compare(
            [x, weight],
            |[x, weight]| wrap(Train::project(prim(x), prim(weight), None, None)),
            |[x, weight]| composed::project(x, weight, None, None),
        );
        compare(
            [x, weight, [1, outputs]],
            |[x, weight, bias]| {
                let bias = prim::<_, 1>(bias.reshape([outputs]));
                wrap(Train::project(prim(x), prim(weight), Some(bias), None))
            },
            |[x, weight, bias]| composed::project(x, weight, Some(bias.reshape([outputs])), None),
        );
        compare(
            [x, weight, [rows, outputs]],
            |[x, weight, rest]| {
                wrap(Train::project(
                    prim(x),
                    prim(weight),
                    None,
                    Some(prim(rest)),
                ))
            },
            |[x, weight, rest]| composed::project(x, weight, None, Some(rest)),
        );
        compare(
            [x, weight, [1, outputs], [rows, outputs]],
            |[x, weight, bias, rest]| {
                let bias = prim::<_, 1>(bias.reshape([outputs]));
                wrap(Train::project(
                    prim(x),
                    prim(weight),
                    Some(bias),
                    Some(prim(rest)),
                ))
            },
            |[x, weight, bias, rest]| {
                composed::project(x, weight, Some(bias.reshape([outputs])), Some(rest))
            },
        );
    }
}

#[test]
fn the_gradient_of_a_large_weight_is_split_by_output() {
    let [rows, inputs, outputs] = [520, 512, 1040];
    compare(
        [[rows, inputs], [outputs, inputs]],
        |[x, weight]| wrap(Train::project(prim(x), prim(weight), None, None)),
        |[x, weight]| composed::project(x, weight, None, None),
    );
}

#[test]
fn rotation() {
    for [rows, heads, half, period] in [[6, 2, 2, 3], [260, 3, 16, 130], [5, 1, 3, 5]] {
        let angles = |seed| {
            let data = TensorData::new(random(seed, period * half), [period, half]);
            Matrix::from_data(data, &Default::default())
        };
        for inverse in [false, true] {
            compare(
                [[rows, heads * 2 * half]],
                |[x]| {
                    wrap(Train::rotate_heads(
                        prim(x),
                        prim(angles(7)),
                        prim(angles(8)),
                        inverse,
                    ))
                },
                |[x]| composed::rotate_heads(x, angles(7), angles(8), inverse),
            );
        }
    }
}

#[test]
fn rotation_by_hand() {
    let device = Default::default();
    let x = Tensor::<Flex, 2>::from_floats([[1.0, 2.0, 3.0, 4.0]], &device);
    let cos = Tensor::<Flex, 2>::from_floats([[0.0, 0.6]], &device);
    let sin = Tensor::<Flex, 2>::from_floats([[1.0, 0.8]], &device);
    let out: Tensor<Flex, 2> = wrap(Flex::rotate_heads(prim(x), prim(cos), prim(sin), false));
    // The pair (1, 3) by a quarter turn, the pair (2, 4) by the angle of a 3-4-5 triangle.
    assert_close(
        "rotation",
        &values(out),
        &[-3.0, 1.2 - 3.2, 1.0, 2.4 + 1.6],
        1e-6,
    );
}

#[test]
fn gated_silu() {
    for size in [[3, 5], [300, 130]] {
        compare(
            [size, size],
            |[gate, up]| wrap(Train::gated_silu(prim(gate), prim(up))),
            |[gate, up]| composed::gated_silu(gate, up),
        );
    }
}

/// Subtree ends of random trees in rows of `seq` tokens.
fn trees(rows: usize, seq: usize) -> Vec<u32> {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut ends = vec![0; rows * seq];
    for row in ends.chunks_exact_mut(seq) {
        let mut open: Vec<usize> = Vec::new();
        for token in 0..seq {
            // Mostly go on; sometimes end some of the branches that are open.
            if rng.next_u32().is_multiple_of(8) {
                let kept = rng.next_u32() as usize % (open.len() + 1);
                for closed in open.drain(kept..) {
                    row[closed] = token as u32;
                }
            }
            open.push(token);
        }
        for closed in open {
            row[closed] = seq as u32;
        }
    }
    ends
}

#[test]
fn attention() {
    let lengths = |seq: usize| vec![vec![seq / 3, seq / 2], vec![], vec![seq - 1]];
    for [heads, kv_heads, dim, seq] in [
        [1, 1, 2, 3],
        [4, 2, 16, 30],
        [6, 2, 8, 64],
        [2, 1, 24, 65],
        [4, 4, 32, 150],
    ] {
        for segments in [
            None,
            Some(Segments::from_lengths(&lengths(seq), seq).unwrap()),
            Some(Segments::from_trees(&trees(3, seq), 3, seq).unwrap()),
        ] {
            let shape = AttentionShape {
                batch: 3,
                seq,
                heads,
                kv_heads,
                head_dim: dim,
                segments,
            };
            let (q, kv) = ([3 * seq, heads * dim], [3 * seq, kv_heads * dim]);
            compare(
                [q, kv, kv],
                |[q, k, v]| wrap(Train::causal_attention(prim(q), prim(k), prim(v), &shape).0),
                |[q, k, v]| composed::causal_attention(q, k, v, &shape).0,
            );
        }
    }
}

#[test]
fn target_scores() {
    for [rows, hidden, vocab] in [[3, 4, 5], [300, 16, 100], [1100, 8, 33]] {
        let targets = tokens(4, rows, vocab as u32);
        compare(
            [[rows, hidden], [vocab, hidden]],
            |[hidden, weight]| {
                let targets = targets.clone().into_primitive();
                let [scores, ..] = Train::score_targets(prim(hidden), prim(weight), targets, 1.25);
                wrap::<Train, 1>(scores).unsqueeze()
            },
            |[hidden, weight]| {
                let [scores, ..] = composed::score_targets(hidden, weight, targets.clone(), 1.25);
                scores.unsqueeze()
            },
        );
        let device = Default::default();
        let input = |seed, size: [usize; 2]| {
            let data = TensorData::new(random(seed, size[0] * size[1]), size);
            Tensor::<Flex, 2>::from_data(data, &device)
        };
        let (hidden, weight) = (input(1, [rows, hidden]), input(2, [vocab, hidden]));
        let targets = targets.inner();
        let fused = Flex::score_targets(
            prim(hidden.clone()),
            prim(weight.clone()),
            targets.clone().into_primitive(),
            1.25,
        );
        let expected = composed::score_targets(hidden, weight, targets, 1.25);
        for (got, expected) in fused.into_iter().zip(expected) {
            assert_close(
                "score",
                &values(wrap::<Flex, 1>(got)),
                &values(expected),
                1e-5,
            );
        }
    }
}

#[test]
fn cached_attention() {
    caches_live_alike(KvCacheDtype::Float32, 1e-5);
}

#[test]
fn cached_attention_of_sixteen_bits() {
    caches_live_alike(KvCacheDtype::Int16, 1e-4);
}

/// The cache operations of Flex and the composed ones go through the same life of a cache.
fn caches_live_alike(dtype: KvCacheDtype, tolerance: f32) {
    let device = Default::default();
    let shape = CacheShape {
        rows: 5,
        capacity: 37,
        heads: 6,
        kv_heads: 2,
        head_dim: 20,
        dtype,
    };
    let (width, kv, seq) = (6 * 20, 2 * 20, 21);
    let input = |seed, rows: usize, columns: usize| {
        let data = TensorData::new(random(seed, rows * columns), [rows, columns]);
        Tensor::<Flex, 2>::from_data(data, &device)
    };
    let mut fused: LayerCache<Flex> = Flex::new_cache(shape, &device);
    let mut plain: LayerCache<Flex> = composed::new_cache(shape, &device);
    let (k, v) = (input(1, 3 * seq, kv), input(2, 3 * seq, kv));
    let sources = [0, 1, 1, 2];
    fused = Flex::cache_prompts(fused, prim(k.clone()), prim(v.clone()), seq, 0, &sources);
    plain = composed::cache_prompts(plain, k, v, seq, 0, &sources);
    let mut lengths = vec![21, 5, 5, 16];
    for step in 0..15 {
        if step == 6 {
            fused = Flex::cache_move_rows(fused, &[(3, 1)]);
            plain = composed::cache_move_rows(plain, &[(3, 1)]);
            lengths.swap_remove(1);
        }
        if step == 9 {
            let (k, v) = (input(50, 7, kv), input(51, 7, kv));
            fused = Flex::cache_prompts(fused, prim(k.clone()), prim(v.clone()), 7, 3, &[0, 0]);
            plain = composed::cache_prompts(plain, k, v, 7, 3, &[0, 0]);
            lengths.extend([7, 7]);
        }
        let rows = lengths.len();
        let (q, k, v) = (
            input(100 + step, rows, width),
            input(200 + step, rows, kv),
            input(300 + step, rows, kv),
        );
        let (a, next) = Flex::attend_cached(
            fused,
            prim(q.clone()),
            prim(k.clone()),
            prim(v.clone()),
            &lengths,
        );
        fused = next;
        let (b, next) = composed::attend_cached(plain, q, k, v, &lengths);
        plain = next;
        assert_close(
            &format!("step {step}"),
            &values(wrap::<Flex, 2>(a)),
            &values(b),
            tolerance,
        );
        lengths.iter_mut().for_each(|length| *length += 1);
    }
}

#[test]
fn adamw_and_sum_of_squares() {
    let device = Default::default();
    let count = 40_000;
    let input =
        |seed| Tensor::<Flex, 1>::from_data(TensorData::new(random(seed, count), [count]), &device);
    let step = AdamWStep {
        lr: 0.01,
        beta1: 0.9,
        beta2: 0.95,
        eps: 1e-8,
        weight_decay: 0.1,
        step: 3,
        grad_scale: 0.7,
    };
    let inputs = || {
        [
            prim(input(1)),
            prim(input(2)),
            prim(input(3)),
            prim(input(4).abs()),
        ]
    };
    let [param, grad, first, second] = inputs();
    let fused = Flex::adamw_step(param, grad, first, second, &step);
    let [param, grad, first, second] = inputs();
    let expected = composed::adamw_step::<Flex>(param, grad, first, second, &step);
    for (got, expected) in fused.into_iter().zip(expected) {
        let got = values(wrap::<Flex, 1>(got));
        assert_close("adamw", &got, &values(wrap::<Flex, 1>(expected)), 1e-5);
    }
    let exact: f64 = random(1, count).iter().map(|x| f64::from(*x).powi(2)).sum();
    let sum = values(wrap::<Flex, 1>(Flex::sum_of_squares(prim(input(1)))));
    assert!((f64::from(sum[0]) / exact - 1.0).abs() < 1e-6);
}

/// Everything above splits its work into fixed parts, so one thread gives the bits of many.
#[test]
fn the_number_of_threads_changes_no_bit() {
    let shape = AttentionShape {
        batch: 5,
        seq: 70,
        heads: 4,
        kv_heads: 2,
        head_dim: 16,
        segments: None,
    };
    let run = || {
        let leaf = |seed, size: [usize; 2]| {
            let data = TensorData::new(random(seed, size[0] * size[1]), size);
            Matrix::from_data(data, &Default::default()).require_grad()
        };
        let (x, weight, narrow) = (leaf(1, [350, 64]), leaf(2, [64, 64]), leaf(3, [32, 64]));
        let norm = leaf(4, [1, 64]);
        let scale = prim::<_, 1>(norm.clone().reshape([64]));
        let normed: Matrix = wrap(Train::root_mean_square_norm(prim(x.clone()), scale, 1e-6));
        let project = |weight: &Matrix| {
            let (x, weight) = (prim(normed.clone()), prim(weight.clone()));
            Train::project(x, weight, None, None)
        };
        let (q, k, v) = (project(&weight), project(&narrow), project(&narrow));
        let (out, _) = Train::causal_attention(q, k, v, &shape);
        let gated = Train::gated_silu(out.clone(), prim(x.clone()));
        let targets = tokens(5, 350, 64).into_primitive();
        let [scores, ..] = Train::score_targets(gated, prim(weight.clone()), targets, 1.0);
        let grads = wrap::<Train, 1>(scores).sum().backward();
        [x, weight, narrow, norm].map(|leaf| values(leaf.grad(&grads).unwrap()))
    };
    let with = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(run)
    };
    assert_eq!(with(1), with(2));
    assert_eq!(with(1), with(5));
}
