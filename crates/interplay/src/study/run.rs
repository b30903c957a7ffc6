//! Carrying out a study, or a part of it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use interplay_tasks::ContextLibrary;

use super::plans::{Study, StudyRun};
use super::record::is_record;
use super::results::{STUDY_FORMAT, StudyResults};
use super::share::{Donor, share};
use crate::error::InterplayError;
use crate::progress::Progress;
use crate::run::Run;
use crate::run_file::{write_json, write_whole};

/// A part of a study's runs, written `I/N`: the I-th of N stretches, from 1. Runs of one seed lie together, so that
/// they share their stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

/// A text that is no shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`, expected I/N with I from 1 to N, such as 2/3")]
pub struct BadShard {
    found: String,
}

impl FromStr for Shard {
    type Err = BadShard;

    fn from_str(text: &str) -> Result<Self, BadShard> {
        let parsed = || {
            let (index, count) = text.split_once('/')?;
            let (index, count) = (index.parse().ok()?, count.parse().ok()?);
            (1..=count)
                .contains(&index)
                .then_some(Self { index, count })
        };
        parsed().ok_or_else(|| BadShard {
            found: text.to_owned(),
        })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl Shard {
    /// Everything.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    /// The part of a list that belongs to the shard.
    fn of<T>(self, all: &[T]) -> &[T] {
        let at = |index: usize| index * all.len() / self.count;
        &all[at(self.index - 1)..at(self.index)]
    }
}

impl Study {
    /// Carries out every run of the shard that is not finished. Once all runs of the study are, writes `study.json`,
    /// `study.txt`, `study.html` and `figures` into its folder and gives the results; `None` while runs of other shards
    /// are not.
    ///
    /// # Errors
    /// Whatever stops a run. Finished work is kept, and the next call resumes there.
    pub fn run(
        &self,
        folder: &Path,
        shard: Shard,
        progress: &mut dyn Progress,
    ) -> Result<Option<StudyResults>, InterplayError> {
        let mine = shard.of(&self.runs);
        for (number, run) in (1..).zip(mine) {
            progress.note(&format!("run {number} of {}: {run}", mine.len()));
            self.carry_out(run, folder, progress)?;
        }
        let Some(results) = StudyResults::collect(self, folder)? else {
            return Ok(None);
        };
        results.write(folder)?;
        Ok(Some(results))
    }

    /// The runs whose results are missing in the folder.
    #[must_use]
    pub fn unfinished(&self, folder: &Path) -> Vec<String> {
        let missing = |run: &&StudyRun| !run.folder(folder).join("results.json").exists();
        self.runs
            .iter()
            .filter(missing)
            .map(StudyRun::to_string)
            .collect()
    }

    fn carry_out(
        &self,
        run: &StudyRun,
        folder: &Path,
        progress: &mut dyn Progress,
    ) -> Result<(), InterplayError> {
        let target = run.folder(folder);
        if is_record(&target) {
            // Refuses the record of another plan.
            return run.plan.claim(&target);
        }
        let claimed = Run::new(run.plan.clone(), &target, ContextLibrary::embedded())?;
        for other in &self.runs {
            let source = other.folder(folder);
            if source == target || other.plan.seed != run.plan.seed {
                continue;
            }
            let donor = Donor {
                plan: &other.plan,
                folder: &source,
            };
            let taken = share(&run.plan, &target, donor)?;
            if !taken.is_empty() {
                progress.note(&format!("{run} shares {} with {other}", taken.join(", ")));
            }
        }
        claimed.execute(progress).map(|_| ())
    }
}

impl fmt::Display for StudyRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.variant {
            Some(variant) => write!(f, "{variant}, seed {}", self.plan.seed),
            None => write!(f, "seed {}", self.plan.seed),
        }
    }
}

impl StudyResults {
    /// The files of a study's results.
    const FILES: [&'static str; 3] = ["study.json", "study.txt", "study.html"];

    /// Reads a `study.json`.
    ///
    /// # Errors
    /// A file that cannot be read or has another format.
    pub fn load(path: &Path) -> Result<Self, InterplayError> {
        let bad = |reason: String| InterplayError::BadFile {
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path).map_err(InterplayError::io("read", path))?;
        let found: Self = serde_json::from_str(&text).map_err(|error| {
            bad(format!(
                "{error}; expected a study.json of `interplay study`"
            ))
        })?;
        match found.format == STUDY_FORMAT {
            true => Ok(found),
            false => {
                let format = &found.format;
                Err(bad(format!(
                    "found format {format}, expected {STUDY_FORMAT}"
                )))
            }
        }
    }

    /// Writes `study.json`, and what is made from it: `study.txt`, `study.html`, and the plots of the page as SVG files
    /// in `figures`.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), InterplayError> {
        let [json, text, html]: [PathBuf; 3] = Self::FILES.map(|name| folder.join(name));
        write_json(&json, self)?;
        write_whole(&text, self.to_text().as_bytes())?;
        write_whole(&html, self.to_html().as_bytes())?;
        let figures = folder.join("figures");
        fs::create_dir_all(&figures).map_err(InterplayError::io("create", &figures))?;
        remove_drawings(&figures)?;
        for (name, svg) in self.figures() {
            write_whole(&figures.join(name), svg.as_bytes())?;
        }
        Ok(())
    }
}

/// Removes the figures of earlier results, whose names may have been others.
fn remove_drawings(folder: &Path) -> Result<(), InterplayError> {
    for entry in fs::read_dir(folder).map_err(InterplayError::io("read", folder))? {
        let path = entry.map_err(InterplayError::io("read", folder))?.path();
        if path.extension().is_some_and(|end| end == "svg") {
            fs::remove_file(&path).map_err(InterplayError::io("remove", &path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_earlier_results_go() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["old.svg", "notes.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        remove_drawings(folder.path()).unwrap();
        let left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["notes.txt"]);
    }

    #[test]
    fn shards_are_stretches_that_cover_everything() {
        let all: Vec<u32> = (0..7).collect();
        let parts: Vec<&[u32]> = (1..=3)
            .map(|index| format!("{index}/3").parse::<Shard>().unwrap().of(&all))
            .collect();
        assert_eq!(parts, [&[0, 1][..], &[2, 3], &[4, 5, 6]]);
        assert_eq!(Shard::WHOLE.of(&all), all);
        for wrong in ["0/3", "4/3", "1", "a/b", "1/0"] {
            let message = wrong.parse::<Shard>().unwrap_err().to_string();
            assert!(message.contains("such as 2/3"), "{message}");
        }
    }
}
