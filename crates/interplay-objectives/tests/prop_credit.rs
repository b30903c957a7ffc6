//! Properties of per-step credit over random groups of completions.

use interplay_objectives::credit::{Completion, CreditSpec, NodeCredit, Potential, Process, Step};
use proptest::prelude::*;

/// A completion of a problem with `needed` nodes: steps side by side with a gap after each, some of
/// which state a node, and the first wrong one is to blame.
fn completions(needed: usize) -> impl Strategy<Value = Completion> {
    let step = (
        1_usize..5,
        any::<bool>(),
        prop::option::of(0..needed),
        any::<u16>(),
    );
    (prop::collection::vec(step, 0..8), 1_usize..4).prop_map(move |(drawn, behind)| {
        let mut at = 0;
        let mut steps = Vec::new();
        for (index, (length, correct, node, uses)) in drawn.into_iter().enumerate() {
            steps.push(Step {
                tokens: at..at + length,
                correct,
                node,
                uses: (0..index).filter(|used| uses >> used & 1 == 1).collect(),
            });
            at += length + 1;
        }
        let wrong = steps.iter().find(|step| !step.correct);
        Completion {
            blamed: wrong.map(|step| step.tokens.clone()),
            tokens: at + behind,
            steps,
            needed,
        }
    })
}

fn groups() -> impl Strategy<Value = (Vec<Completion>, Vec<f64>)> {
    (1_usize..5, 1_usize..7).prop_flat_map(|(needed, size)| {
        let members = prop::collection::vec(completions(needed), size);
        (members, prop::collection::vec(-2.0..2.0_f64, size))
    })
}

