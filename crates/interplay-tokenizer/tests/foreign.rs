//! Tokenizers of other models: the same tokens as `transformers`, their ends, their files.
//!
//! `tests/golden/qwen2` and `tests/golden/qwen2.json` are written by `tests/golden/qwen2.py`.

use std::fs;
use std::path::{Path, PathBuf};

use interplay_tokenizer::{Tokenizer, TokenizerError};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Golden {
    eos: u32,
    pad: u32,
    chat: String,
    texts: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    text: String,
    ids: Vec<u32>,
    decoded: String,
}

fn golden() -> (PathBuf, Golden) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let text = fs::read_to_string(folder.join("qwen2.json")).unwrap();
    (folder.join("qwen2"), serde_json::from_str(&text).unwrap())
}

fn load() -> Tokenizer {
    Tokenizer::from_pretrained(golden().0).unwrap()
}

/// A copy of the golden folder with a file changed, or removed where the change gives `None`.
fn changed(name: &str, change: impl FnOnce(Value) -> Option<Value>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(golden().0).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let path = folder.path().join(name);
    let value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    match change(value) {
        Some(value) => fs::write(&path, value.to_string()).unwrap(),
        None => fs::remove_file(&path).unwrap(),
    }
    folder
}

fn set(name: &str, key: &str, value: Value) -> tempfile::TempDir {
    changed(name, |mut settings| {
        settings[key] = value;
        Some(settings)
    })
}

fn refused(folder: &tempfile::TempDir) -> String {
    Tokenizer::from_pretrained(folder).unwrap_err().to_string()
}

#[test]
fn texts_have_the_tokens_that_transformers_gives() {
    let (tokenizer, golden) = (load(), golden().1);
    assert!(golden.texts.len() > 20);
    for Row { text, ids, decoded } in golden.texts {
        assert_eq!(tokenizer.encode(&text).unwrap(), ids, "{text:?}");
        let special = ids.iter().any(|id| tokenizer.ends().contains(id));
        if !special {
            assert_eq!(tokenizer.decode(&ids), decoded, "{text:?}");
        }
    }
}

