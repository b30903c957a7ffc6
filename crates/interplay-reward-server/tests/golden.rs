//! The same answers as the server of the Python package, from `tests/golden/replies.json`.

use std::collections::BTreeMap;

use interplay_objectives::reward::RewardSpec;
use interplay_reward_server::{END_TOKENS, Limits, Scorer, Server};
use interplay_verify::{Level, Verifier};
use serde_json::{Map, Value, json};

mod client;

/// The scorer with the settings of a case.
fn scorer(settings: &Value) -> Scorer {
    let mut table: Map<String, Value> = settings.as_object().unwrap().clone();
    let level = table.remove("level");
    let level = level.map_or(Level::Strict, |level| {
        level.as_str().unwrap().parse().unwrap()
    });
    let forbid_unneeded = table.remove("forbid_unneeded") == Some(json!(true));
    let end_tokens = table.remove("end_tokens");
    let spec: RewardSpec = serde_json::from_value(Value::Object(table)).unwrap();
    let verifier = match forbid_unneeded {
        true => Verifier::new(level).forbid_unneeded(),
        false => Verifier::new(level),
    };
    let scorer = Scorer::new(spec, verifier).unwrap();
    match end_tokens {
        None => scorer,
        Some(tokens) => tokens
            .as_array()
            .unwrap()
            .iter()
            .fold(scorer.without_end_tokens(), |scorer, token| {
                scorer.with_end_token(token.as_str().unwrap())
            }),
    }
}

#[test]
fn answers_as_the_python_server_does() {
    let golden: Value = serde_json::from_str(include_str!("golden/replies.json")).unwrap();
    assert_eq!(golden["end_tokens"], json!(END_TOKENS));
    let mut limits = Limits::default();
    limits.max_body_bytes = usize::try_from(golden["max_body_bytes"].as_u64().unwrap()).unwrap();
    let settings = golden["settings"].as_array().unwrap();
    let servers: Vec<client::Running> = settings
        .iter()
        .map(|settings| {
            client::Running::of(Server::bind("127.0.0.1", 0, scorer(settings), limits).unwrap())
        })
        .collect();
    let mut statuses: BTreeMap<u64, usize> = BTreeMap::new();
    for (number, case) in golden["cases"].as_array().unwrap().iter().enumerate() {
        let index = |key: &str| usize::try_from(case[key].as_u64().unwrap()).unwrap();
        let (text, count): (String, usize) =
            serde_json::from_value(golden["bodies"][index("body")].clone()).unwrap();
        let body = text.repeat(count);
        let mut answer = servers[index("settings")].post("/get_reward", body.as_bytes());
        let start: String = body.chars().take(300).collect();
        assert_eq!(case["status"], answer.status, "case {number}: {start}");
        *statuses.entry(answer.status.into()).or_default() += 1;
        if case["reply"].is_null() {
            assert!(answer.json["error"].is_string(), "case {number}");
            continue;
        }
        let reply = answer.json.as_object_mut().unwrap();
        assert_eq!(reply.remove("scores").as_ref(), reply.get("rewards"));
        let errors: Vec<u64> = reply["errors"]
            .as_object()
            .unwrap()
            .keys()
            .map(|key| key.parse().unwrap())
            .collect();
        let mut errors = errors;
        errors.sort_unstable();
        reply.insert("errors".to_owned(), json!(errors));
        assert_eq!(answer.json, case["reply"], "case {number}: {start}");
    }
    assert!(
        [200, 400, 413, 422]
            .iter()
            .all(|status| statuses.contains_key(status)),
        "{statuses:?}"
    );
}
