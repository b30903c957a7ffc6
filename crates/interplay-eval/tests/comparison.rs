//! Simulated error rates of the paired comparison and of sharpened / extended / neither.

mod simulated;

use interplay_eval::{
    Change, EvalSettings, Evaluation, ItemScore, Measure, OverSeeds, PairedDifference, SeedPair,
    SeedsSharpening, Sharpening, paired_difference, pass_at_k, sharpening,
};
use rand::{Rng, RngExt};
use simulated::{AUDIT, Rates, generator, right};

/// How the right side's rate follows from the left side's.
#[derive(Debug, Clone, Copy)]
enum Effect {
    /// The same.
    None,
    /// Every logit 0.7 higher.
    Shift,
    /// A tenth of the problems move by two logits, half of them up and half down.
    Sparse,
}

impl Effect {
    fn apply(self, rate: f64, rng: &mut impl Rng) -> f64 {
        let moved = |by: f64| match rate > 0.0 && rate < 1.0 {
            true => 1.0 / (1.0 + ((1.0 - rate) / rate).ln().exp() * (-by).exp()),
            false => rate,
        };
        match self {
            Self::None => rate,
            Self::Shift => moved(0.7),
            Self::Sparse => match rng.random::<f64>() {
                lot if lot < 0.05 => moved(2.0),
                lot if lot < 0.1 => moved(-2.0),
                _ => rate,
            },
        }
    }
}

/// Coverage of the interval and the share of p-values of at most 5 %.
fn rates_of(
    (name, rates, effect): (&str, Rates, Effect),
    (problems, samples, k): (u32, u32, u32),
    trials: u64,
) -> (f64, f64) {
    let mut rng = generator(name, u64::MAX);
    let gain = |rng: &mut _| {
        let rate = rates.draw(rng);
        let after = effect.apply(rate, rng);
        (1.0 - rate).powi(k as i32) - (1.0 - after).powi(k as i32)
    };
    let truth = (0..200_000).map(|_| gain(&mut rng)).sum::<f64>() / 2e5;
    let (mut covered, mut positive) = (0, 0);
    for trial in 0..trials {
        let mut rng = generator(name, trial);
        let differences = (0..problems).map(|_| {
            let rate = rates.draw(&mut rng);
            let after = effect.apply(rate, &mut rng);
            let [before, after] =
                [rate, after].map(|rate| pass_at_k(samples, right(samples, rate, &mut rng), k));
            ((), after - before)
        });
        let found = PairedDifference::of(differences.collect::<Vec<_>>(), k).unwrap();
        covered += u32::from(found.low <= truth && truth <= found.high);
        positive += u32::from(found.p_value.unwrap() <= 0.05);
    }
    let share = |count: u32| f64::from(count) / trials as f64;
    (share(covered), share(positive))
}

