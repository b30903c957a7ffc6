//! The arms of a study: models of its runs that are compared.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A stage that leaves a model, in a variant of the experiment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub struct Arm {
    /// The variant; none in a study without variants.
    pub variant: Option<String>,
    /// The stage.
    pub stage: String,
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.variant {
            Some(variant) => write!(f, "{variant}/{}", self.stage),
            None => f.write_str(&self.stage),
        }
    }
}

impl From<Arm> for String {
    fn from(arm: Arm) -> Self {
        arm.to_string()
    }
}

impl From<String> for Arm {
    fn from(name: String) -> Self {
        match name.split_once('/') {
            Some((variant, stage)) => Self {
                variant: Some(variant.to_owned()),
                stage: stage.to_owned(),
            },
            None => Self {
                variant: None,
                stage: name,
            },
        }
    }
}
