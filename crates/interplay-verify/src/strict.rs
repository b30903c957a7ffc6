//! The strict level: nothing that the solution says is wrong.
//!
//! A step is right where its symbol is new, every symbol that it reads was defined before, every
//! equality of every chain holds, the numeric form mirrors the symbolic one, every intermediate
//! symbol is read, and the whole computes what the problem defines from the quantities that the
//! definition names. The answer is stated once (as a sentence, as a tag, or both alike), behind
//! all steps, with nothing behind it.
//!
//! Source: arXiv 2512.07783, section 2.3, whose process accuracy compares names, parents and
//! values per quantity. Deviations: everything else here is checked on top of that.

use crate::formula::{NoFormula, Pool, Source, Work};
use crate::frame::Frame;
use crate::linear::Linear;
use crate::numbers;
use crate::reading::{Clause, Fault, Head, Item, Node, Part, Reading, Span, Step};
use crate::solving::Solving;
use crate::symbols::Symbols;
use crate::verifier::Notes;
use crate::{Gold, Reason, StepVerdict, Verdict, Verifier};

pub(crate) fn judge(
    verifier: &Verifier,
    gold: &Gold,
    text: &str,
    frame: &Frame,
    reading: &Reading,
) -> Verdict {
    let mut judge = Judge {
        verifier,
        gold,
        text,
        reading,
        symbols: Symbols::new(text),
        pool: Pool::new(gold.limit(), text.len()),
        work: Work::default(),
        stack: Vec::new(),
        state: vec![State::Absent; gold.len()],
        prose: None,
        answer: Answer::default(),
        solving: Solving::default(),
        sound: true,
        notes: Notes::new(text, reading),
    };
    for (at, item) in reading.items.iter().enumerate() {
        judge.notes.at = at;
        judge.item(item);
    }
    judge.notes.at = reading.items.len();
    judge.close(frame)
}

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

