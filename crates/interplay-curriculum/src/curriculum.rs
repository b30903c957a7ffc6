//! The sampler: walks the examples of an environment and takes those that the curriculum wants.
//!
//! Deviations: peers draw the difficulty first and generate to order (reasoning-gym's curricula).
//! Taking from the walk needs nothing of the environment but `example(index)`, keeps the state to one
//! cursor and small counts, and never gives an example twice in one epoch.

use interplay_environment::{Environment, Example};
use interplay_graph::settings::Issues;

use crate::competence::Posterior;
use crate::quota::{Role, Slot};
use crate::report::{list, report_of};
use crate::shares::{instead, shares, slot};
use crate::{
    By, Competence, CurriculumError, CurriculumReport, CurriculumSpec, CurriculumState, EdgeRule,
    Reestimate, band,
};

/// How many examples in a row may be passed over before a curriculum gives up.
const PASSED_OVER_IN_A_ROW: u64 = 10_000;

/// The results of one prompt: evidence from a calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptResult {
    /// The op, or by problem the example's id.
    pub cell: u64,
    /// Accepted completions.
    pub successes: u32,
    /// All completions.
    pub tries: u32,
}

/// An example to practice.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Pick<T> {
    /// Its index in the environment.
    pub index: u64,
    /// The example.
    pub example: Example,
    /// What the trainer made of it.
    pub fitted: T,
    /// Why it was taken.
    pub role: Role,
}

/// Which examples a policy practices on: settings and state.
///
/// A step takes its prompts with [`next`](Self::next), gives back what their rollouts were worth with
/// [`record`](Self::record), and ends with [`end_step`](Self::end_step).
#[derive(Debug, Clone, PartialEq)]
pub struct Curriculum {
    spec: CurriculumSpec,
    rule: EdgeRule,
    k: u32,
    state: CurriculumState,
}

impl Curriculum {
    /// A curriculum at its beginning, for groups of `group_size` rollouts. `calibration` holds the
    /// results of measured prompts, or nothing.
    ///
    /// # Errors
    /// [`CurriculumError::InvalidSpec`] for settings that do not make sense,
    /// [`CurriculumError::Result`] for results that do not.
    pub fn new(
        spec: &CurriculumSpec,
        group_size: usize,
        calibration: &[PromptResult],
    ) -> Result<Self, CurriculumError> {
        let issues = spec.validate(group_size, !calibration.is_empty());
        refuse(issues)?;
        let state = CurriculumState::default();
        let mut curriculum = Self::of(spec, group_size, state);
        for result in calibration {
            curriculum.add(result.cell, result.successes, result.tries)?;
        }
        curriculum.begin();
        Ok(curriculum)
    }

    /// A curriculum that goes on from a saved state.
    ///
    /// # Errors
    /// [`CurriculumError::InvalidSpec`] for settings that do not make sense,
    /// [`CurriculumError::OtherState`] for a state of another kind of curriculum.
    pub fn resume(
        spec: &CurriculumSpec,
        group_size: usize,
        state: CurriculumState,
    ) -> Result<Self, CurriculumError> {
        refuse(spec.validate(group_size, true))?;
        let begun = !state.band.is_empty() || !state.quotas.0.is_empty();
        if begun == spec.takes_everything() {
            let (with, without) = ("a state with a band", "a state without a band");
            let found = if begun { with } else { without }.to_owned();
            let expected = if begun { without } else { with }.to_owned();
            return Err(CurriculumError::OtherState { found, expected });
        }
        let mut curriculum = Self::of(spec, group_size, state);
        curriculum.set_shares();
        Ok(curriculum)
    }

    fn of(spec: &CurriculumSpec, group_size: usize, state: CurriculumState) -> Self {
        let rule = spec.edge().cloned().unwrap_or_default();
        Self {
            k: rule.k_of(group_size),
            rule,
            spec: spec.clone(),
            state,
        }
    }

    /// Sets the first band.
    fn begin(&mut self) {
        self.classify_all();
        let named = match &self.spec {
            CurriculumSpec::Static { band: None, .. } => return,
            CurriculumSpec::Static { band, .. } => band.clone(),
            CurriculumSpec::Edge { ops, .. } if ops.is_empty() => None,
            CurriculumSpec::Edge { ops, .. } => Some(ops.iter().map(|of| of.op).collect()),
            CurriculumSpec::Iterative { start, .. } => start.clone(),
        };
        match (named, self.spec.by()) {
            (Some(ops), By::Op) => self.state.band = ops.iter().map(u64::from).collect(),
            _ => self.move_band(),
        }
        self.set_shares();
    }

