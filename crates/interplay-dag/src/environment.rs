//! A data set of problems with the verifier that judges their solutions.
//!
//! Source: arXiv 2512.07783, sections 2.1 (problems), 2.3 (process verification) and 2.4 (rewards).

use std::fmt;

use interplay_environment::{
    Environment, EnvironmentError, Example, Score, Split, components, framing,
};
use interplay_graph::SeedStream;
use interplay_tasks::datasets::{Part, REDRAWS, RestrictedDataset};
use interplay_tasks::{Dataset, Problem, TaskError, framing as problem_text};
use interplay_verify::{
    Gold, Level, Noise, Reward, Supervision, Verifier, VerifyError, released_process,
};

use crate::score::{RELEASED_PROCESS, score_of};

/// The name in reports and errors.
const NAME: &str = "dag";

/// The number in the answer tag of a completion whose answer is not right. One that equals the right
/// answer and was refused, because it is stated twice or follows a broken text, is no answer.
fn wrong_answer(completion: &str) -> Option<String> {
    let stated = framing::Completion::of(completion).answer?;
    Some(stated.parse::<i64>().ok()?.to_string())
}

/// Where the problems come from.
#[derive(Debug)]
enum Problems {
    Whole(Dataset),
    Part(RestrictedDataset),
}

impl Problems {
    fn get(&self, index: u64) -> Result<Problem, TaskError> {
        match self {
            Self::Whole(data) => data.get(index),
            Self::Part(data) => {
                let drawn = data.get(index)?;
                match drawn.in_part() {
                    true => Ok(drawn.problem),
                    false => Err(TaskError::NotInPart {
                        index,
                        op: drawn.problem.op(),
                        part: data.part().name(),
                        draws: REDRAWS + 1,
                    }),
                }
            }
        }
    }

    fn split(&self) -> Split {
        match self {
            Self::Whole(_) => Split::Train,
            Self::Part(data) => match data.part() {
                Part::Train => Split::Train,
                Part::Validation => Split::Validation,
                Part::Test => Split::Test,
            },
        }
    }
}

/// Problems of a [`Dataset`], judged by a [`Verifier`].
///
/// Every score has the components `outcome`, `process` and `accepted`, and those added by
/// [`with_reward`](Self::with_reward).
pub struct DagEnvironment {
    problems: Problems,
    verifier: Verifier,
    supervision: Option<Supervision>,
    released: bool,
    rewards: Vec<Box<dyn Reward + Send + Sync>>,
}

impl DagEnvironment {
    /// The problems of a data set, verified at [`Level::Strict`].
    #[must_use]
    pub fn new(dataset: Dataset) -> Self {
        Self::from_problems(Problems::Whole(dataset))
    }

    /// The problems of one part of a split, verified at [`Level::Strict`]: held-out problems for
    /// evaluation, or the rest for training.
    #[must_use]
    pub fn of_part(dataset: RestrictedDataset) -> Self {
        Self::from_problems(Problems::Part(dataset))
    }

    fn from_problems(problems: Problems) -> Self {
        Self {
            problems,
            verifier: Verifier::new(Level::Strict).with_uses(),
            supervision: None,
            released: false,
            rewards: Vec::new(),
        }
    }

    /// The same with another verifier. Call it before [`with_noise`](Self::with_noise), which wraps
    /// the verifier that is there.
    #[must_use]
    pub fn with_verifier(mut self, verifier: Verifier) -> Self {
        self.verifier = verifier.with_uses();
        self
    }

    /// The same without what each step uses ([`StepScore::uses`](interplay_environment::StepScore::uses)), which
    /// takes time and which only credit for steps reads. Call it before [`with_noise`](Self::with_noise).
    #[must_use]
    pub fn without_uses(mut self) -> Self {
        self.verifier = self.verifier.without_uses();
        self
    }

    /// The same with reward components, first error and steps taken from noisy verdicts; `accepted`,
    /// `answer_correct` and `process_accuracy` of a score stay exact. The argument `draw` of
    /// [`score`](Environment::score) picks the noise.
    ///
    /// # Errors
    /// A rate outside 0 to 1.
    pub fn with_noise(mut self, noise: Noise, stream: SeedStream) -> Result<Self, VerifyError> {
        self.supervision = Some(Supervision::new(self.verifier, noise, stream)?);
        Ok(self)
    }

