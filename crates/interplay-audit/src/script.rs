//! A right solution, split into sentences whose parts can be changed one by one.
//!
//! All positions are bytes of the text. What each step reads, writes and states is computed once,
//! so that operators can tell whether a change makes a difference.

use std::collections::HashMap;
use std::ops::Range;

use crate::SubjectError;

use crate::expression::Expression;
use crate::tokens::Token;

/// Two values of the unknown: linear forms that agree at both are equal. Values of problems are far
/// smaller, so that no form equals a number by accident.
pub(crate) const POINTS: [i128; 2] = [1_000_003, 7_000_001];

/// A whole right solution.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub text: String,
    pub prose: bool,
    pub steps: Vec<Step>,
    /// The letter of the unknown in linear forms, in reverse mode.
    pub unknown: Option<Unknown>,
    pub solve: Option<Solve>,
    pub answer: Answer,
    /// Whether the operands of numeric products and differences have parentheses: `(3) * (x)`.
    pub wraps: bool,
}

/// The quantity whose value is asked for and found by an equation.
#[derive(Debug, Clone)]
pub(crate) struct Unknown {
    pub step: usize,
    pub letter: String,
}

/// A sentence that defines a quantity.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// With its period.
    pub span: Range<usize>,
    pub name: Range<usize>,
    /// In the terse dialect the name again.
    pub symbol: Range<usize>,
    /// None for the unknown.
    pub clauses: Vec<Clause>,
    /// The steps that it reads, directly or through intermediates, as often as it does; sorted.
    pub reads: Vec<usize>,
    /// The numbers that its expressions write; sorted.
    pub literals: Vec<i128>,
    /// Its value, at each of [`POINTS`].
    pub value: [i128; 2],
}

/// A chain of equalities.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    /// From after `so` to the end of the last side.
    pub span: Range<usize>,
    pub head: Range<usize>,
    /// The sides after the head: the expression, its numeric forms, the value.
    pub sides: Vec<Side>,
}

/// One side of an equality.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub span: Range<usize>,
    pub tokens: Vec<Token>,
    pub expression: Expression,
}

/// The equation of reverse mode and its solution.
#[derive(Debug, Clone)]
pub(crate) struct Solve {
    /// All its sentences.
    pub span: Range<usize>,
    /// The symbol of the quantity that is given, and the number that is given for it.
    pub symbol: Range<usize>,
    pub given: Range<usize>,
    /// From the initial equation to `x = N`.
    pub lines: Vec<Line>,
    /// The number that both sides are divided by, if the text says it.
    pub divisor: Option<Range<usize>>,
}

/// One equation on the way to the solution.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// The words before it and the equation, with what ends it.
    pub span: Range<usize>,
    pub left: Side,
    pub right: Side,
}

/// The last sentence.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub span: Range<usize>,
    pub number: Range<usize>,
    pub value: i64,
}

/// What a symbol stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Step(usize),
    /// A clause of a step.
    Local(usize, usize),
}

impl Script {
    /// The text of a range.
    pub(crate) fn of(&self, range: &Range<usize>) -> &str {
        &self.text[range.clone()]
    }

    /// The symbol of a step.
    pub(crate) fn symbol(&self, step: usize) -> &str {
        self.of(&self.steps[step].symbol)
    }

    /// The name of a step's quantity.
    pub(crate) fn name(&self, step: usize) -> &str {
        self.of(&self.steps[step].name)
    }

    /// The letter of the unknown.
    pub(crate) fn letter(&self) -> Option<&str> {
        self.unknown.as_ref().map(|unknown| &*unknown.letter)
    }

    /// What each symbol stands for.
    pub(crate) fn meanings(&self) -> HashMap<&str, Meaning> {
        let mut meanings = HashMap::new();
        for (index, step) in self.steps.iter().enumerate() {
            for (local, clause) in step.clauses.iter().enumerate() {
                if local + 1 < step.clauses.len() {
                    meanings.insert(self.of(&clause.head), Meaning::Local(index, local));
                }
            }
            meanings.insert(self.of(&step.symbol), Meaning::Step(index));
        }
        meanings
    }

    /// Fills in what each step reads and its value.
    pub(crate) fn resolve(&mut self) -> Result<(), SubjectError> {
        let meanings = self.meanings();
        let mut facts = Vec::with_capacity(self.steps.len());
        for (index, step) in self.steps.iter().enumerate() {
            let mut locals: HashMap<usize, (Vec<usize>, Vec<i128>)> = HashMap::new();
            let mut last = (vec![], vec![]);
            for (number, clause) in step.clauses.iter().enumerate() {
                let side = clause
                    .sides
                    .first()
                    .ok_or_else(|| unread(step, "an equation"))?;
                let (mut reads, mut literals) = (vec![], vec![]);
                let mut unknown = false;
                side.expression.operands(&mut |operand| match operand {
                    Expression::Number(number) => literals.push(*number),
                    Expression::Symbol(name) => match meanings.get(&**name) {
                        Some(Meaning::Step(read)) if *read < index => reads.push(*read),
                        Some(Meaning::Local(owner, local)) if *owner == index => {
                            match locals.get(local) {
                                Some((more, numbers)) => {
                                    reads.extend_from_slice(more);
                                    literals.extend_from_slice(numbers);
                                }
                                None => unknown = true,
                            }
                        }
                        _ => unknown = true,
                    },
                    _ => {}
                });
                if unknown {
                    return Err(unread(step, "symbols that were defined before"));
                }
                reads.sort_unstable();
                literals.sort_unstable();
                locals.insert(number, (reads.clone(), literals.clone()));
                last = (reads, literals);
            }
            let value = self.stated(step).ok_or_else(|| unread(step, "a value"))?;
            facts.push((last, value));
        }
        for (step, ((reads, literals), value)) in self.steps.iter_mut().zip(facts) {
            (step.reads, step.literals, step.value) = (reads, literals, value);
        }
        Ok(())
    }

    /// The value that a step states, at both points.
    fn stated(&self, step: &Step) -> Option<[i128; 2]> {
        let at = |point: i128| match step.clauses.last() {
            None => Some(point),
            Some(clause) => self.at(&clause.sides.last()?.expression, point),
        };
        Some([at(POINTS[0])?, at(POINTS[1])?])
    }

    /// The value of a linear form where the unknown has this value.
    pub(crate) fn at(&self, form: &Expression, point: i128) -> Option<i128> {
        form.value(&|name| (Some(name) == self.letter()).then_some(point))
    }
}

fn unread(step: &Step, expected: &'static str) -> SubjectError {
    SubjectError::Unread {
        at: step.span.start,
        expected,
    }
}
