//! What the stages of a run have seen of the problems that its models are evaluated on.
//!
//! Training problems depend on their index alone, so they are drawn again and streamed past the
//! fingerprints of the evaluated ones. Examples that a stage left out because they do not fit count as
//! seen: the count errs on the safe side.

use interplay_environment::Split;
use interplay_model::TrainBackend;
use interplay_tasks::corpora::{Exposure, ExposureCertificate};

use super::runner::Runner;
use super::stages::data_at_edge;
use crate::error::InterplayError;
use crate::keyed::Keyed;
use crate::keys::key;
use crate::results::StageResult;
use crate::run_file::{read_json, write_json, write_whole};

/// The file in the run folder.
const FILE: &str = "exposure.json";

/// The set of evaluated problems that are in no band.
const NO_BAND: &str = "no band";

impl<A: TrainBackend> Runner<'_, A> {
    /// Certifies which evaluated problems each stage has trained on, and writes the certificate.
    ///
    /// # Errors
    /// Problems that cannot be drawn, or a file that cannot be written.
    pub(super) fn exposure(
        &mut self,
        results: &[StageResult],
    ) -> Result<ExposureCertificate, InterplayError> {
        let evaluate = &self.plan.evaluate;
        let content = evaluate.data.content(&self.supply(), Split::Test)?;
        let key = key("an exposure", &(&self.keys, evaluate, content))?;
        let path = self.folder.join("eval").join(FILE);
        let known = read_json::<Keyed<ExposureCertificate>>(&path)?;
        let certificate = match known.filter(|known| known.key == key) {
            Some(known) => known.value,
            None => {
                let value = self.compared(results)?;
                let keyed = Keyed { key, value };
                write_json(&path, &keyed)?;
                keyed.value
            }
        };
        write_whole(&self.folder.join(FILE), certificate.to_json().as_bytes())?;
        Ok(certificate)
    }

    /// Streams the training problems of every stage past the evaluated ones.
    fn compared(&mut self, results: &[StageResult]) -> Result<ExposureCertificate, InterplayError> {
        let mut exposure = Exposure::new();
        let selection = self.setting().evaluated()?;
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
            counter.finish();
        }
        self.progress
            .end(&format!("{done} training problems compared"));
        Ok(exposure.certificate())
    }
}
