//! `puppet replay`: recorded invocations once more, beside a host and without one, on the same build and on another, one
//! and all, here and on somebody else's desk.

use std::path::Path;

use puppet_types::Priority::Low;
use serde_json::{Value, json};

use crate::{
    hostile::guest::{End, Step},
    reload::place::{Place, digest, guest},
    support::{self, Ran, Running, list, run},
};

const STEPS: [Step; 4] =
    [Step::GetState, Step::Log("a look around"), Step::Timeline, Step::Post("Tea at five, by the window.")];
/// Of the start, and of two events.
const RECORDS: usize = 3;

/// What it posts comes back to nobody.
const GRANTS: &str = "[packs.pup]\nmode = \"dry-run\"\n[packs.pup.tweet]\n[packs.pup.state]\n[packs.pup.memory]\n";
/// Nothing happens but what a test says.
const QUIET: &str = "generators = { news.enabled = false, mood-swings.enabled = false, encounters.enabled = false }\n";

/// One that has lived a little, and goes on.
fn lived(end: End) -> (Place, Running) {
    lived_for(end, RECORDS)
}

fn lived_for(end: End, records: usize) -> (Place, Running) {
    let place = Place::new(&STEPS, end, 0);
    place.write("grants.toml", GRANTS.as_bytes());
    place.write("puppet.toml", QUIET.as_bytes());
    let host = place.host();
    for n in 1..records {
        place.event(&format!("e{n}"), "pup", Low);
    }
    support::until(std::time::Duration::from_secs(120), "not all is recorded", || place.journal().len() == records);
    (place, host)
}

fn id(record: &Value) -> String {
    record["id"].as_str().unwrap().to_owned()
}

fn numbers(told: &Value) -> [u64; 4] {
    ["replayed", "same", "diverged", "unreplayable"].map(|key| told[key].as_u64().unwrap())
}

fn replay(folder: &Path, args: &[&str]) -> Ran {
    run(folder, &[&["replay"], args].concat())
}

/// The newest record on another build.
fn on(place: &Place, steps: &[Step], end: End) -> Value {
    place.write("new.wasm", &guest(steps, end, "new"));
    let newest = id(&place.journal()[0]);
    let told = replay(place.path(), &[&newest, "--with", "new.wasm", "--json"]).exits(1).json();
    assert_eq!((numbers(&told), &told["with"]["named"]), ([1, 0, 1, 0], &"new.wasm".into()));
    told["items"][0].clone()
}

#[test]
fn every_end_comes_out_the_same_beside_a_host_and_without_one() {
    // The start is of high priority, and traps by it; what comes after that would be backed off.
    for (end, records) in [(End::Ok, 3), (End::Failed, 2), (End::Declined, 2), (End::ByPriority, 1)] {
        let (place, host) = lived_for(end, records);
        let before = place.journal();
        for record in &before {
            let told = replay(place.path(), &[&id(record), "--json"]).exits(0).json();
            assert_eq!(numbers(&told), [1, 1, 0, 0], "{end:?} {told}");
            let item = &told["items"][0];
            assert_eq!((&item["fuel"]["replayed"], &item["fuel"]["recorded"]), (&record["fuel"], &record["fuel"]));
            assert_eq!((&item["outcome"]["replayed"], &item["divergence"]), (&record["outcome"], &Value::Null));
        }
        let shown = replay(place.path(), &[&id(&before[0])]).exits(0).stdout;
        assert!(shown.contains("the same") && shown.contains("pup"), "{shown}");
        let all = replay(place.path(), &["--since", "1h", "--json"]).exits(0).json();
        assert_eq!(numbers(&all), [records as u64, records as u64, 0, 0], "{all}");
        assert_eq!(place.journal(), before, "nothing is kept");
        assert_eq!(host.stop(), 0);
        assert_eq!(replay(place.path(), &["--since", "1h", "--json"]).exits(0).json(), all);
    }
}

