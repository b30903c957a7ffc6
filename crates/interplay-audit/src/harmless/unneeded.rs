//! Steps that the answer does not need, from the full graph of the problem.

use std::collections::HashMap;

use interplay_graph::{Core, Definition, Outer, Quantity, QuantityId};

use crate::draw::Draw;
use crate::edit::Edit;
use crate::expression::Expression;
use crate::scene::Scene;

/// The most steps that one mutant may gain.
const MOST: usize = 3;

pub(super) fn step(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    inserted(scene, draw, |value, _| value)
}

/// The solution with a step about an unneeded quantity, preceded by steps for missing quantities
/// that it reads; `told` turns its constant into the one that is stated.
pub(crate) fn inserted(
    scene: &Scene<'_>,
    draw: &mut Draw,
    told: impl Fn(i128, &mut Draw) -> i128,
) -> Option<String> {
    let (graph, _) = scene.subject.graph.as_ref()?;
    let mut known = Known::of(scene);
    let missing: Vec<QuantityId> = graph
        .quantities()
        .filter(|(_, quantity)| !known.0.contains_key(&*quantity.name))
        .map(|(id, _)| id)
        .collect();
    let chosen = *draw.pick(&missing)?;
    let wanted: Vec<QuantityId> = graph
        .ancestors(chosen)
        .into_iter()
        .filter(|id| missing.contains(id))
        .collect();
    if wanted.len() > MOST {
        return None;
    }
    // After every step that they read, and before the answer.
    let mut before = 0;
    for parent in wanted.iter().flat_map(|id| graph.quantity(*id).parents()) {
        let name = &graph.quantity(*parent).name;
        let steps = 0..scene.script.steps.len();
        let index = steps.clone().find(|step| scene.script.name(*step) == name);
        before = before.max(index.map_or(0, |index| index + 1));
    }
    before += draw.below(scene.script.steps.len() + 1 - before);
    let mut text = String::new();
    for id in &wanted {
        let symbol = match scene.script.prose {
            true => known.fresh(scene, draw),
            false => graph.quantity(*id).name.clone(),
        };
        let told = |value, draw: &mut Draw| {
            if *id == chosen {
                told(value, draw)
            } else {
                value
            }
        };
        let quantity = graph.quantity(*id);
        let parents = quantity.parents().iter();
        let parents: Vec<&str> = parents.map(|id| &*graph.quantity(*id).name).collect();
        let sides = known.define(quantity, &parents, &symbol, |value| told(value, draw))?;
        text.push_str(&scene.sentence(&quantity.name, &symbol, &sides));
        text.push(' ');
    }
    Some(scene.edited(vec![Edit::insert(scene.before_step(before), text)]))
}

/// Symbols and values of quantities with a step, by name; no value if it depends on the unknown,
/// since forms of the unknown would need their own rules for parentheses.
struct Known(HashMap<String, (String, Option<i128>)>);

impl Known {
    fn of(scene: &Scene<'_>) -> Self {
        let script = scene.script;
        let steps = script.steps.iter().enumerate();
        let known = steps.map(|(index, step)| {
            let [one, two] = step.value;
            let value = (one == two).then_some(one);
            let symbol = script.symbol(index).to_owned();
            (script.name(index).to_owned(), (symbol, value))
        });
        Self(known.collect())
    }

    fn fresh(&self, scene: &Scene<'_>, draw: &mut Draw) -> String {
        let mut symbol = scene.fresh_symbol(draw);
        while self.0.values().any(|(used, _)| *used == symbol) {
            symbol.push('z');
        }
        symbol
    }

    /// The sides of a quantity's equation, with the constant that `told` gives; adds the quantity
    /// to the known ones.
    fn define(
        &mut self,
        quantity: &Quantity,
        parents: &[&str],
        symbol: &str,
        told: impl FnOnce(i128) -> i128,
    ) -> Option<String> {
        let (mut symbols, mut numbers) = (Vec::new(), Vec::new());
        for parent in parents {
            let (symbol, value) = self.0.get(*parent)?;
            symbols.push(Expression::Symbol(symbol.clone()));
            numbers.push(Expression::Number((*value)?));
        }
        let definition = quantity.definition;
        let (named, numbers) = (
            computed(definition, symbols)?,
            computed(definition, numbers)?,
        );
        let value = numbers.value(&|_| None)?;
        let name = quantity.name.clone();
        self.0.insert(name, (symbol.to_owned(), Some(value)));
        let value = told(value);
        Some(match (parents, numbers) {
            ([], _) => value.to_string(),
            (_, Expression::Operation(form)) => {
                format!("{named} = {} = {value}", Expression::Operation(form))
            }
            _ => format!("{named} = {value}"),
        })
    }
}

/// A definition over these operands.
pub(crate) fn computed(definition: Definition, operands: Vec<Expression>) -> Option<Expression> {
    let fold = |terms: Vec<Expression>, sign| {
        let mut terms = terms.into_iter();
        let first = terms.next()?;
        Some(terms.fold(first, |sum, term| Expression::operation(sum, sign, term)))
    };
    let inner = match definition.core {
        Core::Constant(given) => Expression::Number(given.into()),
        Core::Sum => fold(operands, '+')?,
        Core::Difference => fold(operands, '-')?,
        Core::Products => {
            let products = operands.chunks(2).map(|pair| fold(pair.to_vec(), '*'));
            fold(products.collect::<Option<_>>()?, '+')?
        }
    };
    Some(match definition.outer {
        None => inner,
        Some(Outer::Plus(k)) => Expression::operation(inner, '+', Expression::Number(k.into())),
        Some(Outer::Times(k)) => {
            let inner = match inner.is_sum() {
                true => Expression::Group(Box::new(inner)),
                false => inner,
            };
            Expression::operation(Expression::Number(k.into()), '*', inner)
        }
    })
}
