//! Measures requests a second over real connections, and compares with another server of the contract.
//!
//! `cargo run --profile bench -p interplay-reward-server --example throughput -- [HOST:PORT]`. For the comparison, start
//! `python -m interplay.adapters.openrlhf --port PORT --reward mixed --alpha 0.2` before; both servers get the same
//! requests from the same clients on the same cores, in turn.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use interplay_graph::SeedStreams;
use interplay_objectives::reward::RewardSpec;
use interplay_reward_server::{Limits, Scorer, Server};
use interplay_tasks::framing::prompt_text;
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};
use interplay_verify::{Level, Verifier};
use serde_json::json;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Clients that wait for their answers, each on its thread.
const CLIENTS: usize = 16;
/// Completions of a problem that share its label.
const GROUP: usize = 8;
/// How long each line of the table takes.
const TIME: Duration = Duration::from_secs(4);

/// What is sent, and how.
struct Load {
    name: &'static str,
    items: usize,
    keep_alive: bool,
    bodies: Vec<Vec<u8>>,
}

fn main() -> Result<(), Failure> {
    let other: Option<SocketAddr> = std::env::args()
        .nth(1)
        .map(|address| address.parse())
        .transpose()?;
    let scorer = Scorer::new(
        RewardSpec::Mixed { alpha: 0.2 },
        Verifier::new(Level::Strict),
    )?;
    let server = Server::bind("127.0.0.1", 0, scorer, Limits::default())?;
    let (address, stop) = (server.address(), server.stop_handle());
    let running = std::thread::spawn(move || server.run());
    let grouped = items(1_000, GROUP)?;
    let alone = items(20_000, 1)?;
    let loads = [
        Load {
            name: "1 item, a connection each",
            items: 1,
            keep_alive: false,
            bodies: bodies(&grouped, 1),
        },
        Load {
            name: "1 item, connections kept",
            items: 1,
            keep_alive: true,
            bodies: bodies(&grouped, 1),
        },
        Load {
            name: "1 item, kept, no label twice",
            items: 1,
            keep_alive: true,
            bodies: bodies(&alone, 1),
        },
        Load {
            name: "64 items, a connection each",
            items: 64,
            keep_alive: false,
            bodies: bodies(&grouped, 64),
        },
        Load {
            name: "64 items, connections kept",
            items: 64,
            keep_alive: true,
            bodies: bodies(&grouped, 64),
        },
    ];
    println!(
        "{:<30} {:>12} {:>12} {:>12} {:>7}",
        "", "requests/s", "items/s", "other", "ratio"
    );
    for load in &loads {
        let ours = rate(address, load)?;
        let items = ours * load.items as f64;
        let compared = match other {
            None => String::new(),
            Some(other) => {
                let theirs = rate(other, load)?;
                format!("{theirs:>12.0} {:>7.1}", ours / theirs)
            }
        };
        println!("{:<30} {ours:>12.0} {items:>12.0} {compared}", load.name);
    }
    stop.stop();
    running.join().map_err(|_| "the server panicked")?;
    Ok(())
}

/// Queries, prompts and labels: right solutions, and the right answer alone.
fn items(problems: u64, group: usize) -> Result<Vec<[String; 3]>, Failure> {
    let spec = TaskSpec::single(Counts::range(2, 10)?, "zoo", Dialect::Prose);
    let data = Dataset::new(
        spec,
        &ContextLibrary::embedded(),
        SeedStreams::new(7),
        "throughput",
    )?;
    let mut items = Vec::new();
    for index in 0..problems {
        let problem = data.get(index)?;
        let (prompt, solution) = (prompt_text(&problem), problem.solution_text());
        let label = json!({
            "solution": solution, "problem": problem.problem_text(), "question": problem.question_text(),
        });
        for completion in 0..group {
            let response = match completion % 4 {
                3 => format!("Answer: {}.", problem.answer()),
                _ => solution.clone(),
            };
            items.push([
                format!("{prompt} {response}<|im_end|>"),
                prompt.clone(),
                label.to_string(),
            ]);
        }
    }
    Ok(items)
}

/// Whole requests, with their heads.
fn bodies(items: &[[String; 3]], size: usize) -> Vec<Vec<u8>> {
    let bodies = items.chunks_exact(size).map(|items| {
        let list = |place: usize| items.iter().map(|item| &item[place]).collect::<Vec<_>>();
        let body = json!({ "query": list(0), "prompts": list(1), "labels": list(2) }).to_string();
        let length = body.len();
        format!("POST /get_reward HTTP/1.1\r\nHost: it\r\nContent-Length: {length}\r\n\r\n{body}")
            .into_bytes()
    });
    bodies.collect()
}

/// Requests a second, of which every one is answered.
fn rate(address: SocketAddr, load: &Load) -> Result<f64, Failure> {
    let (next, start) = (AtomicUsize::new(0), Instant::now());
    let client = || -> Result<(), Failure> {
        let mut kept = None;
        while start.elapsed() < TIME {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let stream = match load.keep_alive {
                true => kept.take(),
                false => None,
            };
            let mut stream = match stream {
                Some(stream) => stream,
                None => TcpStream::connect(address)?,
            };
            stream.set_nodelay(true)?;
            stream.write_all(&load.bodies[index % load.bodies.len()])?;
            receive(&mut stream)?;
            kept = Some(stream);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        clients
            .into_iter()
            .try_for_each(|client| client.join().map_err(|_| "a client panicked")?)
    })?;
    Ok(next.into_inner() as f64 / start.elapsed().as_secs_f64())
}

fn receive(stream: &mut TcpStream) -> Result<(), Failure> {
    let (mut bytes, mut part) = (Vec::new(), [0; 16 << 10]);
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = std::str::from_utf8(&bytes[..end])?.to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.ok_or("no length")?.parse()?;
            if bytes.len() >= end + 4 + length {
                return match head.contains(" 200 ") {
                    true => Ok(()),
                    false => Err(head.into()),
                };
            }
        }
        match stream.read(&mut part)? {
            0 => return Err("the connection was closed".into()),
            count => bytes.extend_from_slice(&part[..count]),
        }
    }
}
