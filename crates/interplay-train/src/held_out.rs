//! The loss of gold solutions that a model was not trained on.
//!
//! Unlike pass@k it needs no sampling and has no temperature, and it moves before the first problem is
//! solved. It says how likely the gold text is, not whether the model reasons.
//!
//! Source: arXiv 2512.07783 reports validation loss beside accuracy. Deviations: only the tokens of
//! the solution count, the token that ends it included; the prompt is given.

use std::collections::BTreeMap;

use interplay_environment::Example;
use interplay_model::{Activations, Decoder, FusedOps};
use interplay_tokenizer::Tokenizer;
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::forward::{host, token_log_probs};
use crate::ledger::Sampled;
use crate::packing::{PackedBatch, Packer, Sequence};

/// The most rows of a forward pass; bounds its memory.
const ROWS: usize = 8;

/// The most tokens of a row: published models have room for many more than an example has.
const ROW_TOKENS: usize = 2048;

/// The most logits of a forward pass, which large vocabularies reach with fewer rows.
const LOGITS: usize = 1 << 28;

/// Tokens of a row and rows of a pass for a model.
fn pass_shape(context: usize, vocab_size: usize) -> (usize, usize) {
    let row_tokens = context.min(ROW_TOKENS);
    let of_row = row_tokens.saturating_mul(vocab_size).max(1);
    (row_tokens, (LOGITS / of_row).clamp(1, ROWS))
}

/// The loss of a group of examples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossCell {
    /// Number of examples.
    pub problems: u64,
    /// Number of tokens of their solutions.
    pub tokens: u64,
    /// Mean negative log-likelihood of a token, in nats.
    pub loss_nats: f64,
    /// Its exponential.
    pub perplexity: f64,
}

impl LossCell {
    fn of<'a>(losses: impl Iterator<Item = &'a (u64, f64)>) -> Option<Self> {
        let (mut problems, mut tokens, mut nats) = (0, 0, 0.0);
        for (count, sum) in losses {
            problems += 1;
            tokens += count;
            nats += sum;
        }
        let loss_nats = nats / tokens as f64;
        (tokens > 0).then(|| Self {
            problems,
            tokens,
            loss_nats,
            perplexity: loss_nats.exp(),
        })
    }
}

/// The loss of gold solutions, over all examples and by difficulty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOutLoss {
    /// All examples; none where not one fits in the model's context and in 2,048 tokens.
    pub overall: Option<LossCell>,
    /// By difficulty, of those that have one.
    pub by_op: BTreeMap<u32, LossCell>,
    /// Examples that were left out because they do not fit.
    pub overlong: u64,
}

/// The mean negative log-likelihood of the examples' targets, given their prompts, and the tokens and passes that
/// it took.
///
/// # Errors
/// An example that the tokenizer cannot encode, or a backend without the operations of attention.
pub fn held_out_loss<'e, B: FusedOps>(
    decoder: &Decoder<B>,
    tokenizer: &Tokenizer,
    examples: impl IntoIterator<Item = &'e Example>,
    device: &B::Device,
) -> Result<(HeldOutLoss, Sampled), TrainError> {
    let config = decoder.config();
    let (row_tokens, rows) = pass_shape(config.max_position_embeddings, config.vocab_size);
    let packer = || Packer::new(row_tokens, rows, tokenizer.pad());
    let (mut ops, mut losses, mut overlong) = (Vec::new(), Vec::new(), 0);
    let mut scored = Sampled::default();
    let mut score = |pass: &PackedBatch| {
        scored.tokens += pass.sequence_tokens as u64;
        scored.workload += pass.separate_workload();
        losses_of(decoder, pass, device)
    };
    let mut packing = packer();
    for example in examples {
        let sample = tokenizer.encode_sample(&example.prompt, &example.target)?;
        if sample.ids.len() > row_tokens {
            overlong += 1;
            continue;
        }
        ops.push(example.labels.op);
        let sequence = Sequence {
            ids: sample.ids,
            predict_from: sample.prompt_len,
        };
        if let Some(waiting) = packing.add(sequence)? {
            let full = std::mem::replace(&mut packing, packer());
            losses.extend(score(&full.finish())?);
            packing.add(waiting)?;
        }
    }
    if !packing.is_empty() {
        losses.extend(score(&packing.finish())?);
    }
    let mut by_op: BTreeMap<u32, Vec<(u64, f64)>> = BTreeMap::new();
    for (op, loss) in ops.iter().zip(&losses) {
        if let Some(op) = op {
            by_op.entry(*op).or_default().push(*loss);
        }
    }
    let cell = |(op, losses): (u32, Vec<(u64, f64)>)| Some((op, LossCell::of(losses.iter())?));
    let loss = HeldOutLoss {
        overall: LossCell::of(losses.iter()),
        by_op: by_op.into_iter().filter_map(cell).collect(),
        overlong,
    };
    Ok((loss, scored))
}

