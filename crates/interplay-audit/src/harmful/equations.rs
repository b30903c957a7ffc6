//! Reverse mode: equations that the problem does not give.
//!
//! Why they are wrong: the given quantity and its number are facts of the problem, the equation
//! is its linear form set equal to that number, and the unknown is not given at all.

use super::numbers::other;
use crate::draw::Draw;
use crate::edit::Edit;
use crate::harmless::symbols::with_letter;
use crate::linear::Linear;
use crate::scene::Scene;

pub(super) fn given(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let given = scene.script.solve.as_ref()?.given.clone();
    let value = scene.script.of(&given).parse().ok()?;
    Some(scene.edited(vec![Edit::new(given, other(value, draw).to_string())]))
}

pub(super) fn quantity(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let script = scene.script;
    let solve = script.solve.as_ref()?;
    let given = script.of(&solve.symbol);
    let index = (0..script.steps.len()).find(|step| script.symbol(*step) == given)?;
    let form = script.steps[index].value;
    let others: Vec<&str> = (0..script.steps.len())
        .filter(|step| script.steps[*step].value != form)
        .map(|step| script.symbol(step))
        .collect();
    Some(scene.edited(vec![Edit::new(solve.symbol.clone(), *draw.pick(&others)?)]))
}

/// Another equation with the same solution, solved correctly: only the equation itself is wrong.
pub(super) fn foreign(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let span = scene.script.solve.as_ref()?.span.clone();
    Some(scene.edited(vec![Edit::new(span, wrongly_set(scene, draw)?)]))
}

/// The same before the right equation.
pub(super) fn second(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let start = scene.script.solve.as_ref()?.span.start;
    let wrong = format!("{} ", wrongly_set(scene, draw)?);
    Some(scene.edited(vec![Edit::insert(start, wrong)]))
}

fn wrongly_set(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let script = scene.script;
    let solve = script.solve.as_ref()?;
    let (letter, answer) = (script.letter()?, i128::from(script.answer.value));
    let given: i128 = script.of(&solve.given).parse().ok()?;
    let index =
        (0..script.steps.len()).find(|step| script.symbol(*step) == script.of(&solve.symbol))?;
    let right = Linear::of(script.steps[index].value)?;
    let more = i128::from(draw.between(1, 4));
    // Either side may absorb what the larger coefficient adds.
    let (constant, number) = match draw.below(2) {
        0 => (right.constant - more * answer, given),
        _ => (right.constant, given + more * answer),
    };
    let coefficient = right.coefficient + more;
    let left = Linear {
        coefficient,
        constant,
    };
    let rest = number - constant;
    let (left, symbol) = (left.text(letter), script.of(&solve.symbol));
    Some(match script.prose {
        true => {
            let moved = Linear {
                coefficient,
                constant: -rest,
            };
            format!(
                "We know {symbol} = {given}, so we have {left} = {number} and we solve it through \
                 the following steps: Simplifying the equation: {left} = {number}. Move all terms \
                 to one side: {} = 0. Isolate the term with {letter}: {coefficient}*{letter} = \
                 {rest}. Divide both sides by {coefficient}: {letter} = {rest} / {coefficient}. \
                 Solution: {letter} = {answer}.",
                moved.text(letter)
            )
        }
        false => format!(
            "Solve {symbol} = {given}: {left} = {number}; {coefficient}*{letter} = {rest}; \
             {letter} = {rest} / {coefficient}; {letter} = {answer}."
        ),
    })
}

pub(super) fn guessed(scene: &Scene<'_>, _: &mut Draw) -> Option<String> {
    let script = scene.script;
    let unknown = script.unknown.as_ref()?.step;
    let sentence = scene.sentence(
        script.name(unknown),
        script.symbol(unknown),
        &script.answer.value.to_string(),
    );
    Some(scene.edited(vec![Edit::new(
        script.steps[unknown].span.clone(),
        sentence,
    )]))
}

/// In the terse dialect names are symbols, so a letter that names a quantity of the solution stands
/// for two things.
pub(super) fn letter_is_name(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let script = scene.script;
    if script.prose {
        return None;
    }
    let unknown = script.unknown.as_ref()?.step;
    let others: Vec<&str> = (0..script.steps.len())
        .filter(|step| *step != unknown)
        .map(|step| script.symbol(step))
        .collect();
    with_letter(scene, draw.pick(&others)?)
}
