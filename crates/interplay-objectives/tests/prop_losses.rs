//! What holds for the loss of any batch.

use interplay_objectives::loss::{
    ClipCov, ClipRange, Correction, KlCov, KlEstimator, Level, PolicyLoss, Sapo, Surrogate,
    TokenBatch,
};
use proptest::prelude::*;

/// Completions whose tokens share their advantage and weight, as a sequence-level ratio needs.
#[derive(Debug, Clone)]
struct Batch {
    lengths: Vec<usize>,
    policy: Vec<f32>,
    old: Vec<f32>,
    reference: Vec<f32>,
    entropy: Vec<f32>,
    advantages: Vec<f32>,
    weights: Vec<f32>,
    correction: Vec<f32>,
}

impl Batch {
    fn tokens(&self) -> TokenBatch<'_> {
        TokenBatch {
            lengths: &self.lengths,
            policy: &self.policy,
            old: &self.old,
            reference: &self.reference,
            entropy: &self.entropy,
            advantages: &self.advantages,
            weights: &self.weights,
            correction: &self.correction,
            draws: &[],
        }
    }

    /// The completions up to one, or those from it on.
    fn side(&self, completion: usize, first: bool) -> Self {
        let token: usize = self.lengths[..completion].iter().sum();
        let of = |values: &[f32]| {
            let (before, after) = values.split_at(token);
            if first {
                before.to_vec()
            } else {
                after.to_vec()
            }
        };
        let (before, after) = self.lengths.split_at(completion);
        Self {
            lengths: if first {
                before.to_vec()
            } else {
                after.to_vec()
            },
            policy: of(&self.policy),
            old: of(&self.old),
            reference: of(&self.reference),
            entropy: of(&self.entropy),
            advantages: of(&self.advantages),
            weights: of(&self.weights),
            correction: of(&self.correction),
        }
    }
}

/// Batches whose log-probabilities are down to `least`, with policies `apart` nats from each other.
fn batch(least: f32, apart: f32) -> impl Strategy<Value = Batch> {
    let token = (least..0.0f32, -apart..apart, -apart..apart, 0.0..3.0f32);
    let completion = (
        prop::collection::vec(token, 1..6),
        -2.0..2.0f32,
        0.0..1.0f32,
        0.0..2.0f32,
    );
    prop::collection::vec(completion, 1..5).prop_map(|completions| {
        let mut batch = Batch {
            lengths: Vec::new(),
            policy: Vec::new(),
            old: Vec::new(),
            reference: Vec::new(),
            entropy: Vec::new(),
            advantages: Vec::new(),
            weights: Vec::new(),
            correction: Vec::new(),
        };
        for (tokens, advantage, weight, correction) in completions {
            batch.lengths.push(tokens.len());
            for (policy, old, reference, entropy) in tokens {
                batch.policy.push(policy);
                batch.old.push(policy + old);
                batch.reference.push(policy + reference);
                batch.entropy.push(entropy);
                batch.advantages.push(advantage);
                batch.weights.push(weight);
                batch.correction.push(correction);
            }
        }
        batch
    })
}

fn clip() -> impl Strategy<Value = ClipRange> {
    let delta = prop::option::of(1.5..5.0f64);
    (0.0..1.0f64, 0.0..1.0f64, delta).prop_map(|(low, high, delta)| ClipRange { low, high, delta })
}

/// Surrogates whose slope is the derivative of their value.
fn differentiable() -> impl Strategy<Value = Surrogate> {
    let sapo = (0.5..2.0f64, 0.5..2.0f64);
    prop_oneof![
        Just(Surrogate::Clip),
        Just(Surrogate::None),
        Just(Surrogate::GeometricMean),
        Just(Surrogate::Reinforce),
        sapo.prop_map(|(positive, negative)| Surrogate::Sapo(Sapo { positive, negative })),
    ]
}

fn any_surrogate() -> impl Strategy<Value = Surrogate> {
    prop_oneof![differentiable(), Just(Surrogate::Cispo)]
}

