//! Properties of annotated texts: any marks can be drawn, and the words stay as they were.

use std::ops::Range;

use interplay_report::{AnnotatedText, Judgment, Mark, Page, Sample, Section};
use proptest::prelude::*;

fn judgment() -> impl Strategy<Value = Judgment> {
    prop_oneof![
        Just(Judgment::Right),
        Just(Judgment::Unneeded),
        Just(Judgment::Unread),
        Just(Judgment::Wrong),
        Just(Judgment::FirstError),
    ]
}

/// A mark anywhere in a text or beyond it, also at no boundary of a character and reversed.
fn mark() -> impl Strategy<Value = Mark> {
    let end = prop_oneof![0_usize..60, Just(usize::MAX)];
    (end.clone(), end, judgment(), "[<a\"é\u{0}]{0,3}").prop_map(|(start, end, judgment, note)| {
        Mark {
            range: Range { start, end },
            judgment,
            note,
        }
    })
}

/// Texts with markup, wide characters and control characters.
fn words() -> impl Strategy<Value = String> {
    "[a-c<>&\"'é漢🦊\n\t\u{7} /]{0,40}"
}

/// The page of one annotated text, from its words to the end.
fn html(text: AnnotatedText) -> String {
    let sample = Sample::new("", text);
    let page = Page::new("").section(Section::new("").sample(sample));
    let html = page.to_html();
    let (_, after) = html.split_once("<div class=\"words marked\">").unwrap();
    after.to_owned()
}

/// The part that shows the text.
fn shown(html: &str) -> &str {
    html.split_once("</div>").unwrap().0
}

/// What a reader reads: markup without its tags and numbers, with entities as characters.
fn read(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let (tag, after) = after.split_once('>').unwrap();
        rest = match tag {
            "sup" => after.split_once("</sup>").unwrap().1,
            _ => after,
        };
    }
    text.push_str(rest);
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

proptest! {
    #[test]
    fn the_words_are_those_passed_in(
        words in words(),
        marks in prop::collection::vec(mark(), 0..12),
    ) {
        let html = html(AnnotatedText { text: words.clone(), marks });
        let expected: String = words
            .chars()
            .map(|letter| match letter {
                '\n' | '\t' => letter,
                letter if letter.is_control() => '\u{FFFD}',
                letter => letter,
            })
            .collect();
        prop_assert_eq!(read(shown(&html)), expected);
    }

    #[test]
    fn every_note_has_its_number_once_and_in_order(
        words in words(),
        marks in prop::collection::vec(mark(), 0..12),
    ) {
        let notes = marks.iter().filter(|mark| !mark.note.is_empty()).count();
        let html = html(AnnotatedText { text: words, marks });
        let numbers: Vec<usize> = shown(&html)
            .split("<sup>")
            .skip(1)
            .map(|part| part.split_once('<').unwrap().0.parse().unwrap())
            .collect();
        prop_assert_eq!(numbers, (1..=notes).collect::<Vec<_>>());
        prop_assert_eq!(html.matches("<li>").count(), notes);
    }

    #[test]
    fn each_letter_looks_like_the_gravest_mark_on_it(
        marks in prop::collection::vec((0_usize..30, 0_usize..30, judgment()), 0..8),
    ) {
        let words = "x".repeat(24);
        let marks: Vec<Mark> = marks
            .into_iter()
            .map(|(start, end, judgment)| Mark::new(Range { start, end }, judgment))
            .collect();
        let expected: Vec<Option<Judgment>> = (0..words.len())
            .map(|at| marks.iter().filter(|mark| mark.range.contains(&at)).map(|mark| mark.judgment).max())
            .collect();
        let html = html(AnnotatedText { text: words, marks });
        let mut found = Vec::new();
        let mut current = None;
        for part in shown(&html).split('<') {
            let (tag, letters) = part.split_once('>').unwrap_or(("/mark", part));
            current = match tag {
                tag if tag.contains("\"right") => Some(Judgment::Right),
                tag if tag.contains("\"unneeded") => Some(Judgment::Unneeded),
                tag if tag.contains("\"unread") => Some(Judgment::Unread),
                tag if tag.contains("\"wrong") => Some(Judgment::Wrong),
                tag if tag.contains("\"first") => Some(Judgment::FirstError),
                "/mark" => None,
                _ => current,
            };
            found.extend(letters.chars().map(|_| current));
        }
        prop_assert_eq!(found, expected);
    }
}
