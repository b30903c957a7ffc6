//! A certificate that two corpora have no problem in common, in each sense of [`Likeness`].
//!
//! It names what was compared, how many records there were, what was found, and the first records that
//! both have. A sense is not certified if some record could not be compared because its text does not
//! state a whole problem.
//!
//! Complexity: one pass over each corpus; 26 to 34 bytes per distinct record of the left one in each
//! of three senses.

use serde::{Deserialize, Serialize};

use crate::error::TaskError;
use crate::likeness::{Fingerprint, Fingerprinted, Fingerprints, Likeness};
use crate::named::named;

/// The format's name and version, in every certificate.
const FORMAT: &str = "interplay-contamination/1";

/// What two corpora have in common.
///
/// ```
/// use interplay_graph::SeedStreams;
/// use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};
/// use interplay_tasks::corpora::{Certificate, Finding};
/// use interplay_tasks::datasets::{Part, Split};
/// use interplay_tasks::likeness::Likeness;
///
/// let spec = TaskSpec::single(Counts::one(9), "zoo", Dialect::Prose);
/// let data = Dataset::new(spec, &ContextLibrary::embedded(), SeedStreams::new(7), "pretrain")?;
/// let split = Split::new(0.8, 0.0, 0.2)?;
/// let part = |part| data.first(500).part(split, part);
/// let certificate = Certificate::compare(
///     ("train", part(Part::Train).iter()),
///     ("test", part(Part::Test).iter()),
/// )?;
/// assert_eq!(certificate.finding(Likeness::Shape), Finding::Disjoint);
/// println!("{}", certificate.to_json());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The name and version of this format.
    pub format: String,
    /// The first corpus.
    pub left: Side,
    /// The second corpus.
    pub right: Side,
    /// The comparison in each sense.
    pub compared: Vec<Compared>,
}

/// One corpus of a comparison.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Its name.
    pub name: String,
    /// The number of records.
    pub records: u64,
    /// The number of records whose texts do not state a whole problem, and which so have no graph.
    pub without_graph: u64,
    /// The first reason for that, if any.
    pub first_without_graph: Option<String>,
}

/// The outcome of a comparison in one sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// All records were compared, and no two are alike.
    Disjoint,
    /// Some records are alike.
    Overlap,
    /// Nothing alike was found, but some records could not be compared.
    NotCertified,
}

named!(Finding, "finding":
    Disjoint = "disjoint", Overlap = "overlap", NotCertified = "not_certified");

/// A comparison in one sense.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The sense.
    pub by: Likeness,
    /// What exactly was compared.
    pub what: String,
    /// What was found.
    pub finding: Finding,
    /// The number of different problems in the left corpus.
    pub left_distinct: u64,
    /// The number of different problems in the right corpus.
    pub right_distinct: u64,
    /// The number of different problems that both have.
    pub common: u64,
    /// The number of records of the right corpus among those.
    pub right_records_in_common: u64,
    /// The first common problems.
    pub witnesses: Vec<Witness>,
}

/// A problem that both corpora have.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Its fingerprint, in hexadecimal digits.
    pub fingerprint: String,
    /// The first record of the left corpus that has it, from 0.
    pub left_record: u64,
    /// The first record of the right corpus that has it, from 0.
    pub right_record: u64,
}

/// How many witnesses a certificate names in each sense.
const WITNESSES: usize = 10;

impl Certificate {
    /// Compares two corpora, each with a name for the certificate.
    ///
    /// # Errors
    /// The first error among the records, except for texts without a graph, which are counted.
    pub fn compare<T: Fingerprinted>(
        left: (&str, impl Iterator<Item = Result<T, TaskError>>),
        right: (&str, impl Iterator<Item = Result<T, TaskError>>),
    ) -> Result<Self, TaskError> {
        let mut known: [Fingerprints<u64>; 3] = Default::default();
        let left = read(left, |record, sense, print| {
            known[sense].insert(print, record);
        })?;
        let mut compared = Likeness::ALL.map(|by| Compared::new(by, 0));
        let mut seen: [Fingerprints; 3] = Default::default();
        let right = read(right, |record, sense, print| {
            let new = seen[sense].insert(print, ()).is_none();
            if let Some(left_record) = known[sense].get(print) {
                compared[sense].note(new, print, left_record, record);
            }
        })?;
        for (sense, compared) in compared.iter_mut().enumerate() {
            compared.left_distinct = known[sense].len() as u64;
            compared.right_distinct = seen[sense].len() as u64;
            let needs_graph = compared.by != Likeness::Text;
            let all = !needs_graph || left.without_graph + right.without_graph == 0;
            compared.finding = match (compared.common, all) {
                (0, true) => Finding::Disjoint,
                (0, false) => Finding::NotCertified,
                _ => Finding::Overlap,
            };
        }
        Ok(Self {
            format: FORMAT.to_owned(),
            left,
            right,
            compared: compared.into(),
        })
    }

