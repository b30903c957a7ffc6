//! Evaluation of a stage's model over the three bands, and calibration of the edge.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use interplay_eval::{
    Band, EdgeReport, EdgeSettings, EvalItem, EvalSettings, Evaluation, GenerationRecord,
    edge_of_competence, evaluate,
};
use interplay_model::{KvCacheDtype, SamplingSettings, TrainBackend, load_pretrained};
use interplay_tasks::{Dataset, TaskSpec, framing};
use interplay_train::DecoderSampler;
use interplay_verify::Level;
use serde::{Deserialize, Serialize};

use super::stages::Keyed;
use super::{Workshop, read_json, write_json};
use crate::keys::key;
use crate::results::StageResult;
use crate::spec::at_op;
use crate::{CalibrateSpec, InterplayError};

/// An evaluation with what it cost.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Evaluated {
    evaluation: Evaluation,
    sampled_tokens: u64,
}

/// How many items are sampled at once; bounds memory and paces the progress bar.
const ITEMS_AT_ONCE: usize = 16;

impl<A: TrainBackend> Workshop<'_, A> {
    /// Evaluates the model of a stage, once, and notes the result.
    pub(super) fn evaluate(
        &mut self,
        stage: &str,
        result: &mut StageResult,
    ) -> Result<(), InterplayError> {
        let spec = self.run.plan.experiment.evaluate.clone();
        let bands = self.run.plan.experiment.bands;
        let folder = self.run.folder.join("eval");
        let path = folder.join(format!("{stage}.json"));
        let key = key(&(&result.key, &spec, &bands));
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
                let model = self.run.folder.join(stage).join("model");
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

    /// Measures a model by op and says which ops lie at its edge of competence.
    pub(super) fn measure_edge(
        &mut self,
        name: &str,
        model: &Path,
        spec: &CalibrateSpec,
    ) -> Result<EdgeReport, InterplayError> {
        let data = self.run.plan.experiment.evaluate.data.clone();
        let stream = format!("calibrate/{name}");
        let mut items = Vec::new();
        for op in spec.ops.iter() {
            items.extend(self.items(&at_op(&data, op), op, spec.problems_per_op, &stream, None)?);
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

    /// The problems of one op, from a stream of their own.
    fn items(
        &self,
        data: &TaskSpec,
        op: u32,
        count: u64,
        stream: &str,
        band: Option<Band>,
    ) -> Result<Vec<EvalItem>, InterplayError> {
        let stream = format!("{stream}/op-{op}");
        let dataset = Dataset::new(data.clone(), &self.run.library, self.streams, &stream)?;
        let mut items = Vec::new();
        for index in 0..count {
            let problem = dataset.get(index)?;
            items.push(EvalItem {
                id: u64::from(op) * 1_000_000 + index,
                op,
                context: problem.context().id().to_owned(),
                band: band.map(|band| band.name().to_owned()),
                prompt: framing::prompt_text(&problem),
                gold: interplay_train::gold(&problem)?,
            });
        }
        Ok(items)
    }

    fn measure(
        &mut self,
        what: &str,
        model: &Path,
        items: &[EvalItem],
        settings: &EvalSettings,
        records: Option<&Path>,
    ) -> Result<Evaluated, InterplayError> {
        let spec = &self.run.plan.experiment.evaluate;
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
        let mut sink = RecordFile::create(records)?;
        self.progress
            .begin(what, items.len() as u64 * u64::from(settings.samples));
        let progress = &mut *self.progress;
        let evaluation = evaluate(
            &mut sampler,
            items,
            settings,
            &mut |record: &GenerationRecord| sink.write(record),
            &mut |done, _total| progress.advance(done as u64, "samples"),
        )
        .map_err(|error| InterplayError::Evaluate(Box::new(error)))?;
        sink.finish()?;
        self.progress
            .end(&format!("{} problems x {}", items.len(), settings.samples));
        Ok(Evaluated {
            evaluation,
            sampled_tokens: sampler.sampled_tokens,
        })
    }
}

/// Every op of every band, in order.
pub(crate) fn band_ops(bands: &interplay_eval::Bands) -> Vec<u32> {
    Band::ALL
        .into_iter()
        .flat_map(|band| bands.range(band))
        .collect()
}

/// Writes one record a sample, and puts the file in place when it is whole.
struct RecordFile<'a> {
    place: Option<(&'a Path, std::path::PathBuf, BufWriter<File>)>,
}

impl<'a> RecordFile<'a> {
    fn create(path: Option<&'a Path>) -> Result<Self, InterplayError> {
        let Some(path) = path else {
            return Ok(Self { place: None });
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(InterplayError::io("create", folder))?;
        }
        let partial = path.with_extension("jsonl.partial");
        let file = File::create(&partial).map_err(InterplayError::io("create", &partial))?;
        Ok(Self {
            place: Some((path, partial, BufWriter::new(file))),
        })
    }

    fn write(&mut self, record: &GenerationRecord) -> std::io::Result<()> {
        let Some((_, _, file)) = &mut self.place else {
            return Ok(());
        };
        serde_json::to_writer(&mut *file, record)?;
        file.write_all(b"\n")
    }

    fn finish(self) -> Result<(), InterplayError> {
        let Some((path, partial, mut file)) = self.place else {
            return Ok(());
        };
        file.flush()
            .map_err(InterplayError::io("write", &partial))?;
        std::fs::rename(&partial, path).map_err(InterplayError::io("rename", &partial))
    }
}
