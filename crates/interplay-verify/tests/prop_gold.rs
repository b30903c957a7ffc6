//! Properties over the problems of `interplay-tasks`: what is right passes, what was changed
//! does not.

use std::collections::HashMap;

use interplay_graph::SeedStreams;
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, Mode, Problem, TaskSpec, framing};
use interplay_verify::{Gold, Level, Verdict, Verifier};
use proptest::prelude::*;
use proptest::sample::Index;

fn problem(op: u32, context: &str, dialect: Dialect, mode: Mode, seed: u64) -> Problem {
    let mut spec = TaskSpec::single(Counts::one(op), context, dialect);
    spec.mixture[0].mode = mode;
    spec.distractors = Counts::range(0, 4).unwrap();
    let streams = SeedStreams::new(seed);
    Dataset::new(spec, &ContextLibrary::embedded(), streams, "verify")
        .unwrap()
        .get(0)
        .unwrap()
}

fn problems_of(mode: impl Strategy<Value = Mode>) -> impl Strategy<Value = Problem> {
    let context = prop_oneof![Just("zoo"), Just("school")];
    let dialect = prop_oneof![Just(Dialect::Prose), Just(Dialect::Terse)];
    (2_u32..=20, context, dialect, mode, any::<u64>())
        .prop_map(|(op, context, dialect, mode, seed)| problem(op, context, dialect, mode, seed))
}

fn problems() -> impl Strategy<Value = Problem> {
    problems_of(prop_oneof![Just(Mode::Forward), Just(Mode::Reverse)])
}

fn forward() -> impl Strategy<Value = Problem> {
    problems_of(Just(Mode::Forward))
}

fn gold(problem: &Problem) -> Gold {
    Gold::from_goal(problem.graph(), problem.goal()).unwrap()
}

fn verify(level: Level, gold: &Gold, candidate: &str) -> Verdict {
    Verifier::new(level).verify(gold, candidate)
}

