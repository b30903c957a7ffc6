//! Time: it grows at most in proportion to the length of a repeated text.
#![no_main]

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Duration;

use interplay_fuzz::subjects;
use interplay_audit::Subject;
use interplay_verify::{Gold, Level, Verifier};
use libfuzzer_sys::fuzz_target;
use rustix::time::{ClockId, clock_gettime};

static SUBJECTS: OnceLock<Vec<Subject>> = OnceLock::new();

/// How often the shorter and the longer text repeat the input.
const SHORT: usize = 16;
const LONG: usize = 128;
/// The tolerated factor above proportional time; quadratic time would need 8.
const SLACK: u32 = 3;
/// Shorter times are not compared.
const NOISE: Duration = Duration::from_millis(4);

/// The CPU time of this thread: on a busy machine, wall-clock time includes other work.
fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// The shortest of a few runs of everything that reads a text.
fn time(gold: &Gold, text: &str, runs: usize) -> Duration {
    let run = || {
        let start = computed();
        for level in [Level::Strict, Level::Paper] {
            black_box(Verifier::new(level).verify(gold, text));
        }
        let _ = black_box(Gold::from_solution(text));
        computed().saturating_sub(start)
    };
    (0..runs).map(|_| run()).min().unwrap_or_default()
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, text)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let subjects = SUBJECTS.get_or_init(subjects);
    let gold = subjects[usize::from(*choice) % subjects.len()].gold();
    let (short, long) = (text.repeat(SHORT), text.repeat(LONG));
    let allowed = |short: Duration| short * SLACK * (LONG / SHORT) as u32;
    // A first measurement is cheap; only inputs that look slow are measured again.
    for runs in [1, 3, 9] {
        let longer = time(gold, &long, runs);
        if longer < NOISE || longer <= allowed(time(gold, &short, runs)) {
            return;
        }
    }
    panic!("{LONG} copies take far more than {} times as long as {SHORT}", LONG / SHORT);
});
