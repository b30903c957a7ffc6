//! Small draws, from a seeded stream or from a list of choices.
//!
//! Property tests shrink a list of choices: the choice 0 takes the first site or the smallest
//! number, and smaller choices never take later ones.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// The source of a mutation's random decisions.
#[derive(Debug, Clone)]
pub struct Draw {
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Stream(Box<ChaCha8Rng>),
    Choices(std::vec::IntoIter<u64>),
}

impl Draw {
    /// Draws from a generator, for instance of a `SeedStream` of `interplay-graph`.
    #[must_use]
    pub fn new(rng: ChaCha8Rng) -> Self {
        Self {
            source: Source::Stream(Box::new(rng)),
        }
    }

    /// Takes these choices, then zeros.
    #[must_use]
    pub fn of_choices(choices: Vec<u64>) -> Self {
        Self {
            source: Source::Choices(choices.into_iter()),
        }
    }

    fn word(&mut self) -> u64 {
        match &mut self.source {
            Source::Stream(rng) => rng.next_u64(),
            Source::Choices(choices) => choices.next().unwrap_or(0),
        }
    }

    /// A number in `0..n`; 0 for n = 0.
    pub fn below(&mut self, n: usize) -> usize {
        // The bias of at most n / 2^64 is negligible here.
        ((u128::from(self.word()) * n as u128) >> 64) as usize
    }

    /// A number in `low..=high`, or `low` if the range is empty.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).max(0) as usize;
        low + self.below(span.saturating_add(1)) as i64
    }

    /// One of `items`, or none if there are none.
    pub fn pick<'i, T>(&mut self, items: &'i [T]) -> Option<&'i T> {
        let index = self.below(items.len());
        items.get(index)
    }

    /// True once in `n` draws; the choice 0 gives false.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) + 1 == n
    }

    /// Shuffles `items`; zeros leave them as they are.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in 0..items.len() {
            let other = index + self.below(items.len() - index);
            items.swap(index, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use interplay_graph::SeedStreams;

    #[test]
    fn zeros_take_the_first_choice() {
        let mut draw = Draw::of_choices(vec![u64::MAX]);
        assert_eq!(draw.below(7), 6);
        let mut items = [1, 2, 3];
        draw.shuffle(&mut items);
        assert_eq!(items, [1, 2, 3]);
        assert_eq!(draw.pick(&items), Some(&1));
        assert_eq!(draw.between(4, 9), 4);
        assert!(!draw.one_in(2));
        assert_eq!(draw.pick::<u8>(&[]), None);
    }

    #[test]
    fn draws_stay_in_range_and_reach_its_ends() {
        let mut draw = Draw::new(SeedStreams::new(5).stream("draw").rng(0));
        let drawn: Vec<i64> = (0..200).map(|_| draw.between(-2, 2)).collect();
        assert!(drawn.iter().all(|value| (-2..=2).contains(value)));
        assert!(drawn.contains(&-2) && drawn.contains(&2));
        assert_eq!(draw.between(3, 1), 3);
    }
}
