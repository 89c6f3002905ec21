//! A deployment whose rows are in MongoDB: what stands for a server here is the bridge of `tests/mongo`.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::support::{Running, fixtures, list, puppet, run, until};

const LIMIT: Duration = Duration::from_secs(60);

/// A server for one test.
struct Bridge {
    child: Child,
    url: String,
}

impl Bridge {
    /// `None`, and a line, where there is no python that has what it is made of.
    fn start() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let named = std::env::var_os("PUPPET_TEST_PYTHON").map(PathBuf::from);
        let known = [target.join("tools/mongo/bin/python"), PathBuf::from("python3")];
        let has = |python: &PathBuf| {
            let imports =
                Command::new(python).args(["-c", "import mockupdb, mongomock"]).stderr(Stdio::null()).status();
            imports.is_ok_and(|status| status.success())
        };
        let Some(python) = named.into_iter().chain(known).find(has) else {
            assert!(std::env::var_os("PUPPET_TEST_MONGODB_REQUIRED").is_none(), "there is no bridge");
            println!("skipped: there is no python with mockupdb and mongomock");
            return None;
        };
        let mut command = Command::new(python);
        command.arg(root.join("tests/mongo/bridge.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.find_map(|line| line.strip_prefix("port ").map(str::to_owned)).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, url: format!("mongodb://127.0.0.1:{port}/puppet_test?retryWrites=false") })
    }

    /// A folder whose rows are there.
    fn folder(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let config = "[credentials]\ndatabase = { file = \"address\" }\n[store]\nmongodb = \"database\"\n\
                      [generators]\nnews.enabled = false\nmood-swings.enabled = false\nencounters.enabled = false\n";
        std::fs::write(folder.path().join("puppet.toml"), config).unwrap();
        let address = folder.path().join("address");
        std::fs::write(&address, &self.url).unwrap();
        std::fs::set_permissions(&address, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        folder
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn records(folder: &Path, args: &[&str]) -> usize {
    list(&run(folder, &[&["journal", "--json"], args].concat()).exits(0).json(), "items").len()
}

#[test]
fn a_deployment_lives_in_a_database_and_comes_out_of_it() {
    let Some(bridge) = Bridge::start() else { return };
    let folder = bridge.folder();
    let data = folder.path().join(".puppet");
    assert!(run(folder.path(), &["journal"]).exits(4).stderr.contains("nothing has lived"));
    let file = fixtures().join("agents/orbit-desk.json");
    run(folder.path(), &["agent", "import", file.to_str().unwrap()]).exits(0);
    let host = Running::start(folder.path(), &data, &[]);
    let send = ["event", "send", "news", "--payload", "{\"topic\": \"tides\"}", "--wait"];
    run(folder.path(), &send).exits(0);
    // Read beside the host, which goes on.
    let before = records(folder.path(), &[]);
    assert!(before > 0);
    run(folder.path(), &send).exits(0);
    host.kill();
    // The same folder follows at once.
    let host = Running::start(folder.path(), &data, &[]);
    assert!(records(folder.path(), &[]) > before);
    assert_eq!(host.stop(), 0);
    run(folder.path(), &["verify"]).exits(0);
    assert!(!data.join("puppet.db").exists(), "nothing is kept twice");
    let refused = run(folder.path(), &["backup", "b.tar"]).exits(2);
    assert!(refused.stderr.contains("error[not-here]") && refused.stderr.contains("store copy"), "{}", refused.stderr);

    run(folder.path(), &["store", "copy", "--from", "credential:database", "--to", "sqlite:moved"]).exits(0);
    let told = run(folder.path(), &["doctor", "--json"]).exits(0);
    assert!(told.stdout.contains("its rows are in mongodb://127.0.0.1"), "{}", told.stdout);
    let moved = tempfile::tempdir().unwrap();
    let elsewhere = folder.path().join("moved");
    assert_eq!(records(moved.path(), &["--data", elsewhere.to_str().unwrap()]), records(folder.path(), &[]));
    run(moved.path(), &["verify", "--data", elsewhere.to_str().unwrap()]).exits(0);
}

#[test]
fn a_host_is_replaced_only_on_purpose() {
    let Some(bridge) = Bridge::start() else { return };
    let (one, two) = (bridge.folder(), bridge.folder());
    let log = std::fs::File::create(one.path().join("log")).unwrap();
    let first = Running::start_with(puppet(one.path()), &one.path().join(".puppet"), log);
    let refused = run(two.path(), &["run", "--for", "1s"]).exits(4);
    assert!(
        refused.stderr.contains("error[data-locked]") && refused.stderr.contains("--take-over"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains(one.path().canonicalize().unwrap().to_str().unwrap()), "{}", refused.stderr);

    let second = Running::start(two.path(), &two.path().join(".puppet"), &["--take-over"]);
    // The first one finds out with what it writes next.
    let file = fixtures().join("agents/orbit-desk.json");
    let late = run(one.path(), &["agent", "import", file.to_str().unwrap()]);
    assert_ne!(late.code, 0, "{}", late.stdout);
    until(LIMIT, "the first host goes on", || {
        let said = std::fs::read_to_string(one.path().join("log")).unwrap();
        run(one.path(), &["event", "send", "news", "--payload", "{\"topic\": \"late\"}"]);
        said.contains("error[taken-over]")
    });
    drop(first);
    assert_eq!(second.stop(), 0);
}

#[test]
fn a_desk_whose_purse_is_in_a_database_is_killed_and_ends_as_one_that_was_not() {
    let Some(bridge) = Bridge::start() else { return };
    let (shared, own) = (bridge.folder(), tempfile::tempdir().unwrap());
    let [shared, own] = [shared.path(), own.path()];
    for folder in [shared, own] {
        let synth = ["market", "synth", "--out", "SOL-USDC.csv", "--bars", "400", "--seed", "7"];
        run(folder, &synth).exits(0);
    }
    let paper = ["paper", "grid", "--data", "SOL-USDC.csv", "--param", "spacing_bps=20", "--json"];
    let whole = run(own, &paper).exits(0).json();
    assert!(whole["since_start"]["fills"].as_u64().unwrap() > 2, "{whole}");
    let history = |folder: &Path| {
        let told = run(folder, &["wallet", "history", "paper/grid", "--last", "10000", "--json"]);
        if told.code == 0 { list(&told.json(), "items").clone() } else { Vec::new() }
    };
    for _ in 0..3 {
        let before = history(shared).len();
        let mut child = puppet(shared).args(paper).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until(LIMIT, "nothing is traded", || history(shared).len() > before || child.try_wait().unwrap().is_some());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let ended = run(shared, &paper).exits(0).json();
    assert_eq!(ended["portfolio"], whole["portfolio"]);
    assert_eq!((&ended["last_bars"], &ended["open_orders"]), (&whole["last_bars"], &whole["open_orders"]));
    assert!(ended["since_start"]["batches"].as_u64().unwrap() > 0, "it was never killed on its way: {ended}");
    assert_eq!(history(shared), history(own));
    assert!(!shared.join(".puppet/puppet.db").exists());
}
