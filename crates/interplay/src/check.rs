//! Everything about an experiment that cannot work, found before anything runs.
//!
//! A run takes minutes or days; what can be known from the spec alone is refused at once, every
//! problem in a line of its own. Upper limits keep a slip of the keyboard from asking for more
//! memory than there is.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use interplay_eval::Band;
use interplay_tasks::{ContextLibrary, Counts, TaskError, TaskSpec};
use interplay_tokenizer::TrainerSpec;

use crate::run::evaluate::band_ops;
use crate::spec::{at_counts, at_op};
use crate::{CalibrateSpec, ExperimentSpec, StageKind, StageSpec};

/// The most of anything that is counted in a spec and held in memory: a million.
const MANY: u64 = 1 << 20;
/// The hardest op that a band may name; tasks have a limit of their own.
const HARDEST: u32 = 1000;
/// Names of files and folders that a run makes beside its stages, and of streams of its own.
const TAKEN: [&str; 3] = ["tokenizer", "eval", "evaluate"];

/// All problems of an experiment.
pub(crate) fn problems(spec: &ExperimentSpec, library: &ContextLibrary) -> Vec<String> {
    let mut check = Check {
        spec,
        library,
        problems: Vec::new(),
    };
    check.names();
    check.model();
    check.tokenizer();
    check.evaluate();
    check.stages();
    check.problems
}

/// Stages with fewer rows than devices: some of the devices would never have anything to do.
pub(crate) fn rows_for(spec: &ExperimentSpec, devices: usize) -> Vec<String> {
    let rows = |stage: &StageSpec| match stage {
        StageSpec::Pretrain { training, .. } | StageSpec::Midtrain { training, .. } => {
            Some(training.rows)
        }
        StageSpec::Grpo { training, .. } => Some(training.rows),
        StageSpec::Calibrate { .. } => None,
    };
    let few = |stage: &StageSpec| {
        let (name, rows) = (stage.name(), rows(stage)?);
        (rows < devices).then(|| {
            format!(
                "stage `{name}`: training.rows: expected at least one row for each of the \
                 {devices} devices, found {rows}"
            )
        })
    };
    spec.stages.iter().filter_map(few).collect()
}

struct Check<'a> {
    spec: &'a ExperimentSpec,
    library: &'a ContextLibrary,
    problems: Vec<String>,
}

