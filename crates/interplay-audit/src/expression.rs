//! Expressions of right solutions as trees that write back the text they were read from.

use crate::tokens::{Kind, Token};

/// An expression. Groups and the spacing of operators are kept, so that an unchanged tree writes
/// the text that it was read from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Expression {
    Number(i128),
    Symbol(String),
    Group(Box<Expression>),
    Operation(Box<Operation>),
}

/// Two operands and the sign between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Operation {
    pub left: Expression,
    pub sign: char,
    /// Whether white space surrounds the sign.
    pub spaced: bool,
    pub right: Expression,
}

/// A term of a sum: whether it is subtracted, and the operand.
pub(crate) type Term = (bool, Expression);

impl Expression {
    /// The expression that these tokens form, if they form one.
    pub(crate) fn read(text: &str, tokens: &[Token]) -> Option<Self> {
        let mut reader = Reader {
            text,
            tokens,
            at: 0,
        };
        let expression = reader.sum()?;
        (reader.at == tokens.len()).then_some(expression)
    }

    /// The value under these values of symbols; none if a symbol has none, it overflows 128 bits,
    /// or a division leaves a remainder.
    pub(crate) fn value(&self, symbol: &impl Fn(&str) -> Option<i128>) -> Option<i128> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Symbol(name) => symbol(name),
            Self::Group(inner) => inner.value(symbol),
            Self::Operation(operation) => {
                let left = operation.left.value(symbol)?;
                let right = operation.right.value(symbol)?;
                match operation.sign {
                    '+' => left.checked_add(right),
                    '-' => left.checked_sub(right),
                    '*' => left.checked_mul(right),
                    _ if left.checked_rem(right)? == 0 => left.checked_div(right),
                    _ => None,
                }
            }
        }
    }

    /// Calls `see` with every number and symbol, from left to right.
    pub(crate) fn operands<'e>(&'e self, see: &mut impl FnMut(&'e Self)) {
        match self {
            Self::Number(_) | Self::Symbol(_) => see(self),
            Self::Group(inner) => inner.operands(see),
            Self::Operation(operation) => {
                operation.left.operands(see);
                operation.right.operands(see);
            }
        }
    }

    /// Calls `see` with the sign of every operation.
    pub(crate) fn signs(&self, see: &mut impl FnMut(char)) {
        match self {
            Self::Number(_) | Self::Symbol(_) => {}
            Self::Group(inner) => inner.signs(see),
            Self::Operation(operation) => {
                see(operation.sign);
                operation.left.signs(see);
                operation.right.signs(see);
            }
        }
    }

    /// The same with every symbol replaced.
    pub(crate) fn replaced(&self, by: &impl Fn(&str) -> Self) -> Self {
        match self {
            Self::Number(_) => self.clone(),
            Self::Symbol(name) => by(name),
            Self::Group(inner) => Self::Group(Box::new(inner.replaced(by))),
            Self::Operation(operation) => Self::Operation(Box::new(Operation {
                left: operation.left.replaced(by),
                sign: operation.sign,
                spaced: operation.spaced,
                right: operation.right.replaced(by),
            })),
        }
    }

    /// The terms of a sum or difference in order; a single term otherwise.
    pub(crate) fn terms(&self) -> Vec<Term> {
        match self {
            Self::Operation(operation) if matches!(operation.sign, '+' | '-') => {
                let mut terms = operation.left.terms();
                terms.push((operation.sign == '-', operation.right.clone()));
                terms
            }
            _ => vec![(false, self.clone())],
        }
    }

    /// The sum of these terms; the first must not be subtracted.
    pub(crate) fn sum(terms: Vec<Term>) -> Option<Self> {
        let mut terms = terms.into_iter();
        let (false, mut sum) = terms.next()? else {
            return None;
        };
        for (negative, right) in terms {
            sum = Self::operation(sum, if negative { '-' } else { '+' }, right);
        }
        Some(sum)
    }

    pub(crate) fn operation(left: Self, sign: char, right: Self) -> Self {
        Self::Operation(Box::new(Operation {
            left,
            sign,
            spaced: true,
            right,
        }))
    }

    /// Whether parentheses enclose a single number somewhere.
    pub(crate) fn wraps_a_number(&self) -> bool {
        match self {
            Self::Number(_) | Self::Symbol(_) => false,
            Self::Group(inner) => matches!(**inner, Self::Number(_)) || inner.wraps_a_number(),
            Self::Operation(operation) => {
                operation.left.wraps_a_number() || operation.right.wraps_a_number()
            }
        }
    }

    /// Whether it is a sum or difference, which needs parentheses within a product.
    pub(crate) fn is_sum(&self) -> bool {
        matches!(self, Self::Operation(operation) if matches!(operation.sign, '+' | '-'))
    }
}

