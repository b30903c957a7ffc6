//! Long work on a thread of the pool.

use std::sync::{Mutex, PoisonError};

/// One long work at a time: the backward pass of `burn-autodiff` holds a lock for the whole process while it waits
/// for the pool. If two threads of the pool asked for that lock, nobody might be left to compute.
static ONE: Mutex<()> = Mutex::new(());

/// Runs `work` on a thread of the pool, so that the operations in it need not change threads. With a pool of one
/// thread, or on a thread of the pool, it runs where it is.
pub(super) fn run<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let inside = rayon::current_thread_index().is_some();
    if inside || rayon::current_num_threads() < 2 {
        return work();
    }
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    rayon::scope(|_| work())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_result_and_hands_a_panic_on() {
        assert_eq!(run(|| 1 + run(|| 2)), 3);
        assert!(std::panic::catch_unwind(|| run(|| panic!("expected by this test"))).is_err());
        assert_eq!(run(|| 4), 4);
    }

    #[test]
    fn many_callers_take_turns() {
        let sum: usize = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..8).map(|i| scope.spawn(move || run(|| i))).collect();
            callers
                .into_iter()
                .map(|caller| caller.join().unwrap())
                .sum()
        });
        assert_eq!(sum, 28);
    }
}
