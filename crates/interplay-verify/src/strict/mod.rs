//! The strict level: everything that the solution says is right.
//!
//! A step is right if its symbol is new, every symbol that it reads was defined before, every
//! equality holds, the numeric form mirrors the symbolic one, every intermediate symbol is read,
//! and the step computes what the problem defines from the quantities that the definition names.
//! The answer is stated once (as a sentence, as a tag, or as both), after all steps, with nothing
//! after it.
//!
//! Source: arXiv 2512.07783, section 2.3, whose process accuracy compares names, parents and values
//! per quantity. Deviations: everything else is checked on top of that.

mod chain;
mod equation;
mod solving;

use interplay_graph::Linear;

use crate::formula::{Pool, Source, Work};
use crate::frame::Frame;
use crate::notes::{Judgment, Notes};
use crate::reading::{Fault, Head, Item, Reading, Span, Step};
use crate::symbols::Symbols;
use crate::{Gold, Reason, StepVerdict};
use equation::Solving;

/// Whether true steps that the answer does not need are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unneeded {
    Allowed,
    Forbidden,
}

pub(crate) fn judge(
    unneeded: Unneeded,
    gold: &Gold,
    text: &str,
    frame: &Frame,
    reading: &Reading,
    notes: Notes<'_>,
) -> Judgment {
    let mut judge = Judge {
        unneeded,
        gold,
        text,
        reading,
        symbols: Symbols::new(text),
        pool: Pool::new(gold.limit(), text.len()),
        work: Work::default(),
        stack: Vec::new(),
        state: vec![State::Absent; gold.len()],
        at_answer: None,
        prose: None,
        answer: Answer::default(),
        solving: Solving::default(),
        uses: Vec::new(),
        sound: true,
        notes,
    };
    for (at, item) in reading.items.iter().enumerate() {
        judge.notes.begin(at);
        judge.item(item);
    }
    judge.notes.begin(reading.items.len());
    judge.close(frame)
}

/// What is found instead of a missing step.
const NO_STEP: &str = "no such step before the answer";

/// What is known of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Right,
    Wrong,
}

/// The answers so far.
#[derive(Debug, Default)]
struct Answer {
    sentence: bool,
    values: [Option<i64>; 2],
    /// An answer could not be read, or differs from an earlier one.
    broken: bool,
}

struct Judge<'t> {
    unneeded: Unneeded,
    gold: &'t Gold,
    text: &'t str,
    reading: &'t Reading,
    symbols: Symbols<'t>,
    pool: Pool,
    work: Work,
    stack: Vec<Linear>,
    state: Vec<State>,
    /// With [`Detail::All`]: the location of the answer, and the needed quantities without a step
    /// before it.
    at_answer: Option<((usize, Span), Vec<u32>)>,
    prose: Option<bool>,
    answer: Answer,
    /// The progress of solving the equation of a reverse problem.
    solving: Solving,
    /// The earlier sentences that the current one reads.
    uses: Vec<u32>,
    /// Whether the current step is right so far.
    sound: bool,
    notes: Notes<'t>,
}

/// What a chain says.
#[derive(Clone, Copy)]
struct Said {
    head: Option<Span>,
    value: Option<Linear>,
    /// Whether the judge's `work` holds the formula.
    formula: bool,
}

