//! Golds of labels, kept while they are in use.
//!
//! The completions of a group share their label, and OpenRLHF posts them one by one. Reading a gold takes longer than
//! judging a completion by it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use interplay_verify::Gold;
use serde_json::value::RawValue;

use crate::error::ItemError;
use crate::json;
use crate::text::{is_space, unicode};

/// The texts of a label that a gold is read from.
const FIELDS: [&str; 3] = ["problem", "question", "solution"];

/// Reads the gold of a label: a gold solution, or a JSON object with `solution` and, where known, `problem` and
/// `question`, as an object or as a string.
pub(crate) fn read(label: &RawValue) -> Result<Gold, ItemError> {
    match label.get().as_bytes().first() {
        Some(b'"') => {}
        Some(b'{') if json::is_empty_container(label) => return Err(ItemError::EmptyLabel),
        Some(b'{') => return of_object(label),
        Some(b'n') => return Err(ItemError::EmptyLabel),
        _ => {
            return Err(ItemError::LabelType {
                found: json::kind(label),
            });
        }
    }
    let refused = |source| ItemError::LabelJson { source };
    let text = json::string(label).map_err(refused)?;
    let text = unicode(&text, "label")?;
    if text.is_empty() {
        return Err(ItemError::EmptyLabel);
    }
    match text.trim_start_matches(is_space).starts_with('{') {
        false => gold(["", "", text]),
        true => {
            let changed = json::without_words(text.as_bytes());
            let text = changed.as_deref().unwrap_or(text.as_bytes());
            of_object(json::value(text).map_err(refused)?)
        }
    }
}

fn of_object(label: &RawValue) -> Result<Gold, ItemError> {
    let fields = json::fields::<&RawValue, 3>(label.get().as_bytes(), FIELDS)
        .map_err(|source| ItemError::LabelJson { source })?;
    let mut texts = [const { Cow::Borrowed([0u8; 0].as_slice()) }; 3];
    for ((text, value), field) in texts.iter_mut().zip(fields).zip(FIELDS) {
        let Some(value) = value.filter(|value| value.get() != "null") else {
            if field == "solution" {
                return Err(ItemError::NoSolution);
            }
            continue;
        };
        let found = json::kind(value);
        *text = json::string(value).map_err(|_| ItemError::FieldType { field, found })?;
    }
    let [problem, question, solution] = &texts;
    gold([
        unicode(problem, "problem")?,
        unicode(question, "question")?,
        unicode(solution, "solution")?,
    ])
}

fn gold([problem, question, solution]: [&str; 3]) -> Result<Gold, ItemError> {
    Gold::from_record(problem, question, solution).map_err(|source| ItemError::Gold { source })
}

/// Golds by the text of their label, the latest ones; shared by all threads.
#[derive(Debug)]
pub(crate) struct Golds {
    generations: Mutex<Generations>,
    /// How many bytes of labels each generation holds at most.
    capacity_bytes: usize,
}

/// A gold that is asked for moves into the younger generation, which replaces the older one when it is full: what was
/// used lately stays, and no order has to be kept.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Box<str>, Arc<Gold>>,
    old: HashMap<Box<str>, Arc<Gold>>,
    young_bytes: usize,
}

impl Golds {
    pub(crate) fn new(capacity_bytes: usize) -> Self {
        Self {
            generations: Mutex::default(),
            capacity_bytes,
        }
    }

    /// The gold of a label, read where it is not known.
    pub(crate) fn get(&self, label: &RawValue) -> Result<Arc<Gold>, ItemError> {
        if let Some(gold) = self.known(label.get()) {
            return Ok(gold);
        }
        let gold = Arc::new(read(label)?);
        self.keep(label.get().into(), gold.clone());
        Ok(gold)
    }

    fn known(&self, label: &str) -> Option<Arc<Gold>> {
        let mut generations = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(gold) = generations.young.get(label) {
            return Some(gold.clone());
        }
        let (label, gold) = generations.old.remove_entry(label)?;
        drop(generations);
        self.keep(label, gold.clone());
        Some(gold)
    }

