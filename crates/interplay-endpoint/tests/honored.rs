//! What servers honor is found out, and what they refuse is left out.

mod stub;

use interplay_endpoint::{Api, EndpointError, EndpointSpec, Findings};
use serde_json::{Value, json};
use stub::{Answer, Request, Stub, completions, connect, draw, items, refuse, willing};

fn found(spec: EndpointSpec) -> Findings {
    connect(spec).unwrap().findings().clone()
}

#[test]
fn a_willing_server_is_asked_a_few_times() {
    let stub = Stub::start(willing);
    let found = found(stub.spec());
    assert_eq!(found.model.as_deref(), Some("tiny"));
    assert_eq!((found.choices, found.same_choices), (8, false));
    assert!(found.token_ids && found.seed && found.reports_stop && !found.logprobs);
    assert_eq!((found.seed_repeats, found.varies), (Some(true), Some(true)));
    assert!(found.refused.is_empty(), "{:?}", found.refused);
    let sent = json!({
        "top_p": 1.0, "top_k": 0, "min_p": 0.0, "frequency_penalty": 0.0, "presence_penalty": 0.0,
        "repetition_penalty": 1.0, "repeat_penalty": 1.0, "skip_special_tokens": true,
    });
    assert_eq!(Value::Object(found.sent.clone()), sent);
    assert_eq!(found.requests, stub.requests().len());
    assert!(found.requests <= 8, "{}", found.requests);
    let written = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Findings>(&written).unwrap(), found);
    assert!(
        found.to_string().contains("completions per request: 8"),
        "{found}"
    );
}

#[test]
fn a_server_that_ignores_n_is_asked_for_one_at_a_time() {
    let stub = Stub::start(|request| match request.is_models() {
        true => willing(request),
        false => Answer::json(200, &completions(request, 1)),
    });
    let endpoint = connect(stub.spec()).unwrap();
    assert_eq!(endpoint.findings().choices, 1);
    let (kept, error) = draw(&endpoint, &items(0..2), 3);
    assert!(error.is_none(), "{error:?}");
    let texts: Vec<&str> = kept[&0]
        .iter()
        .map(|completion| completion.text.as_str())
        .collect();
    assert_eq!(texts.len(), 3);
    assert_ne!(texts[0], texts[1]);
}

#[test]
fn n_is_halved_until_the_server_takes_it() {
    // llama.cpp takes as many as it has slots.
    let slots = |limit: usize, status: u16| {
        Stub::start(move |request| match request.n() > limit {
            true => refuse(status, "Field 'n': Value must be between 1 <= value <= 4"),
            false => willing(request),
        })
    };
    let stub = slots(4, 400);
    assert_eq!(found(stub.spec()).choices, 4);
    for status in [400, 422, 500] {
        let stub = slots(1, status);
        let found = found(stub.spec());
        assert_eq!(found.choices, 1, "{status}");
        assert!(
            found.refused["n"].contains("1 <= value"),
            "{:?}",
            found.refused
        );
    }
}

#[test]
fn a_server_whose_choices_are_all_the_same_is_asked_for_one_at_a_time() {
    // SGLang draws all of them from the same seed with deterministic inference.
    let stub = Stub::start(|request| {
        if request.is_models() {
            return willing(request);
        }
        let choices = vec![stub::choice(request, 0); request.n()];
        Answer::json(200, &json!({"choices": choices}))
    });
    let found = found(stub.spec());
    assert_eq!(
        (found.choices, found.same_choices, found.varies),
        (1, true, Some(true))
    );
}

#[test]
fn a_server_that_does_not_sample_is_found() {
    let stub = Stub::start(|request| match request.is_models() {
        true => willing(request),
        false => Answer::json(
            200,
            &json!({"choices": [{"text": "2", "finish_reason": "stop"}]}),
        ),
    });
    let found = found(stub.spec());
    assert_eq!((found.choices, found.varies), (1, Some(false)));
    assert!(
        found
            .to_string()
            .contains("caution: all completions were the same"),
        "{found}"
    );
    let greedy = EndpointSpec {
        temperature: 0.0,
        ..stub.spec()
    };
    assert_eq!(connect(greedy).unwrap().findings().varies, None);
}

#[test]
fn tokens_are_sent_only_where_they_are_taken_for_tokens() {
    let is_tokens = |request: &Request| request.body["prompt"].is_array();
    let refusing = Stub::start(move |request| match is_tokens(request) {
        true => Answer::json(400, &json!({"detail": "prompt must be a string."})),
        false => willing(request),
    });
    let several = Stub::start(move |request| match is_tokens(request) {
        true => Answer::json(200, &completions(request, 3)),
        false => willing(request),
    });
    let as_text = Stub::start(move |request| match is_tokens(request) {
        true => {
            let mut reply = completions(request, 1);
            reply["usage"]["prompt_tokens"] = json!(7);
            Answer::json(200, &reply)
        }
        false => willing(request),
    });
    let encode = |text: &str| vec![text.len() as u32, 7];
    for stub in [&refusing, &several, &as_text] {
        let endpoint = connect(stub.spec()).unwrap();
        assert!(!endpoint.findings().token_ids);
        stub.answer(willing);
        endpoint
            .draw(&items(0..1), 1, Some(&encode), &mut |_, _| Ok::<(), ()>(()))
            .unwrap();
        assert_eq!(stub.requests()[0].body["prompt"], "problem 0");
    }
    let stub = Stub::start(willing);
    let endpoint = connect(stub.spec()).unwrap();
    stub.answer(willing);
    endpoint
        .draw(&items(0..1), 1, Some(&encode), &mut |_, _| Ok::<(), ()>(()))
        .unwrap();
    assert_eq!(stub.requests()[0].body["prompt"], json!([9, 7]));
}

