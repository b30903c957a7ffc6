//! Other symbols for the same quantities, without clashes.

use std::collections::HashMap;

use crate::draw::Draw;
use crate::edit::Edit;
use crate::scene::Scene;
use crate::tokens::{Kind, tokens};

/// The edits that rename every symbol for which `new` has another spelling.
pub(crate) fn renamed(scene: &Scene<'_>, new: &dyn Fn(&str) -> Option<String>) -> Vec<Edit> {
    let script = scene.script;
    let mut ranges = Vec::new();
    for step in &script.steps {
        ranges.push(step.symbol.clone());
        for clause in &step.clauses {
            ranges.push(clause.head.clone());
            for side in &clause.sides {
                let words = side.tokens.iter().filter(|token| token.kind == Kind::Word);
                ranges.extend(words.map(|word| word.range()));
            }
        }
    }
    ranges.extend(script.solve.iter().map(|solve| solve.symbol.clone()));
    let edits = ranges.into_iter().filter_map(|range| {
        let by = new(script.of(&range))?;
        Some(Edit::new(range, by))
    });
    edits.collect()
}

/// Prose symbols that may be renamed: all but the unknown's letter.
fn renamable(scene: &Scene<'_>) -> Vec<String> {
    if !scene.script.prose {
        return Vec::new();
    }
    let meanings = scene.script.meanings();
    let mut symbols: Vec<String> = meanings.into_keys().map(str::to_owned).collect();
    symbols.retain(|symbol| Some(&**symbol) != scene.script.letter());
    symbols.sort_unstable();
    symbols
}

/// Letters first, then pairs of letters, without the unknown's letter and those in `kept`.
fn pool(scene: &Scene<'_>, kept: &[String], draw: &mut Draw) -> Vec<String> {
    let letters = ('a'..='z').chain('A'..='Z').map(String::from);
    let mut letters: Vec<String> = letters.collect();
    let pairs = ('A'..='Z').flat_map(|one| ('a'..='z').map(move |two| format!("{one}{two}")));
    let mut pairs: Vec<String> = pairs.collect();
    draw.shuffle(&mut letters);
    let start = draw.below(pairs.len());
    pairs.rotate_left(start);
    if draw.one_in(8) {
        letters.truncate(4);
    }
    letters.append(&mut pairs);
    letters.retain(|symbol| Some(&**symbol) != scene.script.letter() && !kept.contains(symbol));
    letters
}

fn rename(scene: &Scene<'_>, chosen: &[String], kept: &[String], draw: &mut Draw) -> String {
    let new = pool(scene, kept, draw);
    let map: HashMap<&str, &String> = chosen.iter().map(|old| &**old).zip(&new).collect();
    scene.edited(renamed(scene, &|symbol| {
        map.get(symbol).map(|new| (*new).clone())
    }))
}

pub(super) fn all(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let symbols = renamable(scene);
    (!symbols.is_empty()).then(|| rename(scene, &symbols, &[], draw))
}

/// Another letter for the unknown, in prose sentences as well.
pub(super) fn unknown(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    scene.script.letter()?;
    let used = scene.symbols();
    let letters = ('a'..='z').map(String::from);
    let free: Vec<String> = letters
        .filter(|letter| !used.contains(&&**letter))
        .collect();
    with_letter(scene, draw.pick(&free)?)
}

/// The solution with this letter for the unknown.
pub(crate) fn with_letter(scene: &Scene<'_>, new: &str) -> Option<String> {
    let script = scene.script;
    let old = script.letter()?;
    let mut edits = renamed(scene, &|symbol| (symbol == old).then(|| new.to_owned()));
    // The unknown's own sentence has no clause, and the equation lies outside the steps.
    let unknown = script.unknown.as_ref()?.step;
    let span = |range: &std::ops::Range<usize>| tokens(&script.text, range.clone());
    let mut words = Vec::new();
    if !script.prose {
        words.extend(span(&script.steps[unknown].span).into_iter().skip(1));
    }
    words.extend(span(&script.solve.as_ref()?.span));
    let letters = words
        .into_iter()
        .filter(|word| word.of(&script.text) == old);
    edits.extend(letters.map(|word| Edit::new(word.range(), new.to_owned())));
    Some(scene.edited(edits))
}

pub(super) fn some(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let mut symbols = renamable(scene);
    draw.shuffle(&mut symbols);
    if symbols.len() < 2 {
        return None;
    }
    let kept = symbols.split_off(1 + draw.below(symbols.len() - 1));
    Some(rename(scene, &symbols, &kept, draw))
}
