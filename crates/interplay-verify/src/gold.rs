//! What a candidate is compared with: quantities, their definitions and values, and the answer.

use std::borrow::Cow;
use std::collections::HashMap;

use interplay_graph::{
    Core, Goal, GoldGraph, GraphError, Outer, Quantity, QuantityId, ReasoningGraph,
};
use rustc_hash::FxBuildHasher;

use crate::formula::Formula;
use crate::frame::Frame;
use crate::learner::Learner;
use crate::linear::Linear;
use crate::reading::Reading;
use crate::{VerifyError, verifier};

/// A quantity of the problem.
#[derive(Debug, Clone)]
pub(crate) struct GoldQuantity {
    pub name: Box<str>,
    /// Its value, in terms of the unknown where there is one.
    pub value: Linear,
    /// How it is computed; none where the source does not say.
    pub formula: Option<Formula>,
    /// What it reads, each once, sorted.
    pub parents: Box<[u32]>,
    /// Whether the answer needs it.
    pub needed: bool,
    /// Whether nothing of it but its name is known to the verifier.
    pub hidden: bool,
}

/// What makes a problem a reverse one: a leaf that is asked for, and a quantity above it whose
/// value is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reverse {
    pub unknown: u32,
    pub given: u32,
    pub value: i64,
}

