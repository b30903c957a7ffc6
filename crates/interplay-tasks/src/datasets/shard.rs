//! Shares of the work, for processes that run side by side.

use std::fmt;
use std::str::FromStr;

use crate::error::TaskError;
use crate::likeness::Fingerprint;

/// One of several equal shares of the work: every `count`-th problem from `index` on.
///
/// Written `i/n`, with `i` from 0 to `n - 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    count: u64,
}

impl Default for Shard {
    fn default() -> Self {
        Self::WHOLE
    }
}

impl Shard {
    /// The whole.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Shard `index` of `count`.
    ///
    /// # Errors
    /// An index that is not below the count.
    pub fn new(index: u64, count: u64) -> Result<Self, TaskError> {
        if index < count {
            Ok(Self { index, count })
        } else {
            Err(TaskError::Shard {
                found: format!("{index}/{count}"),
            })
        }
    }

    /// The index of the shard, from 0.
    #[must_use]
    pub fn index(self) -> u64 {
        self.index
    }

    /// The number of shards.
    #[must_use]
    pub fn count(self) -> u64 {
        self.count
    }

    /// Whether a fingerprint falls into this shard, for sharding by content and not by index: problems
    /// that are alike then fall into the same shard.
    #[must_use]
    pub fn owns(self, fingerprint: Fingerprint) -> bool {
        // The low bits: a split goes by the high ones.
        fingerprint.0 % u128::from(self.count) == u128::from(self.index)
    }

    /// How many of the first `n` problems fall into this shard.
    #[must_use]
    pub fn len_of(self, n: u64) -> u64 {
        n.saturating_sub(self.index).div_ceil(self.count)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = TaskError;

    fn from_str(text: &str) -> Result<Self, TaskError> {
        let wrong = || TaskError::Shard {
            found: text.to_owned(),
        };
        let (index, count) = text.split_once('/').ok_or_else(wrong)?;
        let number = |text: &str| text.trim().parse().map_err(|_| wrong());
        Self::new(number(index)?, number(count)?)
    }
}
