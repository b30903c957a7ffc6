//! Builds the problem that a text describes.
//!
//! Deviations: quantities that cannot be computed, because they read something unstated or depend
//! on themselves, are left out unless the answer needs them; the published corpora have such
//! distractors.

use super::net::Net;
use super::problem::TextProblem;
use super::read::Statements;
use crate::GraphError;

impl Statements<'_> {
    /// The problem's graph, totals included, with what it asks for. Solves the equation of a
    /// reverse problem.
    ///
    /// # Errors
    /// An unreadable sentence or question, two definitions of one quantity, a needed quantity that
    /// is unstated or depends on itself, a contradictory value, an equation without an integer
    /// solution, or a value that overflows `i64`.
    pub fn problem(&self) -> Result<TextProblem, GraphError> {
        if let Some(bad) = self.unreadable.first() {
            return Err(GraphError::UnreadableSentence {
                start: bad.span.start,
                sentence: self.problem[bad.span.clone()].to_owned(),
                expected: bad.expected,
            });
        }
        let asked = self.asked().ok_or_else(|| GraphError::UnreadableQuestion {
            question: self.question.to_owned(),
        })?;
        self.problem_about(asked)
    }

    /// The same for the quantity `asked` instead of the question's, skipping unreadable sentences.
    ///
    /// # Errors
    /// As for [`Statements::problem`], except for unreadable text.
    pub fn problem_about(&self, asked: &str) -> Result<TextProblem, GraphError> {
        let mut net = Net::default();
        net.add_stated(self)?;
        net.add_totals(self);
        net.order();
        let solved = net.solve()?;
        net.finish(asked, solved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(problem: &str, question: &str) -> Result<TextProblem, GraphError> {
        Statements::read(problem, question).problem()
    }

    #[test]
    fn a_forward_problem_is_computed_with_its_totals() {
        let text = "The number of A in P equals 3. The number of B in Q equals 2 times the total \
                    number of xs in P. The number of B in P equals 4.";
        let read = told(text, "How many B does Q have?").unwrap();
        assert_eq!((read.answer(), read.op()), (14, 1 + 1 + 2 + 2));
        let totals: Vec<&str> = read
            .structural
            .iter()
            .map(|id| read.graph.quantity(*id).name.as_str())
            .collect();
        assert_eq!(
            totals,
            ["total number of xs in P", "total number of xs in Q"]
        );
    }

    #[test]
    fn a_reverse_problem_is_solved() {
        let text = "owl = 14. fox > 0. owl = elk + fox + 2. elk = 2 * fox.";
        let read = told(text, "fox?").unwrap();
        assert_eq!((read.answer(), read.op()), (4, 1 + 2 + 3));
        let equation = read.reversal.unwrap();
        assert_eq!(
            (
                equation.form.coefficient,
                equation.form.constant,
                equation.value
            ),
            (3, 2, 14)
        );
    }

    #[test]
    fn quantities_that_cannot_be_computed_are_left_out_or_an_error() {
        let text = "fox = 3. elk = owl + fox. bee = elk. ant = cow. cow = ant + fox.";
        let read = told(text, "fox?").unwrap();
        let left: Vec<_> = read
            .left_out
            .iter()
            .map(|left| (left.name.as_str(), left.through.as_str(), left.missing))
            .collect();
        assert_eq!(
            left,
            [
                ("elk", "owl", true),
                ("bee", "elk", false),
                ("ant", "cow", false),
                ("cow", "ant", false)
            ]
        );
        let error = |question| told(text, question).unwrap_err();
        let not_stated = |name: &str| GraphError::NotStated { name: name.into() };
        assert_eq!(error("bee?"), not_stated("owl"));
        assert_eq!(error("hen?"), not_stated("hen"));
        assert!(matches!(error("ant?"), GraphError::Cycle { .. }));
        assert!(matches!(error(""), GraphError::UnreadableQuestion { .. }));
    }

    #[test]
    fn contradictions_are_errors() {
        for text in [
            "fox = 3. fox = 4.",
            "fox = 3. elk = fox. elk = fox + 1.",
            "fox = 3. elk = fox. elk = 5.",
            "fox > 0. fox = owl. owl = 1.",
        ] {
            let error = told(text, "fox?").unwrap_err();
            assert!(
                matches!(error, GraphError::Contradiction { .. }),
                "{error}: {text}"
            );
        }
    }

    #[test]
    fn equations_without_a_solution_are_errors() {
        type Check = fn(&GraphError) -> bool;
        let cases: [(&str, Check); 5] = [
            ("fox > 0. elk > 0. owl = fox + elk. owl = 3.", |error| {
                matches!(error, GraphError::SecondUnknown { .. })
            }),
            ("fox > 0. owl = 2 * fox.", |error| {
                matches!(error, GraphError::NothingGiven { .. })
            }),
            ("fox > 0. owl = 2 * fox. owl = 3.", |error| {
                matches!(error, GraphError::NoWholeSolution { .. })
            }),
            ("fox > 0. owl = fox - fox. owl = 0.", |error| {
                matches!(error, GraphError::NothingGiven { .. })
            }),
            ("fox > 0. owl = fox * fox. owl = 4.", |error| {
                matches!(error, GraphError::NothingGiven { .. })
            }),
        ];
        for (text, check) in cases {
            let error = told(text, "fox?").unwrap_err();
            assert!(check(&error), "{error}: {text}");
        }
    }

    #[test]
    fn an_unreadable_sentence_is_an_error_with_its_position() {
        let error = told("fox = 3. Hello there. elk = fox.", "elk?").unwrap_err();
        let message = error.to_string();
        assert!(message.contains("byte 9"), "{message}");
        assert!(message.contains("Hello there"), "{message}");
    }
}
