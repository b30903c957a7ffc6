//! Reads a reverse problem from its text and prints its graph, its equation and its solution.
//!
//! ```sh
//! cargo run -p interplay-graph --example read_problem
//! ```

use interplay_graph::{Goal, GraphError, Numbers, Statements};

const PROBLEM: &str = "The number of adult fox in South Zoo exists, and its number is greater than \
    0. The number of adult ant in South Zoo equals 2. The number of adult elk in North Zoo equals 3 \
    times the total number of adult animals in South Zoo. The number of adult elk in North Zoo \
    equals 18.";
const QUESTION: &str = "How many adult fox does South Zoo have?";

fn main() -> Result<(), GraphError> {
    let problem = Statements::read(PROBLEM, QUESTION).problem()?;
    let graph = &problem.graph;
    let name = |id| &graph.quantity(id).name;
    println!(
        "op {}, hash {}",
        problem.op(),
        problem.canonical_hash(Numbers::Ignored)
    );
    for (id, quantity) in graph.quantities() {
        let parents: Vec<_> = quantity
            .parents()
            .iter()
            .map(|parent| name(*parent))
            .collect();
        println!(
            "  {} = {} from {parents:?}",
            quantity.name,
            problem.values()[id.index()]
        );
    }
    match problem.goal() {
        Goal::Forward { target } => println!("asks for `{}`", name(target)),
        Goal::Reverse { unknown, given } => {
            println!("asks for `{}`, given `{}`", name(unknown), name(given));
        }
    }
    if let Some(equation) = problem.reversal {
        println!(
            "solves {} = {}: x = {}",
            equation.form,
            equation.value,
            problem.answer()
        );
    }
    Ok(())
}