    /// What was found in one sense.
    #[must_use]
    pub fn finding(&self, by: Likeness) -> Finding {
        let found = self.compared.iter().find(|compared| compared.by == by);
        found.map_or(Finding::NotCertified, |compared| compared.finding)
    }

    /// The certificate as indented JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl Compared {
    fn new(by: Likeness, distinct: u64) -> Self {
        Self {
            by,
            what: by.describe().to_owned(),
            finding: Finding::NotCertified,
            left_distinct: distinct,
            right_distinct: distinct,
            common: 0,
            right_records_in_common: 0,
            witnesses: Vec::new(),
        }
    }

    fn note(&mut self, new: bool, print: Fingerprint, left_record: u64, right_record: u64) {
        self.right_records_in_common += 1;
        if !new {
            return;
        }
        self.common += 1;
        if self.witnesses.len() < WITNESSES {
            self.witnesses.push(Witness {
                fingerprint: print.to_string(),
                left_record,
                right_record,
            });
        }
    }
}

/// Reads a corpus and passes each fingerprint on with its record and its sense.
fn read<T: Fingerprinted>(
    (name, records): (&str, impl Iterator<Item = Result<T, TaskError>>),
    mut each: impl FnMut(u64, usize, Fingerprint),
) -> Result<Side, TaskError> {
    let mut side = Side {
        name: name.to_owned(),
        records: 0,
        without_graph: 0,
        first_without_graph: None,
    };
    for problem in records {
        let problem = problem?;
        let record = side.records;
        side.records += 1;
        each(record, 0, problem.fingerprint(Likeness::Text)?);
        match problem.graph_fingerprints() {
            Ok([graph, shape]) => {
                each(record, 1, graph);
                each(record, 2, shape);
            }
            Err(error @ TaskError::ReadBack { .. }) => {
                side.without_graph += 1;
                side.first_without_graph
                    .get_or_insert_with(|| format!("record {record}: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpora::Sample;

    fn sample(problem: &str, question: &str) -> Result<Sample, TaskError> {
        Ok(Sample {
            problem: problem.into(),
            question: question.into(),
            solution: String::new(),
            op: 1,
            id: 0,
            template: "zoo".into(),
            mode: "normalforward".into(),
            length: "zero_context".into(),
            d: 2,
        })
    }

    fn compare(
        left: Vec<Result<Sample, TaskError>>,
        right: Vec<Result<Sample, TaskError>>,
    ) -> Certificate {
        let (left, right) = (left.into_iter(), right.into_iter());
        Certificate::compare(("left", left), ("right", right)).unwrap()
    }

    fn findings(certificate: &Certificate) -> [Finding; 3] {
        Likeness::ALL.map(|by| certificate.finding(by))
    }

    #[test]
    fn each_sense_finds_what_is_alike_in_it() {
        use Finding::{Disjoint, Overlap};
        let left = || {
            vec![
                sample("fox = 3.", "fox?"),
                sample("elk = 3. ant = 2 * elk.", "ant?"),
            ]
        };
        let same = compare(left(), left());
        assert_eq!(findings(&same), [Overlap; 3]);
        assert_eq!(same.compared[0].common, 2);
        let renamed = compare(left(), vec![sample("b = 2 * a. a = 3. c = 1.", "b?")]);
        assert_eq!(findings(&renamed), [Disjoint, Overlap, Overlap]);
        let witness = &renamed.compared[1].witnesses[0];
        assert_eq!((witness.left_record, witness.right_record), (1, 0));
        let numbers = compare(left(), vec![sample("b = 7 * a. a = 3.", "b?")]);
        assert_eq!(findings(&numbers), [Disjoint, Disjoint, Overlap]);
        let other = compare(left(), vec![sample("b = 7 + a. a = 3. d = b + a.", "d?")]);
        assert_eq!(findings(&other)[0], Disjoint);
        let third = compare(left(), vec![sample("b = a + 7. a = 3.", "b?")]);
        assert_eq!(findings(&third), [Disjoint; 3]);
    }

    #[test]
    fn what_cannot_be_compared_is_not_certified() {
        let left = vec![sample("fox = owl.", "fox?"), sample("fox = 3.", "fox?")];
        let certificate = compare(left, vec![sample("b = a + 7. a = 3.", "b?")]);
        assert_eq!(
            findings(&certificate),
            [
                Finding::Disjoint,
                Finding::NotCertified,
                Finding::NotCertified
            ]
        );
        assert_eq!(certificate.left.without_graph, 1);
        let reason = certificate.left.first_without_graph.as_deref().unwrap();
        assert!(reason.contains("does not state `owl`"), "{reason}");
        let json = certificate.to_json();
        assert_eq!(
            serde_json::from_str::<Certificate>(&json).unwrap(),
            certificate
        );
    }
}
