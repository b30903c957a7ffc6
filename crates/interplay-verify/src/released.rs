//! The process score of the paper's released training code.
//!
//! The paper's text defines process accuracy as a mean over gold quantities, whatever else the solution
//! contains. Its released reward counts mistakes instead: a needed quantity that is missing, one with
//! wrong parents, one with a wrong value (both may be true of one quantity), each quantity beyond those
//! needed, and a wrong answer. It is 1 less the count divided by the number of needed quantities,
//! and at least 0; extra quantities count up to that number.
//!
//! Source: arXiv 2512.07783, section 2.4, and `verl/reward_fn.py` with
//! `utils/solution_dependency_graph.py` of its released code.
//!
//! Deviations: mistakes are those that [`Level::Paper`] finds, whose parser is our own. It reads reverse
//! mode symbolically, where the released parser takes the last number of a linear form as its value.

use crate::{Gold, Level, Verifier};

/// The released process score of a candidate, from 0 to 1.
///
/// ```
/// use interplay_verify::{Gold, released_process};
///
/// let gold = Gold::from_solution("fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.")?;
/// assert_eq!(released_process(&gold, "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5."), 1.0);
/// // One extra quantity: 1 - 1 / 2. The process accuracy of the text would be 1.
/// let padded = "fox = 3. owl = 9. elk = fox + 2 = 3 + 2 = 5. Answer: 5.";
/// assert_eq!(released_process(&gold, padded), 0.5);
/// # Ok::<(), interplay_verify::VerifyError>(())
/// ```
#[must_use]
pub fn released_process(gold: &Gold, candidate: &str) -> f64 {
    let verdict = Verifier::new(Level::Paper).verify(gold, candidate);
    let needed = gold.needed().max(1);
    let mistakes = [
        verdict.missing,
        verdict.wrong_parents,
        verdict.wrong_values,
        verdict.extra.min(needed),
        u32::from(!verdict.answer_correct),
    ];
    let mistakes: f64 = mistakes.map(f64::from).iter().sum();
    (1.0 - mistakes / f64::from(needed)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "fox = 3. elk = fox + 2 = 3 + 2 = 5. owl = 2 * elk = 2 * 5 = 10. ape = owl + fox = 10 + 3 = 13. Answer: 13.";

    fn score(candidate: &str) -> f64 {
        released_process(&Gold::from_solution(RIGHT).unwrap(), candidate)
    }

    #[test]
    fn mistakes_are_counted_and_divided_by_the_needed_quantities() {
        assert_eq!(score(RIGHT), 1.0);
        // One wrong value of four quantities.
        assert_eq!(score(&RIGHT.replace("= 5.", "= 6.")), 0.75);
        // One missing; what reads it has wrong parents.
        assert_eq!(score(&RIGHT.replace("fox = 3. ", "")), 0.25);
        // Wrong parents and a wrong value of one quantity count twice.
        let both = RIGHT.replace("owl = 2 * elk = 2 * 5 = 10", "owl = 2 * fox = 2 * 3 = 6");
        assert_eq!(score(&both), 0.5);
        // A wrong answer is one more mistake.
        assert_eq!(score(&RIGHT.replace("Answer: 13", "Answer: 14")), 0.75);
        // Four missing, and no answer: not below 0.
        assert_eq!(score("hm"), 0.0);
    }

    #[test]
    fn extra_quantities_count_once_each_and_not_more_than_the_needed_ones() {
        assert_eq!(score(&format!("bee = 1. {RIGHT}")), 0.75);
        assert_eq!(score(&format!("bee = 1. bee = 1. {RIGHT}")), 0.75);
        assert_eq!(score(&format!("bee = 1. cat = 1. {RIGHT}")), 0.5);
        let many = "bee = 1. cat = 1. dog = 1. eel = 1. gnu = 1. hen = 1.";
        assert_eq!(score(&format!("{many} {RIGHT}")), 0.0);
    }
}
