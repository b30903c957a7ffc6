//! The evaluations of one model: one for each temperature, and the held-out loss.

use std::path::Path;

use interplay_eval::EvalSettings;
use interplay_model::FusedOps;
use interplay_train::ledger::Sampled;
use interplay_train::{HeldOutLoss, held_out_loss};
use serde::{Deserialize, Serialize};

use super::drawn::{Drawn, ITEMS_AT_ONCE, Loaded};
use super::journal::EvalJournal;
use super::setting::Setting;
use crate::error::InterplayError;
use crate::keyed::Keyed;
use crate::keys::key;
use crate::progress::Progress;
use crate::run_file::{read_json, write_json};
use crate::spec::EvaluateSpec;

/// A model to evaluate, and the files that keep what is found. A file that is there is read instead.
pub(crate) struct EvaluatedModel<'a> {
    pub setting: Setting<'a>,
    /// The folder of the model.
    pub model: &'a Path,
    /// Hash of everything that determines its weights.
    pub key: &'a str,
    /// What its files are called, such as its stage.
    pub name: &'a str,
    /// Where the files are.
    pub folder: &'a Path,
}

/// What was found.
pub(crate) struct Found {
    /// By temperature, in the order of the experiment.
    pub evaluations: Vec<Drawn>,
    pub held_out: HeldOut,
}

/// A held-out loss and its cost.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HeldOut {
    pub loss: HeldOutLoss,
    pub scored: Sampled,
}

impl<'a> EvaluatedModel<'a> {
    /// Evaluates at every temperature and measures the held-out loss, or reads what was found before.
    /// The model is loaded when the first result is missing.
    pub(crate) fn evaluate<B: FusedOps>(
        &self,
        device: &'a B::Device,
        progress: &mut dyn Progress,
    ) -> Result<Found, InterplayError> {
        let mut loaded = None;
        let mut evaluations = Vec::new();
        for temperature in &self.setting.spec.temperatures {
            evaluations.push(self.at::<B>(*temperature, &mut loaded, device, progress)?);
        }
        let held_out = self.held_out_loss::<B>(&mut loaded, device)?;
        Ok(Found {
            evaluations,
            held_out,
        })
    }

    fn load<'s, B: FusedOps>(
        &self,
        loaded: &'s mut Option<Loaded<'a, B>>,
        device: &'a B::Device,
    ) -> Result<&'s Loaded<'a, B>, InterplayError> {
        Ok(match loaded {
            Some(loaded) => loaded,
            None => {
                let selection = self.setting.evaluated()?;
                loaded.insert(Loaded::new(self.model, &self.setting, selection, device)?)
            }
        })
    }

    /// Evaluates at a temperature. Greedy decoding draws one completion per problem.
    fn at<B: FusedOps>(
        &self,
        temperature: f64,
        loaded: &mut Option<Loaded<'a, B>>,
        device: &'a B::Device,
        progress: &mut dyn Progress,
    ) -> Result<Drawn, InterplayError> {
        let setting = &self.setting;
        let file = match temperature == setting.spec.main_temperature() {
            true => self.name.to_owned(),
            false => format!("{}.t{temperature}", self.name),
        };
        let path = self.folder.join(format!("{file}.json"));
        // The other temperatures make no difference to this one.
        let spec = EvaluateSpec {
            temperatures: vec![temperature],
            ..setting.spec.clone()
        };
        let parts = (self.key, &spec, setting.content()?, setting.bands);
        let key = key("an evaluation", &parts)?;
        if let Some(found) = read_json::<Keyed<Drawn>>(&path)? {
            return found.expect(&path, &key);
        }
        let settings = settings(&spec, temperature);
        let loaded = self.load(loaded, device)?;
        let journal = self.folder.join(format!("{file}.journal"));
        let items = &loaded.selection.items;
        let mut journal = EvalJournal::open(&journal, &key, items, settings.completions)?;
        let what = format!("eval {file}");
        if journal.resumed() > 0 {
            let problems = journal.resumed();
            progress.note(&format!(
                "{what}: {problems} problems were evaluated before"
            ));
        }
        let streams = &setting.supply.streams;
        let stream = streams.stream(&format!("{what}/samples"));
        let value = loaded.draw(&what, &settings, stream, &mut journal, progress)?;
        journal.finish(&self.folder.join(format!("{file}.jsonl")))?;
        let keyed = Keyed { key, value };
        write_json(&path, &keyed)?;
        journal.remove()?;
        Ok(keyed.value)
    }

    /// The loss of the gold solutions of the evaluated problems.
    fn held_out_loss<B: FusedOps>(
        &self,
        loaded: &mut Option<Loaded<'a, B>>,
        device: &'a B::Device,
    ) -> Result<HeldOut, InterplayError> {
        let (setting, spec) = (&self.setting, self.setting.spec);
        let path = self.folder.join(format!("{}.loss.json", self.name));
        let mut content = setting.content()?;
        content.extend(spec.seed.map(|seed| format!("seed {seed}")));
        let limits = (spec.problems_per_op, spec.max_new_tokens);
        let parts = (self.key, &spec.data, limits, content, setting.bands);
        let key = key("a held-out loss", &parts)?;
        if let Some(found) = read_json::<Keyed<HeldOut>>(&path)? {
            return found.expect(&path, &key);
        }
        let loaded = self.load(loaded, device)?;
        let examples = loaded.selection.items.iter().map(|item| &item.example);
        let found = held_out_loss(&loaded.decoder, setting.tokenizer, examples, device);
        let (loss, scored) = found?;
        let value = HeldOut { loss, scored };
        let keyed = Keyed { key, value };
        write_json(&path, &keyed)?;
        Ok(keyed.value)
    }
}

/// The settings at a temperature. A batch has as many completions at each.
fn settings(spec: &EvaluateSpec, temperature: f64) -> EvalSettings {
    let (completions, ks) = match temperature > 0.0 {
        true => (spec.completions, spec.ks.clone()),
        false => (1, vec![1]),
    };
    EvalSettings {
        completions,
        ks,
        batch: ITEMS_AT_ONCE * (spec.completions / completions) as usize,
        temperature: Some(temperature),
    }
}
