//! Operators whose mutants are wrong, regardless of what any verifier says.
//!
//! Each file says why its mutants are wrong. An operator that cannot be sure makes no mutant.

mod answers;
mod equations;
mod lines;
mod numbers;
mod parents;
mod sentences;
mod signs;
mod steps;
mod swaps;

use crate::operator::{Label, Operator};

const fn harmful(
    name: &'static str,
    what: &'static str,
    apply: crate::operator::Apply,
) -> Operator {
    Operator::new(name, Label::Harmful, what, apply)
}

/// All harmful operators.
#[rustfmt::skip]
pub(crate) const OPERATORS: &[Operator] = &[
    harmful("given_number", "a given quantity gets another number", numbers::given),
    harmful("literal", "a number of an expression is changed", numbers::literal),
    harmful("mid_number", "a number of a numeric form is changed", numbers::middle),
    harmful("local_value", "the value of an intermediate is changed", numbers::local_value),
    harmful("value", "the value of a quantity is changed", numbers::value),
    harmful("coefficient", "a coefficient of a linear form is changed", numbers::coefficient),
    harmful("extra_value", "a chain continues to another value", numbers::extra_value),
    harmful("false_middle", "a chain goes through another value", numbers::false_middle),
    harmful("compensated_numbers", "two numbers of a form are changed so that its value stays", numbers::compensated),
    harmful("symbolic_operator", "an operator of an expression is changed", signs::symbolic),
    harmful("numeric_operator", "an operator of a numeric form is changed", signs::numeric),
    harmful("both_operators", "an operator is changed in the expression and its numeric form", signs::both),
    harmful("carried_operator", "an operator is changed, and all numbers follow", signs::carried),
    harmful("wrong_symbol", "an expression reads another quantity, its numbers stay", parents::symbol),
    harmful("wrong_parent", "an expression reads another quantity, with its number", parents::parent),
    harmful("carried_parent", "an expression reads another quantity, and all numbers follow", parents::carried),
    harmful("undefined_symbol", "an expression reads a symbol that nothing defines", parents::undefined),
    harmful("cancelled_parent", "an expression reads one more quantity and subtracts it again", parents::cancelled),
    harmful("dropped_operand", "an operand is dropped, the value stays", parents::dropped),
    harmful("swapped_difference", "a difference is reversed", swaps::difference),
    harmful("swapped_names", "two steps swap their names", swaps::names),
    harmful("swapped_symbols", "two steps swap their symbols, their readers do not", swaps::symbols),
    harmful("carried_given", "a given quantity gets another number, and all numbers follow", numbers::carried_given),
    harmful("dropped_step", "a step is dropped", sentences::dropped),
    harmful("duplicated_step", "a step is repeated", sentences::duplicated),
    harmful("use_before_definition", "a step comes after one that reads it", sentences::late),
    harmful("redefinition", "a quantity is defined twice, wrongly and correctly", sentences::redefinition),
    harmful("junk_step", "a step about a foreign quantity is added", sentences::junk),
    harmful("wrong_name", "a step is renamed to a foreign quantity", sentences::wrong_name),
    harmful("false_unneeded_step", "a step that the answer does not need has a wrong value", sentences::false_unneeded),
    harmful("symbol_reused", "a step reuses the symbol of an earlier one", sentences::symbol_reused),
    harmful("leaf_without_equation", "a given quantity has no equation", steps::leaf_without_equation),
    harmful("missing_value", "a chain stops before its value", steps::missing_value),
    harmful("bare_value", "a derived quantity is stated as if it were given", steps::bare_value),
    harmful("numbers_for_symbols", "a derived quantity is computed from numbers alone", steps::numbers_for_symbols),
    harmful("wrong_head", "the equation of a step is about another symbol", steps::wrong_head),
    harmful("dropped_parentheses", "parentheses are dropped", steps::dropped_parentheses),
    harmful("lucky_step", "another computation that happens to give the same value", steps::lucky),
    harmful("dropped_intermediate", "an intermediate is read but not computed", steps::dropped_intermediate),
    harmful("unread_intermediate", "an intermediate is computed but not read", steps::unread_intermediate),
    harmful("wrong_answer", "the answer is changed", answers::wrong),
    harmful("second_answer", "a second, different answer is added", answers::second),
    harmful("repeated_answer", "the answer is repeated", answers::repeated),
    harmful("early_answer", "the answer precedes the last step", answers::early),
    harmful("missing_answer", "the answer is missing", answers::missing),
    harmful("answer_only", "the right answer without any step", answers::alone),
    harmful("conflicting_tag", "the answer tag has a wrong number", answers::tag),
    harmful("stray_text", "words follow the answer", answers::stray),
    harmful("given_value", "reverse: the given quantity gets another number", equations::given),
    harmful("given_quantity", "reverse: another quantity is taken as given", equations::quantity),
    harmful("foreign_equation", "reverse: an equation that does not follow, with the right solution", equations::foreign),
    harmful("wrong_equation", "reverse: a number of the equation is changed", lines::equation),
    harmful("wrong_solving", "reverse: a number on the way to the solution is changed", lines::solving),
    harmful("wrong_divisor", "reverse: the announced divisor is changed", lines::divisor),
    harmful("wrong_solution", "reverse: the equation is solved incorrectly, the answer is right", lines::solution),
    harmful("solved_wrong", "reverse: the equation is solved incorrectly, and the answer follows", lines::answered),
    harmful("solved_midway", "reverse: the term with the unknown is isolated incorrectly", lines::midway),
    harmful("turned_division", "reverse: the division is inverted", lines::turned_division),
    harmful("early_equation", "reverse: the equation precedes the quantity that it is about", lines::early),
    harmful("second_equation", "reverse: an equation that does not follow precedes the right one", equations::second),
    harmful("unsolved_equation", "reverse: the equation is stated and not solved", lines::unsolved),
    harmful("missing_solution", "reverse: the solution of the equation is not stated", lines::missing_solution),
    harmful("missing_equation", "reverse: the answer without the equation", lines::missing_equation),
    harmful("letter_is_name", "reverse: the letter of the unknown names another quantity", equations::letter_is_name),
    harmful("guessed_unknown", "reverse: the unknown is taken as given", equations::guessed),
];