impl Check<'_> {
    fn add(&mut self, problem: String) {
        self.problems.push(problem);
    }

    fn within(&mut self, key: &str, found: u64, limits: RangeInclusive<u64>) {
        if !limits.contains(&found) {
            let (least, most) = (limits.start(), limits.end());
            self.add(format!("{key}: expected {least} to {most}, found {found}"));
        }
    }

    fn share(&mut self, key: &str, found: f64) {
        if !(0.0..=1.0).contains(&found) {
            self.add(format!("{key}: expected 0 to 1, found {found}"));
        }
    }

    fn data(&mut self, place: &str, data: &TaskSpec) {
        let found = match data.validate(self.library) {
            Ok(()) => Vec::new(),
            Err(TaskError::Spec { issues }) => issues.0.iter().map(ToString::to_string).collect(),
            Err(other) => vec![other.to_string()],
        };
        self.problems.extend(
            found
                .into_iter()
                .map(|problem| format!("{place}: {problem}")),
        );
    }

    fn names(&mut self) {
        if !plain(&self.spec.name) {
            let name = &self.spec.name;
            self.add(format!(
                "name: `{name}` is not a folder name of letters, digits, `-` and `_`"
            ));
        }
        // TOML has no larger whole numbers, and the run folder keeps the plan as TOML.
        self.within("seed", self.spec.seed, 0..=i64::MAX as u64);
        if self.spec.stages.is_empty() {
            self.add("stage: expected at least one".into());
        }
    }

    fn model(&mut self) {
        let model = self.spec.model.clone();
        let before = self.problems.len();
        let counts = [
            ("hidden_size", model.hidden_size, MANY),
            ("intermediate_size", model.intermediate_size, MANY),
            ("layers", model.layers, 1 << 10),
            ("heads", model.heads, 1 << 10),
            ("kv_heads", model.kv_heads, 1 << 10),
            ("context_tokens", model.context_tokens, MANY),
        ];
        for (key, count, most) in counts {
            self.within(&format!("model.{key}"), count as u64, 1..=most);
        }
        if !(model.rope_theta.is_finite() && model.rope_theta > 0.0) {
            self.add(format!(
                "model.rope_theta: expected above 0, found {}",
                model.rope_theta
            ));
        }
        if self.problems.len() > before {
            return;
        }
        let (hidden, heads, kv_heads) = (model.hidden_size, model.heads, model.kv_heads);
        if !hidden.is_multiple_of(heads) || !(hidden / heads).is_multiple_of(2) {
            self.add(format!(
                "model.heads: hidden_size ({hidden}) over heads ({heads}) must be an even number"
            ));
        }
        if !heads.is_multiple_of(kv_heads) {
            self.add(format!(
                "model.kv_heads: heads ({heads}) must be a multiple of kv_heads ({kv_heads})"
            ));
        }
    }

    fn tokenizer(&mut self) {
        let spec = &self.spec.tokenizer;
        let trainer = TrainerSpec {
            vocab_size: spec.vocab_size,
            ..TrainerSpec::default()
        };
        if let Err(error) = trainer.validate() {
            self.add(format!("tokenizer: {error}"));
        }
        self.within("tokenizer.vocab_size", spec.vocab_size as u64, 1..=MANY);
        self.within("tokenizer.samples", spec.samples, 1..=10 * MANY);
        self.data("tokenizer.data", &spec.data);
    }

    fn evaluate(&mut self) {
        let spec = &self.spec.evaluate;
        let context = self.spec.model.context_tokens as u64;
        // The ids of problems leave room for a million an op.
        self.within(
            "evaluate.problems_per_op",
            spec.problems_per_op,
            1..=1_000_000,
        );
        self.within("evaluate.samples", u64::from(spec.samples), 1..=MANY);
        self.within(
            "evaluate.max_new_tokens",
            spec.max_new_tokens as u64,
            1..=context - 1,
        );
        let ascending = spec.ks.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = spec.ks.iter().all(|k| (1..=spec.samples).contains(k));
        if spec.ks.is_empty() || !ascending || !inside {
            self.add(format!(
                "evaluate.ks: expected ascending values of 1 to samples ({}), found {:?}",
                spec.samples, spec.ks
            ));
        }
        if !(spec.temperature >= 0.0 && spec.temperature.is_finite()) {
            let found = spec.temperature;
            self.add(format!(
                "evaluate.temperature: expected 0 or more, found {found}"
            ));
        }
        self.data("evaluate.data", &spec.data);
        let bands = self.spec.bands;
        if let Err(error) = bands.validate() {
            self.add(format!("bands: {error}"));
            return;
        }
        let hardest = Band::ALL
            .map(|band| *bands.range(band).end())
            .into_iter()
            .max();
        if hardest.is_some_and(|op| op > HARDEST) {
            self.add(format!(
                "bands: expected ops up to {HARDEST}, found {hardest:?}"
            ));
            return;
        }
        for op in band_ops(&bands) {
            self.data(
                &format!("evaluate.data at op {op} of the bands"),
                &at_op(&spec.data, op),
            );
        }
    }

    fn stages(&mut self) {
        let stages = &self.spec.stages;
        let mut seen: HashSet<&str> = HashSet::new();
        let mut models: HashSet<&str> = HashSet::new();
        for stage in stages {
            let name = stage.name();
            if !plain(name) {
                self.add(format!(
                    "stage `{name}`: the name is not made of letters, digits, `-` and `_`"
                ));
            }
            if TAKEN.contains(&name) || !seen.insert(name) {
                self.add(format!("stage `{name}`: the name is taken; choose another"));
            }
            self.parent(stage, &models);
            if let Some(data) = stage.data() {
                self.data(&format!("stage `{name}`: data"), data);
            }
            self.training(stage);
            match stage {
                StageSpec::Calibrate { edge, .. } => self.calibration(name, edge),
                StageSpec::Grpo {
                    edge_from: Some(wanted),
                    data,
                    ..
                } => {
                    self.edge(name, wanted, data, &seen);
                }
                _ => {}
            }
            if stage.trains() {
                models.insert(name);
            }
        }
    }

    fn parent(&mut self, stage: &StageSpec, models: &HashSet<&str>) {
        let name = stage.name();
        match stage.from() {
            _ if stage.kind() == StageKind::Pretrain => {}
            None if models.is_empty() => {
                self.add(format!("stage `{name}`: no stage before it trains a model"));
            }
            Some(from) if !models.contains(from) => {
                self.add(format!(
                    "stage `{name}`: from: no stage `{from}` before it trains a model"
                ));
            }
            _ => {}
        }
    }

    fn training(&mut self, stage: &StageSpec) {
        let (found, row_tokens) = match stage {
            StageSpec::Pretrain { training, .. } | StageSpec::Midtrain { training, .. } => {
                (training.validate(), training.row_tokens)
            }
            StageSpec::Grpo { training, .. } => (training.validate(), training.row_tokens),
            StageSpec::Calibrate { .. } => return,
        };
        let (name, context) = (stage.name(), self.spec.model.context_tokens);
        let found = found
            .into_iter()
            .map(|line| format!("stage `{name}`: training.{line}"));
        self.problems.extend(found);
        if row_tokens > context {
            self.add(format!(
                "stage `{name}`: training.row_tokens: expected at most model.context_tokens \
                 ({context}), found {row_tokens}"
            ));
        }
    }

    fn calibration(&mut self, name: &str, edge: &CalibrateSpec) {
        let key = |key: &str| format!("stage `{name}`: edge.{key}");
        self.within(&key("problems_per_op"), edge.problems_per_op, 1..=1_000_000);
        self.within(&key("samples"), u64::from(edge.samples), 2..=MANY);
        self.share(&key("pass_at_1_below"), edge.pass_at_1_below);
        self.share(&key("pass_at_k_above"), edge.pass_at_k_above);
        let data = at_counts(&self.spec.evaluate.data, &edge.ops);
        self.data(
            &format!("evaluate.data at the ops of stage `{name}`"),
            &data,
        );
    }

    /// A stage that takes its ops from a calibration must be able to take any of them.
    fn edge(&mut self, name: &str, wanted: &str, data: &TaskSpec, seen: &HashSet<&str>) {
        let ops: Option<Counts> = self.spec.stages.iter().find_map(|stage| match stage {
            StageSpec::Calibrate { name, edge, .. } if name == wanted => Some(edge.ops.clone()),
            _ => None,
        });
        match ops {
            Some(ops) if seen.contains(wanted) => {
                let place = format!("stage `{name}`: data at the ops of stage `{wanted}`");
                self.data(&place, &at_counts(data, &ops));
            }
            _ => self.add(format!(
                "stage `{name}`: edge_from: no calibration `{wanted}` before it"
            )),
        }
    }
}

