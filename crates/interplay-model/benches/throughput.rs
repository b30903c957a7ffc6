//! Tokens a second of a training step and of sampling, on Flex, beside the machine's own matrix-product peak
//! measured in the same run.
//!
//! `cargo bench -p interplay-model`

use std::time::{Duration, Instant};

use burn::backend::{Autodiff, Flex};
use burn::module::{AutodiffModule, Module, ModuleMapper, Param};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Int, Tensor, TensorData, TensorPrimitive};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use interplay_model::{
    AdamWStep, Decoder, FusedOps, ModelConfig, Moments, Request, SamplingSettings, adamw_update,
    generate,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

type Train = Autodiff<Flex>;
type Grads = <Train as AutodiffBackend>::Gradients;

/// A model with its optimizer state.
struct Trainer {
    decoder: Option<Decoder<Train>>,
    moments: Vec<Option<Moments<Flex, 1>>>,
    tokens: Vec<i32>,
    batch: usize,
    seq: usize,
    number: u32,
}

struct Update<'a> {
    grads: &'a mut Grads,
    moments: &'a mut Vec<Option<Moments<Flex, 1>>>,
    position: usize,
    step: AdamWStep,
}

impl ModuleMapper<Train> for Update<'_> {
    fn map_float<const D: usize>(
        &mut self,
        param: Param<Tensor<Train, D>>,
    ) -> Param<Tensor<Train, D>> {
        let (id, tensor, mapper) = param.consume();
        let grad = tensor
            .grad_remove(self.grads)
            .expect("a gradient for every parameter");
        let inner = tensor.inner();
        let size = inner.dims();
        let count = size.iter().product::<usize>();
        let (inner, grad) = (inner.reshape([count]), grad.reshape([count]));
        if self.position == self.moments.len() {
            self.moments.push(Some(Moments::zeros_like(&inner)));
        }
        let moments = self.moments[self.position].take().expect("moments");
        let (param, moments) = adamw_update(inner, grad, moments, &self.step);
        self.moments[self.position] = Some(moments);
        self.position += 1;
        let param = Tensor::from_inner(param.reshape(size)).require_grad();
        Param::from_mapped_value(id, param, mapper)
    }
}

impl Trainer {
    fn new(config: &ModelConfig, batch: usize, seq: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let decoder = Decoder::init(config, &mut rng, &Default::default()).expect("valid sizes");
        let mut token = || (rng.next_u32() as usize % config.vocab_size) as i32;
        let tokens = (0..batch * (seq + 1)).map(|_| token()).collect();
        Self {
            decoder: Some(decoder),
            moments: Vec::new(),
            tokens,
            batch,
            seq,
            number: 0,
        }
    }

    /// Forward, backward, AdamW.
    fn step(&mut self) -> f32 {
        let decoder = self.decoder.take().expect("a model");
        let (batch, seq) = (self.batch, self.seq);
        let rows = self.tokens.chunks(seq + 1);
        let inputs: Vec<i32> = rows.clone().flat_map(|row| row[..seq].to_vec()).collect();
        let targets: Vec<i32> = rows.flat_map(|row| row[1..].to_vec()).collect();
        let device = Default::default();
        let inputs =
            Tensor::<Train, 2, Int>::from_data(TensorData::new(inputs, [batch, seq]), &device);
        let targets =
            Tensor::<Train, 1, Int>::from_data(TensorData::new(targets, [batch * seq]), &device);
        let hidden = decoder.hidden(inputs, None);
        let hidden = hidden.reshape([batch * seq, decoder.config().hidden_size]);
        let (scores, _) = decoder.token_scores(hidden, targets, 1.0);
        let loss = scores.mean().neg();
        let value = loss.clone().into_scalar();
        let mut grads = loss.backward();
        self.number += 1;
        let step = AdamWStep {
            lr: 1e-3,
            beta1: 0.9,
            beta2: 0.95,
            eps: 1e-8,
            weight_decay: 0.1,
            step: self.number,
            grad_scale: 1.0,
        };
        let mut update = Update {
            grads: &mut grads,
            moments: &mut self.moments,
            position: 0,
            step,
        };
        self.decoder = Some(decoder.map(&mut update));
        value
    }
}

fn sizes() -> Vec<(&'static str, ModelConfig, usize, usize)> {
    let medium = ModelConfig {
        hidden_size: 256,
        intermediate_size: 688,
        num_attention_heads: 8,
        ..ModelConfig::tiny(600)
    };
    vec![
        ("0.9M_64x64", ModelConfig::tiny(600), 64, 64),
        ("3.5M_16x256", medium, 16, 256),
    ]
}

/// Best rate of a large single-precision projection over all cores, in FLOP/s.
fn peak() -> f64 {
    // Rows of 1024 would be in each other's way in the cache.
    let size = 1000;
    let device = Default::default();
    let a = Tensor::<Flex, 2>::ones([size, size], &device);
    let mut best = 0.0_f64;
    for _ in 0..10 {
        let start = Instant::now();
        let factor = || a.clone().into_primitive().tensor();
        let product = Flex::project(factor(), factor(), None, None);
        let product = Tensor::<Flex, 2>::from_primitive(TensorPrimitive::Float(product));
        std::hint::black_box(product.into_data());
        best = best.max(2.0 * (size as f64).powi(3) / start.elapsed().as_secs_f64());
    }
    best
}

fn training(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("training_step");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(8));
    for (name, config, batch, seq) in sizes() {
        let mut trainer = Trainer::new(&config, batch, seq);
        group.throughput(Throughput::Elements((batch * seq) as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| trainer.step());
        });
        if trainer.number == 0 {
            continue; // Filtered out on the command line.
        }
        let (start, rounds) = (Instant::now(), 5);
        for _ in 0..rounds {
            trainer.step();
        }
        let rate = f64::from(rounds) * (batch * seq) as f64 / start.elapsed().as_secs_f64();
        let flops = 3.0 * config.forward_flops((seq + 1) as f64 / 2.0) * rate;
        let (mega, giga) = (config.parameters() as f64 / 1e6, flops / 1e9);
        let peak = peak();
        println!(
            "{name}: {mega:.2} M parameters, {rate:.0} tokens/s, {giga:.0} GFLOP/s, {:.0} % of the \
             matrix-product peak ({:.0} GFLOP/s)",
            100.0 * flops / peak,
            peak / 1e9,
        );
    }
    group.finish();
}

fn sampling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sampling");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(8));
    for (name, config, _, _) in sizes() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let device = Default::default();
        let decoder = Decoder::<Train>::init(&config, &mut rng, &device)
            .expect("valid sizes")
            .valid();
        let requests: Vec<Request> = (0..256)
            .map(|index| Request {
                prompt: (0..48).map(|_| rng.next_u32() % 600).collect(),
                stream: ChaCha8Rng::seed_from_u64(index),
            })
            .collect();
        let settings = SamplingSettings {
            max_new_tokens: 64,
            ..Default::default()
        };
        group.throughput(Throughput::Elements(256 * 64));
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| {
                generate(&decoder, &requests, &settings, &device, &mut |_, _| {}).expect("samples")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, training, sampling);
criterion_main!(benches);
