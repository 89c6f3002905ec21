//! Canaries: every provider has a credential of its own and repeats it in whatever it answers. None of them is found
//! in anything that a full run leaves.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
    time::Duration,
};

use clap::Parser as _;
use serde_json::{Value, json};

use crate::support::{self, Running, finish, list, puppet};

/// By the way that they are resolved: environment, file, command, header, secrets of the data folder.
const CANARIES: [&str; 5] =
    ["sk-env/a+b=7f31", "sk-file/a+b=7f32", "sk-command-7f33", "header-7f34-x", "stored-7f35-y"];
/// In base64, where nothing and where one byte stands before them; as in an address.
const FORMS: [&str; 3] = ["c2stZW52L2ErYj03ZjMx", "NrLWVudi9hK2I9N2YzM", "sk-env%2Fa%2Bb%3D7f31"];
const MASK: &str = "********";

/// A provider at a port that the system chooses: what it is asked with, it says again, each path in another manner.
fn endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(socket));
        }
    });
    url
}

fn request(socket: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4_096];
        let n = socket.read(&mut buffer).unwrap_or(0);
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && (head.starts_with("GET ") || serde_json::from_str::<Value>(body).is_ok())
        {
            let header = |name: &str| {
                let lines = head.lines().filter_map(|line| line.split_once(": "));
                let mut of = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
                of.next().map(|(_, value)| value.to_owned()).unwrap_or_default()
            };
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            return Some((path, format!("{} {}", header("authorization"), header("x-canary"))));
        }
        if n == 0 {
            return None;
        }
    }
}

