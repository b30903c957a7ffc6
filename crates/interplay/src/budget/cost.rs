//! What a stage spends, by nominal lengths: the cost of a piece of its work in the units of a budget.
//!
//! With a budget in tokens the unit is a third of a trained token, one forward pass of the paper's rule, so that
//! every cost is a whole number. With a budget in operations the unit is an operation.

use interplay_model::{Activations, ModelFlops, Workload};
use interplay_train::grpo::{GrpoSpec, OldLogProbs};
use interplay_train::next_token::NextTokenSpec;

use super::{BudgetSpec, BudgetUnit};
use crate::stage::StageSettings;

/// Units of a budget of one trained token.
pub(super) const UNITS_PER_TOKEN: u128 = 3;

/// How a stage consumes a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    /// Units of one piece: the smallest amount of work that can be planned.
    pub piece: u128,
    /// Tokens to train on in a piece; 0 for a stage whose pieces are steps.
    pub tokens: u64,
    /// Pieces of one step, rounded up.
    pub pieces_per_step: u64,
}

/// The cost of a stage that can have a share; `None` for the other kinds.
pub(super) fn cost(
    settings: &StageSettings,
    budget: &BudgetSpec,
    model: &ModelFlops,
) -> Option<Cost> {
    match settings {
        StageSettings::Pretrain(stage) | StageSettings::Midtrain(stage) => {
            Some(next_token(&stage.training, budget, model))
        }
        StageSettings::Grpo(stage) => Some(Cost {
            piece: rl_step(&stage.training, budget, model),
            tokens: 0,
            pieces_per_step: 1,
        }),
        StageSettings::Init | StageSettings::Calibrate(_) => None,
    }
}

/// A piece is a token, or a nominal sample where attention counts.
fn next_token(spec: &NextTokenSpec, budget: &BudgetSpec, model: &ModelFlops) -> Cost {
    let (piece, tokens) = match budget.unit {
        BudgetUnit::Tokens => (UNITS_PER_TOKEN, 1),
        BudgetUnit::Flops => {
            let nominal = budget.sample_tokens.unwrap_or(spec.row_tokens as u64);
            let length = usize::try_from(nominal).unwrap_or(usize::MAX).max(1);
            let forward = model.forward(&Workload::sequence(length, length - 1));
            (forward * update_passes(spec.activations), length as u64)
        }
    };
    let step = (spec.rows as u64)
        .saturating_mul(spec.row_tokens as u64)
        .saturating_mul(spec.accumulation as u64);
    Cost {
        piece,
        tokens,
        pieces_per_step: step.div_ceil(tokens),
    }
}

/// Forward passes of an update: one forward, two backward, and one more where activations are computed again.
fn update_passes(activations: Activations) -> u128 {
    match activations {
        Activations::Recompute => 4,
        _ => 3,
    }
}

/// Forward passes over the rollouts besides generation and updates: those of the reference, once for each update or
/// once in all where the divergence is part of the reward, and that of the policy before the first update.
fn scoring_passes(spec: &GrpoSpec) -> u128 {
    let reference = match (spec.has_reference(), spec.kl_in_reward) {
        (false, _) => 0,
        (true, true) => 1,
        (true, false) => spec.num_iterations as u128,
    };
    reference + u128::from(spec.old_log_probs == OldLogProbs::Trainer)
}

/// The units of one GRPO step in which every rollout has the nominal length and is trained on.
fn rl_step(spec: &GrpoSpec, budget: &BudgetSpec, model: &ModelFlops) -> u128 {
    let rollouts = spec.prompts as u128 * spec.group_size as u128;
    let nominal = budget.rollout_tokens.unwrap_or(spec.row_tokens as u64);
    let (scoring, iterations) = (scoring_passes(spec), spec.num_iterations as u128);
    let rollout = match budget.unit {
        // The paper's rule knows no recomputation.
        BudgetUnit::Tokens => u128::from(nominal) * (1 + 3 * iterations + scoring),
        BudgetUnit::Flops => {
            let length = usize::try_from(nominal).unwrap_or(usize::MAX).max(2);
            let completion = spec.max_new_tokens.clamp(1, length - 1);
            let sampled = Workload::sampled(length - completion, completion);
            let scored = model.forward(&Workload::sequence(length, completion));
            model.forward(&sampled)
                + scored * (iterations * update_passes(spec.activations) + scoring)
        }
    };
    rollouts.saturating_mul(rollout)
}
