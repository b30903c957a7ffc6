//! The commands that the documents show are commands that this program reads.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;

use super::CommandLine;

#[test]
fn every_command_in_the_documents_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut documents = markdown_below(&root.join("docs"));
    documents.extend(["README.md", "crates/interplay/README.md"].map(|path| root.join(path)));
    let (mut seen, mut wrong) = (0, Vec::new());
    for path in documents {
        let text = fs::read_to_string(&path).unwrap();
        for words in shell_lines(&text).filter_map(|line| ours(&line)) {
            seen += 1;
            if let Err(error) = CommandLine::try_parse_from(&words)
                && error.kind() != ErrorKind::DisplayHelp
            {
                wrong.push(format!("{}: {}\n{error}", path.display(), words.join(" ")));
            }
        }
    }
    assert!(seen > 20, "found {seen} commands");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn commands_are_taken_from_shell_blocks() {
    let text = "interplay none\n```sh\ninterplay run --set a='b c' \\\n    --plan  # why\n\
                cargo run -p interplay --features cuda -- run > out\nsbatch x\n```\n";
    let found: Vec<_> = shell_lines(text).filter_map(|line| ours(&line)).collect();
    let expected = [
        vec!["interplay", "run", "--set", "a=b c", "--plan"],
        vec!["interplay", "run"],
    ];
    assert_eq!(found, expected);
}

/// The Markdown files below a folder.
fn markdown_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(markdown_below(&path));
        } else if path.extension().is_some_and(|end| end == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The lines of all blocks marked `sh`; lines that end in a backslash go on.
fn shell_lines(text: &str) -> impl Iterator<Item = String> {
    let mut inside = false;
    let mut whole = String::new();
    for line in text.lines() {
        match line.trim() {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => match line.strip_suffix('\\') {
                Some(part) => whole += part,
                None => whole += &format!("{line}\n"),
            },
            _ => {}
        }
    }
    whole
        .lines()
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}

/// The words of a line that calls this program; none for other programs.
fn ours(line: &str) -> Option<Vec<String>> {
    let words = words(line);
    let first = words.first()?;
    let arguments = if first == "interplay" {
        &words[1..]
    } else {
        let is_package = |pair: &[String]| pair[0] == "-p" && pair[1] == "interplay";
        let run = first == "cargo" && words.windows(2).any(is_package);
        let begin = words.iter().position(|word| word == "--").filter(|_| run)?;
        &words[begin + 1..]
    };
    let name = std::iter::once("interplay".to_owned());
    Some(name.chain(arguments.iter().cloned()).collect())
}

/// The words of a shell line without quotes, up to a comment, a pipe or a redirection.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in line.chars().chain([' ']) {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => word.push(letter),
            (None, '\'' | '"') => quote = Some(letter),
            (None, '#' | '|' | '>' | ';') if word.is_empty() => break,
            (None, ' ') if word.is_empty() => {}
            (None, ' ') => words.push(std::mem::take(&mut word)),
            (None, _) => word.push(letter),
        }
    }
    words
}
