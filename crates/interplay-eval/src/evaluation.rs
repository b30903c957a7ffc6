//! The evaluation of a sampler, and its numbers.
//!
//! Source: arXiv 2512.07783, section 3: every pass@k counts solutions whose process verifies,
//! not answers alone. Deviations: the unbiased estimator (the published code takes the first k
//! samples), the answer-only number beside the verified one, because their gap shows reward
//! hacking, and completions that were cut off are never right, whatever their text says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use interplay_environment::{Environment, FirstError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Completion, EvalError, EvalItem, PassAtK, Sampler, majority_at_k, pass_at_k, pass_hat_k,
};

/// How to evaluate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvalSettings {
    /// Completions a problem.
    pub completions: u32,
    /// The k of every pass@k, ascending.
    pub ks: Vec<u32>,
    /// How many problems the sampler gets at a time.
    pub batch: usize,
    /// The temperature that the sampler draws at, 0 for greedy decoding; none where that is not known.
    /// It is noted in the results and does not change the sampler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
}

impl Default for EvalSettings {
    /// 128 completions and powers of two up to there, as published.
    fn default() -> Self {
        let ks = (0..8).map(|power| 1 << power).collect();
        Self {
            completions: 128,
            ks,
            batch: 32,
            temperature: None,
        }
    }
}

impl EvalSettings {
    /// Checks that the settings can be followed.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn validate<E: std::error::Error>(&self) -> Result<(), EvalError<E>> {
        let wrong = |setting, found: String, expected: String| {
            Err(EvalError::Setting {
                setting,
                found,
                expected,
            })
        };
        if self.completions == 0 {
            return wrong("completions", "0".into(), "at least 1".into());
        }
        if self.batch == 0 {
            return wrong("batch", "0".into(), "at least 1".into());
        }
        let ascending = self.ks.windows(2).all(|pair| pair[0] < pair[1]);
        let (first, last) = (self.ks.first(), self.ks.last());
        if !ascending || first.is_none_or(|k| *k == 0) || last.is_none_or(|k| *k > self.completions)
        {
            let expected = format!("ascending, from 1 to `completions` = {}", self.completions);
            return wrong("ks", format!("{:?}", self.ks), expected);
        }
        Ok(())
    }
}

/// One completion and its judgment, for `eval/*.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerationRecord {
    /// The problem's id.
    pub id: u64,
    /// Its difficulty, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub op: Option<u32>,
    /// Its context, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub context: Option<String>,
    /// Which of the problem's completions, counted from zero.
    pub sample: u32,
    /// The completion.
    pub completion: String,
    /// The rule of acceptance, such as `strict`; none in records of versions that did not note it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub level: Option<String>,
    /// The temperature that it was drawn at; none where that is not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub temperature: Option<f64>,
    /// Whether it ended by itself; none in records of versions that did not note it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stopped: Option<bool>,
    /// The answer that it states, where the environment reads one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub answer: Option<String>,
    /// Whether it was accepted. One that did not end by itself never is.
    pub accepted: bool,
    /// Whether its answer is right.
    pub answer_correct: bool,
    /// The share of needed quantities whose step is right.
    pub process_accuracy: f64,
    /// The first mistake.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_error: Option<FirstError>,
}

