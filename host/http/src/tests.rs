//! Fetches of servers on this machine, which say what they are told to and keep what they were asked.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use puppet_grants::{Amount, HostPattern, Web};
use puppet_types::{Code, Secret, StateBytes, scrub};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{Ask, Bounds, Credential, Fetch, Fetcher, Lookup, Page, Pages as _, Private, Rules};

const KEY: &str = "canary-of-the-web-7c1f";

/// A server, and the heads of what it was asked.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request, by its first line, with these bytes; a pause after them where there is none.
    async fn of(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (kept, answer) = (Arc::clone(&asked), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    let mut chunk = [0; 1_024];
                    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
                        match stream.read(&mut chunk).await {
                            Ok(n) if n > 0 => head.extend_from_slice(&chunk[..n]),
                            _ => return,
                        }
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    let answer = answer(&head);
                    kept.lock().unwrap().push(head);
                    let _ = stream.write_all(&answer).await;
                    if answer.is_empty() {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        Self { port, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn host(&self) -> String {
        format!("http://localhost:{}", self.port)
    }
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n");
    [head.into_bytes(), body.to_vec()].concat()
}

fn page(body: &str) -> Vec<u8> {
    answer("200 OK", "content-type: text/plain\r\nset-cookie: a=b\r\n", body.as_bytes())
}

/// Rules that let these servers be asked.
fn rules(servers: &[&Server]) -> Rules {
    let private = |server: &&Server| Private { host: "localhost".to_owned(), port: server.port };
    Rules { allow_private: servers.iter().map(private).collect(), ..Rules::default() }
}

fn web(hosts: &[String]) -> Web {
    let hosts = hosts.iter().map(|host| HostPattern::parse(host).unwrap()).collect();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Web { hosts, methods: words(&["GET", "POST"]), credentials: words(&["key"]) }
}

fn fetch(method: &str, url: &str, hosts: &[String]) -> Fetch {
    let body = (method == "POST").then(|| b"{}".to_vec());
    let ask = Ask::of((method.to_owned(), url), Vec::new(), body, None, 1_000).unwrap();
    Fetch { pack: "pack".into(), ask, web: web(hosts), most_bytes: 1_000 }
}

fn key_for(hosts: &[String]) -> BTreeMap<String, Credential> {
    let credential = Credential {
        hosts: hosts.iter().map(|host| HostPattern::parse(host).unwrap()).collect(),
        header: "authorization".to_owned(),
        prefix: "Bearer ".to_owned(),
        key: Secret::new(KEY),
    };
    [("key".to_owned(), credential)].into()
}

fn fetcher(rules: Rules) -> Fetcher {
    Fetcher::new(rules, BTreeMap::new()).unwrap()
}

async fn got(fetcher: &Fetcher, fetch: &Fetch) -> Page {
    fetcher.fetch(fetch).await.unwrap_or_else(|failure| panic!("{failure}")).value
}

async fn refused(fetcher: &Fetcher, fetch: &Fetch) -> (Code, String) {
    let error = fetcher.fetch(fetch).await.unwrap_err().error;
    (error.code, error.message)
}

#[tokio::test]
async fn a_page_comes_with_what_a_plugin_may_see_and_what_it_cost() {
    let server = Server::of(|_| page("sunny")).await;
    let fetcher = fetcher(rules(&[&server]));
    let answer = fetcher.fetch(&fetch("GET", &server.url("/now"), &[server.host()])).await.unwrap();
    let names: Vec<&str> = answer.value.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((answer.value.status, names), (200, vec!["content-type"]));
    assert_eq!(answer.value.body, StateBytes::Text("sunny".to_owned()));
    let used = |amount| answer.used.iter().find(|charge| charge.amount == amount).unwrap().quantity;
    assert_eq!((used(Amount::Requests), used(Amount::Bytes)), (1, server.url("/now").len() as u64 + 5));
    let head = server.asked().remove(0).to_lowercase();
    assert!(head.contains("user-agent: puppet-engine/") && !head.contains("accept-encoding"), "{head}");
}

#[tokio::test]
async fn a_status_of_any_kind_is_an_answer_and_a_post_is_sent_once() {
    let server = Server::of(|head| match head.starts_with("POST") {
        true => answer("307 Temporary Redirect", "location: /elsewhere\r\n", b""),
        false => answer("404 Not Found", "content-type: text/html\r\n", b"gone"),
    })
    .await;
    let fetcher = fetcher(rules(&[&server]));
    assert_eq!(got(&fetcher, &fetch("GET", &server.url("/"), &[server.host()])).await.status, 404);
    let moved = got(&fetcher, &fetch("POST", &server.url("/"), &[server.host()])).await;
    assert_eq!((moved.status, moved.headers), (307, vec![("location".to_owned(), "/elsewhere".to_owned())]));
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn what_is_at_a_private_address_is_not_asked() {
    let server = Server::of(|_| page("secret")).await;
    let (code, message) = refused(&fetcher(Rules::default()), &fetch("GET", &server.url("/"), &[server.host()])).await;
    assert_eq!(code, Code::Denied);
    assert!(message.contains("private address") && server.asked().is_empty(), "{message}");
}

/// The name is looked up once for a connection, and that is what the connection goes to.
#[tokio::test]
async fn a_name_that_changes_its_mind_reaches_nothing() {
    let server = Server::of(|_| page("secret")).await;
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    let lookup: Lookup = Arc::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        let private: [IpAddr; 3] =
            [IpAddr::from([127, 0, 0, 1]), IpAddr::from([10, 0, 0, 1]), "::ffff:127.0.0.1".parse().unwrap()];
        Box::pin(async move { Ok(private.to_vec()) })
    });
    let fetcher = Fetcher::with_lookup(Rules::default(), BTreeMap::new(), lookup).unwrap();
    let url = format!("http://rebound.example:{}/", server.port);
    let hosts = [format!("http://rebound.example:{}", server.port)];
    for looked in 1..=3 {
        let (code, message) = refused(&fetcher, &fetch("GET", &url, &hosts)).await;
        assert_eq!((code, looks.load(Ordering::SeqCst)), (Code::Denied, looked), "{message}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_redirect_is_looked_at_as_a_request_of_its_own() {
    let other = Server::of(|_| page("there")).await;
    let port = other.port;
    let server = Server::of(move |head| {
        let to = match head.split(' ').nth(1).unwrap() {
            "/granted" => format!("http://localhost:{port}/x"),
            "/number" => format!("http://127.0.0.1:{port}/x"),
            "/mapped" => format!("http://[::ffff:127.0.0.1]:{port}/x"),
            "/file" => "file:///etc/passwd".to_owned(),
            "/user" => format!("http://ada:pw@localhost:{port}/x"),
            "/round" => "/round".to_owned(),
            _ => return page("here"),
        };
        answer("302 Found", &format!("location: {to}\r\n"), b"")
    })
    .await;
    let mut credentials = key_for(&[server.host(), other.host()]);
    credentials.retain(|name, _| name == "key");
    let fetcher = Fetcher::new(rules(&[&server, &other]), credentials).unwrap();
    let ask = |path: &str, hosts: &[String]| {
        let mut fetch = fetch("GET", &server.url(path), hosts);
        fetch.ask.credential = Some("key".to_owned());
        fetch
    };
    let both = [server.host(), other.host()];
    let there = got(&fetcher, &ask("/granted", &both)).await;
    assert_eq!((there.url, there.body), (other.url("/x"), StateBytes::Text("there".to_owned())));
    assert!(server.asked()[0].contains(KEY), "its own host gets the key");
    assert!(!other.asked()[0].contains(KEY), "whoever it sends us to gets none");
    for (path, hosts, code) in [
        ("/granted", vec![server.host()], Code::Denied),
        ("/number", both.to_vec(), Code::Denied),
        ("/mapped", both.to_vec(), Code::Denied),
        ("/file", both.to_vec(), Code::Denied),
        ("/user", both.to_vec(), Code::Denied),
        ("/round", both.to_vec(), Code::InvalidAnswer),
    ] {
        let (found, message) = refused(&fetcher, &ask(path, &hosts)).await;
        assert_eq!(found, code, "{path}: {message}");
        assert!(!message.contains(KEY), "{message}");
    }
    assert_eq!(other.asked().len(), 1, "nothing else came there");
    let rounds = server.asked().iter().filter(|head| head.starts_with("GET /round ")).count();
    assert_eq!(rounds, 4, "the first and three redirects");
}

#[tokio::test]
async fn an_answer_stays_within_its_bounds() {
    let server = Server::of(|head| match head.split(' ').nth(1).unwrap() {
        "/told" => answer("200 OK", "content-type: text/plain\r\n", &[b'a'; 1_001]),
        "/untold" => {
            let body = "a".repeat(2_000);
            format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n{body}").into_bytes()
        }
        "/packed" => answer("200 OK", "content-type: text/plain\r\ncontent-encoding: gzip\r\n", b"\x1f\x8b\x08"),
        "/program" => answer("200 OK", "content-type: application/octet-stream\r\n", b"\x7fELF"),
        "/untyped" => answer("200 OK", "", b"?"),
        "/empty" => answer("204 No Content", "", b""),
        _ => Vec::new(),
    })
    .await;
    let rules = Rules { timeout: Duration::from_millis(300), ..rules(&[&server]) };
    let fetcher = fetcher(rules);
    let ask = |path: &str| fetch("GET", &server.url(path), &[server.host()]);
    for (path, code) in [
        ("/told", Code::TooLong),
        ("/untold", Code::TooLong),
        ("/packed", Code::InvalidAnswer),
        ("/program", Code::InvalidAnswer),
        ("/untyped", Code::InvalidAnswer),
        ("/silence", Code::Timeout),
    ] {
        let (found, message) = refused(&fetcher, &ask(path)).await;
        assert_eq!(found, code, "{path}: {message}");
    }
    assert_eq!(got(&fetcher, &ask("/empty")).await.status, 204);
}

#[tokio::test]
async fn a_kept_answer_is_asked_after_and_given_where_it_is_right() {
    let server = Server::of(|head| match head.to_lowercase().contains("if-none-match: \"1\"") {
        true => answer("304 Not Modified", "etag: \"1\"\r\n", b""),
        false => answer("200 OK", "content-type: text/plain\r\netag: \"1\"\r\n", b"long"),
    })
    .await;
    let fetcher = fetcher(rules(&[&server]));
    let one = fetch("GET", &server.url("/feed"), &[server.host()]);
    let (first, second) = (got(&fetcher, &one).await, got(&fetcher, &one).await);
    assert_eq!((first.is_cached, second.is_cached), (false, true));
    assert_eq!((second.status, &second.body, &second.headers), (200, &first.body, &first.headers));
    let other = Fetch { pack: "other".into(), ..one };
    assert!(!got(&fetcher, &other).await.is_cached, "what one pack was sent is not another's");
}

#[tokio::test]
async fn a_key_goes_to_its_own_hosts_and_is_never_told() {
    scrub::learn([&Secret::new(KEY)]);
    let server = Server::of(|head| match head.split(' ').nth(1).unwrap() {
        "/bytes" => answer("200 OK", "content-type: text/plain\r\n", &[&[0xff][..], KEY.as_bytes()].concat()),
        _ => page("fine"),
    })
    .await;
    let ask = |path: &str, name: &str| {
        let mut fetch = fetch("GET", &server.url(path), &[server.host()]);
        fetch.ask.credential = Some(name.to_owned());
        fetch
    };
    let own = Fetcher::new(rules(&[&server]), key_for(&[server.host()])).unwrap();
    assert_eq!(got(&own, &ask("/", "key")).await.status, 200);
    assert!(server.asked()[0].contains(&format!("Bearer {KEY}")));
    assert!(!format!("{:?}", key_for(&[])).contains(KEY));
    assert_eq!(refused(&own, &ask("/", "other")).await.0, Code::Denied);
    assert_eq!(refused(&own, &ask("/bytes", "key")).await.0, Code::InvalidAnswer, "it came back, and is kept back");
    let others = Fetcher::new(rules(&[&server]), key_for(&["api.example.org".to_owned()])).unwrap();
    let (code, message) = refused(&others, &ask("/", "key")).await;
    assert!(code == Code::Denied && message.contains("is not for"), "{message}");
    let odd = Credential { key: Secret::new("a\nb"), ..key_for(&[]).remove("key").unwrap() };
    assert!(Fetcher::new(Rules::default(), [("key".to_owned(), odd)].into()).is_err());
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let server = Server::of(|_| page("fine")).await;
    let fetcher = fetcher(Rules { per_host_per_minute: 2, ..rules(&[&server]) });
    let ask = fetch("GET", &server.url("/"), &[server.host()]);
    let mut refusals = Vec::new();
    // A minute may end in between: then two more are asked.
    for _ in 0..5 {
        refusals.extend(fetcher.fetch(&ask).await.err().map(|failure| failure.error));
    }
    assert!(!refusals.is_empty() && server.asked().len() <= 4);
    assert!(refusals.iter().all(|error| error.code == Code::RateLimited && error.retry_after_ms.is_some()));
}

#[tokio::test]
async fn who_is_not_there_is_told_without_the_address() {
    let server = Server::of(|_| page("")).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let rules = Rules {
        allow_private: vec![Private { host: "localhost".to_owned(), port }],
        bounds: Bounds::default(),
        ..rules(&[&server])
    };
    let url = format!("http://localhost:{port}/path?key=mine");
    let (code, message) = refused(&fetcher(rules), &fetch("GET", &url, &[format!("http://localhost:{port}")])).await;
    assert!(code == Code::ProviderUnavailable && !message.contains("mine"), "{message}");
}
