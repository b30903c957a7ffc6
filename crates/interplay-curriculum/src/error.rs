//! Why a curriculum cannot be set up or has no next example.

use interplay_environment::EnvironmentError;
use interplay_graph::settings::Issues;

/// Why a curriculum cannot be set up or has no next example.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum CurriculumError {
    /// The settings are invalid; every problem is listed.
    #[error("the curriculum cannot be used:{issues}")]
    InvalidSpec {
        /// Everything that is wrong with them.
        issues: Issues,
    },
    /// The environment has no example, or cannot make it.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// Example after example is outside what the curriculum wants.
    #[error(
        "environment `{environment}`: none of the {examples} examples from index {first} on is \
         wanted by the curriculum (band: {band}; lacking: {lacking}; seen: {seen}); expected an \
         environment that has them, or another band"
    )]
    NothingWanted {
        /// The environment's name.
        environment: String,
        /// How many examples were looked at.
        examples: u64,
        /// The index of the first of them.
        first: u64,
        /// The current band.
        band: String,
        /// What would have been taken.
        lacking: String,
        /// What came by.
        seen: String,
    },
    /// Examples are wanted, but the trainer can use none of them.
    #[error(
        "environment `{environment}`: none of the {refused} examples of the band ({band}) from index \
         {first} on can be used; expected longer rows or an easier band"
    )]
    NothingFits {
        /// The environment's name.
        environment: String,
        /// How many examples were refused.
        refused: u64,
        /// The index from which on examples were looked at.
        first: u64,
        /// The current band.
        band: String,
    },
    /// The results of a prompt make no sense.
    #[error(
        "{successes} of {tries} rollouts of cell {cell} were accepted; expected at least one rollout, and not more accepted ones than there are"
    )]
    Result {
        /// The op or the problem's id.
        cell: u64,
        /// Accepted rollouts.
        successes: u32,
        /// All rollouts.
        tries: u32,
    },
    /// A saved state belongs to another curriculum.
    #[error("the saved state of the curriculum does not fit: {found}; expected {expected}")]
    OtherState {
        /// What was found in the state.
        found: String,
        /// What was expected instead.
        expected: String,
    },
}
