//! Servers that fail, answer badly or not at all.

mod stub;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use interplay_endpoint::{Connector, Endpoint, EndpointError, EndpointSpec, Failure, ReplyError};
use serde_json::{Value, json};
use stub::{Answer, Request, Stub, completions, connect, draw, items, refuse, willing};

/// The failure of the only item, drawn from a server that answers like this once it is connected.
fn failure(
    spec: impl FnOnce(EndpointSpec) -> EndpointSpec,
    handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> Failure {
    let stub = Stub::start(willing);
    let endpoint = connect(spec(stub.spec())).unwrap();
    stub.answer(handler);
    let (kept, error) = draw(&endpoint, &items([40]), 2);
    assert!(kept.is_empty());
    match error.expect("an error") {
        EndpointError::Items { mut first, .. } => {
            let item = first.remove(0);
            assert_eq!((item.position, item.id), (0, 40));
            assert!(
                item.reason.to_string().contains("/v1/completions: "),
                "{}",
                item.reason
            );
            item.reason.failure
        }
        other => panic!("{other}"),
    }
}

fn reply_error(body: &'static [u8]) -> ReplyError {
    let handler = |_: &Request| Answer::Full(200, "", body.to_vec());
    match failure(|spec| spec, handler) {
        Failure::Reply(error) => error,
        other => panic!("{other}"),
    }
}

/// Connects to a server and records the delays instead of sleeping.
fn connect_recording(
    spec: EndpointSpec,
) -> (Result<Endpoint, EndpointError>, Arc<Mutex<Vec<u64>>>) {
    let delays = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&delays);
    let connector = Connector::default().variables(|_| None);
    let connector = connector.sleep(move |delay: Duration| {
        record.lock().unwrap().push(delay.as_millis() as u64);
    });
    (connector.connect(spec), delays)
}

/// Fails so many times, then succeeds; gives the delays between the attempts.
fn delays(times: usize, failing: impl Fn() -> Answer + Send + Sync + 'static) -> Vec<u64> {
    let stub = Stub::start(willing);
    let (endpoint, delays) = connect_recording(stub.spec());
    let endpoint = endpoint.unwrap();
    let asked = AtomicUsize::new(0);
    stub.answer(
        move |request| match asked.fetch_add(1, Ordering::Relaxed) < times {
            true => failing(),
            false => willing(request),
        },
    );
    let (kept, error) = draw(&endpoint, &items([1]), 1);
    assert!(error.is_none() && kept[&1].len() == 1, "{error:?}");
    let bodies: Vec<Value> = stub
        .requests()
        .into_iter()
        .map(|request| request.body)
        .collect();
    assert!(
        bodies.iter().all(|body| *body == bodies[0]),
        "the same request is sent again"
    );
    delays.lock().unwrap().clone()
}

#[test]
fn busy_and_failing_servers_are_asked_again() {
    let busy = || Answer::Full(429, "Retry-After: 7\r\n", b"slow down".to_vec());
    assert_eq!(delays(1, busy), [7_000]);
    let very_busy = || Answer::Full(429, "Retry-After: 86400\r\n", Vec::new());
    assert_eq!(delays(1, very_busy), [120_000]);
    assert_eq!(delays(2, || refuse(503, "Loading model")), [500, 1_000]);
    assert_eq!(
        delays(1, || Answer::Broken(b"{\"choices\": [".to_vec())),
        [500]
    );
    assert_eq!(delays(1, || Answer::text(200, "{\"choices\": [")), [500]);
    assert_eq!(delays(1, || refuse(408, "timed out")), [500]);
    let upstream = || Answer::json(200, &json!({"error": {"message": "busy", "code": 529}}));
    assert_eq!(delays(3, upstream), [500, 1_000, 2_000]);
}

