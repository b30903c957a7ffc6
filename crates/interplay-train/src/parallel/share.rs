//! Which rows of a step go to which device.
//!
//! Every pass is cut into runs of whole rows, as even as they can be. With more devices than rows
//! some devices have nothing to do.

use std::ops::Range;

use super::job::{Job, Loss};
use crate::grpo::objective::TokenTable;
use crate::packing::PackedBatch;

/// The jobs of each of `count` devices. One device gets the jobs as they are.
pub(super) fn shares(jobs: Vec<Job>, count: usize) -> Vec<Vec<Job>> {
    if count == 1 {
        return vec![jobs];
    }
    let mut shares = vec![Vec::with_capacity(jobs.len()); count];
    for job in &jobs {
        let rows = job.pass.rows;
        for (place, share) in shares.iter_mut().enumerate() {
            let part = rows_of(job, rows * place / count..rows * (place + 1) / count);
            if !part.pass.targets.is_empty() {
                share.push(part);
            }
        }
    }
    shares
}

/// The part of a job that these rows are. What the loss is divided by stays that of the whole.
fn rows_of(job: &Job, rows: Range<usize>) -> Job {
    let (pass, taken) = cut(&job.pass, rows);
    let loss = match &job.loss {
        Loss::NextToken { targets } => Loss::NextToken { targets: *targets },
        Loss::Policy { table, spec } => Loss::Policy {
            table: select(table, &taken),
            spec: spec.clone(),
        },
    };
    Job { pass, loss }
}

/// These rows of a pass, and which of its targets they hold. Tokens are counted where the pass is
/// whole, so `used_tokens` stays 0.
fn cut(pass: &PackedBatch, rows: Range<usize>) -> (PackedBatch, Vec<usize>) {
    let tokens = rows.start * pass.row_tokens..rows.end * pass.row_tokens;
    let inside = |place: &i32| usize::try_from(*place).is_ok_and(|place| tokens.contains(&place));
    let taken: Vec<usize> = (0..pass.places.len())
        .filter(|target| inside(&pass.places[*target]))
        .collect();
    let mut batch = PackedBatch {
        rows: rows.len(),
        row_tokens: pass.row_tokens,
        tokens: pass.tokens[tokens.clone()].to_vec(),
        segments: pass.segments[tokens.clone()].to_vec(),
        places: taken
            .iter()
            .map(|target| pass.places[*target] - tokens.start as i32)
            .collect(),
        targets: taken.iter().map(|target| pass.targets[*target]).collect(),
        ..PackedBatch::default()
    };
    // A sequence lies in one row, so its first target tells where it is.
    let mut first = 0;
    for &count in &pass.targets_each {
        if pass.places.get(first).is_some_and(inside) && count > 0 {
            batch.targets_each.push(count);
        }
        first += count;
    }
    (batch, taken)
}

fn select(table: &TokenTable, taken: &[usize]) -> TokenTable {
    let pick = |values: &[f32]| -> Vec<f32> {
        taken
            .iter()
            .filter_map(|target| values.get(*target).copied())
            .collect()
    };
    TokenTable {
        old: pick(&table.old),
        reference: pick(&table.reference),
        advantages: pick(&table.advantages),
        weights: pick(&table.weights),
    }
}
