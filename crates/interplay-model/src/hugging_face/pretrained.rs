//! A model with everything that its folder says about it.

use std::path::Path;

use burn::tensor::backend::Backend;

use super::config_file::{ReadConfig, read_config};
use super::file_names::{CONFIG, GENERATION};
use super::json_file;
use super::note::LoadNote;
use super::save::{SaveOptions, save};
use super::weight_folder::{Entry, WeightFolder};
use crate::config::ModelConfig;
use crate::decoder::Decoder;
use crate::error::ModelError;
use crate::generation_config::GenerationConfig;
use crate::parameters::parameter_shapes;

/// A model as a Hugging Face folder holds it.
///
/// # Example
///
/// ```
/// use burn::backend::Flex;
/// use interplay_model::{Decoder, ModelConfig, Pretrained, SamplingSettings, SaveOptions};
/// use rand::SeedableRng;
///
/// let config = ModelConfig { eos_token_id: vec![7, 5].into(), ..ModelConfig::tiny(50) };
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let decoder = Decoder::<Flex>::init(&config, &mut rng, &Default::default())?;
/// let mut model = Pretrained::new(decoder);
/// model.generation.do_sample = Some(true);
/// model.generation.temperature = Some(0.7);
///
/// let folder = std::env::temp_dir().join("interplay-model-pretrained");
/// model.save(&folder, &SaveOptions::default())?;
/// let read = Pretrained::<Flex>::load(&folder, &Default::default())?;
/// assert!(read.notes.is_empty());
/// let settings = SamplingSettings::from_generation(&read.generation);
/// assert_eq!((settings.temperature, settings.stop), (0.7, vec![7, 5]));
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), interplay_model::ModelError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pretrained<B: Backend> {
    /// The configuration of the decoder.
    pub config: ModelConfig,
    /// The decoder.
    pub decoder: Decoder<B>,
    /// The sampling defaults. What `generation_config.json` does not give comes from `config.json`.
    pub generation: GenerationConfig,
    /// What the caller should know about the folder.
    pub notes: Vec<LoadNote>,
}

impl<B: Backend> Pretrained<B> {
    /// A model with the sampling defaults of its configuration.
    pub fn new(decoder: Decoder<B>) -> Self {
        let config = decoder.config().clone();
        Self {
            generation: GenerationConfig::from_model(&config),
            config,
            decoder,
            notes: Vec::new(),
        }
    }

    /// Reads a Hugging Face folder.
    ///
    /// Names, shapes and types of all tensors are checked before the first element is read. Memory: one parameter
    /// at a time beside the decoder.
    ///
    /// # Errors
    ///
    /// A missing or damaged file, another architecture, an index that does not match its shards, a tensor that is
    /// missing, unknown, stored twice, or of another shape or element type than `config.json` asks for.
    pub fn load(dir: &Path, device: &B::Device) -> Result<Self, ModelError> {
        let Checked {
            config,
            generation,
            notes,
            mut folder,
        } = Checked::open(dir)?;
        let decoder =
            Decoder::from_values(&config, device, &mut |name, shape| folder.read(name, shape))?;
        Ok(Self {
            config,
            decoder,
            generation,
            notes,
        })
    }

    /// The same model for sequences of at most so many tokens.
    #[must_use]
    pub fn with_context(self, tokens: usize) -> Self {
        Self {
            config: ModelConfig {
                max_position_embeddings: tokens,
                ..self.config
            },
            decoder: self.decoder.with_context(tokens),
            ..self
        }
    }

    /// Writes the model as a Hugging Face folder, as [`save_pretrained_with`](super::save_pretrained_with) does,
    /// with its sampling defaults.
    ///
    /// # Errors
    ///
    /// Those of [`save_pretrained_with`](super::save_pretrained_with).
    pub fn save(&self, dir: &Path, options: &SaveOptions) -> Result<(), ModelError> {
        save(dir, &self.config, &self.generation, &self.decoder, options)
    }
}

/// A folder whose files are open and fit together. No element has been read, but for an output layer that is tied.
struct Checked {
    config: ModelConfig,
    generation: GenerationConfig,
    notes: Vec<LoadNote>,
    folder: WeightFolder,
}

impl Checked {
    fn open(dir: &Path) -> Result<Self, ModelError> {
        let entry = Entry::find(dir)?;
        let path = dir.join(CONFIG);
        let ReadConfig {
            mut config,
            biases,
            unused,
        } = read_config(&path)?;
        let unused = unused.into_iter().map(|key| {
            let path = path.clone();
            LoadNote::UnusedKey { path, key }
        });
        let mut notes: Vec<LoadNote> = unused.collect();
        let generation = read_generation(&dir.join(GENERATION), &config, &mut notes)?;
        let entry = entry.ok_or_else(|| ModelError::NoWeights {
            path: dir.to_owned(),
        })?;
        let mut folder = WeightFolder::open(dir, &entry, biases)?;
        folder.check(&config)?;
        folder.require_no_output_bias(&config)?;
        if config.tie_word_embeddings && folder.has_own_output(&config)? {
            config.tie_word_embeddings = false;
            notes.push(LoadNote::UntiedOutput { path });
        }
        Ok(Self {
            config,
            generation,
            notes,
            folder,
        })
    }
}

/// The configuration that [`Pretrained::load`] gives: that of [`load_config`](super::load_config), but without tied
/// embeddings where the folder has an output layer of its own. Builds no decoder.
///
/// # Errors
///
/// Those of [`Pretrained::load`].
pub fn loaded_config(dir: &Path) -> Result<ModelConfig, ModelError> {
    Ok(Checked::open(dir)?.config)
}

/// Reads a folder as [`Pretrained::load`] does, every element of every tensor included, but builds no decoder, and
/// so needs no backend. For the fuzz target; not part of the API.
#[doc(hidden)]
pub fn check_folder(dir: &Path) -> Result<(ModelConfig, Vec<LoadNote>), ModelError> {
    let mut checked = Checked::open(dir)?;
    for (name, shape) in parameter_shapes(&checked.config) {
        let values = checked.folder.read(&name, &shape)?;
        assert_eq!(values.len(), shape.iter().product::<usize>(), "{name}");
    }
    Ok((checked.config, checked.notes))
}

/// The sampling defaults of a folder, or those of its model where there is no file.
fn read_generation(
    path: &Path,
    config: &ModelConfig,
    notes: &mut Vec<LoadNote>,
) -> Result<GenerationConfig, ModelError> {
    let generation: GenerationConfig = match json_file::read(path) {
        Ok(generation) => generation,
        Err(ModelError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Ok(GenerationConfig::from_model(config));
        }
        Err(error) => return Err(error),
    };
    let unsupported = generation.unsupported().map(|(key, value)| {
        let (path, key) = (path.to_owned(), key.to_owned());
        let value = value.clone();
        LoadNote::UnsupportedGeneration { path, key, value }
    });
    notes.extend(unsupported);
    Ok(generation.or_tokens_of(config))
}
