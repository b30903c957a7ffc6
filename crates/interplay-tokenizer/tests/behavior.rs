//! What a tokenizer promises: determinism, the prompt prefix, the framing, its file.

use interplay_environment::framing;
use interplay_files::FileError;
use interplay_tokenizer::{Digits, EncodedSample, Tokenizer, TokenizerError, TrainerSpec};

const PROSE: &str = "The number of adult fox in Beverly Forest equals 3. The number of adult owl \
    in Beverly Forest equals 2 times the number of adult fox in Beverly Forest.";
const PROSE_QUESTION: &str = "What is the total number of adult animals in Beverly Forest?";
const PROSE_REASONING: &str = "Define adult fox in Beverly Forest as a; so a = 3. Define adult owl \
    in Beverly Forest as b; so b = 2 * a = 2 * 3 = 6. Answer: 9.";
const TERSE: &str = "fox = 3. elk = fox + 2. owl = fox - elk + 14.";

fn corpus() -> Vec<String> {
    let mut texts: Vec<String> = (0..200)
        .map(|n| {
            format!(
                "<question> fox = {n}. elk = fox + {}. elk? </question> <solution> fox = {n}. \
                 </solution> <answer> {n} </answer>",
                n % 7
            )
        })
        .collect();
    texts.extend([PROSE, PROSE_QUESTION, PROSE_REASONING, TERSE].map(String::from));
    texts
}

/// The prompt and the target of a problem.
fn framed(problem: &str, question: &str, reasoning: &str, answer: &str) -> (String, String) {
    let prompt = framing::prompt(&format!("{problem} {question}"));
    (prompt, framing::target(reasoning, answer))
}

fn sample(tokenizer: &Tokenizer, texts: [&str; 4]) -> EncodedSample {
    let (prompt, target) = framed(texts[0], texts[1], texts[2], texts[3]);
    tokenizer.encode_sample(&prompt, &target).unwrap()
}

fn train(digits: Digits) -> Tokenizer {
    let spec = TrainerSpec {
        vocab_size: 600,
        digits,
        ..TrainerSpec::default()
    };
    Tokenizer::train(corpus().into_iter(), &spec).unwrap()
}

#[test]
fn the_same_texts_in_any_order_give_the_same_bytes() {
    let first = train(Digits::Whole);
    let spec = TrainerSpec {
        vocab_size: 600,
        ..TrainerSpec::default()
    };
    for _ in 0..4 {
        let again = Tokenizer::train(corpus().into_iter().rev(), &spec).unwrap();
        assert_eq!(again.json(), first.json());
        assert_eq!(again.hash(), first.hash());
    }
    assert_eq!(first.hash().len(), 64);
}

#[test]
fn a_prompt_is_the_beginning_of_its_sample() {
    for digits in [Digits::Whole, Digits::Single] {
        let tokenizer = train(digits);
        let prompt = tokenizer
            .encode_prompt(&framed(PROSE, PROSE_QUESTION, "", "").0)
            .unwrap();
        let sample = sample(&tokenizer, [PROSE, PROSE_QUESTION, PROSE_REASONING, "9"]);
        assert_eq!(sample.prompt(), prompt);
        assert_eq!(
            prompt.last(),
            Some(&tokenizer.special().unwrap().solution_open)
        );
        assert_eq!(sample.ids.first(), Some(&tokenizer.special().unwrap().bos));
        assert_eq!(sample.ids.last(), Some(&tokenizer.special().unwrap().eos));
    }
}

#[test]
fn a_sample_decodes_to_its_model_text_and_encodes_alike() {
    let text = format!(
        "<question> {PROSE} {PROSE_QUESTION} </question> <solution> {PROSE_REASONING} </solution> \
         <answer> 9 </answer>"
    );
    let tokenizer = train(Digits::Whole);
    let sample = sample(&tokenizer, [PROSE, PROSE_QUESTION, PROSE_REASONING, "9"]);
    assert_eq!(tokenizer.decode(&sample.ids), text);
    let ids = tokenizer.encode(&text).unwrap();
    assert_eq!(ids, sample.ids[1..sample.ids.len() - 1]);
}

#[test]
fn a_sampled_completion_reads_as_it_was_taught() {
    let tokenizer = train(Digits::Whole);
    let sample = sample(
        &tokenizer,
        [TERSE, "elk?", "fox = 3. elk = fox + 2 = 3 + 2 = 5.", "5"],
    );
    assert_eq!(
        tokenizer.decode(sample.completion()),
        " fox = 3. elk = fox + 2 = 3 + 2 = 5. </solution> <answer> 5 </answer>"
    );
}

