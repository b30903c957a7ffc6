//! Evaluates a source of completions: here a program that adds badly, measured by pass@k.
//!
//! `cargo run -p interplay-eval --example own_sampler`

use std::convert::Infallible;

use interplay_environment::{Environment, EnvironmentError, Example, Score, framing};
use interplay_eval::{Completion, EvalItem, EvalSettings, Sampler, evaluate};

/// Sums of two numbers; the op is the number of digits.
struct Sums;

impl Environment for Sums {
    fn name(&self) -> &str {
        "sums"
    }

    fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
        let digits = 1 + index % 3;
        let (a, b) = (
            index * 37 % 10_u64.pow(digits as u32),
            index * 73 % 10_u64.pow(digits as u32),
        );
        let answer = (a + b).to_string();
        let prompt = framing::prompt(&format!("{a} + {b}"));
        let example = Example::new(index, prompt, framing::target("", &answer), answer);
        Ok(example.with_op(digits as u32))
    }

    fn score(&self, example: &Example, text: &str, _: u64) -> Result<Score, EnvironmentError> {
        let stated = framing::Completion::of(text).answer;
        Ok(Score::of_answer(stated == Some(example.answer.as_str())))
    }
}

/// Gets one in `op` attempts right.
struct Careless;

impl Sampler for Careless {
    type Error = Infallible;

    fn sample(
        &mut self,
        items: &[EvalItem],
        completions: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Vec<Completion>>, Infallible> {
        progress(0, items.len() * completions);
        let one = |item: &EvalItem, attempt: usize| {
            let op = item.example.labels.op.unwrap_or(1) as usize;
            let right = (attempt + item.id as usize).is_multiple_of(op);
            let answer = if right {
                item.example.answer.as_str()
            } else {
                "?"
            };
            Completion::finished(framing::target("", answer))
        };
        let group = |item| (0..completions).map(|attempt| one(item, attempt)).collect();
        Ok(items.iter().map(group).collect())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let items = EvalItem::of(&Sums, 0..60)?;
    let settings = EvalSettings {
        completions: 16,
        ks: vec![1, 4, 16],
        ..EvalSettings::default()
    };
    let mut ignore = |_: &interplay_eval::GenerationRecord| Ok(());
    let evaluation = evaluate(
        &mut Careless,
        &Sums,
        &items,
        &settings,
        &mut ignore,
        &mut |_, _| {},
    )?;
    for (op, cell) in &evaluation.by_op {
        for pass in &cell.verified {
            let (estimate, low, high) = (pass.estimate, pass.low, pass.high);
            println!(
                "{op} digits  pass@{:<2}  {estimate:.2} [{low:.2}, {high:.2}]",
                pass.k
            );
        }
    }
    Ok(())
}
