//! Hugging Face folders of `Qwen2ForCausalLM`, both ways.
//!
//! Written: `config.json`, `generation_config.json`, and `model.safetensors` or its shards with
//! `model.safetensors.index.json`, in f32 or bf16, under the names of `transformers`. Read: the same, and f16.
//!
//! A folder is never half a model. The file that a reader starts from (`model.safetensors`, or the index) is
//! put in place last and, where a model of another description lies there, taken away first. A reader that
//! overlaps with a writer gets the old model, the new one, or an error that tells it to try again.

mod config_file;
mod save;
mod tensor_file;
mod weight_folder;

use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::config::ModelConfig;
use crate::decoder::Decoder;
use crate::error::ModelError;
use config_file::read_config;
use weight_folder::{Entry, WeightFolder};

const CONFIG: &str = "config.json";
const GENERATION: &str = "generation_config.json";
const TENSORS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// The type in which weights are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightDtype {
    /// Four bytes, the weights bit for bit.
    #[default]
    F32,
    /// Two bytes with the exponent of f32; the nearest value is taken, the even one of two.
    Bf16,
}

impl WeightDtype {
    /// Bytes of one element.
    fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 => 2,
        }
    }

    /// Its name in `config.json`.
    fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::Bf16 => "bfloat16",
        }
    }
}

/// How [`save_pretrained_with`] stores the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaveOptions {
    /// The type of the stored elements.
    pub dtype: WeightDtype,
    /// Most bytes of tensors in one file; `None` is one file for all. A tensor that is larger has a file of
    /// its own.
    pub max_shard_bytes: Option<u64>,
}

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

/// Writes a decoder as a Hugging Face folder. A model that the folder already holds is replaced, shards and
/// index included; other files (a tokenizer) stay as they are.
///
/// Everything is written beside its place before anything is replaced, so that a full disk leaves the old
/// model whole. Memory: one parameter at a time beside the decoder. One process may write to a folder at a
/// time.
///
/// # Errors
///
/// An invalid configuration or one of another decoder, a device that cannot be read, a folder that cannot be
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
    save::save(dir, config, decoder, options)
}

/// Reads a Hugging Face folder.
///
/// Names, shapes and types of all tensors are checked before the first element is read. Memory: one parameter
/// at a time beside the decoder.
///
/// # Errors
///
/// A missing or damaged file, another architecture, an index that does not fit its shards, a tensor that is
/// missing, unknown, stored twice, or of another shape or element type than `config.json` asks for.
pub fn load_pretrained<B: Backend>(
    dir: &Path,
    device: &B::Device,
) -> Result<(ModelConfig, Decoder<B>), ModelError> {
    let entry = Entry::find(dir)?;
    let config = read_config(&dir.join(CONFIG))?;
    let entry = entry.ok_or_else(|| ModelError::NoWeights {
        path: dir.to_owned(),
    })?;
    let mut folder = WeightFolder::open(dir, &entry)?;
    folder.check(&config)?;
    let decoder =
        Decoder::from_values(&config, device, &mut |name, shape| folder.read(name, shape))?;
    Ok((config, decoder))
}

/// The values of every parameter, in the order of [`parameter_names`](crate::parameter_names).
///
/// # Errors
///
/// A device that cannot be read.
pub fn parameter_values<B: Backend>(decoder: &Decoder<B>) -> Result<Vec<Vec<f32>>, ModelError> {
    let mut all = Vec::new();
    for_each_parameter(decoder, &mut |values| {
        all.push(values);
        Ok(())
    })?;
    Ok(all)
}

/// Hands the values of one parameter after the other to `take`, until one fails.
fn for_each_parameter<B: Backend>(
    decoder: &Decoder<B>,
    take: &mut dyn FnMut(Vec<f32>) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
    struct Visit<'a> {
        take: &'a mut dyn FnMut(Vec<f32>) -> Result<(), ModelError>,
        result: Result<(), ModelError>,
    }
    impl<B: Backend> ModuleVisitor<B> for Visit<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            if self.result.is_ok() {
                self.result = values(param.val()).and_then(|values| (self.take)(values));
            }
        }
    }
    let mut visit = Visit {
        take,
        result: Ok(()),
    };
    decoder.visit(&mut visit);
    visit.result
}

fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Result<Vec<f32>, ModelError> {
    let device = |reason| ModelError::Device {
        what: "a parameter",
        reason,
    };
    let data = tensor
        .try_into_data()
        .map_err(|error| device(format!("{error:?}")))?;
    let values = data.convert::<f32>().into_vec();
    values.map_err(|error| device(format!("{error:?}")))
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ModelError {
    let path = path.to_owned();
    move |source| ModelError::Io {
        action,
        path,
        source,
    }
}
