//! A stranger's pack in a host that runs: it waits for the operator, lives, is upgraded, waits again where it asks for
//! more, goes back, and is gone.

use std::time::Duration;

use puppet_types::Priority::Low;

use super::place::{Place, digest, guest};
use crate::{
    hostile::guest::{End, Step},
    support::{self, Ran, run},
};

/// A version of the pack `guest`, asking for so many memories a day; answers its component.
fn version(place: &Place, version: &str, rows: u32) -> Vec<u8> {
    let steps = [Step::Remember("hello"), Step::GetState, Step::PutState("x")];
    let bytes = guest(&steps, End::Ok, version);
    let text = format!(
        "id = \"guest\"\nversion = \"{version}\"\ncomponent = \"guest.wasm\"\npersona = \"persona.toml\"\n\
         [requests.state]\n[requests.memory]\noperations = [\"remember\"]\namounts = {{ \"rows/day\" = {rows} }}\n"
    );
    place.write(&format!("{version}/pack.toml"), text.as_bytes());
    place.write(&format!("{version}/persona.toml"), format!("goals = [\"be {version}\"]\n").as_bytes());
    place.write(&format!("{version}/guest.wasm"), &bytes);
    bytes
}

fn install(place: &Place, command: &str, version: &str) -> Ran {
    run(place.path(), &[command, version, "--allow-unsigned", "--json"])
}

fn approve(place: &Place, bytes: &[u8]) {
    run(place.path(), &["grants", "approve", "guest", "--yes", "--digest", &digest(bytes)]).exits(0);
}

/// Waits until this component plays `guest`; answers the record of an event.
fn plays(place: &Place, bytes: &[u8]) -> serde_json::Value {
    let told = format!("{} never serves", digest(bytes));
    support::until(Duration::from_secs(120), &told, || {
        let hosted = place.ask(&puppet::control::Request::Plugins);
        let versions = hosted["versions"].as_array().unwrap();
        versions.iter().any(|one| one["serves"] == true && one["digest"] == digest(bytes))
            && run(place.path(), &["agent", "list"]).stdout.contains("guest")
    });
    let id = format!("e{}", place.journal().len());
    place.event(&id, "guest", Low)
}

#[test]
fn a_pack_comes_waits_is_changed_and_goes_while_the_host_runs() {
    let place = Place::new(&[Step::GetState], End::Ok, 0);
    let _host = place.host();
    let [first, second, third] =
        [("1.0.0", 80), ("1.1.0", 60), ("1.2.0", 90)].map(|(name, rows)| version(&place, name, rows));
    let waits = install(&place, "install", "1.0.0").exits(3).json();
    assert_eq!((&waits["status"], &waits["reasons"][0]["code"]), (&"waiting".into(), &"asks-for-more".into()));
    assert!(!run(place.path(), &["agent", "list"]).stdout.contains("guest"), "nobody lives before the operator's yes");
    approve(&place, &first);
    let record = plays(&place, &first);
    assert_eq!((&record["outcome"], &record["decisions"][0]["kind"]), (&"ok".into(), &"remember".into()), "{record}");

    let upgraded = install(&place, "upgrade", "1.1.0").exits(0).json();
    assert_eq!(upgraded["status"], "installed", "it asks for less");
    assert_eq!(plays(&place, &second)["outcome"], "ok");
    let goals = || run(place.path(), &["agent", "show", "guest", "--json"]).exits(0).stdout;
    assert!(goals().contains("be 1.1.0"), "its persona comes with it");

    let more = install(&place, "upgrade", "1.2.0").exits(3).json();
    let widened = more["diff"]["widened"].to_string();
    assert!(more["status"] == "waiting" && widened.contains("rows/day: asks for 90, was granted 80"), "{more}");
    assert_eq!(plays(&place, &second)["outcome"], "ok", "what lives goes on");
    approve(&place, &third);
    plays(&place, &third);

    run(place.path(), &["rollback", "guest", "--json"]).exits(0);
    let record = plays(&place, &second);
    assert_eq!(record["outcome"], "ok");
    assert!(goals().contains("be 1.1.0"), "the persona goes back with it");
    let refused = run(place.path(), &["remove", "guest"]).exits(3);
    assert!(refused.stderr.contains("--with-agent"), "{}", refused.stderr);
    run(place.path(), &["remove", "guest", "--with-agent"]).exits(0);
    support::until(Duration::from_secs(120), "it goes on living", || {
        !run(place.path(), &["agent", "list"]).stdout.contains("guest")
    });
    assert_eq!(place.event("last", "pup", Low)["outcome"], "ok", "others live on");
}
