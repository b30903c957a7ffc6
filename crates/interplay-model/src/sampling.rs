//! Sampling a token from one row of logits: temperature, top-k, top-p.
//!
//! Source: Holtzman et al. 2020 (arXiv 1904.09751) for top-p. As in `transformers`, top-k is applied before top-p,
//! and top-p to the distribution that top-k leaves.

use rand::Rng;

use crate::error::ModelError;
use crate::generation_config::GenerationConfig;
use crate::ops::KvCacheDtype;
use crate::vectorized::{LANES, exp, largest, vectorized};

/// How continuations are sampled.
///
/// Build it from [`SamplingSettings::default`] with the struct update syntax, or from a folder's defaults with
/// [`SamplingSettings::from_generation`].
#[derive(Clone, Debug, PartialEq)]
pub struct SamplingSettings {
    /// Maximum number of new tokens.
    pub max_new_tokens: usize,
    /// Divides the logits; zero takes the most likely token.
    pub temperature: f64,
    /// Draw among the most likely tokens that together reach this probability; 1 is all.
    pub top_p: f64,
    /// Draw among this many most likely tokens; 0 is all.
    pub top_k: usize,
    /// Draw among the tokens that are at least this likely, as a share of the probability of the most likely one;
    /// 0 is all.
    pub min_p: f64,
    /// Tokens that end a continuation; they are part of it.
    pub stop: Vec<u32>,
    /// Only tokens below this one are drawn, and log-probabilities are normalized over them; `None` is no limit.
    ///
    /// Models often have more rows in the vocabulary than the tokenizer has entries, to make matrix products
    /// faster. [`ModelConfig::check_tokenizer`](crate::ModelConfig::check_tokenizer) gives the limit that keeps
    /// such padding from being sampled.
    pub vocab_limit: Option<usize>,
    /// Maximum number of sequences that run at the same time.
    pub max_rows: usize,
    /// Maximum bytes of the key and value caches of all running sequences. Fewer sequences run at the same time
    /// where they would take more. A backend that composes the cache operations needs a copy of one layer's cache
    /// on top.
    pub max_cache_bytes: u64,
    /// Number format of the key and value caches.
    pub cache_dtype: KvCacheDtype,
}

impl Default for SamplingSettings {
    fn default() -> Self {
        Self {
            max_new_tokens: 128,
            temperature: 1.0,
            top_p: 1.0,
            top_k: 0,
            min_p: 0.0,
            stop: Vec::new(),
            vocab_limit: None,
            max_rows: 1024,
            max_cache_bytes: 1 << 30,
            cache_dtype: KvCacheDtype::default(),
        }
    }
}

/// `top_k` where a folder asks for sampling and does not give one, as in `transformers`.
const DEFAULT_TOP_K: usize = 50;

