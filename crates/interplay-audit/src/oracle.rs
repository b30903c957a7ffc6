//! An independent judgment of whole candidates: is everything that they say true?
//!
//! It uses the audit's own reader and computes from the graph's definitions alone, slowly and
//! plainly. It knows fewer ways of writing than a verifier accepts and has no opinion on texts that
//! it cannot read. Tests use it to check the labels of mutants, and whatever a verifier accepts of
//! random texts.

use std::collections::{BTreeSet, HashMap};

use interplay_graph::{Core, Outer, QuantityId, ReasoningGraph};

use crate::expression::Expression;
use crate::harmless::unneeded::computed;
use crate::script::{Clause, Line, Meaning, POINTS, Script, Side, Solve, Step, Unknown};
use crate::subject::Subject;

/// The oracle's opinion on a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opinion {
    /// It cannot read the candidate.
    Unread,
    /// Everything that the candidate says is true, and nothing needed is missing.
    True,
    /// Something is false or missing, and what.
    False(&'static str),
}

/// Judges a candidate without any verifier. Needs a subject with a graph.
#[must_use]
pub fn opinion(subject: &Subject, candidate: &str) -> Opinion {
    let words: Vec<&str> = candidate.split_whitespace().collect();
    let Ok(script) = Script::read(&words.join(" ")) else {
        return Opinion::Unread;
    };
    let Some((graph, target)) = &subject.graph else {
        return Opinion::Unread;
    };
    let truth = Truth {
        script: &script,
        graph,
        target: *target,
    };
    match truth.check() {
        Ok(()) => Opinion::True,
        Err(why) => Opinion::False(why),
    }
}

/// The sorted operands and signs of an expression with its symbols replaced by their values.
fn pieces<'e>(
    expression: &'e Expression,
    worked_out: &HashMap<&str, &'e Expression>,
) -> (Vec<&'e Expression>, Vec<char>) {
    let (mut operands, mut signs) = (Vec::new(), Vec::new());
    expression.signs(&mut |sign| signs.push(sign));
    expression.operands(&mut |operand| match operand {
        Expression::Symbol(name) if worked_out.contains_key(&**name) => {
            let value = worked_out[&**name];
            value.signs(&mut |sign| signs.push(sign));
            value.operands(&mut |operand| operands.push(operand));
        }
        _ => operands.push(operand),
    });
    operands.sort_unstable();
    signs.sort_unstable();
    (operands, signs)
}

/// Whether a numeric form has the operands and operators of its expression.
fn mirrors(clause: &Clause, worked_out: &HashMap<&str, &Expression>) -> bool {
    let [first, form, _, ..] = &*clause.sides else {
        return true;
    };
    pieces(&first.expression, worked_out) == pieces(&form.expression, &HashMap::new())
}

struct Truth<'a> {
    script: &'a Script,
    graph: &'a ReasoningGraph,
    target: QuantityId,
}

