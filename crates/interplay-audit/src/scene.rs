//! The input of an operator: a right solution and the means to change it.

use std::collections::HashMap;

use crate::draw::Draw;
use crate::edit::{Edit, edited};
use crate::expression::Expression;
use crate::script::{Clause, Meaning, Script, Step};
use crate::subject::Subject;

/// A right solution of a subject: its gold solution or a harmless variation of it.
pub(crate) struct Scene<'s> {
    pub script: &'s Script,
    pub subject: &'s Subject,
}

/// The position of a clause: step and clause.
pub(crate) type At = (usize, usize);

impl Scene<'_> {
    pub(crate) fn edited(&self, edits: Vec<Edit>) -> String {
        edited(&self.script.text, edits)
    }

    pub(crate) fn step(&self, step: usize) -> &Step {
        &self.script.steps[step]
    }

    pub(crate) fn clause(&self, (step, clause): At) -> &Clause {
        &self.script.steps[step].clauses[clause]
    }

    /// Whether the gold solution has this step, so that the answer needs it.
    pub(crate) fn needed(&self, step: usize) -> bool {
        let name = self.script.name(step);
        let gold = &self.subject.script;
        (0..gold.steps.len()).any(|step| gold.name(step) == name)
    }

    /// The step of the quantity that is asked for.
    pub(crate) fn target(&self) -> Option<usize> {
        let gold = &self.subject.script;
        let index = match &gold.unknown {
            Some(unknown) => unknown.step,
            None => gold.steps.len().checked_sub(1)?,
        };
        let name = gold.name(index);
        (0..self.script.steps.len()).find(|step| self.script.name(*step) == name)
    }

    /// All clauses that `wanted` selects.
    pub(crate) fn clauses(&self, wanted: impl Fn(At, &Clause) -> bool) -> Vec<At> {
        let steps = self.script.steps.iter().enumerate();
        let all = steps.flat_map(|(step, parts)| {
            let clauses = parts.clauses.iter().enumerate();
            clauses.map(move |(clause, chain)| ((step, clause), chain))
        });
        all.filter(|(at, chain)| wanted(*at, chain))
            .map(|(at, _)| at)
            .collect()
    }

    /// The expression of a clause.
    pub(crate) fn expression(&self, at: At) -> &Expression {
        &self.clause(at).sides[0].expression
    }

    /// Whether a clause states a given number: `fox = 3`.
    pub(crate) fn given(&self, at: At) -> bool {
        self.clause(at).sides.len() == 1
    }

    /// Symbols in use, including the unknown's letter.
    pub(crate) fn symbols(&self) -> Vec<&str> {
        let mut symbols: Vec<&str> = self.script.meanings().into_keys().collect();
        symbols.extend(self.script.letter());
        symbols
    }

    /// A symbol that is neither in use nor a word of the prose dialect.
    pub(crate) fn fresh_symbol(&self, draw: &mut Draw) -> String {
        let used = self.symbols();
        let free = |symbol: &String| !used.contains(&&**symbol);
        let letters = ('a'..='z').chain('A'..='Z').map(String::from);
        let free_letters: Vec<String> = letters.filter(free).collect();
        let pairs = || {
            let all = ('A'..='Z').flat_map(|one| ('a'..='z').map(move |two| format!("{one}{two}")));
            all.filter(|pair| !used.contains(&&**pair))
                .collect::<Vec<_>>()
        };
        match draw.pick(&free_letters) {
            Some(letter) => letter.clone(),
            None => draw
                .pick(&pairs())
                .cloned()
                .unwrap_or_else(|| "Q_1".to_owned()),
        }
    }

    /// A name that the problem does not have.
    pub(crate) fn foreign_name(&self, draw: &mut Draw) -> String {
        let invented: &[&str] = match self.script.prose {
            true => &[
                "adult gryphon in Glass Desert",
                "silent chess club in Paper Harbour",
                "total number of comets in Amber Vault",
            ],
            false => &["gryphon", "basilisk", "kraken"],
        };
        let mut name = draw
            .pick(invented)
            .map_or("gryphon", |name| name)
            .to_owned();
        let known = |name: &str| {
            self.subject.problem.contains(name)
                || self.script.text.contains(name)
                || self.subject.gold().names().any(|known| known == name)
        };
        while known(&name) {
            name.push('s');
        }
        name
    }

    /// The values that the steps and intermediates state; forward mode only.
    pub(crate) fn values(&self) -> Option<HashMap<&str, i128>> {
        if self.script.unknown.is_some() {
            return None;
        }
        let mut values = HashMap::new();
        for step in &self.script.steps {
            for clause in &step.clauses {
                let value = clause.sides.last()?.expression.value(&|_| None)?;
                values.insert(self.script.of(&clause.head), value);
            }
        }
        Some(values)
    }

    /// What replaces a symbol in a numeric form: the last side of its chain, or the letter of the
    /// unknown.
    pub(crate) fn stated(&self, symbol: &str) -> Option<Expression> {
        let meanings = self.script.meanings();
        let clause = match meanings.get(symbol)? {
            Meaning::Step(step) => self.step(*step).clauses.last(),
            Meaning::Local(step, clause) => Some(self.clause((*step, *clause))),
        };
        match clause {
            Some(clause) => Some(clause.sides.last()?.expression.clone()),
            None => Some(Expression::Symbol(self.script.letter()?.to_owned())),
        }
    }

    /// An expression with its symbols replaced by their stated values, in parentheses where the
    /// solution puts them.
    pub(crate) fn substituted(&self, expression: &Expression) -> Expression {
        let closed = |form: Expression| match form {
            Expression::Group(_) => form,
            _ if form.is_sum() || self.script.wraps => Expression::Group(Box::new(form)),
            _ => form,
        };
        match expression {
            Expression::Number(_) => expression.clone(),
            Expression::Symbol(name) => self.stated(name).unwrap_or_else(|| expression.clone()),
            Expression::Group(inner) => match self.substituted(inner) {
                plain @ (Expression::Number(_) | Expression::Symbol(_)) => plain,
                form => Expression::Group(Box::new(form)),
            },
            Expression::Operation(operation) => {
                let left = self.substituted(&operation.left);
                let right = self.substituted(&operation.right);
                let wraps = operation.sign == '*' || (operation.sign == '-' && self.script.wraps);
                let left = if wraps { closed(left) } else { left };
                let right = if operation.sign == '+' {
                    right
                } else {
                    closed(right)
                };
                Expression::operation(left, operation.sign, right)
            }
        }
    }

    /// Replaces the expression of a clause, and its numeric form if it has one. The value stays.
    pub(crate) fn with_expression(&self, at: At, expression: &Expression) -> Vec<Edit> {
        let sides = &self.clause(at).sides;
        let [first, .., last] = &**sides else {
            return Vec::new();
        };
        let mut text = expression.to_string();
        if sides.len() > 2 {
            text.push_str(&format!(" = {}", self.substituted(expression)));
        }
        text.push_str(&format!(" = {}", last.expression));
        vec![Edit::new(first.span.start..last.span.end, text)]
    }

    /// What a step computes with the expression of one clause replaced, at several points where the
    /// steps that it reads are independent numbers. Functions that differ at one of them are
    /// different.
    pub(crate) fn function(&self, (step, replaced): At, with: &Expression) -> [Option<i128>; 3] {
        [1_u64, 2, 3].map(|point| {
            let mut values: HashMap<&str, i128> = HashMap::new();
            for index in 0..self.script.steps.len() {
                let word = (index as u64 + 2 + point * 7919).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                values.insert(self.script.symbol(index), i128::from(word >> 44) + 2);
            }
            let mut last = None;
            for (index, clause) in self.step(step).clauses.iter().enumerate() {
                let expression = match index == replaced {
                    true => with,
                    false => &clause.sides[0].expression,
                };
                let value = expression.value(&|symbol| values.get(symbol).copied())?;
                values.insert(self.script.of(&clause.head), value);
                last = Some(value);
            }
            last
        })
    }

    /// Whether the step computes something else with this expression in one clause.
    pub(crate) fn changes_function(&self, at: At, with: &Expression) -> bool {
        self.function(at, with) != self.function(at, self.expression(at))
    }

    /// The offset for inserting a sentence before step `step`, or after all steps.
    pub(crate) fn before_step(&self, step: usize) -> usize {
        match self.script.steps.get(step) {
            Some(step) => step.span.start,
            None => self.tail(),
        }
    }

    /// The offset at which the steps end and the equation or the answer begins.
    pub(crate) fn tail(&self) -> usize {
        let solve = self.script.solve.as_ref().map(|solve| solve.span.start);
        solve.unwrap_or(self.script.answer.span.start)
    }

    /// A sentence that defines a quantity: its name, its symbol (the name itself in terse) and
    /// the sides of its equation.
    pub(crate) fn sentence(&self, name: &str, symbol: &str, sides: &str) -> String {
        match self.script.prose {
            true => format!("Define {name} as {symbol}; so {symbol} = {sides}."),
            false => format!("{name} = {sides}."),
        }
    }

    /// A sentence with its separating space, deleted.
    pub(crate) fn without(&self, step: usize) -> Edit {
        let span = self.step(step).span.clone();
        let text = &self.script.text;
        let behind = text[span.end..].len() - text[span.end..].trim_start().len();
        Edit::delete(span.start..span.end + behind)
    }
}
