//! Each stage of a swap, and what ends it.

use puppet_types::Priority::{High, Low, Normal};

use super::place::{Place, digest, guest};
use crate::{
    hostile::guest::{End, Step},
    support::run,
};

const STEPS: [Step; 2] = [Step::GetState, Step::PutState("x")];

/// One that has lived a little.
fn lived(others: usize) -> (Place, crate::support::Running) {
    lived_under("", others)
}

/// The same under other rules.
fn lived_under(rules: &str, others: usize) -> (Place, crate::support::Running) {
    let place = Place::new(&STEPS, End::Ok, others);
    place.rules(rules);
    let host = place.host();
    for n in 0..3 {
        assert_eq!(place.event(&format!("e{n}"), "pup", Low)["outcome"], "ok");
    }
    (place, host)
}

#[test]
fn what_is_written_into_the_folder_serves_after_it_has_shown_what_it_must() {
    let (place, host) = lived(0);
    let new = guest(&STEPS, End::Ok, "second");
    place.component(&new);
    let told = place.until(&new, "live");
    assert_eq!((&told["swap"]["shadow"]["replayed"], &told["swap"]["shadow"]["fuel_ratio"]), (&4.into(), &1.0.into()));
    assert_eq!((&told["swap"]["shadow"]["changed_decisions"], &told["share"]), (&0.into(), &100.into()));
    let record = place.event("after", "pup", Low);
    assert_eq!(record["plugin"]["digest"], digest(&new));
    assert_eq!(place.lock().iter().map(|(state, _)| state.as_str()).collect::<Vec<_>>().len(), 2);
    // The next host goes on with it.
    host.kill();
    let host = place.host();
    assert_eq!(place.serving(), digest(&new));
    drop(host);
}

#[test]
fn what_traps_or_burns_on_what_was_recorded_never_serves() {
    let (place, _host) = lived(0);
    let old = place.serving();
    let burns = [&STEPS[..], &[Step::Burn(200_000)]].concat();
    let bad = [
        (guest(&STEPS, End::Trap, "a"), "4 of 4 recorded invocations end in a breach on it; the first: trap"),
        (guest(&STEPS, End::Spin, "b"), "the first: out-of-fuel"),
        (guest(&burns, End::Ok, "c"), "more than 200 % (`swap.fuel_percent`)"),
    ];
    for (bytes, words) in bad {
        place.component(&bytes);
        let told = place.until(&bytes, "refused");
        assert!(told["reason"].as_str().unwrap().contains(words), "{told}");
        assert_eq!((place.serving(), &place.event(words, "pup", Low)["outcome"]), (old.clone(), &"ok".into()));
    }
    let shown = run(place.path(), &["plugins"]).exits(0).stdout;
    assert!(shown.contains("pup"), "{shown}");
}

#[test]
fn a_fault_that_nobody_could_foresee_takes_it_back_and_its_event_is_handled() {
    // Nothing recorded is run again: high priority, which traps, would be found.
    let (place, _host) = lived_under("shadow = 0\n", 0);
    let old = place.serving();
    let bad = guest(&STEPS, End::ByPriority, "bad");
    place.component(&bad);
    place.until(&bad, "live");
    assert_eq!(place.event("fine", "pup", Low)["plugin"]["digest"], digest(&bad));
    let record = place.event("trouble", "pup", High);
    assert_eq!((&record["outcome"], &record["plugin"]["digest"]), (&"ok".into(), &old.clone().into()), "{record}");
    let told = place.until(&bad, "rolled-back");
    assert!(told["reason"].as_str().unwrap().contains("the last: trap"), "{told}");
    assert_eq!(place.serving(), old);
    let lock = place.lock();
    assert!(lock.iter().any(|(state, reason)| state == "rolled-back" && reason.contains("trap")), "{lock:?}");
    assert!(lock.iter().any(|(state, _)| state == "current"), "{lock:?}");
    let dead = run(place.path(), &["journal", "dead", "--json"]).exits(0).json();
    assert_eq!(dead["items"], serde_json::json!([]));
    // As it is it does not come again, also not after a restart.
    place.write("agents/pup/.pack.toml.swp", b"x");
    drop(_host);
    let _host = place.host();
    assert_eq!(place.serving(), old);
}

