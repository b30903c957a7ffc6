//! Every fused operation and the whole decoder against PyTorch: values and gradients to 1e-4 of the largest.
//!
//! `tests/golden/gradients.safetensors` was made by `xtask/peers/gradients.py` in double precision and says with
//! which versions. The checks are generic, and run on every backend that is compiled in.
#![cfg(any(feature = "flex", feature = "ndarray", feature = "cuda"))]

use std::collections::HashMap;

use burn::backend::Autodiff;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Int, Tensor, TensorData, TensorPrimitive};
use interplay_model::ops::{AttentionShape, CacheShape, KvCacheDtype};
use interplay_model::{
    AdamWStep, Decoder, FusedOps, ModelConfig, Moments, Rotary, Segments, TrainBackend,
    adamw_update, parameter_names, sum_of_squares,
};
use safetensors::{Dtype, SafeTensors};

const GOLDEN: &[u8] = include_bytes!("golden/gradients.safetensors");

/// Largest difference that is let pass, as a share of the largest expected element.
const TOLERANCE: f32 = 1e-4;

fn prim<B: FusedOps, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    tensor.into_primitive().tensor()
}

fn wrap<B: FusedOps, const D: usize>(primitive: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

fn values<B: FusedOps, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().into_vec().unwrap()
}

/// The golden file on the device of a backend.
struct Golden<B: TrainBackend> {
    file: SafeTensors<'static>,
    device: B::Device,
}

impl<B: TrainBackend> Golden<B> {
    fn open() -> Self {
        Self {
            file: SafeTensors::deserialize(GOLDEN).unwrap(),
            device: B::Device::default(),
        }
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        let view = self.file.tensor(name).unwrap();
        assert_eq!(view.dtype(), Dtype::F32, "{name}");
        let words = view.data().chunks_exact(4);
        words
            .map(|word| f32::from_le_bytes(word.try_into().unwrap()))
            .collect()
    }

    fn shape(&self, name: &str) -> Vec<usize> {
        self.file.tensor(name).unwrap().shape().to_vec()
    }

    fn float<const D: usize>(&self, name: &str) -> Tensor<B, D> {
        Tensor::from_data(
            TensorData::new(self.floats(name), self.shape(name)),
            &self.device,
        )
    }

    fn ints(&self, name: &str) -> Vec<i32> {
        let view = self.file.tensor(name).unwrap();
        assert_eq!(view.dtype(), Dtype::I32, "{name}");
        let words = view.data().chunks_exact(4);
        words
            .map(|word| i32::from_le_bytes(word.try_into().unwrap()))
            .collect()
    }

    fn int<const D: usize>(&self, name: &str) -> Tensor<B, D, Int> {
        Tensor::from_data(
            TensorData::new(self.ints(name), self.shape(name)),
            &self.device,
        )
    }

    fn assert_close(&self, name: &str, got: &[f32]) {
        let expected = self.floats(name);
        assert_eq!(got.len(), expected.len(), "{name}");
        let largest = expected
            .iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()));
        for (index, (got, expected)) in got.iter().zip(&expected).enumerate() {
            assert!(
                (got - expected).abs() <= TOLERANCE * largest,
                "{name} at {index}: {got}, expected {expected} (the largest is {largest})"
            );
        }
    }

    /// Runs an operation on leaves of these names, and compares output and gradients.
    fn check<const N: usize, const O: usize>(
        &self,
        operation: &str,
        leaves: [&str; N],
        run: impl Fn([Leaf<B>; N]) -> Tensor<B, O>,
    ) {
        let leaves = leaves.map(|name| (name, self.leaf(&format!("{operation}.{name}"))));
        let out = run(leaves.each_ref().map(|(_, leaf)| leaf.clone()));
        self.assert_close(&format!("{operation}.out"), &values(out.clone()));
        let weights = self.float::<O>(&format!("{operation}.weights"));
        let grads = (out * weights).sum().backward();
        for (name, leaf) in leaves {
            let grad = match leaf {
                Leaf::Row(leaf) => leaf.grad(&grads).map(values),
                Leaf::Matrix(leaf) => leaf.grad(&grads).map(values),
            };
            self.assert_close(&format!("{operation}.grad.{name}"), &grad.unwrap());
        }
    }

    fn leaf(&self, name: &str) -> Leaf<B> {
        match self.shape(name).len() {
            1 => Leaf::Row(self.float(name).require_grad()),
            _ => Leaf::Matrix(self.float(name).require_grad()),
        }
    }
}

/// An input whose gradient is compared.
#[derive(Clone)]
enum Leaf<B: TrainBackend> {
    Row(Tensor<B, 1>),
    Matrix(Tensor<B, 2>),
}

impl<B: TrainBackend> Leaf<B> {
    fn prim(self) -> FloatTensor<B> {
        match self {
            Self::Row(row) => prim(row),
            Self::Matrix(matrix) => prim(matrix),
        }
    }
}

