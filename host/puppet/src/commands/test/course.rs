//! A scenario, played: its steps, one after the other, and what each led to.

use std::path::Path;

use puppet_author::{
    found::{self, Difference, Led, Place},
    offset,
    scenario::{GivenEvent, Lines, ReadAnswer, Scenario, Step, Trigger},
    script::quoted,
};
use puppet_engine::{Recorded, simulation};
use puppet_packs::AgentSpec;
use puppet_sandbox::World;
use puppet_store::Filter;
use puppet_types::{Cost, Event, EventId, InvocationId, Json, Priority, Read, ReadStatus, Timestamp, ids};
use serde_json::Value;

use super::{
    doubles,
    stage::{Stage, wrong},
};
use crate::{assembly::Stranger, setup::Setup, trouble::Result};

/// Records that are read at a time.
const PAGE: usize = 1_000;

/// What came of a scenario.
pub struct Played {
    /// Of each step.
    pub led: Vec<Led>,
    /// What differs from what it says.
    pub differences: Vec<Difference>,
    /// What a real model wrote.
    pub recorded: Vec<doubles::Recorded>,
}

impl Played {
    /// Instructions of all calls.
    pub fn fuel(&self) -> u64 {
        self.led.iter().map(Led::fuel).sum()
    }

    /// The most instructions of one call.
    pub fn worst_fuel(&self) -> u64 {
        self.calls().map(|invocation| invocation.fuel).max().unwrap_or(0)
    }

    /// The most memory of one call.
    pub fn peak_memory_bytes(&self) -> u64 {
        self.calls().map(|invocation| invocation.peak_memory_bytes).max().unwrap_or(0)
    }

    fn calls(&self) -> impl Iterator<Item = &puppet_types::Invocation> {
        self.led.iter().flat_map(|led| &led.invocations)
    }
}

/// Plays it.
pub async fn play(
    setup: &Setup,
    subject: (&Stranger, &AgentSpec),
    (scenario, lines): (&Scenario, &Lines),
    file: &Path,
    recorder: Option<doubles::Recorder>,
) -> Result<Played> {
    fits(subject.0, scenario, lines, file)?;
    let stage = Stage::of(setup, subject, scenario, file, recorder).await?;
    let mut played = Played { led: Vec::new(), differences: Vec::new(), recorded: Vec::new() };
    let mut now = stage.host.now();
    let mut seen = 0;
    for (n, step) in scenario.step.iter().enumerate() {
        let step = step.get_ref();
        let led = if !scenario.is_of_a_record() {
            take(&stage, step, n, (&mut now, &mut seen)).await?
        } else {
            again(&stage, scenario, step).await?
        };
        let place = Place {
            number: n + 1,
            line: lines.steps[n],
            decisions: &lines.decisions[n],
            weigh: puppet_tweet::weighted_length,
        };
        played.differences.extend(found::step(scenario, step, &led, &place));
        played.led.push(led);
    }
    let script = stage.doubles.script();
    for missing in &script.missing {
        played.differences.push(Difference {
            step: None,
            path: missing.call.clone(),
            expected: "an answer".to_owned(),
            found: "none is written down".to_owned(),
            line: 1,
            remedy: Some(format!("write into the scenario:\n{}", missing.paste.trim_end())),
        });
    }
    for unused in script.unused() {
        played.differences.push(Difference {
            step: None,
            path: unused,
            expected: "that somebody asks".to_owned(),
            found: "nobody did".to_owned(),
            line: 1,
            remedy: Some("take it out, or write repeat = true where it need not be asked for".to_owned()),
        });
    }
    drop(script);
    played.recorded = stage.doubles.recorded();
    Ok(played)
}

/// Whether such steps are for such a component.
fn fits(stranger: &Stranger, scenario: &Scenario, lines: &Lines, file: &Path) -> Result<()> {
    let generator = stranger.world == World::EventGenerator;
    for (step, line) in scenario.step.iter().zip(&lines.steps) {
        let (is, remedy) = match step.get_ref() {
            Step { event: Some(_), .. } if generator => ("an event", "write trigger = { kind = \"timer\" }"),
            Step { trigger: Some(_), .. } if !generator => ("a trigger", "write event = { kind = \"…\" }"),
            _ => continue,
        };
        let message = format!("{is}, and the component is of the world `{}`", stranger.world.name());
        return Err(wrong(file, message, remedy).on_line(*line));
    }
    Ok(())
}

