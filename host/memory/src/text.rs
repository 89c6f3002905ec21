//! Texts as they are compared: one form for ids and echoes, one list of words for scores. Nothing is scored here.

use puppet_types::{AgentId, MemoryKind, ids};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::kinds::name;

/// The id of a text among an agent's memories of a kind: the same text twice is one memory, however it is
/// spaced, capitalised or ended.
pub fn memory_id(agent: &AgentId, kind: MemoryKind, content: &str) -> String {
    ids::derive("mem", &[agent.as_str(), name(kind), &normalised(content)])
}

/// Composed, lower-case, single spaces, no punctuation at the end (unless there is nothing else).
pub(crate) fn normalised(text: &str) -> String {
    let lower: String = text.nfc().collect::<String>().to_lowercase();
    let spaced = lower.split_whitespace().collect::<Vec<_>>().join(" ");
    let trimmed = spaced.trim_end_matches(|c: char| !c.is_alphanumeric() && (c.is_ascii_punctuation() || is_stop(c)));
    let trimmed = trimmed.trim_end();
    if trimmed.is_empty() { spaced } else { trimmed.to_owned() }
}

fn is_stop(c: char) -> bool {
    matches!(c, '…' | '。' | '、' | '！' | '？' | '’' | '”' | '»' | '–' | '—' | ' ')
}

/// Words in lower case without accents, in their order.
pub(crate) fn words(text: &str) -> Vec<String> {
    let folded: String = text.nfd().filter(|c| !is_combining_mark(*c)).collect::<String>().to_lowercase();
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_has_the_same_id() {
        let agent = AgentId::new("ada");
        let id = |text: &str| memory_id(&agent, MemoryKind::General, text);
        for same in ["The caf\u{e9} opened", " the  cafe\u{301}\nOPENED. ", "The café opened!!!", "the café opened …"]
        {
            assert_eq!(id(same), id("the café opened"), "{same:?}");
        }
        for other in ["the café opens", "the cafe opened", "the. café opened", "", "!"] {
            assert_ne!(id(other), id("the café opened"), "{other:?}");
        }
        assert_ne!(id("!"), id("?"), "where there is only punctuation it counts");
        assert_ne!(id("x"), memory_id(&agent, MemoryKind::Core, "x"), "each kind is a list of its own");
        assert_ne!(id("x"), memory_id(&AgentId::new("bob"), MemoryKind::General, "x"));
        assert!(id("x").starts_with("mem_"));
    }

    #[test]
    fn words_are_folded() {
        assert_eq!(words("It's the CAFÉ, no. 7!"), ["it", "s", "the", "cafe", "no", "7"]);
        assert!(words(" …!").is_empty());
    }
}
