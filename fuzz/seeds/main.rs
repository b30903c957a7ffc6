//! Writes the seed corpora and the dictionaries: `seeds FOLDER`.
//!
//! The seeds for the verifier are the right solutions of the fixed problems and mutants of them by every
//! operator of the audit. The dictionary holds the words and signs of both dialects.

mod folder;
mod reply;
#[cfg(feature = "tokenizer")]
mod tokenizer;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use interplay_fuzz::subjects;
use interplay_audit::{Draw, Operator};

const WORDS: &[&str] = &[
    "Define ", " as ", "; so ", "so ", " = ", " + ", " - ", " * ", " / ", "*", "(", ")", ". ", "; ",
    "Answer: ", "x", "3*x", " we don't know its value yet but will find it out later.",
    "We know ", ", so we have ", " and we solve it through the following steps: ",
    "Simplifying the equation: ", "Move all terms to one side: ", "Isolate the term with x: ",
    "Divide both sides by ", "Solution: ", "Solve ", ": ", "<question>", "</question>", "<solution>",
    "</solution>", "<answer>", "</answer>", "[BOS]", "[EOS]", "[PAD]", "[UNK]",
    "The question is difficult, so we use equations to solve it. ", "9223372036854775807",
    "-9223372036854775808", "0", "-1", "é", "((((((((",
];

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let folder = Path::new(&folder);
    let mut texts = BTreeSet::new();
    for (index, subject) in subjects().iter().enumerate() {
        texts.insert((index as u8, subject.solution().to_owned()));
        for (number, operator) in Operator::all().enumerate() {
            let word = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 + number as u64);
            let mut draw = Draw::of_choices(vec![word, !word, word.rotate_left(17)]);
            if let Some(mutant) = operator.mutate(subject, &mut draw)
                && (index + number) % 4 == 0
            {
                texts.insert((index as u8, mutant.text));
            }
        }
    }
    for target in ["candidate", "gold", "linear"] {
        let corpus = folder.join("corpus").join(target);
        fs::create_dir_all(&corpus)?;
        for (number, (index, text)) in texts.iter().enumerate() {
            let mut file = fs::File::create(corpus.join(format!("seed-{number:05}")))?;
            if target != "gold" {
                file.write_all(&[*index])?;
            }
            file.write_all(text.as_bytes())?;
        }
    }
    dictionary(folder, &["candidate", "gold", "linear"], WORDS)?;
    println!("{} seeds for each target of the verifier", texts.len());
    folder::write(folder)?;
    reply::write(folder)?;
    #[cfg(feature = "tokenizer")]
    tokenizer::write(folder)?;
    Ok(())
}

/// Writes the words as the dictionary of each target.
fn dictionary(folder: &Path, targets: &[&str], words: &[&str]) -> std::io::Result<()> {
    let mut dictionary = String::new();
    for word in words {
        dictionary.push('"');
        for byte in word.bytes() {
            match byte {
                b'"' | b'\\' => dictionary.push_str(&format!("\\{}", byte as char)),
                b' '..=b'~' => dictionary.push(byte as char),
                _ => dictionary.push_str(&format!("\\x{byte:02X}")),
            }
        }
        dictionary.push_str("\"\n");
    }
    for target in targets {
        let path = folder.join("corpus").join(format!("{target}.dict"));
        fs::write(path, &dictionary)?;
    }
    Ok(())
}

/// Writes the seeds of one target.
fn seeds(folder: &Path, target: &str, seeds: &[Vec<u8>]) -> std::io::Result<()> {
    let corpus = folder.join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(corpus.join(format!("seed-{number:05}")), seed)?;
    }
    println!("{} seeds for {target}", seeds.len());
    Ok(())
}
