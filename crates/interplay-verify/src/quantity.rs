//! Quantities of a gold, and what makes a problem a reverse one.

use std::borrow::Cow;

use interplay_graph::Linear;

use crate::formula::Formula;

/// A quantity of the problem.
#[derive(Debug, Clone)]
pub(crate) struct GoldQuantity {
    pub name: Box<str>,
    /// Its value, in terms of the unknown if there is one.
    pub value: Linear,
    /// Its definition, or none if the source does not say.
    pub formula: Option<Formula>,
    /// What it reads, each once, sorted.
    pub parents: Box<[u32]>,
    /// Whether the answer needs it.
    pub needed: bool,
    /// Whether the verifier knows only its name.
    pub hidden: bool,
}

/// A reverse problem asks for a leaf and gives the value of a quantity that depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reverse {
    pub unknown: u32,
    pub given: u32,
    pub value: i64,
}

/// A name with single spaces between its words.
pub(crate) fn squeezed(name: &str) -> Cow<'_, str> {
    let plain = |byte: &u8| !byte.is_ascii_whitespace() || *byte == b' ';
    if name.trim_ascii() == name && !name.contains("  ") && name.as_bytes().iter().all(plain) {
        return Cow::Borrowed(name);
    }
    let words: Vec<&str> = name.split_ascii_whitespace().collect();
    Cow::Owned(words.join(" "))
}
