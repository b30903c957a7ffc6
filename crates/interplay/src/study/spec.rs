//! A study as a person writes it: the table `[study]` of an experiment file.
//!
//! The rest of the file is the experiment whose stages are the arms. Variants set some of its keys to other values,
//! for arms that differ in what all stages share, such as the model or the budget.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::InterplayError;
use crate::overrides::Override;

/// The table `[study]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudySpec {
    /// What the study asks, in a sentence.
    pub question: String,
    /// The training seeds: every variant is run once with each.
    pub seeds: Vec<u64>,
    /// The pairs of arms from which conclusions are drawn. Their p-values are corrected together.
    #[serde(default)]
    pub compare: Vec<CompareSpec>,
    /// The experiment with other values of some keys; none for the experiment as it stands.
    #[serde(default, rename = "variant", skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
}

/// One arm, and those that are compared with it. An arm is the name of a stage that leaves a model, or
/// `VARIANT/STAGE` in a study with variants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompareSpec {
    /// The arm to compare with.
    pub a: String,
    /// The arms to judge.
    pub b: Vec<String>,
}

/// A variant of the experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The variant's name, also that of its folders.
    pub name: String,
    /// Keys of the experiment with their values, as `KEY=VALUE`.
    #[serde(default)]
    pub set: Vec<String>,
}

impl StudySpec {
    /// Takes the table `study` out of that of an experiment.
    ///
    /// # Errors
    /// [`InterplayError::BadSpec`] if there is none, or it has unknown keys or wrong types.
    pub(super) fn take(table: &mut toml::Table, origin: &Path) -> Result<Self, InterplayError> {
        let bad = |reason: String| InterplayError::BadSpec {
            path: origin.to_owned(),
            reason,
        };
        let missing = "found no table `study`; expected one with `question`, `seeds` and `compare`";
        let study = table.remove("study").ok_or_else(|| bad(missing.into()))?;
        let study = study.try_into::<Self>();
        study.map_err(|error| bad(format!("table `study`: {}", error.message())))
    }
}

impl Variant {
    /// The keys to set.
    ///
    /// # Errors
    /// A text that is not `KEY=VALUE`.
    pub(super) fn overrides(&self) -> Result<Vec<Override>, String> {
        let parsed = self.set.iter().map(|text| {
            text.parse()
                .map_err(|error| format!("variant `{}`: {error}", self.name))
        });
        parsed.collect()
    }
}