impl std::fmt::Display for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Symbol(name) => f.write_str(name),
            Self::Group(inner) => write!(f, "({inner})"),
            Self::Operation(operation) => {
                let space = if operation.spaced { " " } else { "" };
                let Operation {
                    left, sign, right, ..
                } = &**operation;
                write!(f, "{left}{space}{sign}{space}{right}")
            }
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
}

impl Reader<'_> {
    fn sign(&mut self, signs: &[char]) -> Option<(char, bool)> {
        let token = self.tokens.get(self.at)?;
        let sign = token.of(self.text).chars().next()?;
        if token.kind != Kind::Sign || !signs.contains(&sign) {
            return None;
        }
        let before = self.at.checked_sub(1).map(|at| self.tokens[at].end);
        self.at += 1;
        Some((sign, before.is_some_and(|end| end < token.start)))
    }

    fn sum(&mut self) -> Option<Expression> {
        let mut left = self.product()?;
        while let Some((sign, spaced)) = self.sign(&['+', '-']) {
            let right = self.product()?;
            left = Expression::Operation(Box::new(Operation {
                left,
                sign,
                spaced,
                right,
            }));
        }
        Some(left)
    }

    fn product(&mut self) -> Option<Expression> {
        let mut left = self.operand()?;
        while let Some((sign, spaced)) = self.sign(&['*', '/']) {
            let right = self.operand()?;
            left = Expression::Operation(Box::new(Operation {
                left,
                sign,
                spaced,
                right,
            }));
        }
        Some(left)
    }

    fn operand(&mut self) -> Option<Expression> {
        if self.sign(&['(']).is_some() {
            let inner = self.sum()?;
            self.sign(&[')'])?;
            return Some(Expression::Group(Box::new(inner)));
        }
        let negative = self.sign(&['-']).is_some();
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        match token.kind {
            Kind::Number => {
                let number: i128 = token.of(self.text).parse().ok()?;
                Some(Expression::Number(if negative { -number } else { number }))
            }
            Kind::Word if !negative => Some(Expression::Symbol(token.of(self.text).to_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokens;

    fn read(text: &str) -> Option<Expression> {
        Expression::read(text, &tokens(text, 0..text.len()))
    }

    #[test]
    fn an_unchanged_tree_writes_its_text() {
        for text in [
            "4 * (hen + cow)",
            "(3) * (2*x) - 4",
            "-3 + a",
            "60 / 15",
            "a - b + 1",
        ] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
        for text in ["a +", "(a", "a b", "", "- a", "= 3"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn values_follow_the_rules_of_arithmetic() {
        let symbol = |name: &str| (name == "x").then_some(5);
        let value = |text: &str| read(text).unwrap().value(&symbol);
        assert_eq!(value("20 - 3*x + 2 * (x - 1)"), Some(13));
        assert_eq!(value("60 / 15"), Some(4));
        assert_eq!(value("60 / 7"), None);
        assert_eq!(value("60 / (5 - x)"), None);
        assert_eq!(value("y + 1"), None);
    }

    #[test]
    fn splits_and_joins_terms() {
        let sum = read("a - 2 * b + 1").unwrap();
        let mut terms = sum.terms();
        assert_eq!(terms.len(), 3);
        terms.swap(0, 2);
        assert_eq!(Expression::sum(terms).unwrap().to_string(), "1 - 2 * b + a");
        let mut terms = sum.terms();
        terms.swap(0, 1);
        assert_eq!(Expression::sum(terms), None);
    }
}
