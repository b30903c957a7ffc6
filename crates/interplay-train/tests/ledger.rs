//! The account of whole stages: what their steps report adds up to what their ledgers say.
#![cfg(feature = "flex")]

mod fixtures;

use burn::backend::{Autodiff, Flex};
use fixtures::{World, optimizer, pretraining};
use interplay_environment::Environment;
use interplay_model::{Activations, ModelFlops, Workload};
use interplay_train::grpo::GrpoSpec;
use interplay_train::ledger::Ledger;
use interplay_train::next_token::NextTokenSpec;
use interplay_train::parallel::Replicas;
use interplay_train::{Observer, Silent, StepReport};

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

#[test]
fn a_grpo_stage_accounts_for_every_pass_over_its_rollouts() {
    let world = World::easy();
    let folder = tempfile::tempdir().unwrap();
    let (base, stage) = (folder.path().join("base"), folder.path().join("grpo"));
    let device = Replicas::single(Default::default());
    let spec = pretraining(3_000);
    fixtures::pretrain::<Autodiff<Flex>>(&world, &base, &spec, &device, &mut Silent).unwrap();
    let spec = GrpoSpec {
        group_size: 4,
        kl_coefficient: 1e-2,
        ..GrpoSpec::new(2, 4, 64, 24, optimizer(1e-3).learning_rate)
    };
    let start = base.join("model");
    let summary =
        fixtures::reinforce::<Autodiff<Flex>>(&world, &start, &stage, &spec, &device, &mut Silent);
    let ledger = summary.unwrap().ledger;
    let (work, rollouts) = (&ledger.workloads, 2 * 4 * 4);
    // Nothing is filtered, so every rollout is trained on and scored by the reference.
    assert_eq!(ledger.trained_tokens, ledger.generated_tokens);
    assert_eq!(ledger.reference_tokens, ledger.generated_tokens);
    assert_eq!(work.trained.positions, ledger.trained_tokens);
    assert_eq!(work.reference, work.trained);
    // The last token of a rollout is never fed back.
    assert_eq!(work.generated.positions, ledger.generated_tokens - rollouts);
    let fed_back = work.trained.attended - ledger.trained_tokens;
    assert_eq!(work.generated.attended, fed_back);
    assert_eq!(work.generated.outputs, work.trained.outputs);
    assert!(work.trained_packed.positions < work.trained.positions);
}
