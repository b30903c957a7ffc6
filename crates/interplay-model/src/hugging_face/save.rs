//! Writing a folder: shards are planned, written under temporary names, and renamed so that no reader sees half a
//! model.
//!
//! The files of a folder appear together, so each is renamed only after all are written and synced. `AtomicFile` of
//! `interplay-files` renames one file at a time, and follows symbolic links, which would replace the blobs that the
//! snapshots of a Hugging Face cache link to.
//!
//! Source: the index and the names of shards as `transformers` writes them.
//! Deviations: the tensors of a shard are in the order of the model, not of their names.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use burn::tensor::backend::Backend;
use serde_json::{Map, Value, json};

use super::config_file::config_json;
use super::file_names::{CONFIG, GENERATION, INDEX, TENSORS};
use super::tensor_file::TensorFileWriter;
use super::values::for_each_parameter;
use super::weight_dtype::WeightDtype;
use crate::config::{ModelConfig, ModelType};
use crate::decoder::Decoder;
use crate::error::ModelError;
use crate::generation_config::GenerationConfig;
use crate::parameters::parameter_shapes;

/// How [`save_pretrained_with`](super::save_pretrained_with) stores the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaveOptions {
    /// The type of the stored elements.
    pub dtype: WeightDtype,
    /// Maximum bytes of tensors in one file; `None` puts all tensors into one. A tensor that is larger gets a file
    /// of its own.
    pub max_shard_bytes: Option<u64>,
}

/// Suffix of a file that is not complete. It is always the same, so that the next save removes what a killed one
/// leaves behind.
const PARTIAL: &str = ".partial";

/// One tensor file, and which of the parameters it holds.
#[derive(Debug, PartialEq)]
struct Shard {
    name: String,
    tensors: Range<usize>,
}

pub(super) fn save<B: Backend>(
    dir: &Path,
    config: &ModelConfig,
    generation: &GenerationConfig,
    decoder: &Decoder<B>,
    options: &SaveOptions,
) -> Result<(), ModelError> {
    config.validate()?;
    let shapes = parameter_shapes(config);
    require_same(dir, &parameter_shapes(decoder.config()), &shapes)?;
    let stored = stored_tensors(config);
    let shards = plan(&stored, options);
    let mut files = vec![
        (CONFIG, pretty(&config_json(config, options.dtype))),
        (GENERATION, pretty(&json!(generation))),
    ];
    if shards.len() > 1 {
        files.push((INDEX, pretty(&index_json(&stored, &shards, options))));
    }
    std::fs::create_dir_all(dir).map_err(ModelError::io("create the folder", dir))?;
    let written = files
        .iter()
        .try_for_each(|(name, bytes)| write_partial(dir, name, bytes))
        .and_then(|()| write_shards(dir, &shards, &stored, decoder, options));
    if let Err(error) = written {
        // Report the first error, and do not leave half a model on a full disk.
        let names = shards.iter().map(|shard| shard.name.as_str());
        for name in names.chain(files.iter().map(|(name, _)| *name)) {
            let _ = std::fs::remove_file(partial(dir, name));
        }
        return Err(error);
    }
    put_in_place(dir, &shards, &files[..2])
}

/// The configuration must describe the decoder that is saved under it.
fn require_same(
    dir: &Path,
    found: &[(String, Vec<usize>)],
    expected: &[(String, Vec<usize>)],
) -> Result<(), ModelError> {
    require_count(found.len(), expected.len())?;
    let differs = found.iter().zip(expected).find(|(a, b)| a != b);
    match differs {
        None => Ok(()),
        Some(((name, found), (_, expected))) => Err(ModelError::WrongShape {
            path: dir.to_owned(),
            name: name.clone(),
            found: found.clone(),
            expected: expected.clone(),
        }),
    }
}

fn require_count(found: usize, expected: usize) -> Result<(), ModelError> {
    if found == expected {
        return Ok(());
    }
    Err(ModelError::WrongLength {
        what: "parameters to save",
        found,
        expected,
    })
}

/// Fills shards in the order of the parameters. No shard exceeds the limit, except by a single tensor.
fn plan(shapes: &[(String, Vec<usize>)], options: &SaveOptions) -> Vec<Shard> {
    let limit = options.max_shard_bytes.unwrap_or(u64::MAX);
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut filled = 0_u64;
    for (index, (_, shape)) in shapes.iter().enumerate() {
        let bytes = stored_bytes(shape, options);
        filled = filled.saturating_add(bytes);
        match ranges.last_mut() {
            Some(range) if filled <= limit => range.end = index + 1,
            _ => {
                ranges.push(index..index + 1);
                filled = bytes;
            }
        }
    }
    let count = ranges.len();
    let name = |number: usize| match count {
        1 => TENSORS.to_owned(),
        _ => format!("model-{:05}-of-{count:05}.safetensors", number + 1),
    };
    let shards = ranges.into_iter().enumerate();
    shards
        .map(|(number, tensors)| Shard {
            name: name(number),
            tensors,
        })
        .collect()
}

