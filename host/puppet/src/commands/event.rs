//! `event send|history`. Something happens to agents: through the running host where there is one; otherwise the event is
//! accepted into the folder and handled by the next.

mod ended;
mod history;

use puppet_types::{AgentId, Event, EventId, PAYLOAD_DEPTH, PostId, Priority, Timestamp, ids, is_too_deep, scrub};
use serde_json::{Value, json};

use crate::{
    cli::EventCommand,
    control::{self, Folder, Request, Said, unknown_agent},
    intake,
    output::Output,
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Kinds that people may send; others need a `.` in them.
pub(super) const KINDS: [&str; 7] =
    ["news", "mood_shift", "interaction_prompt", "command_post", "command_reply", "mention", "timeline_post"];
/// Kinds that only the host makes.
pub(super) const HOST_KINDS: [&str; 6] =
    ["timer", "agent_started", "post_published", "post_failed", "swap_done", "swap_failed"];

/// Runs it.
pub async fn run(setup: &Setup, command: EventCommand, out: Output) -> Result<()> {
    let (kind, payload, agents, priority, delay, wait, within) = match command {
        EventCommand::History { agent, limit } => {
            return history::run(setup, agent.map(AgentId::new), limit, out).await;
        }
        EventCommand::Send { kind, payload, agents, priority, delay, wait, within } => {
            (kind, payload, agents, priority, delay, wait, within)
        }
    };
    let wait_ms = wait.then(|| u64::try_from(within.as_millis()).unwrap_or(u64::MAX));
    check_kind(&kind)?;
    let payload = scrub::value(payload_of(&payload)?).map(|(payload, _)| payload).unwrap_or_default();
    let priority = priority.as_deref().map(priority_of).transpose()?;
    let delay_ms = delay.map_or(0, |delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
    let mention = if kind == "mention" { mention(&payload)? } else { None };
    let known = known(setup).await?;
    let targets = targets(&agents, &known)?;
    let at = Timestamp::from_system();
    if let Some(said) = mention {
        // An answer goes to whoever wrote the post; other mentions to those named, or to all.
        let to = if agents.is_empty() && said.in_reply_to.is_some() { Vec::new() } else { targets };
        let say = Request::Say { said: Said { to, priority, delay_ms, ..said }, wait_ms };
        return match control::ask(&setup.data, &say).await? {
            Some(answer) => ended::tell(setup, &answer, wait, out).await,
            None => {
                Err(no_host(setup, "a mention with a text is written by a running host: start one with `puppet run`"))
            }
        };
    }
    let events = events(&kind, &payload, priority.unwrap_or_default(), &targets, at.plus_millis(delay_ms))?;
    let event_id = events.first().map(|event| event.broadcast.clone().unwrap_or_else(|| event.id.clone()));
    let request = Request::Send { events: events.clone(), wait_ms };
    let mut folder = Folder::of(setup);
    let mut answer = match folder.ask(&request).await? {
        Some(answer) => answer,
        None if wait => return Err(no_host(setup, "start one with `puppet run`, or leave --wait out")),
        None => {
            let store = folder.rows().await?;
            intake::check(store, &events).await?;
            store.accept(events).await?;
            out.note("no host runs here: the event is kept, and handled when one does");
            json!({ "outcome": "accepted", "invocations": [], "given_up": [] })
        }
    };
    drop(folder);
    answer["event_id"] = json!(event_id);
    ended::tell(setup, &answer, wait, out).await
}

/// A mention that is said on the timeline; none where the payload holds a whole post.
fn mention(payload: &Value) -> Result<Option<Said>> {
    const KEYS: [&str; 3] = ["text", "author", "in_reply_to"];
    if payload.get("post").is_some() {
        return Ok(None);
    }
    let wrong =
        |key: &str, message: &str, remedy: String| Err(Trouble::input("payload", message, remedy).of_field(key));
    let mut keys = payload.as_object().into_iter().flat_map(|table| table.keys());
    if let Some(key) = keys.clone().find(|key| !KEYS.contains(&key.as_str())) {
        return wrong(key, "a mention has no such field", crate::config::remedy(key, &KEYS));
    }
    if let Some(key) = keys.find(|key| !payload[key.as_str()].is_string()) {
        return wrong(key, "expected a text", format!("write \"{key}\": \"…\""));
    }
    let text = |key: &str| payload.get(key).and_then(Value::as_str);
    let Some(said) = text("text") else {
        return wrong("text", "nothing is said", "write --payload '{\"text\": \"hello\"}'".to_owned());
    };
    let said = Said {
        in_reply_to: text("in_reply_to").map(PostId::new),
        ..Said::plainly(text("author").unwrap_or("visitor"), said)
    };
    said.check()?;
    Ok(Some(said))
}

fn no_host(setup: &Setup, remedy: &str) -> Trouble {
    Trouble::unreachable("no-host", format!("no host runs on {}", setup.data.display()), remedy)
}

/// Whether people may send events of this kind.
pub fn check_kind(kind: &str) -> Result<()> {
    if HOST_KINDS.contains(&kind) {
        let message = format!("`{kind}` is made by the host alone");
        return Err(Trouble::input("bad-kind", message, format!("send one of {}", KINDS.join(", "))));
    }
    let shape = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
    let dotted = kind.split('.').count() > 1 && kind.split('.').all(|part| !part.is_empty());
    if KINDS.contains(&kind) || (dotted && kind.chars().all(shape) && kind.len() <= 64) {
        return Ok(());
    }
    let near = crate::config::nearest(kind, &KINDS).map_or(String::new(), |near| format!("did you mean `{near}`? "));
    let remedy = format!("{near}known are {}; a kind of your own has a dot in it, `my-pack.kind`", KINDS.join(", "));
    Err(Trouble::input("bad-kind", format!("`{kind}` is no event kind"), remedy))
}

fn payload_of(text: &str) -> Result<Value> {
    let read;
    let text = match text.strip_prefix('@') {
        Some(path) => {
            read = crate::files::text(path.as_ref()).map_err(|error| {
                Trouble::input("payload", format!("`{path}` cannot be read: {error}"), "name a file with a JSON object")
            })?;
            &read
        }
        None => text,
    };
    let wrong =
        |message: String| Trouble::input("payload", message, "write an object: --payload '{\"topic\": \"rain\"}'");
    let value: Value = serde_json::from_str(text).map_err(|error| wrong(format!("the payload is no JSON: {error}")))?;
    if is_too_deep(&value) {
        return Err(wrong(format!("the payload is nested deeper than {PAYLOAD_DEPTH}")));
    }
    if value.is_object() { Ok(value) } else { Err(wrong("the payload is no object".to_owned())) }
}

fn priority_of(word: &str) -> Result<Priority> {
    const WORDS: [&str; 4] = ["low", "normal", "high", "critical"];
    serde_json::from_value(json!(word)).map_err(|_| {
        let message = format!("`{word}` is no priority");
        Trouble::input("bad-value", message, format!("use one of {}", WORDS.join(", "))).of_field("--priority")
    })
}

async fn known(setup: &Setup) -> Result<Vec<AgentId>> {
    if let Some(ids) = control::ask(&setup.data, &Request::Agents).await? {
        return serde_json::from_value(ids).map_err(Trouble::internal);
    }
    let store = records::open(setup).await?;
    Ok(store.agents().await?.into_iter().map(|row| row.id).collect())
}

fn targets(named: &[String], known: &[AgentId]) -> Result<Vec<AgentId>> {
    if known.is_empty() {
        return Err(Trouble::input(
            "no-agents",
            "there is no agent here",
            "import one: `puppet agent import FILE.json`",
        ));
    }
    if named.is_empty() {
        return Ok(known.to_vec());
    }
    let find = |name: &String| {
        let id = AgentId::new(name);
        if known.contains(&id) { Ok(id) } else { Err(unknown_agent(&id, known)) }
    };
    named.iter().map(find).collect()
}

/// One event per agent; copies of one share a `broadcast` id.
fn events(kind: &str, payload: &Value, priority: Priority, to: &[AgentId], at: Timestamp) -> Result<Vec<Event>> {
    let mut salt = [0; 8];
    getrandom::fill(&mut salt).map_err(Trouble::internal)?;
    let salt = u64::from_le_bytes(salt).to_string();
    let broadcast = EventId::from(ids::derive("evt", &["cli", kind, &at.to_string(), &salt]));
    let several = to.len() > 1;
    let one = |agent: &AgentId| Event {
        id: if several { ids::derive("evt", &[broadcast.as_str(), agent.as_str()]).into() } else { broadcast.clone() },
        kind: kind.to_owned(),
        source: "cli".to_owned(),
        agent: agent.clone(),
        author: None,
        priority,
        at,
        payload: payload.clone(),
        hops: 0,
        cause: None,
        broadcast: several.then(|| broadcast.clone()),
    };
    Ok(to.iter().map(one).collect())
}
