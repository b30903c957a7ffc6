//! A model folder: `config.json`, `generation_config.json`, and one tensor file, or an index and two shards.
//!
//! The first byte of the input is a set of flags, the rest has up to seven parts: the configuration, the
//! sampling defaults, the index, and the headers and elements of two tensor files. Flag 1: there are shards
//! and an index. Flag 2: the tensor files are the parts as they are, else a header gets its length in front
//! and as many elements as it asks for, up to a limit, so that most inputs pass the first checks.
#![no_main]

use std::sync::OnceLock;

use interplay_fuzz::{Folder, parts};
use interplay_model::{ModelError, check_folder};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static FOLDER: OnceLock<Folder> = OnceLock::new();

const SHARDED: u8 = 1;
const RAW: u8 = 2;

const SHARDS: [&str; 2] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];

/// The most bytes that are made up for a header.
const MOST_BYTES: u64 = 1 << 18;

/// A tensor file of a header and the elements that it asks for, a pattern over and over.
fn framed(header: &[u8], pattern: &[u8]) -> Vec<u8> {
    let tensors: Value = serde_json::from_slice(header).unwrap_or_default();
    let entries = tensors.as_object().into_iter().flat_map(|tensors| tensors.values());
    let end = |tensor: &Value| tensor.pointer("/data_offsets/1").and_then(Value::as_u64);
    let bytes = entries.filter_map(end).max().unwrap_or(0);
    let length = (header.len() as u64).to_le_bytes();
    let mut file = [&length, header].concat();
    let pattern = if pattern.is_empty() { &[0] } else { pattern };
    let count = if bytes <= MOST_BYTES { bytes as usize } else { pattern.len() };
    file.extend(pattern.iter().cycle().take(count));
    file
}

fuzz_target!(|data: &[u8]| {
    let Some((flags, rest)) = data.split_first() else {
        return;
    };
    let parts = parts(rest);
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    let tensors = |index: usize| match (flags & RAW, part(index)) {
        (_, []) => Vec::new(),
        (0, header) => framed(header, part(index + 1)),
        (_, bytes) => bytes.to_vec(),
    };
    let folder = FOLDER.get_or_init(|| Folder::new("folder"));
    folder.put("config.json", Some(part(0)));
    folder.put("generation_config.json", Some(part(1)));
    let sharded = flags & SHARDED != 0;
    folder.put("model.safetensors.index.json", sharded.then(|| part(2)));
    let (first, second) = (tensors(3), tensors(5));
    folder.put("model.safetensors", (!sharded).then_some(first.as_slice()));
    folder.put(SHARDS[0], sharded.then_some(first.as_slice()));
    folder.put(SHARDS[1], sharded.then_some(second.as_slice()));

    match check_folder(folder.path()) {
        Ok((config, notes)) => {
            config.validate().expect("a configuration that was read can be used");
            let bytes = first.len() + second.len();
            // A folder without biases stores less than the decoder has, but at least half of it.
            assert!(config.parameters() <= 2 * bytes, "parameters that no file holds");
            for note in notes {
                assert!(note.to_string().contains(&folder.path().display().to_string()));
            }
        }
        Err(error) => {
            let message = error.to_string();
            let path = folder.path().display().to_string();
            let names_file = matches!(error, ModelError::InvalidConfig { .. }) || message.contains(&path);
            assert!(names_file, "an error tells what was read: {message}");
        }
    }
});
