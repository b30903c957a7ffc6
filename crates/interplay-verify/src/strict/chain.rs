//! One step's chains of equalities: `b = 2 * m = 2 * 3 = 6`.
//!
//! A chain leads from its symbol through an expression and its numeric form to a value, perhaps
//! through shorter numeric forms. Every part must have the stated value, and every form must follow
//! from the one before it by substituting values or evaluating parts.

use interplay_graph::Linear;

use super::{Judge, Said, reason};
use crate::Reason;
use crate::formula::{NoFormula, Source};
use crate::numbers;
use crate::reading::{Clause, Node, Part, Span, Step};

impl Judge<'_> {
    /// Judges the chains of a step; returns what the last one, about the step's own symbol, says.
    pub(super) fn clauses(&mut self, step: &Step, symbol: Span) -> Said {
        let reading = self.reading;
        let first_local = self.symbols.len();
        let clauses = reading.clauses(step);
        let mut said = Said {
            head: None,
            value: None,
            formula: false,
        };
        for (index, clause) in clauses.iter().enumerate() {
            said = self.chain(clause);
            let own = said
                .head
                .is_some_and(|head| self.symbols.same(head, symbol));
            if index + 1 < clauses.len() {
                let Some(head) = said.head else { continue };
                if own || self.symbols.get(head).is_some() {
                    self.error(head, Reason::SymbolReused, || {
                        "a symbol that is free".to_owned()
                    });
                }
                let local = said
                    .formula
                    .then(|| Source::Local(self.pool.keep(&self.work)));
                self.symbols.bind(head, local, said.value);
            } else if said.head.is_some() && !own {
                let symbol = symbol.of(self.text).to_owned();
                let expected = || format!("the equation of `{symbol}`");
                self.error(clause.span, Reason::MissingEquation, expected);
                said = Said {
                    head: None,
                    value: None,
                    formula: false,
                };
            }
        }
        if !self.symbols.all_read(first_local) {
            let expected = || "every intermediate symbol read in its step".to_owned();
            self.error(step.span, Reason::UnusedIntermediate, expected);
        }
        said
    }

    /// Judges one chain of equalities: symbol, expression, numeric form, shorter numeric forms,
    /// number. An expression of a single operand needs no numeric form.
    fn chain(&mut self, clause: &Clause) -> Said {
        let nothing = Said {
            head: None,
            value: None,
            formula: false,
        };
        if let Some((fault, span)) = clause.fault {
            self.error(span, reason(fault), || "an equation".to_owned());
            return nothing;
        }
        let reading = self.reading;
        let [left, expression, forms @ ..] = reading.parts(clause) else {
            self.error(clause.span, Reason::MissingEquation, || {
                "`symbol = ... = number`".into()
            });
            return nothing;
        };
        // In reverse mode, numeric forms put every operand of a product or difference in
        // parentheses.
        let checked = if self.gold.is_reverse() {
            2
        } else {
            usize::MAX
        };
        let mut parts = reading.parts(clause).iter().take(checked);
        if let Some(part) = parts.find(|part| part.lone_group) {
            let expected = || "parentheses around an operation".to_owned();
            self.error(part.span, Reason::OddChain, expected);
        }
        let Some(head) = reading.lone_symbol(left) else {
            self.error(left.span, Reason::OddChain, || {
                "one symbol on the left".to_owned()
            });
            return nothing;
        };
        let formula = self.formula(expression);
        let last = forms.last().unwrap_or(expression);
        let value = self.symbols.stated(reading.nodes(last));
        match value {
            None => {
                let expected = || "an equation that ends in its value".to_owned();
                self.error(clause.span, Reason::MissingEquation, expected);
            }
            Some(value) => {
                let ordered = self.forms(expression, forms);
                let equal = ordered
                    && self.equal(expression, forms, value)
                    && self.reduced(expression, forms);
                self.notes.verdict.wrong_equalities += u32::from(!equal);
            }
        }
        Said {
            head: Some(head),
            value,
            formula,
        }
    }

    /// Builds the formula of an expression in `work`.
    fn formula(&mut self, expression: &Part) -> bool {
        let nodes = self.reading.nodes(expression);
        let symbols = &self.symbols;
        let poisoned = std::cell::Cell::new(false);
        let resolve = |span| {
            let binding = symbols.get(span)?;
            if binding.unknown && binding.source.is_none() {
                return None;
            }
            poisoned.set(poisoned.get() || binding.source.is_none());
            // The mistake that left the symbol undefined has been noted already.
            binding.source.or(Some(Source::Quantity(u32::MAX - 1)))
        };
        let built = self.pool.expression(&mut self.work, nodes, resolve);
        for node in nodes {
            if let Node::Symbol(span) = node {
                self.reads(*span);
            }
        }
        match built {
            Ok(()) if poisoned.get() => {
                self.sound = false;
                false
            }
            Ok(()) if self.work.normalize().is_some() => true,
            Err(NoFormula::Divides) => {
                let expected = || "a sum, a difference or a product".to_owned();
                self.error(expression.span, Reason::WrongOperation, expected);
                false
            }
            Ok(()) | Err(NoFormula::TooLarge) => {
                let expected = || "no more operands than the problem's definitions have".to_owned();
                self.error(expression.span, Reason::WrongOperation, expected);
                false
            }
            Err(NoFormula::Undefined(span)) => {
                let expected = || "a symbol that an earlier step defines".to_owned();
                self.error(span, Reason::UndefinedSymbol, expected);
                false
            }
        }
    }

    /// Whether the forms of a chain are in order.
    fn forms(&mut self, expression: &Part, forms: &[Part]) -> bool {
        let reading = self.reading;
        let mut before = expression;
        for (index, form) in forms.iter().enumerate() {
            let nodes = reading.nodes(form);
            let last = index + 1 == forms.len();
            // In reverse mode, a value may have operators.
            let value = last && form.symbolic && self.symbols.stated(nodes).is_some();
            let mirrored = index == 0 && expression.symbolic && form.operators > 0 && !value;
            let shorter = form.operators < before.operators
                || (index == 0 && expression.symbolic && form.operators == 0);
            let numeric = !form.symbolic || self.symbols.only_unknown(nodes);
            if !numeric || !(mirrored || shorter || value) {
                let expected = || "numbers only, in ever shorter forms".to_owned();
                self.error(form.span, Reason::OddChain, expected);
                return false;
            }
            if mirrored {
                let symbols = &self.symbols;
                let value = |span| symbols.get(span).and_then(|binding| binding.value);
                if !numbers::mirrors(reading.nodes(expression), nodes, value) {
                    let shown = expression.span.of(self.text);
                    let expected = || format!("the values of `{shown}` in its place");
                    self.error(form.span, Reason::WrongNumbers, expected);
                    return false;
                }
            }
            before = form;
        }
        true
    }

    /// Whether each numeric form is the one before it with parts evaluated.
    fn reduced(&mut self, expression: &Part, forms: &[Part]) -> bool {
        let reading = self.reading;
        for (index, form) in forms.iter().enumerate() {
            let before = match index {
                0 if expression.symbolic => continue,
                0 => expression,
                _ => &forms[index - 1],
            };
            let (from, to) = (reading.nodes(before), reading.nodes(form));
            // The value of the last form has been compared already.
            let last = index + 1 == forms.len();
            if !last && !numbers::reduces(from, to) {
                let shown = before.span.of(self.text);
                let expected = || format!("`{shown}` with parts of it worked out");
                self.error(form.span, Reason::WrongNumbers, expected);
                return false;
            }
        }
        true
    }

    /// Whether every side of a chain has the stated value.
    fn equal(&mut self, expression: &Part, forms: &[Part], value: Linear) -> bool {
        for part in std::iter::once(expression).chain(forms) {
            let symbols = &self.symbols;
            let of = |span| symbols.get(span).and_then(|binding| binding.value);
            let actual = numbers::evaluate(&mut self.stack, self.reading.nodes(part), of);
            if actual != Some(value) {
                let expected = || match actual {
                    Some(actual) => format!("{actual}"),
                    None => "a value of 64 bits".to_owned(),
                };
                let found = || format!("`{}` = {value}", part.span.of(self.text));
                self.sound = false;
                self.notes
                    .explained(part.span, Reason::WrongEquality, expected, Some(&found));
                return false;
            }
        }
        true
    }
}
