//! AdamW with named state, over the parameters of a decoder.
//!
//! Source: Loshchilov and Hutter 2019 (arXiv 1711.05101); betas and weight decay as in arXiv
//! 2512.07783, appendix A. The moments stay on the device of the weights and are saved under the weights'
//! names, so that a resumed run continues bit for bit.
//!
//! Deviations from Burn's AdamW: the state is keyed by the name of the parameter, not by an identifier that
//! changes when a model is loaded; vectors (norms and biases) have no weight decay; and clipping by the global
//! norm costs one transfer from the device per step.

use burn::module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use interplay_model::{
    AdamWStep, Decoder, FusedOps, Moments, TrainBackend, adamw_update, sum_of_squares,
};
use serde::{Deserialize, Serialize};

use crate::schedule::Schedule;
use interplay_graph::settings::Issues;

/// Settings of the optimizer and its learning-rate schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerSpec {
    /// The learning rate over the stage (`rate` in older files).
    #[serde(alias = "rate")]
    pub learning_rate: Schedule,
    /// Decay of the first moment.
    #[serde(default = "default_beta1")]
    pub beta1: f32,
    /// Decay of the second moment.
    #[serde(default = "default_beta2")]
    pub beta2: f32,
    /// Added to the square root of the second moment.
    #[serde(default = "default_epsilon")]
    pub epsilon: f32,
    /// Decoupled weight decay, of matrices only.
    #[serde(default = "default_weight_decay")]
    pub weight_decay: f32,
    /// The largest global gradient norm; larger gradients are scaled down to it.
    #[serde(default = "default_clip_norm")]
    pub clip_norm: f64,
}

fn default_beta1() -> f32 {
    0.9
}
fn default_beta2() -> f32 {
    0.95
}
fn default_epsilon() -> f32 {
    1e-8
}
fn default_weight_decay() -> f32 {
    0.1
}
fn default_clip_norm() -> f64 {
    1.0
}

impl OptimizerSpec {
    /// This schedule, and the defaults for everything else.
    #[must_use]
    pub fn new(learning_rate: Schedule) -> Self {
        Self {
            learning_rate,
            beta1: default_beta1(),
            beta2: default_beta2(),
            epsilon: default_epsilon(),
            weight_decay: default_weight_decay(),
            clip_norm: default_clip_norm(),
        }
    }

    /// Everything that is wrong with the settings.
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        issues.nest("learning_rate", self.learning_rate.validate());
        for (key, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            issues.expect((0.0..1.0).contains(&beta), key, beta, "0 to below 1");
        }
        let Self {
            epsilon,
            weight_decay,
            clip_norm,
            ..
        } = *self;
        let positive = epsilon > 0.0 && epsilon.is_finite();
        issues.expect(positive, "epsilon", epsilon, "a positive number");
        let decays = weight_decay >= 0.0 && weight_decay.is_finite();
        issues.expect(decays, "weight_decay", weight_decay, "0 or more");
        issues.expect(clip_norm > 0.0, "clip_norm", clip_norm, "above 0");
        issues
    }
}

/// AdamW over all parameters of a decoder. `B` is the backend without autodiff.
#[derive(Debug)]
pub struct AdamW<B: FusedOps> {
    spec: OptimizerSpec,
    /// The number of updates made.
    pub(crate) updates: u64,
    /// Flattened, in the order in which the decoder's parameters are visited.
    pub(crate) moments: Vec<Option<Moments<B, 1>>>,
}

impl<B: FusedOps> AdamW<B> {
    /// A fresh optimizer for `parameters` tensors.
    #[must_use]
    pub fn new(spec: OptimizerSpec, parameters: usize) -> Self {
        Self {
            spec,
            updates: 0,
            moments: (0..parameters).map(|_| None).collect(),
        }
    }

    /// The settings.
    #[must_use]
    pub fn spec(&self) -> &OptimizerSpec {
        &self.spec
    }

