//! The bytes of a fixed (spec, seed) are pinned: the samples in `tests/golden` must come out the
//! same on every platform and in every later version.
//!
//! After an intended change of the generator, `cargo xtask golden` writes the file anew; its
//! difference then shows what changed.

use std::path::PathBuf;

use interplay_graph::SeedStreams;
use interplay_tasks::{
    Component, ContextLibrary, Counts, Dataset, Dialect, Sample, SampleReader, TaskError, TaskSpec,
    write_samples,
};

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/samples.jsonl")
}

fn samples() -> Vec<Sample> {
    let part = |context: &str, dialect| Component {
        weight: 0.25,
        ..Component::new(Counts::range(2, 20).unwrap(), context, dialect)
    };
    let spec = TaskSpec::new(vec![
        part("zoo", Dialect::Prose),
        part("zoo", Dialect::Terse),
        part("school", Dialect::Prose),
        part("school", Dialect::Terse),
    ]);
    let library = ContextLibrary::embedded();
    let data = Dataset::new(spec, &library, SeedStreams::new(2025), "golden").unwrap();
    data.iter()
        .take(40)
        .map(|problem| problem.unwrap().to_sample())
        .collect()
}

#[test]
fn samples_are_the_pinned_ones() {
    // Set by `cargo xtask golden`.
    if std::env::var_os("INTERPLAY_UPDATE_GOLDEN").is_some() {
        let samples = samples().into_iter().map(Ok::<_, TaskError>);
        write_samples(path(), samples).unwrap();
    }
    let pinned: Vec<Sample> = SampleReader::open(path())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(pinned.len(), 40);
    for (pinned, drawn) in pinned.iter().zip(samples()) {
        assert_eq!(*pinned, drawn);
    }
}
