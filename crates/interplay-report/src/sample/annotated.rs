//! A text with marked ranges and a note for each.
//!
//! Marks may lie in or across each other, so that a whole sentence and a part of it can both be
//! marked. The text is cut at the ends of all marks, and each piece looks like the gravest mark on
//! it. A mark's note stands below the text under a number, which the text shows where the mark ends.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::ops::Range;

use crate::escape::Escaped;

/// What a marked range is, from the least to the gravest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Judgment {
    /// It is right.
    #[default]
    Right,
    /// It is true, but the answer does not need it.
    Unneeded,
    /// It was not read, for example because it follows a mistake.
    Unread,
    /// It is wrong.
    Wrong,
    /// It is the first mistake.
    FirstError,
}

/// A range of a text, with what it is and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark {
    /// Byte range in the text. [`AnnotatedText`] says what becomes of a range that does not fit.
    pub range: Range<usize>,
    /// What it is.
    pub judgment: Judgment,
    /// Why, in plain text; may be empty.
    pub note: String,
}

/// A text with marked ranges.
///
/// Any marks can be drawn. Where several cover the same text, the gravest [`Judgment`] is shown
/// there, among equal ones the last; every note is shown. A range is cut at the end of the text and
/// widened to whole characters. An empty range, or one that ends before it starts, is shown as a
/// small box at its start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnnotatedText {
    /// The text; line breaks are kept.
    pub text: String,
    /// The marks, in any order.
    pub marks: Vec<Mark>,
}

/// A piece of a text on which the same marks lie.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    range: Range<usize>,
    /// Index of the mark that it looks like.
    mark: Option<usize>,
    /// Numbers of the notes whose marks end with it.
    notes: Vec<usize>,
}

impl Judgment {
    const ALL: [Self; 5] = [
        Self::Right,
        Self::Unneeded,
        Self::Unread,
        Self::Wrong,
        Self::FirstError,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Right => "Right",
            Self::Unneeded => "Not needed",
            Self::Unread => "Not read",
            Self::Wrong => "Wrong",
            Self::FirstError => "First error",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Unneeded => "unneeded",
            Self::Unread => "unread",
            Self::Wrong => "wrong",
            Self::FirstError => "first",
        }
    }
}

impl Mark {
    /// A mark without a note.
    #[must_use]
    pub fn new(range: Range<usize>, judgment: Judgment) -> Self {
        Self {
            range,
            judgment,
            note: String::new(),
        }
    }

