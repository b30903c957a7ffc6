//! The sentences of reverse solutions: the opening, the unknown, the equation and its solving.
//!
//! Source: the register of the published data of arXiv 2512.07783 (`We know s = 61, so we have ...`)
//! and this project's terse form of it (`Solve s = 61: ...`).

use super::Parser;
use crate::lexical::{in_symbol, opens_symbol};
use crate::reading::{Clause, Equation, Fault, Item, Known, Label, Span};

/// The sentences of reverse solutions, word by word.
const OPENING: &str = "The question is difficult, so we use equations to solve it.";
const NOT_KNOWN: &str = "we don't know its value yet but will find it out later";
const AND_SOLVE: &str = "and we solve it through the following steps:";

impl Parser<'_> {
    /// Reads that a value is not known yet, and the sentence's end.
    pub(super) fn not_known(&mut self) -> bool {
        let start = self.at;
        self.skip_space();
        if self.phrase(NOT_KNOWN) && self.ends_sentence() {
            return true;
        }
        self.at = start;
        false
    }

    /// Reads a period or the end of the text, or nothing.
    fn ends_sentence(&mut self) -> bool {
        self.skip_space();
        match self.peek() {
            None => true,
            Some(b'.') if self.is_stop(self.at) => {
                self.at += 1;
                true
            }
            Some(_) => false,
        }
    }

    /// Reads these words, whatever white space lies between them, or nothing.
    fn phrase(&mut self, words: &str) -> bool {
        let start = self.at;
        for word in words.split(' ') {
            self.skip_space();
            let end = self.at + word.len();
            let there = end <= self.end && &self.text[self.at..end] == word.as_bytes();
            // A word ends where it ends: `soon` is not `so`.
            let whole = || {
                let letter = in_symbol(self.text[end - 1]);
                !letter || end == self.end || !in_symbol(self.text[end])
            };
            if !(there && whole()) {
                self.at = start;
                return false;
            }
            self.at = end;
        }
        true
    }

    /// Reads a sentence in which an equation is set up or solved, or nothing.
    pub(super) fn solving(&mut self, start: usize) -> bool {
        let first = (self.reading.clauses.len(), self.reading.parts.len());
        let first = (first.0, first.1, self.reading.nodes.len());
        let first_byte = self.text[start];
        let item = match first_byte {
            b'T' => self.phrase(OPENING).then(|| Item::Opening {
                span: Span::new(start, self.at),
            }),
            b'W' => self.known(start, "We know"),
            b'S' => self.equation(start).or_else(|| self.known(start, "Solve")),
            b'M' | b'I' | b'D' => self.equation(start),
            _ => None,
        };
        let Some(item) = item else {
            self.at = start;
            self.reading.clauses.truncate(first.0);
            self.reading.parts.truncate(first.1);
            self.reading.nodes.truncate(first.2);
            return false;
        };
        self.reading.items.push(item);
        if let Item::Known(_) = item
            && self.text[start] == b'S'
        {
            self.terse_equations();
        }
        true
    }

    /// `We know s = 61, so we have 15*x + 1 = 61 and we solve it through the following steps:` or
    /// `Solve s = 61: 15*x + 1 = 61` with what ends it.
    fn known(&mut self, start: usize, opening: &str) -> Option<Item> {
        if !self.phrase(opening) {
            return None;
        }
        self.skip_space();
        if !self.peek().is_some_and(opens_symbol) {
            return None;
        }
        let symbol = self.symbol().ok()?;
        self.skip_space();
        self.byte(b'=')?;
        self.skip_space();
        let value = self.number().ok()?;
        self.skip_space();
        let terse = opening == "Solve";
        self.byte(if terse { b':' } else { b',' })?;
        if !terse && !self.phrase("so we have") {
            return None;
        }
        let clause = self.sides()?;
        let mut end = self.at;
        if terse {
            end = self.ends_equation()?;
        } else if !self.phrase(AND_SOLVE) {
            return None;
        } else {
            end = end.max(self.at);
        }
        Some(Item::Known(Known {
            span: Span::new(start, end),
            symbol,
            value,
            clause,
        }))
    }

    /// `LABEL: left = right.`
    fn equation(&mut self, start: usize) -> Option<Item> {
        let label = self.label()?;
        let clause = self.sides()?;
        if !self.ends_sentence() {
            return None;
        }
        let span = Span::new(start, self.at);
        Some(Item::Equation(Equation {
            span,
            label,
            clause,
        }))
    }

    fn label(&mut self) -> Option<Label> {
        const LABELS: [(&str, Label); 3] = [
            ("Simplifying the equation:", Label::Simplify),
            ("Move all terms to one side:", Label::Move),
            ("Solution:", Label::Solution),
        ];
        if let Some((_, label)) = LABELS.iter().find(|(words, _)| self.phrase(words)) {
            return Some(*label);
        }
        let isolates = self.phrase("Isolate the term with");
        if !isolates && !self.phrase("Divide both sides by") {
            return None;
        }
        self.skip_space();
        let label = if isolates {
            let named = self.peek().is_some_and(opens_symbol);
            Label::Isolate(named.then(|| self.symbol().ok()).flatten()?)
        } else {
            Label::Divide(self.number().ok()?)
        };
        self.skip_space();
        self.byte(b':')?;
        Some(label)
    }

    /// The further equations of a terse `Solve` sentence; reading ends with the sentence or at
    /// what is no equation.
    fn terse_equations(&mut self) {
        while self.at > 0 && self.text[self.at - 1] == b';' {
            self.skip_space();
            let start = self.at;
            let first = (self.reading.parts.len(), self.reading.nodes.len());
            let read = self
                .sides()
                .and_then(|clause| Some((clause, self.ends_equation()?)));
            let Some((clause, end)) = read else {
                self.reading.parts.truncate(first.0);
                self.reading.nodes.truncate(first.1);
                self.at = start;
                self.unreadable(start, self.end, Fault::Unexpected);
                return;
            };
            self.reading.items.push(Item::Equation(Equation {
                span: Span::new(start, end),
                label: Label::None,
                clause,
            }));
        }
    }

    /// Reads what ends a terse equation; where the equation with it ends.
    fn ends_equation(&mut self) -> Option<usize> {
        if self.peek() == Some(b';') {
            self.at += 1;
            return Some(self.at);
        }
        self.ends_sentence().then_some(self.at)
    }

    /// Two sides of an equation, as a clause.
    fn sides(&mut self) -> Option<u32> {
        self.skip_space();
        let (start, first) = (self.at, self.reading.parts.len() as u32);
        self.chain().ok()?;
        let parts = (first, self.reading.parts.len() as u32);
        if parts.1 - parts.0 != 2 {
            return None;
        }
        let (_, end) = self.trim(start, self.at);
        self.reading.clauses.push(Clause {
            span: Span::new(start, end),
            parts,
            fault: None,
        });
        Some(self.reading.clauses.len() as u32 - 1)
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }
}
