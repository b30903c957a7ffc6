//! Changed numbers.
//!
//! Why they are wrong: changing one number of a numeric form breaks its match with the expression,
//! changing one number of an expression changes what the step computes, and changing a value breaks
//! its equality. Given numbers and answers are facts of the problem.

use crate::carry;
use crate::draw::Draw;
use crate::edit::Edit;
use crate::expression::Expression;
use crate::scene::{At, Scene};
use crate::script::Side;
use crate::tokens::{Kind, Token};

/// Another number than this one, near it most of the time.
pub(super) fn other(value: i128, draw: &mut Draw) -> i128 {
    let step = match draw.below(8) {
        7 => draw.between(10, 999),
        _ => draw.between(1, 9),
    };
    match draw.below(2) {
        1 if value >= i128::from(step) => value - i128::from(step),
        _ => value + i128::from(step),
    }
}

/// The text with one of these number tokens changed.
pub(super) fn changed(scene: &Scene<'_>, sites: &[Token], draw: &mut Draw) -> Option<String> {
    let token = draw.pick(sites)?;
    let value: i128 = token.of(&scene.script.text).parse().ok()?;
    let edit = Edit::new(token.range(), other(value, draw).to_string());
    Some(scene.edited(vec![edit]))
}

pub(super) fn numbers(side: &Side) -> impl Iterator<Item = Token> + '_ {
    let number = |token: &&Token| token.kind == Kind::Number;
    side.tokens.iter().filter(number).copied()
}

/// Whether a number is the coefficient of the unknown: `3*x`.
fn is_coefficient(scene: &Scene<'_>, side: &Side, token: &Token) -> bool {
    let text = &scene.script.text;
    let mut behind = side
        .tokens
        .iter()
        .skip_while(|other| other.start <= token.start);
    let (sign, letter) = (behind.next(), behind.next());
    sign.is_some_and(|sign| sign.is(text, "*"))
        && letter.is_some_and(|word| Some(word.of(text)) == scene.script.letter())
}

/// The number tokens of the sides that `wanted` selects by clause, index of the side and number of
/// sides.
fn sites(scene: &Scene<'_>, wanted: impl Fn(At, usize, usize) -> bool) -> Vec<(At, Token)> {
    let mut found = Vec::new();
    for at in scene.clauses(|_, _| true) {
        let sides = &scene.clause(at).sides;
        for (site, side) in sides.iter().enumerate() {
            if wanted(at, site, sides.len()) {
                found.extend(numbers(side).map(|token| (at, token)));
            }
        }
    }
    found
}

fn only_tokens(sites: Vec<(At, Token)>) -> Vec<Token> {
    sites.into_iter().map(|(_, token)| token).collect()
}

pub(super) fn given(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let sites = sites(scene, |_, _, sides| sides == 1);
    changed(scene, &only_tokens(sites), draw)
}

pub(super) fn carried_given(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let sites = sites(scene, |_, _, sides| sides == 1);
    let (at, token) = draw.pick(&sites)?;
    let value = token.of(&scene.script.text).parse().ok()?;
    carry::carried(scene, *at, &Expression::Number(other(value, draw)))
}

pub(super) fn literal(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let sites = sites(scene, |_, site, sides| site == 0 && sides > 1);
    changed(scene, &only_tokens(sites), draw)
}

pub(super) fn middle(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let sites = sites(scene, |_, site, sides| site > 0 && site + 1 < sides);
    changed(scene, &only_tokens(sites), draw)
}

pub(super) fn local_value(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let last = |(step, clause): At| clause + 1 == scene.step(step).clauses.len();
    let sites = sites(scene, |at, site, sides| {
        !last(at) && site > 0 && site + 1 == sides
    });
    changed(scene, &only_tokens(sites), draw)
}

pub(super) fn value(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let last = |(step, clause): At| clause + 1 == scene.step(step).clauses.len();
    let sites = sites(scene, |at, site, sides| {
        last(at) && site > 0 && site + 1 == sides
    });
    changed(scene, &only_tokens(sites), draw)
}

pub(super) fn coefficient(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    scene.script.letter()?;
    let mut found = Vec::new();
    for at in scene.clauses(|_, _| true) {
        for side in scene.clause(at).sides.iter().skip(1) {
            found.extend(numbers(side).filter(|token| is_coefficient(scene, side, token)));
        }
    }
    changed(scene, &found, draw)
}

/// Two numbers of a sum or difference changed so that its value stays.
pub(super) fn compensated(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let mut found = Vec::new();
    for at in scene.clauses(|_, clause| clause.sides.len() > 2) {
        let form = &scene.clause(at).sides[1];
        let Expression::Operation(operation) = &form.expression else {
            continue;
        };
        let (Expression::Number(left), Expression::Number(right)) =
            (&operation.left, &operation.right)
        else {
            continue;
        };
        let shift = i128::from(draw.between(1, 9));
        let (one, two) = match operation.sign {
            '+' => (left + shift, right - shift),
            '-' => (left + shift, right + shift),
            _ => continue,
        };
        // The same two numbers the other way round would be right.
        if two >= 0 && one != *right {
            let text = format!("{one} {} {two}", operation.sign);
            found.push(Edit::new(form.span.clone(), text));
        }
    }
    Some(scene.edited(vec![draw.pick(&found)?.clone()]))
}

pub(super) fn false_middle(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let all = scene.clauses(|_, clause| clause.sides.len() > 1);
    let side = scene.clause(*draw.pick(&all)?).sides.last()?;
    let value = side.expression.value(&|_| Some(1))?;
    let wrong = format!("{} = ", other(value, draw));
    Some(scene.edited(vec![Edit::insert(side.span.start, wrong)]))
}

pub(super) fn extra_value(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let all = scene.clauses(|_, _| true);
    let side = scene.clause(*draw.pick(&all)?).sides.last()?;
    let constant = side.expression.value(&|_| Some(1))?;
    let wrong = format!(" = {}", other(constant, draw));
    Some(scene.edited(vec![Edit::insert(side.span.end, wrong)]))
}
