//! Steps that the answer does not need, from the full graph of the problem.

use std::collections::HashMap;

use interplay_graph::{Core, Outer, QuantityId, ReasoningGraph};

use super::super::draw::Draw;
use super::super::edit::Edit;
use super::super::expression::Expression;
use super::super::linear::Linear;
use super::super::scene::Scene;

/// How many steps one mutant may gain.
const MOST: usize = 3;

pub(super) fn step(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    inserted(scene, draw, |value, _| value)
}

/// The solution with a step about an unneeded quantity, and steps for what it reads where these
/// are missing too; `told` says which constant the last one states.
pub(crate) fn inserted(
    scene: &Scene<'_>,
    draw: &mut Draw,
    told: impl Fn(i128, &mut Draw) -> i128,
) -> Option<String> {
    let (graph, _) = scene.subject.graph.as_ref()?;
    let mut known = Known::of(scene)?;
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
    // Behind every step that they read, and before the answer.
    let mut before = 0;
    for parent in wanted.iter().flat_map(|id| graph.quantity(*id).parents()) {
        let name = &graph.quantity(*parent).name;
        let steps = 0..scene.script.steps.len();
        let place = steps.clone().find(|step| scene.script.name(*step) == name);
        before = before.max(place.map_or(0, |place| place + 1));
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
        let sides = known.define(scene, graph, *id, &symbol, |value| told(value, draw))?;
        text.push_str(&scene.sentence(&graph.quantity(*id).name, &symbol, &sides));
        text.push(' ');
    }
    Some(scene.edited(vec![Edit::insert(scene.before_step(before), text)]))
}

/// Symbols and forms of quantities that have a step, by name.
struct Known(HashMap<String, (String, Linear)>);

impl Known {
    fn of(scene: &Scene<'_>) -> Option<Self> {
        let script = scene.script;
        let mut known = HashMap::new();
        for (place, step) in script.steps.iter().enumerate() {
            let form = (script.symbol(place).to_owned(), Linear::of(step.value)?);
            known.insert(script.name(place).to_owned(), form);
        }
        Some(Self(known))
    }

    fn fresh(&self, scene: &Scene<'_>, draw: &mut Draw) -> String {
        let mut symbol = scene.fresh_symbol(draw);
        while self.0.values().any(|(used, _)| *used == symbol) {
            symbol.push('z');
        }
        symbol
    }

    /// The sides of a quantity's equation; it is known from then on.
    fn define(
        &mut self,
        scene: &Scene<'_>,
        graph: &ReasoningGraph,
        id: QuantityId,
        symbol: &str,
        told: impl FnOnce(i128) -> i128,
    ) -> Option<String> {
        let quantity = graph.quantity(id);
        let letter = scene.script.letter().unwrap_or("x");
        let (mut named, mut numbers): (Option<Expression>, Option<Expression>) = (None, None);
        let mut value = Linear::constant(0);
        let negative = matches!(quantity.definition.core, Core::Difference);
        for (place, parent) in quantity.parents().iter().enumerate() {
            let (parent, form) = self.0.get(&graph.quantity(*parent).name)?;
            // Forms of the unknown would need rules of their own for parentheses.
            if form.coefficient != 0 {
                return None;
            }
            let minus = negative && place > 0;
            let sign = if minus { '-' } else { '+' };
            let join = |sum: Option<Expression>, term: Expression| match sum {
                None => term,
                Some(sum) => Expression::operation(sum, sign, term),
            };
            named = Some(join(named, Expression::Symbol(parent.clone())));
            numbers = Some(join(numbers, Expression::Number(form.constant)));
            value = value.plus(form.times(if minus { -1 } else { 1 })?)?;
        }
        let (Some(named), Some(numbers)) = (named, numbers) else {
            let Core::Constant(given) = quantity.definition.core else {
                return None;
            };
            value = Linear::constant(given.into());
            if quantity.definition.outer.is_some() {
                return None;
            }
            self.0
                .insert(quantity.name.clone(), (symbol.to_owned(), value));
            value.constant = told(value.constant);
            return Some(value.text(letter));
        };
        let outer = |inner: Expression| match quantity.definition.outer {
            None => inner,
            Some(Outer::Plus(k)) => Expression::operation(inner, '+', Expression::Number(k.into())),
            Some(Outer::Times(k)) => {
                let inner = match inner.is_sum() {
                    true => Expression::Group(Box::new(inner)),
                    false => inner,
                };
                Expression::operation(Expression::Number(k.into()), '*', inner)
            }
        };
        match quantity.definition.outer {
            None => {}
            Some(Outer::Plus(k)) => value = value.plus(Linear::constant(k.into()))?,
            Some(Outer::Times(k)) => value = value.times(k.into())?,
        }
        self.0
            .insert(quantity.name.clone(), (symbol.to_owned(), value));
        value.constant = told(value.constant);
        let (named, numbers) = (outer(named), outer(numbers));
        Some(match numbers {
            Expression::Operation(_) => format!("{named} = {numbers} = {}", value.text(letter)),
            _ => format!("{named} = {}", value.text(letter)),
        })
    }
}
