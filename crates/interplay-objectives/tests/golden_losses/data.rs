//! Reading the golden files, and comparing with them.

use std::collections::BTreeMap;
use std::path::Path;

use interplay_objectives::loss::TokenBatch;
use serde_json::Value;

pub fn golden(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn list<'v>(file: &'v Value, key: &str) -> &'v [Value] {
    let cases = file[key].as_array();
    let cases = cases.unwrap_or_else(|| panic!("no list `{key}`"));
    assert!(!cases.is_empty(), "`{key}` is empty");
    cases
}

pub fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array();
    let values = values.unwrap_or_else(|| panic!("no list: {value}"));
    values
        .iter()
        .map(|number| number.as_f64().expect("a number"))
        .collect()
}

/// A number of the settings, or what the library has without it.
pub fn setting(settings: &Value, name: &str, default: f64) -> f64 {
    match &settings[name] {
        Value::Null => default,
        value => value
            .as_f64()
            .unwrap_or_else(|| panic!("`{name}` is {value}")),
    }
}

pub fn check_known(settings: &Value, known: &[&str]) {
    for name in settings.as_object().expect("settings").keys() {
        assert!(known.contains(&name.as_str()), "unknown setting `{name}`");
    }
}

/// Fails beyond 1e-5 of the expected magnitude, with the rounding of single precision for those near zero.
pub fn near(found: f64, expected: f64, case: &str) {
    let distance = (found - expected).abs();
    assert!(
        distance <= 1e-5 * expected.abs() + 2e-7,
        "{case}: {found} and not {expected}"
    );
}

pub fn all_near(found: &[f64], expected: &[f64], case: &str) {
    assert_eq!(found.len(), expected.len(), "{case}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        near(*found, *expected, &format!("{case}[{index}]"));
    }
}

pub fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// The inputs of a case. A completion without tokens has length 0.
#[derive(Clone, serde::Deserialize)]
pub struct Batch {
    pub name: String,
    pub lengths: Vec<usize>,
    pub truncated: Vec<bool>,
    pub rewards: Vec<f64>,
    pub advantages: Vec<f32>,
    pub policy: Vec<f32>,
    pub old: Vec<f32>,
    pub sampled: Vec<f32>,
    pub reference: Vec<f32>,
    pub entropy: Vec<f32>,
}

impl Batch {
    pub fn find(name: &Value) -> Self {
        let file = golden("batches.json");
        let mut batches = list(&file, "loss").iter();
        let batch = batches.find(|batch| batch["name"] == *name);
        let batch = batch.unwrap_or_else(|| panic!("no loss batch {name}"));
        serde_json::from_value(batch.clone()).expect("a batch")
    }

    /// The completion of each token.
    pub fn completions(&self) -> Vec<usize> {
        let rows = self.lengths.iter().enumerate();
        rows.flat_map(|(row, length)| vec![row; *length]).collect()
    }

    /// Which tokens are not of a truncated completion.
    pub fn whole(&self) -> Vec<bool> {
        let rows = self.completions();
        rows.iter().map(|row| !self.truncated[*row]).collect()
    }

    /// The batch without some tokens; every completion stays.
    pub fn only(&self, kept: &[bool]) -> Self {
        let mut lengths = vec![0; self.lengths.len()];
        for (row, _) in self.completions().iter().zip(kept).filter(|pair| *pair.1) {
            lengths[*row] += 1;
        }
        Self {
            lengths,
            advantages: only(&self.advantages, kept),
            policy: only(&self.policy, kept),
            old: only(&self.old, kept),
            sampled: only(&self.sampled, kept),
            reference: only(&self.reference, kept),
            entropy: only(&self.entropy, kept),
            ..self.clone()
        }
    }

    /// Some completions.
    pub fn part(&self, rows: std::ops::Range<usize>) -> Self {
        let kept = self.completions();
        let kept: Vec<bool> = kept.iter().map(|row| rows.contains(row)).collect();
        let mut part = self.only(&kept);
        part.lengths = part.lengths[rows.clone()].to_vec();
        part.truncated = part.truncated[rows].to_vec();
        part
    }

    pub fn tokens<'a>(&'a self, weights: &'a [f32]) -> TokenBatch<'a> {
        TokenBatch {
            lengths: &self.lengths,
            policy: &self.policy,
            old: &self.old,
            reference: &self.reference,
            entropy: &self.entropy,
            advantages: &self.advantages,
            weights,
            ..TokenBatch::default()
        }
    }
}

pub fn only<T: Copy>(values: &[T], kept: &[bool]) -> Vec<T> {
    let pairs = values.iter().zip(kept);
    pairs.filter(|pair| *pair.1).map(|pair| *pair.0).collect()
}

/// How many cases were compared, and which were not, by reason.
#[derive(Default)]
pub struct Tally {
    pub compared: usize,
    pub left: BTreeMap<&'static str, Vec<String>>,
}

impl Tally {
    pub fn leave(&mut self, reason: &'static str, case: String) {
        self.left.entry(reason).or_default().push(case);
    }

    /// Shows the lists and asserts the counts.
    pub fn check(&self, file: &str, compared: usize, left: &[(&str, usize)]) {
        println!("{file}: {} cases compared", self.compared);
        for (reason, cases) in &self.left {
            println!("  not compared, {reason}:");
            cases.iter().for_each(|case| println!("    {case}"));
        }
        let counts: Vec<(&str, usize)> = self.left.iter().map(|(k, v)| (*k, v.len())).collect();
        assert_eq!(counts, left, "{file}: cases without a counterpart");
        assert_eq!(self.compared, compared, "{file}: cases compared");
    }
}
