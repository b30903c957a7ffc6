//! How often each kind of definition is proposed.

use serde::{Deserialize, Serialize};

/// How often each kind of definition is proposed, relative to the others.
///
/// Proposals that break a bound or the requested op are drawn again, so the shares of definitions in
/// problems differ from these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DefinitionWeights {
    /// A given number.
    pub constant: f64,
    /// The value of another quantity.
    pub copy: f64,
    /// Another quantity plus a constant.
    pub plus: f64,
    /// Another quantity times a constant.
    pub times: f64,
    /// The sum of two or more.
    pub sum: f64,
    /// The difference of two.
    pub difference: f64,
    /// The share, from 0 to 1, of sums and differences with "k plus" or "k times" around them.
    pub compound: f64,
}

impl Default for DefinitionWeights {
    fn default() -> Self {
        Self {
            constant: 1.5,
            copy: 0.5,
            plus: 1.0,
            times: 0.8,
            sum: 1.5,
            difference: 0.8,
            compound: 0.3,
        }
    }
}
