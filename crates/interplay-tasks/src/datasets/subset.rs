//! Some of the problems of a data set: the first ones, a shard of them, a part of a split.

use crate::error::TaskError;
use crate::generation::Problem;

use super::dataset::Dataset;
use super::shard::Shard;
use super::split::{Part, Split};

/// Some of the problems of a data set, by index. Nothing is drawn until asked for.
///
/// ```
/// use interplay_graph::SeedStreams;
/// use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};
/// use interplay_tasks::datasets::{Part, Shard, Split};
///
/// let spec = TaskSpec::single(Counts::one(9), "zoo", Dialect::Terse);
/// let data = Dataset::new(spec, &ContextLibrary::embedded(), SeedStreams::new(7), "pretrain")?;
/// let shard = data.first(10).shard(Shard::new(1, 3)?);
/// assert_eq!(shard.len(), Some(3));
/// let ids: Vec<u64> = shard.iter().map(|problem| Ok(problem?.id())).collect::<Result<_, _>>()
///     .map_err(|error: interplay_tasks::TaskError| error)?;
/// assert_eq!(ids, [1, 4, 7]);
///
/// // A part of a split has as many problems as happen to fall into it.
/// let test = data.first(100).part(Split::new(0.5, 0.0, 0.5)?, Part::Test);
/// assert_eq!(test.len(), None);
/// assert!(test.iter().count() < 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Subset<'d> {
    data: &'d Dataset,
    end: Option<u64>,
    shard: Shard,
    part: Option<(Split, Part)>,
}

impl Dataset {
    /// The problems of index 0 to `n - 1`.
    #[must_use]
    pub fn first(&self, n: u64) -> Subset<'_> {
        Subset {
            end: Some(n),
            ..self.endless()
        }
    }

    /// All problems, without end.
    #[must_use]
    pub fn endless(&self) -> Subset<'_> {
        Subset {
            data: self,
            end: None,
            shard: Shard::WHOLE,
            part: None,
        }
    }
}

impl<'d> Subset<'d> {
    /// One shard of the subset; replaces an earlier shard.
    #[must_use]
    pub fn shard(self, shard: Shard) -> Self {
        Self { shard, ..self }
    }

    /// The problems of the subset that fall into one part of a split; replaces an earlier part.
    #[must_use]
    pub fn part(self, split: Split, part: Part) -> Self {
        Self {
            part: Some((split, part)),
            ..self
        }
    }

    /// The number of problems; `None` if the subset is endless or restricted to a part of a split, whose
    /// size is known only once all problems are drawn.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        match self.part {
            Some(_) => None,
            None => self.end.map(|end| self.shard.len_of(end)),
        }
    }

    /// Whether the subset is known to be empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end.is_some_and(|end| self.shard.len_of(end) == 0)
    }

    /// The index in the data set of the candidate at `position`; without a part of a split, every
    /// candidate is a problem of the subset. `None` past the end.
    #[must_use]
    pub fn index(&self, position: u64) -> Option<u64> {
        let index = position
            .checked_mul(self.shard.count())?
            .checked_add(self.shard.index())?;
        self.end.is_none_or(|end| index < end).then_some(index)
    }

    /// The candidate at `position`; `None` past the end, or if it belongs to another part of the split.
    ///
    /// # Errors
    /// As [`Dataset::get`].
    pub fn get(&self, position: u64) -> Result<Option<Problem>, TaskError> {
        let Some(index) = self.index(position) else {
            return Ok(None);
        };
        let problem = self.data.get(index)?;
        let here = match &self.part {
            None => true,
            Some((split, part)) => split.part(&problem)? == *part,
        };
        Ok(here.then_some(problem))
    }

    /// The problems in the order of their indices.
    pub fn iter(&self) -> impl Iterator<Item = Result<Problem, TaskError>> + use<'d> {
        let piece = self.clone();
        (0..)
            .take_while({
                let piece = self.clone();
                move |position| piece.index(*position).is_some()
            })
            .filter_map(move |position| piece.get(position).transpose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contexts::ContextLibrary;
    use crate::counts::Counts;
    use crate::likeness::Likeness;
    use crate::spec::{Dialect, TaskSpec};
    use interplay_graph::SeedStreams;

    fn data(op: u32) -> Dataset {
        let spec = TaskSpec::single(Counts::one(op), "zoo", Dialect::Terse);
        let library = ContextLibrary::embedded();
        Dataset::new(spec, &library, SeedStreams::new(3), "subset").unwrap()
    }

    fn ids(piece: &Subset<'_>) -> Vec<u64> {
        piece.iter().map(|problem| problem.unwrap().id()).collect()
    }

    #[test]
    fn shards_are_the_whole_once_each() {
        let data = data(3);
        for n in [0, 1, 2, 7, 12] {
            let mut all = Vec::new();
            for index in 0..4 {
                let shard = data.first(n).shard(Shard::new(index, 4).unwrap());
                let ids = ids(&shard);
                assert_eq!(shard.len(), Some(ids.len() as u64));
                assert_eq!(shard.is_empty(), ids.is_empty());
                all.extend(ids);
            }
            all.sort_unstable();
            assert_eq!(all, (0..n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn parts_are_the_whole_once_each_and_share_no_shape() {
        let data = data(9);
        let split = Split::new(0.6, 0.2, 0.2).unwrap();
        let mut all = Vec::new();
        let mut shapes = Vec::new();
        for part in [Part::Train, Part::Validation, Part::Test] {
            let piece = data.first(2_000).part(split, part);
            let ids = ids(&piece);
            let expected = 2_000.0 * split.shares()[part as usize];
            let found = ids.len() as f64;
            assert!(
                (found - expected).abs() < 0.1 * 2_000.0,
                "{part:?}: {found}"
            );
            all.extend(ids);
            let prints = piece.iter().map(|problem| {
                use crate::likeness::Fingerprinted;
                problem.unwrap().fingerprint(Likeness::Shape).unwrap()
            });
            let prints: std::collections::HashSet<_> = prints.collect();
            assert!(shapes.iter().all(|other| prints.is_disjoint(other)));
            shapes.push(prints);
        }
        all.sort_unstable();
        assert_eq!(all, (0..2_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_shard_is_written_as_it_is_read() {
        let shard: Shard = "2/8".parse().unwrap();
        assert_eq!((shard.to_string().as_str(), shard.len_of(10)), ("2/8", 1));
        for text in ["8/8", "0/0", "1", "a/2", "-1/2"] {
            let error = text.parse::<Shard>().unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
