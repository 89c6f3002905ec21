//! Why a connection did not come about. By what the errors below say, of which nothing is shown: they may hold an address.

use std::error::Error;

/// See the head of this file. Nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoConnection {
    /// Of the address.
    #[error("no host of that name is known here")]
    UnknownHost,
    /// By the machine.
    #[error("the connection was refused: nobody listens there")]
    Refused,
    /// Within the time that a connection may take.
    #[error("nobody answered in time")]
    TooLate,
    /// Because of this.
    #[error("there is no secure connection: {0}")]
    Insecure(&'static str),
    /// Whatever else.
    #[error("no connection came about")]
    Other,
}

impl NoConnection {
    /// None where there was a connection.
    pub fn of(error: &reqwest::Error) -> Option<Self> {
        error.is_connect().then(|| match Self::of_chain(&chain(error)) {
            Self::Other if error.is_timeout() => Self::TooLate,
            found => found,
        })
    }

    /// By what an error and its causes say, in lower case.
    fn of_chain(chain: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| chain.contains(word));
        match () {
            () if has(&["dns error", "lookup address", "name or service"]) => Self::UnknownHost,
            () if has(&["expired"]) => Self::Insecure("its certificate has expired, or the clock here is wrong"),
            () if has(&["notyetvalid", "not valid yet"]) => Self::Insecure("its certificate is not valid yet"),
            () if has(&["notvalidforname", "not valid for name"]) => {
                Self::Insecure("its certificate is for another name")
            }
            () if has(&["certificate"]) => Self::Insecure("its certificate is not trusted here"),
            () if has(&["corrupt message", "invalidcontenttype"]) => Self::Insecure("no TLS is spoken there"),
            () if has(&["tls", "handshake"]) => Self::Insecure("the handshake failed"),
            () if has(&["refused"]) => Self::Refused,
            () => Self::Other,
        }
    }
}

fn chain(error: &dyn Error) -> String {
    let mut said = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        said.push_str(&error.to_string().to_lowercase());
        said.push('\n');
        next = error.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_failed_connection_is_told_by_its_cause() {
        for (chain, wanted) in [
            ("client error (connect)\ndns error\nfailed to lookup address information", NoConnection::UnknownHost),
            (
                "invalid peer certificate: expired: verification time 1",
                NoConnection::Insecure("its certificate has expired, or the clock here is wrong"),
            ),
            ("invalid peer certificate: unknownissuer", NoConnection::Insecure("its certificate is not trusted here")),
            (
                "invalid peer certificate: certificate not valid for name \"x\"",
                NoConnection::Insecure("its certificate is for another name"),
            ),
            ("received corrupt message of type invalidcontenttype", NoConnection::Insecure("no TLS is spoken there")),
            ("tcp connect error\nconnection refused (os error 111)", NoConnection::Refused),
            ("tcp connect error\nno route to host (os error 113)", NoConnection::Other),
        ] {
            assert_eq!(NoConnection::of_chain(chain), wanted);
        }
    }

    #[tokio::test]
    async fn what_really_happens_is_told_so() {
        let here = "http://127.0.0.1/".parse().unwrap();
        let http = crate::client(&here).timeout(Duration::from_millis(500)).build().unwrap();
        let why = async |url: String| NoConnection::of(&http.get(url).send().await.unwrap_err());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(why(format!("http://127.0.0.1:{port}/")).await, Some(NoConnection::Refused));
        // A name that cannot be one (RFC 6761 §6.4): no server is asked for it.
        let long = "x".repeat(64);
        assert_eq!(why(format!("http://{long}.invalid/")).await, Some(NoConnection::UnknownHost));
        // There is a connection, and no answer.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { while listener.accept().await.is_ok() {} });
        assert_eq!(why(url).await, None);
    }
}
