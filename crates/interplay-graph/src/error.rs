//! Errors of graphs, gold graphs and problem texts.

/// Why a graph could not be built, evaluated or read.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Two quantities of one graph have the same name.
    #[error("quantity `{name}` is defined twice; every quantity of a graph needs its own name")]
    DuplicateName {
        /// The repeated name.
        name: String,
    },
    /// An id points outside the graph.
    #[error(
        "quantity id {id} does not exist in a graph of {len} quantities; use ids that this graph's \
         `add` or `find` gave"
    )]
    UnknownId {
        /// The id.
        id: usize,
        /// How many quantities the graph has.
        len: usize,
    },
    /// A definition reads a name that no quantity has.
    #[error(
        "quantity `{name}` reads `{parent}`, which the graph does not define; add `{parent}` or \
         correct the name"
    )]
    UnknownParent {
        /// The quantity whose definition is broken.
        name: String,
        /// The missing name.
        parent: String,
    },
    /// A definition has the wrong number of parents.
    #[error("quantity `{name}`: {core} takes {expected} parents, found {found}")]
    ParentCount {
        /// The quantity whose definition is broken.
        name: String,
        /// The kind of definition.
        core: &'static str,
        /// What it takes.
        expected: &'static str,
        /// What it was given.
        found: usize,
    },
    /// The definitions form a cycle.
    #[error(
        "quantity `{name}` depends on itself through `{through}`; remove one dependency of the \
         circle"
    )]
    Cycle {
        /// A quantity of the cycle.
        name: String,
        /// The parent that closes it.
        through: String,
    },
    /// A value overflows `i64`.
    #[error("the value of quantity `{name}` does not fit in 64 bits; use smaller constants")]
    Overflow {
        /// The quantity whose value overflowed.
        name: String,
    },
    /// `topological_order` does not list every quantity once, after its dependencies.
    #[error(
        "`topological_order`: `{name}` {fault}; name every quantity once, after its dependencies, \
         or leave the list empty"
    )]
    TopologicalOrder {
        /// The name that is misplaced or missing.
        name: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A sentence of a problem has no known form.
    #[error(
        "the sentence at byte {start} of the problem cannot be read: `{sentence}`; expected {expected}"
    )]
    UnreadableSentence {
        /// Its byte offset.
        start: usize,
        /// The sentence.
        sentence: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A question has no known form.
    #[error(
        "the question cannot be read: `{question}`; expected `How many ITEM does PLACE have?`, \
         `What is the QUANTITY?` or `name?`"
    )]
    UnreadableQuestion {
        /// The question.
        question: String,
    },
    /// The answer needs a quantity that no sentence states.
    #[error(
        "the problem does not state `{name}`, which its answer needs; add a sentence that defines it"
    )]
    NotStated {
        /// The missing name.
        name: String,
    },
    /// Two sentences contradict each other.
    #[error(
        "two sentences of the problem contradict each other about `{name}`; keep one definition, \
         and give only the value that follows from it"
    )]
    Contradiction {
        /// The quantity.
        name: String,
    },
    /// A problem has two unknowns.
    #[error(
        "both `{first}` and `{second}` are unknown; one equation solves for one unknown, so define \
         the other"
    )]
    SecondUnknown {
        /// The first unknown.
        first: String,
        /// The second.
        second: String,
    },
    /// A problem has an unknown and no value that depends on it.
    #[error(
        "`{unknown}` is unknown, and the problem gives no value that depends on it; give the value \
         of a quantity that reads it"
    )]
    NothingGiven {
        /// The unknown.
        unknown: String,
    },
    /// The equation of a reverse problem has no integer solution.
    #[error(
        "`{given}` equals {coefficient} * `{unknown}` + {constant}, which is {value} for no whole \
         number; correct the given value or a definition"
    )]
    NoWholeSolution {
        /// The unknown.
        unknown: String,
        /// The quantity with the given value.
        given: String,
        /// The coefficient of the unknown.
        coefficient: i64,
        /// The constant term.
        constant: i64,
        /// The given value.
        value: i64,
    },
}
