//! `interplay throughput`: tokens per second for a model size, beside the device's matrix-product
//! peak. Prints one JSON line with the fields of the scripts in `xtask/peers`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use interplay::device::{BackendTask, Device, dispatch};
use interplay::graph::SeedStreams;
use interplay::model::{
    Activations, Decoder, KvCacheDtype, ModelConfig, Precision, Request, SamplingSettings,
    TrainBackend, generate, load_pretrained,
};
use interplay::train::TrainingLoad;
use interplay::train::optimizer::OptimizerSpec;
use interplay::train::parallel::Replicas;
use interplay::train::schedule::{Decay, Schedule};
use interplay::{device, peak_memory_mib};
use rand::Rng;
use serde_json::json;

/// What to measure.
#[derive(Subcommand)]
pub(super) enum Work {
    /// Measure training steps on random tokens: forward, backward, clipping and AdamW.
    Train(Train),
    /// Measure sampling at temperature 1 after random prompts, without stop tokens.
    Sample(Sample),
}

/// The model and the device.
#[derive(Args)]
struct Model {
    /// Hidden size.
    #[arg(long, default_value_t = 128)]
    hidden: usize,
    /// Number of layers.
    #[arg(long, default_value_t = 4)]
    layers: usize,
    /// Number of query heads.
    #[arg(long, default_value_t = 4)]
    heads: usize,
    /// Number of key and value heads.
    #[arg(long, default_value_t = 4)]
    kv_heads: usize,
    /// Intermediate size of the feed-forward layers.
    #[arg(long, default_value_t = 344)]
    intermediate: usize,
    /// Vocabulary size.
    #[arg(long, default_value_t = 512)]
    vocab: usize,
    /// A Hugging Face folder to load, instead of random weights of the sizes above.
    #[arg(long, value_name = "DIR")]
    init: Option<PathBuf>,
    /// Device: flex, ndarray, cuda or cuda:INDEX.
    #[arg(long, default_value_t)]
    device: Device,
}

#[derive(Args)]
pub(super) struct Train {
    #[command(flatten)]
    model: Model,
    /// Sequences per step.
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// Tokens per sequence.
    #[arg(long, default_value_t = 64)]
    seq: usize,
    /// Timed steps.
    #[arg(long, default_value_t = 8)]
    steps: usize,
    /// Compute matrix products in bfloat16, with weights in single precision.
    #[arg(long)]
    bf16: bool,
    /// Recompute activations in the backward pass instead of keeping them.
    #[arg(long)]
    recompute: bool,
    /// Untimed steps before the timed ones.
    #[arg(long, default_value_t = 3)]
    warmup: usize,
}

#[derive(Args)]
pub(super) struct Sample {
    #[command(flatten)]
    model: Model,
    /// Number of sequences.
    #[arg(long, default_value_t = 256)]
    sequences: usize,
    /// Tokens per prompt.
    #[arg(long, default_value_t = 48)]
    prompt: usize,
    /// New tokens per sequence.
    #[arg(long, default_value_t = 128)]
    new: usize,
    /// Compute matrix products in bfloat16.
    #[arg(long)]
    bf16: bool,
    /// Keep the key-value cache in single precision.
    #[arg(long)]
    exact_cache: bool,
    /// Number of sequences per prompt.
    #[arg(long, default_value_t = 1)]
    group: usize,
    /// Timed runs, after one untimed run.
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

fn precision(bf16: bool) -> Precision {
    match bf16 {
        true => Precision::Bf16,
        false => Precision::Float32,
    }
}

/// Measures the throughput and prints one line of JSON.
pub(super) fn throughput(work: &Work) -> Result<()> {
    let line = match work {
        Work::Train(train) => {
            ensure!(train.batch > 0, "--batch: found 0, expected at least 1");
            ensure!(
                train.seq > 1,
                "--seq: found {}, expected at least 2",
                train.seq
            );
            ensure!(train.steps > 0, "--steps: found 0, expected at least 1");
            dispatch(&train.model.device.into(), train)??
        }
        Work::Sample(sample) => {
            for (flag, count) in [
                ("--sequences", sample.sequences),
                ("--prompt", sample.prompt),
                ("--new", sample.new),
                ("--group", sample.group),
                ("--runs", sample.runs),
            ] {
                ensure!(count > 0, "{flag}: found 0, expected at least 1");
            }
            dispatch(&sample.model.device.into(), sample)??
        }
    };
    super::output::print(&format!("{line}\n"))
}

impl Model {
    fn decoder<A: TrainBackend>(
        &self,
        context: usize,
        device: &A::Device,
    ) -> Result<Decoder<A::InnerBackend>> {
        if let Some(folder) = &self.init {
            return Ok(load_pretrained(folder, device)?.1);
        }
        let config = ModelConfig {
            hidden_size: self.hidden,
            intermediate_size: self.intermediate,
            num_hidden_layers: self.layers,
            num_attention_heads: self.heads,
            num_key_value_heads: self.kv_heads,
            max_position_embeddings: context,
            ..ModelConfig::tiny(self.vocab)
        };
        let mut weights = SeedStreams::new(0).stream("weights").rng(0);
        Ok(Decoder::init(&config, &mut weights, device)?)
    }
}

/// Random tokens, none of them special.
fn tokens(count: usize, vocab: usize) -> impl Iterator<Item = u32> {
    let mut rng = SeedStreams::new(0).stream("tokens").rng(0);
    let least = 4.min(vocab.saturating_sub(1)) as u32;
    (0..count).map(move |_| least + rng.next_u32() % (vocab as u32 - least))
}

/// Median, minimum and maximum.
fn spread(mut rates: Vec<f64>) -> [f64; 3] {
    rates.sort_by(f64::total_cmp);
    let middle = rates.len() / 2;
    let median = match rates.len() % 2 {
        0 => (rates[middle - 1] + rates[middle]) / 2.0,
        _ => rates[middle],
    };
    [median, rates[0], rates[rates.len() - 1]]
}

impl BackendTask for &Train {
    type Output = Result<serde_json::Value>;

