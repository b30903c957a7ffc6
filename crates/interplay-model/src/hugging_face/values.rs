//! The values of parameters, read back from the device one after the other.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::decoder::Decoder;
use crate::error::ModelError;

/// The values of every parameter, in the order of [`parameter_names`](crate::parameter_names).
///
/// # Errors
///
/// [`ModelError::Device`] if the device cannot be read.
pub fn parameter_values<B: Backend>(decoder: &Decoder<B>) -> Result<Vec<Vec<f32>>, ModelError> {
    let mut all = Vec::new();
    for_each_parameter(decoder, &mut |values| {
        all.push(values);
        Ok(())
    })?;
    Ok(all)
}

/// Hands the values of one parameter after the other to `take`, until one fails.
pub(super) fn for_each_parameter<B: Backend>(
    decoder: &Decoder<B>,
    take: &mut dyn FnMut(Vec<f32>) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
    struct Visit<'a> {
        take: &'a mut dyn FnMut(Vec<f32>) -> Result<(), ModelError>,
        result: Result<(), ModelError>,
    }
    impl<B: Backend> ModuleVisitor<B> for Visit<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            if self.result.is_ok() {
                self.result = values(param.val()).and_then(|values| (self.take)(values));
            }
        }
    }
    let mut visit = Visit {
        take,
        result: Ok(()),
    };
    decoder.visit(&mut visit);
    visit.result
}

fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Result<Vec<f32>, ModelError> {
    let device = |reason| ModelError::Device {
        what: "a parameter",
        reason,
    };
    let data = tensor
        .try_into_data()
        .map_err(|error| device(format!("{error:?}")))?;
    let values = data.convert::<f32>().into_vec();
    values.map_err(|error| device(format!("{error:?}")))
}
