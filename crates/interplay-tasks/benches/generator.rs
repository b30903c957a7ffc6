//! Problems a second on one core, with all texts and the gold graph, in both dialects.
//!
//! For scale: the published Python generator was measured at 155 accepted samples a second at
//! op 4 and 9 at op 20 on one core (arXiv 2512.07783's code, rejection sampling).

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use interplay_graph::SeedStreams;
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};

/// Problems in one iteration, so that their sizes average out.
const BATCH: u64 = 256;

fn generator(criterion: &mut Criterion) {
    let library = ContextLibrary::embedded();
    for (dialect, name) in [(Dialect::Terse, "terse"), (Dialect::Prose, "prose")] {
        let mut group = criterion.benchmark_group(format!("generator/{name}"));
        group.throughput(Throughput::Elements(BATCH));
        let ops: &[u32] = if dialect == Dialect::Terse {
            &[4, 20]
        } else {
            &[4, 20, 200]
        };
        for op in ops {
            let spec = TaskSpec::single(Counts::one(*op), "zoo", dialect);
            let data = Dataset::new(spec, &library, SeedStreams::new(1), "bench").unwrap();
            let mut index = 0;
            group.bench_function(BenchmarkId::from_parameter(format!("op{op}")), |bencher| {
                bencher.iter(|| {
                    index += BATCH;
                    (index - BATCH..index)
                        .map(|index| {
                            let problem = data.get(index).unwrap();
                            problem.to_sample().solution.len() + problem.gold_graph().nodes.len()
                        })
                        .sum::<usize>()
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, generator);
criterion_main!(benches);
