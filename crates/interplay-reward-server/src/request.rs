//! A request of the contract, as it is read.

use serde_json::value::RawValue;

use crate::error::Refusal;
use crate::json;

/// The lists of a request.
const KEYS: [&str; 3] = ["query", "prompts", "labels"];
/// Maximum keys named in a message.
const MAX_NAMED_KEYS: usize = 20;

/// Queries, prompts and labels: as many of each, at least one. Their items are read when they are judged, so one that
/// is wrong costs the others nothing.
#[derive(Debug)]
pub struct Request<'b> {
    /// Query, prompt and label of each item.
    pub(crate) items: Vec<[&'b RawValue; 3]>,
}

impl<'b> Request<'b> {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// A body that is no JSON, has not the three lists, or lists of different lengths; no item, or no label at all.
    pub fn read(body: &'b [u8]) -> Result<Self, Refusal> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        let [queries, prompts, labels] = match json::fields(body, KEYS) {
            Ok([Some(queries), Some(prompts), Some(labels)]) => [queries, prompts, labels],
            _ => lists(body)?,
        };
        let counts = [queries.len(), prompts.len(), labels.len()];
        if counts[0] == 0 || counts != [counts[0]; 3] {
            return Err(Refusal::Counts { counts });
        }
        if labels.iter().all(|label| json::is_empty(label)) {
            return Err(Refusal::NoLabels);
        }
        let items = queries.into_iter().zip(prompts).zip(labels);
        let items = items.map(|((query, prompt), label)| [query, prompt, label]);
        Ok(Self {
            items: items.collect(),
        })
    }

    /// The number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Always false: a request without items is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// The lists of a body that is not just what it should be, if it has them: where a key comes twice, its last value
/// counts, whatever the first one is.
fn lists(body: &[u8]) -> Result<[Vec<&RawValue>; 3], Refusal> {
    let refused = |source| Refusal::Json { source };
    let value = json::value(body).map_err(refused)?;
    if !value.get().starts_with('{') {
        let found = json::kind(value).to_owned();
        return Err(Refusal::Lists { found });
    }
    let fields: [Option<&RawValue>; 3] = json::fields(body, KEYS).map_err(refused)?;
    let lists = fields.map(|field| json::items(field?).ok());
    match lists {
        [Some(queries), Some(prompts), Some(labels)] => Ok([queries, prompts, labels]),
        _ => Err(Refusal::Lists {
            found: match json::told(value, MAX_NAMED_KEYS) {
                told if told.is_empty() => "an empty object".to_owned(),
                told => told,
            },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> (u16, String) {
        let refusal = Request::read(body.as_bytes()).unwrap_err();
        (refusal.status(), refusal.to_string())
    }

    #[test]
    fn what_is_no_request_is_refused_with_what_it_is() {
        for (body, status, said) in [
            ("{", 400, "no JSON"),
            ("", 400, "no JSON"),
            (&"[".repeat(50_000), 400, "no JSON"),
            ("[]", 422, "found a list"),
            ("7", 422, "found a number"),
            ("{}", 422, "an empty object"),
            (
                r#"{"query": "text", "prompts": []}"#,
                422,
                "query: a text, prompts: a list",
            ),
            (
                r#"{"query": [], "prompts": [], "labels": null}"#,
                422,
                "labels: null",
            ),
            (
                r#"{"query": [], "prompts": [], "labels": []}"#,
                422,
                "at least one",
            ),
            (
                r#"{"query": [1, 2], "prompts": [1, 2], "labels": [1]}"#,
                422,
                "[2, 2, 1] items",
            ),
            (
                r#"{"query": [1, 2], "prompts": [1, 2], "labels": ["", {}]}"#,
                422,
                "--data.label_key",
            ),
        ] {
            let found = refused(body);
            assert_eq!(found.0, status, "{body}");
            assert!(found.1.contains(said), "{body}: {}", found.1);
        }
        assert_eq!(Request::read(b"\xff\xfe").unwrap_err().status(), 400);
    }

    #[test]
    fn a_byte_order_mark_and_equal_keys_are_taken() {
        let body = "\u{feff}{\"labels\": 3, \"query\": [1], \"prompts\": [1], \"labels\": [1], \"more\": {}}";
        let request = Request::read(body.as_bytes()).unwrap();
        assert_eq!((request.len(), request.is_empty()), (1, false));
    }
}
