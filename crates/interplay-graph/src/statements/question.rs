//! The question: `How many ITEM does PLACE have?`, `What is the QUANTITY?`, and in the terse
//! dialect `elk?`.

use std::borrow::Cow;

use super::{prose, terse};

/// The name of the quantity asked for.
pub(super) fn read(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    let text = text.strip_suffix('?').unwrap_or(text).trim_end();
    if let Some(rest) = text.strip_prefix("How many ") {
        let (item, place) = rest.strip_suffix(" have")?.split_once(" does ")?;
        let (item, place) = (item.trim(), place.trim());
        let named = !item.is_empty() && !place.is_empty();
        return named.then(|| Cow::Owned(format!("{item} in {place}")));
    }
    match text.strip_prefix("What is the ") {
        Some(rest) => prose::quantity(rest).map(Cow::Borrowed),
        None => terse::name(text).map(Cow::Borrowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_is_read() {
        for (question, name) in [
            (
                "How many calm road movie does Père de Valmont have?",
                Some("calm road movie in Père de Valmont"),
            ),
            (
                "What is the total number of schools in Hawkesbury? ",
                Some("total number of schools in Hawkesbury"),
            ),
            (
                "What is the average number of teachers per school in X?",
                Some("average number of teachers per school in X"),
            ),
            ("What is the number of fox in X?", Some("fox in X")),
            ("elk?", Some("elk")),
            ("How many does have?", None),
            ("What is the time?", None),
            ("?", None),
        ] {
            assert_eq!(read(question).as_deref(), name, "{question}");
        }
    }
}
