//! One problem: its graph, its target, and what was drawn for its texts.

use std::sync::Arc;

use interplay_graph::{CanonicalHash, Goal, GoldGraph, Numbers, QuantityId, ReasoningGraph};

use crate::contexts::Context;
use crate::generation::linear::Linear;
use crate::generation::naming::Label;
use crate::generation::reverse::{Equation, Reverse};
use crate::generation::symbols::Symbol;
use crate::spec::{Dialect, Mode};

/// A reasoning problem with its gold solution.
///
/// The graph holds necessary and unnecessary quantities; [`Problem::op`] counts the edges of the
/// necessary part. The orders of statements and steps and the symbols are drawn with the problem, so
/// each of its texts is a pure function of it.
#[derive(Debug, Clone)]
pub struct Problem {
    pub(crate) graph: ReasoningGraph,
    pub(crate) target: QuantityId,
    pub(crate) ids: Vec<QuantityId>,
    pub(crate) labels: Vec<Label>,
    pub(crate) values: Vec<i64>,
    /// The sentences of the problem text.
    pub(crate) statements: Vec<Statement>,
    /// Necessary quantities in the order of the solution.
    pub(crate) steps: Vec<usize>,
    /// For prose: one for each necessary quantity in graph order, then those of intermediate
    /// results.
    pub(crate) symbols: Vec<Symbol>,
    pub(crate) context: Arc<Context>,
    /// In reverse mode, the given quantity and how the others depend on the unknown.
    pub(crate) reverse: Option<Reverse>,
    pub(crate) dialect: Dialect,
    pub(crate) d: u32,
    /// The length to which the statements were padded.
    pub(crate) min_tokens: Option<u32>,
    pub(crate) op: u32,
    pub(crate) id: u64,
}

/// One sentence of a problem text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statement {
    /// How this quantity is defined.
    Defined(usize),
    /// The value of the given quantity, in reverse mode.
    Given,
    /// A remark about a place that states no quantity; both are indices into the lists of the context.
    Aside { place: usize, aside: usize },
}

impl Problem {
    /// All quantities, necessary ones first.
    #[must_use]
    pub fn graph(&self) -> &ReasoningGraph {
        &self.graph
    }

    /// The quantity asked for: the top of the necessary part, or in reverse mode the unknown leaf.
    #[must_use]
    pub fn target(&self) -> QuantityId {
        self.target
    }

    /// In reverse mode, the quantity whose value the problem gives: the top of the necessary part.
    #[must_use]
    pub fn given(&self) -> Option<QuantityId> {
        self.reverse.as_ref().map(|reverse| reverse.given)
    }

    /// What the problem asks for, in terms of its graph.
    #[must_use]
    pub fn goal(&self) -> Goal {
        match self.given() {
            None => Goal::Forward {
                target: self.target(),
            },
            Some(given) => Goal::Reverse {
                unknown: self.target(),
                given,
            },
        }
    }

    /// The quantity that all necessary ones lead to, computed by the last step of a solution.
    pub(crate) fn top(&self) -> QuantityId {
        self.given().unwrap_or(self.target)
    }

