//! Sharpening: RL raises pass@1 where it does not raise pass@k at the largest k.
//!
//! Judged in every band, at the main temperature: present where the verdict of the band is `sharpened`, absent where
//! none is and one is `extended`, undecided otherwise.

use interplay_eval::{Band, Change, ItemScore, Measure, sharpening};

use super::case::Case;
use super::finding::{Evidence, Finding, Presence, Signature};

pub(super) fn find(case: &Case<'_>) -> Finding {
    let mut found = Finding::undecided(Signature::Sharpening);
    let (Some(before), Some(after)) = (&case.before.evaluation, &case.after.evaluation) else {
        return found;
    };
    let (mut sharpened, mut extended) = (false, false);
    for band in Band::ALL.map(Band::name) {
        let within = |item: &ItemScore| item.band.as_deref() == Some(band);
        let Ok(judged) = sharpening(before, after, Measure::Verified, within) else {
            continue;
        };
        sharpened |= judged.change == Change::Sharpened;
        extended |= judged.change == Change::Extended;
        for gain in [&judged.pass_1, &judged.pass_k] {
            let what = format!(
                "gain in verified pass@{}, {band} ({})",
                gain.k, judged.change
            );
            found.evidence.push(Evidence::with_interval(
                what,
                gain.difference,
                gain.low,
                gain.high,
            ));
        }
        if judged.unsolved > 0 {
            let share = judged.newly_solved_in_tries / judged.unsolved as f64;
            let what = format!(
                "of {} problems never solved before, solved after, {band}",
                judged.unsolved
            );
            found.evidence.push(Evidence::plain(what, share));
        }
    }
    found.presence = match (sharpened, extended) {
        (true, _) => Presence::Present,
        (false, true) => Presence::Absent,
        (false, false) => Presence::Undecided,
    };
    found.advice = match found.presence {
        Presence::Present => vec![
            "train on problems that the model before RL solves in some of many tries, not in most: calibrate, and follow \
             the edge (`edge_from`)"
                .into(),
            "pay for breadth: `estimator = { pass_at_k = { k = 4 } }`, a KL penalty (`kl_coefficient`), replay of what \
             was learned before"
                .into(),
            "compare at the greedy row as well: a gain at one temperature may be its scale alone".into(),
        ],
        Presence::Undecided => vec![
            "evaluate at a larger k and on more problems (`completions`, `ks`, `problems_per_op`)".into(),
        ],
        Presence::Absent => Vec::new(),
    };
    found
}
