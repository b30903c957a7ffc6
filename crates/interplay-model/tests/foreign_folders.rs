//! Folders as other programs write them: what they say is honored, and written back.
#![cfg(feature = "flex")]

use std::collections::HashMap;
use std::path::Path;

use burn::backend::Flex;
use burn::tensor::{Int, Tensor};
use interplay_model::{
    Decoder, LoadNote, ModelConfig, ModelError, ModelType, Pretrained, Request, SamplingSettings,
    SaveOptions, generate, load_pretrained, parameter_values, save_pretrained_with,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};

const EMBEDDING: &str = "model.embed_tokens.weight";
const OUTPUT: &str = "lm_head.weight";

fn config() -> ModelConfig {
    ModelConfig {
        hidden_size: 16,
        intermediate_size: 24,
        num_hidden_layers: 1,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        initializer_range: 0.3,
        rope_theta: 10_000.0,
        ..ModelConfig::tiny(11)
    }
}

fn decoder(config: &ModelConfig) -> Decoder<Flex> {
    Decoder::init(
        config,
        &mut ChaCha8Rng::seed_from_u64(5),
        &Default::default(),
    )
    .unwrap()
}

fn folder(config: &ModelConfig, max_shard_bytes: Option<u64>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let options = SaveOptions {
        max_shard_bytes,
        ..SaveOptions::default()
    };
    save_pretrained_with(dir.path(), config, &decoder(config), &options).unwrap();
    dir
}

fn load(dir: &Path) -> Result<Pretrained<Flex>, ModelError> {
    Pretrained::load(dir, &Default::default())
}

fn edit_json(path: &Path, edit: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    edit(&mut value);
    std::fs::write(path, value.to_string()).unwrap();
}

/// Name, type, shape and bytes of a tensor.
type Stored = (String, Dtype, Vec<usize>, Vec<u8>);

