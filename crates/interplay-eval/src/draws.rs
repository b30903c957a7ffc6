//! Seeded random numbers for resampling and permutation.
//!
//! Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators"
//! (OOPSLA), figure 17: SplitMix64. Deviations: an index is the high half of a product, whose
//! bias of at most `bound / 2^64` is far below what any resampling can resolve.

/// A stream of random numbers: the same seed gives the same numbers on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Draws {
    state: u64,
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below `bound`, which is above zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_published_numbers() {
        // The reference implementation's first outputs for the seed 1234567.
        let mut draws = Draws::new(1_234_567);
        let first = [draws.bits(), draws.bits(), draws.bits()];
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn indices_are_uniform() {
        let (mut draws, mut counts) = (Draws::new(1), [0_i32; 3]);
        for _ in 0..30_000 {
            counts[draws.below(3)] += 1;
        }
        assert!(
            counts.iter().all(|count| (count - 10_000).abs() < 400),
            "{counts:?}"
        );
    }
}
