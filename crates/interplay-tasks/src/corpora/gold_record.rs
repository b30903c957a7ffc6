//! A line of the published gold graphs.
//!
//! Source: the files `*_graphs.jsonl` of the evaluation data of arXiv 2512.07783.

use interplay_graph::GoldGraph;
use serde::{Deserialize, Serialize};

use crate::generation::Problem;

/// The gold graph of one problem, in the published fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldRecord {
    /// The difficulty.
    pub op: u32,
    /// The id of the problem's sample.
    pub id: u64,
    /// The context.
    pub template: String,
    /// The line of the sample in its file, from 0.
    pub line_index: u64,
    /// The graph of what the answer needs.
    pub graph: GoldGraph,
}

impl GoldRecord {
    /// The record of the problem whose sample is on this line, from 0.
    #[must_use]
    pub fn new(problem: &Problem, line_index: u64) -> Self {
        Self {
            op: problem.op(),
            id: problem.id(),
            template: problem.context().id().to_owned(),
            line_index,
            graph: problem.gold_graph(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contexts::ContextLibrary;
    use crate::counts::Counts;
    use crate::datasets::Dataset;
    use crate::spec::{Dialect, TaskSpec};
    use interplay_graph::SeedStreams;

    #[test]
    fn has_the_published_fields_and_reads_back() {
        let spec = TaskSpec::single(Counts::one(3), "zoo", Dialect::Prose);
        let library = ContextLibrary::embedded();
        let data = Dataset::new(spec, &library, SeedStreams::new(1), "gold").unwrap();
        let record = GoldRecord::new(&data.get(5).unwrap(), 2);
        let json = serde_json::to_value(&record).unwrap();
        let keys: Vec<&str> = json
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(keys, ["graph", "id", "line_index", "op", "template"]);
        assert_eq!(
            (json["id"].as_u64(), json["line_index"].as_u64()),
            (Some(5), Some(2))
        );
        assert_eq!(serde_json::from_value::<GoldRecord>(json).unwrap(), record);
    }
}
