//! Whole stages on a small model: they learn, they resume bit for bit, they stop on bad numbers.
#![cfg(feature = "flex")]

mod fixtures;

use std::path::Path;

use burn::backend::{Autodiff, Flex};
use fixtures::{Recorder, Sums, World, assert_same_files, killed, optimizer, pretraining};
use interplay_environment::Environment;
use interplay_model::{Precision, load_pretrained, parameter_values};
use interplay_objectives::credit::CreditSpec;
use interplay_objectives::loss::Aggregation;
use interplay_train::grpo::{self, GrpoSpec};
use interplay_train::next_token::NextTokenSpec;
use interplay_train::parallel::Replicas;
use interplay_train::schedule::{Decay, Schedule};
use interplay_train::{Observer, StageSummary, TrainError};

type Train = Autodiff<Flex>;

fn pretrain(
    world: &World,
    folder: &Path,
    spec: &NextTokenSpec,
    observer: &mut dyn Observer,
) -> Result<StageSummary, TrainError> {
    let device = Replicas::single(Default::default());
    fixtures::pretrain::<Train>(world, folder, spec, &device, observer)
}

fn reinforce(
    world: &World,
    start: &Path,
    folder: &Path,
    spec: &GrpoSpec,
    observer: &mut dyn Observer,
) -> Result<StageSummary, TrainError> {
    let device = Replicas::single(Default::default());
    fixtures::reinforce::<Train>(world, start, folder, spec, &device, observer)
}

fn grpo_spec() -> GrpoSpec {
    GrpoSpec {
        group_size: 4,
        minibatches: 2,
        rows: 4,
        temperature: 0.7,
        kl_coefficient: 1e-2,
        loss_type: Aggregation::Dapo,
        reward: grpo::RewardSpec::Process,
        optimizer: optimizer(1e-3),
        checkpoint_every_steps: 1,
        ..GrpoSpec::new(4, 4, 64, 24, optimizer(1e-3).learning_rate)
    }
}

#[test]
fn pretraining_learns_and_resumes_bit_for_bit() {
    let (world, folder) = (World::easy(), tempfile::tempdir().unwrap());
    let spec = pretraining(40_000);
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let mut observer = Recorder::new();
    let summary = pretrain(&world, &whole, &spec, &mut observer).unwrap();
    let (first, last) = (observer.losses[0], *observer.losses.last().unwrap());
    assert!(last < 0.5 * first, "loss went from {first} to {last}");
    assert!(summary.ledger.trained_tokens >= 40_000);
    for after in [2, 8, 11] {
        killed(after, |killer| drop(pretrain(&world, &cut, &spec, killer)));
    }
    let resumed = pretrain(&world, &cut, &spec, &mut Recorder::new()).unwrap();
    assert_eq!(resumed, summary);
    assert_same_files(&whole, &cut);
}

#[test]
fn products_in_bfloat16_train_weights_in_single_precision() {
    let (world, folder) = (World::easy(), tempfile::tempdir().unwrap());
    let spec = NextTokenSpec {
        precision: Precision::Bf16,
        ..pretraining(20_000)
    };
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let mut observer = Recorder::new();
    let summary = pretrain(&world, &whole, &spec, &mut observer).unwrap();
    let (first, last) = (observer.losses[0], *observer.losses.last().unwrap());
    assert!(last < 0.7 * first, "loss went from {first} to {last}");
    killed(5, |killer| drop(pretrain(&world, &cut, &spec, killer)));
    let resumed = pretrain(&world, &cut, &spec, &mut Recorder::new()).unwrap();
    assert_eq!(resumed, summary);
    assert_same_files(&whole, &cut);
    let stage = folder.path().join("grpo");
    let spec = GrpoSpec {
        steps: 1,
        precision: Precision::Bf16,
        ..grpo_spec()
    };
    let start = whole.join("model");
    reinforce(&world, &start, &stage, &spec, &mut Recorder::new()).unwrap();
    let weights = |stage: &Path| std::fs::read(stage.join("model/model.safetensors")).unwrap();
    assert_ne!(weights(&whole), weights(&stage), "the policy did not move");
}

