//! Simulated coverage of the intervals of a mean of pass@k.

mod simulated;

use interplay_eval::PassAtK;
use simulated::{AUDIT, Rates, generator, right};

/// The true mean of pass@k.
fn truth_of(rates: Rates, k: u32) -> f64 {
    let once = |rate: f64| 1.0 - (1.0 - rate).powi(k as i32);
    let beta = |a: f64, b: f64| {
        let miss = |i| (b + f64::from(i)) / (a + b + f64::from(i));
        1.0 - (0..k).map(miss).product::<f64>()
    };
    match rates {
        Rates::Constant(rate) => once(rate),
        Rates::Beta(a, b) => beta(a, b),
        Rates::Two(share, first, second) => share * once(first) + (1.0 - share) * once(second),
        Rates::ZeroOrBeta22(zero) => (1.0 - zero) * beta(2.0, 2.0),
    }
}

fn coverage(name: &str, rates: Rates, (problems, samples, k): (u32, u32, u32), trials: u64) -> f64 {
    let truth = truth_of(rates, k);
    let covered = |trial: &u64| {
        let mut rng = generator(name, *trial);
        let counts = (0..problems).map(|_| {
            let rate = rates.draw(&mut rng);
            right(samples, rate, &mut rng)
        });
        let pass = PassAtK::of(samples, counts.collect::<Vec<_>>(), k);
        pass.low <= truth + 1e-12 && truth <= pass.high + 1e-12
    };
    (0..trials).filter(covered).count() as f64 / trials as f64
}

/// Whether coverage may lie above 97 %: all estimates are 0 or 1 (so that their sum takes whole
/// numbers only), next to all are the same, or problems are so few that the interval is cautious. Among
/// 24 problems it is so only where all have the same rate.
fn above(rates: Rates, problems: u32, k: u32) -> bool {
    let constant = matches!(rates, Rates::Constant(_));
    let saturated = matches!(rates, Rates::Constant(rate) if rate >= 0.5) && k > 1;
    let truth = truth_of(rates, k);
    let binary = matches!(rates, Rates::Two(_, 0.0, 1.0));
    let cautious = problems < 24 || (problems < 64 && (constant || k > 1));
    cautious || saturated || binary || truth.min(1.0 - truth) < 0.03
}

fn check(trials: u64, slack: f64, sizes: &[(u32, u32)]) {
    println!("| rate | samples | k | problems | coverage |\n|---|---|---|---|---|");
    let mut wrong = Vec::new();
    for (name, rates) in AUDIT {
        for (problems, samples) in sizes {
            for k in [1, 16] {
                let found = coverage(name, rates, (*problems, *samples, k), trials);
                let line = format!("| {name} | {samples} | {k} | {problems} | {found:.3} |");
                println!("{line}");
                let most = match above(rates, *problems, k) {
                    true => 1.0,
                    false => 0.97 + slack,
                };
                if !(0.93 - slack..=most).contains(&found) {
                    wrong.push(line);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The small grid, or with `INTERPLAY_FULL_GRID=1` the full one, which prints a table with
/// `-- --nocapture`.
#[test]
fn the_interval_covers_the_truth() {
    if std::env::var_os("INTERPLAY_FULL_GRID").is_some() {
        let sizes = [5, 24, 64, 256].map(|problems| [16, 64].map(|samples| (problems, samples)));
        // Two and a half standard errors of a share of 4,000.
        check(4000, 0.0085, sizes.as_flattened());
    } else {
        // The slack is two standard errors of a share of 600.
        check(600, 0.018, &[(5, 16), (24, 16), (64, 16), (64, 64)]);
    }
}

/// Kinds of problems that a small sample may miss altogether.
#[test]
fn a_kind_that_the_sample_misses_costs_little() {
    let rates = [
        ("two kinds", Rates::Two(0.3, 0.6, 0.01)),
        ("rare", Rates::Two(0.05, 0.3, 0.0)),
        ("mostly high", Rates::Two(0.85, 0.98, 0.2)),
    ];
    for (name, rates) in rates {
        for problems in [8, 16, 60] {
            for k in [1, 4] {
                let found = coverage(name, rates, (problems, 16, k), 2000);
                // 0.85^16 = 0.074 of samples show none of the hard problems.
                let least = match (name, problems) {
                    ("mostly high", 16) => 0.895,
                    _ => 0.925,
                };
                let most = if problems < 60 { 1.0 } else { 0.985 };
                assert!(
                    (least..=most).contains(&found),
                    "{name} {problems} {k}: {found}"
                );
            }
        }
    }
}

/// An evaluation fixes how many problems each op has: intervals that know the op cover as well and
/// are narrower.
#[test]
fn strata_narrow_the_interval_and_keep_its_coverage() {
    let easy_to_hard = [
        Rates::Constant(0.9),
        Rates::Beta(1.0, 1.0),
        Rates::Beta(0.3, 3.0),
        Rates::Constant(0.02),
    ];
    let solved_and_not = [
        Rates::Constant(1.0),
        Rates::Constant(0.0),
        Rates::Beta(1.0, 1.0),
        Rates::Constant(0.0),
    ];
    for (name, ops) in [
        ("easy to hard", easy_to_hard),
        ("solved and not", solved_and_not),
    ] {
        for (per_op, k) in [(6, 1), (24, 1), (24, 4), (64, 4)] {
            let truth = ops.iter().map(|rates| truth_of(*rates, k)).sum::<f64>() / 4.0;
            let (mut covered, mut narrower, trials) = (0, 0.0, 1000);
            for trial in 0..trials {
                let mut rng = generator(name, trial);
                let mut counts = Vec::new();
                for (op, rates) in ops.iter().enumerate() {
                    for _ in 0..per_op {
                        let rate = rates.draw(&mut rng);
                        counts.push((op, (16, right(16, rate, &mut rng))));
                    }
                }
                let pass = PassAtK::of_strata(counts.iter().copied(), k);
                let pooled = PassAtK::of_each(counts.iter().map(|(_, count)| *count), k);
                covered += u32::from(pass.low <= truth && truth <= pass.high);
                narrower += (pass.high - pass.low) / (pooled.high - pooled.low);
            }
            let share = f64::from(covered) / trials as f64;
            let ratio = narrower / trials as f64;
            println!("{name}, 4 x {per_op}, k {k}: {share:.3}, width x {ratio:.2}");
            assert!(share >= 0.93 - 0.014, "{name} {per_op} {k}: {share}");
            assert!(ratio < 0.8, "{name} {per_op} {k}: {ratio}");
        }
    }
}
