//! The published mixtures, by name.
//!
//! Source: the configurations of arXiv 2512.07783, kept in `presets.toml` of this crate. Some say
//! how often each op occurs, some how often each context, some both.
//!
//! Deviations: shares that miss one by rounding, at most 0.001, are divided by their sum. Two
//! presets miss it by more; they are refused with their name and sum unless normalizing is asked
//! for, since nobody can tell which share is wrong.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::counts::Counts;
use crate::error::TaskError;
use crate::named::named;

/// By how much rounding may change a sum of shares.
const ROUNDING: f64 = 0.001;

/// A published mixture.
///
/// ```
/// use interplay_tasks::spec::{Normalize, Preset};
///
/// let preset = Preset::find("op11-14_uniform")?;
/// let parts = preset.parts(Normalize::Refuse)?;
/// assert_eq!(parts[0].op.as_ref().map(ToString::to_string).as_deref(), Some("11-14"));
///
/// let wrong = Preset::find("id2-10_0.2easy_0.3medium_0.5hard")?;
/// assert!(wrong.parts(Normalize::Refuse).is_err());
/// assert!(wrong.parts(Normalize::Divide).is_ok());
/// # Ok::<(), interplay_tasks::TaskError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    name: String,
    stage: PresetStage,
    part: Vec<Written>,
}

/// The stage that a preset was published for.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresetStage {
    /// Pre-training.
    Pretrain,
    /// Mid-training.
    Midtrain,
    /// Reinforcement learning.
    Rl,
}

named!(PresetStage, "stage": Pretrain = "pretrain", Midtrain = "midtrain", Rl = "rl");

/// What to do with shares that do not sum to one.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Normalize {
    /// Refuse them, beyond what rounding explains.
    #[default]
    Refuse,
    /// Divide each by their sum.
    Divide,
}

/// A part of a preset: ops with equal shares, in one context, where the preset sets them.
#[derive(Debug, Clone, PartialEq)]
pub struct PresetPart {
    /// The share of the preset; all sum to one.
    pub weight: f64,
    /// The difficulties; `None` if the preset leaves them open.
    pub op: Option<Counts>,
    /// The id of the context; `None` if the preset leaves it open.
    pub context: Option<String>,
}

/// A part as written in the file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default = "one")]
    weight: f64,
    context: Option<String>,
    op: Option<Counts>,
    /// The share of each op.
    #[serde(default)]
    shares: Vec<f64>,
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    preset: Vec<Preset>,
}

static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("../../presets.toml")).expect("embedded presets are tested");
    file.preset
});

impl Preset {
    /// All presets, in the order of the file.
    pub fn all() -> impl ExactSizeIterator<Item = &'static Self> {
        PRESETS.iter()
    }

    /// The preset of this name.
    ///
    /// # Errors
    /// [`TaskError::UnknownPreset`], which lists the known ones.
    pub fn find(name: &str) -> Result<&'static Self, TaskError> {
        let found = Self::all().find(|preset| preset.name == name);
        found.ok_or_else(|| {
            let known: Vec<&str> = Self::all().map(Self::name).collect();
            TaskError::UnknownPreset {
                name: name.to_owned(),
                known: known.join(", "),
            }
        })
    }

    /// The published name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The stage it was published for.
    #[must_use]
    pub fn stage(&self) -> PresetStage {
        self.stage
    }

    /// The sum of its shares as published.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.part.iter().map(|part| part.weight * part.sum()).sum()
    }

    /// Its parts, with weights that sum to one. Ops of equal share form one part; ops and contexts
    /// of share zero are left out.
    ///
    /// # Errors
    /// [`TaskError::PresetSum`] if the published shares do not sum to one and `normalize` is
    /// [`Normalize::Refuse`].
    pub fn parts(&self, normalize: Normalize) -> Result<Vec<PresetPart>, TaskError> {
        let sum = self.sum();
        if normalize == Normalize::Refuse && (sum - 1.0).abs() > ROUNDING {
            return Err(TaskError::PresetSum {
                name: self.name.clone(),
                sum,
            });
        }
        let mut parts = Vec::new();
        for part in &self.part {
            for (share, op) in part.ops() {
                let weight = part.weight * share / sum;
                if weight > 0.0 {
                    parts.push(PresetPart {
                        weight,
                        op,
                        context: part.context.clone(),
                    });
                }
            }
        }
        Ok(parts)
    }
}