#[test]
fn grpo_resumes_bit_for_bit_and_moves_the_policy() {
    let (world, folder) = (World::easy(), tempfile::tempdir().unwrap());
    let base = folder.path().join("base");
    pretrain(&world, &base, &pretraining(20_000), &mut Recorder::new()).unwrap();
    let start = base.join("model");
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let summary = reinforce(&world, &start, &whole, &grpo_spec(), &mut Recorder::new()).unwrap();
    assert_eq!((summary.steps, summary.samples), (4, 16));
    assert!(summary.ledger.generated_tokens > 0 && summary.ledger.reference_tokens > 0);
    for after in [1, 3] {
        killed(after, |killer| {
            drop(reinforce(&world, &start, &cut, &grpo_spec(), killer));
        });
    }
    assert_eq!(
        reinforce(&world, &start, &cut, &grpo_spec(), &mut Recorder::new()).unwrap(),
        summary
    );
    assert_same_files(&whole, &cut);
    let weights = |stage: &Path| std::fs::read(stage.join("model/model.safetensors")).unwrap();
    assert_ne!(weights(&base), weights(&whole), "the policy did not move");
}

#[test]
fn noisy_supervision_and_step_credit_are_reproducible_and_reach_the_policy() {
    let (world, folder) = (World::easy(), tempfile::tempdir().unwrap());
    let base = folder.path().join("base");
    pretrain(&world, &base, &pretraining(20_000), &mut Recorder::new()).unwrap();
    let start = base.join("model");
    let spec = GrpoSpec {
        credit: CreditSpec::FirstError,
        ..grpo_spec()
    };
    let noisy = World {
        environment: Sums {
            flipped: 80,
            ..world.environment
        },
        ..World::easy()
    };
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let exact = folder.path().join("exact");
    for (stage, world) in [(&one, &noisy), (&two, &noisy), (&exact, &world)] {
        reinforce(world, &start, stage, &spec, &mut Recorder::new()).unwrap();
    }
    assert_same_files(&one, &two);
    let weights = |stage: &Path| std::fs::read(stage.join("model/model.safetensors")).unwrap();
    assert_ne!(weights(&one), weights(&exact), "the noise did not reach it");
}

#[test]
fn the_first_update_sees_the_samplers_probabilities() {
    assert_trained_as_sampled(&World::easy());
}

/// Rows of the vocabulary beyond the tokenizer's entries are neither sampled nor part of what is trained.
#[test]
fn a_padded_vocabulary_is_trained_as_it_is_sampled() {
    let mut world = World::easy();
    world.config.vocab_size += 200;
    assert_trained_as_sampled(&world);
}

fn assert_trained_as_sampled(world: &World) {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base");
    pretrain(world, &base, &pretraining(4_000), &mut Recorder::new()).unwrap();
    let stage = folder.path().join("grpo");
    let mut spec = grpo_spec();
    spec.minibatches = 1;
    reinforce(
        world,
        &base.join("model"),
        &stage,
        &spec,
        &mut Recorder::new(),
    )
    .unwrap();
    let metrics = std::fs::read_to_string(stage.join("metrics.jsonl")).unwrap();
    let steps: Vec<serde_json::Value> = metrics
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for step in &steps {
        // One update a step: sampler and trainer hold the same weights, at temperature 0.7.
        let mismatch = step["sampling/sampling_logp_difference/mean"]
            .as_f64()
            .unwrap();
        assert!(mismatch < 1e-4, "{mismatch}");
        assert_eq!(step["clip_ratio/region_mean"], 0.0);
        assert!(step["ppo_kl"].as_f64().unwrap().abs() < 1e-4);
    }
    let kl = |step: usize| steps[step]["kl"].as_f64().unwrap();
    assert!(kl(0) < 1e-6, "the policy is its reference, found {}", kl(0));
    assert!(kl(3) > kl(0), "the policy did not leave its reference");
}

