//! Verdicts for people: the sentence with the first mistake, underlined.

use std::fmt::Write;

use crate::Verdict;
use crate::excerpt::{head, one_line, tail, within};

/// The most characters shown on either side of a mistake.
const CONTEXT: usize = 60;
/// The most characters of the mistake that are underlined.
const LONGEST: usize = 100;

impl Verdict {
    /// The first mistake, underlined in the candidate's text, on three or four lines. For one line
    /// use [`Verdict`]'s `Display`.
    ///
    /// `candidate` must be the text that was judged; with another text the mark is meaningless.
    ///
    /// ```
    /// use interplay_graph::{Definition, ReasoningGraph};
    /// use interplay_verify::{Gold, Level, Verifier};
    ///
    /// let mut graph = ReasoningGraph::new();
    /// let fox = graph.add("fox", Definition::constant(3), &[])?;
    /// let elk = graph.add("elk", Definition::sum().plus(2), &[fox])?;
    /// let gold = Gold::from_graph(&graph, elk)?;
    /// let candidate = "fox = 3. elk = fox + 2 = 3 + 1 = 5. Answer: 5.";
    /// let verdict = Verifier::new(Level::Strict).verify(&gold, candidate);
    /// assert_eq!(
    ///     verdict.explain(candidate),
    ///     "rejected: the numeric form does not mirror the symbolic one\n\
    ///      step 1 | elk = fox + 2 = 3 + 1 = 5.\n       \
    ///             |                 ^^^^^ expected the values of `fox + 2` in its place\n"
    /// );
    /// # Ok::<(), interplay_verify::VerifyError>(())
    /// ```
    #[must_use]
    pub fn explain(&self, candidate: &str) -> String {
        let Some(error) = &self.first_error else {
            let standing = if self.accepted {
                "accepted"
            } else {
                "rejected"
            };
            return format!("{standing}\n");
        };
        let mark = within(candidate, &error.span);
        let sentence = match self.wrong_step() {
            Some(step) => {
                let sentence = within(candidate, &step.span);
                sentence.start.min(mark.start)..sentence.end.max(mark.end)
            }
            None => mark.clone(),
        };
        let before = tail(&candidate[sentence.start..mark.start], CONTEXT);
        let marked = head(&candidate[mark.clone()], LONGEST);
        let whole = marked.len() == mark.len();
        let after = if whole {
            head(&candidate[mark.end..sentence.end], CONTEXT)
        } else {
            ""
        };
        let cut_before = before.len() < mark.start - sentence.start;
        let cut_after = !whole || after.len() < sentence.end - mark.end;
        let (open, close) = (dots(cut_before), dots(cut_after));
        let label = format!("step {}", error.step);
        let margin = " ".repeat(label.len());
        let indent = " ".repeat(width(open) + width(before));
        let carets = "^".repeat(width(marked).max(1));
        let mut text = format!("rejected: {}\n", error.reason);
        let shown = one_line(&format!("{open}{before}{marked}{after}{close}"));
        let _ = writeln!(text, "{label} | {shown}");
        let _ = writeln!(
            text,
            "{margin} | {indent}{carets} expected {}",
            error.expected
        );
        // What the mark shows already need not be repeated.
        if error.found != format!("`{}`", &candidate[mark]) {
            let _ = writeln!(text, "{margin} | found {}", error.found);
        }
        text
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn dots(cut: bool) -> &'static str {
    if cut { "..." } else { "" }
}

#[cfg(test)]
mod tests {
    use crate::{Gold, Level, Reason, StepError, Verdict, Verifier};
    use interplay_graph::{Definition, ReasoningGraph};

    fn explained(candidate: &str) -> String {
        let mut graph = ReasoningGraph::new();
        let fox = graph.add("fox", Definition::constant(3), &[]).unwrap();
        let elk = graph.add("elk", Definition::sum().plus(2), &[fox]).unwrap();
        let gold = Gold::from_graph(&graph, elk).unwrap();
        let verdict = Verifier::new(Level::Strict).verify(&gold, candidate);
        verdict.explain(candidate)
    }

    #[test]
    fn explains_what_was_found_unless_the_mark_shows_it() {
        assert_eq!(
            explained("fox = 3. elk = fox + 2 = 3 + 2 = 6. Answer: 6."),
            "rejected: the two sides of an equality differ\n\
             step 1 | elk = fox + 2 = 3 + 2 = 6.\n       \
             |       ^^^^^^^ expected 5\n       \
             | found `fox + 2` = 6\n"
        );
        assert_eq!(
            explained("fox = 3. Answer: 3."),
            "rejected: a needed quantity has no step\n\
             step 1 | Answer: 3.\n       \
             | ^^^^^^^^^^ expected a step for `elk`\n       \
             | found no such step before the answer\n"
        );
        assert_eq!(
            explained("fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5."),
            "accepted\n"
        );
    }

    #[test]
    fn long_and_foreign_texts_are_cut_at_characters() {
        let text = format!("é = {}.", "é + ".repeat(400));
        assert!(
            explained(&text)
                .lines()
                .all(|line| line.chars().count() < 400)
        );
        let error = StepError {
            step: 7,
            span: 1..900,
            reason: Reason::Unreadable,
            expected: "x".into(),
            found: "y".into(),
        };
        let verdict = Verdict {
            first_error: Some(error),
            ..Verdict::default()
        };
        assert!(verdict.explain("éé").contains("éé"));
        assert!(verdict.explain("").contains('^'));
    }
}