/// Reads a tensor file, lets `edit` change its tensors, and writes it again.
fn edit_tensors(path: &Path, edit: impl FnOnce(&mut Vec<Stored>)) {
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

/// Stores an output layer that is what `edit` makes of a copy of the embedding.
fn store_output(dir: &Path, edit: impl FnOnce(&mut Stored)) {
    edit_tensors(&dir.join("model.safetensors"), |tensors| {
        let embedding = tensors.iter().find(|(name, ..)| name == EMBEDDING).unwrap();
        let mut output = embedding.clone();
        output.0 = OUTPUT.to_owned();
        edit(&mut output);
        tensors.push(output);
    });
}

fn logits(decoder: &Decoder<Flex>) -> Vec<f32> {
    let tokens = Tensor::<Flex, 2, Int>::from_ints([[0, 3, 4, 9, 2, 6]], &Default::default());
    let logits = decoder.logits(decoder.hidden(tokens, None));
    logits.into_data().into_vec().unwrap()
}

fn bits(decoder: &Decoder<Flex>) -> Vec<Vec<u32>> {
    let values = parameter_values(decoder).unwrap();
    let bits = |values: &Vec<f32>| values.iter().map(|value| value.to_bits()).collect();
    values.iter().map(bits).collect()
}

/// Names of the tensors of a file.
fn tensors(dir: &Path) -> Vec<String> {
    let bytes = std::fs::read(dir.join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut names: Vec<String> = file.names().into_iter().map(str::to_owned).collect();
    names.sort();
    names
}

const OUTPUT_BIAS: &str = "model.layers.0.self_attn.o_proj.bias";

/// The same decoder under both names: other tensors and keys, the same values.
#[test]
fn qwen2_and_llama_are_two_names_of_one_computation() {
    let llama = folder(&config(), None);
    let qwen2 = ModelConfig {
        model_type: ModelType::Qwen2,
        ..config()
    };
    let dir = folder(&qwen2, None);
    let read = load(dir.path()).unwrap();
    assert_eq!((&read.config, &read.notes[..]), (&qwen2, &[][..]));
    assert_eq!(
        bits(&read.decoder),
        bits(&load(llama.path()).unwrap().decoder)
    );
    let (mut with_zeros, without) = (tensors(llama.path()), tensors(dir.path()));
    assert!(with_zeros.contains(&OUTPUT_BIAS.to_owned()));
    with_zeros.retain(|name| name != OUTPUT_BIAS);
    assert_eq!(with_zeros, without);
    // A copy keeps the name.
    let copy = tempfile::tempdir().unwrap();
    read.save(copy.path(), &SaveOptions::default()).unwrap();
    let file = |dir: &Path| std::fs::read(dir.join("config.json")).unwrap();
    assert_eq!(file(copy.path()), file(dir.path()));
    assert_eq!(tensors(copy.path()), without);
    // Qwen2 always has biases.
    edit_json(&dir.path().join("config.json"), |config| {
        config["attention_bias"] = false.into();
    });
    let error = load(dir.path()).unwrap_err();
    assert!(
        matches!(&error, ModelError::Unsupported { field, .. } if field == "attention_bias"),
        "{error}"
    );
}

#[test]
fn llama_without_biases_has_zeros_for_them() {
    let dir = folder(&config(), None);
    edit_tensors(&dir.path().join("model.safetensors"), |tensors| {
        tensors.retain(|(name, ..)| !name.ends_with("_proj.bias"));
    });
    let path = dir.path().join("config.json");
    for value in [Value::Bool(false), Value::Null] {
        edit_json(&path, |config| config["attention_bias"] = value);
        let read = load(dir.path()).unwrap();
        // The initial biases are zeros.
        assert_eq!(bits(&read.decoder), bits(&decoder(&config())));
    }
    // With biases they must be there, and without they must not.
    edit_json(&path, |config| config["attention_bias"] = true.into());
    let error = load(dir.path()).unwrap_err();
    assert!(matches!(error, ModelError::MissingTensor { .. }), "{error}");
    let whole = folder(&config(), None);
    edit_json(&whole.path().join("config.json"), |config| {
        config["attention_bias"] = false.into();
    });
    let error = load(whole.path()).unwrap_err();
    assert!(matches!(error, ModelError::ExtraTensor { .. }), "{error}");
}

/// Initial biases are zeros, which a reader that ignores the files would give as well.
#[test]
fn biases_arrive_under_both_names() {
    for model_type in [ModelType::Llama, ModelType::Qwen2] {
        let config = ModelConfig {
            model_type,
            ..config()
        };
        let dir = folder(&config, None);
        for (part, value) in [("q", 0.5_f32), ("k", -0.25), ("v", 2.0)] {
            let name = format!("model.layers.0.self_attn.{part}_proj.bias");
            edit_tensors(&dir.path().join("model.safetensors"), |tensors| {
                let (_, _, _, data) = tensors
                    .iter_mut()
                    .find(|(found, ..)| *found == name)
                    .unwrap();
                data[..4].copy_from_slice(&value.to_le_bytes());
            });
        }
        let read = load(dir.path()).unwrap();
        let copy = tempfile::tempdir().unwrap();
        read.save(copy.path(), &SaveOptions::default()).unwrap();
        for decoder in [&read.decoder, &load(copy.path()).unwrap().decoder] {
            let values = parameter_values(decoder).unwrap();
            let names = interplay_model::parameter_names(&config);
            let found = |part: &str| {
                let name = format!("model.layers.0.self_attn.{part}_proj.bias");
                values[names.iter().position(|found| *found == name).unwrap()][0]
            };
            assert_eq!([found("q"), found("k"), found("v")], [0.5, -0.25, 2.0]);
        }
    }
}

#[test]
fn an_output_bias_that_would_be_lost_is_refused() {
    let dir = folder(&config(), None);
    edit_tensors(&dir.path().join("model.safetensors"), |tensors| {
        let (_, _, _, data) = tensors
            .iter_mut()
            .find(|(name, ..)| name == OUTPUT_BIAS)
            .unwrap();
        data[4..8].copy_from_slice(&0.5_f32.to_le_bytes());
    });
    let message = load(dir.path()).unwrap_err().to_string();
    for part in [OUTPUT_BIAS, "a value other than 0", "zeros"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_stored_copy_of_the_tied_embedding_is_ignored() {
    let dir = folder(&config(), None);
    let tied = load(dir.path()).unwrap();
    store_output(dir.path(), |_| {});
    let read = load(dir.path()).unwrap();
    assert_eq!((read.config, read.notes), (tied.config, vec![]));
    assert_eq!(bits(&read.decoder), bits(&tied.decoder));
}

#[test]
fn an_output_layer_of_its_own_is_used_although_the_flag_says_tied() {
    // The untied model, stored under a configuration that says tied: in one file and in shards.
    let untied = ModelConfig {
        tie_word_embeddings: false,
        ..config()
    };
    for max_shard_bytes in [None, Some(3_000)] {
        let dir = folder(&untied, max_shard_bytes);
        edit_json(&dir.path().join("config.json"), |config| {
            config["tie_word_embeddings"] = true.into();
        });
        let read = load(dir.path()).unwrap();
        assert_eq!(read.config, untied);
        assert!(
            matches!(&read.notes[..], [LoadNote::UntiedOutput { path }] if path.ends_with("config.json"))
        );
        assert!(
            read.notes[0]
                .to_string()
                .contains("`lm_head.weight` differs")
        );
        assert_eq!(logits(&read.decoder), logits(&decoder(&untied)));
        assert_ne!(logits(&read.decoder), logits(&decoder(&config())));

        // A copy keeps it, and says untied.
        let copy = tempfile::tempdir().unwrap();
        read.save(copy.path(), &SaveOptions::default()).unwrap();
        let again = load(copy.path()).unwrap();
        assert_eq!((again.config, again.notes), (untied.clone(), vec![]));
        assert_eq!(bits(&again.decoder), bits(&read.decoder));
        let (config, _) = load_pretrained::<Flex>(dir.path(), &Default::default()).unwrap();
        assert!(!config.tie_word_embeddings);
    }
}

#[test]
fn a_single_bit_makes_an_output_layer_its_own() {
    for bit in [0, 8 * 4 * 11 * 16 - 1] {
        let dir = folder(&config(), None);
        store_output(dir.path(), |output| output.3[bit / 8] ^= 1 << (bit % 8));
        let read = load(dir.path()).unwrap();
        assert!(!read.config.tie_word_embeddings, "bit {bit}");
        let parameters = bits(&read.decoder);
        assert_ne!(parameters.first(), parameters.last());
    }
}

#[test]
fn an_output_layer_of_another_shape_or_type_is_refused_although_the_flag_says_tied() {
    let shapes: [&[usize]; 4] = [&[16, 11], &[11 * 16], &[22, 8], &[1, 11, 16]];
    for shape in shapes {
        let dir = folder(&config(), None);
        store_output(dir.path(), |output| output.2 = shape.to_vec());
        let message = load(dir.path()).unwrap_err().to_string();
        let parts = [OUTPUT, &format!("{shape:?}"), "[11, 16]"];
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
    for rows in [8, 12] {
        let dir = folder(&config(), None);
        store_output(dir.path(), |output| {
            output.2 = vec![rows, 16];
            output.3.resize(4 * rows * 16, 0);
        });
        let error = load(dir.path()).unwrap_err();
        assert!(matches!(error, ModelError::WrongShape { .. }), "{error}");
    }
    let dir = folder(&config(), None);
    store_output(dir.path(), |output| output.1 = Dtype::I32);
    let error = load(dir.path()).unwrap_err();
    assert!(matches!(error, ModelError::WrongType { .. }), "{error}");
}

#[test]
fn every_end_token_is_read_stops_and_is_written_back() {
    let dir = folder(&config(), None);
    let generation = json!({
        "bos_token_id": 0,
        "eos_token_id": [7, 5],
        "pad_token_id": 2,
        "do_sample": true,
        "temperature": 0.7,
        "top_p": 0.8,
        "top_k": 20,
        "repetition_penalty": 1.05,
        "transformers_version": "5.24.0",
    });
    edit_json(&dir.path().join("config.json"), |config| {
        config["eos_token_id"] = json!([7, 5]);
    });
    let path = dir.path().join("generation_config.json");
    std::fs::write(&path, generation.to_string()).unwrap();

    let model = load(dir.path()).unwrap();
    assert_eq!(model.config.eos_token_id, vec![7, 5].into());
    assert!(
        matches!(&model.notes[..], [LoadNote::UnsupportedGeneration { key, .. }] if key == "repetition_penalty"),
        "{:?}",
        model.notes
    );
    let settings = SamplingSettings::from_generation(&model.generation);
    assert_eq!(
        (settings.temperature, settings.top_p, settings.top_k),
        (0.7, 0.8, 20)
    );
    assert_eq!(settings.stop, [7, 5]);
    stops_at_each_of(&model, &settings);

    let copy = tempfile::tempdir().unwrap();
    model.save(copy.path(), &SaveOptions::default()).unwrap();
    let written = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(copy.path().join(name)).unwrap()).unwrap()
    };
    assert_eq!(written("generation_config.json"), generation);
    assert_eq!(written("config.json")["eos_token_id"], json!([7, 5]));
}

/// Samples until each of the stop tokens has ended a continuation, and nothing follows one.
fn stops_at_each_of(model: &Pretrained<Flex>, settings: &SamplingSettings) {
    let settings = SamplingSettings {
        max_new_tokens: 40,
        temperature: 3.0,
        ..settings.clone()
    };
    let requests: Vec<Request> = (0..64)
        .map(|seed| Request {
            prompt: vec![0, 3],
            stream: ChaCha8Rng::seed_from_u64(seed),
        })
        .collect();
    let device = Default::default();
    let done = generate(
        &model.decoder,
        &requests,
        &settings,
        &device,
        &mut |_, _| {},
    )
    .unwrap();
    for out in &done {
        let first = out
            .tokens
            .iter()
            .position(|token| settings.stop.contains(token));
        assert_eq!(out.stopped, first.is_some());
        assert!(first.is_none_or(|first| first + 1 == out.tokens.len()));
    }
    for stop in &settings.stop {
        let ended = done.iter().any(|out| out.tokens.last() == Some(stop));
        assert!(ended, "nothing ended at {stop}");
    }
}

#[test]
fn sampling_defaults_come_from_either_file() {
    let dir = folder(&config(), None);
    let path = dir.path().join("generation_config.json");
    edit_json(&dir.path().join("config.json"), |config| {
        config["eos_token_id"] = json!([3]);
    });
    let settings = |text: Option<&str>| {
        match text {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let model = load(dir.path()).unwrap();
        let settings = SamplingSettings::from_generation(&model.generation);
        (settings.stop, settings.temperature, settings.top_k)
    };
    // Greedy unless told to draw, and the end tokens of the model where the file has none.
    assert_eq!(settings(Some("{}")), (vec![3], 0.0, 0));
    let not_drawn = r#"{"eos_token_id": 4, "temperature": 0.7}"#;
    assert_eq!(settings(Some(not_drawn)), (vec![4], 0.0, 0));
    let drawn = r#"{"eos_token_id": [4, 5], "do_sample": true}"#;
    assert_eq!(settings(Some(drawn)), (vec![4, 5], 1.0, 50));
    // A byte order mark is no obstacle.
    let marked = format!("\u{feff}{drawn}");
    assert_eq!(settings(Some(&marked)), (vec![4, 5], 1.0, 50));
    assert_eq!(settings(None), (vec![3], 0.0, 0));
}

#[test]
fn end_tokens_and_sampling_defaults_that_make_no_sense_are_refused() {
    for ids in [
        json!([7, 11]),
        json!(11),
        json!(-1),
        json!([7, -1]),
        json!("7"),
        json!([[7]]),
    ] {
        let dir = folder(&config(), None);
        edit_json(&dir.path().join("config.json"), |config| {
            config["eos_token_id"] = ids.clone();
        });
        assert!(load(dir.path()).is_err(), "{ids}");
    }
    for text in [
        "",
        "[]",
        r#"{"eos_token_id": [7, -5]}"#,
        r#"{"eos_token_id": 1.5}"#,
        r#"{"temperature": "hot"}"#,
        r#"{"top_k": -1}"#,
        r#"{"do_sample": 1}"#,
    ] {
        let dir = folder(&config(), None);
        std::fs::write(dir.path().join("generation_config.json"), text).unwrap();
        let message = load(dir.path()).unwrap_err().to_string();
        assert!(message.contains("generation_config.json"), "{message}");
    }
}

#[test]
fn the_rotary_base_is_used_wherever_it_stands() {
    let expected = ModelConfig {
        rope_theta: 500.0,
        ..config()
    };
    let plain = json!({ "rope_type": "default", "rope_theta": 500.0 });
    for (key, settings) in [
        ("rope_scaling", plain.clone()),
        (
            "rope_scaling",
            json!({ "type": "default", "rope_theta": 500 }),
        ),
        ("rope_parameters", plain),
        ("rope_theta", 500.into()),
    ] {
        let dir = folder(&config(), None);
        edit_json(&dir.path().join("config.json"), |config| {
            let fields = config.as_object_mut().unwrap();
            fields.remove("rope_theta");
            fields.remove("rope_scaling");
            fields.insert(key.to_owned(), settings);
        });
        let read = load(dir.path()).unwrap();
        assert_eq!((&read.config, read.notes.len()), (&expected, 0), "{key}");
        assert_eq!(logits(&read.decoder), logits(&decoder(&expected)));
        assert_ne!(logits(&read.decoder), logits(&decoder(&config())));
    }
}

#[test]
fn other_rotary_settings_are_refused_by_their_key() {
    for (key, settings, named) in [
        (
            "rope_scaling",
            json!({ "rope_type": "linear", "factor": 2.0 }),
            "`rope_scaling.rope_type` is \"linear\"",
        ),
        (
            "rope_scaling",
            json!({ "rope_type": "linear" }),
            "`rope_scaling.rope_type` is \"linear\"",
        ),
        (
            "rope_scaling",
            json!({ "type": "dynamic", "factor": 0.5 }),
            "`rope_scaling.type` is \"dynamic\"",
        ),
        (
            "rope_scaling",
            json!({ "rope_type": "a new one" }),
            "`rope_scaling.rope_type` is \"a new one\"",
        ),
        (
            "rope_scaling",
            json!({ "factor": 2.0 }),
            "`rope_scaling.factor` is 2.0",
        ),
        (
            "rope_scaling",
            json!("linear"),
            "`rope_scaling` is \"linear\"",
        ),
        (
            "rope_parameters",
            json!({ "rope_type": "llama3" }),
            "`rope_parameters.rope_type` is \"llama3\"",
        ),
        (
            "rope_parameters",
            json!({ "rope_type": "default", "rope_theta": 7.0 }),
            "`rope_parameters.rope_theta` is 7",
        ),
        ("rope_theta", json!(0), "`rope_theta` is 0"),
        ("rope_theta", json!(-1e4), "`rope_theta` is -10000.0"),
        ("rope_theta", json!("10000"), "`rope_theta` is \"10000\""),
        ("rope_theta", Value::Null, "`rope_theta` is null"),
    ] {
        let dir = folder(&config(), None);
        edit_json(&dir.path().join("config.json"), |config| {
            config[key] = settings;
        });
        let message = load(dir.path()).unwrap_err().to_string();
        assert!(message.contains(named), "{named}: {message}");
        assert!(
            message.contains("config.json") && message.contains("expected"),
            "{message}"
        );
    }
}

#[test]
fn a_key_without_effect_is_noted() {
    let dir = folder(&config(), None);
    edit_json(&dir.path().join("config.json"), |config| {
        config["rope_scaling"] = json!({ "rope_type": "default", "factor": 4.0 });
    });
    let notes = load(dir.path()).unwrap().notes;
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0]
            .to_string()
            .contains("`rope_scaling.factor` has no effect")
    );
}
