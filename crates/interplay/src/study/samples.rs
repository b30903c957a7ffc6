//! Completions to look at: for each comparison the problem of the edge or beyond that B gained most, as A and as B
//! answered it, and a right answer of B by wrong steps.

use interplay_environment::FirstError;
use interplay_eval::{Band, GenerationRecord, ItemScore};
use interplay_report::Role;
use interplay_tasks::ContextLibrary;
use serde::{Deserialize, Serialize};

use super::arm::Arm;
use super::collected::Collected;
use super::effect::BySeed;
use super::plans::StudyRun;
use crate::error::InterplayError;
use crate::evaluation::evaluated_problem;

/// Why a completion is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// A wrong completion of the problem that another arm gained most.
    Before,
    /// An accepted completion of the same problem by the arm that gained it.
    After,
    /// A right answer by wrong steps.
    RightAnswerByWrongSteps,
}

/// A completion, judged step by step.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudySample {
    /// The arm that wrote it.
    pub arm: Arm,
    /// The training seed of the arm.
    pub seed: u64,
    /// Why it is shown.
    pub shows: Shows,
    /// The id of the problem.
    pub id: u64,
    /// Its difficulty, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<u32>,
    /// The completions of the problem that are accepted, and all.
    pub solved: [u32; 2],
    /// The text that the completion continues.
    pub prompt: String,
    /// The completion.
    pub completion: String,
    /// Whether it is accepted.
    pub accepted: bool,
    /// Whether its answer is right.
    pub answer_correct: bool,
    /// Its steps, in the order of the text.
    pub steps: Vec<SampleStep>,
    /// The first mistake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_error: Option<FirstError>,
    /// The quantities of the problem, each after those that it reads; empty where it has no graph.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub graph: Vec<SampleNode>,
}

/// A step of a completion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleStep {
    /// Where it begins, in bytes of the completion.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Whether it is right.
    pub correct: bool,
    /// Whether it states a quantity that the answer needs.
    pub needed: bool,
}

/// A quantity of a problem, and what a completion makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleNode {
    /// Its name.
    pub name: String,
    /// What it does with what it reads, and its value.
    pub detail: String,
    /// What it is to the answer.
    pub role: NodeRole,
    /// What the completion makes of it, where the answer needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<NodeStatus>,
    /// Indices of the quantities that it reads.
    pub reads: Vec<usize>,
}

/// What a quantity is to the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeRole {
    /// The answer depends on it.
    Needed,
    /// It is the answer.
    Asked,
    /// Its value is given, in a reverse problem.
    Given,
    /// The answer does not depend on it.
    Unneeded,
}

/// What a completion makes of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeStatus {
    /// A right step states it.
    Right,
    /// A wrong step states it.
    Wrong,
    /// The answer needs it, and no step states it.
    Missing,
}

/// A completion of one run to show: the first one of its problem that [`Wanted::takes`] accepts.
pub(super) struct Wanted<'a> {
    pub(super) arm: Arm,
    pub(super) run: &'a StudyRun,
    shows: Shows,
    id: u64,
    solved: [u32; 2],
}

/// The completions to show of a comparison, from the first seed; `a` and `b` are the evaluations of its arms.
pub(super) fn wanted<'a>(
    collected: &Collected<'a>,
    (a, b): (&Arm, &Arm),
    (of_a, of_b): (&BySeed<'_>, &BySeed<'_>),
) -> Vec<Wanted<'a>> {
    let (Some((seed, before)), Some((_, after))) = (of_a.first(), of_b.first()) else {
        return Vec::new();
    };
    let (Some(run_a), Some(run_b)) = (collected.run(a, *seed), collected.run(b, *seed)) else {
        return Vec::new();
    };
    let want = |item: &ItemScore, shows| {
        let (arm, run, evaluation) = match shows {
            Shows::Before => (a, run_a, before),
            Shows::After | Shows::RightAnswerByWrongSteps => (b, run_b, after),
        };
        Wanted {
            arm: arm.clone(),
            run,
            shows,
            id: item.id,
            solved: [item.verified, evaluation.completions],
        }
    };
    let mut found = Vec::new();
    if let Some((item_a, item_b)) = most_gained(&before.items, &after.items) {
        found.push(want(item_a, Shows::Before));
        found.push(want(item_b, Shows::After));
    }
    let hacked = after
        .items
        .iter()
        .filter(|item| beyond_id(item))
        .max_by_key(|item| {
            let excess = item.answers.saturating_sub(item.verified);
            (excess, std::cmp::Reverse(item.id))
        });
    if let Some(item) = hacked.filter(|item| item.answers > item.verified) {
        found.push(want(item, Shows::RightAnswerByWrongSteps));
    }
    found
}

