//! The server of a real host: the first key, keys from the command line with a host and without one, where it listens, and who
//! does not get in.

use std::{fs, net::TcpListener, path::Path};

use serde_json::Value;

use crate::{
    client::{Client, Got},
    support::{Running, finish, list, puppet, run},
};

/// The key that a start has said, and everything else that it said.
fn first_key(said: &str) -> (Option<String>, usize) {
    let keys: Vec<&str> = said.lines().map(str::trim).filter(|line| line.starts_with("pk_")).collect();
    (keys.first().map(|key| (*key).to_owned()), keys.len())
}

/// Who a key is, to the host of a data folder.
#[track_caller]
fn looked(data: &Path, key: Option<&str>, status: u16) -> Value {
    answered(Client::of(data, key).get("/api/v1/session"), status)
}

#[track_caller]
fn answered(got: Got, status: u16) -> Value {
    assert_eq!(got.status, status, "{}\n{}", got.head, got.body);
    got.body
}

/// Starts a host with its words in a file.
fn started(folder: &Path) -> Running {
    let log = fs::File::options().append(true).create(true).open(folder.join("host.log")).unwrap();
    Running::start_with(puppet(folder), &folder.join("data"), log)
}

fn made(folder: &Path, args: &[&str]) -> Value {
    run(folder, &[&["api", "key", "create", "--data", "data", "--json"], args].concat()).exits(0).json()
}

#[test]
fn the_first_key_is_said_once_and_keys_are_made_and_taken_back_with_a_host_and_without() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, data) = (folder.path(), folder.path().join("data"));
    let host = started(folder);
    let (key, said) = first_key(&fs::read_to_string(folder.join("host.log")).unwrap());
    let key = key.expect("it was said");
    assert_eq!(said, 1);
    let who = looked(&data, Some(&key), 200);
    assert_eq!((&who["role"], &who["agents"]), (&"admin".into(), &Value::Null));
    looked(&data, Some("pk_00000000_x"), 401);
    looked(&data, None, 401);
    answered(Client::of(&data, None).get("/ready"), 200);

    let bound = made(folder, &["--name", "it's ann's", "--role", "operator", "--agent", "ann", "--expires", "90d"]);
    let (id, secret) = (bound["id"].as_str().unwrap().to_owned(), bound["key"].as_str().unwrap().to_owned());
    let who = looked(&data, Some(&secret), 200);
    assert_eq!((&who["role"], &who["agents"][0]), (&"operator".into(), &"ann".into()));
    answered(Client::of(&data, None).ask("GET", "/api/v1/keys", &format!("X-API-Key: {secret}\r\n"), None), 403);
    let listed = run(folder, &["api", "key", "list", "--data", "data", "--json"]).exits(0).json();
    assert_eq!(list(&listed, "items").len(), 2);
    assert!(!listed.to_string().contains(&secret));
    run(folder, &["api", "key", "revoke", &id, "--data", "data"]).exits(0);
    let gone = looked(&data, Some(&secret), 401);
    assert_eq!(gone["code"], "key-revoked", "at once, in the host that runs");
    assert_eq!(host.stop(), 0);

    let alone = made(folder, &["--name", "alone", "--role", "viewer"]);
    run(folder, &["api", "key", "revoke", "00000000", "--data", "data"]).exits(2);
    let host = started(folder);
    looked(&data, alone["key"].as_str(), 200);
    looked(&data, Some(&secret), 401);
    looked(&data, Some(&key), 200);
    assert_eq!(first_key(&fs::read_to_string(folder.join("host.log")).unwrap()).1, 1, "not at the second start");
    assert_eq!(host.stop(), 0);
    // Hashes alone are kept.
    for file in fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let bytes = fs::read(&file).unwrap();
        for secret in [&key, &secret] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", file.display());
        }
    }
}

#[test]
fn a_port_that_is_taken_ends_the_start_and_an_open_one_does_not_begin() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let start = |toml: &str, port: &str| {
        fs::write(folder.join("puppet.toml"), toml).unwrap();
        finish(puppet(folder).env("ENGINE_PORT", port).args(["run", "--for", "1s", "--json"]))
    };
    let ran = start("", &port).exits(4);
    assert!(ran.stderr.contains("\"api-address\"") && ran.stderr.contains(&port), "{}", ran.stderr);
    for (toml, code) in [
        ("[api]\nlisten = \"0.0.0.0:0\"\n", "api-open"),
        ("[api]\nlisten = \"0.0.0.0:0\"\nbehind_proxy = true\nlegacy_open = true\n", "api-open"),
    ] {
        let ran = start(toml, "0").exits(3);
        assert!(ran.stderr.contains(&format!("\"{code}\"")), "{}", ran.stderr);
    }
    let ran = start("[api.tls]\ncertificate = \"none.pem\"\nkey = \"none.pem\"\n", "0").exits(2);
    assert!(ran.stderr.contains("\"api-tls\"") && ran.stderr.contains("none.pem"), "{}", ran.stderr);
    // Without a server nobody is told a key.
    let ran = start("[api]\nenabled = false\n", &port).exits(0);
    assert!(first_key(&ran.stderr).0.is_none() && ran.stdout.is_empty(), "{ran:?}");
    let ran = start("[api]\nlegacy_open = true\n", "0").exits(0);
    assert!(ran.stderr.contains("can command the agents"), "{}", ran.stderr);
    assert!(first_key(&ran.stderr).0.is_some() && !ran.stdout.contains("pk_"), "{ran:?}");
}