#[test]
fn another_build_is_told_by_what_it_does_first_otherwise() {
    let (place, _host) = lived(End::Ok);
    let [state, log, timeline, post] = STEPS;
    let told = |steps: &[Step], end| on(&place, steps, end)["divergence"].clone();

    let fuel = told(&[state, log, timeline, post, Step::Burn(1_000)], End::Ok);
    assert_eq!((&fuel["part"], &fuel["n"]), (&"fuel".into(), &Value::Null));
    assert!(fuel["replayed"].as_u64() > fuel["recorded"].as_u64(), "{fuel}");

    let read = told(&[timeline, state, post], End::Ok);
    assert_eq!((&read["part"], &read["n"]), (&"read".into(), &0.into()));
    assert_eq!((&read["recorded"]["capability"], &read["replayed"]["capability"]), (&"state".into(), &"tweet".into()));
    let less = told(&[state, post], End::Ok);
    assert_eq!((&less["part"], &less["n"], &less["replayed"]), (&"read".into(), &1.into(), &Value::Null));
    assert_eq!(less["recorded"]["operation"], "timeline");
    let more = told(&[state, timeline, Step::Recall("tea"), post], End::Ok);
    assert_eq!((&more["n"], &more["recorded"]), (&2.into(), &Value::Null), "{more}");
    assert_eq!(more["replayed"]["operation"], "recall");

    let other = Step::Post("Coffee at six, on the stairs.");
    let decision = told(&[state, timeline, other], End::Ok);
    assert_eq!((&decision["part"], &decision["n"]), (&"decision".into(), &0.into()));
    assert_eq!(decision["recorded"]["body"]["text"], "Tea at five, by the window.");
    assert_eq!(decision["replayed"]["body"]["text"], "Coffee at six, on the stairs.");
    let before = told(&[state, other, Step::Recall("tea")], End::Ok);
    assert_eq!((&before["part"], &before["n"]), (&"decision".into(), &0.into()), "it came before the read: {before}");

    let ended = on(&place, &STEPS, End::Declined);
    assert_eq!((&ended["outcome"]["recorded"], &ended["outcome"]["replayed"]), (&"ok".into(), &"declined".into()));
    let end = &ended["divergence"];
    assert_eq!((&end["part"], &end["n"], &end["replayed"]["kind"]), (&"decision".into(), &1.into(), &"outcome".into()));
    assert_eq!(end["replayed"]["body"]["outcome"], "declined");

    place.write("new.wasm", &guest(&[state, timeline, other], End::Ok, "new"));
    let shown = replay(place.path(), &[&id(&place.journal()[0]), "--with", "new.wasm"]).exits(1);
    let line = |side: &str, text: &str| shown.stdout.lines().any(|line| line.contains(side) && line.contains(text));
    assert!(line("recorded", "Tea at five") && line("replayed", "Coffee at six"), "{}", shown.stdout);
    assert!(shown.stdout.contains("first at decision 0") && shown.stderr.contains("diverged"), "{shown:?}");
    let all = replay(place.path(), &["--since", "1h", "--with", "new.wasm"]).exits(1).stdout;
    assert!(all.contains("3 replayed: 0 the same, 3 diverged; 0 unreplayable"), "{all}");
    let same = place.path().join("agents/pup");
    let same = replay(place.path(), &["--since", "1h", "--with", same.to_str().unwrap(), "--json"]).exits(0).json();
    assert_eq!(numbers(&same), [3, 3, 0, 0], "a pack is a build, too");
}

