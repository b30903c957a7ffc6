//! One problem: its graph, what is asked, and how it is told.

use std::fmt::Write;
use std::sync::Arc;

use interplay_graph::{CanonicalHash, Goal, GoldGraph, Numbers, QuantityId, ReasoningGraph};

use crate::linear::Linear;
use crate::naming::Label;
use crate::reverse::{Equation, Reverse};
use crate::symbols::Symbol;
use crate::{Context, Dialect, Mode, Sample, prose, terse};

/// A reasoning problem with its gold solution.
///
/// The graph holds necessary and unnecessary quantities; [`Problem::op`] counts the necessary
/// part. The order of statements and steps and the symbols are drawn with the problem, so every
/// text of it is a pure function.
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
    /// In reverse mode, what is told and how the rest depends on the unknown.
    pub(crate) reverse: Option<Reverse>,
    pub(crate) dialect: Dialect,
    pub(crate) d: u32,
    /// The length up to which the statements were filled.
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
    /// Something about a place that states no quantity, as places in the lists of the context.
    Aside { place: usize, aside: usize },
}

impl Problem {
    /// All quantities, necessary ones first.
    #[must_use]
    pub fn graph(&self) -> &ReasoningGraph {
        &self.graph
    }

    /// The quantity that is asked for: the top of the necessary part, or in reverse mode the
    /// unknown leaf.
    #[must_use]
    pub fn target(&self) -> QuantityId {
        self.target
    }

    /// In reverse mode, the quantity whose value the problem tells: the top of the necessary part.
    #[must_use]
    pub fn given(&self) -> Option<QuantityId> {
        self.reverse.as_ref().map(|reverse| reverse.given)
    }

    /// What the problem asks for, for [`interplay_graph`]'s readers of graphs.
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

    /// The quantity that all necessary ones lead to, where a solution ends its steps.
    pub(crate) fn top(&self) -> QuantityId {
        self.given().unwrap_or(self.target)
    }

    /// The words that the problem is told in.
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

    /// The difficulty: how many edges the necessary part has, constants and the unknown included.
    #[must_use]
    pub fn op(&self) -> u32 {
        self.op
    }

    /// The index of the problem in its data set.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How many layers the structure has: places and items, and averages where there are three.
    #[must_use]
    pub fn d(&self) -> u32 {
        self.d
    }

    /// The value asked for.
    #[must_use]
    pub fn answer(&self) -> i64 {
        self.values[self.target.index()]
    }

    /// The values of all quantities of [`Problem::graph`], by index.
    #[must_use]
    pub fn values(&self) -> &[i64] {
        &self.values
    }

    /// The part of the graph that the answer needs, with the target's place in it. In reverse
    /// mode that is what the given quantity needs.
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

    /// A necessary quantity as the solution knows it: a number, or an expression in the unknown.
    pub(crate) fn form(&self, quantity: QuantityId) -> Linear {
        match &self.reverse {
            None => Linear::number(self.values[quantity.index()]),
            Some(reverse) => reverse.forms[quantity.index()],
        }
    }

    /// The given quantity with what it says about the unknown.
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

    /// A hash of the necessary part with the quantity asked for, blind to names. Problems of
    /// different modes differ in it, since reverse mode asks for a leaf that others read.
    #[must_use]
    pub fn canonical_hash(&self, numbers: Numbers) -> CanonicalHash {
        let (necessary, target) = self.necessary();
        necessary.canonical_hash(target, numbers)
    }

    /// The statements.
    #[must_use]
    pub fn problem_text(&self) -> String {
        let mut text = String::new();
        self.write_problem(&mut text);
        text
    }

    /// Appends the statements to a text.
    pub fn write_problem(&self, text: &mut String) {
        match self.dialect {
            Dialect::Prose => prose::problem(self, text),
            Dialect::Terse => terse::problem(self, text),
        }
    }

    /// The question.
    #[must_use]
    pub fn question_text(&self) -> String {
        let mut text = String::new();
        self.write_question(&mut text);
        text
    }

    /// Appends the question to a text.
    pub fn write_question(&self, text: &mut String) {
        match self.dialect {
            Dialect::Prose => prose::question(self, text),
            Dialect::Terse => terse::question(self, text),
        }
    }

    /// The gold solution as it stands alone: its steps, then `Answer: N.`
    #[must_use]
    pub fn solution_text(&self) -> String {
        let mut text = String::new();
        self.write_solution(&mut text);
        text
    }

    /// Appends the gold solution as it stands alone to a text.
    pub fn write_solution(&self, text: &mut String) {
        self.write_steps(text);
        let _ = write!(text, " Answer: {}.", self.answer());
    }

    /// The gold solution as it stands between `<solution>` and `</solution>`: the terse dialect
    /// leaves `Answer: N.` to the answer tag that follows.
    #[must_use]
    pub fn reasoning_text(&self) -> String {
        let mut text = String::new();
        match self.dialect {
            Dialect::Prose => self.write_solution(&mut text),
            Dialect::Terse => self.write_steps(&mut text),
        }
        text
    }

    fn write_steps(&self, text: &mut String) {
        match self.dialect {
            Dialect::Prose => prose::steps(self, text),
            Dialect::Terse => terse::steps(self, text),
        }
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

    /// The length class as published files name it: `zero_context`, or for instance `8k`.
    fn length(&self) -> String {
        match self.min_tokens {
            None => "zero_context".to_owned(),
            Some(tokens) if tokens % 1024 == 0 => format!("{}k", tokens / 1024),
            Some(tokens) => tokens.to_string(),
        }
    }

    /// The problem in the published fields.
    #[must_use]
    pub fn to_sample(&self) -> Sample {
        Sample {
            problem: self.problem_text(),
            question: self.question_text(),
            solution: self.solution_text(),
            op: self.op,
            id: self.id,
            template: self.context.id().to_owned(),
            mode: self.mode().published().to_owned(),
            length: self.length(),
            d: self.d(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ContextLibrary;
    use crate::skeleton::Node;
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
        let stated = |place: &usize| !labels[*place].is_total();
        Problem {
            values: graph.evaluate().unwrap(),
            op: graph.op(),
            statements: (0..labels.len())
                .filter(stated)
                .map(Statement::Defined)
                .collect(),
            steps: (0..labels.len()).collect(),
            symbols: crate::symbols::letters(26),
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

    /// The same problem with the leaf at this place asked for and the last quantity told.
    pub(crate) fn reversed(mut problem: Problem, leaf: usize) -> Problem {
        let node = |(id, quantity): (QuantityId, &interplay_graph::Quantity)| Node {
            definition: quantity.definition,
            parents: quantity.parents().iter().map(|id| id.index()).collect(),
            value: problem.values[id.index()],
        };
        let nodes: Vec<Node> = problem.graph.quantities().map(node).collect();
        problem.reverse = Some(Reverse {
            given: problem.target,
            forms: crate::reverse::forms(&nodes, leaf).unwrap(),
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
