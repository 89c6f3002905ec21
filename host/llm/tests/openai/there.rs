//! An endpoint on loopback that says what it is told to, and what is asked of it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use puppet_grants::Charge;
use puppet_llm::{
    CallContext, Message, Request, Role, Sampling,
    openai::{Endpoint, OpenAi, Secret},
};
use puppet_types::{AgentId, Persona, Timestamp};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub const KEY: &str = "sk-test-1234567890";

/// What the endpoint answers, one after the other; the last again and again.
#[derive(Clone)]
pub enum Turn {
    Answer(u16, &'static str, String),
    /// Never.
    Silence,
    /// Half a body.
    Half,
    /// Pieces of a stream, and then its end.
    Pieces(Vec<String>),
    /// Pieces of a stream, and then nothing, with the connection open.
    Stalled(Vec<String>),
    /// Pieces of a stream that was announced as longer.
    CutOff(Vec<String>),
}

pub fn ok(body: Value) -> Turn {
    Turn::Answer(200, "", body.to_string())
}

/// It.
pub struct Fake {
    pub url: String,
    pub asked: Arc<AtomicUsize>,
    pub seen: Arc<Mutex<Vec<String>>>,
}

pub async fn endpoint(turns: Vec<Turn>) -> Fake {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (asked, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (count, log) = (Arc::clone(&asked), Arc::clone(&seen));
    tokio::spawn(async move {
        loop {
            let Ok((mut socket, _)) = listener.accept().await else { return };
            let (turns, count, log) = (turns.clone(), Arc::clone(&count), Arc::clone(&log));
            tokio::spawn(async move {
                let mut text = String::new();
                let mut buffer = [0_u8; 4096];
                loop {
                    let n = socket.read(&mut buffer).await.unwrap_or(0);
                    text.push_str(&String::from_utf8_lossy(&buffer[..n]));
                    let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                        let length = head.to_lowercase().lines().find_map(|line| {
                            line.strip_prefix("content-length:").and_then(|value| value.trim().parse::<usize>().ok())
                        });
                        body.len() >= length.unwrap_or(0)
                    });
                    if whole || n == 0 {
                        break;
                    }
                }
                log.lock().unwrap().push(text);
                let turn = turns[count.fetch_add(1, Ordering::SeqCst).min(turns.len() - 1)].clone();
                match turn {
                    Turn::Answer(status, headers, body) => {
                        let length = body.len();
                        let head = format!(
                            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
                        );
                        let _ = socket.write_all((head + &body).as_bytes()).await;
                    }
                    Turn::Half => {
                        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"choices\"").await;
                    }
                    Turn::Pieces(pieces) => stream(&mut socket, "", &pieces).await,
                    Turn::CutOff(pieces) => stream(&mut socket, "content-length: 90000\r\n", &pieces).await,
                    Turn::Stalled(pieces) => {
                        stream(&mut socket, "", &pieces).await;
                        std::future::pending().await
                    }
                    Turn::Silence => std::future::pending().await,
                }
            });
        }
    });
    Fake { url, asked, seen }
}

async fn stream(socket: &mut TcpStream, headers: &str, pieces: &[String]) {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n{headers}connection: close\r\n\r\n"
    );
    let _ = socket.write_all(head.as_bytes()).await;
    for piece in pieces {
        let _ = socket.write_all(piece.as_bytes()).await;
        let _ = socket.flush().await;
    }
}

/// An event of a stream.
pub fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// A piece of an answer.
pub fn delta(delta: Value) -> String {
    event(&json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}], "usage": null}))
}

/// The last piece.
pub fn finish(reason: &str) -> String {
    event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}], "usage": null}))
}

/// What was used.
pub fn usage(prompt: u64, completion: u64) -> String {
    let usage = json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion});
    event(&json!({"choices": [], "usage": usage}))
}

pub fn provider(url: &str, change: impl FnOnce(&mut Endpoint)) -> OpenAi {
    let mut endpoint = Endpoint::new("fake", url, "gpt-4o-mini");
    endpoint.key = Some(Secret::new(KEY));
    endpoint.backoff = Duration::from_millis(1);
    change(&mut endpoint);
    OpenAi::new(endpoint).unwrap()
}

pub fn request() -> Request {
    Request {
        purpose: "a-secret-purpose".to_owned(),
        messages: vec![
            Message::new(Role::System, "You are Ada."),
            Message { name: Some("ada".to_owned()), ..Message::new(Role::User, "Topic: tides") },
        ],
        max_tokens: 120,
        sampling: Sampling { temperature: Some(0.7), stop: vec!["END".to_owned()], ..Sampling::default() },
        extra: vec![("note".to_owned(), "not sent".to_owned())],
        ..Request::default()
    }
}

pub fn context() -> CallContext {
    CallContext {
        persona: Arc::new(Persona::default()),
        name: "Ada".to_owned(),
        description: String::new(),
        agent: AgentId::new("ada"),
        seed: 7,
        at: Timestamp::from_millis(0),
    }
}

pub fn answer(text: &str) -> Value {
    json!({
        "id": "x", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text, "refusal": null}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1_000, "completion_tokens": 500, "total_tokens": 1_500}
    })
}

pub fn error(kind: &str, code: &str, message: &str) -> String {
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}}).to_string()
}

impl Fake {
    /// The body of a request.
    pub fn body(&self, n: usize) -> Value {
        let seen = self.seen.lock().unwrap();
        serde_json::from_str(seen[n].split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// How often it was asked.
    pub fn count(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// What a call took of each amount.
pub fn amounts(used: &[Charge]) -> (u64, u64) {
    (used[0].quantity, used[1].quantity)
}
