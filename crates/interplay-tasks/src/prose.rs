//! The prose dialect: the register of the published corpora.
//!
//! Source: the sentence and solution forms of GSM-Infinite (arXiv 2502.05252), so that texts can
//! be exchanged with published data. A step of a solution names its quantity, gives it a symbol
//! and computes it, two operands at a time:
//! `Define X as a; f = b + c = 3 + 1 = 4; so a = 2 * f = 2 * 4 = 8.`

use std::fmt::{Display, Write};

use interplay_graph::{Core, Outer, Quantity, QuantityId};

use crate::Problem;
use crate::naming::Label;
use crate::symbols::Symbol;

pub(crate) fn problem(problem: &Problem) -> String {
    let mut text = String::with_capacity(160 * problem.statements.len());
    for statement in &problem.statements {
        if !text.is_empty() {
            text.push(' ');
        }
        let quantity = problem.graph.quantity(problem.ids[*statement]);
        let _ = write!(text, "The number of {} equals ", quantity.name);
        definition(problem, quantity, &mut text);
        text.push('.');
    }
    text
}

pub(crate) fn question(problem: &Problem) -> String {
    let context = &problem.context;
    match problem.labels[problem.target.index()] {
        Label::Instance { item, place } => {
            format!(
                "How many {} does {} have?",
                context.items()[item],
                context.places()[place]
            )
        }
        label => format!("What is the {}?", label.text(context)),
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
    for (place, parent) in parents.iter().enumerate() {
        text.push_str(match place {
            0 => "",
            _ if place + 1 < parents.len() => ", ",
            1 => " and ",
            _ => ", and ",
        });
        text.push_str(match problem.labels[parent.index()] {
            Label::Total { .. } => "the ",
            _ => "the number of ",
        });
        text.push_str(&problem.graph.quantity(*parent).name);
    }
}

/// How many symbols of intermediate results a step needs.
pub(crate) fn intermediates(quantity: &Quantity) -> usize {
    let outer = usize::from(quantity.definition.outer.is_some());
    let operands = match (quantity.definition.core, quantity.parents().len()) {
        (Core::Products, 2) => return outer,
        (Core::Products, parents) => return parents - 2 + outer,
        (_, parents) => parents,
    };
    match operands {
        0 => 0,
        1 => outer,
        parents => parents - 2 + outer,
    }
}

pub(crate) fn steps(problem: &Problem) -> String {
    let mut text = String::with_capacity(90 * problem.steps.len());
    let mut spare = problem.symbols[problem.steps.len()..].iter().copied();
    for step in &problem.steps {
        if !text.is_empty() {
            text.push(' ');
        }
        let id = problem.ids[*step];
        let quantity = problem.graph.quantity(id);
        let symbol = problem.symbols[id.index()];
        let _ = write!(text, "Define {} as {symbol}; ", quantity.name);
        computation(
            problem,
            quantity,
            Named { symbol, value: 0 },
            &mut spare,
            &mut text,
        );
        text.push('.');
    }
    text
}

/// A symbol with its value.
#[derive(Clone, Copy)]
struct Named {
    symbol: Symbol,
    value: i64,
}

/// Writes the equations of one step, the last with `so`.
fn computation(
    problem: &Problem,
    quantity: &Quantity,
    own: Named,
    spare: &mut impl Iterator<Item = Symbol>,
    text: &mut String,
) {
    let operand = |id: &QuantityId| Named {
        symbol: problem.symbols[id.index()],
        value: problem.values[id.index()],
    };
    let mut fresh = || {
        spare
            .next()
            .expect("symbols are counted when the problem is drawn")
    };
    let (sign, step): (_, fn(i64, i64) -> i64) = match quantity.definition.core {
        Core::Constant(value) => {
            let _ = write!(text, "so {} = {value}", own.symbol);
            return;
        }
        Core::Sum => ('+', |left, right| left + right),
        Core::Difference => ('-', |left, right| left - right),
        Core::Products => ('+', |left, right| left + right),
    };
    let outer = quantity.definition.outer;
    let parents: Vec<Named> = match quantity.definition.core {
        Core::Products => {
            let pairs = quantity.parents().len() / 2;
            let pair = |pair: &[QuantityId]| {
                let last = pairs == 1 && outer.is_none();
                let symbol = if last { own.symbol } else { fresh() };
                text.push_str(if last { "so " } else { "" });
                let named = product(text, symbol, operand(&pair[0]), operand(&pair[1]));
                text.push_str(if pairs == 1 { "" } else { "; " });
                named
            };
            quantity.parents().chunks(2).map(pair).collect()
        }
        _ => quantity.parents().iter().map(operand).collect(),
    };
    let mut inner = parents[0];
    if quantity.parents().len() == 1 {
        let symbol = if outer.is_some() { fresh() } else { own.symbol };
        let so = if outer.is_some() { "" } else { "so " };
        let _ = write!(text, "{so}{symbol} = {} = {}", inner.symbol, inner.value);
        inner.symbol = symbol;
    }
    for (place, parent) in parents.iter().enumerate().skip(1) {
        let last = place + 1 == parents.len() && outer.is_none();
        let symbol = if last { own.symbol } else { fresh() };
        let right = *parent;
        let value = step(inner.value, right.value);
        if place > 1 {
            text.push_str("; ");
        }
        text.push_str(if last { "so " } else { "" });
        equation(
            text,
            symbol,
            (&inner.symbol, inner.value),
            sign,
            (right.symbol, right.value),
        );
        let _ = write!(text, "{value}");
        inner = Named { symbol, value };
    }
    let (sign, k, value) = match outer {
        None => return,
        Some(Outer::Plus(k)) => ('+', k, k + inner.value),
        Some(Outer::Times(k)) => ('*', k, k * inner.value),
    };
    text.push_str("; so ");
    equation(text, own.symbol, (&k, k), sign, (inner.symbol, inner.value));
    let _ = write!(text, "{value}");
}

/// Writes `s = left * right = 3 * 4 = 12` and gives `s` with its value.
fn product(text: &mut String, symbol: Symbol, left: Named, right: Named) -> Named {
    let value = left.value * right.value;
    equation(
        text,
        symbol,
        (&left.symbol, left.value),
        '*',
        (right.symbol, right.value),
    );
    let _ = write!(text, "{value}");
    Named { symbol, value }
}

/// Writes `s = left + right = 3 + 4 = `, each operand in its symbolic and its numeric form.
fn equation(
    text: &mut String,
    symbol: Symbol,
    left: (&dyn Display, i64),
    sign: char,
    right: (Symbol, i64),
) {
    let _ = write!(
        text,
        "{symbol} = {} {sign} {} = {} {sign} {} = ",
        left.0, right.0, left.1, right.1
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dialect;
    use crate::problem::tests::by_hand;
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
            problem(&told),
            "The number of A in P equals 3. The number of B in Q equals 2 times the total of P. \
             The number of C in Q equals 1 plus the sum of the number of B in Q, the total of P, \
             and the number of A in P. The number of D in Q equals the difference between the \
             number of C in Q and the number of B in Q. The number of E in Q equals the sum of \
             the total of P and the number of A in P."
        );
        assert_eq!(question(&told), "How many adult fox does Alder Marsh have?");
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
            steps(&told),
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
    fn a_total_is_asked_for_by_its_name() {
        let told = by_hand(
            Dialect::Prose,
            &[
                ("A", AT, Definition::constant(3), &[]),
                ("T", TOTAL, Definition::sum(), &[0]),
            ],
        );
        assert_eq!(
            question(&told),
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
