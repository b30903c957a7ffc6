//! What the stages of a run have seen of the problems that its models are evaluated on.
//!
//! Training problems depend on their index alone, so they are drawn again and streamed past the
//! fingerprints of the evaluated ones. Examples that a stage left out because they do not fit count as
//! seen: the count errs on the safe side.

use std::collections::{BTreeMap, BTreeSet};

use interplay_environment::Split;
use interplay_model::TrainBackend;
use interplay_tasks::corpora::{Exposure, ExposureCertificate};
use interplay_tasks::likeness::Likeness;
use serde::{Deserialize, Serialize};

use super::runner::Runner;
use super::stages::data_at_edge;
use crate::error::InterplayError;
use crate::keyed::Keyed;
use crate::keys::key;
use crate::results::StageResult;
use crate::run_file::{read_json, write_json, write_whole};

/// The certificate in the run folder.
const FILE: &str = "exposure.json";

/// What was found, in the folder of evaluations.
const FOUND: &str = "seen.json";

/// The set of evaluated problems that are in no band.
const NO_BAND: &str = "no band";

/// What the stages have seen.
#[derive(Serialize, Deserialize)]
pub(super) struct Seen {
    pub certificate: ExposureCertificate,
    /// By stage, the ids of the evaluated problems that it has seen with the same numbers, in these or in
    /// other words.
    by_stage: BTreeMap<String, BTreeSet<u64>>,
}

impl Seen {
    /// Splits the evaluations of every stage by what it and the stages before it have seen.
    pub(super) fn split(&self, results: &mut [StageResult]) {
        for index in 0..results.len() {
            let mut seen: BTreeSet<u64> = BTreeSet::new();
            let mut stage = Some(index);
            while let Some(one) = stage.map(|index| &results[index]) {
                seen.extend(self.by_stage.get(&one.name).into_iter().flatten());
                let from = one.from.as_deref();
                stage = from.and_then(|from| results.iter().position(|other| other.name == from));
            }
            let result = &mut results[index];
            let main = result.evaluation.iter_mut();
            for evaluation in main.chain(&mut result.other_temperatures) {
                evaluation.split_by_seen(|item| seen.contains(&item.id));
            }
        }
    }
}

impl<A: TrainBackend> Runner<'_, A> {
    /// Certifies which evaluated problems each stage has trained on, and writes the certificate.
    ///
    /// # Errors
    /// Problems that cannot be drawn, or a file that cannot be written.
    pub(super) fn exposure(&mut self, results: &[StageResult]) -> Result<Seen, InterplayError> {
        let evaluate = &self.plan.evaluate;
        let content = evaluate.data.content(&self.supply(), Split::Test)?;
        let key = key("an exposure", &(&self.keys, evaluate, content))?;
        let path = self.folder.join("eval").join(FOUND);
        let known = read_json::<Keyed<Seen>>(&path)?;
        let found = match known.filter(|known| known.key == key) {
            Some(known) => known.value,
            None => {
                let value = self.compared(results)?;
                let keyed = Keyed { key, value };
                write_json(&path, &keyed)?;
                keyed.value
            }
        };
        let certificate = found.certificate.to_json();
        write_whole(&self.folder.join(FILE), certificate.as_bytes())?;
        Ok(found)
    }

    /// Streams the training problems of every stage past the evaluated ones.
    fn compared(&mut self, results: &[StageResult]) -> Result<Seen, InterplayError> {
        let (mut exposure, mut by_stage) = (Exposure::new(), BTreeMap::new());
        let selection = self.setting().evaluated()?;
        let ids: Vec<u64> = selection.items.iter().map(|item| item.id).collect();
        for (item, prints) in selection.items.iter().zip(selection.prints) {
            let op = item.example.labels.op.unwrap_or(0);
            exposure.evaluate(item.band.as_deref().unwrap_or(NO_BAND), op, prints);
        }
        let total: u64 = results.iter().map(|result| result.samples).sum();
        self.progress.begin("exposure", total);
        let mut done = 0;
        for (index, (stage, result)) in self.plan.stages.iter().zip(results).enumerate() {
            let Some(data) = stage.settings.data() else {
                continue;
            };
            let (data, _) = data_at_edge(stage, data, &results[..index]);
            let problems = data.open(&self.supply(), &stage.name, Split::Train)?;
            // The later epochs of a finite environment repeat the first.
            let distinct = problems.environment().num_examples();
            let seen = result.samples.min(distinct.unwrap_or(u64::MAX));
            let mut counter = exposure.stage(&stage.name);
            for example in 0..seen {
                counter.train(problems.prints(example)?);
                done += 1;
                if example % 256 == 0 {
                    self.progress.advance(done, "training problems");
                }
            }
            let alike =
                |found: Option<Likeness>| found.is_some_and(|found| found <= Likeness::Graph);
            let seen = ids.iter().zip(counter.finish());
            let seen = seen.filter(|(_, found)| alike(*found));
            by_stage.insert(stage.name.clone(), seen.map(|(id, _)| *id).collect());
        }
        self.progress
            .end(&format!("{done} training problems compared"));
        let certificate = exposure.certificate();
        Ok(Seen {
            certificate,
            by_stage,
        })
    }
}
