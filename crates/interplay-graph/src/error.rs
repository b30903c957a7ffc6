//! What can be wrong with a graph.

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
    /// An identifier points outside the graph.
    #[error(
        "quantity id {id} does not exist in a graph of {len} quantities; use ids that this graph's \
         `add` or `find` gave"
    )]
    UnknownId {
        /// The identifier that was used.
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
    /// The definitions depend on each other in a circle.
    #[error(
        "quantity `{name}` depends on itself through `{through}`; remove one dependency of the \
         circle"
    )]
    Cycle {
        /// One quantity of the circle.
        name: String,
        /// The parent that closes it.
        through: String,
    },
    /// A value left the range of `i64`.
    #[error("the value of quantity `{name}` does not fit in 64 bits; use smaller constants")]
    Overflow {
        /// The quantity whose value overflowed.
        name: String,
    },
    /// A topological order does not name every quantity once, after its dependencies.
    #[error(
        "`topological_order`: `{name}` {fault}; name every quantity once, after its dependencies, \
         or leave the list empty"
    )]
    TopologicalOrder {
        /// The name that is wrong in the list or missing from it.
        name: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A sentence of a problem is none of those known.
    #[error(
        "the sentence at byte {start} of the problem cannot be read: `{sentence}`; expected {expected}"
    )]
    UnreadableSentence {
        /// Where it begins, in bytes.
        start: usize,
        /// The sentence.
        sentence: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A question is none of those known.
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
    /// Two sentences say different things of one quantity.
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
    /// The equation of a reverse problem has no whole solution.
    #[error(
        "`{given}` equals {coefficient} * `{unknown}` + {constant}, which is {value} for no whole \
         number; correct the given value or a definition"
    )]
    NoWholeSolution {
        /// The unknown.
        unknown: String,
        /// The quantity with the given value.
        given: String,
        /// How often the unknown goes into it.
        coefficient: i64,
        /// What the rest adds.
        constant: i64,
        /// The given value.
        value: i64,
    },
}
