//! Two versions of a plugin on what was recorded: what both do alike, and each way in which they can differ.

use std::path::Path;

use puppet_types::Priority::Low;
use serde_json::{Value, json};

use crate::{
    hostile::guest::{End, Step},
    reload::place::{Place, digest, guest},
    support::{self, Ran, Running, list, run},
};

const STEPS: [Step; 3] = [Step::GetState, Step::Timeline, Step::Post("Tea at five, by the window.")];
/// Of the start, and of three events.
const RECORDS: u64 = 4;

/// What it posts comes back to nobody.
const GRANTS: &str = "[packs.pup]\nmode = \"dry-run\"\n[packs.pup.tweet]\n[packs.pup.state]\n[packs.pup.memory]\n";
/// Nothing happens but what a test says.
const QUIET: &str = "generators = { news.enabled = false, mood-swings.enabled = false, encounters.enabled = false }\n";

/// One that has lived a little, and goes on.
fn lived() -> (Place, Running) {
    let place = Place::new(&STEPS, End::Ok, 0);
    place.write("grants.toml", GRANTS.as_bytes());
    place.write("puppet.toml", QUIET.as_bytes());
    let host = place.host();
    for n in 0..3 {
        assert_eq!(place.event(&format!("e{n}"), "pup", Low)["outcome"], "ok");
    }
    assert_eq!(place.journal().len() as u64, RECORDS);
    (place, host)
}

/// `pup` as it runs against another component.
fn against(place: &Place, steps: &[Step], end: End, more: &[&str]) -> Ran {
    place.write("new.wasm", &guest(steps, end, "new"));
    run(place.path(), &[&["diff-behaviour", "pup", "new.wasm"], more].concat())
}

fn numbers(told: &Value) -> [u64; 3] {
    ["replayed", "same", "changed"].map(|key| told[key].as_u64().unwrap())
}

#[test]
fn what_does_the_same_is_the_same_whatever_the_order_of_its_reads() {
    let (place, _host) = lived();
    let before = place.journal();
    let [state, timeline, post] = STEPS;
    let told = against(&place, &[timeline, state, post], End::Ok, &["--json"]).exits(0).json();
    assert_eq!(numbers(&told), [RECORDS, RECORDS, 0], "{told}");
    assert_eq!((&told["new"]["unanswered_reads"], &told["new"]["as_recorded"]), (&0.into(), &RECORDS.into()));
    assert_eq!(told["old"]["digest"], place.serving());
    // What was never asked is answered by what costs nothing.
    let more = [&STEPS[..], &[Step::Recall("tea")]].concat();
    let told = against(&place, &more, End::Ok, &["--json"]).exits(0).json();
    assert_eq!((&told["old"]["unanswered_reads"], &told["new"]["unanswered_reads"]), (&0.into(), &RECORDS.into()));
    assert!(told["fuel_ratio"].as_f64().unwrap() > 1.0, "{told}");
    let shown = against(&place, &STEPS, End::Ok, &[]).exits(0);
    assert!(shown.stdout.contains("4 recorded invocations of 1 agent run again on both: 4 the same"), "{shown:?}");
    assert_eq!(place.journal(), before, "nothing is kept");
}

#[test]
fn another_text_is_shown_beside_the_old_one() {
    let (place, _host) = lived();
    let steps = [Step::GetState, Step::Timeline, Step::Post("Coffee at six, on the stairs."), Step::ShiftMood];
    let ran = against(&place, &steps, End::Ok, &["--show", "1"]).exits(1);
    let beside = |line: &&str| line.contains("Tea at five") && line.contains("≠") && line.contains("Coffee at six");
    assert_eq!(ran.stdout.lines().filter(beside).count(), 1, "{}", ran.stdout);
    assert!(ran.stdout.lines().any(|line| line.trim_start().starts_with("> shift_mood")), "{}", ran.stdout);
    assert!(ran.stdout.contains("3 more differ: --show 4"), "{}", ran.stdout);
    assert!(ran.stderr.contains("behaviour-differs"), "{}", ran.stderr);
    let told = against(&place, &steps, End::Ok, &["--json", "--show", "0"]).exits(1).json();
    assert_eq!(numbers(&told), [RECORDS, 0, RECORDS]);
    let item = list(&told, "items").last().unwrap();
    assert_eq!(item["event"]["id"], "e2");
    let text = |side: &str| item[side]["decisions"][0]["body"]["text"].clone();
    assert_eq!(text("old"), "Tea at five, by the window.");
    assert_eq!(text("new"), "Coffee at six, on the stairs.");
}