#[test]
fn a_canary_serves_some_until_it_has_shown_enough() {
    let (place, _host) = lived(19);
    let (old, new) = (place.serving(), guest(&STEPS, End::Ok, "second"));
    place.component(&new);
    let told = place.until(&new, "canary");
    assert_eq!((&told["share"], &told["swap"]["canary"]["total"]), (&10.into(), &0.into()));
    let plugins = run(place.path(), &["plugins", "--json"]).exits(0).json();
    let items: Vec<_> = plugins["items"].as_array().unwrap().iter().filter(|item| item["pack"] == "pup").collect();
    let canary = items.iter().find(|item| item["state"] == "canary").unwrap();
    let tried: Vec<&str> = canary["agents"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert_eq!((tried.len(), items.len()), (2, 2), "a tenth of twenty");
    let by = |id: &str, agent: &str| place.event(id, agent, Low)["plugin"]["digest"].clone();
    let other = (0..19).map(|n| format!("other-{n:02}")).find(|id| !tried.contains(&id.as_str())).unwrap();
    assert_eq!((by("c0", tried[0]), by("o0", &other)), (digest(&new).into(), old.clone().into()));
    for n in 1..20 {
        assert_eq!(place.serving(), old, "after {n}");
        by(&format!("c{n}"), tried[n % 2]);
    }
    place.until(&new, "live");
    assert_eq!(by("o1", &other), digest(&new));
    let health = &place.told()["swap"]["canary"];
    assert_eq!((&health["healthy"], &health["errors"]), (&true.into(), &0.into()), "{health}");
}

#[test]
fn a_canary_that_fails_ends_and_nothing_is_lost() {
    let (place, _host) = lived_under("shadow = 0\n", 9);
    let old = place.serving();
    let bad = guest(&STEPS, End::ByPriority, "bad");
    place.component(&bad);
    place.until(&bad, "canary");
    let plugins = run(place.path(), &["plugins", "--json"]).exits(0).json();
    let canary = plugins["items"].as_array().unwrap().iter().find(|item| item["state"] == "canary").unwrap().clone();
    let tried = canary["agents"][0].as_str().unwrap().to_owned();
    // Normal priority fails on it: once is more than 5 % of what it has handled.
    let record = place.event("trouble", &tried, Normal);
    assert_eq!((&record["outcome"], &record["plugin"]["digest"]), (&"ok".into(), &old.into()), "{record}");
    let told = place.until(&bad, "refused");
    assert!(told["reason"].as_str().unwrap().contains("of the canary ended in an error"), "{told}");
}

/// A component with a module that nobody uses and that takes a while to compile: so many functions of some length.
fn slow_to_compile(functions: usize) -> Vec<u8> {
    let step = "(local.set 0 (i64.add (i64.mul (local.get 0) (i64.const 31)) (i64.rotl (local.get 0) (i64.const 7))))";
    let function = format!("(func (param i64) (result i64) {} (local.get 0))", step.repeat(60));
    let module = wat::parse_str(format!("(module {})", function.repeat(functions))).unwrap();
    // Never the bytes of another run: what is in the cache is not compiled.
    let now = puppet_types::Timestamp::from_system().as_millis();
    let mut bytes = guest(&STEPS, End::Ok, &format!("slow {now}"));
    // A section of the component: a core module, its length in LEB128.
    bytes.push(1);
    let mut length = module.len();
    while length >= 0x80 {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(module);
    bytes
}

#[test]
fn compiling_is_bounded_in_time_and_memory_and_the_host_goes_on() {
    let (place, _host) = lived_under("compile_ms = 100\n", 0);
    let old = place.serving();
    let refused = |bytes: &[u8], words: &str| {
        place.component(bytes);
        let told = place.until(bytes, "refused");
        assert!(told["reason"].as_str().unwrap().contains(words), "{told}");
        assert_eq!((place.serving(), &place.event(words, "pup", Low)["outcome"]), (old.clone(), &"ok".into()));
    };
    refused(&slow_to_compile(6_000), "compiling it took longer than 100 ms (`swap.compile_ms`)");
    place.rules("compile_bytes = 67108864\n");
    std::thread::sleep(std::time::Duration::from_millis(500));
    refused(&slow_to_compile(6_001), "compiling it took more than 67108864 bytes (`swap.compile_bytes`)");
}
