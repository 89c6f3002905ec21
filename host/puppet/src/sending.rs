//! Events that people send, from the command line or by the API: what may be sent and to whom, how it gets to the host or
//! into the folder, and what came of it.

pub mod ended;

use std::{future::pending, time::Duration};

use puppet_api::operations::Wish;
use puppet_engine::Agents;
use puppet_types::{AgentId, Event, EventId, InvocationId, PAYLOAD_DEPTH, PostId, Timestamp, ids, is_too_deep, scrub};
use serde::Serialize;
use serde_json::Value;

use crate::{
    control::{self, Folder, Parts, Request, Said, Taken, unknown_agent},
    intake, records,
    setup::Setup,
    trouble::{Result, Trouble},
};

use ended::Ended;

/// What became of it, as `docs/schemas/event-send.json` has it.
#[derive(Debug, Serialize)]
pub struct Sent {
    /// Name and version of its shape.
    pub schema: &'static str,
    /// Of the event, or what its copies share.
    pub event_id: Option<EventId>,
    /// `accepted`, how it ended, or `waiting` where that was not seen in time.
    pub outcome: String,
    /// What it led to.
    pub invocations: Vec<InvocationId>,
    /// How each agent took it.
    pub ended: Vec<Ended>,
    /// Why it was dead-lettered without an invocation.
    pub given_up: Vec<String>,
    /// For people, beside it.
    #[serde(skip)]
    pub notes: Vec<String>,
}

impl Sent {
    const SCHEMA: &'static str = "puppet.event/1";

    /// With what the journal says of it.
    fn of(taken: Taken, ended: Vec<Ended>) -> Self {
        let Taken { event_id, outcome, invocations, given_up } = taken;
        Self { schema: Self::SCHEMA, event_id, outcome, invocations, ended, given_up, notes: Vec::new() }
    }
}

/// Who there is.
pub trait Here {
    /// Whether there is one of this id.
    fn knows(&self, id: &AgentId) -> bool;
    /// All ids.
    fn everybody(&self) -> Vec<AgentId>;
}

impl Here for Agents {
    fn knows(&self, id: &AgentId) -> bool {
        self.knows(id)
    }
    fn everybody(&self) -> Vec<AgentId> {
        self.ids()
    }
}

impl Here for Vec<AgentId> {
    fn knows(&self, id: &AgentId) -> bool {
        self.contains(id)
    }
    fn everybody(&self) -> Vec<AgentId> {
        self.clone()
    }
}

/// What a wish comes to.
#[derive(Debug)]
enum Meant {
    /// Events, of the id that they share.
    Events(EventId, Vec<Event>),
    /// Something is said on the timeline; who hears of it follows from that.
    Said(Said),
}

/// Reads a wish: what may be sent, and to whom.
fn meant(wish: Wish, here: &impl Here, now: Timestamp) -> Result<Meant> {
    let payload = checked(&wish.kind, wish.payload)?;
    let mention = if wish.kind == "mention" { mention(&payload)? } else { None };
    let targets = targets(&wish.to, here)?;
    if let Some(said) = mention {
        // An answer goes to whoever wrote the post; other mentions to those named, or to all.
        let to = if wish.to.is_empty() && said.in_reply_to.is_some() { Vec::new() } else { targets };
        return Ok(Meant::Said(Said { to, priority: wish.priority, delay_ms: wish.delay_ms, ..said }));
    }
    let (id, events) = events(&Wish { payload, ..wish }, &targets, now)?;
    Ok(Meant::Events(id, events))
}

/// Sends it within the host. With `wait` until it has ended, and no longer than so.
///
/// # Errors
/// It is no such wish, or the store failed.
pub async fn within(parts: &Parts, wish: Wish, wait: Option<Duration>) -> Result<Sent> {
    let host = &parts.host;
    let taken = match meant(wish, &*host.agents, host.now())? {
        Meant::Said(said) => parts.say(&said, wait, pending()).await?,
        Meant::Events(id, events) => {
            Taken { event_id: Some(id), ..control::accept(host, events, wait, parts.over(pending())).await? }
        }
    };
    let ended = ended::of(&*host.store, &taken.invocations).await?;
    Ok(Sent::of(taken, ended))
}

