//! Whole stages on several devices: they learn what one device learns, give the same bytes twice,
//! and go on bit for bit after a kill.
#![cfg(feature = "flex")]

use std::net::TcpListener;
use std::path::Path;
use std::thread;

use burn::backend::flex::FlexDevice;
use burn::backend::{Autodiff, Flex};
use interplay_graph::SeedStreams;
use interplay_model::{ModelConfig, load_pretrained, parameter_values};
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec, framing};
use interplay_tokenizer::{Tokenizer, TrainerSpec};
use interplay_train::grpo::{self, GrpoInput, GrpoSpec};
use interplay_train::next_token::{self, NextTokenInput, NextTokenSpec, Start};
use interplay_train::parallel::{Place, Places, serve};
use interplay_train::{Observer, Silent, StageFolder, StepReport, TrainError};

type Train = Autodiff<Flex>;

const FILES: [&str; 3] = ["model/model.safetensors", "metrics.jsonl", "stage.json"];

struct World {
    dataset: Dataset,
    tokenizer: Tokenizer,
    config: ModelConfig,
    streams: SeedStreams,
}

fn world() -> World {
    let streams = SeedStreams::new(9);
    let spec = TaskSpec::single(Counts::one(2), "zoo", Dialect::Terse);
    let dataset = Dataset::new(spec, &ContextLibrary::embedded(), streams, "train").unwrap();
    let text = |i| framing::model_text(&dataset.get(i).unwrap());
    let texts: Vec<String> = (0..200).map(text).collect();
    let trainer = TrainerSpec {
        vocab_size: 320,
        ..TrainerSpec::default()
    };
    let tokenizer = Tokenizer::train(texts.iter(), &trainer).unwrap();
    let config = ModelConfig {
        hidden_size: 32,
        intermediate_size: 64,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        num_key_value_heads: 1,
        ..ModelConfig::tiny(tokenizer.vocab_size())
    };
    World {
        dataset,
        tokenizer,
        config,
        streams,
    }
}

fn places(others: usize) -> Places<FlexDevice> {
    Places::one(FlexDevice).with((0..others).map(|_| Place::Local(FlexDevice)))
}

fn pretrain(
    world: &World,
    place: &Path,
    places: &Places<FlexDevice>,
    observer: &mut dyn Observer,
) -> Result<(), TrainError> {
    let spec = "budget_tokens = 9_000\nrows = 7\nrow_tokens = 96\naccumulation = 2\n\
                checkpoint_every_steps = 3\n[optimizer.rate]\npeak = 3e-3";
    let spec: NextTokenSpec = toml::from_str(spec).unwrap();
    let input = NextTokenInput {
        config: &world.config,
        start: Start::Random(world.streams.stream("weights")),
        dataset: &world.dataset,
        tokenizer: &world.tokenizer,
        spec: &spec,
    };
    let folder = StageFolder::new(place, "base", "key");
    next_token::run_on::<Train>(&folder, &input, places, observer).map(|_| ())
}

fn reinforce(
    world: &World,
    start: &Path,
    place: &Path,
    places: &Places<FlexDevice>,
    observer: &mut dyn Observer,
) -> Result<(), TrainError> {
    let spec = "steps = 3\nprompts = 4\ngroup_size = 4\nminibatches = 2\nrows = 3\n\
                row_tokens = 96\nmax_new_tokens = 24\nreward = { kind = \"process\" }\n\
                checkpoint_every_steps = 1\n[optimizer.rate]\npeak = 1e-3";
    let spec: GrpoSpec = toml::from_str(spec).unwrap();
    let input = GrpoInput {
        config: &world.config,
        start,
        dataset: &world.dataset,
        tokenizer: &world.tokenizer,
        stream: world.streams.stream("rollouts"),
        spec: &spec,
    };
    let folder = StageFolder::new(place, "grpo", "key");
    grpo::run_on::<Train>(&folder, &input, places, observer).map(|_| ())
}

