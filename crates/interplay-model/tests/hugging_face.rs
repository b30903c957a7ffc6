//! Hugging Face folders: exact round trips, and clear refusals.
#![cfg(feature = "flex")]

use std::path::Path;

use burn::backend::Flex;
use interplay_model::{
    Decoder, ModelConfig, ModelError, load_pretrained, parameter_values, save_pretrained,
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
        eos_token_id: Some(1),
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
        let bits = |decoder: &Decoder<Flex>| -> Vec<Vec<u32>> {
            let values = parameter_values(decoder).unwrap();
            values
                .iter()
                .map(|values| values.iter().map(|value| value.to_bits()).collect())
                .collect()
        };
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
    let mut names: Vec<String> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
    ];
    assert_eq!(names, expected);
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
        ("Qwen2ForCausalLM", "LlamaForCausalLM", "architectures"),
        ("\"qwen2\"", "\"llama\"", "model_type"),
        ("\"silu\"", "\"gelu\"", "hidden_act"),
        (
            "\"use_sliding_window\": false",
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
            ModelError::Unsupported { field, .. } => assert_eq!(field, expected),
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
