//! The parameters of a decoder: names, shapes and their number.

use crate::config::ModelConfig;

/// Name (as in Hugging Face folders) and shape of every parameter, in the order in which Burn's module
/// visitors and mappers meet them.
///
/// # Example
///
/// ```
/// use interplay_model::{ModelConfig, parameter_shapes};
/// let shapes = parameter_shapes(&ModelConfig::tiny(600));
/// assert_eq!(shapes[0], ("model.embed_tokens.weight".to_owned(), vec![600, 128]));
/// ```
pub fn parameter_shapes(config: &ModelConfig) -> Vec<(String, Vec<usize>)> {
    let (hidden, inner, kv) = (
        config.hidden_size,
        config.intermediate_size,
        config.kv_size(),
    );
    let mut list = vec![(
        "model.embed_tokens.weight".to_owned(),
        vec![config.vocab_size, hidden],
    )];
    for layer in 0..config.num_hidden_layers {
        for (name, shape) in [
            ("input_layernorm.weight", vec![hidden]),
            ("self_attn.q_proj.weight", vec![hidden, hidden]),
            ("self_attn.q_proj.bias", vec![hidden]),
            ("self_attn.k_proj.weight", vec![kv, hidden]),
            ("self_attn.k_proj.bias", vec![kv]),
            ("self_attn.v_proj.weight", vec![kv, hidden]),
            ("self_attn.v_proj.bias", vec![kv]),
            ("self_attn.o_proj.weight", vec![hidden, hidden]),
            ("post_attention_layernorm.weight", vec![hidden]),
            ("mlp.gate_proj.weight", vec![inner, hidden]),
            ("mlp.up_proj.weight", vec![inner, hidden]),
            ("mlp.down_proj.weight", vec![hidden, inner]),
        ] {
            list.push((format!("model.layers.{layer}.{name}"), shape));
        }
    }
    list.push(("model.norm.weight".to_owned(), vec![hidden]));
    if !config.tie_word_embeddings {
        list.push(("lm_head.weight".to_owned(), vec![config.vocab_size, hidden]));
    }
    list
}

/// The names of [`parameter_shapes`], for labeling per-parameter data such as optimizer state.
pub fn parameter_names(config: &ModelConfig) -> Vec<String> {
    parameter_shapes(config)
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

impl ModelConfig {
    /// Number of trainable parameters; tied embeddings count once.
    pub fn parameters(&self) -> usize {
        parameter_shapes(self)
            .iter()
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sizes_have_the_published_parameter_counts() {
        let millions = |config: ModelConfig| config.parameters() as f64 / 1e6;
        assert!((millions(ModelConfig::paper_103m(2200)) - 103.0).abs() < 1.0);
        assert!((millions(ModelConfig::paper_45m(2200)) - 43.0).abs() < 2.0);
    }
}
