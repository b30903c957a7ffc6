//! The state of an interrupted stage on disk.
//!
//! A checkpoint is a folder `checkpoints/step-N` with the model as a Hugging Face folder, the
//! optimiser's moments (`optimizer.safetensors`, under the weights' names) and `progress.json`.
//! It is written beside its final place and renamed when it is whole, so that a run killed at
//! any moment finds its last whole checkpoint. The one before it stays too: weights that diverged
//! in the update right before a checkpoint show it only in the next step.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Tensor, TensorData};
use interplay_model::{
    Decoder, FusedOps, ModelConfig, Moments, load_pretrained, parameter_names, parameter_shapes,
    save_pretrained,
};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::ledger::Ledger;
use crate::optimizer::{AdamW, OptimizerSpec};

/// Where a stage stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Hash of all that determines the stage's output.
    pub key: String,
    /// Steps done.
    pub step: u64,
    /// The index of the environment's next example.
    pub cursor: u64,
    /// Examples left out because they do not fit in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub overlong: u64,
    /// Optimiser updates done.
    pub updates: u64,
    /// What the stage has cost.
    pub ledger: Ledger,
}

pub(crate) fn is_zero(count: &u64) -> bool {
    *count == 0
}

const PROGRESS: &str = "progress.json";
const OPTIMIZER: &str = "optimizer.safetensors";

/// Writes a checkpoint into `folder` (the stage's `checkpoints`) and removes all but the one before.
///
/// # Errors
/// Where a file cannot be written; an older checkpoint stays then.
pub fn save<B: FusedOps>(
    folder: &Path,
    config: &ModelConfig,
    decoder: &Decoder<B>,
    optimizer: &AdamW<B>,
    progress: &Progress,
) -> Result<(), TrainError> {
    let partial = folder.join("partial");
    remove_folder(&partial)?;
    fs::create_dir_all(&partial).map_err(TrainError::io("create", &partial))?;
    save_pretrained(&partial.join("model"), config, decoder)?;
    save_moments(&partial.join(OPTIMIZER), config, optimizer)?;
    write_json(&partial.join(PROGRESS), progress)?;
    let place = folder.join(format!("step-{:08}", progress.step));
    remove_folder(&place)?;
    fs::rename(&partial, &place).map_err(TrainError::io("rename", &partial))?;
    let mut older = all(folder)?;
    older.sort();
    for (_, path) in older.iter().rev().skip(2) {
        remove_folder(path)?;
    }
    Ok(())
}

/// Sets the newest checkpoint aside (as `diverged-...`) where it was written right before the
/// step that failed, since its weights may be what failed. Gives the newest that is left.
///
/// # Errors
/// Where the folder cannot be read or renamed.
pub fn last_good(folder: &Path, failed_step: u64) -> Result<Option<PathBuf>, TrainError> {
    let mut found = all(folder)?;
    found.sort();
    if let Some((step, path)) = found.last()
        && *step == failed_step
    {
        let aside = folder.join(format!("diverged-{step:08}"));
        remove_folder(&aside)?;
        fs::rename(path, &aside).map_err(TrainError::io("rename", path))?;
        found.pop();
    }
    Ok(found.pop().map(|(_, path)| path))
}

/// The newest checkpoint in `folder`, if there is one.
///
/// # Errors
/// Where the folder cannot be read.
pub fn latest(folder: &Path) -> Result<Option<PathBuf>, TrainError> {
    Ok(all(folder)?
        .into_iter()
        .max_by_key(|(step, _)| *step)
        .map(|(_, path)| path))
}

/// Reads a checkpoint back.
///
/// # Errors
/// [`TrainError::BadCheckpoint`] where a file is missing, truncated or of another stage.
pub fn load<B: FusedOps>(
    checkpoint: &Path,
    config: &ModelConfig,
    spec: &OptimizerSpec,
    key: &str,
    device: &B::Device,
) -> Result<(Decoder<B>, AdamW<B>, Progress), TrainError> {
    let bad = |reason: String| TrainError::BadCheckpoint {
        path: checkpoint.to_owned(),
        reason,
    };
    let text = fs::read_to_string(checkpoint.join(PROGRESS))
        .map_err(|error| bad(format!("{PROGRESS}: {error}")))?;
    let progress: Progress =
        serde_json::from_str(&text).map_err(|error| bad(format!("{PROGRESS}: {error}")))?;
    if progress.key != key {
        return Err(bad(format!(
            "it belongs to a stage with key {}, expected {key} (another spec, seed or device)",
            progress.key
        )));
    }
    let (found, decoder) = load_pretrained::<B>(&checkpoint.join("model"), device)
        .map_err(|error| bad(error.to_string()))?;
    if found != *config {
        return Err(bad(
            "its config.json describes another model than the stage's".into(),
        ));
    }
    let mut optimizer = AdamW::new(spec.clone(), parameter_names(config).len());
    optimizer.updates = progress.updates;
    load_moments(&checkpoint.join(OPTIMIZER), config, &mut optimizer, device)
        .map_err(|reason| bad(format!("{OPTIMIZER}: {reason}")))?;
    Ok((decoder, optimizer, progress))
}

