//! Every objective through whole stages: it trains, it reports, and it resumes bit for bit.
#![cfg(feature = "flex")]

mod fixtures;

use std::path::Path;

use burn::backend::{Autodiff, Flex};
use fixtures::{Recorder, Sums, World, assert_same_files, killed, optimizer, pretraining};
use interplay_environment::{Environment, EnvironmentError, Example, Score, components};
use interplay_graph::SeedStreams;
use interplay_train::grpo::{self, GrpoInput, GrpoSpec};
use interplay_train::parallel::{ReplicaSpec, Replicas};
use interplay_train::{Observer, StageFolder, StageSummary, TrainError};
use serde_json::Value;

type Train = Autodiff<Flex>;

/// Sums of two and of three numbers in turn, judged by the toss of a coin: a small model solves next to none of
/// them, and an objective has nothing to tell apart in groups that are all wrong.
struct Mixed {
    sums: [Sums; 2],
    /// One completion in so many is right.
    odds: u64,
}

impl Mixed {
    fn new(odds: u64) -> Self {
        let noisy = |terms| Sums {
            flipped: 80,
            ..Sums::of(terms, 9)
        };
        Self {
            sums: [noisy(2), noisy(3)],
            odds,
        }
    }
}

impl Environment for Mixed {
    fn name(&self) -> &str {
        "mixed"
    }

    fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
        self.sums[(index % 2) as usize].example(index)
    }

    fn score(&self, example: &Example, text: &str, draw: u64) -> Result<Score, EnvironmentError> {
        let score = self.sums[(example.id % 2) as usize].score(example, text, draw)?;
        let right = draw.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let right = right.is_multiple_of(self.odds);
        let value = f64::from(u8::from(right));
        let mut score = score
            .with_component(components::OUTCOME, value)
            .with_component(components::ACCEPTED, value);
        (score.accepted, score.answer_correct) = (right, right);
        Ok(score)
    }

    fn components(&self) -> Vec<String> {
        self.sums[0].components()
    }
}

/// A base model in its folder, and what it was made of.
struct Base {
    world: World,
    folder: tempfile::TempDir,
}

impl Base {
    fn new(budget_tokens: u64) -> Self {
        let (world, folder) = (World::easy(), tempfile::tempdir().unwrap());
        let path = folder.path().join("base");
        let spec = pretraining(budget_tokens);
        let device = Replicas::single(Default::default());
        let mut observer = Recorder::new();
        fixtures::pretrain::<Train>(&world, &path, &spec, &device, &mut observer).unwrap();
        Self { world, folder }
    }

