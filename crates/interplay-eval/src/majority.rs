//! maj@k: whether the answer that most of k samples state is right.
//!
//! Source: Wang et al. 2023 (arXiv 2203.11171), self-consistency: the answer of the majority,
//! without weights; as for pass@k (Chen et al. 2021), the k samples are drawn without replacement
//! from all n.
//! Deviations: the expectation over all subsets of k samples, instead of the vote of one. **Ties**
//! are broken at random: where the right answer shares the first place with `m` others it counts
//! `1 / (m + 1)`. Samples that state no answer do not vote; where none of the k states one, the vote
//! is wrong.

use crate::draws::Draws;

/// Up to so many steps of the exact count; above, subsets are drawn.
const EXACT_STEPS: u64 = 4_000_000;
/// The number of subsets drawn, for a standard error of at most 0.008.
const SUBSETS: u32 = 4_096;
/// Binomials of up to so many samples are finite in `f64`: C(1024, 512) is 4.5e306.
const EXACT_SAMPLES: u32 = 1_024;

/// The probability that the vote of `k` among `n` samples is right, where `right` samples state the
/// right answer, `wrong` samples each distinct wrong one, and the others none.
///
/// Exact where the count is cheap, which it is for up to a few hundred samples unless many wrong answers
/// are stated often; otherwise a mean over 4,096 subsets drawn from `seed`, with a standard error below 0.008.
///
/// ```
/// # use interplay_eval::majority_at_k;
/// // Two right, two of one wrong answer: any three have a majority, right in half of the triples.
/// assert_eq!(majority_at_k(4, 2, &[2], 3, 0), 0.5);
/// // All four tie; a single vote is right with probability 2 / 4.
/// assert_eq!(majority_at_k(4, 2, &[2], 4, 0), 0.5);
/// assert_eq!(majority_at_k(4, 2, &[1, 1], 4, 0), 1.0);
/// ```
///
/// # Panics
/// Where `k` is zero or above `n`, or there are more than `n` answers.
#[must_use]
pub fn majority_at_k(n: u32, right: u32, wrong: &[u32], k: u32, seed: u64) -> f64 {
    majority_at_ks(n, right, wrong, &[k], seed)[0]
}

/// As [`majority_at_k`] for several k in any order, which share the count. Panics likewise.
pub(crate) fn majority_at_ks(n: u32, right: u32, wrong: &[u32], ks: &[u32], seed: u64) -> Vec<f64> {
    let stated = u64::from(right) + wrong.iter().map(|votes| u64::from(*votes)).sum::<u64>();
    for k in ks {
        assert!(
            *k >= 1 && *k <= n && stated <= u64::from(n),
            "maj@{k} of {stated} answers among {n} samples"
        );
    }
    let silent = n - stated as u32;
    // The rivals that can tie at some number of votes are the first ones.
    let mut rivals: Vec<u32> = wrong.iter().copied().filter(|count| *count > 0).collect();
    rivals.sort_unstable_by(|a, b| b.cmp(a));
    let counts = Counts {
        n,
        right,
        rivals: &rivals,
        silent,
    };
    let counted = |k: &u32| n <= EXACT_SAMPLES && counts.steps(*k) <= EXACT_STEPS;
    let open = |k: &u32| *k > 1 && *k < n && right > 0;
    let exact_ks: Vec<u32> = ks
        .iter()
        .copied()
        .filter(|k| open(k) && counted(k))
        .collect();
    let mut exact = counts.exact(&exact_ks).into_iter();
    let of = |k: &u32| match *k {
        _ if right == 0 => 0.0,
        1 => f64::from(right) / f64::from(n),
        k if k == n => counts.all_votes(),
        k if exact_ks.contains(&k) => exact.next().unwrap_or_default(),
        k => drawn(right, &rivals, silent, k, seed),
    };
    ks.iter().map(of).collect()
}

/// How many of `n` samples state the right answer, each wrong one (descending), and none.
#[derive(Debug, Clone, Copy)]
struct Counts<'c> {
    n: u32,
    right: u32,
    rivals: &'c [u32],
    silent: u32,
}