fn all(folder: &Path) -> Result<Vec<(u64, PathBuf)>, TrainError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(TrainError::io("read", folder))? {
        let entry = entry.map_err(TrainError::io("read", folder))?;
        let name = entry.file_name();
        let step = name.to_str().and_then(|name| name.strip_prefix("step-"));
        if let Some(step) = step.and_then(|step| step.parse().ok()) {
            found.push((step, entry.path()));
        }
    }
    Ok(found)
}

fn remove_folder(path: &Path) -> Result<(), TrainError> {
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(TrainError::io("remove", path)(error)),
    }
}

/// Writes JSON beside the file and renames it into place.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), TrainError> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(std::io::Error::from)
        .map_err(TrainError::io("write", path))?;
    text.push('\n');
    let partial = path.with_extension("partial");
    fs::write(&partial, text).map_err(TrainError::io("write", &partial))?;
    fs::rename(&partial, path).map_err(TrainError::io("rename", &partial))
}

fn save_moments<B: FusedOps>(
    path: &Path,
    config: &ModelConfig,
    optimizer: &AdamW<B>,
) -> Result<(), TrainError> {
    let mut tensors = Vec::new();
    for (name, moments) in parameter_names(config).iter().zip(&optimizer.moments) {
        if let Some(moments) = moments {
            tensors.push((format!("first.{name}"), bytes(&moments.first)));
            tensors.push((format!("second.{name}"), bytes(&moments.second)));
        }
    }
    let views = tensors.iter().map(|(name, data)| {
        let view = TensorView::new(Dtype::F32, vec![data.len() / 4], data);
        (
            name.as_str(),
            view.expect("the length is a multiple of four"),
        )
    });
    let data = safetensors::serialize(views, None)
        .map_err(std::io::Error::other)
        .map_err(TrainError::io("write", path))?;
    fs::write(path, data).map_err(TrainError::io("write", path))
}

fn bytes<B: FusedOps>(tensor: &Tensor<B, 1>) -> Vec<u8> {
    tensor
        .to_data()
        .iter::<f32>()
        .flat_map(f32::to_le_bytes)
        .collect()
}

fn load_moments<B: FusedOps>(
    path: &Path,
    config: &ModelConfig,
    optimizer: &mut AdamW<B>,
    device: &B::Device,
) -> Result<(), String> {
    let data = fs::read(path).map_err(|error| error.to_string())?;
    let stored = SafeTensors::deserialize(&data).map_err(|error| error.to_string())?;
    let stored: HashMap<String, TensorView<'_>> = stored.tensors().into_iter().collect();
    for ((name, shape), place) in parameter_shapes(config).iter().zip(&mut optimizer.moments) {
        let read = |kind: &str| {
            stored
                .get(&format!("{kind}.{name}"))
                .map(tensor::<B>(device))
        };
        *place = match (read("first"), read("second")) {
            (Some(first), Some(second)) => Some(Moments {
                first: first?,
                second: second?,
            }),
            (None, None) if optimizer.updates == 0 => None,
            _ => return Err(format!("`{name}` lacks one of its two moments")),
        };
        if let Some(moments) = place {
            let expected = shape.iter().product::<usize>();
            let found = [&moments.first, &moments.second].map(|tensor| tensor.dims()[0]);
            if found != [expected; 2] {
                return Err(format!(
                    "the moments of `{name}` have {found:?} values, expected {expected} each"
                ));
            }
        }
    }
    Ok(())
}

fn tensor<B: FusedOps>(
    device: &B::Device,
) -> impl Fn(&TensorView<'_>) -> Result<Tensor<B, 1>, String> {
    move |view| {
        if view.dtype() != Dtype::F32 {
            return Err(format!("expected f32, found {:?}", view.dtype()));
        }
        let values: Vec<f32> = view
            .data()
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
            .collect();
        let count = values.len();
        Ok(Tensor::from_data(TensorData::new(values, [count]), device))
    }
}
