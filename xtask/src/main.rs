//! The repository's own tasks: `cargo xtask check`, `tidy`, `circles`, `examples`, `golden`,
//! `book`, `python` and `peers`.

mod book;
mod check;
mod examples;
mod golden;
mod peers;
mod python;
mod repository;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
Usage: cargo xtask <TASK>

  check     Run tidy, rustfmt, Clippy, rustdoc, a check of each crate alone, and doctests
            [--without-doctests]  skip the doctests, for a caller that runs all tests anyway
  tidy      Check the rules that the compiler does not
  circles   List every import circle between files, tolerated ones included
            [PACKAGE]  only in this package
  examples  Run every example of the workspace once
  golden    Rewrite the files in tests/golden after an intended change
  book      Build the book into target/book, with mdBook; installs it below target if need be
  python    Build the Python wheel, install it and run its tests, in an environment below target
  peers     Compare training and sampling speed with PyTorch
            [--python PATH] [--rounds 3] [--only PART-OF-A-NAME] [--device cpu|cuda]
            [--compile] [--program PATH-OF-INTERPLAY]
            The Python given by --python needs `torch` and `transformers`
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let root = repository::root();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["check"] => check::run(&root, check::Doctests::Run),
        ["check", "--without-doctests"] => check::run(&root, check::Doctests::LeaveOut),
        ["tidy"] => tidy::run(&root),
        ["circles"] => tidy::circles::list(&root, ""),
        ["circles", package] => tidy::circles::list(&root, package),
        ["examples"] => examples::run(&root),
        ["golden"] => golden::run(&root),
        ["book"] => book::run(&root),
        ["python"] => python::run(&root),
        ["peers", ..] => peers::run(&root, &words[1..]),
        [] | ["help" | "-h" | "--help"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => bail!("unknown task `{}`\n\n{USAGE}", words.join(" ")),
    }
}
