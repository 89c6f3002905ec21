//! A pack that fetches, in a host that runs: what it was granted it gets, what it was not it does not, and no key is anywhere.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

use crate::{
    authors::{author, copied},
    support::{Kept, Running, finish, list, puppet, run},
};

/// What the host knows, and nobody else.
const KEY: &str = "canary-http-key-5d1e90";

/// A server on this machine, and the heads of what it was asked.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
                let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
                let said = match path.as_str() {
                    "/key" => head.iter().find(|line| line.contains(KEY)).cloned().unwrap_or_default(),
                    "/away" => "HTTP".to_owned(),
                    _ => "sunny".to_owned(),
                };
                kept.lock().unwrap().push(head.join("\n"));
                let status = if path == "/away" { "302 Found\r\nlocation: http://127.0.0.1:1/" } else { "200 OK" };
                let length = said.len();
                let _ = write!(
                    &stream,
                    "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{said}"
                );
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// The pack, built once for all tests; the port is still to be written into it.
fn built() -> &'static Path {
    static BUILT: OnceLock<Kept> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let folder = Kept::new(tempfile::tempdir().unwrap().keep());
            let pack = folder.path().join("reader");
            copied(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/http/reader"), &pack);
            let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authors");
            fs::create_dir_all(&shared).unwrap();
            std::os::unix::fs::symlink(shared, pack.join("target")).unwrap();
            let manifest = fs::read_to_string(pack.join("pack.toml")).unwrap();
            fs::write(pack.join("pack.toml"), manifest.replace("localhost:PORT", "localhost:1")).unwrap();
            author(&pack, &["build"]).exits(0);
            fs::write(pack.join("pack.toml"), manifest).unwrap();
            folder
        })
        .path()
}

/// A home with the pack, which was granted what it asks for; nothing is private there but the server.
fn home(server: &Server, folder: &Path, mode: &str) -> PathBuf {
    let home = folder.join("home");
    let pack = folder.join("page-reader");
    fs::create_dir_all(&home).unwrap();
    fs::create_dir_all(&pack).unwrap();
    for name in ["pack.toml", "persona.toml", "page_reader.wasm"] {
        fs::copy(built().join("reader").join(name), pack.join(name)).unwrap();
    }
    let manifest = fs::read_to_string(pack.join("pack.toml")).unwrap();
    fs::write(pack.join("pack.toml"), manifest.replace("PORT", &server.port.to_string())).unwrap();
    let port = server.port;
    let config = format!(
        "[http]\nallow_private = [\"localhost:{port}\"]\n\
         [http.credentials.key]\nhosts = [\"http://localhost:{port}\"]\nkey_env = \"THE_KEY\"\n"
    );
    fs::write(home.join("puppet.toml"), config).unwrap();
    run(&home, &["install", pack.to_str().unwrap(), "--allow-unsigned"]).exits(3);
    let digest = run(&home, &["grants", "show", "page-reader", "--json"]).exits(0).json()["digest"].clone();
    let digest = digest.as_str().unwrap();
    let mode: &[&str] = if mode == "live" { &[] } else { &["--mode", mode] };
    run(&home, &[&["grants", "approve", "page-reader", "--yes", "--digest", digest], mode].concat()).exits(0);
    home
}

fn host(home: &Path) -> Running {
    let mut command = puppet(home);
    command.args(["run", "--data", ".puppet"]).env("THE_KEY", KEY);
    Running::of(command, &home.join(".puppet"))
}