fn embedding<B: TrainBackend>() {
    let golden = Golden::<B>::open();
    let tokens = golden.int::<1>("embedding.tokens");
    golden.check("embedding", ["weight"], |[weight]| {
        let tokens = tokens.clone().into_primitive();
        wrap::<B, 2>(B::embed_tokens(weight.prim(), tokens))
    });
}

fn root_mean_square_norm<B: TrainBackend>() {
    Golden::<B>::open().check("norm", ["x", "weight"], |[x, weight]| {
        wrap::<B, 2>(B::root_mean_square_norm(x.prim(), weight.prim(), 1e-5))
    });
}

fn projection<B: TrainBackend>() {
    let leaves = ["x", "weight", "bias", "residual"];
    Golden::<B>::open().check("projection", leaves, |[x, weight, bias, residual]| {
        let (bias, residual) = (Some(bias.prim()), Some(residual.prim()));
        wrap::<B, 2>(B::project(x.prim(), weight.prim(), bias, residual))
    });
}

fn rotation<B: TrainBackend>() {
    let golden = Golden::<B>::open();
    let config = ModelConfig {
        hidden_size: 24,
        num_attention_heads: 3,
        rope_theta: 100.0,
        ..ModelConfig::tiny(10)
    };
    let [cos, sin] = Rotary::new(&config).at::<B>(0..5, &golden.device);
    golden.assert_close("rotation.cos", &values(cos.clone()));
    golden.assert_close("rotation.sin", &values(sin.clone()));
    golden.check("rotation", ["x"], |[x]| {
        let (cos, sin) = (prim(cos.clone()), prim(sin.clone()));
        wrap::<B, 2>(B::rotate_heads(x.prim(), cos, sin, false))
    });
}

fn gated_silu<B: TrainBackend>() {
    Golden::<B>::open().check("gate", ["gate", "up"], |[gate, up]| {
        wrap::<B, 2>(B::gated_silu(gate.prim(), up.prim()))
    });
}

fn attention_shape(segments: Option<Segments>) -> AttentionShape {
    AttentionShape {
        batch: 2,
        seq: 9,
        heads: 4,
        kv_heads: 2,
        head_dim: 6,
        segments,
    }
}

fn attention<B: TrainBackend>() {
    let packed = Segments::from_lengths(&[vec![4, 5], vec![3, 2]], 9).unwrap();
    for (name, segments) in [("attention", None), ("packed_attention", Some(packed))] {
        let shape = attention_shape(segments);
        Golden::<B>::open().check(name, ["q", "k", "v"], |[q, k, v]| {
            wrap::<B, 2>(B::causal_attention(q.prim(), k.prim(), v.prim(), &shape).0)
        });
    }
}

/// The last token of each row through the cache: eight tokens prefilled, the ninth decoded.
fn cached_attention<B: TrainBackend>() {
    let golden = Golden::<B>::open();
    let AttentionShape {
        batch,
        seq,
        heads,
        kv_heads,
        head_dim,
        ..
    } = attention_shape(None);
    let shape = CacheShape {
        rows: batch,
        capacity: seq,
        heads,
        kv_heads,
        head_dim,
        dtype: KvCacheDtype::Float32,
    };
    let part = |name: &str, tokens: std::ops::Range<usize>| {
        let all = golden.float::<2>(name);
        let features = all.dims()[1];
        let rows = all.reshape([batch, seq, features]);
        let kept = rows.slice([0..batch, tokens.clone()]);
        prim(kept.reshape([batch * tokens.len(), features]))
    };
    let (before, last) = (0..seq - 1, seq - 1..seq);
    let (k, v) = (
        part("attention.k", before.clone()),
        part("attention.v", before),
    );
    let cache = B::new_cache(shape, &golden.device);
    let cache = B::cache_prompts(cache, k, v, seq - 1, 0, &[0, 1]);
    let [q, k, v] = ["q", "k", "v"].map(|name| part(&format!("attention.{name}"), last.clone()));
    let (out, _) = B::attend_cached(cache, q, k, v, &[8, 8]);
    let expected = golden.floats("attention.out");
    let expected = expected
        .chunks(seq * heads * head_dim)
        .flat_map(|row| &row[8 * heads * head_dim..]);
    for (got, expected) in values(wrap::<B, 2>(out)).iter().zip(expected) {
        assert!((got - expected).abs() < 1e-5, "{got}, expected {expected}");
    }
}

fn target_scores<B: TrainBackend>() {
    let golden = Golden::<B>::open();
    let score = |hidden, weight| {
        let targets = golden.int::<1>("scores.targets").into_primitive();
        B::score_targets(hidden, weight, targets, 1.0 / 0.8)
    };
    golden.check("scores", ["hidden", "weight"], |[hidden, weight]| {
        let [log_probs, ..] = score(hidden.prim(), weight.prim());
        wrap::<B, 1>(log_probs)
    });
    let [hidden, weight] = ["scores.hidden", "scores.weight"].map(|name| golden.leaf(name).prim());
    let [_, entropy, _] = score(hidden, weight);
    golden.assert_close("scores.entropy", &values(wrap::<B, 1>(entropy)));
}

