//! Tokens from one row of logits: temperature, top-k, top-p.
//!
//! Source: Holtzman et al. 2020 (arXiv 1904.09751) for top-p. As in `transformers`, top-k comes before
//! top-p, and top-p sees the distribution that top-k left.

use rand::Rng;

use crate::error::ModelError;
use crate::ops::CacheNumbers;
use crate::vectorised::{LANES, exp, largest, vectorised};

/// How continuations are drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplingSettings {
    /// New tokens at most.
    pub max_new_tokens: usize,
    /// Divides the logits; zero takes the most likely token.
    pub temperature: f64,
    /// Draw among the most likely tokens that together reach this probability; 1 is all.
    pub top_p: f64,
    /// Draw among this many most likely tokens; 0 is all.
    pub top_k: usize,
    /// Tokens that end a continuation; they are part of it.
    pub stop: Vec<u32>,
    /// Sequences that run at the same time at most.
    pub max_rows: usize,
    /// Bytes that the key and value caches of all running sequences take at most; where they would take more,
    /// fewer sequences run at the same time. A backend that composes the cache operations needs a copy of one
    /// layer's cache on top.
    pub max_cache_bytes: u64,
    /// What the caches keep.
    pub cache_numbers: CacheNumbers,
}

impl Default for SamplingSettings {
    fn default() -> Self {
        Self {
            max_new_tokens: 128,
            temperature: 1.0,
            top_p: 1.0,
            top_k: 0,
            stop: Vec::new(),
            max_rows: 1024,
            max_cache_bytes: 1 << 30,
            cache_numbers: CacheNumbers::default(),
        }
    }
}

impl SamplingSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// [`ModelError::InvalidSampling`] for the first setting outside its range.
    pub fn validate(&self) -> Result<(), ModelError> {
        let problem = |field, found: String, expected| {
            Err(ModelError::InvalidSampling {
                field,
                found,
                expected,
            })
        };
        let usable =
            |temperature: f64| temperature == 0.0 || (1.0 / temperature) as f32 <= f32::MAX;
        let finite = self.temperature.is_finite() && self.temperature >= 0.0;
        if !(finite && usable(self.temperature)) {
            return problem(
                "temperature",
                self.temperature.to_string(),
                "0, or a finite number of at least 1e-38",
            );
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return problem(
                "top_p",
                self.top_p.to_string(),
                "a number above 0 and up to 1",
            );
        }
        if self.max_rows == 0 {
            return problem("max_rows", "0".to_owned(), "at least 1");
        }
        Ok(())
    }
}

/// What is drawn from after a row of logits.
#[derive(Debug)]
pub(crate) struct Distribution {
    /// Each token's weight at the temperature, relative to the largest.
    weights: Vec<f32>,
    /// Sum of all weights.
    sum: f64,
    choice: Choice,
    /// Each token's logit at the temperature, less the largest.
    shifted: Vec<f32>,
}

/// Which tokens can be drawn.
#[derive(Debug)]
enum Choice {
    /// This one.
    Greedy(usize),
    All,
    /// These, which have this weight together.
    Among(Vec<usize>, f64),
}

impl Distribution {
    /// `None` if the logits are not finite.
    pub fn new(logits: &[f32], settings: &SamplingSettings) -> Option<Self> {
        let greedy = settings.temperature == 0.0;
        let inverse = match greedy {
            true => 1.0,
            false => (1.0 / settings.temperature) as f32,
        };
        let mut shifted = vec![0.0; logits.len()];
        let mut weights = vec![0.0; logits.len()];
        let sum = weigh(logits, inverse, &mut shifted, &mut weights);
        if !sum.is_finite() {
            return None;
        }
        let choice = match greedy {
            true => Choice::Greedy(shifted.iter().position(|&logit| logit == 0.0)?),
            false => choose(&weights, settings),
        };
        Some(Self {
            weights,
            sum,
            choice,
            shifted,
        })
    }

    /// A token and its log-probability under the temperature alone, before top-k and top-p (for greedy choice:
    /// at temperature 1).
    pub fn draw(&self, rng: &mut impl Rng) -> (u32, f32) {
        let mut uniform = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let token = match &self.choice {
            Choice::Greedy(token) => *token,
            Choice::All => walk(0..self.weights.len(), &self.weights, uniform() * self.sum),
            Choice::Among(tokens, sum) => {
                walk(tokens.iter().copied(), &self.weights, uniform() * sum)
            }
        };
        let log_prob = f64::from(self.shifted[token]) - self.sum.ln();
        (token as u32, log_prob as f32)
    }
}

vectorised! {
    /// Fills the scaled logits less the largest, and their exponentials; gives the sum of those, which is not
    /// finite where a logit is NaN or none is finite.
    fn weigh(logits: &[f32], scale: f32, shifted: &mut [f32], weights: &mut [f32]) -> f64 {
        let max = largest(logits) * scale;
        for ((logit, shifted), weight) in logits.iter().zip(&mut *shifted).zip(&mut *weights) {
            *shifted = logit * scale - max;
            // What cannot be drawn weighs nothing, instead of the smallest number.
            let value = exp::<FMA>(*shifted);
            *weight = if *shifted < -87.0 { 0.0 } else { value };
        }
        let mut sums = [0.0f64; LANES];
        let (whole, rest) = weights.as_chunks::<LANES>();
        for weights in whole {
            for lane in 0..LANES {
                sums[lane] += f64::from(weights[lane]);
            }
        }
        for (sum, weight) in sums.iter_mut().zip(rest) {
            *sum += f64::from(*weight);
        }
        sums.into_iter().sum()
    }
}

