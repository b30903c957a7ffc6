//! Dropping problems that came before.

use crate::{Fingerprinted, Fingerprints, Likeness, TaskError};

/// The problems of another iterator without repetitions: of those that are alike, the first.
///
/// Takes 18 to 23 bytes a kept problem, whatever its size.
///
/// ```
/// use interplay_graph::SeedStreams;
/// use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, Distinct, Likeness, TaskSpec};
///
/// let spec = TaskSpec::single(Counts::one(4), "zoo", Dialect::Terse);
/// let data = Dataset::new(spec, &ContextLibrary::embedded(), SeedStreams::new(7), "pretrain")?;
/// let mut shapes = Distinct::new(data.first(2_000).iter(), Likeness::Shape);
/// let kept = shapes.by_ref().count();
/// assert!(kept < 20, "at op 4 there are few shapes");
/// assert_eq!(shapes.dropped(), 2_000 - kept as u64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Distinct<I> {
    inner: I,
    likeness: Likeness,
    seen: Fingerprints,
    dropped: u64,
}

impl<I> Distinct<I> {
    /// Drops what is alike in this sense.
    #[must_use]
    pub fn new(inner: I, likeness: Likeness) -> Self {
        Self {
            inner,
            likeness,
            seen: Fingerprints::new(),
            dropped: 0,
        }
    }

    /// How many were dropped so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The fingerprints of those kept so far.
    #[must_use]
    pub fn seen(&self) -> &Fingerprints {
        &self.seen
    }
}

impl<T, I> Iterator for Distinct<I>
where
    T: Fingerprinted,
    I: Iterator<Item = Result<T, TaskError>>,
{
    type Item = Result<T, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        for problem in self.inner.by_ref() {
            let print =
                problem.and_then(|problem| Ok((problem.fingerprint(self.likeness)?, problem)));
            match print {
                Err(error) => return Some(Err(error)),
                Ok((print, problem)) => match self.seen.insert(print, ()) {
                    None => return Some(Ok(problem)),
                    Some(()) => self.dropped += 1,
                },
            }
        }
        None
    }
}
