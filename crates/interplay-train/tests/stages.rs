//! Whole stages on a small model: they learn, they resume bit for bit, they stop on bad numbers.
#![cfg(feature = "flex")]

use std::path::Path;

use burn::backend::{Autodiff, Flex};
use interplay_graph::SeedStreams;
use interplay_model::{Activations, ModelConfig, Precision, load_pretrained, parameter_values};
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec, framing};
use interplay_tokenizer::{Tokenizer, TrainerSpec};
use interplay_train::grpo::{self, GrpoInput, GrpoSpec};
use interplay_train::next_token::{self, LossOn, NextTokenInput, NextTokenSpec, Start};
use interplay_train::optimizer::OptimizerSpec;
use interplay_train::schedule::{Decay, Schedule};
use interplay_train::{Observer, StageFolder, StageSummary, StepReport, TrainError};

type Train = Autodiff<Flex>;

/// Stops a stage after some steps by panicking out of it, as a kill would.
struct Killer {
    after: u64,
    losses: Vec<f64>,
}

impl Killer {
    fn never() -> Self {
        Self {
            after: u64::MAX,
            losses: Vec::new(),
        }
    }
}

impl Observer for Killer {
    fn step(&mut self, report: &StepReport<'_>) {
        self.losses.push(report.numbers[0].1);
        assert!(report.step + 1 < self.after, "killed");
    }
}

struct World {
    dataset: Dataset,
    tokenizer: Tokenizer,
    config: ModelConfig,
    streams: SeedStreams,
}

fn world() -> World {
    let streams = SeedStreams::new(5);
    let mut spec = TaskSpec::single(Counts::one(2), "zoo", Dialect::Terse);
    spec.max_value = Some(12);
    spec.distractors = Counts::one(0);
    spec.nouns = Some(6);
    let dataset = Dataset::new(spec, &ContextLibrary::embedded(), streams, "train").unwrap();
    let texts: Vec<String> = (0..200)
        .map(|i| framing::model_text(&dataset.get(i).unwrap()))
        .collect();
    let trainer = TrainerSpec {
        vocab_size: 320,
        ..TrainerSpec::default()
    };
    let tokenizer = Tokenizer::train(texts.iter(), &trainer).unwrap();
    let config = ModelConfig {
        hidden_size: 32,
        intermediate_size: 64,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        num_key_value_heads: 1,
        max_position_embeddings: 64,
        ..ModelConfig::tiny(tokenizer.vocab_size())
    };
    World {
        dataset,
        tokenizer,
        config,
        streams,
    }
}

fn optimizer(peak: f64) -> OptimizerSpec {
    OptimizerSpec::new(Schedule {
        peak,
        floor: peak / 10.0,
        warmup_share: 0.1,
        decay: Decay::Cosine,
    })
}

fn pretraining(budget_tokens: u64) -> NextTokenSpec {
    NextTokenSpec {
        budget_tokens,
        rows: 8,
        row_tokens: 64,
        accumulation: 2,
        loss_on: LossOn::All,
        activations: Activations::Keep,
        precision: Precision::Float32,
        optimizer: optimizer(1e-2),
        checkpoint_every_steps: 3,
    }
}

fn pretrain(
    world: &World,
    place: &Path,
    spec: &NextTokenSpec,
    observer: &mut dyn Observer,
) -> Result<StageSummary, TrainError> {
    let input = NextTokenInput {
        config: &world.config,
        start: Start::Random(world.streams.stream("weights")),
        dataset: &world.dataset,
        tokenizer: &world.tokenizer,
        spec,
    };
    let folder = StageFolder::new(place, "base", "key");
    next_token::run::<Train>(&folder, &input, &Default::default(), observer)
}

fn grpo_spec() -> GrpoSpec {
    GrpoSpec {
        steps: 4,
        prompts: 4,
        group_size: 4,
        minibatches: 2,
        rows: 4,
        row_tokens: 64,
        max_new_tokens: 24,
        temperature: 0.7,
        clip_low: 0.2,
        clip_high: 0.2,
        kl_coefficient: 1e-2,
        advantage_scale: grpo::AdvantageScale::Group,
        loss: grpo::LossKind::Dapo,
        filter_uniform_groups: false,
        reward: grpo::RewardSpec::Process,
        credit: grpo::Credit::Completion,
        noise: None,
        level: interplay_verify::Level::Strict,
        activations: Activations::Keep,
        precision: Precision::Float32,
        optimizer: optimizer(1e-3),
        checkpoint_every_steps: 1,
    }
}

fn reinforce(
    world: &World,
    start: &Path,
    place: &Path,
    spec: &GrpoSpec,
    observer: &mut dyn Observer,
) -> Result<StageSummary, TrainError> {
    let input = GrpoInput {
        config: &world.config,
        start,
        dataset: &world.dataset,
        tokenizer: &world.tokenizer,
        stream: world.streams.stream("rollouts"),
        spec,
    };
    let folder = StageFolder::new(place, "grpo", "key");
    grpo::run::<Train>(&folder, &input, &Default::default(), observer)
}

