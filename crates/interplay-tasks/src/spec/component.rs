//! One part of a mixture.

use serde::{Deserialize, Serialize};

use crate::counts::Counts;

use super::dialect::{Dialect, Mode};

/// One part of a mixture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The share of the mixture; all shares sum to one.
    #[serde(default = "one")]
    pub weight: f64,
    /// The difficulty, drawn uniformly from this set.
    pub op: Counts,
    /// Id or alias of the context.
    pub context: String,
    /// The dialect.
    pub dialect: Dialect,
    /// The mode.
    #[serde(default)]
    pub mode: Mode,
    /// The number of layers of a prose problem: 2 for places and items, 3 with averages per item.
    #[serde(default = "two")]
    pub d: u32,
    /// Whether the calibration of an experiment may choose the difficulties, in a stage that names one.
    /// Where it finds none, and everywhere else, `op` counts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub edge: bool,
}

impl Component {
    /// The only part of a mixture: weight 1, mode forward, two layers.
    #[must_use]
    pub fn new(op: Counts, context: &str, dialect: Dialect) -> Self {
        Self {
            weight: one(),
            op,
            context: context.to_owned(),
            dialect,
            mode: Mode::Forward,
            d: two(),
            edge: false,
        }
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn one() -> f64 {
    1.0
}

fn two() -> u32 {
    2
}
