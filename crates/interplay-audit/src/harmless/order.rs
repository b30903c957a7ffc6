//! The same steps in another order.

use crate::draw::Draw;
use crate::edit::Edit;
use crate::scene::Scene;

/// Any order is right in which each step follows those that it reads.
pub(super) fn reordered(scene: &Scene<'_>, draw: &mut Draw) -> Option<String> {
    let steps = &scene.script.steps;
    let mut placed = vec![false; steps.len()];
    let mut order = Vec::with_capacity(steps.len());
    while order.len() < steps.len() {
        let ready: Vec<usize> = (0..steps.len())
            .filter(|step| !placed[*step] && steps[*step].reads.iter().all(|read| placed[*read]))
            .collect();
        let next = *draw.pick(&ready)?;
        placed[next] = true;
        order.push(next);
    }
    let moved = steps
        .iter()
        .zip(&order)
        .map(|(slot, step)| Edit::new(slot.span.clone(), scene.script.of(&steps[*step].span)));
    Some(scene.edited(moved.collect()))
}
