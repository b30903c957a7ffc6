//! No seeds: a context of which the model solves nothing, before RL and after it.
//!
//! Contexts with a verified completion before RL have a seed. One without any, before or after, is a sign: present if
//! the run evaluates another context that is solved, so that the context is what is missing; undecided if none is
//! solved at all, or the problems have no context. Nothing in n tries on m problems still allows a success rate of
//! 3 / (n m) or so (the upper end of the 95 % interval for no success).

use std::collections::BTreeMap;

use interplay_eval::Evaluation;

use super::case::Case;
use super::finding::{Evidence, Finding, Presence, Signature};

pub(super) fn find(case: &Case<'_>) -> Finding {
    let mut found = Finding::undecided(Signature::NoSeeds);
    let (Some(before), Some(after)) = (&case.before.evaluation, &case.after.evaluation) else {
        return found;
    };
    let (before, after) = (solved(before), solved(after));
    let mut barren = 0;
    for (context, [right, tries]) in &before {
        let later = after.get(context).copied().unwrap_or_default();
        let share = *right as f64 / *tries as f64;
        if *right == 0 && later[0] == 0 {
            barren += 1;
            // 1 - 0.05^(1/n), for no success among n.
            let most = -0.05_f64.ln() / *tries as f64;
            let what = format!("verified completions of `{context}`, before and after RL");
            found
                .evidence
                .push(Evidence::with_interval(what, 0.0, 0.0, most.min(1.0)));
        } else {
            let after = later[0] as f64 / later[1].max(1) as f64;
            found.evidence.push(Evidence::plain(
                format!("verified completions of `{context}` before RL"),
                share,
            ));
            found.evidence.push(Evidence::plain(
                format!("verified completions of `{context}` after RL"),
                after,
            ));
        }
    }
    found.presence = match (barren, before.len() - barren) {
        (0, 0) => Presence::Undecided,
        (0, _) => Presence::Absent,
        (_, 0) => Presence::Undecided,
        _ => Presence::Present,
    };
    found.advice = match found.presence {
        Presence::Present => vec![
            "show the context in pre-training or mid-training first: about one problem of a hundred was enough in the \
             paper, and a tenth of that was not"
                .into(),
        ],
        Presence::Undecided if before.is_empty() => {
            vec!["evaluate problems with a context (`[[evaluate.data.mixture]]`)".into()]
        }
        Presence::Undecided => vec![
            "nothing is solved in any context: train longer before RL, or evaluate easier problems".into(),
        ],
        Presence::Absent => Vec::new(),
    };
    found
}

/// The verified completions and all completions of each context.
fn solved(found: &Evaluation) -> BTreeMap<String, [u64; 2]> {
    let mut contexts: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for item in &found.items {
        if let Some(context) = &item.context {
            let [right, tries] = contexts.entry(context.clone()).or_default();
            *right += u64::from(item.verified);
            *tries += u64::from(found.completions);
        }
    }
    contexts
}