/// Whether a problem lies at the edge or beyond.
fn beyond_id(item: &ItemScore) -> bool {
    item.band.as_deref() != Some(Band::Id.name())
}

/// The problem beyond `id` of which the second arm solves most completions more; the first of equals.
fn most_gained<'a>(
    before: &'a [ItemScore],
    after: &'a [ItemScore],
) -> Option<(&'a ItemScore, &'a ItemScore)> {
    let pairs = before.iter().zip(after);
    let gained = pairs.filter(|(a, b)| a.id == b.id && beyond_id(a) && b.verified > a.verified);
    gained.max_by_key(|(a, b)| (b.verified - a.verified, std::cmp::Reverse(a.id)))
}

impl Wanted<'_> {
    /// Whether both look for the same completion.
    pub(super) fn is(&self, other: &Self) -> bool {
        let key = |one: &Self| (one.run.plan.seed, one.shows, one.id);
        self.arm == other.arm && key(self) == key(other)
    }

    /// Whether a completion is one of those that are looked for.
    pub(super) fn takes(&self, record: &GenerationRecord) -> bool {
        record.id == self.id
            && match self.shows {
                Shows::Before => !record.accepted,
                Shows::After => record.accepted,
                Shows::RightAnswerByWrongSteps => record.answer_correct && !record.accepted,
            }
    }

    /// A completion judged again, for its steps.
    pub(super) fn judged(&self, record: GenerationRecord) -> Result<StudySample, InterplayError> {
        let library = ContextLibrary::embedded();
        let plan = &self.run.plan;
        let problem = evaluated_problem(&plan.evaluate, &plan.supply(&library), record.id)?;
        let score = problem.score(&record.completion)?;
        let steps = score.steps.iter().map(|step| SampleStep {
            start: step.span.start,
            end: step.span.end,
            correct: step.correct,
            needed: step.node.is_some(),
        });
        let (mut right, mut wrong) = (Vec::new(), Vec::new());
        for step in &score.steps {
            let name = step.node.and_then(|node| problem.needed_name(node));
            match step.correct {
                true => right.extend(name),
                false => wrong.extend(name),
            }
        }
        let status = |name: &str, role: NodeRole| match role {
            NodeRole::Unneeded => None,
            _ if right.contains(&name) => Some(NodeStatus::Right),
            _ if wrong.contains(&name) => Some(NodeStatus::Wrong),
            _ => Some(NodeStatus::Missing),
        };
        let drawing = problem.shown().map(|shown| shown.drawing());
        let nodes = drawing.into_iter().flat_map(|drawing| drawing.nodes);
        let graph = nodes.map(|node| {
            let role = NodeRole::from(node.role);
            SampleNode {
                status: status(&node.name, role),
                name: node.name,
                detail: node.detail,
                role,
                reads: node.reads.into_iter().map(|(index, _)| index).collect(),
            }
        });
        Ok(StudySample {
            arm: self.arm.clone(),
            seed: plan.seed,
            shows: self.shows,
            id: record.id,
            op: record.op,
            solved: self.solved,
            prompt: problem.prompt().to_owned(),
            accepted: record.accepted,
            answer_correct: record.answer_correct,
            steps: steps.collect(),
            graph: graph.collect(),
            first_error: record.first_error,
            completion: record.completion,
        })
    }
}

impl From<Role> for NodeRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Needed => Self::Needed,
            Role::Asked => Self::Asked,
            Role::Given => Self::Given,
            Role::Unneeded => Self::Unneeded,
        }
    }
}

impl From<NodeRole> for Role {
    fn from(role: NodeRole) -> Self {
        match role {
            NodeRole::Needed => Self::Needed,
            NodeRole::Asked => Self::Asked,
            NodeRole::Given => Self::Given,
            NodeRole::Unneeded => Self::Unneeded,
        }
    }
}
