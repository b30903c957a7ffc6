//! The numbers of a group of problems.
//!
//! Source: pass@k as in `pass_at_k.rs`, pass^k as in `pass_hat_k.rs`, maj@k as in `majority.rs`; intervals within
//! op, whose numbers an evaluation fixes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::item_score::ItemScore;
use crate::majority::majority_at_ks;
use crate::{PassAtK, pass_at_k, pass_hat_k};

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
pub(crate) struct Scored<'i> {
    item: &'i ItemScore,
    majority: &'i [f64],
}

impl Cell {
    pub(crate) fn of(settings: (u32, &[u32]), problems: &[Scored<'_>]) -> Option<Self> {
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

/// The maj@k of every problem for every k; nothing where the stated answers are not known: no wrong
/// one is counted although there are wrong completions.
pub(crate) fn votes((samples, ks): (u32, &[u32]), items: &[ItemScore]) -> Vec<Vec<f64>> {
    let stated = items.iter().any(|item| !item.wrong_answers.is_empty());
    let none_wrong = items.iter().all(|item| item.answers == samples);
    if samples < 2 || !(stated || none_wrong) {
        return Vec::new();
    }
    let of =
        |item: &ItemScore| majority_at_ks(samples, item.answers, &item.wrong_answers, ks, item.id);
    items.iter().map(of).collect()
}

pub(crate) fn scored<'i>(items: &'i [ItemScore], votes: &'i [Vec<f64>]) -> Vec<Scored<'i>> {
    let score = |(index, item): (usize, &'i ItemScore)| Scored {
        item,
        majority: votes.get(index).map_or(&[], Vec::as_slice),
    };
    items.iter().enumerate().map(score).collect()
}

/// The numbers of the problems of each key, in one pass over the problems.
pub(crate) fn grouped<'i, K: Ord>(
    settings: (u32, &[u32]),
    items: &'i [ItemScore],
    votes: &'i [Vec<f64>],
    key: impl Fn(&'i ItemScore) -> Option<K>,
) -> BTreeMap<K, Cell> {
    let mut groups: BTreeMap<K, Vec<Scored<'i>>> = BTreeMap::new();
    for one in scored(items, votes) {
        if let Some(key) = key(one.item) {
            groups.entry(key).or_default().push(one);
        }
    }
    let cell = |(key, problems): (K, Vec<Scored<'i>>)| Some((key, Cell::of(settings, &problems)?));
    groups.into_iter().filter_map(cell).collect()
}

/// As [`grouped`], by a name.
pub(crate) fn grouped_by_name<'i>(
    settings: (u32, &[u32]),
    items: &'i [ItemScore],
    votes: &'i [Vec<f64>],
    name: impl Fn(&'i ItemScore) -> Option<&'i str>,
) -> BTreeMap<String, Cell> {
    let groups = grouped(settings, items, votes, name).into_iter();
    groups.map(|(name, cell)| (name.to_owned(), cell)).collect()
}
