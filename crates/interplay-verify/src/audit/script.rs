//! A right solution, read into sentences whose parts can be changed one by one.
//!
//! The reader knows the two dialects and both modes as right solutions are written. It is not
//! the verifier's parser and shares nothing with it. What it cannot follow is an error, so that
//! no operator can quietly stop working when a dialect changes.

use std::collections::HashMap;
use std::ops::Range;

use crate::VerifyError;

use super::expression::Expression;
use super::phrases::Cursor;
use super::tokens::{Token, tokens};

/// Two places for the unknown: linear forms that agree at both are the same form. Values of
/// problems are far smaller, so that no form takes the place of a number by accident.
pub(crate) const POINTS: [i128; 2] = [1_000_003, 7_000_001];

/// A whole right solution.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub text: String,
    pub prose: bool,
    pub steps: Vec<Step>,
    /// What stands for the unknown in linear forms, in reverse mode.
    pub unknown: Option<Unknown>,
    pub solve: Option<Solve>,
    pub answer: Answer,
    /// Whether products and differences of numbers stand in parentheses: `(3) * (x)`.
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
    /// With its full stop.
    pub span: Range<usize>,
    pub name: Range<usize>,
    /// In terse the name once more.
    pub symbol: Range<usize>,
    /// None for the unknown.
    pub clauses: Vec<Clause>,
    /// The steps that it reads, through intermediate symbols too, as often as it does; sorted.
    pub reads: Vec<usize>,
    /// The numbers that its expressions bring in; sorted.
    pub literals: Vec<i128>,
    /// Its value, at each of [`POINTS`].
    pub value: [i128; 2],
}

