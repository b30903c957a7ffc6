//! Hugging Face folders of `Qwen2ForCausalLM`, both ways.
//!
//! Written: `config.json`, `generation_config.json` and `model.safetensors` (f32, the names of `transformers`).
//! Read: the same, and also shards (`model.safetensors.index.json`) and f16 or bf16 elements. Each file is
//! written beside its place and then renamed, the tensors last, so a folder is never half a model.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::ModelConfig;
use crate::decoder::{Decoder, parameter_shapes};
use crate::error::ModelError;

const CONFIG: &str = "config.json";
const GENERATION: &str = "generation_config.json";
const TENSORS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// Writes a decoder as a Hugging Face folder. Other files of the folder (a tokenizer) stay as they are.
///
/// # Errors
///
/// An invalid configuration, a device that cannot be read, a folder that cannot be written.
pub fn save_pretrained<B: Backend>(
    dir: &Path,
    config: &ModelConfig,
    decoder: &Decoder<B>,
) -> Result<(), ModelError> {
    config.validate()?;
    let tensors = encode_tensors(dir, config, &parameter_values(decoder)?)?;
    std::fs::create_dir_all(dir).map_err(io("create the folder", dir))?;
    write_atomically(&dir.join(CONFIG), &pretty(&config_json(config)))?;
    write_atomically(&dir.join(GENERATION), &pretty(&generation_json(config)))?;
    write_atomically(&dir.join(TENSORS), &tensors)
}

/// Reads a Hugging Face folder.
///
/// # Errors
///
/// A missing or damaged file, another architecture, a tensor that is missing, unknown, or of another shape or
/// element type than `config.json` asks for.
pub fn load_pretrained<B: Backend>(
    dir: &Path,
    device: &B::Device,
) -> Result<(ModelConfig, Decoder<B>), ModelError> {
    let config = read_config(&dir.join(CONFIG))?;
    let mut tensors = read_tensors(dir, &config)?;
    let decoder = Decoder::from_values(&config, device, &mut |name, shape| {
        tensors
            .remove(name)
            .ok_or_else(|| ModelError::MissingTensor {
                path: dir.to_owned(),
                name: name.to_owned(),
                expected: shape.to_vec(),
            })
    })?;
    Ok((config, decoder))
}

/// The values of every parameter, in the order of [`parameter_names`](crate::parameter_names).
///
/// # Errors
///
/// A device that cannot be read.
pub fn parameter_values<B: Backend>(decoder: &Decoder<B>) -> Result<Vec<Vec<f32>>, ModelError> {
    struct Collect(Vec<Vec<f32>>, Option<ModelError>);
    impl<B: Backend> ModuleVisitor<B> for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            let device = |reason: String| ModelError::Device {
                what: "a parameter",
                reason,
            };
            let values = param
                .val()
                .try_into_data()
                .map_err(|error| device(format!("{error:?}")))
                .and_then(|data| {
                    data.convert::<f32>()
                        .into_vec()
                        .map_err(|error| device(format!("{error:?}")))
                });
            match values {
                Ok(values) => self.0.push(values),
                Err(error) => self.1 = Some(error),
            }
        }
    }
    let mut collect = Collect(Vec::new(), None);
    decoder.visit(&mut collect);
    match collect.1 {
        Some(error) => Err(error),
        None => Ok(collect.0),
    }
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ModelError {
    let path = path.to_owned();
    move |source| ModelError::Io {
        action,
        path,
        source,
    }
}

/// Writes a file beside its place and renames it.
fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    // A fixed name: what a killed run leaves is overwritten by the next.
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let mut file = std::fs::File::create(&partial).map_err(io("create", &partial))?;
    file.write_all(bytes).map_err(io("write", &partial))?;
    file.sync_all().map_err(io("write", &partial))?;
    std::fs::rename(&partial, path).map_err(io("replace", path))
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut text = format!("{value:#}").into_bytes();
    text.push(b'\n');
    text
}

