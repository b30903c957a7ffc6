//! Deduplication.

use crate::datasets::Shard;
use crate::error::TaskError;
use crate::likeness::{Fingerprinted, Fingerprints, Likeness};

/// The problems of another iterator without repetitions: of problems that are alike, the first.
///
/// Uses 18 to 23 bytes per kept problem, whatever its size.
///
/// ```
/// use interplay_graph::SeedStreams;
/// use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};
/// use interplay_tasks::corpora::Distinct;
/// use interplay_tasks::likeness::Likeness;
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
    shard: Shard,
    seen: Fingerprints,
    dropped: u64,
}

impl<I> Distinct<I> {
    /// Drops problems that are alike in this sense.
    #[must_use]
    pub fn new(inner: I, likeness: Likeness) -> Self {
        Self {
            inner,
            likeness,
            shard: Shard::WHOLE,
            seen: Fingerprints::new(),
            dropped: 0,
        }
    }

    /// Keeps only problems whose fingerprint falls into this shard.
    ///
    /// Give it all problems in each of several processes, which need not know of each other: together they
    /// keep what one process would keep, without repetitions among them.
    #[must_use]
    pub fn shard(self, shard: Shard) -> Self {
        Self { shard, ..self }
    }

    /// The number of repetitions dropped so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
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
                Ok((print, _)) if !self.shard.owns(print) => {}
                Ok((print, problem)) => match self.seen.insert(print, ()) {
                    None => return Some(Ok(problem)),
                    Some(()) => self.dropped += 1,
                },
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contexts::ContextLibrary;
    use crate::counts::Counts;
    use crate::datasets::Dataset;
    use crate::spec::{Dialect, TaskSpec};
    use interplay_graph::SeedStreams;

    #[test]
    fn shards_keep_together_what_one_process_keeps() {
        let spec = TaskSpec::single(Counts::range(2, 7).unwrap(), "zoo", Dialect::Prose);
        let streams = SeedStreams::new(4);
        let data = Dataset::new(spec, &ContextLibrary::embedded(), streams, "distinct").unwrap();
        for likeness in Likeness::ALL {
            let kept = |shard| {
                let kept = Distinct::new(data.first(2_000).iter(), likeness).shard(shard);
                let ids = kept.map(|problem| problem.unwrap().id());
                ids.collect::<Vec<u64>>()
            };
            let whole = kept(Shard::WHOLE);
            let shards = (0..3).map(|index| kept(Shard::new(index, 3).unwrap()));
            let mut together: Vec<u64> = shards.flatten().collect();
            assert!(together != whole, "the shards are in one");
            together.sort_unstable();
            assert_eq!(together, whole, "{likeness}");
        }
    }
}
