//! Gold from the text of a gold solution: every step defines its quantity.

use interplay_graph::Linear;

use crate::formula::{NoFormula, Pool, Source, Work};
use crate::frame::Frame;
use crate::quantity::{GoldQuantity, Reverse, squeezed};
use crate::reading::{Clause, Head, Item, Known, Reading, Span, Step};
use crate::symbols::Symbols;
use crate::{Reason, VerifyError};

/// The most operands of a definition in a gold solution, with intermediates expanded.
const MAX_OPERANDS: usize = 1024;

/// What a gold solution says.
#[derive(Debug)]
pub(crate) struct Learned {
    pub quantities: Vec<GoldQuantity>,
    pub answer: i64,
    pub reverse: Option<Reverse>,
}

/// Takes definitions from the steps of a gold solution.
pub(crate) struct Learner<'t> {
    text: &'t str,
    reading: &'t Reading,
    symbols: Symbols<'t>,
    pool: Pool,
    work: Work,
    quantities: Vec<GoldQuantity>,
    unknown: Option<u32>,
    reverse: Option<Reverse>,
    answer: Option<i64>,
}

/// What is wrong with a sentence, and its location.
type Mistake = (Reason, Span);

impl<'t> Learner<'t> {
    pub(crate) fn of(text: &'t str, reading: &'t Reading) -> Self {
        Self {
            text,
            reading,
            symbols: Symbols::new(text),
            pool: Pool::new(MAX_OPERANDS, text.len()),
            work: Work::default(),
            quantities: Vec::new(),
            unknown: None,
            reverse: None,
            answer: None,
        }
    }

    pub(crate) fn learn(mut self, frame: &Frame) -> Result<Learned, VerifyError> {
        for (step, item) in self.reading.items.iter().enumerate() {
            self.item(step, item)
                .map_err(|mistake| wrong(step, mistake))?;
        }
        let step = self.reading.items.len();
        if let Some(tag) = frame.tag {
            self.stated(tag.value, tag.span)
                .map_err(|mistake| wrong(step, mistake))?;
        }
        if let Some(span) = frame.stray {
            return Err(wrong(step, (Reason::StrayText, span)));
        }
        let answer = self.answer.ok_or(VerifyError::NoAnswer)?;
        match (self.unknown, self.reverse) {
            (None, _) => {
                let value = Some(Linear::number(answer));
                let mut values = self.quantities.iter().map(|quantity| Some(quantity.value));
                if !self.quantities.is_empty() && !values.any(|own| own == value) {
                    return Err(VerifyError::ForeignAnswer { answer });
                }
            }
            (Some(_), None) => {
                let span = frame.body;
                return Err(wrong(step, (Reason::MissingSolution, span)));
            }
            (Some(_), Some(reverse)) => {
                let given = self.quantities[reverse.given as usize].value;
                if given.solve(reverse.value) != Some(answer) {
                    return Err(VerifyError::ForeignAnswer { answer });
                }
            }
        }
        Ok(Learned {
            quantities: self.quantities,
            answer,
            reverse: self.reverse,
        })
    }

