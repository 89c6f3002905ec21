//! A client that costs little: the request is written as it is, and of the answer only status and length are read.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

/// A request as it goes over the wire.
pub fn request(to: SocketAddr, method: &str, path: &str, more: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\n{more}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// One that is kept open.
struct Connection(BufReader<TcpStream>);

impl Connection {
    async fn open(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::with_capacity(64 << 10, stream))
    }

    /// Asks, and reads the answer's body into `body`.
    async fn ask(&mut self, request: &[u8], body: &mut Vec<u8>) {
        self.0.get_mut().write_all(request).await.unwrap();
        let status = self.head(body).await;
        assert!((200..300).contains(&status), "{status}: {}", String::from_utf8_lossy(body));
    }

    async fn head(&mut self, body: &mut Vec<u8>) -> u16 {
        let (mut line, mut status, mut length) = (String::new(), 0, 0);
        loop {
            line.clear();
            assert!(self.0.read_line(&mut line).await.unwrap() > 0, "the server hung up");
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if status == 0 {
                status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
            } else if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        body.resize(length, 0);
        self.0.read_exact(body).await.unwrap();
        status
    }
}

/// One request; the body of its answer.
pub async fn once(to: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    Connection::open(to).await.ask(request, &mut body).await;
    body
}

/// What a load came to.
pub struct Load {
    /// How long each took, in order.
    took: Vec<Duration>,
    length: Duration,
}

impl Load {
    fn of(mut took: Vec<Duration>, length: Duration) -> Self {
        took.sort_unstable();
        Self { took, length }
    }

    /// Answers a second.
    pub fn per_second(&self) -> f64 {
        self.took.len() as f64 / self.length.as_secs_f64()
    }

    /// Milliseconds that so many took at most.
    pub fn quantile(&self, share: f64) -> f64 {
        let at = ((self.took.len() as f64 * share) as usize).min(self.took.len() - 1);
        self.took[at].as_secs_f64() * 1e3
    }
}

/// Each request on a connection of its own, again and again, for so long.
pub async fn load(to: SocketAddr, requests: &[Vec<u8>], length: Duration) -> Load {
    let since = Instant::now();
    let each = requests.iter().cloned().map(|request| {
        tokio::spawn(async move {
            let (mut connection, mut body, mut took) = (Connection::open(to).await, Vec::new(), Vec::new());
            while since.elapsed() < length {
                let asked = Instant::now();
                connection.ask(&request, &mut body).await;
                took.push(asked.elapsed());
            }
            took
        })
    });
    let mut took = Vec::new();
    for each in each.collect::<Vec<_>>() {
        took.extend(each.await.unwrap());
    }
    Load::of(took, since.elapsed())
}

/// So many a second in all, each at its time: what comes late counts from when it was due.
pub async fn paced(to: SocketAddr, requests: &[Vec<u8>], rate: u32, length: Duration) -> Load {
    let every = Duration::from_secs(1) * u32::try_from(requests.len()).unwrap() / rate;
    let mut connections = Vec::new();
    for request in requests {
        let mut connection = Connection::open(to).await;
        connection.ask(request, &mut Vec::new()).await;
        connections.push(connection);
    }
    let since = Instant::now();
    let each =
        connections.into_iter().zip(requests.iter().cloned()).enumerate().map(|(n, (mut connection, request))| {
            let first = every * u32::try_from(n).unwrap() / u32::try_from(requests.len()).unwrap();
            tokio::spawn(async move {
                let (mut body, mut took, mut due) = (Vec::new(), Vec::new(), since + first);
                while due.duration_since(since) < length {
                    tokio::time::sleep_until(due.into()).await;
                    connection.ask(&request, &mut body).await;
                    took.push(due.elapsed());
                    due += every;
                }
                took
            })
        });
    let mut took = Vec::new();
    for each in each.collect::<Vec<_>>() {
        took.extend(each.await.unwrap());
    }
    Load::of(took, since.elapsed())
}

/// A reader of the live stream.
pub struct Stream(BufReader<TcpStream>);

impl Stream {
    pub async fn open(to: SocketAddr, request: Vec<u8>) -> Self {
        let mut stream = BufReader::new(TcpStream::connect(to).await.unwrap());
        stream.get_mut().write_all(&request).await.unwrap();
        let mut reader = Self(stream);
        reader.until("text/event-stream").await;
        reader
    }

    /// Reads until a line has this in it.
    pub async fn until(&mut self, word: &str) {
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert!(self.0.read_line(&mut line).await.unwrap() > 0, "the stream ended before {word}");
        }
    }
}