impl Judge<'_> {
    fn error(&mut self, span: Span, reason: Reason, expected: impl FnOnce() -> String) {
        self.sound = false;
        self.notes.error(span, reason, expected);
    }

    /// Notes a mistake that is not a step's own.
    fn beyond(&mut self, span: Span, reason: Reason, expected: impl FnOnce() -> String) {
        self.sound = false;
        self.notes.beyond(span, reason, expected);
    }

    fn item(&mut self, item: &Item) {
        self.sound = true;
        self.symbols.step = self.notes.verdict.steps.len() as u32;
        let (span, node) = match item {
            Item::Step(step) => (step.span, self.step(step)),
            Item::Unreadable { span, fault } => {
                self.beyond(*span, reason(*fault), || "a step or the answer".to_owned());
                (*span, None)
            }
            Item::Opening { span } => {
                if self.notes.at > 0 || !self.gold.is_reverse() {
                    self.beyond(*span, Reason::StrayText, || {
                        "a step or the answer".to_owned()
                    });
                }
                (*span, None)
            }
            Item::Known(known) => {
                self.behind_answer(known.span);
                self.known(known);
                (known.span, None)
            }
            Item::Equation(equation) => {
                self.behind_answer(equation.span);
                self.equation(equation);
                (equation.span, None)
            }
            Item::Answer { span, value } => {
                self.stated(*span, *value, true);
                return;
            }
        };
        let correct = self.sound;
        self.uses.sort_unstable();
        self.uses.dedup();
        self.notes.end(StepVerdict {
            span: span.range(),
            needed: node.is_some(),
            correct,
            node,
            uses: self.uses.as_slice().into(),
        });
        self.uses.clear();
    }

    /// Notes that the current sentence reads a symbol.
    fn reads(&mut self, symbol: Span) {
        let step = self.symbols.mark_read(symbol);
        if self.notes.uses {
            let earlier = step.filter(|step| *step < self.symbols.step);
            self.uses.extend(earlier);
        }
    }

    /// Judges a step; returns its quantity if the answer needs it.
    fn step(&mut self, step: &Step) -> Option<u32> {
        let (name, symbol, prose) = match step.head {
            Head::Prose { name, symbol } => (name, symbol, true),
            Head::Terse { name } => (name, name, false),
        };
        self.behind_answer(step.span);
        if self.solving.begun() {
            let expected = || "no step behind the equation".to_owned();
            self.error(step.span, Reason::StrayText, expected);
        }
        if *self.prose.get_or_insert(prose) != prose {
            self.error(step.span, Reason::MixedDialects, || {
                "the dialect of the first step".into()
            });
        }
        let gold = self.gold;
        let quantity = gold.find(name.of(self.text));
        let node = quantity.filter(|quantity| gold.quantity(*quantity).needed);
        let needed = node.is_some();
        let hidden = quantity.is_some_and(|index| gold.quantity(index).hidden);
        self.notes.verdict.extra += u32::from(!needed && !hidden);
        let defined = quantity.is_some_and(|index| self.state[index as usize] != State::Absent);
        if quantity.is_none() {
            self.error(name, Reason::UnknownQuantity, || {
                "a quantity of the problem".to_owned()
            });
        } else if defined {
            self.error(step.span, Reason::Redefinition, || {
                "one step a quantity".to_owned()
            });
        } else if !needed && !hidden && self.unneeded == Unneeded::Forbidden {
            let expected = || "only quantities that the answer needs".to_owned();
            self.error(step.span, Reason::UnneededQuantity, expected);
        }
        let bound = self.symbols.get(symbol);
        // A terse name is its own symbol, which a second step binds again. That is a redefinition,
        // unless the name serves as the letter of the unknown.
        if bound.is_some_and(|binding| prose || binding.unknown) {
            self.error(symbol, Reason::SymbolReused, || {
                "a symbol that is free".to_owned()
            });
        }

        let unknown = self.gold.reverse().map(|reverse| reverse.unknown);
        if let Some(letter) = self.introduces(step, quantity) {
            let quantity = quantity.filter(|_| !defined);
            self.unknown(quantity, name, (symbol, letter));
            return node;
        }
        let said = self.clauses(step, symbol);
        if quantity.is_some() && quantity == unknown && !defined {
            let expected = || "a quantity whose value is not known yet".to_owned();
            self.error(step.span, Reason::UnknownDefined, expected);
            self.state[quantity.unwrap_or_default() as usize] = State::Wrong;
        } else if let Some(quantity) = quantity {
            if !defined {
                self.definition(quantity, step, said);
            }
            let right = self.sound && !defined;
            self.state[quantity as usize] = if right { State::Right } else { State::Wrong };
        }
        let source = quantity.filter(|_| !defined).map(Source::Quantity);
        self.symbols.bind(symbol, source, said.value);
        node
    }

    /// Notes a sentence after the answer.
    fn behind_answer(&mut self, span: Span) {
        if self.answer.sentence {
            let expected = || "nothing behind the answer".to_owned();
            self.beyond(span, Reason::StrayText, expected);
        }
    }

    /// The letter that a step introduces for an unknown, if it does. A lone symbol on the right
    /// side of a terse step is one only if it is undefined and the step is about the quantity asked
    /// for.
    fn introduces(&self, step: &Step, quantity: Option<u32>) -> Option<Span> {
        let letter = self.reading.unknown_of(step)?;
        let asked = self.gold.reverse().map(|reverse| reverse.unknown);
        let free = || self.symbols.get(letter).is_none();
        let may = step.unknown || (quantity.is_some() && quantity == asked && free());
        may.then_some(letter)
    }

    /// Judges a step that calls a quantity unknown.
    fn unknown(&mut self, quantity: Option<u32>, name: Span, (symbol, letter): (Span, Span)) {
        let unknown = self.gold.reverse().map(|reverse| reverse.unknown);
        let right = quantity.is_some() && quantity == unknown;
        if !right {
            let expected = || "the equation of a quantity".to_owned();
            self.error(name, Reason::NotUnknown, expected);
        }
        let named = self.gold.find(letter.of(self.text)).is_some();
        if named && !self.symbols.same(symbol, letter) {
            let expected = || "a letter that is the name of no quantity".to_owned();
            self.error(letter, Reason::SymbolReused, expected);
        }
        if let Some(index) = quantity {
            let sound = right && self.sound;
            self.state[index as usize] = if sound { State::Right } else { State::Wrong };
        }
        let source = quantity.filter(|_| right).map(Source::Quantity);
        self.symbols.bind_unknown(symbol, letter, source);
    }

    /// Compares what a step computes with the definition of its quantity.
    fn definition(&mut self, index: u32, step: &Step, said: Said) {
        let gold = self.gold;
        let quantity = gold.quantity(index);
        if quantity.hidden {
            return;
        }
        let parents = match &quantity.formula {
            _ if !said.formula => false,
            Some(formula) => self.work.same_parents(formula),
            None => {
                let mut reads = self.work.reads().to_vec();
                reads.dedup();
                *reads == *quantity.parents
            }
        };
        let same = match &quantity.formula {
            Some(formula) => self.work.same(formula),
            None => self.work.depends_on(&quantity.parents),
        };
        // A wrong given number counts as a wrong value only.
        let only_value = quantity.parents.is_empty() && said.value != Some(quantity.value);
        let clauses = self.reading.clauses(step);
        let span = clauses.last().map_or(step.span, |clause| clause.span);
        if !parents {
            self.notes.verdict.wrong_parents += 1;
            let names = || match &*quantity.parents {
                [] => "a number and no quantity".to_owned(),
                parents => {
                    let name = |index: &u32| format!("`{}`", gold.quantity(*index).name);
                    let names: Vec<String> = parents.iter().map(name).collect();
                    format!("a step that reads {}", names.join(", "))
                }
            };
            self.error(span, Reason::WrongParents, names);
        } else if !same && !only_value {
            let expected = || format!("the definition of `{}`", quantity.name);
            self.error(span, Reason::WrongOperation, expected);
        }
        if said.value != Some(quantity.value) {
            self.notes.verdict.wrong_values += 1;
            self.error(span, Reason::WrongValue, || quantity.value.to_string());
        }
    }

    /// Records a stated answer.
    fn stated(&mut self, span: Span, value: Option<i64>, sentence: bool) {
        self.absent(span);
        self.unsolved(span);
        let expected = self.gold.answer();
        let earlier = self.answer.values[0];
        if sentence && self.answer.sentence {
            let reason = match value {
                Some(_) if value == earlier => Reason::RepeatedAnswer,
                _ => Reason::ConflictingAnswers,
            };
            self.beyond(span, reason, || "one answer".to_owned());
        } else if !sentence && self.answer.sentence && value != earlier {
            let expected = || "the same answer as in the solution".to_owned();
            self.beyond(span, Reason::ConflictingAnswers, expected);
        } else if value.is_none() {
            self.beyond(span, Reason::BadNumber, || {
                "one number as the answer".to_owned()
            });
        } else if value != Some(expected) {
            self.beyond(span, Reason::WrongAnswer, || expected.to_string());
        }
        let first = earlier.is_none() && !self.answer.broken;
        self.answer.broken |= value.is_none() || (!first && value != earlier);
        if first {
            self.answer.values[0] = value;
        }
        self.answer.sentence |= sentence;
    }

    /// Notes needed quantities without a step before the answer.
    fn absent(&mut self, span: Span) {
        if self.notes.verdict.first_error.is_some() && !self.notes.all() {
            return;
        }
        let gold = self.gold;
        let quantities = (0..).zip(gold.quantities()).zip(&self.state);
        let mut absent = quantities
            .filter(|((_, quantity), state)| quantity.needed && **state == State::Absent)
            .map(|((index, _), _)| index);
        if self.notes.all() && self.at_answer.is_none() {
            let absent: Vec<u32> = absent.collect();
            if let Some(first) = absent.first() {
                self.notes
                    .absent(span, &gold.quantity(*first).name, NO_STEP);
            }
            self.at_answer = Some(((self.notes.at, span), absent));
        } else if let Some(first) = absent.next() {
            self.notes.absent(span, &gold.quantity(first).name, NO_STEP);
        }
    }

    fn close(mut self, frame: &Frame) -> Judgment {
        let end = Span {
            start: frame.body.end,
            end: frame.body.end,
        };
        if let Some(tag) = frame.tag {
            self.stated(tag.span, tag.value, false);
        }
        self.absent(end);
        self.unsolved(end);
        if self.answer.values[0].is_none() && !self.answer.broken {
            self.beyond(end, Reason::MissingAnswer, || "`Answer: N.`".to_owned());
        }
        if let Some(span) = frame.stray {
            self.beyond(span, Reason::StrayText, || {
                "nothing behind the answer".to_owned()
            });
        }
        let Self {
            gold,
            state,
            at_answer,
            mut notes,
            answer,
            ..
        } = self;
        if let Some((index, absent)) = at_answer {
            for quantity in absent {
                let name = &gold.quantity(quantity).name;
                match state[quantity as usize] {
                    State::Absent => notes.missing(index, name, NO_STEP),
                    State::Right | State::Wrong => notes.early(index, name, NO_STEP),
                }
            }
        }
        let (mut right, mut missing) = (0_u32, 0);
        for (quantity, state) in gold.quantities().iter().zip(&state) {
            right += u32::from(quantity.needed && *state == State::Right);
            missing += u32::from(quantity.needed && *state == State::Absent);
        }
        notes.close(|verdict| {
            verdict.missing = missing;
            verdict.needed = gold.needed();
            verdict.process_accuracy = f64::from(right) / f64::from(gold.needed());
            verdict.answer_correct = !answer.broken && answer.values[0] == Some(gold.answer());
            verdict.accepted = verdict.first_error.is_none() && right == gold.needed();
        })
    }
}

fn reason(fault: Fault) -> Reason {
    match fault {
        Fault::Unexpected => Reason::Unreadable,
        Fault::Number => Reason::BadNumber,
        Fault::Depth => Reason::TooDeep,
    }
}
