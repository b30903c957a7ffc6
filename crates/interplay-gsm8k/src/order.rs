//! The order of the problems in every epoch.
//!
//! Source: a Feistel network over the smallest even number of bits that holds all positions, walked
//! until the position exists (cycle walking; Black and Rogaway 2002). So the position of an index is
//! found without a table, in constant time on average.

use interplay_graph::{SeedStream, SeedStreams};
use rand::Rng;

/// Rounds of the network; four make it a permutation that tests do not tell from a random one.
const ROUNDS: usize = 6;

/// Assigns a problem to every index.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    count: u64,
    stream: SeedStream,
    /// Epochs that keep the order of the file.
    unshuffled: u64,
}

impl Order {
    /// An order of `count` problems, of which there is at least one. The first `unshuffled` epochs
    /// keep the order of the file.
    pub fn new(count: u64, seed: u64, name: &str, unshuffled: u64) -> Self {
        Self {
            count,
            stream: SeedStreams::new(seed).stream(name),
            unshuffled,
        }
    }

    /// The position in the file, from 0, of the problem at an index.
    pub fn position(&self, index: u64) -> u64 {
        let (epoch, offset) = (index / self.count, index % self.count);
        if epoch < self.unshuffled {
            return offset;
        }
        let mut rng = self.stream.rng(epoch);
        let keys: [u64; ROUNDS] = std::array::from_fn(|_| rng.next_u64());
        let bits = u64::BITS - (self.count - 1).leading_zeros();
        let half = bits.div_ceil(2).max(1);
        let mut position = permuted(offset, half, &keys);
        while position >= self.count {
            position = permuted(position, half, &keys);
        }
        position
    }
}

/// A permutation of the numbers of 2 x `half` bits.
fn permuted(position: u64, half: u32, keys: &[u64]) -> u64 {
    let mask = (1_u64 << half) - 1;
    let (mut left, mut right) = (position >> half, position & mask);
    for key in keys {
        (left, right) = (right, left ^ (mixed(right ^ key) & mask));
    }
    left << half | right
}

/// The finalizer of SplitMix64.
fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(order: &Order, epoch: u64) -> Vec<u64> {
        let indices = (0..order.count).map(|offset| epoch * order.count + offset);
        indices.map(|index| order.position(index)).collect()
    }

    #[test]
    fn every_epoch_is_a_permutation_of_its_own() {
        for count in [1, 2, 3, 5, 16, 17, 100, 1319] {
            let order = Order::new(count, 7, "test", 0);
            let all: Vec<u64> = (0..count).collect();
            for number in 0..3 {
                let mut sorted = epoch(&order, number);
                sorted.sort_unstable();
                assert_eq!(sorted, all);
            }
        }
        let order = Order::new(100, 7, "test", 0);
        let other = Order::new(100, 8, "test", 0);
        assert_ne!(epoch(&order, 0), epoch(&order, 1));
        assert_ne!(epoch(&order, 0), epoch(&other, 0));
    }

    #[test]
    fn an_epoch_may_keep_the_order_of_the_file() {
        let order = Order::new(50, 7, "test", 1);
        assert_eq!(epoch(&order, 0), (0..50).collect::<Vec<_>>());
        assert_ne!(epoch(&order, 1), (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn positions_are_spread_evenly() {
        // The mean distance between an index and its position is a third of the count.
        let order = Order::new(1000, 1, "test", 0);
        let epoch = epoch(&order, 0);
        let moved = (0..)
            .zip(&epoch)
            .map(|(offset, &to): (u64, _)| offset.abs_diff(to));
        let mean = moved.sum::<u64>() as f64 / 1000.0;
        assert!((280.0..390.0).contains(&mean), "{mean}");
    }
}
