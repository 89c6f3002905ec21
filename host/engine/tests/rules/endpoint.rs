//! An endpoint of embeddings on loopback, at a port that the system chooses: it knows three meanings, counts what it
//! is sent, and fails or hangs when it is told to.

use std::sync::{Arc, Mutex};

use puppet_engine::LlmEmbedder;
use puppet_llm::{
    Price,
    openai::{Endpoint, OpenAi},
};
use puppet_memory::{Embedder, VectorTerms};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What it does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// A vector per text, and as many tokens as bytes.
    Answers,
    /// Nothing, for ever.
    Hangs,
    /// A status.
    Fails(u16),
    /// Status 400 where a text holds this.
    Dislikes(&'static str),
}

/// The endpoint.
pub struct Loopback {
    url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    requests: Vec<Vec<String>>,
    tokens: u64,
}

/// Ships, bread, and the rest.
fn meaning(text: &str) -> [f32; 3] {
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if any(&["ship", "vessel"]) {
        [1.0, 0.0, 0.0]
    } else if any(&["bread", "rye"]) {
        [0.0, 1.0, 0.0]
    } else {
        [0.0, 0.0, 1.0]
    }
}

impl Loopback {
    /// Opens it.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { mood: Mood::Answers, requests: Vec::new(), tokens: 0 }));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&shared)));
            }
        });
        Self { url, state }
    }

    /// From the next request on.
    pub fn becomes(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// The texts of each request.
    pub fn requests(&self) -> Vec<Vec<String>> {
        self.state.lock().unwrap().requests.clone()
    }

    /// Tokens that it has billed.
    pub fn tokens(&self) -> u64 {
        self.state.lock().unwrap().tokens
    }

    /// A model of it, at a dollar per million tokens.
    pub fn embedder(&self, model: &str) -> (Arc<dyn Embedder>, VectorTerms) {
        let price = Price { prompt_usd_micros_per_million: 1_000_000, completion_usd_micros_per_million: 0 };
        let provider = OpenAi::new(Endpoint {
            embedding_model: model.to_owned(),
            price: Some(price),
            retries: 0,
            ..Endpoint::new("loopback", &self.url, "unused")
        });
        let provider = provider.unwrap();
        let terms = provider.terms();
        let (embedder, terms) = LlmEmbedder::new(Arc::new(provider), &terms, format!("loopback/{model}"));
        (embedder, terms)
    }
}

async fn serve(mut socket: TcpStream, state: Arc<Mutex<State>>) {
    let Some(body) = request(&mut socket).await else { return };
    let texts: Vec<String> = serde_json::from_value(body["input"].clone()).unwrap();
    let mood = {
        let mut state = state.lock().unwrap();
        state.requests.push(texts.clone());
        state.mood
    };
    let (status, answer) = match mood {
        Mood::Hangs => return std::future::pending().await,
        Mood::Fails(status) => (status, json!({"error": {"message": "on purpose"}})),
        Mood::Dislikes(word) if texts.iter().any(|text| text.contains(word)) => {
            (400, json!({"error": {"message": "not this", "type": "invalid_request_error"}}))
        }
        Mood::Answers | Mood::Dislikes(_) => {
            let tokens: usize = texts.iter().map(String::len).sum();
            state.lock().unwrap().tokens += tokens as u64;
            let vectors = texts.iter().enumerate();
            let data: Vec<Value> =
                vectors.map(|(index, text)| json!({"index": index, "embedding": meaning(text)})).collect();
            (200, json!({"data": data, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}))
        }
    };
    let body = answer.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // Whoever gave up does not listen any more.
    let _ = socket.write_all((head + &body).as_bytes()).await;
}

async fn request(socket: &mut TcpStream) -> Option<Value> {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4_096];
        let n = socket.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((_, body)) = text.split_once("\r\n\r\n") else { continue };
        if let Ok(body) = serde_json::from_str(body) {
            return Some(body);
        }
    }
}