/// What it says when it is told this.
fn told(home: &Path, text: &str) -> String {
    let payload = format!("{{\"text\": \"{text}\", \"author\": \"@ada\"}}");
    let sent = run(home, &["event", "send", "mention", "--payload", &payload, "--wait", "--json"]).exits(0).json();
    let id = list(&sent, "invocations")[0].as_str().unwrap();
    let shown = run(home, &["journal", "show", id, "--json"]).exits(0).json();
    shown["log"][0]["message"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned()
}

#[test]
fn a_pack_gets_what_it_was_granted_and_no_key_is_anywhere() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let home = home(&server, folder.path(), "live");
    let running = host(&home);
    let at = |path: &str| format!("http://localhost:{}{path}", server.port);
    assert_eq!(told(&home, &format!("GET {}", at("/now"))), "200 sunny");
    let key = told(&home, &format!("GET {} key", at("/key")));
    assert!(key.starts_with("200 authorization: Bearer ") && !key.contains(KEY), "{key}");
    assert!(server.asked()[1].contains(KEY), "the server has it");
    assert_eq!(told(&home, &format!("POST {}", at("/now"))), "200 sunny");
    for (text, begins) in [
        ("GET https://localhost/", "denied: the host localhost was not granted"),
        ("GET http://localhost:1/", "denied: the host http://localhost:1 was not granted"),
        ("GET http://127.0.0.1/", "invalid-input: an address in numbers"),
        (&*format!("GET {} other", at("/now")), "denied: the credential `other` was not granted"),
        (&*format!("GET {}", at("/away")), "denied: it redirects to an address in numbers"),
    ] {
        let said = told(&home, text);
        assert!(said.starts_with(begins), "{text}: {said}");
    }
    assert_eq!(server.asked().len(), 4);
    // A budget holds over restarts: four of nine are used.
    assert_eq!(running.stop(), 0);
    let again = host(&home);
    for _ in 0..5 {
        assert_eq!(told(&home, &format!("GET {}", at("/now"))), "200 sunny");
    }
    let over = told(&home, &format!("GET {}", at("/now")));
    assert!(over.starts_with("budget-exhausted: requests/hour"), "{over}");
    assert_eq!((server.asked().len(), again.stop()), (9, 0));
    // A replay asks nobody, and has the pages.
    let journal = run(&home, &["journal", "--kind", "mention", "--json"]).exits(0).json();
    for item in list(&journal, "items") {
        let id = item["invocation"].as_str().or(item["id"].as_str()).unwrap();
        run(&home, &["replay", id]).exits(0);
    }
    assert_eq!(server.asked().len(), 9);
    for file in walk(&home) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes()), "{}", file.display());
    }
}

#[test]
fn what_may_change_something_is_not_asked_of_a_pack_that_does_not_run_live() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let home = home(&server, folder.path(), "dry-run");
    let _running = host(&home);
    let url = format!("http://localhost:{}/now", server.port);
    assert_eq!(told(&home, &format!("GET {url}")), "200 sunny");
    let said = told(&home, &format!("POST {url}"));
    assert_eq!(said, "denied: a POST may change something, and this pack runs `dry-run`");
    assert_eq!(server.asked().len(), 1);
}

/// Asked once: from then on the scenario has the page.
#[test]
fn a_page_is_recorded_into_a_scenario_without_the_key() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let home = home(&server, folder.path(), "live");
    let pack = folder.path().join("page-reader");
    let url = format!("http://localhost:{}/key", server.port);
    let text = format!(
        "[[step]]\nevent = {{ kind = \"mention\", payload = {{ post = {{ id = \"7\", author = \"ada\", text = \"GET {url} key\", at = \"2026-01-05T12:00:00Z\", conversation = \"7\" }} }} }}\n"
    );
    fs::create_dir(pack.join("tests")).unwrap();
    let file = pack.join("tests/page.toml");
    fs::write(&file, format!("schema = \"puppet.scenario/1\"\n{text}log_contains = [\"200 authorization: Bearer\"]\n"))
        .unwrap();
    fs::copy(home.join("puppet.toml"), pack.join("puppet.toml")).unwrap();
    let test = |args: &[&str]| {
        let mut command = puppet(&pack);
        finish(command.args([&["test", "--no-build"], args].concat()).env("THE_KEY", KEY))
    };
    let missing = test(&[]).exits(1);
    assert!(missing.stdout.contains(&format!("url = \"{url}\"")), "what would answer is told: {missing:?}");
    let recorded = test(&["--record"]).exits(0);
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.contains("[[answer.http]]") && written.contains(&format!("url = \"{url}\"")), "{written}");
    assert!(!written.contains(KEY) && !recorded.stdout.contains(KEY) && !recorded.stderr.contains(KEY), "{written}");
    assert_eq!(server.asked().len(), 1);
    test(&["--record"]).exits(0);
    test(&[]).exits(0);
    assert_eq!((server.asked().len(), fs::read_to_string(&file).unwrap()), (1, written));
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map_while(Result::ok) {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files.extend(walk(&entry.path())),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}
