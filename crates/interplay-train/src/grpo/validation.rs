//! What is wrong with the settings of a GRPO stage, by themselves and together.

use interplay_graph::settings::Issues;
use interplay_objectives::loss::{Aggregation, Level, Surrogate};

use super::{GrpoSpec, OldLogProbs};
use crate::next_token::MAX_COUNT;

impl GrpoSpec {
    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        issues.nest("optimizer", self.optimizer.validate());
        self.validate_sizes(&mut issues);
        self.validate_sampling(&mut issues);
        self.validate_loss(&mut issues);
        issues.nest("advantage", self.advantage.validate(self.group_size));
        issues.nest("credit", self.credit.validate());
        issues.nest("reward", self.reward.validate());
        if let Some(overlong) = &self.overlong {
            issues.nest("overlong", overlong.validate(self.max_new_tokens));
        }
        self.refuse_combinations(&mut issues);
        issues
    }

    /// What cannot be split between several devices.
    #[must_use]
    pub fn refused_on(&self, devices: usize) -> Issues {
        let mut issues = Issues::default();
        let tables = [
            ("clip_cov", self.clip_cov.is_some()),
            ("kl_cov", self.kl_cov.is_some()),
        ];
        for (key, there) in tables {
            let expected = format!(
                "a single device instead of {devices}, or no such table: covariances are those of the tokens of a \
                 pass, which devices would split"
            );
            issues.expect(!there || devices <= 1, key, "a table", expected);
        }
        issues
    }

    fn validate_sizes(&self, issues: &mut Issues) {
        let counts = [
            ("steps", self.steps),
            ("prompts", self.prompts as u64),
            ("minibatches", self.minibatches as u64),
            ("num_iterations", self.num_iterations as u64),
            ("rows", self.rows as u64),
            ("row_tokens", self.row_tokens as u64),
            ("max_new_tokens", self.max_new_tokens as u64),
            ("checkpoint_every_steps", self.checkpoint_every_steps),
        ];
        for (key, count) in counts {
            issues.range(key, count, 1..=MAX_COUNT);
        }
        issues.range("group_size", self.group_size as u64, 2..=MAX_COUNT);
        let logged = self.log_completions_every_steps;
        issues.range("log_completions_every_steps", logged, 0..=MAX_COUNT);
        let (minibatches, prompts) = (self.minibatches, self.prompts);
        let even = minibatches == 0 || prompts.is_multiple_of(minibatches);
        let divisor = format!("a number that divides `prompts` ({prompts})");
        issues.expect(even, "minibatches", minibatches, divisor);
        let (longest, row) = (self.max_new_tokens, self.row_tokens);
        let room = format!("less than `row_tokens` ({row}), which also hold the prompt");
        issues.expect(longest < row, "max_new_tokens", longest, room);
    }

    fn validate_sampling(&self, issues: &mut Issues) {
        let hot = self.temperature >= 1e-38 && self.temperature.is_finite();
        issues.expect(hot, "temperature", self.temperature, "at least 1e-38");
        let nucleus = self.top_p > 0.0 && self.top_p <= 1.0;
        issues.expect(nucleus, "top_p", self.top_p, "above 0, up to 1");
        issues.range("min_p", self.min_p, 0.0..=1.0);
        if let Some(dynamic) = &self.dynamic_sampling {
            issues.nest("dynamic_sampling", dynamic.validate());
        }
    }

    fn validate_loss(&self, issues: &mut Issues) {
        let amounts = [
            ("clip_low", self.clip_low),
            ("clip_high", self.clip_high),
            ("kl_coefficient", self.kl_coefficient),
        ];
        for (key, value) in amounts {
            let holds = value >= 0.0 && value.is_finite();
            issues.expect(holds, key, value, "0 or more");
        }
        let entropy = self.entropy_coefficient;
        issues.expect(
            entropy.is_finite(),
            "entropy_coefficient",
            entropy,
            "a finite number",
        );
        if let Some(delta) = self.delta {
            let above = delta > 1.0 + self.clip_high && delta.is_finite();
            issues.expect(above, "delta", delta, "above 1 + `clip_high`");
        }
        if let Surrogate::Sapo(sapo) = &self.surrogate {
            issues.nest("surrogate.sapo", sapo.validate());
        }
        if let Some(control) = &self.kl_adaptive {
            let target = control.target > 0.0 && control.target.is_finite();
            issues.expect(target, "kl_adaptive.target", control.target, "above 0");
            // Below that a single step could change the sign of the weight.
            let batch = self.prompts.saturating_mul(self.group_size) as f64;
            let horizon = control.horizon >= batch && control.horizon.is_finite();
            let expected =
                format!("at least the completions of a step, `prompts` * `group_size` ({batch})");
            issues.expect(horizon, "kl_adaptive.horizon", control.horizon, expected);
        }
        if let Some(correction) = &self.correction {
            let holds = correction.max > 0.0 && correction.max.is_finite();
            issues.expect(holds, "correction.max", correction.max, "above 0");
            issues.range("correction.min", correction.min, 0.0..=correction.max);
        }
        if let Some(clip) = &self.clip_cov {
            issues.range("clip_cov.ratio", clip.ratio, 0.0..=1.0);
            issues.expect(
                clip.low < clip.high,
                "clip_cov.low",
                clip.low,
                "below `clip_cov.high`",
            );
        }
        if let Some(penalty) = &self.kl_cov {
            issues.range("kl_cov.ratio", penalty.ratio, 0.0..=1.0);
            let holds = penalty.coefficient >= 0.0 && penalty.coefficient.is_finite();
            issues.expect(
                holds,
                "kl_cov.coefficient",
                penalty.coefficient,
                "0 or more",
            );
        }
        issues.nest("reference", self.reference.validate());
    }

    /// Settings that do not make sense together.
    fn refuse_combinations(&self, issues: &mut Issues) {
        let binary = self.reward.is_binary();
        if self.advantage.needs_binary_rewards() && !(binary && self.overlong.is_none()) {
            let expected = "a reward that is 0 or 1 (`outcome`, `strict`) and no `overlong`: the objective in \
                            `advantage` counts successes";
            issues.push("reward", "a graded reward", expected);
        }
        if self.advantage.needs_binary_rewards() && self.kl_in_reward {
            let expected = "false: the objective in `advantage` counts successes";
            issues.push("kl_in_reward", true, expected);
        }
        if self.correction.is_some() && self.old_log_probs == OldLogProbs::Rollout {
            let expected = "\"trainer\": `correction` compares the trainer with the sampler";
            issues.push("old_log_probs", "\"rollout\"", expected);
        }
        if self.dynamic_sampling.is_some() && self.advantage.gate.is_some() {
            let expected = "no such table: `advantage.gate` chooses among all groups";
            issues.push("dynamic_sampling", "a table", expected);
        }
        if self.dynamic_sampling.is_some() && self.credit.rewards_steps() {
            let expected = "no such table: `credit` gives tokens an advantage in groups with equal rewards too, which \
                            dynamic sampling drops";
            issues.push("dynamic_sampling", "a table", expected);
        }
        self.refuse_losses(issues);
        if self.has_reference() {
            return;
        }
        let without = "above 0: there is no reference without a penalty";
        if self.kl_in_reward || self.kl_adaptive.is_some() || self.reference.follows() {
            issues.push("kl_coefficient", self.kl_coefficient, without);
        }
    }

    /// Settings of the loss that do not make sense together, or that nothing would read.
    fn refuse_losses(&self, issues: &mut Issues) {
        let clips = self.surrogate == Surrogate::Clip;
        if let (Some(delta), false) = (self.delta, clips) {
            let expected = "no such key: only `surrogate = \"clip\"` reads it";
            issues.push("delta", delta, expected);
        }
        if self.clip_cov.is_some() && !(clips && self.kl_cov.is_none()) {
            let expected =
                "no such table: it goes with `surrogate = \"clip\"`, and not beside `kl_cov`";
            issues.push("clip_cov", "a table", expected);
        }
        let ratio = matches!(
            self.surrogate,
            Surrogate::Reinforce | Surrogate::GeometricMean
        );
        if ratio && self.importance_sampling_level == Level::Sequence {
            let expected = "\"token\": the surrogate has no ratio of tokens that could be shared";
            issues.push("importance_sampling_level", "\"sequence\"", expected);
        }
        let read =
            self.has_reference() && !self.kl_in_reward && self.kl_estimator.takes_ratio_factor();
        if self.kl_ratio_factor && !read {
            let expected = "false: only a penalty in the loss (`kl_coefficient` above 0, no `kl_in_reward`) with an \
                            estimator other than `k1+`, `k3+` and `abs+` is weighted with the ratio";
            issues.push("kl_ratio_factor", true, expected);
        }
        let geometric = self.surrogate == Surrogate::GeometricMean;
        if geometric && self.loss_type != Aggregation::Grpo {
            let expected = "\"grpo\": the geometric mean is a loss of whole completions";
            issues.push("loss_type", "another aggregation", expected);
        }
        if self.kl_cov.is_some() && self.surrogate != Surrogate::None {
            let expected = "\"none\": `kl_cov` penalizes instead of clipping";
            issues.push("surrogate", "another surrogate", expected);
        }
    }
}

