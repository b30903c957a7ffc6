//! Data-parallel training: the rows of a step, shared between devices and machines.
//!
//! One device leads. It holds the weights, the optimizer, the data and the stage's folder. Before each
//! update it sends the weights and a share of the rows to every other replica, computes a share itself,
//! sums the gradients in the order of the list of replicas, and updates. The loss of a share is divided
//! by the token count of the whole step, so the sum is the gradient that one device would compute on the
//! same rows, up to rounding. Only the leader keeps weights between steps: replicas cannot drift apart,
//! a checkpoint does not depend on how many there are, and the same devices give the same bytes.
//!
//! A replica on this machine is a thread. A replica on another machine is a [worker](serve), which knows
//! nothing of the experiment: it receives weights and rows over TCP and returns losses and gradients.
//!
//! Source: synchronous data parallelism with a parameter server, Li et al. 2014 ("Scaling distributed
//! machine learning with the parameter server").
//!
//! Deviations: no all-reduce with an optimizer on every device. Reducing gradients to the leader and
//! broadcasting weights moves the same bytes, needs the moments only once and leaves one set of weights.
//! `docs/ARCHITECTURE.md` explains why this is not Burn's own collective.

mod job;
mod remote;
mod replica;
mod share;
mod wire;
mod worker;

use std::time::Duration;

use burn::module::AutodiffModule;
use burn::optim::{GradientsAccumulator, GradientsParams};
use interplay_model::{Decoder, ModelConfig, TrainBackend};

pub(crate) use job::{Job, Output, compute};
pub use remote::check_worker;
pub use worker::serve;

use crate::TrainError;
use replica::Replica;
use share::shares;

/// The default of [`Replicas::worker_timeout`]. A worker that computes reports every two seconds.
pub const WORKER_TIMEOUT: Duration = Duration::from_secs(30);

/// A replica besides the leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplicaSpec<D> {
    /// A device of this machine.
    Local(D),
    /// A worker on another machine, as `host:port`.
    Worker(String),
}

/// The devices that train one model: a leader and any number of other replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replicas<D> {
    /// The device that holds the weights, samples and evaluates.
    pub leader: D,
    /// The other replicas, in the order in which gradients are summed.
    pub others: Vec<ReplicaSpec<D>>,
    /// How long a worker may be silent before it counts as lost.
    pub worker_timeout: Duration,
}

impl<D> Replicas<D> {
    /// A single device, which computes everything.
    #[must_use]
    pub fn single(leader: D) -> Self {
        Self {
            leader,
            others: Vec::new(),
            worker_timeout: WORKER_TIMEOUT,
        }
    }

    /// Adds replicas.
    #[must_use]
    pub fn with(mut self, others: impl IntoIterator<Item = ReplicaSpec<D>>) -> Self {
        self.others.extend(others);
        self
    }

    /// The number of replicas, the leader included.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.others.len()
    }
}

/// The running replicas of one stage.
pub(crate) struct WorkerGroup<A: TrainBackend> {
    device: A::Device,
    reference: Option<Decoder<A::InnerBackend>>,
    replicas: Vec<Replica<A::InnerBackend>>,
}

impl<A: TrainBackend> WorkerGroup<A> {
    /// Connects to the workers and starts a thread for every replica but the leader. Each keeps a copy of
    /// the policy's `reference`.
    pub fn start(
        specs: &Replicas<A::Device>,
        config: &ModelConfig,
        reference: Option<Decoder<A::InnerBackend>>,
    ) -> Result<Self, TrainError> {
        let device = specs.leader.clone();
        let mut replicas = Vec::with_capacity(specs.others.len());
        for (spec, number) in specs.others.iter().zip(2..) {
            replicas.push(match spec {
                ReplicaSpec::Local(own) => {
                    Replica::local::<A>(number, own, &device, reference.clone())
                }
                ReplicaSpec::Worker(address) => {
                    let timeout = specs.worker_timeout;
                    Replica::remote(address, config, &device, reference.as_ref(), timeout)?
                }
            });
        }
        Ok(Self {
            device,
            reference,
            replicas,
        })
    }

    /// The leader's device.
    pub fn device(&self) -> &A::Device {
        &self.device
    }

    /// The reference, if there is one.
    pub fn reference(&self) -> Option<&Decoder<A::InnerBackend>> {
        self.reference.as_ref()
    }

