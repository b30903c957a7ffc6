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
    Job {
        pass,
        loss,
        activations: job.activations,
        precision: job.precision,
        vocab_limit: job.vocab_limit,
    }
}

/// These rows of a pass, and which of its predicted tokens they hold. Tokens are counted where the
/// pass is whole, so `used_tokens` and `sequence_tokens` stay 0.
fn cut(pass: &PackedBatch, rows: Range<usize>) -> (PackedBatch, Vec<usize>) {
    let tokens = rows.start * pass.row_tokens..rows.end * pass.row_tokens;
    let mut batch = PackedBatch {
        rows: rows.len(),
        row_tokens: pass.row_tokens,
        tokens: pass.tokens[tokens.clone()].to_vec(),
        ends: pass.ends[tokens.clone()].to_vec(),
        ..PackedBatch::default()
    };
    // Where each target of these rows stands among their targets.
    let mut inside = vec![None; pass.targets.len()];
    for (target, &place) in pass.places.iter().enumerate() {
        if usize::try_from(place).is_ok_and(|place| tokens.contains(&place)) {
            inside[target] = Some(batch.targets.len() as i32);
            batch.places.push(place - tokens.start as i32);
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
    // A sequence lies in one row, so its first predicted token tells where it is.
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
    let pick = |values: &[f32]| -> Vec<f32> {
        taken
            .iter()
            .filter_map(|predicted| values.get(*predicted).copied())
            .collect()
    };
    TokenTable {
        old: pick(&table.old),
        reference: pick(&table.reference),
        advantages: pick(&table.advantages),
        weights: pick(&table.weights),
    }
}
