//! What a server says when it refuses a request.
//!
//! Sources for the forms: OpenAI, vLLM and llama.cpp answer `{"error": {"message": ..}}`, SGLang
//! `{"message": ..}`, FastAPI (`transformers serve`) `{"detail": ..}`, as a text or as a list.

use serde_json::Value;

/// How many characters of a server's text are shown.
const SHOWN: usize = 300;

/// The most bytes of a refusal that are read.
pub(crate) const MAX_BYTES: u64 = 64 << 10;

/// Whether a status says that the same request may succeed later.
pub(crate) fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599) && status != 501 && status != 505
}

/// The message of a refusal, or how the body begins if it has another form.
pub(crate) fn message(body: &[u8]) -> String {
    let value = read(body);
    let found = value.as_ref().and_then(find);
    let text = found.unwrap_or_else(|| String::from_utf8_lossy(head(body)).into_owned());
    match text.trim() {
        "" => "without a message".to_owned(),
        text => excerpt(text),
    }
}

/// The status that an error names in its `code`.
pub(crate) fn code(body: &[u8]) -> Option<u16> {
    let value = read(body)?;
    let code = value.get("error")?.get("code")?;
    let number = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
    u16::try_from(number).ok()
}

/// The beginning of a text on a single line.
pub(crate) fn excerpt(text: &str) -> String {
    let mut shown = String::new();
    let mut space = false;
    for (count, character) in text.trim().chars().enumerate() {
        if count == SHOWN {
            shown.push_str(" ..");
            break;
        }
        if character.is_whitespace() {
            space = true;
            continue;
        }
        if std::mem::take(&mut space) {
            shown.push(' ');
        }
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}

/// Whether a message names a key as a word of its own.
pub(crate) fn names(message: &str, key: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    message.match_indices(key).any(|(start, found)| {
        let before = message[..start].chars().next_back();
        let after = message[start + found.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

fn head(body: &[u8]) -> &[u8] {
    &body[..body.len().min(MAX_BYTES as usize)]
}

/// A body that is too large for a refusal is not read into a tree.
fn read(body: &[u8]) -> Option<Value> {
    let is_small = body.len() as u64 <= MAX_BYTES;
    is_small.then(|| serde_json::from_slice(body).ok())?
}

fn find(value: &Value) -> Option<String> {
    let error = value.get("error").filter(|error| !error.is_null());
    let detail = value.get("detail").filter(|detail| !detail.is_null());
    let message = match (error, detail) {
        (Some(error), _) => error.get("message").unwrap_or(error),
        (None, Some(detail)) => detail,
        (None, None) => value.get("message")?,
    };
    Some(match message {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_found_where_servers_put_it() {
        for (body, expected) in [
            (r#"{"error": {"message": "no n", "code": 400}}"#, "no n"),
            (r#"{"error": "no n"}"#, "no n"),
            (
                r#"{"object": "error", "message": "no n", "code": 400}"#,
                "no n",
            ),
            (r#"{"detail": "Not Found"}"#, "Not Found"),
            (
                r#"{"detail": [{"loc": ["body", "n"]}]}"#,
                r#"[{"loc":["body","n"]}]"#,
            ),
            ("<h1>Bad\n\n gateway</h1>", "<h1>Bad gateway</h1>"),
            ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
            ("", "without a message"),
        ] {
            assert_eq!(message(body.as_bytes()), expected);
        }
        let long = message("x".repeat(10_000).as_bytes());
        assert_eq!(long.len(), SHOWN + 3);
    }

    #[test]
    fn a_key_is_named_as_a_word() {
        assert!(names("top_k must be -1", "top_k"));
        assert!(names("Unexpected fields: {'top_k', 'seed'}", "seed"));
        assert!(!names("sampling_seed is reserved", "seed"));
        assert!(!names("top_k must be -1", "top_p"));
    }

    #[test]
    fn statuses_that_pass_by_themselves_are_known() {
        for status in [408, 429, 500, 502, 503, 504, 529] {
            assert!(is_transient(status), "{status}");
        }
        for status in [200, 307, 400, 401, 404, 422, 501] {
            assert!(!is_transient(status), "{status}");
        }
        assert_eq!(code(br#"{"error": {"code": "503"}}"#), Some(503));
        assert_eq!(code(br#"{"error": {"code": "rate_limit"}}"#), None);
    }
}