/// One step, and all that happens until its moment is over.
async fn take(stage: &Stage, step: &Step, n: usize, (now, seen): (&mut Timestamp, &mut u64)) -> Result<Led> {
    let mut own = None;
    if let Some(length) = &step.advance {
        *now = now.plus_millis(offset::millis(length).unwrap_or(0));
    } else {
        let event = event(stage, step, n, *now);
        *now = event.at.max(*now);
        own = Some(event.id.clone());
        stage.host.submit(vec![event]).await?;
    }
    simulation::run(&stage.host, &stage.clock, now.plus_millis(1), 1, |_| {}).await?;
    let mut invocations = Vec::new();
    loop {
        let filter = Filter { after_seq: Some(*seen), oldest_first: true, limit: PAGE, ..Filter::default() };
        let page = stage.host.store.journal(&filter).await?;
        let Some(last) = page.last() else { break };
        *seen = last.seq;
        invocations.extend(page.into_iter().map(|entry| entry.invocation));
    }
    // Its own comes first, whatever was due before it.
    invocations.sort_by_key(|invocation| own.as_ref() != Some(&invocation.event.id));
    Ok(Led { invocations })
}

/// A record's call once more.
async fn again(stage: &Stage, scenario: &Scenario, step: &Step) -> Result<Led> {
    let event = event(stage, step, 0, stage.host.now());
    stage.clock.advance_to(event.at);
    let reads = scenario.answer.read.iter().zip(0..).map(|(answer, n)| read(answer, n)).collect();
    let recorded = Recorded {
        id: scenario.invocation.as_deref().map(InvocationId::from),
        seed: Some(scenario.seed.0),
        reads: Some(reads),
    };
    let invocation = puppet_engine::preview(&stage.host, event, recorded).await?;
    Ok(Led { invocations: invocation.into_iter().collect() })
}

fn read(answer: &ReadAnswer, n: u32) -> Read {
    let json = |text: &str| Json::of(&serde_json::from_str::<Value>(text).unwrap_or_default());
    Read {
        n,
        capability: answer.capability,
        operation: answer.operation.clone(),
        request: json(&answer.request),
        answer: json(&answer.answer),
        status: answer.status.unwrap_or(ReadStatus::Ok),
        cost: Cost { tokens: answer.tokens, usd_micros: answer.usd_micros },
    }
}

fn event(stage: &Stage, step: &Step, n: usize, now: Timestamp) -> Event {
    let at = |at: Option<&String>| at.and_then(|at| offset::moment(at, now)).unwrap_or(now);
    let payload = |table: &toml::Table| serde_json::to_value(table).unwrap_or_default();
    let given = match (&step.event, &step.trigger) {
        (Some(event), _) => event.clone(),
        (None, Some(Trigger { kind, payload, at })) => GivenEvent {
            kind: kind.clone(),
            id: None,
            source: Some("host".to_owned()),
            author: None,
            payload: payload.clone(),
            priority: None,
            hops: 0,
            at: at.clone(),
        },
        (None, None) => return Event { agent: stage.mailbox.clone(), ..blank(now) },
    };
    let at = at(given.at.as_ref());
    let payload = payload(&given.payload);
    let id = given.id.clone().unwrap_or_else(|| {
        ids::derive("evt", &["scenario", &n.to_string(), &given.kind, &quoted(&payload.to_string()), &at.to_string()])
    });
    Event {
        id: EventId::from(id),
        kind: given.kind,
        source: given.source.unwrap_or_else(|| "cli".to_owned()),
        agent: stage.mailbox.clone(),
        author: given.author,
        priority: given.priority.unwrap_or_default(),
        payload,
        hops: given.hops,
        ..blank(at)
    }
}

fn blank(at: Timestamp) -> Event {
    Event {
        id: EventId::from(String::new()),
        kind: String::new(),
        source: String::new(),
        agent: puppet_types::AgentId::new(""),
        author: None,
        priority: Priority::default(),
        at,
        payload: Value::Null,
        hops: 0,
        cause: None,
        broadcast: None,
    }
}
