//! Scores the solutions of a JSONL file against the problems of another.
//!
//! `cargo run -p interplay-gsm8k --example score_file -- PROBLEMS.jsonl SOLUTIONS.jsonl`
//!
//! The solutions have the fields `id` (the line of the problem, from 0) and `completion`. Both files
//! may be compressed, or Parquet with `--features parquet`. Without arguments the example scores
//! three solutions of its own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use interplay_environment::{Environment, Split};
use interplay_files::RecordReader;
use interplay_gsm8k::{Gsm8k, Gsm8kSpec};

#[derive(serde::Deserialize)]
struct Solution {
    id: u64,
    completion: String,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    if let (Some(problems), Some(solutions)) = (arguments.next(), arguments.next()) {
        return score(&problems, &solutions);
    }
    let folder = tempfile::tempdir()?;
    let (problems, solutions) = (
        folder.path().join("problems"),
        folder.path().join("solutions"),
    );
    fs::write(
        &problems,
        r#"{"question": "Ann had 48 clips and sold half. How many are left?", "answer": "48/2 = <<48/2=24>>24\n#### 24"}"#,
    )?;
    fs::write(
        &solutions,
        r#"{"id": 0, "completion": " 48 / 2 = 24 </solution> <answer> 24 </answer>"}
{"id": 0, "completion": "48 / 2 = 23\n#### 23"}
{"id": 0, "completion": "She has 24 clips, or 25."}"#,
    )?;
    score(&problems, &solutions)
}

fn score(problems: &Path, solutions: &Path) -> Result<()> {
    // A file that is only measured on: the training file is never opened.
    let spec = Gsm8kSpec::new("none", problems);
    let problems = Gsm8k::load(&spec, Split::Test, 0)?;
    let mut reader = RecordReader::open(solutions)?;
    let (mut accepted, mut all) = (0, 0);
    let expected = "a solution with `id` and `completion`";
    while let Some((_, solution)) = reader.next::<Solution>(expected)? {
        let example = problems
            .by_id(solution.id)
            .with_context(|| reader.error(&format!("there is no problem {}", solution.id)))?;
        let score = problems.score(&example, &solution.completion, 0)?;
        accepted += u32::from(score.accepted);
        all += 1;
        let verdict = if score.accepted { "right" } else { "wrong" };
        match score.first_error {
            None => println!("problem {}: {verdict}", solution.id),
            Some(error) => println!("problem {}: {verdict}; {error}", solution.id),
        }
    }
    println!("{accepted} of {all} are right");
    Ok(())
}
