//! A task of one's own, and a reward for short solutions on top of it.
//!
//! `cargo run -p interplay-environment --example own_reward`

use interplay_environment::{
    Environment, EnvironmentError, Example, Score, WithReward, components, framing,
};

/// Sums of two digits.
struct Sums;

impl Environment for Sums {
    fn name(&self) -> &str {
        "sums"
    }

    fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
        let (a, b) = (index % 10, index / 10 % 10);
        let answer = (a + b).to_string();
        let prompt = framing::prompt(&format!("{a} + {b}"));
        Ok(Example::new(
            index,
            prompt,
            framing::target("", &answer),
            answer,
        ))
    }

    fn score(
        &self,
        example: &Example,
        completion: &str,
        _: u64,
    ) -> Result<Score, EnvironmentError> {
        let stated = framing::Completion::of(completion).answer;
        Ok(Score::of_answer(stated == Some(example.answer.as_str())))
    }
}

fn main() -> Result<(), EnvironmentError> {
    let brevity = |_: &Example, completion: &str, score: &Score| match score.accepted {
        true => 1.0 / completion.split_whitespace().count() as f64,
        false => 0.0,
    };
    let environment = WithReward::new(Sums, "brevity", brevity);
    println!("components: {}", environment.components().join(", "));

    let example = environment.example(34)?;
    println!("{}", example.prompt);
    for reasoning in ["", "4 + 3 = 7", "3 + 4 = 4 + 3 = 7"] {
        let completion = framing::target(reasoning, &example.answer);
        let score = environment.score(&example, &completion, 0)?;
        let reward = |name| score.component(name).unwrap_or(0.0);
        let (outcome, brevity) = (reward(components::OUTCOME), reward("brevity"));
        println!("outcome {outcome}, brevity {brevity:.3}:{completion}");
    }
    Ok(())
}