/// A chain of equalities.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    /// From behind `so` to the end of the last side.
    pub span: Range<usize>,
    pub head: Range<usize>,
    /// What stands behind the head: the expression, its numeric forms, the value.
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
    /// From the equation as it stands at first to `x = N`.
    pub lines: Vec<Line>,
    /// The number that both sides are divided by, where the text says it.
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
    /// Reads a right solution.
    ///
    /// # Errors
    /// The first place that the reader cannot follow.
    pub(crate) fn read(text: &str) -> Result<Self, VerifyError> {
        let mut cursor = Cursor::new(text);
        let mut parts = Parts::default();
        if let Some(end) = cursor.find(" so we use equations to solve it.") {
            cursor.at = end;
            cursor.space();
        }
        let prose = text[cursor.at..].starts_with("Define ");
        loop {
            cursor.space();
            let rest = &text[cursor.at..];
            if rest.starts_with("Answer: ") {
                break;
            } else if parts.solve.is_some() {
                let (at, expected) = (cursor.at, "the answer behind the equation");
                return Err(VerifyError::Unread { at, expected });
            } else if rest.starts_with("We know ") || rest.starts_with("Solve ") {
                parts.solve = Some(Solve::read(&mut cursor, prose)?);
            } else if prose {
                parts.prose_step(&mut cursor)?;
            } else {
                parts.terse_step(&mut cursor)?;
            }
        }
        let answer = answer(&mut cursor)?;
        let mut script = Self {
            text: text.to_owned(),
            prose,
            steps: parts.steps,
            unknown: parts.unknown,
            solve: parts.solve,
            answer,
            wraps: false,
        };
        script.resolve()?;
        let clauses = script.steps.iter().flat_map(|step| &step.clauses);
        let mut forms = clauses.flat_map(|clause| clause.sides.iter().skip(1));
        script.wraps = forms.any(|side| side.expression.wraps_a_number());
        Ok(script)
    }

    /// What a range of the text says.
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
        for (place, step) in self.steps.iter().enumerate() {
            for (local, clause) in step.clauses.iter().enumerate() {
                if local + 1 < step.clauses.len() {
                    meanings.insert(self.of(&clause.head), Meaning::Local(place, local));
                }
            }
            meanings.insert(self.of(&step.symbol), Meaning::Step(place));
        }
        meanings
    }

    /// Fills in what each step reads and its value.
    fn resolve(&mut self) -> Result<(), VerifyError> {
        let meanings = self.meanings();
        let mut facts = Vec::with_capacity(self.steps.len());
        for (place, step) in self.steps.iter().enumerate() {
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
                        Some(Meaning::Step(read)) if *read < place => reads.push(*read),
                        Some(Meaning::Local(owner, local)) if *owner == place => {
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

fn unread(step: &Step, expected: &'static str) -> VerifyError {
    VerifyError::Unread {
        at: step.span.start,
        expected,
    }
}

/// What has been read so far.
#[derive(Default)]
struct Parts {
    steps: Vec<Step>,
    unknown: Option<Unknown>,
    solve: Option<Solve>,
}

impl Parts {
    fn prose_step(&mut self, cursor: &mut Cursor<'_>) -> Result<(), VerifyError> {
        let start = cursor.at;
        cursor.expect("Define ")?;
        let head = cursor.until("; ", "`; ` behind the symbol")?;
        let text = cursor.text;
        let split = text[head.clone()]
            .rfind(" as ")
            .ok_or(VerifyError::Unread {
                at: head.start,
                expected: "`NAME as SYMBOL`",
            })?;
        let name = trimmed(text, head.start..head.start + split);
        let symbol = trimmed(text, head.start + split + " as ".len()..head.end);
        if text[cursor.at..].starts_with("we don't know its value yet") {
            cursor.until(".", "a full stop")?;
            let letter = text[symbol.clone()].to_owned();
            self.push(start..cursor.at, name, symbol, Vec::new(), Some(letter));
            return Ok(());
        }
        let mut clauses = Vec::new();
        let end = cursor.sentence()?;
        while cursor.at < end {
            if text[cursor.at..].starts_with("so ") {
                cursor.at += "so ".len();
            }
            let clause_end = text[cursor.at..end]
                .find(';')
                .map_or(end - 1, |at| cursor.at + at);
            clauses.push(Clause::read(text, cursor.at..clause_end)?);
            cursor.at = clause_end + 1;
            cursor.space();
        }
        cursor.at = end;
        self.push(start..end, name, symbol, clauses, None);
        Ok(())
    }

    fn terse_step(&mut self, cursor: &mut Cursor<'_>) -> Result<(), VerifyError> {
        let start = cursor.at;
        let end = cursor.sentence()?;
        let clause = Clause::read(cursor.text, start..end - 1)?;
        cursor.at = end;
        let name = clause.head.clone();
        let known = |side: &str| {
            let mut names = self
                .steps
                .iter()
                .map(|step| &cursor.text[step.name.clone()]);
            names.any(|name| name == side)
        };
        // `fox = x` where no step is called x: the unknown.
        let letter = match &*clause.sides {
            [
                Side {
                    expression: Expression::Symbol(letter),
                    ..
                },
            ] if !known(letter) => Some(letter.clone()),
            _ => None,
        };
        let clauses = if letter.is_some() {
            vec![]
        } else {
            vec![clause]
        };
        self.push(start..end, name.clone(), name, clauses, letter);
        Ok(())
    }

    fn push(
        &mut self,
        span: Range<usize>,
        name: Range<usize>,
        symbol: Range<usize>,
        clauses: Vec<Clause>,
        letter: Option<String>,
    ) {
        if let Some(letter) = letter {
            let step = self.steps.len();
            self.unknown = Some(Unknown { step, letter });
        }
        self.steps.push(Step {
            span,
            name,
            symbol,
            clauses,
            reads: Vec::new(),
            literals: Vec::new(),
            value: [0; 2],
        });
    }
}

impl Clause {
    fn read(text: &str, span: Range<usize>) -> Result<Self, VerifyError> {
        let span = trimmed(text, span);
        let mut sides = Vec::new();
        let mut at = span.start;
        for side in text[span.clone()].split('=') {
            let range = trimmed(text, at..at + side.len());
            at += side.len() + 1;
            sides.push(Side::read(text, range)?);
        }
        let head = sides.remove(0);
        if sides.is_empty() || !matches!(head.expression, Expression::Symbol(_)) {
            let (at, expected) = (span.start, "`symbol = ...`");
            return Err(VerifyError::Unread { at, expected });
        }
        Ok(Self {
            span,
            head: head.span,
            sides,
        })
    }
}

impl Side {
    fn read(text: &str, span: Range<usize>) -> Result<Self, VerifyError> {
        let tokens = tokens(text, span.clone());
        let expression = Expression::read(text, &tokens).ok_or(VerifyError::Unread {
            at: span.start,
            expected: "an expression",
        })?;
        Ok(Self {
            span,
            tokens,
            expression,
        })
    }
}

impl Line {
    fn read(text: &str, span: Range<usize>, equation: Range<usize>) -> Result<Self, VerifyError> {
        let unread = || VerifyError::Unread {
            at: equation.start,
            expected: "an equation of two sides",
        };
        let middle = text[equation.clone()].find('=').ok_or_else(unread)? + equation.start;
        let left = Side::read(text, trimmed(text, equation.start..middle))?;
        let right = Side::read(text, trimmed(text, middle + 1..equation.end))?;
        Ok(Self { span, left, right })
    }
}

impl Solve {
    fn read(cursor: &mut Cursor<'_>, prose: bool) -> Result<Self, VerifyError> {
        let (start, text) = (cursor.at, cursor.text);
        cursor.expect(if prose { "We know " } else { "Solve " })?;
        let symbol = cursor.until(" = ", "` = ` behind the given quantity")?;
        let mut solve = Self {
            span: start..start,
            symbol,
            given: start..start,
            lines: Vec::new(),
            divisor: None,
        };
        if !prose {
            let given = cursor.until(": ", "`: ` behind the given number")?;
            solve.given = trimmed(text, given);
            let end = cursor.sentence()?;
            for line in text[cursor.at..end - 1].split_inclusive(';') {
                let span = cursor.at..cursor.at + line.len();
                cursor.at = span.end;
                let equation = trimmed(
                    text,
                    span.start..span.end - usize::from(line.ends_with(';')),
                );
                solve.lines.push(Line::read(text, span, equation)?);
            }
            cursor.at = end;
            solve.span.end = end;
            return Ok(solve);
        }
        let given = cursor.until(", so we have ", "`, so we have`")?;
        solve.given = trimmed(text, given);
        let equation = cursor.until(
            " and we solve it through the following steps:",
            "` and we solve`",
        )?;
        solve
            .lines
            .push(Line::read(text, equation.clone(), equation)?);
        for label in [
            "Simplifying the equation",
            "Move all terms to one side",
            "Isolate the term with ",
            "Divide both sides by ",
            "Solution",
        ] {
            cursor.space();
            let start = cursor.at;
            cursor.expect(label)?;
            let more = cursor.until(": ", "`: ` before an equation")?;
            if label.starts_with("Divide") {
                solve.divisor = Some(more);
            }
            let (from, end) = (cursor.at, cursor.sentence()?);
            solve
                .lines
                .push(Line::read(text, start..end, from..end - 1)?);
            cursor.at = end;
        }
        solve.span.end = cursor.at;
        Ok(solve)
    }
}

fn answer(cursor: &mut Cursor<'_>) -> Result<Answer, VerifyError> {
    let start = cursor.at;
    cursor.expect("Answer: ")?;
    let number = cursor.until(".", "a full stop behind the answer")?;
    let value = cursor.text[number.clone()].parse().ok();
    let value = value.ok_or(VerifyError::Unread {
        at: number.start,
        expected: "an integer as the answer",
    })?;
    let span = start..cursor.at;
    cursor.space();
    if cursor.at < cursor.text.len() {
        let (at, expected) = (cursor.at, "nothing behind the answer");
        return Err(VerifyError::Unread { at, expected });
    }
    Ok(Answer {
        span,
        number,
        value,
    })
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + inner.len() - inner.trim_start().len();
    start..start + inner.trim().len()
}
