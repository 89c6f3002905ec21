//! The operator's word: effects that wait for it, a stop of everything, and the list of effects; with a host and
//! without.

use std::{path::Path, time::Duration};

use puppet_store::{
    Change, CommitStore as _, Effect, EffectState,
    sqlite::{Options, SqliteStore},
};
use puppet_types::{Decision, PostRef, Timestamp};
use serde_json::Value;

use crate::support::{self, Running, finish, list, puppet, run, until};

/// A host that does not get this far has lost it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder with an agent.
pub fn imported() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = support::fixtures().join("agents/harbour-watch.json").to_str().unwrap().to_owned();
    run(folder.path(), &["agent", "import", &file]).exits(0);
    folder
}

/// As a pack in mode `approve` leaves it: it waits for so long from now.
pub fn held(id: &str, text: &str, expires_ms: i64) -> Effect {
    let now = Timestamp::from_system().as_millis();
    Effect {
        id: id.into(),
        seq: 0,
        agent: "harbour-watch".into(),
        account: "harbour_watch".into(),
        invocation: format!("inv_{id}").as_str().into(),
        n: 0,
        not_before: Timestamp::from_millis(now),
        hops: 0,
        body: Decision::Post { text: text.into(), images: Vec::new() },
        state: EffectState::WaitingForApproval,
        attempts: 0,
        provider_id: None,
        reason: None,
        expires: Some(Timestamp::from_millis(now + expires_ms)),
        doubt: None,
        purse: None,
    }
}

/// Writes effects into a folder in which no host runs.
pub async fn hold(data: &Path, effects: &[Effect]) {
    let store = SqliteStore::open(data, Options::default()).unwrap();
    store.apply(effects.iter().cloned().map(Change::Effect).collect()).await.unwrap();
    store.close();
}

/// Three that wait for an hour.
pub fn three() -> [Effect; 3] {
    [("eff_a", "first"), ("eff_b", "second"), ("eff_c", "third")].map(|(id, text)| held(id, text, 3_600_000))
}

