//! A machine that lends its device to the stages of other machines.

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

use super::job::{Job, Output, compute};
use super::remote::scores_to_floats;
use super::wire::{self, Kind, Message};
use crate::TrainError;
use crate::optimizer::trainable;

/// How often a worker says that it is still computing.
const BEAT: Duration = Duration::from_secs(2);

/// Computes for every leader that connects, each on a thread of its own, until the process ends.
/// `notice` is told who comes and goes.
///
/// A worker trusts whoever can reach it: it has neither passwords nor encryption, and it
/// allocates what the leader's model needs. Listen on an address that only your machines reach.
///
/// # Errors
/// Where the listener stops accepting. What goes wrong with one leader is told to it and to
/// `notice`, and the worker stays.
pub fn serve<A: TrainBackend>(
    listener: &TcpListener,
    device: &A::Device,
    notice: &(dyn Fn(&str) + Sync),
) -> io::Result<()> {
    thread::scope(|scope| {
        loop {
            let (stream, leader) = match listener.accept() {
                Ok(accepted) => accepted,
                // A leader that was gone before it was met.
                Err(error) if is_passing(error.kind()) => continue,
                Err(error) => return Err(error),
            };
            let device = device.clone();
            scope.spawn(move || {
                let serve = || {
                    Worker::<A>::meet(&stream, device)
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
                        // The leader may be gone, which is what went wrong then.
                        let failed = Message::new(Kind::Failed, &reason, Vec::new());
                        let _ = failed.and_then(|failed| wire::write(&stream, &failed));
                    }
                }
            });
        }
    })
}

/// Whether accepting failed for this leader alone.
fn is_passing(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(kind, ConnectionAborted | ConnectionReset | Interrupted)
}

struct Worker<'a, A: TrainBackend> {
    stream: &'a TcpStream,
    config: ModelConfig,
    parameters: usize,
    reference: Option<Decoder<A::InnerBackend>>,
    device: A::Device,
}

impl<'a, A: TrainBackend> Worker<'a, A> {
    /// Learns the leader's model; `None` where the leader only asked who is there.
    fn meet(stream: &'a TcpStream, device: A::Device) -> io::Result<Option<Self>> {
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
            "computes for {leader}: {} parameters",
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
                    let done = self.beating(|| self.gradients(&message.floats, jobs))?;
                    wire::write(self.stream, &done)?;
                }
                found => {
                    let reason = format!("expected work, found {found:?}");
                    return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
                }
            }
        }
        notice(&format!("done for {leader}"));
        Ok(())
    }

    /// Does something that may take long, while the leader is told that it goes on.
    fn beating<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let (over, waited) = channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                let busy = Message {
                    kind: Kind::Busy,
                    text: Vec::new(),
                    floats: Vec::new(),
                };
                while waited.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                    // Where the leader is gone, the answer will find out.
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
        let losses: Vec<u64> = outputs.iter().map(|output| output.loss.to_bits()).collect();
        let floats = flat(&decoder, &gradients, &outputs);
        Message::new(Kind::Done, &losses, floats)
    }

    fn decoder(&self, weights: &[f32]) -> io::Result<Decoder<A::InnerBackend>> {
        if weights.len() != self.parameters {
            return Err(io::Error::other(format!(
                "{} weights came, the model has {}",
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

/// Gradients in the order of the decoder's parameters (zeros where a parameter has none), then
/// the scores of each job.
fn flat<A: TrainBackend>(
    decoder: &Decoder<A>,
    gradients: &GradientsParams,
    outputs: &[Output],
) -> Vec<f32> {
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
    for scores in outputs.iter().filter_map(|output| output.scores.as_ref()) {
        scores_to_floats(scores, &mut flat.floats);
    }
    flat.floats
}
