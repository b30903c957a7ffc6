//! How long the runs of a study will take, told before they start.
//!
//! A few steps of training and a batch of samples are timed on the device, with a model of random weights and texts of
//! the lengths that the stages have; the work that is not done is divided by these speeds. GRPO's updates are taken to
//! compute [`KEPT`] of the tokens of the rollouts where groups without an advantage are left out and only whole solutions
//! are paid for, which most groups at the edge do not have. A policy that writes longer or shorter texts than the gold
//! solutions, and a busy machine, make the estimate wrong; it is meant to tell an hour from a day.

use std::path::Path;
use std::time::{Duration, Instant};

use interplay_environment::Split;
use interplay_graph::SeedStreams;
use interplay_model::{
    Activations, Decoder, ModelConfig, Precision, Request, SamplingSettings, TrainBackend, generate,
};
use interplay_tasks::{ContextLibrary, Counts};
use interplay_tokenizer::Tokenizer;
use interplay_train::TrainingLoad;
use interplay_train::grpo::RewardSpec;
use interplay_train::optimizer::OptimizerSpec;
use interplay_train::parallel::Replicas;
use interplay_train::schedule::Schedule;

use super::plans::{Study, StudyRun};
use super::record::is_record;
use super::share::{is_finished, same_stage};
use crate::data::DataSpec;
use crate::device::{BackendTask, dispatch};
use crate::error::InterplayError;
use crate::plan::Plan;
use crate::progress::Quiet;
use crate::spec::band_ops;
use crate::stage::StageSettings;

/// The share of the tokens of prompts and completions that an update computes where groups without an advantage are
/// left out and whole solutions alone are paid for: less than half of the groups are kept, and what completions begin
/// with in common is computed once. Measured on the studies `objectives` and `edge` (docs/LOG.md).
const KEPT: f64 = 0.2;
/// The same where all groups are kept, or nearly all have an advantage: answers are right, and steps are, in most groups
/// (study `rewards`, docs/LOG.md).
const WHOLE: f64 = 0.55;
/// The share of the tokens of completions that are computed where a problem is answered several times: what completions
/// begin with in common is computed once.
const APART: f64 = 0.5;
/// How many texts of a data table are measured.
const TEXTS: u64 = 64;
/// How many steps are timed, after one that is not.
const STEPS: usize = 3;
/// How many sequences are sampled at once.
const SEQUENCES: usize = 128;

/// The mean lengths of the texts of a data table, in tokens.
#[derive(Clone, Copy)]
struct Lengths {
    prompt: f64,
    completion: f64,
}

/// What the device does in a second.
#[derive(Clone, Copy)]
struct Pace {
    /// Tokens that are trained on.
    trained: f64,
    /// Tokens of samples and their prompts, each computed for itself.
    sampled: f64,
}

impl Study {
    /// The time that the runs which are not finished will take, one after the other.
    ///
    /// # Errors
    /// Problems that cannot be drawn, and devices that are missing.
    pub fn estimate(&self, folder: &Path) -> Result<Duration, InterplayError> {
        let mut known: Vec<(&StudyRun, Tokenizer, Pace)> = Vec::new();
        let mut seconds = 0.0;
        let mut planned: Vec<&StudyRun> = Vec::new();
        for run in &self.runs {
            let plan = &run.plan;
            let like = |other: &StudyRun| {
                other.plan.model == plan.model
                    && other.plan.tokenizer == plan.tokenizer
                    && other.plan.init == plan.init
            };
            if !known.iter().any(|(other, ..)| like(other)) {
                let (tokenizer, pace) = measure(plan)?;
                known.push((run, tokenizer, pace));
            }
            let Some((_, tokenizer, pace)) = known.iter().find(|(other, ..)| like(other)) else {
                continue;
            };
            let done = |stage: &str| {
                // A stage that an earlier run has as well is shared with it.
                let shared = |other: &&StudyRun| same_stage(plan, &other.plan, stage);
                let here = run.folder(folder);
                is_record(&here) || is_finished(&here, stage) || planned.iter().any(shared)
            };
            let evaluated = lengths(plan, &evaluated_data(plan), tokenizer)?;
            for stage in &plan.stages {
                if !done(&stage.name) {
                    seconds += pace.seconds(plan, &stage.settings, evaluated, tokenizer)?;
                }
            }
            if !is_record(&run.folder(folder)) {
                planned.push(run);
            }
        }
        Ok(Duration::from_secs_f64(seconds))
    }
}

