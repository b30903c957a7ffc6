//! The published level: names, parents, values and the answer.
//!
//! Source: arXiv 2512.07783, section 2.3. `s(v) = 1` where the needed quantity `v` is there,
//! reads the right quantities and has the right value; the process accuracy is the mean of `s`.
//! As in the published verifier, a quantity's value is the last number of its step, its parents
//! are all quantities whose symbols the step names, the last step about a quantity counts, and
//! so does the first answer.
//! Deviation: parents are compared as the published code does, not operators or intermediate
//! numbers; the strict level exists because that lets wrong steps pass.

use crate::frame::Frame;
use crate::reading::{Head, Item, Node, Reading, Span, Step};
use crate::verifier::Notes;
use crate::{Gold, Reason, StepVerdict, Verdict};
use std::collections::HashMap;

/// What a symbol stands for.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Quantity(u32),
    /// What an intermediate symbol reads, as a range of the arena.
    Reads(usize, usize),
    Unknown,
}

#[derive(Debug, Clone, Copy, Default)]
struct Found {
    there: bool,
    parents: bool,
    value: bool,
}

struct Judge<'t> {
    gold: &'t Gold,
    text: &'t str,
    reading: &'t Reading,
    meanings: HashMap<&'t str, Meaning>,
    arena: Vec<u32>,
    found: Vec<Found>,
    notes: Notes<'t>,
}

pub(crate) fn judge(gold: &Gold, text: &str, frame: &Frame, reading: &Reading) -> Verdict {
    let mut judge = Judge {
        gold,
        text,
        reading,
        meanings: HashMap::new(),
        arena: Vec::new(),
        found: vec![Found::default(); gold.len()],
        notes: Notes::new(text, reading),
    };
    let mut answer = None;
    let mut answer_span = Span {
        start: frame.body.end,
        end: frame.body.end,
    };
    for (at, item) in reading.items.iter().enumerate() {
        judge.notes.at = at;
        match item {
            Item::Step(step) => judge.step(step),
            Item::Unreadable { span, .. } => {
                let step = StepVerdict {
                    span: span.range(),
                    needed: false,
                    correct: false,
                };
                judge.notes.verdict.steps.push(step);
            }
            Item::Answer { span, value } => {
                if answer.is_none() {
                    (answer, answer_span) = (Some(*value), *span);
                }
            }
        }
    }
    if let (None, Some(tag)) = (answer, frame.tag) {
        (answer, answer_span) = (Some(tag.value), tag.span);
    }
    judge.notes.at = reading.items.len();
    judge.close(answer, answer_span)
}

impl Judge<'_> {
    fn step(&mut self, step: &Step) {
        let (name, symbol) = match step.head {
            Head::Prose { name, symbol } => (name, symbol),
            Head::Terse { name } => (name, name),
        };
        let quantity = self.gold.find(name.of(self.text));
        let (reads, known, value) = self.read(step, symbol);
        let meaning = quantity.map_or(Meaning::Unknown, Meaning::Quantity);
        self.meanings.insert(symbol.of(self.text), meaning);
        let mut verdict = StepVerdict {
            span: step.span.range(),
            needed: false,
            correct: false,
        };
        let Some(place) = quantity else {
            self.notes.verdict.extra += 1;
            self.notes.verdict.steps.push(verdict);
            return;
        };
        let gold = self.gold.quantity(place);
        let parents = known && *reads == *gold.parents;
        let value = value == Some(gold.value);
        verdict.needed = gold.needed;
        verdict.correct = parents && value;
        self.notes.verdict.steps.push(verdict);
        self.notes.verdict.extra += u32::from(!gold.needed);
        self.found[place as usize] = Found {
            there: true,
            parents,
            value,
        };
        if gold.needed && !parents {
            let expected = || format!("the parents of `{}`", gold.name);
            self.notes.error(step.span, Reason::WrongParents, expected);
        }
        if gold.needed && !value {
            self.notes
                .error(step.span, Reason::WrongValue, || gold.value.to_string());
        }
    }

    /// What a step reads (sorted, each once), whether all of it is known, and its last number.
    fn read(&mut self, step: &Step, symbol: Span) -> (Vec<u32>, bool, Option<i64>) {
        let reading = self.reading;
        let (mut reads, mut known, mut value) = (Vec::new(), true, None);
        let mut own = Vec::new();
        for clause in reading.clauses(step) {
            let parts = reading.parts(clause);
            own.clear();
            value = None;
            // The left side of an equation is what it defines.
            let sides = if parts.len() > 1 { &parts[1..] } else { parts };
            for node in sides.iter().flat_map(|part| reading.nodes(part)) {
                match node {
                    Node::Number(number) => value = Some(*number),
                    Node::Symbol(span) => match self.meanings.get(span.of(self.text)) {
                        Some(Meaning::Quantity(place)) => own.push(*place),
                        Some(Meaning::Reads(from, to)) => {
                            own.extend_from_slice(&self.arena[*from..*to]);
                        }
                        Some(Meaning::Unknown) | None => known = false,
                    },
                    Node::Add | Node::Subtract | Node::Multiply => {}
                }
                // Keeps a hostile text from piling up the same quantities.
                if own.len() > 2 * self.gold.len() + 16 {
                    distinct(&mut own);
                }
            }
            distinct(&mut own);
            reads.extend_from_slice(&own);
            distinct(&mut reads);
            let head = parts.first().filter(|_| parts.len() > 1);
            let head = head.and_then(|part| reading.lone_symbol(part));
            if let Some(head) = head.map(|head| head.of(self.text))
                && head != symbol.of(self.text)
            {
                let from = self.arena.len();
                self.arena.extend_from_slice(&own);
                self.meanings
                    .insert(head, Meaning::Reads(from, self.arena.len()));
            }
        }
        (reads, known, value)
    }

    fn close(self, answer: Option<Option<i64>>, answer_span: Span) -> Verdict {
        let Self {
            gold,
            found,
            mut notes,
            ..
        } = self;
        let mut right = 0_u32;
        let mut tally = (0, 0, 0);
        for (quantity, found) in gold.quantities().iter().zip(&found) {
            if !quantity.needed {
                continue;
            }
            right += u32::from(found.parents && found.value);
            tally.0 += u32::from(!found.there);
            tally.1 += u32::from(found.there && !found.parents);
            tally.2 += u32::from(found.there && !found.value);
            if !found.there {
                let expected = || format!("a step for `{}`", quantity.name);
                let none = || "no such step".to_owned();
                notes.explained(answer_span, Reason::MissingQuantity, expected, Some(&none));
            }
        }
        let correct = answer.flatten() == Some(gold.answer());
        if !correct {
            let reason = if answer.is_some() {
                Reason::WrongAnswer
            } else {
                Reason::MissingAnswer
            };
            notes.error(answer_span, reason, || gold.answer().to_string());
        }
        let mut verdict = notes.verdict;
        (verdict.missing, verdict.wrong_parents, verdict.wrong_values) = tally;
        verdict.process_accuracy = f64::from(right) / f64::from(gold.needed());
        verdict.answer_correct = correct;
        verdict.accepted = correct && right == gold.needed();
        if verdict.accepted {
            // An earlier step about a quantity may have been wrong; the last one counts.
            verdict.first_error = None;
        }
        verdict
    }
}

fn distinct(places: &mut Vec<u32>) {
    places.sort_unstable();
    places.dedup();
}