impl SamplingSettings {
    /// The settings that `transformers` generates with for a folder: the most likely token unless `do_sample` is
    /// set, and then temperature 1, top-p 1 and top-k 50 where they are not given; every end token stops.
    /// `max_new_tokens` and what a folder does not know keep their defaults.
    ///
    /// # Example
    ///
    /// ```
    /// use interplay_model::{GenerationConfig, SamplingSettings};
    /// let text = r#"{"do_sample": true, "temperature": 0.7, "top_p": 0.8, "eos_token_id": [7, 5]}"#;
    /// let generation: GenerationConfig = serde_json::from_str(text)?;
    /// let settings = SamplingSettings::from_generation(&generation);
    /// assert_eq!((settings.temperature, settings.top_p, settings.top_k), (0.7, 0.8, 50));
    /// assert_eq!(settings.stop, [7, 5]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn from_generation(generation: &GenerationConfig) -> Self {
        let default = Self::default();
        let greedy = Self {
            temperature: 0.0,
            stop: generation.eos_token_id.to_vec(),
            max_new_tokens: generation.max_new_tokens.unwrap_or(default.max_new_tokens),
            ..default
        };
        if generation.do_sample != Some(true) {
            return greedy;
        }
        Self {
            temperature: generation.temperature.unwrap_or(1.0),
            top_p: generation.top_p.unwrap_or(1.0),
            top_k: generation.top_k.unwrap_or(DEFAULT_TOP_K),
            ..greedy
        }
    }

    /// Checks that every setting is in its range.
    ///
    /// # Errors
    ///
    /// [`ModelError::InvalidSampling`] for the first setting that is not.
    pub fn validate(&self) -> Result<(), ModelError> {
        let problem = |field, found: String, expected: &str| {
            Err(ModelError::InvalidSampling {
                field,
                found,
                expected: expected.to_owned(),
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
        if !(0.0..=1.0).contains(&self.min_p) {
            return problem("min_p", self.min_p.to_string(), "a number from 0 to 1");
        }
        if self.vocab_limit == Some(0) {
            return problem("vocab_limit", "0".to_owned(), "at least 1, or no limit");
        }
        if self.max_rows == 0 {
            return problem("max_rows", "0".to_owned(), "at least 1");
        }
        Ok(())
    }

    /// Whether some tokens that the model gives weight cannot be drawn.
    #[must_use]
    pub fn truncates(&self) -> bool {
        self.top_k > 0 || self.top_p < 1.0 || self.min_p > 0.0
    }

    /// The number of tokens that can be drawn from a model.
    ///
    /// # Errors
    ///
    /// [`ModelError::InvalidSampling`] if the limit exceeds the vocabulary.
    pub(crate) fn drawable(&self, vocab_size: usize) -> Result<usize, ModelError> {
        let limit = self.vocab_limit.unwrap_or(vocab_size);
        if limit <= vocab_size {
            return Ok(limit);
        }
        Err(ModelError::InvalidSampling {
            field: "vocab_limit",
            found: limit.to_string(),
            expected: format!("at most the model's vocab_size = {vocab_size}"),
        })
    }
}

/// The distribution of the next token.
#[derive(Debug)]
pub(crate) struct Distribution {
    /// Each token's weight at the temperature, relative to the largest.
    weights: Vec<f32>,
    /// Sum of all weights.
    sum: f64,
    choice: Choice,
    /// Each token's logit at the temperature, minus the largest.
    shifted: Vec<f32>,
}

/// The tokens that can be drawn.
#[derive(Debug)]
enum Choice {
    /// This one.
    Greedy(usize),
    All,
    /// These, and the sum of their weights.
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

    /// Draws a token; gives its log-probability at the temperature, before top-k, top-p and min-p (for greedy
    /// choice: at temperature 1).
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

    /// The logarithm of the share of the probability that can be drawn: what a drawn token's log-probability must be
    /// lowered by to be that of the truncated distribution. 0 where nothing is cut off.
    pub fn log_kept(&self) -> f32 {
        match &self.choice {
            Choice::Among(_, sum) => (sum.ln() - self.sum.ln()) as f32,
            Choice::All | Choice::Greedy(_) => 0.0,
        }
    }
}

vectorized! {
    /// Fills in the scaled logits minus their maximum, and their exponentials; gives the sum of the exponentials,
    /// which is not finite if a logit is NaN or none is finite.
    fn weigh(logits: &[f32], scale: f32, shifted: &mut [f32], weights: &mut [f32]) -> f64 {
        let max = largest(logits) * scale;
        for ((logit, shifted), weight) in logits.iter().zip(&mut *shifted).zip(&mut *weights) {
            *shifted = logit * scale - max;
            // `exp` is never zero, but a token that cannot be drawn must have no weight.
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

/// The tokens that top-k, top-p and min-p leave, in this order, as `transformers` applies them.
fn choose(weights: &[f32], settings: &SamplingSettings) -> Choice {
    let limited = settings.top_k > 0 && settings.top_k < weights.len();
    if !limited && settings.top_p >= 1.0 && settings.min_p <= 0.0 {
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
    if settings.min_p > 0.0 {
        let least = settings.min_p * f64::from(weights[order[0]]);
        let kept = order.partition_point(|&token| f64::from(weights[token]) >= least);
        order.truncate(kept.max(1));
        sum = total(order.iter().map(|&token| &weights[token]));
    }
    Choice::Among(order, sum)
}

/// The first token at which the cumulative weight exceeds `goal`.
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
    fn min_p_leaves_what_is_not_far_less_likely() {
        let logits = [0.1_f32, 0.5, 0.24, 0.16].map(f32::ln);
        let settings = SamplingSettings {
            min_p: 0.4,
            ..Default::default()
        };
        let found = counts(&logits, &settings);
        assert!(
            found[0] == 0 && found[1] > 0 && found[2] > 0 && found[3] == 0,
            "{found:?}"
        );
        let kept = Distribution::new(&logits, &settings).unwrap().log_kept();
        assert!((kept - 0.74_f32.ln()).abs() < 1e-6);
        let all = Distribution::new(&logits, &SamplingSettings::default()).unwrap();
        assert_eq!(all.log_kept(), 0.0);
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
