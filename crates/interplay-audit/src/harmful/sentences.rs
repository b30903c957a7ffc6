//! Sentences that are missing, repeated, misplaced or foreign.
//!
//! Why they are wrong: every needed quantity has one step, before those that read it, under its own
//! symbol; and every statement is true and about the problem.

use super::numbers::other;
use crate::draw::Draw;
use crate::edit::Edit;
use crate::harmless::unneeded;
use crate::scene::Scene;

pub(super) fn dropped(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let steps: Vec<usize> = (0..scene.script.steps.len())
        .filter(|step| scene.needed(*step))
        .collect();
    Some(scene.edited(vec![scene.without(*draw.pick(&steps)?)]))
}

pub(super) fn duplicated(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let steps = scene.script.steps.len();
    let step = draw.below(steps);
    let before = step + 1 + draw.below(steps - step);
    let sentence = scene.script.of(&scene.script.steps.get(step)?.span);
    let at = scene.before_step(before);
    Some(scene.edited(vec![Edit::insert(at, format!("{sentence} "))]))
}

pub(super) fn late(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let steps = &scene.script.steps;
    let mut moves = Vec::new();
    for (step, _) in steps.iter().enumerate() {
        let reader = steps.iter().position(|reader| reader.reads.contains(&step));
        if let Some(reader) = reader {
            moves.extend((reader + 1..=steps.len()).map(|before| (step, before)));
        }
    }
    let (step, before) = *draw.pick(&moves)?;
    let sentence = format!("{} ", scene.script.of(&steps[step].span));
    let edits = vec![
        scene.without(step),
        Edit::insert(scene.before_step(before), sentence),
    ];
    Some(scene.edited(edits))
}

pub(super) fn redefinition(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let computed = scene.clauses(|(step, clause), _| clause + 1 == scene.step(step).clauses.len());
    let step = draw.pick(&computed)?.0;
    // A quantity that depends on the unknown is not a number.
    let wrong = match scene.step(step).value {
        [one, two] if one == two => other(one, draw),
        _ => draw.between(1, 9).into(),
    };
    let wrong = wrong.to_string();
    let name = scene.script.name(step);
    let (symbol, before) = match draw.below(3) {
        0 => (scene.script.symbol(step).to_owned(), step),
        1 => (scene.fresh_symbol(draw), step),
        _ => (scene.fresh_symbol(draw), scene.script.steps.len()),
    };
    let sentence = format!("{} ", scene.sentence(name, &symbol, &wrong));
    Some(scene.edited(vec![Edit::insert(scene.before_step(before), sentence)]))
}

pub(super) fn junk(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let before = draw.below(scene.script.steps.len() + 1);
    let (name, symbol) = (scene.foreign_name(draw), scene.fresh_symbol(draw));
    let number = draw.between(1, 9);
    let sentence = format!("{} ", scene.sentence(&name, &symbol, &number.to_string()));
    Some(scene.edited(vec![Edit::insert(scene.before_step(before), sentence)]))
}

pub(super) fn wrong_name(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let script = scene.script;
    let steps: Vec<usize> = (0..script.steps.len())
        .filter(|step| scene.needed(*step))
        .collect();
    let step = *draw.pick(&steps)?;
    let foreign = match draw.below(2) {
        0 => scene.foreign_name(draw),
        _ => misspelled(scene, script.name(step), draw)?,
    };
    if script.prose {
        return Some(scene.edited(vec![Edit::new(script.steps[step].name.clone(), foreign)]));
    }
    Some(
        scene.edited(crate::harmless::symbols::renamed(scene, &|symbol| {
            (symbol == script.symbol(step)).then(|| foreign.clone())
        })),
    )
}

/// The name without one of its letters, unless another quantity has that name.
fn misspelled(scene: &Scene<'_>, name: &str, draw: &mut Draw) -> Option<String> {
    let mut letters: Vec<char> = name.chars().collect();
    letters.remove(draw.below(letters.len()));
    let other: String = letters.into_iter().collect();
    let words = |name: &str| {
        name.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let steps = 0..scene.script.steps.len();
    let mut known = scene
        .subject
        .gold()
        .names()
        .map(words)
        .chain(steps.map(|step| words(scene.script.name(step))));
    let plain =
        other.starts_with(char::is_alphabetic) && words(&other).concat() != words(name).concat();
    (plain && !known.any(|known| known == words(&other))).then_some(other)
}

pub(super) fn false_unneeded(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    unneeded::inserted(scene, draw, other)
}

pub(super) fn symbol_reused(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let script = scene.script;
    if !script.prose {
        return None;
    }
    let unknown = script.unknown.as_ref().map(|unknown| unknown.step);
    let lates: Vec<usize> = (1..script.steps.len())
        .filter(|late| Some(*late) != unknown)
        .collect();
    let late = *draw.pick(&lates)?;
    let early = draw.below(late);
    let taken = script.symbol(early).to_owned();
    Some(
        scene.edited(crate::harmless::symbols::renamed(scene, &|symbol| {
            (symbol == script.symbol(late)).then(|| taken.clone())
        })),
    )
}
