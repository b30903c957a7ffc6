//! A parsed solution: sentences, chains of equalities and expressions, with byte spans.
//!
//! Everything lies in flat arenas that refer to each other by index, so that parsing a solution
//! allocates a handful of times, however many steps it has.

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

/// Why a stretch of text is unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Something that the grammar does not allow here.
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
    Divide,
    /// The unknown of a reverse problem. Parsing never yields it; it replaces a symbol when values
    /// are substituted.
    Unknown,
}

impl Node {
    /// Whether it joins two operands.
    pub(crate) fn is_operator(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Subtract | Self::Multiply | Self::Divide
        )
    }
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
    /// Whether the sentence calls the value unknown instead of giving an equation.
    pub unknown: bool,
}

/// `We know s = 61, so we have 15*x + 1 = 61 ...` or `Solve s = 61: 15*x + 1 = 61`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub span: Span,
    pub symbol: Span,
    pub value: i64,
    /// The index of the equation.
    pub clause: u32,
}

/// The transformation that a sentence announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Simplify,
    Move,
    /// Isolates the term with this symbol.
    Isolate(Span),
    /// Divides both sides by this number.
    Divide(i64),
    Solution,
    /// None announced, as in the terse dialect.
    None,
}

/// One sentence that transforms the equation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Equation {
    pub span: Span,
    pub label: Label,
    pub clause: u32,
}

/// One sentence of a solution.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Item {
    Step(Step),
    /// The opening sentence of a reverse solution.
    Opening {
        span: Span,
    },
    Known(Known),
    Equation(Equation),
    /// `Answer: N.`; no value if the number is unreadable.
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

/// A parsed solution: flat arenas that refer to each other by index.
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

    /// The symbol under which a step may introduce an unknown: `Define NAME as x; we don't know its
    /// value yet ...`, or `NAME = x.` The caller checks that the symbol is free.
    pub(crate) fn unknown_of(&self, step: &Step) -> Option<Span> {
        match (step.head, self.clauses(step)) {
            (Head::Prose { symbol, .. }, _) => step.unknown.then_some(symbol),
            (Head::Terse { .. }, [clause]) if clause.fault.is_none() => {
                let [_, variable] = self.parts(clause) else {
                    return None;
                };
                self.lone_symbol(variable)
            }
            (Head::Terse { .. }, _) => None,
        }
    }

    /// The symbol of a part that consists of a single symbol.
    pub(crate) fn lone_symbol(&self, part: &Part) -> Option<Span> {
        match self.nodes(part) {
            [Node::Symbol(span)] => Some(*span),
            _ => None,
        }
    }

    /// The two sides of an equation.
    pub(crate) fn sides(&self, clause: u32) -> Option<(&Part, &Part)> {
        match self.parts(self.clauses.get(clause as usize)?) {
            [left, right] => Some((left, right)),
            _ => None,
        }
    }
}
