//! Tools of corpora on one core, in problems per second: reading texts back into graphs,
//! fingerprints in each sense, and keeping fingerprints apart.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use interplay_graph::SeedStreams;
use interplay_tasks::likeness::{Fingerprint, Fingerprinted, Fingerprints, Likeness};
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, Problem, Sample, TaskSpec};

/// Problems in one iteration, so that their sizes average out.
const BATCH: u64 = 256;

fn problems(op: u32, dialect: Dialect) -> Vec<Problem> {
    let spec = TaskSpec::single(Counts::one(op), "zoo", dialect);
    let library = ContextLibrary::embedded();
    let data = Dataset::new(spec, &library, SeedStreams::new(1), "bench").unwrap();
    data.first(BATCH).iter().map(Result::unwrap).collect()
}

fn read_back(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("corpora/read back");
    group.throughput(Throughput::Elements(BATCH));
    for (dialect, name) in [(Dialect::Terse, "terse"), (Dialect::Prose, "prose")] {
        for op in [4, 20] {
            let samples: Vec<Sample> = problems(op, dialect)
                .iter()
                .map(Problem::to_sample)
                .collect();
            group.bench_function(BenchmarkId::new(name, op), |bencher| {
                bencher.iter(|| {
                    samples
                        .iter()
                        .map(|sample| sample.read_back().unwrap().answer())
                        .sum::<i64>()
                });
            });
        }
    }
    group.finish();
}

fn fingerprints(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("corpora/fingerprint");
    group.throughput(Throughput::Elements(BATCH));
    for op in [4, 20] {
        let problems = problems(op, Dialect::Prose);
        for likeness in Likeness::ALL {
            group.bench_function(BenchmarkId::new(likeness.name(), op), |bencher| {
                bencher.iter(|| {
                    for problem in &problems {
                        black_box(problem.fingerprint(likeness).unwrap());
                    }
                });
            });
        }
    }
    group.finish();
}

fn table(criterion: &mut Criterion) {
    const KEYS: u64 = 1_000_000;
    let mut group = criterion.benchmark_group("corpora/deduplicate");
    group.throughput(Throughput::Elements(KEYS));
    group.sample_size(10);
    group.bench_function("1M fingerprints", |bencher| {
        bencher.iter(|| {
            let mut seen: Fingerprints = Fingerprints::new();
            for key in 0..u128::from(KEYS) {
                // An odd factor spreads the keys over all bits.
                let spread = key.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
                seen.insert(Fingerprint(spread), ());
            }
            seen.len()
        });
    });
    group.finish();
}

criterion_group!(benches, read_back, fingerprints, table);
criterion_main!(benches);
