//! What an expression computes, in a normal form.
//!
//! A formula is a polynomial over the problem's quantities with two multisets: the quantities that
//! were read and the numbers that were written. Two expressions have the same formula if they
//! differ only in the order of operands, in grouping, or in intermediate symbols. They have
//! different formulas if one reads a quantity that cancels out (`a + b - b`), reads one more often
//! (`a + a` for `2 * a`), or writes other numbers (`1 + 2` for `3`).
//!
//! Arithmetic is exact and checked. A formula larger than any definition of the problem is
//! abandoned, and so is a text whose formulas together outgrow it, so that a hostile text cannot
//! use memory out of proportion.

use interplay_graph::{Core, Outer, Quantity, QuantityId};

use crate::reading::{Node, Span};

/// A product of at most two quantities: `(0, 0)` is the constant, `(0, q + 1)` a quantity.
type Monomial = (u32, u32);

const CONSTANT: Monomial = (0, 0);

/// The most term products that one multiplication of two sums may take.
const MAX_MONOMIALS: usize = 256;
/// The most terms, reads and numbers that are kept for each byte of a text, and for any text.
const ROOM_PER_BYTE: usize = 4;
const ROOM: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Term {
    monomial: Monomial,
    factor: i64,
}

/// The formula of a definition, in normal form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Formula {
    terms: Box<[Term]>,
    reads: Box<[u32]>,
    numbers: Box<[i64]>,
}

impl Formula {
    /// The formula of a quantity of a graph, or none if its arithmetic overflows 64 bits.
    pub(crate) fn of(quantity: &Quantity) -> Option<Self> {
        let pool = Pool::new(usize::MAX, 0);
        let mut work = Work::default();
        let parents = quantity.parents();
        let mut nodes = Vec::with_capacity(2 * parents.len() + 3);
        // The span of a symbol serves as the parent's number here.
        let symbol = |parent: &QuantityId| {
            Node::Symbol(Span {
                start: parent.index() as u32,
                end: 0,
            })
        };
        match quantity.definition.core {
            Core::Constant(value) => nodes.push(Node::Number(value)),
            Core::Products => {
                for (index, pair) in parents.chunks(2).enumerate() {
                    nodes.extend(pair.iter().map(symbol));
                    nodes.push(Node::Multiply);
                    if index > 0 {
                        nodes.push(Node::Add);
                    }
                }
            }
            Core::Sum | Core::Difference => {
                let operator = match quantity.definition.core {
                    Core::Difference => Node::Subtract,
                    _ => Node::Add,
                };
                for (index, parent) in parents.iter().enumerate() {
                    nodes.push(symbol(parent));
                    if index > 0 {
                        nodes.push(operator);
                    }
                }
            }
        }
        match quantity.definition.outer {
            None => {}
            Some(Outer::Plus(k)) => nodes.extend([Node::Number(k), Node::Add]),
            Some(Outer::Times(k)) => nodes.extend([Node::Number(k), Node::Multiply]),
        }
        pool.expression(&mut work, &nodes, |span| Some(Source::Quantity(span.start)))
            .ok()?;
        work.normalize()?;
        Some(work.to_formula())
    }

    /// The quantities that are read, each once, in order.
    pub(crate) fn parents(&self) -> impl Iterator<Item = u32> + '_ {
        let mut last = None;
        self.reads
            .iter()
            .copied()
            .filter(move |read| last.replace(*read) != Some(*read))
    }

    /// The formula with renumbered quantities, or none if one has no new number.
    pub(crate) fn with_places(&self, index: impl Fn(u32) -> Option<u32>) -> Option<Self> {
        let factor = |own: u32| match own {
            0 => Some(0),
            quantity => index(quantity - 1).map(|index| index + 1),
        };
        let term = |term: &Term| {
            let (one, two) = (factor(term.monomial.0)?, factor(term.monomial.1)?);
            let monomial = (one.min(two), one.max(two));
            Some(Term { monomial, ..*term })
        };
        let mut terms = self.terms.iter().map(term).collect::<Option<Vec<_>>>()?;
        let mut reads: Vec<u32> = self
            .reads
            .iter()
            .map(|read| index(*read))
            .collect::<Option<_>>()?;
        terms.sort_unstable_by_key(|term| term.monomial);
        reads.sort_unstable();
        Some(Self {
            terms: terms.into(),
            reads: reads.into(),
            numbers: self.numbers.clone(),
        })
    }

    /// How many operands it has.
    pub(crate) fn size(&self) -> usize {
        self.reads.len() + self.numbers.len()
    }
}