    /// The output of each job (of each share of each job, with several replicas), and the sum of their
    /// gradients on the leader's device.
    pub fn gradients(
        &self,
        decoder: &Decoder<A>,
        jobs: Vec<Job>,
    ) -> Result<(Vec<Output>, GradientsParams), TrainError> {
        let mut shares = shares(jobs, 1 + self.replicas.len()).into_iter();
        let own = shares.next().unwrap_or_default();
        let mut busy = Vec::new();
        for (replica, share) in self.replicas.iter().zip(shares) {
            if !share.is_empty() {
                replica.submit(decoder.valid(), share)?;
                busy.push(replica);
            }
        }
        let reference = self.reference.as_ref();
        let (mut outputs, mut sum) = compute(decoder, reference, own, &self.device)?;
        for replica in busy {
            let (others, gradients) = replica.receive()?;
            outputs.extend(others);
            let mut both = GradientsAccumulator::new();
            both.accumulate(decoder, sum);
            both.accumulate(decoder, gradients);
            sum = both.grads();
        }
        Ok((outputs, sum))
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::thread;

    use burn::backend::{Autodiff, Flex};
    use burn::module::{Module, ModuleVisitor, Param};
    use burn::tensor::Tensor;
    use burn::tensor::backend::AutodiffBackend;
    use interplay_graph::SeedStreams;
    use interplay_model::{Activations, Precision};

    use super::*;
    use interplay_objectives::loss::PolicyLoss;

    use crate::grpo::objective::{Objective, TokenTable};
    use crate::optimizer::trainable;
    use crate::packing::{PackedBatch, Packer, Sequence};

    type Train = Autodiff<Flex>;

    const VOCAB: u32 = 50;

    fn config() -> ModelConfig {
        ModelConfig {
            hidden_size: 32,
            intermediate_size: 48,
            num_hidden_layers: 2,
            num_attention_heads: 4,
            num_key_value_heads: 2,
            ..ModelConfig::tiny(VOCAB as usize)
        }
    }

    fn decoder(seed: u64) -> Decoder<Flex> {
        let mut rng = SeedStreams::new(seed).stream("weights").rng(0);
        Decoder::init(&config(), &mut rng, &Default::default()).unwrap()
    }

    /// Seven rows of sequences of many lengths.
    fn pass(start: u32) -> PackedBatch {
        let mut packer = Packer::new(24, 7, 0);
        for index in start.. {
            let length = 3 + (7 * index) % 11;
            let ids = (0..length).map(|offset| (index * index + 5 * offset) % VOCAB);
            let sequence = Sequence {
                ids: ids.collect(),
                predict_from: 1 + (index % 2) as usize,
            };
            if packer.add(sequence).unwrap().is_some() {
                break;
            }
        }
        packer.finish()
    }

    /// Seven rows of groups that share their prompts and beginnings.
    fn groups() -> PackedBatch {
        let mut packer = Packer::new(24, 7, 0).sharing();
        for index in 0.. {
            let (prompt, completion) = (index / 4, index % 4);
            let mut ids = vec![1 + prompt % 40, 2, 3];
            ids.extend((0..6).map(|offset| {
                if offset < 2 * completion {
                    4
                } else {
                    5 + completion + offset
                }
            }));
            let sequence = Sequence {
                ids,
                predict_from: 3,
            };
            if packer.add(sequence).unwrap().is_some() {
                break;
            }
        }
        let pass = packer.finish();
        assert!(pass.shared.is_some() && pass.rows == 7);
        pass
    }

    fn next_token_jobs() -> Vec<Job> {
        let passes = [pass(1), pass(90)];
        let targets = passes.iter().map(|pass| pass.predicted()).sum();
        passes
            .map(|pass| Job::next_token(pass, targets, Activations::Keep, Precision::Float32))
            .to_vec()
    }

    fn policy_jobs() -> Vec<Job> {
        let objective = Objective {
            loss: PolicyLoss {
                kl_coefficient: 0.5,
                entropy_coefficient: 0.1,
                ..PolicyLoss::default()
            },
            temperature: 1.0,
            vocab_limit: None,
        };
        let job = |pass: PackedBatch| {
            let values = |scale: f32, shift: f32| -> Vec<f32> {
                let tokens = 0..pass.predicted();
                tokens
                    .map(|token| scale * (token % 5) as f32 + shift)
                    .collect()
            };
            let table = TokenTable {
                old: values(-0.1, -3.7),
                sampled: values(-0.1, -3.6),
                advantages: values(0.5, -1.0),
                weights: values(0.001, 0.002),
                ..TokenTable::default()
            };
            let (activations, precision) = (Activations::Keep, Precision::Float32);
            Job::policy(pass, table, objective, activations, precision)
        };
        vec![job(pass(3)), job(groups())]
    }

    /// All gradients in the order of the parameters.
    fn flat(decoder: &Decoder<Train>, gradients: &GradientsParams) -> Vec<f32> {
        struct Flat<'a>(&'a GradientsParams, Vec<f32>);
        impl<A: AutodiffBackend> ModuleVisitor<A> for Flat<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<A, D>>) {
                let gradient = self.0.get::<A::InnerBackend, D>(param.id).unwrap();
                self.1.extend(gradient.into_data().iter::<f32>());
            }
        }
        let mut flat = Flat(gradients, Vec::new());
        decoder.visit(&mut flat);
        flat.1
    }

    fn gradients(
        others: Vec<ReplicaSpec<burn::backend::flex::FlexDevice>>,
        jobs: Vec<Job>,
    ) -> Summed {
        let replicas = Replicas::single(Default::default()).with(others);
        let workers = WorkerGroup::<Train>::start(&replicas, &config(), Some(decoder(2))).unwrap();
        let decoder = trainable::<Train>(decoder(1));
        // Twice, since a replica must be ready for more than one step.
        workers.gradients(&decoder, jobs.clone()).unwrap();
        let (outputs, gradients) = workers.gradients(&decoder, jobs).unwrap();
        Summed {
            gradients: flat(&decoder, &gradients),
            loss: outputs.iter().map(|output| output.loss).sum(),
            scored: outputs
                .iter()
                .map(|output| output.stats)
                .map(|stats| {
                    stats.loss.tokens + stats.loss.reference_tokens + stats.mismatch.tokens
                })
                .sum(),
        }
    }

    #[derive(Debug, PartialEq)]
    struct Summed {
        gradients: Vec<f32>,
        loss: f64,
        scored: u64,
    }

    fn replicas(count: usize) -> Vec<ReplicaSpec<burn::backend::flex::FlexDevice>> {
        (1..count)
            .map(|_| ReplicaSpec::Local(Default::default()))
            .collect()
    }

    /// Starts a worker in this process, on a free port, that serves until the process ends.
    fn worker() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || serve::<Train>(&listener, &Default::default(), &|_| {}));
        address
    }

    #[test]
    fn the_gradient_equals_that_of_one_device_on_the_same_rows() {
        for jobs in [next_token_jobs(), policy_jobs()] {
            let one = gradients(Vec::new(), jobs.clone());
            let largest = one
                .gradients
                .iter()
                .fold(0f32, |most, one| most.max(one.abs()));
            // With more devices than rows, two have nothing to do.
            for count in [2, 3, 9] {
                let several = gradients(replicas(count), jobs.clone());
                assert!((one.loss - several.loss).abs() < 1e-6 * one.loss.abs());
                assert_eq!(one.scored, several.scored);
                let pairs = one.gradients.iter().zip(&several.gradients);
                let off = pairs.fold(0f32, |most, (one, other)| most.max((one - other).abs()));
                // Sums in another order: a few units in the last place of the largest.
                assert!(off < 2e-6 * largest, "{count}: {off:e} of {largest:e}");
                assert_eq!(several, gradients(replicas(count), jobs.clone()));
            }
        }
    }

    #[test]
    fn a_worker_gives_the_same_bits_as_a_local_device() {
        let address = worker().to_string();
        for jobs in [next_token_jobs(), policy_jobs()] {
            let others = vec![
                ReplicaSpec::Local(Default::default()),
                ReplicaSpec::Worker(address.clone()),
            ];
            assert_eq!(
                gradients(others, jobs.clone()),
                gradients(replicas(3), jobs)
            );
        }
    }

    /// The error of a stage that is started with a worker at this address.
    fn refused(address: SocketAddr) -> String {
        let replicas = Replicas {
            worker_timeout: Duration::from_millis(200),
            ..Replicas::single(Default::default()).with([ReplicaSpec::Worker(address.to_string())])
        };
        let error = WorkerGroup::<Train>::start(&replicas, &config(), None).err();
        let message = error.expect("nothing there is a worker").to_string();
        assert!(message.contains(&address.to_string()), "{message}");
        message
    }

    #[test]
    fn an_address_without_a_worker_is_an_error_and_never_a_wait() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // The system accepts for a listener that never does.
        assert!(refused(address).contains("no message for 200ms"));
        let web = thread::spawn(move || {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 24]).unwrap();
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
                thread::sleep(Duration::from_millis(50));
            }
        });
        assert!(refused(address).contains("another protocol"));
        web.join().unwrap();
        assert!(refused(address).contains("no connection"));
    }

    #[test]
    fn a_worker_survives_leaders_that_talk_nonsense_or_vanish() {
        let address = worker();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: worker\r\n\r\n")
            .unwrap();
        let answer = wire::read(&stream, 0).unwrap().unwrap();
        assert_eq!(answer.kind, wire::Kind::Failed);
        drop(std::net::TcpStream::connect(address).unwrap());
        check_worker(&address.to_string()).unwrap();
        let others = vec![ReplicaSpec::Worker(address.to_string())];
        let jobs = next_token_jobs();
        assert_eq!(
            gradients(others, jobs.clone()),
            gradients(replicas(2), jobs)
        );
    }

    #[test]
    fn a_worker_that_stops_in_a_step_stops_the_step() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            wire::read(&stream, 0).unwrap();
            let ready = wire::Message::new(wire::Kind::Ready, &(), Vec::new()).unwrap();
            wire::write(&stream, &ready).unwrap();
            wire::read(&stream, config().parameters()).unwrap();
        });
        let replicas = Replicas::single(Default::default()).with([ReplicaSpec::Worker(address)]);
        let workers = WorkerGroup::<Train>::start(&replicas, &config(), None).unwrap();
        let decoder = trainable::<Train>(decoder(1));
        let error = workers.gradients(&decoder, next_token_jobs()).unwrap_err();
        assert!(
            error.to_string().contains("closed the connection"),
            "{error}"
        );
    }
}
