//! Whole stages on several devices: they learn what one device learns, give the same bytes twice, and resume bit
//! for bit after a kill.
#![cfg(feature = "flex")]

mod fixtures;

use std::net::TcpListener;
use std::path::Path;
use std::thread;

use burn::backend::flex::FlexDevice;
use burn::backend::{Autodiff, Flex};
use fixtures::{Recorder, Sums, World, assert_same_files, killed, small_model};
use interplay_model::{load_pretrained, parameter_values};
use interplay_train::grpo::GrpoSpec;
use interplay_train::next_token::NextTokenSpec;
use interplay_train::parallel::{ReplicaSpec, Replicas, serve};
use interplay_train::{Observer, Silent, TrainError};

type Train = Autodiff<Flex>;

fn world() -> World {
    World::new(9, Sums::of(3, 20), 200, 320, small_model())
}

fn replicas(others: usize) -> Replicas<FlexDevice> {
    Replicas::single(FlexDevice).with((0..others).map(|_| ReplicaSpec::Local(FlexDevice)))
}

fn pretrain(
    world: &World,
    folder: &Path,
    replicas: &Replicas<FlexDevice>,
    observer: &mut dyn Observer,
) -> Result<(), TrainError> {
    let spec = "budget_tokens = 9_000\nrows = 7\nrow_tokens = 96\naccumulation = 2\n\
                checkpoint_every_steps = 3\n[optimizer.learning_rate]\npeak = 3e-3";
    let spec: NextTokenSpec = toml::from_str(spec).unwrap();
    fixtures::pretrain::<Train>(world, folder, &spec, replicas, observer).map(|_| ())
}

fn reinforce(
    world: &World,
    start: &Path,
    folder: &Path,
    replicas: &Replicas<FlexDevice>,
    observer: &mut dyn Observer,
) -> Result<(), TrainError> {
    let spec = "steps = 3\nprompts = 4\ngroup_size = 4\nminibatches = 2\nrows = 3\n\
                row_tokens = 96\nmax_new_tokens = 24\nreward = { kind = \"process\" }\n\
                checkpoint_every_steps = 1\n[optimizer.learning_rate]\npeak = 1e-3";
    let spec: GrpoSpec = toml::from_str(spec).unwrap();
    fixtures::reinforce::<Train>(world, start, folder, &spec, replicas, observer).map(|_| ())
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

#[test]
fn several_devices_learn_what_one_learns() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name);
    let mut alone = Recorder::new();
    pretrain(&world, &path("one"), &replicas(0), &mut alone).unwrap();
    for others in [1, 2] {
        let (name, again) = (format!("{others}"), format!("{others} again"));
        let mut several = Recorder::new();
        pretrain(&world, &path(&name), &replicas(others), &mut several).unwrap();
        assert_eq!(alone.losses.len(), several.losses.len());
        for (one, other) in alone.losses.iter().zip(&several.losses) {
            assert!((one - other).abs() < 1e-4 * one, "{one} and {other}");
        }
        // AdamW divides by the root of the second moment, so that rounding in a tiny gradient can
        // move its weight by a share of the learning rate, 3e-3.
        let (off, largest) = apart(&path("one"), &path(&name));
        assert!(off < 2e-3 && largest > 0.5, "{off} of {largest}");
        pretrain(&world, &path(&again), &replicas(others), &mut Silent).unwrap();
        assert_same_files(&path(&name), &path(&again));
    }
}

#[test]
fn a_killed_stage_resumes_bit_for_bit_also_with_a_worker() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    pretrain(&world, &whole, &replicas(1), &mut Silent).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || serve::<Train>(&listener, &FlexDevice, &|_| {}));
    let remote = Replicas::single(FlexDevice).with([ReplicaSpec::Worker(address)]);
    for (after, replicas) in [(2, &remote), (5, &replicas(1)), (7, &remote)] {
        killed(after, |killer| {
            drop(pretrain(&world, &cut, replicas, killer));
        });
    }
    pretrain(&world, &cut, &remote, &mut Silent).unwrap();
    assert_same_files(&whole, &cut);
}

#[test]
fn grpo_shares_its_updates() {
    let (world, folder) = (world(), tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name);
    pretrain(&world, &path("base"), &replicas(0), &mut Silent).unwrap();
    let start = path("base").join("model");
    let run = |name: &str, others: usize, observer: &mut dyn Observer| {
        reinforce(&world, &start, &path(name), &replicas(others), observer).unwrap();
    };
    let (mut one, mut two) = (Recorder::new(), Recorder::new());
    run("one", 0, &mut one);
    run("two", 1, &mut two);
    // The first step samples from the same weights; later ones may sample another token somewhere.
    assert!(
        (one.losses[0] - two.losses[0]).abs() < 1e-5,
        "{one:?} {two:?}",
        one = one.losses,
        two = two.losses
    );
    let cut = path("cut");
    killed(2, |killer| {
        drop(reinforce(&world, &start, &cut, &replicas(1), killer));
    });
    run("cut", 1, &mut Silent);
    assert_same_files(&path("two"), &cut);
}
