//! The leader's end of a worker on another machine.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use interplay_model::{Decoder, FusedOps, ModelConfig, parameter_values};

use super::job::{Job, Loss, Output, Scores};
use super::wire::{self, Kind, Message};
use crate::TrainError;

/// How long the first connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Asks whether a worker listens at `address` (`host:port`).
///
/// # Errors
/// [`TrainError::Worker`] where none does.
pub fn check_worker(address: &str) -> Result<(), TrainError> {
    Remote::connect(address, None, CONNECT).map(|_| ())
}

pub(super) struct Remote {
    address: String,
    stream: TcpStream,
    parameters: usize,
}

impl Remote {
    /// Connects and introduces the model.
    pub fn connect(
        address: &str,
        config: Option<&ModelConfig>,
        silence: Duration,
    ) -> Result<Self, TrainError> {
        let stream = open(address, silence).map_err(|error| {
            let reason = format!("no connection: {error}");
            lost(address, reason)
        })?;
        let mut remote = Self {
            address: address.to_owned(),
            stream,
            parameters: config.map_or(0, ModelConfig::parameters),
        };
        remote.send(Kind::Hello, &config, Vec::new())?;
        remote.expect(Kind::Ready, 0)?;
        Ok(remote)
    }

    /// Hands over the weights of a reference, which the worker keeps.
    pub fn keep_reference<B: FusedOps>(&mut self, decoder: &Decoder<B>) -> Result<(), TrainError> {
        let weights = parameter_values(decoder)?.concat();
        self.send(Kind::Reference, &(), weights)?;
        self.expect(Kind::Ready, 0)?;
        Ok(())
    }

    /// Has the worker do the jobs with these weights; the gradients come to `device`.
    pub fn compute<B: FusedOps>(
        &mut self,
        decoder: &Decoder<B>,
        jobs: Vec<Job>,
        device: &B::Device,
    ) -> Result<(Vec<Output>, GradientsParams), TrainError> {
        let weights = parameter_values(decoder)?.concat();
        self.send(Kind::Work, &jobs, weights)?;
        let scores: usize = jobs.iter().map(scored).sum();
        let done = self.expect(Kind::Done, self.parameters + scores)?;
        let losses: Vec<u64> = done.text().map_err(|error| self.lost(&error))?;
        if losses.len() != jobs.len() || done.floats.len() != self.parameters + scores {
            return Err(lost(
                &self.address,
                format!(
                    "an answer of {} losses and {} numbers, expected {} and {}",
                    losses.len(),
                    done.floats.len(),
                    jobs.len(),
                    self.parameters + scores
                ),
            ));
        }
        let (gradients, mut rest) = done.floats.split_at(self.parameters);
        let mut outputs = Vec::with_capacity(jobs.len());
        for (job, loss) in jobs.into_iter().zip(losses) {
            let (own, others) = rest.split_at(scored(&job));
            rest = others;
            outputs.push(Output {
                loss: f64::from_bits(loss),
                scores: scores_of(job, own),
            });
        }
        Ok((outputs, gather(decoder, gradients, device)))
    }

    fn send(
        &mut self,
        kind: Kind,
        text: &impl serde::Serialize,
        floats: Vec<f32>,
    ) -> Result<(), TrainError> {
        Message::new(kind, text, floats)
            .and_then(|message| wire::write(&self.stream, &message))
            .map_err(|error| self.lost(&error))
    }

    /// The next message that is not a sign of life.
    fn expect(&mut self, kind: Kind, max_floats: usize) -> Result<Message, TrainError> {
        loop {
            let message =
                wire::read(&self.stream, max_floats).map_err(|error| self.lost(&error))?;
            let Some(message) = message else {
                return Err(lost(&self.address, "it closed the connection".into()));
            };
            match message.kind {
                Kind::Busy => {}
                found if found == kind => return Ok(message),
                Kind::Failed => {
                    let reason = message.text().unwrap_or_else(|_| "for no reason".into());
                    return Err(lost(&self.address, reason));
                }
                found => {
                    let reason = format!("it answered {found:?}, expected {kind:?}");
                    return Err(lost(&self.address, reason));
                }
            }
        }
    }

    fn lost(&self, error: &io::Error) -> TrainError {
        let silent = matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
        );
        let silence = self.stream.read_timeout().ok().flatten();
        let reason = match silence {
            Some(silence) if silent => format!("no sign of life for {silence:?}"),
            _ => error.to_string(),
        };
        lost(&self.address, reason)
    }
}

fn lost(address: &str, reason: String) -> TrainError {
    TrainError::Worker {
        worker: format!("worker {address}"),
        reason,
    }
}

fn open(address: &str, silence: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for place in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&place, CONNECT) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(silence))?;
                stream.set_write_timeout(Some(silence))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// How many floats a job's scores take: log-probability and entropy of each predicted token, and
/// the reference's log-probability.
fn scored(job: &Job) -> usize {
    match &job.loss {
        Loss::NextToken { .. } => 0,
        Loss::Policy { .. } => 3 * job.pass.predicted(),
    }
}

fn scores_of(job: Job, floats: &[f32]) -> Option<Scores> {
    let Loss::Policy { mut table, .. } = job.loss else {
        return None;
    };
    let count = job.pass.predicted();
    let (policy, rest) = floats.split_at(count);
    let (entropy, reference) = rest.split_at(count);
    // A worker without a reference leaves this part not a number.
    if reference.iter().any(|value| !value.is_nan()) {
        table.reference = reference.to_vec();
    }
    Some(Scores {
        policy: policy.to_vec(),
        entropy: entropy.to_vec(),
        table,
    })
}

/// The floats of a worker's scores, as [`scores_of`] reads them.
pub(super) fn scores_to_floats(scores: &Scores, floats: &mut Vec<f32>) {
    floats.extend(&scores.policy);
    floats.extend(&scores.entropy);
    if scores.table.reference.is_empty() {
        floats.extend(std::iter::repeat_n(f32::NAN, scores.policy.len()));
    } else {
        floats.extend(&scores.table.reference);
    }
}

/// Flat gradients as those of the decoder's parameters.
fn gather<B: Backend>(decoder: &Decoder<B>, flat: &[f32], device: &B::Device) -> GradientsParams {
    struct Gather<'a, B: Backend> {
        rest: &'a [f32],
        device: &'a B::Device,
        gradients: GradientsParams,
    }
    impl<B: Backend> ModuleVisitor<B> for Gather<'_, B> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            let shape = param.val().shape();
            let (own, rest) = self.rest.split_at(shape.num_elements());
            self.rest = rest;
            let data = TensorData::new(own.to_vec(), shape);
            let gradient = Tensor::<B, D>::from_data(data, self.device);
            self.gradients.register::<B, D>(param.id, gradient);
        }
    }
    let mut gather = Gather {
        rest: flat,
        device,
        gradients: GradientsParams::new(),
    };
    decoder.visit(&mut gather);
    gather.gradients
}
