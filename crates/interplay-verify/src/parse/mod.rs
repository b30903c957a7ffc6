//! Parses solution text into steps, clauses and expressions with byte spans.
//!
//! The parser tolerates any white space. An unreadable stretch becomes a faulty item and parsing
//! continues at the next sentence, so that one slip does not hide the rest. Each level decides what
//! a fault means.
//!
//! Source: the solution register of the published data of arXiv 2512.07783 (`prose`), and the
//! symbolic register of this project (`terse`).
//! Complexity: linear in the text, on any input; nesting is bounded by [`MAX_DEPTH`] and the
//! length of a symbol by [`MAX_SYMBOL`]. No regular expressions, no allocation but the arenas.

mod solving;

use crate::frame::Frame;
use crate::lexical::{in_symbol, integer, opens_symbol};
use crate::reading::{Clause, Fault, Head, Item, Node, Part, Reading, Span, Step};

/// The deepest nesting of parentheses.
pub(crate) const MAX_DEPTH: u32 = 16;
/// The longest candidate or gold solution that is read, in bytes.
pub(crate) const MAX_TEXT: usize = 1 << 24;
/// The longest symbol, in bytes.
pub(crate) const MAX_SYMBOL: usize = 64;

impl Reading {
    /// Reads the steps of a framed text.
    pub(crate) fn of(text: &str, frame: &Frame) -> Self {
        let body = frame.body;
        let length = (body.end - body.start) as usize;
        let reading = Self {
            items: Vec::with_capacity(length / 40 + 2),
            clauses: Vec::with_capacity(length / 24 + 2),
            parts: Vec::with_capacity(length / 8 + 4),
            nodes: Vec::with_capacity(length / 4 + 8),
        };
        let mut parser = Parser {
            text: text.as_bytes(),
            at: body.start as usize,
            end: body.end as usize,
            lone_group: false,
            reading,
        };
        parser.body();
        parser.reading
    }
}

struct Parser<'t> {
    text: &'t [u8],
    at: usize,
    end: usize,
    /// Whether the side that is being read has parentheses around a single operand.
    lone_group: bool,
    reading: Reading,
}

