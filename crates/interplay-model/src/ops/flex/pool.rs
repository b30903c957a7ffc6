//! Threads of their own for long work, such as a training step.
//!
//! An operation that is called on an ordinary thread hands its parts to rayon's workers and waits, twice a switch of
//! threads. [`run`] therefore moves a whole step onto a worker, where an operation only shares its parts with the
//! other workers. The workers belong to a pool that nothing else uses, and the pool takes one step at a time.
//!
//! # Why nothing waits in a circle
//!
//! burn-autodiff 0.21 keeps one lock per graph. `backward` holds its own graph's lock while the operations of the
//! backward pass compute; after that it takes the lock of every other graph in the process in turn, to tidy up, and
//! holds none while it waits for one. So whoever calls `backward` waits for every other `backward` to end, and a
//! `backward` on an ordinary thread ends once rayon's workers have computed its operations. A worker in the middle
//! of such an operation runs other jobs while it waits for a part that another worker took. If one of these jobs
//! called `backward`, it would wait for the very thread that waits for the frame below it.
//!
//! Here the jobs of rayon's shared workers never call `backward`, and who waits for whom is an order:
//!
//! 1. a caller of [`run`] holds no lock of a graph and waits for its turn, then for its step;
//! 2. a worker of a step waits for parts of this step, and for graphs whose `backward` runs elsewhere. Until the step
//!    is over it finds no other job, because a job enters the pool with the turn alone;
//! 3. a thread in a `backward` of its own, outside any step, waits for rayon's shared workers;
//! 4. a shared worker waits for parts of operations, which wait for nobody.
//!
//! A caller that is itself a worker, of the shared pool or of any other, is blocked rather than left to run other
//! jobs, since one of those might ask for the turn that this worker has taken.
//!
//! Two things stay outside of the argument, because rayon and burn-autodiff can stop there by themselves: a
//! `backward` outside of a step within a job of rayon, or a step within such a job while another thread is in a
//! `backward` outside of a step; and threads that share one graph, as clones of one model do (combining two graphs
//! locks the table of graphs before a graph, `backward` the other way round).

use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// The pool of steps, made by the first step. Whoever has locked it has the turn.
static POOL: Mutex<Option<ThreadPool>> = Mutex::new(None);

thread_local! {
    static IS_STEP_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` on a thread of the pool of steps, when its turn comes. Work that is part of a step already runs where
/// it is.
///
/// The pool has as many threads as rayon has at the caller's. `work` must not wait for another thread that calls
/// this function.
pub(super) fn run<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if IS_STEP_THREAD.get() {
        return work();
    }
    let threads = rayon::current_num_threads();
    if rayon::current_thread_index().is_none() {
        return take_turn(threads, work);
    }
    // A worker must block; rayon would let it run other jobs of its pool while it waits for another pool.
    let outcome = thread::scope(|scope| scope.spawn(|| take_turn(threads, work)).join());
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

/// On an ordinary thread, which blocks.
fn take_turn<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |pool: &ThreadPool| pool.current_num_threads() == threads;
    if !pool.as_ref().is_some_and(fits) {
        let builder = ThreadPoolBuilder::new().num_threads(threads);
        *pool = builder
            .thread_name(|index| format!("interplay-step-{index}"))
            .start_handler(|_| IS_STEP_THREAD.set(true))
            .build()
            .ok();
    }
    if let Some(pool) = pool.as_ref() {
        return pool.install(work);
    }
    // The system gives no more threads. An ordinary thread may compute a step as well, only slower.
    drop(pool);
    work()
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;

    #[test]
    fn gives_the_result_and_hands_a_panic_on() {
        assert_eq!(run(|| 1 + run(|| 2)), 3);
        assert!(std::panic::catch_unwind(|| run(|| panic!("expected by this test"))).is_err());
        assert_eq!(run(|| 4), 4);
    }

    #[test]
    fn many_callers_take_turns() {
        let sum: usize = thread::scope(|scope| {
            let callers: Vec<_> = (0..8).map(|i| scope.spawn(move || run(|| i))).collect();
            callers
                .into_iter()
                .map(|caller| caller.join().unwrap())
                .sum()
        });
        assert_eq!(sum, 28);
    }

    #[test]
    fn no_worker_of_another_pool_computes_a_step() {
        let is_step_thread = || IS_STEP_THREAD.get();
        assert!(run(is_step_thread));
        assert!(rayon::scope(|_| run(is_step_thread)));
        let shared = run(|| {
            let parts = (0..1000).into_par_iter().with_max_len(1);
            parts.filter(|_| !is_step_thread()).count()
        });
        assert_eq!(shared, 0);
    }

    #[test]
    fn jobs_of_rayon_take_turns() {
        let sum: usize = (0..64_usize).into_par_iter().map(|i| run(|| i)).sum();
        assert_eq!(sum, 2016);
    }

    #[test]
    fn a_step_has_the_threads_of_its_caller() {
        for threads in [1, 3, 2] {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            let found = pool.unwrap().install(|| run(rayon::current_num_threads));
            assert_eq!(found, threads);
        }
    }
}
