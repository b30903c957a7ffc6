//! The memory of this process, as far as the system tells (Linux).

use std::fs;

/// The most memory that this process has used so far, in MiB.
#[must_use]
pub fn peak_memory_mib() -> Option<u64> {
    status("VmHWM:")
}

/// The memory that this process uses now, in MiB.
pub(crate) fn memory_mib() -> Option<u64> {
    status("VmRSS:")
}

/// A line of the system's account of this process, in MiB.
fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}