#[test]
fn what_a_version_asks_for_besides_it_has_and_the_offline_model_answers() {
    let (place, _host) = lived();
    // Neither its pack nor `grants.toml` speaks of a model.
    let steps = [Step::GetState, Step::Timeline, Step::PostAnswer];
    let told = against(&place, &steps, End::Ok, &["--json", "--last", "1"]).exits(1).json();
    let item = &told["items"][0];
    assert_eq!((&item["new"]["outcome"], &item["new"]["unanswered_reads"]), (&"ok".into(), &1.into()), "{item}");
    let said = item["new"]["decisions"][0]["body"]["text"].as_str().unwrap();
    assert!(!said.is_empty() && !said.contains("Tea at five"), "{said}");
    assert_eq!(told, against(&place, &steps, End::Ok, &["--json", "--last", "1"]).json(), "it answers alike");
}

#[test]
fn a_trap_on_one_side_is_counted_and_told() {
    let (place, _host) = lived();
    // The start is of high priority.
    let ran = against(&place, &STEPS, End::ByPriority, &["--json"]).exits(1);
    let told = ran.json();
    assert_eq!(numbers(&told), [RECORDS, RECORDS - 1, 1]);
    assert_eq!(
        (&told["old"]["traps"], &told["new"]["traps"], &told["new"]["breaches"]),
        (&0.into(), &1.into(), &0.into())
    );
    let item = list(&told, "items").iter().find(|item| item["same"] == false).unwrap();
    assert_eq!((&item["event"]["kind"], &item["new"]["breach"]), (&"agent_started".into(), &"trap".into()));
    let shown = against(&place, &STEPS, End::ByPriority, &[]).exits(1).stdout;
    let ends = |line: &str| line.contains("ends ok") && line.contains("≠ ends in trap");
    assert!(shown.lines().any(ends), "{shown}");
    let told = against(&place, &STEPS, End::Spin, &["--json", "--last", "2"]).exits(1).json();
    assert_eq!((numbers(&told), &told["new"]["breaches"]), ([2, 0, 2], &2.into()), "{}", told["new"]);
    let kind = ["--json", "--kind", "news", "--since", "1h", "--agent", "pup"];
    assert_eq!(numbers(&against(&place, &STEPS, End::ByPriority, &kind).exits(0).json()), [3, 3, 0]);
}

#[test]
fn what_was_forgotten_is_counted_and_not_run() {
    let (place, host) = lived();
    let ids: Vec<String> = place.journal().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    host.stop();
    run(place.path(), &["journal", "forget", &ids[0], "--yes"]).exits(0);
    let told = against(&place, &STEPS, End::Ok, &["--json"]).exits(0).json();
    assert_eq!(numbers(&told), [RECORDS - 1, RECORDS - 1, 0]);
    let [left_out] = list(&told, "left_out").as_slice() else { panic!("{told}") };
    assert_eq!((&left_out["invocation"], &left_out["agent"]), (&ids[0].clone().into(), &"pup".into()));
    assert!(left_out["reason"].as_str().unwrap().contains("forgotten by the operator"), "{left_out}");
    let shown = against(&place, &STEPS, End::Ok, &[]).exits(0).stdout;
    assert!(shown.contains("1 record cannot be run again: forgotten by the operator"), "{shown}");
    run(place.path(), &["journal", "forget", "--agent", "pup", "--yes"]).exits(0);
    let ran = against(&place, &STEPS, End::Ok, &["--json"]).exits(3);
    assert!(ran.stderr.contains("unreplayable"), "{ran:?}");
    assert_eq!((list(&ran.json(), "left_out").len() as u64, numbers(&ran.json())), (RECORDS, [0, 0, 0]));
}

