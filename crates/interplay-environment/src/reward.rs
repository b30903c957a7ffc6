//! A reward of your own on top of an environment.

use crate::{Environment, EnvironmentError, Example, Score};

/// A reward function: what a completion earns, given its score.
pub trait RewardFn: Send + Sync {
    /// The reward of a completion. Deterministic, like [`Environment::score`].
    fn reward(&self, example: &Example, completion: &str, score: &Score) -> f64;
}

impl<F: Fn(&Example, &str, &Score) -> f64 + Send + Sync> RewardFn for F {
    fn reward(&self, example: &Example, completion: &str, score: &Score) -> f64 {
        self(example, completion, score)
    }
}

/// An environment whose scores have one more reward component.
///
/// ```
/// use interplay_environment::{Environment, EnvironmentError, Example, Score, WithReward};
///
/// struct Parrot;
///
/// impl Environment for Parrot {
///     fn name(&self) -> &str {
///         "parrot"
///     }
///     fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
///         let text = index.to_string();
///         Ok(Example::new(index, text.clone(), text.clone(), text))
///     }
///     fn score(&self, example: &Example, text: &str, _: u64) -> Result<Score, EnvironmentError> {
///         Ok(Score::of_answer(text == example.answer))
///     }
/// }
///
/// let brevity = |_: &Example, text: &str, score: &Score| {
///     if score.accepted { 1.0 / (1.0 + text.len() as f64) } else { 0.0 }
/// };
/// let environment = WithReward::new(Parrot, "brevity", brevity);
/// let example = environment.example(7)?;
/// assert_eq!(environment.score(&example, "7", 0)?.component("brevity"), Some(0.5));
/// assert!(environment.components().contains(&"brevity".to_owned()));
/// # Ok::<(), EnvironmentError>(())
/// ```
#[derive(Debug, Clone)]
pub struct WithReward<E, F> {
    environment: E,
    name: String,
    reward: F,
}

impl<E: Environment, F: RewardFn> WithReward<E, F> {
    /// `environment` with the component `name`, computed by `reward`.
    pub fn new(environment: E, name: impl Into<String>, reward: F) -> Self {
        Self {
            environment,
            name: name.into(),
            reward,
        }
    }
}

impl<E: Environment, F: RewardFn> Environment for WithReward<E, F> {
    fn name(&self) -> &str {
        self.environment.name()
    }

    fn num_examples(&self) -> Option<u64> {
        self.environment.num_examples()
    }

    fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
        self.environment.example(index)
    }

    fn score(
        &self,
        example: &Example,
        completion: &str,
        draw: u64,
    ) -> Result<Score, EnvironmentError> {
        let score = self.environment.score(example, completion, draw)?;
        let value = self.reward.reward(example, completion, &score);
        Ok(score.with_component(self.name.clone(), value))
    }

    fn components(&self) -> Vec<String> {
        let mut components = self.environment.components();
        if !components.contains(&self.name) {
            components.push(self.name.clone());
        }
        components
    }

    fn level(&self) -> &str {
        self.environment.level()
    }
}
