//! Swapped operands, names and symbols.
//!
//! Why they are wrong: a reversed difference is another function. Swapped names or symbols give a
//! quantity another value or other parents; if two quantities play the same role, nothing is wrong
//! and there is no mutant.

use crate::carry;
use crate::draw::Draw;
use crate::edit::Edit;
use crate::expression::{Expression, Operation};
use crate::scene::Scene;
use crate::script::Script;

/// How many differences an expression has.
fn differences(expression: &Expression) -> usize {
    match expression {
        Expression::Number(_) | Expression::Symbol(_) => 0,
        Expression::Group(inner) => differences(inner),
        Expression::Operation(operation) => {
            usize::from(operation.sign == '-')
                + differences(&operation.left)
                + differences(&operation.right)
        }
    }
}

/// The same with the difference at `index` reversed, counted from outside and from the left.
fn turned(expression: &Expression, index: &mut usize) -> Expression {
    match expression {
        Expression::Number(_) | Expression::Symbol(_) => expression.clone(),
        Expression::Group(inner) => Expression::Group(Box::new(turned(inner, index))),
        Expression::Operation(operation) => {
            let here = operation.sign == '-' && *index == 0;
            *index = index.wrapping_sub(usize::from(operation.sign == '-'));
            let left = turned(&operation.left, index);
            let right = turned(&operation.right, index);
            let closed = |side: Expression| match side.is_sum() {
                true => Expression::Group(Box::new(side)),
                false => side,
            };
            let (left, right) = if here {
                (right, closed(left))
            } else {
                (left, right)
            };
            let Operation { sign, spaced, .. } = **operation;
            Expression::Operation(Box::new(Operation {
                left,
                sign,
                spaced,
                right,
            }))
        }
    }
}

pub(super) fn difference(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let all = scene.clauses(|at, _| differences(scene.expression(at)) > 0);
    let at = *draw.pick(&all)?;
    let expression = scene.expression(at);
    let mut index = draw.below(differences(expression));
    let expression = turned(expression, &mut index);
    if !scene.changes_function(at, &expression) {
        return None;
    }
    match draw.below(3) {
        0 => {
            let side = &scene.clause(at).sides[0];
            Some(scene.edited(vec![Edit::new(side.span.clone(), expression.to_string())]))
        }
        1 => Some(scene.edited(scene.with_expression(at, &expression))),
        _ => carry::carried(scene, at, &expression),
    }
}

/// Two different steps that compute something.
fn pair(script: &Script, draw: &mut Draw) -> Option<(usize, usize)> {
    let computed: Vec<usize> = (0..script.steps.len())
        .filter(|step| !script.steps[*step].clauses.is_empty())
        .collect();
    let one = *draw.pick(&computed)?;
    let others: Vec<usize> = computed.into_iter().filter(|step| *step != one).collect();
    Some((one, *draw.pick(&others)?))
}

fn exchanged((one, two): (usize, usize), step: usize) -> usize {
    match step {
        _ if step == one => two,
        _ if step == two => one,
        _ => step,
    }
}

fn reads_after(script: &Script, pair: (usize, usize), step: usize) -> Vec<usize> {
    let reads = script.steps[step].reads.iter();
    let mut reads: Vec<usize> = reads.map(|read| exchanged(pair, *read)).collect();
    reads.sort_unstable();
    reads
}

pub(super) fn names(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let script = scene.script;
    let pair = pair(script, draw)?;
    // In prose a symbol that a later step reads now stands for the other quantity; in terse the
    // name is the symbol, and readers go on to read by name.
    let differs = |step: usize| {
        let (now, right) = (&script.steps[step], &script.steps[exchanged(pair, step)]);
        let reads = match script.prose {
            true => reads_after(script, pair, step),
            false => now.reads.clone(),
        };
        now.value != right.value || reads != right.reads || now.literals != right.literals
    };
    let touched: Vec<usize> = match script.prose {
        true => (0..script.steps.len()).collect(),
        false => vec![pair.0, pair.1],
    };
    if !touched.into_iter().any(differs) {
        return None;
    }
    let name = |step: usize, by: usize| {
        Edit::new(script.steps[step].name.clone(), script.name(by).to_owned())
    };
    Some(scene.edited(vec![name(pair.0, pair.1), name(pair.1, pair.0)]))
}

pub(super) fn symbols(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let script = scene.script;
    if !script.prose {
        return None;
    }
    let pair = pair(script, draw)?;
    let differs = |step: usize| reads_after(script, pair, step) != script.steps[step].reads;
    if !(0..script.steps.len()).any(differs) {
        return None;
    }
    let mut edits = Vec::new();
    for (step, by) in [pair, (pair.1, pair.0)] {
        let symbol = script.symbol(by);
        let head = &script.steps[step].clauses.last()?.head;
        edits.push(Edit::new(script.steps[step].symbol.clone(), symbol));
        edits.push(Edit::new(head.clone(), symbol));
    }
    Some(scene.edited(edits))
}