fn stored_bytes(shape: &[usize], options: &SaveOptions) -> u64 {
    (shape.iter().product::<usize>() * options.dtype.bytes()) as u64
}

fn index_json(shapes: &[(String, Vec<usize>)], shards: &[Shard], options: &SaveOptions) -> Value {
    let total: u64 = shapes
        .iter()
        .map(|(_, shape)| stored_bytes(shape, options))
        .sum();
    let mut weight_map = Map::new();
    for shard in shards {
        for (name, _) in &shapes[shard.tensors.clone()] {
            weight_map.insert(name.clone(), Value::from(shard.name.as_str()));
        }
    }
    json!({ "metadata": { "total_size": total }, "weight_map": weight_map })
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut text = format!("{value:#}").into_bytes();
    text.push(b'\n');
    text
}

fn partial(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}{PARTIAL}"))
}

fn write_partial(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), ModelError> {
    let path = partial(dir, name);
    let mut file = std::fs::File::create(&path).map_err(ModelError::io("create", &path))?;
    file.write_all(bytes)
        .map_err(ModelError::io("write", &path))?;
    file.sync_all().map_err(ModelError::io("write", &path))
}

/// Suffix of the output bias that Llama stores and this decoder lacks; written as zeros.
const ZEROS: &str = ".self_attn.o_proj.bias";

/// Name and shape of every tensor that is stored, in the order of the files.
fn stored_tensors(config: &ModelConfig) -> Vec<(String, Vec<usize>)> {
    let mut stored = Vec::new();
    for (name, shape) in parameter_shapes(config) {
        let layer = name.strip_suffix(".self_attn.o_proj.weight");
        let zeros = layer
            .filter(|_| config.model_type == ModelType::Llama)
            .map(|layer| (format!("{layer}{ZEROS}"), vec![config.hidden_size]));
        stored.push((name, shape));
        stored.extend(zeros);
    }
    stored
}

/// Writes the tensors in the order of the decoder, one shard after the other.
fn write_shards<B: Backend>(
    dir: &Path,
    shards: &[Shard],
    stored: &[(String, Vec<usize>)],
    decoder: &Decoder<B>,
    options: &SaveOptions,
) -> Result<(), ModelError> {
    let mut waiting = shards
        .iter()
        .flat_map(|shard| shard.tensors.clone().map(move |index| (shard, index)))
        .peekable();
    let mut open = None;
    let mut write = |shard: &Shard, index: usize, values: &[f32]| {
        let tensors = &stored[shard.tensors.clone()];
        let mut writer = match open.take() {
            Some(writer) => writer,
            None => TensorFileWriter::create(&partial(dir, &shard.name), options.dtype, tensors)?,
        };
        let expected = stored[index].1.iter().product();
        if values.len() != expected {
            return Err(ModelError::WrongLength {
                what: "values of a parameter",
                found: values.len(),
                expected,
            });
        }
        writer.write(values)?;
        if index + 1 == shard.tensors.end {
            return writer.finish();
        }
        open = Some(writer);
        Ok(())
    };
    for_each_parameter(decoder, &mut |values| {
        let Some((shard, index)) = waiting.next() else {
            return require_count(stored.len() + 1, stored.len());
        };
        write(shard, index, &values)?;
        // The decoder has no output bias, so zeros follow each `o_proj.weight`.
        while let Some((shard, index)) = waiting.next_if(|(_, at)| stored[*at].0.ends_with(ZEROS)) {
            write(shard, index, &vec![0.0; stored[index].1.iter().product()])?;
        }
        Ok(())
    })?;
    require_count(stored.len() - waiting.count(), stored.len())
}

/// Renames the written files. If only the weights of a single file change, that file is replaced in one step;
/// otherwise the file that a reader would start from is removed first and renamed last.
fn put_in_place(
    dir: &Path,
    shards: &[Shard],
    descriptions: &[(&str, Vec<u8>)],
) -> Result<(), ModelError> {
    let single = shards.len() == 1;
    let entry = if single { TENSORS } else { INDEX };
    let same =
        |(name, new): &(&str, Vec<u8>)| std::fs::read(dir.join(name)).is_ok_and(|old| old == *new);
    let only_weights = descriptions.iter().all(same);
    // The index goes first: a reader ignores it beside `model.safetensors`, but would start from it without.
    remove(&dir.join(INDEX))?;
    if !(single && only_weights) {
        remove(&dir.join(TENSORS))?;
    }
    sync(dir)?;
    remove_stale(dir, shards)?;
    let names = shards.iter().map(|shard| shard.name.as_str());
    for name in [CONFIG, GENERATION].into_iter().chain(names) {
        if name != entry {
            rename(dir, name)?;
        }
    }
    sync(dir)?;
    rename(dir, entry)?;
    sync(dir)
}

