//! What candidates are compared with: quantities with definitions and values, and the answer.

use std::collections::HashMap;

use interplay_graph::{Goal, GoldGraph, GraphError, Linear, Quantity, QuantityId, ReasoningGraph};
use rustc_hash::FxBuildHasher;

use crate::VerifyError;
use crate::formula::Formula;
use crate::frame::Frame;
use crate::learner::Learner;
use crate::parse::MAX_TEXT;
use crate::quantity::{GoldQuantity, Reverse, squeezed};
use crate::reading::Reading;

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
    /// From the full graph of a problem and what it asks for.
    ///
    /// The graph may hold quantities that the answer does not need. That of a reverse problem holds
    /// the true number of the unknown; a solution must find it from the equation.
    ///
    /// # Errors
    /// A value leaves 64 bits, two names differ in white space only, or the unknown of a reverse
    /// problem is not a leaf or does not follow from the given value.
    ///
    /// # Panics
    /// If an id comes from a larger graph.
    ///
    /// ```
    /// use interplay_graph::{Definition, Goal, ReasoningGraph};
    /// use interplay_verify::{Gold, Level, Verifier};
    ///
    /// let mut graph = ReasoningGraph::new();
    /// let fox = graph.add("fox", Definition::constant(4), &[])?;
    /// let elk = graph.add("elk", Definition::sum().times(3), &[fox])?;
    /// let gold = Gold::from_goal(&graph, Goal::Reverse { unknown: fox, given: elk })?;
    /// let solution = "fox = x. elk = 3 * fox = 3 * x = 3*x. \
    ///                 Solve elk = 12: 3*x = 12; x = 12 / 3; x = 4. Answer: 4.";
    /// assert!(Verifier::new(Level::Strict).verify(&gold, solution).accepted);
    /// # Ok::<(), interplay_verify::VerifyError>(())
    /// ```
    pub fn from_goal(graph: &ReasoningGraph, goal: Goal) -> Result<Self, VerifyError> {
        match goal {
            Goal::Forward { target } => Self::from_graph(graph, target),
            Goal::Reverse { unknown, given } => Self::from_reverse_graph(graph, unknown, given),
        }
    }

    /// From the full graph of a forward problem and its target: the short form of
    /// [`Gold::from_goal`] for [`Goal::Forward`].
    ///
    /// # Errors
    /// A value leaves 64 bits, or two names differ in white space only.
    ///
    /// # Panics
    /// If `target` comes from a larger graph.
    pub fn from_graph(graph: &ReasoningGraph, target: QuantityId) -> Result<Self, VerifyError> {
        let values = graph.evaluate()?;
        let values = values.into_iter().map(Linear::number);
        let quantities = quantities(graph, target, values.collect())?;
        let answer = quantities[target.index()].value.constant;
        Self::new(quantities, answer, None)
    }

    fn from_reverse_graph(
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
                let parents = quantity.parents().iter();
                Linear::of(quantity.definition, parents.map(|id| values[id.index()]))
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

    /// From a published gold graph. It has names, values and parents but no definitions, so a step
    /// is checked for its parents, its value and its own equalities.
    ///
    /// # Errors
    /// The graph has no quantities, a cycle, an unknown dependency, a repeated name, an answer that
    /// is the value of no quantity, or a quantity without a value. Published graphs of reverse
    /// problems hold parts of linear expressions instead of values; use their gold solutions.
    pub fn from_gold_graph(graph: &GoldGraph) -> Result<Self, VerifyError> {
        graph.validate()?;
        let indices: HashMap<&str, u32> = graph
            .nodes
            .iter()
            .zip(0..)
            .map(|(node, index)| (node.name.as_str(), index))
            .collect();
        let quantities = graph.nodes.iter().map(|node| {
            let mut parents: Vec<u32> = node
                .dependencies
                .iter()
                .map(|name| indices[name.as_str()])
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

    /// From the text of a gold solution: every step is needed and defines its quantity. The
    /// solution is taken to be right; verify it against its own gold to check that.
    ///
    /// # Errors
    /// The solution has an unreadable sentence, a symbol used before its definition, a quantity
    /// defined twice, formulas out of proportion to the text, no answer, two different answers, an
    /// answer that is the value of no step (reverse: that does not solve the equation), or text
    /// after the answer.
    pub fn from_solution(solution: &str) -> Result<Self, VerifyError> {
        if solution.len() > MAX_TEXT {
            let (length, limit) = (solution.len(), MAX_TEXT);
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
        for (index, quantity) in (0..).zip(&quantities) {
            let name = &quantity.name;
            if name.is_empty() || names.insert(name.clone(), index).is_some() {
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
            // Without definitions, leave room for any that reads each parent twice.
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

    /// Adds quantities that the answer does not need.
    pub(crate) fn with_others(mut self, others: Vec<GoldQuantity>) -> Result<Self, VerifyError> {
        self.quantities.extend(others);
        Self::new(self.quantities, self.answer, self.reverse)
    }

    /// The right answer.
    #[must_use]
    pub fn answer(&self) -> i64 {
        self.answer
    }

    /// Whether the problem is a reverse one: it asks for an unknown and gives another quantity's
    /// value.
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

    /// Hides everything but the name of each quantity for which `hide` returns true: its steps are
    /// checked for their own equalities only, and it may be missing. Quantities that decide the
    /// answer (the target, the unknown, the given one) are not hidden.
    pub(crate) fn with_hidden(&self, mut hide: impl FnMut() -> bool) -> Self {
        let mut partial = self.clone();
        let decides = |index: u32, quantity: &GoldQuantity| match self.reverse {
            Some(reverse) => index == reverse.unknown || index == reverse.given,
            None => quantity.value.as_number() == Some(self.answer),
        };
        for (index, quantity) in (0..).zip(&mut partial.quantities) {
            // One draw for each, even if it must not be hidden.
            if hide() && !decides(index, quantity) && !quantity.hidden {
                quantity.hidden = true;
                partial.needed -= u32::from(quantity.needed);
                quantity.needed = false;
            }
        }
        partial
    }

    /// The names of all known quantities, needed or not.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.quantities.iter().map(|quantity| &*quantity.name)
    }

    pub(crate) fn len(&self) -> usize {
        self.quantities.len()
    }

    pub(crate) fn quantity(&self, index: u32) -> &GoldQuantity {
        &self.quantities[index as usize]
    }

    pub(crate) fn quantities(&self) -> &[GoldQuantity] {
        &self.quantities
    }

    /// The quantity with this name, ignoring how its words are spaced.
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

/// The quantities of a graph; `top` and its ancestors are needed.
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
