//! Records that the configuration does not keep: dropped by the command, through a host and without one, and by a host
//! that runs.

use std::{path::Path, time::Duration};

use puppet_store::{
    Change, Commit, CommitStore as _, Effect, EffectState, EventEnd, EventStore as _, Filter, JournalStore as _,
    Options, SqliteStore,
};
use puppet_types::{Decision, Digest, Event, Invocation, InvocationId, Outcome, PluginRef, Priority, Timestamp};

use crate::{
    forgetting::imported,
    support::{Running, list, run, until},
};

/// Records there are, and records that stay in any case.
const THERE: i64 = 130;
const LAST: usize = 100;
/// More than is kept here, and less than the id of an event is known for.
const FORTY_DAYS: i64 = 40 * 86_400_000;
const AGENT: &str = "harbour-watch";

fn event(n: i64) -> Event {
    Event {
        id: format!("old_{n}").into(),
        kind: "news".into(),
        source: "test".into(),
        agent: AGENT.into(),
        author: None,
        priority: Priority::Normal,
        at: Timestamp::from_millis(Timestamp::from_system().as_millis() - FORTY_DAYS + n),
        payload: serde_json::json!({ "topic": "rain" }),
        hops: 0,
        cause: None,
        broadcast: None,
    }
}

/// A record of weeks ago.
fn commit(n: i64) -> Commit {
    let event = event(n);
    let digest = Digest::of(b"component");
    let invocation = Invocation {
        id: InvocationId::new(format!("inv_{n}")),
        at: event.at,
        agent: event.agent.clone(),
        plugin: PluginRef { id: "pack".into(), version: "1.0.0".into(), digest },
        persona_digest: digest,
        settings_digest: digest,
        seed: Some(7),
        event,
        outcome: Outcome::Ok,
        fuel: 1,
        peak_memory_bytes: 1,
        host_calls: Default::default(),
        reads: Vec::new(),
        decisions: Vec::new(),
        log: Vec::new(),
        strikes: 0,
        timing: None,
        unreplayable: None,
    };
    let (changes, spends) = (Vec::new(), Vec::new());
    Commit { invocation, end: EventEnd::Done, changes, spends, payload: None, ended: None }
}

/// An effect of the third record that nobody has approved yet.
fn unapproved() -> Effect {
    Effect {
        id: "eff_3".into(),
        seq: 0,
        agent: AGENT.into(),
        account: "harbour_watch".into(),
        invocation: InvocationId::new("inv_3"),
        n: 0,
        not_before: Timestamp::default(),
        hops: 0,
        body: Decision::Post { text: "it rains".into(), images: Vec::new() },
        state: EffectState::WaitingForApproval,
        attempts: 0,
        provider_id: None,
        reason: None,
        expires: Some(Timestamp::from_millis(4_000_000_000_000)),
        doubt: None,
        purse: None,
    }
}

/// A folder whose agent lived weeks ago.
async fn lived_in() -> tempfile::TempDir {
    let folder = imported();
    let store = SqliteStore::open(&folder.path().join(".puppet"), Options::default()).unwrap();
    for n in 0..THERE {
        let changes = if n == 3 { vec![Change::Effect(unapproved())] } else { Vec::new() };
        store.commit(Commit { changes, ..commit(n) }).await.unwrap();
    }
    store.close();
    folder
}

fn keep(folder: &Path, journal: &str) {
    std::fs::write(folder.join("puppet.toml"), format!("[journal]\n{journal}\n")).unwrap();
}

async fn records(folder: &Path) -> Vec<String> {
    let store = SqliteStore::open_read_only(&folder.join(".puppet")).unwrap();
    let filter = Filter { agent: Some(AGENT.into()), oldest_first: true, limit: 999, ..Filter::default() };
    let found = store.journal(&filter).await.unwrap().into_iter();
    let old = found.map(|entry| entry.invocation.id.to_string()).filter(|id| id.len() < 9);
    old.collect()
}

#[tokio::test]
async fn the_command_drops_what_is_not_kept() {
    let folder = lived_in().await;
    let folder = folder.path();
    let told = run(folder, &["journal", "prune", "--json"]).exits(0).json();
    assert_eq!((&told["records"], &told["keep_last"]), (&0.into(), &LAST.into()), "nothing is dropped unasked");
    let said = run(folder, &["journal", "prune"]).exits(0).stderr;
    assert!(said.contains("kept for ever"), "{said}");

    keep(folder, "keep_days = 30");
    let told = run(folder, &["journal", "prune", "--dry-run", "--json"]).exits(0).json();
    let gone = &list(&told, "agents")[0];
    assert_eq!((&gone["agent"], &gone["records"], &gone["needed"]), (&AGENT.into(), &29.into(), &1.into()));
    assert!(gone["bytes"].as_u64().unwrap() > 29 * 300, "{gone}");
    assert_eq!(records(folder).await.len(), THERE as usize, "it was only asked");

    let told = run(folder, &["journal", "prune", "--json"]).exits(0).json();
    assert_eq!((&told["records"], &told["dry_run"]), (&29.into(), &false.into()));
    let left = records(folder).await;
    assert_eq!((left.len(), left[0].as_str(), left[1].as_str()), (LAST + 1, "inv_3", "inv_30"));
    let said = run(folder, &["journal", "prune"]).exits(0).stdout;
    assert!(said.contains("0 records, 0 bytes gone; 1 record of what has not ended stay"), "{said}");
    run(folder, &["journal", "show", "inv_5"]).exits(2);
    let store = SqliteStore::open(&folder.join(".puppet"), Options::default()).unwrap();
    assert!(store.accept(vec![event(5)]).await.unwrap().is_empty(), "it was handled, and is not handled again");
}

#[tokio::test]
async fn a_host_drops_what_is_not_kept_and_what_the_command_names() {
    let folder = lived_in().await;
    let folder = folder.path();
    let host = Running::start(folder, &folder.join(".puppet"), &[]);
    assert_eq!(records(folder).await.len(), THERE as usize);
    keep(folder, "keep_bytes = 1");
    let told = run(folder, &["journal", "prune", "--json"]).exits(0).json();
    // What the agent does meanwhile counts among the last.
    let gone = told["records"].as_u64().unwrap() as usize;
    assert!(gone >= 29, "{told}");
    assert_eq!(records(folder).await.len(), THERE as usize - gone, "through the host");
    assert_eq!(host.stop(), 0);

    let folder = lived_in().await;
    let folder = folder.path();
    keep(folder, "keep_days = 30");
    let host = Running::start(folder, &folder.join(".puppet"), &[]);
    let limit = Duration::from_secs(60);
    let db = rusqlite::Connection::open(folder.join(".puppet/puppet.db")).unwrap();
    let left = || db.query_row("SELECT count(*) FROM journal WHERE id LIKE 'inv_1_'", [], |row| row.get::<_, i64>(0));
    until(limit, "the host drops nothing", || left().unwrap() == 0);
    assert_eq!(host.stop(), 0);
    assert!(records(folder).await.contains(&"inv_3".to_owned()), "its effect waits for approval");
}
