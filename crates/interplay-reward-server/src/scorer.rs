//! Rewards of requests, without HTTP.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use interplay_dag::{COMPONENTS, RELEASED_PROCESS, judge};
use interplay_objectives::reward::RewardSpec;
use interplay_verify::{Gold, Verdict, Verifier};
use rayon::prelude::*;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::{ItemError, ServeError};
use crate::golds::Golds;
use crate::json;
use crate::request::Request;
use crate::text::{is_space, unicode};

/// Tokens that end a response and are no part of it.
pub const END_TOKENS: [&str; 7] = [
    "<|im_end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<end_of_turn>",
    "</s>",
    "<eos>",
];

/// How many characters of a prompt a query has to contain.
const PROMPT_END_CHARACTERS: usize = 40;
/// How many bytes of labels are kept with their golds, in each of two generations.
const GOLD_CAPACITY_BYTES: usize = 16 << 20;
/// Minimum items per thread.
const MIN_ITEMS_PER_THREAD: usize = 16;

/// Judges queries: what a reward pays for a verifier's verdict. Shared by threads, and quick to share.
///
/// ```
/// use interplay_objectives::reward::RewardSpec;
/// use interplay_reward_server::Scorer;
/// use interplay_verify::{Gold, Level, Verifier};
///
/// let scorer = Scorer::new(RewardSpec::Strict, Verifier::new(Level::Strict))?.with_end_token("<stop>");
/// let text = scorer.response("fox? fox = 3. Answer: 3. <stop></s>", "fox?")?;
/// assert_eq!(text, " fox = 3. Answer: 3.");
/// let gold = Gold::from_solution("fox = 3. Answer: 3.")?;
/// assert_eq!(scorer.judge(&gold, text)?.reward, 1.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Scorer {
    spec: RewardSpec,
    verifier: Verifier,
    released: bool,
    end_tokens: Vec<String>,
    golds: Golds,
}

/// A reward with the verdict that it follows from.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The reward, a finite number.
    pub reward: f64,
    /// The verdict.
    pub verdict: Verdict,
}

/// The reply to a request: lists with a number for each item.
#[derive(Debug, Serialize)]
pub struct Reply {
    /// The rewards, 0 for an item without one.
    pub rewards: Vec<f64>,
    /// The same; OpenRLHF filters and logs by them.
    pub scores: Vec<f64>,
    /// What OpenRLHF logs.
    pub extra_logs: Logs,
    /// Why an item has no reward, by its index.
    #[serde(serialize_with = "sentences")]
    pub errors: BTreeMap<usize, ItemError>,
}

/// What a reply tells beside the rewards: 1 or 0 for each item, but for shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Logs {
    /// Whether the whole solution is right.
    pub accepted: Vec<f64>,
    /// Whether the answer is right, regardless of the steps.
    pub answer_correct: Vec<f64>,
    /// The share of needed quantities whose step is right.
    pub process_accuracy: Vec<f64>,
    /// Whether the answer is right and the solution is not.
    pub right_answer_wrong_steps: Vec<f64>,
    /// Whether the item could be judged.
    pub judged: Vec<f64>,
}

fn sentences<S: Serializer>(
    errors: &BTreeMap<usize, ItemError>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let sentences = errors.iter();
    serializer.collect_map(sentences.map(|(index, error)| (index, error.to_string())))
}

impl Scorer {
    /// A reward that is paid for a verifier's verdicts, on responses without [`END_TOKENS`].
    ///
    /// # Errors
    /// A reward with wrong settings, or one that reads a component which a verdict has not.
    pub fn new(spec: RewardSpec, verifier: Verifier) -> Result<Self, ServeError> {
        let mut issues = spec.validate();
        let known = COMPONENTS.map(str::to_owned);
        issues.0.extend(spec.missing_from(&known).0);
        if !issues.is_empty() {
            return Err(ServeError::Reward { issues });
        }
        Ok(Self {
            released: spec.reads(RELEASED_PROCESS),
            spec,
            verifier,
            end_tokens: END_TOKENS.map(str::to_owned).to_vec(),
            golds: Golds::new(GOLD_CAPACITY_BYTES),
        })
    }

    /// The same with another token that ends a response; an empty one changes nothing.
    #[must_use]
    pub fn with_end_token(mut self, token: impl Into<String>) -> Self {
        let token = token.into();
        if !token.is_empty() {
            self.end_tokens.push(token);
        }
        self
    }

    /// The same without the tokens that end a response, to name others.
    #[must_use]
    pub fn without_end_tokens(mut self) -> Self {
        self.end_tokens.clear();
        self
    }