    /// The global norm of the gradients.
    #[must_use]
    pub fn grad_norm<A>(decoder: &Decoder<A>, gradients: &GradientsParams) -> f64
    where
        A: TrainBackend<InnerBackend = B>,
    {
        let mut squares = Squares::<B> {
            gradients,
            parts: Vec::new(),
        };
        decoder.visit(&mut squares);
        if squares.parts.is_empty() {
            return 0.0;
        }
        let parts = Tensor::cat(squares.parts, 0).into_data();
        parts.iter::<f32>().map(f64::from).sum::<f64>().sqrt()
    }

    /// Updates the decoder with gradients whose global norm is `norm`, at the learning rate `lr`.
    #[must_use]
    pub fn update<A>(
        &mut self,
        decoder: Decoder<A>,
        gradients: GradientsParams,
        norm: f64,
        lr: f64,
    ) -> Decoder<A>
    where
        A: TrainBackend<InnerBackend = B>,
    {
        self.updates += 1;
        let scale = if norm > self.spec.clip_norm {
            (self.spec.clip_norm / norm) as f32
        } else {
            1.0
        };
        let mut update = Update {
            optimizer: self,
            gradients,
            scale,
            lr: lr as f32,
            index: 0,
        };
        B::run_on_pool(|| decoder.map(&mut update))
    }

    fn step(&self, lr: f32, scale: f32, decays: bool) -> AdamWStep {
        AdamWStep {
            lr,
            beta1: self.spec.beta1,
            beta2: self.spec.beta2,
            eps: self.spec.epsilon,
            weight_decay: if decays { self.spec.weight_decay } else { 0.0 },
            step: u32::try_from(self.updates).unwrap_or(u32::MAX),
            grad_scale: scale,
        }
    }
}

struct Squares<'a, B: FusedOps> {
    gradients: &'a GradientsParams,
    parts: Vec<Tensor<B, 1>>,
}

impl<A, B> ModuleVisitor<A> for Squares<'_, B>
where
    A: AutodiffBackend<InnerBackend = B>,
    B: FusedOps,
{
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<A, D>>) {
        if let Some(gradient) = self.gradients.get::<B, D>(param.id) {
            self.parts.push(sum_of_squares(gradient));
        }
    }
}

struct Update<'a, B: FusedOps> {
    optimizer: &'a mut AdamW<B>,
    gradients: GradientsParams,
    scale: f32,
    lr: f32,
    index: usize,
}

impl<A, B> ModuleMapper<A> for Update<'_, B>
where
    A: AutodiffBackend<InnerBackend = B>,
    B: FusedOps,
{
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<A, D>>) -> Param<Tensor<A, D>> {
        let index = self.index;
        self.index += 1;
        let (id, tensor, mapper) = param.consume();
        let Some(gradient) = self.gradients.remove::<B, D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let weight = tensor.inner();
        let shape = weight.shape();
        let count = shape.num_elements();
        let weight = weight.reshape([count]);
        let moments = self.optimizer.moments[index].take();
        let moments = moments.unwrap_or_else(|| Moments::zeros_like(&weight));
        let step = self.optimizer.step(self.lr, self.scale, D >= 2);
        let (weight, moments) = adamw_update(weight, gradient.reshape([count]), moments, &step);
        self.optimizer.moments[index] = Some(moments);
        let weight = Tensor::from_inner(weight.reshape(shape)).require_grad();
        Param::from_mapped_value(id, weight, mapper)
    }
}

/// A decoder whose parameters require gradients.
pub(crate) fn trainable<A: TrainBackend>(decoder: Decoder<A::InnerBackend>) -> Decoder<A> {
    struct RequireGrad;
    impl<A: AutodiffBackend> ModuleMapper<A> for RequireGrad {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<A, D>>) -> Param<Tensor<A, D>> {
            let (id, tensor, mapper) = param.consume();
            Param::from_mapped_value(id, tensor.require_grad(), mapper)
        }
    }
    // `from_inner` alone leaves the parameters as constants.
    Decoder::<A>::from_inner(decoder).map(&mut RequireGrad)
}
