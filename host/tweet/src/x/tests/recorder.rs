//! What stands for X where a test says every answer: it keeps what it was asked, word for word.

use std::sync::{Mutex, PoisonError};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;

/// A request: `GET /2/users/me`, and its body.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    pub(super) line: String,
    pub(super) body: Value,
}

/// What it is answered with; none closes the connection.
pub(super) type Answer = Option<(u16, Value)>;

/// Answers with a function of what is asked.
pub(super) struct Recorder {
    pub(super) endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Recorder {
    pub(super) async fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (Arc::clone(&requests), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                tokio::spawn(async move {
                    let Some(request) = read(&mut stream).await else { return };
                    let answer = answer(&request);
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                    let Some((status, body)) = answer else { return };
                    let body = if body.is_null() { String::new() } else { body.to_string() };
                    let head = "connection: close\r\ncontent-type: application/json";
                    let answer =
                        format!("HTTP/1.1 {status} .\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { endpoint, requests }
    }

    /// For `ada`.
    pub(super) fn x(&self) -> X {
        let accounts = [("ada".into(), Secret::new(token("ada")).into())].into();
        X::new(settings(self.endpoint.clone(), TIMEOUT, accounts)).unwrap()
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The requests, without their bodies.
    pub(super) fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.line).collect()
    }
}

/// What X says of `ada`.
pub(super) fn me() -> Answer {
    Some((200, json!({ "data": { "id": "1", "username": "ada" } })))
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut asked = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    let (head, from, length) = loop {
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        asked.extend_from_slice(&buffer[..read]);
        let Some(end) = asked.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&asked[..end]).into_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
        });
        break (head, end + 4, length.unwrap_or(0));
    };
    while asked.len() < from + length {
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        asked.extend_from_slice(&buffer[..read]);
    }
    let line = head.lines().next()?.rsplit_once(' ')?.0.to_owned();
    let body = serde_json::from_slice(&asked[from..from + length]).unwrap_or_default();
    Some(Request { line, body })
}
