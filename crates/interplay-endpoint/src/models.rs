//! Which models a server has.

use serde::Deserialize;

use crate::address::Address;
use crate::client::Client;
use crate::error::EndpointError;
use crate::failure::{Failure, RequestError};
use crate::refusal;
use crate::reply::ReplyError;
use crate::spec::EndpointSpec;

#[derive(Deserialize)]
struct List {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

/// The models that a server lists, or nothing if it has no list.
///
/// # Errors
/// A server that cannot be reached, fails, or wants a key.
pub(crate) fn list(client: &Client, url: &str) -> Result<Option<Vec<String>>, RequestError> {
    let read = |body: &[u8]| {
        let list: List = serde_json::from_slice(body).map_err(|error| ReplyError::Form {
            problem: refusal::excerpt(&error.to_string()),
            excerpt: refusal::excerpt(&String::from_utf8_lossy(body)),
        })?;
        Ok(list.data.into_iter().map(|model| model.id).collect())
    };
    match client.request(url, None, client.attempts(), &|| false, &read) {
        Ok(models) => Ok(Some(models)),
        Err(error) if error.failure.is_refusal() && !is_failing(&error.failure) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the server fails at more than this list, such as one that is still starting.
fn is_failing(failure: &Failure) -> bool {
    matches!(failure, Failure::Status { status, .. } if refusal::is_transient(*status))
}

/// The model to draw from, given what the server lists.
///
/// # Errors
/// A model that is not listed, or several to choose from.
pub(crate) fn choose(
    spec: &EndpointSpec,
    address: &Address,
    listed: Option<&[String]>,
) -> Result<Option<String>, EndpointError> {
    let url = || address.models();
    match (&spec.model, listed) {
        (Some(model), Some(models)) if spec.check_model && !models.contains(model) => {
            Err(EndpointError::UnknownModel {
                url: url(),
                model: model.clone(),
                models: models.to_vec(),
            })
        }
        (Some(model), _) => Ok(Some(model.clone())),
        (None, Some([model])) => Ok(Some(model.clone())),
        (None, Some(models)) => Err(EndpointError::WhichModel {
            url: url(),
            models: models.to_vec(),
        }),
        // A server without a list has one model, and needs no name.
        (None, None) => Ok(None),
    }
}
