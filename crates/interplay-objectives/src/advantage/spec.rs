//! The settings that turn the rewards of a step into advantages.
//!
//! In this order: the unlikeliness reward, the estimator, the focal weight, FADE, the gate, the
//! weights of the signs.
//!
//! Source: the defaults are TRL 1.16's: GRPO with the deviation of the group and 1e-4 in the
//! denominator, and nothing else.

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

use super::{
    Estimator, Fade, FadeState, Gate, Groups, ScaleRewards, Unlikeliness, best_only, focus,
    global_normalized, global_normalized_with_baseline, group_normalized, group_policy_gradient,
    leave_one_out, length_weighted, normalized_leave_one_out, pass_at_k, weigh_signs,
};

/// How the rewards of a step become advantages.
///
/// ```
/// use interplay_objectives::advantage::{AdvantageSpec, AdvantageState, Groups};
///
/// let spec: AdvantageSpec = toml::from_str("scale_rewards = 'none'\nfocal_gamma = 1.0").unwrap();
/// assert!(spec.validate(4).is_empty());
/// let groups = Groups {
///     solved: &[true, false, false, false],
///     ..Groups::of_rewards(&[1.0, 0.0, 0.0, 0.0], 4)
/// };
/// let mut state = AdvantageState::default();
/// spec.observe(&groups, &mut state);
/// assert_eq!(spec.advantages(&groups, &state), [0.5625, -0.1875, -0.1875, -0.1875]);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdvantageSpec {
    /// verl's `adv_estimator`.
    pub estimator: Estimator,
    /// What centered rewards are divided by; none for the deviation of the group. For `grpo` and
    /// `grpo_passk`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_rewards: Option<ScaleRewards>,
    /// Added to a standard deviation before division: 1e-4 in TRL, 1e-6 in verl.
    pub std_epsilon: f64,
    /// Whether `rloo` whitens its advantages over the batch.
    pub normalize_advantages: bool,
    /// Pays right completions less the likelier they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlikeliness: Option<Unlikeliness>,
    /// The exponent of the focal weight; 0 turns it off.
    pub focal_gamma: f64,
    /// Schedules the weights of failures and of hard problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fade: Option<Fade>,
    /// Which problems take part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// The weight of positive advantages.
    pub positive_weight: f64,
    /// The weight of negative advantages.
    pub negative_weight: f64,
}

impl Default for AdvantageSpec {
    fn default() -> Self {
        Self {
            estimator: Estimator::default(),
            scale_rewards: None,
            std_epsilon: 1e-4,
            normalize_advantages: false,
            unlikeliness: None,
            focal_gamma: 0.0,
            fade: None,
            gate: None,
            positive_weight: 1.0,
            negative_weight: 1.0,
        }
    }
}

/// What advantages remember across steps. It is part of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdvantageState {
    /// The moving averages of FADE.
    pub fade: FadeState,
}

impl AdvantageSpec {
    /// Everything that is wrong with the settings for groups of `group_size`.
    #[must_use]
    pub fn validate(&self, group_size: usize) -> Issues {
        let mut issues = Issues::default();
        let numbers = [
            ("std_epsilon", self.std_epsilon),
            ("focal_gamma", self.focal_gamma),
            ("positive_weight", self.positive_weight),
            ("negative_weight", self.negative_weight),
        ];
        for (key, value) in numbers {
            let holds = value >= 0.0 && value.is_finite();
            issues.expect(holds, key, value, "0 or more");
        }
        if self.positive_weight == 0.0 && self.negative_weight == 0.0 {
            let expected = "a weight above 0 for positive or negative advantages, or both";
            issues.push("positive_weight", 0, expected);
        }
        if let Estimator::PassAtK(pass) = self.estimator {
            let key = "estimator.pass_at_k";
            issues.range(format!("{key}.k"), pass.k, 1..=group_size);
            let share = pass.until > 0.0 && pass.until <= 1.0;
            issues.expect(
                share,
                format!("{key}.until"),
                pass.until,
                "above 0, up to 1",
            );
        }
        if let Some(unlikeliness) = &self.unlikeliness {
            issues.nest("unlikeliness", unlikeliness.validate());
        }
        if let Some(gate) = &self.gate {
            issues.nest("gate", gate.validate());
        }
        if let Some(fade) = &self.fade {
            issues.nest("fade", fade.validate());
        }
        self.refuse_combinations(&mut issues);
        issues
    }

