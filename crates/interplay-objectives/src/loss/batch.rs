//! The tokens that a loss is taken over.

/// The completions of a pass, one value for each token, completion by completion.
///
/// An empty slice of `reference`, `correction` or `draws` means that there is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenBatch<'a> {
    /// The tokens of each completion.
    pub lengths: &'a [usize],
    /// Log-probabilities under the policy that is trained, in nats.
    pub policy: &'a [f32],
    /// Those of the policy before the first update on the batch.
    pub old: &'a [f32],
    /// Those of the reference.
    pub reference: &'a [f32],
    /// Entropies of the policy at the token, in nats; for statistics and for the bonus.
    pub entropy: &'a [f32],
    /// Advantages.
    pub advantages: &'a [f32],
    /// Weights in the loss ([`token_weights`](super::token_weights)).
    pub weights: &'a [f32],
    /// Importance weights of the mismatch with the sampler ([`Correction`](super::Correction)).
    pub correction: &'a [f32],
    /// Random numbers for [`ClipCov`](super::ClipCov), one a token.
    pub draws: &'a [u64],
}

impl TokenBatch<'_> {
    pub(super) fn check(&self, tokens: usize) {
        let always = [self.policy, self.old, self.advantages, self.weights];
        let sometimes = [self.reference, self.entropy, self.correction];
        let fits = always.iter().all(|values| values.len() == tokens)
            && sometimes
                .iter()
                .all(|values| values.is_empty() || values.len() == tokens)
            && (self.draws.is_empty() || self.draws.len() == tokens);
        assert!(fits, "a slice of the batch does not have {tokens} values");
    }
}
