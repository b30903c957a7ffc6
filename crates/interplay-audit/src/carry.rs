//! A mistake in one equation, carried through everything after it: all numbers are consistent, so
//! that only the mistake itself can give the solution away.

use std::collections::HashMap;

use crate::edit::Edit;
use crate::expression::Expression;
use crate::scene::{At, Scene};

/// The solution with the expression of one clause replaced and every later number recomputed, the
/// answer included. Forward mode only; none if a number overflows 64 bits.
pub(crate) fn carried(scene: &Scene<'_>, at: At, with: &Expression) -> Option<String> {
    let script = scene.script;
    if script.unknown.is_some() {
        return None;
    }
    let mut values: HashMap<&str, i128> = HashMap::new();
    let mut edits = Vec::new();
    let mut changed: Vec<&str> = Vec::new();
    for (index, step) in script.steps.iter().enumerate() {
        for (number, clause) in step.clauses.iter().enumerate() {
            let head = script.of(&clause.head);
            let expression = match (index, number) == at {
                true => with,
                false => &clause.sides[0].expression,
            };
            let mut touched = (index, number) == at;
            expression.operands(&mut |operand| {
                touched |=
                    matches!(operand, Expression::Symbol(name) if changed.contains(&&**name));
            });
            let value = expression.value(&|symbol| values.get(symbol).copied())?;
            let value = i128::from(i64::try_from(value).ok()?);
            values.insert(head, value);
            if !touched {
                continue;
            }
            changed.push(head);
            let [first, ..] = &*clause.sides else {
                return None;
            };
            let mut sides = vec![expression.to_string()];
            if clause.sides.len() > 2 {
                let numbers = expression.replaced(&|symbol| {
                    let value = values.get(symbol).copied();
                    Expression::Number(value.unwrap_or_default())
                });
                sides.push(numbers.to_string());
            }
            if clause.sides.len() > 1 {
                sides.push(value.to_string());
            }
            let end = clause.sides.last()?.span.end;
            edits.push(Edit::new(first.span.start..end, sides.join(" = ")));
        }
    }
    let answer = values.get(script.symbol(scene.target()?))?;
    edits.push(Edit::new(script.answer.number.clone(), answer.to_string()));
    Some(scene.edited(edits))
}
