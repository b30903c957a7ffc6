//! What training showed step by step, over the seeds of a study.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::arm::Arm;
use super::plans::Study;
use crate::error::InterplayError;
use crate::metrics_file::read_metrics;

/// The most points of a curve.
const POINTS: usize = 25;

/// The metrics that are kept, where a stage has them.
pub(super) const METRICS: [&str; 6] = [
    "loss_nats",
    "reward",
    "verified",
    "reward_hacking",
    "entropy",
    "frac_reward_zero_std",
];

/// A metric by step: the mean over steps that lie together, then over seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curve {
    /// The metric, as in `metrics.jsonl`.
    pub metric: String,
    /// The last step of each stretch.
    pub steps: Vec<u64>,
    /// The mean of all seeds.
    pub mean: Vec<f64>,
    /// The lowest mean of a seed.
    pub low: Vec<f64>,
    /// The highest mean of a seed.
    pub high: Vec<f64>,
}

/// The curves of an arm, from the `metrics.jsonl` of its stage in every run.
pub(super) fn curves(
    study: &Study,
    folder: &Path,
    arm: &Arm,
) -> Result<Vec<Curve>, InterplayError> {
    let mut runs = Vec::new();
    for run in study.runs.iter().filter(|run| run.variant == arm.variant) {
        let path = run.folder(folder).join(&arm.stage).join("metrics.jsonl");
        runs.push(read_metrics(&path)?);
    }
    Ok(METRICS
        .iter()
        .filter_map(|metric| curve(&runs, metric))
        .collect())
}

/// A metric that every step of every run has.
fn curve(runs: &[Vec<Value>], metric: &str) -> Option<Curve> {
    let of_run = |run: &Vec<Value>| -> Option<Vec<(u64, f64)>> {
        let point = |line: &Value| Some((line.get("step")?.as_u64()?, line.get(metric)?.as_f64()?));
        let points: Vec<(u64, f64)> = run.iter().filter_map(point).collect();
        (!points.is_empty()).then_some(points)
    };
    let runs: Vec<Vec<(u64, f64)>> = runs.iter().map(of_run).collect::<Option<_>>()?;
    let shortest = runs.iter().map(Vec::len).min()?;
    let width = shortest.div_ceil(POINTS);
    let mut curve = Curve {
        metric: metric.to_owned(),
        steps: Vec::new(),
        mean: Vec::new(),
        low: Vec::new(),
        high: Vec::new(),
    };
    for first in (0..shortest).step_by(width) {
        let end = (first + width).min(shortest);
        let means: Vec<f64> = runs
            .iter()
            .map(|run| run[first..end].iter().map(|(_, value)| value).sum::<f64>())
            .map(|sum| sum / (end - first) as f64)
            .collect();
        curve.steps.push(runs[0][end - 1].0);
        curve
            .mean
            .push(means.iter().sum::<f64>() / means.len() as f64);
        curve
            .low
            .push(means.iter().copied().fold(f64::INFINITY, f64::min));
        curve
            .high
            .push(means.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    }
    Some(curve)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn steps_that_lie_together_are_averaged_then_seeds() {
        let run = |add: f64| -> Vec<Value> {
            (1..=60)
                .map(|step| json!({"step": step, "reward": f64::from(step) + add}))
                .collect()
        };
        let found = curve(&[run(0.0), run(2.0)], "reward").unwrap();
        // Three steps a stretch.
        assert_eq!(found.steps.len(), 20);
        assert_eq!((found.steps[0], found.steps[19]), (3, 60));
        assert_eq!(
            (found.low[0], found.mean[0], found.high[0]),
            (2.0, 3.0, 4.0)
        );
        assert_eq!(curve(&[run(0.0), vec![json!({"step": 1})]], "reward"), None);
    }
}