    /// Settings that do not make sense together.
    fn refuse_combinations(&self, issues: &mut Issues) {
        let scaled = matches!(self.estimator, Estimator::Grpo | Estimator::GrpoPassk);
        if let (Some(scale), false) = (self.scale_rewards, scaled) {
            let expected = "no such key: only the estimators `grpo` and `grpo_passk` divide by it";
            issues.push("scale_rewards", name_of(scale), expected);
        }
        if self.normalize_advantages && self.estimator != Estimator::Rloo {
            let expected = "false: only the estimator `rloo` reads it";
            issues.push("normalize_advantages", true, expected);
        }
        if self.unlikeliness.is_some() && matches!(self.estimator, Estimator::PassAtK(_)) {
            let expected = "no such table: it grades rewards, and `pass_at_k` takes 0 or 1 only";
            issues.push("unlikeliness", "a table", expected);
        }
        if self.fade.is_none() {
            return;
        }
        if self.focal_gamma != 0.0 {
            let expected = "0: `fade` weighs problems by the same share";
            issues.push("focal_gamma", self.focal_gamma, expected);
        }
        let unscaled =
            self.estimator == Estimator::Grpo && self.scale_rewards == Some(ScaleRewards::None);
        let rloo = self.estimator == Estimator::Rloo && !self.normalize_advantages;
        if !unscaled && !rloo {
            let expected = "no such table, or `estimator = \"grpo\"` with `scale_rewards = \"none\"`, or \
                            `estimator = \"rloo\"` without `normalize_advantages`: it weighs centered \
                            rewards that are not divided by anything";
            issues.push("fade", "a table", expected);
        }
    }

    /// Whether the objective makes sense for rewards of 0 or 1 only.
    #[must_use]
    pub fn needs_binary_rewards(&self) -> bool {
        let passes = matches!(self.estimator, Estimator::PassAtK(_));
        passes || self.unlikeliness.is_some() || self.fade.is_some()
    }

    /// Takes a step's rollouts into what is remembered across steps. Call it once for each step,
    /// before [`advantages`](Self::advantages).
    pub fn observe(&self, groups: &Groups<'_>, state: &mut AdvantageState) {
        if let Some(fade) = &self.fade {
            fade.observe(&mut state.fade, groups);
        }
    }

    /// The advantage of each completion.
    ///
    /// # Panics
    /// Where `group_size` is zero or does not divide the number of rewards, or where a slice that the
    /// settings read has another length than the rewards.
    #[must_use]
    pub fn advantages(&self, groups: &Groups<'_>, state: &AdvantageState) -> Vec<f64> {
        let adjusted = self.unlikeliness.map(|spec| spec.rewards(groups));
        let groups = Groups {
            rewards: adjusted.as_deref().unwrap_or(groups.rewards),
            ..*groups
        };
        let mut advantages = self.estimated(&groups);
        let (solved, size) = (groups.solved, groups.group_size);
        if self.focal_gamma != 0.0 {
            focus(&mut advantages, solved, size, self.focal_gamma);
        }
        if let Some(fade) = &self.fade {
            fade.apply(&state.fade, &mut advantages, solved, size);
        }
        if let Some(gate) = &self.gate {
            gate.apply(&mut advantages, solved, size);
        }
        weigh_signs(&mut advantages, self.positive_weight, self.negative_weight);
        advantages
    }

    fn estimated(&self, groups: &Groups<'_>) -> Vec<f64> {
        let Groups {
            rewards,
            group_size: size,
            lengths,
            ..
        } = *groups;
        let (scale, epsilon) = (self.scale_rewards.unwrap_or_default(), self.std_epsilon);
        match self.estimator {
            Estimator::Grpo => group_normalized(rewards, size, scale, epsilon),
            Estimator::GrpoPassk => best_only(rewards, size, scale, epsilon),
            Estimator::PassAtK(pass) => pass_at_k(rewards, size, pass.k_at(groups.progress)),
            Estimator::ReinforcePlusPlus => global_normalized(rewards, lengths),
            Estimator::ReinforcePlusPlusBaseline => {
                global_normalized_with_baseline(rewards, size, lengths)
            }
            Estimator::Opo => length_weighted(rewards, size, lengths),
            Estimator::Gpg => group_policy_gradient(rewards, size),
            Estimator::Rloo => match self.normalize_advantages {
                true => normalized_leave_one_out(rewards, size, epsilon),
                false => leave_one_out(rewards, size),
            },
        }
    }
}

fn name_of(scale: ScaleRewards) -> &'static str {
    match scale {
        ScaleRewards::Group => "`group`",
        ScaleRewards::Batch => "`batch`",
        ScaleRewards::None => "`none`",
    }
}