/// Words, numbers, symbols and signs, with the white space between them dropped.
fn tokens(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '\'' => 1,
        c if c.is_whitespace() => 2,
        _ => 3,
    };
    let mut tokens = Vec::new();
    let (mut start, mut last) = (0, 0);
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let next = kind(c);
        if next != last || next == 3 {
            if start < at && last != 2 {
                tokens.push(&text[start..at]);
            }
            start = at;
        }
        last = next;
    }
    tokens
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn gold_is_accepted_at_both_levels_from_every_source(problem in problems()) {
        let solution = problem.solution_text();
        let mut sources = vec![gold(&problem), Gold::from_solution(&solution).unwrap()];
        // A published gold graph does not say what is unknown.
        if problem.mode() == Mode::Forward {
            sources.push(Gold::from_gold_graph(&problem.gold_graph()).unwrap());
        }
        let completion = framing::target_text(&problem);
        for gold in &sources {
            prop_assert_eq!(gold.answer(), problem.answer());
            for level in [Level::Paper, Level::Strict] {
                for candidate in [&solution, &completion] {
                    let verdict = verify(level, gold, candidate);
                    prop_assert!(verdict.accepted, "{}\n{}", verdict, candidate);
                    prop_assert_eq!(verdict.process_accuracy, 1.0);
                    prop_assert!(verdict.answer_correct);
                    prop_assert_eq!(verdict.extra + verdict.missing, 0);
                }
            }
        }
    }

    #[test]
    fn every_step_of_gold_states_its_quantity_from_the_steps_of_its_parents(problem in problems()) {
        let gold = gold(&problem);
        let completion = framing::target_text(&problem);
        for level in [Level::Paper, Level::Strict] {
            let verdict = Verifier::new(level).with_uses().verify(&gold, &completion);
            prop_assert_eq!(verdict.needed, gold.needed());
            let mut stated = HashMap::new();
            let stating = verdict.steps.iter().zip(0_u32..);
            for (node, at) in stating.filter_map(|(step, at)| Some((step.node?, at))) {
                prop_assert!(stated.insert(node, at).is_none());
                let (_, quantity) = problem.graph().quantities().nth(node as usize).unwrap();
                let parents = quantity.parents().iter();
                let mut expected: Vec<u32> =
                    parents.map(|parent| stated[&(parent.index() as u32)]).collect();
                expected.sort_unstable();
                expected.dedup();
                prop_assert_eq!(&verdict.steps[at as usize].uses, &expected, "{}", completion);
            }
            prop_assert_eq!(stated.len() as u32, gold.needed());
        }
    }

    #[test]
    fn a_changed_digit_is_rejected(problem in problems(), which: Index, digit in 0_u8..10) {
        let mut text = problem.solution_text().into_bytes();
        let digits: Vec<usize> = (0..text.len()).filter(|at| text[*at].is_ascii_digit()).collect();
        let at = digits[which.index(digits.len())];
        prop_assume!(text[at] != b'0' + digit);
        text[at] = b'0' + digit;
        let text = String::from_utf8(text).unwrap();
        let verdict = verify(Level::Strict, &gold(&problem), &text);
        prop_assert!(!verdict.accepted, "{}", text);
        prop_assert!(verdict.first_error.is_some());
    }

    #[test]
    fn a_changed_operator_is_rejected(problem in problems(), which: Index, other: Index) {
        let mut text = problem.solution_text();
        let signs: Vec<usize> = [" + ", " - ", " * "]
            .iter()
            .flat_map(|sign| text.match_indices(sign).map(|(at, _)| at + 1).collect::<Vec<_>>())
            .collect();
        prop_assume!(!signs.is_empty());
        let at = signs[which.index(signs.len())];
        let sign = ["+", "-", "*"][other.index(3)];
        prop_assume!(&text[at..=at] != sign);
        text.replace_range(at..=at, sign);
        prop_assert!(!verify(Level::Strict, &gold(&problem), &text).accepted, "{}", text);
    }

    #[test]
    fn a_dropped_repeated_or_late_sentence_is_rejected(problem in forward(), which: Index) {
        let text = problem.solution_text();
        let steps: Vec<&str> = text.split_inclusive(". ").collect();
        let (gold, at) = (gold(&problem), which.index(steps.len() - 1));
        let mut dropped = steps.clone();
        dropped.remove(at);
        let mut doubled = steps.clone();
        doubled.insert(at, steps[at]);
        let mut late = steps.clone();
        let step = late.remove(at).trim_end();
        late.push(" ");
        late.push(step);
        for candidate in [dropped.concat(), doubled.concat(), late.concat()] {
            prop_assert!(!verify(Level::Strict, &gold, &candidate).accepted, "{}", candidate);
        }
    }

    #[test]
    fn white_space_does_not_matter(problem in problems(), spaces in prop::collection::vec(0_usize..4, 1..50)) {
        let mut spaced = String::new();
        let mut next = spaces.iter().cycle();
        for c in problem.solution_text().chars() {
            spaced.push(c);
            if c == ' ' {
                spaced.push_str([" ", "", "\n", "\t"][*next.next().unwrap()]);
            }
        }
        for level in [Level::Paper, Level::Strict] {
            let verdict = verify(level, &gold(&problem), &spaced);
            prop_assert!(verdict.accepted, "{}\n{}", verdict, spaced);
        }
    }

    #[test]
    fn any_order_that_defines_before_use_is_accepted(problem in forward(), seed: u64) {
        let text = problem.solution_text();
        let steps: Vec<&str> = text.split_inclusive(". ").collect();
        let (answer, steps) = steps.split_last().unwrap();
        // Steps are moved to the front one by one; an order that still verifies is legal, and
        // one in which every step comes after its operands must verify.
        let own = |step: &str| match step.strip_prefix("Define ") {
            Some(rest) => rest.split(';').next().unwrap().rsplit(' ').next().unwrap().to_owned(),
            None => step.split(' ').next().unwrap().to_owned(),
        };
        let names: Vec<String> = steps.iter().map(|step| own(step)).collect();
        let reads = |step: &str, name: &str| {
            let equations = step.split_once(';').map_or(step, |(_, equations)| equations);
            tokens(equations).contains(&name)
        };
        let mut left: Vec<usize> = (0..steps.len()).collect();
        let (mut order, mut random) = (Vec::new(), seed);
        while !left.is_empty() {
            let ready = |step: &usize| {
                left.iter().all(|other| other == step || !reads(steps[*step], &names[*other]))
            };
            let ready: Vec<usize> = left.iter().copied().filter(ready).collect();
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            let step = ready[(random >> 33) as usize % ready.len()];
            left.retain(|other| *other != step);
            order.push(steps[step]);
        }
        let candidate = format!("{}{answer}", order.concat());
        for level in [Level::Paper, Level::Strict] {
            let verdict = verify(level, &gold(&problem), &candidate);
            prop_assert!(verdict.accepted, "{}\n{}", verdict, candidate);
        }
    }

    #[test]
    fn any_text_does_not_panic(text in "\\PC{0,200}") {
        let gold = gold(&problem(4, "zoo", Dialect::Terse, Mode::Forward, 1));
        for level in [Level::Paper, Level::Strict] {
            let verdict = verify(level, &gold, &text);
            prop_assert!(!verdict.accepted);
        }
        let _ = Gold::from_solution(&text);
    }

    #[test]
    fn any_mix_of_tokens_does_not_panic(
        problem in problems(),
        picks in prop::collection::vec(any::<Index>(), 0..120),
    ) {
        let text = problem.solution_text();
        let mut pool = tokens(&text);
        pool.extend(["(", ")", "<answer>", "</answer>", "<solution>", "</solution>", "é", "[EOS]"]);
        pool.extend(["Define", " as ", "so", ";", ".", "Answer:", "-", "99999999999999999999"]);
        let mixed: Vec<&str> = picks.iter().map(|pick| pool[pick.index(pool.len())]).collect();
        let mixed = mixed.join(" ");
        let gold = gold(&problem);
        for level in [Level::Paper, Level::Strict] {
            let verdict = verify(level, &gold, &mixed);
            for step in &verdict.steps {
                prop_assert!(mixed.get(step.span.clone()).is_some());
            }
            if let Some(error) = verdict.first_error {
                prop_assert!(mixed.get(error.span).is_some());
            }
        }
    }
}