impl Counts<'_> {
    /// How many rivals can have `votes` votes: the first ones.
    fn able(&self, votes: u32) -> usize {
        self.rivals.partition_point(|count| *count >= votes)
    }

    /// The vote of all samples.
    fn all_votes(&self) -> f64 {
        match self.rivals.first() {
            Some(most) if *most > self.right => 0.0,
            _ => 1.0 / (1 + self.able(self.right)) as f64,
        }
    }

    /// How many additions [`exact`](Self::exact) needs for one k.
    fn steps(&self, k: u32) -> u64 {
        let of = |votes: u32| {
            let (able, left) = (self.able(votes) as u64, u64::from(k - votes));
            let votes = u64::from(votes);
            let one = |rival: u64| {
                let ties = 1 + rival.min(left / votes);
                ties * (1 + left.min(rival * votes)) * (1 + votes)
            };
            let sums = (1..=able).map(one).fold(0, u64::saturating_add);
            sums.saturating_add((1 + able.min(left / votes)) * (1 + left))
        };
        (1..=self.right.min(k)).map(of).fold(0, u64::saturating_add)
    }

    /// Counts the subsets of each size by the votes of the right answer. Answers that cannot have as
    /// many votes count like samples that state none, so a table has but the rivals that can.
    fn exact(&self, ks: &[u32]) -> Vec<f64> {
        let mut won = vec![0.0; ks.len()];
        let Some(most) = ks.iter().copied().max() else {
            return won;
        };
        let all = binomials(self.n);
        let of_right = binomials(self.right);
        let rows: Vec<Vec<f64>> = self.rivals.iter().map(|count| binomials(*count)).collect();
        let mut before = usize::MAX;
        let mut of_rest = Vec::new();
        for votes in 1..=self.right.min(most) {
            let able = self.able(votes);
            if able != before {
                let below: u32 = self.rivals[able..].iter().sum();
                of_rest = binomials(self.silent + below);
                before = able;
            }
            let votes = votes as usize;
            let ways = Ways::of(&rows[..able], votes, most as usize - votes);
            for (won, k) in won.iter_mut().zip(ks) {
                let Some(left) = (*k as usize).checked_sub(votes) else {
                    continue;
                };
                let share = of_right[votes] / all[*k as usize];
                for ties in 0..=ways.ties.min(left / votes) {
                    let sums = ways.row(ties);
                    let shared = share / (ties + 1) as f64;
                    let least = left.saturating_sub(of_rest.len() - 1);
                    for sum in least.max(ties * votes)..=left.min(ways.reached) {
                        *won += shared * sums[sum] * of_rest[left - sum];
                    }
                }
            }
        }
        won.into_iter().map(|won| won.min(1.0)).collect()
    }
}

/// The number of ways to draw samples of rivals, by how many rivals have exactly `votes` votes, none
/// having more, and by the number of samples.
struct Ways {
    /// The most rivals that can tie.
    ties: usize,
    /// The most samples that can be drawn.
    reached: usize,
    table: Vec<f64>,
}

impl Ways {
    /// From the binomials of each rival, all of which can have `votes` votes, for up to `left` samples.
    fn of(rivals: &[Vec<f64>], votes: usize, left: usize) -> Self {
        let ties = rivals.len().min(left / votes);
        let most = left.min(rivals.len() * votes);
        let width = most + 1;
        let mut table = vec![0.0; (ties + 1) * width];
        table[0] = 1.0;
        for (index, row) in rivals.iter().enumerate() {
            let reached = most.min((index + 1) * votes);
            // Downward, so that what is read has not been written yet.
            for tied in (0..=ties.min(index + 1)).rev() {
                for sum in (tied * votes..=reached).rev() {
                    let here = tied * width + sum;
                    let mut value = table[here];
                    for count in 1..votes.min(sum + 1) {
                        value += row[count] * table[here - count];
                    }
                    if tied > 0 && sum >= votes {
                        value += row[votes] * table[here - width - votes];
                    }
                    table[here] = value;
                }
            }
        }
        Self {
            ties,
            reached: most,
            table,
        }
    }

    fn row(&self, ties: usize) -> &[f64] {
        let width = self.reached + 1;
        &self.table[ties * width..][..width]
    }
}

/// The row `n` of Pascal's triangle.
fn binomials(n: u32) -> Vec<f64> {
    let mut row = Vec::with_capacity(n as usize + 1);
    let mut value = 1.0;
    row.push(value);
    for i in 0..n {
        // Divided first: the product of the largest binomials and their factors is not finite.
        value = value / f64::from(i + 1) * f64::from(n - i);
        row.push(value);
    }
    row
}

