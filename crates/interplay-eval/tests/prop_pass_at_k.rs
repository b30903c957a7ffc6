//! Properties of the estimator and its intervals.

use interplay_eval::{PassAtK, pass_at_k};
use interplay_graph::SeedStreams;
use proptest::prelude::*;
use rand::RngExt;

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

type Rate = fn(f64) -> f64;
type Case = (&'static str, usize, i32, Rate);

/// Distributions of the success rate, by its quantile, over few and many problems.
fn cases() -> Vec<Case> {
    let rates: [(&str, Rate); 4] = [
        ("spread", |u| u),
        ("two kinds", |u| if u < 0.3 { 0.6 } else { 0.01 }),
        ("rare", |u| if u < 0.05 { 0.3 } else { 0.0 }),
        ("mostly high", |u| if u < 0.85 { 0.98 } else { 0.2 }),
    ];
    let mut cases = Vec::new();
    for (name, draw) in rates {
        for problems in [8, 16, 60] {
            cases.extend([1, 4].map(|k| (name, problems, k, draw)));
        }
    }
    cases
}

/// Problems with success rates of their own, 2,000 evaluations: the true mean lies in the
/// interval in about 95 % of them.
#[test]
fn the_interval_covers_the_truth() {
    let samples = 16;
    for (name, problems, k, draw) in cases() {
        let power = |p: f64| 1.0 - (1.0 - p).powi(k);
        // The mean of pass@k over many problems.
        let truth = (0..100_000)
            .map(|i| power(draw((f64::from(i) + 0.5) / 1e5)))
            .sum::<f64>()
            / 1e5;
        let stream = SeedStreams::new(1).stream(name);
        let mut covered = 0;
        for trial in 0..2000 {
            let mut rng = stream.rng(trial);
            let right: Vec<u32> = (0..problems)
                .map(|_| {
                    let p = draw(rng.random::<f64>());
                    (0..samples)
                        .map(|_| u32::from(rng.random::<f64>() < p))
                        .sum()
                })
                .collect();
            let pass = PassAtK::of(samples, right, k as u32);
            covered += u32::from(pass.low <= truth && truth <= pass.high);
        }
        let coverage = f64::from(covered) / 2000.0;
        println!("{name}, {problems} problems, k {k}: the 95 % interval covers {coverage}");
        let most = if problems < 60 { 1.0 } else { 0.995 };
        assert!(
            (0.925..=most).contains(&coverage),
            "{name} {problems} {k}: {coverage}"
        );
    }
}