#[test]
fn what_cannot_be_run_again_says_why() {
    let (place, host) = lived(End::Ok);
    assert_eq!(host.stop(), 0);
    let records = place.journal();
    run(place.path(), &["journal", "forget", &id(&records[0]), "--yes"]).exits(0);
    let told = replay(place.path(), &[&id(&records[0]), "--json"]).exits(3);
    assert!(told.stderr.contains("unreplayable") && told.stderr.contains("forgotten by the operator"), "{told:?}");
    assert_eq!(numbers(&told.json()), [0, 0, 0, 1]);
    let all = replay(place.path(), &["--since", "1h"]).exits(0).stdout;
    assert!(all.contains("1 record cannot be run again: forgotten by the operator"), "{all}");
    assert!(all.contains("2 replayed: 2 the same, 0 diverged; 1 unreplayable"), "{all}");

    // A build of something else takes nobody's place.
    let other = replay(place.path(), &[&id(&records[1]), "--with", "news"]).exits(3);
    assert!(other.stderr.contains("`pup` ran, and `news` is a version of `news`"), "{other:?}");
    replay(place.path(), &["inv_of_nobody"]).exits(2);
    for args in [&[][..], &["--until", "1h"], &["--kind", "news"], &["--step"], &["--export", "case.json"]] {
        let told = replay(place.path(), args).exits(2).stderr;
        assert!(told.contains("error[usage]") && told.contains("`puppet replay --since TIME`"), "{args:?} {told}");
    }
    replay(place.path(), &[&id(&records[1]), "--step", "--json"]).exits(2);
    replay(place.path(), &["--since", "1h", "--agent", "pip"]).exits(2);
    let none = replay(place.path(), &["--since", "2099-01-01", "--json"]).exits(3);
    assert!(none.stderr.contains("unreplayable") && none.stderr.contains("no invocations match"), "{none:?}");
    assert_eq!(numbers(&none.json()), [0; 4]);
    let kind = records[1]["event"]["kind"].as_str().unwrap();
    for command in [&["journal"][..], &["replay", "--since", "1h"]] {
        let near = run(place.path(), &[command, &["--kind", &format!("{kind}x")]].concat());
        assert!(near.stderr.contains(&format!("did you mean `{kind}`?")), "{near:?}");
        assert_eq!(near.code, if command[0] == "journal" { 0 } else { 3 });
    }

    // Its component goes.
    let component = guest(&STEPS, End::Ok, "first");
    for gone in ["agents", ".puppet/packs"] {
        std::fs::remove_dir_all(place.path().join(gone)).unwrap();
    }
    std::fs::remove_file(place.path().join(".puppet/puppet.lock")).unwrap();
    let told = replay(place.path(), &[&id(&records[1])]).exits(3);
    assert!(told.stderr.contains(&digest(&component)) && told.stderr.contains("--with"), "{told:?}");
    place.write("found.wasm", &component);
    replay(place.path(), &[&id(&records[1]), "--with", "found.wasm"]).exits(0);

    // So does what it was called with.
    let db = rusqlite::Connection::open(place.path().join(".puppet/puppet.db")).unwrap();
    let persona = records[1]["persona_digest"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
    assert_eq!(db.execute(&format!("DELETE FROM documents WHERE digest = x'{persona}'"), []).unwrap(), 1);
    let told = replay(place.path(), &[&id(&records[1]), "--with", "found.wasm"]).exits(3);
    assert!(told.stderr.contains("its persona is not kept"), "{told:?}");
}

/// Asks for a post, and answers under which persona the newest record was made.
fn posts(folder: &Path) -> String {
    let send = ["event", "send", "command_post", "--payload", "{\"force\": true}", "--wait", "--json"];
    run(folder, &send).exits(0);
    let newest = ["journal", "--agent", "corner-cafe", "--kind", "command_post", "--limit", "1", "--json"];
    let listed = run(folder, &newest).exits(0).json();
    list(&listed, "items")[0]["persona_digest"].as_str().unwrap().to_owned()
}

#[test]
fn a_persona_that_has_changed_since_is_the_one_that_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("agents/cafe");
    std::fs::create_dir_all(&pack).unwrap();
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../personalities/corner-cafe");
    for file in ["pack.toml", "persona.toml"] {
        std::fs::copy(original.join(file), pack.join(file)).unwrap();
    }
    let host = Running::start(folder.path(), &folder.path().join(".puppet"), &[]);
    let before = posts(folder.path());
    let persona = std::fs::read_to_string(pack.join("persona.toml")).unwrap();
    std::fs::write(pack.join("persona.toml"), persona.replace(" the ", " our own ")).unwrap();
    let serves = |pack: &Value| pack["pack"] == "corner-cafe" && pack["state"] == "watched";
    let taken_up = || list(&run(folder.path(), &["packs", "--json"]).exits(0).json(), "items").iter().any(serves);
    support::until(std::time::Duration::from_secs(120), "the persona is not taken up", taken_up);
    assert_ne!(posts(folder.path()), before);
    assert_eq!(host.stop(), 0);
    let told = replay(folder.path(), &["--since", "1h", "--json"]).exits(0).json();
    let [replayed, same, diverged, unreplayable] = numbers(&told);
    assert!(replayed > 3, "{told}");
    assert_eq!((same, diverged, unreplayable), (replayed, 0, 0), "{told}");
}

