//! Flex tensors as slices.

use burn::tensor::DType;
use burn_flex::{Flex, FlexTensor};

use super::super::layer::cast;
use super::buffer::{copied, tensor};

/// Makes the memory of a tensor exactly its elements, in order.
pub(super) fn dense(tensor: FlexTensor) -> FlexTensor {
    let bytes = tensor.layout().num_elements() * tensor.dtype().size();
    let whole = tensor.layout().start_offset() == 0 && tensor.bytes().len() == bytes;
    if whole && tensor.is_contiguous() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// As [`dense`], in single precision.
pub(super) fn dense_single(tensor: FlexTensor) -> FlexTensor {
    dense(cast::<Flex>(tensor, DType::F32))
}

/// The elements of a dense single-precision tensor.
pub(super) fn read(tensor: &FlexTensor) -> &[f32] {
    tensor.storage()
}

/// The elements of a dense single-precision tensor for writing; shared elements are copied first.
pub(super) fn write(held: &mut FlexTensor) -> &mut [f32] {
    if !held.is_unique() {
        let shape = held.layout().shape().clone();
        *held = tensor(copied(read(held)), shape);
    }
    held.storage_mut()
}

/// Token ids.
///
/// # Panics
///
/// If an id is negative, or the tensor does not hold integers.
pub(super) fn token_ids(tokens: &FlexTensor) -> Vec<u32> {
    let tokens = tokens.to_contiguous();
    let number = |token: i64| u32::try_from(token).expect("token ids are not negative");
    match tokens.dtype() {
        DType::I32 => tokens
            .storage::<i32>()
            .iter()
            .map(|&token| number(token.into()))
            .collect(),
        DType::I64 => tokens
            .storage::<i64>()
            .iter()
            .map(|&token| number(token))
            .collect(),
        other => panic!("token ids of type {other:?}, expected I32 or I64"),
    }
}

/// Whether all tensors are in single precision.
pub(super) fn single(tensors: &[&FlexTensor]) -> bool {
    tensors.iter().all(|tensor| tensor.dtype() == DType::F32)
}

/// Rows and columns of a matrix.
pub(super) fn size(tensor: &FlexTensor) -> [usize; 2] {
    let shape = tensor.layout().shape();
    [shape[0], shape[1]]
}
