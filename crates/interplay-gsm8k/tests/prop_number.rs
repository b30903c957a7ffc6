//! Properties of the number reader, of the answer reader and of the equations.

use std::fmt::Write;
use std::ops::Range;

use interplay_gsm8k::{Number, equations, read_answer};
use proptest::prelude::*;

/// Digits of a whole number without leading zeros, and its decimals.
fn decimal() -> impl Strategy<Value = (bool, String, String)> {
    let whole = prop_oneof!["0", "[1-9][0-9]{0,30}"];
    (any::<bool>(), whole, "[0-9]{0,20}")
}

fn number(text: &str) -> Number {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// The digits in groups of three from the right.
fn grouped(digits: &str, separator: &str) -> String {
    let mut output = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            output.push_str(separator);
        }
        output.push(digit);
    }
    output
}

fn plain(negative: bool, whole: &str, decimals: &str) -> String {
    let mut text = format!("{}{whole}", if negative { "-" } else { "" });
    if !decimals.is_empty() {
        write!(text, ".{decimals}").unwrap();
    }
    text
}

/// Texts in which numbers, operators, tags and words of the reader are frequent.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[0-9]{1,12}",
        "[-+*/x×÷=()%$€£.,: \n–−½¾^_~!<>#\\\\]{1,3}",
        prop::sample::select(vec![
            "####",
            "A: ",
            "the answer is ",
            "Answer:",
            "<answer>",
            "</answer>",
            "</solution>",
            "<<",
            ">>",
            "e5",
            "E-",
            "\u{a0}",
            "\u{202f}",
            "1/0",
            "million",
            "**",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,5}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn is_inside(text: &str, span: &Range<usize>) -> bool {
    text.get(span.clone()).is_some()
}

proptest! {
    #[test]
    fn a_decimal_reads_as_it_is_shown((negative, whole, decimals) in decimal()) {
        let read = number(&plain(negative, &whole, &decimals));
        prop_assert_eq!(number(&read.to_string()), read.clone());
        // Shown without anything that could be left out.
        let shown = read.to_string();
        prop_assert!(!shown.contains('.') || !shown.ends_with('0'));
        prop_assert!(shown != "-0" && !shown.ends_with('.'));
    }

    #[test]
    fn a_fraction_reads_as_it_is_shown(above in 0..10_u64.pow(18), below in 1..10_u64.pow(9)) {
        let read = number(&format!("{above}/{below}"));
        prop_assert_eq!(number(&read.to_string()), read);
    }

    #[test]
    fn equal_fractions_are_equal(
        (a, b, c) in (0..10_000_u64, 1..10_000_u64, 1..10_000_u64),
        (d, e) in (0..10_000_u64, 1..10_000_u64),
    ) {
        let one = number(&format!("{a}/{b}"));
        prop_assert_eq!(&number(&format!("{}/{}", a * c, b * c)), &one);
        prop_assert_eq!(number(&format!("{d}/{e}")) == one, a * e == d * b);
        prop_assert_eq!(number(&format!("{c} {}/{b}", a % b)), number(&format!("{}/{b}", c * b + a % b)));
    }

    #[test]
    fn the_way_of_writing_changes_nothing(
        (negative, whole, decimals) in decimal(),
        zeros in 0..5_usize,
        before in prop::sample::select(vec!["", "$", "about ", "= ", "**", "x = ", " ", "total: $"]),
        after in prop::sample::select(vec!["", ".", "%", " dollars.", "**", " eggs/day", "!", " ", " €"]),
        separator in prop::sample::select(vec!["", ",", "\u{202f}", "\u{a0}", " "]),
    ) {
        let expected = number(&plain(negative, &whole, &decimals));
        let decimals = match decimals.is_empty() && zeros == 0 {
            true => decimals,
            false => format!("{decimals}{}", "0".repeat(zeros.max(1))),
        };
        let written = plain(negative, &grouped(&whole, separator), &decimals);
        let text = format!("{before}{written}{after}");
        prop_assert_eq!(&number(&text), &expected, "{}", text);
        for form in ["<answer>{}</answer>", "so 1 + 1 = 2\n#### {}\n", "He has 3.\nA: {}"] {
            let text = form.replace("{}", &written);
            let read = read_answer(&text).unwrap().number;
            prop_assert_eq!(read.as_ref(), Ok(&expected), "{}", text);
        }
    }

    #[test]
    fn another_number_is_not_equal((negative, whole, decimals) in decimal(), at in any::<prop::sample::Index>()) {
        let text = plain(negative, &whole, &decimals);
        let at = at.index(whole.len()) + usize::from(negative);
        let digit = text.as_bytes()[at];
        let other = char::from(if digit == b'9' { b'1' } else { digit + 1 });
        let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
        prop_assert_ne!(number(&changed), number(&text));
    }

    #[test]
    fn two_different_numbers_are_no_answer(a in 0..10_000_u64, b in 0..10_000_u64) {
        for form in ["<answer> {a} or {b} </answer>", "#### {a}\n#### {b}", "<answer> {a} </answer><answer> {b} </answer>"] {
            let text = form.replace("{a}", &a.to_string()).replace("{b}", &b.to_string());
            let read = read_answer(&text).unwrap().number;
            prop_assert_eq!(read.ok(), (a == b).then(|| Number::from(a)));
        }
    }

    #[test]
    fn any_text_can_be_read(text in any_text()) {
        let _ = text.parse::<Number>();
        if let Some(stated) = read_answer(&text) {
            prop_assert!(is_inside(&text, &stated.span));
            if let Ok(number) = stated.number {
                prop_assert_eq!(number.to_string().parse::<Number>().unwrap(), number);
            }
        }
        let mut end = 0;
        for equation in equations(&text) {
            prop_assert!(is_inside(&text, &equation.span) && equation.span.start >= end);
            end = equation.span.start;
        }
    }

    #[test]
    fn sums_are_judged_by_their_value(a in -1000..1000_i64, b in 0..1000_i64, c in 1..50_i64, off in 0..3_i64) {
        let value = (a + b) * c + off;
        let found = equations(&format!("= ({a} + {b}) * {c} = {value}."));
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(found[0].holds, off == 0);
        prop_assert_eq!(&found[0].left, &(value - off).to_string());
    }
}

/// Texts that make a reader which looks back or ahead too far quadratic: 400 kB of each take
/// minutes then, and milliseconds otherwise.
#[test]
fn long_texts_take_linear_time() {
    let pieces = [
        "1",
        "1,",
        "1 ",
        "1.",
        "1:",
        "1/",
        "(",
        "(1",
        "-",
        "1-",
        "=",
        "1=",
        "1+1=",
        "1+",
        "####",
        "#### 1 ",
        "A: 1\n",
        "A:",
        "answer is ",
        "answer: 1 ",
        "<answer>",
        "<answer>1</answer>",
        "<<",
        "<<1=1>>",
        "$",
        "\\",
        " ",
        "\n",
        "x ",
        "1 x ",
        "1x",
        "a1",
        "1e1",
        "e",
        "**",
        "* ",
        "½",
        "1 000 ",
        "1 1/",
        "1/1 ",
        ".",
        "1)",
        "%",
        "- ",
    ];
    for piece in pieces {
        let text = piece.repeat(400_000 / piece.len());
        for text in [
            format!("{text}1"),
            format!("1{text}"),
            format!("1 + 1 = 2. {text}"),
        ] {
            let _ = read_answer(&text);
            let _ = text.parse::<Number>();
            let _ = equations(&text);
        }
    }
}