#[test]
fn a_completion_to_judge_hides_no_token() {
    let tokenizer = train(Digits::Whole);
    let special = tokenizer.special().unwrap();
    let reasoning = "fox = 3. elk = fox + 2 = 3 + 2 = 5.";
    let sample = sample(&tokenizer, [TERSE, "elk?", reasoning, "5"]);
    let told = format!(" {reasoning} </solution> <answer> 5 </answer>");
    let mut ids = sample.completion().to_vec();
    assert_eq!(tokenizer.decode_completion(&ids), told);

    ids.push(special.eos);
    assert_eq!(tokenizer.decode_completion(&ids), format!("{told}[EOS]"));
    ids.push(special.pad);
    let shown = tokenizer.decode_completion(&ids);
    assert_eq!(shown, format!("{told}[EOS][EOS][PAD]"));
    assert_eq!(tokenizer.decode(&ids), told);

    // Whatever special token stands wherever, its name stands in the text.
    for (id, name) in [
        (special.bos, "[BOS]"),
        (special.eos, "[EOS]"),
        (special.pad, "[PAD]"),
        (special.unk, "[UNK]"),
        (special.question_open, "<question>"),
    ] {
        for index in [0, 3, sample.completion().len() - 1] {
            let mut ids = sample.completion().to_vec();
            ids.insert(index, id);
            let shown = tokenizer.decode_completion(&ids);
            assert!(shown.contains(name), "{shown}");
        }
    }
    assert_eq!(tokenizer.decode_completion(&[special.eos]), "");
    assert_eq!(tokenizer.decode_completion(&[]), "");
}

#[test]
fn the_framing_costs_no_space_tokens() {
    let tokenizer = train(Digits::Whole);
    let prompt = tokenizer
        .encode_prompt(&framing::prompt("fox elk"))
        .unwrap();
    let body = tokenizer.encode(" fox elk").unwrap();
    assert_eq!(prompt.len(), body.len() + 4);
}

#[test]
fn a_frequent_word_is_one_token_with_its_space() {
    let tokenizer = train(Digits::Whole);
    for word in [" fox", " elk", " =", " 3", " 120"] {
        assert_eq!(tokenizer.encode(word).unwrap().len(), 1, "{word:?}");
    }
    let single = train(Digits::Single);
    assert_eq!(single.encode(" 120").unwrap().len(), 4);
    assert_eq!(
        single.decode(&single.encode("x = 120.").unwrap()),
        "x = 120."
    );
}

#[test]
fn only_a_sequence_has_ends() {
    let tokenizer = train(Digits::Whole);
    let special = tokenizer.special().unwrap();
    let prompt = framing::prompt("fox = 3. elk? [EOS] [BOS]");
    let ids = tokenizer.encode_prompt(&prompt).unwrap();
    assert!(!ids.contains(&special.eos));
    assert_eq!(ids.iter().filter(|&&id| id == special.bos).count(), 1);
    assert_eq!(tokenizer.decode(&ids), prompt);
}

#[test]
fn a_prompt_without_tags_is_a_prefix_too() {
    let tokenizer = train(Digits::Whole);
    let sample = tokenizer.encode_sample("fox = 3. elk =", " 5").unwrap();
    let prompt = tokenizer.encode_prompt("fox = 3. elk =").unwrap();
    assert_eq!(sample.prompt(), prompt);
    assert_eq!(tokenizer.decode(sample.completion()), " 5");
}

#[test]
fn spans_point_at_each_token() {
    let tokenizer = train(Digits::Whole);
    let sample = sample(&tokenizer, [TERSE, "elk?", "fox = 3.", "3"]);
    let decoded = tokenizer.decode_with_spans(&sample.ids);
    assert_eq!(decoded.text, tokenizer.decode(&sample.ids));
    assert_eq!(decoded.spans.len(), sample.ids.len());
    assert_eq!(decoded.spans[0], 0..0);
    for (&id, span) in sample.ids.iter().zip(&decoded.spans).skip(1) {
        let alone = tokenizer.decode(&[id]);
        assert_eq!(&decoded.text[span.clone()], alone);
    }
}

#[test]
fn an_id_outside_the_vocabulary_is_visible() {
    let tokenizer = train(Digits::Whole);
    assert_eq!(tokenizer.decode(&[u32::MAX]), "\u{FFFD}");
}

#[test]
fn a_file_holds_the_whole_tokenizer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    for digits in [Digits::Whole, Digits::Single] {
        let tokenizer = train(digits);
        tokenizer.save(&path).unwrap();
        let loaded = Tokenizer::load(&path).unwrap();
        assert_eq!(loaded.hash(), tokenizer.hash());
        assert_eq!(loaded.vocab_size(), tokenizer.vocab_size());
        assert_eq!(loaded.special(), tokenizer.special());
        for text in [
            PROSE,
            PROSE_REASONING,
            TERSE,
            "<solution> x </solution> é狐",
        ] {
            let ids = tokenizer.encode(text).unwrap();
            assert_eq!(loaded.encode(text).unwrap(), ids);
            assert_eq!(loaded.decode(&ids), text);
        }
    }
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "no partial file may stay behind");
}

