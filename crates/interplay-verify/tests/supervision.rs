//! Noisy supervision: every part of a noisy verdict follows the noisy labels, counted over many
//! candidates of generated problems.

use interplay_graph::SeedStreams;
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, Mode, Problem, TaskSpec};
use interplay_verify::{Gold, Level, Noise, Reason, Supervision, Verdict, Verifier};

const LEVELS: [Level; 2] = [Level::Strict, Level::Paper];

fn problems(dialect: Dialect, mode: Mode) -> Vec<Problem> {
    let mut spec = TaskSpec::single(Counts::range(3, 9).unwrap(), "zoo", dialect);
    spec.mixture[0].mode = mode;
    let (library, streams) = (ContextLibrary::embedded(), SeedStreams::new(3));
    let data = Dataset::new(spec, &library, streams, "supervision").unwrap();
    (0..60).map(|index| data.get(index).unwrap()).collect()
}

/// Right and wrong solutions of a problem: as they are, with one digit changed at several places,
/// without a sentence, with one twice, with text where none belongs, with the answer too early.
fn candidates(solution: &str) -> Vec<String> {
    let mut all = vec![solution.to_owned(), format!("{solution} Hm.")];
    let digits = solution
        .bytes()
        .enumerate()
        .filter(|(_, byte)| byte.is_ascii_digit());
    for (at, byte) in digits.step_by(3) {
        let mut changed = solution.as_bytes().to_vec();
        changed[at] = if byte == b'9' { b'1' } else { byte + 1 };
        all.push(String::from_utf8(changed).unwrap());
    }
    let sentences: Vec<&str> = solution.split_inclusive(". ").collect();
    for skipped in 0..sentences.len() {
        let kept = (0..sentences.len()).filter(|at| *at != skipped);
        all.push(kept.map(|at| sentences[at]).collect());
    }
    let (last, before) = sentences.split_last().unwrap();
    all.push(format!("{}{}{last}", before.concat(), before[0]));
    all.push(format!("Blah blah. {solution}"));
    if let Some((late, early)) = before.split_last() {
        all.push(format!("{}{last} {late}", early.concat()));
    }
    all
}

/// What must hold of every verdict, noisy or not.
fn assert_consistent(level: Level, verdict: &Verdict, candidate: &str) {
    let says = format!("{level:?} {verdict:?}\n{candidate}");
    assert_eq!(verdict.accepted, verdict.first_error.is_none(), "{says}");
    let counts = |step: &&interplay_verify::StepVerdict| level == Level::Strict || step.needed;
    let mut counting = verdict.steps.iter().filter(counts);
    let wrong = counting.find(|step| !step.correct);
    let Some(blame) = verdict.blame() else {
        assert!(
            verdict.accepted && wrong.is_none() && verdict.missing == 0,
            "{says}"
        );
        return;
    };
    assert!(!verdict.accepted, "{says}");
    // The blamed sentence is labeled wrong, and it is the first such.
    let blamed = verdict
        .steps
        .iter()
        .find(|step| (step.span.start, Some(step.span.end)) == (blame.start, blame.end));
    assert!(blamed.is_none_or(|step| !step.correct), "{says}");
    if let Some(wrong) = wrong {
        let first = blamed.map_or(blame.start, |step| step.span.start);
        assert!(first <= wrong.span.start, "{says}");
    } else {
        assert!(blamed.is_none(), "{says}");
    }
}

#[test]
fn verdicts_follow_the_noisy_labels() {
    let stream = SeedStreams::new(5).stream("noise");
    let (mut rejected_right, mut accepted_wrong, mut judged) = (0, 0, 0);
    for dialect in [Dialect::Terse, Dialect::Prose] {
        for mode in [Mode::Forward, Mode::Reverse] {
            for (number, problem) in (0..).zip(problems(dialect, mode)) {
                let gold = Gold::from_goal(problem.graph(), problem.goal()).unwrap();
                for (position, candidate) in (0..).zip(candidates(&problem.solution_text())) {
                    for level in LEVELS {
                        let verifier = Verifier::new(level);
                        let exact = verifier.verify(&gold, &candidate);
                        for noise in [Noise::Flip { rate: 0.3 }, Noise::Drop { rate: 0.5 }] {
                            let noisy = Supervision::new(verifier, noise, stream).unwrap();
                            let verdict = noisy.verify(&gold, &candidate, number * 1000 + position);
                            assert_consistent(level, &verdict, &candidate);
                            judged += 1;
                            accepted_wrong += u32::from(verdict.accepted && !exact.accepted);
                            if exact.accepted && !verdict.accepted {
                                rejected_right += 1;
                                let error = verdict.first_error.unwrap();
                                assert_eq!(error.reason, Reason::JudgedWrong);
                                assert!(!candidate[error.span].is_empty());
                            }
                        }
                    }
                }
            }
        }
    }
    // The noise must have had its say in both directions.
    println!("{judged} verdicts, {rejected_right} right rejected, {accepted_wrong} wrong accepted");
    assert!(judged > 10_000 && rejected_right > 200 && accepted_wrong > 200);
}

#[test]
fn blame_is_spread_over_the_steps_that_the_noise_picks() {
    let problem = &problems(Dialect::Terse, Mode::Forward)[0];
    let gold = Gold::from_goal(problem.graph(), problem.goal()).unwrap();
    let solution = problem.solution_text();
    let stream = SeedStreams::new(6).stream("noise");
    let strict = Verifier::new(Level::Strict);
    let noisy = Supervision::new(strict, Noise::Flip { rate: 0.3 }, stream).unwrap();
    let steps = strict.verify(&gold, &solution).steps.len();
    let mut blamed = vec![0_u32; steps];
    const ROUNDS: u32 = 4_000;
    for index in 0..u64::from(ROUNDS) {
        let verdict = noisy.verify(&gold, &solution, index);
        if let Some(error) = verdict.first_error {
            blamed[error.step] += 1;
        }
    }
    // The first wrong label is geometrically distributed.
    for (position, count) in blamed.into_iter().enumerate() {
        let expected = f64::from(ROUNDS) * 0.3 * 0.7_f64.powi(position as i32);
        let found = f64::from(count);
        assert!(
            (found - expected).abs() < 5.0 * expected.sqrt() + 1.0,
            "{position}: {found}"
        );
    }
}