    fn item(&mut self, index: usize, item: &Item) -> Result<(), Mistake> {
        match item {
            Item::Opening { .. } if index == 0 => Ok(()),
            Item::Opening { span } => Err((Reason::StrayText, *span)),
            Item::Step(step) if self.answer.is_some() || self.reverse.is_some() => {
                Err((Reason::StrayText, step.span))
            }
            Item::Step(step) => self.step(step).map_err(|reason| (reason, step.span)),
            Item::Known(known) => self.known(known).map_err(|reason| (reason, known.span)),
            Item::Equation(equation) if self.reverse.is_none() => {
                Err((Reason::WrongEquation, equation.span))
            }
            Item::Equation(_) => Ok(()),
            Item::Answer { span, value } => self.stated(*value, *span),
            Item::Unreadable { span, .. } => Err((Reason::Unreadable, *span)),
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), Reason> {
        let (name, symbol) = match step.head {
            Head::Prose { name, symbol } => (name, symbol),
            Head::Terse { name } => (name, name),
        };
        let clauses = self.reading.clauses(step);
        if let Some(variable) = self.reading.unknown_of(step)
            && self.symbols.get(variable).is_none()
        {
            return self.unknown(name, symbol, variable);
        }
        let (last, before) = clauses.split_last().ok_or(Reason::MissingEquation)?;
        for clause in before {
            let (head, value) = self.chain(clause)?;
            let local = self.pool.keep(&self.work);
            self.symbols
                .bind(head, Some(Source::Local(local)), Some(value));
        }
        let (head, value) = self.chain(last)?;
        if !self.symbols.same(head, symbol) {
            return Err(Reason::MissingEquation);
        }
        self.pool.charge(&self.work);
        let formula = self.work.to_formula();
        let index = self.quantities.len() as u32;
        self.symbols
            .bind(symbol, Some(Source::Quantity(index)), Some(value));
        self.quantities.push(GoldQuantity {
            name: squeezed(name.of(self.text)).into(),
            value,
            parents: formula.parents().collect(),
            formula: Some(formula),
            needed: true,
            hidden: false,
        });
        Ok(())
    }

    fn unknown(&mut self, name: Span, symbol: Span, variable: Span) -> Result<(), Reason> {
        if self.unknown.is_some() {
            return Err(Reason::NotUnknown);
        }
        let index = self.quantities.len() as u32;
        self.unknown = Some(index);
        let source = Some(Source::Quantity(index));
        self.symbols.bind_unknown(symbol, variable, source);
        self.quantities.push(GoldQuantity {
            name: squeezed(name.of(self.text)).into(),
            value: Linear::UNKNOWN,
            parents: Box::default(),
            formula: Some(Default::default()),
            needed: true,
            hidden: false,
        });
        Ok(())
    }

    fn known(&mut self, known: &Known) -> Result<(), Reason> {
        let (Some(unknown), None) = (self.unknown, self.reverse) else {
            return Err(Reason::StrayText);
        };
        let source = self.symbols.get(known.symbol).map(|binding| binding.source);
        let Some(Some(Source::Quantity(given))) = source else {
            return Err(Reason::UndefinedSymbol);
        };
        self.reverse = Some(Reverse {
            unknown,
            given,
            value: known.value,
        });
        Ok(())
    }

    /// The symbol and the value of a chain; its formula is in `work`.
    fn chain(&mut self, clause: &Clause) -> Result<(Span, Linear), Reason> {
        if clause.fault.is_some() {
            return Err(Reason::Unreadable);
        }
        let [left, expression, ..] = self.reading.parts(clause) else {
            return Err(Reason::MissingEquation);
        };
        let last = &self.reading.parts(clause)[self.reading.parts(clause).len() - 1];
        let head = self.reading.lone_symbol(left).ok_or(Reason::OddChain)?;
        let symbols = &self.symbols;
        let value = symbols.stated(self.reading.nodes(last));
        let value = value.ok_or(Reason::MissingEquation)?;
        let resolve = |span| symbols.get(span).and_then(|binding| binding.source);
        self.pool
            .expression(&mut self.work, self.reading.nodes(expression), resolve)
            .map_err(|error| match error {
                NoFormula::Undefined(_) => Reason::UndefinedSymbol,
                NoFormula::TooLarge => Reason::TooLarge,
                NoFormula::Divides => Reason::WrongOperation,
            })?;
        self.work.normalize().ok_or(Reason::BadNumber)?;
        Ok((head, value))
    }

    /// Records a stated answer, which must be readable and equal to an earlier one.
    fn stated(&mut self, value: Option<i64>, span: Span) -> Result<(), Mistake> {
        let value = value.ok_or((Reason::BadNumber, span))?;
        match *self.answer.get_or_insert(value) == value {
            true => Ok(()),
            false => Err((Reason::ConflictingAnswers, span)),
        }
    }
}

fn wrong(step: usize, (reason, span): Mistake) -> VerifyError {
    let span = span.range();
    VerifyError::Solution { step, span, reason }
}
