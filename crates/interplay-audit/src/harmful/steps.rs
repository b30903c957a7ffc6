//! Steps that do not show, or show incorrectly, how their quantity is computed.
//!
//! Why they are wrong: a quantity is stated by an equation that computes it from what the
//! problem names and ends in its value; every intermediate is computed once and read.

use crate::carry;
use crate::draw::Draw;
use crate::edit::Edit;
use crate::expression::Expression;
use crate::scene::{At, Scene};
use crate::tokens::tokens;

pub(super) fn leaf_without_equation(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let leaves = scene.clauses(|at, _| scene.given(at) && scene.step(at.0).clauses.len() == 1);
    let at = *draw.pick(&leaves)?;
    let (step, clause) = (scene.step(at.0), scene.clause(at));
    let number = scene.script.of(&clause.sides[0].span);
    let symbol = scene.script.symbol(at.0);
    let end = step.span.end - 1;
    let edit = match (scene.script.prose, draw.below(3)) {
        (true, 0) => Edit::new(step.symbol.end..end, format!("; {number}")),
        (true, 1) => Edit::new(step.symbol.end..end, format!("; so {symbol}")),
        (true, _) => Edit::delete(step.symbol.end..end),
        (false, 0) => Edit::new(step.span.start..end, number),
        (false, _) => Edit::new(step.span.start..end, symbol),
    };
    Some(scene.edited(vec![edit]))
}

pub(super) fn missing_value(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    // Without its last side, a chain must not end in a possible value.
    let open = |at: At| {
        let sides = &scene.clause(at).sides;
        let [.., before, _] = &**sides else {
            return false;
        };
        let (mut letters, mut numbers, mut symbols) = (0, 0, 0);
        before.expression.operands(&mut |operand| match operand {
            Expression::Symbol(name) if Some(&**name) == scene.script.letter() => letters += 1,
            Expression::Symbol(_) => symbols += 1,
            _ => numbers += 1,
        });
        match letters {
            0 => symbols > 0 || numbers > 1,
            1 => symbols > 0 || numbers > 2,
            _ => true,
        }
    };
    let all = scene.clauses(|at, _| open(at));
    let sides = &scene.clause(*draw.pick(&all)?).sides;
    let [.., before, last] = &**sides else {
        return None;
    };
    Some(scene.edited(vec![Edit::delete(before.span.end..last.span.end)]))
}

/// Steps that compute their quantity from others.
fn derived(scene: &Scene<'_>) -> Vec<usize> {
    let steps = scene.script.steps.iter().enumerate();
    let derived = steps.filter(|(_, step)| !step.reads.is_empty());
    derived.map(|(index, _)| index).collect()
}

/// A step whose whole computation is replaced by these sides.
fn computed_as(scene: &Scene<'_>, step: usize, sides: &str) -> Option<String> {
    let (symbol, parts) = (scene.script.symbol(step), scene.step(step));
    let edit = match scene.script.prose {
        true => Edit::new(
            parts.symbol.end..parts.span.end - 1,
            format!("; so {symbol} = {sides}"),
        ),
        false => Edit::new(
            parts.span.start..parts.span.end - 1,
            format!("{symbol} = {sides}"),
        ),
    };
    Some(scene.edited(vec![edit]))
}

pub(super) fn bare_value(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let step = *draw.pick(&derived(scene))?;
    let value = &scene.step(step).clauses.last()?.sides.last()?.expression;
    // Where a step reads the unknown and nothing else, its form in the unknown may be the very
    // definition.
    let unknown = scene.script.unknown.as_ref().map(|unknown| unknown.step);
    let only_unknown = scene
        .step(step)
        .reads
        .iter()
        .all(|read| Some(*read) == unknown);
    (!only_unknown).then(|| computed_as(scene, step, &value.to_string()))?
}

