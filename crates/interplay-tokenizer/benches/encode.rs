//! Throughput of encoding and decoding, in tokens per second, on one thread.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use interplay_environment::framing;
use interplay_tokenizer::{Tokenizer, TrainerSpec};

const PROBLEM: &str = "fox = 3. elk = fox + 2. owl = elk - fox + 7. bee = 2 * (owl + elk).";
const REASONING: &str = "fox = 3. elk = fox + 2 = 3 + 2 = 5. owl = elk - fox + 7 = 5 - 3 + 7 = 9. \
    bee = 2 * (owl + elk) = 2 * (9 + 5) = 28.";

fn bench(criterion: &mut Criterion) {
    let corpus = [PROBLEM, REASONING, " bee? 28"];
    let tokenizer = Tokenizer::train(corpus.iter(), &TrainerSpec::default())
        .expect("the benchmark's corpus is not empty");
    let prompt = framing::prompt(&format!("{PROBLEM} bee?"));
    let target = framing::target(REASONING, "28");
    let encode = || tokenizer.encode_sample(&prompt, &target);
    let sample = encode().expect("plain text encodes");

    let mut group = criterion.benchmark_group("tokenizer");
    group.throughput(Throughput::Elements(sample.ids.len() as u64));
    group.bench_function("encode_sample", |bencher| {
        bencher.iter(|| black_box(encode()));
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| black_box(tokenizer.decode(black_box(&sample.ids))));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
