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
/// Exact where the count is cheap, which it is for up to 64 of a few hundred samples; otherwise a
/// mean over 4,096 subsets drawn from `seed`, with a standard error below 0.008.
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
    let stated = u64::from(right) + wrong.iter().map(|votes| u64::from(*votes)).sum::<u64>();
    assert!(
        k >= 1 && k <= n && stated <= u64::from(n),
        "maj@{k} of {stated} answers among {n} samples"
    );
    if right == 0 {
        return 0.0;
    }
    let silent = n - stated as u32;
    if n <= EXACT_SAMPLES && exact_steps(right, wrong, k) <= EXACT_STEPS {
        exact(n, right, wrong, silent, k)
    } else {
        drawn(right, wrong, silent, k, seed)
    }
}

/// How many additions [`exact`] needs.
fn exact_steps(right: u32, wrong: &[u32], k: u32) -> u64 {
    let of = |votes: u32| {
        let rivals = wrong.iter().filter(|count| **count >= votes).count() as u64;
        let ties = 1 + rivals.min(u64::from(k / votes));
        let places = wrong.iter().map(|count| u64::from(1 + (*count).min(votes)));
        ties * u64::from(k - votes + 1) * places.sum::<u64>()
    };
    (1..=right.min(k)).map(of).fold(0, u64::saturating_add)
}

/// Counts the subsets by the votes of the right answer. `ways[t][s]` is the number of ways to draw
/// `s` samples of the other answers with `t` of these tied with the right one, none above it.
fn exact(n: u32, right: u32, wrong: &[u32], silent: u32, k: u32) -> f64 {
    let mut won = 0.0;
    let all = binomials(n)[k as usize];
    let rows: Vec<Vec<f64>> = wrong.iter().map(|count| binomials(*count)).collect();
    let (of_right, of_silent) = (binomials(right), binomials(silent));
    for votes in 1..=right.min(k) {
        let (votes, left) = (votes as usize, (k - votes) as usize);
        let most_ties = left / votes;
        let mut ways = vec![vec![0.0; left + 1]; most_ties + 1];
        ways[0][0] = 1.0;
        let mut reached = 0;
        for row in &rows {
            let mut next = vec![vec![0.0; left + 1]; most_ties + 1];
            for (ties, from) in ways.iter().enumerate() {
                for (sum, before) in from.iter().enumerate().take(reached + 1) {
                    if *before == 0.0 {
                        continue;
                    }
                    for (count, choices) in row.iter().enumerate().take(votes.min(left - sum) + 1) {
                        let ties = ties + usize::from(count == votes);
                        next[ties][sum + count] += before * choices;
                    }
                }
            }
            reached = left.min(reached + votes.min(row.len() - 1));
            ways = next;
        }
        for (ties, sums) in ways.iter().enumerate() {
            for (sum, count) in sums.iter().enumerate() {
                let rest = of_silent.get(left - sum).copied().unwrap_or(0.0);
                won += of_right[votes] / all * count * rest / (ties + 1) as f64;
            }
        }
    }
    won.min(1.0)
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
    fn drawing_agrees_with_counting() {
        let cases: [(u32, &[u32], u32, u32); 3] = [
            (40, &[30, 20, 10], 28, 16),
            (20, &[20, 20], 4, 8),
            (10, &[1; 50], 4, 32),
        ];
        for (right, wrong, silent, k) in cases {
            let n = right + wrong.iter().sum::<u32>() + silent;
            let difference = exact(n, right, wrong, silent, k) - drawn(right, wrong, silent, k, 5);
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