impl Written {
    fn sum(&self) -> f64 {
        if self.op.is_some() {
            self.shares.iter().sum()
        } else {
            1.0
        }
    }

    /// The ops with each share, with the sum of their shares.
    fn ops(&self) -> Vec<(f64, Option<Counts>)> {
        let Some(op) = &self.op else {
            return vec![(1.0, None)];
        };
        let mut groups: Vec<(f64, Vec<u32>)> = Vec::new();
        for (op, share) in op.iter().zip(&self.shares) {
            match groups.iter_mut().find(|(other, _)| other == share) {
                Some((_, ops)) => ops.push(op),
                None => groups.push((*share, vec![op])),
            }
        }
        groups
            .into_iter()
            .map(|(share, ops)| (share * ops.len() as f64, Counts::list(ops).ok()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_two_sum_to_one() {
        assert_eq!(Preset::all().len(), 50);
        let wrong: Vec<_> = Preset::all()
            .filter(|preset| preset.parts(Normalize::Refuse).is_err())
            .map(|preset| (preset.name(), (preset.sum() * 1000.0).round() / 1000.0))
            .collect();
        let expected = [
            ("id2-10_0.2easy_0.3medium_0.5hard", 1.8),
            ("id2-10_0.4995easy_0.4995medium_0.001hard", 1.008),
        ];
        assert_eq!(wrong, expected);
    }

    #[test]
    fn every_op_has_a_share_and_names_differ() {
        let mut names = std::collections::HashSet::new();
        for preset in Preset::all() {
            assert!(names.insert(preset.name()), "{}", preset.name());
            for part in &preset.part {
                let ops = part.op.as_ref().map_or(0, |op| op.iter().len());
                assert_eq!(part.shares.len(), ops, "{}", preset.name());
            }
            let parts = preset.parts(Normalize::Divide).unwrap();
            let sum: f64 = parts.iter().map(|part| part.weight).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{}: {sum}", preset.name());
        }
    }

    #[test]
    fn ops_of_one_share_stand_together() {
        let preset = Preset::find("0.9zoo_uniform+0.1teacher_1.0easy").unwrap();
        let parts = preset.parts(Normalize::Refuse).unwrap();
        let told: Vec<(String, &str)> = parts
            .iter()
            .map(|part| {
                let op = part.op.as_ref().unwrap().to_string();
                (op, part.context.as_deref().unwrap())
            })
            .collect();
        let told: Vec<(&str, &str)> = told.iter().map(|(op, context)| (&**op, *context)).collect();
        let expected = [
            ("2-9", "zoo"),
            ("10", "zoo"),
            ("2-3", "school"),
            ("4", "school"),
        ];
        assert_eq!(told, expected);
        assert!((parts[0].weight - 0.9 * 8.0 * 0.111111).abs() < 1e-6);
    }

    #[test]
    fn a_wrong_sum_and_an_unknown_name_are_told() {
        let preset = Preset::find("id2-10_0.2easy_0.3medium_0.5hard").unwrap();
        let message = preset.parts(Normalize::Refuse).unwrap_err().to_string();
        assert!(
            message.contains("0.2easy_0.3medium") && message.contains("1.8"),
            "{message}"
        );
        let message = Preset::find("uniform").unwrap_err().to_string();
        assert!(
            message.contains("`uniform`") && message.contains("id2-10_uniform"),
            "{message}"
        );
    }
}
