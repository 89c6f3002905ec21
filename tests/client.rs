//! A client of a host's server: one request per connection, JSON to and fro.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use serde_json::Value;

use crate::support::run;

/// Longer than any request is waited for.
const PATIENCE: Duration = Duration::from_secs(180);

/// Where a host answers, with which key it is asked, and what stands before every path.
#[derive(Clone)]
pub struct Client {
    address: String,
    key: Option<String>,
    base: &'static str,
}

/// An answer; a body that is no JSON is its text, an empty one null.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Got {
    /// Its body, where it has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.body
    }

    /// A header, named in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

impl Client {
    /// Of the host that runs on a data folder.
    pub fn of(data: &Path, key: Option<&str>) -> Self {
        let ready: Value = serde_json::from_str(&std::fs::read_to_string(data.join("run.json")).unwrap()).unwrap();
        let url = ready["api_url"].as_str().unwrap_or_else(|| panic!("it does not answer anywhere: {ready}"));
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { address, key: key.map(str::to_owned), base: "" }
    }

    /// Of the same, with paths below `/api/v1`.
    pub fn v1(data: &Path, key: &str) -> Self {
        Self { base: "/api/v1", ..Self::of(data, Some(key)) }
    }

    /// Its port.
    pub fn port(&self) -> String {
        self.address.rsplit_once(':').unwrap().1.to_owned()
    }

    /// Looks.
    pub fn get(&self, path: &str) -> Got {
        self.ask("GET", path, "", None)
    }

    /// What is to be seen there.
    #[track_caller]
    pub fn read(&self, path: &str) -> Value {
        self.get(path).is(200)
    }

    /// Sends JSON.
    pub fn post(&self, path: &str, body: &Value) -> Got {
        self.ask("POST", path, "", Some(&body.to_string()))
    }

    /// Takes away.
    pub fn delete(&self, path: &str) -> Got {
        self.ask("DELETE", path, "", None)
    }

    /// What is where an answer says that its subject is.
    #[track_caller]
    pub fn led(&self, got: &Got) -> Value {
        let place = got.header("location").unwrap_or_else(|| panic!("it leads nowhere: {got:?}"));
        Self { base: "", ..self.clone() }.read(place)
    }

    /// Any request, with JSON where it has a body; `headers` end with a line break each.
    pub fn ask(&self, method: &str, path: &str, headers: &str, body: Option<&str>) -> Got {
        let json = if body.is_some() { "Content-Type: application/json\r\n" } else { "" };
        self.send(method, path, &format!("{headers}{json}"), body.unwrap_or_default().as_bytes())
    }

    /// Sends an archive.
    pub fn upload(&self, path: &str, archive: &[u8]) -> Got {
        self.send("POST", path, "Content-Type: application/x-tar\r\n", archive)
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Got {
        let Self { address, key, base } = self;
        let key = key.as_ref().map_or_else(String::new, |key| format!("Authorization: Bearer {key}\r\n"));
        let head = format!(
            "{method} {base}{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{key}{headers}Content-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = match body {
            "" => Value::Null,
            _ => serde_json::from_str(body).unwrap_or_else(|_| Value::from(body)),
        };
        Got { status, head: head.to_owned(), body }
    }
}

/// A key of the folder: `--role admin` and what else is said of it.
pub fn key(folder: &Path, args: &[&str]) -> String {
    let made = run(folder, &[&["api", "key", "create", "--name", "test", "--json"], args].concat()).exits(0).json();
    made["key"].as_str().unwrap().to_owned()
}
