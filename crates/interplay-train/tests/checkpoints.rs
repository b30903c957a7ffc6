//! Damaged checkpoints: a stage falls back to an older one, says so, and ends with the same bytes.
#![cfg(feature = "flex")]

mod fixtures;

use std::fs;
use std::path::{Path, PathBuf};

use burn::backend::{Autodiff, Flex};
use fixtures::{FILES, Recorder, World, assert_same_files, killed, pretraining};
use interplay_train::parallel::Replicas;
use interplay_train::{Observer, StageSummary, TrainError};

const BUDGET_TOKENS: u64 = 12_000;

fn pretrain(
    world: &World,
    folder: &Path,
    observer: &mut dyn Observer,
) -> Result<StageSummary, TrainError> {
    let device = Replicas::single(Default::default());
    let spec = pretraining(BUDGET_TOKENS);
    fixtures::pretrain::<Autodiff<Flex>>(world, folder, &spec, &device, observer)
}

/// A finished stage, and the same stage killed after step 8, with checkpoints of steps 3 and 6.
struct Stages {
    world: World,
    folder: tempfile::TempDir,
}

impl Stages {
    fn new() -> Self {
        let (world, folder) = (World::easy(), tempfile::tempdir().unwrap());
        let stages = Self { world, folder };
        pretrain(&stages.world, &stages.whole(), &mut Recorder::new()).unwrap();
        let killed_stage = stages.folder.path().join("killed");
        killed(8, |recorder| {
            drop(pretrain(&stages.world, &killed_stage, recorder));
        });
        stages
    }

    fn whole(&self) -> PathBuf {
        self.folder.path().join("whole")
    }

    /// A fresh copy of the killed stage.
    fn copy(&self) -> PathBuf {
        let to = self.folder.path().join("copy");
        let _ = fs::remove_dir_all(&to);
        copy(&self.folder.path().join("killed"), &to);
        to
    }

    /// Resumes the stage, which must end as if it had never been interrupted; gives the notices.
    fn resume(&self, folder: &Path) -> Vec<String> {
        let mut recorder = Recorder::new();
        pretrain(&self.world, folder, &mut recorder).unwrap();
        assert_same_files(&self.whole(), folder);
        recorder.notices
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(fs::copy(&path, &to).unwrap()),
        }
    }
}

/// A way to damage a file, with its name.
type Damage = (&'static str, fn(&Path));

/// Everything that can have become of a file.
const DAMAGES: [Damage; 5] = [
    ("cut in half", |path| {
        let whole = fs::read(path).unwrap();
        fs::write(path, &whole[..whole.len() / 2]).unwrap();
    }),
    ("empty", |path| fs::write(path, "").unwrap()),
    ("zeros", |path| {
        let length = fs::metadata(path).unwrap().len();
        fs::write(path, vec![0; length as usize]).unwrap();
    }),
    ("garbage", |path| fs::write(path, [0xa7; 300]).unwrap()),
    ("missing", |path| fs::remove_file(path).unwrap()),
];

const CHECKPOINT_FILES: [&str; 4] = [
    "model/config.json",
    "model/model.safetensors",
    "optimizer.safetensors",
    "progress.json",
];

#[test]
fn a_damaged_newest_checkpoint_gives_way_to_the_one_before() {
    let stages = Stages::new();
    for file in CHECKPOINT_FILES {
        for (what, damage) in DAMAGES {
            let folder = stages.copy();
            damage(&folder.join("checkpoints/step-00000006").join(file));
            let notices = stages.resume(&folder);
            let [notice] = &notices[..] else {
                panic!("{file} {what}: {notices:?}");
            };
            let told = ["step-00000006", "damaged-00000006", "of step 3"];
            assert!(told.iter().all(|part| notice.contains(part)), "{notice}");
        }
    }
}

#[test]
fn a_damaged_checkpoint_is_set_aside_until_the_stage_is_finished() {
    let stages = Stages::new();
    let folder = stages.copy();
    let checkpoints = folder.join("checkpoints");
    fs::write(checkpoints.join("step-00000006/progress.json"), "").unwrap();
    killed(5, |recorder| {
        drop(pretrain(&stages.world, &folder, recorder));
    });
    assert!(checkpoints.join("damaged-00000006/model").is_dir());
    assert!(checkpoints.join("step-00000003").is_dir());
    assert!(!checkpoints.join("step-00000006").exists());
    assert_eq!(stages.resume(&folder), [""; 0]);
    assert!(!checkpoints.exists());
}

#[test]
fn without_any_good_checkpoint_a_stage_starts_again() {
    let stages = Stages::new();
    let folder = stages.copy();
    for step in ["step-00000003", "step-00000006"] {
        fs::write(
            folder.join("checkpoints").join(step).join("progress.json"),
            "{",
        )
        .unwrap();
    }
    let notices = stages.resume(&folder);
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(
        notices[1].contains("starts from its beginning"),
        "{}",
        notices[1]
    );
}

#[test]
fn a_damaged_summary_is_computed_again() {
    let stages = Stages::new();
    for (what, damage) in DAMAGES {
        // With the checkpoints still there, and with none.
        let half = stages.copy();
        fs::copy(stages.whole().join("stage.json"), half.join("stage.json")).unwrap();
        let finished = stages.folder.path().join(what);
        copy(&stages.whole(), &finished);
        for folder in [half, finished] {
            damage(&folder.join("stage.json"));
            let notices = stages.resume(&folder);
            let told = notices
                .iter()
                .any(|line| line.contains("stage.json.damaged"));
            assert_eq!(told, what != "missing", "{what}: {notices:?}");
        }
    }
}

#[test]
fn another_stage_and_another_version_are_never_taken_for_damage() {
    let stages = Stages::new();
    let folder = stages.copy();
    let progress = folder.join("checkpoints/step-00000006/progress.json");
    let text = fs::read_to_string(&progress).unwrap();
    fs::write(
        &progress,
        text.replace("\"key\": \"key\"", "\"key\": \"other\""),
    )
    .unwrap();
    let error = pretrain(&stages.world, &folder, &mut Recorder::new()).unwrap_err();
    assert!(matches!(error, TrainError::OtherStage { .. }), "{error}");
    fs::write(&progress, text.replace("\"updates\"", "\"updates_made\"")).unwrap();
    let error = pretrain(&stages.world, &folder, &mut Recorder::new()).unwrap_err();
    assert!(matches!(error, TrainError::OtherVersion { .. }), "{error}");
    // Nothing was touched.
    fs::write(&progress, text).unwrap();
    assert_eq!(stages.resume(&folder), [""; 0]);
    for file in FILES {
        assert!(folder.join(file).is_file());
    }
}
