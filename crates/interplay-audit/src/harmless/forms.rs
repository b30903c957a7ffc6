//! More or fewer words for the same computation.

use crate::draw::Draw;
use crate::edit::Edit;
use crate::expression::Expression;
use crate::scene::{At, Scene};

/// A step may go straight from its expression to its value.
pub(super) fn omitted(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let all = scene.clauses(|_, clause| clause.sides.len() > 2);
    let sides = &scene.clause(*draw.pick(&all)?).sides;
    let (first, last) = (sides.first()?, sides.last()?);
    Some(scene.edited(vec![Edit::new(first.span.end..last.span.start, " = ")]))
}

/// An intermediate's expression instead of its symbol.
pub(super) fn inlined(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let locals = scene.clauses(|(step, clause), _| clause + 1 < scene.step(step).clauses.len());
    let (step, local) = *draw.pick(&locals)?;
    let symbol = scene.script.of(&scene.clause((step, local)).head);
    let inner = scene.expression((step, local));
    let reads = |expression: &Expression| {
        let mut count = 0;
        expression.operands(&mut |operand| {
            count += usize::from(matches!(operand, Expression::Symbol(name) if name == symbol));
        });
        count
    };
    let later: Vec<At> = (local + 1..scene.step(step).clauses.len())
        .map(|clause| (step, clause))
        .filter(|at| reads(scene.expression(*at)) > 0)
        .collect();
    let [reader] = *later else {
        return None;
    };
    let written =
        match inner.is_sum() && matches!(scene.expression(reader), Expression::Operation(_)) {
            true => Expression::Group(Box::new(inner.clone())),
            false => inner.clone(),
        };
    let expression = scene
        .expression(reader)
        .replaced(&|name| match name == symbol {
            true => written.clone(),
            false => Expression::Symbol(name.to_owned()),
        });
    let span = &scene.clause((step, local)).span;
    let mut edits = scene.with_expression(reader, &expression);
    edits.push(Edit::delete(span.start..span.end + "; ".len()));
    Some(scene.edited(edits))
}

/// The last equation of a step under the name of a new intermediate.
pub(super) fn introduced(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    if !scene.script.prose {
        return None;
    }
    let lasts = scene.clauses(|at, clause| {
        let last = at.1 + 1 == scene.step(at.0).clauses.len();
        last && clause.sides.len() > 1 && matches!(scene.expression(at), Expression::Operation(_))
    });
    let clause = scene.clause(*draw.pick(&lasts)?);
    let (own, new) = (scene.script.of(&clause.head), scene.fresh_symbol(draw));
    let value = &clause.sides.last()?.expression;
    // `so d = 2 * p = ...` becomes `z = 2 * p = ...; so d = z = ...`.
    let so = clause.span.start.checked_sub("so ".len())?;
    if scene.script.text.get(so..clause.span.start) != Some("so ") {
        return None;
    }
    let edits = vec![
        Edit::delete(so..clause.span.start),
        Edit::new(clause.head.clone(), new.clone()),
        Edit::insert(clause.span.end, format!("; so {own} = {new} = {value}")),
    ];
    Some(scene.edited(edits))
}

/// Three or more terms of a sum, all but the first in parentheses.
pub(super) fn regrouped(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let grouped = |expression: &Expression| {
        let mut terms = expression.terms();
        if terms.len() < 3 || terms.iter().any(|(negative, _)| *negative) {
            return None;
        }
        let rest = Expression::sum(terms.split_off(1))?;
        let (_, first) = terms.pop()?;
        Some(Expression::operation(
            first,
            '+',
            Expression::Group(Box::new(rest)),
        ))
    };
    let all = scene
        .clauses(|at, clause| clause.sides.len() > 1 && grouped(scene.expression(at)).is_some());
    let at = *draw.pick(&all)?;
    Some(scene.edited(scene.with_expression(at, &grouped(scene.expression(at))?)))
}

/// A further form between the numeric one and the value, with a group or the first two terms
/// evaluated.
pub(super) fn worked_out(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let all = scene.clauses(|_, clause| clause.sides.len() == 3);
    let mut found: Vec<(usize, Expression)> = Vec::new();
    for at in all {
        let form = &scene.clause(at).sides[1];
        if let Some(shorter) = shorter(&form.expression) {
            found.push((form.span.end, shorter));
        }
    }
    let (at, shorter) = draw.pick(&found)?;
    Some(scene.edited(vec![Edit::insert(*at, format!(" = {shorter}"))]))
}

/// Evaluates the first innermost part with two numbers as operands; none if that is the whole form.
fn shorter(form: &Expression) -> Option<Expression> {
    match form {
        Expression::Number(_) | Expression::Symbol(_) => None,
        Expression::Group(inner) => match &**inner {
            Expression::Operation(operation) => {
                let both = [&operation.left, &operation.right];
                match both
                    .iter()
                    .all(|side| matches!(side, Expression::Number(_)))
                {
                    true => inner.value(&|_| None).map(Expression::Number),
                    false => Some(Expression::Group(Box::new(shorter(inner)?))),
                }
            }
            _ => None,
        },
        Expression::Operation(operation) => {
            let mut operation = operation.clone();
            if let Some(left) = shorter(&operation.left) {
                operation.left = left;
            } else if matches!(&operation.left, Expression::Operation(inner) if numbers(inner)) {
                operation.left = Expression::Number(operation.left.value(&|_| None)?);
            } else {
                operation.right = shorter(&operation.right)?;
            }
            Some(Expression::Operation(operation))
        }
    }
}

fn numbers(operation: &crate::expression::Operation) -> bool {
    matches!(
        (&operation.left, &operation.right),
        (Expression::Number(_), Expression::Number(_))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokens;

    #[test]
    fn one_part_is_evaluated_at_a_time() {
        let short = |text: &str| {
            let form = Expression::read(text, &tokens(text, 0..text.len())).unwrap();
            shorter(&form).map(|form| form.to_string())
        };
        assert_eq!(short("2 * (3 + 5)").as_deref(), Some("2 * 8"));
        assert_eq!(short("3 + 5 + 2").as_deref(), Some("8 + 2"));
        assert_eq!(short("2 * (3 + 5 - 1)").as_deref(), Some("2 * (8 - 1)"));
        assert_eq!(short("3 + 5"), None);
        assert_eq!(short("7"), None);
    }
}
