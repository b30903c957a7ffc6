//! The prose dialect: the register of the published corpora.
//!
//! Source: the sentence and solution forms of GSM-Infinite (arXiv 2502.05252), so that texts can
//! be exchanged with published data. A step of a solution names its quantity, gives it a symbol
//! and computes it, two operands at a time:
//! `Define X as a; f = b + c = 3 + 1 = 4; so a = 2 * f = 2 * 4 = 8.`

use std::fmt::{Display, Write};

use interplay_graph::{ASIDE, Core, Outer, Quantity, QuantityId};

use crate::generation::Problem;
use crate::generation::linear::Linear;
use crate::generation::naming::Label;
use crate::generation::problem::Statement;
use crate::generation::reverse::Equation;
use crate::generation::symbols::{Symbol, intermediates};

pub(crate) fn problem(problem: &Problem, text: &mut String) {
    text.reserve(160 * problem.statements.len());
    for (position, statement) in problem.statements.iter().enumerate() {
        if position > 0 {
            text.push(' ');
        }
        match statement {
            Statement::Defined(index) => {
                let id = problem.ids[*index];
                text.push_str("The ");
                operand(problem, id, text);
                if !problem.is_unknown(id) {
                    text.push_str(" equals ");
                    definition(problem, problem.graph.quantity(id), text);
                } else if matches!(problem.labels[*index], Label::Average { .. }) {
                    text.push_str(" is greater than 0");
                } else {
                    text.push_str(" exists, and its number is greater than 0");
                }
            }
            Statement::Given => {
                let given = problem.top();
                text.push_str("The ");
                operand(problem, given, text);
                let _ = write!(text, " equals {}", problem.values[given.index()]);
            }
            Statement::Aside { place, aside } => {
                let (place, said) = (
                    problem.context.place(*place),
                    &problem.context.asides()[*aside],
                );
                let _ = write!(text, "{ASIDE}{place} {said}");
            }
        }
        text.push('.');
    }
}

/// Writes a quantity as it reads after `the`.
fn operand(problem: &Problem, id: QuantityId, text: &mut String) {
    if matches!(problem.labels[id.index()], Label::Instance { .. }) {
        text.push_str("number of ");
    }
    text.push_str(&problem.graph.quantity(id).name);
}

pub(crate) fn question(problem: &Problem, text: &mut String) {
    let context = &problem.context;
    match problem.labels[problem.target.index()] {
        Label::Instance { item, place } => {
            let (item, place) = (&context.items()[item], context.place(place));
            let _ = write!(text, "How many {item} does {place} have?");
        }
        label => {
            let _ = write!(text, "What is the {}?", label.text(context));
        }
    }
}

fn definition(problem: &Problem, quantity: &Quantity, text: &mut String) {
    match quantity.definition.outer {
        Some(Outer::Plus(k)) => {
            let _ = write!(text, "{k} plus ");
        }
        Some(Outer::Times(k)) => {
            let _ = write!(text, "{k} times ");
        }
        None => {}
    }
    match quantity.definition.core {
        Core::Constant(value) => {
            let _ = write!(text, "{value}");
            return;
        }
        Core::Difference => text.push_str("the difference between "),
        // A total with a third layer follows from the structure: no sentence states it.
        Core::Products => {}
        Core::Sum if quantity.parents().len() > 1 => text.push_str("the sum of "),
        Core::Sum => {}
    }
    let parents = quantity.parents();
    for (position, parent) in parents.iter().enumerate() {
        text.push_str(match position {
            0 => "",
            _ if position + 1 < parents.len() => ", ",
            1 => " and ",
            _ => ", and ",
        });
        text.push_str("the ");
        operand(problem, *parent, text);
    }
}

