//! Drawing the completions of many items, several requests at a time.
//!
//! Items are cut into requests, which threads take in order. This thread puts their completions
//! together and hands over each item as soon as it is complete.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use interplay_eval::{Completion, EvalItem};

use crate::endpoint::{Encode, Endpoint};
use crate::error::{EndpointError, FailedItem};
use crate::failure::RequestError;

/// How many failed items an error shows.
const SHOWN: usize = 3;

/// Why a drawing is not whole.
#[derive(Debug, thiserror::Error)]
pub enum DrawError<E> {
    /// Some items failed.
    #[error(transparent)]
    Endpoint(EndpointError),
    /// What was to keep an item failed.
    #[error("an item could not be kept: {0}")]
    Keep(E),
}

impl<E> From<EndpointError> for DrawError<E> {
    fn from(error: EndpointError) -> Self {
        Self::Endpoint(error)
    }
}

impl Endpoint {
    /// Draws `completions` completions of each item and hands over each item, by its position, as soon
    /// as it has all of them. Items come in the order in which they are completed; `keep` is called on
    /// this thread.
    ///
    /// Prompts are sent as the tokens that `encode` gives, if the server takes tokens, and as texts
    /// otherwise. The tokenizer of a server adds what it adds to texts, such as a first token, and
    /// nothing to tokens.
    ///
    /// # Errors
    /// An item that fails does not keep the others from being drawn; the error comes at the end and has
    /// the first reasons. Too many failures in a row end the drawing ([`EndpointError::Items`]), and so
    /// does an error of `keep`, which is given back once the requests under way have ended.
    ///
    /// # Panics
    /// If `encode` or `keep` does.
    pub fn draw<E>(
        &self,
        items: &[EvalItem],
        completions: usize,
        encode: Option<Encode<'_>>,
        keep: &mut dyn FnMut(usize, Vec<Completion>) -> Result<(), E>,
    ) -> Result<(), DrawError<E>> {
        let encode = encode.filter(|_| self.findings().token_ids);
        draw(self, items, completions, encode, keep)
    }
}

/// The completions of a part of an item.
struct Part {
    item: usize,
    part: usize,
    result: Result<Vec<Completion>, RequestError>,
}

fn draw<E>(
    endpoint: &Endpoint,
    items: &[EvalItem],
    completions: usize,
    encode: Option<Encode<'_>>,
    keep: &mut dyn FnMut(usize, Vec<Completion>) -> Result<(), E>,
) -> Result<(), DrawError<E>> {
    if completions == 0 {
        return (0..items.len())
            .try_for_each(|item| keep(item, Vec::new()).map_err(DrawError::Keep));
    }
    let size = endpoint.findings().choices.clamp(1, completions);
    let parts = completions.div_ceil(size);
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let failed: Vec<AtomicBool> = items.iter().map(|_| AtomicBool::new(false)).collect();
    let work = |sender: mpsc::SyncSender<Part>| {
        while !is_over.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (item, part) = (index / parts, index % parts);
            if item >= items.len() {
                return;
            }
            let is_lost =
                || is_over.load(Ordering::Relaxed) || failed[item].load(Ordering::Relaxed);
            if is_lost() {
                continue;
            }
            let first = part * size;
            let count = size.min(completions - first);
            let result = endpoint.complete(&items[item], first, count, encode, &is_lost);
            if result.is_err() {
                failed[item].store(true, Ordering::Relaxed);
            }
            if sender.send(Part { item, part, result }).is_err() {
                return;
            }
        }
    };
    let threads = endpoint
        .spec()
        .concurrency
        .min(items.len().saturating_mul(parts));
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(threads.max(1));
        for _ in 0..threads {
            let (work, sender) = (&work, sender.clone());
            scope.spawn(move || work(sender));
        }
        drop(sender);
        let mut collected = Collected::new(items, parts, endpoint.spec().max_failures_in_a_row);
        for part in receiver {
            collected.take(part, keep);
            if collected.is_over() {
                is_over.store(true, Ordering::Relaxed);
            }
        }
        collected.finish()
    })
}

/// What has come of the items so far.
struct Collected<'a, E> {
    items: &'a [EvalItem],
    parts: usize,
    max_in_a_row: usize,
    incomplete: BTreeMap<usize, Vec<Option<Vec<Completion>>>>,
    completed: usize,
    failed: BTreeMap<usize, RequestError>,
    failed_count: usize,
    has_failed: Vec<bool>,
    in_a_row: usize,
    gave_up: bool,
    keep_error: Option<E>,
}

impl<'a, E> Collected<'a, E> {
    fn new(items: &'a [EvalItem], parts: usize, max_in_a_row: usize) -> Self {
        Self {
            items,
            parts,
            max_in_a_row,
            incomplete: BTreeMap::new(),
            completed: 0,
            failed: BTreeMap::new(),
            failed_count: 0,
            has_failed: vec![false; items.len()],
            in_a_row: 0,
            gave_up: false,
            keep_error: None,
        }
    }

    fn is_over(&self) -> bool {
        self.gave_up || self.keep_error.is_some()
    }

    fn take(
        &mut self,
        Part { item, part, result }: Part,
        keep: &mut dyn FnMut(usize, Vec<Completion>) -> Result<(), E>,
    ) {
        match result {
            Err(reason) => self.fail(item, reason),
            Ok(completions) => {
                self.in_a_row = 0;
                if self.has_failed[item] || self.keep_error.is_some() {
                    return;
                }
                let parts = self.incomplete.entry(item);
                let parts = parts.or_insert_with(|| vec![None; self.parts]);
                parts[part] = Some(completions);
                if parts.iter().all(Option::is_some) {
                    let parts = self.incomplete.remove(&item).unwrap_or_default();
                    let whole = parts.into_iter().flatten().flatten().collect();
                    match keep(item, whole) {
                        Ok(()) => self.completed += 1,
                        Err(error) => self.keep_error = Some(error),
                    }
                }
            }
        }
    }

    fn fail(&mut self, item: usize, reason: RequestError) {
        if std::mem::replace(&mut self.has_failed[item], true) {
            return;
        }
        self.incomplete.remove(&item);
        self.failed_count += 1;
        self.in_a_row += 1;
        self.failed.insert(item, reason);
        if self.failed.len() > SHOWN {
            self.failed.pop_last();
        }
        self.gave_up |= self.in_a_row >= self.max_in_a_row;
    }

    fn finish(self) -> Result<(), DrawError<E>> {
        if let Some(error) = self.keep_error {
            return Err(DrawError::Keep(error));
        }
        let untried = self.items.len() - self.completed - self.failed_count;
        if self.failed_count == 0 {
            return Ok(());
        }
        let first = self
            .failed
            .into_iter()
            .map(|(position, reason)| FailedItem {
                position,
                id: self.items[position].id,
                reason,
            });
        Err(EndpointError::Items {
            items: self.items.len(),
            completed: self.completed,
            failed: self.failed_count,
            gave_up: untried > 0,
            first: first.collect(),
        }
        .into())
    }
}
