//! Splitting the rows of a step between replicas.
//!
//! Every pass is split into runs of whole rows, as evenly as possible. With more replicas than rows, some
//! have nothing to do.

use std::ops::Range;

use super::job::{Job, Loss};
use crate::grpo::objective::TokenTable;
use crate::packing::PackedBatch;

/// The jobs of each of `count` replicas. A single one gets the jobs unchanged.
pub(super) fn shares(jobs: Vec<Job>, count: usize) -> Vec<Vec<Job>> {
    if count == 1 {
        return vec![jobs];
    }
    let mut shares = vec![Vec::with_capacity(jobs.len()); count];
    for job in &jobs {
        let rows = job.pass.rows;
        for (replica, share) in shares.iter_mut().enumerate() {
            let part = rows_of(job, rows * replica / count..rows * (replica + 1) / count);
            if !part.pass.targets.is_empty() {
                share.push(part);
            }
        }
    }
    shares
}

/// The job restricted to these rows. Its loss is still divided by the token count of the whole step.
fn rows_of(job: &Job, rows: Range<usize>) -> Job {
    let (pass, taken) = cut(&job.pass, rows);
    let loss = match &job.loss {
        Loss::NextToken { targets } => Loss::NextToken { targets: *targets },
        Loss::Policy { table, objective } => Loss::Policy {
            table: select(table, &taken),
            objective: *objective,
        },
    };
    Job {
        pass,
        loss,
        activations: job.activations,
        precision: job.precision,
    }
}

/// These rows of a pass, and the indices of the predicted tokens that they hold. The leader counts tokens
/// on the whole pass, so `used_tokens` and `sequence_tokens` stay 0.
fn cut(pass: &PackedBatch, rows: Range<usize>) -> (PackedBatch, Vec<usize>) {
    let tokens = rows.start * pass.row_tokens..rows.end * pass.row_tokens;
    let mut batch = PackedBatch {
        rows: rows.len(),
        row_tokens: pass.row_tokens,
        tokens: pass.tokens[tokens.clone()].to_vec(),
        ends: pass.ends[tokens.clone()].to_vec(),
        ..PackedBatch::default()
    };
    // The index of each target among the targets of these rows.
    let mut inside = vec![None; pass.targets.len()];
    for (target, &position) in pass.positions.iter().enumerate() {
        if usize::try_from(position).is_ok_and(|position| tokens.contains(&position)) {
            inside[target] = Some(batch.targets.len() as i32);
            batch.positions.push(position - tokens.start as i32);
            batch.targets.push(pass.targets[target]);
        }
    }
    let target_of = |predicted: usize| match &pass.shared {
        None => inside[predicted],
        Some(shared) => inside[shared[predicted] as usize],
    };
    let taken: Vec<usize> = (0..pass.predicted())
        .filter(|predicted| target_of(*predicted).is_some())
        .collect();
    if pass.shared.is_some() {
        batch.shared = Some(taken.iter().copied().filter_map(target_of).collect());
    }
    // A sequence lies in one row, so its first predicted token tells which.
    let mut first = 0;
    for &count in &pass.targets_each {
        if count > 0 && target_of(first).is_some() {
            batch.targets_each.push(count);
        }
        first += count;
    }
    (batch, taken)
}

fn select(table: &TokenTable, taken: &[usize]) -> TokenTable {
    TokenTable {
        old: pick(&table.old, taken),
        sampled: pick(&table.sampled, taken),
        reference: pick(&table.reference, taken),
        advantages: pick(&table.advantages, taken),
        weights: pick(&table.weights, taken),
        correction: pick(&table.correction, taken),
        draws: pick(&table.draws, taken),
    }
}

/// The values at these indices; none where there are none.
fn pick<T: Copy>(values: &[T], taken: &[usize]) -> Vec<T> {
    let values = taken
        .iter()
        .map(|predicted| values.get(*predicted).copied());
    values.flatten().collect()
}
