//! Evaluation of a stage's model in the three bands, and calibration of the edge.

use std::path::Path;

use interplay_eval::{EdgeSettings, EvalSettings, edge_of_competence};
use interplay_model::TrainBackend;

use super::runner::Runner;
use crate::data::Wanted;
use crate::error::InterplayError;
use crate::evaluation::{EvalJournal, EvaluatedModel, ITEMS_AT_ONCE, Loaded};
use crate::keyed::{Calibrated, Measured};
use crate::results::StageResult;
use crate::stage::CalibrateSpec;

impl<A: TrainBackend> Runner<'_, A> {
    /// Evaluates the model of a stage, unless that was done before, and adds the result to the
    /// stage's.
    pub(super) fn evaluate(
        &mut self,
        stage: &str,
        result: &mut StageResult,
    ) -> Result<(), InterplayError> {
        let (model, folder) = (self.model_of(stage), self.folder.join("eval"));
        let evaluated = EvaluatedModel {
            setting: self.setting(),
            model: &model,
            key: &result.key,
            name: stage,
            folder: &folder,
        };
        let device = &self.replicas.leader;
        let found = evaluated.evaluate::<A::InnerBackend>(device, self.progress)?;
        let main = self.plan.evaluate.main_temperature();
        for drawn in found.evaluations {
            result.ledger.count_evaluation(drawn.sampled());
            result.overlong_evaluated = drawn.overlong;
            match drawn.evaluation.temperature == Some(main) {
                true => result.evaluation = Some(drawn.evaluation),
                false => result.other_temperatures.push(drawn.evaluation),
            }
        }
        result.ledger.count_evaluation(found.held_out.scored);
        result.held_out_loss = Some(found.held_out.loss);
        Ok(())
    }

    /// Measures a model by op and finds the ops at its edge of competence. `key` is that of the calibration, which
    /// resumes what was drawn for it before; the journal of it can go when the result is written.
    pub(super) fn measure_edge(
        &mut self,
        name: &str,
        key: &str,
        model: &Path,
        spec: &CalibrateSpec,
        temperature: f64,
    ) -> Result<(Calibrated, EvalJournal), InterplayError> {
        let stream = format!("calibrate/{name}");
        let ops: Vec<u32> = spec.ops.iter().collect();
        let setting = self.setting();
        // From files, problems that the evaluation does not take.
        let selection = setting.selected(&Wanted {
            stream: &stream,
            ops: &ops,
            per_op: spec.problems_per_op,
            skip: setting.spec.problems_per_op,
            bands: None,
        })?;
        let settings = EvalSettings {
            completions: spec.completions,
            ks: vec![1, spec.completions],
            batch: ITEMS_AT_ONCE,
            temperature: Some(temperature),
        };
        let device = &self.replicas.leader;
        let loaded = Loaded::<A::InnerBackend>::new(model, &setting, selection, device)?;
        let draws = self.streams.stream(&format!("{name}/samples"));
        let journal = self.stage_folder(name).join("edge.journal");
        let items = &loaded.selection.items;
        let mut journal = EvalJournal::open(&journal, key, items, settings.completions)?;
        let found = loaded.draw(name, &settings, draws, &mut journal, self.progress)?;
        let settings = EdgeSettings {
            k: spec.completions,
            pass_at_1_below: spec.pass_at_1_below,
            pass_at_k_above: spec.pass_at_k_above,
            confidence: spec.confidence,
        };
        let report = edge_of_competence(&found.evaluation, settings)
            .map_err(|error| InterplayError::Evaluate(Box::new(error)))?;
        let items = found.evaluation.items.iter();
        let measured = items.filter_map(|item| {
            Some(Measured {
                op: item.op?,
                successes: item.verified,
                tries: found.evaluation.completions,
            })
        });
        let calibrated = Calibrated {
            report,
            sampled: Some(found.sampled()),
            measured: measured.collect(),
        };
        Ok((calibrated, journal))
    }
}
