//! How long the parts of a run took, and the energy that they used: `timings.jsonl`, one line for each part that was
//! finished. No result depends on it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::energy::EnergyMeter;
use crate::error::InterplayError;
use crate::memory::peak_memory_mib;

/// One line of `timings.jsonl`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Timing {
    pub part: String,
    pub seconds: f64,
    pub peak_memory_mib: Option<u64>,
    /// `null` where the system does not tell; older files lack it.
    #[serde(default)]
    pub energy_joules: Option<f64>,
}

/// The file of the timings of a run.
pub(super) fn timings(folder: &Path) -> PathBuf {
    folder.join("timings.jsonl")
}

/// Times the parts of a run.
pub(super) struct Clock {
    path: PathBuf,
    meter: EnergyMeter,
}

impl Clock {
    /// A clock that writes into a run folder.
    pub fn start(folder: &Path) -> Self {
        Self {
            path: timings(folder),
            meter: EnergyMeter::start(),
        }
    }

    /// Does a part of a run, and notes what it took.
    pub fn timed<T>(
        &self,
        part: &str,
        work: impl FnOnce() -> Result<T, InterplayError>,
    ) -> Result<T, InterplayError> {
        let (began, before) = (Instant::now(), self.meter.joules());
        let output = work()?;
        let timing = Timing {
            part: part.to_owned(),
            seconds: began.elapsed().as_secs_f64(),
            peak_memory_mib: peak_memory_mib(),
            energy_joules: self
                .meter
                .joules()
                .zip(before)
                .map(|(now, then)| now - then),
        };
        self.write(&timing)?;
        Ok(output)
    }

    fn write(&self, timing: &Timing) -> Result<(), InterplayError> {
        let mut line = serde_json::to_vec(timing)
            .map_err(std::io::Error::from)
            .map_err(InterplayError::io("write", &self.path))?;
        line.push(b'\n');
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            .map_err(InterplayError::io("open", &self.path))?;
        file.write_all(&line)
            .map_err(InterplayError::io("write", &self.path))
    }
}
