//! The outbox as operators use it: effects that have failed, or of which nobody knows whether they happened, are listed,
//! tried anew or dropped; with a host and without.

use std::{path::Path, time::Duration};

use puppet_store::{Doubt, Effect, EffectState};
use puppet_types::Timestamp;
use serde_json::Value;

use crate::{
    approvals::{held, hold, ids, imported, texts},
    support::{Ran, Running, finish, list, puppet, run, until},
};

/// A host that does not get this far has lost it.
const PATIENCE: Duration = Duration::from_secs(120);

/// One as a host left it.
fn left(id: &str, state: EffectState) -> Effect {
    Effect { state, attempts: 1, reason: Some("no".to_owned()), expires: None, ..held(id, id, 0) }
}

fn in_doubt(id: &str, undecidable: bool) -> Effect {
    let effect = left(id, EffectState::InDoubt);
    Effect { doubt: Some(Doubt { begun: effect.not_before, undecidable }), ..effect }
}

fn in_an_hour(effect: Effect) -> Effect {
    Effect { not_before: Timestamp::from_millis(effect.not_before.as_millis() + 3_600_000), ..effect }
}

/// One of each that an operator has a word on. The one whose provider is asked next in an hour stands before the one
/// that waits.
pub fn one_of_each() -> [Effect; 5] {
    [
        left("eff_failed", EffectState::Failed),
        in_doubt("eff_lost", true),
        in_doubt("eff_gone", true),
        in_an_hour(in_doubt("eff_asked", false)),
        Effect { attempts: 0, reason: None, ..left("eff_waits", EffectState::Waiting) },
    ]
}

fn say(folder: &Path, args: &[&str]) -> Ran {
    run(folder, &[&["outbox"], args, &["--json"]].concat())
}

