//! The state of an interrupted stage on disk.
//!
//! A checkpoint is a folder `checkpoints/step-N` with the model as a Hugging Face folder, the moments of the
//! optimizer (`optimizer.safetensors`, under the names of the weights) and `progress.json`. It is written as
//! `checkpoints/partial`, synced, and renamed, so a run that is killed at any moment leaves its last checkpoint
//! complete.
//!
//! The newest two checkpoints are kept. [`resume`] falls back to the older one if the newest is damaged, and
//! [`last_good`] if the stage diverged: weights that diverged in the update before a checkpoint show it only in
//! the next step. Either way the newest is renamed, not removed.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use burn::tensor::{Tensor, TensorData};
use interplay_model::{
    Decoder, FusedOps, ModelConfig, ModelError, Moments, load_pretrained, parameter_names,
    parameter_shapes, save_pretrained,
};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::grpo::GrpoState;
use crate::ledger::Ledger;
use crate::optimizer::{AdamW, OptimizerSpec};

/// The position of a stage in its work.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Hash of everything that determines the stage's output.
    pub key: String,
    /// The number of steps done.
    pub step: u64,
    /// The index of the environment's next example.
    pub cursor: u64,
    /// The number of examples left out because they do not fit in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub overlong: u64,
    /// The number of optimizer updates done.
    pub updates: u64,
    /// The compute used.
    pub ledger: Ledger,
    /// What a GRPO stage remembers across steps, besides weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpo: Option<GrpoState>,
}

pub(crate) fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The state of a stage, read from a checkpoint.
#[derive(Debug)]
pub struct State<B: FusedOps> {
    /// The weights.
    pub decoder: Decoder<B>,
    /// The optimizer with its moments.
    pub optimizer: AdamW<B>,
    /// The position.
    pub progress: Progress,
    /// The reference of a GRPO stage that follows its policy.
    pub reference: Option<Decoder<B>>,
}

const PROGRESS: &str = "progress.json";
const OPTIMIZER: &str = "optimizer.safetensors";
const REFERENCE: &str = "reference";
/// How many checkpoints are kept.
const KEPT: usize = 2;

/// Writes a checkpoint into `folder` (the stage's `checkpoints`) and removes all others but the newest.
///
/// # Errors
/// If a file cannot be written; the checkpoints that are there already stay.
pub fn save<B: FusedOps>(
    folder: &Path,
    config: &ModelConfig,
    decoder: &Decoder<B>,
    optimizer: &AdamW<B>,
    progress: &Progress,
    reference: Option<&Decoder<B>>,
) -> Result<(), TrainError> {
    let partial = folder.join("partial");
    remove_folder(&partial)?;
    fs::create_dir_all(&partial).map_err(TrainError::io("create", &partial))?;
    save_pretrained(&partial.join("model"), config, decoder)?;
    if let Some(reference) = reference {
        save_pretrained(&partial.join(REFERENCE), config, reference)?;
    }
    save_moments(&partial.join(OPTIMIZER), config, optimizer)?;
    interplay_files::write_json(partial.join(PROGRESS), progress)?;
    let path = folder.join(format!("step-{:08}", progress.step));
    remove_folder(&path)?;
    interplay_files::rename(&partial, &path)?;
    for (_, path) in newest_first(folder)?.iter().skip(KEPT) {
        remove_folder(path)?;
    }
    Ok(())
}

/// Renames the newest checkpoint to `diverged-N` if it was written right before the step that failed, since its
/// weights may be the cause. Returns the newest of the others.
///
/// # Errors
/// If the folder cannot be read or renamed.
pub fn last_good(folder: &Path, failed_step: u64) -> Result<Option<PathBuf>, TrainError> {
    let mut found = newest_first(folder)?;
    if found.first().is_some_and(|(step, _)| *step == failed_step) {
        let (step, path) = found.remove(0);
        set_aside(&path, &folder.join(format!("diverged-{step:08}")))?;
    }
    Ok(found.into_iter().next().map(|(_, path)| path))
}

/// Reads the newest checkpoint in `folder` that is not damaged; `None` if there is none. Damaged ones are renamed
/// to `damaged-N`, and `notice` receives a line about each.
///
/// # Errors
/// If a checkpoint belongs to another stage or to another version of the program, or if the system does not let
/// it be read.
pub fn resume<B: FusedOps>(
    folder: &Path,
    config: &ModelConfig,
    spec: &OptimizerSpec,
    key: &str,
    device: &B::Device,
    notice: &mut dyn FnMut(&str),
) -> Result<Option<State<B>>, TrainError> {
    let mut found = newest_first(folder)?.into_iter().peekable();
    while let Some((step, path)) = found.next() {
        let reason = match load(&path, config, spec, key, device) {
            Ok(state) => return Ok(Some(state)),
            Err(TrainError::BadCheckpoint { reason, .. }) => reason,
            Err(error) => return Err(error),
        };
        let aside = folder.join(format!("damaged-{step:08}"));
        set_aside(&path, &aside)?;
        let next = match found.peek() {
            Some((older, _)) => format!("trying the one of step {older}"),
            None => "no older one is left, so the stage starts from its beginning".to_owned(),
        };
        notice(&format!(
            "the checkpoint {} is damaged ({reason}) and was renamed to {}; {next}",
            path.display(),
            aside.display()
        ));
    }
    Ok(None)
}

