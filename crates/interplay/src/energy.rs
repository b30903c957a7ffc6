//! The energy that the processors have used, as far as the system tells.
//!
//! Linux shows the counters of RAPL below `/sys/class/powercap`: one folder a domain, with `name`, `energy_uj` and
//! `max_energy_range_uj`, after which the counter starts again. Packages and their memory (`dram`) are added up.
//! `core` and `uncore` are parts of a package, and `psys` contains the packages, so neither is counted twice.
//!
//! A counter may start again within minutes under load. A thread of the meter reads it every half minute, so that no
//! turn is missed.
//!
//! Deviations: graphics cards are not read; a run on one has the energy of its processors alone. Since Linux 5.10
//! only root may read the counters. Where they cannot be read, the energy is unknown, not zero.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Where Linux shows the counters.
const POWERCAP: &str = "/sys/class/powercap";
/// Time between two readings. The smallest usual range, 65 kJ, lasts four minutes at 270 W.
const EVERY: Duration = Duration::from_secs(30);

/// One counter.
#[derive(Debug)]
struct Domain {
    counter: PathBuf,
    /// The value after which it starts again, in microjoules.
    range: u64,
    last: u64,
}

/// All counters, and what they have counted since the first reading.
#[derive(Debug)]
struct Counters {
    domains: Vec<Domain>,
    microjoules: u64,
    /// A counter could no longer be read, so that the sum is no longer known.
    broken: bool,
}

impl Counters {
    /// The counters below a folder; `None` if there are none that can be read.
    fn find(root: &Path) -> Option<Self> {
        let mut folders: Vec<PathBuf> = fs::read_dir(root)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        folders.sort();
        let counted = |folder: &PathBuf| {
            let name = text(&folder.join("name"))?;
            (name.starts_with("package") || name == "dram").then_some(())
        };
        let domains: Option<Vec<Domain>> = folders
            .iter()
            .filter(|folder| counted(folder).is_some())
            .map(|folder| {
                let counter = folder.join("energy_uj");
                Some(Domain {
                    last: number(&counter)?,
                    range: number(&folder.join("max_energy_range_uj"))?,
                    counter,
                })
            })
            .collect();
        // Some counters without the others would pass a part for the whole.
        let domains = domains.filter(|domains| !domains.is_empty())?;
        Some(Self {
            domains,
            microjoules: 0,
            broken: false,
        })
    }

    /// Reads all counters. Gives what was used since the first reading, in joules.
    fn read(&mut self) -> Option<f64> {
        for domain in &mut self.domains {
            let Some(now) = number(&domain.counter) else {
                self.broken = true;
                break;
            };
            let turned = now < domain.last;
            let used = match turned {
                true => domain.range.saturating_sub(domain.last).saturating_add(now),
                false => now - domain.last,
            };
            self.microjoules = self.microjoules.saturating_add(used);
            domain.last = now;
        }
        (!self.broken).then_some(self.microjoules as f64 / 1e6)
    }
}

fn text(path: &Path) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

fn number(path: &Path) -> Option<u64> {
    text(path)?.parse().ok()
}

/// Measures energy from its creation on.
#[derive(Debug)]
pub(crate) struct EnergyMeter {
    counters: Option<Arc<Mutex<Counters>>>,
    /// Hanging up ends the thread.
    reader: Option<(Sender<()>, JoinHandle<()>)>,
}

impl EnergyMeter {
    /// A meter of this machine's processors.
    pub(crate) fn start() -> Self {
        Self::below(Path::new(POWERCAP))
    }

    fn below(root: &Path) -> Self {
        let counters = Counters::find(root).map(|counters| Arc::new(Mutex::new(counters)));
        let reader = counters.clone().map(|counters| {
            let (hang_up, closed) = channel();
            let read = move || {
                while closed.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                    lock(&counters).read();
                }
            };
            (hang_up, thread::spawn(read))
        });
        Self { counters, reader }
    }

    /// The energy used since the start, in joules; `None` if the system does not tell.
    pub(crate) fn joules(&self) -> Option<f64> {
        lock(self.counters.as_ref()?).read()
    }
}

fn lock(counters: &Mutex<Counters>) -> std::sync::MutexGuard<'_, Counters> {
    counters.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for EnergyMeter {
    fn drop(&mut self) {
        if let Some((hang_up, thread)) = self.reader.take() {
            drop(hang_up);
            // The thread only reads files; it cannot panic.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(root: &Path, folder: &str, name: &str, counter: u64) {
        let folder = root.join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("name"), format!("{name}\n")).unwrap();
        fs::write(folder.join("max_energy_range_uj"), "10000000\n").unwrap();
        fs::write(folder.join("energy_uj"), format!("{counter}\n")).unwrap();
    }

    #[test]
    fn packages_and_memory_are_added_up_and_counters_turn() {
        let root = tempfile::tempdir().unwrap();
        let set = |folder: &str, name: &str, counter| domain(root.path(), folder, name, counter);
        set("intel-rapl:0", "package-0", 9_000_000);
        set("intel-rapl:0:0", "core", 5);
        set("intel-rapl:0:1", "dram", 100);
        set("intel-rapl:1", "psys", 7);
        let meter = EnergyMeter::below(root.path());
        assert_eq!(meter.joules(), Some(0.0));
        // A million up to the turn and two million behind it.
        set("intel-rapl:0", "package-0", 2_000_000);
        set("intel-rapl:0:0", "core", 4_000_000);
        set("intel-rapl:0:1", "dram", 500_100);
        set("intel-rapl:1", "psys", 9_000_000);
        assert_eq!(meter.joules(), Some(3.5));
        assert_eq!(meter.joules(), Some(3.5));
    }

    #[test]
    fn without_readable_counters_the_energy_is_unknown() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(EnergyMeter::below(&root.path().join("none")).joules(), None);
        domain(root.path(), "intel-rapl:0", "package-0", 1);
        domain(root.path(), "intel-rapl:1", "package-1", 1);
        let meter = EnergyMeter::below(root.path());
        let counter = root.path().join("intel-rapl:1/energy_uj");
        fs::remove_file(&counter).unwrap();
        assert_eq!(meter.joules(), None);
        // One of two packages is not the machine.
        assert_eq!(EnergyMeter::below(root.path()).joules(), None);
    }
}
