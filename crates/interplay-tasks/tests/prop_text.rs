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
    unknown: &'static [&'static str],
}

/// What the third layers of the embedded contexts count.
const UNITS: [&str; 5] = ["cubs", "pupils", "screenings", "blossoms", "sailors"];

const CONTEXTS: [&str; 5] = ["zoo", "school", "festival", "garden", "harbor"];

const PROSE: Words = Words {
    opening: "The ",
    equals: " equals ",
    unknown: &[
        " exists, and its number is greater than 0",
        " is greater than 0",
    ],
};
const TERSE: Words = Words {
    opening: "",
    equals: " = ",
    unknown: &[" > 0"],
};

/// What is stated of each quantity.
struct Reader<'a> {
    stated: HashMap<&'a str, &'a str>,
    known: HashMap<String, i64>,
    /// In reverse mode, the unknown.
    unknown: Option<&'a str>,
    /// In reverse mode, the quantity that is told, with its value.
    told: Option<(&'a str, i64)>,
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
        for text in statements {
            let text = text.strip_prefix(words.opening).unwrap();
            let unknown = words.unknown.iter().find_map(|end| text.strip_suffix(end));
            if let Some(name) = unknown {
                assert!(reader.unknown.replace(name).is_none(), "two unknowns");
                continue;
            }
            let (name, said) = text.split_once(words.equals).unwrap();
            if name.starts_with("total ") {
                reader.tell(name, said);
            } else if let Some(before) = reader.stated.insert(name, said) {
                // The told value of a quantity stands beside its definition.
                let (value, definition) = match before.parse::<i64>() {
                    Ok(_) => (before, said),
                    Err(_) => (said, before),
                };
                reader.stated.insert(name, definition);
                reader.tell(name, value);
            }
        }
        assert_eq!(reader.told.is_some(), reader.unknown.is_some());
        reader
    }

    fn tell(&mut self, name: &'a str, value: &str) {
        let told = self.told.replace((name, value.parse().unwrap()));
        assert!(told.is_none(), "two values are told");
    }

    /// The unknown for which the told quantity, as `value` reads it, has the told value.
    fn solve(&mut self, value: impl Fn(&mut Self, &str) -> i64) -> i64 {
        let (name, told) = self.told.unwrap();
        let unknown = self.unknown.unwrap();
        let [zero, one] = [0, 1].map(|x| {
            self.known.clear();
            self.known.insert(unknown.to_owned(), x);
            value(self, name)
        });
        let (slope, rest) = (one - zero, told - zero);
        assert!(slope != 0 && rest % slope == 0 && rest / slope > 0);
        rest / slope
    }

    /// The value of `number of X in P`, `average number of U per X in P` or a total of P.
    fn prose_operand(&mut self, name: &str) -> i64 {
        if let Some(value) = self.known.get(name) {
            return *value;
        }
        let value = match name.strip_prefix("total number of ") {
            None => self.prose(self.stated[name]),
            Some(summed) => {
                let (summed, place) = summed.split_once(" in ").unwrap();
                let names = self.stated.keys().chain(&self.unknown);
                let numbers: Vec<&str> = names
                    .filter_map(|name| name.strip_prefix("number of "))
                    .filter(|name| name.split_once(" in ").unwrap().1 == place)
                    .collect();
                assert!(!numbers.is_empty(), "nothing is stated of {place}");
                let of_unit = UNITS.contains(&summed);
                let mut total = 0;
                for number in numbers {
                    let each = if of_unit {
                        self.prose_operand(&format!("average number of {summed} per {number}"))
                    } else {
                        1
                    };
                    total += each * self.prose_operand(&format!("number of {number}"));
                }
                total
            }
        };
        self.known.insert(name.to_owned(), value);
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
        let text = text.strip_prefix("the ").unwrap();
        if let Some(pair) = text.strip_prefix("difference between the ") {
            let (left, right) = pair.split_once(" and the ").unwrap();
            return self.prose_operand(left) - self.prose_operand(right);
        }
        let Some(list) = text.strip_prefix("sum of the ") else {
            return self.prose_operand(text);
        };
        let list = list.replace(", and ", ", ").replace(" and ", ", ");
        list.split(", the ")
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
        None => question.strip_prefix("What is the ").unwrap().to_owned(),
        Some(asked) => {
            let (item, place) = asked.split_once(" does ").unwrap();
            let place = place.strip_suffix(" have").unwrap();
            format!("number of {item} in {place}")
        }
    };
    if let Some(unknown) = reader.unknown {
        assert_eq!(asked, unknown);
        return reader.solve(Reader::prose_operand);
    }
    reader.prose_operand(&asked)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_text_determines_the_answer(
        op in 2u32..=20,
        context in proptest::sample::select(&CONTEXTS[..]),
        seed: u64,
        index: u64,
    ) {
        for (dialect, d) in [(Dialect::Prose, 2), (Dialect::Prose, 3), (Dialect::Terse, 2)] {
            for mode in [Mode::Forward, Mode::Reverse] {
                let mut spec = TaskSpec::single(Counts::one(op), context, dialect);
                spec.mixture[0].mode = mode;
                spec.mixture[0].d = d;
                spec.distractors = Counts::range(0, 6).unwrap();
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
