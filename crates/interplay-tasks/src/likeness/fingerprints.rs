//! A set or map of fingerprints that grows in small steps.
//!
//! A common hash table doubles, and holds the old and the new table while it does: for ten
//! million fingerprints of 16 bytes that is up to 400 MB. Here the fingerprints are spread over
//! 256 small tables with open addressing, each growing by a quarter when it is nine tenths full,
//! so that the whole takes 18 to 23 bytes a fingerprint and little more while it grows.

use super::fingerprint::Fingerprint;

const STRIPES: usize = 256;
/// A stripe's first size; all of them together take 64 KiB.
const FIRST_SLOTS: usize = 16;

/// Fingerprints, each with a value of a small type; without values a set.
#[derive(Debug, Clone)]
pub struct Fingerprints<V = ()> {
    stripes: Vec<Stripe<V>>,
    len: usize,
}

#[derive(Debug, Clone)]
struct Stripe<V> {
    /// Zero marks a free slot.
    keys: Vec<u128>,
    values: Vec<V>,
    used: usize,
}

impl<V: Copy + Default> Default for Fingerprints<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: Copy + Default> Fingerprints<V> {
    /// No fingerprints.
    #[must_use]
    pub fn new() -> Self {
        let stripe = || Stripe {
            keys: vec![0; FIRST_SLOTS],
            values: vec![V::default(); FIRST_SLOTS],
            used: 0,
        };
        Self {
            stripes: std::iter::repeat_with(stripe).take(STRIPES).collect(),
            len: 0,
        }
    }

    /// The number of fingerprints.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no fingerprint.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How much memory the tables take, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let slot = size_of::<u128>() + size_of::<V>();
        self.stripes
            .iter()
            .map(|stripe| slot * stripe.keys.len())
            .sum()
    }

    /// Inserts a fingerprint with a value. If it is there already, keeps and returns its first value.
    pub fn insert(&mut self, fingerprint: Fingerprint, value: V) -> Option<V> {
        let key = key_of(fingerprint);
        let stripe = &mut self.stripes[(key >> 120) as usize];
        match stripe.slot(key) {
            Ok(known) => Some(stripe.values[known]),
            Err(free) => {
                stripe.keys[free] = key;
                stripe.values[free] = value;
                stripe.used += 1;
                self.len += 1;
                stripe.grow_if_full();
                None
            }
        }
    }

    /// The value of a fingerprint, if it is there.
    #[must_use]
    pub fn get(&self, fingerprint: Fingerprint) -> Option<V> {
        let key = key_of(fingerprint);
        let stripe = &self.stripes[(key >> 120) as usize];
        stripe.slot(key).ok().map(|slot| stripe.values[slot])
    }
}

/// The fingerprint as a key, which is never zero: zero and one share theirs.
fn key_of(fingerprint: Fingerprint) -> u128 {
    fingerprint.0.max(1)
}

impl<V: Copy + Default> Stripe<V> {
    /// The slot that holds the key, or the free one where it belongs.
    fn slot(&self, key: u128) -> Result<usize, usize> {
        let slots = self.keys.len();
        // The low half of the key as a fraction of the table.
        let mut slot = ((u128::from(key as u64) * slots as u128) >> 64) as usize;
        loop {
            match self.keys[slot] {
                0 => return Err(slot),
                known if known == key => return Ok(slot),
                _ => slot = if slot + 1 == slots { 0 } else { slot + 1 },
            }
        }
    }

    fn grow_if_full(&mut self) {
        if self.used * 10 < self.keys.len() * 9 {
            return;
        }
        let slots = self.keys.len() + self.keys.len() / 4;
        let mut grown = Self {
            keys: vec![0; slots],
            values: vec![V::default(); slots],
            used: self.used,
        };
        for (key, value) in self.keys.iter().zip(&self.values) {
            if *key != 0
                && let Err(free) = grown.slot(*key)
            {
                grown.keys[free] = *key;
                grown.values[free] = *value;
            }
        }
        *self = grown;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::draw::Draw;
    use interplay_graph::SeedStreams;
    use std::collections::HashMap;

    fn random() -> impl FnMut() -> Fingerprint {
        let mut draw = Draw::new(SeedStreams::new(1).stream("test").rng(0));
        move || {
            let mut word = || draw.below(usize::MAX) as u128;
            Fingerprint((word() << 64) ^ word() ^ (word() << 32))
        }
    }

    #[test]
    fn keeps_what_a_hash_map_keeps() {
        let mut draw = random();
        let (mut ours, mut theirs) = (Fingerprints::new(), HashMap::new());
        let few: Vec<Fingerprint> = (0..3_000).map(|_| draw()).collect();
        for (at, print) in few.iter().chain(&few[..500]).enumerate() {
            let known = ours.insert(*print, at as u32);
            assert_eq!(known, theirs.get(print).copied());
            theirs.entry(*print).or_insert(at as u32);
        }
        assert_eq!(ours.len(), theirs.len());
        for print in &few {
            assert_eq!(ours.get(*print), theirs.get(print).copied());
        }
        assert_eq!(ours.get(draw()), None);
    }

    #[test]
    fn keys_that_crowd_one_place_are_kept_apart() {
        let mut prints = Fingerprints::new();
        for key in 0..1_000_u128 {
            // Same stripe, same first slot.
            let known = prints.insert(Fingerprint(key << 64), ());
            assert_eq!(known, None, "{key}");
        }
        assert!(prints.get(Fingerprint(999 << 64)).is_some());
    }

    #[test]
    fn ten_million_would_stay_below_300_megabytes() {
        let mut draw = random();
        let mut prints = Fingerprints::new();
        let mut most = 0;
        for at in 0..400_000 {
            prints.insert(draw(), ());
            if at > 50_000 {
                most = most.max(1_000 * prints.memory_bytes() / prints.len());
            }
        }
        // Thousandths of a byte each; at most one stripe in 256 is held twice while it grows.
        assert!(most < 25_000, "{most}");
    }
}
