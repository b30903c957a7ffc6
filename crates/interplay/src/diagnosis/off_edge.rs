//! Data off the edge: most groups of rollouts are all right or all wrong, or the reward stops rising early.
//!
//! Present where more than [`UNIFORM`] of the groups had equal rewards over the whole stage, or where the reward of the
//! last quarter of the steps is not above that of the second quarter by more than chance explains, although it is short
//! of [`HIGH`]; absent where neither holds, undecided with fewer than [`STEPS`] steps. Intervals take steps as
//! independent, which their problems are and their policies are not.

use super::case::Case;
use super::finding::{Evidence, Finding, Presence, Signature};
use super::stretch::{mean_over, moments, part, values};

/// More uniform groups than this leave most of the samples without a gradient.
const UNIFORM: f64 = 0.7;
/// A reward from here on may well be as high as it gets.
const HIGH: f64 = 0.9;
/// Fewer steps than this say nothing of a plateau.
const STEPS: usize = 20;

pub(super) fn find(case: &Case<'_>) -> Finding {
    let mut found = Finding::undecided(Signature::OffEdge);
    let uniform = moments(&values(case.metrics, "frac_reward_zero_std"));
    let parts = ["all_right", "all_wrong"].map(|part| {
        let name = format!("frac_reward_zero_std/{part}");
        mean_over(case.metrics, &name, 0, 1).map(|mean| (part, mean))
    });
    if let Some((mean, error)) = uniform {
        let (low, high) = (
            (mean - 1.96 * error).max(0.0),
            (mean + 1.96 * error).min(1.0),
        );
        found.evidence.push(Evidence::with_interval(
            "groups with equal rewards",
            mean,
            low,
            high,
        ));
    }
    for (part, mean) in parts.iter().flatten() {
        let what = format!("groups that are {}", part.replace('_', " "));
        found.evidence.push(Evidence::plain(what, *mean));
    }
    let rewards = values(case.metrics, "reward");
    let quarter = |number: usize| moments(part(&rewards, number, 4));
    let plateau = match (quarter(1), quarter(3)) {
        (Some((second, error)), Some((last, other))) if rewards.len() >= STEPS => {
            let gain = last - second;
            let half = 1.96 * (error * error + other * other).sqrt();
            let what = "gain in reward from the second to the last quarter of the steps";
            found.evidence.push(Evidence::with_interval(
                what,
                gain,
                gain - half,
                gain + half,
            ));
            Some(gain - half <= 0.0 && last < HIGH)
        }
        _ => None,
    };
    let mostly = uniform.map(|(mean, _)| mean > UNIFORM);
    found.presence = match (mostly, plateau) {
        (Some(true), _) | (_, Some(true)) => Presence::Present,
        (Some(false), Some(false)) => Presence::Absent,
        _ => Presence::Undecided,
    };
    if found.presence == Presence::Present {
        let [right, wrong] = parts.map(|part| part.map_or(0.0, |(_, mean)| mean));
        found.advice.push(match right > wrong {
            true => "most uniform groups are all right: harder problems, or an iterative curriculum".into(),
            false => {
                "most uniform groups are all wrong: easier problems, mid-training on these, or larger groups \
                 (`group_size`)"
                    .into()
            }
        });
        found.advice.push(
            "calibrate before RL and train at the edge that it finds (`edge_from`); `dynamic_sampling` replaces uniform \
             groups"
                .into(),
        );
    }
    if found.presence == Presence::Undecided {
        found.advice.push("train for 20 steps or more".into());
    }
    found
}
