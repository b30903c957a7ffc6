//! Operators whose mutants are wrong, whatever the verifier says.
//!
//! Each file says why its mutants are wrong; an operator that cannot be sure makes no mutant.

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
    harmful("literal", "a number of an expression is another one", numbers::literal),
    harmful("mid_number", "a number of a numeric form is another one", numbers::middle),
    harmful("local_value", "the value of an intermediate is another one", numbers::local_value),
    harmful("value", "the value of a quantity is another one", numbers::value),
    harmful("coefficient", "a coefficient of a linear form is another one", numbers::coefficient),
    harmful("extra_value", "a chain goes on to another value", numbers::extra_value),
    harmful("false_middle", "a chain goes through another value", numbers::false_middle),
    harmful("compensated_numbers", "two numbers of a form are others, and its value is the same", numbers::compensated),
    harmful("symbolic_operator", "an operator of an expression is another one", signs::symbolic),
    harmful("numeric_operator", "an operator of a numeric form is another one", signs::numeric),
    harmful("both_operators", "an operator is another one, with symbols and with numbers", signs::both),
    harmful("carried_operator", "an operator is another one, and all numbers follow", signs::carried),
    harmful("wrong_symbol", "an expression reads another quantity, its numbers stay", parents::symbol),
    harmful("wrong_parent", "an expression reads another quantity, with its number", parents::parent),
    harmful("carried_parent", "an expression reads another quantity, and all numbers follow", parents::carried),
    harmful("undefined_symbol", "an expression reads a symbol that nothing defines", parents::undefined),
    harmful("cancelled_parent", "an expression reads a quantity more, and takes it away again", parents::cancelled),
    harmful("dropped_operand", "an operand is left out, the value stays", parents::dropped),
    harmful("swapped_difference", "a difference is taken the other way round", swaps::difference),
    harmful("swapped_names", "two steps exchange their names", swaps::names),
    harmful("swapped_symbols", "two steps exchange their symbols, their readers do not", swaps::symbols),
    harmful("carried_given", "a given quantity gets another number, and all numbers follow", numbers::carried_given),
    harmful("dropped_step", "a step is left out", sentences::dropped),
    harmful("duplicated_step", "a step stands twice", sentences::duplicated),
    harmful("use_before_definition", "a step comes after one that reads it", sentences::late),
    harmful("redefinition", "a quantity is defined wrongly, then rightly, or the other way round", sentences::redefinition),
    harmful("junk_step", "a step about a quantity that the problem does not have", sentences::junk),
    harmful("wrong_name", "a step is about a quantity that the problem does not have", sentences::wrong_name),
    harmful("false_unneeded_step", "a step that the answer does not need has a wrong value", sentences::false_unneeded),
    harmful("symbol_reused", "a step takes the symbol of an earlier one", sentences::symbol_reused),
    harmful("leaf_without_equation", "a given quantity has no equation", steps::leaf_without_equation),
    harmful("missing_value", "a chain stops before its value", steps::missing_value),
    harmful("bare_value", "a derived quantity is stated as if it were given", steps::bare_value),
    harmful("numbers_for_symbols", "a derived quantity is computed from numbers alone", steps::numbers_for_symbols),
    harmful("wrong_head", "the equation of a step is about another symbol", steps::wrong_head),
    harmful("dropped_parentheses", "parentheses are left out", steps::dropped_parentheses),
    harmful("lucky_step", "another computation that happens to give the value", steps::lucky),
    harmful("dropped_intermediate", "an intermediate is read but not computed", steps::dropped_intermediate),
    harmful("unread_intermediate", "an intermediate is computed but not read", steps::unread_intermediate),
    harmful("wrong_answer", "the answer is another number", answers::wrong),
    harmful("second_answer", "a second answer that differs", answers::second),
    harmful("repeated_answer", "the answer stands twice", answers::repeated),
    harmful("early_answer", "the answer stands before the last step", answers::early),
    harmful("missing_answer", "no answer", answers::missing),
    harmful("answer_only", "the right answer without any step", answers::alone),
    harmful("conflicting_tag", "the answer tag says a wrong number", answers::tag),
    harmful("stray_text", "words behind the answer", answers::stray),
    harmful("given_value", "reverse: the given quantity gets another number", equations::given),
    harmful("given_quantity", "reverse: another quantity is taken as given", equations::quantity),
    harmful("foreign_equation", "reverse: an equation that does not follow, with the right solution", equations::foreign),
    harmful("wrong_equation", "reverse: a number of the equation is another one", lines::equation),
    harmful("wrong_solving", "reverse: a number on the way to the solution is another one", lines::solving),
    harmful("wrong_divisor", "reverse: the number to divide by is another one", lines::divisor),
    harmful("wrong_solution", "reverse: the equation is solved wrongly, the answer is right", lines::solution),
    harmful("solved_wrong", "reverse: the equation is solved wrongly, and answered so", lines::answered),
    harmful("solved_midway", "reverse: the term with the unknown is isolated wrongly", lines::midway),
    harmful("turned_division", "reverse: the division is turned upside down", lines::turned_division),
    harmful("early_equation", "reverse: the equation comes before the quantity that it is about", lines::early),
    harmful("second_equation", "reverse: an equation that does not follow comes before the right one", equations::second),
    harmful("unsolved_equation", "reverse: the equation is stated and not solved", lines::unsolved),
    harmful("missing_solution", "reverse: the solution of the equation is not stated", lines::missing_solution),
    harmful("missing_equation", "reverse: the answer without the equation", lines::missing_equation),
    harmful("letter_is_name", "reverse: the letter of the unknown is the name of a quantity", equations::letter_is_name),
    harmful("guessed_unknown", "reverse: the unknown is taken as given", equations::guessed),
];
