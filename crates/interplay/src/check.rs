//! Everything about an experiment that cannot work, found before anything runs.
//!
//! A run takes minutes or days. Whatever can be known from the spec alone is refused at once, with
//! everything that is wrong. Upper limits keep a typing error from asking for more memory than there
//! is.

use std::collections::HashSet;

use interplay_curriculum::{By, Ops};
use interplay_eval::Band;
use interplay_graph::settings::Issues;
use interplay_tasks::{ContextLibrary, Counts};
use interplay_tokenizer::TrainerSpec;
use interplay_train::grpo::GrpoSpec;

use crate::budget;
use crate::data::DataSpec;
use crate::limits::{MANY, PROBLEMS_PER_OP};
use crate::planned_stage::{self, Stage, resolve_stages};
use crate::spec::{ExperimentSpec, band_ops};
use crate::stage::{INIT, StageSpec};

/// The hardest op that a band may name; tasks have a limit of their own.
const HARDEST: u32 = 1000;
/// Names that a run uses for folders and random streams other than those of stages.
const TAKEN: [&str; 6] = ["tokenizer", "eval", "evaluate", "lock", "lengths", INIT];

impl ExperimentSpec {
    /// Everything about the experiment that cannot work.
    #[must_use]
    pub fn validate(&self, library: &ContextLibrary) -> Issues {
        let applied = budget::apply(self.clone());
        let mut check = Check {
            spec: &applied.experiment,
            library,
            issues: applied.issues,
        };
        check.names();
        check.model();
        check.tokenizer();
        check.evaluate();
        check.stages();
        check.issues
    }
}

/// What several devices cannot share: stages with fewer rows than devices, so that some would never have anything to do,
/// and losses over all tokens of a pass.
pub(crate) fn validate_devices(spec: &ExperimentSpec, devices: usize) -> Issues {
    let mut issues = Issues::default();
    for stage in &spec.stages {
        if let Some(training) = stage.settings.needs().training {
            issues.expect(
                training.rows >= devices,
                format!("{}.training.rows", stage.key()),
                training.rows,
                format!("at least one row for each of the {devices} devices"),
            );
            if let Some(rollouts) = training.rollouts {
                let key = format!("{}.training", stage.key());
                issues.nest(&key, rollouts.refused_on(devices));
            }
        }
    }
    issues
}

struct Check<'a> {
    spec: &'a ExperimentSpec,
    library: &'a ContextLibrary,
    issues: Issues,
}