    fn run(
        &self,
        environment: &dyn Environment,
        name: &str,
        spec: &GrpoSpec,
        observer: &mut dyn Observer,
    ) -> Result<StageSummary, TrainError> {
        let input = GrpoInput {
            config: &self.world.config,
            start: &self.folder.path().join("base/model"),
            environment,
            tokenizer: &self.world.tokenizer,
            stream: SeedStreams::new(5).stream("rollouts"),
            spec,
            calibration: &[],
        };
        let folder = StageFolder::new(self.path(name), "grpo", fixtures::KEY);
        grpo::run_on::<Train>(
            &folder,
            &input,
            &Replicas::single(Default::default()),
            observer,
        )
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

/// Two small steps with settings from a file.
fn spec(settings: &str) -> GrpoSpec {
    let steps = if settings.starts_with("steps = ") {
        ""
    } else {
        "steps = 2"
    };
    let text = format!(
        "{steps}\nprompts = 4\ngroup_size = 4\nminibatches = 2\nrows = 4\nrow_tokens = 64\n\
         max_new_tokens = 24\ncheckpoint_every_steps = 1\n{settings}\n\
         [optimizer]\nlearning_rate = {{ peak = 1e-3 }}"
    );
    let mut spec: GrpoSpec =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    spec.optimizer = optimizer(1e-3);
    let issues = spec.validate();
    assert!(issues.is_empty(), "{settings}: {issues}");
    spec
}

fn metrics(stage: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(stage.join("metrics.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn weights(stage: &Path) -> Vec<u8> {
    std::fs::read(stage.join("model/model.safetensors")).unwrap()
}

/// Each setting reaches the policy: it moves, and to somewhere else than with the plain objective.
#[test]
fn every_objective_trains_and_makes_a_difference() {
    let base = Base::new(4_000);
    let process = "reward = { kind = \"process\" }";
    let plain = spec(process);
    let environment = Mixed::new(3);
    base.run(&environment, "plain", &plain, &mut Recorder::new())
        .unwrap();
    let settings = [
        "loss_type = \"dr_grpo\"",
        "loss_type = \"dapo\"",
        "loss_type = \"bnpo\"",
        "loss_type = \"sequence_sum\"",
        "surrogate = \"cispo\"\nclip_low = 0.0\nclip_high = 0.0",
        "clip_low = 0.0\nclip_high = 0.0\ndelta = 1.001",
        "importance_sampling_level = \"sequence\"\nnum_iterations = 3",
        "advantage = { scale_rewards = \"none\" }",
        "advantage = { scale_rewards = \"batch\" }",
        "advantage = { estimator = \"rloo\" }",
        "advantage = { estimator = \"grpo_passk\" }",
        "advantage = { estimator = \"reinforce_plus_plus\" }",
        "advantage = { positive_weight = 0.2 }",
        "kl_coefficient = 0.5\nkl_estimator = \"k2\"",
        "kl_coefficient = 0.5\nkl_estimator = \"js\"",
        "kl_coefficient = 0.5\nkl_ratio_factor = true",
        "kl_coefficient = 0.5\nkl_in_reward = true",
        "kl_coefficient = 0.5\nkl_adaptive = { target = 1e-3, horizon = 64 }",
        "kl_coefficient = 0.5\nreference = { sync = { every_steps = 1, mixup_alpha = 0.5 } }",
        "entropy_coefficient = 0.05",
        "clip_cov = { ratio = 0.2, low = -1.0, high = 1.0 }",
        "surrogate = \"none\"\nkl_cov = { ratio = 0.2 }",
        "surrogate = \"sapo\"",
        "surrogate = \"geometric_mean\"\nnum_iterations = 2",
        "old_log_probs = \"trainer\"\nnum_iterations = 2",
        "old_log_probs = \"trainer\"\ncorrection = { level = \"sequence\", max = 1.5 }\ntop_p = 0.8",
        "top_k = 2",
        "min_p = 0.3",
        "overlong = { max_completion_len = 16, soft_punish_cache = 12 }",
        "credit = \"first_error\"",
        "credit = \"potential\"",
        "credit = \"node\"",
        "credit = \"process\"",
        "dynamic_sampling = { max_num_gen_batches = 3 }",
    ];
    for (index, setting) in settings.iter().enumerate() {
        let name = format!("stage-{index}");
        let spec = spec(&format!("{process}\n{setting}"));
        let summary = base.run(&environment, &name, &spec, &mut Recorder::new());
        assert_eq!(summary.unwrap().steps, 2, "{setting}");
        assert!(
            weights(&base.path(&name)) != weights(&base.path("base")),
            "{setting}"
        );
        assert!(
            weights(&base.path(&name)) != weights(&base.path("plain")),
            "{setting}"
        );
        for line in metrics(&base.path(&name)) {
            assert!(
                line["loss"].is_number() && line["reward"].is_number(),
                "{setting}: {line}"
            );
        }
    }
}

/// Objectives that count successes, on a reward that is 0 or 1, and those that leave out groups or completions.
/// No two of them do the same.
#[test]
fn objectives_on_successes_train() {
    let base = Base::new(4_000);
    // Every completion that ends is right: a quarter of the first ones, in some of the groups.
    let environment = Mixed::new(1);
    let settings = [
        "",
        "advantage = { scale_rewards = \"none\" }",
        "filter_zero_std_groups = true",
        "mask_truncated_completions = true",
        "advantage = { estimator = { pass_at_k = { k = 2 } } }",
        "advantage = { focal_gamma = 2.0 }",
        "advantage = { unlikeliness = {} }",
        "advantage = { gate = \"zero_success\" }",
        "advantage = { gate = { boundary = { k = 4 } } }",
        "advantage = { scale_rewards = \"none\", fade = {} }",
    ];
    for (index, setting) in settings.iter().enumerate() {
        let name = format!("stage-{index}");
        let spec = spec(&format!("reward = {{ kind = \"outcome\" }}\n{setting}"));
        base.run(&environment, &name, &spec, &mut Recorder::new())
            .unwrap();
        for earlier in (0..index).map(|earlier| format!("stage-{earlier}")) {
            assert!(
                weights(&base.path(&name)) != weights(&base.path(&earlier)),
                "{setting} does what {earlier} does"
            );
        }
    }
    // All begin with the same rollouts. Groups and completions that are left out are not trained on.
    let first = |index: usize| metrics(&base.path(&format!("stage-{index}"))).swap_remove(0);
    let (plain, filtered, masked) = (first(0), first(2), first(3));
    let number = |step: &Value, name: &str| step[name].as_f64().unwrap();
    for name in ["reward", "tokens/sampled", "frac_reward_zero_std"] {
        assert_eq!(plain[name], filtered[name]);
        assert_eq!(plain[name], masked[name]);
    }
    let trained = |step| number(step, "tokens/trained");
    assert_eq!(trained(&plain), number(&plain, "tokens/sampled"));
    assert!(number(&plain, "frac_reward_zero_std") > 0.0);
    assert!(trained(&filtered) > 0.0 && trained(&filtered) < trained(&plain));
    let cut = number(&plain, "completions/clipped_ratio");
    assert!(cut > 0.0 && cut < 1.0, "{cut}");
    assert!(trained(&masked) > 0.0 && trained(&masked) < trained(&plain));
}

/// Everything that has a state, at once: curriculum, refilling, a reference and a weight that move, averages of
/// advantages, several passes over a batch, log files.
#[test]
fn a_stage_with_every_kind_of_state_resumes_bit_for_bit() {
    let base = Base::new(4_000);
    let spec = spec(
        "steps = 8\nreward = { kind = \"outcome\" }\nkl_coefficient = 0.1\nnum_iterations = 2\n\
         old_log_probs = \"trainer\"\ncorrection = {}\nlog_completions_every_steps = 2\n\
         kl_adaptive = { target = 1e-3, horizon = 64 }\n\
         reference = { sync = { every_steps = 3, mixup_alpha = 0.5 } }\n\
         clip_cov = { ratio = 0.1, low = -1.0, high = 1.0 }\n\
         advantage = { scale_rewards = \"none\", fade = {} }\n\
         dynamic_sampling = { max_num_gen_batches = 3 }\n\
         curriculum = { kind = \"iterative\", start = \"1-2\", every_steps = 2 }",
    );
    let environment = Mixed::new(6);
    let whole = base
        .run(&environment, "whole", &spec, &mut Recorder::new())
        .unwrap();
    for after in 1..8 {
        killed(after, |killer| {
            drop(base.run(&environment, "cut", &spec, killer));
        });
    }
    let resumed = base
        .run(&environment, "cut", &spec, &mut Recorder::new())
        .unwrap();
    assert_eq!(resumed, whole);
    assert_same_files(&base.path("whole"), &base.path("cut"));
    for file in [
        "completions/step-00000006.jsonl",
        "curriculum/step-00000008.json",
    ] {
        let read = |name: &str| std::fs::read(base.path(name).join(file)).unwrap();
        assert!(read("whole") == read("cut"), "{file} differs");
    }
    let steps = metrics(&base.path("whole"));
    let number = |step: &Value, name: &str| step[name].as_f64().unwrap();
    let sampled: f64 = steps
        .iter()
        .map(|step| number(step, "groups/sampled"))
        .sum();
    assert!(sampled > 8.0 * 4.0, "nothing was refilled");
    assert_eq!(steps[0]["kl_coefficient"], 0.1);
    assert_ne!(steps[7]["kl_coefficient"], 0.1);
    assert!(number(&steps[0], "sampling/sampling_logp_difference/max") < 1e-3);
}

/// Covariances are those of the tokens of a pass, which devices would split.
#[test]
fn losses_over_the_tokens_of_a_pass_are_refused_on_several_devices() {
    let base = Base::new(4_000);
    let spec = spec("clip_cov = {}");
    let input = GrpoInput {
        config: &base.world.config,
        start: &base.path("base/model"),
        environment: &Mixed::new(3),
        tokenizer: &base.world.tokenizer,
        stream: SeedStreams::new(5).stream("rollouts"),
        spec: &spec,
        calibration: &[],
    };
    let replicas =
        Replicas::single(Default::default()).with([ReplicaSpec::Local(Default::default())]);
    let folder = StageFolder::new(base.path("two"), "grpo", fixtures::KEY);
    let error = grpo::run_on::<Train>(&folder, &input, &replicas, &mut Recorder::new());
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("`clip_cov`") && error.contains("2"),
        "{error}"
    );
    assert!(!base.path("two").exists());
}

/// A curriculum takes from the environment what its band names.
#[test]
fn a_band_is_all_that_is_practiced() {
    let base = Base::new(4_000);
    let band =
        spec("reward = { kind = \"process\" }\ncurriculum = { kind = \"static\", band = 2 }");
    let summary = base
        .run(&Mixed::new(3), "band", &band, &mut Recorder::new())
        .unwrap();
    assert_eq!(summary.samples, 16, "every second example was passed over");
    for step in metrics(&base.path("band")) {
        assert!(step["reward/op_2"].is_number() && step.get("reward/op_1").is_none());
    }
}

#[test]
fn what_cannot_be_followed_is_refused_before_anything_is_written() {
    let base = Base::new(4_000);
    let mut broken = spec("curriculum = { kind = \"static\", band = 2 }");
    broken.advantage = toml::from_str("estimator = { pass_at_k = { k = 9 } }").unwrap();
    broken.reward = grpo::RewardSpec::Component {
        name: "brevity".into(),
    };
    let error = base
        .run(&Mixed::new(3), "broken", &broken, &mut Recorder::new())
        .unwrap_err()
        .to_string();
    for part in [
        "advantage.estimator.pass_at_k.k",
        "`brevity`",
        "a reward that is 0 or 1",
    ] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!base.path("broken").exists());
}

/// Completions that never end earn nothing, whatever the environment says of them.
#[test]
fn a_completion_that_never_ends_is_not_accepted() {
    let base = Base::new(4_000);
    let mut short = spec("reward = { kind = \"outcome\" }");
    short.max_new_tokens = 3;
    let generous = Mixed::new(1);
    base.run(&generous, "short", &short, &mut Recorder::new())
        .unwrap();
    for step in metrics(&base.path("short")) {
        let number = |name: &str| step[name].as_f64().unwrap();
        let stopped = 1.0 - number("completions/clipped_ratio");
        assert!(stopped < 1.0, "all completions ended");
        assert!((number("reward") - stopped).abs() < 1e-9, "{step}");
        assert!((number("verified") - stopped).abs() < 1e-9, "{step}");
    }
}
