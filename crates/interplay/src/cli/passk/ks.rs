//! Which values of k are computed.

use std::path::Path;

use anyhow::{Result, anyhow, ensure};

use super::Flags;
use super::problems::{Part, Problem};

/// The largest power of two that the published evaluation computes unasked.
const PUBLISHED_LIMIT: u32 = 128;

impl Flags {
    /// The k to compute: as asked for, or powers of two.
    pub(super) fn values_of_k(&self, path: &Path, part: &Part) -> Result<Vec<u32>> {
        let (least, most) = part.range();
        let needed = || self.measures.iter().any(|one| one.needs_k_completions());
        let limit = match self.drop_short || !needed() {
            true => most,
            false => least,
        };
        let mut ks = self.ks.clone();
        ks.sort_unstable();
        ks.dedup();
        if ks.is_empty() {
            return Ok(self.default_ks(limit));
        }
        ensure!(ks[0] > 0, "--ks: found 0, expected at least 1");
        for measure in &self.measures {
            ensure!(
                ks.iter().any(|k| measure.takes(*k)),
                "--ks: {measure} needs a k that is at least that large, and the largest is {}",
                ks[ks.len() - 1]
            );
        }
        match ks.iter().find(|k| **k > limit) {
            Some(k) => Err(self.too_large(*k, path, &part.problems, limit)),
            None => Ok(ks),
        }
    }

    /// Powers of two; for the published form as there: up to 128, and the number of completions.
    fn default_ks(&self, limit: u32) -> Vec<u32> {
        let output = self.output.as_ref().and_then(|path| path.extension());
        let published = output.is_some_and(|ending| ending == "json");
        let most = match published {
            true => limit.min(PUBLISHED_LIMIT),
            false => limit,
        };
        let powers = (0..u32::BITS).map(|power| 1 << power);
        let mut ks: Vec<u32> = powers.take_while(|k| *k <= most).collect();
        if published && ks.last() != Some(&limit) {
            ks.push(limit);
        }
        ks
    }

    fn too_large(&self, k: u32, path: &Path, problems: &[Problem], limit: u32) -> anyhow::Error {
        let measure = self.measures[0].at(k);
        let short: Vec<&Problem> = problems
            .iter()
            .filter(|problem| problem.completions < k)
            .collect();
        let first = short.first().map_or(String::new(), |problem| {
            format!(" (problem {} has {})", problem.label, problem.completions)
        });
        let way_out = match short.len() < problems.len() {
            true => {
                ", leave those problems out with --drop-short, or say with --completions how many \
                 there were"
            }
            false => "",
        };
        anyhow!(
            "--ks: {measure} needs {k} completions per problem, and {} of {} problems in {} have \
             fewer{first}; choose k from 1 to {limit}{way_out}",
            short.len(),
            problems.len(),
            path.display()
        )
    }
}