#[test]
fn a_loss_that_is_not_a_number_stops_and_keeps_the_checkpoint() {
    let (world, folder) = (World::easy(), tempfile::tempdir().unwrap());
    let stage = folder.path().join("base");
    let mut spec = pretraining(200_000);
    spec.checkpoint_every_steps = 1;
    killed(4, |killer| drop(pretrain(&world, &stage, &spec, killer)));
    // The next update diverges, and a checkpoint is due right after it.
    spec.optimizer.learning_rate.peak = 1e30;
    spec.optimizer.learning_rate.floor = 0.0;
    spec.optimizer.learning_rate.warmup_share = 0.0;
    let error = pretrain(&world, &stage, &spec, &mut Recorder::new()).unwrap_err();
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
    assert!(!stage.join("stage.json").exists());
    // The weights that failed are set aside; the checkpoint that is named still has finite ones.
    let device = Default::default();
    let (_, decoder) =
        load_pretrained::<Flex>(&Path::new(checkpoint).join("model"), &device).unwrap();
    let values = parameter_values(&decoder).unwrap();
    assert!(values.iter().flatten().all(|value| value.is_finite()));
    assert!(
        stage
            .join("checkpoints")
            .join(format!("diverged-{step:08}"))
            .exists()
    );
    // Going on from there ends the same way.
    let again = pretrain(&world, &stage, &spec, &mut Recorder::new()).unwrap_err();
    assert!(matches!(again, TrainError::NotFinite { .. }), "{again}");
}

#[test]
fn a_policy_that_diverges_is_reported_with_its_step() {
    let (world, folder) = (World::easy(), tempfile::tempdir().unwrap());
    let base = folder.path().join("base");
    pretrain(&world, &base, &pretraining(4_000), &mut Recorder::new()).unwrap();
    let mut spec = grpo_spec();
    spec.optimizer.learning_rate = Schedule {
        peak: 1e30,
        floor: 1e30,
        warmup_share: 0.0,
        decay: Decay::Constant,
    };
    let stage = folder.path().join("grpo");
    let error = reinforce(
        &world,
        &base.join("model"),
        &stage,
        &spec,
        &mut Recorder::new(),
    )
    .unwrap_err();
    assert!(matches!(error, TrainError::NotFinite { .. }), "{error}");
    assert!(error.to_string().contains("at step"), "{error}");
}