    /// The next example, and what `fits` made of it. Examples that `fits` refuses by `None` are
    /// passed over and counted; it is asked only about examples that are wanted.
    ///
    /// # Errors
    /// [`CurriculumError::NothingWanted`] and [`CurriculumError::NothingFits`] where example after
    /// example is passed over, and errors of the environment and of `fits`.
    pub fn next<T, E: From<CurriculumError>>(
        &mut self,
        environment: &dyn Environment,
        mut fits: impl FnMut(&Example) -> Result<Option<T>, E>,
    ) -> Result<Pick<T>, E> {
        let first = self.state.cursor;
        let epochs = environment.num_examples().unwrap_or(0).saturating_mul(2);
        let examples = PASSED_OVER_IN_A_ROW.max(epochs);
        let instead = instead(&self.spec, &self.state, environment.num_examples());
        let mut refused = 0;
        for index in first..first.saturating_add(examples) {
            let example = environment.example(index).map_err(CurriculumError::from)?;
            self.state.cursor = index + 1;
            let slot = match self.spec.takes_everything() {
                true => None,
                false => match self.wanted(&example, instead) {
                    Some(slot) => Some(slot),
                    None => {
                        self.state.passed_over += 1;
                        continue;
                    }
                },
            };
            let Some(fitted) = fits(&example)? else {
                self.state.unfit += 1;
                refused += 1;
                continue;
            };
            if let Some(slot) = slot {
                self.take(slot, &example);
            }
            let role = slot.map_or(Role::Band, |slot| slot.role);
            return Ok(Pick {
                index,
                example,
                fitted,
                role,
            });
        }
        Err(self.nothing(environment, first, examples, refused).into())
    }

    /// The slot under which an example may be taken now.
    fn wanted(&mut self, example: &Example, instead: Option<Competence>) -> Option<Slot> {
        let cell = self.cell_of(example)?;
        let known = self.state.cells.entry(cell).or_default();
        known.seen += 1;
        if known.seen == 1 {
            // A new op may be worth exploring.
            self.set_shares();
        }
        let slot = slot(&self.spec, &self.state, cell, instead)?;
        self.state.quotas.admits(slot).then_some(slot)
    }

    fn cell_of(&self, example: &Example) -> Option<u64> {
        match self.spec.by() {
            By::Op => example.labels.op.map(u64::from),
            By::Problem => Some(example.id),
        }
    }

    fn take(&mut self, slot: Slot, example: &Example) {
        self.state.quotas.take(slot);
        if let Some(cell) = self.cell_of(example) {
            self.state.cells.entry(cell).or_default().taken += 1;
        }
    }

    fn nothing(
        &self,
        environment: &dyn Environment,
        first: u64,
        examples: u64,
        refused: u64,
    ) -> CurriculumError {
        let environment = environment.name().to_owned();
        let band = list(&self.state.band);
        if refused > 0 || self.spec.takes_everything() {
            return CurriculumError::NothingFits {
                environment,
                refused,
                first,
                band,
            };
        }
        let lacking = self.state.quotas.lacking();
        let lacking = lacking.iter().map(|slot| match (slot.op, slot.role) {
            (Some(op), _) => format!("op {op}"),
            (None, Role::Replay) => "problems to replay".to_owned(),
            (None, _) => "problems of the band".to_owned(),
        });
        let seen = self.state.cells.iter().filter(|(_, cell)| cell.seen > 0);
        let seen = list(seen.map(|(cell, _)| cell));
        CurriculumError::NothingWanted {
            environment,
            examples,
            first,
            band,
            lacking: lacking.collect::<Vec<_>>().join(", "),
            seen: match self.spec.by() {
                By::Op => format!("op {seen}"),
                By::Problem => format!("problem {seen}"),
            },
        }
    }

    /// Adds what the rollouts of an example's prompt were worth. Only an edge that moves makes use
    /// of it; examples without an op are left out where ops count.
    ///
    /// # Errors
    /// [`CurriculumError::Result`] for more successes than tries, or no tries.
    pub fn record(
        &mut self,
        example: &Example,
        successes: u32,
        tries: u32,
    ) -> Result<(), CurriculumError> {
        let moves = matches!(self.spec, CurriculumSpec::Iterative { .. });
        match self.cell_of(example) {
            Some(cell) if moves => self.add(cell, successes, tries),
            _ => Ok(()),
        }
    }

