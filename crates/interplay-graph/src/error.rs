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
}