#[test]
fn keys_that_a_refusal_names_are_changed_or_dropped() {
    // SGLang turns top_k off with -1 and refuses 0.
    let stub = Stub::start(|request| match request.body["top_k"] == json!(0) {
        true => Answer::json(
            400,
            &json!({"object": "error", "message":
            "top_k must be -1 (disable) or at least 1, got 0.", "code": 400}),
        ),
        false => willing(request),
    });
    let sglang = found(stub.spec());
    assert_eq!(sglang.sent["top_k"], json!(-1));
    assert_eq!((sglang.sent.len(), sglang.refused.len()), (8, 0));
    assert!(sglang.requests <= 9, "{}", sglang.requests);

    // transformers names everything that it does not know.
    let stub = Stub::start(|request| {
        let known = [
            "model",
            "prompt",
            "max_tokens",
            "temperature",
            "top_p",
            "seed",
            "n",
            "logprobs",
            "frequency_penalty",
            "presence_penalty",
            "stop",
        ];
        let keys = request
            .body
            .as_object()
            .into_iter()
            .flat_map(|body| body.keys());
        let unknown: Vec<&String> = keys.filter(|key| !known.contains(&key.as_str())).collect();
        match unknown.is_empty() {
            true => willing(request),
            false => {
                let detail = format!("Unexpected fields in the request: {unknown:?}");
                Answer::json(422, &json!({"detail": detail}))
            }
        }
    });
    let transformers = found(stub.spec());
    let refused: Vec<&str> = transformers.refused.keys().map(String::as_str).collect();
    let expected = [
        "min_p",
        "repeat_penalty",
        "repetition_penalty",
        "skip_special_tokens",
        "top_k",
    ];
    assert_eq!(refused, expected);
    assert!(transformers.seed && transformers.sent.contains_key("top_p"));
}

#[test]
fn keys_that_no_refusal_names_are_tried_one_at_a_time() {
    let refusing = |key: &'static str, message: &'static str| {
        Stub::start(move |request| match request.body.get(key) {
            Some(_) => refuse(400, message),
            None => willing(request),
        })
    };
    let stub = refusing("seed", "bad request");
    let no_seed = found(stub.spec());
    assert!(!no_seed.seed && no_seed.refused.contains_key("seed"));
    assert_eq!(
        (
            no_seed.sent.len(),
            no_seed.refused.len(),
            no_seed.seed_repeats
        ),
        (8, 1, None)
    );
    // A refusal that repeats the whole request does not cost the keys that are taken.
    let stub = refusing("min_p", "bad request: seed, top_p, top_k, min_p");
    let no_min_p = found(stub.spec());
    assert!(no_min_p.seed, "{no_min_p:?}");
    assert_eq!((no_min_p.sent.len(), no_min_p.refused.len()), (7, 1));
    // Nor does one that names others than the one it means, time and again.
    let stub = Stub::start(|request| match request.body.get("top_k") {
        Some(value) if *value != json!(-1) => refuse(400, "bad value in top_k, top_p or seed"),
        _ => willing(request),
    });
    let found_again = found(stub.spec());
    assert_eq!(found_again.sent["top_k"], json!(-1));
    assert!(
        found_again.seed && found_again.refused.is_empty(),
        "{found_again:?}"
    );
    // An old llama.cpp fails where it should refuse.
    let stub = Stub::start(|request| match request.body.get("min_p") {
        Some(_) => refuse(500, "Unsupported param: min_p"),
        None => willing(request),
    });
    assert_eq!(found(stub.spec()).refused.len(), 1);
}

#[test]
fn what_is_in_extra_is_sent_as_it_is() {
    let stub = Stub::start(willing);
    let extra = json!({"top_k": 40, "min_p": null, "min_tokens": 2});
    let spec = EndpointSpec {
        extra: serde_json::from_value(extra).unwrap(),
        ..stub.spec()
    };
    let endpoint = connect(spec).unwrap();
    stub.answer(willing);
    draw(&endpoint, &items(0..1), 1);
    let body = &stub.requests()[0].body;
    assert_eq!(
        (&body["top_k"], &body["min_tokens"]),
        (&json!(40), &json!(2))
    );
    assert!(body.get("min_p").is_none());
    // It is never dropped: the server's refusal is the error.
    let stub = Stub::start(|request| match request.body.get("grammar") {
        Some(_) => Answer::json(422, &json!({"detail": "Unexpected fields: {'grammar'}"})),
        None => willing(request),
    });
    let spec = EndpointSpec {
        extra: serde_json::from_value(json!({"grammar": "x"})).unwrap(),
        ..stub.spec()
    };
    let error = connect(spec).unwrap_err().to_string();
    assert!(
        error.contains("422") && error.contains("grammar"),
        "{error}"
    );
}

