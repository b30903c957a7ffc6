//! The terse dialect: one short statement a quantity, named by one noun.
//!
//! `elk = fox.`, `elk = fox + 2.`, `elk = 2 * fox.`, `elk = fox + owl + bee.`,
//! `elk = fox - owl + 2.`, `elk = 2 * (fox + owl).` A step of a solution repeats the definition
//! with numbers and gives the value: `elk = 2 * (fox + owl) = 2 * (3 + 5) = 16.`
//!
//! Deviations: no reference has this dialect. It says the same as prose in about a tenth of the
//! tokens, so that small models can learn it within minutes. Totals are stated like all others.

use std::fmt::Write;

use interplay_graph::{Core, Outer, Quantity, QuantityId};

use crate::Problem;

pub(crate) fn problem(problem: &Problem) -> String {
    let mut text = String::with_capacity(24 * problem.statements.len());
    for statement in &problem.statements {
        if !text.is_empty() {
            text.push(' ');
        }
        let quantity = problem.graph.quantity(problem.ids[*statement]);
        text.push_str(&quantity.name);
        text.push_str(" = ");
        names(problem, quantity, &mut text);
        text.push('.');
    }
    text
}

pub(crate) fn question(problem: &Problem) -> String {
    format!("{}?", problem.graph.quantity(problem.target).name)
}

pub(crate) fn steps(problem: &Problem) -> String {
    let mut text = String::with_capacity(36 * problem.steps.len());
    for step in &problem.steps {
        if !text.is_empty() {
            text.push(' ');
        }
        let id = problem.ids[*step];
        let quantity = problem.graph.quantity(id);
        text.push_str(&quantity.name);
        if !quantity.definition.is_leaf() {
            text.push_str(" = ");
            names(problem, quantity, &mut text);
            let copy = quantity.definition.outer.is_none() && quantity.parents().len() == 1;
            if !copy {
                text.push_str(" = ");
                numbers(problem, quantity, &mut text);
            }
        }
        let _ = write!(text, " = {}.", problem.values[id.index()]);
    }
    text
}

fn names(problem: &Problem, quantity: &Quantity, text: &mut String) {
    expression(quantity, text, |parent, text| {
        text.push_str(&problem.graph.quantity(parent).name);
    });
}

fn numbers(problem: &Problem, quantity: &Quantity, text: &mut String) {
    expression(quantity, text, |parent, text| {
        let _ = write!(text, "{}", problem.values[parent.index()]);
    });
}

/// Writes a definition with each parent as `operand` writes it.
fn expression(quantity: &Quantity, text: &mut String, operand: impl Fn(QuantityId, &mut String)) {
    let definition = quantity.definition;
    let separators = match definition.core {
        Core::Constant(value) => {
            let _ = write!(text, "{value}");
            return;
        }
        Core::Sum => [" + ", " + "],
        Core::Difference => [" - ", " - "],
        Core::Products => [" * ", " + "],
    };
    let brackets =
        matches!(definition.outer, Some(Outer::Times(_))) && quantity.parents().len() > 1;
    if let Some(Outer::Times(k)) = definition.outer {
        let _ = write!(text, "{k} * ");
    }
    if brackets {
        text.push('(');
    }
    for (place, parent) in quantity.parents().iter().enumerate() {
        if place > 0 {
            text.push_str(separators[(place + 1) % 2]);
        }
        operand(*parent, text);
    }
    if brackets {
        text.push(')');
    }
    if let Some(Outer::Plus(k)) = definition.outer {
        let _ = write!(text, " + {k}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dialect;
    use crate::naming::Label;
    use crate::problem::tests::by_hand;
    use interplay_graph::Definition;

    #[test]
    fn every_form_is_told_and_computed() {
        let noun = Label::Noun(0);
        let told = by_hand(
            Dialect::Terse,
            &[
                ("fox", noun, Definition::constant(3), &[]),
                ("elk", noun, Definition::sum(), &[0]),
                ("owl", noun, Definition::sum().plus(2), &[1]),
                ("bee", noun, Definition::sum().times(2), &[2]),
                ("ant", noun, Definition::sum(), &[3, 2, 0]),
                ("cow", noun, Definition::difference(), &[4, 3]),
                ("hen", noun, Definition::difference().plus(1), &[5, 0]),
                ("pig", noun, Definition::sum().times(4), &[6, 5]),
                ("yak", noun, Definition::difference().times(3), &[7, 6]),
            ],
        );
        assert_eq!(
            problem(&told),
            "fox = 3. elk = fox. owl = elk + 2. bee = 2 * owl. ant = bee + owl + fox. \
             cow = ant - bee. hen = cow - fox + 1. pig = 4 * (hen + cow). yak = 3 * (pig - hen)."
        );
        assert_eq!(
            steps(&told),
            "fox = 3. elk = fox = 3. owl = elk + 2 = 3 + 2 = 5. bee = 2 * owl = 2 * 5 = 10. \
             ant = bee + owl + fox = 10 + 5 + 3 = 18. cow = ant - bee = 18 - 10 = 8. \
             hen = cow - fox + 1 = 8 - 3 + 1 = 6. pig = 4 * (hen + cow) = 4 * (6 + 8) = 56. \
             yak = 3 * (pig - hen) = 3 * (56 - 6) = 150."
        );
        assert_eq!(question(&told), "yak?");
    }
}
