//! Hugging Face folders of `LlamaForCausalLM` and `Qwen2ForCausalLM`, read and written.
//!
//! Written: `config.json`, `generation_config.json`, and `model.safetensors` or its shards with
//! `model.safetensors.index.json`, in f32 or bf16, under the names of `transformers`. Read: the same, and f16.
//!
//! A folder never holds half a model. The file that a reader starts from (`model.safetensors`, or the index) is
//! renamed last and, if the folder holds a model with another configuration, removed first. A reader that overlaps
//! with a writer gets the old model, the new one, or an error that tells it to try again.

mod config_file;
mod file_names;
mod json_file;
mod note;
mod pretrained;
mod rotary_settings;
mod save;
mod tensor_file;
mod values;
mod weight_dtype;
mod weight_folder;

use std::path::Path;

use burn::tensor::backend::Backend;

use crate::config::ModelConfig;
use crate::decoder::Decoder;
use crate::error::ModelError;
use crate::generation_config::GenerationConfig;
use config_file::read_config;

pub use note::LoadNote;
pub use pretrained::{Pretrained, check_folder, loaded_config};
pub use save::SaveOptions;
pub use values::parameter_values;
pub use weight_dtype::WeightDtype;

/// Writes a decoder as a Hugging Face folder with the default [`SaveOptions`]: f32 in one file.
///
/// # Errors
///
/// Those of [`save_pretrained_with`].
pub fn save_pretrained<B: Backend>(
    dir: &Path,
    config: &ModelConfig,
    decoder: &Decoder<B>,
) -> Result<(), ModelError> {
    save_pretrained_with(dir, config, decoder, &SaveOptions::default())
}

/// Writes a decoder as a Hugging Face folder, with [`GenerationConfig::sampling`] as sampling defaults
/// ([`Pretrained::save`] keeps others). A model that the folder already holds is replaced, shards and index
/// included; other files (a tokenizer) are left alone.
///
/// All files are written under temporary names before the first one is replaced, so that a full disk leaves the old
/// model intact. Memory: one parameter at a time beside the decoder. Only one process at a time may write to a
/// folder.
///
/// # Errors
///
/// An invalid configuration or that of another decoder, a device that cannot be read, a folder that cannot be
/// written.
///
/// # Example
///
/// ```
/// use burn::backend::Flex;
/// use interplay_model::{
///     Decoder, ModelConfig, SaveOptions, WeightDtype, load_pretrained, save_pretrained_with,
/// };
/// use rand::SeedableRng;
///
/// let config = ModelConfig { num_hidden_layers: 1, ..ModelConfig::tiny(50) };
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let decoder = Decoder::<Flex>::init(&config, &mut rng, &Default::default())?;
/// let options = SaveOptions { dtype: WeightDtype::Bf16, max_shard_bytes: Some(100_000) };
/// let folder = std::env::temp_dir().join("interplay-model-shards");
/// save_pretrained_with(&folder, &config, &decoder, &options)?;
/// assert!(folder.join("model.safetensors.index.json").exists());
/// let (read, _) = load_pretrained::<Flex>(&folder, &Default::default())?;
/// assert_eq!(read, config);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), interplay_model::ModelError>(())
/// ```
pub fn save_pretrained_with<B: Backend>(
    dir: &Path,
    config: &ModelConfig,
    decoder: &Decoder<B>,
    options: &SaveOptions,
) -> Result<(), ModelError> {
    let generation = GenerationConfig::sampling(config);
    save::save(dir, config, &generation, decoder, options)
}

/// Reads the configuration and the decoder of a Hugging Face folder. [`Pretrained::load`] gives its sampling
/// defaults and notes as well.
///
/// # Errors
///
/// Those of [`Pretrained::load`].
pub fn load_pretrained<B: Backend>(
    dir: &Path,
    device: &B::Device,
) -> Result<(ModelConfig, Decoder<B>), ModelError> {
    let Pretrained {
        config, decoder, ..
    } = Pretrained::load(dir, device)?;
    Ok((config, decoder))
}

/// Reads the configuration of a model folder alone.
///
/// # Errors
///
/// A missing or damaged `config.json`, or one of another architecture.
pub fn load_config(dir: &Path) -> Result<ModelConfig, ModelError> {
    Ok(read_config(&dir.join(file_names::CONFIG))?.config)
}