#[test]
fn the_files_tell_the_ends_of_a_sequence() {
    let (tokenizer, golden) = (load(), golden().1);
    assert_eq!(tokenizer.special(), None);
    assert_eq!(tokenizer.bos(), None);
    assert_eq!((tokenizer.eos(), tokenizer.pad()), (golden.eos, golden.pad));
    assert_eq!(tokenizer.ends(), [golden.eos, golden.pad]);

    let none = changed("tokenizer_config.json", |_| None);
    let without = Tokenizer::from_pretrained(&none).unwrap();
    assert_eq!((without.eos(), without.pad()), (golden.eos, golden.pad));
    fs::remove_file(none.path().join("generation_config.json")).unwrap();
    let message = refused(&none);
    assert!(
        message.contains("does not tell which token ends"),
        "{message}"
    );
    fs::write(none.path().join("config.json"), r#"{"eos_token_id": 363}"#).unwrap();
    let model = Tokenizer::from_pretrained(&none).unwrap();
    assert_eq!((model.eos(), model.pad()), (363, 363));
    assert_ne!(model.hash(), tokenizer.hash());

    let object = json!({"content": "<|endoftext|>", "special": true});
    let folder = set("tokenizer_config.json", "eos_token", object);
    let tokenizer = Tokenizer::from_pretrained(&folder).unwrap();
    assert_eq!(tokenizer.ends(), [golden.pad, golden.eos]);
}

#[test]
fn a_sample_is_its_prompt_and_its_target_and_an_end() {
    let tokenizer = load();
    let prompt = "<question> fox = 3. elk = fox + 2. elk? </question> <solution>";
    let target = " fox = 3. elk = fox + 2 = 5. </solution> <answer> 5 </answer>";
    let sample = tokenizer.encode_sample(prompt, target).unwrap();
    assert_eq!(sample.prompt(), tokenizer.encode_prompt(prompt).unwrap());
    assert_eq!(sample.prompt(), tokenizer.encode(prompt).unwrap());
    assert_eq!(tokenizer.decode(sample.prompt()), prompt);
    assert_eq!(sample.ids.last(), Some(&tokenizer.eos()));
    assert_eq!(tokenizer.decode_completion(sample.completion()), target);
    let decoded = tokenizer.decode_completion_with_spans(sample.completion());
    assert_eq!(decoded.text, target);
    assert_eq!(decoded.spans.len(), sample.completion().len());
}

/// A problem that names an end of a sequence does not end one, and a completion that writes one before its end shows it.
#[test]
fn ends_in_a_problem_are_text() {
    let (tokenizer, golden) = (load(), golden().1);
    let text = "3<|im_end|>4<|endoftext|>";
    let ids = tokenizer.encode_prompt(text).unwrap();
    assert!(!ids.iter().any(|id| tokenizer.ends().contains(id)));
    assert_eq!(tokenizer.decode(&ids), text);
    let chat = tokenizer.encode(&golden.chat).unwrap();
    assert_eq!(chat[0], 362);

    let three = tokenizer.encode("3").unwrap()[0];
    let ids = [three, golden.pad, three, golden.eos, golden.pad];
    assert_eq!(
        tokenizer.decode_completion(&ids),
        "3<|endoftext|>3<|im_end|>"
    );
    assert_eq!(tokenizer.decode_completion(&[three, golden.pad]), "3");
    assert_eq!(tokenizer.decode(&ids), "33");
}

#[test]
fn a_token_before_every_text_opens_it() {
    let piece = json!({"SpecialToken": {"id": "<|im_start|>", "type_id": 0}});
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    let process = |single: Vec<&Value>| {
        json!({
            "type": "TemplateProcessing", "single": single, "pair": [piece, text, text],
            "special_tokens": {"<|im_start|>": {
                "id": "<|im_start|>", "ids": [362], "tokens": ["<|im_start|>"],
            }},
        })
    };
    let folder = set(
        "tokenizer.json",
        "post_processor",
        process(vec![&piece, &text]),
    );
    let tokenizer = Tokenizer::from_pretrained(&folder).unwrap();
    assert_eq!(tokenizer.bos(), Some(362));
    let sample = tokenizer.encode_sample("fox", " elk").unwrap();
    assert_eq!(sample.ids[0], 362);
    assert_eq!(sample.prompt(), tokenizer.encode_prompt("fox").unwrap());
    for wrong in [vec![&text, &piece], vec![&piece, &piece, &text]] {
        let folder = set("tokenizer.json", "post_processor", process(wrong));
        let message = refused(&folder);
        assert!(
            message.contains("other tokens than one before a text"),
            "{message}"
        );
    }
}

#[test]
fn all_files_go_with_it() {
    let tokenizer = load();
    let folder = tempfile::tempdir().unwrap();
    tokenizer.save_pretrained(&folder, 512).unwrap();
    for name in [
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    ] {
        let (written, read) = (folder.path().join(name), golden().0.join(name));
        assert_eq!(
            fs::read(written).unwrap(),
            fs::read(read).unwrap(),
            "{name}"
        );
    }
    // The settings of generation are the model's.
    assert!(!folder.path().join("generation_config.json").exists());
    let copy = Tokenizer::from_pretrained(&folder).unwrap();
    assert_eq!(copy.eos(), tokenizer.eos());
}

#[test]
fn what_cannot_be_right_is_told() {
    let folder = set("tokenizer_config.json", "eos_token", "<eos>".into());
    let message = refused(&folder);
    assert!(message.contains("`eos_token` is `<eos>`"), "{message}");
    let folder = set("tokenizer_config.json", "pad_token", json!(3));
    let message = refused(&folder);
    assert!(
        message.contains("a text, or an object with `content`"),
        "{message}"
    );
    let folder = set("generation_config.json", "eos_token_id", json!([363, 9999]));
    let message = refused(&folder);
    assert!(message.contains("has 9999"), "{message}");
    let folder = set("tokenizer.json", "normalizer", json!({"type": "Lowercase"}));
    let message = refused(&folder);
    assert!(message.contains("a normalizer other than NFC"), "{message}");
    let folder = changed("tokenizer.json", |_| None);
    let error = Tokenizer::from_pretrained(&folder).unwrap_err();
    assert!(matches!(error, TokenizerError::File(_)), "{error}");
    // A damaged identifier must not fill the memory.
    let folder = changed("tokenizer.json", |mut settings| {
        settings["model"]["vocab"]["fox"] = u32::MAX.into();
        Some(settings)
    });
    let message = refused(&folder);
    assert!(message.contains("identifier is 4294967295"), "{message}");
}

#[test]
fn one_of_this_project_is_read_as_such() {
    let texts = ["fox = 3. elk = fox + 2."; 4];
    let trained = Tokenizer::train(texts.iter(), &Default::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    trained.save_pretrained(&folder, 64).unwrap();
    let read = Tokenizer::from_pretrained(&folder).unwrap();
    assert_eq!(read.special(), trained.special());
    assert_eq!(read.hash(), trained.hash());
}
