//! The repository's own tasks: `cargo xtask check`, `tidy`, `golden` and `peers`.

mod check;
mod golden;
mod peers;
mod repository;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask <task>

  check   tidy, formatting, clippy, documentation, each crate alone, doctests
          --without-doctests leaves out the last, for a caller that runs all tests anyway
  tidy    the rules of the house that no compiler knows
  golden  write the files in tests/golden anew, after an intended change
  peers   measure training and sampling beside PyTorch, which --python must have
          [--python PATH] [--rounds 3] [--only PART-OF-A-NAME] [--device cpu|cuda]
          [--compile] [--program PATH-OF-INTERPLAY]
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
        ["golden"] => golden::run(&root),
        ["peers", ..] => peers::run(&root, &words[1..]),
        [] | ["help" | "-h" | "--help"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => bail!("unknown task `{}`\n\n{USAGE}", words.join(" ")),
    }
}
