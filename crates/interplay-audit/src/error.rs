//! Why a problem cannot be a subject of the audit.

use interplay_verify::VerifyError;

/// Why a problem cannot be a subject of the audit.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// The audit's own reader cannot follow the right solution.
    #[error("the audit cannot read the right solution at byte {at}; expected {expected}")]
    Unread {
        /// Where reading stopped, in bytes.
        at: usize,
        /// What was expected there.
        expected: &'static str,
    },
    /// The problem or its solution gives no gold.
    #[error(transparent)]
    Gold(#[from] VerifyError),
    /// The problem cannot be drawn.
    #[cfg(feature = "tasks")]
    #[error(transparent)]
    Task(#[from] interplay_tasks::TaskError),
    /// There is no kind of problem to draw.
    #[cfg(feature = "tasks")]
    #[error("found {contexts} contexts and {ops} difficulties; expected at least one of each")]
    NoKinds {
        /// The number of contexts.
        contexts: usize,
        /// The number of difficulties.
        ops: usize,
    },
}