/// What `transformers` does with the file: it adds `[BOS]` and, where it skips special tokens, keeps the tags.
#[test]
fn other_programs_get_the_same_tokens_and_keep_the_tags() {
    for digits in [Digits::Whole, Digits::Single] {
        let tokenizer = train(digits);
        let other: tokenizers::Tokenizer = tokenizer.json().parse().unwrap();
        for question in [PROSE_QUESTION, "elk? 狐 é"] {
            let prompt = framed(PROSE, question, "", "").0;
            let ids = tokenizer.encode_prompt(&prompt).unwrap();
            assert_eq!(other.encode(prompt.as_str(), true).unwrap().get_ids(), ids);
        }
        let sample = sample(&tokenizer, [PROSE, PROSE_QUESTION, PROSE_REASONING, "9"]);
        let read = other.decode(sample.completion(), true).unwrap();
        let without_spaces = |text: &str| text.replace(' ', "");
        let whole = format!("{PROSE_REASONING}</solution><answer>9</answer>");
        assert_eq!(without_spaces(&read), without_spaces(&whole));
    }
}

#[test]
fn a_folder_says_how_its_tokenizer_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = train(Digits::Whole);
    tokenizer.save_pretrained(folder.path(), 512).unwrap();
    let loaded = Tokenizer::load(folder.path().join("tokenizer.json")).unwrap();
    assert_eq!(loaded.hash(), tokenizer.hash());
    let text = std::fs::read_to_string(folder.path().join("tokenizer_config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(config["model_max_length"], 512);
    assert_eq!(
        [
            &config["bos_token"],
            &config["eos_token"],
            &config["pad_token"]
        ],
        ["[BOS]", "[EOS]", "[PAD]"]
    );
    assert!(
        config["chat_template"]
            .as_str()
            .unwrap()
            .contains("<question>")
    );
    let missing = tokenizer.save_pretrained(folder.path().join("nowhere"), 512);
    assert!(
        matches!(missing, Err(TokenizerError::File(_))),
        "{missing:?}"
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_tokenizer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let tokenizer = train(Digits::Whole);
    std::fs::write(&path, format!("\u{feff}{}", tokenizer.json())).unwrap();
    let loaded = Tokenizer::load(&path).unwrap();
    assert_eq!(loaded.hash(), tokenizer.hash());
    loaded.save(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), tokenizer.json());
}

#[test]
fn a_broken_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let error = Tokenizer::load(&path).unwrap_err();
    let TokenizerError::File(FileError::Io { source, .. }) = &error else {
        panic!("{error}");
    };
    assert!(error.to_string().contains(&source.to_string()), "{error}");

    let json = train(Digits::Whole).json().to_owned();
    std::fs::write(&path, &json[..json.len() / 2]).unwrap();
    let error = Tokenizer::load(&path).unwrap_err();
    assert!(matches!(error, TokenizerError::Malformed { .. }), "{error}");

    std::fs::write(&path, json.replace("<answer>", "<reply>")).unwrap();
    let error = Tokenizer::load(&path).unwrap_err().to_string();
    assert!(error.contains("<answer>"), "{error}");
    assert!(!error.contains("</answer>"), "{error}");
}

#[test]
fn a_file_that_would_change_texts_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let json: serde_json::Value = serde_json::from_str(train(Digits::Single).json()).unwrap();
    let load = |key: &str, value: serde_json::Value| {
        let mut changed = json.clone();
        *changed.pointer_mut(key).unwrap() = value;
        std::fs::write(&path, changed.to_string()).unwrap();
        Tokenizer::load(&path)
    };
    let whole = json.pointer("/pre_tokenizer/pretokenizers/1").unwrap();
    assert!(load("/pre_tokenizer", whole.clone()).is_ok());
    let cases = [
        (
            "/normalizer",
            serde_json::json!({"type": "Lowercase"}),
            "normalizer",
        ),
        (
            "/pre_tokenizer/pretokenizers/1/add_prefix_space",
            true.into(),
            "add_prefix_space",
        ),
        (
            "/pre_tokenizer",
            serde_json::json!({"type": "Whitespace"}),
            "byte alphabet",
        ),
        ("/pre_tokenizer", serde_json::Value::Null, "byte alphabet"),
        (
            "/pre_tokenizer/pretokenizers/0",
            serde_json::json!({"type": "Whitespace"}),
            "step 1",
        ),
    ];
    for (key, value, part) in cases {
        let error = load(key, value).unwrap_err();
        assert!(
            matches!(error, TokenizerError::NotByteLevel { .. }),
            "{error}"
        );
        let message = error.to_string();
        for part in [part, "tokenizer.json", "expected", "train"] {
            assert!(message.contains(part), "{part} not in: {message}");
        }
    }
}

#[test]
fn an_empty_corpus_is_refused() {
    let spec = TrainerSpec::default();
    let none: [String; 0] = [];
    for error in [
        Tokenizer::train(none.into_iter(), &spec).unwrap_err(),
        Tokenizer::train(["<question> </question>"].into_iter(), &spec).unwrap_err(),
    ] {
        assert!(matches!(error, TokenizerError::EmptyCorpus), "{error}");
    }
}

#[test]
fn the_ids_are_fixed_for_special_tokens() {
    let special = train(Digits::Whole).special().unwrap();
    assert_eq!(
        (special.bos, special.eos, special.pad, special.unk),
        (0, 1, 2, 3)
    );
    assert_eq!((special.question_open, special.answer_close), (4, 9));
}
