//! What a candidate is compared with: quantities, their definitions and values, and the answer.

use std::borrow::Cow;
use std::collections::HashMap;

use interplay_graph::{GoldGraph, GraphError, QuantityId, ReasoningGraph};

use crate::formula::{Formula, NoFormula, Pool, Source, Work};
use crate::frame::Frame;
use crate::reading::{Clause, Head, Item, Reading, Span, Step};
use crate::symbols::Symbols;
use crate::{Reason, VerifyError, verifier};

/// How many operands a definition in a gold solution may have, intermediates written out.
const MAX_OPERANDS: usize = 1024;

/// A quantity of the problem.
#[derive(Debug, Clone)]
pub(crate) struct GoldQuantity {
    pub name: Box<str>,
    pub value: i64,
    /// How it is computed; none where the source does not say.
    pub formula: Option<Formula>,
    /// What it reads, each once, sorted.
    pub parents: Box<[u32]>,
    /// Whether the answer needs it.
    pub needed: bool,
}

/// The truth about one problem.
#[derive(Debug, Clone)]
pub struct Gold {
    quantities: Vec<GoldQuantity>,
    names: HashMap<Box<str>, u32>,
    answer: i64,
    needed: u32,
    limit: usize,
}

impl Gold {
    /// From the full graph of a problem, unneeded quantities included, and the quantity that is
    /// asked for.
    ///
    /// # Errors
    /// A value that leaves 64 bits, or names that differ in white space only.
    ///
    /// # Panics
    /// Where `target` comes from a larger graph.
    pub fn from_graph(graph: &ReasoningGraph, target: QuantityId) -> Result<Self, VerifyError> {
        let values = graph.evaluate()?;
        let mut needed = vec![false; graph.len()];
        for id in graph.ancestors(target) {
            needed[id.index()] = true;
        }
        let mut quantities = Vec::with_capacity(graph.len());
        for (id, quantity) in graph.quantities() {
            let formula = Formula::of(quantity).ok_or_else(|| GraphError::Overflow {
                name: quantity.name.clone(),
            })?;
            quantities.push(GoldQuantity {
                name: squeezed(&quantity.name).into(),
                value: values[id.index()],
                parents: formula.parents().collect(),
                formula: Some(formula),
                needed: needed[id.index()],
            });
        }
        Self::new(quantities, values[target.index()])
    }

    /// From a published gold graph. It has names, values and parents but no definitions: a step
    /// is held to its parents, its value and its own equalities.
    ///
    /// # Errors
    /// A graph without quantities, with a cycle, with an unknown dependency or a repeated name.
    pub fn from_gold_graph(graph: &GoldGraph) -> Result<Self, VerifyError> {
        graph.validate()?;
        let places: HashMap<&str, u32> = graph
            .nodes
            .iter()
            .zip(0..)
            .map(|(node, place)| (node.name.as_str(), place))
            .collect();
        let quantities = graph.nodes.iter().map(|node| {
            let mut parents: Vec<u32> = node
                .dependencies
                .iter()
                .map(|name| places[name.as_str()])
                .collect();
            parents.sort_unstable();
            parents.dedup();
            GoldQuantity {
                name: squeezed(&node.name).into(),
                value: node.value,
                formula: None,
                parents: parents.into(),
                needed: true,
            }
        });
        Self::new(quantities.collect(), graph.answer)
    }

    /// From the text of a gold solution: every step is needed, and defines its quantity.
    /// Whether the solution is right is not asked here; verify it against itself to know.
    ///
    /// # Errors
    /// A sentence that cannot be read, a symbol used before its definition, a quantity defined
    /// twice, formulas out of proportion to the text, no answer, answers that differ, an answer
    /// that is the value of no step, or anything behind the answer.
    pub fn from_solution(solution: &str) -> Result<Self, VerifyError> {
        if solution.len() > verifier::MAX_TEXT {
            let (length, limit) = (solution.len(), verifier::MAX_TEXT);
            return Err(VerifyError::TooLong { length, limit });
        }
        let frame = Frame::of(solution);
        let reading = Reading::of(solution, &frame);
        let mut answer = None;
        let mut learner = Learner {
            text: solution,
            reading: &reading,
            symbols: Symbols::new(solution),
            pool: Pool::new(MAX_OPERANDS, solution.len()),
            work: Work::default(),
            quantities: Vec::new(),
        };
        for (step, item) in reading.items.iter().enumerate() {
            let learned = match item {
                Item::Step(item) if answer.is_some() => Err((Reason::StrayText, item.span)),
                Item::Step(item) => learner.step(item).map_err(|reason| (reason, item.span)),
                Item::Answer { span, value } => stated(&mut answer, *value, *span),
                Item::Unreadable { span, .. } => Err((Reason::Unreadable, *span)),
            };
            learned.map_err(|(reason, span)| wrong(step, reason, span))?;
        }
        let step = reading.items.len();
        if let Some(tag) = frame.tag {
            stated(&mut answer, tag.value, tag.span)
                .map_err(|(reason, span)| wrong(step, reason, span))?;
        }
        if let Some(span) = frame.stray {
            return Err(wrong(step, Reason::StrayText, span));
        }
        let answer = answer.ok_or(VerifyError::NoAnswer)?;
        let mut values = learner.quantities.iter().map(|quantity| quantity.value);
        if !learner.quantities.is_empty() && !values.any(|value| value == answer) {
            return Err(VerifyError::ForeignAnswer { answer });
        }
        Self::new(learner.quantities, answer)
    }

