//! The groups of a step, and how many more it needs.

use super::dynamic::DynamicSampling;
use super::rollout::{Group, Rollout};

/// The groups of a step: those that it trains on, and those that were sampled beside them.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The groups to train on.
    pub kept: Vec<Group>,
    /// Groups in which all rewards are equal, which dynamic sampling dropped.
    pub dropped: Vec<Group>,
    /// Groups beyond the number that was asked for.
    pub surplus: Vec<Group>,
}

impl Batch {
    /// All groups.
    pub fn sampled(&self) -> impl Iterator<Item = &Group> + Clone {
        self.kept.iter().chain(&self.dropped).chain(&self.surplus)
    }

    /// The completions to train on, group by group.
    pub fn kept_rollouts(&self) -> Vec<&Rollout> {
        let groups = self.kept.iter();
        groups.flat_map(|group| &group.rollouts).collect()
    }

    /// How many prompts to sample next for a step of `prompts`; 0 where it is complete.
    pub fn missing(&self, prompts: usize, dynamic: Option<&DynamicSampling>) -> usize {
        let sampled = self.kept.len() + self.dropped.len() + self.surplus.len();
        if sampled == 0 {
            return prompts;
        }
        let Some(dynamic) = dynamic else {
            return 0;
        };
        let limit = prompts.saturating_mul(dynamic.max_num_gen_batches as usize);
        let missing = prompts.saturating_sub(self.kept.len());
        // At least one group counts as taken, so that a step without any goes on with whole batches.
        let wanted = (missing * sampled).div_ceil(self.kept.len().max(1));
        wanted.min(prompts).min(limit.saturating_sub(sampled))
    }

    /// Adds a round.
    pub fn add(&mut self, groups: Vec<Group>, prompts: usize, dynamic: Option<&DynamicSampling>) {
        for group in groups {
            let place = if dynamic.is_some() && group.is_uniform() {
                &mut self.dropped
            } else if self.kept.len() < prompts {
                &mut self.kept
            } else {
                &mut self.surplus
            };
            place.push(group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rollout::fixtures::group;
    use super::*;

    #[test]
    fn a_step_is_refilled_until_it_has_enough_or_reaches_its_limit() {
        let dynamic = DynamicSampling {
            max_num_gen_batches: 2,
        };
        let mut batch = Batch::default();
        assert_eq!(batch.missing(4, Some(&dynamic)), 4);
        let round = vec![
            group(0, &[1.0, 0.0]),
            group(1, &[1.0, 1.0]),
            group(2, &[0.0, 0.0]),
            group(3, &[0.0, 1.0]),
        ];
        batch.add(round, 4, Some(&dynamic));
        assert_eq!((batch.kept.len(), batch.dropped.len()), (2, 2));
        // Half were taken, so two more need four prompts.
        assert_eq!(batch.missing(4, Some(&dynamic)), 4);
        let round = (4..8).map(|index| group(index, &[1.0, 0.0])).collect();
        batch.add(round, 4, Some(&dynamic));
        assert_eq!((batch.kept.len(), batch.surplus.len()), (4, 2));
        assert_eq!(batch.missing(4, Some(&dynamic)), 0);
        assert_eq!(batch.sampled().count(), 8);
    }

    #[test]
    fn without_dynamic_sampling_one_round_is_all() {
        let mut batch = Batch::default();
        batch.add(vec![group(0, &[1.0, 1.0])], 1, None);
        assert_eq!((batch.kept.len(), batch.missing(1, None)), (1, 0));
    }

    #[test]
    fn a_policy_that_solves_nothing_stops_at_the_limit() {
        let dynamic = DynamicSampling::default();
        let mut batch = Batch::default();
        let mut rounds = 0;
        while batch.missing(3, Some(&dynamic)) > 0 {
            let round = (0..3).map(|index| group(index, &[0.0, 0.0])).collect();
            batch.add(round, 3, Some(&dynamic));
            rounds += 1;
        }
        assert_eq!((rounds, batch.kept.len(), batch.dropped.len()), (10, 0, 30));
    }
}
