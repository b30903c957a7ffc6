//! Several trainers in one process: none waits for the other for good, and none changes what the other learns.
//!
//! There is no clock in here: where trainers wait for each other in a circle, the test does not end.
#![cfg(feature = "flex")]

mod fixtures;

use std::path::Path;
use std::thread;

use burn::backend::{Autodiff, Flex};
use fixtures::{Recorder, World, assert_same_files};
use interplay_train::next_token::NextTokenSpec;
use interplay_train::parallel::{ReplicaSpec, Replicas};

type Train = Autodiff<Flex>;

fn pretrain(world: &World, folder: &Path, spec: &NextTokenSpec, others: usize) {
    let others = (0..others).map(|_| ReplicaSpec::Local(Default::default()));
    let replicas = Replicas::single(Default::default()).with(others);
    fixtures::pretrain::<Train>(world, folder, spec, &replicas, &mut Recorder::new()).unwrap();
}

#[test]
fn trainers_in_threads_of_one_process_learn_what_each_learns_alone() {
    let (world, folder) = (World::easy(), tempfile::tempdir().unwrap());
    let spec = fixtures::pretraining(100_000);
    let path = |name: &str, trainer: usize| folder.path().join(format!("{name}-{trainer}"));
    // The second trainer has a second replica, and so a third thread.
    for trainer in 0..2 {
        pretrain(&world, &path("alone", trainer), &spec, trainer);
    }
    for round in ["first", "second"] {
        thread::scope(|scope| {
            for trainer in 0..2 {
                let (world, spec, folder) = (&world, &spec, path(round, trainer));
                scope.spawn(move || pretrain(world, &folder, spec, trainer));
            }
        });
        for trainer in 0..2 {
            assert_same_files(&path(round, trainer), &path("alone", trainer));
        }
    }
}
