//! One task: what a model is given, what it should write, and what the task is filed under.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The part of a data set that an example belongs to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// For training.
    #[default]
    Train,
    /// For choices made while training.
    Validation,
    /// For the measurement at the end.
    Test,
}

impl Split {
    /// All splits.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no [`Split`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a split; expected train, validation or test")]
pub struct UnknownSplit {
    /// What was read.
    pub found: String,
}

impl FromStr for Split {
    type Err = UnknownSplit;

    fn from_str(text: &str) -> Result<Self, UnknownSplit> {
        let named = Self::ALL.into_iter().find(|split| split.name() == text);
        named.ok_or_else(|| UnknownSplit {
            found: text.to_owned(),
        })
    }
}

/// What an example is filed under in reports.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Labels {
    /// The difficulty, where the environment has one: the number of operations.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub op: Option<u32>,
    /// The context or subject.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub context: Option<String>,
    /// Further labels by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub other: BTreeMap<String, String>,
}

/// One task.
///
/// A sample to train on is `prompt` followed by `target`; a rollout continues `prompt`.
#[non_exhaustive]
#[derive(Clone)]
pub struct Example {
    /// The example's number, unique in its environment.
    pub id: u64,
    /// What the model is given, tags included.
    pub prompt: String,
    /// What a perfect model writes after the prompt, tags included.
    pub target: String,
    /// The right answer.
    pub answer: String,
    /// What the example is filed under.
    pub labels: Labels,
    /// The part of the data that the example belongs to.
    pub split: Split,
    reference: Option<Arc<dyn Any + Send + Sync>>,
}

impl Example {
    /// A training example without labels.
    #[must_use]
    pub fn new(
        id: u64,
        prompt: impl Into<String>,
        target: impl Into<String>,
        answer: impl Into<String>,
    ) -> Self {
        Self {
            id,
            prompt: prompt.into(),
            target: target.into(),
            answer: answer.into(),
            labels: Labels::default(),
            split: Split::default(),
            reference: None,
        }
    }

    /// The same with a difficulty.
    #[must_use]
    pub fn with_op(mut self, op: u32) -> Self {
        self.labels.op = Some(op);
        self
    }

    /// The same with a context.
    #[must_use]
    pub fn with_context(mut self, context: impl Into<String>) -> Self {
        self.labels.context = Some(context.into());
        self
    }

    /// The same with one more label.
    #[must_use]
    pub fn with_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.other.insert(name.into(), value.into());
        self
    }

    /// The same in another part of the data.
    #[must_use]
    pub fn in_split(mut self, split: Split) -> Self {
        self.split = split;
        self
    }

    /// The same with what its environment compares completions with. Clones share it.
    #[must_use]
    pub fn with_reference<T: Any + Send + Sync>(mut self, reference: T) -> Self {
        self.reference = Some(Arc::new(reference));
        self
    }

    /// What [`with_reference`](Self::with_reference) kept, if it has this type.
    #[must_use]
    pub fn reference<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.reference.as_deref()?.downcast_ref()
    }
}

impl fmt::Debug for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Example")
            .field("id", &self.id)
            .field("prompt", &self.prompt)
            .field("target", &self.target)
            .field("answer", &self.answer)
            .field("labels", &self.labels)
            .field("split", &self.split)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_reference_of_any_type() {
        let example = Example::new(3, "2 + 2 =", " 4", "4").with_reference(4_i64);
        assert_eq!(example.clone().reference::<i64>(), Some(&4));
        assert_eq!(example.reference::<u64>(), None);
        assert_eq!(Example::new(3, "", "", "").reference::<i64>(), None);
    }

    #[test]
    fn a_split_is_read_as_it_is_written() {
        for split in Split::ALL {
            assert_eq!(split.to_string().parse(), Ok(split));
        }
        let error = "dev".parse::<Split>().unwrap_err().to_string();
        assert!(
            error.contains("`dev`") && error.contains("validation"),
            "{error}"
        );
    }
}
