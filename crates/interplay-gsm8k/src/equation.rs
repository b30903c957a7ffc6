//! The equations of a solution, and whether their arithmetic holds.
//!
//! Source: the calculator annotations `<<48/2=24>>` of GSM8K (arXiv 2110.14168, section 4). Texts
//! without annotations are searched for equations such as `48 / 2 = 24`.
//!
//! Only arithmetic is checked, not whether an equation has anything to do with the problem.

use std::ops::Range;

use crate::ratio::Ratio;
use crate::token::{FLOAT_DECIMALS, Kind, Percent, Token, Value, tokens};

/// The deepest nesting of brackets and signs that is judged.
const MAX_DEPTH: u32 = 32;
/// The relative precision of a binary calculator's output: one part in this many.
const FLOAT_PRECISION: i128 = 1_000_000_000;
/// A number with this many decimals or more may be rounded.
const ROUNDED_DECIMALS: usize = 2;

/// An equation in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equation {
    /// Where it stands, in bytes of the text.
    pub span: Range<usize>,
    /// Whether both sides have the same value.
    pub holds: bool,
    /// The value of the left side.
    pub left: String,
    /// The value of the right side.
    pub right: String,
}

/// The equations of a text that can be judged, in order.
///
/// If the text has calculator annotations (`<<48/2=24>>`), only these are its equations. Otherwise
/// every equals sign is tried. At least one side must compute something; a chain
/// `a + b = c = d - e` gives one equation per sign.
///
/// Both sides may hold numbers (grouped, decimal, with a percent or currency sign), `+`, `-`, `*`, `x`, `×`, `/`,
/// `÷`, brackets, mixed numbers and products such as `80(.95)`. A percent sign makes hundredths
/// (`200 * 20% = 40`) or, where the equation does not hold otherwise, is a unit (`70 + 5 = 75%`). Equations
/// with words, units or unknowns between the numbers are not judged, nor are those whose arithmetic
/// exceeds 128 bits.
///
/// Both sides must be equal, with two exceptions. A side that is a number with two or more decimals
/// may be off by less than one in its last decimal, so rounded and cut values hold:
/// `10 / 3 = 3.33`. If a number has ten or more decimals, as written by a binary calculator, the
/// sides may differ by one part in 10^9.
///
/// ```
/// use interplay_gsm8k::equations;
///
/// let found = equations("He pays 3 * $4 = $12. With tip he pays 12 + 2 = 15.");
/// assert_eq!(found.len(), 2);
/// assert!(found[0].holds && !found[1].holds);
/// assert_eq!((&*found[1].left, &*found[1].right), ("14", "15"));
/// assert!(equations("so x + 3 = 7").is_empty());
/// ```
#[must_use]
pub fn equations(text: &str) -> Vec<Equation> {
    let mut annotations = annotations(text).peekable();
    if annotations.peek().is_none() {
        return in_tokens(&tokens(text, 0..text.len()));
    }
    annotations
        .flat_map(|span| in_tokens(&tokens(text, span)))
        .collect()
}

/// The text between `<<` and `>>`.
pub(crate) fn annotations(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find("<<")? + 2;
        let end = start + text[start..].find(">>")?;
        at = end + 2;
        Some(start..end)
    })
}

/// The text without its annotations, and how many there were.
pub(crate) fn without_annotations(text: &str) -> (String, u32) {
    let (mut output, mut at, mut count) = (String::with_capacity(text.len()), 0, 0);
    for span in annotations(text) {
        output.push_str(&text[at..span.start - 2]);
        (at, count) = (span.end + 2, count + 1);
    }
    output.push_str(&text[at..]);
    (output, count)
}