/// A name that is a folder everywhere and no file of the run.
fn plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_after(change: impl FnOnce(&mut ExperimentSpec)) -> String {
        let mut spec = ExperimentSpec::preset("quick").unwrap();
        change(&mut spec);
        problems(&spec, &ContextLibrary::embedded()).join("\n")
    }

    #[test]
    fn the_preset_has_no_problem() {
        assert_eq!(problems_after(|_| {}), "");
    }

    #[test]
    fn absurd_numbers_are_refused_before_they_are_used() {
        let found = problems_after(|spec| {
            spec.seed = u64::MAX;
            spec.model.hidden_size = usize::MAX / 4;
            spec.model.rope_theta = -1.0;
            spec.tokenizer.samples = u64::MAX;
            spec.tokenizer.vocab_size = 10;
            spec.bands.hard = [8, 4_000_000_000];
            spec.evaluate.ks = vec![2, 1];
            spec.evaluate.max_new_tokens = 4096;
        });
        for key in [
            "seed",
            "model.hidden_size",
            "model.rope_theta",
            "tokenizer.samples",
            "tokenizer:",
            "bands",
            "evaluate.ks",
            "evaluate.max_new_tokens",
        ] {
            assert!(found.contains(key), "{key} is missing in\n{found}");
        }
    }

    #[test]
    fn names_must_not_collide_with_the_files_of_a_run() {
        for taken in [
            "eval",
            "tokenizer",
            "evaluate",
            "report.html",
            "base",
            "../x",
            "",
        ] {
            let found = problems_after(|spec| {
                if let StageSpec::Midtrain { name, .. } = &mut spec.stages[1] {
                    *name = taken.into();
                }
            });
            assert!(
                found.contains(&format!("stage `{taken}`")),
                "{taken}: {found}"
            );
        }
    }

    #[test]
    fn a_calibration_is_checked_at_its_own_ops() {
        let found = problems_after(|spec| {
            if let StageSpec::Calibrate { edge, .. } = &mut spec.stages[2] {
                edge.ops = "4-300".parse().unwrap();
            }
        });
        assert!(
            found.contains("evaluate.data at the ops of stage `calibrate`"),
            "{found}"
        );
        assert!(found.contains("stage `grpo`: data at the ops"), "{found}");
    }
}