#[cfg(test)]
mod tests {
    use interplay_objectives::loss::{ClipCov, Correction};

    use super::*;
    use crate::grpo::RewardSpec;
    use crate::schedule::Schedule;

    fn spec() -> GrpoSpec {
        GrpoSpec::new(2, 4, 64, 24, Schedule::new(1e-3))
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let text = r#"
            estimator = { pass_at_k = { k = 99 } }
        "#;
        let broken = GrpoSpec {
            delta: Some(1.0),
            top_p: 0.0,
            kl_coefficient: 0.0,
            kl_in_reward: true,
            correction: Some(Correction::default()),
            advantage: toml::from_str(text).unwrap(),
            reward: RewardSpec::Process,
            ..spec()
        };
        let keys: Vec<String> = broken
            .validate()
            .0
            .into_iter()
            .map(|issue| issue.key)
            .collect();
        let expected = [
            "top_p",
            "delta",
            "advantage.estimator.pass_at_k.k",
            "reward",
            "kl_in_reward",
            "old_log_probs",
            "kl_coefficient",
        ];
        assert_eq!(keys, expected);
        assert!(spec().validate().is_empty());
    }

    /// The keys that are refused in these settings.
    fn refused(settings: &str) -> Vec<String> {
        let plain = toml::Value::try_from(spec()).unwrap();
        let toml::Value::Table(mut table) = plain else {
            panic!("{plain}");
        };
        table.extend(toml::from_str::<toml::Table>(settings).unwrap());
        let spec: GrpoSpec = toml::Value::Table(table).try_into().unwrap();
        let issues = spec.validate().0.into_iter();
        issues.map(|issue| issue.key).collect()
    }