/// The location of an intermediate symbol's formula in a [`Pool`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Local {
    terms: (u32, u32),
    reads: (u32, u32),
    numbers: (u32, u32),
}

/// What a symbol stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Quantity(u32),
    Local(Local),
}

/// Why an expression has no formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoFormula {
    /// A symbol that is not defined.
    Undefined(Span),
    /// Larger than any definition, of a degree above two, or beyond 64 bits.
    TooLarge,
    /// No definition divides.
    Divides,
}

/// The formula that is being built.
#[derive(Debug, Default)]
pub(crate) struct Work {
    terms: Vec<Term>,
    reads: Vec<u32>,
    numbers: Vec<i64>,
    /// Where the terms of each operand on the stack begin.
    stack: Vec<usize>,
    product: Vec<Term>,
}

impl Work {
    /// Sorts and combines; none if a factor overflows 64 bits.
    pub(crate) fn normalize(&mut self) -> Option<()> {
        self.reads.sort_unstable();
        self.numbers.sort_unstable();
        combine(&mut self.terms, 0)
    }

    pub(crate) fn to_formula(&self) -> Formula {
        Formula {
            terms: self.terms.as_slice().into(),
            reads: self.reads.as_slice().into(),
            numbers: self.numbers.as_slice().into(),
        }
    }

    /// Whether the same quantities are read, after [`Self::normalize`].
    pub(crate) fn same_parents(&self, gold: &Formula) -> bool {
        if *self.reads == *gold.reads {
            return true;
        }
        let mut own = self.reads.clone();
        own.dedup();
        gold.parents().eq(own)
    }

    /// Whether it is the same formula, after [`Self::normalize`].
    pub(crate) fn same(&self, gold: &Formula) -> bool {
        *self.terms == *gold.terms && *self.reads == *gold.reads && *self.numbers == *gold.numbers
    }

    /// Whether it could be a definition over `parents`, as far as one can tell without the
    /// definition: every parent makes a difference, and without parents it is one number.
    pub(crate) fn depends_on(&self, parents: &[u32]) -> bool {
        let there = |parent: &u32| {
            let own = parent + 1;
            let mut monomials = self.terms.iter().map(|term| term.monomial);
            monomials.any(|(one, two)| one == own || two == own)
        };
        match parents {
            [] => self.reads.is_empty() && self.numbers.len() == 1,
            _ => parents.iter().all(there),
        }
    }

    fn size(&self) -> usize {
        self.terms.len() + self.reads.len() + self.numbers.len()
    }

    /// The quantities that are read, sorted, after [`Self::normalize`].
    pub(crate) fn reads(&self) -> &[u32] {
        &self.reads
    }
}

/// The formulas of intermediate symbols.
#[derive(Debug)]
pub(crate) struct Pool {
    terms: Vec<Term>,
    reads: Vec<u32>,
    numbers: Vec<i64>,
    /// How many operands the largest definition has.
    limit: usize,
    /// How much has been kept, here and by users of the pool, and the limit.
    used: usize,
    room: usize,
}

impl Pool {
    /// For definitions of up to `limit` operands in a text of `length` bytes.
    pub(crate) fn new(limit: usize, length: usize) -> Self {
        Self {
            terms: Vec::new(),
            reads: Vec::new(),
            numbers: Vec::new(),
            limit,
            used: 0,
            room: ROOM + ROOM_PER_BYTE * length,
        }
    }

    /// Notes that a formula is kept.
    pub(crate) fn charge(&mut self, work: &Work) {
        self.used += work.size();
    }

    /// Keeps what was built for an intermediate symbol.
    pub(crate) fn keep(&mut self, work: &Work) -> Local {
        self.charge(work);
        let terms = append(&mut self.terms, &work.terms);
        let reads = append(&mut self.reads, &work.reads);
        Local {
            terms,
            reads,
            numbers: append(&mut self.numbers, &work.numbers),
        }
    }

