//! What a run found, beside what was expected of it: the differences, each at its line.

mod decisions;
mod text;

use puppet_types::{Invocation, Outcome, Timestamp};
use serde::Serialize;

use crate::{
    offset,
    scenario::{Budget, Scenario, Step},
};

pub use decisions::{compared, decided, written};
pub use text::{said, wrong_text};

/// What differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// From 1; none where it is about the whole scenario.
    pub step: Option<usize>,
    /// `decision[2].body.to`, `outcome`, `fuel`.
    pub path: String,
    /// What the scenario says.
    pub expected: String,
    /// What was there.
    pub found: String,
    /// In the scenario's file.
    pub line: usize,
    /// What to do, where that is not plain.
    pub remedy: Option<String>,
}

/// What a step led to: the calls of it, in their order.
#[derive(Debug, Clone, Default)]
pub struct Led {
    /// Records.
    pub invocations: Vec<Invocation>,
}

impl Led {
    /// Instructions of all calls.
    pub fn fuel(&self) -> u64 {
        self.invocations.iter().map(|invocation| invocation.fuel).sum()
    }

    /// What was asked, in order: `llm.complete`.
    pub fn reads(&self) -> Vec<String> {
        let reads = self.invocations.iter().flat_map(|invocation| &invocation.reads);
        reads.map(|read| format!("{}.{}", read.capability.name(), read.operation)).collect()
    }

    /// What was decided in those that ended well.
    pub fn decisions(&self) -> Vec<serde_json::Value> {
        let ok = self.invocations.iter().filter(|invocation| invocation.outcome == Outcome::Ok);
        let decided = ok.flat_map(|invocation| &invocation.decisions);
        decided.filter_map(|decision| serde_json::to_value(&decision.decision).ok()).collect()
    }
}

/// Where a step stands in its file.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// From 1.
    pub number: usize,
    /// Of the step.
    pub line: usize,
    /// Of its decisions.
    pub decisions: &'a [usize],
    /// How much of a post a text takes.
    pub weigh: fn(&str) -> u32,
}

/// Holds a step to what it led to.
pub fn step(scenario: &Scenario, step: &Step, led: &Led, place: &Place<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differs = |path: &str, expected: String, is: String| {
        found.push(difference(place, path, expected, is));
    };
    ended(step, led, &mut differs);
    if let Some(reads) = &step.reads {
        let asked = led.reads();
        if asked != *reads {
            differs("reads", listed(reads), listed(&asked));
        }
    }
    for part in &step.log_contains {
        let mut lines = led.invocations.iter().flat_map(|invocation| &invocation.log);
        if !lines.any(|line| line.to_string().contains(part)) {
            let log: Vec<String> =
                led.invocations.iter().flat_map(|invocation| &invocation.log).map(ToString::to_string).collect();
            differs("log_contains", format!("a line with `{part}`"), listed(&log));
        }
    }
    if let Some(fuel) = &step.fuel
        && let Some(recorded) = fuel.recorded
    {
        let (percent, is) = (fuel.within_percent.unwrap_or(5), led.fuel());
        if u128::from(recorded.abs_diff(is)) * 100 > u128::from(recorded) * u128::from(percent) {
            differs("fuel", format!("{recorded} ± {percent} %"), is.to_string());
        }
    }
    bounds(&scenario.budget, led, &mut differs);
    found.extend(decisions::compare(step, &led.decisions(), place));
    found
}

/// How the step's own call ended, and that those after it ended well.
fn ended(step: &Step, led: &Led, differs: &mut impl FnMut(&str, String, String)) {
    let implied = if step.breach.is_some() {
        "breach"
    } else if step.declined.is_some() {
        "declined"
    } else if step.failed_contains.is_some() {
        "failed"
    } else {
        "ok"
    };
    let expected = step.outcome.as_deref().unwrap_or(implied);
    let Some(own) = led.invocations.first() else {
        if step.advance.is_none() || expected != "ok" {
            differs("outcome", expected.to_owned(), "nothing was called".to_owned());
        }
        return;
    };
    let every = if step.advance.is_some() { &led.invocations[..] } else { std::slice::from_ref(own) };
    for invocation in every {
        if invocation.outcome.name() != expected {
            differs("outcome", expected.to_owned(), end(invocation));
        }
    }
    for (place, later) in led.invocations.iter().enumerate().skip(every.len()) {
        if !matches!(later.outcome, Outcome::Ok | Outcome::Declined(_)) {
            differs(&format!("then[{place}].outcome"), "ok".to_owned(), end(later));
        }
    }
    match (&own.outcome, step) {
        (Outcome::Breach(breach, _), Step { breach: Some(expected), .. }) if breach.code() != expected => {
            differs("breach", expected.clone(), breach.code().to_owned());
        }
        (Outcome::Failed(message), Step { failed_contains: Some(part), .. }) if !message.contains(part) => {
            differs("failed_contains", part.clone(), message.clone());
        }
        (Outcome::Declined(declined), Step { declined: Some(expected), .. }) => {
            if declined.code != expected.code {
                differs("declined.code", expected.code.clone(), declined.code.clone());
            }
            if let Some(text) = &expected.retry_at {
                let at = offset::moment(text, own.event.at);
                if at != declined.retry_at {
                    let name = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.to_string());
                    differs("declined.retry_at", name(at), name(declined.retry_at));
                }
            }
        }
        _ => {}
    }
}

/// How a call ended, in a line.
pub fn end(invocation: &Invocation) -> String {
    match &invocation.outcome {
        Outcome::Ok => "ok".to_owned(),
        Outcome::Declined(declined) => format!("declined: {}: {}", declined.code, declined.message),
        Outcome::Failed(message) => format!("failed: {message}"),
        Outcome::Breach(breach, detail) => format!("breach: {}: {detail}", breach.code()),
    }
}

fn bounds(budget: &Budget, led: &Led, differs: &mut impl FnMut(&str, String, String)) {
    for invocation in &led.invocations {
        let tokens: u64 = invocation.reads.iter().map(|read| read.cost.tokens).sum();
        let most = [
            ("budget.fuel", budget.fuel, invocation.fuel),
            ("budget.peak_memory_bytes", budget.peak_memory_bytes, invocation.peak_memory_bytes),
            ("budget.tokens", budget.tokens, tokens),
        ];
        for (path, most, is) in most {
            if let Some(most) = most.filter(|most| is > *most) {
                differs(path, format!("at most {most}"), is.to_string());
            }
        }
        for (name, most) in &budget.host_calls {
            let calls = invocation.host_calls.iter().find(|(call, _)| call.to_string() == *name);
            let calls = calls.map_or(0, |(_, calls)| u64::from(*calls));
            if calls > *most {
                differs(&format!("budget.host_calls.{name}"), format!("at most {most}"), calls.to_string());
            }
        }
    }
}

pub(crate) fn difference(place: &Place<'_>, path: &str, expected: String, found: String) -> Difference {
    Difference { step: Some(place.number), path: path.to_owned(), expected, found, line: place.line, remedy: None }
}

fn listed(list: &[String]) -> String {
    if list.is_empty() { "nothing".to_owned() } else { list.join(", ") }
}
