//! The text of a problem alone determines its answer.
//!
//! A small reader that shares no code with the generator solves problem and question as a person
//! would. In prose a total is not stated: it is the sum of the stated instances of its place.

use std::collections::HashMap;

use interplay_graph::SeedStreams;
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};
use proptest::prelude::*;

/// What is stated of each name.
struct Reader<'a> {
    stated: HashMap<&'a str, &'a str>,
    known: HashMap<String, i64>,
}

impl<'a> Reader<'a> {
    fn new(problem: &'a str, opening: &str, equals: &str) -> Self {
        let statements = problem.strip_suffix('.').unwrap().split(". ");
        let stated: HashMap<_, _> = statements
            .clone()
            .map(|text| {
                text.strip_prefix(opening)
                    .unwrap()
                    .split_once(equals)
                    .unwrap()
            })
            .collect();
        assert_eq!(stated.len(), statements.count(), "a name is stated twice");
        let known = HashMap::new();
        Self { stated, known }
    }

    /// The value of `the number of X in P` or `the total number of ... in P`.
    fn prose_operand(&mut self, text: &str) -> i64 {
        if let Some(value) = self.known.get(text) {
            return *value;
        }
        let value = match text.strip_prefix("the number of ") {
            Some(name) => self.prose(self.stated[name]),
            None => {
                let place = text.split_once(" in ").unwrap().1;
                let there = |name: &&&str| name.split_once(" in ").unwrap().1 == place;
                let instances: Vec<&str> = self.stated.keys().filter(there).copied().collect();
                assert!(!instances.is_empty(), "nothing is stated of {place}");
                let value = |name| self.prose_operand(&format!("the number of {name}"));
                instances.into_iter().map(value).sum()
            }
        };
        self.known.insert(text.to_owned(), value);
        value
    }

    /// The value of what stands after `equals`.
    fn prose(&mut self, text: &str) -> i64 {
        if let Ok(value) = text.parse() {
            return value;
        }
        if let Some((k, rest)) = text.split_once(" plus ") {
            return k.parse::<i64>().unwrap() + self.prose(rest);
        }
        if let Some((k, rest)) = text.split_once(" times ") {
            return k.parse::<i64>().unwrap() * self.prose(rest);
        }
        if let Some(pair) = text.strip_prefix("the difference between ") {
            let (left, right) = pair.split_once(" and ").unwrap();
            return self.prose_operand(left) - self.prose_operand(right);
        }
        let Some(list) = text.strip_prefix("the sum of ") else {
            return self.prose_operand(text);
        };
        let list = list.replace(", and ", ", ").replace(" and ", ", ");
        list.split(", ")
            .map(|operand| self.prose_operand(operand))
            .sum()
    }

    /// The value of a terse expression: a number, a name, or both joined by signs.
    fn terse(&mut self, text: &str) -> i64 {
        if let Ok(value) = text.parse() {
            return value;
        }
        if let Some((k, rest)) = text.split_once(" * ") {
            let rest = rest.trim_matches(['(', ')']);
            return k.parse::<i64>().unwrap() * self.terse(rest);
        }
        // The last sign binds least.
        if let Some(at) = text.rfind(['+', '-']) {
            let (left, right) = (&text[..at - 1], &text[at + 2..]);
            let (left, right) = (self.terse(left), self.terse(right));
            return if text[at..].starts_with('+') {
                left + right
            } else {
                left - right
            };
        }
        if !self.known.contains_key(text) {
            let value = self.terse(self.stated[text]);
            self.known.insert(text.to_owned(), value);
        }
        self.known[text]
    }
}

fn solve(dialect: Dialect, problem: &str, question: &str) -> i64 {
    let question = question.strip_suffix('?').unwrap();
    if dialect == Dialect::Terse {
        return Reader::new(problem, "", " = ").terse(question);
    }
    let mut reader = Reader::new(problem, "The number of ", " equals ");
    match question.strip_prefix("How many ") {
        None => reader.prose_operand(question.strip_prefix("What is ").unwrap()),
        Some(asked) => {
            let (item, place) = asked.split_once(" does ").unwrap();
            let place = place.strip_suffix(" have").unwrap();
            reader.prose_operand(&format!("the number of {item} in {place}"))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_text_determines_the_answer(op in 2u32..=20, seed: u64, index: u64) {
        for dialect in [Dialect::Prose, Dialect::Terse] {
            for context in ["zoo", "school"] {
                let spec = TaskSpec::single(Counts::one(op), context, dialect);
                let seeds = SeedStreams::new(seed);
                let library = ContextLibrary::embedded();
                let data = Dataset::new(spec, &library, seeds, "text").unwrap();
                let problem = data.get(index).unwrap();
                let (text, question) = (problem.problem_text(), problem.question_text());
                prop_assert_eq!(solve(dialect, &text, &question), problem.answer(), "{}", text);
            }
        }
    }
}
