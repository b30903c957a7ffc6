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

pub(crate) use job::{Job, Output, compute};
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
        let (mut outputs, mut sum) = compute(decoder, reference, own, &self.device)?;
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
    use crate::grpo::GrpoSpec;
    use crate::grpo::objective::TokenTable;
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
            let ids = (0..length).map(|place| (index * index + 5 * place) % VOCAB);
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
            let (prompt, member) = (index / 4, index % 4);
            let mut ids = vec![1 + prompt % 40, 2, 3];
            ids.extend((0..6).map(|place| {
                if place < 2 * member {
                    4
                } else {
                    5 + member + place
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
        let spec = "steps = 1\nprompts = 1\nminibatches = 1\nrows = 7\nrow_tokens = 24\n\
                    max_new_tokens = 4\nkl_coefficient = 0.5\n[optimizer.rate]\npeak = 1.0";
        let spec: GrpoSpec = toml::from_str(spec).unwrap();
        let job = |pass: PackedBatch| {
            let values = |scale: f32, shift: f32| -> Vec<f32> {
                let tokens = 0..pass.predicted();
                tokens
                    .map(|token| scale * (token % 5) as f32 + shift)
                    .collect()
            };
            let table = TokenTable {
                old: values(-0.1, -3.7),
                reference: Vec::new(),
                advantages: values(0.5, -1.0),
                weights: values(0.001, 0.002),
            };
            Job::policy(pass, table, &spec, None)
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

    fn gradients(others: Vec<Place<burn::backend::flex::FlexDevice>>, jobs: Vec<Job>) -> Summed {
        let places = Places::one(Default::default()).with(others);
        let team = Team::<Train>::start(&places, &config(), Some(decoder(2))).unwrap();
        let decoder = trainable::<Train>(decoder(1));
        // Twice, since a member must be ready for more than one step.
        team.gradients(&decoder, jobs.clone()).unwrap();
        let (outputs, gradients) = team.gradients(&decoder, jobs).unwrap();
        Summed {
            gradients: flat(&decoder, &gradients),
            loss: outputs.iter().map(|output| output.loss).sum(),
            scored: outputs
                .iter()
                .filter_map(|output| output.scores.as_ref())
                .map(|scores| scores.policy.len() + scores.table.reference.len())
                .sum(),
        }
    }

    #[derive(Debug, PartialEq)]
    struct Summed {
        gradients: Vec<f32>,
        loss: f64,
        scored: usize,
    }

    fn replicas(count: usize) -> Vec<Place<burn::backend::flex::FlexDevice>> {
        (1..count)
            .map(|_| Place::Local(Default::default()))
            .collect()
    }

    /// A worker of this process on a free port; it serves as long as the process lives.
    fn worker() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || serve::<Train>(&listener, &Default::default(), &|_| {}));
        address
    }

    #[test]
    fn the_gradient_is_that_of_one_device_on_the_same_rows() {
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
    fn a_worker_gives_the_bits_that_a_device_of_this_machine_gives() {
        let address = worker().to_string();
        for jobs in [next_token_jobs(), policy_jobs()] {
            let others = vec![
                Place::Local(Default::default()),
                Place::Worker(address.clone()),
            ];
            assert_eq!(
                gradients(others, jobs.clone()),
                gradients(replicas(3), jobs)
            );
        }
    }

    /// Why no stage starts with a worker at this address.
    fn refused(address: SocketAddr) -> String {
        let places = Places {
            silence: Duration::from_millis(200),
            ..Places::one(Default::default()).with([Place::Worker(address.to_string())])
        };
        let error = Team::<Train>::start(&places, &config(), None).err();
        let message = error.expect("nothing there is a worker").to_string();
        assert!(message.contains(&address.to_string()), "{message}");
        message
    }

    #[test]
    fn what_is_no_worker_is_an_error_and_never_a_wait() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // The system accepts for a listener that never does.
        assert!(refused(address).contains("no sign of life for 200ms"));
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
        let others = vec![Place::Worker(address.to_string())];
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
        let places = Places::one(Default::default()).with([Place::Worker(address)]);
        let team = Team::<Train>::start(&places, &config(), None).unwrap();
        let decoder = trainable::<Train>(decoder(1));
        let error = team.gradients(&decoder, next_token_jobs()).unwrap_err();
        assert!(
            error.to_string().contains("closed the connection"),
            "{error}"
        );
    }
}
