//! Completions that are drawn from a server, kept problem by problem.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use interplay_endpoint::{Connector, DrawError, Encode, Endpoint, EndpointSpec, Findings};
use interplay_eval::{Completion, EvalItem};
use interplay_tokenizer::Tokenizer;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::given::GivenCompletions;
use crate::error::InterplayError;
use crate::keyed::Keyed;
use crate::keys::key;
use crate::progress::Progress;
use crate::run_file::{read_json, write_json};

/// What was drawn from, in a file beside the completions.
#[derive(Debug, Serialize, Deserialize)]
struct Server {
    url: String,
    findings: Findings,
}

/// A completion as the file keeps it; `interplay evaluate --completions` reads such files.
#[derive(Serialize, Deserialize)]
struct Record<'a> {
    id: u64,
    sample: u64,
    temperature: f64,
    stopped: bool,
    completion: std::borrow::Cow<'a, str>,
}

/// Completions at one temperature, and the files that keep them.
pub(super) struct Served<'a> {
    pub spec: &'a EndpointSpec,
    /// Sends prompts as the tokens of this tokenizer, where the server takes tokens.
    pub tokenizer: Option<&'a Tokenizer>,
    pub items: &'a [EvalItem],
    pub completions: u32,
    pub folder: &'a Path,
    /// What the files are called.
    pub name: &'a str,
}