#[test]
fn versions_are_named_in_every_way() {
    let (place, _host) = lived();
    let at = |name: &str| place.path().join(name).display().to_string();
    let serving = place.serving();
    let new = guest(&[Step::Post("No.")], End::Ok, "new");
    for name in ["pack.toml", "persona.toml"] {
        place.write(&format!("later/{name}"), &std::fs::read(at(&format!("agents/pup/{name}"))).unwrap());
    }
    place.write("later/pup.wasm", &new);
    let text = std::fs::read_to_string(at("later/pack.toml")).unwrap();
    place.write("later/pack.toml", text.replace("0.1.0", "0.2.0").replace("[requests.state]\n", "").as_bytes());
    run(place.path(), &["pack", "build", "later", "-o", "later.puppet"]).exits(0);
    std::fs::copy(at("later/pup.wasm"), at("pup.wasm")).unwrap();
    let digits = &serving["sha256:".len()..][..8];
    let by_digest = format!("pup@{digits}");
    for (old, new_one) in [
        ("pup", "later"),
        ("pup@0.1.0", "later.puppet"),
        (&*by_digest, "pup.wasm"),
        ("agents/pup/pup.wasm", "pup.wasm"),
        ("agents/pup", "later"),
    ] {
        let told = run(place.path(), &["diff-behaviour", old, new_one, "--json"]).exits(1).json();
        let digests = [&told["old"]["digest"], &told["new"]["digest"]];
        assert_eq!(digests, [&json!(serving), &json!(digest(&new))], "{old} {new_one}");
        assert_eq!((numbers(&told), &told["old"]["as_recorded"]), ([RECORDS, 0, RECORDS], &RECORDS.into()), "{old}");
    }
    let refused = [
        ("pup", "nothing-like-it", "unknown-pack"),
        ("pup", "pup@9.9.9", "not-installed"),
        ("pup", "news", "other-pack"),
        ("news", "news", "nothing-recorded"),
        ("pup", "agents/pup/pack.toml", "bad-archive"),
    ];
    for (old, new, code) in refused {
        let ran = run(place.path(), &["diff-behaviour", old, new]).exits(2);
        assert!(ran.stderr.contains(code), "{old} {new}: {}", ran.stderr);
    }
    let ran = run(place.path(), &["diff-behaviour", "pup", "pup", "--agent", "pip"]).exits(2);
    assert!(ran.stderr.contains("did you mean `pup`?"), "{ran:?}");
}

#[test]
fn a_change_of_the_persona_alone_is_a_version_too() {
    let folder = tempfile::tempdir().unwrap();
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../personalities");
    support::simulate(&folder.path().join("o"), &packs, &["--days", "1"]);
    let cafe = packs.join("corner-cafe");
    let told = |changed: &str| {
        let other = folder.path().join("other");
        std::fs::create_dir_all(&other).unwrap();
        std::fs::copy(cafe.join("pack.toml"), other.join("pack.toml")).unwrap();
        let persona = std::fs::read_to_string(cafe.join("persona.toml")).unwrap();
        std::fs::write(other.join("persona.toml"), persona.replace(" the ", changed)).unwrap();
        let args = ["diff-behaviour", cafe.to_str().unwrap(), "other", "--data", "o/data", "--json"];
        let ran = run(folder.path(), &args);
        assert_eq!(ran.code, i32::from(changed != " the "), "{}", ran.stderr);
        ran.json()
    };
    let same = told(" the ");
    assert_eq!(numbers(&same), [20, 20, 0]);
    assert!(list(&same, "items").iter().all(|item| item["agent"] == "corner-cafe"), "nobody else is of that pack");
    let changed = told(" our own ");
    assert!(numbers(&changed)[2] > 0 && changed["old"]["as_recorded"] == 20, "{changed}");
    assert_eq!(changed["old"]["digest"], changed["new"]["digest"], "the component is the same");
}
