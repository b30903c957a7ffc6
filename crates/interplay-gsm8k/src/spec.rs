//! The files of problems, and the selection from them.

use std::path::{Path, PathBuf};

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

/// The files of problems, and the selection from them.
///
/// ```
/// use interplay_gsm8k::Gsm8kSpec;
///
/// let spec: Gsm8kSpec = toml::from_str(
///     r#"
///     train = "gsm8k/train.jsonl.gz"
///     test = "gsm8k/test.jsonl.gz"
///     max_steps = 3
///     "#,
/// )?;
/// assert_eq!((spec.min_steps, spec.max_steps), (0, Some(3)));
/// assert!(spec.validate().0.is_empty());
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gsm8kSpec {
    /// The problems to train on: JSON lines, plain or compressed by gzip.
    pub train: PathBuf,
    /// The problems to evaluate on, in the same format.
    pub test: PathBuf,
    /// The name of the environment and the context of its examples.
    pub name: String,
    /// The fewest solution steps of a selected problem.
    pub min_steps: u32,
    /// The most solution steps of a selected problem; small models solve short problems only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u32>,
    /// Exactly these numbers of solution steps, within the bounds above; all if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<u32>>,
    /// Keeps only the first problems of the selection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Keeps the calculator annotations (`<<48/2=24>>`) in the targets.
    pub keep_annotations: bool,
    /// Skips and counts unreadable lines instead of refusing the file.
    pub skip_unreadable: bool,
}

impl Default for Gsm8kSpec {
    /// All problems, with empty paths.
    fn default() -> Self {
        Self {
            train: PathBuf::new(),
            test: PathBuf::new(),
            name: "gsm8k".to_owned(),
            min_steps: 0,
            max_steps: None,
            steps: None,
            limit: None,
            keep_annotations: false,
            skip_unreadable: false,
        }
    }
}

impl Gsm8kSpec {
    /// All problems of two files.
    pub fn new(train: impl Into<PathBuf>, test: impl Into<PathBuf>) -> Self {
        Self {
            train: train.into(),
            test: test.into(),
            ..Self::default()
        }
    }

    /// Whether a problem with this many solution steps is selected.
    #[must_use]
    pub fn selects(&self, steps: u32) -> bool {
        let most = self.max_steps.unwrap_or(u32::MAX);
        let listed = self
            .steps
            .as_ref()
            .is_none_or(|listed| listed.contains(&steps));
        (self.min_steps..=most).contains(&steps) && listed
    }

    /// Reports everything that is wrong with the settings. Opens no file.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = self.validate_selection();
        let is_empty = |path: &Path| path.as_os_str().is_empty();
        for (key, path) in [("train", &self.train), ("test", &self.test)] {
            if is_empty(path) {
                issues.push(key, "nothing", "the path of a JSONL file");
            }
        }
        if self.train == self.test && !is_empty(&self.train) {
            let expected =
                "another file than `train`, so that no model is tested on what it has seen";
            issues.push("test", self.test.display(), expected);
        }
        issues
    }

    /// As `validate`, without the paths.
    pub(crate) fn validate_selection(&self) -> Issues {
        let mut issues = Issues::default();
        if self.name.is_empty() {
            issues.push("name", "an empty text", "a name for reports");
        }
        if let Some(most) = self.max_steps.filter(|&most| most < self.min_steps) {
            let expected = format!("at least `min_steps`, which is {}", self.min_steps);
            issues.push("max_steps", most, expected);
        }
        if self.limit == Some(0) {
            issues.push("limit", 0, "at least 1; leave it out to take all problems");
        }
        issues
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_every_problem_at_once() {
        let spec = Gsm8kSpec {
            name: String::new(),
            min_steps: 4,
            max_steps: Some(3),
            limit: Some(0),
            ..Gsm8kSpec::new("a.jsonl", "a.jsonl")
        };
        let keys: Vec<String> = spec
            .validate()
            .0
            .into_iter()
            .map(|issue| issue.key)
            .collect();
        assert_eq!(keys, ["name", "max_steps", "limit", "test"]);
        assert_eq!(Gsm8kSpec::default().validate().0.len(), 2);
    }

    #[test]
    fn refuses_unknown_keys_and_reads_what_it_writes() {
        let error = toml::from_str::<Gsm8kSpec>("maximum = 3")
            .unwrap_err()
            .to_string();
        assert!(error.contains("maximum"), "{error}");
        let spec = Gsm8kSpec {
            limit: Some(5),
            ..Gsm8kSpec::new("a.jsonl", "b.jsonl")
        };
        let text = toml::to_string(&spec).unwrap();
        assert_eq!(toml::from_str::<Gsm8kSpec>(&text).unwrap(), spec);
    }
}