#[test]
fn settings_that_make_no_sense_are_all_named() {
    let (world, folder) = (World::easy(), tempfile::tempdir().unwrap());
    let mut spec = pretraining(0);
    spec.rows = 0;
    spec.optimizer.beta1 = 2.0;
    let error = pretrain(&world, folder.path(), &spec, &mut Recorder::new()).unwrap_err();
    let TrainError::InvalidSpec { issues, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(issues.0.len(), 3, "{issues}");
}

#[test]
fn a_reward_that_the_environment_lacks_is_refused_before_anything_runs() {
    let (world, folder) = (World::easy(), tempfile::tempdir().unwrap());
    let spec = GrpoSpec {
        reward: grpo::RewardSpec::Component {
            name: "brevity".into(),
        },
        ..grpo_spec()
    };
    let stage = folder.path().join("grpo");
    let start = folder.path().join("no-model");
    let error = reinforce(&world, &start, &stage, &spec, &mut Recorder::new()).unwrap_err();
    assert!(error.to_string().contains("`brevity`"), "{error}");
    assert!(!stage.exists());
}

#[test]
fn examples_that_do_not_fit_are_left_out_and_counted() {
    // Numbers of many lengths in tokens: most are too rare for a token of their own.
    let config = World::easy().config;
    let mut world = World::new(5, Sums::of(2, 400), 200, 320, config);
    let folder = tempfile::tempdir().unwrap();
    let length = |index| {
        let example = world.environment.example(index).unwrap();
        let sample = world
            .tokenizer
            .encode_sample(&example.prompt, &example.target);
        sample.unwrap().ids.len()
    };
    let lengths: Vec<usize> = (0..200).map(length).collect();
    let (shortest, longest) = (lengths.iter().min().unwrap(), lengths.iter().max().unwrap());
    assert!(shortest < longest, "all examples have {shortest} tokens");
    let mut spec = pretraining(6_000);
    spec.row_tokens = longest - 1;
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let summary = pretrain(&world, &whole, &spec, &mut Recorder::new()).unwrap();
    let overlong = |count: u64| {
        let passed = (0..count).map(length);
        passed.filter(|length| length >= longest).count() as u64
    };
    assert!(summary.overlong_examples > 0);
    assert_eq!(summary.overlong_examples, overlong(summary.samples));
    killed(5, |recorder| drop(pretrain(&world, &cut, &spec, recorder)));
    let resumed = pretrain(&world, &cut, &spec, &mut Recorder::new()).unwrap();
    assert_eq!(resumed, summary);
    assert_same_files(&whole, &cut);

    // A group whose longest completion would not fit takes no part in GRPO either.
    let prompt = |index| {
        let example = world.environment.example(index).unwrap();
        world
            .tokenizer
            .encode_prompt(&example.prompt)
            .unwrap()
            .len()
    };
    let most = (0..16).map(prompt).max().unwrap();
    let mut spec_of_rollouts = grpo_spec();
    spec_of_rollouts.row_tokens = most - 1 + spec_of_rollouts.max_new_tokens;
    let (start, stage) = (whole.join("model"), folder.path().join("grpo"));
    let summary = reinforce(
        &world,
        &start,
        &stage,
        &spec_of_rollouts,
        &mut Recorder::new(),
    )
    .unwrap();
    let too_long = (0..summary.samples).filter(|index| prompt(*index) >= most);
    let too_long = too_long.count() as u64;
    assert!(too_long > 0);
    assert_eq!(summary.overlong_examples, too_long);
    // Four steps of four prompts that fit.
    assert_eq!(summary.samples, 16 + too_long);
    let again = folder.path().join("grpo-again");
    killed(2, |recorder| {
        drop(reinforce(
            &world,
            &start,
            &again,
            &spec_of_rollouts,
            recorder,
        ));
    });
    let resumed = reinforce(
        &world,
        &start,
        &again,
        &spec_of_rollouts,
        &mut Recorder::new(),
    );
    assert_eq!(resumed.unwrap(), summary);
    assert_same_files(&stage, &again);

    // Where none fits, the stage says so instead of searching forever.
    world.environment.terms = 40;
    spec.row_tokens = 8;
    let stage = folder.path().join("none");
    let error = pretrain(&world, &stage, &spec, &mut Recorder::new()).unwrap_err();
    assert!(
        matches!(error, TrainError::NothingFits { row_tokens: 8, .. }),
        "{error}"
    );
}

#[test]
fn a_stage_keeps_how_its_model_is_sampled_and_names_what_differs() {
    let (world, folder) = (World::easy(), tempfile::tempdir().unwrap());
    let base = folder.path().join("base");
    pretrain(&world, &base, &pretraining(2_000), &mut Recorder::new()).unwrap();
    let settings = "{\n  \"temperature\": 0.6,\n  \"eos_token_id\": [1, 9],\n  \"own\": true\n}\n";
    std::fs::write(base.join("model/generation_config.json"), settings).unwrap();
    let stage = folder.path().join("grpo");
    let mut spec = grpo_spec();
    spec.steps = 1;
    let start = base.join("model");
    reinforce(&world, &start, &stage, &spec, &mut Recorder::new()).unwrap();
    let kept = std::fs::read_to_string(stage.join("model/generation_config.json")).unwrap();
    assert_eq!(kept, settings);

    let mut wider = World::easy();
    wider.config.intermediate_size = 96;
    let other = folder.path().join("other");
    let error = reinforce(&wider, &start, &other, &spec, &mut Recorder::new()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("`intermediate_size`: found 64, expected 96"),
        "{message}"
    );
}