fn adamw<B: TrainBackend>() {
    let golden = Golden::<B>::open();
    let mut param = golden.float::<1>("adamw.param").inner();
    let mut moments = Moments::zeros_like(&param);
    let grads = golden.float::<2>("adamw.grads").inner();
    for (number, grad) in grads.iter_dim(0).enumerate() {
        let step = AdamWStep {
            lr: 0.01,
            beta1: 0.9,
            beta2: 0.95,
            eps: 1e-8,
            weight_decay: 0.1,
            step: number as u32 + 1,
            grad_scale: 0.7,
        };
        (param, moments) = adamw_update(param, grad.squeeze_dim(0), moments, &step);
    }
    golden.assert_close("adamw.out", &values(param));
    golden.assert_close("adamw.first", &values(moments.first));
    golden.assert_close("adamw.second", &values(moments.second));
    let squares = sum_of_squares(golden.float::<1>("squares.x").inner());
    golden.assert_close("squares.out", &values(squares));
}

/// Parameters that collect gradients; those of a fresh decoder do already, this says so.
struct RequireGrad;

impl<B: TrainBackend> ModuleMapper<B> for RequireGrad {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        param.map(Tensor::require_grad)
    }
}

struct Grads<'a, B: TrainBackend>(&'a B::Gradients, Vec<Vec<f32>>);

impl<B: TrainBackend> ModuleVisitor<B> for Grads<'_, B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.1.push(values(param.val().grad(self.0).unwrap()));
    }
}

/// Logits, loss and the gradient of every parameter of two packed rows.
fn decoder<B: TrainBackend>() {
    let golden = Golden::<B>::open();
    for (name, tied) in [("tied", true), ("untied", false)] {
        let config = ModelConfig {
            hidden_size: 16,
            intermediate_size: 24,
            num_hidden_layers: 2,
            num_attention_heads: 4,
            num_key_value_heads: 2,
            rope_theta: 100.0,
            rms_norm_eps: 1e-5,
            tie_word_embeddings: tied,
            ..ModelConfig::tiny(23)
        };
        let decoder = Decoder::<B>::from_values(&config, &golden.device, &mut |param, shape| {
            assert_eq!(golden.shape(&format!("{name}.{param}")), shape);
            Ok(golden.floats(&format!("{name}.{param}")))
        });
        let decoder = decoder.unwrap().map(&mut RequireGrad);
        let tokens = golden.int::<2>(&format!("{name}.tokens"));
        let targets = golden.int::<2>(&format!("{name}.targets")).reshape([20]);
        let segments = Segments::from_lengths(&[vec![4, 6], vec![9]], 10).unwrap();

        let hidden = decoder.hidden(tokens, Some(&segments));
        let logits = values(decoder.logits(hidden.clone()));
        golden.assert_close(&format!("{name}.logits"), &logits);
        let (log_probs, _) = decoder.token_scores(hidden.reshape([20, 16]), targets, 1.0);
        let loss = log_probs.mean().neg();
        golden.assert_close(&format!("{name}.loss"), &values(loss.clone()));
        let grads = loss.backward();
        let mut found = Grads::<B>(&grads, Vec::new());
        decoder.visit(&mut found);
        let names = parameter_names(&config);
        assert_eq!(names.len(), found.1.len());
        for (param, grad) in names.iter().zip(&found.1) {
            golden.assert_close(&format!("{name}.grad.{param}"), grad);
        }
    }
}

/// Every check on one backend.
macro_rules! on_backend {
    ($name:ident, $backend:ty) => {
        mod $name {
            use super::*;

            on_backend!(@tests $backend: embedding, root_mean_square_norm, projection, rotation,
                gated_silu, attention, cached_attention, target_scores, adamw, decoder);
        }
    };
    (@tests $backend:ty: $($check:ident),*) => {
        $(
            #[test]
            fn $check() {
                super::$check::<Autodiff<$backend>>();
            }
        )*
    };
}

#[cfg(feature = "flex")]
on_backend!(flex, burn::backend::Flex);
#[cfg(feature = "ndarray")]
on_backend!(ndarray, burn::backend::NdArray);
#[cfg(feature = "cuda")]
on_backend!(cuda, burn::backend::Cuda);

#[test]
fn the_file_says_with_what_it_was_made() {
    let (_, header) = SafeTensors::read_metadata(GOLDEN).unwrap();
    let notes: HashMap<String, String> = header.metadata().clone().unwrap();
    let made_by = &notes["made_by"];
    assert!(made_by.contains("gradients.py with torch"), "{made_by}");
}