/// The code of a refusal.
fn refused(folder: &Path, args: &[&str]) -> String {
    let error = say(folder, args).exits(3).stderr;
    serde_json::from_str::<Value>(error.trim()).unwrap()["error"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn effects_are_found_tried_anew_and_dropped_without_a_host() {
    let folder = imported();
    let (folder, data) = (folder.path(), folder.path().join(".puppet"));
    hold(&data, &one_of_each()).await;
    hold(&data, &[held("eff_held", "held", 3_600_000)]).await;

    let by = |args: &[&str]| texts(&say(folder, &[&["list"], args].concat()).exits(0).json(), "id").len();
    assert_eq!((by(&[]), by(&["--agent", "harbour-watch"]), by(&["--account", "@Harbour_Watch"])), (6, 6, 6));
    assert_eq!((by(&["--account", "other"]), by(&["--state", "in-doubt"])), (0, 3));
    assert!(say(folder, &["list", "--agent", "harbor-watch"]).exits(2).stderr.contains("`harbour-watch`"));
    let long = "It is told in so many words that a line has no room for them all.";
    let unsure = Effect { reason: Some(format!("in doubt: {}", "why ".repeat(30))), ..in_doubt(long, true) };
    let other = imported();
    hold(&other.path().join(".puppet"), &[Effect { id: "eff_long".into(), ..unsure.clone() }]).await;
    let listed = run(other.path(), &["outbox", "list"]).exits(0).stdout;
    let line = listed.lines().nth(1).unwrap();
    assert!(
        line.contains(&unsure.not_before.to_string()) && line.contains(&format!("{}…", &long[..48].trim_end())),
        "{line}"
    );
    assert!(line.contains("in-doubt") && !line.contains("in doubt") && line.ends_with("why why…"), "{line}");
    let shown = run(folder, &["outbox", "show", "eff_lost"]).exits(0).stdout;
    assert!(shown.contains("nobody can tell") && shown.contains("\"text\":\"eff_lost\""), "{shown}");
    let behind = say(folder, &["show", "eff_waits"]).exits(0).json()["behind"].clone();
    assert_eq!(
        (&behind["effect"], &behind["state"], &behind["reason"]),
        (&"eff_asked".into(), &"in-doubt".into(), &"no".into())
    );
    let shown = run(folder, &["outbox", "show", "eff_waits"]).exits(0).stdout;
    assert!(shown.contains("behind: eff_asked, which is in-doubt until 20"), "{shown}");
    assert!(say(folder, &["show", "eff_none"]).exits(2).stderr.contains("unknown-effect"));

    assert_eq!(refused(folder, &["retry", "eff_lost"]), "not-sure");
    assert_eq!(refused(folder, &["retry", "eff_asked", "--sure"]), "not-yet");
    assert_eq!(refused(folder, &["retry", "eff_waits"]), "not-failed");
    assert_eq!(refused(folder, &["drop", "eff_failed"]), "not-open");
    assert_eq!(refused(folder, &["drop", "eff_held"]), "not-open");
    assert!(say(folder, &["drop", "eff_none"]).exits(2).stderr.contains("unknown-effect"));
    say(folder, &["drop", "eff_waits", "--reason", " "]).exits(2);
    assert_eq!((ids(folder, "failed").len(), ids(folder, "in-doubt").len()), (1, 3), "nothing has changed");

    let tried = say(folder, &["retry", "eff_lost", "--sure"]).exits(0).json();
    assert_eq!((&tried["state"], &tried["attempts"]), (&"waiting".into(), &0.into()));
    let dropped = say(folder, &["drop", "eff_waits", "--reason", "not today"]).exits(0).json();
    assert_eq!(
        (&dropped["state"], &dropped["reason"]),
        (&"failed".into(), &"dropped by the operator: not today".into())
    );
    assert_eq!(
        (ids(folder, "failed"), ids(folder, "waiting")),
        (names(&["eff_waits", "eff_failed"]), names(&["eff_lost"]))
    );

    let said = finish(puppet(folder).args(["run", "--for", "1s"])).exits(0).stderr;
    assert!(
        said.contains("1 effect is in doubt and waits for your word: `puppet outbox list --state in-doubt`"),
        "{said}"
    );
    let told = run(folder, &["journal", "--kind", "post_failed", "--json"]).exits(0).json();
    assert_eq!(list(&told, "items").len(), 1, "the host takes up what was said");
}

fn names(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn a_running_host_takes_the_operators_word_on_effects() {
    let folder = imported();
    let (folder, data) = (folder.path(), folder.path().join(".puppet"));
    // The one that is asked about in an hour may be: none waits longer than the rules say.
    let file = folder.join("puppet.toml");
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    std::fs::write(&file, format!("{before}\n[outbox]\nlook_after_ms = 7200000\n")).unwrap();
    hold(&data, &one_of_each()).await;
    let host = Running::start(folder, &data, &[]);
    let is_done = |id: &str| ids(folder, "done").iter().any(|done| done == id);

    assert_eq!(refused(folder, &["retry", "eff_lost"]), "not-sure");
    assert_eq!(refused(folder, &["retry", "eff_asked", "--sure"]), "not-yet");
    assert!(say(folder, &["retry", "eff_none"]).exits(2).stderr.contains("unknown-effect"));
    assert_eq!(ids(folder, "waiting").last().unwrap(), "eff_waits", "its account's line stands");
    let dropped = say(folder, &["drop", "eff_asked", "--reason", "enough"]).exits(0).json();
    assert_eq!(dropped["reason"], "dropped by the operator, and may have happened: enough");
    until(PATIENCE, "what waited behind it leaves", || is_done("eff_waits"));
    say(folder, &["retry", "eff_failed"]).exits(0);
    say(folder, &["retry", "eff_lost", "--sure"]).exits(0);
    until(PATIENCE, "what is tried anew leaves", || is_done("eff_failed") && is_done("eff_lost"));
    say(folder, &["drop", "eff_gone"]).exits(0);
    assert_eq!(refused(folder, &["retry", "eff_failed"]), "not-failed");
    until(PATIENCE, "the agent hears of what was dropped", || {
        let told = run(folder, &["journal", "--kind", "post_failed", "--json"]).exits(0).json();
        let why = list(&told, "items").iter().map(|item| item["event"]["payload"]["error"].to_string());
        let mut why: Vec<String> = why.collect();
        why.sort();
        why.len() == 2 && why[0].ends_with("may have happened\"") && why[1].ends_with("happened: enough\"")
    });
    until(PATIENCE, "and of what left after all", || {
        let told = run(folder, &["journal", "--kind", "post_published", "--json"]).exits(0).json();
        let texts: Vec<&str> =
            list(&told, "items").iter().filter_map(|item| item["event"]["payload"]["text"].as_str()).collect();
        ["eff_failed", "eff_lost", "eff_waits"].iter().all(|text| texts.contains(text))
    });
    assert_eq!(names(&["eff_gone", "eff_asked"]), {
        let mut failed = ids(folder, "failed");
        failed.sort();
        failed.reverse();
        failed
    });
    let said = host.printed();
    assert!(said.contains("post [failed] eff_asked"), "{said}");
}

/// What a host left: an account that X does not let in, one whose plan is used up, and one in its quiet hours.
#[tokio::test]
async fn what_an_account_waits_for_is_told_with_its_end() {
    let folder = imported();
    let (folder, data) = (folder.path(), folder.path().join(".puppet"));
    let since = left("", EffectState::Waiting).not_before;
    let waits = |id: &str, account: &str, reason: Option<&str>| Effect {
        account: account.into(),
        attempts: 0,
        not_before: since,
        reason: reason.map(str::to_owned),
        ..left(id, EffectState::Waiting)
    };
    let used_up = in_an_hour(waits("eff_used", "cap", Some("the plan's allowance is used up: monthly")));
    let (until, morning) = (used_up.not_before, "2099-01-02T06:30:00.000Z");
    let refused = Some("not authorized: @locked: X does not accept its keys (OAuth 1.0a): copy them once more");
    hold(
        &data,
        &[
            waits("eff_locked", "locked", refused),
            waits("eff_behind", "locked", None),
            used_up,
            waits("eff_night", "owl", Some(&format!("quiet hours until {morning}"))),
            waits("eff_late", "owl", None),
        ],
    )
    .await;
    let doctor = run(folder, &["doctor", "--json"]).json();
    let told = |name: &str| {
        let of = list(&doctor, "checks").iter().filter(|check| check["name"] == name);
        of.map(|check| [&check["status"], &check["detail"], &check["remedy"]].map(|it| it.as_str().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    let [cap, locked] = told("accounts").try_into().unwrap();
    assert!(cap[0] == "warn" && cap[1].contains("@cap is held: the plan's allowance is used up"), "{cap:?}");
    assert!(cap[1].ends_with(&format!("1 effect waits, the next try is at {until}")), "{cap:?}");
    assert!(locked[1].starts_with(&format!("@locked is held since {since}: not authorized: ")), "{locked:?}");
    assert!(locked[1].ends_with("2 effects wait, the next host tries it at its start"), "{locked:?}");
    assert!(locked[2].contains("`puppet outbox retry eff_locked`"), "{locked:?}");
    let [quiet] = told("quiet hours").try_into().unwrap();
    let quiet_is = format!("2 effects wait for the end of quiet hours, the first until {morning}");
    assert_eq!((quiet[0].as_str(), &quiet[1]), ("ok", &quiet_is));

    let json = |id: &str| say(folder, &["show", id]).exits(0).json();
    assert_eq!(json("eff_locked")["held"], serde_json::json!({ "since": since, "until": null }));
    let used = json("eff_used");
    assert_eq!((&used["held"]["until"], &used["not_before"]), (&used["not_before"], &until.to_string().into()));
    assert_eq!((&json("eff_night")["not_before"], &json("eff_night")["held"]), (&morning.into(), &Value::Null));
    assert_eq!(
        (&json("eff_late")["behind"]["until"], &json("eff_late")["behind"]["effect"]),
        (&morning.into(), &"eff_night".into())
    );
    let shown = |id: &str| run(folder, &["outbox", "show", id]).exits(0).stdout;
    let locked = shown("eff_locked");
    assert!(
        locked.contains(&format!("its account is held: since {since}; the next try is by the next host")),
        "{locked}"
    );
    assert!(!locked.contains("not before"), "{locked}");
    assert!(shown("eff_behind").contains("`puppet outbox retry eff_locked` tries at once"), "{}", shown("eff_behind"));
    let listed = run(folder, &["outbox", "list"]).exits(0).stdout;
    let line = |id: &str| listed.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
    assert!(line("eff_night").ends_with(&format!("  quiet hours until {morning}")), "{listed}");
    assert!(line("eff_late").ends_with(&format!("behind: quiet hours until {morning}")), "{listed}");
}