    /// The context, whose words the problem uses.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match self.reverse {
            None => Mode::Forward,
            Some(_) => Mode::Reverse,
        }
    }

    /// The dialect.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The difficulty: the number of edges of the necessary part, with one for each constant and for
    /// the unknown.
    #[must_use]
    pub fn op(&self) -> u32 {
        self.op
    }

    /// The index of the problem in its data set.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The number of layers of the structure: 2 for places and items, 3 with averages as well.
    #[must_use]
    pub fn d(&self) -> u32 {
        self.d
    }

    /// The answer: the value of the target.
    #[must_use]
    pub fn answer(&self) -> i64 {
        self.values[self.target.index()]
    }

    /// The values of all quantities of [`Problem::graph`], by index.
    #[must_use]
    pub fn values(&self) -> &[i64] {
        &self.values
    }

    /// The part of the graph that the answer needs, and the target in it. In reverse mode this is what
    /// the given quantity needs.
    #[must_use]
    pub fn necessary(&self) -> (ReasoningGraph, QuantityId) {
        let (necessary, top) = self.graph.necessary(self.top());
        let target = match self.reverse {
            None => top,
            Some(_) => necessary
                .find(&self.graph.quantity(self.target).name)
                .unwrap_or(top),
        };
        (necessary, target)
    }

    /// Whether the quantity is the unknown of reverse mode.
    pub(crate) fn is_unknown(&self, quantity: QuantityId) -> bool {
        self.reverse.is_some() && quantity == self.target
    }

    /// A necessary quantity as the solution writes it: a number, or an expression in the unknown.
    pub(crate) fn form(&self, quantity: QuantityId) -> Linear {
        match &self.reverse {
            None => Linear::number(self.values[quantity.index()]),
            Some(reverse) => reverse.forms[quantity.index()],
        }
    }

    /// The given quantity and its equation in the unknown.
    pub(crate) fn equation(&self) -> Option<(QuantityId, Equation)> {
        let given = self.given()?;
        let equation = Equation {
            left: self.form(given),
            right: self.values[given.index()],
        };
        Some((given, equation))
    }

    /// The necessary quantities in the order in which the gold solution computes them.
    pub fn solution_steps(&self) -> impl ExactSizeIterator<Item = QuantityId> {
        self.steps.iter().map(|step| self.ids[*step])
    }

    /// A hash of the necessary part and the target that ignores names. Forward and reverse problems
    /// over the same graph have different hashes, since they ask for different quantities.
    #[must_use]
    pub fn canonical_hash(&self, numbers: Numbers) -> CanonicalHash {
        let (necessary, target) = self.necessary();
        necessary.canonical_hash(target, numbers)
    }

    /// The necessary graph in the published format, with the symbols of the gold solution. Values
    /// are the true ones in reverse mode too, and the answer is that of the unknown.
    #[must_use]
    pub fn gold_graph(&self) -> GoldGraph {
        let variable = |id: QuantityId| match self.dialect {
            Dialect::Prose => self.symbols[id.index()].to_string(),
            Dialect::Terse => self.graph.quantity(id).name.clone(),
        };
        let gold = GoldGraph::new(&self.graph, self.top(), variable)
            .expect("values were computed when the problem was drawn");
        GoldGraph {
            answer: self.answer(),
            ..gold
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::contexts::ContextLibrary;
    use crate::generation::skeleton::Node;
    use interplay_graph::Definition;

    /// A problem written by hand: all quantities are necessary, the last is asked for, steps and
    /// symbols follow the order given.
    pub(crate) fn by_hand(
        dialect: Dialect,
        quantities: &[(&str, Label, Definition, &[usize])],
    ) -> Problem {
        let mut graph = ReasoningGraph::new();
        let mut ids = Vec::new();
        for (name, _, definition, parents) in quantities {
            let parents: Vec<_> = parents.iter().map(|parent| ids[*parent]).collect();
            ids.push(graph.add(*name, *definition, &parents).unwrap());
        }
        let target = ids[ids.len() - 1];
        let labels: Vec<Label> = quantities.iter().map(|(_, label, ..)| *label).collect();
        let stated = |index: &usize| !labels[*index].is_total();
        Problem {
            values: graph.evaluate().unwrap(),
            op: graph.op(),
            statements: (0..labels.len())
                .filter(stated)
                .map(Statement::Defined)
                .collect(),
            steps: (0..labels.len()).collect(),
            symbols: crate::generation::symbols::letters(26),
            context: ContextLibrary::embedded().get("zoo").unwrap(),
            reverse: None,
            d: 2,
            min_tokens: None,
            dialect,
            id: 0,
            graph,
            target,
            ids,
            labels,
        }
    }

    /// What one of the writers of a dialect makes of a problem.
    pub(crate) fn written(write: fn(&Problem, &mut String), problem: &Problem) -> String {
        let mut text = String::new();
        write(problem, &mut text);
        text
    }

    /// The same problem in reverse: this leaf is asked for, and the last quantity is given.
    pub(crate) fn reversed(mut problem: Problem, leaf: usize) -> Problem {
        let node = |(id, quantity): (QuantityId, &interplay_graph::Quantity)| Node {
            definition: quantity.definition,
            parents: quantity.parents().iter().map(|id| id.index()).collect(),
            value: problem.values[id.index()],
        };
        let nodes: Vec<Node> = problem.graph.quantities().map(node).collect();
        problem.reverse = Some(Reverse {
            given: problem.target,
            forms: crate::generation::reverse::forms(&nodes, leaf).unwrap(),
        });
        problem.target = problem.ids[leaf];
        problem.statements.push(Statement::Given);
        problem
    }

    #[test]
    fn a_sample_has_the_published_fields() {
        let noun = Label::Noun;
        let problem = by_hand(
            Dialect::Terse,
            &[
                ("fox", noun(0), Definition::constant(3), &[]),
                ("elk", noun(1), Definition::sum().plus(2), &[0]),
            ],
        );
        let json = serde_json::to_value(problem.to_sample()).unwrap();
        let expected = serde_json::json!({
            "problem": "fox = 3. elk = fox + 2.", "question": "elk?",
            "solution": "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.",
            "op": 3, "id": 0, "template": "zoo", "mode": "normalforward",
            "length": "zero_context", "d": 2,
        });
        assert_eq!(json, expected);
        let gold = problem.gold_graph();
        assert_eq!((gold.answer, gold.nodes[1].variable.as_str()), (5, "elk"));
        assert_eq!(gold.nodes[1].dependencies, ["fox"]);
    }

    #[test]
    fn in_reverse_mode_the_leaf_is_the_answer_and_values_are_the_true_ones() {
        let noun = Label::Noun;
        let forward = by_hand(
            Dialect::Terse,
            &[
                ("fox", noun(0), Definition::constant(3), &[]),
                ("elk", noun(1), Definition::sum().plus(2), &[0]),
            ],
        );
        let reverse = reversed(forward.clone(), 0);
        assert_eq!((reverse.answer(), reverse.op()), (3, 3));
        assert_eq!(reverse.given(), Some(forward.target()));
        assert_eq!(reverse.to_sample().mode, "forwardreverse");
        let gold = reverse.gold_graph();
        assert_eq!((gold.answer, gold.nodes[1].value), (3, Some(5)));
        let (necessary, target) = reverse.necessary();
        assert_eq!(necessary.quantity(target).name, "fox");
        for numbers in [Numbers::Distinct, Numbers::Ignored] {
            let hash = forward.canonical_hash(numbers);
            assert_ne!(hash, reverse.canonical_hash(numbers));
        }
    }
}
