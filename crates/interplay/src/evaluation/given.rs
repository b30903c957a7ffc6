//! Completions that were drawn elsewhere, as a sampler.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use interplay_eval::{Completion, EvalItem, Sampler};
use interplay_files::RecordReader;
use interplay_verify::restore_tags;
use serde::Deserialize;

use crate::error::InterplayError;

const EXPECTED: &str = "one JSON object per line with the number `id` of a problem and the text \
                        `completion`, and where known `stopped`, `temperature` and `sample`";

/// How many of the problems or records with one fault are named.
const NAMED: usize = 10;

/// A line of the file; other fields are ignored.
#[derive(Deserialize)]
struct Record {
    id: u64,
    completion: String,
    stopped: Option<bool>,
    temperature: Option<f64>,
    sample: Option<u64>,
}

/// As many completions of each problem, in the order of their `sample`, or else of the file.
#[derive(Debug)]
pub(super) struct GivenCompletions {
    by_problem: HashMap<u64, Vec<Completion>>,
    /// How many there are of each.
    pub completions: u32,
    /// What they were drawn at, where the file says it.
    pub temperature: Option<f64>,
}

impl GivenCompletions {
    /// As many completions of each problem, by its id.
    #[cfg(feature = "endpoint")]
    pub(super) fn of(
        by_problem: HashMap<u64, Vec<Completion>>,
        completions: u32,
        temperature: f64,
    ) -> Self {
        Self {
            by_problem,
            completions,
            temperature: Some(temperature),
        }
    }

    /// Reads the completions of these problems; those that no record calls cut off count as finished.
    ///
    /// # Errors
    /// All faults of the file at once.
    pub(super) fn read(path: &Path, items: &[EvalItem]) -> Result<Self, InterplayError> {
        let known: HashSet<u64> = items.iter().map(|item| item.id).collect();
        let mut records = RecordReader::open(path)?.skip_unreadable(true);
        let mut by_problem: HashMap<u64, Vec<(Option<u64>, Completion)>> = HashMap::new();
        let (mut samples, mut temperatures) = (HashSet::new(), BTreeMap::new());
        while let Some((_, record)) = records.next::<Record>(EXPECTED)? {
            let Record { id, sample, .. } = record;
            let repeated = sample.is_some_and(|sample| !samples.insert((id, sample)));
            let wrong = record.temperature;
            let wrong = wrong.filter(|at| !(at.is_finite() && *at >= 0.0));
            let fault = match (known.contains(&id), repeated) {
                (false, _) => Some(format!(
                    "found problem {id}, which the experiment does not evaluate"
                )),
                (true, true) => Some(format!(
                    "`sample` {} of problem {id} appears a second time",
                    sample.unwrap_or_default()
                )),
                (true, false) => {
                    wrong.map(|at| format!("`temperature` is {at}, expected a number from 0 on"))
                }
            };
            if let Some(fault) = fault {
                let error = records.error(&format!("{fault}; expected {EXPECTED}"));
                records.reject(error)?;
                continue;
            }
            // 0.0 and -0.0 are one temperature.
            let temperature = record.temperature.map(|at| at + 0.0);
            temperatures.insert(temperature.map(f64::to_bits), temperature);
            let completion = Completion {
                text: record.completion,
                stopped: record.stopped.unwrap_or(true),
            };
            by_problem.entry(id).or_default().push((sample, completion));
        }
        let skipped = records.skipped();
        let mut faults: Vec<String> = skipped.first.iter().map(ToString::to_string).collect();
        let rest = skipped.count - faults.len() as u64;
        if rest > 0 {
            faults.push(format!("and {rest} more records that cannot be used"));
        }
        if temperatures.len() > 1 {
            let shown = |one: &Option<f64>| one.map_or("none".to_owned(), |one| one.to_string());
            let all: Vec<String> = temperatures.values().map(shown).collect();
            let all = all.join(", ");
            faults.push(format!(
                "found temperatures {all}; expected one file for each"
            ));
        }
        let completions = counted(items, &by_problem, &mut faults);
        if !faults.is_empty() {
            return Err(InterplayError::BadFile {
                path: PathBuf::from(path),
                reason: faults.join("\n"),
            });
        }
        let by_problem = by_problem.into_iter();
        let by_problem = by_problem.map(|(id, given)| (id, in_order(given)));
        Ok(Self {
            by_problem: by_problem.collect(),
            completions,
            temperature: temperatures.into_values().next().flatten(),
        })
    }
}

/// The completions of a problem by their numbers if all have one, otherwise as they stand.
fn in_order(mut given: Vec<(Option<u64>, Completion)>) -> Vec<Completion> {
    if given.iter().all(|(sample, _)| sample.is_some()) {
        given.sort_by_key(|(sample, _)| *sample);
    }
    given
        .into_iter()
        .map(|(_, completion)| completion)
        .collect()
}

