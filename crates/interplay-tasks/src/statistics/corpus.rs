//! The statistics of a corpus: sizes and shapes of its problems, its texts, its repetitions.
//!
//! Everything is read from the texts in the published fields, so corpora of any origin are measured
//! alike. A record whose text does not state a whole problem counts with its texts only.

use std::collections::BTreeMap;

use interplay_graph::{Core, GraphError, Statements};
use serde::{Deserialize, Serialize};

use crate::corpora::Sample;
use crate::error::TaskError;
use crate::likeness::{Fingerprint, Fingerprints};

use super::distribution::Distribution;
use super::measure::Measure;
use super::shape::Shape;

/// The number of records that repeat an earlier one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repetitions {
    /// With the same texts.
    pub text: u64,
    /// With the same graph and numbers.
    pub graph: u64,
    /// With the same shape of graph.
    pub shape: u64,
}

/// The statistics of a corpus.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// The number of records.
    pub records: u64,
    /// The number of records whose texts do not state a whole problem.
    pub without_graph: u64,
    /// Why not, with the number of records for each reason.
    pub reasons: BTreeMap<String, u64>,
    /// Records whose difficulty field is not the op of their graph.
    pub wrong_op: u64,
    /// Records that repeat a sentence.
    pub with_repeated_sentences: u64,
    /// Records that state quantities which cannot be computed.
    pub with_circles_or_gaps: u64,
    /// Repeated records.
    pub repetitions: Repetitions,
    /// Records of each context.
    pub templates: BTreeMap<String, u64>,
    /// Records of each mode.
    pub modes: BTreeMap<String, u64>,
    /// Kinds of definitions of needed quantities.
    pub definitions: BTreeMap<String, u64>,
    /// The measures over the whole corpus.
    pub measures: BTreeMap<Measure, Distribution>,
    /// The measures of the records of each op.
    pub by_op: BTreeMap<u32, BTreeMap<Measure, Distribution>>,
}

impl Statistics {
    /// Reads a corpus once. Uses about 60 bytes per record, to find repetitions.
    ///
    /// ```
    /// use interplay_graph::SeedStreams;
    /// use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};
    /// use interplay_tasks::statistics::{Measure, Statistics};
    ///
    /// let spec = TaskSpec::single(Counts::one(6), "zoo", Dialect::Terse);
    /// let data = Dataset::new(spec, &ContextLibrary::embedded(), SeedStreams::new(7), "pretrain")?;
    /// let samples = data.first(50).iter().map(|problem| Ok(problem?.to_sample()));
    /// let statistics = Statistics::of(samples)?;
    /// assert_eq!(statistics.records, 50);
    /// assert_eq!(statistics.mean(Measure::Op), 6.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The first error among the samples.
    pub fn of(samples: impl Iterator<Item = Result<Sample, TaskError>>) -> Result<Self, TaskError> {
        let mut statistics = Self::default();
        let mut seen: [Fingerprints; 3] = Default::default();
        for sample in samples {
            statistics.add(&sample?, &mut seen);
        }
        Ok(statistics)
    }

    /// The mean of a measure over the corpus; NaN if nothing was measured.
    #[must_use]
    pub fn mean(&self, measure: Measure) -> f64 {
        self.measures
            .get(&measure)
            .map_or(f64::NAN, Distribution::mean)
    }

    fn add(&mut self, sample: &Sample, seen: &mut [Fingerprints; 3]) {
        self.records += 1;
        *self.templates.entry(sample.template.clone()).or_default() += 1;
        *self.modes.entry(sample.mode.clone()).or_default() += 1;
        let texts = Fingerprint::of_texts(&sample.problem, &sample.question);
        let known = |seen: &mut Fingerprints, print| u64::from(seen.insert(print, ()).is_some());
        self.repetitions.text += known(&mut seen[0], texts);

        let read = Statements::read(&sample.problem, &sample.question);
        let copies: u64 = read
            .iter()
            .map(|statement| u64::from(statement.copies))
            .sum();
        self.with_repeated_sentences += u64::from(copies > read.iter().len() as u64);
        let op = sample.op;
        self.measure(
            op,
            Measure::Sentences,
            copies + read.unreadable().len() as u64,
        );
        let solution = tokens(&sample.solution);
        let rest = tokens(&sample.problem) + tokens(&sample.question);
        self.measure(op, Measure::Tokens, rest + solution);
        self.measure(op, Measure::SolutionTokens, solution);

        let told = match read.problem() {
            Ok(told) => told,
            Err(error) => {
                self.without_graph += 1;
                *self.reasons.entry(reason(&error).to_owned()).or_default() += 1;
                return;
            }
        };
        self.wrong_op += u64::from(told.op() != op);
        self.with_circles_or_gaps += u64::from(!told.left_out.is_empty());
        let hash = |numbers| told.canonical_hash(numbers).into();
        self.repetitions.graph += known(&mut seen[1], hash(interplay_graph::Numbers::Distinct));
        self.repetitions.shape += known(&mut seen[2], hash(interplay_graph::Numbers::Ignored));
        let shape = Shape::of(&told);
        self.measure(op, Measure::Op, u64::from(told.op()));
        self.measure(op, Measure::Necessary, shape.needed.len() as u64);
        self.measure(op, Measure::Distractors, shape.distractors as u64);
        self.measure(op, Measure::Depth, shape.depth as u64);
        self.measure(op, Measure::Width, shape.width as u64);
        for degree in &shape.in_degrees {
            self.measure(op, Measure::InDegree, *degree as u64);
        }
        for degree in &shape.out_degrees {
            self.measure(op, Measure::OutDegree, *degree as u64);
        }
        for id in &shape.needed {
            self.number(op, Measure::Value, told.values()[id.index()]);
            let quantity = told.graph.quantity(*id);
            let kind = match (quantity.definition.core, quantity.parents().len()) {
                (Core::Constant(_), _) => "a number",
                (Core::Sum, 1) if quantity.definition.outer.is_some() => "another with a number",
                (Core::Sum, 1) => "another",
                (Core::Sum, _) => "a sum",
                (Core::Difference, _) => "a difference",
                (Core::Products, _) => "a sum of products",
            };
            *self.definitions.entry(kind.to_owned()).or_default() += 1;
        }
        self.number(op, Measure::Answer, told.answer());
    }