/// How many completions of a problem were right.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemScore {
    /// The problem's id.
    pub id: u64,
    /// Its difficulty, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub op: Option<u32>,
    /// Its context, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub context: Option<String>,
    /// What tells the problem from others with its id: a hash of its prompt and right answer.
    /// Empty where the counts come from elsewhere than [`evaluate`].
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub problem: String,
    /// The band that it is counted in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub band: Option<String>,
    /// Completions that were accepted.
    pub verified: u32,
    /// Completions whose answer is right.
    pub answers: u32,
    /// Completions that were cut off before they ended.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub truncated: u32,
    /// How many completions state each distinct wrong answer, descending. With `answers`, these are
    /// the votes of a majority vote; completions that state no answer do not vote.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub wrong_answers: Vec<u32>,
    /// Whether the model was trained on the problem, in these or in other words; none where that is
    /// not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen: Option<bool>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl ItemScore {
    /// Whether two counts are of one problem: id, op, context and fingerprint.
    pub(crate) fn same_problem(&self, other: &Self) -> bool {
        self.id == other.id
            && self.op == other.op
            && self.context == other.context
            && self.problem == other.problem
    }

    /// The counts of a problem from the records of its completions.
    #[must_use]
    pub fn of_records(item: &EvalItem, records: &[GenerationRecord]) -> Self {
        let count = |holds: fn(&GenerationRecord) -> bool| {
            records.iter().filter(|record| holds(record)).count() as u32
        };
        let mut wrong: BTreeMap<&str, u32> = BTreeMap::new();
        for record in records.iter().filter(|record| !record.answer_correct) {
            if let Some(answer) = &record.answer {
                *wrong.entry(answer).or_default() += 1;
            }
        }
        let mut wrong_answers: Vec<u32> = wrong.into_values().collect();
        wrong_answers.sort_unstable_by(|a, b| b.cmp(a));
        let labels = &item.example.labels;
        Self {
            id: item.id,
            op: labels.op,
            context: labels.context.clone(),
            problem: fingerprint(item),
            band: item.band.clone(),
            verified: count(|record| record.accepted),
            answers: count(|record| record.answer_correct),
            truncated: count(|record| record.stopped == Some(false)),
            wrong_answers,
            seen: None,
        }
    }
}

/// The numbers of a group of problems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// How many problems.
    pub problems: usize,
    /// pass@k of verified solutions, in the order of the settings' `ks`.
    pub verified: Vec<PassAtK>,
    /// pass@k of answers alone.
    pub answer_only: Vec<PassAtK>,
    /// pass^k of verified solutions: the probability that all of k attempts are accepted. Empty where
    /// there is one completion per problem.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub all_verified: Vec<PassAtK>,
    /// maj@k: the probability that the answer which most of k attempts state is right. Empty where
    /// there is one completion per problem, or the stated answers are not known.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub majority: Vec<PassAtK>,
    /// The share of completions that were cut off before they ended.
    #[serde(default)]
    pub truncated_share: f64,
}

/// A problem's counts, and its maj@k for each k where that is known.
struct Scored<'i> {
    item: &'i ItemScore,
    majority: &'i [f64],
}

impl Cell {
    fn of(settings: (u32, &[u32]), problems: &[Scored<'_>]) -> Option<Self> {
        let (samples, ks) = settings;
        if problems.is_empty() {
            return None;
        }
        // Within the op of the problems, whose numbers an evaluation fixes.
        let mean = |index: usize, score: &dyn Fn(&Scored<'_>) -> f64| {
            let scores = problems.iter().map(|one| (one.item.op, score(one)));
            PassAtK::of_scores(scores, ks[index])
        };
        let each = |known: bool, score: &dyn Fn(&Scored<'_>, usize) -> f64| {
            let indices = if known { 0..ks.len() } else { 0..0 };
            indices
                .map(|index| mean(index, &|one| score(one, index)))
                .collect()
        };
        let items = || problems.iter().map(|one| one.item);
        let truncated: u64 = items().map(|item| u64::from(item.truncated)).sum();
        let drawn = problems.len() as u64 * u64::from(samples);
        let several = samples > 1;
        let votes = several && !problems[0].majority.is_empty();
        Some(Self {
            problems: problems.len(),
            verified: each(true, &|one, k| pass_at_k(samples, one.item.verified, ks[k])),
            answer_only: each(true, &|one, k| pass_at_k(samples, one.item.answers, ks[k])),
            all_verified: each(several, &|one, k| {
                pass_hat_k(samples, one.item.verified, ks[k])
            }),
            majority: each(votes, &|one, k| one.majority[k]),
            truncated_share: truncated as f64 / drawn as f64,
        })
    }

    /// pass@k of verified solutions for one k.
    #[must_use]
    pub fn verified_at(&self, k: u32) -> Option<&PassAtK> {
        self.verified.iter().find(|pass| pass.k == k)
    }

    /// pass@k of answers alone for one k.
    #[must_use]
    pub fn answer_at(&self, k: u32) -> Option<&PassAtK> {
        self.answer_only.iter().find(|pass| pass.k == k)
    }
}

/// The result of an evaluation. Serializes to the same bytes for the same numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Completions a problem.
    pub completions: u32,
    /// The k of every pass@k.
    pub ks: Vec<u32>,
    /// The rule by which completions were accepted, such as `strict`.
    pub level: String,
    /// The temperature of sampling, 0 for greedy decoding; none where it is not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub temperature: Option<f64>,
    /// All problems.
    pub overall: Cell,
    /// By band, of those that have one.
    pub by_band: BTreeMap<String, Cell>,
    /// By difficulty, of those that have one.
    pub by_op: BTreeMap<u32, Cell>,
    /// By context, of those that have one.
    pub by_context: BTreeMap<String, Cell>,
    /// By whether the model was trained on the problem: `seen` and `unseen`, of those of which it is
    /// known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub by_seen: BTreeMap<String, Cell>,
    /// The counts behind the numbers, in the order of the problems.
    pub items: Vec<ItemScore>,
}

