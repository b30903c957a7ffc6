//! Gold from texts alone: the gold solution gives the definitions, the problem's text the other
//! quantities.
//!
//! A published record has no graph of its whole problem, only texts. Its gold solution defines what
//! the answer needs; a candidate may also compute other quantities that the problem states, which
//! is true but not needed. Whatever the problem's text defines is added with its definition, totals
//! that follow from the structure included. A quantity that it only mentions, or defines in a
//! circle, has no value, so no step about it can be right.

use interplay_graph::Statements;

use crate::VerifyError;
use crate::gold::Gold;
use crate::quantity::GoldQuantity;

/// The tags of a framed prompt, which is no problem.
const PROMPT_TAGS: [&str; 2] = ["<question>", "<solution>"];

impl Gold {
    /// From a gold solution, with the other quantities of its problem's text.
    ///
    /// The problem's text is read as far as possible. It adds quantities that are not needed and
    /// never changes what the solution says.
    ///
    /// # Errors
    /// As for [`Gold::from_solution`].
    ///
    /// ```
    /// use interplay_verify::{Gold, Level, Verifier};
    ///
    /// let solution = "fox = 3. elk = fox = 3. Answer: 3.";
    /// let problem = "fox = 3. elk = fox. owl = fox + 2.";
    /// let gold = Gold::from_texts(problem, "elk?", solution)?;
    /// let strict = Verifier::new(Level::Strict);
    /// let unneeded = "fox = 3. owl = fox + 2 = 3 + 2 = 5. elk = fox = 3. Answer: 3.";
    /// assert!(strict.verify(&gold, unneeded).accepted);
    /// assert_eq!(strict.verify(&gold, unneeded).extra, 1);
    /// let invented = "fox = 3. owl = fox = 3. elk = fox = 3. Answer: 3.";
    /// assert!(!strict.verify(&gold, invented).accepted);
    /// # Ok::<(), interplay_verify::VerifyError>(())
    /// ```
    pub fn from_texts(problem: &str, question: &str, solution: &str) -> Result<Self, VerifyError> {
        let gold = Self::from_solution(solution)?;
        let statements = Statements::read(problem, question);
        match gold.whole_problem(&statements) {
            Some(whole) => {
                let others = gold.missing_from(&whole);
                gold.with_others(others)
            }
            None => Ok(gold),
        }
    }

    /// From the texts of a record, as data sets and requests carry them: [`from_texts`](Self::from_texts), or
    /// [`from_solution`](Self::from_solution) where `problem` is empty.
    ///
    /// # Errors
    /// As these two; and for a problem with a tag of a prompt, whose statements could not be told from the rest.
    ///
    /// ```
    /// use interplay_verify::Gold;
    ///
    /// let gold = Gold::from_record("", "", "fox = 3. Answer: 3.")?;
    /// assert_eq!(gold.answer(), 3);
    /// assert!(Gold::from_record("<question> fox = 3.", "", "fox = 3. Answer: 3.").is_err());
    /// # Ok::<(), interplay_verify::VerifyError>(())
    /// ```
    pub fn from_record(problem: &str, question: &str, solution: &str) -> Result<Self, VerifyError> {
        if let Some(tag) = PROMPT_TAGS.into_iter().find(|tag| problem.contains(tag)) {
            return Err(VerifyError::TaggedProblem { tag });
        }
        match problem.is_empty() {
            true => Self::from_solution(solution),
            false => Self::from_texts(problem, question, solution),
        }
    }

    /// The gold of everything that a problem's text defines, if it has the mode of the solution. If
    /// the question is unreadable, the solution tells what is asked for.
    fn whole_problem(&self, statements: &Statements<'_>) -> Option<Self> {
        let own = match self.reverse() {
            Some(reverse) => self.quantities().get(reverse.unknown as usize),
            None => self.quantities().last(),
        };
        let asked = [statements.asked(), own.map(|quantity| &*quantity.name)];
        let mut problems = asked.into_iter().flatten();
        let problem = problems.find_map(|asked| statements.problem_about(asked).ok())?;
        if problem.reversal.is_some() != self.is_reverse() {
            return None;
        }
        Self::from_goal(&problem.graph, problem.goal()).ok()
    }

    /// The quantities of a whole problem that this gold lacks, with their parents renumbered. A
    /// quantity with a parent that neither has is left out.
    fn missing_from(&self, whole: &Self) -> Vec<GoldQuantity> {
        let mut next = self.len() as u32;
        let mut indices: Vec<Option<u32>> = Vec::with_capacity(whole.len());
        let mut missing = Vec::new();
        for quantity in whole.quantities() {
            if let Some(index) = self.find(&quantity.name) {
                // A solution that says something else prevails.
                let same = self.quantity(index).value == quantity.value;
                indices.push(same.then_some(index));
                continue;
            }
            let index = |read: u32| indices.get(read as usize).copied().flatten();
            let formula = quantity.formula.as_ref();
            let formula = formula.and_then(|formula| formula.with_places(index));
            indices.push(formula.is_some().then_some(next));
            if let Some(formula) = formula {
                missing.push(GoldQuantity {
                    parents: formula.parents().collect(),
                    formula: Some(formula),
                    needed: false,
                    ..quantity.clone()
                });
                next += 1;
            }
        }
        missing
    }
}
