//! A worker: a process that lends its device to training stages on other machines.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use interplay_model::{Decoder, ModelConfig, ModelError, TrainBackend};

use super::job::{Job, compute};
use super::remote::JobResult;
use super::wire::{self, Kind, Message};
use crate::TrainError;
use crate::optimizer::trainable;

/// The interval between heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// Serves every leader that connects, each on its own thread, until the process ends. `notice` receives a
/// line whenever a leader comes, goes or fails.
///
/// A worker trusts whoever can reach it: there are no passwords and no encryption, and it allocates as
/// much memory as the leader's model needs. Listen on an address that only your machines reach.
///
/// # Errors
/// If the listener can no longer accept connections. A failure with one leader is reported to that leader
/// and to `notice`; the worker keeps running.
pub fn serve<A: TrainBackend>(
    listener: &TcpListener,
    device: &A::Device,
    notice: &(dyn Fn(&str) + Sync),
) -> io::Result<()> {
    thread::scope(|scope| {
        loop {
            let (stream, leader) = match listener.accept() {
                Ok(accepted) => accepted,
                // The leader was gone before it was accepted.
                Err(error) if is_transient(error.kind()) => continue,
                Err(error) => return Err(error),
            };
            let device = device.clone();
            scope.spawn(move || {
                let serve = || {
                    Worker::<A>::accept(&stream, device)
                        .and_then(|worker| worker.map_or(Ok(()), |worker| worker.work(notice)))
                };
                // A backend panics where its memory is exhausted.
                let outcome = catch_unwind(AssertUnwindSafe(serve))
                    .unwrap_or_else(|_| Err(io::Error::other("the worker's backend panicked")));
                match outcome {
                    Ok(()) => {}
                    Err(error) => {
                        let reason = error.to_string();
                        notice(&format!("leader {leader}: {reason}"));
                        // The leader may be gone, which then is what failed.
                        let failed = Message::new(Kind::Failed, &reason, Vec::new());
                        let _ = failed.and_then(|failed| wire::write(&stream, &failed));
                    }
                }
            });
        }
    })
}

/// Whether accepting failed for one leader only.
fn is_transient(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(kind, ConnectionAborted | ConnectionReset | Interrupted)
}

/// The worker's side of one connection.
struct Worker<'a, A: TrainBackend> {
    stream: &'a TcpStream,
    config: ModelConfig,
    parameters: usize,
    reference: Option<Decoder<A::InnerBackend>>,
    device: A::Device,
}

impl<'a, A: TrainBackend> Worker<'a, A> {
    /// Receives the leader's model; `None` if the leader only asked whether a worker listens.
    fn accept(stream: &'a TcpStream, device: A::Device) -> io::Result<Option<Self>> {
        stream.set_nodelay(true)?;
        let Some(hello) = wire::read(stream, 0)? else {
            return Ok(None);
        };
        let config: Option<ModelConfig> = hello.text()?;
        let Some(config) = config.filter(|_| hello.kind == Kind::Hello) else {
            ready(stream)?;
            return Ok(None);
        };
        config.validate().map_err(io::Error::other)?;
        ready(stream)?;
        Ok(Some(Self {
            stream,
            parameters: config.parameters(),
            config,
            reference: None,
            device,
        }))
    }

    fn work(mut self, notice: &(dyn Fn(&str) + Sync)) -> io::Result<()> {
        let leader = self.stream.peer_addr()?;
        notice(&format!(
            "computing for {leader}: {} parameters",
            self.parameters
        ));
        while let Some(message) = wire::read(self.stream, self.parameters)? {
            match message.kind {
                Kind::Reference => {
                    self.reference = Some(self.decoder(&message.floats)?);
                    ready(self.stream)?;
                }
                Kind::Work => {
                    let jobs: Vec<Job> = message.text()?;
                    let done = self.with_heartbeat(|| self.gradients(&message.floats, jobs))?;
                    wire::write(self.stream, &done)?;
                }
                found => {
                    let reason = format!("expected work, found {found:?}");
                    return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
                }
            }
        }
        notice(&format!("finished for {leader}"));
        Ok(())
    }

    /// Sends heartbeats to the leader while `work` runs.
    fn with_heartbeat<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let (over, waited) = channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                let busy = Message {
                    kind: Kind::Busy,
                    text: Vec::new(),
                    floats: Vec::new(),
                };
                while waited.recv_timeout(HEARTBEAT) == Err(RecvTimeoutError::Timeout) {
                    // If the leader is gone, sending the result fails as well.
                    let _ = wire::write(self.stream, &busy);
                }
            });
            let outcome = work();
            drop(over);
            outcome
        })
    }

    fn gradients(&self, weights: &[f32], jobs: Vec<Job>) -> io::Result<Message> {
        let decoder = trainable::<A>(self.decoder(weights)?);
        let reference = self.reference.as_ref();
        let (outputs, gradients) =
            compute(&decoder, reference, jobs, &self.device).map_err(io::Error::other)?;
        let results: Vec<JobResult> = outputs.iter().map(JobResult::of).collect();
        let floats = flatten(&decoder, &gradients);
        Message::new(Kind::Done, &results, floats)
    }

    fn decoder(&self, weights: &[f32]) -> io::Result<Decoder<A::InnerBackend>> {
        if weights.len() != self.parameters {
            return Err(io::Error::other(format!(
                "received {} weights, expected {}",
                weights.len(),
                self.parameters
            )));
        }
        let mut rest = weights;
        Decoder::from_values(&self.config, &self.device, &mut |_, shape| {
            let (own, others) = rest.split_at(shape.iter().product());
            rest = others;
            Ok::<_, ModelError>(own.to_vec())
        })
        .map_err(TrainError::from)
        .map_err(io::Error::other)
    }
}

fn ready(stream: &TcpStream) -> io::Result<()> {
    wire::write(stream, &Message::new(Kind::Ready, &(), Vec::new())?)
}

/// The gradients in the order of the decoder's parameters, zeros for a parameter without one.
fn flatten<A: TrainBackend>(decoder: &Decoder<A>, gradients: &GradientsParams) -> Vec<f32> {
    struct Flat<'a> {
        gradients: &'a GradientsParams,
        floats: Vec<f32>,
    }
    impl<A: AutodiffBackend> ModuleVisitor<A> for Flat<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<A, D>>) {
            match self.gradients.get::<A::InnerBackend, D>(param.id) {
                Some(gradient) => self.floats.extend(gradient.into_data().iter::<f32>()),
                None => {
                    let count = param.val().shape().num_elements();
                    self.floats.extend(std::iter::repeat_n(0.0, count));
                }
            }
        }
    }
    let floats = Vec::new();
    let mut flat = Flat { gradients, floats };
    decoder.visit(&mut flat);
    flat.floats
}