impl Truth<'_> {
    fn check(&self) -> Result<(), &'static str> {
        let ids = self.quantities()?;
        self.distinct_symbols()?;
        self.definitions(&ids)?;
        let answer = i128::from(self.script.answer.value);
        let points: &[i128] = match self.script.unknown {
            Some(_) => &[answer, POINTS[0], POINTS[1]],
            None => &[0],
        };
        for point in points {
            self.equalities(&ids, *point)?;
        }
        self.answer(&ids, answer)
    }

    /// The quantity of each step. Each must exist and occur once, and nothing needed may be
    /// missing.
    fn quantities(&self) -> Result<Vec<QuantityId>, &'static str> {
        let mut ids = Vec::new();
        for step in 0..self.script.steps.len() {
            let id = self.graph.find(self.script.name(step));
            ids.push(id.ok_or("a quantity that the problem does not have")?);
        }
        let distinct: BTreeSet<_> = ids.iter().collect();
        if distinct.len() < ids.len() {
            return Err("a quantity is defined twice");
        }
        let unknown = self
            .script
            .unknown
            .as_ref()
            .map(|unknown| ids[unknown.step]);
        if unknown.is_some_and(|unknown| unknown != self.target) {
            return Err("another quantity is the unknown");
        }
        let top = match &self.script.solve {
            None => self.target,
            Some(solve) => {
                let symbol = self.script.of(&solve.symbol);
                let steps = 0..self.script.steps.len();
                let step = steps
                    .clone()
                    .find(|step| self.script.symbol(*step) == symbol);
                ids[step.ok_or("the equation is about an unknown symbol")?]
            }
        };
        let missing = self
            .graph
            .ancestors(top)
            .iter()
            .any(|id| !distinct.contains(id));
        match missing || !distinct.contains(&self.target) {
            true => Err("a needed quantity is missing"),
            false => Ok(ids),
        }
    }

    fn distinct_symbols(&self) -> Result<(), &'static str> {
        let steps = &self.script.steps;
        let locals: usize = steps
            .iter()
            .map(|step| step.clauses.len().saturating_sub(1))
            .sum();
        let meanings = self.script.meanings();
        if meanings.len() < steps.len() + locals {
            return Err("a symbol stands for two things");
        }
        // A name is taken, whether or not a step is about it.
        let taken = |unknown: &Unknown| {
            let letter = &*unknown.letter;
            let other = letter != self.script.symbol(unknown.step);
            other && (meanings.contains_key(letter) || self.graph.find(letter).is_some())
        };
        match self.script.unknown.as_ref().is_some_and(taken) {
            true => Err("the letter of the unknown stands for something else"),
            false => Ok(()),
        }
    }

    /// Each step must read the parents and write the numbers of its definition.
    fn definitions(&self, ids: &[QuantityId]) -> Result<(), &'static str> {
        for (step, id) in self.script.steps.iter().zip(ids) {
            if step.clauses.is_empty() {
                continue;
            }
            let quantity = self.graph.quantity(*id);
            let mut reads: Vec<QuantityId> = step.reads.iter().map(|read| ids[*read]).collect();
            let mut parents = quantity.parents().to_vec();
            reads.sort_unstable();
            parents.sort_unstable();
            if reads != parents {
                return Err("a step reads other quantities");
            }
            let mut numbers: Vec<i128> = match quantity.definition.core {
                Core::Constant(value) => vec![value.into()],
                _ => Vec::new(),
            };
            numbers.extend(quantity.definition.outer.map(|outer| match outer {
                Outer::Plus(k) | Outer::Times(k) => i128::from(k),
            }));
            numbers.sort_unstable();
            if numbers != step.literals {
                return Err("a step writes other numbers");
            }
        }
        Ok(())
    }

    /// The true values if the unknown has this value.
    fn values(&self, unknown: i128) -> Option<Vec<i128>> {
        let mut values: Vec<i128> = Vec::with_capacity(self.graph.len());
        for (id, quantity) in self.graph.quantities() {
            let parents = quantity.parents().iter();
            let parents = parents.map(|parent| Expression::Number(values[parent.index()]));
            let value = match self.script.unknown.is_some() && id == self.target {
                true => unknown,
                false => computed(quantity.definition, parents.collect())?.value(&|_| None)?,
            };
            values.push(value);
        }
        Some(values)
    }

    /// Every side of every chain must have the true value, and each step must compute its
    /// definition.
    fn equalities(&self, ids: &[QuantityId], point: i128) -> Result<(), &'static str> {
        let values = self.values(point).ok_or("values beyond 128 bits")?;
        let letter = self.script.unknown.as_ref().map(|unknown| {
            let letter = Expression::Symbol(unknown.letter.clone());
            (self.script.symbol(unknown.step), letter)
        });
        let mut worked_out: HashMap<&str, &Expression> = HashMap::new();
        worked_out.extend(letter.as_ref().map(|(symbol, letter)| (*symbol, letter)));
        for (index, step) in self.script.steps.iter().enumerate() {
            let truth = values[ids[index].index()];
            let mut known: HashMap<&str, i128> = HashMap::new();
            known.extend(
                (0..index).map(|step| (self.script.symbol(step), values[ids[step].index()])),
            );
            for (number, clause) in step.clauses.iter().enumerate() {
                let last = number + 1 == step.clauses.len();
                let head = self.script.of(&clause.head);
                if last && head != self.script.symbol(index) {
                    return Err("an equation about another symbol");
                }
                if !last && !self.read_later(step, number) {
                    return Err("an intermediate is not read");
                }
                if !mirrors(clause, &worked_out) {
                    return Err("numbers do not mirror symbols");
                }
                if !clause.sides.last().is_some_and(|side| self.is_value(side)) {
                    return Err("a chain has no value");
                }
                let mut value = last.then_some(truth);
                for side in &clause.sides {
                    let letter = self.script.letter();
                    let here = side.expression.value(&|name| match known.get(name) {
                        Some(value) => Some(*value),
                        None => (Some(name) == letter).then_some(point),
                    });
                    let Some(here) = here else {
                        return Err("a side has no value");
                    };
                    if *value.get_or_insert(here) != here {
                        return Err("two sides differ");
                    }
                }
                known.extend(value.map(|value| (head, value)));
                worked_out.extend(clause.sides.last().map(|side| (head, &side.expression)));
            }
            self.function(index, ids)?;
        }
        Ok(())
    }

    /// Whether a side is fully evaluated: a number, or a term with the unknown and a number.
    fn is_value(&self, side: &Side) -> bool {
        let (mut letters, mut operands, mut symbols) = (0, 0, 0);
        side.expression.operands(&mut |operand| {
            operands += 1;
            match operand {
                Expression::Symbol(name) if Some(&**name) == self.script.letter() => letters += 1,
                Expression::Symbol(_) => symbols += 1,
                _ => {}
            }
        });
        let terms = side.expression.terms().len();
        match (letters, symbols) {
            (0, 0) => operands == 1,
            (1, 0) => terms <= 2 && operands <= terms + 1,
            _ => false,
        }
    }

    /// Whether a later chain of the step reads an intermediate.
    fn read_later(&self, step: &Step, number: usize) -> bool {
        let head = self.script.of(&step.clauses[number].head);
        let mut read = false;
        for clause in &step.clauses[number + 1..] {
            clause.sides[0].expression.operands(&mut |operand| {
                read |= matches!(operand, Expression::Symbol(name) if name == head);
            });
        }
        read
    }

    /// The step must compute its definition for random values of its parents.
    fn function(&self, index: usize, ids: &[QuantityId]) -> Result<(), &'static str> {
        let step = &self.script.steps[index];
        let quantity = self.graph.quantity(ids[index]);
        for round in 1..4_u64 {
            let random = |id: QuantityId| {
                let word =
                    (id.index() as u64 + 3 + 1_000 * round).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                i128::from(word >> 40)
            };
            let parents = quantity.parents().iter();
            let parents = parents.map(|id| Expression::Number(random(*id))).collect();
            let expected =
                computed(quantity.definition, parents).and_then(|form| form.value(&|_| None));
            let mut locals: HashMap<&str, i128> = HashMap::new();
            let mut found = None;
            let meanings = self.script.meanings();
            for clause in &step.clauses {
                found = clause.sides[0]
                    .expression
                    .value(&|name| match meanings.get(name)? {
                        Meaning::Step(read) => Some(random(ids[*read])),
                        Meaning::Local(..) => locals.get(name).copied(),
                    });
                locals.extend(found.map(|value| (self.script.of(&clause.head), value)));
            }
            if !step.clauses.is_empty() && (found.is_none() || found != expected) {
                return Err("a step computes something else");
            }
        }
        Ok(())
    }

    fn answer(&self, ids: &[QuantityId], answer: i128) -> Result<(), &'static str> {
        let truth = self.graph.evaluate().map_err(|_| "values beyond 64 bits")?;
        if i128::from(truth[self.target.index()]) != answer {
            return Err("the answer is wrong");
        }
        match (&self.script.solve, &self.script.unknown) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err("no equation"),
            (Some(solve), _) => {
                self.equation(solve, ids)?;
                self.solving(solve, answer)
            }
        }
    }

    fn at(&self, side: &Side, point: i128) -> Option<i128> {
        self.script.at(&side.expression, point)
    }

    /// The equation must set the form of the given quantity equal to the given number.
    fn equation(&self, solve: &Solve, ids: &[QuantityId]) -> Result<(), &'static str> {
        let symbol = self.script.of(&solve.symbol);
        let step = (0..ids.len()).find(|step| self.script.symbol(*step) == symbol);
        let index = ids[step.ok_or("the equation is about an unknown symbol")?].index();
        let answer = i128::from(self.script.answer.value);
        let value = |point: i128| Some(self.values(point)?[index]);
        let given = value(answer);
        if self.script.of(&solve.given).parse().ok() != given {
            return Err("another number is given");
        }
        let first = solve.lines.first().ok_or("no equation")?;
        let follows = POINTS.iter().all(|point| {
            let (left, right) = (self.at(&first.left, *point), self.at(&first.right, *point));
            left == value(*point) && right == given
        });
        match follows {
            true => Ok(()),
            false => Err("the equation does not follow"),
        }
    }

    /// Every line must hold at the answer and not next to it, and the last one must be the
    /// solution.
    fn solving(&self, solve: &Solve, answer: i128) -> Result<(), &'static str> {
        let holds = |line: &Line, point: i128| {
            let left = self.at(&line.left, point);
            left.is_some() && left == self.at(&line.right, point)
        };
        let lines = &solve.lines;
        if !lines
            .iter()
            .all(|line| holds(line, answer) && !holds(line, answer + 1))
        {
            return Err("an equation does not hold, or holds always");
        }
        if let Some(said) = &solve.divisor {
            let divided = lines
                .iter()
                .filter_map(|line| match &line.right.expression {
                    Expression::Operation(division) if division.sign == '/' => {
                        Some(&division.right)
                    }
                    _ => None,
                });
            let said = self
                .script
                .of(said)
                .trim()
                .parse()
                .map_err(|_| "no number")?;
            if !divided.eq([&Expression::Number(said)]) {
                return Err("another number divides");
            }
        }
        let last = lines.last().ok_or("no equation")?;
        let alone = POINTS
            .iter()
            .all(|point| self.at(&last.left, *point) == Some(*point));
        match alone && self.script.of(&last.right.span) == answer.to_string() {
            true => Ok(()),
            false => Err("the equation is not solved"),
        }
    }
}