type Parsed<T> = Result<T, Fault>;

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        (self.at < self.end).then(|| self.text[self.at])
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn has_word(&self, at: usize, word: &[u8]) -> bool {
        let after = at + word.len();
        after <= self.end
            && &self.text[at..after] == word
            && (after == self.end || !in_symbol(self.text[after]))
    }

    /// Whether a period at `at` ends a sentence: no digit follows it.
    fn is_stop(&self, at: usize) -> bool {
        self.text[at] == b'.' && (at + 1 >= self.end || !self.text[at + 1].is_ascii_digit())
    }

    fn body(&mut self) {
        loop {
            self.skip_space();
            let Some(byte) = self.peek() else { return };
            let start = self.at;
            if self.has_word(start, b"Define") {
                self.prose_step(start);
                continue;
            }
            let read = self.answer(start)
                || self.solving(start)
                || (opens_symbol(byte) && self.terse_step(start));
            if !read {
                self.at = start;
                self.unreadable(start, self.end, Fault::Unexpected);
            }
        }
    }

    /// Skips past the next sentence end, or to `limit`, and records an unreadable item.
    fn unreadable(&mut self, start: usize, limit: usize, fault: Fault) {
        self.skip_sentence(limit);
        self.reading.items.push(Item::Unreadable {
            span: Span::new(start, self.at),
            fault,
        });
    }

    fn skip_sentence(&mut self, limit: usize) {
        while self.at < limit {
            self.at += 1;
            if self.is_stop(self.at - 1) {
                return;
            }
        }
    }

    fn answer(&mut self, start: usize) -> bool {
        if !self.has_word(start, b"Answer") {
            return false;
        }
        self.at += b"Answer".len();
        self.skip_space();
        if self.peek() != Some(b':') {
            self.at = start;
            return false;
        }
        self.at += 1;
        self.skip_space();
        let mut value = self.number().ok();
        self.skip_space();
        match self.peek() {
            None => {}
            Some(b'.') if self.is_stop(self.at) => self.at += 1,
            Some(_) => {
                self.skip_sentence(self.end);
                value = None;
            }
        }
        self.reading.items.push(Item::Answer {
            span: Span::new(start, self.at),
            value,
        });
        true
    }

    fn prose_step(&mut self, start: usize) {
        self.at += b"Define".len();
        let from = self.at;
        // The name and the symbol reach up to the first semicolon; another `Define` before it
        // means that this sentence has no clause.
        let mut scan = from;
        let semicolon = loop {
            if scan >= self.end {
                break None;
            }
            match self.text[scan] {
                b';' => break Some(scan),
                b'D' if self.has_word(scan, b"Define") && !in_symbol(self.text[scan - 1]) => {
                    break None;
                }
                _ => scan += 1,
            }
        };
        let Some((semicolon, head)) = semicolon.and_then(|at| Some((at, self.head(from, at)?)))
        else {
            // No semicolon, or no head before it.
            let limit = if scan < self.end { scan } else { self.end };
            self.unreadable(start, limit, Fault::Unexpected);
            return;
        };
        self.at = semicolon + 1;
        let first = self.reading.clauses.len() as u32;
        let unknown = self.not_known();
        if !unknown {
            while self.clause(true) {}
        }
        let clauses = (first, self.reading.clauses.len() as u32);
        let span = Span::new(start, self.at);
        self.reading.items.push(Item::Step(Step {
            span,
            head,
            clauses,
            unknown,
        }));
    }

    /// `NAME as SYMBOL` between two byte offsets.
    fn head(&self, from: usize, to: usize) -> Option<Head> {
        let (from, to) = self.trim(from, to);
        let mut at = to;
        while at > from && in_symbol(self.text[at - 1]) && to - at < MAX_SYMBOL {
            at -= 1;
        }
        if at == to || !opens_symbol(self.text[at]) || !self.space_before(at, from) {
            return None;
        }
        let symbol = Span::new(at, to);
        let (_, at) = self.trim(from, at);
        let name_end = at.checked_sub(2).filter(|end| *end > from)?;
        if &self.text[name_end..at] != b"as" || !self.space_before(name_end, from) {
            return None;
        }
        let (from, to) = self.trim(from, name_end);
        (from < to).then(|| Head::Prose {
            name: Span::new(from, to),
            symbol,
        })
    }

    fn space_before(&self, at: usize, from: usize) -> bool {
        at > from && self.text[at - 1].is_ascii_whitespace()
    }

    fn trim(&self, mut from: usize, mut to: usize) -> (usize, usize) {
        while from < to && self.text[from].is_ascii_whitespace() {
            from += 1;
        }
        while to > from && self.text[to - 1].is_ascii_whitespace() {
            to -= 1;
        }
        (from, to)
    }

    fn terse_step(&mut self, start: usize) -> bool {
        let Ok(name) = self.symbol() else {
            return false;
        };
        self.skip_space();
        if self.peek() != Some(b'=') {
            return false;
        }
        self.at = start;
        let first = self.reading.clauses.len() as u32;
        self.clause(false);
        let clauses = (first, self.reading.clauses.len() as u32);
        let (span, head) = (Span::new(start, self.at), Head::Terse { name });
        self.reading.items.push(Item::Step(Step {
            span,
            head,
            clauses,
            unknown: false,
        }));
        true
    }

    /// Reads one chain and its terminator; returns whether another chain of the same step follows.
    fn clause(&mut self, prose: bool) -> bool {
        self.skip_space();
        let start = self.at;
        if prose && self.has_word(start, b"so") {
            self.at += 2;
            self.skip_space();
            if matches!(self.peek(), Some(b'=') | None) {
                // Here `so` is a symbol.
                self.at = start;
            }
        }
        let first = self.reading.parts.len() as u32;
        let mut fault = self.chain().err();
        let at_fault = self.at;
        self.skip_space();
        let mut behind = self.at;
        let more = loop {
            match self.peek() {
                None => break false,
                Some(b';') if prose => {
                    self.at += 1;
                    break true;
                }
                Some(b'.') if self.is_stop(self.at) => {
                    self.at += 1;
                    behind = self.at;
                    break false;
                }
                Some(b'D')
                    if fault.is_some()
                        && self.has_word(self.at, b"Define")
                        && !in_symbol(self.text[self.at - 1]) =>
                {
                    break false;
                }
                Some(_) => {
                    fault = fault.or(Some(Fault::Unexpected));
                    self.at += 1;
                    behind = self.at;
                }
            }
        };
        let (_, end) = self.trim(start, if fault.is_some() { behind } else { at_fault });
        let span = Span::new(start, end);
        let parts = (first, self.reading.parts.len() as u32);
        let fault = fault.map(|fault| (fault, Span::new(at_fault, behind.max(at_fault))));
        self.reading.clauses.push(Clause { span, parts, fault });
        more
    }

    fn chain(&mut self) -> Parsed<()> {
        loop {
            self.skip_space();
            let (start, first) = (self.at, self.reading.nodes.len());
            self.lone_group = false;
            let parsed = self.sum(0);
            if let Err(fault) = parsed {
                self.reading.nodes.truncate(first);
                return Err(fault);
            }
            let (mut operators, mut symbolic) = (0, false);
            for node in &self.reading.nodes[first..] {
                match node {
                    Node::Number(_) => {}
                    Node::Symbol(_) => symbolic = true,
                    _ => operators += u32::from(node.is_operator()),
                }
            }
            let nodes = (first as u32, self.reading.nodes.len() as u32);
            let (_, end) = self.trim(start, self.at);
            let span = Span::new(start, end);
            self.reading.parts.push(Part {
                span,
                nodes,
                operators,
                symbolic,
                lone_group: self.lone_group,
            });
            if self.peek() != Some(b'=') {
                return Ok(());
            }
            self.at += 1;
        }
    }

    fn sum(&mut self, depth: u32) -> Parsed<()> {
        self.product(depth)?;
        loop {
            let operator = match self.peek() {
                Some(b'+') => Node::Add,
                Some(b'-') => Node::Subtract,
                _ => return Ok(()),
            };
            self.at += 1;
            self.skip_space();
            self.product(depth)?;
            self.reading.nodes.push(operator);
        }
    }

    fn product(&mut self, depth: u32) -> Parsed<()> {
        self.operand(depth)?;
        loop {
            let operator = match self.peek() {
                Some(b'*') => Node::Multiply,
                Some(b'/') => Node::Divide,
                _ => return Ok(()),
            };
            self.at += 1;
            self.skip_space();
            self.operand(depth)?;
            self.reading.nodes.push(operator);
        }
    }

    /// A number, a symbol or a group, and the white space behind it.
    fn operand(&mut self, depth: u32) -> Parsed<()> {
        match self.peek() {
            Some(b'(') if depth >= MAX_DEPTH => return Err(Fault::Depth),
            Some(b'(') => {
                self.at += 1;
                self.skip_space();
                let first = self.reading.nodes.len();
                self.sum(depth + 1)?;
                self.lone_group |= self.reading.nodes.len() == first + 1;
                if self.peek() != Some(b')') {
                    return Err(Fault::Unexpected);
                }
                self.at += 1;
            }
            Some(byte) if byte == b'-' || byte.is_ascii_digit() => {
                let value = self.number()?;
                self.reading.nodes.push(Node::Number(value));
            }
            Some(byte) if opens_symbol(byte) => {
                let span = self.symbol()?;
                self.reading.nodes.push(Node::Symbol(span));
            }
            _ => return Err(Fault::Unexpected),
        }
        self.skip_space();
        Ok(())
    }

    fn symbol(&mut self) -> Parsed<Span> {
        let start = self.at;
        while self.peek().is_some_and(in_symbol) {
            self.at += 1;
        }
        if self.at - start > MAX_SYMBOL {
            return Err(Fault::Unexpected);
        }
        Ok(Span::new(start, self.at))
    }

    fn number(&mut self) -> Parsed<i64> {
        let (value, length) = integer(&self.text[self.at..self.end])?;
        self.at += length;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Reading {
        Reading::of(text, &Frame::of(text))
    }

    fn steps(reading: &Reading) -> Vec<&Step> {
        let steps = reading.items.iter().filter_map(|item| match item {
            Item::Step(step) => Some(step),
            _ => None,
        });
        steps.collect()
    }

    #[test]
    fn reads_a_prose_step_with_an_intermediate() {
        let text = "Define adult fox in South Zoo as q; p = J + c = 1 + 2 = 3; so q = 4 * p = 12.";
        let reading = read(text);
        let [step] = steps(&reading)[..] else {
            panic!("one step")
        };
        let Head::Prose { name, symbol } = step.head else {
            panic!("prose")
        };
        assert_eq!(
            (name.of(text), symbol.of(text)),
            ("adult fox in South Zoo", "q")
        );
        let clauses = reading.clauses(step);
        assert_eq!(clauses.len(), 2);
        assert_eq!(clauses[0].span.of(text), "p = J + c = 1 + 2 = 3");
        let parts = reading.parts(&clauses[1]);
        assert_eq!(reading.lone_symbol(&parts[0]).unwrap().of(text), "q");
        assert_eq!(reading.nodes(&parts[2]), [Node::Number(12)]);
        assert_eq!(step.span.range(), 0..text.len());
    }

    #[test]
    fn precedence_and_groups() {
        let reading = read("bee = 2 * (fox - elk) + 3.");
        let step = steps(&reading)[0];
        let parts = reading.parts(&reading.clauses(step)[0]);
        let nodes = reading.nodes(&parts[1]);
        assert!(matches!(
            nodes,
            [
                Node::Number(2),
                Node::Symbol(_),
                Node::Symbol(_),
                Node::Subtract,
                Node::Multiply,
                Node::Number(3),
                Node::Add
            ]
        ));
    }

    #[test]
    fn an_unreadable_sentence_does_not_hide_the_next() {
        let reading = read("fox = 3. Hm, so. elk = fox + = 5. owl = fox = 3. Answer: 3.");
        assert_eq!(steps(&reading).len(), 3);
        assert!(matches!(reading.items[1], Item::Unreadable { .. }));
        assert!(reading.clauses(steps(&reading)[1])[0].fault.is_some());
        assert!(matches!(
            reading.items[4],
            Item::Answer { value: Some(3), .. }
        ));
    }

    #[test]
    fn a_sentence_without_a_clause_does_not_hide_the_next() {
        let reading = read("Define x in Y as a. Define z in Y as b; so b = 3. Answer: 3.");
        assert_eq!(steps(&reading).len(), 1);
        assert!(matches!(reading.items[0], Item::Unreadable { .. }));
    }

    #[test]
    fn an_answer_is_a_whole_number() {
        assert!(matches!(
            read("Answer: 3.5.").items[0],
            Item::Answer { value: None, .. }
        ));
    }

    #[test]
    fn a_word_that_ends_in_define_begins_no_sentence() {
        // Continuing there would search for a semicolon to the end of the text, every time.
        let reading = read(&"a=%zDefine .".repeat(3));
        assert_eq!(steps(&reading).len(), 3);
        assert_eq!(reading.items.len(), 3);
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("a = {}1{}.", "(".repeat(100_000), ")".repeat(100_000));
        let reading = read(&deep);
        let fault = reading.clauses(steps(&reading)[0])[0].fault;
        assert!(matches!(fault, Some((Fault::Depth, _))));
    }
}
