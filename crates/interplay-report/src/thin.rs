//! Thinning of long lines without changing how they look.

/// The lowest and the highest point of each of `buckets` runs of points, in their order.
///
/// A training curve of a hundred thousand steps becomes a few hundred points while every spike
/// stays: unlike a mean, the extremes hide nothing. Short lines are returned unchanged. What
/// belongs to a point must stay with it, so the indices of the kept points are returned.
pub(crate) fn extremes(values: &[f64], buckets: usize) -> Vec<usize> {
    if values.len() <= 2 * buckets {
        return (0..values.len()).collect();
    }
    let mut kept = Vec::with_capacity(2 * buckets + 2);
    kept.push(0);
    for bucket in 0..buckets {
        let range = bucket * values.len() / buckets..(bucket + 1) * values.len() / buckets;
        // A point without a value stays too, so that the gap it makes does.
        let gap = range.clone().find(|&i| !values[i].is_finite());
        let by_value = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
        let finite = || range.clone().filter(|&i| values[i].is_finite());
        let mut indices: Vec<usize> = [finite().min_by(by_value), finite().max_by(by_value), gap]
            .into_iter()
            .flatten()
            .collect();
        indices.sort_unstable();
        kept.extend(indices);
    }
    kept.push(values.len() - 1);
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_is_left_alone() {
        assert_eq!(extremes(&[3.0, 1.0, 2.0], 2), [0, 1, 2]);
        assert!(extremes(&[], 2).is_empty());
    }

    #[test]
    fn spikes_and_gaps_survive() {
        let mut values = vec![0.5; 10_000];
        values[1234] = 9.0;
        values[7777] = -9.0;
        values[5000] = f64::NAN;
        let kept = extremes(&values, 100);
        assert!(kept.len() <= 400);
        assert!([0, 1234, 5000, 7777, 9999].iter().all(|i| kept.contains(i)));
        assert!(kept.is_sorted());
    }
}
