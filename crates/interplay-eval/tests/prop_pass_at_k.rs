//! Properties of the estimator and its intervals.

use interplay_eval::{PassAtK, pass_at_k};
use proptest::prelude::*;

proptest! {
    #[test]
    fn lies_between_0_and_1_and_grows_with_c_and_k(n in 1_u32..300, c: u32, k: u32) {
        let (c, k) = (c % (n + 1), 1 + k % n);
        let pass = pass_at_k(n, c, k);
        prop_assert!((0.0..=1.0).contains(&pass));
        if c < n {
            prop_assert!(pass_at_k(n, c + 1, k) >= pass);
        }
        if k < n {
            prop_assert!(pass_at_k(n, c, k + 1) >= pass - 1e-12);
        }
        prop_assert!((pass_at_k(n, c, 1) - f64::from(c) / f64::from(n)).abs() < 1e-12);
        prop_assert_eq!(pass_at_k(n, c, n), f64::from(u8::from(c > 0)));
    }

    #[test]
    fn the_interval_holds_the_estimate(
        n in 1_u32..40,
        right in prop::collection::vec(any::<u32>(), 1..60),
        k: u32,
    ) {
        let k = 1 + k % n;
        let pass = PassAtK::of(n, right.iter().map(|c| c % (n + 1)), k);
        prop_assert!(0.0 <= pass.low && pass.low <= pass.estimate);
        prop_assert!(pass.estimate <= pass.high && pass.high <= 1.0);
        prop_assert!(pass.low < pass.high);
    }
}
