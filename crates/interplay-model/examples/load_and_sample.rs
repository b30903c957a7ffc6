//! Reads a Hugging Face folder and samples from it with the folder's own sampling defaults.
//!
//! `cargo run -p interplay-model --example load_and_sample -- [FOLDER [TOKEN ...]]`
//!
//! Without a folder it makes one of a tiny model with random weights. Prompt and continuation are token ids, since
//! this crate knows no text.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use burn::backend::Flex;
use interplay_model::{
    Decoder, ModelConfig, Pretrained, Request, SamplingSettings, SaveOptions, generate,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = match arguments.next() {
        Some(folder) => PathBuf::from(folder),
        None => {
            let folder = std::env::temp_dir().join("interplay-model-load-and-sample");
            save_random(&folder)?;
            folder
        }
    };
    let mut prompt = arguments
        .map(|token| {
            token
                .parse()
                .with_context(|| format!("`{token}` is not a token id"))
        })
        .collect::<Result<Vec<u32>>>()?;
    if prompt.is_empty() {
        prompt = vec![0, 3, 4];
    }

    let device = Default::default();
    let model = Pretrained::<Flex>::load(&folder, &device)?;
    for note in &model.notes {
        println!("note: {note}");
    }
    println!(
        "{}: {} parameters",
        folder.display(),
        model.config.parameters()
    );

    let settings = SamplingSettings {
        max_new_tokens: 12,
        ..SamplingSettings::from_generation(&model.generation)
    };
    let requests: Vec<Request> = (0..4)
        .map(|seed| Request {
            prompt: prompt.clone(),
            stream: ChaCha8Rng::seed_from_u64(seed),
        })
        .collect();
    let continuations = generate(
        &model.decoder,
        &requests,
        &settings,
        &device,
        &mut |_, _| {},
    )?;
    println!(
        "temperature {}, stop at {:?}",
        settings.temperature, settings.stop
    );
    for one in continuations {
        let nats: f32 = one.log_probs.iter().sum();
        let end = if one.stopped { "stopped" } else { "cut off" };
        println!(
            "{prompt:?} -> {:?} ({end}, log-probability {nats:.2})",
            one.tokens
        );
    }
    Ok(())
}

/// Writes the folder of a tiny model that samples at temperature 0.8 and ends at token 1 or 2.
fn save_random(folder: &Path) -> Result<()> {
    let config = ModelConfig {
        num_hidden_layers: 2,
        bos_token_id: Some(0),
        eos_token_id: vec![1, 2].into(),
        ..ModelConfig::tiny(40)
    };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut model = Pretrained::new(Decoder::<Flex>::init(
        &config,
        &mut rng,
        &Default::default(),
    )?);
    model.generation.do_sample = Some(true);
    model.generation.temperature = Some(0.8);
    model.save(folder, &SaveOptions::default())?;
    Ok(())
}
