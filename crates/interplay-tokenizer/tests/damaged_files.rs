//! Files that are damaged or made to do harm: each is refused by an error that names the file, and none panics,
//! fills the memory, or encodes a text in more than one way.

use std::fs;
use std::path::Path;

use interplay_tokenizer::{Tokenizer, TokenizerError};
use serde_json::{Value, json};

/// The golden folder with a change of its `tokenizer.json`.
fn read(change: impl FnOnce(&mut Value)) -> Result<Tokenizer, TokenizerError> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/qwen2");
    let text = fs::read_to_string(golden.join("tokenizer.json")).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    change(&mut value);
    read_text(&value.to_string())
}

fn read_text(text: &str) -> Result<Tokenizer, TokenizerError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tokenizer.json"), text).unwrap();
    let model = r#"{"eos_token_id": 363}"#;
    fs::write(folder.path().join("config.json"), model).unwrap();
    Tokenizer::from_pretrained(folder.path())
}

/// Sets the value at a pointer, and gives the error.
fn refused(pointer: &str, value: Value) -> String {
    let result = read(|file| match file.pointer_mut(pointer) {
        Some(found) => *found = value,
        None => panic!("no {pointer}"),
    });
    let message = result.unwrap_err().to_string();
    assert!(message.contains("tokenizer.json`"), "{message}");
    message
}

fn contains(message: &str, part: &str) {
    assert!(message.contains(part), "{part} is not in: {message}");
}

const SPLIT: &str = "/pre_tokenizer/pretokenizers/0/pattern";

#[test]
fn the_file_without_a_change_is_read() {
    read(|_| {}).unwrap();
}

#[test]
fn models_of_other_kinds_are_refused_by_their_type() {
    let unigram = json!({"type": "Unigram", "unk_id": 9, "vocab": [["a", -1.0]]});
    contains(
        &refused("/model", unigram),
        "its model is of type `Unigram`",
    );
    let words = json!({"type": "WordPiece", "vocab": {}, "unk_token": "?"});
    contains(
        &refused("/model", words),
        "its model is of type `WordPiece`",
    );
    contains(
        &refused("/model", json!({"type": "BPE"})),
        "expected `vocab`",
    );
    contains(&refused("/model", json!(7)), "line 1");
}

/// The crate `tokenizers` cuts the prefix off every merge, wherever a letter ends.
#[test]
fn a_prefix_inside_of_words_is_refused() {
    let message = refused("/model/continuing_subword_prefix", json!("##########"));
    contains(&message, "`continuing_subword_prefix`");
    contains(
        &refused("/model/end_of_word_suffix", json!("é")),
        "`end_of_word_suffix`",
    );
}

#[test]
fn a_model_that_draws_its_tokens_is_refused() {
    contains(&refused("/model/dropout", json!(0.1)), "the `dropout` 0.1");
    assert!(read(|file| file["model"]["dropout"] = json!(0.0)).is_ok());
}

#[test]
fn an_identifier_of_two_tokens_is_refused() {
    contains(
        &refused("/model/vocab/A", json!(65)),
        "have the same identifier 65",
    );
    // An added token gets the identifier after the number of tokens, which a hole leaves to another token.
    let collision = read(|file| {
        let vocab = file["model"]["vocab"].as_object_mut().unwrap();
        let size = vocab.len();
        let last = vocab
            .iter()
            .find(|(_, id)| **id == json!(size - 1))
            .unwrap()
            .0
            .clone();
        vocab.insert(last, json!(size));
    });
    contains(
        &collision.unwrap_err().to_string(),
        "have the same identifier",
    );
    let twice = r#"{"model": {"type": "BPE", "vocab": {"a": 0, "a": 1}, "merges": []}}"#;
    contains(
        &read_text(twice).unwrap_err().to_string(),
        "`a` is listed twice",
    );
}

#[test]
fn a_vocabulary_that_would_lose_a_byte_is_refused() {
    let result = read(|file| {
        let vocab = file["model"]["vocab"].as_object_mut().unwrap();
        vocab.remove("Q").unwrap();
    });
    contains(
        &result.unwrap_err().to_string(),
        "no token for the byte 0x51",
    );
    // UTF-8 has no byte 0xFF.
    let result = read(|file| {
        let vocab = file["model"]["vocab"].as_object_mut().unwrap();
        let id = vocab.remove("ÿ").unwrap();
        vocab.insert("ÿÿ".to_owned(), id);
    });
    assert_eq!(result.unwrap().decode(&[65, 66]), "ab");
}

#[test]
fn an_added_token_that_would_change_texts_is_refused() {
    let token = |content: &str, lstrip: bool| {
        json!({"id": 400, "content": content, "single_word": false, "lstrip": lstrip, "rstrip": false,
            "normalized": false, "special": false})
    };
    contains(
        &refused("/added_tokens/0", token("fox", true)),
        "takes the white space beside it",
    );
    contains(
        &refused("/added_tokens/0", token("Ġ", false)),
        "also written in the byte alphabet",
    );
}