fn in_tokens(tokens: &[Token]) -> Vec<Equation> {
    let side = |token: &Token| !matches!(token.kind, Kind::Equals | Kind::Word | Kind::Break);
    let mut found = Vec::new();
    let mut left = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Word | Kind::Break => left = at + 1,
            Kind::Equals => {
                let length = tokens[at + 1..]
                    .iter()
                    .take_while(|token| side(token))
                    .count();
                let after_word = left > 0 && tokens[left - 1].kind == Kind::Word;
                let right = &tokens[at + 1..at + 1 + length];
                let next = tokens.get(at + 1 + length);
                found.extend(equation(&tokens[left..at], after_word, right, next));
                left = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// The equation of two sides, if both can be evaluated and one computes something.
fn equation(
    left: &[Token],
    after_word: bool,
    right: &[Token],
    next: Option<&Token>,
) -> Option<Equation> {
    let first = left.first()?;
    if after_word && matches!(first.kind, Kind::Operator(_)) {
        // The word before it is an operand.
        return None;
    }
    // `= 5 (five)`: the bracket is a remark.
    let remark = right.get(1).is_some_and(|token| token.kind == Kind::Open);
    let right = match value_of(right, Percent::Unit) {
        None if remark => &right[..1],
        _ => right,
    };
    let last = right.last()?;
    let computes = |side: &[Token]| values(side).nth(1).is_some();
    // `= 5 + 3x`: an unknown. `= 15cm` has a unit.
    let attached = next.is_some_and(|next| {
        next.kind == Kind::Word && next.span.start == last.span.end && next.is_letters
    });
    if (attached && computes(right)) || !(computes(left) || computes(right)) {
        return None;
    }
    let judge = |percent| {
        let (left_value, right_value) = (value_of(left, percent)?, value_of(right, percent)?);
        Some(Equation {
            span: first.span.start..last.span.end,
            holds: is_same((left, left_value), (right, right_value), percent)?,
            left: left_value.shown(),
            right: right_value.shown(),
        })
    };
    let judged = judge(Percent::Hundredth)?;
    match judged.holds || !values(left).chain(values(right)).any(|value| value.percent) {
        true => Some(judged),
        false => judge(Percent::Unit),
    }
}

fn values(side: &[Token]) -> impl Iterator<Item = Value> {
    side.iter().filter_map(|token| match token.kind {
        Kind::Value(value) => Some(value),
        _ => None,
    })
}

fn value_of(tokens: &[Token], percent: Percent) -> Option<Ratio> {
    let mut parser = Parser {
        tokens,
        percent,
        at: 0,
        depth: 0,
    };
    let value = parser.sum()?;
    (parser.at == tokens.len()).then_some(value)
}

/// Whether two sides are equal up to rounding; `None` on overflow.
fn is_same(left: (&[Token], Ratio), right: (&[Token], Ratio), percent: Percent) -> Option<bool> {
    if left.1 == right.1 {
        return Some(true);
    }
    let difference = left.1.minus(right.1)?.abs();
    for side in [right.0, left.0] {
        let mut shown = values(side);
        if let (Some(shown), None) = (shown.next(), shown.next())
            && shown.decimals >= ROUNDED_DECIMALS
            && difference.is_less(shown.unit(percent)?)?
        {
            return Some(true);
        }
    }
    let mut all = values(left.0).chain(values(right.0));
    if all.any(|value| value.decimals >= FLOAT_DECIMALS) {
        let scaled = difference.times(Ratio::new(FLOAT_PRECISION, 1)?)?;
        return Some(!right.1.abs().is_less(scaled)?);
    }
    Some(false)
}

struct Parser<'t> {
    tokens: &'t [Token],
    percent: Percent,
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn peek(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    fn sum(&mut self) -> Option<Ratio> {
        let mut value = self.product()?;
        while let Some(Kind::Operator(operator @ (b'+' | b'-'))) = self.peek() {
            self.at += 1;
            let next = self.product()?;
            value = match operator {
                b'+' => value.plus(next)?,
                _ => value.minus(next)?,
            };
        }
        Some(value)
    }

    fn product(&mut self) -> Option<Ratio> {
        let mut value = self.factor()?;
        loop {
            match self.peek() {
                Some(Kind::Operator(operator @ (b'*' | b'/'))) => {
                    self.at += 1;
                    let next = self.factor()?;
                    value = match operator {
                        b'*' => value.times(next)?,
                        _ => value.over(next)?,
                    };
                }
                Some(Kind::Open) => value = value.times(self.factor()?)?,
                _ => return Some(value),
            }
        }
    }

    fn factor(&mut self) -> Option<Ratio> {
        let kind = self.peek()?;
        self.at += 1;
        match kind {
            Kind::Value(value) => self.fraction(value).or(value.ratio(self.percent)),
            Kind::Operator(b'-') => self.nested(Self::factor)?.negated(),
            Kind::Open => {
                let value = self.nested(Self::sum)?;
                let closed = self.peek() == Some(Kind::Close);
                self.at += 1;
                closed.then_some(value)
            }
            _ => None,
        }
    }

    fn nested(&mut self, part: fn(&mut Self) -> Option<Ratio>) -> Option<Ratio> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let value = part(self);
        self.depth -= 1;
        value
    }

    /// The rest of a fraction (`1/2`) or of a mixed number (`1 1/2`) that begins with `first`. A
    /// fraction without spaces is one operand: `3 / 1/2` is 6.
    fn fraction(&mut self, first: Value) -> Option<Ratio> {
        if let Some(below) = self.tight_denominator(self.at - 1) {
            let value = first.number?.over(below.number?)?;
            self.at += 2;
            return Some(value);
        }
        let Kind::Value(above) = self.peek()? else {
            return None;
        };
        let below = self.tight_denominator(self.at)?;
        let value = first.number?.plus(above.number?.over(below.number?)?)?;
        first.is_whole().then(|| {
            self.at += 3;
            value
        })
    }

    /// The denominator of the fraction whose numerator is the token `at`, where no space and no other
    /// slash is around its slash.
    fn tight_denominator(&self, at: usize) -> Option<Value> {
        let [above, slash, below, rest @ ..] = &self.tokens[at..] else {
            return None;
        };
        let (Kind::Value(numerator), Kind::Value(denominator)) = (above.kind, below.kind) else {
            return None;
        };
        let is_slash = |token: &Token| token.kind == Kind::Operator(b'/');
        let close = |one: &Token, other: &Token| one.span.end == other.span.start;
        let slash_before = at.checked_sub(1).map(|before| &self.tokens[before]);
        let alone = !slash_before.is_some_and(|token| is_slash(token) && close(token, above))
            && !rest
                .first()
                .is_some_and(|token| is_slash(token) && close(below, token));
        let whole = numerator.is_whole() && denominator.is_whole();
        let tight = is_slash(slash) && close(above, slash) && close(slash, below);
        (alone && whole && tight).then_some(denominator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Vec<bool> {
        equations(text)
            .iter()
            .map(|equation| equation.holds)
            .collect()
    }

    #[test]
    fn judges_equations_of_all_forms() {
        for text in [
            "48/2 = 24 clips",
            "0.2 x 50 = $10.",
            "$80 000 x 20/100 = $16 000",
            "16 - 3 - 4 = 9",
            "2 + 3 * 4 = 14",
            "12/3/2 = 2",
            "(1 + 2) * (3 + 4) = 21",
            "80(.95)=76",
            "40% * 25% = 10%",
            "2 - 1/2 = 1 1/2 cups",
            "14 × 1 1/2 = 21",
            "= 3 + 4 = 7",
            "-5 + 3 = -2",
            "12 = 3 * 4",
            "5 + 5 = 10 (ten)",
            "3/4=3/4",
            "25 / 1/3 = 75",
            "17 000/5 = 3 400",
            "100 - 60 = 40%",
            "1 – 3/4 = 1/4",
            "so 2 * 9 = 18cm",
            "60/2/3=10",
        ] {
            assert_eq!(judged(text), [true], "{text}");
        }
        for text in [
            "48/2 = 25",
            "2 + 2 = 5 apples",
            "5% * 5 = 26",
            "2 * 3 = 6 + 1",
            "7/2 = 3",
        ] {
            assert_eq!(judged(text), [false], "{text}");
        }
        assert_eq!(judged("2 * 3 = 6 + 1 = 7"), [false, true]);
        assert_eq!(judged("1+1=2\n2+2=4, 3+3=7"), [true, true, false]);
    }

    #[test]
    fn what_has_words_in_it_is_not_judged() {
        for text in [
            "x + 3 = 7",
            "2x = 6",
            "8m + m = 27",
            "24 = 24",
            "a = 5",
            "2 hours * 3 = 6",
            "1/0 = 5",
            "so - 5 + 3 = 2",
            "2 + 2 == 5",
            "2 + 2 >= 5",
            "2:30 + 1 = 3",
            "5 - x = 3",
            "1 + 1 =",
            "3 * 4 = 12 - x",
            "26 = 5 + 3x",
            "70 = (3/2)x",
            "60 minutes x 3/4 = 45",
            "2**3 = 8",
            "= = =",
            "",
            "((((1 + 1 = 2",
        ] {
            assert_eq!(judged(text), [false; 0], "{text}");
        }
    }

    #[test]
    fn rounded_values_hold() {
        for (text, holds) in [
            ("10/3 = 3.33", true),
            ("20/3 = 6.66", true),
            ("20/3 = 6.67", true),
            ("20/3 = 6.65", false),
            ("10/3 = 3.3", false),
            ("800/3 = 266.6666666666667", true),
            ("33.333333333333336*1.5 = 50.0", true),
            ("1/3*5 = 1.6666666666666665", true),
            ("2/3 = 66.67%", true),
            ("1000000000000 + 1 = 1000000000002", false),
        ] {
            assert_eq!(judged(text), [holds], "{text}");
        }
    }

    #[test]
    fn annotations_come_first() {
        let text = "1 + 1 = 3 is <<1+1=2>>2, 3 = <<1+1=3>>";
        let found = equations(text);
        assert_eq!(found.len(), 2);
        assert_eq!(&text[found[1].span.clone()], "1+1=3");
        assert!(found[0].holds && !found[1].holds);
        let (stripped, count) = without_annotations(text);
        assert_eq!((stripped.as_str(), count), ("1 + 1 = 3 is 2, 3 = ", 2));
        assert_eq!(without_annotations("a << b"), ("a << b".to_owned(), 0));
    }

    #[test]
    fn values_too_long_and_too_deep_are_not_judged() {
        let long = "9".repeat(50);
        assert!(equations(&format!("{long} + 1 = 3")).is_empty());
        let deep = format!("{}1{} + 1 = 2", "(".repeat(100_000), ")".repeat(100_000));
        assert!(equations(&deep).is_empty());
    }
}
