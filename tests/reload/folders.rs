//! What editors, builds and people do to a folder while its character lives: what is live stays live, and one clear
//! line says what is wrong.

use std::time::{Duration, Instant};

use puppet_types::Priority::Low;

use super::place::{Place, digest, guest};
use crate::{
    hostile::guest::{End, Step},
    support,
};

const STEPS: [Step; 1] = [Step::GetState];

fn lives() -> (Place, support::Running) {
    let place = Place::new(&STEPS, End::Ok, 0);
    let host = place.host();
    assert_eq!(place.event("e0", "pup", Low)["outcome"], "ok");
    (place, host)
}

/// Lines of a host's output that hold these words.
fn lines<'a>(printed: &'a str, words: &str) -> Vec<&'a str> {
    printed.lines().filter(|line| line.contains(words)).collect()
}

#[test]
fn a_half_written_component_waits_for_its_other_half() {
    let (place, host) = lives();
    let old = place.serving();
    let new = guest(&STEPS, End::Ok, "second");
    // Not by a rename: as a slow copy writes it.
    let path = place.path().join("agents/pup/pup.wasm");
    std::fs::write(&path, &new[..new.len() / 2]).unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(place.serving(), old);
    assert_eq!(place.event("e1", "pup", Low)["outcome"], "ok");
    std::fs::write(&path, &new).unwrap();
    place.until(&new, "live");
    let printed = host.printed();
    let told = lines(&printed, "pup");
    let truncated: Vec<_> = told.iter().filter(|line| line.contains("truncated")).collect();
    assert_eq!(truncated.len(), 1, "{printed}");
}

#[test]
fn what_comes_while_a_host_begins_is_taken_up() {
    let (place, host) = lives();
    drop(host);
    for n in 0..4 {
        let new = guest(&STEPS, End::Ok, &format!("v{n}"));
        let (draft, ready) = (place.path().join("draft"), place.data().join("run.json"));
        std::fs::write(&draft, &new).unwrap();
        // What the host before left there speaks of another process.
        let _ = std::fs::remove_file(&ready);
        let _host = std::thread::scope(|scope| {
            scope.spawn(|| {
                let end = Instant::now() + Duration::from_secs(60);
                while !ready.exists() && Instant::now() < end {
                    std::thread::yield_now();
                }
                std::fs::rename(&draft, place.path().join("agents/pup/pup.wasm")).unwrap();
            });
            place.host()
        });
        place.until(&new, "live");
    }
}

#[test]
fn one_that_changes_all_the_time_comes_to_its_last() {
    let (place, _host) = lives();
    let end = Instant::now() + Duration::from_secs(3);
    let mut last = Vec::new();
    let mut n = 0;
    while Instant::now() < end {
        n += 1;
        last = guest(&STEPS, End::Ok, &format!("v{n}"));
        place.component(&last);
        std::thread::sleep(Duration::from_millis(50));
    }
    place.until(&last, "live");
    let lock = place.lock();
    assert!(n > 20 && lock.len() < n / 2, "{n} changes, {lock:?}");
    assert_eq!(place.event("e1", "pup", Low)["plugin"]["digest"], digest(&last));
}

#[test]
fn what_is_wrong_with_a_folder_is_one_clear_line_and_changes_nothing() {
    let (place, host) = lives();
    let old = place.serving();
    let bad = |change: &dyn Fn()| {
        change();
        std::thread::sleep(Duration::from_millis(1_200));
        assert_eq!(place.serving(), old);
        place.pack(&STEPS, "");
        place.component(&guest(&STEPS, End::Ok, "first"));
        std::thread::sleep(Duration::from_millis(300));
    };
    bad(&|| place.pack(&STEPS, "vresion = \"2\"\n"));
    bad(&|| place.pack(&[], ""));
    bad(&|| place.pack(&STEPS, "contract = \"^9\"\n"));
    bad(&|| place.pack(&STEPS, "[setting.tries]\ntype = \"count\"\ndoc = \"d\"\n[settings]\ntires = 1\n"));
    bad(&|| place.write("agents/pup/persona.toml", b"goals = 3\n"));
    bad(&|| place.component(b"\x7fELF and more"));
    bad(&|| std::fs::remove_dir_all(place.path().join("agents/pup")).unwrap());
    assert_eq!(place.event("e1", "pup", Low)["outcome"], "ok");
    let printed = host.printed();
    for words in [
        "`vresion` is not a key",
        "does not request",
        "needs host",
        "`tires` is not a key",
        "goals",
        "native code",
        "its folder is gone",
    ] {
        assert_eq!(lines(&printed, words).len(), 1, "`{words}` in\n{printed}");
    }
}

