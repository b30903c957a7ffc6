//! The evaluations of one training seed, and what seeds have in common.

use std::collections::BTreeSet;

use crate::{EvalError, Evaluation, ItemScore};

/// The evaluations of one training seed.
#[derive(Debug, Clone, Copy)]
pub struct SeedPair<'a> {
    /// The seed.
    pub seed: u64,
    /// That of the left arm, such as the parent.
    pub before: &'a Evaluation,
    /// That of the right arm.
    pub after: &'a Evaluation,
}

/// The k that all evaluations have.
pub(crate) fn common_ks(pairs: &[SeedPair<'_>]) -> Vec<u32> {
    let Some(first) = pairs.first() else {
        return Vec::new();
    };
    let has = |evaluation: &Evaluation, k: &u32| evaluation.ks.contains(k);
    let all = |k: &&u32| {
        pairs
            .iter()
            .all(|pair| has(pair.before, k) && has(pair.after, k))
    };
    first.before.ks.iter().filter(all).copied().collect()
}

/// Whether two seeds have the same problems in the same order.
pub(crate) fn same_problems(one: &SeedPair<'_>, two: &SeedPair<'_>) -> bool {
    let (one, two) = (&one.before.items, &two.before.items);
    one.len() == two.len() && one.iter().zip(two).all(|(a, b)| a.same_problem(b))
}

/// What tells a problem from others, in whatever order seeds have them.
pub(crate) fn problem_name(item: &ItemScore) -> String {
    match item.problem.is_empty() {
        true => format!("{} {:?} {:?}", item.id, item.op, item.context),
        false => item.problem.clone(),
    }
}

/// Seeds that share more than half of their problems without having the same: the crossed design would
/// tell far more, and one more setting makes it. With fewer in common, which a generator gives by
/// chance, the nested design takes them into account (`seeds.rs`).
pub(crate) fn overlaps(pairs: &[SeedPair<'_>]) -> Option<EvalError> {
    let different = pairs
        .windows(2)
        .find(|two| !same_problems(&two[0], &two[1]));
    different?;
    let names = |pair: &SeedPair<'_>| pair.before.items.iter().map(problem_name).collect();
    let names: Vec<BTreeSet<String>> = pairs.iter().map(names).collect();
    for (index, one) in names.iter().enumerate() {
        for (other, two) in names.iter().enumerate().skip(index + 1) {
            let common = one.intersection(two).count();
            if 2 * common > one.len().min(two.len()) {
                return Some(EvalError::SharedProblems {
                    seeds: [pairs[index].seed, pairs[other].seed],
                    common,
                    problems: [one.len(), two.len()],
                });
            }
        }
    }
    None
}