    fn new(quantities: Vec<GoldQuantity>, answer: i64) -> Result<Self, VerifyError> {
        let mut names = HashMap::with_capacity(quantities.len());
        for (place, quantity) in (0..).zip(&quantities) {
            let name = &quantity.name;
            if name.is_empty() || names.insert(name.clone(), place).is_some() {
                return Err(VerifyError::Name {
                    name: name.to_string(),
                });
            }
        }
        let needed = quantities.iter().filter(|quantity| quantity.needed).count();
        if needed == 0 {
            return Err(VerifyError::Empty);
        }
        let sizes = quantities
            .iter()
            .filter_map(|quantity| quantity.formula.as_ref());
        let parents = quantities
            .iter()
            .map(|quantity| 2 * quantity.parents.len() + 8);
        let limit = match quantities.iter().all(|quantity| quantity.formula.is_some()) {
            true => sizes.map(Formula::size).max(),
            // Without definitions, room for any that reads each parent twice.
            false => parents.max(),
        };
        let (needed, limit) = (needed as u32, limit.unwrap_or(0));
        Ok(Self {
            quantities,
            names,
            answer,
            needed,
            limit,
        })
    }

    /// The right answer.
    #[must_use]
    pub fn answer(&self) -> i64 {
        self.answer
    }

    /// How many quantities the answer needs.
    #[must_use]
    pub fn needed(&self) -> u32 {
        self.needed
    }

    /// The names of all quantities that are known, needed or not.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.quantities.iter().map(|quantity| &*quantity.name)
    }

    pub(crate) fn len(&self) -> usize {
        self.quantities.len()
    }

    pub(crate) fn quantity(&self, place: u32) -> &GoldQuantity {
        &self.quantities[place as usize]
    }

    pub(crate) fn quantities(&self) -> &[GoldQuantity] {
        &self.quantities
    }

    /// The quantity with this name, however its words are spaced.
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.names
            .get(name)
            .or_else(|| self.names.get(&*squeezed(name)))
            .copied()
    }

    /// How many operands the largest definition has.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }
}

fn wrong(step: usize, reason: Reason, span: Span) -> VerifyError {
    let span = span.range();
    VerifyError::Solution { step, span, reason }
}

/// Takes in a stated answer, which must be readable and the same as an earlier one.
fn stated(answer: &mut Option<i64>, value: Option<i64>, span: Span) -> Result<(), (Reason, Span)> {
    let value = value.ok_or((Reason::BadNumber, span))?;
    match *answer.get_or_insert(value) == value {
        true => Ok(()),
        false => Err((Reason::ConflictingAnswers, span)),
    }
}

/// A name with single spaces between its words.
fn squeezed(name: &str) -> Cow<'_, str> {
    let plain = |byte: &u8| !byte.is_ascii_whitespace() || *byte == b' ';
    if name.trim_ascii() == name && !name.contains("  ") && name.as_bytes().iter().all(plain) {
        return Cow::Borrowed(name);
    }
    let words: Vec<&str> = name.split_ascii_whitespace().collect();
    Cow::Owned(words.join(" "))
}

/// Takes definitions from the steps of a gold solution.
struct Learner<'t> {
    text: &'t str,
    reading: &'t Reading,
    symbols: Symbols<'t>,
    pool: Pool,
    work: Work,
    quantities: Vec<GoldQuantity>,
}

impl Learner<'_> {
    fn step(&mut self, step: &Step) -> Result<(), Reason> {
        let (name, symbol) = match step.head {
            Head::Prose { name, symbol } => (name, symbol),
            Head::Terse { name } => (name, name),
        };
        let clauses = self.reading.clauses(step);
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
        let place = self.quantities.len() as u32;
        self.symbols
            .bind(symbol, Some(Source::Quantity(place)), Some(value));
        self.quantities.push(GoldQuantity {
            name: squeezed(name.of(self.text)).into(),
            value,
            parents: formula.parents().collect(),
            formula: Some(formula),
            needed: true,
        });
        Ok(())
    }

    /// The symbol and the value of a chain; its formula is in `work`.
    fn chain(&mut self, clause: &Clause) -> Result<(Span, i64), Reason> {
        if clause.fault.is_some() {
            return Err(Reason::Unreadable);
        }
        let [left, expression, ..] = self.reading.parts(clause) else {
            return Err(Reason::MissingEquation);
        };
        let last = &self.reading.parts(clause)[self.reading.parts(clause).len() - 1];
        let head = self.reading.lone_symbol(left).ok_or(Reason::OddChain)?;
        let value = self
            .reading
            .lone_number(last)
            .ok_or(Reason::MissingEquation)?;
        let symbols = &self.symbols;
        let resolve = |span| symbols.get(span).and_then(|binding| binding.source);
        self.pool
            .expression(&mut self.work, self.reading.nodes(expression), resolve)
            .map_err(|error| match error {
                NoFormula::Undefined(_) => Reason::UndefinedSymbol,
                NoFormula::TooLarge => Reason::TooLarge,
            })?;
        self.work.normalise().ok_or(Reason::BadNumber)?;
        Ok((head, value))
    }
}
