//! The problems of a file, with how many of their completions are right.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::Result;
use interplay_files::RecordReader;

use super::record::{EXPECTED, Graded, Kind, LISTED, Record};

/// The completions of a problem.
pub(super) struct Problem {
    /// What errors call it.
    pub(super) label: String,
    pub(super) op: Option<String>,
    pub(super) context: Option<String>,
    pub(super) completions: u32,
    /// Its accepted completions, where that is known.
    pub(super) verified: Option<Right>,
    /// Its completions with the right answer, where that is known.
    pub(super) answers: Option<Right>,
    /// How often each wrong answer is stated.
    pub(super) wrong: HashMap<String, u32>,
    seen: Seen,
}

/// The right completions of a problem.
#[derive(Clone, Copy, Default)]
pub(super) struct Right {
    pub(super) count: u32,
    /// The number of the first one, from 0.
    pub(super) first: Option<u64>,
}

impl Right {
    fn add(&mut self, right: bool, number: u64) {
        if right {
            self.count += 1;
            self.first = Some(self.first.map_or(number, |first| first.min(number)));
        }
    }
}

/// The problems of one kind.
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) problems: Vec<Problem>,
    /// Whether some completion states an answer.
    pub(super) states_answers: bool,
    /// The index of each problem, by key.
    known: HashMap<String, usize>,
    /// The lowest number of a numbered completion.
    lowest: Option<u64>,
}

impl Part {
    /// The fewest and the most completions of a problem.
    pub(super) fn range(&self) -> (u32, u32) {
        let counts = || self.problems.iter().map(|problem| problem.completions);
        (counts().min().unwrap_or(0), counts().max().unwrap_or(0))
    }

    /// Adds the problems that the file has no completion of; all of those that it has must be among them.
    pub(super) fn complete(&mut self, all: &[Listed]) -> Result<(), String> {
        let Some(grades) = self.problems.first() else {
            return Ok(());
        };
        let grades = [grades.verified, grades.answers].map(|right| right.map(|_| Right::default()));
        let listed: HashSet<&str> = all.iter().map(|one| one.key.as_str()).collect();
        let strange = self
            .known
            .iter()
            .filter(|(key, _)| !listed.contains(key.as_str()));
        if let Some(index) = strange.map(|(_, index)| *index).min() {
            return Err(format!(
                "problem {} is not among the {} that --problems names",
                self.problems[index].label,
                all.len()
            ));
        }
        for one in all {
            if !self.known.contains_key(&one.key) {
                self.known.insert(one.key.clone(), self.problems.len());
                self.problems.push(Problem {
                    label: one.label.clone(),
                    op: one.op.clone(),
                    context: one.context.clone(),
                    completions: 0,
                    verified: grades[0],
                    answers: grades[1],
                    wrong: HashMap::new(),
                    seen: Seen::default(),
                });
            }
        }
        Ok(())
    }

    /// Refuses completions that are numbered from 1, of which the first k cannot be told.
    pub(super) fn check_order(&self) -> Result<(), String> {
        match self.lowest {
            Some(lowest) if lowest > 0 => Err(format!(
                "first@k takes the completions 0 to k - 1 of a problem, and the lowest number in the file \
                 is {lowest}; expected numbers from 0 on"
            )),
            _ => Ok(()),
        }
    }

    /// Counts completions that the file lacks as wrong.
    pub(super) fn fill(&mut self, completions: u32) -> Result<(), String> {
        for problem in &mut self.problems {
            if problem.completions > completions {
                return Err(format!(
                    "problem {} has {} completions, and --completions says {completions}",
                    problem.label, problem.completions
                ));
            }
            problem.completions = completions;
        }
        Ok(())
    }

    /// Refuses completions that no vote can be taken of.
    pub(super) fn check_votes(&self) -> Result<(), String> {
        let lacks = match self
            .problems
            .iter()
            .any(|problem| problem.answers.is_none())
        {
            true => "`answer_correct`, the grade of that answer",
            false if !self.states_answers => "`answer`, the answer that it states",
            false => return Ok(()),
        };
        Err(format!(
            "maj@k is a vote on answers, and no completion has the field {lacks}; expected both, as in \
             eval/STAGE.jsonl of a run"
        ))
    }
}

/// A problem that an evaluation had, whether or not there are completions of it.
pub(super) struct Listed {
    key: String,
    label: String,
    op: Option<String>,
    context: Option<String>,
}

/// The problems that a file names, each once.
pub(super) fn listed(path: &Path) -> Result<Vec<Listed>> {
    let mut records = RecordReader::open(path)?.report_all();
    let (mut all, mut keys) = (Vec::new(), HashSet::new());
    while let Some((_, record)) = records.next::<Record>(LISTED)? {
        let mut key = String::new();
        match record.listed(&mut key) {
            Ok((label, op, context)) if keys.insert(key.clone()) => all.push(Listed {
                key,
                label,
                op,
                context,
            }),
            Ok((label, ..)) => records.reject(records.error(&format!(
                "problem {label} appears a second time; expected each problem once"
            )))?,
            Err(reason) => records.reject(records.error(&reason))?,
        }
    }
    records.finish()?;
    Ok(all)
}

/// How a file is read.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) skip_unreadable: bool,
    /// Whether votes are counted.
    pub(super) votes: bool,
}

