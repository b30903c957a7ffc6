//! Operators whose mutants are as right as the original solution.
//!
//! They change what both levels leave free: white space, the choice of symbols, the order of
//! operands where it is irrelevant, grouping and intermediates, the order of steps, numeric forms,
//! the final period, the tags, and true steps that the answer does not need.

mod commute;
mod forms;
mod layout;
mod order;
pub(super) mod symbols;
pub(super) mod unneeded;

use crate::operator::{Label, Operator};

const fn harmless(
    name: &'static str,
    what: &'static str,
    apply: crate::operator::Apply,
) -> Operator {
    Operator::new(name, Label::Harmless, what, apply)
}

/// Operators whose mutants the audit's reader can read again, so that another operator can follow.
#[rustfmt::skip]
pub(crate) const VARIATIONS: &[Operator] = &[
    harmless("renamed_symbols", "all symbols are renamed", symbols::all),
    harmless("renamed_some_symbols", "some symbols are renamed", symbols::some),
    harmless("reordered_steps", "steps are reordered, each after those that it reads", order::reordered),
    harmless("commuted", "operands are reordered in the expression and its numeric form", commute::both),
    harmless("commuted_symbols", "operands are reordered in the expression alone", commute::symbols),
    harmless("commuted_numbers", "operands are reordered in the numeric form alone", commute::numbers),
    harmless("omitted_numbers", "a step omits its numeric form", forms::omitted),
    harmless("inlined_intermediate", "an intermediate is inlined where it is read", forms::inlined),
    harmless("introduced_intermediate", "a step computes its value under a new symbol first", forms::introduced),
    harmless("regrouped", "terms of a sum are put in parentheses", forms::regrouped),
];

/// All harmless operators.
#[rustfmt::skip]
pub(crate) const OPERATORS: &[Operator] = &[
    VARIATIONS[0], VARIATIONS[1], VARIATIONS[2], VARIATIONS[3],
    VARIATIONS[4], VARIATIONS[5], VARIATIONS[6], VARIATIONS[7], VARIATIONS[8], VARIATIONS[9],
    harmless("renamed_unknown", "reverse: the unknown has another letter", symbols::unknown),
    harmless("worked_out", "a further numeric form with a part evaluated", forms::worked_out),
    harmless("unneeded_step", "a true step that the answer does not need is added", unneeded::step),
    harmless("white_space", "white space is changed", layout::white_space),
    harmless("no_final_stop", "the final period is dropped", layout::no_final_stop),
    harmless("tags", "the tags of a sampled completion are added", layout::tags),
];
