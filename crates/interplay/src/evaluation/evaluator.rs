//! Evaluating a model folder, or completions that were drawn elsewhere, as an experiment evaluates the
//! models of its stages.

use std::fs;
use std::io;
use std::path::Path;

#[cfg(feature = "endpoint")]
use interplay_endpoint::EndpointSpec;
use interplay_eval::{EvalItem, EvalSettings, Evaluation, GenerationRecord, evaluate};
use interplay_files::RecordWriter;
use interplay_model::{TrainBackend, load_config};
use interplay_tasks::ContextLibrary;
use interplay_tokenizer::Tokenizer;
use interplay_train::HeldOutLoss;
use interplay_train::ledger::Sampled;
use interplay_train::parallel::Replicas;
use serde::{Deserialize, Serialize};

use super::drawn::ITEMS_AT_ONCE;
use super::given::GivenCompletions;
use super::model::{EvaluatedModel, Found};
#[cfg(feature = "endpoint")]
use super::served::{self, Served};
use super::setting::Setting;
use crate::data::{Selection, Supply};
use crate::device::{BackendTask, dispatch};
use crate::error::InterplayError;
use crate::keys::key;
use crate::plan::Plan;
use crate::progress::{Progress, Quiet};
use crate::run_file::write_json;
use crate::weights::weights_hash;

/// Version of [`EvaluationFile`].
pub const EVALUATION_FORMAT: &str = "interplay-evaluation/1";

/// What `interplay evaluate` writes as `evaluation.json`; `interplay compare` reads it.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationFile {
    /// The name and version of this format: [`EVALUATION_FORMAT`].
    pub format: String,
    /// The name of the experiment whose problems were evaluated.
    pub experiment: String,
    /// The seed of these problems.
    pub seed: u64,
    /// Problems that were passed over because they leave no room for a completion.
    pub overlong: u64,
    /// By temperature, ascending; one for completions that were given.
    pub evaluations: Vec<Evaluation>,
    /// The loss of the gold solutions; none for completions that were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out_loss: Option<HeldOutLoss>,
    /// The tokens that were sampled, with the passes behind them; none for completions that were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<Sampled>,
}

/// A problem of an experiment's evaluation, for engines that draw completions elsewhere.
#[derive(Serialize)]
struct ProblemRecord<'a> {
    id: u64,
    op: Option<u32>,
    context: Option<&'a str>,
    band: Option<&'a str>,
    /// The text that a completion continues.
    prompt: &'a str,
    answer: &'a str,
}

/// The evaluation of an experiment, for models and completions from anywhere.
#[derive(Debug)]
pub struct Evaluator {
    plan: Plan,
    library: ContextLibrary,
    restores_tags: bool,
}

impl Evaluator {
    /// Takes problems, bands, temperatures and limits from a plan; its stages play no part.
    #[must_use]
    pub fn new(plan: Plan, library: ContextLibrary) -> Self {
        Self {
            plan,
            library,
            restores_tags: false,
        }
    }

    /// Puts closing tags back that a decoder deleted from completions which are given or served
    /// ([`restore_tags`](interplay_verify::restore_tags)).
    #[must_use]
    pub fn restoring_tags(self) -> Self {
        Self {
            restores_tags: true,
            ..self
        }
    }

    /// Evaluates the model in a Hugging Face folder that has a `tokenizer.json`, on the leading device of the
    /// plan, and writes `evaluation.json` and every completion with its verdict into `folder`. An evaluation
    /// that was interrupted is resumed.
    ///
    /// Problems are those of the experiment that fit the model's own context.
    ///
    /// # Errors
    /// A folder without a model or a tokenizer of the format, a device that is missing, and whatever
    /// stops an evaluation.
    pub fn model(
        &self,
        model: &Path,
        folder: &Path,
        progress: &mut dyn Progress,
    ) -> Result<EvaluationFile, InterplayError> {
        let tokenizer = Tokenizer::from_pretrained(model)?;
        let task = ModelTask {
            evaluator: self,
            tokenizer: &tokenizer,
            model,
            folder,
            progress,
        };
        let found = dispatch(&self.plan.device, task)??;
        let mut sampled = Sampled::default();
        let mut overlong = 0;
        for drawn in &found.evaluations {
            let one = drawn.sampled();
            sampled.tokens += one.tokens;
            sampled.workload += one.workload;
            overlong = drawn.overlong;
        }
        let evaluations = found.evaluations.into_iter().map(|drawn| drawn.evaluation);
        let file = EvaluationFile {
            overlong,
            held_out_loss: Some(found.held_out.loss),
            sampled: Some(sampled),
            ..self.file(evaluations.collect())
        };
        write_json(&folder.join("evaluation.json"), &file)?;
        Ok(file)
    }

