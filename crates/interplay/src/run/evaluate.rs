//! Evaluation of a stage's model in the three bands, and calibration of the edge.

use std::io::{self, Write};
use std::path::Path;

use interplay_environment::{Example, Split};
use interplay_eval::{
    EdgeReport, EdgeSettings, EvalSettings, Evaluation, GenerationRecord, edge_of_competence,
    evaluate,
};
use interplay_files::AtomicFile;
use interplay_model::{KvCacheDtype, SamplingSettings, TrainBackend, Workload, load_pretrained};
use interplay_train::DecoderSampler;
use interplay_train::ledger::Sampled;
use serde::{Deserialize, Serialize};

use super::keyed::Keyed;
use super::runner::Runner;
use crate::data::{Selection, Wanted};
use crate::error::InterplayError;
use crate::keys::key;
use crate::results::StageResult;
use crate::run_file::{create_file, read_json, write_json};
use crate::spec::band_ops;
use crate::stage::CalibrateSpec;

/// An evaluation and its cost.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Evaluated {
    evaluation: Evaluation,
    sampled_tokens: u64,
    /// The passes behind the tokens; evaluations of older runs lack it.
    #[serde(default)]
    workload: Workload,
    /// Problems that were passed over because they leave no room for a completion.
    overlong: u64,
}

impl Evaluated {
    fn sampled(&self) -> Sampled {
        Sampled {
            tokens: self.sampled_tokens,
            workload: self.workload,
        }
    }
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
        let content = spec.data.content(&self.supply(), Split::Test)?;
        let key = key("an evaluation", &(&result.key, spec, content, &bands))?;
        let found = match read_json::<Keyed<Evaluated>>(&path)? {
            Some(found) => found.expect(&path, &key)?,
            None => {
                let selection = self.evaluated()?;
                let settings = EvalSettings {
                    completions: spec.completions,
                    ks: spec.ks.clone(),
                    batch: ITEMS_AT_ONCE,
                };
                let model = self.model_of(stage);
                let records = folder.join(format!("{stage}.jsonl"));
                let what = format!("eval {stage}");
                let found = self.measure(&what, &model, &selection, &settings, Some(&records))?;
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
        result.ledger.count_evaluation(found.sampled());
        result.overlong_evaluated = found.overlong;
        result.evaluation = Some(found.evaluation);
        Ok(())
    }

    /// Measures a model by op and finds the ops at its edge of competence.
    pub(super) fn measure_edge(
        &mut self,
        name: &str,
        model: &Path,
        spec: &CalibrateSpec,
    ) -> Result<(EdgeReport, Sampled), InterplayError> {
        let stream = format!("calibrate/{name}");
        let ops: Vec<u32> = spec.ops.iter().collect();
        // From files, problems that the evaluation does not take.
        let skip = self.plan.evaluate.problems_per_op;
        let selection = self.select(&Wanted {
            stream: &stream,
            ops: &ops,
            per_op: spec.problems_per_op,
            skip,
            bands: None,
        })?;
        let settings = EvalSettings {
            completions: spec.completions,
            ks: vec![1, spec.completions],
            batch: ITEMS_AT_ONCE,
        };
        let found = self.measure(name, model, &selection, &settings, None)?;
        let settings = EdgeSettings {
            k: spec.completions,
            pass_at_1_below: spec.pass_at_1_below,
            pass_at_k_above: spec.pass_at_k_above,
        };
        let report = edge_of_competence(&found.evaluation, settings)
            .map_err(|error| InterplayError::Evaluate(Box::new(error)))?;
        Ok((report, found.sampled()))
    }

    /// The problems that every model of the run is evaluated on.
    pub(super) fn evaluated(&self) -> Result<Selection, InterplayError> {
        let (spec, bands) = (&self.plan.evaluate, &self.plan.bands);
        let ops = band_ops(bands);
        self.select(&Wanted {
            stream: "evaluate",
            ops: &ops,
            per_op: spec.problems_per_op,
            skip: 0,
            bands: Some(bands),
        })
    }

    /// Held-out problems of these ops that leave room for a completion.
    fn select(&self, wanted: &Wanted<'_>) -> Result<Selection, InterplayError> {
        let (spec, context) = (&self.plan.evaluate, self.plan.model.context_tokens);
        let fits = |example: &Example| {
            let prompt = self.tokenizer.encode_prompt(&example.prompt)?;
            Ok(prompt.len().saturating_add(spec.max_new_tokens) <= context)
        };
        spec.data.select(&self.supply(), wanted, fits)
    }

    fn measure(
        &mut self,
        what: &str,
        model: &Path,
        selection: &Selection,
        settings: &EvalSettings,
        records: Option<&Path>,
    ) -> Result<Evaluated, InterplayError> {
        let (spec, items) = (&self.plan.evaluate, selection.items.as_slice());
        let (_, decoder) = load_pretrained::<A::InnerBackend>(model, &self.replicas.leader)?;
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
            device: self.replicas.leader.clone(),
            sampled: Sampled::default(),
        };
        let mut file = records.map(create_file).transpose()?;
        self.progress
            .begin(what, items.len() as u64 * u64::from(settings.completions));
        let progress = &mut *self.progress;
        let evaluation = evaluate(
            &mut sampler,
            selection.problems.environment(),
            items,
            settings,
            &mut |record: &GenerationRecord| write_record(file.as_mut(), record),
            &mut |done, _total| progress.advance(done as u64, "completions"),
        )
        .map_err(|error| InterplayError::Evaluate(Box::new(error)))?;
        if let Some(file) = file {
            file.commit()?;
        }
        self.progress.end(&format!(
            "{} problems x {}",
            items.len(),
            settings.completions
        ));
        if selection.overlong > 0 {
            self.progress.note(&format!(
                "{what}: {} problems were passed over because they leave no room for a completion",
                selection.overlong
            ));
        }
        Ok(Evaluated {
            evaluation,
            sampled_tokens: sampler.sampled.tokens,
            workload: sampler.sampled.workload,
            overlong: selection.overlong,
        })
    }
}

/// Writes a line for a completion, if there is a file to write to.
fn write_record(file: Option<&mut AtomicFile>, record: &GenerationRecord) -> io::Result<()> {
    let Some(file) = file else {
        return Ok(());
    };
    serde_json::to_writer(&mut *file, record)?;
    file.write_all(b"\n")
}
