//! Changed arithmetic operators.
//!
//! Why they are wrong: a numeric form must have the operators of its expression, and an expression
//! with another operator is another function of what it reads. The operators check that at several
//! points; a change that makes no difference (`+ 0`, `- 0`) gives no mutant.

use crate::carry;
use crate::draw::Draw;
use crate::edit::{Edit, edited};
use crate::expression::Expression;
use crate::scene::{At, Scene};
use crate::script::Side;
use crate::tokens::{Kind, Token, tokens};

/// The operators of a side; the sign of a negative number is not one.
fn operators(scene: &Scene<'_>, side: &Side) -> Vec<Token> {
    let text = &scene.script.text;
    let mut found = Vec::new();
    let mut after_operand = false;
    for token in &side.tokens {
        let sign = token.kind == Kind::Sign;
        if after_operand && sign && matches!(token.of(text), "+" | "-" | "*") {
            found.push(*token);
        }
        after_operand = !sign || token.is(text, ")");
    }
    found
}

fn another(sign: &str, draw: &mut Draw) -> &'static str {
    let others = match sign {
        "+" => ["*", "-"],
        "-" => ["+", "*"],
        _ => ["+", "-"],
    };
    others[draw.below(2)]
}

/// An expression with one operator changed.
struct Changed {
    at: At,
    expression: Expression,
    /// Which of the side's operators.
    site: usize,
    sign: &'static str,
}

fn change(scene: &Scene<'_>, draw: &mut Draw) -> Option<Changed> {
    let all = scene.clauses(|at, _| !scene.given(at));
    let mut sites = Vec::new();
    for at in all {
        let count = operators(scene, &scene.clause(at).sides[0]).len();
        sites.extend((0..count).map(|site| (at, site)));
    }
    let (at, site) = *draw.pick(&sites)?;
    let side = &scene.clause(at).sides[0];
    let token = operators(scene, side)[site];
    let sign = another(token.of(&scene.script.text), draw);
    let whole = scene.script.of(&side.span);
    let start = token.start - side.span.start;
    let text = edited(whole, vec![Edit::new(start..start + 1, sign)]);
    let expression = Expression::read(&text, &tokens(&text, 0..text.len()))?;
    scene.changes_function(at, &expression).then_some(Changed {
        at,
        expression,
        site,
        sign,
    })
}

fn written(scene: &Scene<'_>, changed: &Changed) -> Edit {
    let span = scene.clause(changed.at).sides[0].span.clone();
    Edit::new(span, changed.expression.to_string())
}

pub(super) fn symbolic(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let changed = change(scene, draw)?;
    Some(scene.edited(vec![written(scene, &changed)]))
}

pub(super) fn numeric(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let mut sites = Vec::new();
    for at in scene.clauses(|_, clause| clause.sides.len() > 2) {
        sites.extend(operators(scene, &scene.clause(at).sides[1]));
    }
    let token = draw.pick(&sites)?;
    let sign = another(token.of(&scene.script.text), draw);
    Some(scene.edited(vec![Edit::new(token.range(), sign)]))
}

pub(super) fn both(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let changed = change(scene, draw)?;
    let sides = &scene.clause(changed.at).sides;
    let [first, form, _, ..] = &**sides else {
        return None;
    };
    let (before, numbers) = (operators(scene, first), operators(scene, form));
    let text = &scene.script.text;
    let signs = |tokens: &[Token]| -> Vec<String> {
        tokens
            .iter()
            .map(|token| token.of(text).to_owned())
            .collect()
    };
    if signs(&before) != signs(&numbers) {
        return None;
    }
    let number = Edit::new(numbers[changed.site].range(), changed.sign);
    Some(scene.edited(vec![written(scene, &changed), number]))
}

pub(super) fn carried(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let changed = change(scene, draw)?;
    carry::carried(scene, changed.at, &changed.expression)
}
