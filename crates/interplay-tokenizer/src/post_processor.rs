//! What the post-processor of a `tokenizer.json` puts around a text.
//!
//! It is read and not run: the crate `tokenizers` panics where a template names a token that it does not define, or
//! the second text of a pair where there is one text.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

/// What stands around a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Nothing.
    None,
    /// One token before it.
    Token(u32),
    /// Anything else.
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Processor {
    ByteLevel {},
    TemplateProcessing {
        single: Vec<Piece>,
        #[serde(rename = "pair")]
        _pair: Vec<Piece>,
        special_tokens: HashMap<String, Tokens>,
    },
    BertProcessing {},
    RobertaProcessing {},
    Sequence {
        processors: Vec<Processor>,
    },
}

#[derive(Deserialize)]
enum Piece {
    Sequence { id: Text },
    SpecialToken { id: String },
}

#[derive(Deserialize, PartialEq)]
enum Text {
    A,
    B,
}

#[derive(Deserialize)]
struct Tokens {
    ids: Vec<u32>,
}

/// What a post-processor puts around a single text.
///
/// # Errors
/// A post-processor that is not of its form.
pub(crate) fn opening(processor: Value) -> Result<Opening, serde_json::Error> {
    let processor: Option<Processor> = serde_json::from_value(processor)?;
    Ok(processor.map_or(Opening::None, |processor| processor.opening()))
}

impl Processor {
    fn opening(&self) -> Opening {
        match self {
            Self::ByteLevel {} => Opening::None,
            Self::BertProcessing {} | Self::RobertaProcessing {} => Opening::Other,
            Self::TemplateProcessing {
                single,
                special_tokens,
                ..
            } => template(single, special_tokens),
            Self::Sequence { processors } => {
                let all = processors.iter().map(Self::opening);
                all.fold(Opening::None, |before, next| match (before, next) {
                    (one, Opening::None) | (Opening::None, one) => one,
                    _ => Opening::Other,
                })
            }
        }
    }
}

fn template(pieces: &[Piece], tokens: &HashMap<String, Tokens>) -> Opening {
    let Some((Piece::Sequence { id: Text::A }, before)) = pieces.split_last() else {
        return Opening::Other;
    };
    let mut opening = Opening::None;
    for piece in before {
        let Piece::SpecialToken { id } = piece else {
            return Opening::Other;
        };
        match (opening, tokens.get(id).map(|tokens| tokens.ids.as_slice())) {
            (_, Some([])) => {}
            (Opening::None, Some([id])) => opening = Opening::Token(*id),
            _ => return Opening::Other,
        }
    }
    opening
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn single(pieces: &[Value]) -> Value {
        json!({
            "type": "TemplateProcessing", "single": pieces, "pair": [],
            "special_tokens": {
                "<s>": {"id": "<s>", "ids": [5], "tokens": ["<s>"]},
                "nothing": {"id": "nothing", "ids": [], "tokens": []},
                "two": {"id": "two", "ids": [5, 6], "tokens": ["<s>", "t"]},
            },
        })
    }

    #[test]
    fn the_token_before_a_text_is_found() {
        let text = json!({"Sequence": {"id": "A", "type_id": 0}});
        let other = json!({"Sequence": {"id": "B", "type_id": 0}});
        let token = |id: &str| json!({"SpecialToken": {"id": id, "type_id": 0}});
        let template = |pieces: &[Value]| opening(single(pieces)).unwrap();
        assert_eq!(opening(Value::Null).unwrap(), Opening::None);
        assert_eq!(template(std::slice::from_ref(&text)), Opening::None);
        assert_eq!(template(&[token("<s>"), text.clone()]), Opening::Token(5));
        let silent = [token("nothing"), token("<s>"), text.clone()];
        assert_eq!(template(&silent), Opening::Token(5));
        for wrong in [
            vec![],
            vec![token("<s>")],
            vec![text.clone(), token("<s>")],
            vec![token("<s>"), token("<s>"), text.clone()],
            vec![token("two"), text.clone()],
            vec![token("unknown"), text.clone()],
            vec![text.clone(), other.clone()],
            vec![other],
        ] {
            assert_eq!(template(&wrong), Opening::Other, "{wrong:?}");
        }
        let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true});
        let bos = single(&[token("<s>"), text]);
        let sequence =
            |all: &[&Value]| opening(json!({"type": "Sequence", "processors": all})).unwrap();
        assert_eq!(sequence(&[&bytes, &bos]), Opening::Token(5));
        assert_eq!(sequence(&[&bos, &bos]), Opening::Other);
        assert!(opening(json!({"type": "Unheard"})).is_err());
    }
}
