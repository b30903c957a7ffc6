//! Small draws from a stream of random words.
//!
//! The bytes of a data set must not change between platforms or versions of `rand`, whose
//! distributions may. So the few draws that a problem needs are written out here, over the fixed
//! output of ChaCha8.
//!
//! Deviations: `below` multiplies a 64-bit word instead of rejecting, so its bias is at most
//! n / 2^64, far too small for any corpus to show.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// Draws of the kinds that problems need.
pub(crate) struct Draw {
    rng: ChaCha8Rng,
}

impl Draw {
    pub(crate) fn new(rng: ChaCha8Rng) -> Self {
        Self { rng }
    }

    /// A number in `0..n`; 0 for n = 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let wide = u128::from(self.rng.next_u64()) * n as u128;
        (wide >> 64) as usize
    }

    /// A number in `low..=high`; `low` if the range is empty.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = usize::try_from(high.saturating_sub(low))
            .unwrap_or(0)
            .saturating_add(1);
        low + self.below(span) as i64
    }

    /// A number in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// An index into `weights`, drawn in proportion; `None` if no weight is positive.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> Option<usize> {
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let mut rest = self.unit() * total;
        for (index, weight) in weights.iter().enumerate() {
            if *weight > 0.0 && rest < *weight {
                return Some(index);
            }
            rest -= weight;
        }
        weights.iter().rposition(|weight| *weight > 0.0)
    }

    /// Fisher-Yates, from the back.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// Moves a random choice of `n` items to the front, in random order.
    pub(crate) fn choose_front<T>(&mut self, items: &mut [T], n: usize) {
        for index in 0..n.min(items.len()) {
            let other = index + self.below(items.len() - index);
            items.swap(index, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use interplay_graph::SeedStreams;

    fn draw() -> Draw {
        Draw::new(SeedStreams::new(3).stream("draw").rng(0))
    }

    #[test]
    fn draws_stay_in_range() {
        let mut draw = draw();
        for n in 1..50 {
            assert!(draw.below(n) < n);
            let value = draw.between(2, 4);
            assert!((2..=4).contains(&value));
        }
        assert_eq!(draw.below(0), 0);
        assert_eq!(draw.between(5, 1), 5);
    }

    #[test]
    fn a_weight_of_zero_is_never_drawn() {
        let mut draw = draw();
        for _ in 0..200 {
            assert_ne!(draw.weighted(&[0.2, 0.0, 0.8]), Some(1));
        }
        assert_eq!(draw.weighted(&[0.0, 0.0]), None);
        assert_eq!(draw.weighted(&[]), None);
    }

    #[test]
    fn a_shuffle_keeps_the_items() {
        let mut items: Vec<u32> = (0..20).collect();
        draw().shuffle(&mut items);
        assert_ne!(items, (0..20).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..20).collect::<Vec<_>>());
    }
}