fn drawn(right: u32, wrong: &[u32], silent: u32, k: u32, seed: u64) -> f64 {
    // Answer 0 is the right one, the last stands for none.
    let none = wrong.len() + 1;
    let groups = std::iter::once(&right).chain(wrong).chain([&silent]);
    let mut samples: Vec<usize> = groups
        .enumerate()
        .flat_map(|(answer, count)| std::iter::repeat_n(answer, *count as usize))
        .collect();
    let (mut draws, mut won) = (Draws::new(seed), 0.0);
    let mut votes = vec![0_u32; none + 1];
    for _ in 0..SUBSETS {
        votes.fill(0);
        for place in 0..k as usize {
            let other = place + draws.below(samples.len() - place);
            samples.swap(place, other);
            votes[samples[place]] += 1;
        }
        let (first, rivals) = (votes[0], &votes[1..none]);
        if first > 0 && rivals.iter().all(|count| *count <= first) {
            let ties = rivals.iter().filter(|count| **count == first).count();
            won += 1.0 / (ties + 1) as f64;
        }
    }
    won / f64::from(SUBSETS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goes through all subsets.
    fn by_counting(n: u32, right: u32, wrong: &[u32], k: u32) -> f64 {
        let mut answers = vec![0; right as usize];
        for (index, count) in wrong.iter().enumerate() {
            answers.extend(vec![index + 1; *count as usize]);
        }
        let (mut won, mut all) = (0.0, 0.0);
        for set in (0_u32..1 << n).filter(|set| set.count_ones() == k) {
            let mut votes = vec![0; wrong.len() + 1];
            for (place, answer) in answers.iter().enumerate() {
                votes[*answer] += set >> place & 1;
            }
            let most = *votes.iter().max().unwrap();
            if most > 0 && votes[0] == most {
                won += 1.0 / votes.iter().filter(|count| **count == most).count() as f64;
            }
            all += 1.0;
        }
        won / all
    }

    #[test]
    fn equals_the_share_of_subsets_with_a_right_vote() {
        let cases: [(u32, u32, &[u32]); 7] = [
            (9, 3, &[2, 2, 1]),
            (9, 4, &[4]),
            (10, 3, &[3, 3]),
            (10, 1, &[1, 1, 1, 1, 1]),
            (8, 0, &[3]),
            (8, 5, &[]),
            (11, 2, &[6, 2]),
        ];
        for (n, right, wrong) in cases {
            for k in 1..=n {
                let difference =
                    majority_at_k(n, right, wrong, k, 0) - by_counting(n, right, wrong, k);
                assert!(
                    difference.abs() < 1e-12,
                    "{n} {right} {wrong:?} {k}: {difference}"
                );
            }
        }
    }

    #[test]
    fn several_k_share_a_count() {
        for (right, wrong) in [
            (3, vec![1, 4, 2, 2]),
            (5, vec![1; 7]),
            (1, vec![1]),
            (0, vec![9]),
        ] {
            let n = 14;
            let ks: Vec<u32> = (1..=n).rev().collect();
            let found = majority_at_ks(n, right, &wrong, &ks, 0);
            for (k, found) in ks.into_iter().zip(found) {
                let difference = found - by_counting(n, right, &wrong, k);
                assert!(
                    difference.abs() < 1e-12,
                    "{right} {wrong:?} {k}: {difference}"
                );
            }
        }
    }

    #[test]
    fn a_vote_of_all_samples_needs_no_count() {
        // Drawn, it would be off by the share of ties; the answers are too many to be counted.
        let wrong = vec![100; 30];
        assert_eq!(majority_at_k(4000, 100, &wrong, 4000, 3), 1.0 / 31.0);
        assert_eq!(majority_at_k(4000, 99, &wrong, 4000, 3), 0.0);
        assert_eq!(majority_at_k(4000, 101, &wrong, 4000, 3), 1.0);
    }

    #[test]
    fn the_steps_are_those_taken() {
        // Many single answers matter to a single vote of the right one only.
        let rivals = [vec![20, 10, 5, 3, 2], vec![1; 28]].concat();
        let counts = Counts {
            n: 128,
            right: 60,
            rivals: &rivals,
            silent: 0,
        };
        assert!(counts.steps(64) < 400_000, "{}", counts.steps(64));
    }

    #[test]
    fn drawing_agrees_with_counting() {
        let cases: [(u32, &[u32], u32, u32); 3] = [
            (40, &[30, 20, 10], 28, 16),
            (20, &[20, 20], 4, 8),
            (10, &[1; 50], 4, 32),
        ];
        for (right, wrong, silent, k) in cases {
            let n = right + wrong.iter().sum::<u32>() + silent;
            let counts = Counts {
                n,
                right,
                rivals: wrong,
                silent,
            };
            let difference = counts.exact(&[k])[0] - drawn(right, wrong, silent, k, 5);
            assert!(difference.abs() < 0.03, "{right} {k}: {difference}");
        }
    }

    #[test]
    fn reaches_1024_of_4096_samples() {
        let wrong = [900, 500, 300, 96];
        let ahead = majority_at_k(4096, 1500, &wrong, 1024, 1);
        assert!(ahead > 0.99);
        assert_eq!(ahead, majority_at_k(4096, 1500, &wrong, 1024, 1));
        assert!(majority_at_k(4096, 700, &wrong, 1024, 1) < 0.05);
        assert_eq!(majority_at_k(4096, 0, &wrong, 1024, 1), 0.0);
        // The largest binomials that are counted with: the right answer cannot lose.
        for n in [1000, 1020, 1024] {
            let certain = majority_at_k(n, n - 100, &[5], n / 2, 0);
            assert!((certain - 1.0).abs() < 1e-12, "{n}: {certain}");
        }
        // One vote is right as often as an answer.
        assert!((majority_at_k(1024, 300, &[200, 100], 1, 0) - 300.0 / 1024.0).abs() < 1e-12);
    }
}
