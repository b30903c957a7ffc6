//! How often noisy supervision rejects a right solution.
//!
//! `cargo run -p interplay-dag --example noisy_supervision`

use interplay_dag::DagEnvironment;
use interplay_environment::{Environment, components};
use interplay_graph::SeedStreams;
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};
use interplay_verify::Noise;

const RATE: f64 = 0.1;
const PROBLEMS: u64 = 2_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seeds = SeedStreams::new(7);
    let spec = TaskSpec::single(Counts::range(2, 8)?, "zoo", Dialect::Prose);
    let dataset = Dataset::new(spec, &ContextLibrary::embedded(), seeds, "noise")?;
    let noise = Noise::Flip { rate: RATE };
    let environment = DagEnvironment::new(dataset).with_noise(noise, seeds.stream("noise"))?;

    let (mut right, mut rejected, mut expected) = (0, 0, 0.0);
    for index in 0..PROBLEMS {
        let example = environment.example(index)?;
        // The last argument picks the noise: a number of its own for each completion.
        let score = environment.score(&example, &example.target, index)?;
        right += u64::from(score.accepted);
        rejected += u64::from(score.component(components::ACCEPTED) == Some(0.0));
        // A solution is rejected if the judgment of any of its steps is flipped.
        expected += 1.0 - (1.0 - RATE).powf(score.steps.len() as f64);
    }
    let share = |count: f64| 100.0 * count / PROBLEMS as f64;
    println!("{right} of {PROBLEMS} solutions are right by the exact verdict");
    println!(
        "{:.1} % of them are rejected when {:.0} % of the steps are misjudged; expected {:.1} %",
        share(rejected as f64),
        100.0 * RATE,
        share(expected),
    );
    Ok(())
}
