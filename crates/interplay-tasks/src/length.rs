//! How long a text is, without a tokenizer.

/// About how many tokens a text has: one for each word or number, and one for each other mark.
///
/// A tokenizer trained on such texts produces about as many, since it learns their few words; general
/// tokenizers produce a third more.
///
/// ```
/// use interplay_tasks::framing::token_estimate;
///
/// assert_eq!(token_estimate("The number of adult fox in Fern Valley equals 3."), 11);
/// ```
#[must_use]
pub fn token_estimate(text: &str) -> usize {
    let mut tokens = 0;
    let mut in_word = false;
    for c in text.chars() {
        let word = c.is_alphanumeric() || c == '\'';
        tokens += usize::from(if word { !in_word } else { !c.is_whitespace() });
        in_word = word;
    }
    tokens
}
