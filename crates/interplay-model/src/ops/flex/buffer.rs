//! Memory for results, kept for reuse.
//!
//! A training step fills and frees the same hundreds of megabytes again and again. Asking the operating system
//! for fresh pages each time cost a fifth of the step (page faults and zeroing), so freed memory waits on a
//! shelf for the next result of its size. Memory starts at a cache line, so that vectors never straddle two.

use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

use burn::tensor::{DType, Shape};
use burn_flex::{FlexTensor, Layout};
use burn_std::{AllocationController, AllocationProperty, Bytes};

/// Numbers in a cache line.
const LINE: usize = 16;

/// Memory that waits for reuse at most, in numbers (1 GiB). Beyond it all shelves are emptied, which also
/// drops sizes that are no longer asked for.
const LIMIT: usize = 1 << 28;

/// Buffers below this many numbers come from the allocator, which keeps small ones itself.
const SMALL: usize = 1 << 12;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

#[derive(Default)]
struct Shelves {
    /// Freed memory by its number of lines.
    by_lines: HashMap<usize, Vec<Vec<Line>>>,
    /// Numbers on all shelves.
    held: usize,
}

static SHELVES: Mutex<Option<Shelves>> = Mutex::new(None);

/// Runs something on the shelves. A thread that died while it held them left them whole.
fn with_shelves<T>(action: impl FnOnce(&mut Shelves) -> T) -> T {
    let mut guard = SHELVES
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    action(guard.get_or_insert_default())
}

/// Some numbers, aligned to a cache line.
pub(super) struct Buffer {
    lines: Vec<Line>,
    length: usize,
}

/// Numbers that are about to be overwritten; what they are now is left over.
pub(super) fn scratch(length: usize) -> Buffer {
    let count = length.div_ceil(LINE);
    let reused = (length >= SMALL)
        .then(|| {
            with_shelves(|shelves| {
                let lines = shelves.by_lines.get_mut(&count)?.pop()?;
                shelves.held -= count * LINE;
                Some(lines)
            })
        })
        .flatten();
    let lines = reused.unwrap_or_else(|| vec![Line([0.0; LINE]); count]);
    Buffer { lines, length }
}

/// Zeros.
pub(super) fn zeros(length: usize) -> Buffer {
    let mut buffer = scratch(length);
    buffer.fill(0.0);
    buffer
}

/// A copy.
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
        with_shelves(|shelves| {
            if shelves.held + numbers > LIMIT {
                *shelves = Shelves::default();
            }
            shelves.held += numbers;
            shelves.by_lines.entry(lines.len()).or_default().push(lines);
        });
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: a `Line` is sixteen initialised numbers without padding (64 bytes, `repr(C)`), so the lines
        // are one run of initialised numbers, of which `length` is at most all.
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
        // SAFETY: bytes of numbers are bytes; the caller promises to write only initialised ones.
        unsafe { std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), size_of_val(numbers)) }
    }

    fn memory(&self) -> &[MaybeUninit<u8>] {
        let numbers: &[f32] = self;
        // SAFETY: bytes of numbers are bytes.
        #[allow(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers))
        }
    }
}

/// A tensor that owns a buffer and gives it back to the shelves in the end.
pub(super) fn tensor(buffer: Buffer, shape: impl Into<Shape>) -> FlexTensor {
    let shape = shape.into();
    let length = size_of_val::<[f32]>(&buffer);
    assert_eq!(
        buffer.length,
        shape.num_elements(),
        "a shape of another size than its values"
    );
    // SAFETY: the controller's memory has exactly `length` bytes, and all of them are initialised.
    #[allow(unsafe_code)]
    let bytes = unsafe { Bytes::from_controller(Box::new(buffer), length) };
    FlexTensor::new(bytes, Layout::contiguous(shape), DType::F32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_starts_at_a_cache_line_and_is_reused() {
        // A length that no other test uses, so that its shelf is ours.
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
