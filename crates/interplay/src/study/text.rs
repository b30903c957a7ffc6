//! The results of a study as text: `study.txt`, and what the command prints.

use super::results::StudyResults;
use super::tables;
use crate::results_text::aligned;

impl StudyResults {
    /// The differences and the levels as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
        let mut text = format!("{}\nseeds {}\n\n", self.question, seeds.join(", "));
        if !self.comparisons.is_empty() {
            text.push_str(&aligned(&tables::effects(self)));
            text.push_str(match self.seeds.len() {
                1 => {
                    "points, paired by problem, with 95 % intervals; one seed: a trial, whose intervals are over problems \
                     alone; p after Holm's correction over the table\n\n"
                }
                _ => {
                    "points, with 95 % intervals over seeds and problems; p after Holm's correction over the table\n\n"
                }
            });
        }
        text.push_str(&aligned(&tables::levels(self)));
        text.push_str("percent, with 95 % intervals\n");
        text
    }
}
