//! The share of the prompts that each part of a curriculum gets, and to which part an example belongs.

use std::collections::BTreeSet;

use crate::quota::{Quota, Role, Slot};
use crate::{By, Competence, CurriculumSpec, CurriculumState, band};

/// The wanted shares; none where every example is taken.
pub(crate) fn shares(spec: &CurriculumSpec, state: &CurriculumState) -> Vec<Quota> {
    match spec.by() {
        _ if spec.takes_everything() => Vec::new(),
        By::Op => shares_of_ops(spec, state),
        By::Problem => shares_of_problems(spec),
    }
}

fn shares_of_ops(spec: &CurriculumSpec, state: &CurriculumState) -> Vec<Quota> {
    let band = &state.band;
    let explorers = match spec.explore() > 0.0 {
        true => band::explorers(&state.known_cells(), band),
        false => BTreeSet::new(),
    };
    let explore = if explorers.is_empty() {
        0.0
    } else {
        spec.explore()
    };
    let replay = spec.replay().share;
    let weights: Vec<f64> = band.iter().map(|op| weight(spec, *op)).collect();
    let total: f64 = weights.iter().sum();
    let left = 1.0 - replay - explore;
    let quota = |role, op, share, optional| Quota {
        slot: Slot { role, op },
        share,
        optional,
        taken: 0,
    };
    let mut quotas: Vec<Quota> = band
        .iter()
        .zip(weights)
        .map(|(op, weight)| quota(Role::Band, Some(*op), left * weight / total, false))
        .collect();
    if replay > 0.0 {
        // A band that moves may have nothing below it.
        let named = matches!(spec, CurriculumSpec::Static { .. });
        quotas.push(quota(Role::Replay, None, replay, !named));
    }
    let each = explore / explorers.len().max(1) as f64;
    quotas.extend(
        explorers
            .iter()
            .map(|op| quota(Role::Explore, Some(*op), each, true)),
    );
    quotas
}

fn weight(spec: &CurriculumSpec, op: u64) -> f64 {
    match spec {
        CurriculumSpec::Edge { ops, .. } => {
            let named = ops.iter().find(|named| u64::from(named.op) == op);
            named.map_or(1.0, |named| named.weight)
        }
        _ => 1.0,
    }
}

fn shares_of_problems(spec: &CurriculumSpec) -> Vec<Quota> {
    let beside = [
        (Role::Replay, spec.replay().share),
        (Role::Explore, spec.explore()),
    ];
    let left = 1.0 - beside.iter().map(|(_, share)| share).sum::<f64>();
    let quota = |role, share, optional| Quota {
        slot: Slot { role, op: None },
        share,
        optional,
        taken: 0,
    };
    let beside = beside.into_iter().filter(|(_, share)| *share > 0.0);
    let beside = beside.map(|(role, share)| quota(role, share, true));
    std::iter::once(quota(Role::Band, left, false))
        .chain(beside)
        .collect()
}

/// The slot under which a cell is taken, if it is wanted at all. `instead` is that of
/// [`instead`].
pub(crate) fn slot(
    spec: &CurriculumSpec,
    state: &CurriculumState,
    cell: u64,
    instead: Option<Competence>,
) -> Option<Slot> {
    match spec.by() {
        By::Op => slot_of_op(spec, state, cell),
        By::Problem => slot_of_problem(spec, state, cell, instead),
    }
}

fn slot_of_op(spec: &CurriculumSpec, state: &CurriculumState, op: u64) -> Option<Slot> {
    let of = |role| Slot { role, op: Some(op) };
    if state.band.contains(&op) {
        return Some(of(Role::Band));
    }
    let explored = of(Role::Explore);
    if state.quotas.0.iter().any(|quota| quota.slot == explored) {
        return Some(explored);
    }
    let repeated = match &spec.replay().ops {
        Some(ops) => u32::try_from(op).is_ok_and(|op| ops.contains(op)),
        None => state.band.first().is_some_and(|lowest| op < *lowest),
    };
    let role = Role::Replay;
    repeated.then_some(Slot { role, op: None })
}

/// Problems at the edge are practiced, and by an edge that moves all that may lie there: only what is
/// known to be mastered or beyond reach is left out, as no problem tells much about the others.
fn slot_of_problem(
    spec: &CurriculumSpec,
    state: &CurriculumState,
    problem: u64,
    instead: Option<Competence>,
) -> Option<Slot> {
    let competence = state.cells.get(&problem).map(|cell| cell.competence);
    let competence = competence.unwrap_or_default();
    let moves = matches!(spec, CurriculumSpec::Iterative { .. });
    let role = match competence {
        _ if instead == Some(competence) => Role::Band,
        Competence::Edge => Role::Band,
        Competence::Uncertain if moves => Role::Band,
        Competence::Uncertain => return None,
        Competence::Mastered => Role::Replay,
        Competence::Beyond => Role::Explore,
    };
    Some(Slot { role, op: None })
}

/// By problem, the class whose problems are practiced where none is at the edge: those that may be,
/// else those beyond reach, else mastered ones.
pub(crate) fn instead(
    spec: &CurriculumSpec,
    state: &CurriculumState,
    problems: Option<u64>,
) -> Option<Competence> {
    if spec.by() == By::Op || !state.band.is_empty() {
        return None;
    }
    let at = |competence| {
        let there = state
            .cells
            .values()
            .filter(|cell| cell.competence == competence);
        there.count() as u64
    };
    let (mastered, beyond) = (at(Competence::Mastered), at(Competence::Beyond));
    let open = problems.is_none_or(|all| mastered + beyond < all);
    Some(match (open, beyond) {
        (true, _) => Competence::Uncertain,
        (false, 1..) => Competence::Beyond,
        (false, 0) => Competence::Mastered,
    })
}