pub(super) fn numbers_for_symbols(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let unknown = scene.script.unknown.as_ref().map(|unknown| unknown.step);
    let all = scene.clauses(|(step, _), clause| {
        // A form in the unknown may be the very expression of a step that reads nothing else.
        let other = scene
            .step(step)
            .reads
            .iter()
            .any(|read| Some(*read) != unknown);
        other && clause.sides.len() > 2
    });
    let at = *draw.pick(&all)?;
    let [first, second, ..] = &*scene.clause(at).sides else {
        return None;
    };
    let reads_more = |name: &str| Some(name) != scene.script.letter();
    let mut more = false;
    first.expression.operands(&mut |operand| {
        more |= matches!(operand, Expression::Symbol(name) if reads_more(name));
    });
    more.then(|| scene.edited(vec![Edit::delete(first.span.start..second.span.start)]))
}

pub(super) fn wrong_head(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    if !scene.script.prose {
        return None;
    }
    let lasts = scene.clauses(|(step, clause), _| clause + 1 == scene.step(step).clauses.len());
    let at = *draw.pick(&lasts)?;
    let head = match draw.below(2) {
        1 if at.0 > 0 => scene.script.symbol(draw.below(at.0)).to_owned(),
        _ => scene.fresh_symbol(draw),
    };
    Some(scene.edited(vec![Edit::new(scene.clause(at).head.clone(), head)]))
}

/// An expression without its first pair of parentheses; none if it has none.
fn opened(expression: &Expression) -> Option<Expression> {
    match expression {
        Expression::Number(_) | Expression::Symbol(_) => None,
        Expression::Group(inner) => Some((**inner).clone()),
        Expression::Operation(operation) => {
            let mut operation = operation.clone();
            match opened(&operation.left) {
                Some(left) => operation.left = left,
                None => operation.right = opened(&operation.right)?,
            }
            Some(Expression::Operation(operation))
        }
    }
}

pub(super) fn dropped_parentheses(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let written = |at| {
        let text = opened(scene.expression(at))?.to_string();
        // Read again, since precedence now groups the operands differently.
        let read = Expression::read(&text, &tokens(&text, 0..text.len()))?;
        scene.changes_function(at, &read).then_some(read)
    };
    let all = scene.clauses(|at, clause| clause.sides.len() > 1 && written(at).is_some());
    let at = *draw.pick(&all)?;
    let expression = written(at)?;
    match draw.below(2) {
        0 => Some(scene.edited(scene.with_expression(at, &expression))),
        _ => carry::carried(scene, at, &expression),
    }
}

pub(super) fn lucky(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let values = scene.values()?;
    let step = *draw.pick(&derived(scene))?;
    let (parts, value) = (scene.step(step), scene.step(step).value[0]);
    let read = draw.below(step);
    let symbol = scene.script.symbol(read);
    let (own, gap) = (values[symbol], value - values[symbol]);
    let same_reads = *parts.reads == [read];
    let same_numbers = match &*parts.literals {
        [] => gap == 0,
        [number] => number.abs() == gap.abs(),
        _ => false,
    };
    if same_reads && same_numbers {
        return None;
    }
    let sides = match gap {
        0 => format!("{symbol} = {value}"),
        1.. => format!("{symbol} + {gap} = {own} + {gap} = {value}"),
        _ => format!("{symbol} - {0} = {own} - {0} = {value}", -gap),
    };
    computed_as(scene, step, &sides)
}

pub(super) fn dropped_intermediate(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let locals = scene.clauses(|(step, clause), _| clause + 1 < scene.step(step).clauses.len());
    let span = &scene.clause(*draw.pick(&locals)?).span;
    Some(scene.edited(vec![Edit::delete(span.start..span.end + "; ".len())]))
}

pub(super) fn unread_intermediate(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    if !scene.script.prose {
        return None;
    }
    let firsts = scene.clauses(|(_, clause), _| clause == 0);
    let at = *draw.pick(&firsts)?;
    let (step, symbol) = (scene.step(at.0), scene.fresh_symbol(draw));
    let sides = match draw.below(2) {
        1 if at.0 > 0 => {
            let read = scene.script.symbol(draw.below(at.0));
            format!("{read} = {}", scene.stated(read)?)
        }
        _ => draw.between(1, 9).to_string(),
    };
    let clause = format!("; {symbol} = {sides}");
    Some(scene.edited(vec![Edit::insert(step.symbol.end, clause)]))
}