impl Check<'_> {
    fn data(&mut self, key: &str, data: &DataSpec) {
        self.issues.nest(key, data.validate(self.library));
    }

    /// Refuses noise where no reward is paid: it would be without effect, or blur what is measured.
    fn exact(&mut self, key: &str, data: &DataSpec) {
        let expected = "no noise here; only a stage that trains on rewards may have it";
        self.issues
            .expect(!data.is_noisy(), format!("{key}.noise"), "noise", expected);
    }

    fn names(&mut self) {
        let name = &self.spec.name;
        let expected = "a folder name of letters, digits, `-` and `_`";
        self.issues
            .expect(is_folder_name(name), "name", format!("`{name}`"), expected);
        // With a smaller share, many draws in a row may give no held-out problem.
        let share = self.spec.held_out;
        let holds = share == 0.0 || (0.05..=0.5).contains(&share);
        self.issues
            .expect(holds, "held_out", share, "0 or 0.05 to 0.5");
        // TOML has no larger whole numbers, and the run folder keeps the plan as TOML.
        self.issues
            .range("seed", self.spec.seed, 0..=i64::MAX as u64);
        let stages = &self.spec.stages;
        self.issues
            .expect(!stages.is_empty(), "stage", "nothing", "at least one stage");
    }

    fn model(&mut self) {
        let model = &self.spec.model;
        let counts = [
            ("hidden_size", model.hidden_size, 1..=MANY),
            ("intermediate_size", model.intermediate_size, 1..=MANY),
            ("layers", model.layers, 1..=1 << 10),
            ("heads", model.heads, 1..=1 << 10),
            ("kv_heads", model.kv_heads, 1..=1 << 10),
            // A token of a prompt and one of its completion.
            ("context_tokens", model.context_tokens, 2..=MANY),
        ];
        let mut issues = Issues::default();
        for (key, count, limits) in counts {
            issues.range(key, count as u64, limits);
        }
        let theta = model.rope_theta;
        issues.expect(
            theta.is_finite() && theta > 0.0,
            "rope_theta",
            theta,
            "above 0",
        );
        if issues.is_empty() {
            let (hidden, heads, kv_heads) = (model.hidden_size, model.heads, model.kv_heads);
            let even = hidden.is_multiple_of(heads) && (hidden / heads).is_multiple_of(2);
            let expected = format!("hidden_size ({hidden}) divided by heads to be an even number");
            issues.expect(even, "heads", heads, expected);
            let expected = format!("a divisor of heads ({heads})");
            issues.expect(
                heads.is_multiple_of(kv_heads),
                "kv_heads",
                kv_heads,
                expected,
            );
        }
        self.issues.nest("model", issues);
    }

    fn tokenizer(&mut self) {
        let (init, spec) = (&self.spec.init, &self.spec.tokenizer);
        let Some(spec) = spec.as_ref().filter(|_| init.is_none()) else {
            let found = if init.is_some() { "a table" } else { "nothing" };
            let expected = match init {
                Some(_) => "nothing beside `init`, which brings its own tokenizer",
                None => "a table, or the folder of a model as `init`",
            };
            let right = init.is_some() && spec.is_none();
            self.issues.expect(right, "tokenizer", found, expected);
            return;
        };
        let trainer = TrainerSpec {
            vocab_size: spec.vocab_size,
            ..TrainerSpec::default()
        };
        let entries = spec.vocab_size as u64;
        if let Err(error) = trainer.validate() {
            let expected = format!("a vocabulary that can be trained ({error})");
            self.issues.push("tokenizer.vocab_size", entries, expected);
        }
        self.issues.range("tokenizer.vocab_size", entries, 1..=MANY);
        self.issues
            .range("tokenizer.samples", spec.samples, 1..=10 * MANY);
        self.data("tokenizer.data", &spec.data);
        self.exact("tokenizer.data", &spec.data);
        self.issues
            .nest("tokenizer.data", spec.data.edge_issues(false));
    }

    fn evaluate(&mut self) {
        let spec = &self.spec.evaluate;
        let mut issues = Issues::default();
        issues.range("problems_per_op", spec.problems_per_op, 1..=PROBLEMS_PER_OP);
        issues.range("completions", u64::from(spec.completions), 1..=MANY);
        // The prompt needs a token as well. A shorter context is refused with the model.
        let most = (self.spec.model.context_tokens as u64).max(2) - 1;
        issues.range("max_new_tokens", spec.max_new_tokens as u64, 1..=most);
        let ascending = spec.ks.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = spec.ks.iter().all(|k| (1..=spec.completions).contains(k));
        let right = !spec.ks.is_empty() && ascending && inside;
        let expected = format!(
            "ascending values from 1 to completions ({})",
            spec.completions
        );
        issues.expect(right, "ks", format!("{:?}", spec.ks), expected);
        let temperatures = &spec.temperatures;
        let ascending = temperatures.windows(2).all(|pair| pair[0] < pair[1]);
        let right = temperatures.first() == Some(&0.0)
            && ascending
            && temperatures.iter().all(|one| one.is_finite());
        let expected = "0 (greedy decoding) first, then ascending temperatures";
        issues.expect(right, "temperatures", format!("{temperatures:?}"), expected);
        self.issues.nest("evaluate", issues);
        self.data("evaluate.data", &spec.data);
        self.exact("evaluate.data", &spec.data);
        self.issues
            .nest("evaluate.data", spec.data.edge_issues(false));
        self.bands();
    }

    fn bands(&mut self) {
        let bands = self.spec.bands;
        if let Err(error) = bands.validate() {
            self.issues
                .push("bands", error, "three ranges of ops without overlap");
            return;
        }
        let last = Band::ALL.map(|band| *bands.range(band).end());
        if let Some(op) = last.into_iter().find(|op| *op > HARDEST) {
            self.issues
                .push("bands", format!("op {op}"), format!("ops up to {HARDEST}"));
            return;
        }
        for op in band_ops(&bands) {
            if self.spec.evaluate.data.is_finite() {
                break;
            }
            let data = self.spec.evaluate.data.at_ops(&Counts::one(op));
            self.data(&format!("evaluate.data (at op {op} of the bands)"), &data);
        }
    }

    fn stages(&mut self) {
        let mut seen: HashSet<&str> = HashSet::new();
        for stage in &self.spec.stages {
            let (name, key) = (stage.name.as_str(), format!("{}.name", stage.key()));
            let found = format!("`{name}`");
            let expected = "letters, digits, `-` and `_`";
            self.issues
                .expect(is_folder_name(name), &key, &found, expected);
            let free = !TAKEN.contains(&name.to_lowercase().as_str()) && seen.insert(name);
            self.issues
                .expect(free, &key, &found, "a name that is not taken");
            self.settings(stage);
        }
        match resolve_stages(&self.spec.with_init()) {
            Err(issues) => self.issues.nest("", issues),
            Ok(stages) => {
                for stage in &stages {
                    self.edge(stage, &stages);
                }
            }
        }
    }

    fn settings(&mut self, stage: &StageSpec) {
        let (key, needs) = (stage.key(), stage.settings.needs());
        self.issues.nest(&key, needs.issues);
        if let Some(training) = needs.training {
            self.data(&format!("{key}.data"), training.data);
            let follows = stage.edge_from.is_some() && !stage.settings.starts_from_calibration();
            self.issues
                .nest(&format!("{key}.data"), training.data.edge_issues(follows));
            match training.rollouts {
                Some(spec) => {
                    let missing = spec.reward.missing_from(&training.data.components());
                    self.issues.nest(&format!("{key}.training"), missing);
                    let issues = curriculum_issues(stage, spec, training.data);
                    self.issues
                        .nest(&format!("{key}.training.curriculum"), issues);
                }
                None => self.exact(&format!("{key}.data"), training.data),
            }
            let (found, context) = (training.row_tokens, self.spec.model.context_tokens);
            let expected = format!("at most model.context_tokens ({context})");
            let key = format!("{key}.training.row_tokens");
            self.issues.expect(found <= context, key, found, expected);
        }
        if let Some(ops) = needs.measured_ops {
            let data = self.spec.evaluate.data.at_ops(ops);
            self.data(&format!("evaluate.data (at the ops of {key})"), &data);
        }
    }

    /// A stage that takes its ops from a calibration must be able to take any of them.
    fn edge(&mut self, stage: &Stage, stages: &[Stage]) {
        let (planned_stage::Ops::AtEdgeOf(calibration), Some(data)) =
            (&stage.ops, stage.settings.data())
        else {
            return;
        };
        let calibrating = &stages[calibration.index()].settings;
        if let Some(ops) = calibrating.needs().measured_ops {
            let name = &stage.name;
            let key = format!("stage.{name}.data (at the ops of stage.{calibration})");
            if !stage.settings.starts_from_calibration() {
                self.data(&key, &data.at_edge(ops));
                return;
            }
            let there = data.ops();
            let missing: Vec<u32> = ops.iter().filter(|op| !there.contains(op)).collect();
            let expected =
                "every op that the calibration measures: the curriculum picks among them";
            let found = format!("no op {missing:?}");
            let holds = data.is_finite() || missing.is_empty();
            self.issues.expect(holds, key, found, expected);
        }
    }
}

