//! Guests that call what they may call, and do not stop: floods of calls, of decisions, of lines, and slow chains.

use puppet_types::Breach::{Deadline, TooManyDecisions, TooManyHostBytes, TooManyHostCalls};
use serde_json::Value;

use super::{
    guest::{
        End::{Ok, Repeat},
        Step, component,
    },
    stranger::{End, Stranger, breaches, invoke, lines, strangers},
};
use crate::support::list;

/// These calls again and again.
fn floods(step: Step) -> Vec<u8> {
    component(&[step], Repeat)
}

/// A text that lives as long as the tests.
fn long(bytes: usize) -> &'static str {
    Box::leak("x".repeat(bytes).into_boxed_str())
}

/// Codes of what was refused, as the guest saw them.
fn refusals(said: &Value) -> Vec<&str> {
    list(said, "denied").iter().map(|denied| denied["answer"]["code"].as_str().unwrap()).collect()
}

strangers! {
    a_flood_of_host_calls ("host_calls"): floods(Step::Timeline) => End::Breach(TooManyHostCalls, "1000 calls of `tweet`");
    many_tiny_prompts ["[invocation]\nhost_calls = 100\n"]:
        floods(Step::Complete) => End::Breach(TooManyHostCalls, "100 calls of `llm`");
    a_slow_chain_of_calls ("deadline_ms"): floods(Step::Complete) => End::Breach(Deadline, "longer than 120000 ms");
    a_flood_of_questions ("journal_bytes") ["[invocation]\njournal_bytes = 65536\nhost_calls = 100000\ndeadline_ms = 3600000\n"]:
        floods(Step::Complete) => End::Breach(TooManyHostBytes, "65536 bytes of questions and answers");
    a_flood_of_decisions ("decisions"): floods(Step::ShiftMood) => End::Breach(TooManyDecisions, "256");
    a_flood_of_timers ("decisions"): floods(Step::Every("again")) => End::Breach(TooManyDecisions, "256");
    a_flood_of_memories ("decisions"): floods(Step::Remember("nonsense")) => End::Breach(TooManyDecisions, "256");
    a_storm_of_events ("decisions"): floods(Step::Emit("stranger.tick")) => End::Breach(TooManyDecisions, "256");
    a_flood_of_log_lines: floods(Step::Log("x")) => End::Breach(TooManyHostCalls, "1000 calls of `log`");
    more_log_lines_than_are_kept ("log_lines"): component(&[Step::Log("x"); 300], Ok) => End::Harmless(|said| {
        let told = "100 more log lines were dropped: 200 are kept of an invocation";
        assert_eq!((lines(said).len(), lines(said)[200]), (201, told));
    });
    a_log_line_without_end ("log_line_bytes"): component(&[Step::Log(long(9_000))], Ok) => End::Harmless(|said| {
        assert_eq!(lines(said).iter().map(|line| line.len()).collect::<Vec<_>>(), [4 << 10]);
    });
    more_log_fields_than_are_kept ("log_fields"): component(&[Step::LogFields("x", 30)], Ok) => End::Harmless(|said| {
        assert_eq!(list(&list(said, "log")[0], "fields").len(), 16);
    });
    a_blob_over_its_size: component(&[Step::PutState(long((64 << 10) + 1))], Ok) => End::Harmless(|said| {
        assert_eq!((lines(said), list(said, "decisions").len()), (vec!["too-long"], 0), "{said}");
    });
    a_post_without_end: component(&[Step::Post(long(281))], Ok) => End::Harmless(|said| {
        assert_eq!((lines(said), list(said, "decisions").len()), (vec!["too-long"], 0), "{said}");
    });
    an_event_in_the_name_of_another: component(&[Step::Emit("post_published")], Ok) => End::Harmless(|said| {
        assert_eq!((lines(said), list(said, "decisions").len()), (vec!["denied"], 0), "{said}");
    });
}

/// The host copies and checks what such a call hands over, and the guest pays a few instructions for it.
#[test]
fn calls_with_bad_arguments_are_counted_too() {
    let bad = [
        (Step::PutState(long((64 << 10) + 1)), "state"),
        (Step::Post(long(281)), "tweet"),
        (Step::Remember(long(20_000)), "memory"),
        (Step::After("no name!"), "schedule"),
        (Step::Emit("post_published"), "events"),
        (Step::Befriend(""), "agent"),
    ];
    for (step, capability) in bad {
        let said = invoke("[invocation]\nlog_lines = 1\n", &component(&[step; 3], Ok)).exits(0).json();
        assert_eq!((&said["host_calls"][capability], list(&said, "decisions").len()), (&3.into(), 0), "{said}");
        let quiet = component(&[step], Repeat);
        breaches(invoke("", &quiet), TooManyHostCalls, "1000 calls");
    }
}

/// With the bound on decisions far away it is the budget that ends: what is beyond is refused, one by one.
#[test]
fn floods_end_at_the_budget_where_no_bound_ends_them() {
    let wide = "[invocation]\ndecisions = 100000\nhost_calls = 1100\n";
    for (step, budget) in [(Step::Every("again"), 1_000), (Step::Post("again"), 12)] {
        let said = breaches(invoke(wide, &floods(step)), TooManyHostCalls, "1100 calls");
        assert_eq!((list(&said, "decisions").len(), refusals(&said).len()), (budget, 1_100 - budget), "{step:?}");
        assert!(refusals(&said).iter().all(|code| *code == "budget-exhausted"), "{step:?}");
    }
}