/// Reads a checkpoint.
///
/// # Errors
/// [`TrainError::BadCheckpoint`] if a file is missing or damaged, [`TrainError::OtherStage`] if the checkpoint
/// belongs to another stage; otherwise as [`resume`].
pub fn load<B: FusedOps>(
    checkpoint: &Path,
    config: &ModelConfig,
    spec: &OptimizerSpec,
    key: &str,
    device: &B::Device,
) -> Result<State<B>, TrainError> {
    let bad = |reason: String| TrainError::BadCheckpoint {
        path: checkpoint.to_owned(),
        reason,
    };
    let progress: Progress = read_json(&checkpoint.join(PROGRESS))?;
    if progress.key != key {
        return Err(TrainError::OtherStage {
            path: checkpoint.to_owned(),
            found: progress.key,
            expected: key.to_owned(),
        });
    }
    let weights = |folder: &str| -> Result<Decoder<B>, TrainError> {
        let (found, decoder) = match load_pretrained::<B>(&checkpoint.join(folder), device) {
            Ok(loaded) => loaded,
            Err(ModelError::Io { source, .. }) if is_refusal(source.kind()) => {
                return Err(TrainError::io("read", checkpoint.join(folder))(source));
            }
            Err(error @ ModelError::Device { .. }) => return Err(error.into()),
            Err(error) => return Err(bad(error.to_string())),
        };
        if found != *config {
            return Err(bad(format!(
                "{folder}/config.json describes another model than the stage's"
            )));
        }
        Ok(decoder)
    };
    let decoder = weights("model")?;
    let follows = progress
        .grpo
        .as_ref()
        .is_some_and(|state| state.reference_follows);
    let reference = if follows {
        Some(weights(REFERENCE)?)
    } else {
        None
    };
    let mut optimizer = AdamW::new(spec.clone(), parameter_names(config).len());
    optimizer.updates = progress.updates;
    let path = checkpoint.join(OPTIMIZER);
    let moments = read(&path)?;
    load_moments(&moments, config, &mut optimizer, device)
        .map_err(|reason| bad(format!("{OPTIMIZER}: {reason}")))?;
    Ok(State {
        decoder,
        optimizer,
        progress,
        reference,
    })
}

/// Reads a file of a checkpoint or of a finished stage. One that is missing is damage; one that the system does not
/// let be read is not.
fn read(path: &Path) -> Result<Vec<u8>, TrainError> {
    fs::read(path).map_err(|error| match is_refusal(error.kind()) {
        true => TrainError::io("read", path)(error),
        false => TrainError::BadCheckpoint {
            path: path.to_owned(),
            reason: format!("{}: {error}", name(path)),
        },
    })
}

/// Reads a JSON file of a checkpoint or of a finished stage.
///
/// Text that is not JSON is damage. JSON of another form was written by another version of the program, whose work
/// must not be taken for damage.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, TrainError> {
    serde_json::from_slice(&read(path)?).map_err(|error| match error.is_data() {
        true => TrainError::OtherVersion {
            path: path.to_owned(),
            reason: error.to_string(),
        },
        false => TrainError::BadCheckpoint {
            path: path.to_owned(),
            reason: format!("{}: {error}", name(path)),
        },
    })
}

/// Whether an error says something about the system's state and nothing about the file.
fn is_refusal(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::PermissionDenied | ErrorKind::OutOfMemory | ErrorKind::Interrupted
    )
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// All checkpoints with their steps.
fn newest_first(folder: &Path) -> Result<Vec<(u64, PathBuf)>, TrainError> {
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
    found.sort();
    found.reverse();
    Ok(found)
}

/// Renames a checkpoint or a file, in place of an earlier one that was set aside under the same name.
pub(crate) fn set_aside(path: &Path, aside: &Path) -> Result<(), TrainError> {
    if aside.is_dir() {
        remove_folder(aside)?;
    }
    interplay_files::rename(path, aside)?;
    Ok(())
}

fn remove_folder(path: &Path) -> Result<(), TrainError> {
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(TrainError::io("remove", path)(error)),
    }
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
    interplay_files::write(path, data)?;
    Ok(())
}

fn bytes<B: FusedOps>(tensor: &Tensor<B, 1>) -> Vec<u8> {
    tensor
        .to_data()
        .iter::<f32>()
        .flat_map(f32::to_le_bytes)
        .collect()
}

fn load_moments<B: FusedOps>(
    data: &[u8],
    config: &ModelConfig,
    optimizer: &mut AdamW<B>,
    device: &B::Device,
) -> Result<(), String> {
    let stored = SafeTensors::deserialize(data).map_err(|error| error.to_string())?;
    let stored: HashMap<String, TensorView<'_>> = stored.tensors().into_iter().collect();
    for ((name, shape), moments) in parameter_shapes(config).iter().zip(&mut optimizer.moments) {
        let read = |kind: &str| {
            stored
                .get(&format!("{kind}.{name}"))
                .map(tensor::<B>(device))
        };
        *moments = match (read("first"), read("second")) {
            (Some(first), Some(second)) => Some(Moments {
                first: first?,
                second: second?,
            }),
            (None, None) if optimizer.updates == 0 => None,
            _ => return Err(format!("`{name}` lacks one of its two moments")),
        };
        if let Some(moments) = moments {
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