    /// The same with the component [`RELEASED_PROCESS`]: the process score of the paper's released
    /// code ([`released_process`]), which penalizes extra quantities. It costs a second verification.
    /// Under noise there is no such component: it would tell what the noise hides.
    #[must_use]
    pub fn with_released_process(mut self) -> Self {
        self.released = true;
        self
    }

    /// Whether scores have the component [`RELEASED_PROCESS`].
    fn has_released_process(&self) -> bool {
        self.released && self.supervision.is_none()
    }

    /// The same with one more reward component, under the reward's own name.
    #[must_use]
    pub fn with_reward(mut self, reward: impl Reward + Send + Sync + 'static) -> Self {
        self.rewards.push(Box::new(reward));
        self
    }

    /// The data set that problems are drawn from.
    #[must_use]
    pub fn dataset(&self) -> &Dataset {
        match &self.problems {
            Problems::Whole(data) => data,
            Problems::Part(data) => data.dataset(),
        }
    }

    /// The problem behind an example.
    ///
    /// # Errors
    /// As [`Dataset::get`], and [`TaskError::NotInPart`] where many draws gave no problem of the part.
    pub fn problem(&self, index: u64) -> Result<Problem, TaskError> {
        self.problems.get(index)
    }

    /// A problem as an example of this environment.
    ///
    /// # Errors
    /// Where the problem's text holds a tag of the framing, or a value leaves 64 bits.
    pub fn example_of(&self, problem: &Problem) -> Result<Example, EnvironmentError> {
        let id = problem.id();
        let refused = |source: Box<dyn std::error::Error + Send + Sync>| {
            EnvironmentError::example(NAME, id, source)
        };
        let gold = Gold::from_goal(problem.graph(), problem.goal());
        let gold = gold.map_err(|error| refused(error.into()))?;
        let prompt = problem_text::prompt_text(problem);
        let target = problem_text::target_text(problem);
        let answer = problem.answer().to_string();
        if framing::forged_tag(&problem.problem_text()).is_some() {
            let tags = framing::TAGS.join(" ");
            let reason = format!("its text holds a tag; expected a context without {tags}");
            return Err(refused(reason.into()));
        }
        Ok(Example::new(id, prompt, target, answer)
            .with_op(problem.op())
            .with_context(problem.context().id())
            .in_split(self.problems.split())
            .with_reference(gold))
    }
}

impl Environment for DagEnvironment {
    fn name(&self) -> &str {
        NAME
    }

    fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
        let problem = self.problems.get(index);
        let problem = problem.map_err(|error| EnvironmentError::example(NAME, index, error))?;
        self.example_of(&problem)
    }

    fn score(
        &self,
        example: &Example,
        completion: &str,
        draw: u64,
    ) -> Result<Score, EnvironmentError> {
        let Some(gold) = example.reference::<Gold>() else {
            let (environment, id) = (NAME.to_owned(), example.id);
            return Err(EnvironmentError::ForeignExample { environment, id });
        };
        let exact = self.verifier.verify(gold, completion);
        let (accepted, answer_correct) = (exact.accepted, exact.answer_correct);
        let process_accuracy = exact.process_accuracy;
        let paid = match &self.supervision {
            None => exact,
            Some(noisy) => noisy.verify(gold, completion, draw),
        };
        let mut score = score_of(&paid);
        if self.has_released_process() {
            score = score.with_component(RELEASED_PROCESS, released_process(gold, completion));
        }
        for reward in &self.rewards {
            score = score.with_component(reward.name().to_owned(), reward.reward(&paid));
        }
        score.accepted = accepted;
        score.answer_correct = answer_correct;
        score.process_accuracy = process_accuracy;
        score.answer = match answer_correct {
            true => Some(example.answer.clone()),
            false => wrong_answer(completion).filter(|stated| *stated != example.answer),
        };
        Ok(score)
    }

    fn components(&self) -> Vec<String> {
        let standard = [
            components::OUTCOME,
            components::PROCESS,
            components::ACCEPTED,
        ];
        let mut names: Vec<String> = standard.map(String::from).to_vec();
        if self.has_released_process() {
            names.push(RELEASED_PROCESS.to_owned());
        }
        for reward in &self.rewards {
            if !names.iter().any(|name| name == reward.name()) {
                names.push(reward.name().to_owned());
            }
        }
        names
    }

    fn level(&self) -> &str {
        self.verifier.level().name()
    }
}

impl fmt::Debug for DagEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DagEnvironment")
            .field("problems", &self.problems)
            .field("verifier", &self.verifier)
            .field("supervision", &self.supervision)
            .field("components", &self.components())
            .finish()
    }
}
