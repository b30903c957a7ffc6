//! Steps that read other quantities.
//!
//! Why they are wrong: a step must read, directly or through intermediates, the quantities that the
//! problem names, each as often as it names it. Replacing, adding or dropping one is wrong even if
//! the numbers happen to agree.

use crate::carry;
use crate::draw::Draw;
use crate::edit::{Edit, edited};
use crate::expression::Expression;
use crate::scene::{At, Scene};
use crate::script::Meaning;
use crate::tokens::{Kind, Token, tokens};

/// A symbol of an expression that stands for a quantity.
struct Reading {
    at: At,
    token: Token,
    step: usize,
}

fn readings(scene: &Scene<'_>) -> Vec<Reading> {
    let meanings = scene.script.meanings();
    let mut found = Vec::new();
    for at in scene.clauses(|at, _| !scene.given(at)) {
        for token in &scene.clause(at).sides[0].tokens {
            let meaning = meanings.get(token.of(&scene.script.text));
            if let (Kind::Word, Some(Meaning::Step(step))) = (token.kind, meaning) {
                let (token, step) = (*token, *step);
                found.push(Reading { at, token, step });
            }
        }
    }
    found
}

/// The expression of a clause with one token replaced.
fn with_token(scene: &Scene<'_>, at: At, token: &Token, by: &str) -> Option<Expression> {
    let span = &scene.clause(at).sides[0].span;
    let range = token.start - span.start..token.end - span.start;
    let text = edited(scene.script.of(span), vec![Edit::new(range, by)]);
    Expression::read(&text, &tokens(&text, 0..text.len()))
}

/// Reads another quantity that is defined before.
fn replaced(scene: &Scene<'_>, draw: &mut Draw) -> Option<(At, Token, String)> {
    let all = readings(scene);
    let reading = draw.pick(&all)?;
    let others: Vec<usize> = (0..reading.at.0)
        .filter(|step| *step != reading.step)
        .collect();
    let by = scene.script.symbol(*draw.pick(&others)?).to_owned();
    Some((reading.at, reading.token, by))
}

pub(super) fn symbol(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let (_, token, by) = replaced(scene, draw)?;
    Some(scene.edited(vec![Edit::new(token.range(), by)]))
}

pub(super) fn parent(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let (at, token, by) = replaced(scene, draw)?;
    let expression = with_token(scene, at, &token, &by)?;
    Some(scene.edited(scene.with_expression(at, &expression)))
}

pub(super) fn carried(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let (at, token, by) = replaced(scene, draw)?;
    carry::carried(scene, at, &with_token(scene, at, &token, &by)?)
}

pub(super) fn undefined(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let all = readings(scene);
    let token = draw.pick(&all)?.token;
    let by = match scene.script.prose {
        true => scene.fresh_symbol(draw),
        false => scene.foreign_name(draw),
    };
    Some(scene.edited(vec![Edit::new(token.range(), by)]))
}

pub(super) fn cancelled(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let all = scene.clauses(|(step, _), clause| step > 0 && clause.sides.len() > 1);
    let at = *draw.pick(&all)?;
    let more = Expression::Symbol(scene.script.symbol(draw.below(at.0)).to_owned());
    let sum = Expression::operation(scene.expression(at).clone(), '+', more.clone());
    let expression = Expression::operation(sum, '-', more);
    Some(scene.edited(scene.with_expression(at, &expression)))
}

pub(super) fn dropped(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let operation = |at| matches!(scene.expression(at), Expression::Operation(_));
    let all = scene.clauses(|at, clause| clause.sides.len() > 1 && operation(at));
    let at = *draw.pick(&all)?;
    let expression = scene.expression(at);
    let rest = match expression {
        Expression::Operation(product) if product.sign == '*' => match draw.below(2) {
            0 => product.left.clone(),
            _ => product.right.clone(),
        },
        _ => {
            let mut terms = expression.terms();
            terms.remove(draw.below(terms.len()));
            Expression::sum(terms)?
        }
    };
    let rest = match rest {
        Expression::Group(inner) => *inner,
        other => other,
    };
    Some(scene.edited(scene.with_expression(at, &rest)))
}
