//! The journal of an evaluation: records as they are made, so that a killed evaluation can resume.
//!
//! A file of JSON lines: the key of the evaluation, then the records of one batch of problems after
//! the other, each batch followed by a mark with what was spent so far. Resuming keeps everything up
//! to the last mark and cuts off the rest, a torn line included. The sampler gets the same batches
//! as without the interruption, so the records are the same, byte for byte.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use interplay_eval::{EvalItem, GenerationRecord, ItemScore, Journal};
use interplay_model::FusedOps;
use interplay_train::DecoderSampler;
use interplay_train::ledger::Sampled;
use serde::{Deserialize, Serialize};

use crate::error::InterplayError;
use crate::run_file::create_file;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head<'a> {
    evaluation: &'a str,
}

/// The line after a batch.
#[derive(Serialize, Deserialize)]
struct Mark {
    /// Problems so far.
    problems: usize,
    /// What they cost so far.
    cost: Sampled,
}

/// A sampler whose cost is kept with the records.
pub(crate) trait Cost {
    /// What all completions so far cost.
    fn cost(&self) -> Sampled;
}

impl<B: FusedOps> Cost for DecoderSampler<'_, B> {
    fn cost(&self) -> Sampled {
        self.sampled
    }
}

/// An evaluation under way.
pub(crate) struct EvalJournal {
    path: PathBuf,
    file: BufWriter<File>,
    finished: Vec<ItemScore>,
    cost: Sampled,
}

impl EvalJournal {
    /// Opens the journal of the evaluation with this key, or begins a new one where there is none or
    /// one of another evaluation.
    pub fn open(
        path: &Path,
        key: &str,
        items: &[EvalItem],
        completions: u32,
    ) -> Result<Self, InterplayError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(InterplayError::io("create", folder))?;
        }
        let text = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(InterplayError::io("read", path))?,
        };
        let kept = Kept::of(&text, key, items, completions as usize);
        let open = || -> io::Result<BufWriter<File>> {
            let mut file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(path)?;
            file.set_len(kept.bytes as u64)?;
            file.seek(SeekFrom::End(0))?;
            let mut file = BufWriter::new(file);
            if kept.bytes == 0 {
                line(&mut file, &Head { evaluation: key })?;
            }
            Ok(file)
        };
        Ok(Self {
            path: path.to_owned(),
            file: open().map_err(InterplayError::io("write", path))?,
            finished: kept.finished,
            cost: kept.cost,
        })
    }

    /// What the finished problems cost.
    pub fn cost(&self) -> Sampled {
        self.cost
    }

    /// The number of problems that were finished before.
    pub fn resumed(&self) -> usize {
        self.finished.len()
    }

    /// Writes the records to their file, without key and marks. The journal stays until
    /// [`EvalJournal::remove`], for the case that what follows is interrupted.
    pub fn finish(&mut self, records: &Path) -> Result<(), InterplayError> {
        let wrong = InterplayError::io("write", &self.path);
        self.file.flush().map_err(wrong)?;
        let text = fs::read(&self.path).map_err(InterplayError::io("read", &self.path))?;
        let mut output = create_file(records)?;
        for line in text.split_inclusive(|byte| *byte == b'\n').skip(1) {
            if serde_json::from_slice::<Mark>(line).is_err() {
                let wrong = InterplayError::io("write", records);
                output.write_all(line).map_err(wrong)?;
            }
        }
        Ok(output.commit()?)
    }

    /// Removes the journal of a finished evaluation.
    pub fn remove(self) -> Result<(), InterplayError> {
        fs::remove_file(&self.path).map_err(InterplayError::io("remove", &self.path))
    }
}

impl<S: Cost> Journal<S> for EvalJournal {
    fn finished(&mut self) -> Vec<ItemScore> {
        self.finished.clone()
    }

    fn record(&mut self, record: &GenerationRecord) -> io::Result<()> {
        line(&mut self.file, record)
    }

    fn batch_done(&mut self, sampler: &S, problems: usize) -> io::Result<()> {
        let cost = sampler.cost();
        line(&mut self.file, &Mark { problems, cost })?;
        self.file.flush()?;
        self.file.get_ref().sync_data()
    }
}

fn line(file: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *file, value)?;
    file.write_all(b"\n")
}

/// What can be kept of a journal.
#[derive(Default)]
struct Kept {
    bytes: usize,
    finished: Vec<ItemScore>,
    cost: Sampled,
}

