//! A band that follows a simulated learner from op 2 upwards.
//!
//! The learner solves harder ops with lower odds, and gets better at an op with every prompt that it
//! solves now and then. Run with `cargo run -p interplay-curriculum --example moving_edge`.

use std::collections::BTreeMap;

use interplay_curriculum::{Curriculum, CurriculumError, CurriculumSpec};
use interplay_environment::{Environment, EnvironmentError, Example, Score};
use interplay_graph::SeedStreams;
use rand::RngExt;

const GROUP: u32 = 8;

/// Problems of ops 2 to 12 in turn.
struct Problems;

impl Environment for Problems {
    fn name(&self) -> &str {
        "problems"
    }

    fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
        let op = 2 + (index * 7 % 11) as u32;
        Ok(Example::new(index, format!("problem {index} of op {op}"), "", "").with_op(op))
    }

    fn score(&self, _: &Example, _: &str, _: u64) -> Result<Score, EnvironmentError> {
        Ok(Score::of_answer(false))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let spec = CurriculumSpec::iterative("2-3".parse()?, 5);
    let mut curriculum = Curriculum::new(&spec, GROUP as usize, &[])?;
    let stream = SeedStreams::new(7).stream("example/rollouts");
    let mut practice = BTreeMap::<u32, f64>::new();
    for step in 1..=100 {
        for _ in 0..16 {
            let everything = |_: &Example| Ok::<_, CurriculumError>(Some(()));
            let pick = curriculum.next(&Problems, everything)?;
            let op = pick.example.labels.op.unwrap_or_default();
            let skill = practice.entry(op).or_default();
            let logit = 3.0 - f64::from(op) + *skill;
            let chance = 1.0 / (1.0 + (-logit).exp());
            let mut rng = stream.rng(pick.index);
            let accepted = (0..GROUP).filter(|_| rng.random_bool(chance)).count() as u32;
            if (1..GROUP).contains(&accepted) {
                *skill += 0.02;
            }
            curriculum.record(&pick.example, accepted, GROUP)?;
        }
        if let Some(change) = curriculum.end_step(step) {
            println!("{change}");
        }
    }
    println!("\nop  class      prompts  pass@1 (interval)      pass@{GROUP}");
    for cell in curriculum.report().cells {
        let (first, some) = (cell.pass_1, cell.pass_k);
        println!(
            "{:<3} {:<10} {:>7}  {:.2} ({:.2} to {:.2})    {:.2} ({:.2} to {:.2})",
            cell.cell,
            cell.competence,
            cell.taken,
            first.mean,
            first.low,
            first.high,
            some.mean,
            some.low,
            some.high
        );
    }
    Ok(())
}
