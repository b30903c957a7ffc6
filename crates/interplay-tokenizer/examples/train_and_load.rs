//! Trains a tokenizer, saves it as `tokenizer.json`, loads it and encodes a problem.
//!
//! `cargo run -p interplay-tokenizer --example train_and_load`

use interplay_environment::framing;
use interplay_tokenizer::{Tokenizer, TrainerSpec};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let corpus = (0..500).map(|n| {
        let prompt = framing::prompt(&format!("fox = {n}. elk = fox + 2. elk?"));
        let reasoning = format!("fox = {n}. elk = fox + 2 = {n} + 2 = {}.", n + 2);
        prompt + &framing::target(&reasoning, &(n + 2).to_string())
    });
    let spec = TrainerSpec {
        vocab_size: 400,
        ..TrainerSpec::default()
    };
    let trained = Tokenizer::train(corpus, &spec)?;

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("tokenizer.json");
    trained.save(&path)?;
    let tokenizer = Tokenizer::load(&path)?;
    assert_eq!(tokenizer.hash(), trained.hash());
    println!(
        "{} tokens, SHA-256 {}",
        tokenizer.vocab_size(),
        tokenizer.hash()
    );

    let prompt = framing::prompt("fox = 3. elk = fox + 2. elk?");
    let target = framing::target("fox = 3. elk = fox + 2 = 3 + 2 = 5.", "5");
    let sample = tokenizer.encode_sample(&prompt, &target)?;
    for (name, ids) in [("prompt", sample.prompt()), ("target", sample.completion())] {
        println!("{name}: {} tokens {ids:?}", ids.len());
        println!("  {}", tokenizer.decode(ids));
    }
    Ok(())
}