    /// Sets why the range is what it is.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

impl AnnotatedText {
    /// A text without marks.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            marks: Vec::new(),
        }
    }

    /// Adds a mark.
    #[must_use]
    pub fn mark(self, mark: Mark) -> Self {
        self.all_marks([mark])
    }

    /// Adds several marks.
    #[must_use]
    pub fn all_marks(mut self, marks: impl IntoIterator<Item = Mark>) -> Self {
        self.marks.extend(marks);
        self
    }

    /// The range of a mark as it is drawn.
    fn drawn(&self, mark: &Mark) -> Range<usize> {
        let start = self.text.floor_char_boundary(mark.range.start);
        if mark.range.end <= mark.range.start {
            return start..start;
        }
        let end = self.text.ceil_char_boundary(mark.range.end);
        start..end.max(start)
    }

    /// The indices of the marks with notes, in the order in which their ranges end.
    fn noted(&self) -> Vec<usize> {
        let mut noted: Vec<usize> = (0..self.marks.len())
            .filter(|&index| !self.marks[index].note.is_empty())
            .collect();
        noted.sort_by_key(|&index| {
            let range = self.drawn(&self.marks[index]);
            (range.end, range.start)
        });
        noted
    }

    /// The text cut at the ends of all marks. Empty marks are pieces of their own.
    fn pieces(&self) -> Vec<Piece> {
        let drawn: Vec<Range<usize>> = self.marks.iter().map(|mark| self.drawn(mark)).collect();
        // An empty mark comes before what begins at the same place, and after what ends there.
        let mut starts: Vec<usize> = (0..drawn.len()).collect();
        starts.sort_by_key(|&index| (drawn[index].start, !drawn[index].is_empty(), index));
        let mut cuts: Vec<usize> = drawn
            .iter()
            .flat_map(|range| [range.start, range.end])
            .collect();
        cuts.extend([0, self.text.len()]);
        cuts.sort_unstable();
        cuts.dedup();
        let mut pieces = Vec::new();
        let mut on_it: BTreeSet<(Judgment, usize)> = BTreeSet::new();
        let mut next = starts.into_iter().peekable();
        for (number, &cut) in cuts.iter().enumerate() {
            on_it.retain(|(_, index)| drawn[*index].end > cut);
            while let Some(index) = next.next_if(|&index| drawn[index].start == cut) {
                if drawn[index].is_empty() {
                    pieces.push(Piece {
                        range: cut..cut,
                        mark: Some(index),
                        notes: Vec::new(),
                    });
                } else {
                    on_it.insert((self.marks[index].judgment, index));
                }
            }
            let end = cuts.get(number + 1).copied().unwrap_or(cut);
            if end > cut {
                pieces.push(Piece {
                    range: cut..end,
                    mark: on_it.last().map(|(_, index)| *index),
                    notes: Vec::new(),
                });
            }
        }
        self.attach_notes(&drawn, &mut pieces);
        pieces
    }

    /// Gives each note's number to the piece with which its mark ends.
    fn attach_notes(&self, drawn: &[Range<usize>], pieces: &mut [Piece]) {
        let mut at = 0;
        for (number, index) in self.noted().into_iter().enumerate() {
            let range = &drawn[index];
            // Both are in the order of their ends, so the search goes on where it stopped.
            while at + 1 < pieces.len() && pieces[at].range.end < range.end {
                at += 1;
            }
            let same_end = pieces[at..]
                .iter()
                .take_while(|piece| piece.range.end == range.end);
            let own = same_end
                .enumerate()
                .filter(|(_, piece)| piece.range.is_empty() == range.is_empty())
                .find(|(_, piece)| !range.is_empty() || piece.mark == Some(index))
                .map(|(ahead, _)| at + ahead);
            if let Some(own) = own {
                pieces[own].notes.push(number + 1);
            }
        }
    }

    /// Appends the text, a key of its marks and the notes.
    pub(super) fn write(&self, out: &mut impl Write) -> fmt::Result {
        out.write_str("<div class=\"words marked\">")?;
        for piece in self.pieces() {
            self.write_piece(&piece, out)?;
        }
        out.write_str("</div>\n")?;
        self.write_key(out)?;
        self.write_notes(out)
    }

    fn write_piece(&self, piece: &Piece, out: &mut impl Write) -> fmt::Result {
        let words = Escaped(&self.text[piece.range.clone()]);
        match piece.mark.map(|index| &self.marks[index]) {
            None => write!(out, "{words}")?,
            Some(mark) => {
                let class = mark.judgment.class();
                let empty = if piece.range.is_empty() { " empty" } else { "" };
                write!(
                    out,
                    "<mark class=\"{class}{empty}\" title=\"{}",
                    mark.judgment.name()
                )?;
                if !mark.note.is_empty() {
                    write!(out, ": {}", Escaped(&mark.note))?;
                }
                write!(out, "\">{words}</mark>")?;
            }
        }
        for number in &piece.notes {
            write!(out, "<sup>{number}</sup>")?;
        }
        Ok(())
    }

    /// What the marks look like, for those that appear.
    fn write_key(&self, out: &mut impl Write) -> fmt::Result {
        if self.marks.is_empty() {
            return Ok(());
        }
        out.write_str("<p class=\"key\">")?;
        let appears =
            |judgment: &Judgment| self.marks.iter().any(|mark| mark.judgment == *judgment);
        for judgment in Judgment::ALL.into_iter().filter(appears) {
            let (class, name) = (judgment.class(), judgment.name());
            write!(out, "<mark class=\"{class}\">{name}</mark> ")?;
        }
        out.write_str("</p>\n")
    }

    fn write_notes(&self, out: &mut impl Write) -> fmt::Result {
        let noted = self.noted();
        if noted.is_empty() {
            return Ok(());
        }
        out.write_str("<ol class=\"notes\">\n")?;
        for mark in noted.into_iter().map(|index| &self.marks[index]) {
            let (class, name) = (mark.judgment.class(), mark.judgment.name());
            let note = Escaped(&mark.note);
            writeln!(out, "<li><b class=\"{class}\">{name}:</b> {note}</li>")?;
        }
        out.write_str("</ol>\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &AnnotatedText) -> String {
        let mut out = String::new();
        text.write(&mut out).unwrap();
        out
    }

    #[test]
    fn a_mistake_inside_a_wrong_step_is_stronger() {
        let text = AnnotatedText::new("a = 1. b = 2 + 2 = 5. c")
            .mark(Mark::new(0..6, Judgment::Right))
            .mark(Mark::new(7..21, Judgment::Wrong).note("the value is 4"))
            .mark(Mark::new(11..20, Judgment::FirstError).note("2 + 2 < 5"));
        let html = html(&text);
        assert!(html.contains("<mark class=\"right\" title=\"Right\">a = 1.</mark> <mark"));
        assert!(html.contains(
            "<mark class=\"first\" title=\"First error: 2 + 2 &lt; 5\">2 + 2 = 5</mark>\
             <sup>1</sup><mark class=\"wrong\" title=\"Wrong: the value is 4\">.</mark><sup>2</sup> c"
        ));
        assert!(html.contains(
            "<li><b class=\"first\">First error:</b> 2 + 2 &lt; 5</li>\n\
             <li><b class=\"wrong\">Wrong:</b> the value is 4</li>"
        ));
    }

    #[test]
    fn ranges_are_cut_at_the_end_and_widened_to_characters() {
        let text = AnnotatedText::new("é ü")
            .mark(Mark::new(1..2, Judgment::Unread))
            .mark(Mark::new(4..usize::MAX, Judgment::Unneeded));
        let html = html(&text);
        assert!(html.contains(">é</mark> <mark class=\"unneeded\" title=\"Not needed\">ü</mark>"));
    }

    #[test]
    fn an_empty_range_is_a_box_with_its_note() {
        let missing = Mark::new(1..1, Judgment::FirstError).note("no answer");
        let reversed = Range { start: 9, end: 2 };
        let text = AnnotatedText::new("x")
            .mark(Mark::new(0..1, Judgment::Right).note("fine"))
            .mark(missing)
            .mark(Mark::new(reversed, Judgment::Wrong));
        let html = html(&text);
        assert!(html.contains(
            "<mark class=\"right\" title=\"Right: fine\">x</mark><sup>1</sup>\
             <mark class=\"first empty\" title=\"First error: no answer\"></mark><sup>2</sup>\
             <mark class=\"wrong empty\" title=\"Wrong\"></mark></div>"
        ));
    }

    #[test]
    fn a_text_without_marks_has_no_key() {
        let html = html(&AnnotatedText::new("1 < 2\n3"));
        assert_eq!(html, "<div class=\"words marked\">1 &lt; 2\n3</div>\n");
    }
}
