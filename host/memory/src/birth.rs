//! What an agent remembers from birth: its persona's core memories and recent events (contract §2, §6).

use puppet_types::{AgentId, Memory, MemoryKind, Persona, Timestamp, Trust, persona::RecentEvent};

use crate::memory_id;

/// Importance of a core memory.
const CORE: f64 = 1.0;
/// Importance of a recent event that names none.
const EVENT: f64 = 0.7;

/// Core memories first, then recent events. Events without a time of their own happened at `at`.
pub fn initial_memories(agent: &AgentId, persona: &Persona, at: Timestamp) -> Vec<Memory> {
    let initial = &persona.initial_memory;
    let core = initial.core_memories.iter().map(|text| memory(agent, MemoryKind::Core, text, at, CORE));
    let events = initial.recent_events.iter().map(|event| match event {
        RecentEvent::Text(text) => memory(agent, MemoryKind::Event, text, at, EVENT),
        RecentEvent::Dated { content, timestamp, importance } => {
            let when = timestamp.as_ref().and_then(time_of).unwrap_or(at);
            memory(agent, MemoryKind::Event, content, when, importance.unwrap_or(EVENT).clamp(0.0, 1.0))
        }
    });
    core.chain(events).filter(|memory| !memory.content.trim().is_empty()).collect()
}

/// RFC 3339 or milliseconds.
fn time_of(value: &serde_json::Value) -> Option<Timestamp> {
    match value {
        serde_json::Value::String(text) => Timestamp::parse(text),
        serde_json::Value::Number(number) => number.as_i64().map(Timestamp::from_millis),
        _ => None,
    }
}

fn memory(agent: &AgentId, kind: MemoryKind, content: &str, at: Timestamp, importance: f64) -> Memory {
    Memory {
        id: memory_id(agent, kind, content),
        kind,
        content: content.to_owned(),
        at,
        importance,
        valence: 0.0,
        associations: Vec::new(),
        metadata: Vec::new(),
        author: None,
        trust: Trust::Own,
        pinned: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_memories_and_events_are_there_from_birth() {
        let mut persona = Persona::default();
        persona.initial_memory = serde_json::from_value(serde_json::json!({
            "core_memories": ["born by the sea"],
            "recent_events": ["a storm", {"content": "a calm", "timestamp": 1000, "importance": 0.2},
                {"content": "a fog", "timestamp": "1970-01-01T00:00:02Z"}],
        }))
        .unwrap();
        let at = Timestamp::from_millis(9_000);
        let memories = initial_memories(&"a".into(), &persona, at);
        let seen: Vec<(&str, f64, i64)> =
            memories.iter().map(|m| (m.content.as_str(), m.importance, m.at.as_millis())).collect();
        assert_eq!(seen, [("born by the sea", 1.0, 9_000), ("a storm", 0.7, 9_000), ("a calm", 0.2, 1_000), ("a fog", 0.7, 2_000)]);
    }
}