fn estimator() -> impl Strategy<Value = KlEstimator> {
    use KlEstimator::{Abs, Forward, Js, K1, K2, K3};
    prop::sample::select(vec![K1, K2, K3, Abs, Forward, Js])
}

fn any_estimator() -> impl Strategy<Value = KlEstimator> {
    use KlEstimator::{AbsStraightThrough, K1StraightThrough, K3StraightThrough};
    let through = prop::sample::select(vec![
        AbsStraightThrough,
        K1StraightThrough,
        K3StraightThrough,
    ]);
    prop_oneof![estimator(), through]
}

fn loss(
    surrogate: impl Strategy<Value = Surrogate>,
    estimator: impl Strategy<Value = KlEstimator>,
) -> impl Strategy<Value = PolicyLoss> {
    let level = prop::sample::select(vec![Level::Token, Level::Sequence]);
    let numbers = (0.0..1.0f64, 0.0..0.1f64);
    (surrogate, clip(), level, estimator, any::<bool>(), numbers).prop_map(
        |(surrogate, clip, ratio_level, kl_estimator, kl_ratio_factor, (kl, entropy))| PolicyLoss {
            surrogate,
            ratio_level,
            clip,
            kl_coefficient: kl,
            kl_estimator,
            kl_ratio_factor,
            entropy_coefficient: entropy,
            ..PolicyLoss::default()
        },
    )
}

/// The slopes around a token integrate to what the loss gains (Simpson's rule), unless a kink is between.
fn check_slope(loss: &PolicyLoss, batch: &Batch, token: usize) -> Result<(), TestCaseError> {
    let at = |step: f32| {
        let mut policy = batch.policy.clone();
        policy[token] += step;
        let found = loss.of(&TokenBatch {
            policy: &policy,
            ..batch.tokens()
        });
        (f64::from(policy[token]), found)
    };
    let step = 1.0 / 128.0;
    let ((low, below), (_, here), (high, above)) = (at(-step), at(0.0), at(step));
    let clipped = |found: &interplay_objectives::loss::LossAndSlopes| {
        let stats = found.stats;
        (stats.clipped_low, stats.clipped_high, stats.clipped_dual)
    };
    let kink = clipped(&below) != clipped(&above)
        || (batch.policy[token] - batch.reference[token]).abs() < 2.0 * step;
    if kink {
        return Ok(());
    }
    let slope = |found: &interplay_objectives::loss::LossAndSlopes| f64::from(found.policy[token]);
    let mean = (slope(&below) + 4.0 * slope(&here) + slope(&above)) / 6.0;
    let gained = (above.loss - below.loss) / (high - low);
    prop_assert!(
        (mean - gained).abs() <= 1e-4 * gained.abs().max(1.0),
        "token {}: slope {} and not {}",
        token,
        mean,
        gained
    );
    Ok(())
}