fn killed(work: impl FnOnce(&mut Killer), after: u64) {
    let mut killer = Killer {
        after,
        losses: Vec::new(),
    };
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&mut killer)));
    assert!(outcome.is_err(), "the stage ended before step {after}");
}

fn same_bytes(left: &Path, right: &Path, files: &[&str]) {
    for file in files {
        let read = |folder: &Path| std::fs::read(folder.join(file)).unwrap();
        assert_eq!(read(left), read(right), "{file} differs");
    }
}

const FILES: [&str; 3] = ["model/model.safetensors", "metrics.jsonl", "stage.json"];

#[test]
fn pretraining_learns_and_resumes_bit_for_bit() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let spec = pretraining(40_000);
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let mut observer = Killer::never();
    let summary = pretrain(&world, &whole, &spec, &mut observer).unwrap();
    let (first, last) = (observer.losses[0], *observer.losses.last().unwrap());
    assert!(last < 0.5 * first, "loss went from {first} to {last}");
    assert!(summary.ledger.trained_tokens >= 40_000);
    for after in [2, 8, 11] {
        killed(|killer| drop(pretrain(&world, &cut, &spec, killer)), after);
    }
    let resumed = pretrain(&world, &cut, &spec, &mut Killer::never()).unwrap();
    assert_eq!(resumed, summary);
    same_bytes(&whole, &cut, &FILES);
}

#[test]
fn products_in_bfloat16_train_weights_in_single_precision() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let spec = NextTokenSpec {
        precision: Precision::Bf16,
        ..pretraining(20_000)
    };
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let mut observer = Killer::never();
    let summary = pretrain(&world, &whole, &spec, &mut observer).unwrap();
    let (first, last) = (observer.losses[0], *observer.losses.last().unwrap());
    assert!(last < 0.7 * first, "loss went from {first} to {last}");
    killed(|killer| drop(pretrain(&world, &cut, &spec, killer)), 5);
    let resumed = pretrain(&world, &cut, &spec, &mut Killer::never()).unwrap();
    assert_eq!(resumed, summary);
    same_bytes(&whole, &cut, &FILES);
    let place = folder.path().join("grpo");
    let spec = GrpoSpec {
        steps: 1,
        precision: Precision::Bf16,
        ..grpo_spec()
    };
    let start = whole.join("model");
    reinforce(&world, &start, &place, &spec, &mut Killer::never()).unwrap();
    let weights = |place: &Path| std::fs::read(place.join("model/model.safetensors")).unwrap();
    assert_ne!(weights(&whole), weights(&place), "the policy did not move");
}

#[test]
fn grpo_resumes_bit_for_bit_and_moves_the_policy() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let base = folder.path().join("base");
    pretrain(&world, &base, &pretraining(20_000), &mut Killer::never()).unwrap();
    let start = base.join("model");
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let summary = reinforce(&world, &start, &whole, &grpo_spec(), &mut Killer::never()).unwrap();
    assert_eq!((summary.steps, summary.samples), (4, 16));
    assert!(summary.ledger.generated_tokens > 0 && summary.ledger.reference_tokens > 0);
    for after in [1, 3] {
        killed(
            |killer| drop(reinforce(&world, &start, &cut, &grpo_spec(), killer)),
            after,
        );
    }
    assert_eq!(
        reinforce(&world, &start, &cut, &grpo_spec(), &mut Killer::never()).unwrap(),
        summary
    );
    same_bytes(&whole, &cut, &FILES);
    let weights = |place: &Path| std::fs::read(place.join("model/model.safetensors")).unwrap();
    assert_ne!(weights(&base), weights(&whole), "the policy did not move");
}

#[test]
fn noisy_supervision_and_step_credit_are_reproducible_and_reach_the_policy() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let base = folder.path().join("base");
    pretrain(&world, &base, &pretraining(20_000), &mut Killer::never()).unwrap();
    let start = base.join("model");
    let noisy = GrpoSpec {
        credit: grpo::Credit::FirstError,
        noise: Some(interplay_verify::Noise::Flip { rate: 0.3 }),
        ..grpo_spec()
    };
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let exact = folder.path().join("exact");
    for (place, spec) in [(&one, &noisy), (&two, &noisy), (&exact, &grpo_spec())] {
        reinforce(&world, &start, place, spec, &mut Killer::never()).unwrap();
    }
    same_bytes(&one, &two, &FILES);
    let weights = |place: &Path| std::fs::read(place.join("model/model.safetensors")).unwrap();
    assert_ne!(weights(&one), weights(&exact), "the noise did not reach it");
}

