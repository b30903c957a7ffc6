//! Completions that have lost their tags.
//!
//! Programs that decode with `skip_special_tokens=True` (TRL, verl, vLLM and others by default) delete the tags where a
//! tokenizer marks them special, as older folders of this project and published checkpoints do. What is left ends in
//! a bare number, which the verifier takes for stray text.

use std::borrow::Cow;

use interplay_environment::framing::{ANSWER, ANSWER_END, SOLUTION_END, TAGS};

use crate::frame::trim_marks;
use crate::lexical::integer;

/// Puts the closing tags of a completion back that a decoder deleted, where there is no doubt of what they held: the
/// text has no tag at all, and ends in a whole sentence and, after white space, one integer and nothing else. Any other
/// text comes back as it is.
///
/// The offsets of everything before the answer stay. Verdicts of completions whose tags are there are not affected; call
/// it only for programs that delete tags, since a policy need not write them then.
///
/// ```
/// use interplay_verify::restore_tags;
///
/// let stripped = " fox = 3. elk = fox + 2 = 3 + 2 = 5.   5 ";
/// assert_eq!(
///     restore_tags(stripped),
///     " fox = 3. elk = fox + 2 = 3 + 2 = 5. </solution> <answer> 5 </answer>"
/// );
/// for other in [" fox = 3. elk = 5", " fox = 3. 5 6", " fox = 3. </solution> 5", "5", " fox = 3. 5."] {
///     assert_eq!(restore_tags(other), other);
/// }
/// ```
#[must_use]
pub fn restore_tags(completion: &str) -> Cow<'_, str> {
    match parts(completion) {
        Some((steps, answer)) => Cow::Owned(format!(
            "{steps} {SOLUTION_END} {ANSWER} {answer} {ANSWER_END}"
        )),
        None => Cow::Borrowed(completion),
    }
}

/// The steps and the bare answer of a completion without tags.
fn parts(completion: &str) -> Option<(&str, &str)> {
    if TAGS.iter().any(|tag| completion.contains(tag)) {
        return None;
    }
    let text = trim_marks(completion);
    let at = text.rfind(|letter: char| letter.is_ascii_whitespace())?;
    let (steps, answer) = (text[..at].trim_ascii_end(), &text[at + 1..]);
    let whole = integer(answer.as_bytes()).is_ok_and(|(_, length)| length == answer.len());
    (whole && steps.ends_with('.')).then_some((steps, answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Gold, Level, Verifier};

    const STEPS: &str = "fox = 3. elk = fox - 5 = 3 - 5 = -2.";

    fn accepted(text: &str) -> bool {
        let gold = Gold::from_solution(&format!("{STEPS} Answer: -2.")).unwrap();
        Verifier::new(Level::Strict).verify(&gold, text).accepted
    }

    #[test]
    fn a_right_solution_is_right_again_and_a_wrong_one_stays_wrong() {
        let stripped = format!(" {STEPS}  -2 [EOS]");
        assert!(!accepted(&stripped));
        assert!(accepted(&restore_tags(&stripped)));
        for wrong in [format!(" {STEPS}  2"), " fox = 3.  -2".into(), " -2".into()] {
            assert!(!accepted(&restore_tags(&wrong)), "{wrong}");
        }
    }

    #[test]
    fn what_is_in_doubt_stays_as_it_is() {
        for text in [
            format!(" {STEPS} -2."),
            format!(" {STEPS} -2 -2 x"),
            format!(" {STEPS} --2"),
            format!(" {STEPS} 99999999999999999999"),
            format!(" {STEPS}-2"),
            format!("<solution> {STEPS} -2"),
            format!(" {STEPS} Answer: -2"),
            String::new(),
            "\u{a0}5".into(),
        ] {
            assert_eq!(restore_tags(&text), text);
        }
    }

    #[test]
    fn an_answer_that_the_steps_state_may_be_stated_again() {
        let both = format!(" {STEPS} Answer: -2. -2");
        assert!(restore_tags(&both).ends_with("Answer: -2. </solution> <answer> -2 </answer>"));
        assert_eq!(
            accepted(&restore_tags(&both)),
            accepted(&format!(
                " {STEPS} Answer: -2. </solution> <answer> -2 </answer>"
            ))
        );
    }
}
