//! A server for tests, with the quirks of those that there are.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use interplay_endpoint::{Connector, Endpoint, EndpointError, EndpointSpec};
use interplay_environment::Example;
use interplay_eval::{Completion, EvalItem};
use serde_json::{Value, json};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: String,
    pub body: Value,
}

impl Request {
    pub fn is_models(&self) -> bool {
        self.path == "/v1/models"
    }

    pub fn prompt(&self) -> String {
        match self.body.get("messages") {
            Some(messages) => messages[0]["content"].as_str().unwrap().to_owned(),
            None => self.body["prompt"].to_string(),
        }
    }

    pub fn n(&self) -> usize {
        self.body
            .get("n")
            .map_or(1, |n| n.as_u64().unwrap() as usize)
    }
}

/// What the server does about a request.
pub enum Answer {
    /// Status, further headers, body.
    Full(u16, &'static str, Vec<u8>),
    /// A body that ends before the length that was announced.
    Broken(Vec<u8>),
    /// A body without an end.
    Endless,
    /// Nothing, until the client hangs up.
    Silence,
}

impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::Full(status, "", body.to_string().into_bytes())
    }

    pub fn text(status: u16, body: &str) -> Self {
        Self::Full(status, "", body.as_bytes().to_vec())
    }
}

type Handler = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

/// A server on a free port. It stops taking connections when it is dropped.
pub struct Stub {
    pub url: String,
    handler: Arc<Mutex<Handler>>,
    requests: Arc<Mutex<Vec<Request>>>,
    is_over: Arc<Mutex<bool>>,
}

impl Stub {
    pub fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let handler: Handler = Arc::new(handler);
        let handler = Arc::new(Mutex::new(handler));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(Mutex::new(false));
        let stub = Self {
            url,
            handler: Arc::clone(&handler),
            requests: Arc::clone(&requests),
            is_over: Arc::clone(&is_over),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if *is_over.lock().unwrap() {
                    return;
                }
                let (handler, requests) = (Arc::clone(&handler), Arc::clone(&requests));
                let Ok(stream) = stream else { return };
                std::thread::spawn(move || serve(stream, &handler, &requests));
            }
        });
        stub
    }

    /// Answers in another way from now on, and forgets the requests so far.
    pub fn answer(&self, handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) {
        *self.handler.lock().unwrap() = Arc::new(handler);
        self.requests.lock().unwrap().clear();
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub fn spec(&self) -> EndpointSpec {
        EndpointSpec::new(&self.url)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        *self.is_over.lock().unwrap() = true;
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

fn serve(stream: TcpStream, handler: &Mutex<Handler>, requests: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = read(&mut reader) {
        requests.lock().unwrap().push(request.clone());
        let handler = Arc::clone(&handler.lock().unwrap());
        let sent = match handler(&request) {
            Answer::Full(status, headers, body) => {
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} Stub\r\ncontent-length: {length}\r\n{headers}\r\n");
                // In one piece: a second one would wait for the first to be acknowledged.
                stream.write_all(&[head.into_bytes(), body].concat())
            }
            Answer::Broken(body) => {
                let length = body.len() + 100;
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
                let _ = stream
                    .write_all(head.as_bytes())
                    .and_then(|()| stream.write_all(&body));
                return;
            }
            Answer::Endless => {
                let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                let mut sent = stream.write_all(head);
                while sent.is_ok() {
                    sent = stream.write_all(b"10\r\n                \r\n");
                    std::thread::sleep(Duration::from_millis(1));
                }
                return;
            }
            Answer::Silence => {
                let _ = reader.read(&mut [0; 1]);
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|&bytes| bytes > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        headers.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Some(Request {
        method,
        path,
        headers,
        body,
    })
}

/// A model whose text depends on prompt, seed and index alone.
pub fn choice(request: &Request, index: usize) -> Value {
    let text = format!("{} {} {index}", request.prompt(), request.body["seed"]);
    json!({"index": index, "text": text, "message": {"content": text}, "logprobs": null,
           "finish_reason": "stop", "stop_reason": null})
}

pub fn completions(request: &Request, count: usize) -> Value {
    let choices: Vec<Value> = (0..count).map(|index| choice(request, index)).collect();
    let tokens = request.body["prompt"].as_array().map_or(5, Vec::len);
    json!({"object": "text_completion", "choices": choices, "usage": {"prompt_tokens": tokens}})
}

/// A server with one model that takes everything, as vLLM does.
pub fn willing(request: &Request) -> Answer {
    if request.is_models() {
        return Answer::json(200, &json!({"object": "list", "data": [{"id": "tiny"}]}));
    }
    Answer::json(200, &completions(request, request.n()))
}

pub fn refuse(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        &json!({"error": {"message": message, "code": status}}),
    )
}

/// Connects without ever sleeping, and without the environment of the process.
pub fn connect(spec: EndpointSpec) -> Result<Endpoint, EndpointError> {
    Connector::default()
        .sleep(|_| {})
        .variables(|_| None)
        .connect(spec)
}

pub fn items(ids: impl IntoIterator<Item = u64>) -> Vec<EvalItem> {
    let item = |id| EvalItem {
        id,
        example: Example::new(id, format!("problem {id}"), "", ""),
        band: None,
    };
    ids.into_iter().map(item).collect()
}

/// Draws and gives what was kept, by id, with the error if there was one.
pub fn draw(
    endpoint: &Endpoint,
    items: &[EvalItem],
    count: usize,
) -> (
    std::collections::BTreeMap<u64, Vec<Completion>>,
    Option<EndpointError>,
) {
    let mut kept = std::collections::BTreeMap::new();
    let result = endpoint.draw(items, count, None, &mut |position, completions| {
        let before = kept.insert(items[position].id, completions);
        assert!(before.is_none(), "item {position} came twice");
        Ok::<(), std::convert::Infallible>(())
    });
    let error = result.err().map(|error| match error {
        interplay_endpoint::DrawError::Endpoint(error) => error,
        interplay_endpoint::DrawError::Keep(never) => match never {},
    });
    (kept, error)
}
