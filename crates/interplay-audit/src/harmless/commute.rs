//! Operands in another order where order is irrelevant: the terms of a sum, subtracted ones after
//! the first; the two sides of a product.

use crate::draw::Draw;
use crate::edit::Edit;
use crate::expression::{Expression, Operation};
use crate::scene::{At, Scene};

fn commuted(expression: &Expression, draw: &mut Draw) -> Expression {
    match expression {
        Expression::Number(_) | Expression::Symbol(_) => expression.clone(),
        Expression::Group(inner) => Expression::Group(Box::new(commuted(inner, draw))),
        Expression::Operation(operation) if matches!(operation.sign, '+' | '-') => {
            let terms = expression.terms();
            let mut terms: Vec<_> = terms
                .into_iter()
                .map(|(negative, term)| (negative, commuted(&term, draw)))
                .collect();
            draw.shuffle(&mut terms);
            let first = terms.iter().position(|(negative, _)| !negative);
            terms.swap(0, first.unwrap_or(0));
            Expression::sum(terms).unwrap_or_else(|| expression.clone())
        }
        Expression::Operation(operation) => {
            let Operation {
                left,
                sign,
                spaced,
                right,
            } = &**operation;
            let (left, right) = (commuted(left, draw), commuted(right, draw));
            // A coefficient stays before its unknown: `3*x`.
            let turn = *sign == '*' && *spaced && draw.below(2) == 1;
            let (left, right) = if turn { (right, left) } else { (left, right) };
            Expression::Operation(Box::new(Operation {
                left,
                sign: *sign,
                spaced: *spaced,
                right,
            }))
        }
    }
}

/// A clause with an operation on side `side`.
fn site(scene: &Scene<'_>, side: usize, draw: &mut Draw) -> Option<At> {
    let all = scene.clauses(|_, clause| {
        let sides = clause.sides.get(side).map(|side| &side.expression);
        side + 1 < clause.sides.len() && matches!(sides, Some(Expression::Operation(_)))
    });
    draw.pick(&all).copied()
}

pub(super) fn both(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let at = site(scene, 0, draw)?;
    let expression = commuted(scene.expression(at), draw);
    Some(scene.edited(scene.with_expression(at, &expression)))
}

pub(super) fn symbols(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let at = site(scene, 0, draw)?;
    let expression = commuted(scene.expression(at), draw);
    let span = scene.clause(at).sides[0].span.clone();
    Some(scene.edited(vec![Edit::new(span, expression.to_string())]))
}

pub(super) fn numbers(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let at = site(scene, 1, draw)?;
    let side = &scene.clause(at).sides[1];
    let form = commuted(&side.expression, draw);
    Some(scene.edited(vec![Edit::new(side.span.clone(), form.to_string())]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokens;

    #[test]
    fn only_commutative_operands_are_reordered() {
        let text = "4 * (a + b) - c + 2*x";
        let expression = Expression::read(text, &tokens(text, 0..text.len())).unwrap();
        let values = |symbol: &str| Some(i128::from(symbol.as_bytes()[0]));
        let value = expression.value(&values);
        let mut seen = std::collections::BTreeSet::new();
        for word in 0..200_u64 {
            let choices = (0..8).map(|site| word.wrapping_mul(0x9e37_79b9_7f4a_7c15 << site));
            let found = commuted(&expression, &mut Draw::of_choices(choices.collect()));
            assert_eq!(found.value(&values), value, "{found}");
            seen.insert(found.to_string());
        }
        assert!(
            seen.contains("2*x + (b + a) * 4 - c") || seen.len() > 8,
            "{seen:?}"
        );
        assert!(seen.iter().all(|form| form.contains("- c")));
    }
}
