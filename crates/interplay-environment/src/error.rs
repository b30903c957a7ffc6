//! Why an environment has no example or no score.

/// Why an environment has no example or no score.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The example at an index cannot be made.
    #[error("environment `{environment}` has no example {index}: {source}")]
    Example {
        /// The environment's name.
        environment: String,
        /// The index that was asked for.
        index: u64,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A completion cannot be scored, whatever it says.
    #[error("environment `{environment}` cannot score example {id}: {source}")]
    Score {
        /// The environment's name.
        environment: String,
        /// The example's id.
        id: u64,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A score lacks a reward component.
    #[error("the score has no component `{name}`; expected one of {known}")]
    MissingComponent {
        /// The component that was asked for.
        name: String,
        /// The components that there are.
        known: String,
    },
    /// The example lacks what its environment keeps with it.
    #[error(
        "example {id} was not made by environment `{environment}`; expected one from its `example` method"
    )]
    ForeignExample {
        /// The environment's name.
        environment: String,
        /// The example's id.
        id: u64,
    },
}

impl EnvironmentError {
    /// The example at `index` cannot be made.
    pub fn example(
        environment: &str,
        index: u64,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Example {
            environment: environment.to_owned(),
            index,
            source: source.into(),
        }
    }

    /// Completions of the example with this id cannot be scored.
    pub fn score(
        environment: &str,
        id: u64,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Score {
            environment: environment.to_owned(),
            id,
            source: source.into(),
        }
    }
}
