//! Reads a right solution into a [`Script`].
//!
//! The reader knows both dialects and both modes as right solutions are written. It shares nothing
//! with the verifier's parser. Text that it cannot follow is an error, so that no operator can
//! silently stop working when a dialect changes.

use std::ops::Range;

use crate::SubjectError;

use crate::expression::Expression;
use crate::phrases::Cursor;
use crate::script::{Answer, Clause, Line, Script, Side, Solve, Step, Unknown};
use crate::tokens::tokens;

impl Script {
    /// Reads a right solution.
    ///
    /// # Errors
    /// The first position at which the reader cannot follow.
    pub(crate) fn read(text: &str) -> Result<Self, SubjectError> {
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
                return Err(SubjectError::Unread { at, expected });
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
}

/// The parts read so far.
#[derive(Default)]
struct Parts {
    steps: Vec<Step>,
    unknown: Option<Unknown>,
    solve: Option<Solve>,
}

impl Parts {
    fn prose_step(&mut self, cursor: &mut Cursor<'_>) -> Result<(), SubjectError> {
        let start = cursor.at;
        cursor.expect("Define ")?;
        let head = cursor.until("; ", "`; ` behind the symbol")?;
        let text = cursor.text;
        let split = text[head.clone()]
            .rfind(" as ")
            .ok_or(SubjectError::Unread {
                at: head.start,
                expected: "`NAME as SYMBOL`",
            })?;
        let name = trimmed(text, head.start..head.start + split);
        let symbol = trimmed(text, head.start + split + " as ".len()..head.end);
        if text[cursor.at..].starts_with("we don't know its value yet") {
            cursor.until(".", "a period")?;
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

    fn terse_step(&mut self, cursor: &mut Cursor<'_>) -> Result<(), SubjectError> {
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
        // `fox = x` where no step is called x: the unknown, the first time.
        let letter = match &*clause.sides {
            [
                Side {
                    expression: Expression::Symbol(letter),
                    ..
                },
            ] if self.unknown.is_none() && !known(letter) => Some(letter.clone()),
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
    fn read(text: &str, span: Range<usize>) -> Result<Self, SubjectError> {
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
            return Err(SubjectError::Unread { at, expected });
        }
        Ok(Self {
            span,
            head: head.span,
            sides,
        })
    }
}

impl Side {
    fn read(text: &str, span: Range<usize>) -> Result<Self, SubjectError> {
        let tokens = tokens(text, span.clone());
        let expression = Expression::read(text, &tokens).ok_or(SubjectError::Unread {
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
    fn read(text: &str, span: Range<usize>, equation: Range<usize>) -> Result<Self, SubjectError> {
        let unread = || SubjectError::Unread {
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
    fn read(cursor: &mut Cursor<'_>, prose: bool) -> Result<Self, SubjectError> {
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

fn answer(cursor: &mut Cursor<'_>) -> Result<Answer, SubjectError> {
    let start = cursor.at;
    cursor.expect("Answer: ")?;
    let number = cursor.until(".", "a period after the answer")?;
    let value = cursor.text[number.clone()].parse().ok();
    let value = value.ok_or(SubjectError::Unread {
        at: number.start,
        expected: "an integer as the answer",
    })?;
    let span = start..cursor.at;
    cursor.space();
    if cursor.at < cursor.text.len() {
        let (at, expected) = (cursor.at, "nothing behind the answer");
        return Err(SubjectError::Unread { at, expected });
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
