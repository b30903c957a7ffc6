//! The order of the steps of a gold solution. Every order that computes parents first is right.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::generation::draw::Draw;
use crate::generation::skeleton::{Node, Skeleton};
use crate::spec::SolutionOrder;

/// The necessary quantities in the order in which the solution computes them. `rank` is the position
/// of each quantity in the problem text (0 for unstated ones).
pub(crate) fn steps(
    skeleton: &Skeleton,
    order: SolutionOrder,
    rank: &[usize],
    draw: &mut Draw,
) -> Vec<usize> {
    let needed = &skeleton.nodes[..skeleton.necessary];
    match order {
        SolutionOrder::DepthFirst => depth_first(skeleton),
        SolutionOrder::Random => parents_first(needed, draw),
        SolutionOrder::Stated => {
            let mut ready = BinaryHeap::new();
            ready_first(
                needed,
                |ready: &mut BinaryHeap<Reverse<(usize, usize)>>| {
                    ready.pop().map_or(0, |Reverse((_, node))| node)
                },
                &mut ready,
                |ready, node| ready.push(Reverse((rank[node], node))),
            )
        }
    }
}

/// All quantities in a random order in which parents come first.
pub(crate) fn parents_first(nodes: &[Node], draw: &mut Draw) -> Vec<usize> {
    let mut ready = Vec::new();
    ready_first(
        nodes,
        |ready: &mut Vec<usize>| {
            let index = draw.below(ready.len());
            ready.swap_remove(index)
        },
        &mut ready,
        Vec::push,
    )
}

/// Kahn's algorithm: takes one of the ready quantities until all are taken.
fn ready_first<Ready>(
    nodes: &[Node],
    mut take: impl FnMut(&mut Ready) -> usize,
    ready: &mut Ready,
    mut put: impl FnMut(&mut Ready, usize),
) -> Vec<usize> {
    let mut waits: Vec<usize> = nodes.iter().map(|node| node.parents.len()).collect();
    let mut children = vec![Vec::new(); nodes.len()];
    for (child, node) in nodes.iter().enumerate() {
        for parent in &node.parents {
            children[*parent].push(child);
        }
        if node.parents.is_empty() {
            put(ready, child);
        }
    }
    let mut taken = Vec::with_capacity(nodes.len());
    // The graph is acyclic, so something is ready until everything is taken.
    while taken.len() < nodes.len() {
        let node = take(ready);
        taken.push(node);
        for child in &children[node] {
            waits[*child] -= 1;
            if waits[*child] == 0 {
                put(ready, *child);
            }
        }
    }
    taken
}

/// Post-order from the target, operands from left to right.
fn depth_first(skeleton: &Skeleton) -> Vec<usize> {
    let target = skeleton.necessary - 1;
    let mut seen = vec![false; skeleton.necessary];
    let mut taken = Vec::with_capacity(skeleton.necessary);
    seen[target] = true;
    let mut path = vec![(target, 0)];
    while let Some((node, next)) = path.last_mut() {
        match skeleton.nodes[*node].parents.get(*next) {
            Some(parent) => {
                *next += 1;
                if !std::mem::replace(&mut seen[*parent], true) {
                    path.push((*parent, 0));
                }
            }
            None => {
                taken.push(*node);
                path.pop();
            }
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::skeleton::Node;
    use interplay_graph::{Definition, SeedStreams};

    /// 0, 1 leaves; 2 = 1; 3 = 2 + 0.
    fn skeleton() -> Skeleton {
        let node = |definition, parents: &[usize], value| Node {
            definition,
            parents: parents.to_vec(),
            value,
        };
        let nodes = vec![
            node(Definition::constant(1), &[], 1),
            node(Definition::constant(2), &[], 2),
            node(Definition::sum(), &[1], 2),
            node(Definition::sum(), &[2, 0], 3),
        ];
        Skeleton {
            nodes,
            necessary: 4,
        }
    }

    fn order(order: SolutionOrder, rank: &[usize], index: u64) -> Vec<usize> {
        let mut draw = Draw::new(SeedStreams::new(1).stream("order").rng(index));
        steps(&skeleton(), order, rank, &mut draw)
    }

    #[test]
    fn depth_first_finishes_the_first_operand_first() {
        assert_eq!(order(SolutionOrder::DepthFirst, &[], 0), [1, 2, 0, 3]);
    }

    #[test]
    fn stated_follows_the_problem_where_it_can() {
        assert_eq!(order(SolutionOrder::Stated, &[1, 2, 0, 3], 0), [0, 1, 2, 3]);
        assert_eq!(order(SolutionOrder::Stated, &[3, 1, 2, 0], 0), [1, 2, 0, 3]);
    }

    #[test]
    fn random_reaches_every_topological_order() {
        let seen: std::collections::BTreeSet<_> = (0..100)
            .map(|index| order(SolutionOrder::Random, &[], index))
            .collect();
        let all = [vec![0, 1, 2, 3], vec![1, 0, 2, 3], vec![1, 2, 0, 3]];
        assert_eq!(seen, all.into_iter().collect());
    }
}
