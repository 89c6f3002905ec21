//! What an agent remembers from birth: the `initial_memory` of its persona as memories.

use std::collections::BTreeSet;

use puppet_types::{AgentId, Memory, MemoryKind, Persona, Timestamp, Trust, persona::RecentEvent, trade::Origin};
use serde_json::Value;

use crate::{draft::unit, text::memory_id};

const CORE_IMPORTANCE: f64 = 1.0;
const EVENT_IMPORTANCE: f64 = 0.7;

/// Core memories (importance 1) and recent events (0.7 unless said), each text once, blank ones left out.
pub fn initial_memories(agent: &AgentId, persona: &Persona, at: Timestamp) -> Vec<Memory> {
    let initial = &persona.initial_memory;
    let core = initial.core_memories.iter().map(|text| memory(agent, MemoryKind::Core, text, at, CORE_IMPORTANCE));
    let events = initial.recent_events.iter().map(|event| match event {
        RecentEvent::Text(text) => memory(agent, MemoryKind::Event, text, at, EVENT_IMPORTANCE),
        RecentEvent::Dated { content, timestamp, importance } => {
            let then = timestamp.as_ref().and_then(time).unwrap_or(at);
            memory(agent, MemoryKind::Event, content, then, importance.unwrap_or(EVENT_IMPORTANCE))
        }
    });
    let mut known = BTreeSet::new();
    core.chain(events).filter(|memory| !memory.content.is_empty() && known.insert(memory.id.clone())).collect()
}

fn memory(agent: &AgentId, kind: MemoryKind, text: &str, at: Timestamp, importance: f64) -> Memory {
    Memory {
        id: memory_id(agent, kind, text),
        kind,
        content: text.trim().to_owned(),
        at,
        importance: unit(importance),
        valence: 0.0,
        associations: Vec::new(),
        metadata: Vec::new(),
        author: None,
        trust: Trust::Own,
        pinned: false,
        // The operator gave it the persona: it is what the character is.
        led_by: Some(Origin::Own),
    }
}

/// RFC 3339, or milliseconds as a number or in digits.
fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => Timestamp::parse(text).or_else(|| text.parse().ok().map(Timestamp::from_millis)),
        Value::Number(number) => {
            number.as_i64().or_else(|| number.as_f64().map(|ms| ms as i64)).map(Timestamp::from_millis)
        }
        _ => None,
    }
}