impl Kept {
    fn of(text: &[u8], key: &str, items: &[EvalItem], completions: usize) -> Self {
        let mut kept = Self::default();
        let mut lines = text.split_inclusive(|byte| *byte == b'\n');
        let Some(head) = lines.next().filter(|line| line.ends_with(b"\n")) else {
            return kept;
        };
        if !serde_json::from_slice(head).is_ok_and(|head: Head<'_>| head.evaluation == key) {
            return kept;
        }
        kept.bytes = head.len();
        let (mut at, mut batch) = (head.len(), Vec::new());
        for line in lines.take_while(|line| line.ends_with(b"\n")) {
            at += line.len();
            if let Ok(mark) = serde_json::from_slice::<Mark>(line) {
                let waiting = items.get(kept.finished.len()..mark.problems);
                let whole = waiting.filter(|items| items.len() * completions == batch.len());
                let Some(items) = whole else { break };
                let groups = items.iter().zip(batch.chunks(completions.max(1)));
                let scores = groups.map(|(item, group)| ItemScore::of_records(item, group));
                kept.finished.extend(scores);
                (kept.bytes, kept.cost) = (at, mark.cost);
                batch.clear();
            } else {
                match serde_json::from_slice::<GenerationRecord>(line) {
                    Ok(record) => batch.push(record),
                    Err(_) => break,
                }
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use interplay_environment::{Environment, EnvironmentError, Example, Score, framing};
    use interplay_eval::{Completion, EvalSettings, Evaluation, Sampler, evaluate};

    use interplay_train::ledger::SampledLength;

    use super::*;

    /// Doubles.
    struct Doubles;

    impl Environment for Doubles {
        fn name(&self) -> &str {
            "doubles"
        }

        fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
            let answer = (2 * index).to_string();
            let (prompt, target) = (
                framing::prompt(&index.to_string()),
                framing::target("", &answer),
            );
            Ok(Example::new(index, prompt, target, answer))
        }

        fn score(&self, example: &Example, text: &str, _: u64) -> Result<Score, EnvironmentError> {
            let stated = framing::Completion::of(text).answer;
            Ok(Score::of_answer(stated == Some(example.answer.as_str()))
                .stating(stated.map(str::to_owned)))
        }
    }

    const DRAWN: SampledLength = SampledLength {
        prompt: 3,
        completion: 2,
    };

    fn drawn(completions: usize) -> Sampled {
        std::iter::repeat_n(DRAWN, completions).collect()
    }

    /// Right, wrong or cut off, and counts what it draws.
    #[derive(Default)]
    struct Mixed {
        drawn: Sampled,
    }

    impl Cost for Mixed {
        fn cost(&self) -> Sampled {
            self.drawn
        }
    }

    impl Sampler for Mixed {
        type Error = Infallible;

        fn sample(
            &mut self,
            items: &[EvalItem],
            completions: usize,
            _: &mut dyn FnMut(usize, usize),
        ) -> Result<Vec<Vec<Completion>>, Infallible> {
            for _ in 0..items.len() * completions {
                self.drawn.count(DRAWN);
            }
            let one = |item: &EvalItem, number: usize| match (item.id as usize + number) % 3 {
                0 => Completion::finished(item.example.target.clone()),
                1 => Completion::finished(framing::target("", &number.to_string())),
                _ => Completion::default(),
            };
            let group = |item| (0..completions).map(|number| one(item, number)).collect();
            Ok(items.iter().map(group).collect())
        }
    }

    /// Runs or resumes the evaluation; its result, its cost and its records.
    fn run(journal: &Path) -> (Evaluation, Sampled, Vec<u8>) {
        let items = EvalItem::of(&Doubles, 0..5).unwrap();
        let settings = EvalSettings {
            completions: 3,
            ks: vec![1, 3],
            batch: 2,
            temperature: None,
        };
        let mut sampler = Mixed::default();
        let mut journal = EvalJournal::open(journal, "a key", &items, 3).unwrap();
        sampler.drawn = journal.cost();
        let quiet = &mut |_, _| {};
        let found = evaluate(
            &mut sampler,
            &Doubles,
            &items,
            &settings,
            &mut journal,
            quiet,
        );
        let records = journal.path.with_extension("records");
        journal.finish(&records).unwrap();
        (found.unwrap(), sampler.drawn, fs::read(records).unwrap())
    }

    #[test]
    fn a_journal_that_is_cut_at_any_byte_ends_in_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let whole = run(&path);
        assert_eq!(
            (whole.1, whole.2.split(|byte| *byte == b'\n').count()),
            (drawn(15), 16)
        );
        let text = fs::read(&path).unwrap();
        for cut in 0..=text.len() {
            fs::write(&path, &text[..cut]).unwrap();
            assert_eq!(run(&path), whole, "cut at byte {cut}");
            assert_eq!(fs::read(&path).unwrap(), text, "cut at byte {cut}");
        }
    }

    #[test]
    fn finished_batches_are_not_drawn_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let items = EvalItem::of(&Doubles, 0..5).unwrap();
        run(&path);
        let open = |key: &str| EvalJournal::open(&path, key, &items, 3).unwrap();
        assert_eq!(
            (open("a key").resumed(), open("a key").cost()),
            (5, drawn(15))
        );
        // That of another evaluation is begun anew.
        assert_eq!(
            (open("another").resumed(), open("another").cost()),
            (0, drawn(0))
        );
    }
}
