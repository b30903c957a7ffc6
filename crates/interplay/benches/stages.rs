//! Tokens a second of a training stage, everything included: generation of samples, rendering,
//! tokenizing, packing, forward, backward and update.

use std::time::{Duration, Instant};

use burn::backend::{Autodiff, Flex};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use interplay_dag::DagEnvironment;
use interplay_graph::SeedStreams;
use interplay_model::{Activations, ModelConfig, Precision};
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec, framing};
use interplay_tokenizer::{Tokenizer, TrainerSpec};
use interplay_train::next_token::{self, LossOn, NextTokenInput, NextTokenSpec, Start};
use interplay_train::optimizer::OptimizerSpec;
use interplay_train::schedule::{Decay, Schedule};
use interplay_train::{Silent, StageFolder};

/// Tokens of one measured stage.
const TOKENS: u64 = 20_000;

fn pretrain(criterion: &mut Criterion) {
    let streams = SeedStreams::new(1);
    let range = Counts::range(2, 5).expect("2 to 5 is a range");
    let task = TaskSpec::single(range, "zoo", Dialect::Terse);
    let library = ContextLibrary::embedded();
    let dataset = Dataset::new(task, &library, streams, "bench").expect("the spec is valid");
    let texts: Vec<String> = (0..2000)
        .map(|i| framing::model_text(&dataset.get(i).expect("a problem")))
        .collect();
    let trainer = TrainerSpec {
        vocab_size: 512,
        ..TrainerSpec::default()
    };
    let tokenizer = Tokenizer::train(texts.iter(), &trainer).expect("a tokenizer");
    let config = ModelConfig::tiny(tokenizer.vocab_size());
    let learning_rate = Schedule {
        peak: 1e-3,
        floor: 1e-4,
        warmup_share: 0.05,
        decay: Decay::Cosine,
    };
    let spec = NextTokenSpec {
        budget_tokens: TOKENS,
        rows: 32,
        row_tokens: 128,
        accumulation: 1,
        loss_on: LossOn::All,
        activations: Activations::Keep,
        precision: Precision::Float32,
        optimizer: OptimizerSpec::new(learning_rate),
        checkpoint_every_steps: u64::MAX,
    };
    let environment = DagEnvironment::new(dataset);
    let mut group = criterion.benchmark_group("pretrain 0.9M");
    group
        .throughput(Throughput::Elements(TOKENS))
        .sample_size(10);
    group.measurement_time(Duration::from_secs(30));
    group.bench_function("flex, tokens", |bencher| {
        bencher.iter_custom(|rounds| {
            let mut spent = Duration::ZERO;
            for _ in 0..rounds {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let input = NextTokenInput {
                    config: &config,
                    start: Start::Random(streams.stream("weights")),
                    environment: &environment,
                    tokenizer: &tokenizer,
                    spec: &spec,
                };
                let stage = StageFolder::new(folder.path(), "base", "bench");
                let began = Instant::now();
                let device = Default::default();
                next_token::run::<Autodiff<Flex>>(&stage, &input, &device, &mut Silent)
                    .expect("the stage runs");
                spent += began.elapsed();
            }
            spent
        });
    });
    group.finish();
}

criterion_group!(benches, pretrain);
criterion_main!(benches);