pub(crate) fn steps(problem: &Problem, text: &mut String) {
    text.reserve(90 * problem.steps.len());
    let mut spare = problem.symbols[problem.steps.len()..].iter().copied();
    if problem.given().is_some() {
        text.push_str("The question is difficult, so we use equations to solve it. ");
    }
    for (position, step) in problem.steps.iter().enumerate() {
        if position > 0 {
            text.push(' ');
        }
        let id = problem.ids[*step];
        let quantity = problem.graph.quantity(id);
        let symbol = problem.symbols[id.index()];
        let _ = write!(text, "Define {} as {symbol}; ", quantity.name);
        if problem.is_unknown(id) {
            text.push_str("we don't know its value yet but will find it out later");
        } else {
            computation(problem, id, &mut spare, text);
        }
        text.push('.');
    }
    if let Some((given, equation)) = problem.equation() {
        solve(problem.symbols[given.index()], equation, text);
    }
}

/// Writes how the equation of the given quantity is solved, step by step.
fn solve(given: Symbol, equation: Equation, text: &mut String) {
    let Equation { left, right } = equation;
    let (factor, number) = equation.isolated();
    let _ = write!(
        text,
        " We know {given} = {right}, so we have {left} = {right} and we solve it through the \
         following steps: Simplifying the equation: {left} = {right}. Move all terms to one side: \
         {} = 0. Isolate the term with x: {factor}*x = {number}. Divide both sides by {factor}: \
         x = {number} / {factor}. Solution: x = {}.",
        equation.moved(),
        number / factor
    );
}

/// A symbol, or a constant, with its value.
#[derive(Clone, Copy)]
struct Operand<S> {
    name: S,
    value: Linear,
}

/// What joins two operands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
    Times,
}

/// Writes the equations of one step, the last with `so`.
fn computation(
    problem: &Problem,
    id: QuantityId,
    spare: &mut impl Iterator<Item = Symbol>,
    text: &mut String,
) {
    let quantity = problem.graph.quantity(id);
    let mut equations = Equations {
        own: problem.symbols[id.index()],
        left: intermediates(quantity) + 1,
        brackets: problem.given().is_some(),
        spare,
        text,
    };
    let operand = |id: &QuantityId| Operand {
        name: problem.symbols[id.index()],
        value: problem.form(*id),
    };
    let parents = quantity.parents().iter().map(operand);
    let inner = match quantity.definition.core {
        Core::Constant(value) => {
            let symbol = equations.symbol();
            let _ = write!(equations.text, "{symbol} = {value}");
            return;
        }
        Core::Sum if parents.len() == 1 => parents.map(|one| equations.copy(one)).next(),
        Core::Sum => parents.reduce(|left, right| equations.join(left, Sign::Plus, right)),
        Core::Difference => parents.reduce(|left, right| equations.join(left, Sign::Minus, right)),
        Core::Products => {
            let pairs = quantity.parents().chunks_exact(2);
            let product = |pair: &[QuantityId]| {
                equations.join(operand(&pair[0]), Sign::Times, operand(&pair[1]))
            };
            let products: Vec<_> = pairs.map(product).collect();
            let sum = |left, right| equations.join(left, Sign::Plus, right);
            products.into_iter().reduce(sum)
        }
    };
    let (sign, k) = match quantity.definition.outer {
        None => return,
        Some(Outer::Plus(k)) => (Sign::Plus, k),
        Some(Outer::Times(k)) => (Sign::Times, k),
    };
    let constant = Operand {
        name: k,
        value: Linear::number(k),
    };
    if let Some(inner) = inner {
        equations.join(constant, sign, inner);
    }
}

/// The equations of one step as they are written.
struct Equations<'a, Spare> {
    /// The symbol of the quantity, which the last equation gives.
    own: Symbol,
    /// How many equations are still to come.
    left: usize,
    /// Whether products and differences put brackets around numbers, as solutions in reverse mode
    /// do.
    brackets: bool,
    spare: &'a mut Spare,
    text: &'a mut String,
}