    /// Judges completions of the experiment's problems that were drawn elsewhere, and writes
    /// `evaluation.json` and every completion with its verdict into `folder`.
    ///
    /// The file holds a JSON object per line (also compressed as `.gz`, or Parquet) with `id`, as in
    /// [`problems`](Self::problems), and `completion`, as many of each problem; where known `stopped`, false for
    /// a completion that was cut off, and `temperature`, the same everywhere.
    ///
    /// # Errors
    /// Every record that cannot be used, at once; problems without completions or with different numbers
    /// of them; a file that the judged completions would replace. Nothing is written then.
    pub fn completions(
        &self,
        completions: &Path,
        folder: &Path,
    ) -> Result<EvaluationFile, InterplayError> {
        let output = folder.join("completions.jsonl");
        if interplay_files::same_file(completions, &output) {
            let reason =
                "the judged completions would replace it; choose another folder".to_owned();
            return Err(InterplayError::BadFile {
                path: output,
                reason,
            });
        }
        let selection = self.selection()?;
        let mut given = GivenCompletions::read(completions, &selection.items)?;
        fs::create_dir_all(folder).map_err(InterplayError::io("create", folder))?;
        let found = self.judge(&mut given, &selection, &output)?;
        let file = EvaluationFile {
            overlong: selection.overlong,
            ..self.file(vec![found])
        };
        write_json(&folder.join("evaluation.json"), &file)?;
        Ok(file)
    }

    /// Draws completions of the experiment's problems from a server, at every temperature of the experiment, judges them,
    /// and writes `evaluation.json` and every completion with its verdict into `folder`.
    ///
    /// `spec` says which server and how; its temperature and seed are those of the experiment. With a `tokenizer`,
    /// prompts are sent as its tokens, where the server takes tokens. A problem is kept as soon as all of its
    /// completions are there (`endpoint.drawn.jsonl`, a file that [`completions`](Self::completions) reads as well), and
    /// the next call draws what is missing.
    ///
    /// # Errors
    /// A server that cannot be reached or does not answer as it should: everything that it did answer is kept. A folder
    /// with completions of other problems or settings.
    #[cfg(feature = "endpoint")]
    pub fn endpoint(
        &self,
        spec: &EndpointSpec,
        tokenizer: Option<&Tokenizer>,
        folder: &Path,
        progress: &mut dyn Progress,
    ) -> Result<EvaluationFile, InterplayError> {
        let selection = self.selection()?;
        let evaluate = &self.plan.evaluate;
        let mut evaluations = Vec::new();
        for temperature in evaluate.temperatures.iter().copied() {
            let name = served::name_at(temperature, evaluate.main_temperature());
            let greedy = temperature == 0.0;
            let served = Served {
                spec: &EndpointSpec {
                    temperature,
                    seed: evaluate.seed.unwrap_or(self.plan.seed),
                    ..spec.clone()
                },
                tokenizer,
                items: &selection.items,
                completions: if greedy { 1 } else { evaluate.completions },
                folder,
                name: &name,
            };
            let mut given = served.draw(progress)?;
            evaluations.push(self.judge(&mut given, &selection, &served::judged(folder, &name))?);
        }
        let file = EvaluationFile {
            overlong: selection.overlong,
            ..self.file(evaluations)
        };
        write_json(&folder.join("evaluation.json"), &file)?;
        Ok(file)
    }