fn rename(dir: &Path, name: &str) -> Result<(), ModelError> {
    let path = dir.join(name);
    std::fs::rename(partial(dir, name), &path).map_err(ModelError::io("replace", &path))
}

fn remove(path: &Path) -> Result<(), ModelError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(ModelError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Makes the changes to the folder's entries durable, on systems that can.
fn sync(dir: &Path) -> Result<(), ModelError> {
    if cfg!(unix) {
        let folder = std::fs::File::open(dir).map_err(ModelError::io("open", dir))?;
        folder.sync_all().map_err(ModelError::io("write", dir))?;
    }
    Ok(())
}

/// Removes the shards of an earlier model and the leftovers of a killed save.
fn remove_stale(dir: &Path, shards: &[Shard]) -> Result<(), ModelError> {
    let current: BTreeSet<&str> = shards.iter().map(|shard| shard.name.as_str()).collect();
    for entry in std::fs::read_dir(dir).map_err(ModelError::io("read", dir))? {
        let name = entry.map_err(ModelError::io("read", dir))?.file_name();
        let Some(name) = name.to_str() else { continue };
        let stale = match name.strip_suffix(PARTIAL) {
            // A sharded save still needs its own partial index.
            Some(INDEX) => current.len() == 1,
            Some(bare) => (bare == TENSORS || is_shard(bare)) && !current.contains(bare),
            None => is_shard(name) && !current.contains(name),
        };
        if stale {
            remove(&dir.join(name))?;
        }
    }
    Ok(())
}

/// Whether a name reads `model-00001-of-00003.safetensors`.
fn is_shard(name: &str) -> bool {
    let number = |part: &str| part.len() == 5 && part.bytes().all(|byte| byte.is_ascii_digit());
    name.strip_prefix("model-")
        .and_then(|rest| rest.strip_suffix(".safetensors"))
        .and_then(|rest| rest.split_once("-of-"))
        .is_some_and(|(which, of)| number(which) && number(of))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(sizes: &[usize]) -> Vec<(String, Vec<usize>)> {
        let named = sizes.iter().enumerate();
        named
            .map(|(at, size)| (format!("t{at}"), vec![*size]))
            .collect()
    }

    fn ranges(sizes: &[usize], limit: Option<u64>, dtype: WeightDtype) -> Vec<Range<usize>> {
        let options = SaveOptions {
            dtype,
            max_shard_bytes: limit,
        };
        let shards = plan(&shapes(sizes), &options).into_iter();
        shards.map(|shard| shard.tensors).collect()
    }

    #[test]
    fn shards_are_filled_up_to_the_limit() {
        let whole = |count| Range {
            start: 0,
            end: count,
        };
        let f32s = |limit| ranges(&[2, 3, 5, 1, 1], limit, WeightDtype::F32);
        assert_eq!(f32s(None), [whole(5)]);
        assert_eq!(f32s(Some(48)), [whole(5)]);
        assert_eq!(f32s(Some(47)), [0..4, 4..5]);
        assert_eq!(f32s(Some(20)), [0..2, 2..3, 3..5]);
        // A tensor that is larger than the limit has a file of its own.
        assert_eq!(f32s(Some(1)), [0..1, 1..2, 2..3, 3..4, 4..5]);
        assert_eq!(f32s(Some(0)).len(), 5);
        let halves = ranges(&[2, 3, 5, 1, 1], Some(20), WeightDtype::Bf16);
        assert_eq!(halves, [0..3, 3..5]);
    }

    #[test]
    fn names_and_index_are_those_of_the_field() {
        let options = SaveOptions {
            max_shard_bytes: Some(20),
            ..SaveOptions::default()
        };
        let shapes = shapes(&[2, 3, 5, 1, 1]);
        let shards = plan(&shapes, &options);
        let expected = json!({
            "metadata": { "total_size": 48 },
            "weight_map": {
                "t0": "model-00001-of-00003.safetensors",
                "t1": "model-00001-of-00003.safetensors",
                "t2": "model-00002-of-00003.safetensors",
                "t3": "model-00003-of-00003.safetensors",
                "t4": "model-00003-of-00003.safetensors",
            },
        });
        assert_eq!(index_json(&shapes, &shards, &options), expected);
        assert!(shards.iter().all(|shard| is_shard(&shard.name)));
    }

    #[test]
    fn other_files_are_not_taken_for_shards() {
        for name in [
            "model.safetensors",
            "model-1-of-2.safetensors",
            "model-0000a-of-00002.safetensors",
            "model-00001-of-00002.bin",
            "mymodel-00001-of-00002.safetensors",
        ] {
            assert!(!is_shard(name), "{name}");
        }
    }
}
