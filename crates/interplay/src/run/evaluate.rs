//! Evaluation of a stage's model in the three bands, and calibration of the edge.

use std::path::Path;

use interplay_environment::{Example, Split};
use interplay_eval::{
    EdgeReport, EdgeSettings, EvalSettings, Evaluation, GenerationRecord, Journal,
    edge_of_competence, evaluate,
};
use interplay_model::{KvCacheDtype, SamplingSettings, TrainBackend, Workload, load_pretrained};
use interplay_train::ledger::Sampled;
use interplay_train::{DecoderSampler, HeldOutLoss, held_out_loss};
use serde::{Deserialize, Serialize};

use super::journal::EvalJournal;
use super::keyed::Keyed;
use super::runner::Runner;
use crate::data::{Selection, Wanted};
use crate::error::InterplayError;
use crate::keys::key;
use crate::results::StageResult;
use crate::run_file::{read_json, write_json};
use crate::spec::{EvaluateSpec, band_ops};
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

/// A held-out loss and its cost.
#[derive(Debug, Serialize, Deserialize)]
struct HeldOut {
    loss: HeldOutLoss,
    scored: Sampled,
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
        let temperatures = self.plan.evaluate.temperatures.clone();
        let main = self.plan.evaluate.main_temperature();
        for temperature in temperatures {
            let found = self.evaluate_at(stage, result, temperature)?;
            result.ledger.count_evaluation(found.sampled());
            result.overlong_evaluated = found.overlong;
            match temperature == main {
                true => result.evaluation = Some(found.evaluation),
                false => result.other_temperatures.push(found.evaluation),
            }
        }
        let held_out = self.held_out_loss(stage, result)?;
        result.ledger.count_evaluation(held_out.scored);
        result.held_out_loss = Some(held_out.loss);
        Ok(())
    }

    /// The loss of the gold solutions of the evaluated problems, unless it was measured before.
    fn held_out_loss(
        &mut self,
        stage: &str,
        result: &StageResult,
    ) -> Result<HeldOut, InterplayError> {
        let (spec, bands) = (&self.plan.evaluate, self.plan.bands);
        let path = self.folder.join("eval").join(format!("{stage}.loss.json"));
        let content = spec.data.content(&self.supply(), Split::Test)?;
        let limits = (spec.problems_per_op, spec.max_new_tokens);
        let key = key(
            "a held-out loss",
            &(&result.key, &spec.data, limits, content, &bands),
        )?;
        if let Some(found) = read_json::<Keyed<HeldOut>>(&path)? {
            return found.expect(&path, &key);
        }
        let selection = self.evaluated()?;
        let leader = &self.replicas.leader;
        let (_, decoder) = load_pretrained::<A::InnerBackend>(&self.model_of(stage), leader)?;
        let examples = selection.items.iter().map(|item| &item.example);
        let (loss, scored) = held_out_loss(&decoder, self.tokenizer, examples, leader)?;
        let value = HeldOut { loss, scored };
        let keyed = Keyed { key, value };
        write_json(&path, &keyed)?;
        Ok(keyed.value)
    }

    /// Evaluates the model of a stage at a temperature, or reads what was found before. Greedy
    /// decoding draws one completion per problem.
    fn evaluate_at(
        &mut self,
        stage: &str,
        result: &StageResult,
        temperature: f64,
    ) -> Result<Evaluated, InterplayError> {
        let (spec, bands) = (&self.plan.evaluate, self.plan.bands);
        let file = match temperature == spec.main_temperature() {
            true => stage.to_owned(),
            false => format!("{stage}.t{temperature}"),
        };
        let folder = self.folder.join("eval");
        let path = folder.join(format!("{file}.json"));
        let content = spec.data.content(&self.supply(), Split::Test)?;
        // The other temperatures make no difference to this one.
        let spec = EvaluateSpec {
            temperatures: vec![temperature],
            ..spec.clone()
        };
        let key = key("an evaluation", &(&result.key, &spec, content, &bands))?;
        if let Some(found) = read_json::<Keyed<Evaluated>>(&path)? {
            return found.expect(&path, &key);
        }
        let (completions, ks) = match temperature > 0.0 {
            true => (spec.completions, spec.ks.clone()),
            false => (1, vec![1]),
        };
        let settings = EvalSettings {
            completions,
            ks,
            batch: ITEMS_AT_ONCE * (spec.completions / completions) as usize,
            temperature: Some(temperature),
        };
        let selection = self.evaluated()?;
        let mut journal = EvalJournal::open(
            &folder.join(format!("{file}.journal")),
            &key,
            &selection.items,
            completions,
        )?;
        let what = format!("eval {file}");
        if journal.resumed() > 0 {
            let problems = journal.resumed();
            self.progress.note(&format!(
                "{what}: {problems} problems were evaluated before"
            ));
        }
        let model = self.model_of(stage);
        let value = self.measure(&what, &model, &selection, &settings, Some(&mut journal))?;
        journal.finish(&folder.join(format!("{file}.jsonl")))?;
        let keyed = Keyed { key, value };
        write_json(&path, &keyed)?;
        journal.remove()?;
        Ok(keyed.value)
    }

    /// Measures a model by op and finds the ops at its edge of competence.
    pub(super) fn measure_edge(
        &mut self,
        name: &str,
        model: &Path,
        spec: &CalibrateSpec,
        temperature: f64,
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
            temperature: Some(temperature),
        };
        let found = self.measure(name, model, &selection, &settings, None)?;
        let settings = EdgeSettings {
            k: spec.completions,
            pass_at_1_below: spec.pass_at_1_below,
            pass_at_k_above: spec.pass_at_k_above,
            ..EdgeSettings::default()
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
        mut journal: Option<&mut EvalJournal>,
    ) -> Result<Evaluated, InterplayError> {
        let (spec, items) = (&self.plan.evaluate, selection.items.as_slice());
        let temperature = settings.temperature.unwrap_or(1.0);
        let (_, decoder) = load_pretrained::<A::InnerBackend>(model, &self.replicas.leader)?;
        let mut sampler = DecoderSampler {
            decoder: &decoder,
            tokenizer: self.tokenizer,
            settings: SamplingSettings {
                max_new_tokens: spec.max_new_tokens,
                temperature,
                cache_dtype: KvCacheDtype::for_temperature(temperature),
                ..SamplingSettings::default()
            },
            stream: self.streams.stream(&format!("{what}/samples")),
            device: self.replicas.leader.clone(),
            sampled: journal
                .as_ref()
                .map_or_else(Sampled::default, |journal| journal.cost()),
        };
        self.progress
            .begin(what, items.len() as u64 * u64::from(settings.completions));
        let progress = &mut *self.progress;
        let mut unkept = |_: &GenerationRecord| Ok(());
        let journal: &mut dyn Journal<_> = match &mut journal {
            Some(journal) => *journal,
            None => &mut unkept,
        };
        let evaluation = evaluate(
            &mut sampler,
            selection.problems.environment(),
            items,
            settings,
            journal,
            &mut |done, _total| progress.advance(done as u64, "completions"),
        )
        .map_err(|error| InterplayError::Evaluate(Box::new(error)))?;
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