pub(crate) struct Judge<'t> {
    pub(crate) verifier: &'t Verifier,
    pub(crate) gold: &'t Gold,
    pub(crate) text: &'t str,
    pub(crate) reading: &'t Reading,
    pub(crate) symbols: Symbols<'t>,
    pool: Pool,
    work: Work,
    stack: Vec<Linear>,
    state: Vec<State>,
    prose: Option<bool>,
    answer: Answer,
    /// How far the equation of a reverse problem is solved.
    pub(crate) solving: Solving,
    /// Whether the step that is being read is right so far.
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
    pub(crate) fn error(&mut self, span: Span, reason: Reason, expected: impl FnOnce() -> String) {
        self.sound = false;
        self.notes.error(span, reason, expected);
    }

    fn item(&mut self, item: &Item) {
        self.sound = true;
        let (span, needed) = match item {
            Item::Step(step) => (step.span, self.step(step)),
            Item::Unreadable { span, fault } => {
                self.error(*span, reason(*fault), || "a step or the answer".to_owned());
                (*span, false)
            }
            Item::Opening { span } => {
                if self.notes.at > 0 || !self.gold.is_reverse() {
                    self.error(*span, Reason::StrayText, || {
                        "a step or the answer".to_owned()
                    });
                }
                (*span, false)
            }
            Item::Known(known) => {
                self.behind_answer(known.span);
                self.known(known);
                (known.span, self.gold.is_reverse())
            }
            Item::Equation(equation) => {
                self.behind_answer(equation.span);
                self.equation(equation);
                (equation.span, self.gold.is_reverse())
            }
            Item::Answer { span, value } => {
                self.stated(*span, *value, true);
                return;
            }
        };
        let correct = self.sound;
        self.notes.verdict.steps.push(StepVerdict {
            span: span.range(),
            needed,
            correct,
        });
    }

    /// Judges a step; whether the answer needs its quantity.
    fn step(&mut self, step: &Step) -> bool {
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
        let needed = quantity.is_some_and(|quantity| gold.quantity(quantity).needed);
        let hidden = quantity.is_some_and(|place| gold.quantity(place).hidden);
        self.notes.verdict.extra += u32::from(!needed && !hidden);
        let defined = quantity.is_some_and(|place| self.state[place as usize] != State::Absent);
        if quantity.is_none() {
            self.error(name, Reason::UnknownQuantity, || {
                "a quantity of the problem".to_owned()
            });
        } else if defined {
            self.error(step.span, Reason::Redefinition, || {
                "one step a quantity".to_owned()
            });
        } else if !needed && !hidden && !self.verifier.allow_unneeded {
            let expected = || "only quantities that the answer needs".to_owned();
            self.error(step.span, Reason::UnneededQuantity, expected);
        }
        if prose && self.symbols.get(symbol).is_some() {
            self.error(symbol, Reason::SymbolReused, || {
                "a symbol that is free".to_owned()
            });
        }

        let unknown = self.gold.reverse().map(|reverse| reverse.unknown);
        if let Some(letter) = self.introduces(step, quantity) {
            self.unknown(quantity.filter(|_| !defined), name, letter);
            return needed;
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
        needed
    }

    /// Notes a sentence that stands behind the answer.
    fn behind_answer(&mut self, span: Span) {
        if self.answer.sentence {
            let expected = || "nothing behind the answer".to_owned();
            self.error(span, Reason::StrayText, expected);
        }
    }

    /// The letter that a step introduces for an unknown, where it does. A symbol alone on the
    /// right side of a terse step is one only where it stands for nothing yet and the step is
    /// about what is asked for.
    fn introduces(&self, step: &Step, quantity: Option<u32>) -> Option<Span> {
        let letter = self.reading.unknown_of(step)?;
        let asked = self.gold.reverse().map(|reverse| reverse.unknown);
        let free = || self.symbols.get(letter).is_none();
        let may = step.unknown || (quantity.is_some() && quantity == asked && free());
        may.then_some(letter)
    }

    /// Judges a step that calls a quantity unknown.
    fn unknown(&mut self, quantity: Option<u32>, name: Span, letter: Span) {
        let unknown = self.gold.reverse().map(|reverse| reverse.unknown);
        let right = quantity.is_some() && quantity == unknown;
        if !right {
            let expected = || "the equation of a quantity".to_owned();
            self.error(name, Reason::NotUnknown, expected);
        }
        if let Some(place) = quantity {
            let sound = right && self.sound;
            self.state[place as usize] = if sound { State::Right } else { State::Wrong };
        }
        let source = quantity.filter(|_| right).map(Source::Quantity);
        self.symbols.bind_unknown(name, letter, source);
    }

    /// Judges the chains of a step; what the last one, which is about the step's own symbol,
    /// says.
    fn clauses(&mut self, step: &Step, symbol: Span) -> Said {
        let reading = self.reading;
        let first_local = self.symbols.len();
        let clauses = reading.clauses(step);
        let mut said = Said {
            head: None,
            value: None,
            formula: false,
        };
        for (place, clause) in clauses.iter().enumerate() {
            said = self.chain(clause);
            let own = said
                .head
                .is_some_and(|head| self.symbols.same(head, symbol));
            if place + 1 < clauses.len() {
                let Some(head) = said.head else { continue };
                if own || self.symbols.get(head).is_some() {
                    self.error(head, Reason::SymbolReused, || {
                        "a symbol that is free".to_owned()
                    });
                }
                let local = said
                    .formula
                    .then(|| Source::Local(self.pool.keep(&self.work)));
                self.symbols.bind(head, local, said.value);
            } else if said.head.is_some() && !own {
                let symbol = symbol.of(self.text).to_owned();
                let expected = || format!("the equation of `{symbol}`");
                self.error(clause.span, Reason::MissingEquation, expected);
                said = Said {
                    head: None,
                    value: None,
                    formula: false,
                };
            }
        }
        if !self.symbols.all_read(first_local) {
            let expected = || "every intermediate symbol read in its step".to_owned();
            self.error(step.span, Reason::UnusedIntermediate, expected);
        }
        said
    }

    /// Judges one chain of equalities: symbol, expression, the same with numbers put in, shorter
    /// numeric forms, number. An expression that is a single operand needs no numeric form.
    fn chain(&mut self, clause: &Clause) -> Said {
        let nothing = Said {
            head: None,
            value: None,
            formula: false,
        };
        if let Some((fault, span)) = clause.fault {
            self.error(span, reason(fault), || "an equation".to_owned());
            return nothing;
        }
        let reading = self.reading;
        let [left, expression, forms @ ..] = reading.parts(clause) else {
            self.error(clause.span, Reason::MissingEquation, || {
                "`symbol = ... = number`".into()
            });
            return nothing;
        };
        // With an unknown, numeric forms set every operand of a product or difference in brackets.
        let checked = if self.gold.is_reverse() {
            2
        } else {
            usize::MAX
        };
        let mut parts = reading.parts(clause).iter().take(checked);
        if let Some(part) = parts.find(|part| part.lone_group) {
            let expected = || "parentheses around an operation".to_owned();
            self.error(part.span, Reason::OddChain, expected);
        }
        let Some(head) = reading.lone_symbol(left) else {
            self.error(left.span, Reason::OddChain, || {
                "one symbol on the left".to_owned()
            });
            return nothing;
        };
        let formula = self.formula(expression);
        let last = forms.last().unwrap_or(expression);
        let value = self.symbols.stated(reading.nodes(last));
        match value {
            None => {
                let expected = || "an equation that ends in its value".to_owned();
                self.error(clause.span, Reason::MissingEquation, expected);
            }
            Some(value) => {
                let ordered = self.forms(expression, forms);
                let equal = ordered
                    && self.equal(expression, forms, value)
                    && self.reduced(expression, forms);
                self.notes.verdict.wrong_equalities += u32::from(!equal);
            }
        }
        Said {
            head: Some(head),
            value,
            formula,
        }
    }

    /// Builds the formula of an expression in `work`.
    fn formula(&mut self, expression: &Part) -> bool {
        let nodes = self.reading.nodes(expression);
        let symbols = &self.symbols;
        let poisoned = std::cell::Cell::new(false);
        let resolve = |span| {
            let binding = symbols.get(span)?;
            poisoned.set(poisoned.get() || binding.source.is_none());
            // The mistake that left a symbol without meaning was noted where it was made.
            binding.source.or(Some(Source::Quantity(u32::MAX - 1)))
        };
        let built = self.pool.expression(&mut self.work, nodes, resolve);
        for node in nodes {
            if let Node::Symbol(span) = node {
                self.symbols.mark_read(*span);
            }
        }
        match built {
            Ok(()) if poisoned.get() => {
                self.sound = false;
                false
            }
            Ok(()) if self.work.normalise().is_some() => true,
            Err(NoFormula::Divides) => {
                let expected = || "a sum, a difference or a product".to_owned();
                self.error(expression.span, Reason::WrongOperation, expected);
                false
            }
            Ok(()) | Err(NoFormula::TooLarge) => {
                let expected = || "no more operands than the problem's definitions have".to_owned();
                self.error(expression.span, Reason::WrongOperation, expected);
                false
            }
            Err(NoFormula::Undefined(span)) => {
                let expected = || "a symbol that an earlier step defines".to_owned();
                self.error(span, Reason::UndefinedSymbol, expected);
                false
            }
        }
    }

    /// Whether the forms of a chain follow each other as they should.
    fn forms(&mut self, expression: &Part, forms: &[Part]) -> bool {
        let reading = self.reading;
        let mut before = expression;
        for (place, form) in forms.iter().enumerate() {
            let nodes = reading.nodes(form);
            let last = place + 1 == forms.len();
            // With an unknown, a value has operators too.
            let value = last && form.symbolic && self.symbols.stated(nodes).is_some();
            let mirrored = place == 0 && expression.symbolic && form.operators > 0 && !value;
            let shorter = form.operators < before.operators
                || (place == 0 && expression.symbolic && form.operators == 0);
            let numeric = !form.symbolic || self.symbols.only_unknown(nodes);
            if !numeric || !(mirrored || shorter || value) {
                let expected = || "numbers only, in ever shorter forms".to_owned();
                self.error(form.span, Reason::OddChain, expected);
                return false;
            }
            if mirrored {
                let symbols = &self.symbols;
                let value = |span| symbols.get(span).and_then(|binding| binding.value);
                if !numbers::mirrors(reading.nodes(expression), nodes, value) {
                    let shown = expression.span.of(self.text);
                    let expected = || format!("the values of `{shown}` in its place");
                    self.error(form.span, Reason::WrongNumbers, expected);
                    return false;
                }
            }
            before = form;
        }
        true
    }

    /// Whether each numeric form is the numeric one before it with parts of it worked out.
    fn reduced(&mut self, expression: &Part, forms: &[Part]) -> bool {
        let reading = self.reading;
        for (place, form) in forms.iter().enumerate() {
            let before = match place {
                0 if expression.symbolic => continue,
                0 => expression,
                _ => &forms[place - 1],
            };
            let (from, to) = (reading.nodes(before), reading.nodes(form));
            // Its value was compared already where a form is the last.
            let last = place + 1 == forms.len();
            if !last && !numbers::reduces(from, to) {
                let shown = before.span.of(self.text);
                let expected = || format!("`{shown}` with parts of it worked out");
                self.error(form.span, Reason::WrongNumbers, expected);
                return false;
            }
        }
        true
    }

    /// Whether every side of a chain has the stated value.
    fn equal(&mut self, expression: &Part, forms: &[Part], value: Linear) -> bool {
        for part in std::iter::once(expression).chain(forms) {
            let symbols = &self.symbols;
            let of = |span| symbols.get(span).and_then(|binding| binding.value);
            let actual = numbers::evaluate(&mut self.stack, self.reading.nodes(part), of);
            if actual != Some(value) {
                let expected = || match actual {
                    Some(actual) => format!("{actual}"),
                    None => "a value of 64 bits".to_owned(),
                };
                let found = || format!("`{}` = {value}", part.span.of(self.text));
                self.sound = false;
                self.notes
                    .explained(part.span, Reason::WrongEquality, expected, Some(&found));
                return false;
            }
        }
        true
    }

    /// Compares what a step computes with the definition of its quantity.
    fn definition(&mut self, place: u32, step: &Step, said: Said) {
        let gold = self.gold;
        let quantity = gold.quantity(place);
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
        // A given number that is wrong has just a wrong value.
        let only_value = quantity.parents.is_empty() && said.value != Some(quantity.value);
        let clauses = self.reading.clauses(step);
        let span = clauses.last().map_or(step.span, |clause| clause.span);
        if !parents {
            self.notes.verdict.wrong_parents += 1;
            let names = || match &*quantity.parents {
                [] => "a number, reading no quantity".to_owned(),
                parents => {
                    let name = |place: &u32| format!("`{}`", gold.quantity(*place).name);
                    let names: Vec<String> = parents.iter().map(name).collect();
                    format!("a reading of {}", names.join(", "))
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

    /// Takes in a stated answer.
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
            self.error(span, reason, || "one answer".to_owned());
        } else if !sentence && self.answer.sentence && value != earlier {
            let expected = || "the same answer as in the solution".to_owned();
            self.error(span, Reason::ConflictingAnswers, expected);
        } else if value.is_none() {
            self.error(span, Reason::BadNumber, || {
                "one number as the answer".to_owned()
            });
        } else if value != Some(expected) {
            self.error(span, Reason::WrongAnswer, || expected.to_string());
        }
        let first = earlier.is_none() && !self.answer.broken;
        self.answer.broken |= value.is_none() || (!first && value != earlier);
        if first {
            self.answer.values[0] = value;
        }
        self.answer.sentence |= sentence;
    }

    /// Notes needed quantities that have no step when the answer comes.
    fn absent(&mut self, span: Span) {
        if self.notes.verdict.first_error.is_some() {
            return;
        }
        let quantities = self.gold.quantities().iter().zip(&self.state);
        let missing = |(_, state): &(_, &State)| **state == State::Absent;
        let mut absent = quantities
            .filter(|(quantity, _)| quantity.needed)
            .filter(missing);
        if let Some((quantity, _)) = absent.next() {
            let name = quantity.name.clone();
            let found = || "no such step before the answer".to_owned();
            let expected = || format!("a step for `{name}`");
            self.notes
                .explained(span, Reason::MissingQuantity, expected, Some(&found));
        }
    }

    fn close(mut self, frame: &Frame) -> Verdict {
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
            self.error(end, Reason::MissingAnswer, || "`Answer: N.`".to_owned());
        }
        if let Some(span) = frame.stray {
            self.error(span, Reason::StrayText, || {
                "nothing behind the answer".to_owned()
            });
        }
        let Self {
            gold,
            state,
            notes,
            answer,
            ..
        } = self;
        let mut verdict = notes.verdict;
        let (mut right, mut missing) = (0_u32, 0);
        for (quantity, state) in gold.quantities().iter().zip(&state) {
            right += u32::from(quantity.needed && *state == State::Right);
            missing += u32::from(quantity.needed && *state == State::Absent);
        }
        verdict.missing = missing;
        verdict.process_accuracy = f64::from(right) / f64::from(gold.needed());
        verdict.answer_correct = !answer.broken && answer.values[0] == Some(gold.answer());
        verdict.accepted = verdict.first_error.is_none() && right == gold.needed();
        verdict
    }
}

fn reason(fault: Fault) -> Reason {
    match fault {
        Fault::Unexpected => Reason::Unreadable,
        Fault::Number => Reason::BadNumber,
        Fault::Depth => Reason::TooDeep,
    }
}