impl Served<'_> {
    /// Draws what the file does not have yet. Each problem is kept as soon as it has all of its completions.
    ///
    /// # Errors
    /// A server that does not answer as it should, after everything else was drawn and kept; files of other
    /// completions.
    pub fn draw(&self, progress: &mut dyn Progress) -> Result<GivenCompletions, InterplayError> {
        fs::create_dir_all(self.folder).map_err(InterplayError::io("create", self.folder))?;
        let path = self.folder.join(format!("{}.drawn.jsonl", self.name));
        let endpoint = self.connect(&path)?;
        let (mut file, mut drawn) = self.open(&path)?;
        let all = self.items.len() as u64 * u64::from(self.completions);
        if !drawn.is_empty() {
            let count = drawn.len();
            progress.note(&format!(
                "{}: {count} problems were drawn before",
                self.name
            ));
        } else {
            for line in endpoint.findings().to_string().lines() {
                progress.note(line);
            }
        }
        progress.begin(&format!("draw {}", self.name), all);
        let rest: Vec<EvalItem> = self
            .items
            .iter()
            .filter(|item| !drawn.contains_key(&item.id))
            .cloned()
            .collect();
        let mut tokens: HashMap<&str, Vec<u32>> = HashMap::new();
        if let Some(tokenizer) = self.tokenizer {
            for item in &rest {
                let prompt = item.example.prompt.as_str();
                tokens.insert(prompt, tokenizer.encode_prompt(prompt)?);
            }
        }
        let encode = |prompt: &str| tokens.get(prompt).cloned().unwrap_or_default();
        let encode: Option<Encode<'_>> = match self.tokenizer {
            Some(_) => Some(&encode),
            None => None,
        };
        let mut done = drawn.len() as u64;
        let mut keep = |position: usize, completions: Vec<Completion>| {
            let id = rest[position].id;
            self.keep(&mut file, id, &completions)?;
            drawn.insert(id, completions);
            done += 1;
            progress.advance(done * u64::from(self.completions), "completions");
            Ok(())
        };
        let outcome = endpoint.draw(&rest, self.completions as usize, encode, &mut keep);
        let synced = file.sync_data();
        match outcome {
            Ok(()) => {}
            Err(DrawError::Endpoint(error)) => return Err(error.into()),
            Err(DrawError::Keep(error)) => return Err(InterplayError::io("write", path)(error)),
        }
        synced.map_err(InterplayError::io("write", path))?;
        progress.end(&format!(
            "{} problems x {}",
            self.items.len(),
            self.completions
        ));
        Ok(GivenCompletions::of(
            drawn,
            self.completions,
            self.spec.temperature,
        ))
    }

    /// The server, with what was found of it when the files were begun, so that what is missing is asked for as the
    /// rest was.
    fn connect(&self, drawn: &Path) -> Result<Endpoint, InterplayError> {
        let key = self.key()?;
        let path = self.folder.join(format!("{}.server.json", self.name));
        let spec = self.spec.clone();
        if let Some(found) = read_json::<Keyed<Server>>(&path)? {
            let Server { url, findings } = found.value;
            let from = findings.model.as_deref().unwrap_or(&url).to_owned();
            let reason = format!(
                "the completions in {} were drawn from `{from}` with other settings or problems; choose another folder \
                 with --out, or remove both files to draw them again",
                drawn.display()
            );
            if found.key != key {
                return Err(InterplayError::BadFile { path, reason });
            }
            if self.is_complete(drawn)? {
                return Ok(Connector::default().reconnect(spec, findings)?);
            }
            // What is missing must come from the same model, even where the settings name none.
            let now = Endpoint::connect(spec.clone())?;
            if (&now.findings().model, &now.findings().models)
                != (&findings.model, &findings.models)
            {
                return Err(InterplayError::BadFile { path, reason });
            }
            return Ok(Connector::default().reconnect(spec, findings)?);
        }
        if fs::metadata(drawn).is_ok_and(|file| file.len() > 0) {
            let reason = format!(
                "it is missing, and tells what the completions in {} were drawn from; choose another folder with --out, \
                 or remove them to draw them again",
                drawn.display()
            );
            return Err(InterplayError::BadFile { path, reason });
        }
        let endpoint = Endpoint::connect(spec)?;
        let (url, findings) = (self.spec.url.clone(), endpoint.findings().clone());
        let value = Server { url, findings };
        write_json(&path, &Keyed { key, value })?;
        Ok(endpoint)
    }

    /// The key of what the server is asked for, not of how and where: it may answer at another address tomorrow.
    fn key(&self) -> Result<String, InterplayError> {
        let mut prompts = Sha256::new();
        for item in self.items {
            prompts.update(item.id.to_le_bytes());
            prompts.update((item.example.prompt.len() as u64).to_le_bytes());
            prompts.update(&item.example.prompt);
        }
        let digest = prompts.finalize();
        let prompts: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let spec = self.spec;
        let asked = (
            (&spec.model, spec.api, spec.temperature, spec.max_tokens),
            (
                &spec.stop,
                spec.assume_stop_string,
                spec.skip_special_tokens,
            ),
            (spec.seed, &spec.extra),
        );
        let tokens = self.tokenizer.map(Tokenizer::hash);
        key(
            "served completions",
            &(asked, tokens, self.completions, prompts),
        )
    }

    /// Whether all completions are there.
    fn is_complete(&self, drawn: &Path) -> Result<bool, InterplayError> {
        Ok(drawn.exists() && self.open(drawn)?.1.len() == self.items.len())
    }

    /// The file, open for more, and the problems in it that are complete. Others are cut off: they were under way when
    /// an earlier drawing ended.
    fn open(&self, path: &Path) -> Result<(File, HashMap<u64, Vec<Completion>>), InterplayError> {
        let wanted: HashSet<u64> = self.items.iter().map(|item| item.id).collect();
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(InterplayError::io("read", path)(error)),
        };
        let mut drawn: HashMap<u64, Vec<Completion>> = HashMap::new();
        let mut lines: HashMap<u64, Vec<&[u8]>> = HashMap::new();
        let mut order = Vec::new();
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            // The last line may lack its end.
            let Ok(record) = serde_json::from_slice::<Record<'_>>(line) else {
                continue;
            };
            if !wanted.contains(&record.id) || !line.ends_with(b"\n") {
                continue;
            }
            if !lines.contains_key(&record.id) {
                order.push(record.id);
            }
            lines.entry(record.id).or_default().push(line);
            drawn.entry(record.id).or_default().push(Completion {
                text: record.completion.into_owned(),
                stopped: record.stopped,
            });
        }
        drawn.retain(|_, completions| completions.len() == self.completions as usize);
        let kept = order.iter().filter(|id| drawn.contains_key(id));
        let kept: Vec<u8> = kept.flat_map(|id| lines[id].concat()).collect();
        if kept != text {
            interplay_files::write(path, &kept)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(InterplayError::io("open", path))?;
        Ok((file, drawn))
    }

    fn keep(&self, file: &mut File, id: u64, completions: &[Completion]) -> io::Result<()> {
        let mut text = String::new();
        for (sample, completion) in (0..).zip(completions) {
            text += &serde_json::to_string(&Record {
                id,
                sample,
                temperature: self.spec.temperature,
                stopped: completion.stopped,
                completion: completion.text.as_str().into(),
            })?;
            text.push('\n');
        }
        file.write_all(text.as_bytes())
    }
}

/// The name of the files at a temperature.
pub(super) fn name_at(temperature: f64, main: f64) -> String {
    match temperature == main {
        true => "endpoint".to_owned(),
        false => format!("endpoint.t{temperature}"),
    }
}

/// The file with the judged completions.
pub(super) fn judged(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.jsonl"))
}
