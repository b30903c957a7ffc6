//! Weights that are packed once for many products.

use std::sync::Arc;

use burn::tensor::DType;
use burn_flex::{Flex, FlexTensor};

use super::super::FusedOps;
use super::super::layer::cast;
use super::buffer::{scratch, tensor};
use super::dense::{dense, read, single, size, write};
use super::panels::Panels;
use super::project;

/// `x weight^T + bias + residual`, all in single precision.
pub(super) fn project_panels(
    x: FlexTensor,
    panels: &Panels,
    bias: Option<FlexTensor>,
    residual: Option<FlexTensor>,
) -> FlexTensor {
    let (x, bias) = (dense(x), bias.map(dense));
    let [rows, _] = size(&x);
    let [_, outputs] = panels.size();
    match residual {
        Some(residual) if bias.is_some() || residual.is_unique() => {
            let mut out = dense(residual);
            let sum = write(&mut out);
            if let Some(bias) = &bias {
                sum.chunks_exact_mut(outputs)
                    .for_each(|row| project::add(row, read(bias)));
            }
            project::forward(read(&x), panels, sum, project::Start::Filled);
            out
        }
        residual => {
            let residual = residual.map(dense);
            let mut out = scratch(rows * outputs);
            let start = match (&residual, &bias) {
                (Some(residual), _) => project::Start::Residual(read(residual)),
                (None, Some(bias)) => project::Start::Bias(read(bias)),
                (None, None) => project::Start::Empty,
            };
            project::forward(read(&x), panels, &mut out, start);
            tensor(out, [rows, outputs])
        }
    }
}

/// A weight packed for sampling.
#[derive(Clone)]
pub struct PackedWeight(Form);

#[derive(Clone)]
enum Form {
    /// Panels in single precision.
    Panels(Arc<Panels>),
    /// Any other type, unpacked.
    Other(FlexTensor),
}

impl PackedWeight {
    pub(super) fn new(weight: FlexTensor) -> Self {
        if !single(&[&weight]) {
            return Self(Form::Other(weight));
        }
        let weight = dense(weight);
        let [outputs, inputs] = size(&weight);
        let panels = project::panels(read(&weight), [inputs, outputs]);
        Self(Form::Panels(Arc::new(panels)))
    }

    /// `x weight^T + bias + residual`.
    pub(super) fn project(
        &self,
        x: FlexTensor,
        bias: Option<FlexTensor>,
        residual: Option<FlexTensor>,
    ) -> FlexTensor {
        match &self.0 {
            Form::Panels(panels) => {
                let to_single = |x| cast::<Flex>(x, DType::F32);
                let (bias, residual) = (bias.map(to_single), residual.map(to_single));
                project_panels(to_single(x), panels, bias, residual)
            }
            Form::Other(weight) => Flex::project(x, weight.clone(), bias, residual),
        }
    }
}
