//! `python`: builds the wheel, installs it into an environment of its own, and runs its tests there.
//!
//! The environment lies below `target` and is used again. `uv` is taken from the path, or from the index into an
//! environment of its own. The packages that adapters are tested against are named with their versions in
//! `python/requirements-test.txt` and, without their dependencies, in `python/requirements-no-deps.txt`; tests that need
//! torch skip.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// The most that the wheel may take, in bytes.
const LARGEST_WHEEL: u64 = 3_000_000;

/// Builds, installs and tests the package.
pub fn run(root: &Path) -> Result<()> {
    let target = root.join("target/python");
    std::fs::create_dir_all(&target)
        .with_context(|| format!("creating the folder {}", target.display()))?;
    let uv = uv(&target)?;
    let environment = target.join("environment");
    let python = environment.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    if !python.exists() {
        timed(Command::new(&uv).arg("venv").arg(&environment))?;
    }
    let install = || {
        let mut command = Command::new(&uv);
        command.args(["pip", "install", "--python"]).arg(&python);
        command
    };
    timed(
        install()
            .arg("-r")
            .arg(root.join("python/requirements-test.txt")),
    )?;
    timed(
        install()
            .args(["--no-deps", "-r"])
            .arg(root.join("python/requirements-no-deps.txt")),
    )?;

    let wheels = target.join("wheels");
    if wheels.exists() {
        std::fs::remove_dir_all(&wheels)
            .with_context(|| format!("clearing the folder {}", wheels.display()))?;
    }
    timed(
        Command::new(&python)
            .args(["-m", "maturin", "build", "--locked", "--manifest-path"])
            .arg(root.join("python/Cargo.toml"))
            .arg("--out")
            .arg(&wheels)
            .current_dir(root),
    )?;
    let wheel = std::fs::read_dir(&wheels)?
        .next()
        .context("maturin left no wheel")??;
    let bytes = wheel.metadata()?.len();
    println!("{}: {bytes} bytes", wheel.path().display());
    if bytes > LARGEST_WHEEL {
        bail!("the wheel has {bytes} bytes, expected at most {LARGEST_WHEEL}");
    }
    timed(
        install()
            // Copies: with links, an edit of a source would change the installed package.
            .args(["--no-deps", "--reinstall", "--link-mode", "copy"])
            .arg(wheel.path()),
    )?;

    // From the root, so that Python finds the installed package and not its sources.
    timed(
        Command::new(&python)
            .args(["-m", "pytest", "-q", "-rs", "python/tests"])
            .current_dir(root),
    )
}

/// The program `uv`: from the path, or installed below `target`.
fn uv(target: &Path) -> Result<std::path::PathBuf> {
    let found = Command::new("uv")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if found.is_ok_and(|status| status.success()) {
        return Ok("uv".into());
    }
    let folder = target.join("uv");
    let program = folder
        .join("bin")
        .join(format!("uv{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        timed(
            Command::new("python3")
                .args(["-m", "pip", "install", "--quiet", "--target"])
                .arg(&folder)
                .arg("uv"),
        )?;
    }
    Ok(program)
}

/// Runs a command, and prints it with its time.
fn timed(command: &mut Command) -> Result<()> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let name = words.join(" ");
    println!("--- {name}");
    let start = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("starting `{name}`"))?;
    if !status.success() {
        bail!("`{name}` failed");
    }
    println!("--- took {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}
