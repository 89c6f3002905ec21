//! What a scenario says beyond its form: that each step is one thing, that times are times, that codes are there.

use puppet_types::{Breach, Capability, Decision, Outcome, Timestamp};

use super::{GivenEvent, Lines, Match, SCHEMA, START, Scenario, Step, Trigger};
use crate::{
    fault::{Fault, meant},
    offset,
};

/// The longest that a step lets pass: a year.
const LONGEST_MS: u64 = 366 * 86_400_000;

/// The first thing that is wrong.
pub(super) fn check(scenario: &Scenario, lines: &Lines, text: &str) -> Result<(), Fault> {
    whole(scenario, lines).map_err(|fault| match (&fault.line, &fault.field) {
        (None, Some(field)) => {
            let line = line_of_key(text, field);
            fault.on(line)
        }
        _ => fault,
    })
}

/// The line of the first key of a path, or of the table that is named so.
fn line_of_key(text: &str, field: &str) -> usize {
    let first = field.split(['.', '[']).next().unwrap_or_default();
    let is_it = |line: &str| {
        let line = line.trim().trim_start_matches('[');
        line.strip_prefix(first).is_some_and(|rest| rest.trim_start().starts_with(['=', ']', '.']))
    };
    1 + text.lines().position(is_it).unwrap_or(0)
}

fn whole(scenario: &Scenario, lines: &Lines) -> Result<(), Fault> {
    if scenario.schema != SCHEMA {
        let message = format!("`{}` is no form of a scenario that this version reads", scenario.schema);
        return Err(Fault::new(message, format!("write schema = \"{SCHEMA}\"")).of("schema").on(1));
    }
    if let Some(at) = &scenario.at {
        time(at, "at")?;
    }
    for denied in &scenario.deny {
        let name = denied.split('.').next().unwrap_or_default();
        capability(name, "deny")?;
    }
    scenario.budget.host_calls.keys().try_for_each(|name| capability(name, "budget.host_calls"))?;
    given(scenario)?;
    answers(scenario)?;
    match (&scenario.strategy, scenario.step.is_empty()) {
        (Some(_), false) => {
            let message = "a scenario has steps, or is of a strategy";
            return Err(Fault::new(message, "leave out one of them").of("strategy").on(lines.strategy));
        }
        (None, true) => {
            return Err(Fault::new("nothing happens in it", "write a [[step]] with event = { kind = \"…\" }"));
        }
        (Some(strategy), true) if strategy.get_ref().markets.iter().any(Vec::is_empty) => {
            let fault = Fault::new("a market without a way", "write [{ bars = 100, to = 20 }]");
            return Err(fault.of("strategy.markets").on(lines.strategy));
        }
        (Some(_), true) => {}
        (None, false) => {}
    }
    for ((step, line), decisions) in scenario.step.iter().zip(&lines.steps).zip(&lines.decisions) {
        self::step(step.get_ref(), decisions).map_err(|fault| match fault.line {
            Some(_) => fault,
            None => fault.on(*line),
        })?;
    }
    Ok(())
}

