//! Draws problems from every cell of the grid (op 2-20, contexts, modes, dialects, layers), judges
//! each gold solution at the strict level, and prints how many of them pass a second.
//!
//! `cargo bench --profile dev -p interplay-verify --bench grid -- 10000000` takes about three
//! minutes on one core; without a number it is a short run. It panics at the first problem with a fault.

use std::time::Instant;

use interplay_tasks::{Component, Counts};

#[path = "../tests/grid/mod.rs"]
mod grid;

use grid::{CONTEXTS, MODES, TELLINGS, bound, data, fault};

/// How many problems are drawn unless told.
const SHORT: u64 = 57_000;

fn cells() -> Vec<Component> {
    let mut cells = Vec::new();
    for (dialect, d) in TELLINGS {
        for mode in MODES {
            for context in CONTEXTS {
                cells.extend((2..=20).map(|op| Component {
                    mode,
                    d,
                    ..Component::new(Counts::one(op), context, dialect)
                }));
            }
        }
    }
    cells
}

fn main() {
    let number = std::env::args().find_map(|argument| argument.parse().ok());
    let cells = cells();
    let each = number.unwrap_or(SHORT).div_ceil(cells.len() as u64);
    let start = Instant::now();
    for part in &cells {
        let data = data(part.clone(), |_| {}, 10);
        for index in 0..each {
            let problem = data.get(index).expect("the default bounds leave room");
            let fault = fault(&problem, part.op.min(), bound(part.dialect));
            assert_eq!(fault, None, "{part:?} {index}\n{}", problem.problem_text());
        }
    }
    let count = each * cells.len() as u64;
    let rate = count as f64 / start.elapsed().as_secs_f64();
    println!(
        "grid: {count} problems of {} cells hold, {rate:.0} a second",
        cells.len()
    );
}