/// An independent look at an accepted terse text, by naive splitting: every quantity is defined
/// once, after what it reads, and every side of every equation has the true value.
fn holds(problem: &Problem, text: &str) -> bool {
    let graph = problem.graph();
    let truth: HashMap<&str, i64> = graph
        .quantities()
        .map(|(id, quantity)| (quantity.name.as_str(), problem.values()[id.index()]))
        .collect();
    let Some((steps, answer)) = text.split_once("Answer:") else {
        return false;
    };
    let mut defined = Vec::new();
    for sentence in steps
        .split('.')
        .map(str::trim)
        .filter(|sentence| !sentence.is_empty())
    {
        let sides: Vec<&str> = sentence.split('=').map(str::trim).collect();
        let Some(value) = truth.get(sides[0]) else {
            return false;
        };
        for side in &sides[1..] {
            let words = tokens(side);
            let known = |word: &&&str| truth.contains_key(**word);
            if !words
                .iter()
                .filter(known)
                .all(|word| defined.contains(word))
            {
                return false;
            }
            if naive(&words, &truth) != Some(*value) {
                return false;
            }
        }
        if sides.len() < 2 || defined.contains(&sides[0]) {
            return false;
        }
        defined.push(sides[0]);
        // The definition reads exactly what its sentence names.
        let id = graph.find(sides[0]).unwrap();
        let quantity = graph.quantity(id);
        let mut reads: Vec<&str> = quantity
            .parents()
            .iter()
            .map(|id| graph.quantity(*id).name.as_str())
            .collect();
        let mut named: Vec<&str> = tokens(sides[1])
            .into_iter()
            .filter(|word| truth.contains_key(word))
            .collect();
        reads.sort_unstable();
        named.sort_unstable();
        if reads != named {
            return false;
        }
    }
    answer.trim().trim_end_matches('.').trim() == problem.answer().to_string()
}

/// The value of a token list, by reducing groups, then products, then sums.
fn naive(words: &[&str], truth: &HashMap<&str, i64>) -> Option<i64> {
    if let Some(open) = words.iter().rposition(|word| *word == "(") {
        let close = open + words[open..].iter().position(|word| *word == ")")?;
        let inner = naive(&words[open + 1..close], truth)?.to_string();
        let words: Vec<&str> = [&words[..open], &[inner.as_str()], &words[close + 1..]].concat();
        return naive(&words, truth);
    }
    let value = |word: &str| truth.get(word).copied().or_else(|| word.parse().ok());
    let mut terms = Vec::new();
    let mut sign = 1;
    let mut at = 0;
    while at < words.len() {
        let mut product: i64 = value(words[at])?;
        at += 1;
        while at + 1 < words.len() && words[at] == "*" {
            product = product.checked_mul(value(words[at + 1])?)?;
            at += 2;
        }
        terms.push(sign * product);
        if at < words.len() {
            sign = match words[at] {
                "+" => 1,
                "-" => -1,
                _ => return None,
            };
            at += 1;
            if at == words.len() {
                return None;
            }
        }
    }
    (!terms.is_empty()).then(|| terms.iter().sum())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn survivors_of_random_edits_are_true(
        op in 2_u32..=9,
        seed: u64,
        edits in prop::collection::vec((0_u8..4, any::<Index>(), any::<Index>()), 1..4),
    ) {
        let problem = problem(op, "zoo", Dialect::Terse, Mode::Forward, seed);
        let text = problem.solution_text();
        prop_assert!(holds(&problem, &text), "{}", text);
        let pool = tokens(&text);
        let mut words = pool.clone();
        for (kind, at, with) in edits {
            let at = at.index(words.len());
            let other = with.index(words.len());
            match kind {
                0 => words[at] = pool[with.index(pool.len())],
                1 => drop(words.remove(at)),
                2 => words.insert(at, pool[with.index(pool.len())]),
                _ => words.swap(at, other),
            }
            if words.is_empty() {
                break;
            }
        }
        let candidate = words.join(" ").replace("Answer :", "Answer:");
        let verdict = verify(Level::Strict, &gold(&problem), &candidate);
        if verdict.accepted {
            prop_assert!(holds(&problem, &candidate), "{}\n{}", text, candidate);
        }
    }
}
