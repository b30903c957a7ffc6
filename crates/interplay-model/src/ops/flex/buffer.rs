//! Memory for results, pooled for reuse.
//!
//! A training step allocates and frees the same hundreds of megabytes again and again. Getting fresh pages from the
//! operating system took a fifth of the step (page faults and zeroing), so freed memory is kept for the next result
//! of its size. Memory is aligned to cache lines, so that vectors never straddle two.

use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

use burn::tensor::{DType, Shape};
use burn_flex::{FlexTensor, Layout};
use burn_std::{AllocationController, AllocationProperty, Bytes};

/// Number of elements in a cache line.
const LINE: usize = 16;

/// Maximum number of elements that are kept for reuse (1 GiB). Beyond it the pool is emptied, which also drops sizes
/// that are no longer used.
const LIMIT: usize = 1 << 28;

/// Smaller buffers come from the allocator, which pools them itself.
const SMALL: usize = 1 << 12;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

#[derive(Default)]
struct Pool {
    /// Freed memory by its number of lines.
    by_lines: HashMap<usize, Vec<Vec<Line>>>,
    /// Number of elements that are kept.
    held: usize,
}

static POOL: Mutex<Option<Pool>> = Mutex::new(None);

/// Runs an action on the pool. A thread that panicked while holding the lock left it consistent.
fn with_pool<T>(action: impl FnOnce(&mut Pool) -> T) -> T {
    let mut guard = POOL
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    action(guard.get_or_insert_default())
}

/// A slice of elements, aligned to a cache line.
pub(super) struct Buffer {
    lines: Vec<Line>,
    length: usize,
}

/// A buffer that is about to be overwritten; its content is arbitrary.
pub(super) fn scratch(length: usize) -> Buffer {
    let count = length.div_ceil(LINE);
    let reused = (length >= SMALL)
        .then(|| {
            with_pool(|pool| {
                let lines = pool.by_lines.get_mut(&count)?.pop()?;
                pool.held -= count * LINE;
                Some(lines)
            })
        })
        .flatten();
    let lines = reused.unwrap_or_else(|| vec![Line([0.0; LINE]); count]);
    Buffer { lines, length }
}

/// A buffer of zeros.
pub(super) fn zeros(length: usize) -> Buffer {
    let mut buffer = scratch(length);
    buffer.fill(0.0);
    buffer
}

/// A buffer with a copy of `values`.
pub(super) fn copied(values: &[f32]) -> Buffer {
    let mut buffer = scratch(values.len());
    buffer.copy_from_slice(values);
    buffer
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        let numbers = lines.len() * LINE;
        if !(SMALL..=LIMIT).contains(&numbers) {
            return;
        }
        with_pool(|pool| {
            if pool.held + numbers > LIMIT {
                *pool = Pool::default();
            }
            pool.held += numbers;
            pool.by_lines.entry(lines.len()).or_default().push(lines);
        });
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: a `Line` is sixteen initialized floats without padding (64 bytes, `repr(C)`), so the lines are a
        // contiguous run of initialized floats, and `length` does not exceed their number.
        #[allow(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length)
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`, and the lines are borrowed mutably with the buffer.
        #[allow(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length)
        }
    }
}

impl AllocationController for Buffer {
    fn alloc_align(&self) -> usize {
        std::mem::align_of::<Line>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    #[allow(unsafe_code)]
    unsafe fn memory_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        let numbers: &mut [f32] = self;
        // SAFETY: floats may be viewed as bytes; the caller promises to write only initialized ones.
        unsafe { std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), size_of_val(numbers)) }
    }

    fn memory(&self) -> &[MaybeUninit<u8>] {
        let numbers: &[f32] = self;
        // SAFETY: floats may be viewed as bytes.
        #[allow(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers))
        }
    }
}

/// A tensor that owns a buffer, and returns it to the pool when dropped.
pub(super) fn tensor(buffer: Buffer, shape: impl Into<Shape>) -> FlexTensor {
    let shape = shape.into();
    let length = size_of_val::<[f32]>(&buffer);
    assert_eq!(
        buffer.length,
        shape.num_elements(),
        "the shape does not match the number of values"
    );
    // SAFETY: the controller's memory has exactly `length` bytes, and all of them are initialized.
    #[allow(unsafe_code)]
    let bytes = unsafe { Bytes::from_controller(Box::new(buffer), length) };
    FlexTensor::new(bytes, Layout::contiguous(shape), DType::F32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_starts_at_a_cache_line_and_is_reused() {
        // A length that no other test uses, so that no other test takes the memory.
        let length = 5 * SMALL + 3;
        let mut buffer = scratch(length);
        let address = buffer.as_ptr();
        assert_eq!(address as usize % 64, 0);
        buffer.fill(1.0);
        drop(tensor(buffer, [length]));
        let again = scratch(length);
        assert_eq!(again.as_ptr(), address);
        assert!(scratch(length).as_ptr() != address);
    }

    #[test]
    fn a_tensor_reads_what_its_buffer_held() {
        let values: Vec<f32> = (0..2 * SMALL).map(|value| value as f32).collect();
        let data = tensor(copied(&values), [2, SMALL]).into_data();
        assert_eq!(data.into_vec::<f32>().unwrap(), values);
        assert!(zeros(2 * SMALL).iter().all(|&value| value == 0.0));
    }
}
