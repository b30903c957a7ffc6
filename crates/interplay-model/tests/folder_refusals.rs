//! Folders of other programs, and damaged ones: each is refused with what was found and what to do.
#![cfg(feature = "flex")]

use std::collections::HashMap;
use std::path::Path;

use burn::backend::Flex;
use interplay_model::{
    Decoder, ModelConfig, ModelError, SaveOptions, load_pretrained, save_pretrained_with,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

const INDEX: &str = "model.safetensors.index.json";
const FIRST: &str = "model-00001-of-00002.safetensors";
const SECOND: &str = "model-00002-of-00002.safetensors";
const EMBEDDING: &str = "model.embed_tokens.weight";
const NORM: &str = "model.norm.weight";

fn folder(max_shard_bytes: Option<u64>) -> tempfile::TempDir {
    let config = ModelConfig {
        hidden_size: 16,
        intermediate_size: 24,
        num_hidden_layers: 1,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        ..ModelConfig::tiny(11)
    };
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let decoder = Decoder::<Flex>::init(&config, &mut rng, &Default::default()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let options = SaveOptions {
        max_shard_bytes,
        ..SaveOptions::default()
    };
    save_pretrained_with(dir.path(), &config, &decoder, &options).unwrap();
    dir
}

/// Two shards, the embedding in the first and the last norm in the second.
fn sharded() -> tempfile::TempDir {
    let dir = folder(Some(6_000));
    assert!(dir.path().join(SECOND).exists());
    load_pretrained::<Flex>(dir.path(), &Default::default()).unwrap();
    dir
}

fn refusal(dir: &Path) -> ModelError {
    load_pretrained::<Flex>(dir, &Default::default()).unwrap_err()
}

fn edit_json(path: &Path, edit: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    edit(&mut value);
    std::fs::write(path, value.to_string()).unwrap();
}

/// Reads a tensor file, lets `edit` change its list of (name, type, shape, bytes), and writes it again.
fn edit_tensors(path: &Path, edit: impl FnOnce(&mut Vec<(String, Dtype, Vec<usize>, Vec<u8>)>)) {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let own = |(name, view): (String, TensorView<'_>)| {
        (
            name,
            view.dtype(),
            view.shape().to_vec(),
            view.data().to_vec(),
        )
    };
    let mut tensors = file.tensors().into_iter().map(own).collect();
    edit(&mut tensors);
    let views = tensors.iter().map(|(name, dtype, shape, data)| {
        (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    let bytes = safetensors::serialize(views, Some(HashMap::new())).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_shard_that_is_missing() {
    let dir = sharded();
    std::fs::remove_file(dir.path().join(SECOND)).unwrap();
    let error = refusal(dir.path());
    assert!(
        matches!(&error, ModelError::MissingShard { shard, .. } if shard == SECOND),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("of the tensors is not in the folder"),
        "{error}"
    );
}

#[test]
fn a_shard_outside_the_folder() {
    let dir = sharded();
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(dir.path().join(FIRST), outside.path()).unwrap();
    let absolute = outside.path().to_str().unwrap();
    for name in [
        absolute,
        "../model.safetensors",
        "..",
        ".",
        "",
        "deeper/model.safetensors",
        "a\\b",
    ] {
        edit_json(&dir.path().join(INDEX), |index| {
            index["weight_map"][EMBEDDING] = name.into();
        });
        let error = refusal(dir.path());
        assert!(
            matches!(&error, ModelError::ShardOutside { shard, .. } if shard == name),
            "{error}"
        );
    }
}

#[test]
fn a_tensor_in_another_shard_than_the_index_says() {
    let dir = sharded();
    let index = dir.path().join(INDEX);
    edit_json(&index, |index| {
        index["weight_map"][EMBEDDING] = SECOND.into();
    });
    let message = refusal(dir.path()).to_string();
    let mismatch = format!("`{EMBEDDING}` should be in {SECOND} by the index, but is in {FIRST}");
    assert!(message.contains(&mismatch), "{message}");

    edit_json(&index, |index| {
        index["weight_map"][EMBEDDING] = FIRST.into();
        index["weight_map"]["model.layers.9.mlp.up_proj.weight"] = FIRST.into();
    });
    let message = refusal(dir.path()).to_string();
    assert!(
        message.contains("but is in none of the shards"),
        "{message}"
    );

    edit_json(&index, |index| {
        let weight_map = index["weight_map"].as_object_mut().unwrap();
        weight_map.remove("model.layers.9.mlp.up_proj.weight");
        weight_map.remove(NORM);
    });
    let message = refusal(dir.path()).to_string();
    assert!(
        message.contains("should be in no file by the index"),
        "{message}"
    );
}

#[test]
fn a_tensor_in_two_shards() {
    let dir = sharded();
    let mut norm = None;
    edit_tensors(&dir.path().join(SECOND), |tensors| {
        norm = tensors.iter().find(|(name, ..)| name == NORM).cloned();
    });
    edit_tensors(&dir.path().join(FIRST), |tensors| tensors.extend(norm));
    let error = refusal(dir.path());
    assert!(
        matches!(&error, ModelError::DuplicateTensor { name, .. } if name == NORM),
        "{error}"
    );
    let message = error.to_string();
    assert!(
        message.contains(FIRST) && message.contains(SECOND),
        "{message}"
    );
}

#[test]
fn a_tensor_twice_in_one_header() {
    let dir = folder(None);
    let path = dir.path().join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let end = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&bytes[8..end]).unwrap();
    // The last norm under the name of another of the same shape.
    let renamed = header.replace(NORM, "model.layers.0.input_layernorm.weight");
    let mut file = (renamed.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(renamed.as_bytes());
    file.extend_from_slice(&bytes[end..]);
    std::fs::write(&path, file).unwrap();
    let message = refusal(dir.path()).to_string();
    assert!(
        message.contains("`model.layers.0.input_layernorm.weight` is listed twice"),
        "{message}"
    );
}

#[test]
fn a_truncated_shard() {
    let dir = sharded();
    let path = dir.path().join(SECOND);
    let bytes = std::fs::read(&path).unwrap();
    for length in [0, 7, 50, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let error = refusal(dir.path());
        let named =
            matches!(&error, ModelError::DamagedTensors { path, .. } if path.ends_with(SECOND));
        assert!(named, "{length} bytes: {error}");
    }
    let mut longer = bytes;
    longer.push(0);
    std::fs::write(&path, longer).unwrap();
    assert!(matches!(
        refusal(dir.path()),
        ModelError::DamagedTensors { .. }
    ));
}

#[test]
fn a_header_that_promises_more_than_memory_holds() {
    let dir = folder(None);
    let path = dir.path().join("model.safetensors");
    for (length, header) in [
        (u64::MAX, ""),
        (99_999_999, "{}"),
        (200_000_000, "{}"),
        (2, "{}x"),
        (2, "[]"),
        (
            83,
            r#"{"model.norm.weight":{"dtype":"F32","shape":[4294967296,4294967296,16],"data_offsets":[0,18446744073709551615]}}"#,
        ),
    ] {
        let length = if length == 83 {
            header.len() as u64
        } else {
            length
        };
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        std::fs::write(&path, bytes).unwrap();
        let error = refusal(dir.path());
        assert!(
            matches!(error, ModelError::DamagedTensors { .. }),
            "{header}: {error}"
        );
    }
}

#[test]
fn elements_that_are_not_floating_point() {
    let dir = folder(None);
    edit_tensors(&dir.path().join("model.safetensors"), |tensors| {
        let norm = tensors.iter_mut().find(|(name, ..)| name == NORM).unwrap();
        norm.1 = Dtype::I32;
    });
    let message = refusal(dir.path()).to_string();
    assert!(
        message.contains("`model.norm.weight` has elements of type I32, expected F32, F16 or BF16"),
        "{message}"
    );
}

#[test]
fn a_tensor_of_another_shape() {
    let dir = folder(None);
    edit_tensors(&dir.path().join("model.safetensors"), |tensors| {
        let norm = tensors.iter_mut().find(|(name, ..)| name == NORM).unwrap();
        norm.2 = vec![4, 4];
    });
    let message = refusal(dir.path()).to_string();
    assert!(message.contains("shape [4, 4], expected [16]"), "{message}");
}

#[test]
fn other_models_by_name_before_their_fields() {
    for (config, expected) in [
        (
            r#"{"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 768}"#,
            "GPT2LMHeadModel",
        ),
        (
            r#"{"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3"}"#,
            "Qwen3ForCausalLM",
        ),
        (r#"{"model_type": "mistral"}"#, "\"mistral\""),
        ("{}", "`model_type` is absent"),
        (
            r#"{"architectures": ["Qwen2ForCausalLM"]}"#,
            "missing field `vocab_size`",
        ),
        ("[]", "config.json: line 1"),
        ("", "config.json: line 1"),
    ] {
        let dir = folder(None);
        std::fs::write(dir.path().join("config.json"), config).unwrap();
        let message = refusal(dir.path()).to_string();
        assert!(message.contains(expected), "{config}: {message}");
    }
}

#[test]
fn layers_and_weights_that_would_be_computed_differently() {
    for (field, value) in [
        (
            "layer_types",
            serde_json::json!(["full_attention", "sliding_attention"]),
        ),
        ("quantization_config", serde_json::json!({ "bits": 4 })),
        (
            "rope_parameters",
            serde_json::json!({ "rope_type": "yarn", "rope_theta": 1e6 }),
        ),
        ("head_dim", 8.into()),
        ("layer_types", serde_json::json!([])),
        ("partial_rotary_factor", 0.5.into()),
        ("mlp_bias", true.into()),
        ("use_qk_norm", true.into()),
        ("final_logit_softcapping", 30.0.into()),
    ] {
        let dir = folder(None);
        edit_json(&dir.path().join("config.json"), |config| {
            config[field] = value;
        });
        let error = refusal(dir.path());
        let named = matches!(&error, ModelError::Unsupported { field: found, .. } if found.starts_with(field));
        assert!(named, "{field}: {error}");
        assert!(error.to_string().contains(field), "{error}");
    }
}

#[test]
fn settings_that_change_nothing_are_read() {
    for (field, value) in [
        ("layer_types", serde_json::json!(["full_attention"])),
        ("use_sliding_window", Value::Null),
        ("sliding_window", 4096.into()),
        ("max_window_layers", 21.into()),
        ("partial_rotary_factor", 1.0.into()),
        ("attention_bias", true.into()),
        ("mlp_bias", false.into()),
        ("final_logit_softcapping", Value::Null),
        ("hidden_act", "swish".into()),
        ("head_dim", 4.into()),
        ("attention_dropout", 0.1.into()),
    ] {
        let dir = folder(None);
        edit_json(&dir.path().join("config.json"), |config| {
            config[field] = value;
        });
        let read = load_pretrained::<Flex>(dir.path(), &Default::default());
        assert!(read.is_ok(), "{field}: {:?}", read.err());
    }
}

#[test]
fn numbers_of_layers_and_heads_that_no_file_could_hold() {
    for (field, value) in [
        ("num_hidden_layers", u64::from(i32::MAX as u32)),
        ("num_hidden_layers", u64::MAX),
        ("vocab_size", u64::MAX),
        ("num_attention_heads", u64::MAX),
        ("num_attention_heads", 0),
    ] {
        let dir = folder(None);
        edit_json(&dir.path().join("config.json"), |config| {
            config[field] = value.into();
        });
        let message = refusal(dir.path()).to_string();
        assert!(
            message.contains(field) || message.contains("is missing"),
            "{field}: {message}"
        );
    }
}

#[test]
fn a_folder_without_weights() {
    let dir = folder(None);
    std::fs::remove_file(dir.path().join("model.safetensors")).unwrap();
    std::fs::write(dir.path().join("pytorch_model.bin"), "pickled").unwrap();
    let error = refusal(dir.path());
    assert!(matches!(error, ModelError::NoWeights { .. }), "{error}");
    let message = refusal(&dir.path().join("nowhere")).to_string();
    assert!(
        message.contains("cannot read") && message.contains("config.json"),
        "{message}"
    );
}

#[test]
fn an_index_that_is_no_index() {
    let dir = sharded();
    for text in [
        "",
        "{}",
        r#"{"weight_map": []}"#,
        r#"{"weight_map": {"a": 1}}"#,
    ] {
        std::fs::write(dir.path().join(INDEX), text).unwrap();
        let error = refusal(dir.path());
        assert!(
            matches!(&error, ModelError::Json { path, .. } if path.ends_with(INDEX)),
            "{error}"
        );
    }
    std::fs::write(dir.path().join(INDEX), r#"{"weight_map": {}}"#).unwrap();
    assert!(matches!(
        refusal(dir.path()),
        ModelError::MissingTensor { .. }
    ));
}

/// Whatever one byte or one lost tail does to a folder, reading it ends in a model or in an error.
#[test]
fn no_damage_makes_reading_panic() {
    let dir = sharded();
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let (mut read, mut refused) = (0, 0);
    for name in ["config.json", INDEX, FIRST, SECOND] {
        let path = dir.path().join(name);
        let whole = std::fs::read(&path).unwrap();
        // Behind the header lie elements, and any bytes are elements.
        let header = whole.len().min(1_500) as u32;
        for _ in 0..400 {
            let mut damaged = whole.clone();
            let offset = (rng.next_u32() % header) as usize;
            match rng.next_u32() % 4 {
                0 => damaged.truncate(offset),
                1 => damaged[offset] = b'0' + (rng.next_u32() % 10) as u8,
                2 => damaged[offset] ^= 1 << (rng.next_u32() % 8),
                _ => drop(damaged.remove(offset)),
            }
            std::fs::write(&path, damaged).unwrap();
            match load_pretrained::<Flex>(dir.path(), &Default::default()) {
                Ok(_) => read += 1,
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    refused += 1;
                }
            }
        }
        std::fs::write(&path, whole).unwrap();
    }
    load_pretrained::<Flex>(dir.path(), &Default::default()).unwrap();
    assert!(
        refused > 1_000 && read > 0,
        "{refused} refused, {read} read"
    );
}
