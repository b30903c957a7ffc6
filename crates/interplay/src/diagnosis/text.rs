//! A diagnosis as text.

use std::fmt;

use super::finding::{Evidence, Finding};
use super::{Diagnosis, StageDiagnosis};

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, seed {}", self.name, self.seed)?;
        self.stages.iter().try_for_each(|stage| stage.fmt(f))
    }
}

impl fmt::Display for StageDiagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{} (from {})", self.stage, self.from)?;
        if let Some(entropy) = self.outlook.entropy_nats {
            writeln!(f, "  entropy before RL: {entropy:.3} nats a token")?;
        }
        for band in &self.outlook.unsolved {
            let share = 100.0 * band.unsolved as f64 / band.problems as f64;
            writeln!(
                f,
                "  never solved before RL in {} tries, {}: {} of {} problems ({share:.1} %)",
                band.tries, band.band, band.unsolved, band.problems
            )?;
        }
        self.findings.iter().try_for_each(|finding| finding.fmt(f))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}: {}", self.signature, self.presence)?;
        for evidence in &self.evidence {
            writeln!(f, "    {evidence}")?;
        }
        for advice in &self.advice {
            writeln!(f, "    -> {advice}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:.1} %", self.what, 100.0 * self.value)?;
        match self.interval {
            Some([low, high]) => write!(f, " [{:.1}, {:.1}]", 100.0 * low, 100.0 * high),
            None => Ok(()),
        }
    }
}