    fn add(&mut self, cell: u64, successes: u32, tries: u32) -> Result<(), CurriculumError> {
        if tries == 0 || successes > tries {
            return Err(CurriculumError::Result {
                cell,
                successes,
                tries,
            });
        }
        let known = self.state.cells.entry(cell).or_default();
        known.evidence.add(successes, tries, self.k);
        Ok(())
    }

    /// Ends a step, counted from 1. Estimates the edge again where that is due, and says what has
    /// become of it.
    pub fn end_step(&mut self, step: u64) -> Option<Reestimate> {
        let CurriculumSpec::Iterative { every_steps, .. } = self.spec else {
            return None;
        };
        if step < self.state.estimated_at.saturating_add(every_steps) {
            return None;
        }
        self.state.estimated_at = step;
        let before: Vec<u64> = self.state.band.iter().copied().collect();
        let moved = self.classify_all();
        self.move_band();
        self.set_shares();
        let kept = self.spec.kept();
        for cell in self.state.cells.values_mut() {
            cell.evidence.fade(kept);
        }
        let after = self.state.band.iter().copied().collect();
        Some(Reestimate {
            step,
            before,
            after,
            moved,
        })
    }

    /// Places every cell, and tells which have moved.
    fn classify_all(&mut self) -> Vec<(u64, Competence, Competence)> {
        let by = self.spec.by();
        let mut moved = Vec::new();
        for (id, cell) in &mut self.state.cells {
            let before = cell.competence;
            let posterior = Posterior::of(&cell.evidence, &self.rule, by, self.k);
            // The prior alone puts nothing anywhere.
            cell.competence = match cell.evidence.tries > 0.0 {
                true => posterior.classify(&self.rule, before),
                false => Competence::Uncertain,
            };
            if cell.competence != before {
                moved.push((*id, before, cell.competence));
            }
        }
        moved
    }

    fn move_band(&mut self) {
        self.state.band = match self.spec.by() {
            By::Op => band::ops(&self.state.known_cells(), &self.state.band),
            By::Problem => band::problems(&self.state.cells),
        };
    }

    fn set_shares(&mut self) {
        let wanted = shares(&self.spec, &self.state);
        self.state.quotas.set(wanted);
    }

    /// What has to be saved to go on from here.
    #[must_use]
    pub fn state(&self) -> &CurriculumState {
        &self.state
    }

    /// The settings.
    #[must_use]
    pub fn spec(&self) -> &CurriculumSpec {
        &self.spec
    }

    /// The cells in the band; none where every example is taken.
    pub fn band(&self) -> impl Iterator<Item = u64> + '_ {
        self.state.band.iter().copied()
    }

    /// Where the curriculum stands.
    #[must_use]
    pub fn report(&self) -> CurriculumReport {
        report_of(&self.spec, &self.rule, self.k, &self.state)
    }
}

impl CurriculumSpec {
    /// What an environment lacks for this curriculum.
    ///
    /// # Errors
    /// Those of the environment's first example.
    pub fn missing_from(&self, environment: &dyn Environment) -> Result<Issues, CurriculumError> {
        if self.takes_everything() {
            return Ok(Issues::default());
        }
        let labelled = self.by() == By::Problem || environment.example(0)?.labels.op.is_some();
        let finite = environment.num_examples().is_some();
        Ok(self.missing(environment.name(), labelled, finite))
    }

    /// What an environment of this name lacks for this curriculum, given whether its examples have an op and whether
    /// its problems come again.
    #[must_use]
    pub fn missing(&self, name: &str, labelled: bool, finite: bool) -> Issues {
        let mut issues = Issues::default();
        if self.takes_everything() {
            return issues;
        }
        match self.by() {
            By::Op => {
                let found = format!("a curriculum without a band: no label `op` in `{name}`");
                let expected = "an environment whose examples have an op";
                issues.expect(labelled, "", found, expected);
            }
            By::Problem => {
                let found = format!("problem, but the problems of `{name}` never come again");
                issues.expect(finite, "by", found, "op");
            }
        }
        issues
    }
}

fn refuse(issues: Issues) -> Result<(), CurriculumError> {
    let told = |issues| CurriculumError::InvalidSpec { issues };
    issues.into_result().map_err(told)
}
