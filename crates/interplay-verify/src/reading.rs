//! A parsed solution: sentences, chains of equalities and expressions, with byte spans.
//!
//! All of it lies in flat arenas that refer to each other by position, so that reading a
//! solution allocates a handful of times however many steps it has.

/// A stretch of the text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    pub(crate) fn of(self, text: &str) -> &str {
        &text[self.range()]
    }
}

/// Why a stretch could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Something else than the grammar has here.
    Unexpected,
    /// A number that is not a plain decimal integer of 64 bits.
    Number,
    /// Parentheses nest too deep.
    Depth,
}

/// One node of an expression, in postfix order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    Number(i64),
    Symbol(Span),
    Add,
    Subtract,
    Multiply,
}

/// One side of an equality.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub span: Span,
    pub nodes: (u32, u32),
    /// How many operators it has.
    pub operators: u32,
    /// Whether it names a symbol.
    pub symbolic: bool,
    /// Whether parentheses enclose a single operand in it.
    pub lone_group: bool,
}

/// A chain of equalities, `a = b + c = 1 + 2 = 3`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clause {
    pub span: Span,
    pub parts: (u32, u32),
    pub fault: Option<(Fault, Span)>,
}

/// What a step says it defines.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Head {
    /// `Define NAME as SYMBOL; ...`
    Prose { name: Span, symbol: Span },
    /// `NAME = ...`: the name is the symbol.
    Terse { name: Span },
}

/// One sentence that defines a quantity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub span: Span,
    pub head: Head,
    pub clauses: (u32, u32),
}

/// One sentence of a solution.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Item {
    Step(Step),
    /// `Answer: N.`; no value where the number cannot be read.
    Answer {
        span: Span,
        value: Option<i64>,
    },
    /// What is none of these.
    Unreadable {
        span: Span,
        fault: Fault,
    },
}

/// A parsed solution: flat arenas that refer to each other by position.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub items: Vec<Item>,
    pub clauses: Vec<Clause>,
    pub parts: Vec<Part>,
    pub nodes: Vec<Node>,
}

impl Reading {
    pub(crate) fn clauses(&self, step: &Step) -> &[Clause] {
        &self.clauses[step.clauses.0 as usize..step.clauses.1 as usize]
    }

    pub(crate) fn parts(&self, clause: &Clause) -> &[Part] {
        &self.parts[clause.parts.0 as usize..clause.parts.1 as usize]
    }

    pub(crate) fn nodes(&self, part: &Part) -> &[Node] {
        &self.nodes[part.nodes.0 as usize..part.nodes.1 as usize]
    }

    /// The symbol that a part is, where it is nothing else.
    pub(crate) fn lone_symbol(&self, part: &Part) -> Option<Span> {
        match self.nodes(part) {
            [Node::Symbol(span)] => Some(*span),
            _ => None,
        }
    }

    /// The number that a part is, where it is nothing else.
    pub(crate) fn lone_number(&self, part: &Part) -> Option<i64> {
        match self.nodes(part) {
            [Node::Number(value)] => Some(*value),
            _ => None,
        }
    }
}