#[test]
fn a_case_is_run_on_a_desk_that_has_nothing_else() {
    let (place, _host) = lived(End::Ok);
    let newest = id(&place.journal()[0]);
    let printed = replay(place.path(), &[&newest, "--export", "case.json", "--json"]).exits(0).json();
    let text = std::fs::read_to_string(place.path().join("case.json")).unwrap();
    let case: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&case["schema"], &case), (&"puppet.case/1".into(), &printed));
    assert_eq!(case["expected"]["digest"], place.serving());
    let mode = std::fs::metadata(place.path().join("case.json")).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
    for there in ["case.json", ".puppet/puppet.db", "agents"] {
        let again = replay(place.path(), &[&newest, "--export", there]).exits(2).stderr;
        assert!(again.contains("error[file-exists]") && again.contains(there), "{again}");
    }
    assert_eq!(std::fs::read_to_string(place.path().join("case.json")).unwrap(), text);
    let keys = ["host.secret", "secrets.toml"].map(|name| std::fs::read(place.data().join(name)).unwrap_or_default());
    assert!(keys.iter().all(|key| key.is_empty() || !text.as_bytes().windows(key.len()).any(|part| part == key)));

    let desk = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| std::fs::write(desk.path().join(name), bytes).unwrap();
    file("case.json", text.as_bytes());
    file("own.wasm", &guest(&STEPS, End::Ok, "first"));
    file("other.wasm", &guest(&[STEPS[0], STEPS[2], Step::Post("No.")], End::Ok, "new"));
    let told = replay(desk.path(), &["case.json", "--with", "own.wasm", "--json"]).exits(0).json();
    assert_eq!((numbers(&told), &told["items"][0]["id"]), ([1, 1, 0, 0], &newest.clone().into()));
    let other = replay(desk.path(), &["case.json", "--with", "other.wasm", "--json"]).exits(1).json();
    assert_eq!(other["items"][0]["divergence"]["part"], "decision", "{other}");
    let missing = replay(desk.path(), &["case.json"]).exits(3);
    assert!(missing.stderr.contains(case["expected"]["digest"].as_str().unwrap()), "{missing:?}");

    // Another program may write it in another way; what says something else comes out otherwise.
    file("plain.json", serde_json::to_string(&case).unwrap().as_bytes());
    replay(desk.path(), &["plain.json", "--with", "own.wasm"]).exits(0);
    let mut edited = case.clone();
    edited["limits"]["fuel"] = json!(20_000);
    file("edited.json", edited.to_string().as_bytes());
    file("hungry.wasm", &guest(&[STEPS[0], Step::Burn(1_000_000)], End::Ok, "hungry"));
    let hungry = |case: &str| replay(desk.path(), &[case, "--with", "hungry.wasm", "--json"]).exits(1).json();
    let (free, bound) = (hungry("case.json"), hungry("edited.json"));
    let ended = |told: &Value| told["items"][0]["outcome"]["replayed"].clone();
    assert_eq!((ended(&free), ended(&bound)), ("ok".into(), "breach".into()), "the case's own limits");
    edited["schema"] = "puppet.case/2".into();
    edited["weather"] = "of a later version".into();
    file("edited.json", edited.to_string().as_bytes());
    let later = replay(desk.path(), &["edited.json"]).exits(2).stderr;
    assert!(later.contains("error[case]") && later.contains("reads `puppet.case/1`"), "{later}");
    assert!(later.contains("this puppet is too old for it") && !later.contains("--export"), "{later}");
    for missing in ["nocase.json", "desk/nocase"] {
        let told = replay(desk.path(), &[missing]).exits(2).stderr;
        assert!(told.contains("error[case]") && told.contains(missing), "{told}");
    }
    let mut files: Vec<_> = std::fs::read_dir(desk.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(
        files,
        ["case.json", "edited.json", "hungry.wasm", "other.wasm", "own.wasm", "plain.json"],
        "nothing was made"
    );
}