impl Evaluation {
    /// The temperature in tables: `greedy` for 0, `-` where it is not known.
    #[must_use]
    pub fn temperature_name(&self) -> String {
        match self.temperature {
            Some(0.0) => "greedy".to_owned(),
            Some(temperature) => temperature.to_string(),
            None => "-".to_owned(),
        }
    }

    /// From the counts of each problem, accepted by the rule `level`.
    ///
    /// # Errors
    /// No problems, settings that cannot be followed, or a count above the number of completions.
    pub fn from_scores(
        settings: &EvalSettings,
        level: &str,
        items: Vec<ItemScore>,
    ) -> Result<Self, EvalError> {
        Self::build(settings, level, items)
    }

    fn build<E: std::error::Error>(
        settings: &EvalSettings,
        level: &str,
        items: Vec<ItemScore>,
    ) -> Result<Self, EvalError<E>> {
        settings.validate()?;
        let EvalSettings {
            completions,
            ks,
            temperature,
            ..
        } = settings;
        let most = |item: &ItemScore| {
            let wrong = item
                .wrong_answers
                .iter()
                .copied()
                .fold(0, u32::saturating_add);
            item.verified.max(item.answers.saturating_add(wrong))
        };
        if let Some(item) = items.iter().find(|item| most(item) > *completions) {
            let found = format!("{} counted completions for problem {}", most(item), item.id);
            let expected = format!("at most `completions` = {completions}");
            return Err(EvalError::Setting {
                setting: "items",
                found,
                expected,
            });
        }
        let settings = (*completions, ks.as_slice());
        let votes = votes(settings, &items);
        let all = scored(&items, &votes, |_| true);
        let overall = Cell::of(settings, &all).ok_or(EvalError::NoItems)?;
        Ok(Self {
            completions: *completions,
            ks: ks.clone(),
            level: level.to_owned(),
            temperature: *temperature,
            overall,
            by_band: grouped(settings, &items, &votes, |item| item.band.clone()),
            by_op: grouped(settings, &items, &votes, |item| item.op),
            by_context: grouped(settings, &items, &votes, |item| item.context.clone()),
            by_seen: grouped(settings, &items, &votes, seen_name),
            items,
        })
    }

    /// Notes which problems the model was trained on, and splits the numbers by it.
    pub fn split_by_seen(&mut self, seen: impl Fn(&ItemScore) -> bool) {
        for item in &mut self.items {
            item.seen = Some(seen(item));
        }
        let settings = (self.completions, self.ks.as_slice());
        let votes = votes(settings, &self.items);
        self.by_seen = grouped(settings, &self.items, &votes, seen_name);
    }
}

fn seen_name(item: &ItemScore) -> Option<String> {
    let name = |seen: bool| if seen { "seen" } else { "unseen" };
    item.seen.map(|seen| name(seen).to_owned())
}

