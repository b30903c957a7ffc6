//! The terse dialect: one short statement a quantity, named by one noun.
//!
//! `elk = fox.`, `elk = fox + 2.`, `elk = 2 * fox.`, `elk = fox + owl + bee.`,
//! `elk = fox - owl + 2.`, `elk = 2 * (fox + owl).` A step of a solution repeats the definition
//! with numbers and gives the value: `elk = 2 * (fox + owl) = 2 * (3 + 5) = 16.`
//!
//! Deviations: this dialect is our own. It says the same as prose in about a tenth of the tokens, so
//! small models learn it within minutes. Totals are stated like all other quantities.

use std::fmt::Write;

use interplay_graph::{Core, Outer, Quantity, QuantityId};

use crate::generation::Problem;
use crate::generation::linear::Linear;
use crate::generation::problem::Statement;
use crate::generation::reverse::Equation;

pub(crate) fn problem(problem: &Problem, text: &mut String) {
    text.reserve(24 * problem.statements.len());
    for (position, statement) in problem.statements.iter().enumerate() {
        if position > 0 {
            text.push(' ');
        }
        match statement {
            Statement::Given => {
                let given = problem.top();
                text.push_str(&problem.graph.quantity(given).name);
                let _ = write!(text, " = {}", problem.values[given.index()]);
            }
            Statement::Defined(position) => {
                let id = problem.ids[*position];
                let quantity = problem.graph.quantity(id);
                text.push_str(&quantity.name);
                if problem.is_unknown(id) {
                    text.push_str(" > 0");
                } else {
                    text.push_str(" = ");
                    names(problem, quantity, text);
                }
            }
            // A spec with asides in this dialect is refused.
            Statement::Aside { .. } => {}
        }
        text.push('.');
    }
}

pub(crate) fn question(problem: &Problem, text: &mut String) {
    text.push_str(&problem.graph.quantity(problem.target).name);
    text.push('?');
}

pub(crate) fn steps(problem: &Problem, text: &mut String) {
    text.reserve(36 * problem.steps.len());
    for (position, step) in problem.steps.iter().enumerate() {
        if position > 0 {
            text.push(' ');
        }
        let id = problem.ids[*step];
        let quantity = problem.graph.quantity(id);
        text.push_str(&quantity.name);
        if !quantity.definition.is_leaf() {
            text.push_str(" = ");
            names(problem, quantity, text);
            let copy = quantity.definition.outer.is_none() && quantity.parents().len() == 1;
            if !copy {
                text.push_str(" = ");
                numbers(problem, quantity, text);
            }
        }
        let _ = write!(text, " = {}.", problem.form(id));
    }
    if let Some((given, equation)) = problem.equation() {
        solve(&problem.graph.quantity(given).name, equation, text);
    }
}

/// Writes ` Solve owl = 14: 3*x + 2 = 14; 3*x = 12; x = 12 / 3; x = 4.`, without equations that
/// would repeat the one before.
fn solve(given: &str, equation: Equation, text: &mut String) {
    let Equation { left, right } = equation;
    let (factor, number) = equation.isolated();
    let _ = write!(text, " Solve {given} = {right}: {left} = {right}");
    let term = Linear {
        coefficient: factor,
        constant: 0,
    };
    if left != term {
        let _ = write!(text, "; {term} = {number}");
    }
    if factor != 1 {
        let _ = write!(text, "; x = {number} / {factor}; x = {}", number / factor);
    }
    text.push('.');
}

fn names(problem: &Problem, quantity: &Quantity, text: &mut String) {
    expression(quantity, text, |parent, text| {
        text.push_str(&problem.graph.quantity(parent).name);
    });
}

fn numbers(problem: &Problem, quantity: &Quantity, text: &mut String) {
    let definition = quantity.definition;
    let parents = quantity.parents();
    let times = parents.len() == 1 && matches!(definition.outer, Some(Outer::Times(_)));
    let mut position = 0;
    expression(quantity, text, |parent, text| {
        let subtracted = definition.core == Core::Difference && position > 0;
        position += 1;
        let form = problem.form(parent);
        let compound = form.coefficient != 0 && form.constant != 0;
        let _ = if compound && (times || subtracted) {
            write!(text, "({form})")
        } else {
            write!(text, "{form}")
        };
    });
}