#[test]
fn a_day_of_four_characters_comes_out_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../personalities");
    support::simulate(&folder.path().join("o"), &packs, &["--days", "1", "--seed", "11"]);
    let report: Value = serde_json::from_slice(&std::fs::read(folder.path().join("o/report.json")).unwrap()).unwrap();
    let total = report["totals"]["invocations"]["total"].as_u64().unwrap();
    let bulk = |more: &[&str]| {
        let all = ["--since", "2026-01-01T00:00:00Z", "--data", "o/data"];
        replay(folder.path(), &[&all[..], more].concat())
    };
    let all = bulk(&["--json"]).exits(0);
    let told = all.json();
    assert_eq!(numbers(&told), [total, total, 0, 0]);
    assert_eq!(bulk(&["--json"]).stdout, all.stdout, "byte for byte, however many at a time");
    let shown = bulk(&[]).exits(0).stdout;
    assert_eq!(shown, format!("{total} replayed: {total} the same, 0 diverged; 0 unreplayable\n"));
    let items = list(&told, "items");
    assert!(items.is_sorted_by_key(|item| item["at"].as_str().unwrap().to_owned()), "in the order of the journal");

    let many = |of: &dyn Fn(&Value) -> bool| items.iter().filter(|item| of(item)).count() as u64;
    let only = |more: &[&str], wanted: u64| {
        let code = if wanted == 0 { 3 } else { 0 };
        numbers(&bulk(&[more, &["--json"]].concat()).exits(code).json())[0]
    };
    let noon = "2026-01-05T12:00:00.000Z";
    let cases: [(&[&str], u64); 4] = [
        (&["--agent", "corner-cafe"], many(&|item| item["agent"] == "corner-cafe")),
        (&["--kind", "news"], many(&|item| item["kind"] == "news")),
        (&["--outcome", "declined"], many(&|item| item["outcome"]["recorded"] == "declined")),
        (&["--until", noon], many(&|item| item["at"].as_str().unwrap() < noon)),
    ];
    for (flags, wanted) in cases {
        assert!(wanted < total, "{flags:?} chooses some");
        assert_eq!(only(flags, wanted), wanted, "{flags:?}");
    }
    let journal = ["journal", "--until", noon, "--limit", "10000", "--json", "--data", "o/data"];
    let listed = run(folder.path(), &journal).exits(0).json();
    assert_eq!(list(&listed, "items").len() as u64, cases[3].1, "`journal` has the same end");
}

#[test]
fn a_call_is_walked_through_in_its_order() {
    let (place, _host) = lived(End::Ok);
    let newest = id(&place.journal()[0]);
    let shown = replay(place.path(), &[&newest, "--step"]).exits(0).stdout;
    let heads: Vec<&str> = shown.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
    let wanted =
        ["1/6  news", "2/6  read 0  state.get", "3/6  log  info: a look around", "4/6  read 1  tweet.timeline"];
    for (head, wanted) in heads.iter().zip(wanted.into_iter().chain(["5/6  decision 0  post", "6/6  ends ok"])) {
        assert!(head.starts_with(wanted), "{head} is not {wanted}\n{shown}");
    }
    assert!(shown.contains("Tea at five") && shown.contains("asked   {\"limit\":"), "{shown}");
    // On another build it ends where nothing is known any more.
    place.write("new.wasm", &guest(&[STEPS[0], Step::Recall("tea"), STEPS[3]], End::Ok, "new"));
    let shown = replay(place.path(), &[&newest, "--step", "--with", "new.wasm"]).exits(1).stdout;
    assert!(shown.contains("3/3  read 1 is not the one that was recorded"), "{shown}");
}

/// For the test of the program on a terminal.
pub fn walked() -> (Place, String) {
    let (place, host) = lived(End::Ok);
    assert_eq!(host.stop(), 0);
    let newest = id(&place.journal()[0]);
    (place, newest)
}

#[test]
fn the_journal_is_followed_from_a_time_on() {
    let (place, _host) = lived(End::Ok);
    let mut command = support::puppet(place.path());
    command.args(["journal", "-f", "--since", "1h", "--json"]).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let (tell, told) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        for line in lines {
            let _ = tell.send(serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        }
    });
    let mut next = || {
        told.recv_timeout(std::time::Duration::from_secs(60)).unwrap_or_else(|_| {
            child.kill().unwrap();
            panic!("no line comes")
        })
    };
    let ids: Vec<String> = (0..RECORDS).map(|_| id(&next())).collect();
    let mut there: Vec<String> = place.journal().iter().map(id).collect();
    there.reverse();
    assert_eq!(ids, there, "what was there, the oldest first");
    place.event("later", "pup", Low);
    assert_eq!(next()["event"]["id"], "later");
    child.kill().unwrap();
    child.wait().unwrap();
    reading.join().unwrap();

    // So many, and no more.
    let mut command = support::puppet(place.path());
    command.args(["journal", "-f", "--since", "1h", "--limit", "2", "--json"]).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut ended = None;
    support::until(std::time::Duration::from_secs(120), "it does not end", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    let mut told = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut told).unwrap();
    assert_eq!((ended.unwrap().code(), told.lines().count()), (Some(0), 2), "{told}");
}
