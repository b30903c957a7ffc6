//! What can go wrong with a server.

use std::fmt;

use interplay_graph::settings::Issues;

use crate::failure::RequestError;

/// Why a server cannot be used, or which items it did not complete.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// Settings that cannot be followed.
    #[error("the settings of the endpoint cannot be followed:{0}")]
    Settings(Issues),
    /// The API key cannot be read.
    #[error("the environment variable `{variable}` {problem}; expected the server's API key in it")]
    ApiKey {
        /// The variable.
        variable: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The server does not have the model.
    #[error(
        "{url} does not list the model `{model}`, but {}; set `model` to one of them, or `check_model` to \
         false if the server loads models that it does not list",
        Names(models)
    )]
    UnknownModel {
        /// Where models are listed.
        url: String,
        /// The model that was asked for.
        model: String,
        /// The models that are listed.
        models: Vec<String>,
    },
    /// The server has several models, or none, and the settings name none.
    #[error("{url} lists {}; set `model` to the one to draw from", Names(models))]
    WhichModel {
        /// Where models are listed.
        url: String,
        /// The models that are listed.
        models: Vec<String>,
    },
    /// The server does not have the interface.
    #[error(
        "{url} does not exist (status {status}: {message}){}",
        match chat {
            true => "; the server does answer `/chat/completions`, so set `api` to \"chat\" if the model is \
                     meant to see the prompt in its chat template",
            false => "; check the path of `url`",
        }
    )]
    NoInterface {
        /// Where completions were asked for.
        url: String,
        /// The status.
        status: u16,
        /// The server's message.
        message: String,
        /// Whether the server has the chat interface instead.
        chat: bool,
    },
    /// The first requests failed.
    #[error("the server cannot be used: {0}")]
    Request(#[from] RequestError),
    /// Some items have no completions.
    #[error(
        "{failed} of {items} items failed, {completed} were completed{}{}",
        match gave_up {
            true => format!(
                ", the other {} were given up after too many failures in a row (`max_failures_in_a_row`)",
                items - completed - failed
            ),
            false => String::new(),
        },
        Reasons(first)
    )]
    Items {
        /// How many items there were.
        items: usize,
        /// How many were completed and handed over.
        completed: usize,
        /// How many failed.
        failed: usize,
        /// Whether the rest was given up.
        gave_up: bool,
        /// The first of them, in the order of the items.
        first: Vec<FailedItem>,
    },
}

/// An item that has no completions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedItem {
    /// Its position among the items.
    pub position: usize,
    /// Its id.
    pub id: u64,
    /// Why.
    pub reason: RequestError,
}

/// How many names are shown.
const SHOWN_NAMES: usize = 20;

struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no models");
        }
        for (index, name) in self.0.iter().take(SHOWN_NAMES).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}`{name}`")?;
        }
        match self.0.len().saturating_sub(SHOWN_NAMES) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

struct Reasons<'a>(&'a [FailedItem]);

impl fmt::Display for Reasons<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for FailedItem { id, reason, .. } in self.0 {
            write!(f, "\n  item {id}: {reason}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    #[test]
    fn failed_items_are_counted_and_the_first_reasons_shown() {
        let reason = RequestError {
            url: "http://localhost/v1/completions".into(),
            attempts: 6,
            failure: Failure::Status {
                status: 503,
                message: "loading".into(),
            },
        };
        let first = vec![FailedItem {
            position: 2,
            id: 40,
            reason,
        }];
        let error = EndpointError::Items {
            items: 10,
            completed: 3,
            failed: 2,
            gave_up: true,
            first,
        };
        let expected = "2 of 10 items failed, 3 were completed, the other 5 were given up after too many \
                        failures in a row (`max_failures_in_a_row`)\n  item 40: \
                        http://localhost/v1/completions: status 503: loading (after 6 attempts)";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn models_are_named() {
        let models = (0..22).map(|index| format!("m{index}")).collect();
        let url = "http://localhost/v1/models".into();
        let error = EndpointError::WhichModel { url, models }.to_string();
        assert!(error.contains("`m19` and 2 more; set `model`"), "{error}");
    }
}