#[test]
fn attempts_end_and_the_error_tells_all() {
    let stub = Stub::start(willing);
    let spec = EndpointSpec {
        attempts: 3,
        ..stub.spec()
    };
    let endpoint = connect(spec).unwrap();
    stub.answer(|_| refuse(503, "Loading model"));
    let (_, error) = draw(&endpoint, &items([40]), 1);
    let expected = format!(
        "1 of 1 items failed, 0 were completed\n  item 40: {}/v1/completions: status 503: Loading model \
         (after 3 attempts)",
        stub.url
    );
    assert_eq!(error.unwrap().to_string(), expected);
    assert_eq!(stub.requests().len(), 3);
}

#[test]
fn a_refusal_is_not_tried_again() {
    let stub = Stub::start(willing);
    let endpoint = connect(stub.spec()).unwrap();
    stub.answer(|_| refuse(400, "the prompt is too long"));
    let (_, error) = draw(&endpoint, &items([1]), 1);
    let error = error.unwrap().to_string();
    assert!(
        error.contains("status 400: the prompt is too long (after 1 attempt)"),
        "{error}"
    );
    assert_eq!(stub.requests().len(), 1);
    let moved = failure(
        |spec| spec,
        |_| Answer::Full(307, "Location: https://elsewhere/v1\r\n", Vec::new()),
    );
    assert!(
        matches!(&moved, Failure::Moved { location, .. } if location == "https://elsewhere/v1")
    );
}

#[test]
fn bad_replies_are_errors_that_say_what_came() {
    assert!(matches!(
        reply_error(b"<html><h1>Sign in</h1>"),
        ReplyError::Html { .. }
    ));
    let error = reply_error(b"{\"error\": {\"message\": \"no such adapter\"}}").to_string();
    assert!(error.contains("no such adapter"), "{error}");
    assert!(matches!(
        reply_error(b"{\"choices\": []}"),
        ReplyError::NoChoices { .. }
    ));
    assert!(matches!(reply_error(b""), ReplyError::Empty));
    let found = reply_error(b"{\"choices\": [{\"text\": null}]}");
    assert!(matches!(found, ReplyError::NoText { found: "null", .. }));
    assert!(matches!(
        reply_error(b"{\"choices\": [{\"text\": \"\xc3\x28\"}]}"),
        ReplyError::NotUtf8 { .. }
    ));
    let broken = failure(|spec| spec, |_| Answer::Broken(b"{".to_vec()));
    assert!(matches!(broken, Failure::Broken { .. }), "{broken}");
}

#[test]
fn large_replies_are_not_read_to_their_end() {
    let small = |spec| EndpointSpec {
        max_body_bytes: 2_000,
        ..spec
    };
    let large = failure(small, |_| Answer::text(200, &" ".repeat(2_001)));
    assert_eq!(large, Failure::TooLarge { limit: 2_000 });
    let endless = failure(small, |_| Answer::Endless);
    assert_eq!(endless, Failure::TooLarge { limit: 2_000 });
    let refusal = failure(small, |_| Answer::text(400, &"x".repeat(1 << 20)));
    assert!(refusal.to_string().len() < 400, "{refusal}");
}

#[test]
fn replies_that_do_not_come_or_do_not_end_are_given_up() {
    for silent in [true, false] {
        let stub = Stub::start(move |_| {
            if silent {
                Answer::Silence
            } else {
                Answer::Endless
            }
        });
        let spec = EndpointSpec {
            request_timeout_ms: 150,
            attempts: 2,
            ..stub.spec()
        };
        let error = connect(spec).unwrap_err();
        let EndpointError::Request(error) = error else {
            panic!("{error}");
        };
        assert_eq!(
            (error.attempts, &error.failure),
            (2, &Failure::Timeout { limit_ms: 150 })
        );
        assert!(error.to_string().contains("within 150 ms"), "{error}");
    }
}