/// Tokens and negative log-likelihood of every sequence of a pass, in nats.
fn losses_of<B: FusedOps>(
    decoder: &Decoder<B>,
    pass: &PackedBatch,
    device: &B::Device,
) -> Result<Vec<(u64, f64)>, TrainError> {
    let keep = Activations::Keep;
    let (log_probs, _) = token_log_probs(decoder, pass, 1.0, None, keep, device)?;
    let mut log_probs = host(log_probs).into_iter();
    let sequence = |tokens: &usize| {
        let nats: f64 = log_probs
            .by_ref()
            .take(*tokens)
            .map(|one| -f64::from(one))
            .sum();
        (*tokens as u64, nats)
    };
    Ok(pass.targets_each.iter().map(sequence).collect())
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::backend::Flex;
    use interplay_environment::framing;
    use interplay_graph::SeedStreams;
    use interplay_model::ModelConfig;
    use interplay_tokenizer::TrainerSpec;

    use super::*;

    fn example(id: u64, op: u32, target: &str) -> Example {
        let target = framing::target(target, "3");
        Example::new(id, framing::prompt("a + b"), target, "3").with_op(op)
    }

    #[test]
    fn passes_of_published_models_stay_small() {
        assert_eq!(pass_shape(512, 512), (512, 8));
        assert_eq!(pass_shape(2048, 2200), (2048, 8));
        assert_eq!(pass_shape(32_768, 2200), (2048, 8));
        assert_eq!(pass_shape(131_072, 151_936), (2048, 1));
        assert_eq!(pass_shape(1024, 151_936), (1024, 1));
        assert_eq!(pass_shape(usize::MAX, usize::MAX), (2048, 1));
    }

    #[test]
    fn a_model_without_preferences_has_the_loss_of_a_uniform_guess_and_every_op_its_own() {
        let spec = TrainerSpec {
            vocab_size: 280,
            ..TrainerSpec::default()
        };
        let tokenizer = Tokenizer::train(["a + b = 3"].iter(), &spec).unwrap();
        let device = Default::default();
        let config = ModelConfig {
            max_position_embeddings: 128,
            ..ModelConfig::tiny(tokenizer.vocab_size())
        };
        let mut rng = SeedStreams::new(5).stream("test").rng(0);
        let decoder = Decoder::<Flex>::init(&config, &mut rng, &device).unwrap();
        let mut examples: Vec<Example> = (0..40).map(|id| example(id, 2, "a + b = 3.")).collect();
        examples.push(example(40, 3, "b + a = 3; so it is 3."));
        examples.push(example(41, 3, &"a ".repeat(500)));
        let scored =
            |examples: &[Example]| held_out_loss(&decoder, &tokenizer, examples, &device).unwrap();
        let loss = |examples: &[Example]| scored(examples).0;
        let (all, cost) = scored(&examples);
        // Prompts count; the last token of a sequence is fed to the model too.
        let tokens = |example: &Example| {
            let sample = tokenizer.encode_sample(&example.prompt, &example.target);
            sample.unwrap().ids.len() as u64
        };
        assert_eq!(cost.tokens, examples[..41].iter().map(tokens).sum::<u64>());
        assert_eq!(cost.workload.outputs, all.overall.unwrap().tokens);
        let overall = all.overall.unwrap();
        assert_eq!((overall.problems, all.overlong), (41, 1));
        assert_eq!((all.by_op[&2].problems, all.by_op[&3].problems), (40, 1));
        // A fresh model is next to indifferent.
        let uniform = (tokenizer.vocab_size() as f64).ln();
        assert!((overall.loss_nats - uniform).abs() < 0.5, "{overall:?}");
        assert!((overall.perplexity.ln() - overall.loss_nats).abs() < 1e-9);
        // An example has the same loss whatever it is packed with.
        let alone = loss(&examples[40..41]).overall.unwrap();
        assert_eq!(alone.tokens, all.by_op[&3].tokens);
        assert!((alone.loss_nats - all.by_op[&3].loss_nats).abs() < 1e-5);
        let sum = |cell: &LossCell| cell.loss_nats * cell.tokens as f64;
        let parts: f64 = all.by_op.values().map(sum).sum();
        assert!((parts - sum(&overall)).abs() < 1e-6);
        assert_eq!(loss(&[]).overall, None);
    }
}