proptest! {
    /// Except for CISPO and the straight-through estimates, whose gradient is meant to be another one, and for a
    /// sequence-level ratio on the penalty, which is spread over the tokens as GSPO-token does.
    #[test]
    fn the_slope_is_the_derivative_of_the_loss(
        loss in loss(differentiable(), estimator()), batch in batch(-4.0, 1.5),
    ) {
        let mut loss = loss;
        if loss.ratio_level == Level::Sequence {
            loss.kl_ratio_factor = false;
            if loss.kl_estimator.takes_ratio() {
                loss.kl_estimator = KlEstimator::K3;
            }
        }
        for token in 0..batch.policy.len() {
            check_slope(&loss, &batch, token)?;
        }
    }

    /// What lets a trainer split its passes. Covariances are those of a pass, so they are left out.
    #[test]
    fn parts_of_a_batch_add_up(
        loss in loss(any_surrogate(), any_estimator()), batch in batch(-4.0, 3.0), cut in any::<prop::sample::Index>(),
    ) {
        let whole = loss.of(&batch.tokens());
        let cut = cut.index(batch.lengths.len() + 1);
        let (first, second) = (batch.side(cut, true), batch.side(cut, false));
        let (first, second) = (loss.of(&first.tokens()), loss.of(&second.tokens()));
        prop_assert!((whole.loss - first.loss - second.loss).abs() <= 1e-9 * whole.loss.abs().max(1.0));
        prop_assert_eq!(&whole.policy, &[first.policy, second.policy].concat());
        prop_assert_eq!(&whole.entropy, &[first.entropy, second.entropy].concat());
        let mut stats = first.stats;
        stats.add(&second.stats);
        prop_assert_eq!(stats.tokens, whole.stats.tokens);
        prop_assert_eq!(stats.clipped_high, whole.stats.clipped_high);
        prop_assert!((stats.kl - whole.stats.kl).abs() <= 1e-9 * stats.kl.abs().max(1.0));
    }

    /// A token that one policy all but excludes is an outlier, not a crash.
    #[test]
    fn the_loss_is_finite(
        loss in loss(any_surrogate(), any_estimator()), batch in batch(-1e6, 1e6), clip_cov in any::<bool>(),
    ) {
        let draws: Vec<u64> = (0..batch.policy.len() as u64).collect();
        let mut loss = loss;
        loss.kl_cov = (!clip_cov).then(KlCov::default);
        loss.clip_cov = clip_cov.then(ClipCov::default);
        let found = loss.of(&TokenBatch { draws: &draws, ..batch.tokens() });
        prop_assert!(found.loss.is_finite());
        prop_assert!(found.policy.iter().all(|slope| slope.is_finite()), "{:?}", found.policy);
    }

    /// On policy every surrogate is the policy gradient.
    #[test]
    fn at_ratio_one_the_gradient_is_that_of_reinforce(
        loss in loss(any_surrogate(), estimator()), batch in batch(-4.0, 1.0),
    ) {
        let loss = PolicyLoss { kl_coefficient: 0.0, ..loss };
        let tokens = TokenBatch { old: &batch.policy, correction: &[], ..batch.tokens() };
        let found = loss.of(&tokens);
        for token in 0..batch.policy.len() {
            let expected = -batch.weights[token] * batch.advantages[token];
            prop_assert!((found.policy[token] - expected).abs() <= 1e-5, "{:?}", loss.surrogate);
        }
    }

    /// The clipped objective is a lower bound of the unclipped one; dual clip limits how low.
    #[test]
    fn clipping_never_raises_the_objective(clip in clip(), batch in batch(-4.0, 2.0)) {
        let loss = |surrogate, delta| {
            let clip = ClipRange { delta, ..clip };
            let loss = PolicyLoss { surrogate, clip, ..PolicyLoss::default() };
            loss.of(&batch.tokens()).loss
        };
        let (clipped, unclipped) = (loss(Surrogate::Clip, None), loss(Surrogate::None, None));
        prop_assert!(clipped >= unclipped - 1e-9, "{} and {}", clipped, unclipped);
        prop_assert!(loss(Surrogate::Clip, clip.delta) <= clipped + 1e-9);
    }

    #[test]
    fn weights_of_the_correction_stay_inside_their_bounds(
        batch in batch(-30.0, 30.0), level in prop::sample::select(vec![Level::Token, Level::Sequence]),
        min in 0.0..1.0f64, max in 1.0..3.0f64,
    ) {
        let correction = Correction { level, min, max, ..Correction::default() };
        let weights = correction.weights(&batch.lengths, &batch.policy, &batch.old);
        prop_assert!(weights.iter().all(|weight| (min..=max).contains(weight)));
        let normalized = Correction { normalize: true, level: Level::Token, ..correction };
        let weights = normalized.weights(&batch.lengths, &batch.policy, &batch.old);
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        prop_assert!((mean - 1.0).abs() < 1e-9 || weights.iter().all(|weight| *weight < 1e-8), "{}", mean);
    }
}
