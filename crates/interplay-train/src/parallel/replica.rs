//! The leader's handle on another replica: a thread that receives weights and rows and returns gradients.

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

type Request<B> = (Decoder<B>, Vec<Job>);
type Outcome = Result<(Vec<Output>, GradientsParams), TrainError>;

/// A replica besides the leader. Its thread ends when this is dropped.
pub(super) struct Replica<B: Backend> {
    name: String,
    requests: Sender<Request<B>>,
    results: Receiver<Outcome>,
}

impl<B: FusedOps> Replica<B> {
    /// A device of this machine, `number` in the list. Gradients are returned on the device `leader`.
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
                // Threads that share parameters would share one autodiff graph, and lock each other out.
                let decoder = trainable::<A>(decoder.to_device(&device));
                let (outputs, gradients) = compute(&decoder, reference.as_ref(), jobs, &device)?;
                Ok((outputs, gradients.to_device(&leader, &decoder)))
            },
        )
    }

    /// The worker at `address`. Gradients are returned on the device `leader`.
    pub fn remote(
        address: &str,
        config: &ModelConfig,
        leader: &B::Device,
        reference: Option<&Decoder<B>>,
        timeout: Duration,
    ) -> Result<Self, TrainError> {
        let mut remote = Remote::connect(address, Some(config), timeout)?;
        if let Some(reference) = reference {
            remote.keep_reference(reference)?;
        }
        let leader = leader.clone();
        Ok(Self::spawn(
            format!("worker {address}"),
            move |(decoder, jobs)| remote.compute(&decoder, &jobs, &leader),
        ))
    }

    fn spawn(name: String, mut work: impl FnMut(Request<B>) -> Outcome + Send + 'static) -> Self {
        let (requests, received) = channel();
        let (sender, results) = channel();
        thread::spawn(move || {
            // The leader drops its end when the stage is over.
            while let Ok(request) = received.recv() {
                if sender.send(work(request)).is_err() {
                    return;
                }
            }
        });
        Self {
            name,
            requests,
            results,
        }
    }

    /// Sends weights and rows.
    pub fn submit(&self, decoder: Decoder<B>, jobs: Vec<Job>) -> Result<(), TrainError> {
        self.requests.send((decoder, jobs)).map_err(|_| self.lost())
    }

    /// Waits for the result of what was submitted.
    pub fn receive(&self) -> Outcome {
        self.results.recv().map_err(|_| self.lost())?
    }

    /// A thread that panicked has written its reason to standard error.
    fn lost(&self) -> TrainError {
        TrainError::Worker {
            worker: self.name.clone(),
            reason: "it stopped before it had finished its work".into(),
        }
    }
}