/// Somebody speaks on the local timeline of the host that this is within; `wait` as before.
///
/// # Errors
/// As [`Parts::say`].
pub async fn say_within(parts: &Parts, said: &Said, wait: Option<Duration>) -> Result<Sent> {
    let taken = parts.say(said, wait, pending()).await?;
    let ended = ended::of(&*parts.host.store, &taken.invocations).await?;
    Ok(Sent::of(taken, ended))
}

/// Sends it from beside the host: through the socket where one runs; otherwise it is accepted into the folder, and handled
/// by the next. `wait_ms` as before, and for a host alone.
///
/// # Errors
/// It is no such wish, the host did not answer, or the store failed.
pub async fn send(setup: &Setup, wish: Wish, wait_ms: Option<u64>) -> Result<Sent> {
    let (id, events) = match meant(wish, &known(setup).await?, Timestamp::from_system())? {
        Meant::Events(id, events) => (id, events),
        Meant::Said(said) => {
            let remedy = "a mention with a text is written by a running host: start one with `puppet run`";
            let answer = control::ask(setup, &Request::Say { said, wait_ms }).await?;
            return told(setup, answer.ok_or_else(|| no_host(setup, remedy))?).await;
        }
    };
    let mut folder = Folder::of(setup);
    match folder.ask(&Request::Send { events: events.clone(), wait_ms }).await? {
        Some(answer) => Ok(Sent { event_id: Some(id), ..told(setup, answer).await? }),
        None if wait_ms.is_some() => Err(no_host(setup, "start one with `puppet run`, or leave --wait out")),
        None => {
            let store = folder.rows().await?;
            intake::check(store, &events).await?;
            store.accept(events).await?;
            let taken = Taken { event_id: Some(id), ..Taken::accepted() };
            let notes = vec!["no host runs here: the event is kept, and handled when one does".to_owned()];
            Ok(Sent { notes, ..Sent::of(taken, Vec::new()) })
        }
    }
}

/// An answer of the host, with what the journal says of it.
async fn told(setup: &Setup, answer: Value) -> Result<Sent> {
    let taken: Taken = serde_json::from_value(answer).map_err(Trouble::internal)?;
    let ended = match taken.invocations.as_slice() {
        [] => Vec::new(),
        some => ended::of(&*records::open(setup).await?, some).await?,
    };
    Ok(Sent::of(taken, ended))
}

/// Whether such a payload may be sent with such a kind; what is secret in it does not go on.
fn checked(kind: &str, payload: Value) -> Result<Value> {
    check_kind(kind)?;
    if is_too_deep(&payload) {
        return Err(no_payload(format!("the payload is nested deeper than {PAYLOAD_DEPTH}")));
    }
    if !payload.is_object() {
        return Err(no_payload("the payload is no object".to_owned()));
    }
    Ok(scrub::value(payload).map(|(payload, _)| payload).unwrap_or_default())
}

/// What is no payload.
pub fn no_payload(message: String) -> Trouble {
    Trouble::input("payload", message, "write an object: --payload '{\"topic\": \"rain\"}'")
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
    if Event::HOST_KINDS.contains(&kind) {
        let message = format!("`{kind}` is made by the host alone");
        return Err(Trouble::input("bad-kind", message, format!("send one of {}", Event::KINDS.join(", "))));
    }
    let shape = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
    let dotted = kind.split('.').count() > 1 && kind.split('.').all(|part| !part.is_empty());
    if Event::KINDS.contains(&kind) || (dotted && kind.chars().all(shape) && kind.len() <= 64) {
        return Ok(());
    }
    let near =
        crate::config::nearest(kind, &Event::KINDS).map_or(String::new(), |near| format!("did you mean `{near}`? "));
    let remedy =
        format!("{near}known are {}; a kind of your own has a dot in it, `my-pack.kind`", Event::KINDS.join(", "));
    Err(Trouble::input("bad-kind", format!("`{kind}` is no event kind"), remedy))
}

async fn known(setup: &Setup) -> Result<Vec<AgentId>> {
    if let Some(ids) = control::ask(setup, &Request::Agents).await? {
        return serde_json::from_value(ids).map_err(Trouble::internal);
    }
    let store = records::open(setup).await?;
    Ok(store.agents().await?.into_iter().map(|row| row.id).collect())
}