fn config_json(config: &ModelConfig) -> Value {
    json!({
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "attention_dropout": 0.0,
        "bos_token_id": config.bos_token_id,
        "eos_token_id": config.eos_token_id,
        "pad_token_id": config.pad_token_id,
        "hidden_act": "silu",
        "hidden_size": config.hidden_size,
        "initializer_range": config.initializer_range,
        "intermediate_size": config.intermediate_size,
        "max_position_embeddings": config.max_position_embeddings,
        "num_attention_heads": config.num_attention_heads,
        "num_hidden_layers": config.num_hidden_layers,
        "num_key_value_heads": config.num_key_value_heads,
        "rms_norm_eps": config.rms_norm_eps,
        "rope_scaling": null,
        "rope_theta": config.rope_theta,
        "sliding_window": null,
        "tie_word_embeddings": config.tie_word_embeddings,
        "torch_dtype": "float32",
        "use_cache": true,
        "use_sliding_window": false,
        "vocab_size": config.vocab_size,
    })
}

fn generation_json(config: &ModelConfig) -> Value {
    json!({
        "_from_model_config": true,
        "bos_token_id": config.bos_token_id,
        "eos_token_id": config.eos_token_id,
        "pad_token_id": config.pad_token_id,
    })
}

/// The fields of a `config.json` that mean something to this decoder; all others are passed over.
#[derive(Deserialize)]
struct ConfigFile {
    architectures: Option<Vec<String>>,
    model_type: Option<String>,
    hidden_act: Option<String>,
    #[serde(default)]
    use_sliding_window: bool,
    rope_scaling: Option<Value>,
    rope_parameters: Option<Value>,
    rope_theta: Option<f64>,
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    max_position_embeddings: Option<usize>,
    rms_norm_eps: Option<f64>,
    tie_word_embeddings: Option<bool>,
    initializer_range: Option<f64>,
    bos_token_id: Option<u32>,
    eos_token_id: Option<Value>,
    pad_token_id: Option<u32>,
}

fn read_config(path: &Path) -> Result<ModelConfig, ModelError> {
    let text = std::fs::read(path).map_err(io("read", path))?;
    let file: ConfigFile = serde_json::from_slice(&text).map_err(|source| ModelError::Json {
        path: path.to_owned(),
        source,
    })?;
    file.check(path)?;
    let config = file.into_config();
    config.validate()?;
    Ok(config)
}

impl ConfigFile {
    /// Refuses what this decoder would compute differently.
    fn check(&self, path: &Path) -> Result<(), ModelError> {
        let refuse = |field, found: String, expected| {
            Err(ModelError::Unsupported {
                path: path.to_owned(),
                field,
                found,
                expected,
            })
        };
        let architecture = self.architectures.iter().flatten().next();
        if let Some(name) = architecture.filter(|name| *name != "Qwen2ForCausalLM") {
            return refuse(
                "architectures",
                format!("\"{name}\""),
                "\"Qwen2ForCausalLM\"",
            );
        }
        match self.model_type.as_deref() {
            Some("qwen2") => {}
            None if architecture.is_some() => {}
            found => return refuse("model_type", format!("{found:?}"), "\"qwen2\""),
        }
        if let Some(act) = self.hidden_act.as_deref().filter(|act| *act != "silu") {
            return refuse("hidden_act", format!("\"{act}\""), "\"silu\"");
        }
        if self.use_sliding_window {
            return refuse("use_sliding_window", "true".to_owned(), "false");
        }
        if let Some(scaling) = self
            .rope_scaling
            .as_ref()
            .filter(|value| !is_plain_rope(value))
        {
            return refuse("rope_scaling", scaling.to_string(), "null");
        }
        if let Some(rope) = self
            .rope_parameters
            .as_ref()
            .filter(|value| !is_plain_rope(value))
        {
            return refuse("rope_parameters", rope.to_string(), "rope_type \"default\"");
        }
        let derived = self.hidden_size / self.num_attention_heads.max(1);
        if let Some(head_dim) = self.head_dim.filter(|&head_dim| head_dim != derived) {
            let expected = "hidden_size / num_attention_heads";
            return refuse("head_dim", head_dim.to_string(), expected);
        }
        Ok(())
    }

