//! Where the browser comes back to after a sign-in: a page of this machine, for this one visit.

use std::{net::Ipv4Addr, time::Duration};

use puppet_tweet::{NoCode, SignIn};
use puppet_types::Secret;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::trouble::{Result, Trouble};

/// Longest head of a request.
const HEAD_BYTES: usize = 16 << 10;
/// How long a browser may take to ask.
const TALK: Duration = Duration::from_secs(5);

/// The page.
pub struct Page {
    listener: TcpListener,
    /// `http://127.0.0.1:8731`.
    origin: String,
}

impl Page {
    /// Listens where `redirect` leads; none where that is not this machine.
    pub async fn open(redirect: &str) -> Result<Option<Self>> {
        let Some((origin, port)) = local(redirect) else { return Ok(None) };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
            let message = format!("nothing can listen on 127.0.0.1:{port} for the browser: {error}");
            Trouble::unreachable(
                "no-port",
                message,
                "--port names another that the app is registered with, and --no-browser needs none",
            )
        })?;
        Ok(Some(Self { listener, origin }))
    }

    /// The code of the browser that comes back. Whoever else comes is sent away.
    pub async fn code(&self, sign_in: &SignIn) -> std::result::Result<Secret, NoCode> {
        loop {
            let Ok((mut stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let Ok(Some(target)) = tokio::time::timeout(TALK, asked(&mut stream)).await else { continue };
            let code = sign_in.code(&format!("{}{target}", self.origin));
            let (status, text) = match &code {
                Ok(_) => ("200 OK", "puppet has what it needs. This page can be closed."),
                Err(NoCode::Denied(_) | NoCode::Nothing) => {
                    ("200 OK", "Nothing was signed in. This page can be closed.")
                }
                Err(NoCode::OtherState) => ("400 Bad Request", "This belongs to another sign-in."),
                Err(NoCode::NotTheAddress(_)) => ("404 Not Found", "There is nothing here."),
            };
            let length = text.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n\
                 cache-control: no-store\r\nconnection: close\r\n\r\n{text}"
            );
            // The browser may be gone.
            let _ = tokio::time::timeout(TALK, stream.write_all(answer.as_bytes())).await;
            let _ = tokio::time::timeout(TALK, stream.shutdown()).await;
            if !matches!(code, Err(NoCode::OtherState | NoCode::NotTheAddress(_))) {
                return code;
            }
        }
    }
}

/// Origin and port of a plain address of this machine.
fn local(redirect: &str) -> Option<(String, u16)> {
    let rest = redirect.strip_prefix("http://")?;
    let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.split_once(':')?;
    let port = port.parse().ok().filter(|_| matches!(host, "127.0.0.1" | "localhost"))?;
    Some((format!("http://{authority}"), port))
}

/// What a `GET` asks for.
async fn asked(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|part| part == b"\r\n\r\n") {
        let mut chunk = [0; 2_048];
        let n = stream.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(chunk.get(..n)?);
        if bytes.len() > HEAD_BYTES {
            return None;
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let target = text.lines().next()?.strip_prefix("GET ")?.split(' ').next()?;
    target.starts_with('/').then(|| target.to_owned())
}

/// A redirect with another port; as it is where it has none.
pub fn with_port(redirect: &str, port: u16) -> String {
    match local(redirect) {
        Some((origin, before)) => {
            let host = origin.trim_end_matches(&format!(":{before}"));
            redirect.replacen(&origin, &format!("{host}:{port}"), 1)
        }
        None => format!("http://127.0.0.1:{port}/callback"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_listened_on() {
        assert_eq!(local("http://127.0.0.1:8731/callback"), Some(("http://127.0.0.1:8731".to_owned(), 8_731)));
        assert_eq!(local("http://localhost:1"), Some(("http://localhost:1".to_owned(), 1)));
        for other in
            ["https://127.0.0.1:1/", "http://127.0.0.1/callback", "http://example.org:1/", "http://127.0.0.1.evil:1/"]
        {
            assert_eq!(local(other), None, "{other}");
        }
        assert_eq!(with_port("http://127.0.0.1:8731/back", 9), "http://127.0.0.1:9/back");
        assert_eq!(with_port("https://example.org/x", 9), "http://127.0.0.1:9/callback");
    }
}
