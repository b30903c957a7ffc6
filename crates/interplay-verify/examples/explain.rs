//! Verifies solutions of one problem at both levels, explains what is wrong first and prints
//! rewards.
//!
//! ```sh
//! cargo run -p interplay-verify --example explain
//! cargo run -p interplay-verify --example explain -- "fox = 3. elk = 6. Answer: 6."
//! ```

use interplay_graph::{Definition, Goal, ReasoningGraph};
use interplay_verify::{Gold, Level, Mixed, Reward, Verifier, VerifyError};

const CANDIDATES: [&str; 4] = [
    "fox = 3. elk = 2 * fox = 2 * 3 = 6. owl = elk + fox = 6 + 3 = 9. Answer: 9.",
    // A wrong number in the middle; the value is right.
    "fox = 3. elk = 2 * fox = 2 * 4 = 6. owl = elk + fox = 6 + 3 = 9. Answer: 9.",
    // The right answer by another computation.
    "fox = 3. elk = fox + 3 = 3 + 3 = 6. owl = elk + fox = 6 + 3 = 9. Answer: 9.",
    "fox = 3. owl = 9. Answer: 9.",
];

/// `elk` is twice `fox`, and `owl` is both together.
fn gold() -> Result<Gold, VerifyError> {
    let mut graph = ReasoningGraph::new();
    let fox = graph.add("fox", Definition::constant(3), &[])?;
    let elk = graph.add("elk", Definition::sum().times(2), &[fox])?;
    let owl = graph.add("owl", Definition::sum(), &[elk, fox])?;
    Gold::from_goal(&graph, Goal::Forward { target: owl })
}

fn main() -> Result<(), VerifyError> {
    let gold = gold()?;
    let reward = Mixed::new(0.2)?;
    let given: Vec<String> = std::env::args().skip(1).collect();
    let candidates = match given.is_empty() {
        true => CANDIDATES.map(str::to_owned).to_vec(),
        false => given,
    };
    for candidate in candidates {
        println!("{candidate}");
        for level in Level::ALL {
            let verdict = Verifier::new(level).verify(&gold, &candidate);
            println!("{level:>8}: reward {:.2}", reward.reward(&verdict));
            for line in verdict.explain(&candidate).lines() {
                println!("          {line}");
            }
        }
        println!();
    }
    Ok(())
}
