//! Metrics over stretches of the steps.

use serde_json::Value;

/// The values of a metric, in the order of the steps.
pub(super) fn values(metrics: &[Value], name: &str) -> Vec<f64> {
    let value = |line: &Value| line.get(name)?.as_f64();
    metrics.iter().filter_map(value).collect()
}

/// One of so many equal parts of a list.
pub(super) fn part(all: &[f64], number: usize, parts: usize) -> &[f64] {
    &all[number * all.len() / parts..(number + 1) * all.len() / parts]
}

/// The mean of a metric over one of so many equal parts of the steps.
pub(super) fn mean_over(metrics: &[Value], name: &str, number: usize, parts: usize) -> Option<f64> {
    moments(part(&values(metrics, name), number, parts)).map(|(mean, _)| mean)
}

/// The mean and its standard error.
pub(super) fn moments(values: &[f64]) -> Option<(f64, f64)> {
    let count = values.len() as f64;
    if values.is_empty() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let error = (squares / (count - 1.0).max(1.0) / count).sqrt();
    Some((mean, error))
}
