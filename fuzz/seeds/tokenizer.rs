//! Tokenizers: that of the golden folder, one that is trained here, and changes that readers must notice.

use std::io;
use std::path::Path;

use interplay_fuzz::SEPARATOR;
use interplay_tokenizer::{Digits, Tokenizer, TrainerSpec};
use serde_json::{Map, Value, json};

use crate::{dictionary, seeds};

const GOLDEN: &str = "../crates/interplay-tokenizer/tests/golden/qwen2";

const WORDS: &[&str] = &[
    "\"version\":", "\"1.0\"", "\"truncation\":", "\"padding\":", "\"added_tokens\":", "\"id\":", "\"content\":",
    "\"single_word\":", "\"lstrip\":", "\"rstrip\":", "\"normalized\":", "\"special\":", "\"normalizer\":",
    "\"type\":", "\"NFC\"", "\"NFKC\"", "\"Sequence\"", "\"normalizers\":", "\"pre_tokenizer\":",
    "\"pretokenizers\":", "\"Split\"", "\"pattern\":", "{\"Regex\":\"", "{\"String\":\"", "\"behavior\":",
    "\"Isolated\"", "\"Removed\"", "\"MergedWithPrevious\"", "\"MergedWithNext\"", "\"Contiguous\"", "\"invert\":",
    "\"ByteLevel\"", "\"Digits\"", "\"individual_digits\":", "\"Punctuation\"", "\"Metaspace\"",
    "\"add_prefix_space\":", "\"trim_offsets\":", "\"use_regex\":", "\"post_processor\":", "\"TemplateProcessing\"",
    "\"single\":", "\"pair\":", "\"special_tokens\":", "\"SpecialToken\":", "\"type_id\":", "\"ids\":",
    "\"tokens\":", "\"RobertaProcessing\"", "\"sep\":", "\"cls\":", "\"processors\":", "\"decoder\":", "\"model\":",
    "\"BPE\"", "\"Unigram\"", "\"WordPiece\"", "\"dropout\":", "\"unk_token\":", "\"continuing_subword_prefix\":",
    "\"end_of_word_suffix\":", "\"fuse_unk\":", "\"byte_fallback\":", "\"ignore_merges\":", "\"vocab\":",
    "\"merges\":", "\"@\":", "\"\u{120}\"", "null", "true", "false", "4294967295", "16777215", "-1", "1e99",
    "\"eos_token\":", "\"pad_token\":", "\"eos_token_id\":", "\"pad_token_id\":", "(?!", "(?=", "(?<=", "(?i:",
    "\\\\s+", "\\\\p{L}", "\\\\p{N}{1,3}", "(a+)+", "{1000}", "\\\\1", "(?>", "|", "[^", "]", ")*", "\u{feff}",
    "{\"Fixed\":9999999999}", "\"strategy\":", "\"pad_to_multiple_of\":", "\"max_length\":", "\"stride\":",
];

/// Puts a short sign for the byte alphabet, whose identifiers follow one another.
fn compact(mut tokenizer: Value) -> Value {
    let vocab = tokenizer["model"]["vocab"].as_object_mut().expect("a vocabulary");
    let first = vocab["!"].clone();
    let letter = |key: &str| {
        let mut letters = key.chars();
        matches!((letters.next(), letters.next()), (Some('!'..='\u{143}'), None))
    };
    let all = std::mem::take(vocab);
    let others = all.into_iter().filter(|(key, _)| !letter(key));
    *vocab = others.chain([("@".to_owned(), first)]).collect::<Map<_, _>>();
    tokenizer
}

fn with(mut tokenizer: Value, pointer: &str, value: Value) -> Value {
    *tokenizer.pointer_mut(pointer).expect("a key of the tokenizer") = value;
    tokenizer
}

/// Writes the seeds and the dictionary of the target `tokenizer`.
pub fn write(folder: &Path) -> io::Result<()> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    let golden = |name: &str| std::fs::read(golden.join(name));
    let qwen: Value = serde_json::from_slice(&golden("tokenizer.json")?)?;
    let mut qwen = compact(qwen);
    let merges = qwen["model"]["merges"].as_array_mut().expect("merges");
    merges.truncate(12);
    let text = "Define fox; so a = 3.";
    let train = |digits| {
        let spec = TrainerSpec { vocab_size: 272, min_frequency: 1, digits };
        let tokenizer = Tokenizer::train([text].iter(), &spec).expect("the corpus is not empty");
        compact(serde_json::from_str(tokenizer.json()).expect("what was written"))
    };
    let own = train(Digits::Whole);
    let single = train(Digits::Single);
    let [config, generation] = [golden("tokenizer_config.json")?, golden("generation_config.json")?];
    let split = |pattern: Value, behavior: &str| {
        json!({"type": "Split", "pattern": pattern, "behavior": behavior, "invert": false})
    };
    let first = "/pre_tokenizer/pretokenizers/0";
    let template = json!({
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<|im_start|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<|im_start|>": {"id": "<|im_start|>", "ids": [362], "tokens": ["<|im_start|>"]}},
    });
    let processors = json!({"type": "Sequence", "processors": [
        {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}, template,
    ]});
    let words = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}]*[\p{Ll}\p{M}]+(?i:'s|'t)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s+(?!\S)|\s+";
    let variants = [
        qwen.clone(),
        own,
        single,
        with(qwen.clone(), "/post_processor", template.clone()),
        with(qwen.clone(), "/post_processor", processors),
        with(qwen.clone(), first, split(json!({"Regex": words}), "MergedWithNext")),
        with(qwen.clone(), first, split(json!({"Regex": r"\d{1,3}(?=(?:\d{3})*\b)"}), "Contiguous")),
        with(qwen.clone(), first, split(json!({"String": " "}), "MergedWithPrevious")),
        with(qwen.clone(), first, json!({"type": "Digits", "individual_digits": true})),
        with(qwen.clone(), "/model/merges", json!(["o l", "a n"])),
        with(qwen.clone(), "/model/ignore_merges", json!(true)),
        with(qwen.clone(), "/padding", json!({
            "strategy": {"Fixed": 8}, "direction": "Left", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0,
            "pad_token": "<|endoftext|>",
        })),
        with(qwen, "/truncation", json!({
            "direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0,
        })),
    ];
    let join = |tokenizer: &Value, others: [&[u8]; 4]| {
        let json = tokenizer.to_string();
        let [config, generation, model, text] = others;
        [json.as_bytes(), config, generation, model, text].join(SEPARATOR)
    };
    let mut files = Vec::new();
    for tokenizer in &variants {
        files.push(join(tokenizer, [&config, &generation, b"", "fox e\u{301}".as_bytes()]));
    }
    files.push(join(&variants[0], [b"", b"", br#"{"eos_token_id": [363, 0], "pad_token_id": 0}"#, b"a"]));
    let object = br#"{"eos_token": {"content": "<|im_end|>", "special": true}, "pad_token": null}"#;
    files.push(join(&variants[0], [object, b"", br#"{"eos_token_id": 0}"#, b""]));
    seeds(folder, "tokenizer", &files)?;
    dictionary(folder, &["tokenizer"], WORDS)
}
