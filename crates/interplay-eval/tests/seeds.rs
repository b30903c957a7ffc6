//! Simulated coverage and error rates of comparisons over training seeds.

mod simulated;

use interplay_eval::{SeedsDifference, pass_at_k};
use rand::{Rng, RngExt};
use simulated::{AUDIT, generator, right};

/// A normal number, by Box and Muller.
fn normal(rng: &mut impl Rng) -> f64 {
    let (radius, angle) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

/// A simulated comparison: which design, with which spreads.
#[derive(Debug, Clone, Copy)]
enum Design {
    Paired,
    PairedBootstrap,
    Independent,
    Nested,
}

/// The variances of the mean that seeds, problems and neither contribute, relative to one another.
const RATIOS: [[f64; 3]; 8] = [
    [0.0, 0.0, 1.0],
    [0.0, 1.0, 0.0],
    [1.0, 0.0, 0.0],
    [0.1, 1.0, 1.0],
    [0.3, 1.0, 0.0],
    [1.0, 1.0, 0.0],
    [3.0, 1.0, 0.0],
    [2.0, 1.0, 1.0],
];

/// A comparison where the true difference is zero.
fn simulate(
    design: Design,
    (seeds, problems): (usize, usize),
    [of_seeds, of_problems, rest]: [f64; 3],
    trial: u64,
) -> SeedsDifference {
    let name = format!("{design:?} {seeds} {problems} {of_seeds} {of_problems} {rest}");
    let mut rng = generator(&name, trial);
    let (s, p) = (seeds as f64, problems as f64);
    // The mean has a standard deviation of 0.03, so that nothing reaches the ends of the scale.
    let scale = 0.03 / (of_seeds + of_problems + rest).sqrt();
    let deviation = |share: f64, number: f64| scale * (share * number).sqrt();
    let (shift, effect) = (deviation(of_seeds, s), deviation(of_problems, p));
    let noise = deviation(rest, s * p);
    let mut effects = |deviation: f64| -> Vec<f64> {
        (0..problems)
            .map(|_| deviation * normal(&mut rng))
            .collect()
    };
    let common = effects(effect);
    let mut rng = generator(&name, trial + (1 << 40));
    let mut arm = |common: &[f64], factor: f64| -> Vec<Vec<f64>> {
        let mut one = |_| {
            let moved = factor * shift * normal(&mut rng);
            let score = |effect: &f64| effect + moved + factor * noise * normal(&mut rng);
            common.iter().map(score).collect()
        };
        (0..seeds).map(&mut one).collect()
    };
    let strata = vec![(); problems];
    match design {
        Design::Paired => SeedsDifference::paired(&arm(&common, 1.0), &strata),
        Design::PairedBootstrap => {
            SeedsDifference::paired_bootstrap(&arm(&common, 1.0), &strata, 200, trial)
        }
        Design::Independent => {
            // What the arms differ by on a problem, and what problems have anyway.
            let hard = effects(0.2);
            let moved: Vec<f64> = hard.iter().zip(&common).map(|(h, c)| h + c).collect();
            let factor = 0.5_f64.sqrt();
            let left = arm(&hard, factor);
            SeedsDifference::independent(&left, &arm(&moved, factor), &strata)
        }
        Design::Nested => {
            let none = vec![0.0; problems];
            let gains: Vec<Vec<((), f64)>> = arm(&none, 1.0)
                .into_iter()
                .map(|seed| seed.into_iter().zip(effects(s.sqrt() * effect)))
                .map(|pairs| pairs.map(|(gain, effect)| ((), gain + effect)).collect())
                .collect();
            SeedsDifference::nested(&gains)
        }
    }
    .unwrap()
}

fn check(trials: u64, sizes: &[(usize, usize)]) {
    println!(
        "| design | seeds | problems | seeds : problems : rest | coverage | p <= 0.05 | width |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut wrong = Vec::new();
    // Three standard errors of that many trials.
    let slack = 3.0 * (0.05 * 0.95 / trials as f64).sqrt();
    for design in [
        Design::Paired,
        Design::PairedBootstrap,
        Design::Independent,
        Design::Nested,
    ] {
        for size in sizes {
            for ratios in RATIOS {
                let (mut covered, mut positive, mut width) = (0, 0, 0.0);
                for trial in 0..trials {
                    let found = simulate(design, *size, ratios, trial);
                    let holds = found.low <= 0.0 && 0.0 <= found.high;
                    covered += u32::from(holds);
                    // The same decision twice.
                    positive += u32::from(found.p_value <= 0.05);
                    width += (found.high - found.low) / (0.06 * 1.96);
                }
                let share = |count: u32| f64::from(count) / trials as f64;
                let (covered, positive) = (share(covered), share(positive));
                let line = format!(
                    "| {design:?} | {} | {} | {ratios:?} | {covered:.3} | {positive:.3} | {:.2} |",
                    size.0,
                    size.1,
                    width / trials as f64
                );
                println!("{line}");
                if covered < 0.95 - slack || positive > 0.05 + slack {
                    wrong.push(line);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A rate after a shift of its logit.
fn moved(rate: f64, by: f64) -> f64 {
    match rate > 0.0 && rate < 1.0 {
        true => 1.0 / (1.0 + (1.0 - rate) / rate * (-by).exp()),
        false => rate,
    }
}

/// Right minus left, by seed and problem.
fn gains_of(left: &[Vec<f64>], right: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let gain = |(left, right): (&Vec<f64>, &Vec<f64>)| {
        right.iter().zip(left).map(|(r, l)| r - l).collect()
    };
    left.iter().zip(right).map(gain).collect()
}

/// pass@k of 16 samples, where seeds and what a seed does to a problem shift the logits of both arms alike:
/// the gains are skewed and discrete, and the true difference is zero.
#[test]
fn counts_of_right_samples_find_no_difference_either() {
    let named = |name| AUDIT.into_iter().find(|(found, _)| *found == name).unwrap();
    let mut wrong = Vec::new();
    for (name, rates) in ["0.02", "uniform", "Beta(0.3, 3)", "0.7 zero, Beta(2, 2)"].map(named) {
        for (of_seeds, k) in [(0.0, 1), (0.3, 1), (0.3, 16), (1.0, 4)] {
            for (seeds, problems) in [(3, 24), (3, 96), (5, 24)] {
                let trials = 300;
                let mut positive = [0_u32; 3];
                for trial in 0..trials {
                    let mut rng = generator(name, trial);
                    let mut problems_of =
                        |_| -> Vec<f64> { (0..problems).map(|_| rates.draw(&mut rng)).collect() };
                    let own: Vec<Vec<f64>> = (0..seeds).map(&mut problems_of).collect();
                    let shared = vec![own[0].clone(); seeds];
                    let mut arm = |rates: &[Vec<f64>]| -> Vec<Vec<f64>> {
                        let mut one = |rates: &Vec<f64>| {
                            let shift = of_seeds * normal(&mut rng);
                            let score = |rate: &f64| {
                                let rate = moved(*rate, shift + 0.3 * normal(&mut rng));
                                pass_at_k(16, right(16, rate, &mut rng), k)
                            };
                            rates.iter().map(score).collect()
                        };
                        rates.iter().map(&mut one).collect()
                    };
                    let (left, right) = (arm(&shared), arm(&shared));
                    let gains = gains_of(&left, &right);
                    let alone = |seed: Vec<f64>| seed.into_iter().map(|gain| ((), gain)).collect();
                    let own = gains_of(&arm(&own), &arm(&own));
                    let own: Vec<Vec<((), f64)>> = own.into_iter().map(alone).collect();
                    let strata = vec![(); problems];
                    let found = [
                        SeedsDifference::paired(&gains, &strata),
                        SeedsDifference::independent(&left, &right, &strata),
                        SeedsDifference::nested(&own),
                    ];
                    for (count, found) in positive.iter_mut().zip(found) {
                        let found = found.unwrap();
                        *count += u32::from(found.p_value <= 0.05);
                        let outside = found.low > 0.0 || found.high < 0.0;
                        assert_eq!(outside, found.p_value < 0.05, "{found:?}");
                    }
                }
                let shares = positive.map(|count| f64::from(count) / trials as f64);
                let line = format!("{name} {of_seeds} @{k} {seeds} {problems}: {shares:?}");
                println!("{line}");
                // Three standard errors of 300 trials.
                if shares.iter().any(|share| *share > 0.05 + 0.038) {
                    wrong.push(line);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The minimum detectable effect is one that 80 % of comparisons show, at about the spread at hand.
#[test]
fn detects_what_it_says_it_detects() {
    for design in [Design::Paired, Design::Nested] {
        let trials = 600;
        let found: Vec<SeedsDifference> = (0..trials)
            .map(|trial| simulate(design, (10, 96), [1.0, 1.0, 0.5], trial))
            .collect();
        let mean = found.iter().map(|found| found.detectable).sum::<f64>() / trials as f64;
        // Differences of that size instead of none: the interval moves along.
        let shown = found.iter().filter(|found| found.low + mean > 0.0).count();
        let power = shown as f64 / trials as f64;
        println!("{design:?}: {mean:.4} in {power:.3}");
        assert!((0.74..=0.88).contains(&power), "{design:?}: {power}");
    }
}

/// The small grid, or with `INTERPLAY_FULL_GRID=1` the full one, which prints a table with
/// `-- --nocapture`.
#[test]
fn covers_the_truth_and_rarely_finds_what_is_not_there() {
    if std::env::var_os("INTERPLAY_FULL_GRID").is_some() {
        let sizes = [2, 3, 5, 10].map(|seeds| [24, 96].map(|problems| (seeds, problems)));
        check(1000, sizes.as_flattened());
    } else {
        check(200, &[(3, 24), (5, 96), (10, 24)]);
    }
}

/// Seeds whose problems are drawn from a small pool, so that any two have a share of them in common.
#[test]
fn problems_in_common_find_no_difference_either() {
    let mut wrong = Vec::new();
    let trials = 200;
    for (seeds, problems) in [(3, 24), (10, 24), (5, 96)] {
        for share in [0.0, 0.25, 0.5, 1.0] {
            // What the gain of a problem has in common with all seeds, and what with one.
            for (effect, noise) in [(0.3, 0.0), (0.2, 0.2)] {
                let name = format!("common {seeds} {problems} {share} {effect}");
                let (mut positive, mut width) = ([0, 0], [0.0, 0.0]);
                for trial in 0..trials {
                    let mut rng = generator(&name, trial);
                    let common = (share * problems as f64).round() as usize;
                    let effects: Vec<f64> =
                        (0..common).map(|_| effect * normal(&mut rng)).collect();
                    let mut row = |seed: usize| -> Vec<((), (usize, usize), f64)> {
                        let one = |i: usize| match effects.get(i) {
                            Some(effect) => ((), (0, i), effect + noise * normal(&mut rng)),
                            None => {
                                let own = effect * normal(&mut rng) + noise * normal(&mut rng);
                                ((), (seed, i), own)
                            }
                        };
                        (0..problems).map(one).collect()
                    };
                    let gains: Vec<Vec<_>> = (1..=seeds).map(&mut row).collect();
                    let alone: Vec<Vec<((), f64)>> = gains
                        .iter()
                        .map(|seed| seed.iter().map(|(_, _, gain)| ((), *gain)).collect())
                        .collect();
                    let found = [
                        SeedsDifference::nested_named(&gains).unwrap(),
                        SeedsDifference::nested(&alone).unwrap(),
                    ];
                    for ((count, width), found) in positive.iter_mut().zip(&mut width).zip(found) {
                        *count += u32::from(found.p_value <= 0.05);
                        *width += found.high - found.low;
                    }
                }
                let [known, unknown] =
                    positive.map(|count| f64::from(count) / f64::from(trials as u32));
                let wider = width[0] / width[1];
                let line =
                    format!("{name}: {known:.3}, as if apart {unknown:.3}, width x {wider:.2}");
                println!("{line}");
                // Three standard errors of 200 trials.
                if known > 0.05 + 0.046 {
                    wrong.push(line);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
