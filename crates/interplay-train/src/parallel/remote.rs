//! The leader's connection to a worker on another machine.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use interplay_model::{Decoder, FusedOps, ModelConfig, parameter_values};

use super::job::{Job, Output};
use super::wire::{self, Kind, Message};
use crate::TrainError;
use crate::grpo::objective::PassStats;

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Checks that a worker listens at `address` (`host:port`).
///
/// # Errors
/// [`TrainError::Worker`] if none does.
pub fn check_worker(address: &str) -> Result<(), TrainError> {
    Remote::connect(address, None, CONNECT_TIMEOUT).map(|_| ())
}

/// A connection on which the worker has introduced itself.
pub(super) struct Remote {
    address: String,
    stream: TcpStream,
    parameters: usize,
}

impl Remote {
    /// Connects, and announces the model that is to be trained.
    pub fn connect(
        address: &str,
        config: Option<&ModelConfig>,
        timeout: Duration,
    ) -> Result<Self, TrainError> {
        let stream = open(address, timeout).map_err(|error| {
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

    /// Sends the weights of the reference, which the worker keeps.
    pub fn keep_reference<B: FusedOps>(&mut self, decoder: &Decoder<B>) -> Result<(), TrainError> {
        let weights = parameter_values(decoder)?.concat();
        self.send(Kind::Reference, &(), weights)?;
        self.expect(Kind::Ready, 0)?;
        Ok(())
    }

    /// Lets the worker compute the jobs with these weights. The gradients are put on `device`.
    pub fn compute<B: FusedOps>(
        &mut self,
        decoder: &Decoder<B>,
        jobs: Vec<Job>,
        device: &B::Device,
    ) -> Result<(Vec<Output>, GradientsParams), TrainError> {
        let weights = parameter_values(decoder)?.concat();
        self.send(Kind::Work, &jobs, weights)?;
        let done = self.expect(Kind::Done, self.parameters)?;
        let results: Vec<JobResult> = done.text().map_err(|error| self.lost(&error))?;
        if results.len() != jobs.len() || done.floats.len() != self.parameters {
            return Err(lost(
                &self.address,
                format!(
                    "it returned {} losses and {} numbers, expected {} and {}",
                    results.len(),
                    done.floats.len(),
                    jobs.len(),
                    self.parameters
                ),
            ));
        }
        let outputs = results.into_iter().map(JobResult::output).collect();
        let gradients = &done.floats;
        Ok((outputs, unflatten(decoder, gradients, device)))
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

    /// Waits for the next message that is not a heartbeat.
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
                    let reason = message
                        .text()
                        .unwrap_or_else(|_| "it failed and gave no reason".into());
                    return Err(lost(&self.address, reason));
                }
                found => {
                    let reason = format!("it sent {found:?}, expected {kind:?}");
                    return Err(lost(&self.address, reason));
                }
            }
        }
    }

    fn lost(&self, error: &io::Error) -> TrainError {
        let timed_out = matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
        );
        let timeout = self.stream.read_timeout().ok().flatten();
        let reason = match timeout {
            Some(timeout) if timed_out => format!("no message for {timeout:?}"),
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

fn open(address: &str, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(timeout))?;
                stream.set_write_timeout(Some(timeout))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The loss and the statistics of a job in a message, as bits.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct JobResult {
    loss: u64,
    stats: [u64; PassStats::NUMBERS],
}

impl JobResult {
    pub fn of(output: &Output) -> Self {
        Self {
            loss: output.loss.to_bits(),
            stats: output.stats.to_bits(),
        }
    }

    fn output(self) -> Output {
        Output {
            loss: f64::from_bits(self.loss),
            stats: PassStats::from_bits(self.stats),
        }
    }
}

/// Splits flat gradients into those of the decoder's parameters.
fn unflatten<B: Backend>(
    decoder: &Decoder<B>,
    flat: &[f32],
    device: &B::Device,
) -> GradientsParams {
    struct Unflatten<'a, B: Backend> {
        rest: &'a [f32],
        device: &'a B::Device,
        gradients: GradientsParams,
    }
    impl<B: Backend> ModuleVisitor<B> for Unflatten<'_, B> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            let shape = param.val().shape();
            let (own, rest) = self.rest.split_at(shape.num_elements());
            self.rest = rest;
            let data = TensorData::new(own.to_vec(), shape);
            let gradient = Tensor::<B, D>::from_data(data, self.device);
            self.gradients.register::<B, D>(param.id, gradient);
        }
    }
    let mut unflatten = Unflatten {
        rest: flat,
        device,
        gradients: GradientsParams::new(),
    };
    decoder.visit(&mut unflatten);
    unflatten.gradients
}
