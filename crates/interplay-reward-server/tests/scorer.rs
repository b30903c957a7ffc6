//! What a scorer pays, on the cases of the Python adapter's tests.

use interplay_graph::SeedStreams;
use interplay_objectives::reward::RewardSpec;
use interplay_reward_server::{ItemError, Reply, Request, Scorer};
use interplay_tasks::framing::prompt_text;
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, Problem, TaskSpec};
use interplay_verify::{Gold, Level, Verifier};
use serde_json::{Value, json};

fn problems() -> Vec<Problem> {
    let spec = TaskSpec::single(Counts::range(3, 5).unwrap(), "zoo", Dialect::Terse);
    let data = Dataset::new(
        spec,
        &ContextLibrary::embedded(),
        SeedStreams::new(7),
        "train",
    )
    .unwrap();
    (0..4).map(|index| data.get(index).unwrap()).collect()
}

fn label(problem: &Problem) -> String {
    let gold = json!({
        "solution": problem.solution_text(), "problem": problem.problem_text(), "question": problem.question_text(),
        "answer": problem.answer(),
    });
    gold.to_string()
}

fn scorer(spec: RewardSpec) -> Scorer {
    Scorer::new(spec, Verifier::new(Level::Strict)).unwrap()
}

fn reply(scorer: &Scorer, items: &[(Value, Value, Value)]) -> Reply {
    let list = |of: fn(&(Value, Value, Value)) -> &Value| {
        items.iter().map(of).cloned().collect::<Vec<_>>()
    };
    let body = json!({ "query": list(|item| &item.0), "prompts": list(|item| &item.1), "labels": list(|item| &item.2) });
    let body = body.to_string();
    scorer.reply(&Request::read(body.as_bytes()).unwrap())
}

