//! Problems with success rates of their own, for tests that simulate evaluations.

use std::f64::consts::FRAC_PI_2;

use interplay_graph::SeedStreams;
use rand::{Rng, RngExt};

/// A distribution of the success rate over problems.
#[derive(Clone, Copy)]
pub enum Rates {
    /// The same for all.
    Constant(f64),
    /// Beta(a, b).
    Beta(f64, f64),
    /// The first rate with this probability, otherwise the second.
    Two(f64, f64, f64),
    /// Zero with this probability, otherwise Beta(2, 2).
    ZeroOrBeta22(f64),
}

/// The eleven distributions of the audit, by name.
pub const AUDIT: [(&str, Rates); 11] = [
    ("0.02", Rates::Constant(0.02)),
    ("0.1", Rates::Constant(0.1)),
    ("0.5", Rates::Constant(0.5)),
    ("0.9", Rates::Constant(0.9)),
    ("0.98", Rates::Constant(0.98)),
    ("uniform", Rates::Beta(1.0, 1.0)),
    ("Beta(0.5, 0.5)", Rates::Beta(0.5, 0.5)),
    ("Beta(0.3, 3)", Rates::Beta(0.3, 3.0)),
    ("0 or 1", Rates::Two(0.5, 0.0, 1.0)),
    ("0.05 or 0.8", Rates::Two(0.5, 0.05, 0.8)),
    ("0.7 zero, Beta(2, 2)", Rates::ZeroOrBeta22(0.7)),
];

impl Rates {
    /// Draws a problem's rate.
    pub fn draw(self, rng: &mut impl Rng) -> f64 {
        let mut uniform = || rng.random::<f64>();
        match self {
            Self::Constant(rate) => rate,
            Self::Beta(a, b) if a == 0.5 && b == 0.5 => (uniform() * FRAC_PI_2).sin().powi(2),
            Self::Beta(a, b) => loop {
                // Joehnk's method.
                let (x, y) = (uniform().powf(1.0 / a), uniform().powf(1.0 / b));
                if x + y > 0.0 && x + y <= 1.0 {
                    break x / (x + y);
                }
            },
            Self::Two(share, first, _) if uniform() < share => first,
            Self::Two(_, _, second) => second,
            Self::ZeroOrBeta22(zero) if uniform() < zero => 0.0,
            Self::ZeroOrBeta22(_) => {
                // The median of three uniform numbers.
                let mut three = [uniform(), uniform(), uniform()];
                three.sort_by(f64::total_cmp);
                three[1]
            }
        }
    }
}

/// How many of `samples` are right.
pub fn right(samples: u32, rate: f64, rng: &mut impl Rng) -> u32 {
    (0..samples)
        .map(|_| u32::from(rng.random::<f64>() < rate))
        .sum()
}

/// The generator of a trial of a named simulation.
pub fn generator(name: &str, trial: u64) -> impl Rng + use<> {
    SeedStreams::new(1).stream(name).rng(trial)
}
