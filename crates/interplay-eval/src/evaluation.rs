//! The evaluation of a sampler, and its numbers.
//!
//! Source: arXiv 2512.07783, section 3: every pass@k counts solutions whose process verifies,
//! not answers alone. Deviations: the unbiased estimator (the published code takes the first k
//! samples), the answer-only number beside the verified one, because their gap shows reward
//! hacking, and completions that were cut off are never right, whatever their text says.

use std::collections::{BTreeMap, HashMap};
use std::io;

use interplay_environment::Environment;
use serde::{Deserialize, Serialize};

use crate::cell::{Cell, grouped, grouped_by_name, scored, votes};
use crate::item_score::{GenerationRecord, ItemScore, fingerprint};
use crate::{Completion, EvalError, EvalItem, Sampler};

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

/// The result of an evaluation. Serializes to the same bytes for the same numbers; counts that no
/// evaluation has are not read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
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

/// An [`Evaluation`] as it lies in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    completions: u32,
    ks: Vec<u32>,
    level: String,
    #[serde(default)]
    temperature: Option<f64>,
    overall: Cell,
    by_band: BTreeMap<String, Cell>,
    by_op: BTreeMap<u32, Cell>,
    by_context: BTreeMap<String, Cell>,
    #[serde(default)]
    by_seen: BTreeMap<String, Cell>,
    items: Vec<ItemScore>,
}

impl TryFrom<Unchecked> for Evaluation {
    type Error = EvalError;

    /// The cells are taken as they are: only counts are computed with later.
    fn try_from(read: Unchecked) -> Result<Self, EvalError> {
        let settings = EvalSettings {
            completions: read.completions,
            ks: read.ks,
            temperature: read.temperature,
            ..EvalSettings::default()
        };
        settings.validate()?;
        counts_possible(read.completions, &read.items)?;
        Ok(Self {
            completions: read.completions,
            ks: settings.ks,
            level: read.level,
            temperature: read.temperature,
            overall: read.overall,
            by_band: read.by_band,
            by_op: read.by_op,
            by_context: read.by_context,
            by_seen: read.by_seen,
            items: read.items,
        })
    }
}

/// Refuses no problems, and problems with more counted completions than were drawn.
fn counts_possible<E: std::error::Error>(
    completions: u32,
    items: &[ItemScore],
) -> Result<(), EvalError<E>> {
    if items.is_empty() {
        return Err(EvalError::NoItems);
    }
    for (position, item) in items.iter().enumerate() {
        let wrong = item.wrong_answers.iter().map(|votes| u64::from(*votes));
        let stated = u64::from(item.answers) + wrong.sum::<u64>();
        let counts = [
            ("verified", u64::from(item.verified)),
            ("answers", u64::from(item.answers)),
            ("answers + wrong_answers", stated),
            ("truncated", u64::from(item.truncated)),
        ];
        if let Some((field, count)) = counts
            .into_iter()
            .find(|(_, count)| *count > u64::from(completions))
        {
            return Err(EvalError::Setting {
                setting: "items",
                found: format!("`{field}` = {count} at problem {position}, id {}", item.id),
                expected: format!("at most `completions` = {completions}"),
            });
        }
    }
    Ok(())
}

impl Evaluation {
    /// The temperature in tables: `greedy` for 0, `-` where it is not known.
    #[must_use]
    pub fn temperature_name(&self) -> String {
        temperature_name(self.temperature)
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
        counts_possible(*completions, &items)?;
        let settings = (*completions, ks.as_slice());
        let votes = votes(settings, &items);
        let all = scored(&items, &votes);
        let overall = Cell::of(settings, &all).ok_or(EvalError::NoItems)?;
        Ok(Self {
            completions: *completions,
            ks: ks.clone(),
            level: level.to_owned(),
            temperature: *temperature,
            overall,
            by_band: grouped_by_name(settings, &items, &votes, |item| item.band.as_deref()),
            by_op: grouped(settings, &items, &votes, |item| item.op),
            by_context: grouped_by_name(settings, &items, &votes, |item| item.context.as_deref()),
            by_seen: grouped_by_name(settings, &items, &votes, seen_name),
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
        self.by_seen = grouped_by_name(settings, &self.items, &votes, seen_name);
    }
}

/// A temperature in tables: `greedy` for 0, `-` where it is not known.
#[must_use]
pub fn temperature_name(temperature: Option<f64>) -> String {
    match temperature {
        Some(0.0) => "greedy".to_owned(),
        Some(temperature) => temperature.to_string(),
        None => "-".to_owned(),
    }
}

fn seen_name(item: &ItemScore) -> Option<&str> {
    item.seen.map(|seen| if seen { "seen" } else { "unseen" })
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
