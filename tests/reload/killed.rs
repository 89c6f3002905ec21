//! A host that is killed at each stage of a swap: what serves after it is the old version or the new one, whole; what
//! was accepted before is handled once; and the swap goes on to its end by itself.

use std::time::Duration;

use puppet::control::Request;
use puppet_packs::{Entry, Installed, State};
use puppet_types::{
    Priority::{High, Low},
    ids::derive_u64,
};

use super::{
    ledger::Ledger,
    load::{Load, agents},
    place::{Place, digest, event, guest},
};
use crate::{
    hostile::guest::{End, Step},
    support::{self, Running, run},
};

/// Beside the pack's own: a canary is one of ten.
const OTHERS: usize = 9;
const PATIENCE: Duration = Duration::from_secs(120);

const OLD: [Step; 3] = [Step::GetState, Step::PutState("old"), Step::RememberEventId];
const NEW: [Step; 3] = [Step::GetState, Step::PutState("new"), Step::RememberEventId];

/// Nothing recorded is run again, and nothing ends by itself.
const HELD_CANARY: &str = "shadow = 0\ncanary_invocations = 1000000\n";
const HELD_WATCH: &str = "shadow = 0\ncanary_percent = 0\nwatch_invocations = 1000000\n";
/// All stages, each soon at its end.
const SOON: &str = "shadow = 5\ncanary_invocations = 3\nwatch_invocations = 10\n";
/// The same for one whose faults nobody can foresee.
const BLIND: &str = "shadow = 0\ncanary_percent = 0\nwatch_invocations = 1000\n";

fn entries(place: &Place) -> Vec<Entry> {
    // A lock file with two versions that run does not read back.
    let mut entries = Installed::at(&place.data()).entries().unwrap();
    entries.retain(|entry| entry.id.as_str() == "pup");
    entries
}

fn state_of(place: &Place, bytes: &[u8]) -> Option<State> {
    let is_it = |entry: &Entry| entry.component.is_some_and(|of| of.to_string() == digest(bytes));
    entries(place).into_iter().find(is_it).map(|entry| entry.state)
}

/// Components of the versions that the lock lets run.
fn running(place: &Place) -> Vec<String> {
    let running = entries(place).into_iter().filter(|entry| entry.state.runs());
    running.filter_map(|entry| entry.component).map(|of| of.to_string()).collect()
}

#[track_caller]
fn comes_to(place: &Place, bytes: &[u8], state: State) {
    support::until(PATIENCE, &format!("it never comes to {state:?}"), || state_of(place, bytes) == Some(state));
}

/// A place that has lived a little on an old version.
fn lived(rules: &str) -> (Place, Running) {
    let place = Place::new(&OLD, End::Ok, OTHERS);
    place.rules(rules);
    let host = place.host();
    for agent in agents(OTHERS) {
        assert_eq!(place.event(&format!("first_{agent}"), &agent, Low)["outcome"], "ok");
    }
    (place, host)
}

/// One more event of each agent, all handled. Answers what is kept for them then.
fn each(place: &Place, name: &str) -> Vec<String> {
    let (agents, ledger) = (agents(OTHERS), Ledger::of(place));
    agents.iter().for_each(|agent| drop(place.event(&format!("{name}_{agent}"), agent, Low)));
    agents.iter().map(|agent| ledger.state(agent).unwrap()).collect()
}

/// Nothing is left open, nothing was given up, and what was accepted was handled once.
fn all_is_well(place: &Place, accepted: &[String]) {
    let ledger = Ledger::of(place);
    support::until(PATIENCE, "mail is left", || ledger.waiting() == 0);
    assert_eq!(ledger.dead(), 0);
    ledger.each_was_handled_once(accepted);
    ledger.each_effect_happened_once(accepted);
}