/// What is wrong with the curriculum of a stage, by itself or with the stage's data.
fn curriculum_issues(stage: &StageSpec, spec: &GrpoSpec, data: &DataSpec) -> Issues {
    let curriculum = &spec.curriculum;
    let mut issues = Issues::default();
    let measured = curriculum.needs_calibration();
    if measured && curriculum.by() == By::Problem {
        let expected = "\"op\", or `kind = \"iterative\"`: a calibration measures held-out problems, not those that this \
                        stage practices";
        issues.push("by", "\"problem\"", expected);
        return issues;
    }
    issues.nest(
        "",
        curriculum.validate(spec.group_size, stage.edge_from.is_some()),
    );
    // The examples of every kind of data have an op.
    issues.nest("", curriculum.missing(data.kind(), true, data.is_finite()));
    let (there, moves) = (data.ops(), stage.edge_from.is_some() && !measured);
    if data.is_finite() || moves {
        return issues;
    }
    for (key, ops) in curriculum.named_ops() {
        let missing: Ops = ops.iter().filter(|op| !there.contains(op)).collect();
        let found = format!("op {missing}");
        let expected = format!(
            "ops of the stage's data ({})",
            there.iter().copied().collect::<Ops>()
        );
        issues.expect(missing.is_empty(), key, found, expected);
    }
    issues
}

