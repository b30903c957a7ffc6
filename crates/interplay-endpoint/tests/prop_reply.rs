//! Reading a reply never panics, and gives what was written.

use interplay_endpoint::{Api, parse_reply};
use proptest::prelude::*;
use serde_json::{Value, json};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("choices"),
        Just("text"),
        Just("message"),
        Just("content"),
        Just("index"),
        Just("error"),
        Just("finish_reason"),
        Just("stop_reason"),
        Just("usage"),
        Just("prompt_tokens"),
        Just("other"),
    ];
    leaf.prop_recursive(4, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body: Vec<u8>, asked in 0_usize..5) {
        let _ = parse_reply(&body, Api::Completions, asked);
    }

    #[test]
    fn any_json_is_read_or_refused(body in value(), asked in 0_usize..5, cut in 0_usize..200) {
        let bytes = body.to_string().into_bytes();
        for api in [Api::Completions, Api::Chat] {
            if let Ok(reply) = parse_reply(&bytes, api, asked) {
                prop_assert!((1..=asked.max(1)).contains(&reply.choices.len()));
            }
            let _ = parse_reply(&bytes[..cut.min(bytes.len())], api, asked);
        }
    }

    #[test]
    fn texts_come_back_in_order(texts in prop::collection::vec(".{0,20}", 1..9), asked in 1_usize..9) {
        let choices: Vec<Value> = texts.iter().enumerate().rev()
            .map(|(index, text)| json!({"index": index, "text": text, "finish_reason": "stop"}))
            .collect();
        let body = json!({"choices": choices, "id": "x"}).to_string();
        let reply = parse_reply(body.as_bytes(), Api::Completions, asked).unwrap();
        let read: Vec<String> = reply.choices.into_iter().map(|choice| choice.text).collect();
        prop_assert_eq!(&read[..], &texts[..asked.min(texts.len())]);
    }
}
