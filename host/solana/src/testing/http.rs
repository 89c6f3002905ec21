//! A server that gives the answers it was told to, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Status, headers, body.
pub(crate) type Answer = (u16, &'static str, String);

/// What was asked: head and body of each request.
pub(crate) type Asked = Arc<Mutex<Vec<String>>>;

/// Answers each request by its body and its number; where it listens, and what it was asked.
pub(crate) async fn serve(answer: impl Fn(&str, usize) -> Answer + Send + Sync + 'static) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut text = String::new();
            let mut bytes = vec![0; 65_536];
            loop {
                let read = socket.read(&mut bytes).await.unwrap();
                text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let head = head.to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if read == 0 || body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    break;
                }
            }
            let number = noted.lock().unwrap().len();
            noted.lock().unwrap().push(text.clone());
            let (status, headers, body) = answer(&text, number);
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n");
            drop(socket.write_all(format!("{head}{body}").as_bytes()).await);
        }
    });
    (address, asked)
}