/// The largest difference between two trained models, and the largest weight.
fn apart(left: &Path, right: &Path) -> (f32, f32) {
    let read = |folder: &Path| {
        let folder = folder.join("model");
        let (_, decoder) = load_pretrained::<Flex>(&folder, &FlexDevice).unwrap();
        parameter_values(&decoder).unwrap().concat()
    };
    let (left, right) = (read(left), read(right));
    let largest = |values: &mut dyn Iterator<Item = f32>| values.fold(0f32, |a, b| a.max(b.abs()));
    (
        largest(&mut left.iter().zip(&right).map(|(l, r)| l - r)),
        largest(&mut left.iter().copied()),
    )
}

fn same_bytes(left: &Path, right: &Path) {
    for file in FILES {
        let read = |folder: &Path| std::fs::read(folder.join(file)).unwrap();
        assert!(read(left) == read(right), "{file} differs");
    }
}

/// Collects losses and panics out of a stage, as a kill would.
struct Watcher {
    losses: Vec<f64>,
    until: u64,
}

impl Watcher {
    fn until(until: u64) -> Self {
        let losses = Vec::new();
        Self { losses, until }
    }
}

impl Observer for Watcher {
    fn step(&mut self, report: &StepReport<'_>) {
        let loss = report
            .numbers
            .iter()
            .find(|(name, _)| name.starts_with("loss"));
        self.losses.push(loss.unwrap().1);
        assert!(report.step + 1 < self.until, "killed");
    }
}

fn killed(work: impl FnOnce(&mut Watcher), after: u64) {
    let mut watcher = Watcher::until(after);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&mut watcher)));
    assert!(outcome.is_err(), "the stage ended before step {after}");
}

#[test]
fn several_devices_learn_what_one_learns() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let place = |name: &str| folder.path().join(name);
    let mut alone = Watcher::until(u64::MAX);
    pretrain(&world, &place("one"), &places(0), &mut alone).unwrap();
    for others in [1, 2] {
        let (name, again) = (format!("{others}"), format!("{others} again"));
        let mut several = Watcher::until(u64::MAX);
        pretrain(&world, &place(&name), &places(others), &mut several).unwrap();
        assert_eq!(alone.losses.len(), several.losses.len());
        for (one, other) in alone.losses.iter().zip(&several.losses) {
            assert!((one - other).abs() < 1e-4 * one, "{one} and {other}");
        }
        // AdamW divides by the root of the second moment, so that rounding in a tiny gradient can
        // move its weight by a share of the rate, 3e-3.
        let (off, largest) = apart(&place("one"), &place(&name));
        assert!(off < 2e-3 && largest > 0.5, "{off} of {largest}");
        pretrain(&world, &place(&again), &places(others), &mut Silent).unwrap();
        same_bytes(&place(&name), &place(&again));
    }
}

#[test]
fn a_killed_stage_goes_on_bit_for_bit_also_with_a_worker() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    pretrain(&world, &whole, &places(1), &mut Silent).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || serve::<Train>(&listener, &FlexDevice, &|_| {}));
    let remote = Places::one(FlexDevice).with([Place::Worker(address)]);
    for (after, places) in [(2, &remote), (5, &places(1)), (7, &remote)] {
        killed(
            |watcher| drop(pretrain(&world, &cut, places, watcher)),
            after,
        );
    }
    pretrain(&world, &cut, &remote, &mut Silent).unwrap();
    same_bytes(&whole, &cut);
}

#[test]
fn grpo_shares_its_updates() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let place = |name: &str| folder.path().join(name);
    pretrain(&world, &place("base"), &places(0), &mut Silent).unwrap();
    let start = place("base").join("model");
    let run = |name: &str, others: usize, observer: &mut dyn Observer| {
        reinforce(&world, &start, &place(name), &places(others), observer).unwrap();
    };
    let (mut one, mut two) = (Watcher::until(u64::MAX), Watcher::until(u64::MAX));
    run("one", 0, &mut one);
    run("two", 1, &mut two);
    // The first step samples from the same weights; later ones may sample another token somewhere.
    assert!(
        (one.losses[0] - two.losses[0]).abs() < 1e-5,
        "{one:?} {two:?}",
        one = one.losses,
        two = two.losses
    );
    let cut = place("cut");
    killed(
        |watcher| drop(reinforce(&world, &start, &cut, &places(1), watcher)),
        2,
    );
    run("cut", 1, &mut Silent);
    same_bytes(&place("two"), &cut);
}
