//! The account of whole stages: what their steps report adds up to what their ledgers say.
#![cfg(feature = "flex")]

mod fixtures;

use burn::backend::{Autodiff, Flex};
use fixtures::{World, pretraining};
use interplay_environment::Environment;
use interplay_model::{Activations, ModelFlops, Workload};
use interplay_train::ledger::Ledger;
use interplay_train::next_token::NextTokenSpec;
use interplay_train::parallel::Replicas;
use interplay_train::{Observer, StepReport};

/// Adds up the operations that steps report.
#[derive(Default)]
struct Operations(f64);

impl Observer for Operations {
    fn step(&mut self, report: &StepReport<'_>) {
        self.0 += report.flops.expect("a next-token step has a count");
    }
}

fn pretrain(world: &World, activations: Activations) -> (Ledger, u64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let spec = NextTokenSpec {
        activations,
        ..pretraining(3_000)
    };
    let mut operations = Operations::default();
    let device = Replicas::single(Default::default());
    let summary =
        fixtures::pretrain::<Autodiff<Flex>>(world, folder.path(), &spec, &device, &mut operations);
    let summary = summary.unwrap();
    (summary.ledger, summary.samples, operations.0)
}

#[test]
fn a_next_token_stage_accounts_for_its_samples_one_by_one() {
    let world = World::easy();
    let model = ModelFlops::new(&world.config);
    let (ledger, samples, reported) = pretrain(&world, Activations::Keep);
    let sample = |index| {
        let example = world.environment.example(index).unwrap();
        let sample = world
            .tokenizer
            .encode_sample(&example.prompt, &example.target);
        let tokens = sample.unwrap().ids.len();
        Workload::sequence(tokens, tokens - 1)
    };
    let expected: Workload = (0..samples).map(sample).sum();
    assert_eq!(ledger.workloads.trained, expected);
    assert_eq!(ledger.workloads.trained_packed, expected);
    assert_eq!(ledger.trained_tokens, expected.positions);
    let flops = ledger.flops(&model);
    assert_eq!(flops.total(), 3 * model.forward(&expected));
    assert_eq!(flops.total() as f64, reported);

    // Recomputation is paid for, and does not pass for progress.
    let (again, _, reported_again) = pretrain(&world, Activations::Recompute);
    assert_eq!(again.workloads.trained, expected);
    assert_eq!(again.flops(&model).total(), 4 * model.forward(&expected));
    assert_eq!(reported_again, reported);
}
