//! Which of the examples that come by are taken, so that shares come out as wanted.
//!
//! A cell with the share `w` is taken while its count stays within one of `w` times the count of all.
//! Every prefix of what is taken thus has the wanted shares, up to one example a cell above and one for
//! each of the others below, and no random number is drawn. Optional cells never make the others
//! wait: they are taken at up to their share as they come by.
//!
//! Source: quota methods of apportionment (Balinski and Young, Fair Representation, 1982): no party
//! gets more than its exact share rounded up.

use serde::{Deserialize, Serialize};

/// Why an example is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It lies in the band.
    Band,
    /// It repeats what came before the band.
    Replay,
    /// It shows whether the band should move.
    Explore,
}

/// Examples with a share of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Why they are taken.
    pub role: Role,
    /// Their op, where each op has a share of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<u64>,
}

/// A slot, its share and what it got.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// The examples.
    pub slot: Slot,
    /// The wanted share of all prompts.
    pub share: f64,
    /// Whether the others go on where these do not come by.
    pub optional: bool,
    /// How many were taken since the shares were set.
    pub taken: u64,
}

/// The quotas of all slots.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Quotas(pub Vec<Quota>);

impl Quotas {
    /// Sets shares. Counts begin again, unless nothing changes.
    pub(crate) fn set(&mut self, wanted: Vec<Quota>) {
        let same = |(old, new): (&Quota, &Quota)| {
            (old.slot, old.share, old.optional) == (new.slot, new.share, new.optional)
        };
        let unchanged = self.0.len() == wanted.len() && self.0.iter().zip(&wanted).all(same);
        if !unchanged {
            self.0 = wanted;
        }
    }

    /// Whether an example of this slot may be taken now.
    pub(crate) fn admits(&self, slot: Slot) -> bool {
        let Some(quota) = self.0.iter().find(|quota| quota.slot == slot) else {
            return false;
        };
        let counted = |of: &&Quota| quota.optional || !of.optional;
        let taken: u64 = self.0.iter().filter(counted).map(|of| of.taken).sum();
        let share = match quota.optional {
            true => quota.share,
            false => quota.share / self.required_share(),
        };
        let slack = f64::from(u8::from(!quota.optional));
        (quota.taken + 1) as f64 <= share * (taken + 1) as f64 + slack + 1e-9
    }

    fn required_share(&self) -> f64 {
        let required = self.0.iter().filter(|quota| !quota.optional);
        required.map(|quota| quota.share).sum()
    }

    /// Counts an example that was taken.
    pub(crate) fn take(&mut self, slot: Slot) {
        if let Some(quota) = self.0.iter_mut().find(|quota| quota.slot == slot) {
            quota.taken += 1;
        }
    }

    /// The slots that have to be filled before others can go on.
    pub(crate) fn lacking(&self) -> Vec<Slot> {
        let required = self.0.iter().filter(|quota| !quota.optional);
        let open = required.filter(|quota| self.admits(quota.slot));
        open.map(|quota| quota.slot).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(op: u64, share: f64, optional: bool) -> Quota {
        let role = if optional { Role::Explore } else { Role::Band };
        let slot = Slot { role, op: Some(op) };
        Quota {
            slot,
            share,
            optional,
            taken: 0,
        }
    }

    fn take(quotas: &mut Quotas, op: u64) -> bool {
        let slot = quotas
            .0
            .iter()
            .find(|quota| quota.slot.op == Some(op))
            .unwrap()
            .slot;
        let admitted = quotas.admits(slot);
        if admitted {
            quotas.take(slot);
        }
        admitted
    }

    #[test]
    fn every_prefix_has_the_wanted_shares() {
        let mut quotas = Quotas(vec![quota(1, 0.75, false), quota(2, 0.25, false)]);
        // Op 2 comes by twice as often as op 1.
        let mut total = 0;
        for op in [2, 1, 2].into_iter().cycle().take(3000) {
            if take(&mut quotas, op) {
                total += 1;
                for quota in &quotas.0 {
                    let off = quota.taken as f64 - quota.share * f64::from(total);
                    assert!(off.abs() <= 1.0 + 1e-9, "{off}");
                }
            }
        }
        assert!(total > 1000);
    }

    #[test]
    fn optional_slots_keep_nobody_waiting() {
        let mut quotas = Quotas(vec![quota(1, 0.9, false), quota(2, 0.1, true)]);
        assert!((0..50).all(|_| take(&mut quotas, 1)));
        let taken = (0..50).filter(|_| take(&mut quotas, 2)).count();
        // At most a tenth of all: 5 of 55.
        assert_eq!(taken, 5);
        assert!(quotas.lacking().iter().all(|slot| slot.role == Role::Band));
    }

    #[test]
    fn counts_survive_a_change_that_is_none() {
        let mut quotas = Quotas(vec![quota(1, 1.0, false)]);
        take(&mut quotas, 1);
        quotas.set(vec![quota(1, 1.0, false)]);
        assert_eq!(quotas.0[0].taken, 1);
        quotas.set(vec![quota(1, 0.5, false), quota(2, 0.5, false)]);
        assert_eq!(quotas.0[0].taken, 0);
    }
}