fn answer(mut socket: TcpStream) {
    let Some((path, keys)) = request(&mut socket) else { return };
    let (status, body) = if path.starts_with("/says") && path.ends_with("/models") {
        ("200 OK", json!({"data": [{"id": "m"}, {"id": keys}]}))
    } else if path.starts_with("/says") {
        let text = format!("You asked with {keys}, that is {} at night.", FORMS.join(" or "));
        let choice = json!({"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"});
        ("200 OK", json!({"model": keys, "choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 9}}))
    } else if path.starts_with("/dislikes") {
        ("400 Bad Request", json!({"error": {"message": format!("bad header: Authorization: {keys}"), "type": keys}}))
    } else {
        ("404 Not Found", json!({"error": {"message": format!("no model for {keys}"), "code": keys}}))
    };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-echo: {keys}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = socket.write_all((head + &body).as_bytes());
}

fn configuration(url: &str) -> String {
    let price = "price = { prompt_usd_per_million = \"1\", completion_usd_per_million = \"1\" }\n";
    let mut text = String::from(
        "[host]\nlog_level = \"trace\"\n[credentials]\nfirst = { env = \"CANARY\" }\nsecond = { file = \"canary\" }\n\
         third = { command = [\"sh\", \"-c\", \"echo sk-command-7f33\"] }\n",
    );
    for (name, path, key) in [
        ("openai", "says", "key_credential = \"first\""),
        ("grok", "dislikes", "key_credential = \"second\""),
        ("home", "lacks", "key_credential = \"third\""),
        ("stored", "says", "key_secret = \"llm/stored\""),
    ] {
        let at =
            format!("base_url = \"{url}/{path}/v1\"\nmodel = \"m\"\nheaders = {{ x-canary = \"header-7f34-x\" }}\n");
        write!(text, "[llm.providers.{name}]\n{at}{key}\n{price}").unwrap();
    }
    text + "[llm]\ndefault = \"home\"\n"
}

/// Agents that speak through one provider each.
fn agents(folder: &Path) -> Vec<String> {
    let file = std::fs::read_to_string(support::fixtures().join("agents/harbour-watch.json")).unwrap();
    let mut files = Vec::new();
    for provider in ["openai", "grok", "home"] {
        let mut agent: Value = serde_json::from_str(&file).unwrap();
        agent["id"] = json!(format!("of-{provider}"));
        agent["name"] = json!(format!("Of {provider}"));
        if provider != "home" {
            agent["llm_provider"] = json!(provider);
        }
        let path = folder.join(format!("{provider}.json"));
        std::fs::write(&path, agent.to_string()).unwrap();
        files.push(path.to_str().unwrap().to_owned());
    }
    files
}

fn own(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn command(folder: &Path) -> Command {
    let mut command = puppet(folder);
    command.env("CANARY", CANARIES[0]);
    command
}

/// What one command says, on both sides.
fn said(folder: &Path, args: &[&str]) -> String {
    let ran = finish(command(folder).args(args));
    // A payload that is given holds what is looked for.
    let given: Vec<&&str> = args.iter().take_while(|argument| **argument != "--payload").collect();
    format!("$ {given:?} {}\n{}{}", ran.code, ran.stdout, ran.stderr)
}

#[track_caller]
fn clean(of: &str, bytes: &[u8]) {
    for canary in CANARIES.iter().chain(&FORMS) {
        let found = bytes.windows(canary.len()).position(|part| part == canary.as_bytes());
        if let Some(at) = found {
            let near = String::from_utf8_lossy(&bytes[at.saturating_sub(300)..bytes.len().min(at + 100)]).into_owned();
            panic!("{canary} in {of}: {near}");
        }
    }
}

#[test]
fn no_credential_is_in_anything_that_a_run_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let data = folder.join(".puppet");
    own(&folder.join("canary"), &format!("{}\n", CANARIES[1]));
    std::fs::write(folder.join("puppet.toml"), configuration(&endpoint())).unwrap();
    let files = agents(folder);
    for file in &files {
        clean("agent import", said(folder, &["agent", "import", file, "--json"]).as_bytes());
    }
    own(&data.join("secrets.toml"), &format!("\"llm/stored\" = \"{}\"\n", CANARIES[4]));

    let log = folder.join("run.log");
    let stderr = std::fs::File::create(&log).unwrap();
    let host = Running::start_with(command(folder), &data, stderr);
    let mut all = String::new();
    // The last one's provider is tried again for minutes: nobody waits for the end of that.
    for (agent, within) in [("of-openai", "1m"), ("of-grok", "1m"), ("of-home", "100ms")] {
        let args = ["event", "send", "command_post", "--agent", agent, "--wait", "--within", within, "--json"];
        all += &said(folder, &[&args[..], &["--payload", "{\"force\": true}"]].concat());
    }
    // A person pastes keys: into a payload, and into what is said.
    let payload = json!({"topic": CANARIES[0], "headline": format!("{} and {}", CANARIES[1], CANARIES[4])}).to_string();
    all += &said(folder, &["event", "send", "news", "--agent", "of-openai", "--wait", "--payload", &payload]);
    let mention = json!({"text": format!("is it {} or {}?", CANARIES[1], CANARIES[2])}).to_string();
    all += &said(folder, &["event", "send", "mention", "--agent", "of-home", "--wait", "--payload", &mention]);
    let heard = |journal: &Value, agent: &str, key: &str, part: &str| {
        let items = list(journal, "items").iter().filter(|item| item["agent"] == agent);
        let mut reads = items.flat_map(|item| list(item, "reads"));
        reads.any(|read| {
            let is_of_model = read["capability"] == "llm" && read["operation"] == "complete";
            is_of_model && read["answer"][key].as_str().is_some_and(|said| said.contains(part))
        })
    };
    let wanted = [
        ("of-openai", "text", MASK),
        ("of-openai", "model", MASK),
        ("of-grok", "message", MASK),
        // Its own words are not told at all.
        ("of-home", "message", "`home`: it has no model `m`"),
    ];
    let mut journal = String::new();
    support::until(Duration::from_secs(120), "a provider was not heard", || {
        let ran = finish(command(folder).args(["journal", "--json"])).exits(0);
        let told = ran.json();
        journal = ran.stdout;
        wanted.iter().all(|(agent, key, part)| heard(&told, agent, key, part))
    });
    let doctor = finish(command(folder).args(["doctor", "--json"])).exits(1).json();
    let of = |name: &str| list(&doctor, "checks").iter().filter(move |check| check["name"] == name).collect::<Vec<_>>();
    assert!(of("credential").len() == 3 && of("credential").iter().all(|check| check["status"] == "ok"), "{doctor}");
    for (provider, status, part) in [
        ("grok: m at ", "fail", "bad header: Authorization: Bearer ********"),
        ("home: m at ", "fail", "it has no model `m`"),
        ("openai: m at ", "ok", "answers and has it"),
        ("stored: m at ", "ok", "answers and has it"),
    ] {
        let said = |check: &&&Value| check["detail"].as_str().unwrap().starts_with(provider);
        let found = of("model").iter().find(said).map(|check| (*check).clone()).unwrap();
        assert!(found["status"] == status && found["detail"].as_str().unwrap().contains(part), "{found}");
    }
    for args in [
        &["journal"][..],
        &["doctor", "--json"],
        &["doctor"],
        &["config", "--json"],
        &["config"],
        &["budgets", "--json"],
        &["agent", "list", "--json"],
        &["agent", "show", "of-openai", "--json"],
        &["plugins", "--json"],
    ] {
        all += &said(folder, args);
    }
    all += &journal;
    all += &std::fs::read_to_string(data.join("run.json")).unwrap();
    all += &host.printed();
    clean("what was said", all.as_bytes());
    clean("the host's log", &std::fs::read(&log).unwrap());
    for entry in std::fs::read_dir(&data).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() && entry.file_name() != "secrets.toml" {
            clean(&entry.path().display().to_string(), &std::fs::read(entry.path()).unwrap());
        }
    }
}

#[test]
fn a_credential_that_cannot_be_had_is_told_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let file = folder.join("canary");
    own(&file, CANARIES[1]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let provider = |key: &str| {
        format!(
            "[llm.providers.home]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\nkey_credential = \"{key}\"\n\
             price = {{ prompt_usd_per_million = \"0\", completion_usd_per_million = \"0\" }}\n"
        )
    };
    let credentials = "[credentials]\nopen = { file = \"canary\" }\n\
                       failing = { command = [\"sh\", \"-c\", \"echo sk-command-7f33; exit 3\"] }\n";
    for (key, code, parts) in [
        ("open", 4, ["puppet.toml:2", "credential `open`", "chmod 600"]),
        ("failing", 4, ["puppet.toml:3", "credential `failing`", "fails"]),
        ("opne", 2, ["puppet.toml:7", "no credential `opne`", "did you mean `open`?"]),
    ] {
        std::fs::write(folder.join("puppet.toml"), format!("{credentials}{}", provider(key))).unwrap();
        let ran = finish(command(folder).args(["run", "--for", "1s"])).exits(code);
        assert!(parts.iter().all(|part| ran.stderr.contains(part)), "{}", ran.stderr);
        clean("an error", ran.stderr.as_bytes());
    }
    std::fs::write(folder.join("puppet.toml"), format!("{credentials}[store]\nkey = \"key\"\n")).unwrap();
    assert!(finish(command(folder).arg("doctor")).exits(2).stderr.contains("no credential `key`"));
}

#[test]
fn the_secrets_of_the_folder_are_encrypted_under_a_credential() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let secrets = folder.join(".puppet/secrets.toml");
    let import = |name: &str, key: &str| {
        let agent = json!({"id": name, "name": name, "description": "Shines.", "twitter_credentials": {"apiKey": key}});
        let path = folder.join(format!("{name}.json"));
        std::fs::write(&path, agent.to_string()).unwrap();
        finish(command(folder).args(["agent", "import", path.to_str().unwrap()])).exits(0);
    };
    let said = |code: i32| {
        let ran = finish(command(folder).args(["doctor", "--json"])).exits(code);
        let checks = ran.json();
        let mut of = list(&checks, "checks").iter().filter(|check| check["name"] == "secrets");
        of.next().unwrap()["detail"].as_str().unwrap().to_owned()
    };
    import("one", CANARIES[3]);
    assert!(said(0).contains("clear text"));
    let configured = |variable: &str| {
        let text = format!("[credentials]\nkey = {{ env = \"{variable}\" }}\n[store]\nkey = \"key\"\n");
        std::fs::write(folder.join("puppet.toml"), text).unwrap();
    };
    configured("CANARY");
    assert!(said(0).contains("still in clear text"));
    import("two", CANARIES[4]);
    assert_eq!(said(0), "encrypted");
    let bytes = std::fs::read(&secrets).unwrap();
    clean("the file of secrets", &bytes);
    assert_eq!(std::fs::metadata(&secrets).unwrap().permissions().mode() & 0o777, 0o600);

    // Another key, one that is not set, none: one error with the remedy, and nothing is lost.
    for (variable, told) in
        [("HOME", "cannot be opened"), ("NOT_THERE", "`key` is not set"), ("", "no key is configured")]
    {
        if variable.is_empty() {
            std::fs::write(folder.join("puppet.toml"), "").unwrap();
        } else {
            configured(variable);
        }
        let ran = finish(command(folder).args(["run", "--for", "1s"])).exits(4);
        assert!(ran.stderr.contains(told) && ran.stderr.contains("help: "), "{}", ran.stderr);
        assert!(said(1).contains(told));
        assert_eq!(std::fs::read(&secrets).unwrap(), bytes);
    }
}

#[test]
fn a_credential_in_a_persona_is_neither_printed_nor_journaled() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let data = folder.join(".puppet");
    std::fs::write(folder.join("puppet.toml"), "[credentials]\nfirst = { env = \"CANARY\" }\n").unwrap();
    let file = std::fs::read_to_string(support::fixtures().join("agents/harbour-watch.json")).unwrap();
    let mut agent: Value = serde_json::from_str(&file).unwrap();
    agent["description"] = json!(format!("Keeps {} and an eye on tides.", CANARIES[0]));
    std::fs::write(folder.join("agent.json"), agent.to_string()).unwrap();
    finish(command(folder).args(["agent", "import", "agent.json"])).exits(0);
    let host = Running::start_with(command(folder), &data, std::fs::File::create(folder.join("run.log")).unwrap());
    let args = ["event", "send", "command_post", "--wait", "--payload", "{\"force\": true}"];
    finish(command(folder).args(args)).exits(0);
    assert_eq!(host.stop(), 0);

    // On stdout, in both manners.
    for args in [&["agent", "show", "harbour-watch"][..], &["agent", "show", "harbour-watch", "--json"]] {
        let shown = finish(command(folder).args(args)).exits(0).stdout;
        assert!(shown.contains(&format!("Keeps {MASK} and an eye")), "{shown}");
        clean("what is shown", shown.as_bytes());
    }
    // On stderr, in both manners.
    for json in [&[][..], &["--json"]] {
        let refused = finish(command(folder).args(["agent", "show", CANARIES[0]]).args(json)).exits(2).stderr;
        assert!(refused.contains(MASK), "{refused}");
        clean("an error", refused.as_bytes());
    }
    // In the rows of the journal: the prompt says what the agent is.
    let db = rusqlite::Connection::open(data.join("puppet.db")).unwrap();
    let mut rows = db.prepare("SELECT reads FROM journal").unwrap();
    let reads: Vec<String> = rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(reads.iter().any(|reads| reads.contains(&format!("Keeps {MASK} and an eye"))), "{reads:?}");
    clean("the journal", reads.concat().as_bytes());
}

