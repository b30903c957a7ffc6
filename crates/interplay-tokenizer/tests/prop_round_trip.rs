//! Any text survives the round trip, and any tokens decode without a panic.

use std::sync::LazyLock;

use interplay_environment::framing;
use interplay_tokenizer::{Tokenizer, TrainerSpec};
use proptest::prelude::*;

static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| {
    let spec = TrainerSpec {
        vocab_size: 320,
        min_frequency: 1,
        ..TrainerSpec::default()
    };
    let text = "Define adult fox in Beverly Forest as a; so a = 3. elk = 2 * (fox + owl) = 14.";
    Tokenizer::train([text].iter(), &spec).expect("the corpus is not empty")
});

proptest! {
    #[test]
    fn any_text_without_tags_round_trips(text in any::<String>()) {
        let ids = TOKENIZER.encode(&text).unwrap();
        prop_assert_eq!(TOKENIZER.decode(&ids), text);
    }

    #[test]
    fn a_prompt_is_a_prefix_whatever_follows(
        prompt in any::<String>(),
        question in "\\PC*",
        target in any::<String>(),
    ) {
        for prompt in [prompt, framing::prompt(&question)] {
            let ids = TOKENIZER.encode_prompt(&prompt).unwrap();
            let sample = TOKENIZER.encode_sample(&prompt, &target).unwrap();
            prop_assert_eq!(sample.prompt(), ids);
        }
    }

    #[test]
    fn any_tokens_decode_and_every_span_is_inside(ids in prop::collection::vec(0u32..400, 0..64)) {
        let decoded = TOKENIZER.decode_with_spans(&ids);
        prop_assert_eq!(&decoded.text, &TOKENIZER.decode(&ids));
        for span in &decoded.spans {
            prop_assert!(span.start <= span.end && span.end <= decoded.text.len());
        }
    }
}
