//! A problem in the published fields.

use crate::generation::Problem;

use super::sample::Sample;

impl Problem {
    /// The length class as published files name it: `zero_context`, or for instance `8k`.
    fn length(&self) -> String {
        match self.min_tokens {
            None => "zero_context".to_owned(),
            Some(tokens) if tokens % 1024 == 0 => format!("{}k", tokens / 1024),
            Some(tokens) => tokens.to_string(),
        }
    }

    /// The problem in the published fields.
    #[must_use]
    pub fn to_sample(&self) -> Sample {
        Sample {
            problem: self.problem_text(),
            question: self.question_text(),
            solution: self.solution_text(),
            op: self.op,
            id: self.id,
            template: self.context.id().to_owned(),
            mode: self.mode().published().to_owned(),
            length: self.length(),
            d: self.d(),
        }
    }
}