    fn keep(&self, label: Box<str>, gold: Arc<Gold>) {
        let bytes = label.len();
        if bytes > self.capacity_bytes {
            return;
        }
        let mut generations = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut dropped = HashMap::new();
        if generations.young_bytes + bytes > self.capacity_bytes {
            let full = mem::take(&mut generations.young);
            dropped = mem::replace(&mut generations.old, full);
            generations.young_bytes = 0;
        }
        if generations.young.insert(label, gold).is_none() {
            generations.young_bytes += bytes;
        }
        // Thousands of golds take a while to free; others need not wait for that.
        drop(generations);
        drop(dropped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(number: usize) -> String {
        format!("\"fox = {number}. Answer: {number}.\"")
    }

    fn answer(golds: &Golds, text: &str) -> i64 {
        golds
            .get(json::value(text.as_bytes()).unwrap())
            .unwrap()
            .answer()
    }

    #[test]
    fn golds_in_use_stay_and_the_memory_is_bounded() {
        let golds = Golds::new(5 * label(10).len());
        for number in 10..60 {
            assert_eq!(
                answer(&golds, &label(number)),
                i64::try_from(number).unwrap()
            );
            assert_eq!(answer(&golds, &label(10)), 10);
        }
        let generations = golds.generations.lock().unwrap();
        assert!(generations.young.len() <= 5 && generations.old.len() <= 5);
        let known =
            |text: &str| generations.young.contains_key(text) || generations.old.contains_key(text);
        assert!(known(&label(10)) && known(&label(59)) && !known(&label(20)));
        let bytes: usize = generations.young.keys().map(|label| label.len()).sum();
        assert_eq!(bytes, generations.young_bytes);
    }

    #[test]
    fn a_label_above_the_limit_is_read_and_not_kept() {
        let golds = Golds::new(3);
        assert_eq!(answer(&golds, &label(7)), 7);
        assert!(golds.generations.lock().unwrap().young.is_empty());
    }

    #[test]
    fn labels_without_a_gold_say_why() {
        for (label, said) in [
            ("null", "label is empty"),
            ("\"\"", "label is empty"),
            ("{ }", "label is empty"),
            ("\" \"", "the gold solution"),
            ("7", "found a number"),
            ("[]", "found a list"),
            ("false", "found a truth value"),
            ("\"gibberish\"", "the gold solution"),
            (
                r#""{\"solution\": ""#,
                "starts as a JSON object but is none",
            ),
            (
                r#""{\"solution\": \"\"} more""#,
                "starts as a JSON object but is none",
            ),
            (r#""{}""#, "no `solution`"),
            (r#"{"answer": 4}"#, "no `solution`"),
            (r#"{"solution": null}"#, "no `solution`"),
            (
                r#"{"solution": 4}"#,
                "`solution` of the label: expected a text, found a number",
            ),
            (
                r#"{"solution": "fox = 3. Answer: 3.", "problem": []}"#,
                "`problem` of the label",
            ),
            (
                r#"{"solution": "fox = 3. Answer: 3.", "problem": "<question>"}"#,
                "the statements alone",
            ),
            (r#""fox = 3. \udfff Answer: 3.""#, "lone surrogates"),
        ] {
            let error = read(json::value(label.as_bytes()).unwrap())
                .unwrap_err()
                .to_string();
            assert!(error.contains(said), "{label}: {error}");
        }
    }

    #[test]
    fn fields_that_are_not_read_may_be_anything() {
        let label = r#""{\"solution\": \"fox = 3. Answer: 3.\", \"answer\": NaN, \"question\": null, \"x\": [[]]}""#;
        assert_eq!(
            read(json::value(label.as_bytes()).unwrap())
                .unwrap()
                .answer(),
            3
        );
    }
}
