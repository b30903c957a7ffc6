//! `interplay serve-reward` as a trainer sees it.
#![cfg(all(feature = "cli", feature = "reward-server"))]

mod calls;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use calls::{command, folder, refuse};
use serde_json::{Value, json};

/// A server that ends with the test.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(flags: &str) -> Self {
        let folder = folder();
        let mut child = command(folder.path(), &format!("serve-reward --port 0 {flags}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("reward at http://").unwrap();
        let address = address.strip_suffix("/get_reward").unwrap().to_owned();
        Self { child, address }
    }

    fn ask(&self, body: &Value) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let body = body.to_string();
        let head = format!(
            "POST /get_reward HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
        serde_json::from_str(reply.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn rewards_are_those_that_the_flags_name() {
    let gold = "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.";
    let body = json!({
        "query": [format!("elk? {gold}</s>"), "elk? Answer: 5.", format!("elk? {gold}<stop>")],
        "prompts": ["elk?", "elk?", "elk?"],
        "labels": [gold, gold, gold],
    });
    let nested = "--reward {kind=\"answer_gate\",reward={kind=\"process\"}} --end-token <stop>";
    for (flags, expected) in [
        ("", [1.0, 0.0, 0.0]),
        ("--end-token <stop>", [1.0, 0.0, 1.0]),
        ("--reward outcome --end-token <stop>", [1.0, 1.0, 1.0]),
        (
            "--reward mixed --alpha 0.2 --end-token <stop>",
            [1.0, 0.2, 1.0],
        ),
        (nested, [1.0, 0.0, 1.0]),
    ] {
        let reply = Serving::start(flags).ask(&body);
        assert_eq!(reply["rewards"], json!(expected), "{flags}");
    }
}

#[test]
fn wrong_rewards_are_refused_before_anything_is_served() {
    let folder = folder();
    let dir = folder.path();
    for (flags, parts) in [
        ("--reward best", ["--reward best", "`strict`"]),
        ("--reward mixed", ["--reward mixed", "alpha"]),
        ("--reward mixed --alpha 2", ["alpha", "2"]),
        ("--reward {kind=", ["--reward", ""]),
        (
            "--level paper --forbid-unneeded",
            ["--forbid-unneeded", "strict"],
        ),
        ("--host no.such.host.invalid", ["no.such.host.invalid", ""]),
    ] {
        refuse(dir, &format!("serve-reward --port 0 {flags}"), &parts);
    }
}