#[test]
fn a_canary_whose_host_is_killed_begins_again_and_leaves_no_state() {
    let (place, host) = lived(HELD_CANARY);
    let (old, new) = (place.serving(), guest(&NEW, End::Ok, "new"));
    place.component(&new);
    place.until(&new, "canary");
    assert_eq!(each(&place, "before").iter().filter(|state| *state == "new").count(), 1, "one of ten");
    host.kill();
    assert_eq!(state_of(&place, &new), Some(State::Canary));
    // It comes to its end this time.
    place.rules(SOON);
    let _host = place.host();
    let load = Load::new("after", agents(OTHERS));
    let (accepted, ()) = load.during(&place, || comes_to(&place, &new, State::Current));
    assert_eq!(place.serving(), digest(&new));
    all_is_well(&place, &accepted);
    // Everybody hears that the host has started, and the old one served them then.
    assert_eq!(Ledger::of(&place).reads(&old, "new"), 0, "the old version found what the canary had written");
}

#[test]
fn a_watched_version_whose_host_is_killed_is_watched_again_before_it_handles_anything() {
    let (place, host) = lived(HELD_WATCH);
    let (old, bad) = (place.serving(), guest(&NEW, End::ByPriority, "bad"));
    place.component(&bad);
    place.until(&bad, "live");
    assert!(each(&place, "before").iter().all(|state| state == "new"));
    host.kill();
    assert_eq!(state_of(&place, &bad), Some(State::Watched));
    // What it cannot bear lies there when the next host begins.
    let storm = ["event", "send", "news", "--payload", "{\"topic\": \"storm\"}", "--priority", "high"];
    run(place.path(), &storm).exits(0);
    let _host = place.host();
    comes_to(&place, &bad, State::RolledBack);
    support::until(PATIENCE, "the old one does not serve", || place.serving() == old);
    assert!(each(&place, "after").iter().all(|state| state == "old"));
    all_is_well(&place, &[]);
    assert_eq!(Ledger::of(&place).reads(&old, "new"), 0, "the old version found what the other one had written");
}

#[test]
fn a_host_that_is_killed_on_the_way_back_arrives_there() {
    let (place, mut host) = lived(BLIND);
    let (old, mut accepted) = (place.serving(), Vec::new());
    for round in 0..6 {
        let bad = guest(&NEW, End::ByPriority, &format!("bad{round}"));
        place.component(&bad);
        place.until(&bad, "live");
        let id = format!("trouble_{round}");
        place.ask(&Request::Send { events: vec![event(&id, "pup", High)], wait_ms: None });
        std::thread::sleep(Duration::from_millis(derive_u64(&["back", &id]) % 40));
        host.kill();
        assert_eq!(running(&place).len(), 1);
        host = place.host();
        comes_to(&place, &bad, State::RolledBack);
        support::until(PATIENCE, "the old one does not serve", || place.serving() == old);
        accepted.push(id);
    }
    all_is_well(&place, &accepted);
    assert_eq!(Ledger::of(&place).reads(&old, "new"), 0, "the old version found what the other one had written");
    drop(host);
}

#[test]
fn a_host_that_is_killed_at_any_moment_of_a_swap_goes_on_with_the_old_or_the_new() {
    let (place, mut host) = lived(SOON);
    let (mut last, mut accepted) = (place.serving(), Vec::new());
    for round in 0..8 {
        let new = guest(&OLD, End::Ok, &format!("v{round}"));
        let moment = Duration::from_millis(derive_u64(&["moment", &round.to_string()]) % 400);
        let before = Load::new(&format!("before{round}"), agents(OTHERS));
        let (mail, ()) = before.during(&place, || {
            place.component(&new);
            std::thread::sleep(moment);
            host.kill();
        });
        accepted.extend(mail);
        let whole = [last.clone(), digest(&new)];
        assert!(matches!(&running(&place)[..], [one] if whole.contains(one)), "{:?}", place.lock());
        host = place.host();
        assert!(whole.contains(&place.serving()));
        let after = Load::new(&format!("after{round}"), agents(OTHERS));
        let (mail, ()) = after.during(&place, || comes_to(&place, &new, State::Current));
        accepted.extend(mail);
        last = digest(&new);
    }
    all_is_well(&place, &accepted);
    assert_eq!(place.serving(), last);
    drop(host);
}
