//! The published level: names, parents, values and the answer.
//!
//! Source: arXiv 2512.07783, section 2.3. `s(v) = 1` if the needed quantity `v` is present, reads
//! the right quantities and has the right value; the process accuracy is the mean of `s`. As in the
//! published verifier, a quantity's value is the last number of its step, its parents are all
//! quantities whose symbols the step names, the last step about a quantity counts, and so does the
//! first answer. A quantity is extra once, however many steps are about it.
//! Deviation from the text: like the published code it compares parents, not operators or intermediate
//! numbers. The strict level exists because that lets wrong steps pass.

use std::collections::{HashMap, HashSet};

use interplay_graph::Linear;

use crate::frame::Frame;
use crate::notes::{Judgment, Notes};
use crate::reading::{Head, Item, Node, Part, Reading, Span, Step};
use crate::values;
use crate::{Gold, Reason, StepVerdict};

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
    /// What each symbol stands for, and the index of the step that says so. Keyed by text of the
    /// candidate, hence a hash that resists crafted keys.
    meanings: HashMap<&'t str, (Meaning, u32)>,
    /// The earlier steps that the current one reads.
    uses: Vec<u32>,
    /// Names that the problem does not have.
    foreign: HashSet<&'t str>,
    /// The letter that stands for the unknown.
    letter: Option<&'t str>,
    arena: Vec<u32>,
    found: Vec<Found>,
    notes: Notes<'t>,
}