#[test]
fn a_lower_version_is_refused_and_a_higher_one_is_not() {
    let (place, host) = lives();
    let old = place.serving();
    let versioned = |version: &str, tag: &str| {
        let new = guest(&STEPS, End::Ok, tag);
        place.component(&new);
        place.versioned(version);
        new
    };
    place.until(&versioned("0.2.0", "higher"), "live");
    let higher = place.serving();
    assert_ne!(higher, old);
    versioned("0.0.9", "lower");
    std::thread::sleep(Duration::from_millis(1_200));
    assert_eq!(place.serving(), higher);
    let printed = host.printed();
    assert_eq!(lines(&printed, "is older than the 0.2.0 that runs").len(), 1, "{printed}");
}

#[test]
fn grants_hold_at_once_and_other_settings_are_named() {
    let place = Place::new(&STEPS, End::Ok, 0);
    let log = place.path().join("log");
    let file = std::fs::File::create(&log).unwrap();
    let mut command = support::puppet(place.path());
    command.env("ENGINE_LOG_LEVEL", "debug");
    let host = support::Running::start_with(command, &place.data(), file);
    let said = |words: &str| {
        support::until(Duration::from_secs(120), words, || std::fs::read_to_string(&log).unwrap().contains(words));
    };
    assert_eq!(place.event("e0", "pup", Low)["reads"][0]["status"], "ok");
    place.component(&guest(&STEPS, End::Trap, "traps"));
    said("DEBUG");
    place.write("grants.toml", b"[packs.pup.tweet]\n");
    said("grants.toml has changed: it holds from now on");
    assert_eq!(place.event("e1", "pup", Low)["reads"][0]["status"], "denied");
    place.write("grants.toml", b"[packs.pup.tweet\n");
    said("; the grants before it go on");
    place.write("grants.toml", b"[packs.pup.tweet]\n");
    said("grants.toml is fine again");
    std::fs::remove_file(place.path().join("grants.toml")).unwrap();
    said("grants.toml is gone: what is installed, and components of your own folders, may do nothing from now on");
    place.write("puppet.toml", b"[outbox]\nattempts = 9\n");
    said("puppet.toml has changed: outbox.attempts holds from now on");
    place.write("puppet.toml", b"[outbox]\nattempts = 9\n[swap]\nshadow = 3\n[host]\nworkers = 3\n");
    said("puppet.toml has changed: swap.shadow holds from now on");
    said("puppet.toml has changed: host.workers needs a restart");
    place.write("puppet.toml", b"[swap]\nshadwo = 3\n");
    said("; the configuration before it goes on");
    // There was none at the start: without one the host runs as it does.
    std::fs::remove_file(place.path().join("puppet.toml")).unwrap();
    said("puppet.toml is fine again");
    said("puppet.toml says again what runs: nothing needs a restart");
    drop(host);
    let log = std::fs::read_to_string(&log).unwrap();
    assert_eq!(lines(&log, "needs a restart").len(), 2, "once that it does, and once that it does not: {log}");
    assert!(!log.contains("cannot be read"), "a file that need not be there: {log}");
    assert!(!log.contains("help:") && lines(&log, "is fine again").len() == 2, "{log}");
    assert!(!log.contains('\u{1b}'), "a file has no colours: {log}");
}

#[test]
fn a_rollback_brings_back_the_persona_of_the_same_component() {
    let (place, _host) = lives();
    let persona = |id: &str| place.event(id, "pup", Low)["persona_digest"].clone();
    let before = persona("e1");
    place.write("agents/pup/persona.toml", b"goals = [\"bark louder\"]\n");
    support::until(Duration::from_secs(120), "the persona is not taken up", || {
        place.told()["state"] == "live" && persona("e2") != before
    });
    support::run(place.path(), &["rollback", "pup"]).exits(0);
    support::until(Duration::from_secs(120), "the persona does not come back", || {
        place.told()["state"] == "settled" && persona("e3") == before
    });
    assert!(place.lock().iter().any(|(state, _)| state == "rolled-back"), "{:?}", place.lock());
}

#[test]
fn persona_and_settings_change_without_the_component() {
    let (place, _host) = lives();
    let (old, before) = (place.serving(), place.event("e1", "pup", Low)["persona_digest"].clone());
    place.write("agents/pup/persona.toml", b"goals = [\"bark louder\"]\n");
    support::until(Duration::from_secs(120), "the persona is not taken up", || {
        place.told()["state"] == "live" && place.event("e2", "pup", Low)["persona_digest"] != before
    });
    assert_eq!(place.serving(), old);
    let shown = support::run(place.path(), &["agent", "show", "pup", "--json"]).exits(0).stdout;
    assert!(shown.contains("bark louder"), "{shown}");
}