    fn measure(&mut self, op: u32, measure: Measure, number: u64) {
        self.number(op, measure, i64::try_from(number).unwrap_or(i64::MAX));
    }

    fn number(&mut self, op: u32, measure: Measure, number: i64) {
        self.measures.entry(measure).or_default().add(number);
        let of_op = self.by_op.entry(op).or_default();
        of_op.entry(measure).or_default().add(number);
    }
}

/// Words, runs of digits, and other signs one by one; white space counts for nothing.
fn tokens(text: &str) -> u64 {
    let mut count = 0;
    let mut last = ' ';
    for c in text.chars() {
        let goes_on = (c.is_alphabetic() && last.is_alphabetic())
            || (c.is_ascii_digit() && last.is_ascii_digit());
        count += u64::from(!c.is_whitespace() && !goes_on);
        last = c;
    }
    count
}

/// A reason without the names of one record.
fn reason(error: &GraphError) -> &'static str {
    match error {
        GraphError::UnreadableSentence { .. } => "a sentence cannot be read",
        GraphError::UnreadableQuestion { .. } => "the question cannot be read",
        GraphError::NotStated { .. } => "a needed quantity is not stated",
        GraphError::NothingGiven { .. } => "no given value depends on the unknown",
        GraphError::NoWholeSolution { .. } => "the equation has no whole solution",
        GraphError::Contradiction { .. } => "two sentences contradict each other",
        GraphError::SecondUnknown { .. } => "two quantities are unknown",
        GraphError::Cycle { .. } => "needed quantities depend on each other in a circle",
        GraphError::Overflow { .. } => "a value does not fit in 64 bits",
        _ => "another reason",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(problem: &str, question: &str, op: u32) -> Result<Sample, TaskError> {
        Ok(Sample {
            problem: problem.into(),
            question: question.into(),
            solution: "fox = 3. Answer: 3.".into(),
            op,
            id: 0,
            template: "zoo".into(),
            mode: "normalforward".into(),
            length: "zero_context".into(),
            d: 2,
        })
    }

    #[test]
    fn tokens_are_words_numbers_and_signs() {
        assert_eq!(tokens("elk = 2 * (fox+12). Père's"), 13);
        assert_eq!(tokens(" "), 0);
    }

    #[test]
    fn a_small_corpus_is_counted_by_hand() {
        let chain = "fox = 3. elk = 2 * fox. owl = elk + fox. bee = 4. fox = 3.";
        let samples = [
            sample(chain, "owl?", 5),
            sample(chain, "owl?", 5),
            sample("ant = 7. cow = 5 * ant. hen = cow + ant.", "hen?", 5),
            sample("ant = cow.", "ant?", 2),
            sample("ant = 1.", "ant?", 9),
        ];
        let found = Statistics::of(samples.into_iter()).unwrap();
        assert_eq!(
            (found.records, found.without_graph, found.wrong_op),
            (5, 1, 1)
        );
        assert_eq!(found.reasons["a needed quantity is not stated"], 1);
        assert_eq!(found.with_repeated_sentences, 2);
        let repeated = Repetitions {
            text: 1,
            graph: 1,
            shape: 2,
        };
        assert_eq!(found.repetitions, repeated);
        let of_op_5 = &found.by_op[&5];
        let mean = |measure| of_op_5[&measure].mean();
        assert_eq!((mean(Measure::Depth), mean(Measure::Width)), (3.0, 1.0));
        assert_eq!(
            of_op_5[&Measure::Distractors].iter().collect::<Vec<_>>(),
            [(0, 1), (1, 2)]
        );
        assert_eq!(
            of_op_5[&Measure::InDegree].iter().collect::<Vec<_>>(),
            [(1, 3), (2, 3)]
        );
        assert_eq!(
            of_op_5[&Measure::OutDegree].iter().collect::<Vec<_>>(),
            [(1, 3), (2, 3)]
        );
        assert_eq!(found.definitions["another with a number"], 3);
        assert_eq!(
            found.measures[&Measure::Answer].iter().collect::<Vec<_>>(),
            [(1, 1), (9, 2), (42, 1)]
        );
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Statistics>(&json).unwrap(), found);
    }
}