/// Whether a name is a folder on every system and no file of the run.
fn is_folder_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use interplay_tasks::TaskSpec;
    use proptest::prelude::*;

    use super::*;
    use crate::stage::StageSettings;

    /// The tasks of a table of DAG problems.
    fn tasks(data: &mut DataSpec) -> &mut TaskSpec {
        match data {
            DataSpec::Dag(data) => &mut data.tasks,
            other => panic!("{other:?}"),
        }
    }

    fn issues_after(change: impl FnOnce(&mut ExperimentSpec)) -> String {
        let mut spec = ExperimentSpec::preset("quick").unwrap();
        change(&mut spec);
        spec.validate(&ContextLibrary::embedded()).to_string()
    }

    #[test]
    fn nothing_is_wrong_with_the_preset() {
        assert_eq!(issues_after(|_| {}), "");
    }

    /// The quick preset with a replay component in its last stage.
    fn with_replay(spec: &mut ExperimentSpec, change: impl FnOnce(&mut TaskSpec)) {
        let Some(StageSettings::Grpo(stage)) = spec.stages.last_mut().map(|of| &mut of.settings)
        else {
            panic!("the last stage is of another kind");
        };
        let tasks = tasks(&mut stage.data);
        let mut replay = tasks.mixture[0].clone();
        (replay.op, replay.weight) = ("2-5".parse().unwrap(), 0.3);
        tasks.mixture[0].weight = 0.7;
        tasks.mixture.push(replay);
        change(tasks);
    }

    #[test]
    fn components_that_follow_the_edge_say_so() {
        let found = issues_after(|spec| with_replay(spec, |_| {}));
        let expected = "`stage.grpo.data.mixture`: found components of op 6-7; op 2-5, none of them \
                        marked, expected `edge = true`";
        assert!(found.contains(expected), "{found}");
        let found = issues_after(|spec| with_replay(spec, |tasks| tasks.mixture[0].edge = true));
        assert_eq!(found, "");
        // Components that differ in something else all follow.
        let found = issues_after(|spec| {
            with_replay(spec, |tasks| {
                tasks.mixture[1].op = tasks.mixture[0].op.clone();
            });
        });
        assert_eq!(found, "");
    }

    #[test]
    fn nothing_follows_an_edge_where_no_calibration_is_named() {
        let found = issues_after(|spec| {
            with_replay(spec, |tasks| tasks.mixture[0].edge = true);
            spec.stages.last_mut().unwrap().edge_from = None;
            tasks(&mut spec.evaluate.data).mixture[0].edge = true;
            tasks(&mut spec.tokenizer.as_mut().unwrap().data).mixture[0].edge = true;
        });
        for table in ["stage.grpo.data", "evaluate.data", "tokenizer.data"] {
            let expected = format!("`{table}.mixture[0].edge`: found true, expected no `edge`");
            assert!(found.contains(&expected), "{found}");
        }
    }

    #[test]
    fn a_context_without_room_for_a_completion_is_refused() {
        for tokens in [0, 1] {
            let found = issues_after(|spec| spec.model.context_tokens = tokens);
            let expected = format!("`model.context_tokens`: found {tokens}, expected 2 to 1048576");
            assert!(found.contains(&expected), "{found}");
        }
    }

    #[test]
    fn absurd_numbers_are_refused_before_they_are_used() {
        let found = issues_after(|spec| {
            spec.seed = u64::MAX;
            spec.model.hidden_size = usize::MAX / 4;
            spec.model.rope_theta = -1.0;
            let tokenizer = spec.tokenizer.as_mut().unwrap();
            tokenizer.samples = u64::MAX;
            tokenizer.vocab_size = 10;
            spec.bands.hard = [8, 4_000_000_000];
            spec.evaluate.ks = vec![2, 1];
            spec.evaluate.max_new_tokens = 4096;
        });
        for key in [
            "seed",
            "model.hidden_size",
            "model.rope_theta",
            "tokenizer.samples",
            "tokenizer.vocab_size",
            "bands",
            "evaluate.ks",
            "evaluate.max_new_tokens",
        ] {
            assert!(found.contains(key), "{key} is missing in\n{found}");
        }
    }

    #[test]
    fn noise_is_refused_where_no_reward_is_paid() {
        let noise = Some(interplay_verify::Noise::Drop { rate: 0.1 });
        let noisy = |data: &mut DataSpec| match data {
            DataSpec::Dag(data) => data.noise = noise,
            other => panic!("{other:?}"),
        };
        let found = issues_after(|spec| {
            noisy(&mut spec.tokenizer.as_mut().unwrap().data);
            noisy(&mut spec.evaluate.data);
            for stage in &mut spec.stages {
                match &mut stage.settings {
                    StageSettings::Pretrain(stage) => noisy(&mut stage.data),
                    StageSettings::Grpo(stage) => noisy(&mut stage.data),
                    _ => {}
                }
            }
        });
        for key in ["tokenizer.data", "evaluate.data", "stage.base.data"] {
            assert!(found.contains(&format!("`{key}.noise`")), "{key}: {found}");
        }
        assert!(!found.contains("stage.grpo"), "{found}");
    }

    #[test]
    fn names_must_not_collide_with_the_files_of_a_run() {
        for taken in [
            "eval",
            "tokenizer",
            "evaluate",
            "lock",
            "Eval",
            "report.html",
            "base",
            "../x",
            "",
        ] {
            let found = issues_after(|spec| {
                spec.stages[1].name = taken.into();
            });
            assert!(
                found.contains(&format!("stage.{taken}.name")),
                "{taken}: {found}"
            );
        }
    }

    /// What is wrong with the quick preset with this curriculum, calibrated or not.
    fn curriculum_issues(curriculum: &str, ops: &str, calibrated: bool) -> String {
        issues_after(|spec| {
            let stage = spec.stages.last_mut().unwrap();
            if !calibrated {
                stage.edge_from = None;
            }
            let StageSettings::Grpo(grpo) = &mut stage.settings else {
                panic!("the last stage is of another kind");
            };
            grpo.training.curriculum = toml::from_str(curriculum).unwrap();
            tasks(&mut grpo.data).mixture[0].op = ops.parse().unwrap();
        })
    }

    #[test]
    fn curricula_are_checked_with_everything_else() {
        let edge = "kind = \"edge\"";
        assert_eq!(curriculum_issues(edge, "4-10", true), "");
        let found = curriculum_issues(edge, "4-10", false);
        let key = "`stage.grpo.training.curriculum.ops`: found a curriculum without a band";
        assert!(found.contains(key), "{found}");
        // The curriculum picks among the ops of the data, so they must be there.
        let found = curriculum_issues(edge, "6-7", true);
        assert!(found.contains("found no op [4, 5, 8, 9, 10]"), "{found}");
        let by_problem = "kind = \"edge\"\nby = \"problem\"";
        let found = curriculum_issues(by_problem, "4-10", true);
        assert!(
            found.contains("a calibration measures held-out problems"),
            "{found}"
        );
        let endless = "kind = \"iterative\"\nby = \"problem\"\nevery_steps = 2";
        let found = curriculum_issues(endless, "4-10", false);
        assert!(found.contains("never come again"), "{found}");
        let band = "kind = \"static\"\nband = \"6-9\"\nreplay = { share = 2.0, ops = \"3-4\" }";
        let found = curriculum_issues(band, "4-7", false);
        for part in [
            "curriculum.replay.share`: found 2",
            "curriculum.band`: found op 8-9, expected ops of the stage's data (4-7)",
            "curriculum.replay.ops`: found op 3, expected",
        ] {
            assert!(found.contains(part), "{part}: {found}");
        }
    }

    #[test]
    fn losses_over_all_tokens_of_a_pass_need_a_single_device() {
        let mut spec = ExperimentSpec::preset("quick").unwrap();
        let Some(StageSettings::Grpo(grpo)) = spec.stages.last_mut().map(|of| &mut of.settings)
        else {
            panic!("the last stage is of another kind");
        };
        grpo.training.clip_cov = Some(toml::from_str("").unwrap());
        assert!(validate_devices(&spec, 1).is_empty());
        let issues = validate_devices(&spec, 2).to_string();
        assert!(
            issues.contains("`stage.grpo.training.clip_cov`"),
            "{issues}"
        );
    }

    #[test]
    fn a_calibration_is_checked_at_its_own_ops() {
        let found = issues_after(|spec| {
            if let StageSettings::Calibrate(stage) = &mut spec.stages[2].settings {
                stage.edge.ops = "4-300".parse().unwrap();
            }
        });
        assert!(
            found.contains("evaluate.data (at the ops of stage.calibrate)"),
            "{found}"
        );
        assert!(found.contains("stage.grpo.data (at the ops"), "{found}");
    }

    /// Numbers at which arithmetic goes wrong, and ordinary ones.
    fn count() -> impl Strategy<Value = u64> {
        let edges = [
            0,
            1,
            2,
            3,
            255,
            1 << 20,
            (1 << 31) - 1,
            1 << 32,
            i64::MAX as u64,
        ];
        prop_oneof![
            proptest::sample::select(edges.to_vec()),
            Just(u64::MAX),
            0..1000u64,
            any::<u64>(),
        ]
    }

    fn number() -> impl Strategy<Value = f64> {
        let edges = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            f64::NAN,
            f64::INFINITY,
            f64::MIN,
            5e-324,
        ];
        prop_oneof![proptest::sample::select(edges.to_vec()), any::<f64>()]
    }

    fn small(count: u64) -> u32 {
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Puts absurd numbers into every number that a person may write.
    fn absurd(spec: &mut ExperimentSpec, count: &mut dyn FnMut() -> u64, number: f64) {
        let mut size = || usize::try_from(count()).unwrap_or(usize::MAX);
        let model = &mut spec.model;
        for field in [
            &mut model.hidden_size,
            &mut model.intermediate_size,
            &mut model.layers,
            &mut model.heads,
            &mut model.kv_heads,
            &mut model.context_tokens,
            &mut spec.tokenizer.as_mut().unwrap().vocab_size,
            &mut spec.evaluate.max_new_tokens,
        ] {
            *field = size();
        }
        for stage in &mut spec.stages {
            match &mut stage.settings {
                StageSettings::Pretrain(stage) | StageSettings::Midtrain(stage) => {
                    let training = &mut stage.training;
                    training.rows = size();
                    training.row_tokens = size();
                    training.accumulation = size();
                    training.optimizer.clip_norm = number;
                    let tasks = tasks(&mut stage.data);
                    tasks.max_parents = size();
                    tasks.nouns = Some(size());
                }
                StageSettings::Grpo(stage) => {
                    let training = &mut stage.training;
                    training.prompts = size();
                    training.group_size = size();
                    training.minibatches = size();
                    training.rows = size();
                    training.row_tokens = size();
                    training.max_new_tokens = size();
                    training.temperature = number;
                    tasks(&mut stage.data).mixture[0].weight = number;
                }
                StageSettings::Init | StageSettings::Calibrate(_) => {}
            }
        }
        spec.seed = count();
        spec.tokenizer.as_mut().unwrap().samples = count();
        spec.model.rope_theta = number;
        let evaluate = &mut spec.evaluate;
        evaluate.problems_per_op = count();
        evaluate.completions = small(count());
        evaluate.ks = vec![small(count()), small(count())];
        evaluate.temperatures = vec![0.0, number];
        let tasks = tasks(&mut evaluate.data);
        tasks.max_value = Some(count() as i64);
        tasks.max_constant = count() as i64;
        tasks.max_factor = count() as i64;
        tasks.min_tokens = Some(small(count()));
        tasks.entanglement = Some(number);
        spec.held_out = number;
        for band in [
            &mut spec.bands.id,
            &mut spec.bands.edge,
            &mut spec.bands.hard,
        ] {
            *band = [small(count()), small(count())];
        }
        for stage in &mut spec.stages {
            match &mut stage.settings {
                StageSettings::Pretrain(stage) | StageSettings::Midtrain(stage) => {
                    stage.training.budget_tokens = count();
                    stage.training.checkpoint_every_steps = count();
                }
                StageSettings::Grpo(stage) => stage.training.steps = count(),
                StageSettings::Init => {}
                StageSettings::Calibrate(stage) => {
                    stage.edge.problems_per_op = count();
                    stage.edge.completions = small(count());
                    stage.edge.pass_at_1_below = number;
                    stage.edge.pass_at_k_above = number;
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// The test profile checks every sum, difference and product for overflow.
        #[test]
        fn absurd_numbers_never_overflow(
            counts in proptest::collection::vec(count(), 80),
            number in number(),
            change in proptest::collection::vec(proptest::bool::weighted(0.3), 80),
        ) {
            let mut spec = ExperimentSpec::preset("quick").unwrap();
            let mut numbers = counts.into_iter().zip(change).cycle();
            let mut next = || match numbers.next() {
                Some((count, true)) => count,
                // An ordinary number, so that checks behind others are reached as well.
                Some((count, false)) => 2 + count % 30,
                None => 1,
            };
            absurd(&mut spec, &mut next, number);
            let issues = spec.validate(&ContextLibrary::embedded());
            let _ = validate_devices(&spec, 2);
            prop_assert!(issues.0.iter().all(|issue| !issue.key.is_empty()), "{issues}");
        }
    }
}
