//! The same text twice is one memory: its id follows from agent, kind and the text without case, spacing and
//! closing punctuation.

use puppet_types::{AgentId, MemoryKind, ids};

/// A text without case, superfluous space and closing punctuation.
pub fn normal(text: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', '!', '?', '…', ' ']).to_owned()
}

/// The id of a memory.
pub fn memory_id(agent: &AgentId, kind: MemoryKind, content: &str) -> String {
    ids::derive("mem", &[agent.as_str(), name(kind), &normal(content)])
}

/// The kind's name, as everywhere.
pub(crate) fn name(kind: MemoryKind) -> &'static str {
    match kind {
        MemoryKind::Core => "core",
        MemoryKind::Event => "event",
        MemoryKind::Interaction => "interaction",
        MemoryKind::General => "general",
        MemoryKind::Post => "post",
        MemoryKind::Tweet => "tweet",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_the_same_memory_of_the_same_agent() {
        let id = |agent: &str, text: &str| memory_id(&agent.into(), MemoryKind::General, text);
        assert_eq!(id("a", "It  RAINED today."), id("a", "it rained today"));
        assert_ne!(id("a", "it rained today"), id("b", "it rained today"));
        assert_ne!(id("a", "it rained today"), id("a", "it rained"));
    }
}
