//! The symbols of a solution and what they stand for.

use std::collections::HashMap;

use interplay_graph::Linear;

use crate::formula::Source;
use crate::reading::{Node, Span};
use crate::values;

/// What a symbol was bound to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binding {
    /// What it reads, or none after an unusable step.
    pub source: Option<Source>,
    /// The value that the solution states for it.
    pub value: Option<Linear>,
    /// Whether something read it.
    pub read: bool,
    /// Whether it is the letter that stands for the unknown.
    pub unknown: bool,
    /// The index of the sentence that bound it.
    pub step: u32,
}

/// The symbols of one solution.
#[derive(Debug)]
pub(crate) struct Symbols<'t> {
    text: &'t str,
    /// The index of the binding of each one-letter symbol, plus one.
    letters: [u32; 128],
    longer: HashMap<&'t str, u32>,
    bindings: Vec<Binding>,
    /// The index of the sentence that is being read, which binds what is bound.
    pub step: u32,
}

impl<'t> Symbols<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            letters: [0; 128],
            longer: HashMap::new(),
            bindings: Vec::with_capacity(32),
            step: 0,
        }
    }

    fn index(&self, symbol: Span) -> Option<usize> {
        let name = symbol.of(self.text);
        let next = match name.as_bytes() {
            [letter @ 0..128] => self.letters[usize::from(*letter)],
            _ => self.longer.get(name).copied().unwrap_or(0),
        };
        (next as usize).checked_sub(1)
    }

    pub(crate) fn get(&self, symbol: Span) -> Option<&Binding> {
        self.index(symbol).map(|index| &self.bindings[index])
    }

    pub(crate) fn same(&self, left: Span, right: Span) -> bool {
        left.of(self.text) == right.of(self.text)
    }

    /// Binds a symbol, even one that was bound before.
    pub(crate) fn bind(&mut self, symbol: Span, source: Option<Source>, value: Option<Linear>) {
        self.push(
            symbol,
            Binding {
                source,
                value,
                read: false,
                unknown: false,
                step: self.step,
            },
        );
    }

    /// Binds the name of the unknown quantity and its letter. If they differ, the letter is a value
    /// only: an expression reads the quantity by its name.
    pub(crate) fn bind_unknown(&mut self, name: Span, letter: Span, source: Option<Source>) {
        let value = Some(Linear::UNKNOWN);
        let same = self.same(name, letter);
        if !same {
            self.bind(name, source, value);
        }
        self.push(
            letter,
            Binding {
                source: source.filter(|_| same),
                value,
                read: false,
                unknown: true,
                step: self.step,
            },
        );
    }

    fn push(&mut self, symbol: Span, binding: Binding) {
        self.bindings.push(binding);
        let next = self.bindings.len() as u32;
        let name = symbol.of(self.text);
        match name.as_bytes() {
            [letter @ 0..128] => self.letters[usize::from(*letter)] = next,
            _ => drop(self.longer.insert(name, next)),
        }
    }

    /// Notes that something read a symbol; returns the index of the sentence that bound it.
    pub(crate) fn mark_read(&mut self, symbol: Span) -> Option<u32> {
        let index = self.index(symbol)?;
        let binding = &mut self.bindings[index];
        binding.read = true;
        Some(binding.step)
    }

    /// The value that an expression states: a number, or a linear expression in the unknown.
    pub(crate) fn stated(&self, nodes: &[Node]) -> Option<Linear> {
        if let [Node::Number(number)] = nodes {
            return Some(Linear::number(*number));
        }
        self.only_unknown(nodes).then(|| values::stated(nodes))?
    }

    /// Whether an expression names no symbol but the unknown.
    pub(crate) fn only_unknown(&self, nodes: &[Node]) -> bool {
        nodes.iter().all(|node| match node {
            Node::Symbol(symbol) => self.get(*symbol).is_some_and(|binding| binding.unknown),
            _ => true,
        })
    }

    /// How many bindings there are.
    pub(crate) fn len(&self) -> usize {
        self.bindings.len()
    }

    /// Whether every binding from `from` on was read.
    pub(crate) fn all_read(&self, from: usize) -> bool {
        self.bindings[from..].iter().all(|binding| binding.read)
    }
}
