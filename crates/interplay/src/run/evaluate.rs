//! Evaluation of a stage's model in the three bands, and calibration of the edge.

use std::io::{self, Write};
use std::path::Path;

use interplay_eval::{
    Band, EdgeReport, EdgeSettings, EvalItem, EvalSettings, Evaluation, GenerationRecord,
    edge_of_competence, evaluate,
};
use interplay_files::AtomicFile;
use interplay_model::{KvCacheDtype, SamplingSettings, TrainBackend, load_pretrained};
use interplay_tasks::TaskSpec;
use interplay_train::DecoderSampler;
use interplay_verify::Level;
use serde::{Deserialize, Serialize};

use super::keyed::Keyed;
use super::runner::Runner;
use crate::error::InterplayError;
use crate::keys::key;
use crate::problems::at_op;
use crate::results::StageResult;
use crate::run_file::{create_file, read_json, write_json};
use crate::spec::band_ops;
use crate::stage::CalibrateSpec;

/// An evaluation and its cost.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Evaluated {
    evaluation: Evaluation,
    sampled_tokens: u64,
}

/// Number of items that are sampled at once; it bounds memory and paces the progress bar.
const ITEMS_AT_ONCE: usize = 16;

impl<A: TrainBackend> Runner<'_, A> {
    /// Evaluates the model of a stage, unless that was done before, and adds the result to the
    /// stage's.
    pub(super) fn evaluate(
        &mut self,
        stage: &str,
        result: &mut StageResult,
    ) -> Result<(), InterplayError> {
        let (spec, bands) = (&self.plan.evaluate, self.plan.bands);
        let folder = self.folder.join("eval");
        let path = folder.join(format!("{stage}.json"));
        let key = key("an evaluation", &(&result.key, spec, &bands))?;
        let found = match read_json::<Keyed<Evaluated>>(&path)? {
            Some(found) => found.expect(&path, &key)?,
            None => {
                let mut items = Vec::new();
                for op in band_ops(&bands) {
                    let data = at_op(&spec.data, op);
                    let band = bands.band_of(op);
                    items.extend(self.items(&data, op, spec.problems_per_op, "evaluate", band)?);
                }
                let settings = EvalSettings {
                    samples: spec.samples,
                    ks: spec.ks.clone(),
                    level: spec.level,
                    batch: ITEMS_AT_ONCE,
                };
                let model = self.model_of(stage);
                let records = folder.join(format!("{stage}.jsonl"));
                let what = format!("eval {stage}");
                let found = self.measure(&what, &model, &items, &settings, Some(&records))?;
                write_json(
                    &path,
                    &Keyed {
                        key,
                        value: found.clone(),
                    },
                )?;
                found
            }
        };
        result.ledger.evaluated_tokens += found.sampled_tokens;
        result.evaluation = Some(found.evaluation);
        Ok(())
    }

    /// Measures a model by op and finds the ops at its edge of competence.
    pub(super) fn measure_edge(
        &mut self,
        name: &str,
        model: &Path,
        spec: &CalibrateSpec,
    ) -> Result<EdgeReport, InterplayError> {
        let data = &self.plan.evaluate.data;
        let stream = format!("calibrate/{name}");
        let mut items = Vec::new();
        for op in spec.ops.iter() {
            items.extend(self.items(&at_op(data, op), op, spec.problems_per_op, &stream, None)?);
        }
        let settings = EvalSettings {
            samples: spec.samples,
            ks: vec![1, spec.samples],
            level: Level::Strict,
            batch: ITEMS_AT_ONCE,
        };
        let found = self.measure(name, model, &items, &settings, None)?;
        let settings = EdgeSettings {
            k: spec.samples,
            pass_1_below: spec.pass_at_1_below,
            pass_k_above: spec.pass_at_k_above,
        };
        edge_of_competence(&found.evaluation, settings)
            .map_err(|error| InterplayError::Evaluate(Box::new(error)))
    }

    /// Problems of one op, from a stream of their own.
    fn items(
        &self,
        data: &TaskSpec,
        op: u32,
        count: u64,
        stream: &str,
        band: Option<Band>,
    ) -> Result<Vec<EvalItem>, InterplayError> {
        let stream = format!("{stream}/op-{op}");
        let problems = self.problems(data, &stream)?;
        let item = |index| problems.item(index, op, band);
        (0..count).map(item).collect()
    }

    fn measure(
        &mut self,
        what: &str,
        model: &Path,
        items: &[EvalItem],
        settings: &EvalSettings,
        records: Option<&Path>,
    ) -> Result<Evaluated, InterplayError> {
        let spec = &self.plan.evaluate;
        let (_, decoder) = load_pretrained::<A::InnerBackend>(model, &self.places.leader)?;
        let mut sampler = DecoderSampler {
            decoder: &decoder,
            tokenizer: self.tokenizer,
            settings: SamplingSettings {
                max_new_tokens: spec.max_new_tokens,
                temperature: spec.temperature,
                cache_dtype: KvCacheDtype::for_temperature(spec.temperature),
                ..SamplingSettings::default()
            },
            stream: self.streams.stream(&format!("{what}/samples")),
            device: self.places.leader.clone(),
            sampled_tokens: 0,
        };
        let mut file = records.map(create_file).transpose()?;
        self.progress
            .begin(what, items.len() as u64 * u64::from(settings.samples));
        let progress = &mut *self.progress;
        let evaluation = evaluate(
            &mut sampler,
            items,
            settings,
            &mut |record: &GenerationRecord| write_record(file.as_mut(), record),
            &mut |done, _total| progress.advance(done as u64, "samples"),
        )
        .map_err(|error| InterplayError::Evaluate(Box::new(error)))?;
        if let Some(file) = file {
            file.commit()?;
        }
        self.progress
            .end(&format!("{} problems x {}", items.len(), settings.samples));
        Ok(Evaluated {
            evaluation,
            sampled_tokens: sampler.sampled_tokens,
        })
    }
}

/// Writes a line for a sample, if there is a file to write to.
fn write_record(file: Option<&mut AtomicFile>, record: &GenerationRecord) -> io::Result<()> {
    let Some(file) = file else {
        return Ok(());
    };
    serde_json::to_writer(&mut *file, record)?;
    file.write_all(b"\n")
}