    fn into_config(self) -> ModelConfig {
        let nested = self
            .rope_parameters
            .as_ref()
            .and_then(|rope| rope["rope_theta"].as_f64());
        let eos = self.eos_token_id.as_ref();
        let eos = eos.and_then(|eos| eos.get(0).unwrap_or(eos).as_u64());
        ModelConfig {
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            intermediate_size: self.intermediate_size,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            num_key_value_heads: self.num_key_value_heads.unwrap_or(self.num_attention_heads),
            // What `transformers` assumes where a field is absent.
            max_position_embeddings: self.max_position_embeddings.unwrap_or(32_768),
            rope_theta: self.rope_theta.or(nested).unwrap_or(10_000.0),
            rms_norm_eps: self.rms_norm_eps.unwrap_or(1e-6),
            tie_word_embeddings: self.tie_word_embeddings.unwrap_or(false),
            initializer_range: self.initializer_range.unwrap_or(0.02),
            bos_token_id: self.bos_token_id,
            eos_token_id: eos.and_then(|eos| u32::try_from(eos).ok()),
            pad_token_id: self.pad_token_id,
        }
    }
}

fn is_plain_rope(value: &Value) -> bool {
    let kind = value.get("rope_type").or(value.get("type"));
    value.is_null() || kind.is_none_or(|kind| kind == "default")
}

fn encode_tensors(
    dir: &Path,
    config: &ModelConfig,
    values: &[Vec<f32>],
) -> Result<Vec<u8>, ModelError> {
    let shapes = parameter_shapes(config);
    let damaged = |source| ModelError::DamagedTensors {
        path: dir.join(TENSORS),
        source,
    };
    let bytes: Vec<Vec<u8>> = values
        .iter()
        .map(|values| {
            values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect()
        })
        .collect();
    if shapes.len() != bytes.len() {
        let (found, expected) = (bytes.len(), shapes.len());
        return Err(ModelError::WrongLength {
            what: "parameters to save",
            found,
            expected,
        });
    }
    let mut views = Vec::with_capacity(shapes.len());
    for ((name, shape), bytes) in shapes.iter().zip(&bytes) {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(damaged)?;
        views.push((name, view));
    }
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize(views, Some(metadata)).map_err(damaged)
}

/// The files that hold the tensors.
fn tensor_files(dir: &Path) -> Result<Vec<PathBuf>, ModelError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let whole = dir.join(TENSORS);
    let index = dir.join(INDEX);
    if whole.exists() || !index.exists() {
        return Ok(vec![whole]);
    }
    let text = std::fs::read(&index).map_err(io("read", &index))?;
    let parsed: Index = serde_json::from_slice(&text).map_err(|source| ModelError::Json {
        path: index.clone(),
        source,
    })?;
    let names: BTreeSet<String> = parsed.weight_map.into_values().collect();
    Ok(names.into_iter().map(|name| dir.join(name)).collect())
}

fn read_tensors(dir: &Path, config: &ModelConfig) -> Result<HashMap<String, Vec<f32>>, ModelError> {
    let expected: HashMap<String, Vec<usize>> = parameter_shapes(config).into_iter().collect();
    let mut tensors = HashMap::new();
    for path in tensor_files(dir)? {
        let bytes = std::fs::read(&path).map_err(io("read", &path))?;
        let file =
            SafeTensors::deserialize(&bytes).map_err(|source| ModelError::DamagedTensors {
                path: path.clone(),
                source,
            })?;
        for (name, view) in file.tensors() {
            let Some(shape) = expected.get(&name) else {
                // Some programs write the tied output layer out a second time.
                if config.tie_word_embeddings && name == "lm_head.weight" {
                    continue;
                }
                return Err(ModelError::ExtraTensor { path, name });
            };
            if view.shape() != shape {
                let (found, expected) = (view.shape().to_vec(), shape.clone());
                return Err(ModelError::WrongShape {
                    path,
                    name,
                    found,
                    expected,
                });
            }
            let Some(values) = as_f32(&view) else {
                let found = format!("{:?}", view.dtype());
                return Err(ModelError::WrongType { path, name, found });
            };
            tensors.insert(name, values);
        }
    }
    Ok(tensors)
}

/// The elements in single precision, if they are floating point.
fn as_f32(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let data = view.data();
    let halves = || data.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
    match view.dtype() {
        Dtype::F32 => {
            let words = data
                .chunks_exact(4)
                .map(|word| [word[0], word[1], word[2], word[3]]);
            Some(words.map(f32::from_le_bytes).collect())
        }
        Dtype::F16 => Some(
            halves()
                .map(|pair| half::f16::from_le_bytes(pair).to_f32())
                .collect(),
        ),
        Dtype::BF16 => Some(
            halves()
                .map(|pair| half::bf16::from_le_bytes(pair).to_f32())
                .collect(),
        ),
        _ => None,
    }
}
