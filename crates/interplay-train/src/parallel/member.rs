//! A device that helps: a thread that takes weights and rows and gives gradients.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::backend::Backend;
use interplay_model::{Decoder, FusedOps, ModelConfig, TrainBackend};

use super::job::{Job, Output, compute};
use super::remote::Remote;
use crate::TrainError;
use crate::optimizer::trainable;

type Order<B> = (Decoder<B>, Vec<Job>);
type Answer = Result<(Vec<Output>, GradientsParams), TrainError>;

/// The leader's end of a member. The thread ends when this is dropped.
pub(super) struct Member<B: Backend> {
    name: String,
    orders: Sender<Order<B>>,
    answers: Receiver<Answer>,
}

impl<B: FusedOps> Member<B> {
    /// Device `number` of the list; gradients are handed over on `leader`.
    pub fn local<A: TrainBackend<InnerBackend = B, Device = B::Device>>(
        number: usize,
        device: &B::Device,
        leader: &B::Device,
        reference: Option<Decoder<B>>,
    ) -> Self {
        let (device, leader) = (device.clone(), leader.clone());
        let reference = reference.map(|decoder| decoder.to_device(&device));
        Self::spawn(
            format!("device {number} of this machine"),
            move |(decoder, jobs)| {
                // A graph of its own: threads that share parameters would share one graph.
                let decoder = trainable::<A>(decoder.to_device(&device));
                let (outputs, gradients) = compute(&decoder, reference.as_ref(), jobs, &device)?;
                Ok((outputs, gradients.to_device(&leader, &decoder)))
            },
        )
    }

    /// The worker at `address`; gradients are handed over on `leader`.
    pub fn remote(
        address: &str,
        config: &ModelConfig,
        leader: &B::Device,
        reference: Option<&Decoder<B>>,
        silence: Duration,
    ) -> Result<Self, TrainError> {
        let mut remote = Remote::connect(address, Some(config), silence)?;
        if let Some(reference) = reference {
            remote.keep_reference(reference)?;
        }
        let leader = leader.clone();
        Ok(Self::spawn(
            format!("worker {address}"),
            move |(decoder, jobs)| remote.compute(&decoder, jobs, &leader),
        ))
    }

    fn spawn(name: String, mut work: impl FnMut(Order<B>) -> Answer + Send + 'static) -> Self {
        let (orders, taken) = channel();
        let (given, answers) = channel();
        thread::spawn(move || {
            // The leader hangs up when the stage is over.
            while let Ok(order) = taken.recv() {
                if given.send(work(order)).is_err() {
                    return;
                }
            }
        });
        Self {
            name,
            orders,
            answers,
        }
    }

    /// Hands over weights and rows.
    pub fn ask(&self, decoder: Decoder<B>, jobs: Vec<Job>) -> Result<(), TrainError> {
        self.orders.send((decoder, jobs)).map_err(|_| self.lost())
    }

    /// Waits for what was asked for.
    pub fn answer(&self) -> Answer {
        self.answers.recv().map_err(|_| self.lost())?
    }

    /// A member that panicked has written its reason to standard error.
    fn lost(&self) -> TrainError {
        TrainError::Worker {
            worker: self.name.clone(),
            reason: "it stopped in the middle of its work".into(),
        }
    }
}
