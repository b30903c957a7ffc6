//! Problems per second through the estimator and its interval, 128 samples per problem.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use interplay_eval::PassAtK;

fn pass_at_k(c: &mut Criterion) {
    let right: Vec<u32> = (0..1000_u32).map(|i| (i * 37) % 129).collect();
    let mut group = c.benchmark_group("pass_at_k");
    group.throughput(Throughput::Elements(right.len() as u64));
    for k in [1, 32, 128] {
        group.bench_function(format!("k{k}"), |b| {
            b.iter(|| PassAtK::of(128, right.iter().copied(), k));
        });
    }
    group.finish();
}

criterion_group!(benches, pass_at_k);
criterion_main!(benches);
