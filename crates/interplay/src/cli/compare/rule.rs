//! What a comparison may compare, and what it may not overwrite.

use std::path::Path;

use anyhow::Result;
use interplay::eval::Measure;

use super::source::Source;

/// What to compare, and what may not be overwritten.
#[derive(Clone, Copy)]
pub(super) struct Rule<'a> {
    pub(super) measure: Measure,
    /// Whether A and B may have different temperatures.
    pub(super) any_temperature: bool,
    /// The file that the numbers go to, which must be none of the sources.
    pub(super) output: Option<&'a Path>,
}

impl Rule<'_> {
    /// Refuses a source that the output would replace.
    pub(super) fn check_source(&self, source: &Source) -> Result<()> {
        match self.output {
            Some(output) => {
                super::super::output::check_other_file("a source", &source.path, "--json", output)
            }
            None => Ok(()),
        }
    }
}