fn given(scenario: &Scenario) -> Result<(), Fault> {
    if let Some(mood) = &scenario.mood {
        within(mood.valence, -1.0, "mood.valence")?;
        within(mood.arousal, 0.0, "mood.arousal")?;
        within(mood.dominance, 0.0, "mood.dominance")?;
    }
    for character in std::iter::once(&scenario.agent).chain(&scenario.character) {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if !character.id.chars().all(fine) || character.id.len() > 64 {
            let message = format!("`{}` is no id of a character", character.id);
            return Err(Fault::new(message, "write small letters, digits, `-` or `_`").of("id"));
        }
    }
    for relationship in &scenario.relationship {
        within(relationship.sentiment, -1.0, "relationship.sentiment")?;
        within(relationship.familiarity, 0.0, "relationship.familiarity")?;
        within(relationship.trust, 0.0, "relationship.trust")?;
    }
    for balance in &scenario.balance {
        if puppet_types::trade::Mint::parse(&balance.mint).is_none() {
            let message = format!("`{}` is no mint", balance.mint);
            return Err(Fault::new(message, "write the token's address, in base58").of("balance.mint"));
        }
    }
    if let Some(state) = &scenario.state {
        let said = [state.text.is_some(), state.hex.is_some(), state.json.is_some()];
        if said.into_iter().filter(|said| *said).count() != 1 {
            return Err(Fault::new("what is kept is said in one way", "write one of text, hex and json").of("state"));
        }
        if let Some(hex) = &state.hex
            && (hex.len() % 2 == 1 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
        {
            return Err(Fault::new("no hex digits, two for each byte", "").of("state.hex"));
        }
    }
    for memory in &scenario.memory {
        within(memory.importance, 0.0, "memory.importance")?;
        within(memory.valence, -1.0, "memory.valence")?;
        memory.at.iter().try_for_each(|at| time(at, "memory.at"))?;
    }
    for post in &scenario.post {
        post.at.iter().try_for_each(|at| time(at, "post.at"))?;
        if post.id.is_empty() || !post.id.bytes().all(|digit| digit.is_ascii_digit()) {
            let message = format!("`{}` is no id of a post", post.id);
            return Err(Fault::new(message, "write decimal digits, as text").of("post.id"));
        }
    }
    scenario.timer.iter().try_for_each(|timer| time(&timer.at, "timer.at"))
}

fn answers(scenario: &Scenario) -> Result<(), Fault> {
    for answer in &scenario.answer.llm {
        if answer.text.is_none() && answer.tool_calls.is_empty() && answer.error.is_none() {
            return Err(Fault::new("an answer that says nothing", "write text, tool_calls or error").of("answer.llm"));
        }
    }
    for answer in &scenario.answer.market {
        const OPERATIONS: &[&str] = &["quote", "candles", "trending", "token-info", "swap-quote"];
        if !OPERATIONS.contains(&answer.operation.as_str()) {
            let message = format!("`{}` is nothing that market answers", answer.operation);
            return Err(Fault::new(message, meant(&answer.operation, OPERATIONS)).of("answer.market.operation"));
        }
        if answer.value.is_some() == answer.error.is_some() {
            return Err(Fault::new("an answer is a value, or an error", "write one of them").of("answer.market"));
        }
    }
    for answer in &scenario.answer.http {
        if answer.url.is_some() && answer.url_prefix.is_some() {
            return Err(Fault::new("url and url_prefix exclude each other", "write one of them").of("answer.http"));
        }
        let body = [answer.body.is_some(), answer.body_file.is_some(), answer.error.is_some()];
        if body.into_iter().filter(|said| *said).count() > 1 {
            return Err(Fault::new("one of body, body_file and error", "leave out the others").of("answer.http"));
        }
    }
    for answer in &scenario.answer.read {
        for (field, text) in [("answer.read.request", &answer.request), ("answer.read.answer", &answer.answer)] {
            serde_json::from_str::<serde_json::Value>(text).map_err(|error| {
                Fault::new(format!("no JSON: {error}"), "`puppet replay ID --export F.toml` writes it").of(field)
            })?;
        }
    }
    if scenario.is_of_a_record() && scenario.step.len() != 1 {
        let message = "recorded reads are those of one event";
        return Err(Fault::new(message, "leave one [[step]]; or take out invocation, and write answers by capability")
            .of("answer.read"));
    }
    Ok(())
}

fn step(step: &Step, lines: &[usize]) -> Result<(), Fault> {
    let said = [step.event.is_some(), step.advance.is_some(), step.trigger.is_some()];
    if said.into_iter().filter(|said| *said).count() != 1 {
        let message = "a step is one of event, advance and trigger";
        return Err(Fault::new(message, "write event = { kind = \"mention\" }, or advance = \"1h\"").of("step"));
    }
    if let Some(GivenEvent { at: Some(at), .. }) = &step.event {
        time(at, "event.at")?;
    }
    if let Some(Trigger { at: Some(at), .. }) = &step.trigger {
        time(at, "trigger.at")?;
    }
    if let Some(length) = &step.advance
        && offset::millis(length).is_none_or(|millis| millis > LONGEST_MS)
    {
        let message = format!("`{length}` is no length of time up to a year");
        return Err(Fault::new(message, "write for example 90s, 5m, 2h or 1d").of("advance"));
    }
    ends(step)?;
    if step.decision.is_empty() == (step.decisions == Some(Match::Contains))
        && step.decisions.is_some_and(|how| how != Match::Exact)
    {
        let message = "decisions are compared, or any are right";
        let remedy = "write [[step.decision]] below `contains`, and none below `any`";
        return Err(Fault::new(message, remedy).of("decisions"));
    }
    if step.fuel.as_ref().and_then(|fuel| fuel.within_percent).is_some_and(|percent| percent > 100) {
        return Err(
            Fault::new("more than 100 percent is no bound", "write within_percent = 5").of("fuel.within_percent")
        );
    }
    let known = |word: &Option<String>, known: &[&str], field: &str| match word {
        Some(word) if !known.contains(&word.as_str()) => {
            Err(Fault::new(format!("`{word}` is none of these"), meant(word, known)).of(field))
        }
        _ => Ok(()),
    };
    known(&step.outcome, &Outcome::NAMES, "outcome")?;
    let breaches: Vec<&str> = Breach::ALL.iter().map(|breach| breach.code()).collect();
    known(&step.breach, &breaches, "breach")?;
    for (decision, line) in step.decision.iter().zip(lines) {
        let decision = decision.get_ref();
        known(&Some(decision.kind.clone()), &Decision::KINDS, "kind").map_err(|fault| fault.on(*line))?;
        if let Some(text) = &decision.text
            && let Some(pattern) = &text.matches
        {
            regex::Regex::new(pattern).map_err(|error| {
                let message = format!("no regular expression: {}", error.to_string().replace('\n', " "));
                Fault::new(message, "put a \\ in front of what stands for itself").of("text.matches").on(*line)
            })?;
        }
    }
    Ok(())
}

/// Of what goes up to 1.
fn within(value: f64, least: f64, field: &str) -> Result<(), Fault> {
    if (least..=1.0).contains(&value) {
        return Ok(());
    }
    Err(Fault::new(format!("{value} is not from {least} to 1"), "").of(field))
}

/// A step ends in one way.
fn ends(step: &Step) -> Result<(), Fault> {
    let said = [
        ("breach", step.breach.is_some()),
        ("declined", step.declined.is_some()),
        ("failed", step.failed_contains.is_some()),
    ];
    let said: Vec<&str> = said.into_iter().filter(|(_, said)| *said).map(|(name, _)| name).collect();
    let outcome = step.outcome.as_deref();
    if said.len() > 1 || said.first().is_some_and(|name| outcome.is_some_and(|outcome| outcome != *name)) {
        let message = "a step ends in one way, and more than one is said";
        return Err(Fault::new(message, "leave one of outcome, declined, breach and failed_contains").of("outcome"));
    }
    Ok(())
}

fn capability(name: &str, field: &str) -> Result<(), Fault> {
    let known: Vec<&str> = Capability::ALL.iter().map(|capability| capability.name()).collect();
    if known.contains(&name) {
        return Ok(());
    }
    Err(Fault::new(format!("`{name}` is no capability"), meant(name, &known)).of(field))
}

fn time(text: &str, field: &str) -> Result<(), Fault> {
    let start = Timestamp::parse(START).unwrap_or_default();
    match offset::moment(text, start) {
        Some(_) => Ok(()),
        None => {
            let message = format!("`{text}` is no time");
            Err(Fault::new(message, "write for example 2026-01-05T12:00:00Z, or +5m").of(field))
        }
    }
}