#[test]
fn replies_with_one_number_for_each_item() {
    let problems = problems();
    let responses = [
        problems[0].solution_text(),
        format!("Answer: {}.", problems[1].answer()),
        "no idea".to_owned(),
        problems[3].solution_text(),
    ];
    let items: Vec<_> = problems
        .iter()
        .zip(responses)
        .map(|(problem, response)| {
            let prompt = prompt_text(problem);
            (
                json!(format!("{prompt} {response}")),
                json!(prompt),
                json!(label(problem)),
            )
        })
        .collect();
    let reply = reply(&scorer(RewardSpec::Mixed { alpha: 0.2 }), &items);
    assert_eq!(reply.rewards, [1.0, 0.2, 0.0, 1.0]);
    assert_eq!(reply.scores, reply.rewards);
    let logs = &reply.extra_logs;
    assert_eq!(logs.accepted, [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(logs.answer_correct, [1.0, 1.0, 0.0, 1.0]);
    assert_eq!(logs.process_accuracy, [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(logs.right_answer_wrong_steps, [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(logs.judged, [1.0; 4]);
    assert!(reply.errors.is_empty());
}

#[test]
fn labels_are_json_or_bare_solutions_or_objects() {
    let problem = &problems()[2];
    let (prompt, solution) = (prompt_text(problem), problem.solution_text());
    let parts = json!({ "problem": problem.problem_text(), "question": problem.question_text(), "solution": solution });
    let labels = [
        json!(solution),
        json!(label(problem)),
        json!(json!({ "solution": solution }).to_string()),
        parts,
    ];
    let items = labels.map(|label| (json!(format!("{prompt} {solution}")), json!(prompt), label));
    assert_eq!(reply(&scorer(RewardSpec::Strict), &items).rewards, [1.0; 4]);
}

#[test]
fn an_item_without_a_reward_costs_the_others_nothing() {
    let problem = &problems()[0];
    let (prompt, label) = (prompt_text(problem), label(problem));
    let right = json!(format!("{prompt} {}", problem.solution_text()));
    let good = (right.clone(), json!(prompt), json!(label));
    for (bad, said) in [
        ((right.clone(), json!(prompt), json!("")), "label is empty"),
        (
            (right.clone(), json!(prompt), json!(null)),
            "label is empty",
        ),
        (
            (right.clone(), json!(prompt), json!("gibberish")),
            "gold solution",
        ),
        (
            (right.clone(), json!(prompt), json!("{\"solution\": ")),
            "starts as a JSON object but is none",
        ),
        (
            (right.clone(), json!(prompt), json!("{\"answer\": 4}")),
            "solution",
        ),
        ((right.clone(), json!(prompt), json!(7)), "found a number"),
        (
            (json!(null), json!(prompt), json!(label)),
            "found null and a text",
        ),
        (
            (json!(["text"]), json!(prompt), json!(label)),
            "found a list and a text",
        ),
        (
            (json!("something else"), json!(prompt), json!(label)),
            "does not contain the end of its prompt",
        ),
    ] {
        let reply = reply(
            &scorer(RewardSpec::Strict),
            &[good.clone(), bad, good.clone()],
        );
        assert_eq!(reply.rewards, [1.0, 0.0, 1.0], "{said}");
        assert_eq!(reply.extra_logs.judged, [1.0, 0.0, 1.0]);
        let [(&1, error)] = reply.errors.iter().collect::<Vec<_>>()[..] else {
            panic!("{:?}", reply.errors);
        };
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn cuts_prompts_and_end_tokens_off() {
    let problem = &problems()[0];
    let (prompt, solution) = (prompt_text(problem), problem.solution_text());
    let cut = &prompt[30..];
    let strict = scorer(RewardSpec::Strict);
    for query in [
        format!("{prompt} {solution}<|im_end|>\n"),
        format!("<s>{prompt} {solution} </s></s>"),
        format!("{cut} {solution}<|endoftext|>"),
    ] {
        assert_eq!(
            strict.response(&query, &prompt).unwrap().trim_start(),
            solution,
            "{query}"
        );
    }
    let stopped = format!("{prompt} {solution}<stop>");
    assert!(
        strict
            .response(&stopped, &prompt)
            .unwrap()
            .ends_with("<stop>")
    );
    let stopping = scorer(RewardSpec::Strict)
        .without_end_tokens()
        .with_end_token("")
        .with_end_token("<stop>");
    assert!(
        !stopping
            .response(&stopped, &prompt)
            .unwrap()
            .ends_with("<stop>")
    );
    // The first end of a prompt counts, so a response cannot hide what it says before repeating the prompt.
    let cheat = format!("{cut} rubbish {prompt} {solution}");
    assert!(
        strict
            .response(&cheat, &prompt)
            .unwrap()
            .starts_with(" rubbish")
    );
    let error = strict.response("something else", &prompt).unwrap_err();
    assert!(
        matches!(error, ItemError::ForeignQuery { prompt_end } if prompt_end.chars().count() == 40)
    );
}

#[test]
fn rewards_that_a_verdict_cannot_pay_are_refused() {
    let read = |text: &str| serde_json::from_str::<RewardSpec>(text).unwrap();
    let refused = |text: &str| {
        Scorer::new(read(text), Verifier::new(Level::Strict))
            .unwrap_err()
            .to_string()
    };
    assert!(refused(r#"{"kind": "mixed", "alpha": 2.0}"#).contains("`alpha`"));
    assert!(refused(r#"{"kind": "component", "name": "speed"}"#).contains("`speed`"));
    let endless =
        read(r#"{"kind": "weighted", "weights": {"outcome": 1.7e308, "process": 1.7e308}}"#);
    let gold = Gold::from_solution("fox = 3. Answer: 3.").unwrap();
    let error = scorer(endless)
        .judge(&gold, "fox = 3. Answer: 3.")
        .unwrap_err();
    assert!(matches!(error, ItemError::NotFinite { .. }));
    let paper = scorer(RewardSpec::Paper)
        .judge(&gold, "fox = 3. Answer: 3.")
        .unwrap();
    assert!((paper.reward - 1.0).abs() < 1e-12 && paper.verdict.accepted);
}