fn check(trials: u64, slack: f64, sizes: &[(u32, u32)]) {
    println!("| effect | rate | samples | k | problems | coverage | p <= 0.05 |");
    println!("|---|---|---|---|---|---|---|");
    let mut wrong = Vec::new();
    for effect in [Effect::None, Effect::Shift, Effect::Sparse] {
        for (name, rates) in AUDIT {
            for (problems, samples) in sizes {
                for k in [1, 16] {
                    let cell = (*problems, *samples, k);
                    let (covered, positive) = rates_of((name, rates, effect), cell, trials);
                    let line = format!(
                        "| {effect:?} | {name} | {samples} | {k} | {problems} | {covered:.3} | {positive:.3} |"
                    );
                    println!("{line}");
                    let false_positive = matches!(effect, Effect::None) && positive > 0.05 + slack;
                    if covered < 0.93 - slack || false_positive {
                        wrong.push(line);
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The small grid, or with `INTERPLAY_FULL_GRID=1` the full one, which prints a table with
/// `-- --nocapture`.
#[test]
fn covers_the_truth_and_rarely_finds_what_is_not_there() {
    if std::env::var_os("INTERPLAY_FULL_GRID").is_some() {
        let sizes = [5, 24, 64].map(|problems| [16, 64].map(|samples| (problems, samples)));
        check(400, 0.024, sizes.as_flattened());
    } else {
        check(250, 0.032, &[(5, 16), (24, 16)]);
    }
}

/// Small fractional differences among 24 problems: the interval is Student's, and little more.
#[test]
fn small_differences_do_not_widen_the_interval() {
    for (scale, most) in [(1.0, 1.04), (0.5, 1.07), (0.3, 1.15)] {
        let difference = |i: u32| scale * (f64::from(i * 7 % 24) - 11.5) / 48.0;
        let gain = PairedDifference::of((0..24).map(|i| ((), difference(i))), 1).unwrap();
        let ratio = (gain.high - gain.low) / (2.0 * 2.0687 * gain.standard_error);
        assert!((1.0..most).contains(&ratio), "{scale}: {ratio}");
    }
}

/// The minimum detectable effect is one that 80 % of comparisons show.
#[test]
fn detects_what_it_says_it_detects() {
    let (trials, mut shown) = (400, 0);
    // 60 problems, differences spread evenly over 0.4, whose standard deviation is 0.4 / sqrt(12).
    let deviation = 0.4 / 12.0_f64.sqrt();
    let effect = (2.0 + 0.848) * deviation / 60.0_f64.sqrt();
    for trial in 0..trials {
        let mut rng = generator("power", trial);
        let gain = (0..60).map(|_| ((), effect + 0.4 * (rng.random::<f64>() - 0.5)));
        let found = PairedDifference::of(gain.collect::<Vec<_>>(), 1).unwrap();
        assert!((found.detectable.unwrap() / effect - 1.0).abs() < 0.45);
        shown += u32::from(found.p_value.unwrap() <= 0.05);
    }
    let power = f64::from(shown) / trials as f64;
    assert!((0.74..=0.86).contains(&power), "{power}");
}

/// The child's rate from the parent's, and from random numbers.
type Child = fn(f64, &mut dyn FnMut() -> f64) -> f64;

/// Comparisons of 48 problems.
fn changes(name: &str, rates: Rates, child: Child) -> Vec<Sharpening> {
    changes_of(name, (48, 200), rates, child)
}

fn changes_of(
    name: &str,
    (problems, trials): (u64, u64),
    rates: Rates,
    child: Child,
) -> Vec<Sharpening> {
    let settings = EvalSettings {
        completions: 16,
        ks: vec![1, 4, 16],
        ..EvalSettings::default()
    };
    let one = |trial| {
        let mut rng = generator(name, trial);
        let (mut parents, mut children) = (Vec::new(), Vec::new());
        for id in 0..problems {
            let rate = rates.draw(&mut rng);
            let after = child(rate, &mut || rng.random::<f64>());
            let item = |verified| ItemScore {
                id,
                verified,
                answers: verified,
                ..ItemScore::default()
            };
            parents.push(item(right(16, rate, &mut rng)));
            children.push(item(right(16, after, &mut rng)));
        }
        let [parent, child] = [parents, children]
            .map(|items| Evaluation::from_scores(&settings, "strict", items).unwrap());
        sharpening(&parent, &child, Measure::Verified, |_| true).unwrap()
    };
    (0..trials).map(one).collect()
}

fn share_of(found: &[Sharpening], change: Change) -> f64 {
    found.iter().filter(|found| found.change == change).count() as f64 / found.len() as f64
}

#[test]
fn an_unchanged_model_is_neither() {
    for (name, rates) in AUDIT {
        let found = changes(name, rates, |rate, _| rate);
        let neither = share_of(&found, Change::Neither);
        // Two one-sided tests at 2.5 %; 0.031 is two standard errors of 200 trials.
        assert!(neither >= 0.95 - 0.031, "{name}: {neither}");
        let narrowed = share_where(&found, |found| found.narrowed);
        // One one-sided test at 2.5 %; again two standard errors.
        assert!(narrowed <= 0.025 + 0.022, "{name}: {narrowed}");
    }
    // What is newly solved is what luck gives, whatever the rates are.
    for (name, rates) in AUDIT {
        let found = changes(name, rates, |rate, _| rate);
        let mean =
            |of: fn(&Sharpening) -> f64| found.iter().map(of).sum::<f64>() / found.len() as f64;
        let (new, luck) = (
            mean(|found| found.share.estimate),
            mean(|found| found.luck_share),
        );
        assert!((new - luck).abs() < 0.015, "{name}: {new} {luck}");
        let rare = |found: &&Sharpening| found.luck_p_value <= 0.05;
        let share = found.iter().filter(rare).count() as f64 / found.len() as f64;
        println!("{name}: newly solved {new:.4}, by luck {luck:.4}, p <= 0.05 in {share:.3}");
        assert!(share <= 0.05 + 0.031, "{name}: {share}");
    }
}

/// Sixteen samples on the left, 128 on the right: pass@16 saturates on the left alone.
#[test]
fn unequal_numbers_of_samples_find_nothing_either() {
    for (name, rates) in AUDIT {
        for k in [1, 16] {
            let mut positive = 0;
            for trial in 0..300 {
                let mut rng = generator(name, 50_000 + trial);
                let (mut few, mut many) = (Vec::new(), Vec::new());
                for id in 0..24 {
                    let rate = rates.draw(&mut rng);
                    let item = |verified| ItemScore {
                        id,
                        verified,
                        ..ItemScore::default()
                    };
                    few.push(item(right(16, rate, &mut rng)));
                    many.push(item(right(128, rate, &mut rng)));
                }
                let evaluation = |completions, items| {
                    let settings = EvalSettings {
                        completions,
                        ks: vec![1, 16],
                        ..EvalSettings::default()
                    };
                    Evaluation::from_scores(&settings, "strict", items).unwrap()
                };
                let (few, many) = (evaluation(16, few), evaluation(128, many));
                let gain = paired_difference(&few, &many, k, Measure::Verified, |_| true);
                positive += u32::from(gain.unwrap().p_value.unwrap() <= 0.05);
            }
            // Three standard errors of 300 trials; flipped signs alone find something in all of them
            // where rates of 0.5 saturate.
            let share = f64::from(positive) / 300.0;
            assert!(share <= 0.05 + 0.038, "{name} {k}: {share}");
        }
    }
}

fn share_where(found: &[Sharpening], holds: impl Fn(&Sharpening) -> bool) -> f64 {
    found.iter().filter(|found| holds(found)).count() as f64 / found.len() as f64
}

#[test]
fn tells_sharpening_from_extension() {
    // Two fifths of the problems are out of reach; the others, right in 15 %, become right in 60 %.
    let rates = Rates::Two(0.4, 0.0, 0.15);
    for size in [(48, 200), (400, 100)] {
        let sharper = changes_of("sharper", size, rates, |rate, _| 4.0 * rate);
        // pass@16 of what is solved rises from 0.93 to 1, which 400 problems show.
        let sharpened = share_of(&sharper, Change::Sharpened);
        let rose = share_where(&sharper, |found| found.pass_k.low > 0.0);
        println!("{size:?}: sharpened {sharpened:.3}, pass@16 rose {rose:.3}");
        assert!(sharpened > 0.9, "{size:?}: {sharpened}");
        assert!(size.0 < 400 || rose > 0.9, "{rose}");
        let beyond_luck = share_where(&sharper, |found| found.luck_p_value <= 0.05);
        assert!(beyond_luck < 0.1, "{size:?}: {beyond_luck}");
        // Three of five problems that were out of reach become right in 15 % or in 40 %.
        let wider = changes_of("wider", size, rates, |rate, lot| {
            let reached = rate == 0.0 && lot() < 0.6;
            if reached { 0.15 } else { rate }
        });
        let farther = changes_of("farther", size, rates, |rate, lot| {
            let reached = rate == 0.0 && lot() < 0.6;
            if reached { 0.4 } else { rate }
        });
        let extended = [wider, farther].map(|found| share_of(&found, Change::Extended));
        println!("{size:?}: extended {extended:?}");
        let least = if size.0 == 400 { 0.99 } else { 0.5 };
        assert!(extended.iter().all(|share| *share > least), "{extended:?}");
    }
    // Rates that 16 samples saturate: pass@16 is 1 before and after.
    let saturated = changes("saturated", Rates::Constant(0.5), |_, _| 0.7);
    assert!(share_of(&saturated, Change::Sharpened) > 0.99);
    // A third of what was right in 15 % becomes right always, the rest never.
    let narrower = changes("narrower", rates, |rate, lot| match rate > 0.0 {
        true if lot() < 0.33 => 1.0,
        _ => 0.0,
    });
    assert!(share_where(&narrower, |found| found.narrowed) > 0.9);
    assert!(share_of(&narrower, Change::Extended) < 0.01);
}

/// Three seeds with the same 48 problems, each with a parent and a child.
fn over_seeds(trial: u64, name: &str, child: Child) -> SeedsSharpening {
    let rates = Rates::Two(0.4, 0.0, 0.15);
    let settings = EvalSettings {
        completions: 16,
        ks: vec![1, 16],
        ..EvalSettings::default()
    };
    let mut rng = generator(name, trial);
    let before: Vec<f64> = (0..48).map(|_| rates.draw(&mut rng)).collect();
    let after = before.iter().map(|rate| child(*rate, &mut || rng.random()));
    let after: Vec<f64> = after.collect();
    let mut evaluation = |rates: &[f64]| {
        let item = |(id, rate): (u64, &f64)| ItemScore {
            id,
            verified: right(16, *rate, &mut rng),
            ..ItemScore::default()
        };
        let items = (0..).zip(rates).map(item).collect();
        Evaluation::from_scores(&settings, "strict", items).unwrap()
    };
    let arms: Vec<_> = (0..3)
        .map(|_| (evaluation(&before), evaluation(&after)))
        .collect();
    let pairs = (0..).zip(&arms).map(|(seed, (before, after))| SeedPair {
        seed,
        before,
        after,
    });
    let seeds = OverSeeds::new(pairs.collect(), false).unwrap();
    seeds.sharpening(Measure::Verified, |_| true).unwrap()
}

#[test]
fn tells_sharpening_from_extension_over_seeds() {
    let shares = |name: &str, child: Child, change: Change| {
        let found = (0..100).map(|trial| over_seeds(trial, name, child));
        let share = found.filter(|found| found.change == change).count() as f64 / 100.0;
        println!("{name}: {change} {share}");
        share
    };
    // Two standard errors of 100 trials.
    assert!(shares("seeds same", |rate, _| rate, Change::Neither) >= 0.95 - 0.044);
    assert!(shares("seeds sharper", |rate, _| 4.0 * rate, Change::Sharpened) > 0.9);
    let farther: Child = |rate, lot| {
        let reached = rate == 0.0 && lot() < 0.8;
        if reached { 0.4 } else { rate }
    };
    assert!(shares("seeds farther", farther, Change::Extended) > 0.9);
}
