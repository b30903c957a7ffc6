//! Separate weights for positive and negative advantages.
//!
//! Source: W-REINFORCE, arXiv 2506.01347, which weighs positive samples by lambda (0.1 there) and
//! negative ones by 1; AsymGRPO of arXiv 2607.01490 divides negative ones.
//!
//! Deviations: the weights act on the sign of the advantage, of whatever estimator, not on the reward.

/// Multiplies positive advantages by `positive` and negative ones by `negative`.
///
/// ```
/// use interplay_objectives::advantage::weigh_signs;
///
/// let mut advantages = [1.5, -0.5, 0.0];
/// weigh_signs(&mut advantages, 0.2, 2.0);
/// assert!((advantages[0] - 0.3).abs() < 1e-12);
/// assert_eq!(advantages[1..], [-1.0, 0.0]);
/// ```
pub fn weigh_signs(advantages: &mut [f64], positive: f64, negative: f64) {
    for advantage in advantages {
        if *advantage > 0.0 {
            *advantage *= positive;
        } else if *advantage < 0.0 {
            *advantage *= negative;
        }
    }
}
