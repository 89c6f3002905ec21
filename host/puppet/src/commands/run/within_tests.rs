//! What commands gather they gather within a host too, from the host itself.

use std::future::pending;

use puppet_engine::{Host, Word, invocation_of};
use puppet_store::{Change, Commit, Effect, EffectState, EventEnd};
use puppet_types::{
    AgentId, Decision, Digest, Event, Invocation, NumberedDecision, Outcome, PackId, PluginRef, Priority,
};
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::{
    cli::Common,
    commands::budgets,
    control::{self, Folder, Inside, Request},
    records,
};

const AGENT: &str = r#"{"id": "ada", "name": "Ada", "description": "counts", "personality": {"traits": ["exact"]}}"#;

/// A host of one agent in a folder, which nobody drives, and what is around it: outside of it and within.
pub async fn host(folder: &TempDir) -> (Arc<Host>, Setup, Setup) {
    let home = folder.path();
    std::fs::create_dir(home.join("agents")).unwrap();
    std::fs::write(home.join("agents/ada.json"), AGENT).unwrap();
    std::fs::write(home.join("puppet.toml"), "").unwrap();
    let common =
        Common { config: Some(home.join("puppet.toml")), data: Some(home.join("data")), json: true, log: None };
    let (outside, out) = (Setup::new(&common).unwrap(), Output::new(true));
    let store = Rows::open(&outside).await.unwrap();
    let secrets = credentials::secrets(&outside).unwrap();
    let mut assembled = Assembled::of(&outside, &secrets, &store, None, out).await.unwrap();
    assert_eq!(assembled.load(&outside, &*store, out).await.unwrap(), 1);
    let (_stop, stopped) = watch::channel(false);
    let floor = Arc::new(Floor::default());
    let (served, _) =
        Served::begin((&outside, &outside.config), assembled, &floor, (stopped, (None, &store)), out).await.unwrap();
    let parts = Arc::clone(&served.parts);
    // Nobody else can ask it: what is answered is answered by the door.
    served.close().await;
    let within = outside.within(Inside { parts: Arc::clone(&parts), rows: store });
    (Arc::clone(&parts.host), outside, within)
}

/// Files of the database that this process has open.
fn open_files(folder: &TempDir) -> usize {
    let files = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let open = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    open.filter(|file| file.starts_with(folder.path()) && file.to_string_lossy().contains("puppet.db")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_works_in_a_host_opens_no_second_database_and_needs_no_socket() {
    let folder = tempfile::tempdir().unwrap();
    let (host, outside, within) = host(&folder).await;
    let before = open_files(&folder);
    assert!(before > 0);

    // The host itself is asked.
    assert!(control::ask(&outside, &Request::Agents).await.unwrap().is_none());
    let agents = control::ask(&within, &Request::Agents).await.unwrap().unwrap();
    assert_eq!(serde_json::from_value::<Vec<AgentId>>(agents).unwrap(), [AgentId::new("ada")]);
    let unknown = Request::Outbox { effect: "eff-none".into(), word: Word::Drop { reason: None } };
    assert_eq!(control::ask(&within, &unknown).await.unwrap_err().code, "unknown-effect");

    // Its rows are read as it has them, where a command opens them anew.
    let rows = records::open(&within).await.unwrap();
    assert!(Arc::ptr_eq(&rows.shared(), &host.store));
    let gathered = budgets::answer(&within).await.unwrap();
    assert!(gathered["items"].as_array().is_some_and(|items| !items.is_empty()), "{gathered}");
    assert_eq!(open_files(&folder), before);
    let other = records::open(&outside).await.unwrap();
    assert!(open_files(&folder) > before, "a command is seen where it opens them");
    drop(other);

    // Nobody writes beside it.
    let refused = Folder::of(&within).rows().await.map(drop).unwrap_err();
    assert_eq!(refused.code, "internal");
}

/// An event was handled, and a post came of it that is to leave now.
fn posts(plugin: &PackId, event: Event) -> Commit {
    let (id, at, agent) = (invocation_of(&event.id, plugin), event.at, event.agent.clone());
    let decision = Decision::Post { text: "hi".to_owned(), images: Vec::new() };
    let effect = Effect {
        id: "eff1".into(),
        seq: 0,
        account: agent.as_str().into(),
        agent: agent.clone(),
        invocation: id.clone(),
        n: 0,
        not_before: at,
        hops: 0,
        body: decision.clone(),
        state: EffectState::Waiting,
        attempts: 0,
        provider_id: None,
        reason: None,
        expires: None,
        doubt: None,
        purse: None,
    };
    let digest = Digest::of(b"");
    let invocation = Invocation {
        id,
        at,
        agent,
        plugin: PluginRef { id: plugin.clone(), version: "1.0.0".to_owned(), digest },
        persona_digest: digest,
        settings_digest: digest,
        seed: None,
        event,
        outcome: Outcome::Ok,
        fuel: 0,
        peak_memory_bytes: 0,
        host_calls: Default::default(),
        reads: Vec::new(),
        decisions: vec![NumberedDecision { n: 0, decision }],
        log: Vec::new(),
        strikes: 0,
        timing: None,
        unreplayable: None,
    };
    let changes = vec![Change::Effect(effect)];
    Commit { invocation, end: EventEnd::Done, changes, spends: Vec::new(), payload: None, ended: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_when_it_was_wished_to_whatever_is_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let (host, ..) = host(&folder).await;
    let wait = Duration::from_millis(200);
    let send = async |events: Vec<Event>| {
        let begun = std::time::Instant::now();
        let taken = control::accept(&host, events, Some(wait), pending()).await.unwrap();
        (taken, begun.elapsed())
    };
    // Nobody drives the host: what was accepted before, and has ended since, is sent once more.
    let event = |id: &str| Event {
        id: id.into(),
        kind: "news".to_owned(),
        source: "test".to_owned(),
        agent: "ada".into(),
        author: None,
        priority: Priority::Normal,
        at: host.now(),
        payload: json!({}),
        hops: 0,
        cause: None,
        broadcast: None,
    };
    let plugin = host.agents.plugin_of(&"ada".into()).unwrap();
    let invocation = invocation_of(&"e1".into(), &plugin);
    host.store.accept(vec![event("e1"), event("e2")]).await.unwrap();
    host.store.commit(posts(&plugin, event("e1"))).await.unwrap();
    host.store.bury(&"e2".into(), "loop", host.now(), None).await.unwrap();

    let (taken, took) = send(vec![event("e1")]).await;
    assert_eq!((&*taken.outcome, &*taken.invocations), ("ok", &[invocation.clone()][..]));
    assert!(took >= wait && took < 10 * wait, "the effect does not leave, and is not waited for longer: {took:?}");
    let (taken, took) = send(vec![event("e1"), event("e2"), event("e3")]).await;
    assert_eq!((&*taken.outcome, &*taken.given_up), ("waiting", &["loop".to_owned()][..]));
    assert_eq!(taken.invocations, [invocation], "of several those that have ended are told");
    assert!(took >= wait && took < 10 * wait, "{took:?}");
    host.halt(None).await.unwrap();
    let (_, took) = send(vec![event("e1")]).await;
    assert!(took < wait, "halted, nothing leaves: {took:?}");
}
