//! Credit for single steps: which tokens of a completion are which step, and which are to blame.
//!
//! A verdict speaks of bytes, a trainer of tokens. The bridge is the place of each token in the
//! text, which a tokenizer knows (`Tokenizer::decode_completion_with_spans`).
//!
//! Source: process supervision as in arXiv 2305.20050 labels steps by hand; here the verifier
//! does, and knows the first wrong step exactly.
//!
//! Complexity: linear in tokens plus steps.

use std::ops::Range;

use crate::{StepVerdict, Verdict};

impl Verdict {
    /// The tokens of each of [`Verdict::steps`], as ranges of positions in `tokens`, which holds
    /// the byte range of every token in the candidate's text, in order.
    ///
    /// A token that reaches into a step belongs to it, also where it begins with the white space
    /// before it. A token that reaches into two steps belongs to both.
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
    /// assert_eq!(verdict.step_tokens(&tokens), [0..2, 2..5]);
    /// assert_eq!(verdict.blamed_tokens(&tokens), Some(2..5));
    /// # Ok::<(), interplay_verify::VerifyError>(())
    /// ```
    #[must_use]
    pub fn step_tokens(&self, tokens: &[Range<usize>]) -> Vec<Range<usize>> {
        let mut from = 0;
        let mut ranges = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            from += count(&tokens[from..], |token| token.end <= step.span.start);
            let inside = count(&tokens[from..], |token| token.start < step.span.end);
            ranges.push(from..from + inside);
        }
        ranges
    }

    /// The tokens of the first sentence that is wrong; none where nothing is.
    ///
    /// What stands before it is right, and what stands behind it could not have saved the
    /// solution, so these tokens alone are to blame. Where something is missing, or the answer is
    /// wrong, they are all tokens behind the last step, the one that ends the sequence included.
    #[must_use]
    pub fn blamed_tokens(&self, tokens: &[Range<usize>]) -> Option<Range<usize>> {
        let error = self.first_error.as_ref()?;
        let range = match self.wrong_step() {
            Some(step) => {
                let from = count(tokens, |token| token.end <= step.span.start);
                let inside = count(&tokens[from..], |token| token.start < step.span.end);
                from..from + inside
            }
            // In the answer, or at the end.
            None => {
                let before = |step: &&StepVerdict| step.span.end <= error.span.start;
                let end = self.steps.iter().rfind(before);
                let end = end.map_or(0, |step| step.span.end);
                let from = count(tokens, |token| token.start < end);
                let behind = self
                    .steps
                    .iter()
                    .find(|step| step.span.start >= error.span.end);
                let to = behind.filter(|_| error.span.end > error.span.start);
                let to = to.map_or(tokens.len(), |step| {
                    count(tokens, |token| token.end <= step.span.start)
                });
                from..to.max(from)
            }
        };
        // A truncated completion may have no token left to blame but its last.
        Some(if range.is_empty() {
            tokens.len().saturating_sub(1)..tokens.len()
        } else {
            range
        })
    }
}

/// How many of the first tokens fulfil a condition.
fn count(tokens: &[Range<usize>], holds: impl Fn(&Range<usize>) -> bool) -> usize {
    tokens.iter().take_while(|token| holds(token)).count()
}

#[cfg(test)]
mod tests {
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
        let range = verdict(text).blamed_tokens(&letters(text))?;
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
    fn blames_what_is_behind_the_last_step_where_something_is_missing() {
        let early = "fox = 3. Answer: 3.";
        assert_eq!(blamed(early), Some(" Answer: 3."));
        let silent = "fox = 3. elk = fox + 2 = 3 + 2 = 5.";
        assert_eq!(blamed(silent), Some(""));
        let tokens = letters(silent);
        let range = verdict(silent).blamed_tokens(&tokens);
        assert_eq!(range, Some(tokens.len() - 1..tokens.len()));
    }

    #[test]
    fn an_early_answer_and_a_step_behind_it_are_blamed_themselves() {
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
            let blamed = verdict.blamed_tokens(&letters(&wrong)).unwrap();
            assert!(wrong[blamed].starts_with("Define adult elk"), "{verdict}");
        }
    }

    #[test]
    fn tokens_are_shared_out_to_steps() {
        let text = "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.";
        let ranges = verdict(text).step_tokens(&letters(text));
        assert_eq!(ranges, [0..8, 9..35]);
        assert_eq!(verdict(text).step_tokens(&[]), [0..0, 0..0]);
    }
}
