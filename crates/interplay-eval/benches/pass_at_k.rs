//! Problems per second through the estimator and its interval, 128 samples per problem, and a
//! million verdicts (8,000 problems of 16 op x 128) into an `Evaluation` with 8 k, two measures and
//! cells by band, op and context, without and with the votes of wrong answers.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use interplay_eval::{EvalSettings, Evaluation, ItemScore, PassAtK};

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

/// Wrong answers as models give them: each one gets a third of the samples that are left, the last ones
/// a single sample.
fn wrong_answers(mut left: u32) -> Vec<u32> {
    let mut answers = Vec::new();
    while left > 0 {
        let votes = (left / 3).max(1);
        answers.push(votes);
        left -= votes;
    }
    answers
}

fn aggregate(c: &mut Criterion) {
    let settings = EvalSettings::default();
    let item = |id: u64| ItemScore {
        id,
        op: Some(2 + id as u32 % 16),
        context: Some(["zoo", "school", "movie"][id as usize % 3].to_owned()),
        band: Some(["id", "edge", "hard"][id as usize % 16 / 6].to_owned()),
        verified: (id * 37 % 129) as u32,
        answers: (id * 53 % 129) as u32,
        ..ItemScore::default()
    };
    let items: Vec<ItemScore> = (0..8000).map(item).collect();
    let mut group = c.benchmark_group("evaluation");
    group.throughput(Throughput::Elements(8000 * 128));
    let voted = items.iter().cloned().map(|item| ItemScore {
        wrong_answers: wrong_answers(128 - item.answers),
        ..item
    });
    let voted: Vec<ItemScore> = voted.collect();
    for (name, items) in [
        ("a million verdicts", &items),
        ("a million verdicts and maj@k", &voted),
    ] {
        group.bench_function(name, |b| {
            b.iter_batched(
                || items.clone(),
                |items| black_box(Evaluation::from_scores(&settings, "strict", items).ok()),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, pass_at_k, aggregate);
criterion_main!(benches);