impl Pace {
    /// What a stage takes, with the evaluation of its model, whose problems and solutions have the mean lengths
    /// `evaluated`.
    fn seconds(
        self,
        plan: &Plan,
        settings: &StageSettings,
        evaluated: Lengths,
        tokenizer: &Tokenizer,
    ) -> Result<f64, InterplayError> {
        let evaluate = &plan.evaluate;
        let drawn = evaluate
            .temperatures
            .iter()
            .map(|temperature| match *temperature > 0.0 {
                true => evaluated.sampled(evaluate.completions),
                false => evaluated.sampled(1),
            });
        let problems = band_ops(&plan.bands).len() as f64 * evaluate.problems_per_op as f64;
        let evaluation = problems * drawn.sum::<f64>() / self.sampled;
        Ok(match settings {
            StageSettings::Init => evaluation,
            StageSettings::Pretrain(stage) | StageSettings::Midtrain(stage) => {
                stage.training.budget_tokens as f64 / self.trained + evaluation
            }
            StageSettings::Calibrate(stage) => {
                let edge = &stage.edge;
                let problems = edge.ops.iter().count() as f64 * edge.problems_per_op as f64;
                problems * evaluated.sampled(edge.completions) / self.sampled
            }
            StageSettings::Grpo(stage) => {
                let (spec, length) = (&stage.training, lengths(plan, &stage.data, tokenizer)?);
                let (prompts, group) = (spec.prompts as f64, spec.group_size as f64);
                let rollouts = prompts * length.sampled(spec.group_size as u32);
                // The tokens of a prompt are computed once for its group.
                let seldom = matches!(
                    spec.reward,
                    RewardSpec::Strict | RewardSpec::StrictGate { .. }
                );
                let kept = match spec.filter_zero_std_groups && seldom {
                    true => KEPT,
                    false => WHOLE,
                };
                let packed = kept * prompts * (length.prompt + group * length.completion);
                let reference = if spec.has_reference() {
                    packed / 3.0
                } else {
                    0.0
                };
                let updates = (spec.num_iterations as f64 * packed + reference) / self.trained;
                spec.steps as f64 * (rollouts / self.sampled + updates) + evaluation
            }
        })
    }
}

impl Lengths {
    /// The tokens that are computed for a problem with so many completions.
    fn sampled(self, completions: u32) -> f64 {
        let apart = if completions > 1 { APART } else { 1.0 };
        self.prompt + apart * f64::from(completions) * self.completion
    }
}

/// The evaluated problems: their ops are those of the bands.
fn evaluated_data(plan: &Plan) -> DataSpec {
    let data = &plan.evaluate.data;
    let ops = Counts::list(band_ops(&plan.bands));
    // Bands are not empty, and their ops are checked.
    ops.map_or_else(|_| data.clone(), |ops| data.at_ops(&ops))
}

/// The mean lengths of the first texts.
fn lengths(plan: &Plan, data: &DataSpec, tokenizer: &Tokenizer) -> Result<Lengths, InterplayError> {
    let library = ContextLibrary::embedded();
    let problems = data.open(&plan.supply(&library), "estimate", Split::Train)?;
    let examples = match data.is_finite() {
        true => problems.all()?,
        false => {
            let drawn = (0..TEXTS).map(|index| problems.drawn(index));
            let drawn: Vec<_> = drawn.collect::<Result<_, _>>()?;
            drawn
                .into_iter()
                .flatten()
                .map(|(example, _)| example)
                .collect()
        }
    };
    let (mut prompts, mut whole, mut count) = (0, 0, 0);
    for example in examples.iter().take(TEXTS as usize) {
        prompts += tokenizer.encode_prompt(&example.prompt)?.len();
        whole += tokenizer
            .encode_sample(&example.prompt, &example.target)?
            .ids
            .len();
        count += 1;
    }
    let mean = |tokens: usize| tokens as f64 / f64::from(count.max(1));
    Ok(Lengths {
        prompt: mean(prompts),
        completion: mean(whole - prompts),
    })
}

