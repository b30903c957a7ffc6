//! The server over real connections.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use interplay_objectives::reward::RewardSpec;
use interplay_reward_server::{Limits, Scorer, Server};
use interplay_verify::{Level, Verifier};
use serde_json::{Value, json};

use client::{Running, receive, send};

mod client;

const SOLUTION: &str = "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.";

fn scorer() -> Scorer {
    Scorer::new(
        RewardSpec::Mixed { alpha: 0.2 },
        Verifier::new(Level::Strict),
    )
    .unwrap()
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_body_bytes = 100_000;
    limits
}

fn server(limits: Limits) -> Running {
    Running::of(Server::bind("127.0.0.1", 0, scorer(), limits).unwrap())
}

/// A request whose items are right.
fn request(items: usize) -> Vec<u8> {
    let body = json!({
        "query": vec![format!("elk? {SOLUTION}</s>"); items],
        "prompts": vec!["elk?"; items],
        "labels": vec![SOLUTION; items],
    });
    body.to_string().into_bytes()
}

#[test]
fn replies_under_both_paths_and_tells_its_health() {
    let server = server(limits());
    for path in ["/get_reward", "/", "/get_reward/?more=1"] {
        let answer = server.post(path, &request(2));
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.head.contains("content-type: application/json"));
        let ones = json!([1.0, 1.0]);
        let logs = json!({
            "accepted": ones, "answer_correct": ones, "process_accuracy": ones,
            "right_answer_wrong_steps": [0.0, 0.0], "judged": ones,
        });
        assert_eq!(
            answer.json,
            json!({ "rewards": ones, "scores": ones, "extra_logs": logs, "errors": {} })
        );
    }
    let health = server.raw(b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n");
    let expected = r#"reward {"kind":"mixed","alpha":0.2} at the level strict"#;
    assert_eq!(health.json, json!({ "status": "ok", "scorer": expected }));
}

