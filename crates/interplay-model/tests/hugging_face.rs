//! Hugging Face folders: exact round trips, and clear refusals.
#![cfg(feature = "flex")]

use std::path::Path;

use burn::backend::Flex;
use interplay_model::{
    Decoder, ModelConfig, ModelError, SaveOptions, WeightDtype, load_pretrained, parameter_values,
    save_pretrained, save_pretrained_with,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn config() -> ModelConfig {
    ModelConfig {
        hidden_size: 16,
        intermediate_size: 24,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        eos_token_id: 1.into(),
        ..ModelConfig::tiny(11)
    }
}

fn saved(config: &ModelConfig) -> (tempfile::TempDir, Decoder<Flex>) {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let decoder = Decoder::<Flex>::init(config, &mut rng, &Default::default()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    save_pretrained(dir.path(), config, &decoder).unwrap();
    (dir, decoder)
}

fn load(dir: &Path) -> Result<(ModelConfig, Decoder<Flex>), ModelError> {
    load_pretrained(dir, &Default::default())
}

fn bits(decoder: &Decoder<Flex>) -> Vec<Vec<u32>> {
    let values = parameter_values(decoder).unwrap();
    let bits = |values: &Vec<f32>| values.iter().map(|value| value.to_bits()).collect();
    values.iter().map(bits).collect()
}

/// Values in the files: those of the decoder, and the output biases that Llama has.
fn stored(config: &ModelConfig) -> usize {
    config.parameters() + config.num_hidden_layers * config.hidden_size
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn shards(max_bytes: u64) -> SaveOptions {
    SaveOptions {
        max_shard_bytes: Some(max_bytes),
        ..SaveOptions::default()
    }
}

fn edit_config(dir: &Path, from: &str, to: &str) {
    let path = dir.join("config.json");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn a_folder_comes_back_bit_for_bit() {
    for tied in [true, false] {
        let config = ModelConfig {
            tie_word_embeddings: tied,
            ..config()
        };
        let (dir, decoder) = saved(&config);
        let (read, back) = load(dir.path()).unwrap();
        assert_eq!(read, config);
        assert_eq!(bits(&decoder), bits(&back));
        let first = std::fs::read(dir.path().join("model.safetensors")).unwrap();
        save_pretrained(dir.path(), &read, &back).unwrap();
        assert_eq!(
            first,
            std::fs::read(dir.path().join("model.safetensors")).unwrap()
        );
    }
}

#[test]
fn leaves_no_temporary_files_and_other_files_alone() {
    let (dir, decoder) = saved(&config());
    std::fs::write(dir.path().join("tokenizer.json"), "{}").unwrap();
    save_pretrained(dir.path(), &config(), &decoder).unwrap();
    let expected = [
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
    ];
    assert_eq!(names(dir.path()), expected);
}

#[test]
fn shards_come_back_bit_for_bit_and_are_indexed() {
    for tied in [true, false] {
        let config = ModelConfig {
            tie_word_embeddings: tied,
            ..config()
        };
        let (dir, decoder) = saved(&config);
        save_pretrained_with(dir.path(), &config, &decoder, &shards(5_000)).unwrap();
        let (read, back) = load(dir.path()).unwrap();
        assert_eq!((read, bits(&back)), (config.clone(), bits(&decoder)));

        let index = std::fs::read(dir.path().join("model.safetensors.index.json")).unwrap();
        let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
        assert_eq!(index["metadata"]["total_size"], 4 * stored(&config));
        let weight_map_entries = index["weight_map"].as_object().unwrap();
        assert_eq!(
            weight_map_entries.len(),
            bits(&decoder).len() + config.num_hidden_layers
        );
        let first = &weight_map_entries["model.embed_tokens.weight"];
        let found = names(dir.path());
        assert!(
            found.contains(&first.as_str().unwrap().to_owned()),
            "{found:?}"
        );
        assert!(found.len() > 5, "{found:?}");
    }
}

#[test]
fn bf16_keeps_the_nearest_value_and_half_of_the_bytes() {
    let (dir, decoder) = saved(&config());
    let path = dir.path().join("model.safetensors");
    let whole = std::fs::metadata(&path).unwrap().len();
    let options = SaveOptions {
        dtype: WeightDtype::Bf16,
        ..SaveOptions::default()
    };
    save_pretrained_with(dir.path(), &config(), &decoder, &options).unwrap();
    let half = std::fs::metadata(&path).unwrap().len();
    assert_eq!(whole - half, 2 * stored(&config()) as u64);
    let text = std::fs::read_to_string(dir.path().join("config.json")).unwrap();
    assert!(text.contains("\"torch_dtype\": \"bfloat16\""), "{text}");

    let (_, back) = load(dir.path()).unwrap();
    let (exact, stored) = (bits(&decoder), bits(&back));
    for (exact, stored) in exact.iter().flatten().zip(stored.iter().flatten()) {
        // Round to nearest, ties to even, on the upper half of the bits.
        let nearest = (exact + 0x7fff + ((exact >> 16) & 1)) >> 16 << 16;
        assert_eq!(*stored, nearest, "{exact:x}");
    }
    let first = std::fs::read(&path).unwrap();
    save_pretrained_with(dir.path(), &config(), &back, &options).unwrap();
    assert_eq!(first, std::fs::read(&path).unwrap());
}

#[test]
fn a_save_leaves_nothing_of_the_model_before() {
    let (dir, _) = saved(&config());
    let single = names(dir.path());
    let other = ModelConfig {
        num_hidden_layers: 3,
        ..config()
    };
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let larger = Decoder::<Flex>::init(&other, &mut rng, &Default::default()).unwrap();
    // Also what a killed save leaves, and what only looks like ours.
    for name in [
        "model-00009-of-00009.safetensors.partial",
        "model.safetensors.partial",
    ] {
        std::fs::write(dir.path().join(name), "half").unwrap();
    }
    std::fs::write(dir.path().join("model-large.safetensors"), "another's").unwrap();
    let expected = bits(&larger);
    let mut counts = Vec::new();
    for options in [shards(2_000), shards(8_000), SaveOptions::default()] {
        save_pretrained_with(dir.path(), &other, &larger, &options).unwrap();
        let (read, back) = load(dir.path()).unwrap();
        assert_eq!((read, bits(&back)), (other.clone(), expected.clone()));
        let mut found = names(dir.path());
        let partial = found.iter().find(|name| name.ends_with("partial"));
        assert_eq!(partial, None);
        found.retain(|name| name != "model-large.safetensors");
        // Beside the shards: two descriptions, and the index or the single file.
        counts.push(found.len() - 3);
        let of = format!("-of-{:05}.safetensors", found.len() - 3);
        let named = found.iter().filter(|name| name.contains("-of-"));
        assert!(named.clone().all(|name| name.ends_with(&of)), "{found:?}");
        assert_eq!(named.count(), found.len() - 3);
    }
    assert!(counts[0] > counts[1] && counts[1] > 1, "{counts:?}");
    assert_eq!(names(dir.path()).len(), single.len() + 1);
}

/// A full disk in the middle of a save, here a folder where a file should be written.
#[test]
fn a_save_that_fails_leaves_the_model_before() {
    let (dir, decoder) = saved(&config());
    let blocked = dir.path().join("model-00002-of-00003.safetensors.partial");
    std::fs::create_dir(&blocked).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let other = Decoder::<Flex>::init(&config(), &mut rng, &Default::default()).unwrap();
    let error = save_pretrained_with(dir.path(), &config(), &other, &shards(6_000)).unwrap_err();
    assert!(
        matches!(&error, ModelError::Io { path, .. } if *path == blocked),
        "{error}"
    );
    let (_, back) = load(dir.path()).unwrap();
    assert_eq!(bits(&back), bits(&decoder));
    std::fs::remove_dir(&blocked).unwrap();
    let expected = ["config.json", "generation_config.json", "model.safetensors"];
    assert_eq!(names(dir.path()), expected);
}

/// Two models of the same shapes, one in a single file, one in shards, take turns in a folder that is read all
/// the time. Their rotary bases differ, so one's weights under the other's configuration would be noticed.
#[test]
fn a_reader_never_sees_half_of_each_of_two_models() {
    let (dir, first) = saved(&config());
    let other = ModelConfig {
        rope_theta: 100.0,
        ..config()
    };
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let second = Decoder::<Flex>::init(&other, &mut rng, &Default::default()).unwrap();
    let known = [(config(), bits(&first)), (other.clone(), bits(&second))];
    let path = dir.path();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                match load(path) {
                    Ok((config, decoder)) => assert!(known.contains(&(config, bits(&decoder)))),
                    Err(ModelError::NoWeights { .. } | ModelError::ChangedWhileReading { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        for _ in 0..15 {
            save_pretrained_with(path, &other, &second, &shards(3_000)).unwrap();
            save_pretrained(path, &config(), &first).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        reader.join().unwrap();
    });
    assert_eq!(bits(&load(path).unwrap().1), known[0].1);
}

#[test]
fn refuses_to_save_under_the_configuration_of_another_model() {
    let (dir, decoder) = saved(&config());
    let deeper = ModelConfig {
        num_hidden_layers: 3,
        ..config()
    };
    let error = save_pretrained(dir.path(), &deeper, &decoder).unwrap_err();
    assert!(matches!(error, ModelError::WrongLength { .. }), "{error}");
    let wider = ModelConfig {
        intermediate_size: 25,
        ..config()
    };
    let error = save_pretrained(dir.path(), &wider, &decoder).unwrap_err();
    assert!(
        error.to_string().contains("[24, 16], expected [25, 16]"),
        "{error}"
    );
    load(dir.path()).unwrap();
}

#[test]
fn refuses_a_truncated_file() {
    let (dir, _) = saved(&config());
    let path = dir.path().join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    for length in [0, 5, 100, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert!(
            matches!(load(dir.path()), Err(ModelError::DamagedTensors { .. })),
            "{length} bytes"
        );
    }
}

#[test]
fn refuses_tensors_that_do_not_belong_to_the_configuration() {
    let (dir, _) = saved(&config());
    edit_config(
        dir.path(),
        "\"num_hidden_layers\": 2",
        "\"num_hidden_layers\": 3",
    );
    let error = load(dir.path()).unwrap_err();
    assert!(matches!(&error, ModelError::MissingTensor { name, .. } if name.contains("layers.2")));
    edit_config(
        dir.path(),
        "\"num_hidden_layers\": 3",
        "\"num_hidden_layers\": 1",
    );
    assert!(matches!(
        load(dir.path()),
        Err(ModelError::ExtraTensor { .. })
    ));
    edit_config(
        dir.path(),
        "\"num_hidden_layers\": 1",
        "\"num_hidden_layers\": 2",
    );
    edit_config(dir.path(), "\"vocab_size\": 11", "\"vocab_size\": 12");
    let error = load(dir.path()).unwrap_err();
    assert!(
        error.to_string().contains("[11, 16]") && error.to_string().contains("[12, 16]"),
        "{error}"
    );
}

#[test]
fn refuses_other_architectures() {
    let changes = [
        ("LlamaForCausalLM", "MistralForCausalLM", "architectures"),
        ("LlamaForCausalLM", "Qwen2ForCausalLM", "model_type"),
        ("\"llama\"", "\"qwen2\"", "model_type"),
        ("\"llama\"", "\"mistral\"", "model_type"),
        ("\"mlp_bias\": false", "\"mlp_bias\": true", "mlp_bias"),
        ("\"head_dim\": 4", "\"head_dim\": 8", "head_dim"),
        ("\"silu\"", "\"gelu\"", "hidden_act"),
        (
            "\"use_cache\": true",
            "\"use_sliding_window\": true",
            "use_sliding_window",
        ),
        (
            "\"rope_scaling\": null",
            "\"rope_scaling\": {\"type\": \"linear\"}",
            "rope_scaling",
        ),
    ];
    for (from, to, expected) in changes {
        let (dir, _) = saved(&config());
        edit_config(dir.path(), from, to);
        match load(dir.path()).unwrap_err() {
            ModelError::Unsupported { field, .. } => assert!(field.starts_with(expected)),
            error => panic!("{error}"),
        }
    }
}

#[test]
fn says_where_a_json_file_is_broken() {
    let (dir, _) = saved(&config());
    edit_config(
        dir.path(),
        "\"hidden_size\": 16,",
        "\"hidden_size\": \"wide\",",
    );
    let message = load(dir.path()).unwrap_err().to_string();
    assert!(
        message.contains("config.json: line") && message.contains("\"wide\""),
        "{message}"
    );
    std::fs::remove_file(dir.path().join("config.json")).unwrap();
    assert!(matches!(load(dir.path()), Err(ModelError::Io { .. })));
}