/// The number of completions that most problems have; the problems with another number are faults.
fn counted(
    items: &[EvalItem],
    by_problem: &HashMap<u64, Vec<(Option<u64>, Completion)>>,
    faults: &mut Vec<String>,
) -> u32 {
    let count = |item: &EvalItem| by_problem.get(&item.id).map_or(0, Vec::len);
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    for item in items {
        *numbers.entry(count(item)).or_default() += 1;
    }
    let given = numbers.into_iter().filter(|(number, _)| *number > 0);
    let usual = given.max_by_key(|(_, problems)| *problems);
    let usual = usual.map_or(0, |(number, _)| number);
    let others: Vec<&EvalItem> = items.iter().filter(|item| count(item) != usual).collect();
    if usual == 0 {
        faults.push(format!("found no completion; expected {EXPECTED}"));
    } else if !others.is_empty() {
        let named = |item: &&EvalItem| format!("problem {} has {}", item.id, count(item));
        let named: Vec<String> = others.iter().take(NAMED).map(named).collect();
        let more = if others.len() > NAMED { ", ..." } else { "" };
        faults.push(format!(
            "{} of {} problems do not have the {usual} completions that most have: {}{more}; expected as \
             many of each",
            others.len(),
            items.len(),
            named.join(", ")
        ));
    }
    u32::try_from(usual).unwrap_or(u32::MAX)
}

impl GivenCompletions {
    /// Puts closing tags back that a decoder deleted.
    pub(super) fn restore_tags(&mut self) {
        for completion in self.by_problem.values_mut().flatten() {
            if let Cow::Owned(restored) = restore_tags(&completion.text) {
                completion.text = restored;
            }
        }
    }
}

impl Sampler for GivenCompletions {
    type Error = Infallible;

    fn sample(
        &mut self,
        items: &[EvalItem],
        _: usize,
        _: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Vec<Completion>>, Infallible> {
        let given = items.iter().map(|item| self.by_problem.remove(&item.id));
        Ok(given.map(Option::unwrap_or_default).collect())
    }
}

#[cfg(test)]
mod tests {
    use interplay_environment::{Example, framing};

    use super::*;

    fn items() -> Vec<EvalItem> {
        let item = |id: u64| EvalItem {
            id,
            example: Example::new(id, framing::prompt("1 + 1?"), framing::target("", "2"), "2"),
            band: None,
        };
        [4, 5, 6].map(item).into()
    }

    fn read(text: &str) -> Result<GivenCompletions, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("completions.jsonl");
        std::fs::write(&path, text).unwrap();
        GivenCompletions::read(&path, &items()).map_err(|error| error.to_string())
    }

    #[test]
    fn completions_keep_their_order_and_cut_off_ones_are_told() {
        let mut given = read(
            "{\"id\": 5, \"completion\": \"a\", \"temperature\": 0.7}\n\
             {\"id\": 4, \"completion\": \"b\", \"temperature\": 0.7}\n\
             {\"id\": 6, \"completion\": \"c\", \"temperature\": 0.7, \"stopped\": false}\n",
        )
        .unwrap();
        assert_eq!((given.completions, given.temperature), (1, Some(0.7)));
        let Ok(drawn) = given.sample(&items(), 1, &mut |_, _| {});
        let finished = |text: &str| vec![Completion::finished(text)];
        let cut = Completion {
            text: "c".into(),
            stopped: false,
        };
        assert_eq!(drawn, [finished("b"), finished("a"), vec![cut]]);
    }

    #[test]
    fn numbered_completions_are_put_in_order() {
        let line = |id: u64, text: &str, sample: u64| {
            format!(
                r#"{{"id": {id}, "completion": "{text}", "sample": {sample}, "temperature": -0.0}}"#
            )
        };
        let mut lines = vec![line(4, "second", 2), line(4, "first", 1)];
        lines.extend([5, 6].map(|id| line(id, "b", 1)));
        lines.extend([5, 6].map(|id| line(id, "a", 0)));
        let mut given = read(&lines.join("\n").replacen("-0.0", "0", 1)).unwrap();
        assert_eq!(given.temperature, Some(0.0));
        let Ok(drawn) = given.sample(&items(), 2, &mut |_, _| {});
        let pair =
            |one: &str, two: &str| vec![Completion::finished(one), Completion::finished(two)];
        assert_eq!(
            drawn,
            [pair("first", "second"), pair("a", "b"), pair("a", "b")]
        );
    }

    #[test]
    fn every_fault_of_a_file_is_told_at_once() {
        let error = read(
            "{\"id\": 4, \"completion\": \"a\", \"sample\": 0, \"temperature\": 1}\n\
             {\"id\": 4, \"completion\": \"a\", \"sample\": 0}\n\
             {\"id\": 9, \"completion\": \"a\"}\n\
             {\"id\": 5, \"text\": \"a\"}\n\
             {\"id\": 6, \"completion\": \"a\"}\n\
             {\"id\": 6, \"completion\": \"b\", \"temperature\": -1}\n",
        )
        .unwrap_err();
        for part in [
            "line 2: `sample` 0 of problem 4 appears a second time",
            "line 3: found problem 9, which the experiment does not evaluate",
            "line 4: ",
            "line 6: `temperature` is -1, expected a number from 0 on",
            "found temperatures none, 1; expected one file for each",
            "1 of 3 problems do not have the 1 completions that most have: problem 5 has 0",
        ] {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert!(read("").unwrap_err().contains("found no completion"));
    }
}
