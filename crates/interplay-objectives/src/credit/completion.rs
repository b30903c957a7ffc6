//! What credit assignment reads of a completion, and the credit of whole completions.
//!
//! Source: outcome supervision of arXiv 2402.03300, section 4.1.2: every token carries the advantage
//! of its completion.

use std::ops::Range;

/// A step of a completion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    /// Its tokens, as positions in the completion.
    pub tokens: Range<usize>,
    /// Whether it is right.
    pub correct: bool,
    /// Which needed node of the problem it states, if any: the same number means the same node in
    /// every completion of the group.
    pub node: Option<usize>,
    /// The earlier steps that it uses, as indices into the completion's steps.
    pub uses: Vec<usize>,
}

/// A completion with its verified steps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// How many tokens it has, the one that ends the sequence included.
    pub tokens: usize,
    /// Its steps in the order of the text; empty where the environment sees none.
    pub steps: Vec<Step>,
    /// The tokens that its failure is charged to; none where nothing is wrong or unknown.
    pub blamed: Option<Range<usize>>,
    /// How many nodes the answer needs; 0 where unknown.
    pub needed: usize,
}

impl Completion {
    /// A completion without steps.
    #[must_use]
    pub fn of_tokens(tokens: usize) -> Self {
        Self {
            tokens,
            ..Self::default()
        }
    }

    /// The step that each token belongs to: the first, where a token reaches into two.
    ///
    /// ```
    /// use interplay_objectives::credit::{Completion, Step};
    ///
    /// let step = |tokens| Step { tokens, ..Step::default() };
    /// let steps = vec![step(0..2), step(1..3)];
    /// let completion = Completion { steps, ..Completion::of_tokens(4) };
    /// assert_eq!(completion.step_of_tokens(), [Some(0), Some(0), Some(1), None]);
    /// ```
    #[must_use]
    pub fn step_of_tokens(&self) -> Vec<Option<usize>> {
        let mut owners = vec![None; self.tokens];
        for (index, step) in self.steps.iter().enumerate() {
            let end = step.tokens.end.min(self.tokens);
            for owner in &mut owners[step.tokens.start.min(end)..end] {
                owner.get_or_insert(index);
            }
        }
        owners
    }

    /// The first token behind all steps.
    pub(crate) fn end_of_steps(&self) -> usize {
        let ends = self.steps.iter().map(|step| step.tokens.end);
        ends.max().unwrap_or(0).min(self.tokens)
    }

    /// Whether every step that a step uses is right: then it could have been right, too.
    pub(crate) fn has_right_premises(&self, step: &Step) -> bool {
        let right = |index: &usize| self.steps.get(*index).is_some_and(|used| used.correct);
        step.uses.iter().all(right)
    }
}

/// Every token carries the advantage.
///
/// ```
/// use interplay_objectives::credit::{Completion, completion_credit};
///
/// assert_eq!(completion_credit(&Completion::of_tokens(3), -0.5), [-0.5; 3]);
/// ```
#[must_use]
pub fn completion_credit(completion: &Completion, advantage: f64) -> Vec<f64> {
    vec![advantage; completion.tokens]
}