/// The truth about one problem.
#[derive(Debug, Clone)]
pub struct Gold {
    quantities: Vec<GoldQuantity>,
    names: HashMap<Box<str>, u32, FxBuildHasher>,
    reverse: Option<Reverse>,
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
        let values = values.into_iter().map(Linear::number);
        let quantities = quantities(graph, target, values.collect())?;
        let answer = quantities[target.index()].value.constant;
        Self::new(quantities, answer, None)
    }

    /// From the full graph of a reverse problem: the leaf that is asked for, and the quantity
    /// above it whose value the problem gives. The graph holds the true number of the leaf; a
    /// solution must find it from the equation.
    ///
    /// # Errors
    /// As for [`Gold::from_graph`]; and where `unknown` is no leaf, or its number does not follow
    /// from the value of `given`.
    ///
    /// # Panics
    /// Where an id comes from a larger graph.
    pub fn from_reverse_graph(
        graph: &ReasoningGraph,
        unknown: QuantityId,
        given: QuantityId,
    ) -> Result<Self, VerifyError> {
        let truth = graph.evaluate()?;
        let mut values: Vec<Linear> = Vec::with_capacity(graph.len());
        for (id, quantity) in graph.quantities() {
            let value = if id == unknown && quantity.parents().is_empty() {
                Some(Linear::UNKNOWN)
            } else {
                linear(quantity, &values)
            };
            values.push(value.ok_or_else(|| GraphError::Overflow {
                name: quantity.name.clone(),
            })?);
        }
        let reverse = Reverse {
            unknown: unknown.index() as u32,
            given: given.index() as u32,
            value: truth[given.index()],
        };
        let answer = truth[unknown.index()];
        if values[given.index()].solve(reverse.value) != Some(answer) {
            return Err(VerifyError::Undetermined {
                unknown: graph.quantity(unknown).name.clone(),
                given: graph.quantity(given).name.clone(),
            });
        }
        Self::new(quantities(graph, given, values)?, answer, Some(reverse))
    }

    /// From the full graph of a problem and what it asks for: [`Gold::from_graph`] or
    /// [`Gold::from_reverse_graph`].
    ///
    /// # Errors
    /// As these two.
    ///
    /// # Panics
    /// Where an id comes from a larger graph.
    pub fn from_goal(graph: &ReasoningGraph, goal: Goal) -> Result<Self, VerifyError> {
        match goal {
            Goal::Forward { target } => Self::from_graph(graph, target),
            Goal::Reverse { unknown, given } => Self::from_reverse_graph(graph, unknown, given),
        }
    }

    /// From a published gold graph. It has names, values and parents but no definitions: a step
    /// is held to its parents, its value and its own equalities.
    ///
    /// # Errors
    /// A graph without quantities, with a cycle, with an unknown dependency or a repeated name,
    /// whose answer is the value of none of its quantities, or with a quantity without a value: the published graphs of reverse problems hold parts
    /// of linear expressions in place of values, so their gold solutions are needed.
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
            let value = node.value.ok_or_else(|| VerifyError::NoValue {
                name: node.name.clone(),
            })?;
            Ok(GoldQuantity {
                name: squeezed(&node.name).into(),
                value: Linear::number(value),
                formula: None,
                parents: parents.into(),
                needed: true,
                hidden: false,
            })
        });
        let quantities = quantities.collect::<Result<Vec<_>, VerifyError>>()?;
        let answer = graph.answer;
        let mut values = quantities.iter().map(|quantity| quantity.value.as_number());
        if !quantities.is_empty() && !values.any(|value| value == Some(answer)) {
            return Err(VerifyError::ForeignAnswer { answer });
        }
        Self::new(quantities, answer, None)
    }

    /// From the text of a gold solution: every step is needed, and defines its quantity.
    /// Whether the solution is right is not asked here; verify it against itself to know.
    ///
    /// # Errors
    /// A sentence that cannot be read, a symbol used before its definition, a quantity defined
    /// twice, formulas out of proportion to the text, no answer, answers that differ, an answer
    /// that is the value of no step (of a reverse solution: that does not solve the equation), or
    /// anything behind the answer.
    pub fn from_solution(solution: &str) -> Result<Self, VerifyError> {
        if solution.len() > verifier::MAX_TEXT {
            let (length, limit) = (solution.len(), verifier::MAX_TEXT);
            return Err(VerifyError::TooLong { length, limit });
        }
        let frame = Frame::of(solution);
        let reading = Reading::of(solution, &frame);
        let learned = Learner::of(solution, &reading).learn(&frame)?;
        Self::new(learned.quantities, learned.answer, learned.reverse)
    }

    fn new(
        quantities: Vec<GoldQuantity>,
        answer: i64,
        reverse: Option<Reverse>,
    ) -> Result<Self, VerifyError> {
        let mut names = HashMap::with_capacity_and_hasher(quantities.len(), FxBuildHasher);
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
            false => sizes.map(Formula::size).chain(parents).max(),
        };
        let (needed, limit) = (needed as u32, limit.unwrap_or(0));
        Ok(Self {
            quantities,
            names,
            reverse,
            answer,
            needed,
            limit,
        })
    }

    /// The same with further quantities, which are not needed.
    pub(crate) fn with_others(mut self, others: Vec<GoldQuantity>) -> Result<Self, VerifyError> {
        self.quantities.extend(others);
        Self::new(self.quantities, self.answer, self.reverse)
    }

    /// The right answer.
    #[must_use]
    pub fn answer(&self) -> i64 {
        self.answer
    }

    /// Whether an unknown is asked for and another quantity's value is given.
    #[must_use]
    pub fn is_reverse(&self) -> bool {
        self.reverse.is_some()
    }

    pub(crate) fn reverse(&self) -> Option<Reverse> {
        self.reverse
    }

    /// How many quantities the answer needs.
    #[must_use]
    pub fn needed(&self) -> u32 {
        self.needed
    }

    /// The same, but of each quantity for which `hide` says so only the name is known: its steps
    /// are held to their own equalities, and it may be missing. Quantities that decide the answer
    /// (what is asked for, the unknown, what is given) are not hidden.
    pub(crate) fn with_hidden(&self, mut hide: impl FnMut() -> bool) -> Self {
        let mut partial = self.clone();
        let decides = |place: u32, quantity: &GoldQuantity| match self.reverse {
            Some(reverse) => place == reverse.unknown || place == reverse.given,
            None => quantity.value.as_number() == Some(self.answer),
        };
        for (place, quantity) in (0..).zip(&mut partial.quantities) {
            // One draw for each, whether it may be hidden or not.
            if hide() && !decides(place, quantity) && !quantity.hidden {
                quantity.hidden = true;
                partial.needed -= u32::from(quantity.needed);
                quantity.needed = false;
            }
        }
        partial
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

/// The quantities of a graph; those that `top` needs are needed.
fn quantities(
    graph: &ReasoningGraph,
    top: QuantityId,
    values: Vec<Linear>,
) -> Result<Vec<GoldQuantity>, VerifyError> {
    let mut needed = vec![false; graph.len()];
    for id in graph.ancestors(top) {
        needed[id.index()] = true;
    }
    let quantity = |((id, quantity), value): ((QuantityId, &Quantity), Linear)| {
        let formula = Formula::of(quantity).ok_or_else(|| GraphError::Overflow {
            name: quantity.name.clone(),
        })?;
        Ok(GoldQuantity {
            name: squeezed(&quantity.name).into(),
            value,
            parents: formula.parents().collect(),
            formula: Some(formula),
            needed: needed[id.index()],
            hidden: false,
        })
    };
    graph.quantities().zip(values).map(quantity).collect()
}

/// The value of a quantity from those of its parents; none where it leaves 64 bits.
fn linear(quantity: &Quantity, values: &[Linear]) -> Option<Linear> {
    let mut parents = quantity.parents().iter().map(|id| values[id.index()]);
    let core = match quantity.definition.core {
        Core::Constant(value) => Linear::number(value),
        Core::Sum => parents.try_fold(Linear::default(), Linear::checked_add)?,
        Core::Difference => {
            let first = parents.next()?;
            parents.try_fold(first, Linear::checked_sub)?
        }
        Core::Products => {
            let mut sum = Linear::default();
            while let Some(left) = parents.next() {
                sum = sum.checked_add(left.checked_mul(parents.next()?)?)?;
            }
            sum
        }
    };
    match quantity.definition.outer {
        None => Some(core),
        Some(Outer::Plus(k)) => core.checked_add(Linear::number(k)),
        Some(Outer::Times(k)) => core.checked_mul(Linear::number(k)),
    }
}

/// A name with single spaces between its words.
pub(crate) fn squeezed(name: &str) -> Cow<'_, str> {
    let plain = |byte: &u8| !byte.is_ascii_whitespace() || *byte == b' ';
    if name.trim_ascii() == name && !name.contains("  ") && name.as_bytes().iter().all(plain) {
        return Cow::Borrowed(name);
    }
    let words: Vec<&str> = name.split_ascii_whitespace().collect();
    Cow::Owned(words.join(" "))
}
