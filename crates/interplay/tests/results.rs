//! The committed results of studies: tables and pages are what their numbers give.
#![cfg(all(feature = "cli", feature = "flex"))]

mod calls;

use std::fs;
use std::path::{Path, PathBuf};

use calls::{folder, succeed};
use interplay::study::{Study, StudyChanges, StudyResults};

/// The folders of results.
fn committed() -> Vec<PathBuf> {
    let results = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/results");
    let entries = fs::read_dir(results)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[test]
fn tables_and_pages_are_made_again_byte_for_byte() {
    let scratch = folder();
    let dir = scratch.path();
    for committed in committed() {
        fs::copy(committed.join("study.json"), dir.join("study.json")).unwrap();
        succeed(dir, "study --from study.json --out again");
        for name in ["study.json", "study.txt", "study.html"] {
            let [kept, again] = [committed.join(name), dir.join("again").join(name)]
                .map(|path| fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}")));
            assert!(
                kept == again,
                "{} differs from what study.json beside it gives; `interplay study --from` makes it again",
                committed.join(name).display(),
            );
        }
        for kept in figures(&committed) {
            let again = dir.join("again/figures").join(kept.file_name().unwrap());
            let again = fs::read(&again).unwrap_or_else(|error| panic!("{again:?}: {error}"));
            assert!(
                fs::read(&kept).unwrap() == again,
                "{} differs from the figure that `interplay study --from` makes of {}",
                kept.display(),
                committed.join("study.json").display(),
            );
        }
    }
}

/// The figures of the book that show these results.
fn figures(results: &Path) -> Vec<PathBuf> {
    let book =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/book/src/findings/figures");
    let entries = fs::read_dir(book.join(results.file_name().unwrap()));
    let entries = entries.into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn figures_of_the_book_have_results() {
    let with_figures = committed()
        .iter()
        .filter(|folder| !figures(folder).is_empty())
        .count();
    let book =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/book/src/findings/figures");
    let folders = fs::read_dir(book).unwrap().count();
    assert_eq!(
        folders, with_figures,
        "a folder of figures without a folder of results"
    );
    assert!(with_figures > 0);
}

#[test]
fn results_are_those_of_the_studies_that_come_with_the_crate() {
    let folders = committed();
    assert!(!folders.is_empty());
    for committed in folders {
        let found = StudyResults::load(&committed.join("study.json")).unwrap();
        let changes = StudyChanges {
            seeds: Some(found.seeds.clone()),
            ..StudyChanges::default()
        };
        let study = Study::preset(&found.name, &changes).unwrap();
        let arms: Vec<String> = study.arms().iter().map(ToString::to_string).collect();
        let there: Vec<String> = found.arms.iter().map(|arm| arm.arm.to_string()).collect();
        assert_eq!(there, arms, "{}", committed.display());
        assert_eq!(found.question, study.spec.question);
        assert_eq!(found.completions, study.runs[0].plan.evaluate.completions);
        let notes = fs::read_to_string(committed.join("README.md")).unwrap();
        assert!(
            notes.contains(&format!("interplay study {}", found.name)),
            "{notes}"
        );
    }
}
