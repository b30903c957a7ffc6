//! The tokenizer of a model folder: `tokenizer.json` and the settings beside it.
//!
//! The input has up to five parts: `tokenizer.json`, `tokenizer_config.json`, `generation_config.json`,
//! `config.json` and a text to encode. `"@":N` in the first stands for the byte alphabet with the identifiers
//! from N on, so that inputs are short.
#![no_main]

use std::sync::OnceLock;

use interplay_fuzz::{Folder, parts};
use interplay_tokenizer::Tokenizer;
use libfuzzer_sys::fuzz_target;
use tokenizers::normalizers::unicode::NFC;
use tokenizers::{NormalizedString, Normalizer as _};

static FOLDER: OnceLock<Folder> = OnceLock::new();
static COPY: OnceLock<Folder> = OnceLock::new();

const FILES: [&str; 4] =
    ["tokenizer.json", "tokenizer_config.json", "generation_config.json", "config.json"];

const TEXTS: [&str; 6] = [
    "",
    "<question> fox = 3. elk = fox + 2. elk? </question> <solution>",
    "Define adult fox in Beverly Forest as a; so a = 3.\n\n\r\n  12345 it's 'LL a<|im_end|>b[EOS]\t",
    "é e\u{301} 狐 \u{1F600}\u{200d} \u{0} \u{FFFD} ﬁ \u{1100}\u{1161} İ ß \u{a0}",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
    "                                                                                                    x",
];

/// Replaces the sign of the byte alphabet by its 256 letters.
fn expand(json: &[u8]) -> Vec<u8> {
    const SIGN: &[u8] = b"\"@\":";
    let Some(at) = json.windows(SIGN.len()).position(|window| window == SIGN) else {
        return json.to_vec();
    };
    let after = &json[at + SIGN.len()..];
    let digits = after.iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
    let first: u32 = std::str::from_utf8(&after[..digits]).unwrap_or("").parse().unwrap_or(0);
    let printable = |byte: &u32| matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    let letters = (0..256).filter(printable).chain(256..324);
    let entries = letters.zip(first..).map(|(letter, id)| {
        let letter = char::from_u32(letter).expect("a letter of the alphabet").to_string();
        format!("{}:{id}", serde_json::Value::from(letter))
    });
    let entries = entries.collect::<Vec<_>>().join(",");
    [&json[..at], entries.as_bytes(), &after[digits..]].concat()
}

fn canonical(text: &str) -> String {
    let mut text = NormalizedString::from(text);
    NFC.normalize(&mut text).expect("every text has this form");
    text.get().to_owned()
}

/// Encodes a text with a tokenizer that was read twice, and decodes it.
fn check(tokenizer: &Tokenizer, again: &Tokenizer, text: &str) {
    let size = tokenizer.vocab_size() as u32;
    let Ok(prompt) = tokenizer.encode_prompt(text) else {
        panic!("a tokenizer that was read encodes every text");
    };
    assert!(prompt.iter().all(|id| *id < size), "a token outside the vocabulary");
    assert_eq!(prompt, again.encode_prompt(text).expect("as before"), "the same file, other tokens");
    let sample = tokenizer.encode_sample(text, text).expect("every text is encoded");
    assert_eq!(sample.prompt(), prompt);
    let opened = usize::from(tokenizer.bos().is_some());
    let mut ids = prompt[opened..].to_vec();
    ids.push(tokenizer.eos());
    let has_tags = tokenizer.special().is_some() && text.contains(['<', '[']);
    let decoded = tokenizer.decode_completion_with_spans(&ids);
    assert_eq!(decoded.text, tokenizer.decode_completion(&ids));
    assert_eq!(decoded.spans.len(), ids.len());
    assert!(decoded.spans.iter().all(|span| span.start <= span.end && span.end <= decoded.text.len()));
    if !has_tags {
        assert_eq!(canonical(&decoded.text), canonical(text), "a text survives the round trip");
    }
    tokenizer.encode(text).expect("every text is encoded");
}

fuzz_target!(|data: &[u8]| {
    let folder = FOLDER.get_or_init(|| Folder::new("tokenizer"));
    let parts = parts(data);
    let json = expand(parts[0]);
    folder.put(FILES[0], Some(&json));
    for (index, name) in FILES.iter().enumerate().skip(1) {
        folder.put(name, parts.get(index).copied());
    }
    let tokenizer = match Tokenizer::from_pretrained(folder.path()) {
        Ok(tokenizer) => tokenizer,
        Err(error) => {
            let message = error.to_string();
            let path = folder.path().display().to_string();
            assert!(message.contains(&path), "an error tells what was read: {message}");
            return;
        }
    };
    let again = Tokenizer::from_pretrained(folder.path()).expect("the same file is read again");
    let size = tokenizer.vocab_size();
    assert_eq!((again.hash(), again.vocab_size()), (tokenizer.hash(), size));
    assert_eq!(again.ends(), tokenizer.ends());
    let marks = tokenizer.ends().iter().copied().chain([tokenizer.pad()]).chain(tokenizer.bos());
    assert!(marks.into_iter().all(|id| (id as usize) < size), "a mark outside the vocabulary");
    for text in TEXTS {
        check(&tokenizer, &again, text);
    }
    if let Some(text) = parts.get(4).and_then(|text| std::str::from_utf8(text).ok()) {
        check(&tokenizer, &again, text);
    }
    let ids: Vec<u32> = (0..=size as u32 + 1).step_by(size / 512 + 1).collect();
    let decoded = tokenizer.decode_with_spans(&ids);
    assert_eq!(decoded.text, again.decode(&ids), "the same file, other texts");

    let copy = COPY.get_or_init(|| Folder::new("tokenizer-copy"));
    for (index, name) in FILES.iter().enumerate().skip(1) {
        copy.put(name, parts.get(index).copied());
    }
    tokenizer.save_pretrained(copy.path(), 64).expect("a tokenizer is written");
    let copied = Tokenizer::from_pretrained(copy.path()).expect("what was written is read");
    assert_eq!(copied.hash(), tokenizer.hash());
});