/// Writes a definition with each parent as `operand` writes it.
fn expression(
    quantity: &Quantity,
    text: &mut String,
    mut operand: impl FnMut(QuantityId, &mut String),
) {
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
    for (position, parent) in quantity.parents().iter().enumerate() {
        if position > 0 {
            text.push_str(separators[(position + 1) % 2]);
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
    use crate::generation::naming::Label;
    use crate::generation::problem::tests::{by_hand, reversed, written};
    use crate::spec::Dialect;
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
            written(problem, &told),
            "fox = 3. elk = fox. owl = elk + 2. bee = 2 * owl. ant = bee + owl + fox. \
             cow = ant - bee. hen = cow - fox + 1. pig = 4 * (hen + cow). yak = 3 * (pig - hen)."
        );
        assert_eq!(
            written(steps, &told),
            "fox = 3. elk = fox = 3. owl = elk + 2 = 3 + 2 = 5. bee = 2 * owl = 2 * 5 = 10. \
             ant = bee + owl + fox = 10 + 5 + 3 = 18. cow = ant - bee = 18 - 10 = 8. \
             hen = cow - fox + 1 = 8 - 3 + 1 = 6. pig = 4 * (hen + cow) = 4 * (6 + 8) = 56. \
             yak = 3 * (pig - hen) = 3 * (56 - 6) = 150."
        );
        assert_eq!(written(question, &told), "yak?");
    }

    #[test]
    fn an_unknown_leaf_is_solved_for() {
        let noun = Label::Noun(0);
        let told = by_hand(
            Dialect::Terse,
            &[
                ("fox", noun, Definition::constant(4), &[]),
                ("elk", noun, Definition::sum().times(2), &[0]),
                ("owl", noun, Definition::sum().plus(2), &[1, 0]),
                ("bee", noun, Definition::constant(50), &[]),
                ("cow", noun, Definition::difference().plus(1), &[3, 2]),
                ("hen", noun, Definition::sum(), &[0]),
                ("pig", noun, Definition::sum().times(2), &[2]),
                ("yak", noun, Definition::sum(), &[4, 6, 5]),
            ],
        );
        let told = reversed(told, 0);
        assert_eq!(
            written(problem, &told),
            "fox > 0. elk = 2 * fox. owl = elk + fox + 2. bee = 50. cow = bee - owl + 1. hen = fox. \
             pig = 2 * owl. yak = cow + pig + hen. yak = 69."
        );
        assert_eq!(written(question, &told), "fox?");
        assert_eq!(
            written(steps, &told),
            "fox = x. elk = 2 * fox = 2 * x = 2*x. owl = elk + fox + 2 = 2*x + x + 2 = 3*x + 2. \
             bee = 50. cow = bee - owl + 1 = 50 - (3*x + 2) + 1 = 49 - 3*x. hen = fox = x. \
             pig = 2 * owl = 2 * (3*x + 2) = 6*x + 4. \
             yak = cow + pig + hen = 49 - 3*x + 6*x + 4 + x = 4*x + 53. \
             Solve yak = 69: 4*x + 53 = 69; 4*x = 16; x = 16 / 4; x = 4."
        );
    }

    #[test]
    fn an_equation_is_solved_without_saying_anything_twice() {
        let solved = |coefficient, constant, right| {
            let mut text = String::new();
            let left = Linear {
                coefficient,
                constant,
            };
            solve("owl", Equation { left, right }, &mut text);
            text
        };
        assert_eq!(solved(1, 0, 4), " Solve owl = 4: x = 4.");
        assert_eq!(solved(1, 2, 14), " Solve owl = 14: x + 2 = 14; x = 12.");
        assert_eq!(solved(-1, 9, 4), " Solve owl = 4: 9 - x = 4; x = 5.");
        assert_eq!(
            solved(3, 0, 12),
            " Solve owl = 12: 3*x = 12; x = 12 / 3; x = 4."
        );
        assert_eq!(
            solved(-2, 9, 1),
            " Solve owl = 1: 9 - 2*x = 1; 2*x = 8; x = 8 / 2; x = 4."
        );
    }
}