#[test]
fn a_server_that_is_not_there_is_an_error_with_its_address() {
    // Nothing listens on port 1.
    let url = "http://127.0.0.1:1";
    let (result, delays) = connect_recording(EndpointSpec::new(url));
    let error = result.unwrap_err();
    assert!(
        matches!(&error, EndpointError::Request(error)
        if matches!(error.failure, Failure::Unreachable { .. })),
        "{error:?}"
    );
    assert!(error.to_string().contains(url), "{error}");
    assert_eq!(*delays.lock().unwrap(), [500, 1_000, 2_000, 4_000, 8_000]);
    let error = connect(EndpointSpec::default()).unwrap_err().to_string();
    assert!(error.contains("`url`"), "{error}");
}

#[test]
fn a_server_without_tls_is_an_error_over_https() {
    let stub = Stub::start(willing);
    let spec = EndpointSpec {
        attempts: 1,
        ..EndpointSpec::new(stub.url.replace("http:", "https:"))
    };
    let error = connect(spec).unwrap_err().to_string();
    assert!(error.contains("https://127.0.0.1"), "{error}");
}

#[test]
fn choices_may_be_few_many_or_out_of_order() {
    let texts = |change: fn(&mut Vec<Value>)| {
        let stub = Stub::start(willing);
        let endpoint = connect(stub.spec()).unwrap();
        stub.answer(move |request| {
            let mut reply = completions(request, request.n());
            change(reply["choices"].as_array_mut().unwrap());
            Answer::json(200, &reply)
        });
        let (kept, error) = draw(&endpoint, &items([3]), 4);
        assert!(error.is_none(), "{error:?}");
        let texts: Vec<String> = kept[&3]
            .iter()
            .map(|completion| completion.text.clone())
            .collect();
        (texts, stub.requests().len())
    };
    let (plain, requests) = texts(|_| {});
    assert_eq!((plain.len(), requests), (4, 1));
    assert_eq!(texts(|choices| choices.reverse()), (plain.clone(), 1));
    let (more, _) = texts(|choices| choices.extend(choices.clone()));
    assert_eq!(more.len(), 4);
    // One at a time is asked for again, with seeds of their own.
    let (few, requests) = texts(|choices| choices.truncate(1));
    assert_eq!((few.len(), requests), (4, 4));
    let distinct: std::collections::BTreeSet<&String> = few.iter().collect();
    assert_eq!(distinct.len(), 4);
}

#[test]
fn the_key_is_sent_and_never_shown() {
    let key = "sk-very-secret";
    let stub = Stub::start(move |request| {
        let sent = request
            .headers
            .contains(&format!("authorization: bearer {key}"));
        match sent && request.path != "/v1/completions" {
            true => willing(request),
            false => refuse(401, &format!("Incorrect API key provided: {key}")),
        }
    });
    let connector = Connector::default().sleep(|_| {});
    let with_key = connector.variables(move |name| (name == "MY_KEY").then(|| key.to_owned()));
    let spec = EndpointSpec {
        api_key_env: Some("MY_KEY".into()),
        ..stub.spec()
    };
    let error = with_key.connect(spec.clone()).unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(
        told.contains("Incorrect API key provided: [API key]"),
        "{told}"
    );
    assert!(told.contains("401") && !told.contains(key), "{told}");

    stub.answer(willing);
    let endpoint = with_key.connect(spec.clone()).unwrap();
    assert!(!format!("{endpoint:?}").contains(key));
    let echo = json!({"error": {"message": format!("odd key {key}")}});
    stub.answer(move |_| Answer::json(200, &echo));
    let (_, error) = draw(&endpoint, &items([1]), 1);
    let told = format!("{error:?}");
    assert!(
        told.contains("odd key [API key]") && !told.contains(key),
        "{told}"
    );

    let error = connect(spec).unwrap_err();
    assert!(matches!(error, EndpointError::ApiKey { .. }), "{error}");
    stub.answer(willing);
    let endpoint = connect(stub.spec()).unwrap();
    draw(&endpoint, &items([1]), 1);
    assert!(
        stub.requests()
            .iter()
            .all(|request| !request.headers.contains("authorization"))
    );
}
