//! The names of the files in a folder.

pub(super) const CONFIG: &str = "config.json";
pub(super) const GENERATION: &str = "generation_config.json";
pub(super) const TENSORS: &str = "model.safetensors";
pub(super) const INDEX: &str = "model.safetensors.index.json";
