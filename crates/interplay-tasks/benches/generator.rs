//! Problems and megabytes of text a second on one core, with all texts and the gold graph.
//!
//! For scale: the published Python generator was measured at 155 accepted samples per second at
//! op 4 and 9 at op 20 on one core (arXiv 2512.07783's code, rejection sampling). The last lines
//! give the time per edge at op 200 as a ratio to that at op 20: 1 is linear.

use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use interplay_graph::SeedStreams;
use interplay_tasks::{Component, ContextLibrary, Counts, Dataset, Dialect, Mode, TaskSpec};

/// Problems in one iteration, so that their sizes average out.
const BATCH: u64 = 256;

fn data(dialect: Dialect, mode: Mode, d: u32, op: u32) -> Dataset {
    let part = Component {
        mode,
        d,
        ..Component::new(Counts::one(op), "zoo", dialect)
    };
    let streams = SeedStreams::new(1);
    let library = ContextLibrary::embedded();
    Dataset::new(TaskSpec::new(vec![part]), &library, streams, "bench").unwrap()
}

/// Writes all texts of a batch into one buffer, with their gold graphs; the bytes of text.
fn batch(data: &Dataset, first: u64, text: &mut String) -> u64 {
    let mut bytes = 0;
    for index in first..first + BATCH {
        let problem = data.get(index).unwrap();
        text.clear();
        problem.write_problem(text);
        problem.write_question(text);
        problem.write_solution(text);
        bytes += text.len() as u64;
        assert!(!problem.gold_graph().nodes.is_empty());
    }
    bytes
}

fn generator(criterion: &mut Criterion) {
    let forward = Mode::Forward;
    let kinds = [
        ("terse", Dialect::Terse, forward, 2, &[4, 20][..]),
        ("prose", Dialect::Prose, forward, 2, &[4, 20, 60, 200]),
        (
            "prose_three_layers",
            Dialect::Prose,
            forward,
            3,
            &[4, 20, 200],
        ),
        (
            "prose_reverse",
            Dialect::Prose,
            Mode::Reverse,
            2,
            &[4, 20, 200],
        ),
    ];
    let mut text = String::new();
    for (name, dialect, mode, d, ops) in kinds {
        let mut group = criterion.benchmark_group(format!("generator/{name}"));
        for op in ops {
            let data = data(dialect, mode, d, *op);
            group.throughput(Throughput::ElementsAndBytes {
                elements: BATCH,
                bytes: batch(&data, 0, &mut text),
            });
            let mut first = 0;
            group.bench_function(BenchmarkId::from_parameter(format!("op{op}")), |bencher| {
                bencher.iter(|| {
                    first += BATCH;
                    batch(&data, first, &mut text)
                });
            });
        }
        group.finish();
    }
}

/// One thread beside two on problems of their own: how well drawing scales.
fn threads(criterion: &mut Criterion) {
    // Long enough that starting the threads does not count.
    const BATCHES: u64 = 40;
    let mut group = criterion.benchmark_group("generator/threads");
    let data = data(Dialect::Prose, Mode::Forward, 2, 4);
    let work = &|thread: u64| {
        let mut text = String::new();
        for round in 0..BATCHES {
            batch(&data, (thread * BATCHES + round) * BATCH, &mut text);
        }
    };
    for threads in [1, 2] {
        group.throughput(Throughput::Elements(threads * BATCHES * BATCH));
        group.bench_function(BenchmarkId::from_parameter(threads), |bencher| {
            bencher.iter(|| {
                std::thread::scope(|scope| {
                    for thread in 0..threads {
                        scope.spawn(move || work(thread));
                    }
                });
            });
        });
    }
    group.finish();
}

/// Prints how much dearer an edge of a long problem is than one of a short one.
fn growth(_: &mut Criterion) {
    let mut text = String::new();
    for d in [2, 3] {
        let mut per_edge = [20, 200].map(|op| {
            let data = data(Dialect::Prose, Mode::Forward, d, op);
            let mut times: Vec<f64> = (0..9)
                .map(|round| {
                    let start = Instant::now();
                    batch(&data, round * BATCH, &mut text);
                    start.elapsed().as_secs_f64() / f64::from(op)
                })
                .collect();
            times.sort_unstable_by(f64::total_cmp);
            times[times.len() / 2]
        });
        per_edge
            .iter_mut()
            .for_each(|time| *time *= 1e9 / BATCH as f64);
        let [short, long] = per_edge;
        println!(
            "generator/growth, d = {d}: {short:.0} ns an edge at op 20, {long:.0} ns at op 200, \
             ratio {:.2}",
            long / short
        );
    }
}

criterion_group!(benches, generator, threads, growth);
criterion_main!(benches);
