//! The text of a problem alone determines its answer.
//!
//! A small reader that shares no code with the generator solves problem and question as a person
//! would. In prose a total is not stated: it is the sum of the stated instances of its place. In
//! reverse mode the reader tries the unknown at 0 and at 1, and takes the line through both.

use std::collections::HashMap;

use interplay_graph::SeedStreams;
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, Mode, TaskSpec};
use proptest::prelude::*;

/// How the sentences of a dialect are cut.
struct Words {
    opening: &'static str,
    equals: &'static str,
    unknown: &'static str,
}

const PROSE: Words = Words {
    opening: "The number of ",
    equals: " equals ",
    unknown: " exists, and its number is greater than 0",
};
const TERSE: Words = Words {
    opening: "",
    equals: " = ",
    unknown: " > 0",
};

/// What is stated of each name.
struct Reader<'a> {
    stated: HashMap<&'a str, &'a str>,
    known: HashMap<String, i64>,
    /// In reverse mode, the unknown.
    unknown: Option<&'a str>,
    /// In reverse mode, the operand that is told, with its value.
    told: Option<(String, i64)>,
}

impl<'a> Reader<'a> {
    fn new(problem: &'a str, words: &Words) -> Self {
        let mut reader = Self {
            stated: HashMap::new(),
            known: HashMap::new(),
            unknown: None,
            told: None,
        };
        let statements: Vec<&str> = problem.strip_suffix('.').unwrap().split(". ").collect();
        let reverse = statements.iter().any(|text| text.ends_with(words.unknown));
        for text in statements {
            if let Some(name) = text.strip_suffix(words.unknown) {
                let name = name.strip_prefix(words.opening).unwrap();
                assert!(reader.unknown.replace(name).is_none(), "two unknowns");
                continue;
            }
            let (name, said) = text.split_once(words.equals).unwrap();
            let Some(name) = name.strip_prefix(words.opening) else {
                let total = name.strip_prefix("The ").unwrap();
                reader.tell(format!("the {total}"), said);
                continue;
            };
            let Some(before) = reader.stated.insert(name, said) else {
                continue;
            };
            // The told value of a quantity stands beside its definition.
            assert!(reverse, "{name} is stated twice");
            let (value, definition) = match before.parse::<i64>() {
                Ok(_) => (before, said),
                Err(_) => (said, before),
            };
            reader.stated.insert(name, definition);
            let operand = if words.opening.is_empty() {
                name.to_owned()
            } else {
                format!("the number of {name}")
            };
            reader.tell(operand, value);
        }
        assert_eq!(reader.told.is_some(), reader.unknown.is_some());
        reader
    }

    fn tell(&mut self, operand: String, value: &str) {
        let told = self.told.replace((operand, value.parse().unwrap()));
        assert!(told.is_none(), "two values are told");
    }

    /// The unknown for which the told operand, as `value` reads it, has the told value.
    fn solve(&mut self, value: impl Fn(&mut Self, &str) -> i64) -> i64 {
        let (operand, told) = self.told.clone().unwrap();
        let unknown = self.unknown.unwrap();
        let [zero, one] = [0, 1].map(|x| {
            self.known.clear();
            self.known.insert(unknown.to_owned(), x);
            self.known.insert(format!("the number of {unknown}"), x);
            value(self, &operand)
        });
        let (slope, rest) = (one - zero, told - zero);
        assert!(slope != 0 && rest % slope == 0 && rest / slope > 0);
        rest / slope
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
                let names = self.stated.keys().chain(&self.unknown);
                let instances: Vec<&str> = names.filter(there).copied().collect();
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
        let mut reader = Reader::new(problem, &TERSE);
        if let Some(unknown) = reader.unknown {
            assert_eq!(question, unknown);
            return reader.solve(Reader::terse);
        }
        return reader.terse(question);
    }
    let mut reader = Reader::new(problem, &PROSE);
    let asked = match question.strip_prefix("How many ") {
        None => question.strip_prefix("What is ").unwrap().to_owned(),
        Some(asked) => {
            let (item, place) = asked.split_once(" does ").unwrap();
            let place = place.strip_suffix(" have").unwrap();
            format!("the number of {item} in {place}")
        }
    };
    if let Some(unknown) = reader.unknown {
        assert_eq!(asked, format!("the number of {unknown}"));
        return reader.solve(Reader::prose_operand);
    }
    reader.prose_operand(&asked)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_text_determines_the_answer(
        op in 2u32..=20,
        context in prop_oneof![Just("zoo"), Just("school")],
        seed: u64,
        index: u64,
    ) {
        for dialect in [Dialect::Prose, Dialect::Terse] {
            for mode in [Mode::Forward, Mode::Reverse] {
                let mut spec = TaskSpec::single(Counts::one(op), context, dialect);
                spec.mixture[0].mode = mode;
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