    /// Builds the formula of a postfix expression in `work`, not yet normal.
    pub(crate) fn expression(
        &self,
        work: &mut Work,
        nodes: &[Node],
        resolve: impl Fn(Span) -> Option<Source>,
    ) -> Result<(), NoFormula> {
        work.terms.clear();
        work.reads.clear();
        work.numbers.clear();
        work.stack.clear();
        for node in nodes {
            match *node {
                Node::Number(factor) => {
                    work.stack.push(work.terms.len());
                    work.numbers.push(factor);
                    work.terms.push(Term {
                        monomial: CONSTANT,
                        factor,
                    });
                }
                Node::Symbol(span) => {
                    work.stack.push(work.terms.len());
                    match resolve(span).ok_or(NoFormula::Undefined(span))? {
                        Source::Quantity(quantity) => {
                            work.reads.push(quantity);
                            work.terms.push(Term {
                                monomial: (0, quantity + 1),
                                factor: 1,
                            });
                        }
                        Source::Local(local) => {
                            work.terms.extend_from_slice(part(&self.terms, local.terms));
                            work.reads.extend_from_slice(part(&self.reads, local.reads));
                            work.numbers
                                .extend_from_slice(part(&self.numbers, local.numbers));
                        }
                    }
                }
                // The operands lie side by side and already form the sum.
                Node::Add => drop(work.stack.pop()),
                Node::Subtract => {
                    let right = work.stack.pop().unwrap_or_default();
                    for term in &mut work.terms[right..] {
                        term.factor = term.factor.checked_neg().ok_or(NoFormula::TooLarge)?;
                    }
                }
                Node::Multiply => multiply(work).ok_or(NoFormula::TooLarge)?,
                Node::Divide | Node::Unknown => return Err(NoFormula::Divides),
            }
            let operands = work.reads.len() + work.numbers.len();
            if operands > self.limit || work.terms.len() > self.limit.max(MAX_MONOMIALS) {
                return Err(NoFormula::TooLarge);
            }
        }
        // A graph's own definitions have no text and no limit.
        if self.limit != usize::MAX && self.used + work.size() > self.room {
            return Err(NoFormula::TooLarge);
        }
        Ok(())
    }
}

fn append<T: Copy>(to: &mut Vec<T>, from: &[T]) -> (u32, u32) {
    let start = to.len() as u32;
    to.extend_from_slice(from);
    (start, to.len() as u32)
}

fn part<T>(of: &[T], (start, end): (u32, u32)) -> &[T] {
    &of[start as usize..end as usize]
}

/// Multiplies the two operands on top of the stack.
fn multiply(work: &mut Work) -> Option<()> {
    let right = work.stack.pop()?;
    let left = *work.stack.last()?;
    // Combining first keeps a product no larger than its operands need.
    combine(&mut work.terms, right)?;
    let (first, second) = (right - left, work.terms.len() - right);
    if first.min(second) > 1 && first.saturating_mul(second) > MAX_MONOMIALS {
        return None;
    }
    work.product.clear();
    for first in &work.terms[left..right] {
        for second in &work.terms[right..] {
            let monomial = match (first.monomial, second.monomial) {
                (CONSTANT, other) | (other, CONSTANT) => other,
                ((0, one), (0, two)) => (one.min(two), one.max(two)),
                _ => return None,
            };
            let factor = first.factor.checked_mul(second.factor)?;
            work.product.push(Term { monomial, factor });
        }
    }
    work.terms.truncate(left);
    work.terms.append(&mut work.product);
    combine(&mut work.terms, left)
}