const CHILD: &str = "PUPPET_PANIC_CHILD";

/// The program's own code up to the end of a command, and then a fault.
#[test]
#[ignore = "runs in a process of its own"]
fn panicking_child() {
    if std::env::var_os(CHILD).is_none() {
        println!("skipped: the test of panics starts this");
        return;
    }
    let _ = puppet::run(puppet::cli::Cli::try_parse_from(["puppet", "doctor"]).unwrap());
    let of_another_thread = std::thread::Builder::new().name("another".to_owned());
    let thread = of_another_thread.spawn(|| panic!("fell over {} and {}\x1b[2J", CANARIES[0], FORMS[0])).unwrap();
    assert!(thread.join().is_err());
    panic!("at the end {}", CANARIES[1]);
}

#[test]
fn a_panic_quotes_no_credential() {
    let dir = tempfile::tempdir().unwrap();
    let credentials = "[credentials]\nfirst = { env = \"CANARY\" }\nsecond = { file = \"canary\" }\n";
    std::fs::write(dir.path().join("puppet.toml"), credentials).unwrap();
    own(&dir.path().join("canary"), CANARIES[1]);
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "secrets::panicking_child", "--ignored", "--nocapture"]).current_dir(dir.path());
    child.env(CHILD, "1").env("CANARY", CANARIES[0]).env("RUST_BACKTRACE", "1");
    let ran = finish(&mut child).exits(101);
    let told = ["thread 'another' panicked at ", "fell over ******** and ********\u{fffd}[2J", "at the end ********"];
    for part in told {
        assert!(ran.stderr.contains(part), "`{part}` is missing in: {}", ran.stderr);
    }
    assert!(ran.stderr.contains("panicking_child"), "there is a backtrace: {}", ran.stderr);
    clean("a panic", format!("{}{}", ran.stdout, ran.stderr).as_bytes());
}
