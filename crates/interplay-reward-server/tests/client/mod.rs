//! A server under test, and a client as small as can be.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use interplay_reward_server::{Server, StopHandle};
use serde_json::Value;

/// A server on a thread of its own, stopped when it is dropped.
pub struct Running {
    pub address: SocketAddr,
    pub stop: StopHandle,
    thread: Option<JoinHandle<()>>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub json: Value,
}

impl Running {
    pub fn of(server: Server) -> Self {
        Self {
            address: server.address(),
            stop: server.stop_handle(),
            thread: Some(std::thread::spawn(move || server.run())),
        }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream
    }

    pub fn post(&self, path: &str, body: &[u8]) -> Answer {
        let mut stream = self.connect();
        send(&mut stream, path, body);
        receive(&mut stream).expect("an answer")
    }

    /// What the server answers to bytes.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        receive(&mut stream).expect("an answer")
    }

    /// Stops the server and waits for its end.
    pub fn end(mut self) {
        self.stop.stop();
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

/// Sends a request.
pub fn send(stream: &mut TcpStream, path: &str, body: &[u8]) {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
}

/// Receives an answer; none where the connection was closed instead.
pub fn receive(stream: &mut TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let ended = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = ended {
            let head = String::from_utf8(bytes[..end].to_vec())
                .unwrap()
                .to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                let body = &bytes[end + 4..];
                assert_eq!(body.len(), length, "more than an answer");
                return Some(Answer {
                    status: head.split(' ').nth(1).unwrap().parse().unwrap(),
                    json: serde_json::from_slice(body).unwrap_or_default(),
                    head,
                });
            }
        }
        match stream.read(&mut part).unwrap() {
            0 if bytes.is_empty() => return None,
            0 => panic!("half an answer: {}", String::from_utf8_lossy(&bytes)),
            count => bytes.extend_from_slice(&part[..count]),
        }
    }
}