/// The maj@k of every problem for every k; nothing where the stated answers are not known: no wrong
/// one is counted although there are wrong completions.
fn votes((samples, ks): (u32, &[u32]), items: &[ItemScore]) -> Vec<Vec<f64>> {
    let stated = items.iter().any(|item| !item.wrong_answers.is_empty());
    let none_wrong = items.iter().all(|item| item.answers == samples);
    if samples < 2 || !(stated || none_wrong) {
        return Vec::new();
    }
    let of = |item: &ItemScore| {
        let vote = |k: &u32| majority_at_k(samples, item.answers, &item.wrong_answers, *k, item.id);
        ks.iter().map(vote).collect()
    };
    items.iter().map(of).collect()
}

fn scored<'i>(
    items: &'i [ItemScore],
    votes: &'i [Vec<f64>],
    holds: impl Fn(&ItemScore) -> bool,
) -> Vec<Scored<'i>> {
    let all = items.iter().enumerate().filter(|(_, item)| holds(item));
    let score = |(index, item): (usize, &'i ItemScore)| Scored {
        item,
        majority: votes.get(index).map_or(&[], Vec::as_slice),
    };
    all.map(score).collect()
}

fn grouped<K: Ord + Clone>(
    settings: (u32, &[u32]),
    items: &[ItemScore],
    votes: &[Vec<f64>],
    key: impl Fn(&ItemScore) -> Option<K>,
) -> BTreeMap<K, Cell> {
    let keys: BTreeSet<K> = items.iter().filter_map(&key).collect();
    let cell = |wanted: K| {
        let problems = scored(items, votes, |item| key(item).as_ref() == Some(&wanted));
        Cell::of(settings, &problems).map(|cell| (wanted, cell))
    };
    keys.into_iter().filter_map(cell).collect()
}

/// Where an evaluation keeps what it has done, so that one that was interrupted can be resumed.
///
/// Problems come in batches of [`EvalSettings::batch`]; what lies between two calls of
/// [`batch_done`](Self::batch_done) is one batch.
pub trait Journal<S> {
    /// The counts of the problems that an earlier evaluation has finished: whole batches from the
    /// first problem on. Asked for once, before the first record.
    fn finished(&mut self) -> Vec<ItemScore> {
        Vec::new()
    }

    /// Keeps the record of one completion.
    ///
    /// # Errors
    /// A record that cannot be written.
    fn record(&mut self, record: &GenerationRecord) -> io::Result<()>;

    /// All records of a batch were kept, and `problems` problems are done.
    ///
    /// # Errors
    /// Records that cannot be written.
    fn batch_done(&mut self, _sampler: &S, _problems: usize) -> io::Result<()> {
        Ok(())
    }
}

impl<S, F: FnMut(&GenerationRecord) -> io::Result<()>> Journal<S> for F {
    fn record(&mut self, record: &GenerationRecord) -> io::Result<()> {
        self(record)
    }
}

