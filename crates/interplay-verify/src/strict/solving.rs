//! The equation of a reverse problem: set up from what is known, transformed, solved.
//!
//! The quantity whose value the problem gives was computed in terms of the unknown, say as
//! `15*x + 1`. With its value, 61, that is an equation, and each sentence behind it says the same
//! in a simpler form: `15*x - 60 = 0`, `15*x = 60`, `x = 60 / 15`, `x = 4`. A form may be left out
//! but for the first and the last, none may come twice or too early, and each must be exactly
//! what follows.
//!
//! Source: the solving sentences of the published data of arXiv 2512.07783; its verifier does not
//! read them.

use super::Judge;
use crate::formula::Source;
use crate::linear::Linear;
use crate::reading::{Equation, Known, Label, Node, Part, Span};
use crate::{Gold, Reason};

/// How far an equation is transformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Form {
    /// Not set up yet.
    #[default]
    Nothing,
    /// `15*x + 1 = 61`, as it follows from what is known.
    SetUp,
    /// The same once more, under its own label.
    Simplified,
    /// `15*x - 60 = 0`
    Moved,
    /// `15*x = 60`
    Isolated,
    /// `x = 60 / 15`
    Divided,
    /// `x = 4`
    Solved,
}

/// The state of the equation.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Solving {
    form: Form,
}

impl Solving {
    /// Whether an equation was set up.
    pub(super) fn begun(&self) -> bool {
        self.form != Form::Nothing
    }
}

/// The true equation, `line = value`.
#[derive(Debug, Clone, Copy)]
struct Truth {
    line: Linear,
    value: i64,
}

impl Truth {
    fn of(gold: &Gold) -> Option<Self> {
        let reverse = gold.reverse()?;
        Some(Self {
            line: gold.quantity(reverse.given).value,
            value: reverse.value,
        })
    }

    /// The right side once the constant is moved there.
    fn moved(self) -> Option<i64> {
        self.value.checked_sub(self.line.constant)
    }

    /// What a form of the equation says, for messages.
    fn shown(self, form: Form) -> Option<String> {
        let Self { line, value } = self;
        let moved = self.moved()?;
        Some(match form {
            Form::Nothing => return None,
            Form::SetUp | Form::Simplified => format!("`{line} = {value}`"),
            Form::Moved => {
                let constant = moved.checked_neg()?;
                format!("`{} = 0`", Linear { constant, ..line })
            }
            Form::Isolated => format!("`{}*x = {moved}`", line.factor),
            Form::Divided => format!("`x = {moved} / {}`", line.factor),
            Form::Solved => format!("`x = {}`", line.solve(value)?),
        })
    }
}

/// One side or the other of a stated equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Line(Linear),
    Quotient(i64, i64),
}