#[test]
fn each_wrong_request_gets_its_status() {
    let server = server(limits());
    let post = |headers: &str, body: &str| {
        server.raw(format!("POST / HTTP/1.1\r\nHost: test\r\n{headers}\r\n{body}").as_bytes())
    };
    for (answer, status, said) in [
        (server.post("/get_reward", b"{"), 400, "no JSON"),
        (server.post("/get_reward", b"\xff\xfe\x00"), 400, "no JSON"),
        (
            server.post("/get_reward", "[".repeat(50_000).as_bytes()),
            400,
            "no JSON",
        ),
        (server.post("/get_reward", b"[]"), 422, "found a list"),
        (server.post("/get_reward", b"{}"), 422, "empty object"),
        (server.post("/reward", b"{}"), 404, "no page /reward"),
        (server.post("/health", b"{}"), 404, "no page /health"),
        (server.post("/", &[b'x'; 100_001]), 413, "at most 100000"),
        (post("", ""), 411, "Content-Length"),
        (
            post("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
            411,
            "Content-Length",
        ),
        (
            post("Content-Length: 99999999999\r\n", ""),
            413,
            "99999999999 bytes",
        ),
        (
            server.raw(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"),
            404,
            "get /health",
        ),
        (
            server.raw(b"PUT /get_reward HTTP/1.1\r\nHost: test\r\n\r\n"),
            501,
            "PUT",
        ),
    ] {
        assert_eq!(answer.status, status, "{answer:?}");
        let error = answer.json["error"].as_str().unwrap();
        assert!(error.contains(said), "{error}");
        assert!(answer.head.contains("connection: close"));
    }
    // The HTTP library itself answers these.
    assert_eq!(post("Content-Length: many\r\n", "").status, 400);
    assert_eq!(server.raw(b"nonsense\r\n\r\n").status, 400);
    assert_eq!(server.post("/", &request(1)).status, 200);
}

#[test]
fn bad_items_cost_the_others_nothing_and_are_told() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = told.clone();
    let server = Server::bind("127.0.0.1", 0, scorer(), limits()).unwrap();
    let server = server.with_log(move |event| log.lock().unwrap().push(event.to_string()));
    let server = Running::of(server);
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let huge = "9".repeat(5_000);
    let labels = format!(r#"{SOLUTION:?}, null, {deep}, {huge}, NaN, {{"solution": 1e999}}"#);
    let texts = ["\"elk? 5\""; 6].join(", ");
    let body = format!(
        r#"{{"query": [{texts}], "prompts": [{texts}], "labels": [{labels}], "more": {deep}}}"#
    );
    let answer = server.post("/", body.as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.json["extra_logs"]["judged"],
        json!([1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    );
    assert_eq!(answer.json["errors"].as_object().unwrap().len(), 5);
    assert!(
        answer.json["errors"]["1"]
            .as_str()
            .unwrap()
            .contains("the label is empty")
    );
    server.post("/", b"{");
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 6, "{told:?}");
    assert!(
        told[0].starts_with("item 1 of 6 scores 0") && told[5].starts_with("400: "),
        "{told:?}"
    );
}

#[test]
fn a_connection_serves_many_requests() {
    let server = server(limits());
    let mut stream = server.connect();
    for items in [1, 7, 64, 1] {
        send(&mut stream, "/get_reward", &request(items));
        let answer = receive(&mut stream).unwrap();
        assert_eq!(answer.json["rewards"].as_array().unwrap().len(), items);
        assert!(!answer.head.contains("connection:"));
    }
}

#[test]
fn large_batches_are_judged_as_small_ones() {
    let server = server(Limits::default());
    let answer = server.post("/", &request(5_000));
    assert_eq!(answer.json["rewards"], Value::from(vec![1.0; 5_000]));
}

#[test]
fn many_connections_are_served_at_once() {
    let server = server(limits());
    // All of them are open before the first is asked.
    let mut streams: Vec<_> = (0..400).map(|_| server.connect()).collect();
    let body = request(1);
    for stream in &mut streams {
        send(stream, "/get_reward", &body);
    }
    for stream in &mut streams {
        assert_eq!(receive(stream).unwrap().json["rewards"], json!([1.0]));
    }
}

#[test]
fn a_body_that_ends_early_is_refused() {
    let server = server(limits());
    let mut stream = server.connect();
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n{}")
        .unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let answer = receive(&mut stream).unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json["error"], "the body ends after 2 of 10 bytes");
    // One that is complete is answered all the same.
    let mut stream = server.connect();
    send(&mut stream, "/", &request(1));
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(receive(&mut stream).unwrap().status, 200);
    // A client that is gone leaves nothing behind.
    let mut stream = server.connect();
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n{}")
        .unwrap();
    drop(stream);
    server.end();
}

#[test]
fn slow_clients_are_cut_off() {
    let mut limits = limits();
    limits.client_timeout = Duration::from_secs(1);
    let server = server(limits);
    let mut body = server.connect();
    body.write_all(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n{}")
        .unwrap();
    let answer = receive(&mut body).unwrap();
    assert_eq!(answer.status, 408);
    assert!(
        answer.json["error"]
            .as_str()
            .unwrap()
            .contains("2 of 10 bytes")
    );
    // A head that does not end, and a connection on which nothing comes.
    let mut head = server.connect();
    head.write_all(b"POST / HTTP/1.1\r\nHo").unwrap();
    let mut silent = server.connect();
    for stream in [&mut body, &mut head, &mut silent] {
        let mut rest = Vec::new();
        // Whatever comes, the end comes with it.
        let _closed = stream.read_to_end(&mut rest);
    }
    assert_eq!(server.post("/", &request(1)).status, 200);
}

#[test]
fn a_client_that_does_not_read_its_answer_is_cut_off() {
    let mut limits = Limits::default();
    limits.client_timeout = Duration::from_secs(1);
    limits.stop_timeout = Duration::from_secs(3600);
    let server = server(limits);
    // Errors make an answer that is too long for the buffers of the system.
    let zeros = vec!["0"; 300_000].join(",");
    let body = format!(
        r#"{{"query": [{zeros}], "prompts": [{zeros}], "labels": [1,{}]}}"#,
        &zeros[2..]
    );
    let mut stream = server.connect();
    send(&mut stream, "/", body.as_bytes());
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    // The stop would wait for an hour.
    server.end();
}

#[test]
fn a_refused_client_that_sends_on_still_reads_why() {
    let server = server(limits());
    for (line, status) in [
        ("POST /", 413),
        ("POST /reward", 404),
        ("PUT /", 501),
        ("GET /", 404),
    ] {
        let mut stream = server.connect();
        let head = format!("{line} HTTP/1.1\r\nHost: test\r\nContent-Length: 390000\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        for _ in 0..39 {
            stream.write_all(&[b'x'; 10_000]).unwrap();
        }
        assert_eq!(receive(&mut stream).unwrap().status, status);
        let mut rest = Vec::new();
        assert_eq!(stream.read_to_end(&mut rest).unwrap(), 0, "{line}");
    }
}

#[test]
fn a_stop_answers_what_is_in_progress_and_frees_the_port() {
    let server = server(limits());
    let (address, stop) = (server.address, server.stop.clone());
    let mut idle = server.connect();
    send(&mut idle, "/", &request(1));
    assert_eq!(receive(&mut idle).unwrap().status, 200);
    let body = request(1);
    let mut started = server.connect();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    started.write_all(head.as_bytes()).unwrap();
    started.write_all(&body[..10]).unwrap();
    // The answer to a later connection shows that the server has seen this one.
    assert_eq!(server.post("/", &request(1)).status, 200);
    stop.stop();
    // The idle connection ends at once, so the server has stopped.
    assert!(receive(&mut idle).is_none());
    started.write_all(&body[10..]).unwrap();
    assert_eq!(receive(&mut started).unwrap().json["rewards"], json!([1.0]));
    server.end();
    stop.stop();
    drop(TcpListener::bind(address).unwrap());
}

#[test]
fn takes_a_listener_and_names_an_address_that_is_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server::from_listener(listener, scorer(), limits()).unwrap();
    let port = server.address().port();
    assert_eq!(server.url(), format!("http://127.0.0.1:{port}/get_reward"));
    let error = Server::bind("127.0.0.1", port, scorer(), limits())
        .err()
        .unwrap();
    assert!(
        error.to_string().contains(&format!("127.0.0.1:{port}")),
        "{error}"
    );
    Running::of(server).end();
}