#[test]
fn the_first_update_sees_the_samplers_probabilities() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let base = folder.path().join("base");
    pretrain(&world, &base, &pretraining(4_000), &mut Killer::never()).unwrap();
    let place = folder.path().join("grpo");
    let mut spec = grpo_spec();
    spec.minibatches = 1;
    reinforce(
        &world,
        &base.join("model"),
        &place,
        &spec,
        &mut Killer::never(),
    )
    .unwrap();
    let metrics = std::fs::read_to_string(place.join("metrics.jsonl")).unwrap();
    let steps: Vec<serde_json::Value> = metrics
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for step in &steps {
        // One update a step: sampler and trainer hold the same weights, at temperature 0.7.
        let mismatch = step["rollout_mismatch_nats"].as_f64().unwrap();
        assert!(mismatch < 1e-4, "{mismatch}");
        assert_eq!(step["clipped"], 0.0);
    }
    let kl = |step: usize| steps[step]["kl_nats"].as_f64().unwrap();
    assert!(kl(0) < 1e-6, "the policy is its reference, found {}", kl(0));
    assert!(kl(3) > kl(0), "the policy did not leave its reference");
}

#[test]
fn a_loss_that_is_not_a_number_stops_and_keeps_the_checkpoint() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let place = folder.path().join("base");
    let mut spec = pretraining(200_000);
    spec.checkpoint_every_steps = 1;
    killed(|killer| drop(pretrain(&world, &place, &spec, killer)), 4);
    // The next update diverges, and a checkpoint is due right after it.
    spec.optimizer.rate.peak = 1e30;
    spec.optimizer.rate.floor = 0.0;
    spec.optimizer.rate.warmup_share = 0.0;
    let error = pretrain(&world, &place, &spec, &mut Killer::never()).unwrap_err();
    let TrainError::NotFinite {
        step, checkpoint, ..
    } = &error
    else {
        panic!("{error}")
    };
    assert!(
        *step == 4 && checkpoint.contains("step-00000003"),
        "{error}"
    );
    assert!(!place.join("stage.json").exists());
    // The weights that failed are set aside; the checkpoint that is named still has finite ones.
    let device = Default::default();
    let (_, decoder) =
        load_pretrained::<Flex>(&Path::new(checkpoint).join("model"), &device).unwrap();
    let values = parameter_values(&decoder).unwrap();
    assert!(values.iter().flatten().all(|value| value.is_finite()));
    assert!(
        place
            .join("checkpoints")
            .join(format!("diverged-{step:08}"))
            .exists()
    );
    // Going on from there ends the same way.
    let again = pretrain(&world, &place, &spec, &mut Killer::never()).unwrap_err();
    assert!(matches!(again, TrainError::NotFinite { .. }), "{again}");
}

#[test]
fn a_policy_that_diverges_is_reported_with_its_step() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let base = folder.path().join("base");
    pretrain(&world, &base, &pretraining(4_000), &mut Killer::never()).unwrap();
    let mut spec = grpo_spec();
    spec.optimizer.rate = Schedule {
        peak: 1e30,
        floor: 1e30,
        warmup_share: 0.0,
        decay: Decay::Constant,
    };
    let place = folder.path().join("grpo");
    let error = reinforce(
        &world,
        &base.join("model"),
        &place,
        &spec,
        &mut Killer::never(),
    )
    .unwrap_err();
    assert!(matches!(error, TrainError::NotFinite { .. }), "{error}");
    assert!(error.to_string().contains("at step"), "{error}");
}

#[test]
fn a_truncated_checkpoint_is_an_error_that_names_it() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let place = folder.path().join("base");
    let spec = pretraining(40_000);
    killed(|killer| drop(pretrain(&world, &place, &spec, killer)), 4);
    let checkpoint = place.join("checkpoints/step-00000003");
    for file in [
        "model/model.safetensors",
        "optimizer.safetensors",
        "progress.json",
    ] {
        let whole = std::fs::read(checkpoint.join(file)).unwrap();
        std::fs::write(checkpoint.join(file), &whole[..whole.len() / 2]).unwrap();
        let error = pretrain(&world, &place, &spec, &mut Killer::never()).unwrap_err();
        assert!(matches!(error, TrainError::BadCheckpoint { .. }), "{error}");
        assert!(error.to_string().contains("step-00000003"), "{error}");
        std::fs::write(checkpoint.join(file), &whole).unwrap();
    }
}

#[test]
fn settings_that_make_no_sense_are_all_named() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let mut spec = pretraining(0);
    spec.rows = 0;
    spec.optimizer.beta1 = 2.0;
    let error = pretrain(&world, folder.path(), &spec, &mut Killer::never()).unwrap_err();
    let TrainError::InvalidSpec { problems, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(problems.len(), 3, "{problems:?}");
}