fn targets(named: &[AgentId], here: &impl Here) -> Result<Vec<AgentId>> {
    if let Some(unknown) = named.iter().find(|id| !here.knows(id)) {
        return Err(unknown_agent(unknown, &here.everybody()));
    }
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let everybody = here.everybody();
    if everybody.is_empty() {
        let remedy = "import one: `puppet agent import FILE.json`";
        return Err(Trouble::input("no-agents", "there is no agent here", remedy).missing());
    }
    Ok(everybody)
}

/// One event per agent; copies of one share a `broadcast` id. With the id that they have in common.
fn events(wish: &Wish, to: &[AgentId], now: Timestamp) -> Result<(EventId, Vec<Event>)> {
    let Wish { kind, payload, priority, source, .. } = wish;
    let broadcast = match &wish.key {
        // One key is one request of each route: another wish under it is another event.
        Some(key) => {
            let to: Vec<&str> = wish.to.iter().map(AgentId::as_str).collect();
            ids::derive("evt", &[source, "key", key, kind, &payload.to_string(), &to.join(",")]).into()
        }
        None => EventId::drawn(source).map_err(Trouble::internal)?,
    };
    let several = to.len() > 1;
    let one = |agent: &AgentId| Event {
        id: if several { ids::derive("evt", &[broadcast.as_str(), agent.as_str()]).into() } else { broadcast.clone() },
        kind: kind.clone(),
        source: source.clone(),
        agent: agent.clone(),
        author: None,
        priority: priority.unwrap_or_default(),
        at: now.plus_millis(wish.delay_ms),
        payload: payload.clone(),
        hops: 0,
        cause: None,
        broadcast: several.then(|| broadcast.clone()),
    };
    let events = to.iter().map(one).collect();
    Ok((broadcast, events))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wish(key: Option<&str>) -> Wish {
        Wish {
            kind: "news".to_owned(),
            payload: json!({ "topic": "rain" }),
            to: Vec::new(),
            priority: None,
            delay_ms: 5,
            source: "api".to_owned(),
            key: key.map(str::to_owned),
        }
    }

    #[test]
    fn a_wish_with_a_key_is_the_same_events_and_one_without_is_others() {
        let to = ["ada".into(), "bob".into()];
        let made = |key, at| events(&wish(key), &to, Timestamp::from_millis(at)).unwrap().1;
        let ids = |events: &[Event]| events.iter().map(|event| event.id.clone()).collect::<Vec<_>>();
        let (first, again) = (made(Some("k"), 1), made(Some("k"), 2));
        assert_eq!(ids(&first), ids(&again));
        assert_ne!(first[0].id, first[1].id);
        assert_eq!((first[0].broadcast.is_some(), &first[0].broadcast), (true, &first[1].broadcast));
        assert_eq!((first[0].at, &*first[0].source), (Timestamp::from_millis(6), "api"));
        assert_ne!(ids(&made(None, 1)), ids(&made(None, 1)));
        assert_ne!(ids(&first), ids(&made(Some("l"), 1)));
    }

    #[test]
    fn who_is_not_here_is_named_and_nobody_is_everybody() {
        let known: Vec<AgentId> = vec!["ada".into(), "bob".into()];
        assert_eq!(targets(&[], &known).unwrap(), known);
        assert_eq!(targets(&["bob".into()], &known).unwrap(), known[1..]);
        assert_eq!(targets(&["bop".into()], &known).unwrap_err().remedy, "did you mean `bob`?");
        assert_eq!(targets(&[], &Vec::new()).unwrap_err().code, "no-agents");
    }

    #[test]
    fn payloads_are_objects_and_not_deep() {
        let deep = (0..=PAYLOAD_DEPTH).fold(json!({}), |inner, _| json!({ "a": inner }));
        for wrong in [json!([]), json!("x"), json!(null), deep] {
            assert_eq!(checked("news", wrong).unwrap_err().code, "payload");
        }
        assert_eq!(checked("timer", json!({})).unwrap_err().code, "bad-kind");
        assert_eq!(checked("news", json!({"a": 1})).unwrap(), json!({"a": 1}));
    }
}
