//! The equation of a reverse problem: set up, transformed, solved.
//!
//! The steps compute the given quantity in terms of the unknown, say as `15*x + 1`. Its value, 61,
//! makes that an equation, and each later sentence simplifies it: `15*x - 60 = 0`, `15*x = 60`,
//! `x = 60 / 15`, `x = 4`. Forms between the first and the last may be omitted, none may be
//! repeated or out of order, and each must be exact.
//!
//! Source: the solving sentences of the published data of arXiv 2512.07783; its verifier ignores
//! them.

use interplay_graph::Linear;

use super::Judge;
use super::equation::{Form, Side, Truth};
use crate::Reason;
use crate::formula::Source;
use crate::reading::{Equation, Known, Label, Node, Part, Span};

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
        self.solving.step = self.symbols.step;
        self.reads(known.symbol);
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
        if self.notes.uses {
            self.uses.push(self.solving.step);
        }
        self.solving.step = self.symbols.step;
        let said = self.sides(equation.clause);
        let span = self.clause_span(equation.clause, equation.span);
        let form = match equation.label {
            Label::None => self.unlabeled(truth, said, span),
            label => self.labeled(truth, label, said, span),
        };
        if form <= self.solving.form {
            let expected = || "a form that is further than the one before".to_owned();
            self.error(span, Reason::WrongEquation, expected);
        }
        self.solving.form = form.max(self.solving.form);
    }

    /// The form that a label announces; the equation must be that.
    fn labeled(
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
                    _ => truth.line.coefficient,
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
    fn unlabeled(&mut self, truth: Truth, said: Option<(Side, Side)>, span: Span) -> Form {
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

    /// Notes an equation that is not solved before the answer.
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