impl Judge<'_> {
    /// Judges the sentence that sets the equation up.
    pub(super) fn known(&mut self, known: &Known) {
        let (Some(reverse), Some(truth)) = (self.gold.reverse(), Truth::of(self.gold)) else {
            let expected = || "a step or the answer".to_owned();
            self.error(known.span, Reason::StrayText, expected);
            return;
        };
        if self.solving.begun() {
            let expected = || "one equation".to_owned();
            self.error(known.span, Reason::WrongEquation, expected);
        }
        self.solving.form = Form::SetUp;
        let binding = self.symbols.get(known.symbol);
        let about = binding.and_then(|binding| binding.source);
        let given = Some(Source::Quantity(reverse.given));
        if binding.is_none() {
            let expected = || "a symbol that an earlier step defines".to_owned();
            self.error(known.symbol, Reason::UndefinedSymbol, expected);
        } else if about != given || known.value != reverse.value {
            let name = &self.gold.quantity(reverse.given).name;
            let expected = || format!("the value of `{name}`, which is {}", reverse.value);
            self.error(known.span, Reason::WrongKnown, expected);
        }
        let said = self.sides(known.clause);
        let right = (
            Side::Line(truth.line),
            Side::Line(Linear::number(truth.value)),
        );
        if said != Some(right) {
            let span = self.clause_span(known.clause, known.span);
            self.wrong_equation(span, truth, Form::SetUp);
        }
    }

    /// Judges a sentence that transforms the equation.
    pub(super) fn equation(&mut self, equation: &Equation) {
        let Some(truth) = Truth::of(self.gold).filter(|_| self.solving.begun()) else {
            let expected = || "an equation that was set up before".to_owned();
            self.error(equation.span, Reason::WrongEquation, expected);
            return;
        };
        let said = self.sides(equation.clause);
        let span = self.clause_span(equation.clause, equation.span);
        let form = match equation.label {
            Label::None => self.unlabelled(truth, said, span),
            label => self.labelled(truth, label, said, span),
        };
        if form <= self.solving.form {
            let expected = || "a form that is further than the one before".to_owned();
            self.error(span, Reason::WrongEquation, expected);
        }
        self.solving.form = form.max(self.solving.form);
    }

    /// The form that a label announces; the equation must be that.
    fn labelled(
        &mut self,
        truth: Truth,
        label: Label,
        said: Option<(Side, Side)>,
        span: Span,
    ) -> Form {
        let (form, matches_label) = match label {
            Label::Simplify => (Form::Simplified, true),
            Label::Move => (Form::Moved, true),
            Label::Isolate(symbol) => {
                let binding = self.symbols.get(symbol);
                (
                    Form::Isolated,
                    binding.is_some_and(|binding| binding.unknown),
                )
            }
            Label::Divide(by) => {
                let divisor = match said {
                    Some((_, Side::Quotient(_, divisor))) => divisor,
                    _ => truth.line.factor,
                };
                (Form::Divided, by == divisor)
            }
            Label::Solution | Label::None => (Form::Solved, true),
        };
        let right = said.is_some_and(|said| truth.says(form, said));
        if !right || !matches_label {
            self.wrong_equation(span, truth, form);
        }
        form
    }

    /// The furthest form that an equation without a label is.
    fn unlabelled(&mut self, truth: Truth, said: Option<(Side, Side)>, span: Span) -> Form {
        let forms = [Form::Solved, Form::Divided, Form::Isolated, Form::Moved];
        let form = said.and_then(|said| forms.into_iter().find(|form| truth.says(*form, said)));
        form.unwrap_or_else(|| {
            let next = match self.solving.form {
                Form::Nothing | Form::SetUp | Form::Simplified | Form::Moved => Form::Isolated,
                _ => Form::Solved,
            };
            self.wrong_equation(span, truth, next);
            next
        })
    }

    /// Notes an equation that was not solved when the answer comes.
    pub(super) fn unsolved(&mut self, span: Span) {
        let Some(truth) = Truth::of(self.gold) else {
            return;
        };
        // `We know s = 4, so we have x = 4` is solved as it stands.
        let plain = truth.line == Linear::UNKNOWN && self.solving.begun();
        if self.solving.form != Form::Solved && !plain {
            let expected = || match truth.shown(Form::Solved) {
                Some(shown) => format!("the equation and its solution, {shown}"),
                None => "the equation and its solution".to_owned(),
            };
            self.beyond(span, Reason::MissingSolution, expected);
        }
    }

    fn wrong_equation(&mut self, span: Span, truth: Truth, form: Form) {
        let expected = || truth.shown(form).unwrap_or_else(|| "another".to_owned());
        self.error(span, Reason::WrongEquation, expected);
    }

    fn clause_span(&self, clause: u32, otherwise: Span) -> Span {
        let clause = self.reading.clauses.get(clause as usize);
        clause.map_or(otherwise, |clause| clause.span)
    }

    fn sides(&self, clause: u32) -> Option<(Side, Side)> {
        let (left, right) = self.reading.sides(clause)?;
        Some((self.side(left)?, self.side(right)?))
    }

    fn side(&self, part: &Part) -> Option<Side> {
        let nodes = self.reading.nodes(part);
        if part.lone_group {
            return None;
        }
        match nodes {
            [Node::Number(of), Node::Number(by), Node::Divide] => Some(Side::Quotient(*of, *by)),
            _ => self.symbols.stated(nodes).map(Side::Line),
        }
    }
}

impl Truth {
    /// Whether an equation is this form of the true one. Once terms are moved, both sides may
    /// change their sign together: `8 - x = 4` is isolated as `x = 4` or `-1*x = -4`.
    fn says(self, form: Form, said: (Side, Side)) -> bool {
        let as_set_up = |line| said == (Side::Line(line), Side::Line(Linear::number(self.value)));
        let turned = || {
            self.turned()
                .is_some_and(|turned| turned.exactly(form, said))
        };
        match form {
            Form::Nothing => false,
            Form::SetUp | Form::Simplified => as_set_up(self.line),
            Form::Moved | Form::Isolated | Form::Divided => self.exactly(form, said) || turned(),
            Form::Solved => self.exactly(form, said),
        }
    }

    /// The same equation with both sides negated.
    fn turned(self) -> Option<Self> {
        Some(Self {
            line: Linear::default().checked_sub(self.line)?,
            value: self.value.checked_neg()?,
        })
    }

    fn exactly(self, form: Form, said: (Side, Side)) -> bool {
        let Some(moved) = self.moved() else {
            return false;
        };
        let number = |value| Side::Line(Linear::number(value));
        let line = |factor, constant| Side::Line(Linear { factor, constant });
        let factor = self.line.factor;
        match form {
            Form::Nothing | Form::SetUp | Form::Simplified => false,
            Form::Moved => {
                let constant = moved.checked_neg();
                constant.is_some_and(|constant| said == (line(factor, constant), number(0)))
            }
            Form::Isolated => said == (line(factor, 0), number(moved)),
            Form::Divided => said == (line(1, 0), Side::Quotient(moved, factor)),
            Form::Solved => {
                let solution = self.line.solve(self.value);
                solution.is_some_and(|solution| said == (line(1, 0), number(solution)))
            }
        }
    }
}