impl<Spare: Iterator<Item = Symbol>> Equations<'_, Spare> {
    /// Opens the next equation and gives its symbol.
    fn symbol(&mut self) -> Symbol {
        self.left -= 1;
        if self.left == 0 {
            self.text.push_str("so ");
            return self.own;
        }
        self.spare
            .next()
            .expect("symbols are counted when the problem is drawn")
    }

    fn close(&mut self, name: Symbol, value: Linear) -> Operand<Symbol> {
        let _ = write!(self.text, " = {value}");
        if self.left > 0 {
            self.text.push_str("; ");
        }
        Operand { name, value }
    }

    /// Writes `s = a = 3`.
    fn copy(&mut self, from: Operand<Symbol>) -> Operand<Symbol> {
        let symbol = self.symbol();
        let _ = write!(self.text, "{symbol} = {}", from.name);
        self.close(symbol, from.value)
    }

    /// Writes `s = a - b = 4 - 3 = 1`, each operand in its symbolic and its numeric form.
    fn join<Left: Display + Copy>(
        &mut self,
        left: Operand<Left>,
        sign: Sign,
        right: Operand<Symbol>,
    ) -> Operand<Symbol> {
        let (mark, value) = match sign {
            Sign::Plus => ('+', left.value.checked_add(right.value)),
            Sign::Minus => ('-', left.value.checked_sub(right.value)),
            Sign::Times => ('*', left.value.checked_mul(right.value)),
        };
        let value = value.expect("values are bounded when the problem is drawn");
        let symbol = self.symbol();
        let _ = write!(
            self.text,
            "{symbol} = {} {mark} {} = ",
            left.name, right.name
        );
        let _ = if self.brackets && sign != Sign::Plus {
            write!(self.text, "({}) {mark} ({})", left.value, right.value)
        } else {
            write!(self.text, "{} {mark} {}", left.value, right.value)
        };
        self.close(symbol, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::problem::tests::{by_hand, reversed, written};
    use crate::spec::Dialect;
    use interplay_graph::Definition;

    const AT: Label = Label::Instance { item: 0, place: 0 };
    const TOTAL: Label = Label::Total { place: 0 };

    #[test]
    fn statements_leave_totals_to_the_structure() {
        let told = by_hand(
            Dialect::Prose,
            &[
                ("A in P", AT, Definition::constant(3), &[]),
                ("total of P", TOTAL, Definition::sum(), &[0]),
                ("B in Q", AT, Definition::sum().times(2), &[1]),
                ("C in Q", AT, Definition::sum().plus(1), &[2, 1, 0]),
                ("D in Q", AT, Definition::difference(), &[3, 2]),
                ("E in Q", AT, Definition::sum(), &[1, 0]),
            ],
        );
        assert_eq!(
            written(problem, &told),
            "The number of A in P equals 3. The number of B in Q equals 2 times the total of P. \
             The number of C in Q equals 1 plus the sum of the number of B in Q, the total of P, \
             and the number of A in P. The number of D in Q equals the difference between the \
             number of C in Q and the number of B in Q. The number of E in Q equals the sum of \
             the total of P and the number of A in P."
        );
        assert_eq!(
            written(question, &told),
            "How many adult fox does Alder Marsh have?"
        );
    }

    #[test]
    fn solutions_compute_two_operands_at_a_time() {
        let told = by_hand(
            Dialect::Prose,
            &[
                ("A", AT, Definition::constant(3), &[]),
                ("B", AT, Definition::sum(), &[0]),
                ("C", AT, Definition::sum().times(4), &[0]),
                ("D", AT, Definition::sum().plus(3), &[0, 1, 2]),
                ("E", AT, Definition::difference().times(3), &[3, 2]),
                ("T", TOTAL, Definition::sum(), &[0, 1, 2]),
                ("F", AT, Definition::difference(), &[5, 4]),
                ("G", TOTAL, Definition::products(), &[0, 1, 1, 2]),
                ("H", TOTAL, Definition::products(), &[0, 2]),
            ],
        );
        assert_eq!(
            written(steps, &told),
            "Define A as a; so a = 3. Define B as b; so b = a = 3. \
             Define C as c; j = a = 3; so c = 4 * j = 4 * 3 = 12. \
             Define D as d; k = a + b = 3 + 3 = 6; l = k + c = 6 + 12 = 18; \
             so d = 3 + l = 3 + 18 = 21. \
             Define E as e; m = d - c = 21 - 12 = 9; so e = 3 * m = 3 * 9 = 27. \
             Define T as f; n = a + b = 3 + 3 = 6; so f = n + c = 6 + 12 = 18. \
             Define F as g; so g = f - e = 18 - 27 = -9. \
             Define G as h; o = a * b = 3 * 3 = 9; p = b * c = 3 * 12 = 36; \
             so h = o + p = 9 + 36 = 45. \
             Define H as i; so i = a * c = 3 * 12 = 36."
        );
    }

    #[test]
    fn an_unknown_is_solved_for_in_the_published_register() {
        let told = by_hand(
            Dialect::Prose,
            &[
                ("A in P", AT, Definition::constant(4), &[]),
                ("B in P", AT, Definition::sum().times(3), &[0]),
                ("total of P", TOTAL, Definition::sum(), &[0, 1]),
                ("C in Q", AT, Definition::constant(1), &[]),
                ("D in Q", AT, Definition::difference().plus(2), &[2, 3]),
                ("total of Q", TOTAL, Definition::sum(), &[3, 4]),
            ],
        );
        let mut told = reversed(told, 0);
        told.symbols[0] = crate::generation::symbols::letters(26)[23];
        assert_eq!(
            written(problem, &told),
            "The number of A in P exists, and its number is greater than 0. The number of B in P \
             equals 3 times the number of A in P. The number of C in Q equals 1. The number of D \
             in Q equals 2 plus the difference between the total of P and the number of C in Q. \
             The total of Q equals 18."
        );
        assert_eq!(
            written(steps, &told),
            "The question is difficult, so we use equations to solve it. Define A in P as x; we \
             don't know its value yet but will find it out later. \
             Define B in P as b; g = x = x; so b = 3 * g = (3) * (x) = 3*x. \
             Define total of P as c; so c = x + b = x + 3*x = 4*x. Define C in Q as d; so d = 1. \
             Define D in Q as e; h = c - d = (4*x) - (1) = 4*x - 1; \
             so e = 2 + h = 2 + 4*x - 1 = 4*x + 1. \
             Define total of Q as f; so f = d + e = 1 + 4*x + 1 = 4*x + 2. \
             We know f = 18, so we have 4*x + 2 = 18 and we solve it through the following steps: \
             Simplifying the equation: 4*x + 2 = 18. Move all terms to one side: 4*x - 16 = 0. \
             Isolate the term with x: 4*x = 16. Divide both sides by 4: x = 16 / 4. \
             Solution: x = 4."
        );
    }

    #[test]
    fn a_total_is_asked_for_by_its_name() {
        let told = by_hand(
            Dialect::Prose,
            &[
                ("A", AT, Definition::constant(3), &[]),
                ("T", TOTAL, Definition::sum(), &[0]),
            ],
        );
        assert_eq!(
            written(question, &told),
            "What is the total number of adult animals in Alder Marsh?"
        );
    }

    #[test]
    fn intermediate_results_are_counted() {
        let told = by_hand(
            Dialect::Prose,
            &[
                ("A", AT, Definition::constant(3), &[]),
                ("B", AT, Definition::sum(), &[0]),
                ("C", AT, Definition::sum().times(4), &[0]),
                ("D", AT, Definition::sum().plus(3), &[0, 1, 2]),
                ("E", AT, Definition::sum(), &[0, 1, 2]),
                ("F", AT, Definition::difference().times(2), &[3, 2]),
                ("G", TOTAL, Definition::products(), &[0, 1]),
                ("H", TOTAL, Definition::products(), &[0, 1, 2, 3]),
            ],
        );
        let counts: Vec<_> = told
            .graph
            .quantities()
            .map(|(_, quantity)| intermediates(quantity))
            .collect();
        assert_eq!(counts, [0, 0, 1, 2, 1, 1, 0, 2]);
    }
}
