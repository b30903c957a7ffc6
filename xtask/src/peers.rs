//! `peers`: compares training and sampling speed with PyTorch on the same work, in several rounds.
//!
//! Both sides are programs that print one JSON line: `interplay throughput`, and the scripts in
//! `xtask/peers`, which need `torch` and `transformers`. A round runs every program once, so that
//! other load on the machine affects all of them; a round's ratio compares adjacent runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// A model size and the work to measure it on, as flags that both sides accept.
struct Case {
    name: &'static str,
    model: &'static str,
    work: &'static str,
    /// Whether it samples instead of training.
    samples: bool,
}

const fn train(name: &'static str, model: &'static str, work: &'static str) -> Case {
    let samples = false;
    Case {
        name,
        model,
        work,
        samples,
    }
}

const fn sample(name: &'static str, model: &'static str, work: &'static str) -> Case {
    Case {
        samples: true,
        ..train(name, model, work)
    }
}

const TINY: &str = "--hidden 128 --layers 4 --heads 4 --kv-heads 4 --intermediate 344 --vocab 512";
const SMALL: &str = "--hidden 256 --layers 4 --heads 4 --kv-heads 4 --intermediate 768 --vocab 512";
const MEDIUM: &str =
    "--hidden 512 --layers 8 --heads 8 --kv-heads 8 --intermediate 1408 --vocab 512";
const LARGE: &str =
    "--hidden 768 --layers 12 --heads 12 --kv-heads 2 --intermediate 3072 --vocab 2200";

/// Sizes of 0.9, 3.5, 25 and 103 million parameters; sequences of 64 to 2048 tokens.
const CASES: [Case; 10] = [
    train("train 0.9M 64x64", TINY, "--batch 64 --seq 64 --steps 12"),
    train("train 0.9M 32x128", TINY, "--batch 32 --seq 128 --steps 12"),
    train("train 3.5M 16x256", SMALL, "--batch 16 --seq 256 --steps 8"),
    train("train 3.5M 2x2048", SMALL, "--batch 2 --seq 2048 --steps 8"),
    train(
        "train 25M 8x256",
        MEDIUM,
        "--batch 8 --seq 256 --steps 5 --warmup 1",
    ),
    train(
        "train 25M 1x2048",
        MEDIUM,
        "--batch 1 --seq 2048 --steps 5 --warmup 1",
    ),
    train(
        "train 103M 4x256",
        LARGE,
        "--batch 4 --seq 256 --steps 3 --warmup 1",
    ),
    train(
        "train 103M 1x2048",
        LARGE,
        "--batch 1 --seq 2048 --steps 3 --warmup 1",
    ),
    sample(
        "sample 0.9M 256x128",
        TINY,
        "--sequences 256 --prompt 48 --new 128 --runs 2",
    ),
    sample(
        "sample 3.5M 256x128",
        SMALL,
        "--sequences 256 --prompt 48 --new 128 --runs 1",
    ),
];

/// The command line.
struct Options {
    python: PathBuf,
    rounds: usize,
    /// Only run cases whose name contains this.
    only: String,
    cuda: bool,
    compile: bool,
    /// The program to measure; if absent, `interplay` is built first.
    program: Option<PathBuf>,
}

impl Options {
    fn read(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            python: "python3".into(),
            rounds: 3,
            only: String::new(),
            cuda: false,
            compile: false,
            program: None,
        };
        let mut words = arguments.iter();
        while let Some(flag) = words.next() {
            if *flag == "--compile" {
                options.compile = true;
                continue;
            }
            let value = words
                .next()
                .with_context(|| format!("{flag}: expected a value"))?;
            match *flag {
                "--python" => options.python = value.into(),
                "--only" => options.only = (*value).to_owned(),
                "--program" => options.program = Some(value.into()),
                "--rounds" => {
                    let rounds = value.parse().ok().filter(|rounds| *rounds > 0);
                    options.rounds = rounds.with_context(|| {
                        format!("--rounds: found `{value}`, expected a positive integer")
                    })?;
                }
                "--device" => match *value {
                    "cpu" => options.cuda = false,
                    "cuda" => options.cuda = true,
                    _ => bail!("--device: found `{value}`, expected cpu or cuda"),
                },
                _ => bail!(
                    "unknown flag `{flag}`, expected --python, --rounds, --only, --device, \
                     --compile or --program"
                ),
            }
        }
        Ok(options)
    }
}

/// A program that prints one JSON line about a case.
struct Side {
    name: String,
    command: Vec<OsString>,
}

/// Measures every selected case and prints a line for each.
pub fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let options = Options::read(arguments)?;
    let cases: Vec<&Case> = CASES
        .iter()
        .filter(|case| case.name.contains(&options.only))
        .collect();
    ensure!(
        !cases.is_empty(),
        "--only: no case name contains `{}`",
        options.only
    );
    let program = match &options.program {
        Some(program) => program.clone(),
        None => build(root, options.cuda)?,
    };
    println!(
        "{:22} {:>12} {:>12} {:>24} {:>8} {:>7}",
        "case", "interplay", "peer", "ratio (least to most)", "of peak", "MiB"
    );
    for case in cases {
        let (ours, peers) = sides(root, &options, &program, case);
        measure(case, &options, &ours, &peers)?;
    }
    Ok(())
}