    /// What the model wrote: the query after the prompt, without end tokens and white space at its end.
    ///
    /// # Errors
    /// A query that does not hold the prompt, not even its end.
    pub fn response<'q>(&self, query: &'q str, prompt: &str) -> Result<&'q str, ItemError> {
        let text = after_prompt(query.as_bytes(), prompt.as_bytes())?;
        Ok(self.without_end(unicode(text, "query")?))
    }

    /// The reward of one response.
    ///
    /// # Errors
    /// A reward that is not finite.
    pub fn judge(&self, gold: &Gold, response: &str) -> Result<Judged, ItemError> {
        let (verdict, score) = judge(self.verifier, gold, response, self.released);
        let reward = self.spec.of(&score)?;
        match reward.is_finite() {
            true => Ok(Judged { reward, verdict }),
            false => Err(ItemError::NotFinite { reward }),
        }
    }

    /// The reply to a request. An item that cannot be judged scores 0 and is not `judged`, because OpenRLHF ends a run
    /// where a reward is missing.
    #[must_use]
    pub fn reply(&self, request: &Request<'_>) -> Reply {
        let judged: Vec<Result<Judged, ItemError>> = match request.len() >= 2 * MIN_ITEMS_PER_THREAD
        {
            true => {
                let items = request.items.par_iter().with_min_len(MIN_ITEMS_PER_THREAD);
                items.map(|item| self.judge_item(*item)).collect()
            }
            false => request
                .items
                .iter()
                .map(|item| self.judge_item(*item))
                .collect(),
        };
        let (mut rewards, mut errors) = (Vec::with_capacity(judged.len()), BTreeMap::new());
        let mut logs = Logs::default();
        for (index, judged) in judged.into_iter().enumerate() {
            let (reward, verdict) = match judged {
                Ok(Judged { reward, verdict }) => (reward, Some(verdict)),
                Err(error) => {
                    errors.insert(index, error);
                    (0.0, None)
                }
            };
            rewards.push(reward);
            logs.push(verdict.as_ref());
        }
        Reply {
            scores: rewards.clone(),
            rewards,
            extra_logs: logs,
            errors,
        }
    }

    fn judge_item(&self, [query, prompt, label]: [&RawValue; 3]) -> Result<Judged, ItemError> {
        let gold: Arc<Gold> = self.golds.get(label)?;
        let (Ok(whole), Ok(start)) = (json::string(query), json::string(prompt)) else {
            let [query, prompt] = [query, prompt].map(json::kind);
            return Err(ItemError::QueryType { query, prompt });
        };
        let text = unicode(after_prompt(&whole, &start)?, "response")?;
        self.judge(&gold, self.without_end(text))
    }

    /// A text without end tokens and white space at its end.
    fn without_end<'t>(&self, mut text: &'t str) -> &'t str {
        loop {
            text = text.trim_end_matches(is_space);
            let mut tokens = self.end_tokens.iter();
            match tokens.find_map(|token| text.strip_suffix(token.as_str())) {
                Some(rest) => text = rest,
                None => return text,
            }
        }
    }
}

/// The settings, for people.
impl fmt::Display for Scorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = serde_json::to_string(&self.spec).map_err(|_| fmt::Error)?;
        write!(
            f,
            "reward {spec} at the level {}",
            self.verifier.level().name()
        )
    }
}

impl Logs {
    fn push(&mut self, verdict: Option<&Verdict>) {
        let number = |of: fn(&Verdict) -> bool| f64::from(u8::from(verdict.is_some_and(of)));
        self.accepted.push(number(|verdict| verdict.accepted));
        self.answer_correct
            .push(number(|verdict| verdict.answer_correct));
        self.process_accuracy
            .push(verdict.map_or(0.0, |verdict| verdict.process_accuracy));
        self.right_answer_wrong_steps.push(number(|verdict| {
            verdict.answer_correct && !verdict.accepted
        }));
        self.judged.push(number(|_| true));
    }
}

/// The part of a query after its prompt. OpenRLHF cuts long prompts on the left, and a tokenizer may not give a prompt
/// back unchanged, so the end of the prompt is enough.
fn after_prompt<'q>(query: &'q [u8], prompt: &[u8]) -> Result<&'q [u8], ItemError> {
    if let Some(text) = query.strip_prefix(prompt) {
        return Ok(text);
    }
    // Bytes that do not continue a character start one.
    let starts = prompt
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, byte)| (**byte & 0xC0) != 0x80);
    let start = starts.map(|(at, _)| at).take(PROMPT_END_CHARACTERS).last();
    let end = &prompt[start.unwrap_or(0)..];
    match query.windows(end.len()).position(|window| window == end) {
        Some(at) => Ok(&query[at + end.len()..]),
        None => Err(ItemError::ForeignQuery {
            prompt_end: String::from_utf8_lossy(end).into_owned(),
        }),
    }
}
