//! What stands for X where a test is about signatures: answers what it is told to, one connection per request.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A request, as it came.
#[derive(Debug, Clone)]
pub struct Came {
    /// `GET /2/users/me`, with the query.
    pub line: String,
    pub authorization: String,
    pub body: String,
}

impl Came {
    /// A parameter of OAuth 1.0a's header.
    pub fn oauth(&self, name: &str) -> Option<&str> {
        self.authorization.split_once(&format!("{name}=\""))?.1.split('"').next()
    }

    /// Its body; null where there is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A parameter of the query.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.line.split_once('?')?.1;
        let url = reqwest::Url::parse(&format!("http://x/?{query}")).unwrap();
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// A field of a form.
    pub fn field(&self, name: &str) -> Option<String> {
        let url = reqwest::Url::parse(&format!("http://x/?{}", self.body)).unwrap();
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// Status, further headers, body.
pub type Answered = (u16, Vec<(&'static str, String)>, String);

/// It; gone when it is dropped.
pub struct Stand {
    pub url: String,
    pub came: Arc<Mutex<Vec<Came>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Stand {
    /// None from `answer`: the connection is closed instead.
    pub async fn new(answer: impl FnMut(&Came) -> Option<Answered> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let came = Arc::<Mutex<Vec<Came>>>::default();
        let (seen, answer) = (Arc::clone(&came), Arc::new(Mutex::new(answer)));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move {
                    let _ = talk(stream, |came| {
                        seen.lock().unwrap().push(came.clone());
                        (answer.lock().unwrap())(came)
                    })
                    .await;
                });
            }
        });
        Self { url, came, task }
    }

    pub fn lines(&self) -> Vec<String> {
        self.came.lock().unwrap().iter().map(|came| came.line.clone()).collect()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn talk(mut stream: TcpStream, answer: impl FnOnce(&Came) -> Option<Answered>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break at;
        }
        let mut chunk = [0; 4_096];
        match stream.read(&mut chunk).await? {
            0 => return Ok(()),
            n => bytes.extend_from_slice(&chunk[..n]),
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let line = lines.next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(head + 4);
    let read = body.len();
    body.resize(length, 0);
    stream.read_exact(&mut body[read..]).await?;
    let authorization = headers.get("authorization").cloned().unwrap_or_default();
    let came = Came { line, authorization, body: String::from_utf8(body).unwrap() };
    if let Some((status, headers, body)) = answer(&came) {
        let mut text = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        headers.iter().for_each(|(name, value)| text += &format!("{name}: {value}\r\n"));
        stream.write_all(format!("{text}\r\n{body}").as_bytes()).await?;
    }
    stream.shutdown().await
}
