//! The groups of problems that a table has a part for.

use std::collections::BTreeSet;

use interplay::eval::{Evaluation, ItemScore};

/// A group's name, and what belongs to it.
pub(super) type Group = (String, Box<dyn Fn(&ItemScore) -> bool>);

/// The group of all problems.
pub(super) const OVERALL: &str = "overall";

/// Those that get a verdict: all problems, and the bands.
pub(super) fn judged(evaluations: &[&Evaluation]) -> Vec<Group> {
    let (mut groups, _) = groups(evaluations);
    groups.retain(|(name, _)| name == OVERALL || name.starts_with("band "));
    groups
}

/// All problems, then the bands, then the ops that all evaluations have; and the names of those that
/// only some have.
pub(super) fn groups(evaluations: &[&Evaluation]) -> (Vec<Group>, Vec<String>) {
    let (mut groups, mut partial): (Vec<Group>, _) = (Vec::new(), Vec::new());
    groups.push((OVERALL.to_owned(), Box::new(|_: &ItemScore| true)));
    let all = || evaluations.iter();
    let bands: BTreeSet<&String> = all().flat_map(|one| one.by_band.keys()).collect();
    for band in bands {
        let name = format!("band {band}");
        if all().all(|one| one.by_band.contains_key(band)) {
            let band = Some(band.clone());
            groups.push((name, Box::new(move |item: &ItemScore| item.band == band)));
        } else {
            partial.push(name);
        }
    }
    let ops: BTreeSet<u32> = all().flat_map(|one| one.by_op.keys().copied()).collect();
    for op in ops {
        let name = format!("op {op}");
        if all().all(|one| one.by_op.contains_key(&op)) {
            let holds = move |item: &ItemScore| item.op == Some(op);
            groups.push((name, Box::new(holds)));
        } else {
            partial.push(name);
        }
    }
    (groups, partial)
}