fn specs() -> Vec<CreditSpec> {
    let node = NodeCredit {
        outcome_weight: 0.5,
        scale: false,
        ..NodeCredit::default()
    };
    let potential = Potential {
        gamma: 0.9,
        weight: 0.5,
        terminal_zero: false,
    };
    vec![
        CreditSpec::Completion,
        CreditSpec::FirstError,
        CreditSpec::Node(NodeCredit::default()),
        CreditSpec::Node(node),
        CreditSpec::Potential(Potential::default()),
        CreditSpec::Potential(potential),
        CreditSpec::Process(Process::default()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_token_has_a_finite_advantage((group, advantages) in groups()) {
        for spec in specs() {
            prop_assert!(spec.validate().is_empty());
            let tokens = spec.assign(&group, &advantages);
            prop_assert_eq!(tokens.len(), group.len());
            for (tokens, completion) in tokens.iter().zip(&group) {
                prop_assert_eq!(tokens.len(), completion.tokens);
                prop_assert!(tokens.iter().all(|advantage| advantage.is_finite()));
            }
        }
    }

    #[test]
    fn without_steps_every_credit_is_that_of_the_completion(
        lengths in prop::collection::vec(0_usize..9, 1..6),
        advantage in -2.0..2.0_f64,
    ) {
        let group: Vec<Completion> = lengths.into_iter().map(Completion::of_tokens).collect();
        let advantages = vec![advantage; group.len()];
        let plain = CreditSpec::Completion.assign(&group, &advantages);
        for spec in specs() {
            prop_assert_eq!(&spec.assign(&group, &advantages), &plain);
        }
    }

    #[test]
    fn nothing_before_or_behind_the_first_error_is_charged((group, advantages) in groups()) {
        let tokens = CreditSpec::FirstError.assign(&group, &advantages);
        let members = group.iter().zip(&advantages).zip(&tokens);
        for ((completion, advantage), tokens) in members {
            let Some(blamed) = completion.blamed.clone().filter(|_| *advantage < 0.0) else {
                prop_assert!(tokens.iter().all(|token| token == advantage));
                continue;
            };
            let charged: f64 = tokens.iter().sum();
            prop_assert!((charged - advantage * blamed.len() as f64).abs() < 1e-9);
            prop_assert!(tokens[blamed].iter().all(|token| token == advantage));
        }
    }

    #[test]
    fn the_credits_of_a_node_sum_to_zero((group, _) in groups()) {
        let plain = NodeCredit { scale: false, ..NodeCredit::default() };
        let credits = plain.step_credits(&group);
        let mut sums = [0.0; 8];
        for (completion, credits) in group.iter().zip(&credits) {
            for (step, credit) in completion.steps.iter().zip(credits) {
                prop_assert_eq!(step.node.is_some(), credit.is_some());
                if let (Some(node), Some(credit)) = (step.node, credit) {
                    sums[node] += credit;
                }
            }
        }
        prop_assert!(sums.iter().all(|sum| sum.abs() < 1e-9), "{:?}", sums);
    }

    #[test]
    fn a_step_on_wrong_premises_is_neither_paid_nor_charged((group, _) in groups()) {
        let credits = NodeCredit::default().step_credits(&group);
        for (completion, credits) in group.iter().zip(&credits) {
            for (step, credit) in completion.steps.iter().zip(credits) {
                let wrong = step.uses.iter().any(|used| !completion.steps[*used].correct);
                if wrong && credit.is_some() {
                    prop_assert_eq!(*credit, Some(0.0));
                }
                // Of those compared, right steps never lose and wrong ones never win.
                let sign = if step.correct { 1.0 } else { -1.0 };
                prop_assert!(credit.unwrap_or(0.0) * sign >= 0.0);
            }
        }
    }

    #[test]
    fn shaping_telescopes((group, _) in groups(), gamma in 0.1..=1.0_f64) {
        let potential = Potential { gamma, ..Potential::default() };
        for completion in &group {
            let (payments, end) = potential.payments(completion);
            let mut discount = 1.0;
            let mut sum = 0.0;
            for payment in &payments {
                sum += discount * payment;
                discount *= gamma;
            }
            let right = |node: usize| {
                let states = |step: &Step| step.correct && step.node == Some(node);
                completion.steps.iter().any(states)
            };
            let reached = (0..completion.needed).filter(|node| right(*node)).count();
            let last = reached as f64 / completion.needed as f64;
            prop_assert!((sum - discount * last).abs() < 1e-9);
            prop_assert!((end + last).abs() < 1e-12);
            if gamma == 1.0 {
                prop_assert!((payments.iter().sum::<f64>() + end).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn undiscounted_shaping_gives_back_what_it_paid((group, _) in groups()) {
        for completion in &group {
            let (payments, end) = Potential::default().payments(completion);
            prop_assert!((payments.iter().sum::<f64>() + end).abs() < 1e-9);
            prop_assert!(payments.iter().all(|payment| *payment >= 0.0));
        }
    }

    #[test]
    fn normalized_step_rewards_sum_to_zero((group, advantages) in groups()) {
        let process = Process::default();
        let rewards = process.step_rewards(&group);
        let sum: f64 = rewards.iter().flatten().sum();
        prop_assert!(sum.abs() < 1e-9);
        // A token carries what follows: the first all of it, those behind the steps nothing.
        let tokens = process.assign(&group, &advantages);
        for (((completion, advantage), rewards), tokens) in
            group.iter().zip(&advantages).zip(&rewards).zip(&tokens)
        {
            let all = advantage + rewards.iter().sum::<f64>();
            prop_assert!((tokens[0] - all).abs() < 1e-9);
            prop_assert_eq!(tokens[completion.tokens - 1], *advantage);
        }
    }

    #[test]
    fn spans_beyond_the_completion_do_no_harm(
        (group, advantages) in groups(),
        cut in 0_usize..6,
    ) {
        let mut group = group;
        for completion in &mut group {
            completion.tokens = completion.tokens.min(cut);
            for step in &mut completion.steps {
                step.uses.push(99);
            }
        }
        for spec in specs() {
            for (tokens, completion) in spec.assign(&group, &advantages).iter().zip(&group) {
                prop_assert_eq!(tokens.len(), completion.tokens);
            }
        }
    }
}
