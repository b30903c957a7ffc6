//! Splitting a budget exactly: whole pieces of work for each share, in integers.
//!
//! Every stage consumes its share in pieces of one cost: a trained token, a nominal sample, a GRPO step. Stages get
//! the pieces that fit into their share. One of them, the taker, also gets what the others' rounding leaves, so
//! that all together spend the total up to less than one piece of the taker, and never more.
//!
//! Source: arXiv 2512.07783, appendix on compute budgets (`T_mid = (1 - beta) T`, `T_RL = beta T`).
//!
//! Deviations: the paper does not say how it rounds.

/// The denominator of shares: nine decimal places.
pub(super) const PARTS: u64 = 1_000_000_000;

/// The part of a budget that a stage takes, and what it can buy with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// The share, in billionths of the total.
    pub parts: u64,
    /// The cost of one piece, in the units of the total; at least 1.
    pub piece: u128,
    /// Whether it takes what is left over. At most one of the claims does.
    pub takes_rest: bool,
}

/// A share in billionths, rounded to the nearest.
pub(super) fn parts(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * PARTS as f64).round() as u64
}

/// Whether shares add up to one, each as exact as nine decimal places can be.
pub(super) fn is_whole(parts: &[u64]) -> bool {
    let sum: u64 = parts.iter().sum();
    sum.abs_diff(PARTS) <= parts.len() as u64 / 2
}

/// The number of pieces of each claim. `total` times [`PARTS`] must not exceed 128 bits.
pub(super) fn split(total: u128, claims: &[Claim]) -> Vec<u64> {
    let whole = |units: u128, piece: u128| u64::try_from(units / piece.max(1)).unwrap_or(u64::MAX);
    let own = |claim: &Claim| {
        let share = total * u128::from(claim.parts);
        whole(share, claim.piece.saturating_mul(u128::from(PARTS)))
    };
    let mut pieces: Vec<u64> = claims.iter().map(own).collect();
    let cost = |(claim, pieces): (&Claim, &u64)| u128::from(*pieces) * claim.piece;
    if let Some(taker) = claims.iter().position(|claim| claim.takes_rest) {
        pieces[taker] = 0;
        let others: u128 = claims.iter().zip(&pieces).map(cost).sum();
        pieces[taker] = whole(total.saturating_sub(others), claims[taker].piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim(share: f64, piece: u128, takes_rest: bool) -> Claim {
        Claim {
            parts: parts(share),
            piece,
            takes_rest,
        }
    }

    #[test]
    fn by_hand() {
        // A third of 100 buys 4 steps of 7; the 72 left buy 24 tokens of 3.
        let claims = [claim(2.0 / 3.0, 3, true), claim(1.0 / 3.0, 7, false)];
        assert_eq!(split(100, &claims), [24, 4]);
        // Without a taker 100 - 98 is left.
        assert_eq!(split(100, &[claim(1.0, 7, false)]), [14]);
    }

    #[test]
    fn decimal_shares_are_exact() {
        // In floating point 0.2 * 3 is above 0.6 and 0.1 + 0.2 above 0.3; whole steps are neither lost nor won.
        assert_eq!(split(15, &[claim(0.2, 3, false)]), [1]);
        assert_eq!(
            split(30, &[claim(0.1, 3, false), claim(0.3, 9, false)]),
            [1, 1]
        );
        assert!(is_whole(&[0.1, 0.2, 0.7].map(parts)));
        assert!(is_whole(&[1.0 / 3.0; 3].map(parts)));
        assert!(!is_whole(&[0.3, 0.6].map(parts)));
        assert!(!is_whole(&[parts(0.999_999)]));
    }

    proptest! {
        /// All that is planned is the total up to less than one piece of the taker, never more; every other stage
        /// is within one piece of its share.
        #[test]
        fn the_total_is_spent_up_to_one_piece(
            total in 1_u128..1 << 64,
            beta in 0.0..=1.0_f64,
            token in 1_u128..1 << 12,
            step in 1_u128..1 << 40,
        ) {
            let rl = parts(beta);
            let claims = [
                Claim { parts: PARTS - rl, piece: token, takes_rest: true },
                Claim { parts: rl, piece: step, takes_rest: false },
            ];
            let pieces = split(total, &claims);
            let spent: u128 = claims.iter().zip(&pieces).map(|(c, p)| u128::from(*p) * c.piece).sum();
            prop_assert!(spent <= total && total - spent < token);
            let share = total * u128::from(rl);
            let planned = u128::from(pieces[1]) * step * u128::from(PARTS);
            prop_assert!(planned <= share && share - planned < step * u128::from(PARTS));
        }

        /// With any number of stages and any of them as the taker.
        #[test]
        fn several_stages_leave_less_than_one_piece_of_the_taker(
            total in 1_u128..1 << 64,
            stages in prop::collection::vec((0_u64..1000, 1_u128..1 << 30), 1..6),
            taker in any::<prop::sample::Index>(),
        ) {
            let weights: u64 = stages.iter().map(|(weight, _)| weight).sum::<u64>().max(1);
            let taker = taker.index(stages.len());
            let claims: Vec<Claim> = stages
                .iter()
                .enumerate()
                .map(|(index, (weight, piece))| Claim {
                    parts: parts(*weight as f64 / weights as f64),
                    piece: *piece,
                    takes_rest: index == taker,
                })
                .collect();
            let pieces = split(total, &claims);
            let cost = |index: usize| u128::from(pieces[index]) * claims[index].piece;
            let spent: u128 = (0..claims.len()).map(cost).sum();
            // Shares that were rounded up may exceed the whole by a billionth each.
            let slack = total * claims.len() as u128 / u128::from(PARTS);
            prop_assert!(spent <= total + slack);
            if spent <= total {
                prop_assert!(total - spent < claims[taker].piece);
            }
            for (index, claim) in claims.iter().enumerate().filter(|(index, _)| *index != taker) {
                let (share, cost) = (total * u128::from(claim.parts), cost(index) * u128::from(PARTS));
                prop_assert!(cost <= share && share - cost < claim.piece * u128::from(PARTS));
            }
        }
    }
}
