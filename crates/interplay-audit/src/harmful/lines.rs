//! Reverse mode: equations that are not solved, or solved incorrectly.
//!
//! Why they are wrong: every equation holds at the solution and at no other number, and the
//! solution is not zero, so changing one number makes its equation false.

use super::numbers::{changed, numbers, other};
use crate::draw::Draw;
use crate::edit::Edit;
use crate::scene::Scene;
use crate::script::{Line, Solve};
use crate::tokens::Token;

/// The equations, if the solution is not zero.
fn solved<'s>(scene: &'s Scene<'_>) -> Option<&'s Solve> {
    let solve = scene.script.solve.as_ref()?;
    (scene.script.answer.value != 0).then_some(solve)
}

fn of_lines<'l>(lines: impl IntoIterator<Item = &'l Line>) -> Vec<Token> {
    let lines = lines.into_iter();
    lines
        .flat_map(|line| numbers(&line.left).chain(numbers(&line.right)))
        .collect()
}

pub(super) fn equation(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    changed(scene, &of_lines(solved(scene)?.lines.first()), draw)
}

pub(super) fn solving(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let lines = &solved(scene)?.lines;
    let between = lines.get(1..lines.len().checked_sub(1)?)?;
    changed(scene, &of_lines(between), draw)
}

/// The equation that the division follows: one term with the unknown, and a number.
pub(super) fn midway(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let lines = &solved(scene)?.lines;
    let isolated = lines.get(lines.len().checked_sub(3)?..lines.len() - 2)?;
    changed(
        scene,
        &numbers(&isolated.first()?.right).collect::<Vec<_>>(),
        draw,
    )
}

pub(super) fn divisor(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let range = solved(scene)?.divisor.clone()?;
    let value = scene.script.of(&range).parse().ok()?;
    Some(scene.edited(vec![Edit::new(range, other(value, draw).to_string())]))
}

pub(super) fn solution(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    changed(scene, &of_lines(solved(scene)?.lines.last()), draw)
}

pub(super) fn answered(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let script = scene.script;
    let right = solved(scene)?.lines.last()?.right.span.clone();
    let wrong = other(i128::from(script.answer.value), draw).to_string();
    let edits = vec![
        Edit::new(right, wrong.clone()),
        Edit::new(script.answer.number.clone(), wrong),
    ];
    Some(scene.edited(edits))
}

/// The division turned upside down.
pub(super) fn turned_division(scene: &Scene<'_>, _: &mut Draw) -> Option<String> {
    let lines = &solved(scene)?.lines;
    let side = lines.iter().map(|line| &line.right).find(|side| {
        side.tokens
            .iter()
            .any(|token| token.is(&scene.script.text, "/"))
    })?;
    let [dividend, divisor] = numbers(side).collect::<Vec<_>>()[..] else {
        return None;
    };
    let text = |token: &Token| token.of(&scene.script.text).to_owned();
    let edits = vec![
        Edit::new(dividend.range(), text(&divisor)),
        Edit::new(divisor.range(), text(&dividend)),
    ];
    Some(scene.edited(edits))
}

/// The equation before the step of the quantity that it is about.
pub(super) fn early(scene: &Scene<'_>, _: &mut Draw) -> Option<String> {
    let script = scene.script;
    let solve = script.solve.as_ref()?;
    let given = script.of(&solve.symbol);
    let step = (0..script.steps.len()).find(|step| script.symbol(*step) == given)?;
    let sentences = format!("{} ", script.of(&solve.span));
    let edits = vec![
        Edit::insert(script.steps[step].span.start, sentences),
        Edit::delete(solve.span.clone()),
    ];
    Some(scene.edited(edits))
}

pub(super) fn unsolved(scene: &Scene<'_>, _: &mut Draw) -> Option<String> {
    let solve = scene.script.solve.as_ref()?;
    // The first equation alone; if it already says `x = N`, it is its own solution.
    let [first, _, ..] = &*solve.lines else {
        return None;
    };
    let (plain, answer) = (first.left.tokens.len() == 1, scene.script.answer.value);
    if plain && scene.script.of(&first.right.span) == answer.to_string() {
        return None;
    }
    let stop = if scene.script.prose { "" } else { "." };
    let start = match scene.script.prose {
        true => solve.lines[1].span.start,
        false => first.right.span.end,
    };
    Some(scene.edited(vec![Edit::new(start..solve.span.end, stop)]))
}

pub(super) fn missing_solution(scene: &Scene<'_>, _: &mut Draw) -> Option<String> {
    let solve = scene.script.solve.as_ref()?;
    let [.., before, last] = &*solve.lines else {
        return None;
    };
    // No other line may say the same.
    let said = |line: &Line| {
        (
            scene.script.of(&line.left.span),
            scene.script.of(&line.right.span),
        )
    };
    let mut others = solve.lines[..solve.lines.len() - 1].iter();
    if others.any(|line| said(line) == said(last)) {
        return None;
    }
    let edit = match scene.script.prose {
        true => Edit::delete(last.span.clone()),
        false => Edit::new(before.right.span.end..solve.span.end, "."),
    };
    Some(scene.edited(vec![edit]))
}

pub(super) fn missing_equation(scene: &Scene<'_>, _: &mut Draw) -> Option<String> {
    let span = scene.script.solve.as_ref()?.span.clone();
    Some(scene.edited(vec![Edit::delete(span)]))
}