#[test]
fn padding_and_truncation_have_no_effect() {
    let plain = read(|_| {}).unwrap();
    let changed = read(|file| {
        file["padding"] = json!({
            "strategy": {"Fixed": 1_u64 << 60}, "direction": "Left", "pad_to_multiple_of": 0, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "<|endoftext|>",
        });
        file["truncation"] = json!({
            "direction": "Right", "max_length": 0, "strategy": "LongestFirst", "stride": 9,
        });
    });
    let text = "fox = 3. elk = fox + 2.";
    assert_eq!(
        changed.unwrap().encode(text).unwrap(),
        plain.encode(text).unwrap()
    );
    contains(&refused("/padding", json!("much")), "line 1");
}

#[test]
fn a_template_of_unknown_tokens_is_refused() {
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    let template = |piece: Value, id: u32| {
        json!({
            "type": "TemplateProcessing", "single": [piece, text], "pair": [],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [id], "tokens": ["<s>"]}},
        })
    };
    let token = |id: &str| json!({"SpecialToken": {"id": id, "type_id": 0}});
    let undefined = template(token("<t>"), 5);
    contains(
        &refused("/post_processor", undefined),
        "other tokens than one before a text",
    );
    let second = template(json!({"Sequence": {"id": "B", "type_id": 0}}), 5);
    contains(
        &refused("/post_processor", second),
        "other tokens than one before a text",
    );
    contains(
        &refused("/post_processor", template(token("<s>"), 9_999)),
        "puts token 9999 before a text",
    );
    contains(
        &refused("/post_processor", json!({"type": "None"})),
        "`post_processor`: unknown variant",
    );
}

#[test]
fn a_pattern_that_takes_too_long_or_too_much_memory_is_refused() {
    let regex = |pattern: &str| refused(SPLIT, json!({"Regex": pattern}));
    for (pattern, problem) in [
        (
            "(?:(?:(?:a(?=b)){1000}){1000}){1000}",
            "parts when its repetitions",
        ),
        ("(?:(a+)+(?!b))+", "repeats a repetition and looks around"),
        (r"(a)\1", "refers to a group"),
        ("(a", "is no regular expression"),
    ] {
        let message = regex(pattern);
        contains(&message, "the pattern of step 1");
        contains(&message, problem);
    }
    contains(
        &refused(SPLIT, json!({"String": "a".repeat(5_000)})),
        "has 5000 bytes",
    );
    let steps = vec![json!({"type": "Digits", "individual_digits": true}); 100];
    contains(
        &refused("/pre_tokenizer/pretokenizers", json!(steps)),
        "100 steps",
    );
}

#[test]
fn nested_parts_do_not_overflow_the_stack() {
    for (open, close) in [
        (r#"{"type":"Sequence","pretokenizers":["#, "]}"),
        ("[", "]"),
        (r#"{"a":"#, "}"),
    ] {
        let nested = format!("{}{}", open.repeat(100_000), close.repeat(100_000));
        let text = format!(r#"{{"pre_tokenizer": {nested}}}"#);
        contains(
            &read_text(&text).unwrap_err().to_string(),
            "recursion limit exceeded",
        );
    }
}

#[test]
fn many_ends_of_a_sequence_take_no_time() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/qwen2");
    let folder = tempfile::tempdir().unwrap();
    fs::copy(
        golden.join("tokenizer.json"),
        folder.path().join("tokenizer.json"),
    )
    .unwrap();
    let ids: Vec<u32> = (0..1_000_000).collect();
    fs::write(
        folder.path().join("config.json"),
        json!({"eos_token_id": ids}).to_string(),
    )
    .unwrap();
    let message = Tokenizer::from_pretrained(folder.path())
        .unwrap_err()
        .to_string();
    contains(&message, "eos_token_id");
}

/// Merges as texts, and a model that does not tell its type: files of earlier versions.
#[test]
fn files_of_earlier_versions_give_the_same_tokens() {
    let plain = read(|_| {}).unwrap();
    let earlier = read(|file| {
        let model = file["model"].as_object_mut().unwrap();
        model.remove("type").unwrap();
        for merge in model["merges"].as_array_mut().unwrap() {
            let pair = [&merge[0], &merge[1]].map(|token| token.as_str().unwrap());
            *merge = json!(pair.join(" "));
        }
    });
    let text = "Define fox = 3. elk = fox + 2. It's 狐.";
    assert_eq!(
        earlier.unwrap().encode(text).unwrap(),
        plain.encode(text).unwrap()
    );
    contains(
        &refused("/model/merges/0", json!("a b c")),
        "`a b c` is not of two tokens",
    );
    contains(&refused("/version", json!("2.0")), "its version is `2.0`");
}