    /// Judges completions and writes each with its verdict.
    fn judge(
        &self,
        given: &mut GivenCompletions,
        selection: &Selection,
        output: &Path,
    ) -> Result<Evaluation, InterplayError> {
        if self.restores_tags {
            given.restore_tags();
        }
        let mut output = RecordWriter::create(output)?;
        let settings = EvalSettings {
            completions: given.completions,
            ks: self.ks(given.completions),
            batch: ITEMS_AT_ONCE,
            temperature: given.temperature,
        };
        let mut keep = |record: &GenerationRecord| output.record(record).map_err(io::Error::other);
        let (environment, items) = (selection.problems.environment(), &selection.items);
        let quiet = &mut |_, _| {};
        let found = evaluate(given, environment, items, &settings, &mut keep, quiet);
        let found = found.map_err(|error| InterplayError::Evaluate(Box::new(error)))?;
        output.finish()?;
        Ok(found)
    }

    /// Writes the experiment's problems, a JSON object per line with `id`, `op`, `context`, `band`, `prompt` and
    /// `answer`; gives their number.
    ///
    /// # Errors
    /// Problems that cannot be drawn or read, or a file that cannot be written.
    pub fn problems(&self, path: &Path) -> Result<usize, InterplayError> {
        let selection = self.selection()?;
        let mut output = RecordWriter::create(path)?;
        for EvalItem { id, example, band } in &selection.items {
            let labels = &example.labels;
            output.record(&ProblemRecord {
                id: *id,
                op: labels.op,
                context: labels.context.as_deref(),
                band: band.as_deref(),
                prompt: &example.prompt,
                answer: &example.answer,
            })?;
        }
        output.finish()?;
        Ok(selection.items.len())
    }

    /// The longest completion of the experiment's own models, in tokens.
    #[must_use]
    pub fn max_new_tokens(&self) -> u32 {
        u32::try_from(self.plan.evaluate.max_new_tokens).unwrap_or(u32::MAX)
    }

    fn supply(&self) -> Supply<'_> {
        self.plan.supply(&self.library)
    }

    fn setting<'a>(&'a self, tokenizer: &'a Tokenizer, context_tokens: usize) -> Setting<'a> {
        Setting {
            spec: &self.plan.evaluate,
            bands: &self.plan.bands,
            supply: self.supply(),
            tokenizer,
            context_tokens,
        }
    }

    /// The problems that the experiment's own models are evaluated on.
    fn selection(&self) -> Result<Selection, InterplayError> {
        let tokenizer = self.plan.new_tokenizer(&self.supply(), &mut Quiet)?;
        let context = self.plan.model.context_tokens;
        self.setting(&tokenizer, context).evaluated()
    }

    /// The experiment's k of which there are enough completions; that number at least.
    fn ks(&self, completions: u32) -> Vec<u32> {
        let ks = self.plan.evaluate.ks.iter().copied();
        let mut ks: Vec<u32> = ks.filter(|k| *k <= completions).collect();
        if ks.is_empty() {
            ks.push(completions);
        }
        ks
    }

    fn file(&self, evaluations: Vec<Evaluation>) -> EvaluationFile {
        EvaluationFile {
            format: EVALUATION_FORMAT.to_owned(),
            experiment: self.plan.name.clone(),
            seed: self.plan.evaluate.seed.unwrap_or(self.plan.seed),
            overlong: 0,
            evaluations,
            held_out_loss: None,
            sampled: None,
        }
    }
}

/// An evaluation on a backend.
struct ModelTask<'a> {
    evaluator: &'a Evaluator,
    tokenizer: &'a Tokenizer,
    model: &'a Path,
    folder: &'a Path,
    progress: &'a mut dyn Progress,
}

impl BackendTask for ModelTask<'_> {
    type Output = Result<Found, InterplayError>;

    fn run<A: TrainBackend>(self, replicas: &Replicas<A::Device>) -> Self::Output {
        let context = load_config(self.model)?.max_position_embeddings;
        let weights = weights_hash(self.model)?;
        let parts = (&self.evaluator.plan.device, weights, self.tokenizer.hash());
        let key = key("a model", &(parts, self.evaluator.plan.seed))?;
        let evaluated = EvaluatedModel {
            setting: self.evaluator.setting(self.tokenizer, context),
            model: self.model,
            key: &key,
            name: "model",
            folder: self.folder,
        };
        evaluated.evaluate::<A::InnerBackend>(&replicas.leader, self.progress)
    }
}