    fn run<A: TrainBackend>(self, replicas: &Replicas<A::Device>) -> Self::Output {
        let device = &replicas.leader;
        let decoder = self.model.decoder::<A>(self.seq.max(2048), device)?;
        let config = decoder.config().clone();
        let optimizer = OptimizerSpec::new(Schedule {
            peak: 2e-4,
            floor: 2e-4,
            warmup_share: 0.0,
            decay: Decay::Constant,
        });
        let activations = match self.recompute {
            true => Activations::Recompute,
            false => Activations::Keep,
        };
        let count = self.batch * self.seq;
        let ids: Vec<u32> = tokens(count, config.vocab_size).collect();
        let batch = TrainingLoad::<A>::batch(&ids, self.seq)?;
        let mut load = TrainingLoad::<A>::new(
            decoder,
            optimizer,
            activations,
            precision(self.bf16),
            device,
        );
        let (mut rates, mut loss) = (Vec::new(), 0.0);
        for step in 0..self.warmup + self.steps {
            let began = Instant::now();
            loss = load.step(&batch)?;
            A::sync(device)?;
            if step >= self.warmup {
                rates.push(count as f64 / began.elapsed().as_secs_f64());
            }
        }
        drop(load);
        let [median, least, most] = spread(rates);
        let attended = (self.seq + 1) as f64 / 2.0;
        let flops = 3.0 * config.forward_flops(attended) * median;
        let peak = device::matrix_peak::<A>(device, precision(self.bf16));
        Ok(json!({
            "peer": format!("interplay {}", self.model.device),
            "parameters": config.parameters(),
            "tokens_per_s_median": median,
            "min": least,
            "max": most,
            "loss": loss,
            "flops_per_s": flops,
            "peak_flops_per_s": peak,
            "share_of_peak": flops / peak,
            "peak_memory_mib": peak_memory_mib(),
        }))
    }
}

impl BackendTask for &Sample {
    type Output = Result<serde_json::Value>;

    fn run<A: TrainBackend>(self, replicas: &Replicas<A::Device>) -> Self::Output {
        let device = &replicas.leader;
        let context = (self.prompt + self.new).max(2048);
        let decoder = self.model.decoder::<A>(context, device)?;
        let config = decoder.config().clone();
        let decoder = decoder.in_precision(precision(self.bf16))?;
        let prompts = self.sequences.div_ceil(self.group);
        let ids: Vec<u32> = tokens(prompts * self.prompt, config.vocab_size).collect();
        let stream = SeedStreams::new(0).stream("draws");
        let requests: Vec<Request> = (0..self.sequences)
            .map(|sequence| {
                let first = sequence / self.group * self.prompt;
                Request {
                    prompt: ids[first..first + self.prompt].to_vec(),
                    stream: stream.rng(sequence as u64),
                }
            })
            .collect();
        let settings = SamplingSettings {
            max_new_tokens: self.new,
            cache_dtype: match self.exact_cache {
                true => KvCacheDtype::Float32,
                false => KvCacheDtype::Int16,
            },
            ..SamplingSettings::default()
        };
        let mut rates = Vec::new();
        for run in 0..=self.runs {
            let began = Instant::now();
            generate(&decoder, &requests, &settings, device, &mut |_, _| {})?;
            if run > 0 {
                rates.push((self.sequences * self.new) as f64 / began.elapsed().as_secs_f64());
            }
        }
        let [median, least, most] = spread(rates);
        let attended = self.prompt as f64 + (self.new + 1) as f64 / 2.0;
        let flops = config.forward_flops(attended) * median;
        let peak = device::matrix_peak::<A>(device, precision(self.bf16));
        Ok(json!({
            "peer": format!("interplay {}", self.model.device),
            "parameters": config.parameters(),
            "new_tokens_per_s_median": median,
            "min": least,
            "max": most,
            "flops_per_s": flops,
            "peak_flops_per_s": peak,
            "share_of_peak": flops / peak,
            "peak_memory_mib": peak_memory_mib(),
        }))
    }
}