/// Adds up equal monomials behind `from` and drops those that vanish.
fn combine(terms: &mut Vec<Term>, from: usize) -> Option<()> {
    if terms.len() - from <= 1 {
        if terms
            .last()
            .is_some_and(|term| terms.len() > from && term.factor == 0)
        {
            terms.pop();
        }
        return Some(());
    }
    terms[from..].sort_unstable_by_key(|term| term.monomial);
    let mut kept = from;
    let mut at = from;
    while at < terms.len() {
        let monomial = terms[at].monomial;
        let mut factor = 0_i64;
        while at < terms.len() && terms[at].monomial == monomial {
            factor = factor.checked_add(terms[at].factor)?;
            at += 1;
        }
        if factor != 0 {
            terms[kept] = Term { monomial, factor };
            kept += 1;
        }
    }
    terms.truncate(kept);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use interplay_graph::{Definition, ReasoningGraph};

    fn formula(definition: Definition, parents: usize) -> Formula {
        let mut graph = ReasoningGraph::new();
        let leaf = |name: &str, graph: &mut ReasoningGraph| {
            graph.add(name, Definition::constant(1), &[]).unwrap()
        };
        let ids = [
            leaf("a", &mut graph),
            leaf("b", &mut graph),
            leaf("c", &mut graph),
        ];
        let id = graph.add("x", definition, &ids[..parents]).unwrap();
        Formula::of(graph.quantity(id)).unwrap()
    }

    fn symbol(q: u32) -> Node {
        Node::Symbol(Span { start: q, end: 0 })
    }

    fn built(nodes: &[Node], limit: usize) -> Result<Work, NoFormula> {
        let mut work = Work::default();
        Pool::new(limit, 0)
            .expression(&mut work, nodes, |span| Some(Source::Quantity(span.start)))?;
        work.normalize().unwrap();
        Ok(work)
    }

    #[test]
    fn order_and_grouping_do_not_matter() {
        let gold = formula(Definition::sum().times(2), 3);
        let nodes = [symbol(2), symbol(0), symbol(1), Node::Add, Node::Add];
        let nodes = [&nodes[..], &[Node::Number(2), Node::Multiply]].concat();
        assert!(built(&nodes, 9).unwrap().same(&gold));
    }

    #[test]
    fn the_side_of_a_difference_matters() {
        let gold = formula(Definition::difference(), 2);
        let work = |a, b| built(&[symbol(a), symbol(b), Node::Subtract], 9).unwrap();
        assert!(work(0, 1).same(&gold));
        assert!(!work(1, 0).same(&gold));
        assert!(work(1, 0).same_parents(&gold));
    }

    #[test]
    fn quantities_that_cancel_out_are_still_read() {
        let gold = formula(Definition::sum(), 1);
        let nodes = [symbol(0), symbol(1), Node::Add, symbol(1), Node::Subtract];
        assert!(!built(&nodes, 9).unwrap().same_parents(&gold));
        let twice = [symbol(0), symbol(0), Node::Add, symbol(0), Node::Subtract];
        assert!(!built(&twice, 9).unwrap().same(&gold));
    }

    #[test]
    fn other_numbers_are_another_formula() {
        let gold = formula(Definition::constant(3), 0);
        let nodes = [Node::Number(1), Node::Number(2), Node::Add];
        assert!(!built(&nodes, 9).unwrap().same(&gold));
        assert!(built(&[Node::Number(3)], 9).unwrap().same(&gold));
    }

    #[test]
    fn a_product_of_long_sums_has_no_formula() {
        let sum = |n: u32| -> Vec<Node> {
            let rest = (1..n).flat_map(|q| [symbol(q), Node::Add]);
            [symbol(0)].into_iter().chain(rest).collect()
        };
        let product = |n| [sum(n), sum(n), vec![Node::Multiply]].concat();
        assert!(built(&product(16), 9999).is_ok());
        assert_eq!(built(&product(17), 9999).unwrap_err(), NoFormula::TooLarge);
        let scaled = [sum(900), vec![Node::Number(2), Node::Multiply]].concat();
        assert!(built(&scaled, 9999).is_ok());
    }

    #[test]
    fn growth_and_overflow_have_no_formula() {
        let nodes = [symbol(0), symbol(0), Node::Add];
        assert_eq!(built(&nodes, 1).unwrap_err(), NoFormula::TooLarge);
        let huge = [Node::Number(i64::MAX), Node::Number(2), Node::Multiply];
        assert_eq!(built(&huge, 9).unwrap_err(), NoFormula::TooLarge);
        let cube = [
            symbol(0),
            symbol(0),
            Node::Multiply,
            symbol(0),
            Node::Multiply,
        ];
        assert_eq!(built(&cube, 9).unwrap_err(), NoFormula::TooLarge);
    }
}