/// Samples, scores and counts.
///
/// `environment` judges the completions; the items are examples of it. `journal` gets every
/// completion with its judgment, in the order of the problems: a closure, or a [`Journal`] that
/// lets an interrupted evaluation continue. `progress` receives how many completions are done out of
/// how many.
///
/// Resumed or not, an evaluation has the same result if the sampler's completions of a batch depend
/// on nothing but the batch.
///
/// # Errors
/// Settings that cannot be followed, no items, items that share an id, a sampler that fails or gives
/// another number of completions than asked for, an example that the environment did not make, a
/// record that could not be written, or a journal of other problems.
pub fn evaluate<S: Sampler>(
    sampler: &mut S,
    environment: &dyn Environment,
    items: &[EvalItem],
    settings: &EvalSettings,
    journal: &mut dyn Journal<S>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Evaluation, EvalError<S::Error>> {
    settings.validate()?;
    distinct(items)?;
    let wanted = settings.completions as usize;
    let total = items.len() * wanted;
    let mut scores = journal.finished();
    resumable(&scores, items, settings)?;
    progress(scores.len() * wanted, total);
    for batch in items[scores.len()..].chunks(settings.batch) {
        let (from, to) = (scores.len(), scores.len() + batch.len() - 1);
        let done = from * wanted;
        let most = batch.len() * wanted;
        let mut within = |part: usize, _: usize| progress(done + part.min(most), total);
        let drawn = sampler
            .sample(batch, wanted, &mut within)
            .map_err(|source| EvalError::Sampler { from, to, source })?;
        let count = |what, expected, found| match found == expected {
            true => Ok(()),
            false => Err(EvalError::Count {
                what,
                from,
                to,
                expected,
                found,
            }),
        };
        count("groups", batch.len(), drawn.len())?;
        for (item, completions) in batch.iter().zip(drawn) {
            count("completions", wanted, completions.len())?;
            let first = (scores.len() * wanted) as u64;
            let records = judge(environment, item, completions, first, settings.temperature)?;
            for record in &records {
                journal.record(record).map_err(unwritten(item))?;
            }
            scores.push(ItemScore::of_records(item, &records));
        }
        let last = &batch[batch.len() - 1];
        journal
            .batch_done(sampler, scores.len())
            .map_err(unwritten(last))?;
        progress(scores.len() * wanted, total);
    }
    Evaluation::build(settings, environment.level(), scores)
}

fn unwritten<E: std::error::Error>(item: &EvalItem) -> impl Fn(io::Error) -> EvalError<E> {
    let id = item.id;
    move |source| EvalError::Record { id, source }
}

/// Refuses no problems, and problems that share an id.
fn distinct<E: std::error::Error>(items: &[EvalItem]) -> Result<(), EvalError<E>> {
    if items.is_empty() {
        return Err(EvalError::NoItems);
    }
    let mut ids = HashMap::with_capacity(items.len());
    for (second, item) in items.iter().enumerate() {
        if let Some(first) = ids.insert(item.id, second) {
            let id = item.id;
            return Err(EvalError::RepeatedId { id, first, second });
        }
    }
    Ok(())
}

/// Refuses finished problems that are not the first of the evaluation, or not whole batches.
fn resumable<E: std::error::Error>(
    finished: &[ItemScore],
    items: &[EvalItem],
    settings: &EvalSettings,
) -> Result<(), EvalError<E>> {
    let whole = finished.len() == items.len() || finished.len().is_multiple_of(settings.batch);
    let same = |(known, item): (&ItemScore, &EvalItem)| {
        known.id == item.id && known.problem == fingerprint(item)
    };
    if whole && finished.len() <= items.len() && finished.iter().zip(items).all(same) {
        return Ok(());
    }
    Err(EvalError::Setting {
        setting: "finished problems",
        found: format!("{} problems", finished.len()),
        expected: format!(
            "the first of the {} problems, in whole batches of {}",
            items.len(),
            settings.batch
        ),
    })
}

/// The first 64 bits of SHA-256 over the prompt and the right answer, in hexadecimal.
fn fingerprint(item: &EvalItem) -> String {
    let mut hash = Sha256::new();
    hash.update(item.example.prompt.as_bytes());
    hash.update([0]);
    hash.update(item.example.answer.as_bytes());
    let bytes = hash.finalize();
    bytes
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Scores the completions of one item; completion `j` takes the draw `first_draw + j`.
fn judge<E: std::error::Error>(
    environment: &dyn Environment,
    item: &EvalItem,
    completions: Vec<Completion>,
    first_draw: u64,
    temperature: Option<f64>,
) -> Result<Vec<GenerationRecord>, EvalError<E>> {
    let labels = &item.example.labels;
    let one = |(sample, Completion { text, stopped }): (u32, Completion)| {
        let score = environment.score(&item.example, &text, first_draw + u64::from(sample))?;
        let score = if stopped { score } else { score.unfinished() };
        Ok(GenerationRecord {
            id: item.id,
            op: labels.op,
            context: labels.context.clone(),
            sample,
            completion: text,
            level: Some(environment.level().to_owned()),
            temperature,
            stopped: Some(stopped),
            answer: score.answer,
            accepted: score.accepted,
            answer_correct: score.answer_correct,
            process_accuracy: score.process_accuracy,
            first_error: score.first_error,
        })
    };
    (0..).zip(completions).map(one).collect()
}
