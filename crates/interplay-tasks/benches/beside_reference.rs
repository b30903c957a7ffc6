//! This generator and the published Python one in turn, in one run: problems per second, and their ratio.
//!
//! `INTERPLAY_REFERENCE=FOLDER cargo bench --profile dev -p interplay-tasks --bench beside_reference -- ROUNDS`
//! where FOLDER holds `forward_generator.py` of the published code (of arXiv 2512.07783, or of
//! GSM-Infinite) and is not part of this repository. `INTERPLAY_PYTHON` names an interpreter that has
//! `numpy`, `networkx`, `matplotlib`, `pydot` and `termcolor`. Without a folder ours is timed alone.
//!
//! Both draw forward prose problems with two layers about a zoo, on one core. The published settings
//! for op 20 accept op 19 as well, and both are counted. Ours makes a gold graph too.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use interplay_graph::SeedStreams;
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};

/// How long each side draws in a round.
const TIME: Duration = Duration::from_secs(10);

/// Rounds unless told.
const ROUNDS: usize = 5;

/// The wanted op, and the published settings that are meant for it: `op_max` and accepted ops.
const KINDS: [(u32, u32, &[u32]); 2] = [(4, 4, &[4]), (20, 30, &[20, 19])];

fn main() {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok());
    let folder = std::env::var_os("INTERPLAY_REFERENCE");
    if folder.is_none() {
        println!("INTERPLAY_REFERENCE is not set: nothing to compare with");
    }
    for (op, op_max, wanted) in KINDS {
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds.unwrap_or(ROUNDS) {
            if let Some(folder) = &folder {
                theirs.push(reference(Path::new(folder), op_max, wanted, round));
            }
            ours.push(drawn(op, round));
            ratios.extend(theirs.last().map(|theirs| ours[round] / theirs));
        }
        println!("op {op}, forward prose, problems per second, median (least to most):");
        println!("  ours       {}", spread(&mut ours));
        if folder.is_some() {
            println!("  reference  {}", spread(&mut theirs));
            println!("  ratio      {}", spread(&mut ratios));
        }
    }
}

/// Problems per second of this crate, with texts and gold graph.
fn drawn(op: u32, round: usize) -> f64 {
    let spec = TaskSpec::single(Counts::one(op), "zoo", Dialect::Prose);
    let library = ContextLibrary::embedded();
    let streams = SeedStreams::new(round as u64);
    let data = Dataset::new(spec, &library, streams, "reference").expect("the spec is right");
    let mut text = String::new();
    let (mut count, start) = (0, Instant::now());
    while start.elapsed() < TIME {
        let problem = data.get(count).expect("the default bounds leave room");
        text.clear();
        problem.write_problem(&mut text);
        problem.write_question(&mut text);
        problem.write_solution(&mut text);
        assert!(!text.is_empty() && !problem.gold_graph().nodes.is_empty());
        count += 1;
    }
    count as f64 / start.elapsed().as_secs_f64()
}

/// Accepted problems per second of the published generator.
fn reference(folder: &Path, op_max: u32, wanted: &[u32], round: usize) -> f64 {
    let python = std::env::var_os("INTERPLAY_PYTHON").unwrap_or_else(|| "python3".into());
    let output = Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/beside_reference.py"))
        .arg(folder)
        .args([op_max.to_string(), TIME.as_secs().to_string()])
        .arg(round.to_string())
        .args(wanted.iter().map(u32::to_string))
        .output()
        .unwrap_or_else(|error| panic!("{} cannot be started: {error}", python.display()));
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [accepted, _drawn, seconds] = numbers[..] else {
        let errors = String::from_utf8_lossy(&output.stderr);
        panic!(
            "the published generator in {} fails:\n{errors}",
            folder.display()
        );
    };
    accepted / seconds
}

fn spread(values: &mut [f64]) -> String {
    values.sort_unstable_by(f64::total_cmp);
    let (least, most) = (values[0], values[values.len() - 1]);
    format!("{:.0} ({least:.0} to {most:.0})", values[values.len() / 2])
}
