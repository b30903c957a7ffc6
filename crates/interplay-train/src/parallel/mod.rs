//! Data parallel training: a step's rows shared between devices and machines.
//!
//! The device that leads holds the stage: its optimiser, its folder, its data. Before each update
//! it hands every other device the weights and a share of the rows, computes a share itself, adds
//! the gradients up in the order in which the devices are named, and updates. A share's loss is
//! already divided by what the whole step is divided by, so the sum is the gradient of one device
//! on the same rows, up to rounding. Weights live in one place, so replicas cannot drift apart,
//! a checkpoint is what it is without replicas, and the same devices give the same bytes.
//!
//! Devices of this machine compute on threads. A device of another machine is a [worker](serve)
//! that knows nothing of the experiment: weights and rows go to it over TCP, losses and gradients
//! come back.
//!
//! Source: synchronous data parallelism with one place for the weights, Li et al. 2014
//! ("Scaling distributed machine learning with the parameter server").
//!
//! Deviations: instead of an all-reduce with an optimiser on every device, gradients are reduced
//! to one device and weights broadcast from it. That moves the same bytes, needs the moments once,
//! and leaves one set of weights. `docs/ARCHITECTURE.md` says why it is not Burn's own collective.

mod job;
mod member;
mod remote;
mod share;
mod wire;
mod worker;

use std::time::Duration;

use burn::module::AutodiffModule;
use burn::optim::{GradientsAccumulator, GradientsParams};
use interplay_model::{Decoder, ModelConfig, TrainBackend};

pub(crate) use job::{Job, Output};
pub use remote::check_worker;
pub use worker::serve;

use crate::TrainError;
use member::Member;
use share::shares;

/// How long a worker may be silent before it counts as lost. While it computes it says so every
/// two seconds.
pub const SILENCE: Duration = Duration::from_secs(30);

/// Where a share of the rows is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place<D> {
    /// A device of this machine.
    Local(D),
    /// A worker on another machine, as `host:port`.
    Worker(String),
}

/// The devices of a stage: one that leads, and any number that help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places<D> {
    /// The device that holds the weights, samples and evaluates.
    pub leader: D,
    /// Where the other shares are computed, in the order in which gradients are added up.
    pub others: Vec<Place<D>>,
    /// How long a worker may be silent before it counts as lost.
    pub silence: Duration,
}

impl<D> Places<D> {
    /// One device that computes everything.
    #[must_use]
    pub fn one(leader: D) -> Self {
        Self {
            leader,
            others: Vec::new(),
            silence: SILENCE,
        }
    }

    /// With these places as well.
    #[must_use]
    pub fn with(mut self, others: impl IntoIterator<Item = Place<D>>) -> Self {
        self.others.extend(others);
        self
    }

    /// How many shares there are.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.others.len()
    }
}

/// The devices at work on one stage.
pub(crate) struct Team<A: TrainBackend> {
    device: A::Device,
    reference: Option<Decoder<A::InnerBackend>>,
    members: Vec<Member<A::InnerBackend>>,
}

impl<A: TrainBackend> Team<A> {
    /// Connects to the workers and starts a thread for each other place. A policy's `reference`
    /// stays with every member.
    pub fn start(
        places: &Places<A::Device>,
        config: &ModelConfig,
        reference: Option<Decoder<A::InnerBackend>>,
    ) -> Result<Self, TrainError> {
        let device = places.leader.clone();
        let mut members = Vec::with_capacity(places.others.len());
        for (place, number) in places.others.iter().zip(2..) {
            members.push(match place {
                Place::Local(own) => Member::local::<A>(number, own, &device, reference.clone()),
                Place::Worker(address) => {
                    let silence = places.silence;
                    Member::remote(address, config, &device, reference.as_ref(), silence)?
                }
            });
        }
        Ok(Self {
            device,
            reference,
            members,
        })
    }

    /// The device that leads.
    pub fn device(&self) -> &A::Device {
        &self.device
    }

    /// Whether the members hold a reference.
    pub fn has_reference(&self) -> bool {
        self.reference.is_some()
    }

    /// What each job gave (with several devices, each share of each job), and the sum of their
    /// gradients on the device that leads.
    pub fn gradients(
        &self,
        decoder: &Decoder<A>,
        jobs: Vec<Job>,
    ) -> Result<(Vec<Output>, GradientsParams), TrainError> {
        let mut shares = shares(jobs, 1 + self.members.len()).into_iter();
        let own = shares.next().unwrap_or_default();
        let mut asked = Vec::new();
        for (member, share) in self.members.iter().zip(shares) {
            if !share.is_empty() {
                member.ask(decoder.valid(), share)?;
                asked.push(member);
            }
        }
        let reference = self.reference.as_ref();
        let (mut outputs, mut sum) = job::compute(decoder, reference, own, &self.device)?;
        for member in asked {
            let (others, gradients) = member.answer()?;
            outputs.extend(others);
            let mut both = GradientsAccumulator::new();
            both.accumulate(decoder, sum);
            both.accumulate(decoder, gradients);
            sum = both.grads();
        }
        Ok((outputs, sum))
    }
}
