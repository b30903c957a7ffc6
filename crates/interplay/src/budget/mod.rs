//! A budget that the planner splits into stages: the table `[budget]` of an experiment file.
//!
//! ```toml
//! [budget]
//! total = 6_000_000      # trained-token equivalents, or operations with unit = "flops"
//! beta = 0.2             # the share of reinforcement learning; or shares = { midtrain = 0.8, grpo = 0.2 }
//! rollout_tokens = 100   # nominal length of a rollout, prompt included
//! ```
//!
//! Stages with a share have no `budget_tokens` and no `steps` of their own; the planner fills them in.
//!
//! Source: arXiv 2512.07783, appendix on compute budgets: `T_mid = (1 - beta) T`, `T_RL = beta T`, and
//! `T_RL = 5/3 * N * r * L` for `N` prompts with `r` rollouts of nominal length `L`.
//!
//! Deviations: the cost of a GRPO step follows the stage's settings as the ledger counts them. Without a reference
//! model it is `4/3 * N * r * L`. Steps are rounded down, and the last next-token stage with a share takes what is
//! left over.

mod apply;
mod cost;
mod open;
mod shares;
mod split;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

pub(crate) use apply::{Applied, apply};
pub(crate) use open::leave_open;

/// A budget to split into stages, as a person writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetSpec {
    /// The budget, in `unit`.
    #[serde(deserialize_with = "whole_number")]
    pub total: u64,
    /// What `total` counts.
    #[serde(default)]
    pub unit: BudgetUnit,
    /// The share of the experiment's GRPO stage; its mid-training stage has the rest. Instead of `shares`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta: Option<f64>,
    /// Shares of stages by name, which add up to 1. A stage with a share of 0 is left out of the plan.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shares: BTreeMap<String, f64>,
    /// The nominal length of a rollout in tokens, prompt included: the paper's `L`. `row_tokens` of the stage by
    /// default, which is the most that a rollout can have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout_tokens: Option<u64>,
    /// The nominal length of a training sample in tokens, on which the operations of attention depend.
    /// `row_tokens` of the stage by default. Only with `unit = "flops"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_tokens: Option<u64>,
}

/// What a budget counts.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetUnit {
    /// Trained tokens and their equivalents by the paper's rule.
    #[default]
    Tokens,
    /// Floating-point operations of the matrix products, attention included.
    Flops,
}

impl fmt::Display for BudgetUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tokens => "token equivalents",
            Self::Flops => "FLOPs",
        })
    }
}

/// A budget as it was split.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedBudget {
    /// What the numbers count.
    pub unit: BudgetUnit,
    /// The whole budget.
    pub total: u64,
    /// The stages with a share above 0, in the order of the experiment.
    pub stages: Vec<PlannedShare>,
}

/// The part of a budget that a stage was given.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedShare {
    /// The stage's name.
    pub stage: String,
    /// Its share of the total.
    pub share: f64,
    /// What the planned work costs by the nominal lengths, in the unit of the budget.
    pub planned: f64,
    /// What a step costs.
    pub step: f64,
    /// The tokens to train on, for a next-token stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_tokens: Option<u64>,
    /// The number of steps, for a GRPO stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
}

impl PlannedBudget {
    /// The part of a stage, if it has one.
    #[must_use]
    pub fn of(&self, stage: &str) -> Option<&PlannedShare> {
        self.stages.iter().find(|share| share.stage == stage)
    }
}

/// A whole number, also in the form `6e15`.
fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Whole;
    impl Visitor<'_> for Whole {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number from 1 to 9223372036854775807")
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<u64, E> {
            u64::try_from(value)
                .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(value), &self))
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
            Ok(value)
        }

        fn visit_f64<E: Error>(self, value: f64) -> Result<u64, E> {
            // Up to 2^63, where the conversion is exact for every whole number of this type.
            let range = 0.0..9_223_372_036_854_775_808.0;
            match range.contains(&value) && value.fract() == 0.0 {
                true => Ok(value as u64),
                false => Err(E::invalid_value(serde::de::Unexpected::Float(value), &self)),
            }
        }
    }
    deserializer.deserialize_any(Whole)
}

impl fmt::Display for PlannedBudget {
    /// One line for the total, and one for each stage.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "budget: {} {}", self.total, self.unit)?;
        for share in &self.stages {
            let PlannedShare {
                stage,
                share,
                planned,
                step,
                budget_tokens,
                steps,
            } = share;
            let work = match (budget_tokens, steps) {
                (Some(tokens), _) => format!("{tokens} tokens"),
                (None, steps) => format!("{} steps", steps.unwrap_or(0)),
            };
            writeln!(
                f,
                "{stage}: share {share}, {work}, planned {planned:.1}, {step:.1} a step"
            )?;
        }
        let planned: f64 = self.stages.iter().map(|share| share.planned).sum();
        writeln!(f, "not planned: {:.1}", self.total as f64 - planned)
    }
}