/// The tokenizer of a plan, and the speed of its model.
fn measure(plan: &Plan) -> Result<(Tokenizer, Pace), InterplayError> {
    let library = ContextLibrary::embedded();
    let tokenizer = plan.new_tokenizer(&plan.supply(&library), &mut Quiet)?;
    let mut rows = (plan.model.context_tokens.min(512), 2);
    for stage in &plan.stages {
        if let StageSettings::Pretrain(stage) | StageSettings::Midtrain(stage) = &stage.settings {
            rows = (stage.training.row_tokens, stage.training.rows);
        }
    }
    let work = Measured {
        config: plan.model_config(&tokenizer)?,
        length: lengths(plan, &evaluated_data(plan), &tokenizer)?,
        rows,
    };
    let pace = dispatch(&plan.device, work)??;
    Ok((tokenizer, pace))
}

/// What is timed.
struct Measured {
    config: ModelConfig,
    length: Lengths,
    /// The tokens of a row, and the rows of a step.
    rows: (usize, usize),
}

impl BackendTask for Measured {
    type Output = Result<Pace, InterplayError>;

    fn run<A: TrainBackend>(self, replicas: &Replicas<A::Device>) -> Self::Output {
        let device = &replicas.leader;
        let streams = SeedStreams::new(0);
        let mut weights = streams.stream("weights").rng(0);
        let decoder = Decoder::<A::InnerBackend>::init(&self.config, &mut weights, device)?;
        let token = |index: usize| 4 + (index * 7 % (self.config.vocab_size - 4)) as u32;
        let (row, rows) = self.rows;
        let ids: Vec<u32> = (0..row * rows).map(token).collect();
        let sampled = self.sampled::<A>(&decoder, &ids, device)?;
        let batch = TrainingLoad::<A>::batch(&ids, row)?;
        let optimizer = OptimizerSpec::new(Schedule::new(1e-4));
        let keep = Activations::Keep;
        let mut load = TrainingLoad::<A>::new(decoder, optimizer, keep, Precision::Float32, device);
        let mut began = Instant::now();
        for step in 0..=STEPS {
            load.step(&batch)?;
            // The first step allocates and compiles.
            if step == 0 {
                began = Instant::now();
            }
        }
        Ok(Pace {
            trained: (STEPS * ids.len()) as f64 / began.elapsed().as_secs_f64(),
            sampled,
        })
    }
}

impl Measured {
    /// Tokens of samples a second, prompts included.
    fn sampled<A: TrainBackend>(
        &self,
        decoder: &Decoder<A::InnerBackend>,
        ids: &[u32],
        device: &A::Device,
    ) -> Result<f64, InterplayError> {
        let prompt = (self.length.prompt as usize).clamp(1, ids.len());
        let new = (self.length.completion as usize).max(1);
        let stream = SeedStreams::new(0).stream("draws");
        let requests: Vec<Request> = (0..SEQUENCES as u64)
            .map(|sequence| Request {
                prompt: ids[..prompt].to_vec(),
                stream: stream.rng(sequence),
            })
            .collect();
        let settings = SamplingSettings {
            max_new_tokens: new,
            ..SamplingSettings::default()
        };
        let began = Instant::now();
        generate(decoder, &requests, &settings, device, &mut |_, _| {})?;
        Ok((SEQUENCES * (prompt + new)) as f64 / began.elapsed().as_secs_f64())
    }
}
