//! The bytes of a fixed (spec, seed) are pinned: the samples in `tests/golden` must come out the
//! same on every platform and in every later version.
//!
//! After an intended change of the generator, `cargo xtask golden` rewrites the file; its
//! difference then shows what changed.

use std::path::PathBuf;

use interplay_graph::SeedStreams;
use interplay_tasks::corpora::{SampleReader, write_samples};
use interplay_tasks::{
    Component, ContextLibrary, Counts, Dataset, Dialect, Mode, Sample, TaskError, TaskSpec,
};

/// The first problems of a spec, and the file that pins them.
struct Pinned {
    file: &'static str,
    spec: TaskSpec,
    count: usize,
}

impl Pinned {
    fn path(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/golden")
            .join(self.file)
    }

    fn samples(&self) -> Vec<Sample> {
        let library = ContextLibrary::embedded();
        let streams = SeedStreams::new(2025);
        let data = Dataset::new(self.spec.clone(), &library, streams, "golden").unwrap();
        data.iter()
            .take(self.count)
            .map(|problem| problem.unwrap().to_sample())
            .collect()
    }

    fn check(&self) {
        // Set by `cargo xtask golden`.
        if std::env::var_os("INTERPLAY_UPDATE_GOLDEN").is_some() {
            let samples = self.samples().into_iter().map(Ok::<_, TaskError>);
            write_samples(self.path(), samples).unwrap();
        }
        let pinned: Vec<Sample> = SampleReader::open(self.path())
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(pinned.len(), self.count);
        for (pinned, drawn) in pinned.iter().zip(self.samples()) {
            assert_eq!(*pinned, drawn);
        }
    }
}

fn ops() -> Counts {
    Counts::range(2, 20).unwrap()
}

#[test]
fn forward_samples_of_both_dialects_are_the_pinned_ones() {
    let part = |context: &str, dialect| Component {
        weight: 0.25,
        ..Component::new(ops(), context, dialect)
    };
    let spec = TaskSpec::new(vec![
        part("zoo", Dialect::Prose),
        part("zoo", Dialect::Terse),
        part("school", Dialect::Prose),
        part("school", Dialect::Terse),
    ]);
    let (file, count) = ("samples.jsonl", 40);
    Pinned { file, spec, count }.check();
}

#[test]
fn samples_of_every_context_mode_and_layer_are_the_pinned_ones() {
    let mut parts = Vec::new();
    for (dialect, d) in [
        (Dialect::Prose, 2),
        (Dialect::Prose, 3),
        (Dialect::Terse, 2),
    ] {
        for mode in [Mode::Forward, Mode::Reverse] {
            for context in ["zoo", "school", "festival", "garden", "harbor"] {
                parts.push(Component {
                    weight: 1.0 / 30.0,
                    mode,
                    d,
                    ..Component::new(ops(), context, dialect)
                });
            }
        }
    }
    let spec = TaskSpec::new(parts);
    let (file, count) = ("grid.jsonl", 60);
    Pinned { file, spec, count }.check();
}

#[test]
fn long_samples_are_the_pinned_ones() {
    let mut spec = TaskSpec::single(ops(), "garden", Dialect::Prose);
    spec.min_tokens = Some(1024);
    let (file, count) = ("long.jsonl", 2);
    Pinned { file, spec, count }.check();
}
