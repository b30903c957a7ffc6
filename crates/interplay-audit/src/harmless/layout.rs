//! Layout: white space, the final period, tags.

use std::ops::Range;

use crate::draw::Draw;
use crate::edit::Edit;
use crate::scene::Scene;
use crate::tokens::{Token, tokens};

/// White space that both levels treat as a single space.
const SPACES: [&str; 6] = [" ", "  ", "\n", "\t", " \n ", "\r\n"];

pub(super) fn white_space(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let text = &scene.script.text;
    let all = tokens(text, 0..text.len());
    let equations = equations(scene);
    let mut edits = Vec::new();
    for pair in all.windows(2) {
        let [left, right] = pair else { continue };
        let gap = left.end..right.start;
        let inside = equations
            .iter()
            .any(|range| range.start <= gap.start && gap.end <= range.end);
        match draw.below(6) {
            0..3 => {}
            // Within equations, white space around a sign may be dropped.
            3 if inside && !gap.is_empty() && (joins(text, left) || joins(text, right)) => {
                edits.push(Edit::delete(gap));
            }
            4 if gap.is_empty() && right.is(text, ";") => {
                edits.push(Edit::insert(gap.start, " "));
            }
            _ if !gap.is_empty() => {
                edits.push(Edit::new(gap, *draw.pick(&SPACES)?));
            }
            _ => {}
        }
    }
    if draw.one_in(4) {
        edits.push(Edit::insert(0, *draw.pick(&SPACES)?));
    }
    if draw.one_in(4) {
        edits.push(Edit::insert(text.len(), *draw.pick(&SPACES)?));
    }
    Some(scene.edited(edits))
}

fn equations(scene: &Scene<'_>) -> Vec<Range<usize>> {
    let steps = scene.script.steps.iter();
    steps
        .flat_map(|step| step.clauses.iter().map(|clause| clause.span.clone()))
        .collect()
}

/// Whether a sign needs no white space beside it.
fn joins(text: &str, token: &Token) -> bool {
    matches!(token.of(text), "=" | "+" | "*" | "(" | ")" | ";")
}

pub(super) fn no_final_stop(scene: &Scene<'_>, _: &mut Draw) -> Option<String> {
    scene.script.text.strip_suffix('.').map(str::to_owned)
}

/// The forms of a sampled completion, and of a model text after its prompt.
pub(super) fn tags(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let script = scene.script;
    let (whole, value) = (&script.text, script.answer.value);
    let steps = script.text[..script.answer.span.start].trim_end();
    let tag = format!("</solution> <answer> {value} </answer>");
    let forms = [
        format!("{whole} {tag}"),
        format!("{steps} {tag}"),
        format!("{whole} {tag} [EOS]"),
        format!(" {steps} {tag} [EOS] [PAD] [PAD]"),
        format!("<solution> {whole} {tag}"),
        format!("[BOS] <solution> {steps} {tag} [EOS]"),
        format!("{steps} <answer> {value} </answer>"),
        format!("{whole} [EOS]"),
    ];
    draw.pick(&forms).cloned()
}
