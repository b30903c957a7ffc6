//! Answers that are wrong, missing, repeated or too early.
//!
//! Why they are wrong: a solution states one answer, the right one, after all its steps, with
//! nothing after it.

use super::numbers::other;
use crate::draw::Draw;
use crate::edit::Edit;
use crate::scene::Scene;

fn differing(scene: &Scene<'_>, draw: &mut Draw) -> i128 {
    other(i128::from(scene.script.answer.value), draw)
}

fn behind(scene: &Scene<'_>, text: String) -> Option<String> {
    Some(scene.edited(vec![Edit::insert(scene.script.text.len(), text)]))
}

pub(super) fn wrong(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let number = scene.script.answer.number.clone();
    Some(scene.edited(vec![Edit::new(number, differing(scene, draw).to_string())]))
}

pub(super) fn second(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let sentence = format!("Answer: {}.", differing(scene, draw));
    match draw.below(2) {
        0 => behind(scene, format!(" {sentence}")),
        _ => {
            let at = scene.script.answer.span.start;
            Some(scene.edited(vec![Edit::insert(at, format!("{sentence} "))]))
        }
    }
}

pub(super) fn repeated(scene: &Scene<'_>, _: &mut Draw) -> Option<String> {
    behind(scene, format!(" Answer: {}.", scene.script.answer.value))
}

pub(super) fn early(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let steps = &scene.script.steps;
    let at = steps.get(draw.below(steps.len()))?.span.start;
    let span = scene.script.answer.span.clone();
    let sentence = format!("{} ", scene.script.of(&span));
    Some(scene.edited(vec![Edit::insert(at, sentence), Edit::delete(span)]))
}

pub(super) fn missing(scene: &Scene<'_>, _: &mut Draw) -> Option<String> {
    Some(scene.edited(vec![Edit::delete(scene.script.answer.span.clone())]))
}

pub(super) fn alone(scene: &Scene<'_>, _: &mut Draw) -> Option<String> {
    let start = scene.script.steps.first()?.span.start;
    Some(scene.edited(vec![Edit::delete(start..scene.script.answer.span.start)]))
}

pub(super) fn tag(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let wrong = differing(scene, draw);
    if draw.below(2) == 1 {
        // The tag alone, without the sentence.
        let tag = format!("</solution> <answer> {wrong} </answer>");
        return Some(scene.edited(vec![Edit::new(scene.script.answer.span.clone(), tag)]));
    }
    behind(scene, format!(" </solution> <answer> {wrong} </answer>"))
}

pub(super) fn stray(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let value = scene.script.answer.value;
    let words = [
        " That is all.".to_owned(),
        format!(" So the answer is {value}."),
        format!(" {value}"),
    ];
    behind(scene, draw.pick(&words)?.clone())
}
