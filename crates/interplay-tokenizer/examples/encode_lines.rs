//! The Rust half of `xtask/peers/folders.py`: encodes prompts with the tokenizer of a model folder, this project's or another's.
//!
//! `encode_lines FOLDER` reads prompts from standard input, a JSON string a line, and writes their tokens, a JSON array a
//! line.

use std::io::{BufRead, BufWriter, Write};

use interplay_tokenizer::Tokenizer;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("usage: encode_lines FOLDER")?;
    let tokenizer = Tokenizer::from_pretrained(folder)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let prompt: String = serde_json::from_str(&line?)?;
        writeln!(
            out,
            "{}",
            serde_json::to_string(&tokenizer.encode_prompt(&prompt)?)?
        )?;
    }
    Ok(out.flush()?)
}
