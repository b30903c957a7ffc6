//! The interfaces that servers have.

use serde::{Deserialize, Serialize};

/// The interface that completions are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// `/v1/completions`: the model continues the prompt.
    #[default]
    Completions,
    /// `/v1/chat/completions`: the prompt is one message of a user, which the server wraps in its chat
    /// template. The model then sees another text than in training, so this is never chosen by itself.
    Chat,
}