/// Builds `interplay` and returns its path.
fn build(root: &Path, cuda: bool) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command
        .args(["build", "--bin", "interplay"])
        .current_dir(root);
    if cuda {
        command.args(["--features", "cuda"]);
    }
    let status = command.status().context("starting cargo build")?;
    ensure!(status.success(), "`cargo build --bin interplay` failed");
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| root.join("target"));
    Ok(target.join("debug").join("interplay"))
}

fn sides(root: &Path, options: &Options, program: &Path, case: &Case) -> (Side, Vec<Side>) {
    let work = if case.samples { "sample" } else { "train" };
    let mut ours: Vec<OsString> = vec![program.into(), "throughput".into(), work.into()];
    ours.extend(["--device", if options.cuda { "cuda" } else { "flex" }].map(Into::into));
    if options.cuda {
        ours.push("--bf16".into());
    }
    let script = if case.samples {
        "torch_generate.py"
    } else {
        "torch_train.py"
    };
    let script = root.join("xtask").join("peers").join(script);
    let mut peer: Vec<OsString> = vec![options.python.clone().into(), script.into()];
    peer.extend(["--device", if options.cuda { "cuda" } else { "cpu" }].map(Into::into));
    if options.cuda {
        peer.push("--bf16".into());
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    peer.extend(["--threads".into(), threads.to_string().into()]);
    let words = [case.model, case.work].map(str::split_whitespace);
    let shared = words.into_iter().flatten().map(OsString::from);
    ours.extend(shared.clone());
    peer.extend(shared);
    let mut peers = vec![Side {
        name: if case.samples {
            "transformers"
        } else {
            "eager"
        }
        .into(),
        command: peer.clone(),
    }];
    if options.compile && !case.samples {
        peer.push("--compile".into());
        peers.push(Side {
            name: "compiled".into(),
            command: peer,
        });
    }
    let name = "interplay".into();
    (
        Side {
            name,
            command: ours,
        },
        peers,
    )
}

/// Runs a program and parses the last line that it prints.
fn ask(side: &Side) -> Result<Value> {
    let [program, arguments @ ..] = &side.command[..] else {
        bail!("{}: nothing to run", side.name);
    };
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("starting {}", Path::new(program).display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or_default();
    match serde_json::from_str(line) {
        Ok(value) if output.status.success() => Ok(value),
        _ => bail!(
            "{} exited with {}; expected a JSON line, found `{line}`\n{}",
            side.name,
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

/// The throughput in a side's answer, in tokens per second.
fn rate(answer: &Value) -> Result<f64> {
    let field = ["tokens_per_s_median", "new_tokens_per_s_median"];
    let found = field.iter().find_map(|field| answer[field].as_f64());
    found.with_context(|| format!("expected {} in {answer}", field.join(" or ")))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs a case on all sides in turn and prints its line; compares with the fastest peer.
fn measure(case: &Case, options: &Options, ours: &Side, peers: &[Side]) -> Result<()> {
    let (mut own, mut best, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut shares, mut memory, mut fastest) = (Vec::new(), 0, String::new());
    for _ in 0..options.rounds {
        let answer = ask(ours)?;
        let mut peer = 0.0;
        for side in peers {
            let rate = rate(&ask(side)?)?;
            if rate > peer {
                peer = rate;
                fastest = side.name.clone();
            }
        }
        own.push(rate(&answer)?);
        best.push(peer);
        ratios.push(rate(&answer)? / peer);
        shares.push(answer["share_of_peak"].as_f64().unwrap_or(f64::NAN));
        memory = memory.max(answer["peak_memory_mib"].as_u64().unwrap_or(0));
    }
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    let spread = format!("{:.2} ({least:.2} to {most:.2})", median(ratios));
    println!(
        "{:22} {:12.0} {:12.0} {spread:>24} {:7.0}% {memory:7}  {fastest}",
        case.name,
        median(own),
        median(best),
        100.0 * median(shares),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_flags_and_names_invalid_ones() {
        let options = Options::read(&["--rounds", "5", "--device", "cuda", "--compile"]).unwrap();
        assert!(options.rounds == 5 && options.cuda && options.compile);
        for (arguments, expected) in [
            (vec!["--rounds", "0"], "--rounds"),
            (vec!["--device", "tpu"], "tpu"),
            (vec!["--sizes", "1"], "--sizes"),
            (vec!["--python"], "--python"),
        ] {
            let error = Options::read(&arguments).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn reads_the_rate_of_both_kinds_of_answer() {
        let train = serde_json::json!({"tokens_per_s_median": 7.5});
        let sample = serde_json::json!({"new_tokens_per_s_median": 2.0});
        assert_eq!(rate(&train).unwrap(), 7.5);
        assert_eq!(rate(&sample).unwrap(), 2.0);
        assert!(rate(&serde_json::json!({"loss": 1.0})).is_err());
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    }
}
