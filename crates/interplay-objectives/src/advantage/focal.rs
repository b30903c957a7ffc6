//! Focal weight: problems that are often solved count less.
//!
//! All advantages of a group are multiplied by `(1 - p)^gamma`, where p is the share of its
//! completions that are solved.
//!
//! Source: F-GRPO, arXiv 2602.06717, section 4, after the focal loss of arXiv 1708.02002.
//!
//! Deviations: none. The paper estimates p from rewards of 0 and 1; here it is the share of solved
//! completions, so that graded rewards can be focused too.

/// Multiplies the advantages of each group of `group_size` by `(1 - p)^gamma`, where p is the share
/// of the group that is `solved`. With gamma 0 nothing changes.
///
/// # Panics
/// Where there is not a `solved` for each advantage, or `group_size` is zero.
///
/// ```
/// use interplay_objectives::advantage::focus;
///
/// let mut advantages = [1.0, -1.0, 1.0, 1.0];
/// focus(&mut advantages, &[true, false, false, false], 2, 2.0);
/// assert_eq!(advantages, [0.25, -0.25, 1.0, 1.0]);
/// ```
pub fn focus(advantages: &mut [f64], solved: &[bool], group_size: usize, gamma: f64) {
    assert_eq!(advantages.len(), solved.len(), "whether each is solved");
    let groups = advantages
        .chunks_mut(group_size)
        .zip(solved.chunks(group_size));
    for (group, solved) in groups {
        let right = solved.iter().filter(|solved| **solved).count();
        // Exact at both ends: 0^0 is 1.
        let weight = ((solved.len() - right) as f64 / solved.len() as f64).powf(gamma);
        for advantage in group {
            *advantage *= weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_zero_changes_nothing() {
        let mut advantages = [0.3, -0.1, 0.7, 0.0];
        focus(&mut advantages, &[true, true, false, true], 2, 0.0);
        assert_eq!(advantages, [0.3, -0.1, 0.7, 0.0]);
    }

    #[test]
    fn a_problem_that_is_always_solved_counts_nothing() {
        let mut advantages = [0.3, -0.3];
        focus(&mut advantages, &[true, true], 2, 0.5);
        assert_eq!(advantages, [0.0, 0.0]);
    }
}
