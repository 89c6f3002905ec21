//! `puppet store copy`: a deployment moves from one store into another, and goes on there.

use puppet_store::{RowStore as _, SqliteStore, TABLES};

use crate::support::{Running, fixtures, list, run};

/// A folder in which an agent has lived, and an event waits.
fn lived() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = fixtures().join("agents/orbit-desk.json");
    run(folder.path(), &["agent", "import", file.to_str().unwrap()]).exits(0);
    let host = Running::start(folder.path(), &folder.path().join(".puppet"), &[]);
    run(folder.path(), &["event", "send", "news", "--payload", "{\"topic\": \"tides\"}", "--wait"]).exits(0);
    assert_eq!(host.stop(), 0);
    run(folder.path(), &["event", "send", "news", "--payload", "{\"topic\": \"later\"}"]).exits(0);
    folder
}

const COPY: [&str; 6] = ["store", "copy", "--from", "sqlite:.puppet", "--to", "sqlite:moved"];

#[test]
fn a_deployment_moves_and_goes_on() {
    let folder = lived();
    let journal =
        |data: &str| list(&run(folder.path(), &["journal", "--data", data, "--json"]).exits(0).json(), "items").clone();
    let told = run(folder.path(), &[&COPY[..], &["--json"]].concat()).exits(0).json();
    let events = list(&told, "items").iter().find(|table| table["table"] == "events").unwrap();
    assert!(events["rows"].as_u64() >= Some(3), "{told}");
    assert_eq!(journal("moved"), journal(".puppet"));
    let before = journal("moved").len();
    let host = Running::start(folder.path(), &folder.path().join("moved"), &[]);
    crate::support::until(std::time::Duration::from_secs(120), "the event that waited is handled", || {
        journal("moved").len() > before
    });
    assert_eq!(host.stop(), 0);
    let again = run(folder.path(), &COPY).exits(3);
    assert!(again.stderr.contains("error[not-empty]"), "{}", again.stderr);
}

#[test]
fn a_copy_that_was_broken_off_is_taken_up_and_never_run() {
    let folder = lived();
    let (from, to) = (folder.path().join(".puppet"), folder.path().join("moved"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let from = SqliteStore::open_read_only(&from).unwrap();
        let to = SqliteStore::open(&to, puppet_store::Options::default()).unwrap();
        to.set_copying(Some("sqlite:.puppet".to_owned())).await.unwrap();
        to.put_rows(&TABLES[0], from.rows_after(&TABLES[0], None, 2).await.unwrap()).await.unwrap();
        to.close();
    });
    for command in [&["run", "--for", "1s"][..], &["journal"]] {
        let ran = run(folder.path(), &[command, &["--data", "moved"]].concat()).exits(3);
        assert!(ran.stderr.contains("error[half-a-copy]"), "{}", ran.stderr);
    }
    SqliteStore::open(&folder.path().join("elsewhere"), puppet_store::Options::default()).unwrap().close();
    let other = ["store", "copy", "--from", "sqlite:elsewhere", "--to", "sqlite:moved"];
    assert!(run(folder.path(), &other).exits(3).stderr.contains("half-a-copy"));
    let told = run(folder.path(), &[&COPY[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(told["items"][0]["found"], 2);
    run(folder.path(), &["journal", "--data", "moved"]).exits(0);
}

#[test]
fn what_cannot_be_copied_says_why() {
    let folder = lived();
    let copy =
        |from: &str, to: &str, code| run(folder.path(), &["store", "copy", "--from", from, "--to", to]).exits(code);
    assert!(copy("sqlite:.puppet", "sqlite:.puppet", 2).stderr.contains("both are the same store"));
    assert!(copy("postgres://x", "sqlite:moved", 2).stderr.contains("--from: `postgres:…` names no store"));
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for nothing in ["sqlite:nowhere", "sqlite:empty"] {
        let told = copy(nothing, "sqlite:moved", 2).stderr;
        assert!(told.contains(&format!("--from: there is nothing at {nothing}")), "{told}");
    }
    assert!(!folder.path().join("nowhere").exists() && !folder.path().join("moved").exists(), "nothing is made");
    assert_eq!(std::fs::read_dir(folder.path().join("empty")).unwrap().count(), 0);
    let host = Running::start(folder.path(), &folder.path().join(".puppet"), &[]);
    assert!(copy("sqlite:.puppet", "sqlite:moved", 4).stderr.contains("data-locked"));
    assert_eq!(host.stop(), 0);
}