#[test]
fn greedy_sampling_asks_for_one_completion_at_a_time() {
    let stub = Stub::start(|request| match request.n() > 1 {
        true => refuse(400, "n must be 1 when using greedy sampling"),
        false => willing(request),
    });
    let spec = EndpointSpec {
        temperature: 0.0,
        ..stub.spec()
    };
    let endpoint = connect(spec).unwrap();
    let found = endpoint.findings();
    assert_eq!((found.choices, found.seed_repeats), (1, None));
    let (kept, error) = draw(&endpoint, &items(0..1), 2);
    assert!(error.is_none() && kept[&0].len() == 2);
    assert!(
        stub.requests()
            .iter()
            .skip(1)
            .all(|request| request.body["temperature"] == json!(0.0))
    );
}

#[test]
fn the_model_is_checked_and_filled_in() {
    let listing = |names: &'static [&'static str]| {
        Stub::start(move |request| match request.is_models() {
            true => {
                let models: Vec<Value> = names.iter().map(|name| json!({"id": name})).collect();
                Answer::json(200, &json!({"data": models}))
            }
            false => willing(request),
        })
    };
    let named = |stub: &Stub, name: &str| EndpointSpec {
        model: Some(name.into()),
        ..stub.spec()
    };
    let stub = listing(&["base", "tuned"]);
    assert_eq!(found(named(&stub, "tuned")).model.as_deref(), Some("tuned"));
    assert_eq!(stub.requests()[1].body["model"], "tuned");
    let error = connect(named(&stub, "tunde")).unwrap_err();
    assert!(
        matches!(error, EndpointError::UnknownModel { .. }),
        "{error}"
    );
    let error = error.to_string();
    assert!(
        error.contains("`tunde`") && error.contains("`base`, `tuned`"),
        "{error}"
    );
    let unchecked = EndpointSpec {
        check_model: false,
        ..named(&stub, "tunde")
    };
    assert_eq!(found(unchecked).model.as_deref(), Some("tunde"));
    let error = connect(stub.spec()).unwrap_err();
    assert!(matches!(error, EndpointError::WhichModel { .. }), "{error}");
    let error = connect(listing(&[]).spec()).unwrap_err().to_string();
    assert!(error.contains("lists no models"), "{error}");
    // A server without a list needs no name.
    for body in ["Not Found", "<html>"] {
        let stub = Stub::start(move |request| match request.is_models() {
            true => Answer::text(if body == "<html>" { 200 } else { 404 }, body),
            false => willing(request),
        });
        assert_eq!(found(stub.spec()).model, None);
        assert!(stub.requests()[1].body.get("model").is_none());
    }
}

#[test]
fn a_server_without_completions_is_not_asked_to_chat_unless_told_so() {
    let stub = Stub::start(|request| match request.path.as_str() {
        "/v1/completions" => Answer::json(404, &json!({"detail": "Not Found"})),
        _ => willing(request),
    });
    let error = connect(stub.spec()).unwrap_err();
    assert!(
        matches!(error, EndpointError::NoInterface { chat: true, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("set `api` to \"chat\""),
        "{error}"
    );
    let spec = EndpointSpec {
        api: Api::Chat,
        ..stub.spec()
    };
    let endpoint = connect(spec).unwrap();
    assert!(!endpoint.findings().token_ids);
    let (kept, error) = draw(&endpoint, &items(0..1), 2);
    assert!(
        error.is_none() && kept[&0][0].text.starts_with("problem 0"),
        "{kept:?}"
    );
    let stub = Stub::start(|request| match request.is_models() {
        true => willing(request),
        false => Answer::text(404, "nothing here"),
    });
    let error = connect(stub.spec()).unwrap_err();
    assert!(
        matches!(error, EndpointError::NoInterface { chat: false, .. }),
        "{error}"
    );
}

#[test]
fn stop_strings_are_kept_in_the_text() {
    let stub = Stub::start(|request| {
        if request.is_models() {
            return willing(request);
        }
        let mut reply = completions(request, request.n());
        for (index, choice) in reply["choices"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .enumerate()
        {
            choice["stop_reason"] = match index {
                0 => json!("</answer>"),
                _ => Value::Null,
            };
        }
        Answer::json(200, &reply)
    });
    let spec = EndpointSpec {
        stop: vec!["</answer>".into()],
        ..stub.spec()
    };
    let endpoint = connect(spec).unwrap();
    assert!(endpoint.findings().reports_stop);
    assert_eq!(
        endpoint.findings().sent["include_stop_str_in_output"],
        json!(true)
    );
    let (kept, _) = draw(&endpoint, &items(0..1), 2);
    let ends: Vec<bool> = kept[&0]
        .iter()
        .map(|c| c.text.ends_with("</answer>"))
        .collect();
    assert_eq!(ends, [true, false]);
    assert!(kept[&0].iter().all(|completion| completion.stopped));
}
