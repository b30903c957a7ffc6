//! Small model folders of both architectures, in one file and in shards.

use std::io;
use std::path::Path;

use interplay_fuzz::SEPARATOR;
use serde_json::{Map, Value, json};

use crate::{dictionary, seeds};

const WORDS: &[&str] = &[
    "\"architectures\":", "\"LlamaForCausalLM\"", "\"Qwen2ForCausalLM\"", "\"model_type\":", "\"llama\"", "\"qwen2\"",
    "\"attention_bias\":", "\"mlp_bias\":", "\"vocab_size\":", "\"hidden_size\":", "\"intermediate_size\":",
    "\"num_hidden_layers\":", "\"num_attention_heads\":", "\"num_key_value_heads\":", "\"head_dim\":",
    "\"max_position_embeddings\":", "\"rms_norm_eps\":", "\"rope_theta\":", "\"rope_scaling\":",
    "\"rope_parameters\":", "\"rope_type\":", "\"default\"", "\"factor\":", "\"partial_rotary_factor\":",
    "\"tie_word_embeddings\":", "\"initializer_range\":", "\"layer_types\":", "\"full_attention\"",
    "\"use_sliding_window\":", "\"quantization_config\":", "\"hidden_act\":", "\"eos_token_id\":",
    "\"bos_token_id\":", "\"pad_token_id\":", "\"temperature\":", "\"top_p\":", "\"top_k\":", "\"do_sample\":",
    "\"max_new_tokens\":", "\"repetition_penalty\":", "\"weight_map\":", "\"metadata\":", "\"__metadata__\":",
    "\"dtype\":", "\"F32\"", "\"BF16\"", "\"F16\"", "\"F64\"", "\"I8\"", "\"F4\"", "\"shape\":",
    "\"data_offsets\":", "model.safetensors", "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors", "../", "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight",
    "model.layers.0.self_attn.o_proj.bias", "model.layers.0.self_attn.q_proj.bias", "model.layers.1.",
    "[1152921504606846976]", "[0]", "[2,0]", "2147483647", "2147483648", "18446744073709551615", "1e39", "-1", "null",
    "true", "false", "\u{feff}",
];

/// Names and shapes of the tensors of a small model, in the order of its file.
fn tensors(tied: bool, bias: bool, is_llama: bool) -> Vec<(String, Vec<usize>)> {
    let mut all: Vec<(&str, &[usize])> = vec![
        ("model.embed_tokens.weight", &[3, 4]),
        ("model.layers.0.input_layernorm.weight", &[4]),
        ("model.layers.0.self_attn.q_proj.weight", &[4, 4]),
        ("model.layers.0.self_attn.k_proj.weight", &[2, 4]),
        ("model.layers.0.self_attn.v_proj.weight", &[2, 4]),
        ("model.layers.0.self_attn.o_proj.weight", &[4, 4]),
        ("model.layers.0.post_attention_layernorm.weight", &[4]),
        ("model.layers.0.mlp.gate_proj.weight", &[2, 4]),
        ("model.layers.0.mlp.up_proj.weight", &[2, 4]),
        ("model.layers.0.mlp.down_proj.weight", &[4, 2]),
        ("model.norm.weight", &[4]),
    ];
    if bias {
        all.push(("model.layers.0.self_attn.q_proj.bias", &[4]));
        all.push(("model.layers.0.self_attn.k_proj.bias", &[2]));
        all.push(("model.layers.0.self_attn.v_proj.bias", &[2]));
    }
    if bias && is_llama {
        all.push(("model.layers.0.self_attn.o_proj.bias", &[4]));
    }
    // Some programs store the output layer although it is tied.
    if !tied || !is_llama {
        all.push(("lm_head.weight", &[3, 4]));
    }
    let owned = all.into_iter().map(|(name, shape)| (name.to_owned(), shape.to_vec()));
    owned.collect()
}

/// A header of tensors in this order, and their names.
fn header(tensors: &[(String, Vec<usize>)], dtype: &str, width: usize) -> Value {
    let mut end = 0;
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    for (name, shape) in tensors {
        let start = end;
        end += shape.iter().product::<usize>() * width;
        let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]});
        header.insert(name.clone(), entry);
    }
    header.into()
}

/// Writes the seeds and the dictionary of the target `folder`.
pub fn write(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for (architecture, model_type, tied, bias) in [
        ("LlamaForCausalLM", "llama", true, true),
        ("LlamaForCausalLM", "llama", false, false),
        ("Qwen2ForCausalLM", "qwen2", true, true),
        ("Qwen2ForCausalLM", "qwen2", false, true),
    ] {
        let is_llama = model_type == "llama";
        let mut file = json!({
            "architectures": [architecture], "model_type": model_type, "vocab_size": 3, "hidden_size": 4,
            "intermediate_size": 2, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
            "max_position_embeddings": 8, "rope_theta": 1e4, "rms_norm_eps": 1e-6, "tie_word_embeddings": tied,
            "initializer_range": 0.02, "eos_token_id": [1, 2], "pad_token_id": null,
        });
        if is_llama {
            file["attention_bias"] = bias.into();
            file["rope_scaling"] = json!({"rope_type": "default", "factor": 2.0});
        }
        let tensors = tensors(tied, bias, is_llama);
        let generation = json!({
            "do_sample": true, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "eos_token_id": [1],
            "repetition_penalty": 1.05,
        });
        let (first, second) = tensors.split_at(tensors.len() / 2);
        let [one, two] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
        let names = |part: &[(String, Vec<usize>)], file: &str| {
            let names = part.iter().map(|(name, _)| (name.clone(), Value::from(file)));
            names.collect::<Vec<_>>()
        };
        let map: Map<String, Value> = [names(first, one), names(second, two)].concat().into_iter().collect();
        let index = json!({"metadata": {"total_size": 1}, "weight_map": map});
        for (dtype, width, pattern) in [("F32", 4, &b"\0\0\x80\x3f"[..]), ("BF16", 2, b""), ("F16", 2, b"\x3c")] {
            let join = |flags: u8, parts: [&[u8]; 7]| [&[flags][..], &parts.join(SEPARATOR)].concat();
            let text = |value: &Value| value.to_string().into_bytes();
            let (config, generation, index) = (text(&file), text(&generation), text(&index));
            let whole = text(&header(&tensors, dtype, width));
            files.push(join(0, [&config, &generation, b"", &whole, pattern, b"", b""]));
            let [first, second] = [first, second].map(|part| text(&header(part, dtype, width)));
            files.push(join(1, [&config, b"", &index, &first, pattern, &second, b"\0"]));
            if dtype == "BF16" {
                let end = tensors.iter().map(|(_, shape)| shape.iter().product::<usize>() * width).sum();
                let length = (whole.len() as u64).to_le_bytes();
                let raw = [&length[..], &whole, &vec![0; end]].concat();
                files.push(join(2, [&config, b"", b"", &raw, b"", b"", b""]));
            }
        }
    }
    seeds(folder, "folder", &files)?;
    dictionary(folder, &["folder"], WORDS)
}