pub(crate) fn judge(
    gold: &Gold,
    text: &str,
    frame: &Frame,
    reading: &Reading,
    notes: Notes<'_>,
) -> Judgment {
    let mut judge = Judge {
        gold,
        text,
        reading,
        meanings: HashMap::new(),
        uses: Vec::new(),
        foreign: HashSet::new(),
        letter: None,
        arena: Vec::new(),
        found: vec![Found::default(); gold.len()],
        notes,
    };
    let mut answer = None;
    let mut answer_span = Span {
        start: frame.body.end,
        end: frame.body.end,
    };
    for (at, item) in reading.items.iter().enumerate() {
        judge.notes.begin(at);
        match item {
            Item::Step(step) => judge.step(step),
            Item::Unreadable { span, .. } => {
                let step = StepVerdict {
                    span: span.range(),
                    needed: false,
                    correct: false,
                    node: None,
                    uses: Vec::new(),
                };
                judge.notes.end(step);
            }
            // This level does not check how the equation is solved.
            Item::Opening { .. } | Item::Known(_) | Item::Equation(_) => {}
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
    judge.notes.begin(reading.items.len());
    judge.close(answer, answer_span)
}

impl<'t> Judge<'t> {
    fn step(&mut self, step: &Step) {
        let (name, symbol) = match step.head {
            Head::Prose { name, symbol } => (name, symbol),
            Head::Terse { name } => (name, name),
        };
        let quantity = self.gold.find(name.of(self.text));
        let letter = self.introduces(step, quantity);
        let (reads, known, value) = match letter {
            Some(_) => (Vec::new(), true, Some(Linear::UNKNOWN)),
            None => self.read(step, symbol),
        };
        let meaning = quantity.map_or(Meaning::Unknown, Meaning::Quantity);
        let at = self.at();
        self.meanings.insert(symbol.of(self.text), (meaning, at));
        if let Some(letter) = letter {
            self.meanings.insert(letter, (meaning, at));
            self.letter = Some(letter);
        }
        let mut verdict = StepVerdict {
            span: step.span.range(),
            needed: false,
            correct: false,
            node: None,
            uses: std::mem::take(&mut self.uses),
        };
        distinct(&mut verdict.uses);
        let Some(index) = quantity else {
            let new = self.foreign.insert(name.of(self.text));
            self.notes.verdict.extra += u32::from(new);
            self.notes.end(verdict);
            return;
        };
        let gold = self.gold.quantity(index);
        let parents = gold.hidden || (known && *reads == *gold.parents);
        let value = gold.hidden || value == Some(gold.value);
        verdict.needed = gold.needed;
        verdict.node = quantity.filter(|_| gold.needed);
        verdict.correct = parents && value;
        let new = !self.found[index as usize].there;
        self.notes.verdict.extra += u32::from(new && !gold.needed && !gold.hidden);
        self.found[index as usize] = Found {
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
        self.notes.end(verdict);
    }

    /// The index of the step that is being read.
    fn at(&self) -> u32 {
        self.notes.verdict.steps.len() as u32
    }

    /// The letter under which a step introduces the unknown that is asked for.
    fn introduces(&self, step: &Step, quantity: Option<u32>) -> Option<&'t str> {
        let unknown = self.gold.reverse()?.unknown;
        let letter = self.reading.unknown_of(step)?.of(self.text);
        (quantity == Some(unknown)).then_some(letter)
    }

    /// What a step reads (sorted, each once), whether all of it is known, and its value: the last
    /// number, or in reverse mode the last form of the last equation.
    fn read(&mut self, step: &Step, symbol: Span) -> (Vec<u32>, bool, Option<Linear>) {
        let reading = self.reading;
        let (mut reads, mut known, mut value) = (Vec::new(), true, None);
        let mut own = Vec::new();
        for clause in reading.clauses(step) {
            let parts = reading.parts(clause);
            own.clear();
            value = None;
            // The left side of an equation is what it defines.
            let sides = if parts.len() > 1 { &parts[1..] } else { parts };
            let nodes = sides.iter().enumerate().flat_map(|(index, part)| {
                let nodes = reading.nodes(part).iter();
                nodes.map(move |node| (index, node))
            });
            for (index, node) in nodes {
                match node {
                    Node::Number(number) => value = Some(Linear::number(*number)),
                    // Behind the expression, the letter is part of a value.
                    Node::Symbol(span) if index > 0 && self.letter == Some(span.of(self.text)) => {}
                    Node::Symbol(span) => {
                        let meaning = self.meanings.get(span.of(self.text));
                        if self.notes.uses {
                            let earlier = meaning.filter(|(_, step)| *step < self.at());
                            self.uses.extend(earlier.map(|(_, step)| *step));
                        }
                        match meaning.map(|(meaning, _)| meaning) {
                            Some(Meaning::Quantity(index)) => own.push(*index),
                            Some(Meaning::Reads(from, to)) => {
                                own.extend_from_slice(&self.arena[*from..*to]);
                            }
                            Some(Meaning::Unknown) | None => known = false,
                        }
                    }
                    _ => {}
                }
                // Keeps a hostile text from accumulating duplicates.
                if own.len() > 2 * self.gold.len() + 16 {
                    distinct(&mut own);
                }
                if self.uses.len() > 2 * self.at() as usize + 16 {
                    distinct(&mut self.uses);
                }
            }
            if self.gold.is_reverse() {
                value = parts.last().and_then(|part| self.stated(part));
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
                let reads = Meaning::Reads(from, self.arena.len());
                self.meanings.insert(head, (reads, self.at()));
            }
        }
        (reads, known, value)
    }

    /// The value that a side of an equation states, if it names no symbol but the unknown.
    fn stated(&self, part: &Part) -> Option<Linear> {
        let nodes = self.reading.nodes(part);
        let named = nodes.iter().all(|node| match node {
            Node::Symbol(span) => self.letter == Some(span.of(self.text)),
            _ => true,
        });
        named.then(|| values::stated(nodes))?
    }

    fn close(self, answer: Option<Option<i64>>, answer_span: Span) -> Judgment {
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
                let (name, none) = (&quantity.name, "no such step");
                notes.absent(answer_span, name, none);
                if notes.all() {
                    notes.missing((notes.at, answer_span), name, none);
                }
            }
        }
        let correct = answer.flatten() == Some(gold.answer());
        if !correct {
            let reason = if answer.is_some() {
                Reason::WrongAnswer
            } else {
                Reason::MissingAnswer
            };
            notes.beyond(answer_span, reason, || gold.answer().to_string());
        }
        notes.close(|verdict| {
            (verdict.missing, verdict.wrong_parents, verdict.wrong_values) = tally;
            verdict.needed = gold.needed();
            verdict.process_accuracy = f64::from(right) / f64::from(gold.needed());
            verdict.answer_correct = correct;
            verdict.accepted = correct && right == gold.needed();
            if verdict.accepted {
                // An earlier step about a quantity may have been wrong; the last one counts.
                verdict.first_error = None;
            }
        })
    }
}

fn distinct(indices: &mut Vec<u32>) {
    indices.sort_unstable();
    indices.dedup();
}