/// The problems of each kind, in the order of their first completions.
pub(super) fn read(path: &Path, reading: Reading) -> Result<Vec<Part>> {
    let mut records = RecordReader::open(path)?
        .skip_unreadable(reading.skip_unreadable)
        .report_all();
    let mut problems = Problems::new(reading.votes);
    let mut key = String::new();
    while let Some((_, record)) = records.next::<Record>(EXPECTED)? {
        let graded = record.graded(&mut key);
        match graded.and_then(|graded| problems.checked(graded)) {
            Ok(graded) => {
                if let Err(reason) = problems.add(&key, graded) {
                    let error = records.error(&reason);
                    // The record can be read; what contradicts it is never skipped.
                    if reading.skip_unreadable {
                        return Err(error.into());
                    }
                    records.reject(error)?;
                }
            }
            Err(reason) => records.reject(records.error(&reason))?,
        }
    }
    records.finish()?;
    super::super::output::warn_of(records.skipped());
    Ok(problems.parts)
}

struct Problems {
    parts: Vec<Part>,
    /// The index of each part, by kind.
    kinds: HashMap<Kind, usize>,
    /// Which grades the first record has.
    grades: Option<[bool; 2]>,
    votes: bool,
}

impl Problems {
    fn new(votes: bool) -> Self {
        Self {
            parts: Vec::new(),
            kinds: HashMap::new(),
            grades: None,
            votes,
        }
    }

    /// Refuses a completion whose grades are not those of the first record.
    fn checked(&mut self, graded: Graded) -> Result<Graded, String> {
        let now = [graded.verified.is_some(), graded.answer_right.is_some()];
        let before = *self.grades.get_or_insert(now);
        let fields = match graded.sample_field {
            "sample_rank" => ["perfect", "answer_mismatch"],
            _ => ["accepted", "answer_correct"],
        };
        for (field, (now, before)) in fields.iter().zip(now.into_iter().zip(before)) {
            if now != before {
                let [now, before] =
                    [now, before].map(|there| if there { "there" } else { "missing" });
                return Err(format!(
                    "the field `{field}` is {now}, but it is {before} in the first record; \
                     expected {EXPECTED}"
                ));
            }
        }
        Ok(graded)
    }

    fn add(&mut self, key: &str, graded: Graded) -> Result<(), String> {
        let part = match self.kinds.get(&graded.kind) {
            Some(part) => *part,
            None => {
                self.kinds.insert(graded.kind.clone(), self.parts.len());
                self.parts.push(Part {
                    kind: graded.kind.clone(),
                    problems: Vec::new(),
                    states_answers: false,
                    known: HashMap::new(),
                    lowest: None,
                });
                self.parts.len() - 1
            }
        };
        let part = &mut self.parts[part];
        part.states_answers |= graded.answer.is_some();
        part.lowest = part.lowest.into_iter().chain(graded.sample).min();
        let index = match part.known.get(key) {
            Some(index) => *index,
            None => {
                part.known.insert(key.to_owned(), part.problems.len());
                part.problems.push(Problem::new(&graded));
                part.problems.len() - 1
            }
        };
        part.problems[index].add(graded, self.votes)
    }
}

impl Problem {
    fn new(graded: &Graded) -> Self {
        Self {
            label: graded.label.clone(),
            op: graded.op.clone(),
            context: graded.context.clone(),
            completions: 0,
            verified: graded.verified.map(|_| Right::default()),
            answers: graded.answer_right.map(|_| Right::default()),
            wrong: HashMap::new(),
            seen: Seen::default(),
        }
    }

    fn add(&mut self, graded: Graded, votes: bool) -> Result<(), String> {
        let label = &self.label;
        let groups = [
            ("op", &graded.op, &self.op),
            ("context", &graded.context, &self.context),
        ];
        for (field, now, before) in groups {
            if now != before {
                let [now, before] =
                    [now, before].map(|value| value.as_deref().unwrap_or("no value"));
                return Err(format!(
                    "problem {label} has {field} {now} here and {before} before; expected the \
                     completions of one evaluation"
                ));
            }
        }
        if let Some(sample) = graded.sample
            && !self.seen.insert(sample)
        {
            return Err(format!(
                "`{}` {sample} of problem {label} appears a second time; expected the completions \
                 of one evaluation",
                graded.sample_field
            ));
        }
        let number = graded.sample.unwrap_or(u64::from(self.completions));
        let grades = [
            (&mut self.verified, graded.verified),
            (&mut self.answers, graded.answer_right),
        ];
        for (right, now) in grades {
            if let (Some(right), Some(now)) = (right, now) {
                right.add(now, number);
            }
        }
        if votes
            && graded.answer_right == Some(false)
            && let Some(answer) = graded.answer
        {
            *self.wrong.entry(answer).or_default() += 1;
        }
        self.completions += 1;
        Ok(())
    }
}

/// The numbers of completions that were met: mostly small ones without gaps.
#[derive(Default)]
struct Seen {
    bits: Vec<u64>,
    large: HashSet<u64>,
}

impl Seen {
    /// Numbers up to here are kept as bits.
    const BITS: u64 = 1 << 16;

    /// Whether the number is new.
    fn insert(&mut self, number: u64) -> bool {
        if number >= Self::BITS {
            return self.large.insert(number);
        }
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        let new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        new
    }
}