/// Ids in a state, the newest first.
pub fn ids(folder: &Path, state: &str) -> Vec<String> {
    let listed = run(folder, &["outbox", "list", "--state", state, "--json"]).exits(0).json();
    list(&listed, "items").iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// A field of every item.
pub fn texts(items: &Value, key: &str) -> Vec<String> {
    list(items, "items").iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn effects_leave_when_they_are_approved_and_never_else() {
    let folder = imported();
    let (folder, data) = (folder.path(), folder.path().join(".puppet"));
    hold(&data, &three()).await;
    hold(&data, &[held("eff_late", "too late", -1)]).await;

    // No host runs here.
    let waiting = run(folder, &["approvals", "list", "--json"]).exits(0).json();
    assert_eq!(texts(&waiting, "id"), ["eff_a", "eff_b", "eff_c"], "what is too late is not offered");
    assert_eq!(list(&waiting, "items")[0]["body"]["text"], "first");
    let digests = texts(&waiting, "digest");
    let with = |digest: &str| run(folder, &["approvals", "approve", "eff_a", "--digest", digest, "--json"]);
    assert!(with(&digests[1]).exits(3).stderr.contains("digest-differs"));
    assert!(with("abc").exits(2).stderr.contains("--digest"));
    assert_eq!(texts(&with(&digests[0]).exits(0).json(), "state"), ["waiting"]);
    assert!(with(&digests[0]).exits(3).stderr.contains("not-waiting"), "once");
    assert!(run(folder, &["approvals", "approve", "eff_late"]).exits(3).stderr.contains("expired"));
    run(folder, &["approvals", "approve", "eff_none"]).exits(2);
    run(folder, &["approvals", "approve"]).exits(2);
    assert_eq!(ids(folder, "done"), [""; 0]);

    let host = Running::start(folder, &data, &[]);
    until(PATIENCE, "what was approved leaves", || ids(folder, "done").contains(&"eff_a".to_owned()));
    until(PATIENCE, "what is too late ends", || ids(folder, "expired") == ["eff_late"]);
    run(folder, &["approvals", "reject", "eff_b", "--reason", "not today"]).exits(0);
    run(folder, &["approvals", "reject", "eff_b", "--reason", " "]).exits(2);
    assert!(run(folder, &["approvals", "approve", "eff_b", "--json"]).exits(3).stderr.contains("not-waiting"));
    run(folder, &["approvals", "approve", "--all", "--agent", "harbor-watch"]).exits(2);
    let rest = run(folder, &["approvals", "approve", "--all", "--agent", "harbour-watch", "--json"]).exits(0).json();
    assert_eq!(texts(&rest, "id"), ["eff_c"]);
    until(PATIENCE, "the rest leaves", || ids(folder, "done").contains(&"eff_c".to_owned()));
    until(PATIENCE, "the agent hears of what does not", || {
        let told = run(folder, &["journal", "--kind", "post_failed", "--json"]).exits(0).json();
        let told: Vec<String> =
            list(&told, "items").iter().map(|item| item["event"]["payload"]["error"].to_string()).collect();
        told.len() == 2 && told.iter().any(|why| why.contains("rejected by the operator: not today"))
    });
    assert_eq!(list(&run(folder, &["approvals", "list", "--json"]).exits(0).json(), "items").len(), 0);
    let said = host.printed();
    assert!(said.contains("post [rejected] second") && said.contains("post third"), "{said}");
    assert_eq!(ids(folder, "rejected"), ["eff_b"]);
    assert!(run(folder, &["outbox", "list", "--state", "rejekted"]).exits(2).stderr.contains("`rejected`"));
    let page = run(folder, &["outbox", "list", "--limit", "1", "--json"]).exits(0).json();
    let before = page["next"].as_str().unwrap();
    let older = run(folder, &["outbox", "list", "--limit", "1", "--before", before, "--json"]).exits(0).json();
    assert_ne!(texts(&page, "id"), texts(&older, "id"));
}

#[test]
fn nothing_leaves_while_everything_is_halted_also_when_the_host_is_killed() {
    let folder = imported();
    let (folder, data) = (folder.path(), folder.path().join(".puppet"));
    run(folder, &["halt", "--data", "nowhere"]).exits(4);
    assert!(!folder.join("nowhere").exists());
    let host = Running::start(folder, &data, &[]);
    let halted = run(folder, &["halt", "--reason", "a fire", "--json"]).exits(0).json();
    assert_eq!((&halted["halted"], &halted["reason"]), (&true.into(), &"a fire".into()));
    let before = ids(folder, "done");
    let post = ["event", "send", "command_post", "--payload", "{\"force\": true}", "--agent", "harbour-watch"];
    let sent = run(folder, &[&post[..], &["--wait", "--json"]].concat()).exits(0).json();
    let decided = list(&sent["ended"][0], "decisions").iter().find(|decided| decided["kind"] == "post").cloned();
    assert_eq!(decided.unwrap()["state"], "waiting", "it is decided all the same");
    let waiting = ids(folder, "waiting");
    assert!(!waiting.is_empty());
    host.kill();

    let again = finish(puppet(folder).args(["run", "--for", "1s"])).exits(0);
    assert!(again.stderr.contains("halted since") && again.stderr.contains("(a fire)"), "{}", again.stderr);
    let host = Running::start(folder, &data, &[]);
    run(folder, &[&post[..], &["--wait"]].concat()).exits(0);
    let checks = run(folder, &["doctor", "--json"]).exits(0).json();
    let check = list(&checks, "checks").iter().find(|check| check["name"] == "halt").unwrap();
    assert!(check["status"] == "warn" && check["detail"].as_str().unwrap().contains("a fire"), "{check}");
    let same = run(folder, &["halt", "--json"]).exits(0).json();
    assert_eq!((&same["since"], &same["reason"]), (&halted["since"], &halted["reason"]), "it stands");
    let said = host.printed();
    assert!(said.contains("halted since"), "{said}");
    assert_eq!(ids(folder, "done"), before, "over two starts and a kill");

    let resumed = run(folder, &["resume", "--json"]).exits(0).json();
    assert_eq!((&resumed["halted"], &resumed["since"]), (&false.into(), &Value::Null));
    let host = Running::start(folder, &data, &[]);
    until(PATIENCE, "what waited leaves", || {
        let done = ids(folder, "done");
        waiting.iter().all(|id| done.contains(id))
    });
    assert_eq!(host.stop(), 0);
    let stopped = run(folder, &["halt", "--json"]).exits(0).json();
    assert_eq!((&stopped["halted"], &stopped["reason"]), (&true.into(), &Value::Null), "no host is needed");
    assert_ne!(stopped["since"], halted["since"]);
}

/// One effect of each kind, of one call: the others are about its post.
fn of_every_kind(call: &str, expires_ms: i64) -> Vec<Effect> {
    let (text, images) = (|what: &str| format!("{what} of {call}"), Vec::new());
    let it = || PostRef::Decision(0);
    let bodies = [
        Decision::Post { text: text("a post"), images: images.clone() },
        Decision::Thread { parts: vec![text("one"), text("two")] },
        Decision::Reply { to: it(), text: text("a reply"), images },
        Decision::Quote { of: it(), text: text("a quote") },
        Decision::Like { of: it() },
        Decision::Delete { of: it() },
    ];
    let effect = |(n, body): (u32, Decision)| Effect {
        id: format!("eff_{call}_{}", body.kind()).as_str().into(),
        invocation: format!("inv_{call}").as_str().into(),
        n,
        body,
        ..held("", "", expires_ms)
    };
    (0..).zip(bodies).map(effect).collect()
}

#[tokio::test]
async fn every_kind_is_listed_and_leaves_or_ends_by_itself() {
    let folder = imported();
    let (folder, data) = (folder.path(), folder.path().join(".puppet"));
    let kinds = ["post", "thread", "reply", "quote", "like", "delete"];
    let named = |call: &str| kinds.map(|kind| format!("eff_{call}_{kind}"));
    hold(&data, &of_every_kind("go", 3_600_000)).await;
    hold(&data, &of_every_kind("no", 3_600_000)).await;
    hold(&data, &of_every_kind("late", -1)).await;
    let dry = |effect: Effect| Effect { state: EffectState::DryRun, expires: None, ..effect };
    hold(&data, &of_every_kind("dry", 0).into_iter().map(dry).collect::<Vec<_>>()).await;
    let host = Running::start(folder, &data, &[]);

    let listed = run(folder, &["approvals", "list", "--json"]).exits(0).json();
    assert_eq!(texts(&listed, "kind"), [kinds, kinds].concat());
    let listed: Vec<String> = texts(&listed, "id");
    assert_eq!(listed, [named("go"), named("no")].concat());
    for (n, id) in named("go").iter().enumerate() {
        run(folder, &["approvals", "approve", id]).exits(0);
        until(PATIENCE, "what was approved leaves", || ids(folder, "done").contains(id));
        let done: Vec<String> = ids(folder, "done").into_iter().filter(|id| listed.contains(id)).rev().collect();
        assert_eq!(done, named("go")[..=n], "exactly what was approved");
    }
    for id in named("no").iter().rev() {
        run(folder, &["approvals", "reject", id]).exits(0);
    }
    for id in named("dry").iter().chain(&named("late")) {
        run(folder, &["approvals", "approve", id]).exits(3);
    }
    let ended = [named("no"), named("late")].concat();
    until(PATIENCE, "each that does not leave is told of", || {
        let told = run(folder, &["journal", "--kind", "post_failed", "--json"]).exits(0).json();
        let told = list(&told, "items").iter().map(|item| &item["event"]["payload"]["kind"]);
        let told: Vec<&str> = told.map(|kind| kind.as_str().unwrap()).collect();
        kinds.iter().all(|kind| told.iter().filter(|told| *told == kind).count() == 2)
    });
    assert_eq!(list(&run(folder, &["approvals", "list", "--json"]).exits(0).json(), "items").len(), 0);
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    let states = [ids(folder, "rejected"), ids(folder, "expired")].concat();
    assert_eq!(sorted(states), sorted(ended));
    assert_eq!(sorted(ids(folder, "dry-run")), sorted(named("dry").to_vec()), "never anything else");
    assert_eq!(host.stop(), 0);
}
