//! Excerpts of a candidate for messages: one line, bounded length, cut at character boundaries.

use std::ops::Range;

/// A message on one line, shortened if the candidate made it long.
pub(crate) fn message(text: &str) -> String {
    const LONGEST: usize = 400;
    let shown = head(text, LONGEST);
    let mut line = one_line(shown);
    if shown.len() < text.len() {
        line.push_str("...");
    }
    line
}

/// A quoted excerpt, shortened if long.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        _ if text.trim_ascii().is_empty() => "nothing".to_owned(),
        None => format!("`{text}`"),
        Some((cut, _)) => format!("`{}...`", &text[..cut]),
    }
}

/// The span clamped to the text and widened to character boundaries.
pub(crate) fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// The last characters of a text.
pub(crate) fn tail(text: &str, most: usize) -> &str {
    let cut = text.char_indices().rev().nth(most.saturating_sub(1));
    cut.map_or(text, |(at, _)| &text[at..])
}

/// The first characters of a text.
pub(crate) fn head(text: &str, most: usize) -> &str {
    let cut = text.char_indices().nth(most);
    cut.map_or(text, |(at, _)| &text[..at])
}

/// The text with control characters replaced by spaces.
pub(crate) fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect()
}
