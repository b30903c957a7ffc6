//! Runs of an experiment as processes of their own, which tests kill.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub fn start(out: &Path, config: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_interplay"))
        .args(["run", "--config"])
        .arg(config)
        .arg("--out")
        .arg(out)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

pub fn finish(out: &Path, config: &Path) {
    assert!(start(out, config).wait().unwrap().success());
}

/// Waits until `ready`, then for some time more, then kills the run with SIGKILL. False where the run ended first.
pub fn kill_when(run: &mut Child, ready: impl Fn() -> bool, wait: Duration) -> bool {
    let began = Instant::now();
    while !ready() {
        if run.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(
            began.elapsed() < Duration::from_secs(300),
            "the run never got there"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(wait);
    let ended = run.try_wait().unwrap().is_some();
    run.kill().unwrap();
    run.wait().unwrap();
    !ended
}

/// The lines of a file; none where it does not exist.
pub fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
}
