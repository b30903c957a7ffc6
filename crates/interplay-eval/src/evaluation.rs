//! The evaluation of a sampler, and its numbers.
//!
//! Source: arXiv 2512.07783, section 3: every pass@k counts solutions whose process verifies,
//! not answers alone. Deviations: the unbiased estimator (the published code takes the first k
//! samples), and the answer-only number beside the verified one, because their gap shows reward
//! hacking.

use std::collections::{BTreeMap, HashMap};

use interplay_environment::{Environment, FirstError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{EvalError, EvalItem, PassAtK, Sampler};

/// How to evaluate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvalSettings {
    /// Completions a problem.
    pub completions: u32,
    /// The k of every pass@k, ascending.
    pub ks: Vec<u32>,
    /// How many problems the sampler gets at a time.
    pub batch: usize,
}

impl Default for EvalSettings {
    /// 128 completions and powers of two up to there, as published.
    fn default() -> Self {
        let ks = (0..8).map(|power| 1 << power).collect();
        Self {
            completions: 128,
            ks,
            batch: 32,
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
    /// Whether it was accepted.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl Cell {
    fn of<'i>(settings: (u32, &[u32]), items: impl Iterator<Item = &'i ItemScore>) -> Option<Self> {
        let (samples, ks) = settings;
        let items: Vec<&ItemScore> = items.collect();
        if items.is_empty() {
            return None;
        }
        let pass = |right: fn(&ItemScore) -> u32| {
            let of = |k: &u32| PassAtK::of(samples, items.iter().map(|item| right(item)), *k);
            ks.iter().map(of).collect()
        };
        let (verified, answer_only) = (pass(|item| item.verified), pass(|item| item.answers));
        Some(Self {
            problems: items.len(),
            verified,
            answer_only,
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
    /// All problems.
    pub overall: Cell,
    /// By band, of those that have one.
    pub by_band: BTreeMap<String, Cell>,
    /// By difficulty, of those that have one.
    pub by_op: BTreeMap<u32, Cell>,
    /// By context, of those that have one.
    pub by_context: BTreeMap<String, Cell>,
    /// The counts behind the numbers, in the order of the problems.
    pub items: Vec<ItemScore>,
}

impl Evaluation {
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
            completions, ks, ..
        } = settings;
        let most = |item: &ItemScore| item.verified.max(item.answers);
        if let Some(item) = items.iter().find(|item| most(item) > *completions) {
            let found = format!("{} right completions for problem {}", most(item), item.id);
            let expected = format!("at most `completions` = {completions}");
            return Err(EvalError::Setting {
                setting: "items",
                found,
                expected,
            });
        }
        let settings = (*completions, ks.as_slice());
        let overall = Cell::of(settings, items.iter()).ok_or(EvalError::NoItems)?;
        Ok(Self {
            completions: *completions,
            ks: ks.clone(),
            level: level.to_owned(),
            overall,
            by_band: grouped(settings, &items, |item| item.band.clone()),
            by_op: grouped(settings, &items, |item| item.op),
            by_context: grouped(settings, &items, |item| item.context.clone()),
            items,
        })
    }
}

fn grouped<K: Ord + Clone>(
    settings: (u32, &[u32]),
    items: &[ItemScore],
    key: impl Fn(&ItemScore) -> Option<K>,
) -> BTreeMap<K, Cell> {
    let mut groups: BTreeMap<K, Vec<&ItemScore>> = BTreeMap::new();
    for item in items {
        if let Some(key) = key(item) {
            groups.entry(key).or_default().push(item);
        }
    }
    let cell = |(key, items): (K, Vec<&ItemScore>)| {
        Cell::of(settings, items.into_iter()).map(|cell| (key, cell))
    };
    groups.into_iter().filter_map(cell).collect()
}

/// Samples, scores and counts.
///
/// `environment` judges the completions; the items are examples of it. `record` gets every
/// completion with its judgment, in the order of the problems; `progress` receives how many
/// completions are done out of how many.
///
/// # Errors
/// Settings that cannot be followed, no items, items that share an id, a sampler that fails or gives
/// another number of completions than asked for, an example that the environment did not make, or a
/// record that could not be written.
pub fn evaluate<S: Sampler>(
    sampler: &mut S,
    environment: &dyn Environment,
    items: &[EvalItem],
    settings: &EvalSettings,
    record: &mut dyn FnMut(&GenerationRecord) -> std::io::Result<()>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Evaluation, EvalError<S::Error>> {
    settings.validate()?;
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
    let wanted = settings.completions as usize;
    let total = items.len() * wanted;
    let mut scores = Vec::with_capacity(items.len());
    progress(0, total);
    for batch in items.chunks(settings.batch) {
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
            scores.push(judge(environment, item, completions, first, record)?);
        }
        progress(scores.len() * wanted, total);
    }
    Evaluation::build(settings, environment.level(), scores)
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
    completions: Vec<String>,
    first_draw: u64,
    record: &mut dyn FnMut(&GenerationRecord) -> std::io::Result<()>,
) -> Result<ItemScore, EvalError<E>> {
    let labels = &item.example.labels;
    let mut counts = ItemScore {
        id: item.id,
        op: labels.op,
        context: labels.context.clone(),
        problem: fingerprint(item),
        band: item.band.clone(),
        verified: 0,
        answers: 0,
    };
    for (sample, completion) in (0..).zip(completions) {
        let score =
            environment.score(&item.example, &completion, first_draw + u64::from(sample))?;
        counts.verified += u32::from(score.accepted);
        counts.answers += u32::from(score.answer_correct);
        let generation = GenerationRecord {
            id: item.id,
            op: labels.op,
            context: labels.context.clone(),
            sample,
            completion,
            level: Some(environment.level().to_owned()),
            accepted: score.accepted,
            answer_correct: score.answer_correct,
            process_accuracy: score.process_accuracy,
            first_error: score.first_error,
        };
        record(&generation).map_err(|source| EvalError::Record {
            id: item.id,
            source,
        })?;
    }
    Ok(counts)
}