fn total<'a>(weights: impl Iterator<Item = &'a f32>) -> f64 {
    weights.copied().map(f64::from).sum()
}

/// What top-k and top-p leave.
fn choose(weights: &[f32], settings: &SamplingSettings) -> Choice {
    let limited = settings.top_k > 0 && settings.top_k < weights.len();
    if !limited && settings.top_p >= 1.0 {
        return Choice::All;
    }
    let mut order: Vec<usize> = (0..weights.len()).collect();
    let by_weight = |a: &usize, b: &usize| weights[*b].total_cmp(&weights[*a]).then(a.cmp(b));
    if limited {
        order.select_nth_unstable_by(settings.top_k, by_weight);
        order.truncate(settings.top_k);
    }
    order.sort_unstable_by(by_weight);
    let mut sum = total(order.iter().map(|&token| &weights[token]));
    if settings.top_p < 1.0 {
        let (goal, mut reached) = (sum * settings.top_p, 0.0);
        let enough = order.iter().position(|&token| {
            reached += f64::from(weights[token]);
            reached >= goal
        });
        if let Some(last) = enough {
            order.truncate(last + 1);
            sum = reached;
        }
    }
    Choice::Among(order, sum)
}

/// The first token at which the summed weights pass `goal`.
fn walk(tokens: impl Iterator<Item = usize>, weights: &[f32], mut goal: f64) -> usize {
    let mut last = 0;
    for token in tokens {
        let weight = f64::from(weights[token]);
        if weight > 0.0 {
            last = token;
            if goal < weight {
                break;
            }
            goal -= weight;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn draw(
        logits: &[f32],
        settings: &SamplingSettings,
        rng: &mut ChaCha8Rng,
    ) -> Option<(u32, f32)> {
        Some(Distribution::new(logits, settings)?.draw(rng))
    }

    fn counts(logits: &[f32], settings: &SamplingSettings) -> Vec<usize> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut counts = vec![0; logits.len()];
        for _ in 0..20_000 {
            let (token, _) = draw(logits, settings, &mut rng).unwrap();
            counts[token as usize] += 1;
        }
        counts
    }

    #[test]
    fn frequencies_follow_the_softmax() {
        let logits = [0.0, 1.0_f32.ln(), 2.0_f32.ln(), f32::NEG_INFINITY];
        let counts = counts(&logits, &SamplingSettings::default());
        assert!(
            (counts[2] as f64 / 20_000.0 - 0.5).abs() < 0.02,
            "{counts:?}"
        );
        assert_eq!(counts[3], 0);
    }

    #[test]
    fn a_low_temperature_sharpens() {
        let settings = SamplingSettings {
            temperature: 0.5,
            ..Default::default()
        };
        let counts = counts(&[0.0, 2.0_f32.ln()], &settings);
        assert!(
            (counts[1] as f64 / 20_000.0 - 0.8).abs() < 0.02,
            "{counts:?}"
        );
    }

    #[test]
    fn top_k_and_top_p_leave_the_most_likely() {
        let logits = [0.1_f32, 0.5, 0.2, 0.2].map(f32::ln);
        let top_k = counts(
            &logits,
            &SamplingSettings {
                top_k: 2,
                ..Default::default()
            },
        );
        assert!(
            top_k[0] == 0 && top_k[1] > 0 && top_k[2] > 0 && top_k[3] == 0,
            "{top_k:?}"
        );
        let top_p = counts(
            &logits,
            &SamplingSettings {
                top_p: 0.6,
                ..Default::default()
            },
        );
        assert!(
            top_p[0] == 0 && top_p[1] > top_p[2] && top_p[3] == 0,
            "{top_p:?}"
        );
    }

    #[test]
    fn greedy_takes_the_first_of_the_largest() {
        let settings = SamplingSettings {
            temperature: 0.0,
            ..Default::default()
        };
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let (token, log_prob) = draw(&[0.0, 3.0, 3.0], &settings, &mut rng).unwrap();
        assert_eq!(token, 1);
        assert!((log_prob - (1.0 / (2.0 + (-3.0_f32).exp())).ln()).abs() < 1e-6);
    }

    #[test]
    fn the_log_probability_ignores_truncation() {
        let settings = SamplingSettings {
            top_k: 1,
            ..Default::default()
        };
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let (_, log_prob) = draw(&[0.0, 0.0], &settings, &mut rng).unwrap();
        assert!((log_prob - 0.5_f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn logits_that_are_not_finite_give_nothing() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let settings = SamplingSettings::default();
        assert_eq!(draw(&[0.0, f32::NAN], &settings, &mut rng), None);
        assert_eq!(draw(&[f32::NEG_INFINITY], &settings, &mut rng), None);
    }
}
