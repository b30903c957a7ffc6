//! Which completions each update of a step sees.

use super::GrpoSpec;
use super::update::TokenInputs;

/// The indices of the rollouts of each update, whole groups in order. With `filter_zero_std_groups` groups without
/// an advantage are left out first; the others are then split into runs of equal length, of which the last may
/// be shorter. (If groups were left out after the split, one that is nearly alone in its minibatch would weigh as
/// much as many in another.)
pub(crate) fn minibatches(inputs: &[TokenInputs], spec: &GrpoSpec) -> Vec<Vec<usize>> {
    let size = spec.group_size;
    let groups = inputs.chunks(size).enumerate();
    let kept = groups.filter(|(_, group)| !(spec.filter_zero_std_groups && is_idle(group)));
    let kept: Vec<usize> = kept.map(|(group, _)| group).collect();
    let per_update = kept.len().div_ceil(spec.minibatches).max(1);
    let members = |groups: &[usize]| {
        let members = groups
            .iter()
            .flat_map(|group| group * size..(group + 1) * size);
        members.collect()
    };
    kept.chunks(per_update).map(members).collect()
}

/// Whether no token of a group has an advantage.
fn is_idle(group: &[TokenInputs]) -> bool {
    let mut advantages = group.iter().flat_map(|one| &one.advantages);
    advantages.all(|advantage| *advantage == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;

    /// Groups of two completions of two tokens; those that are not idle differ in one token.
    fn inputs(idle: &[bool]) -> Vec<TokenInputs> {
        let completion = |advantage: f32| TokenInputs {
            advantages: vec![0.0, advantage],
            ..TokenInputs::default()
        };
        let group = |idle: &bool| [completion(0.0), completion(if *idle { 0.0 } else { -0.5 })];
        idle.iter().flat_map(group).collect()
    }

    fn groups_of(idle: &[bool], minibatches: usize, filter: bool) -> Vec<Vec<usize>> {
        let spec = GrpoSpec {
            group_size: 2,
            minibatches,
            filter_zero_std_groups: filter,
            ..GrpoSpec::new(2, 4, 64, 24, Schedule::new(1e-3))
        };
        let updates = super::minibatches(&inputs(idle), &spec);
        for members in &updates {
            let pairs = members.chunks(2);
            assert!(
                pairs
                    .clone()
                    .all(|pair| pair[0] % 2 == 0 && pair[1] == pair[0] + 1)
            );
        }
        let groups = |members: &Vec<usize>| members.iter().step_by(2).map(|one| one / 2).collect();
        updates.iter().map(groups).collect()
    }

    #[test]
    fn all_groups_are_split_evenly() {
        assert_eq!(groups_of(&[false; 4], 2, true), [[0, 1], [2, 3]]);
        // Without filtering, idle groups count.
        let idle = [true, false, true, true];
        assert_eq!(groups_of(&idle, 2, false), [[0, 1], [2, 3]]);
    }

    #[test]
    fn idle_groups_leave_before_the_split() {
        let idle = [true, false, true, true, false, false, true, false];
        assert_eq!(groups_of(&idle, 2, true), [[1, 4], [5, 7]]);
        // Fewer groups than minibatches make fewer updates, and none make none.
        assert_eq!(groups_of(&[false, true, false, true], 4, true), [[0], [2]]);
        assert!(groups_of(&[true; 4], 2, true).is_empty());
    }

    #[test]
    fn the_last_update_may_be_smaller() {
        assert_eq!(groups_of(&[false; 5], 2, true), [vec![0, 1, 2], vec![3, 4]]);
        assert_eq!(
            groups_of(&[false; 5], 4, true),
            [vec![0, 1], vec![2, 3], vec![4]]
        );
    }
}
