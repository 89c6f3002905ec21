//! Events of the original: what happened, to whom, and when it was handled.

use std::cmp::Reverse;

use puppet_packs::import::snake;
use puppet_store::PastEvent;
use puppet_types::{AgentId, PAYLOAD_DEPTH, Priority, Timestamp, ids, is_too_deep};
use serde_json::{Map, Value, json};

use crate::{
    fates::Fates,
    item::{Fault, NULL, OF_THE_DATABASE},
    value::{as_text, expected, text, time},
};

/// Longest name of a kind, and of an id.
const NAME_BYTES: usize = 128;

/// One, as it was found.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) file: usize,
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) priority: Priority,
    pub(crate) at: Timestamp,
    pub(crate) handled: Timestamp,
    pub(crate) payload: Value,
    /// Whom it was for; nobody: everybody.
    pub(crate) to: Vec<AgentId>,
    pub(crate) fates: Fates,
}

impl Told {
    /// Whether it is the other one told once more, whoever it is for.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        (&self.kind, self.priority, self.at, &self.payload) == (&other.kind, other.priority, other.at, &other.payload)
    }

    /// Where something of it goes.
    pub(crate) fn place(&self, what: &str) -> String {
        format!("past.{}.{what}", self.id)
    }
}

/// Reads one; `known` are the agents that there are. `Err(Ok)` where it was for others alone.
pub(crate) fn read(
    file: usize,
    path: &str,
    fields: &Map<String, Value>,
    known: &[AgentId],
    now: Timestamp,
) -> Result<Result<Told, Fates>, Fault> {
    let id = id(path, fields)?;
    let told = Told {
        file,
        kind: String::new(),
        priority: Priority::Normal,
        at: now,
        handled: now,
        payload: json!({}),
        to: Vec::new(),
        fates: Fates::default(),
        id,
    };
    let mut reading = Reading { to: format!("past.{}", told.id), told, named: 0, dated: false, handled: false, known };
    for (key, value) in fields {
        let at = format!("{path}.{key}");
        if value.is_null() {
            reading.told.fates.ignored(&at, value, NULL);
        } else {
            reading.field(&at, &snake(key), value).map_err(|wrong| (at, wrong))?;
        }
    }
    reading.finish(path)
}

/// Its own, else the database's, else one made of what it says.
fn id(path: &str, fields: &Map<String, Value>) -> Result<String, Fault> {
    let found = ["id", "_id"].iter().find_map(|name| fields.get(*name).filter(|id| !id.is_null()).map(|id| (name, id)));
    match found {
        None => Ok(ids::derive("evt", &["original", &Value::Object(fields.clone()).to_string()])),
        Some((_, id @ (Value::String(_) | Value::Number(_)))) => {
            let id = as_text(id);
            let fits = !id.trim().is_empty() && id.len() <= NAME_BYTES && !id.contains(char::is_control);
            let message = || format!("expected an id of 1 to {NAME_BYTES} bytes");
            if fits { Ok(id) } else { Err((format!("{path}.id"), message())) }
        }
        Some((name, other)) => Err((format!("{path}.{name}"), expected("the id of an event", other))),
    }
}

struct Reading<'a> {
    to: String,
    told: Told,
    /// How many it names, known or not.
    named: usize,
    dated: bool,
    handled: bool,
    known: &'a [AgentId],
}

impl Reading<'_> {
    fn field(&mut self, path: &str, name: &str, value: &Value) -> Result<(), String> {
        let told = &mut self.told;
        let place = match name {
            "id" => "id",
            "type" => {
                let kind = text(value)?;
                if kind.trim().is_empty() || kind.len() > NAME_BYTES || kind.contains(char::is_control) {
                    return Err(format!("expected the name of a kind, of 1 to {NAME_BYTES} bytes"));
                }
                told.kind = kind.to_owned();
                "kind"
            }
            "data" => {
                if is_too_deep(value) {
                    return Err(format!("is nested deeper than {PAYLOAD_DEPTH}"));
                }
                told.payload = if value.is_object() { value.clone() } else { json!({ "value": value }) };
                "payload"
            }
            "timestamp" => {
                told.at = time(value)?;
                self.dated = true;
                "at"
            }
            "processed_at" => {
                told.handled = time(value)?;
                self.handled = true;
                "handled"
            }
            "priority" => {
                told.priority = priority(value)?;
                "priority"
            }
            "agent_id" => {
                self.named += 1;
                return self.agent(path, value);
            }
            "target_agent_ids" => return self.targets(path, value),
            "_id" | "__v" => {
                told.fates.ignored(path, value, OF_THE_DATABASE);
                return Ok(());
            }
            "execute_after" | "delay" | "scheduled" => {
                told.fates.ignored(path, value, "it has been handled: nothing is delayed any more");
                return Ok(());
            }
            _ => {
                told.fates.unknown(path, value);
                return Ok(());
            }
        };
        told.fates.carried(path, value, &format!("{}.{place}", self.to));
        Ok(())
    }

    fn targets(&mut self, path: &str, value: &Value) -> Result<(), String> {
        let Value::Array(ids) = value else { return Err(expected("a list of agents", value)) };
        if ids.is_empty() {
            self.told.fates.carried(path, value, &format!("{}.agents", self.to));
        }
        self.named += ids.len();
        ids.iter().enumerate().try_for_each(|(n, id)| self.agent(&format!("{path}[{n}]"), id))
    }

    fn agent(&mut self, path: &str, value: &Value) -> Result<(), String> {
        let id = text(value)?;
        match self.known.iter().find(|known| known.as_str() == id) {
            Some(agent) => {
                if !self.told.to.contains(agent) {
                    self.told.to.push(agent.clone());
                }
                self.told.fates.carried(path, value, &format!("{}.agents", self.to));
            }
            None => self.told.fates.ignored(path, value, "no agent of this deployment"),
        }
        Ok(())
    }

    fn finish(mut self, path: &str) -> Result<Result<Told, Fates>, Fault> {
        if self.told.kind.is_empty() {
            return Err((format!("{path}.type"), "is missing: expected the kind of the event, a text".to_owned()));
        }
        if self.told.to.is_empty() && self.named > 0 {
            self.told.fates.left_behind("it was for no agent of this deployment");
            return Ok(Err(self.told.fates));
        }
        match (self.dated, self.handled) {
            (true, false) => self.told.handled = self.told.at,
            (false, true) => self.told.at = self.told.handled,
            _ => {}
        }
        Ok(Ok(self.told))
    }
}

/// The order in which the original would handle events: the highest priority first, equals as they came (contract §7).
pub fn in_the_order_of_the_contract(mut events: Vec<PastEvent>) -> Vec<PastEvent> {
    events.sort_by_key(|past| Reverse(past.event.priority));
    events
}

/// By name or rank: low 0 < normal 1 < high 2 < critical 3 (contract §7).
fn priority(value: &Value) -> Result<Priority, String> {
    const RANKS: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Critical];
    let by_rank = value.as_u64().and_then(|rank| RANKS.get(usize::try_from(rank).ok()?).copied());
    by_rank
        .or_else(|| serde_json::from_value(Value::from(value.as_str()?.to_lowercase())).ok())
        .ok_or_else(|| "expected low, normal, high or critical".to_owned())
}
