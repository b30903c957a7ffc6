//! Credit for single steps: which part of a completion is to blame for its failure.
//!
//! Verdicts count bytes, trainers count tokens. [`Blame::tokens`] and [`Score::step_tokens`] of
//! `interplay-environment` convert one into the other, given the byte range of each token
//! (`Tokenizer::decode_completion_with_spans`).
//!
//! Source: process supervision (arXiv 2305.20050) labels steps by hand; here the verifier labels
//! them and knows the first wrong step exactly.
//!
//! [`Score::step_tokens`]: interplay_environment::Score::step_tokens

use interplay_environment::Blame;

use crate::{StepVerdict, Verdict};

impl Verdict {
    /// The first wrong sentence, or none if the solution is accepted.
    ///
    /// Everything before it is right and nothing after it could have saved the solution, so this
    /// sentence alone is to blame. If something is missing or the answer is wrong, everything after
    /// the last step is to blame, including the token that ends the sequence.
    ///
    /// ```
    /// use interplay_graph::{Definition, ReasoningGraph};
    /// use interplay_verify::{Gold, Level, Verifier};
    ///
    /// let mut graph = ReasoningGraph::new();
    /// let fox = graph.add("fox", Definition::constant(3), &[])?;
    /// let elk = graph.add("elk", Definition::sum(), &[fox])?;
    /// let gold = Gold::from_graph(&graph, elk)?;
    /// let verdict = Verifier::new(Level::Strict).verify(&gold, "fox = 3. elk = fox = 4.");
    /// // `fox`, ` = 3.`, ` elk`, ` = fox`, ` = 4.` and a token that ends the sequence.
    /// let tokens = [0..3, 3..8, 8..12, 12..18, 18..23, 23..23];
    /// assert_eq!(verdict.blame().map(|blame| blame.tokens(&tokens)), Some(2..5));
    /// # Ok::<(), interplay_verify::VerifyError>(())
    /// ```
    #[must_use]
    pub fn blame(&self) -> Option<Blame> {
        let error = self.first_error.as_ref()?;
        if let Some(step) = self.wrong_step() {
            return Some(Blame {
                start: step.span.start,
                end: Some(step.span.end),
            });
        }
        // In the answer, or at the end.
        let before = |step: &&StepVerdict| step.span.end <= error.span.start;
        let behind = |step: &&StepVerdict| step.span.start >= error.span.end;
        let start = self.steps.iter().rfind(before);
        let end = self.steps.iter().find(behind);
        let end = end.filter(|_| error.span.end > error.span.start);
        Some(Blame {
            start: start.map_or(0, |step| step.span.end),
            end: end.map(|step| step.span.start),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::{Gold, Level, Verifier};
    use interplay_graph::{Definition, ReasoningGraph};

    fn verdict(text: &str) -> Verdict {
        let mut graph = ReasoningGraph::new();
        let fox = graph.add("fox", Definition::constant(3), &[]).unwrap();
        let elk = graph.add("elk", Definition::sum().plus(2), &[fox]).unwrap();
        let gold = Gold::from_graph(&graph, elk).unwrap();
        Verifier::new(Level::Strict).verify(&gold, text)
    }

    /// Every character a token, and one that ends the sequence.
    fn letters(text: &str) -> Vec<Range<usize>> {
        let ends = std::iter::once(text.len()..text.len());
        (0..text.len()).map(|at| at..at + 1).chain(ends).collect()
    }

    fn blamed(text: &str) -> Option<&str> {
        let range = verdict(text).blame()?.tokens(&letters(text));
        Some(&text[range.start..range.end.min(text.len())])
    }

    #[test]
    fn blames_the_first_wrong_step_only() {
        assert_eq!(
            blamed("fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5."),
            None
        );
        assert_eq!(
            blamed("fox = 4. elk = fox + 2 = 4 + 2 = 6. Answer: 6."),
            Some("fox = 4.")
        );
        assert_eq!(
            blamed("fox = 3. elk = fox + 1 = 3 + 1 = 4. Answer: 4."),
            Some("elk = fox + 1 = 3 + 1 = 4.")
        );
    }

    #[test]
    fn blames_everything_after_the_last_step_if_something_is_missing() {
        let early = "fox = 3. Answer: 3.";
        assert_eq!(blamed(early), Some(" Answer: 3."));
        let silent = "fox = 3. elk = fox + 2 = 3 + 2 = 5.";
        assert_eq!(blamed(silent), Some(""));
        let tokens = letters(silent);
        let range = verdict(silent).blame().map(|blame| blame.tokens(&tokens));
        assert_eq!(range, Some(tokens.len() - 1..tokens.len()));
    }

    #[test]
    fn blames_an_early_answer_and_a_step_after_it() {
        assert_eq!(
            blamed("fox = 3. Answer: 5. elk = fox + 2 = 3 + 2 = 5."),
            Some(" Answer: 5. ")
        );
        assert_eq!(
            blamed("fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5. fox = 3. Hm."),
            Some("fox = 3.")
        );
    }

    #[test]
    fn sentences_without_a_verdict_do_not_shift_the_blame() {
        let opening = "The question is difficult, so we use equations to solve it. ";
        let text = "Define adult fox in South Zoo as x; we don't know its value yet but will find \
                    it out later. Define adult elk in South Zoo as a; m = x = x; so a = 2 * m = \
                    (2) * (x) = 2*x. We know a = 6, so we have 2*x = 6 and we solve it through the \
                    following steps: Solution: x = 3. Answer: 3.";
        let gold = Gold::from_solution(text).unwrap();
        let wrong = format!("{opening}{text}").replace("= 2*x. We", "= 3*x. We");
        for level in [Level::Paper, Level::Strict] {
            let verdict = Verifier::new(level).verify(&gold, &wrong);
            let blamed = verdict.blame().unwrap().tokens(&letters(&wrong));
            assert!(wrong[blamed].starts_with("Define adult elk"), "{verdict}");
        }
    }
}