    #[test]
    fn settings_that_nothing_would_read_are_refused() {
        for (settings, keys) in [
            ("delta = 3.0\nsurrogate = \"cispo\"", &["delta"][..]),
            ("clip_cov = {}\nsurrogate = \"sapo\"", &["clip_cov"]),
            (
                "clip_cov = {}\nkl_cov = {}\nsurrogate = \"none\"",
                &["clip_cov"],
            ),
            ("kl_cov = {}", &["surrogate"]),
            (
                "kl_ratio_factor = true\nkl_in_reward = true",
                &["kl_ratio_factor"],
            ),
            (
                "kl_ratio_factor = true\nkl_coefficient = 0.0",
                &["kl_ratio_factor"],
            ),
            (
                "kl_ratio_factor = true\nkl_estimator = \"k3+\"",
                &["kl_ratio_factor"],
            ),
            (
                "importance_sampling_level = \"sequence\"\nsurrogate = \"reinforce\"",
                &["importance_sampling_level"],
            ),
            (
                "importance_sampling_level = \"sequence\"\nsurrogate = \"geometric_mean\"",
                &["importance_sampling_level"],
            ),
            (
                "surrogate = { sapo = { positive = 0.0, negative = inf } }",
                &["surrogate.sapo.positive", "surrogate.sapo.negative"],
            ),
            (
                "dynamic_sampling = {}\ncredit = \"node\"",
                &["dynamic_sampling"],
            ),
            (
                "dynamic_sampling = {}\ncredit = \"process\"",
                &["dynamic_sampling"],
            ),
            (
                "dynamic_sampling = {}\ncredit = \"potential\"",
                &["dynamic_sampling"],
            ),
            // Four prompts of six completions.
            (
                "kl_adaptive = { target = 0.1, horizon = 23 }",
                &["kl_adaptive.horizon"],
            ),
        ] {
            assert_eq!(refused(settings), keys, "{settings}");
        }
        for settings in [
            "delta = 3.0",
            "clip_cov = {}",
            "surrogate = \"none\"\nkl_cov = {}",
            "kl_ratio_factor = true\nkl_estimator = \"js\"",
            "importance_sampling_level = \"sequence\"",
            "dynamic_sampling = {}\ncredit = \"first_error\"",
            "kl_adaptive = { target = 0.1, horizon = 24 }",
        ] {
            assert!(refused(settings).is_empty(), "{settings}");
        }
    }

    #[test]
    fn covariances_need_a_single_device() {
        let spec = GrpoSpec {
            clip_cov: Some(ClipCov::default()),
            ..spec()
        };
        assert!(spec.refused_on(1).is_empty());
        let issues = spec.refused_on(2);
        assert_eq!(issues.0.len(), 1);
        assert!(issues.to_string().contains("`clip_cov`"), "{issues}");
    }
}
