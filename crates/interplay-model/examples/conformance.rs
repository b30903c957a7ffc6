//! The Rust half of `xtask/peers/conformance.py`, which compares this crate with `transformers`.
//!
//! `read FOLDER PROMPTS OUT` continues each prompt greedily and writes the logits of those that ask for them.
//! `copy FROM TO f32|bf16 [MAX_SHARD_BYTES]` reads a folder and writes it to another.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use burn::backend::Flex;
use burn::tensor::{Int, Tensor, TensorData};
use interplay_model::{
    Decoder, GenerationConfig, Pretrained, Request, SamplingSettings, SaveOptions, WeightDtype,
    generate,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// A line of the prompts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prompt {
    tokens: Vec<u32>,
    /// Maximum number of tokens to add; 0 if only logits are asked for.
    new_tokens: usize,
    /// Whether to write the logits after every token of the prompt.
    logits: bool,
}

/// A line of the answers.
#[derive(Serialize)]
struct Answer {
    tokens: Vec<u32>,
    /// `[prompt tokens * vocabulary]`, or empty.
    logits: Vec<f32>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["read", folder, prompts, out] => read(folder.as_ref(), prompts.as_ref(), out.as_ref()),
        ["copy", from, to, dtype] => copy(from.as_ref(), to.as_ref(), dtype, None),
        ["copy", from, to, dtype, limit] => {
            let limit = limit.parse().context("MAX_SHARD_BYTES is a number")?;
            copy(from.as_ref(), to.as_ref(), dtype, Some(limit))
        }
        _ => bail!(
            "usage: conformance read FOLDER PROMPTS OUT\n       \
             conformance copy FROM TO f32|bf16 [MAX_SHARD_BYTES]"
        ),
    }
}

fn read(folder: &Path, prompts: &Path, out: &Path) -> Result<()> {
    let model = load(folder)?;
    let lines = BufReader::new(File::open(prompts).context("opening the prompts")?).lines();
    let prompts = lines
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect::<Result<Vec<Prompt>>>()?;
    let continuations = continue_all(&model.generation, &model.decoder, &prompts)?;
    let mut out = BufWriter::new(File::create(out).context("creating the answers")?);
    for (prompt, tokens) in prompts.iter().zip(continuations) {
        let logits = match prompt.logits {
            true => logits(&model.decoder, &prompt.tokens)?,
            false => Vec::new(),
        };
        serde_json::to_writer(&mut out, &Answer { tokens, logits })?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

/// Reads a folder, and tells what its user should know about it.
fn load(folder: &Path) -> Result<Pretrained<Flex>> {
    let model = Pretrained::load(folder, &Default::default())?;
    for note in &model.notes {
        eprintln!("note: {note}");
    }
    Ok(model)
}

/// Greedy continuations by the sampling engine, with the end tokens of the folder.
fn continue_all(
    generation: &GenerationConfig,
    decoder: &Decoder<Flex>,
    prompts: &[Prompt],
) -> Result<Vec<Vec<u32>>> {
    let most = prompts.iter().map(|prompt| prompt.new_tokens).max();
    let settings = SamplingSettings {
        max_new_tokens: most.unwrap_or(0),
        temperature: 0.0,
        ..SamplingSettings::from_generation(generation)
    };
    let wanted: Vec<bool> = prompts.iter().map(|prompt| prompt.new_tokens > 0).collect();
    let chosen = prompts.iter().filter(|prompt| prompt.new_tokens > 0);
    let requests: Vec<Request> = chosen
        .map(|prompt| Request {
            prompt: prompt.tokens.clone(),
            stream: ChaCha8Rng::seed_from_u64(0),
        })
        .collect();
    let done = generate(
        decoder,
        &requests,
        &settings,
        &Default::default(),
        &mut |_, _| {},
    )?;
    let mut done = done.into_iter().map(|continuation| continuation.tokens);
    let in_place = |wanted| if wanted { done.next() } else { None }.unwrap_or_default();
    Ok(wanted.into_iter().map(in_place).collect())
}

fn logits(decoder: &Decoder<Flex>, tokens: &[u32]) -> Result<Vec<f32>> {
    let tokens: Vec<i32> = tokens.iter().map(|&token| token as i32).collect();
    let size = [1, tokens.len()];
    let tokens =
        Tensor::<Flex, 2, Int>::from_data(TensorData::new(tokens, size), &Default::default());
    let logits = decoder.logits(decoder.hidden(tokens, None)).into_data();
    logits
        .into_vec()
        .map_err(|error| anyhow::anyhow!("{error:?}"))
}

fn copy(from: &Path, to: &Path, dtype: &str, max_shard_bytes: Option<u64>) -> Result<()> {
    let dtype = match dtype {
        "f32" => WeightDtype::F32,
        "bf16" => WeightDtype::Bf16,
        other => bail!("the type is f32 or bf16, not `{other}`"),
    };
    let options = SaveOptions {
        dtype,
        max_shard_bytes,
    };
    load(from)?.save(to, &options)?;
    Ok(())
}
