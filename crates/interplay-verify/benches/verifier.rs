//! Solutions a second on one core, at both levels, with the ratio of strict to paper in view.
//!
//! Compares with the published verifier, which was measured at about 2,200 solutions a second
//! (Python, one core).

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use interplay_graph::SeedStreams;
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, Mode, TaskSpec};
use interplay_verify::{Gold, Level, Verifier};

fn pairs(op: u32, dialect: Dialect, mode: Mode) -> Vec<(Gold, String)> {
    let mut spec = TaskSpec::single(Counts::one(op), "zoo", dialect);
    spec.mixture[0].mode = mode;
    let data = Dataset::new(
        spec,
        &ContextLibrary::embedded(),
        SeedStreams::new(1),
        "bench",
    )
    .unwrap();
    let pair = |index| {
        let problem = data.get(index).unwrap();
        let gold = Gold::from_goal(problem.graph(), problem.goal());
        (gold.unwrap(), problem.solution_text())
    };
    (0..256).map(pair).collect()
}

fn verify(c: &mut Criterion) {
    let kinds = [
        ("prose", Dialect::Prose, Mode::Forward),
        ("terse", Dialect::Terse, Mode::Forward),
        ("reverse prose", Dialect::Prose, Mode::Reverse),
        ("reverse terse", Dialect::Terse, Mode::Reverse),
    ];
    for (name, dialect, mode) in kinds {
        let mut group = c.benchmark_group(format!("verify/{name}"));
        for op in [4, 20] {
            let pairs = pairs(op, dialect, mode);
            group.throughput(Throughput::Elements(pairs.len() as u64));
            for level in [Level::Paper, Level::Strict] {
                let verifier = Verifier::new(level);
                let id = BenchmarkId::new(level.name(), format!("op{op}"));
                group.bench_with_input(id, &pairs, |b, pairs| {
                    b.iter(|| {
                        let accepted =
                            |pair: &&(Gold, String)| verifier.verify(&pair.0, &pair.1).accepted;
                        assert_eq!(pairs.iter().filter(accepted).count(), pairs.len());
                    });
                });
            }
        }
        group.finish();
    }
}

/// Two threads beside one, on the same solutions: how well verifying scales.
fn threads(c: &mut Criterion) {
    let mut group = c.benchmark_group("verify/threads");
    let pairs = pairs(4, Dialect::Prose, Mode::Forward);
    let verifier = Verifier::new(Level::Strict);
    // Long enough that starting the threads does not count.
    const ROUNDS: usize = 200;
    let work = || {
        let accepted = |pair: &(Gold, String)| verifier.verify(&pair.0, &pair.1).accepted;
        for _ in 0..ROUNDS {
            assert!(pairs.iter().all(accepted));
        }
    };
    for threads in [1, 2] {
        let solutions = threads * ROUNDS * pairs.len();
        group.throughput(Throughput::Elements(solutions as u64));
        group.bench_function(BenchmarkId::from_parameter(threads), |b| {
            b.iter(|| {
                std::thread::scope(|scope| {
                    for _ in 0..threads {
                        scope.spawn(work);
                    }
                });
            });
        });
    }
    group.finish();
}

fn gold(c: &mut Criterion) {
    let mut group = c.benchmark_group("gold");
    for op in [4, 20] {
        let texts: Vec<String> = pairs(op, Dialect::Prose, Mode::Forward)
            .into_iter()
            .map(|pair| pair.1)
            .collect();
        group.throughput(Throughput::Elements(texts.len() as u64));
        group.bench_with_input(
            BenchmarkId::new("from_solution", format!("op{op}")),
            &texts,
            |b, texts| {
                b.iter(|| {
                    texts
                        .iter()
                        .map(|text| Gold::from_solution(text).unwrap().answer())
                        .sum::<i64>()
                });
            },
        );
    }
    group.finish();
}

criterion_group!(benches, verify, threads, gold);
criterion_main!(benches);
