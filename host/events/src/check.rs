//! What an emitted event may look like: pure, checked before anything is recorded.

use puppet_types::{AgentId, CallError, Code, EventTarget, PAYLOAD_DEPTH};
use serde_json::Value;

/// Longest kind.
pub const KIND_BYTES: usize = 64;
/// Longest payload.
pub const PAYLOAD_BYTES: usize = 64 << 10;
/// Most agents named.
pub const TARGETS: usize = 1_000;
/// Longest delay: a year.
pub const DELAY_MS: u64 = 366 * 86_400_000;

/// Kinds that no grant gives to a plugin.
const RESERVED: [&str; 10] = [
    "agent_started",
    "timer",
    "mention",
    "timeline_post",
    "post_published",
    "post_failed",
    "swap_done",
    "swap_failed",
    "command_post",
    "command_reply",
];

fn invalid(message: String) -> CallError {
    CallError::new(Code::InvalidInput, message)
}

/// Under the pack's id, or granted by name.
pub fn kind(kind: &str, pack: &str, granted: impl Fn(&str) -> bool) -> Result<(), CallError> {
    let shape = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
    if kind.is_empty() || kind.len() > KIND_BYTES || !kind.chars().all(shape) {
        return Err(invalid(format!(
            "`{kind}` is no event kind: small letters, digits, `_`, `-`, `.`, at most {KIND_BYTES}"
        )));
    }
    if RESERVED.contains(&kind) {
        return Err(CallError::new(Code::Denied, format!("`{kind}` is made by the host alone")));
    }
    let own = kind.strip_prefix(pack).and_then(|rest| rest.strip_prefix('.')).is_some_and(|rest| !rest.is_empty());
    if own || granted(kind) {
        return Ok(());
    }
    let message = format!("`{kind}` is neither under `{pack}.` nor among the kinds that were granted");
    Err(CallError::new(Code::Denied, message))
}

/// A JSON object.
pub fn payload(text: &str) -> Result<Value, CallError> {
    if text.len() > PAYLOAD_BYTES {
        let message = format!("{} bytes of payload: at most {PAYLOAD_BYTES}", text.len());
        return Err(CallError::new(Code::TooLong, message));
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) if puppet_types::is_too_deep(&value) => {
            Err(invalid(format!("the payload is nested deeper than {PAYLOAD_DEPTH}")))
        }
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(invalid("the payload is no JSON object".to_owned())),
        Err(error) => Err(invalid(format!("the payload is no JSON: {error}"))),
    }
}

/// Named agents, each once.
pub fn targets(named: &[String]) -> Result<EventTarget, CallError> {
    if named.is_empty() || named.len() > TARGETS {
        return Err(invalid(format!("{} agents named: 1 to {TARGETS}", named.len())));
    }
    let mut ids = Vec::with_capacity(named.len());
    for name in named {
        let id = AgentId::parse(name).map_err(|error| invalid(error.to_string()))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(EventTarget::Agents(ids))
}

/// At most a year.
pub fn delay(delay_ms: u64) -> Result<u64, CallError> {
    if delay_ms <= DELAY_MS {
        Ok(delay_ms)
    } else {
        Err(invalid(format!("{delay_ms} ms of delay: at most {DELAY_MS}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_the_packs_own_or_granted_and_never_the_hosts() {
        let granted = |kind: &str| matches!(kind, "news" | "mention");
        let table = [
            ("my-pack.tick", Ok(())),
            ("news", Ok(())),
            ("mood_shift", Err(Code::Denied)),
            ("mention", Err(Code::Denied)),
            ("timer", Err(Code::Denied)),
            ("my-pack.", Err(Code::Denied)),
            ("my-packet.tick", Err(Code::Denied)),
            ("News", Err(Code::InvalidInput)),
            ("", Err(Code::InvalidInput)),
        ];
        for (text, wanted) in table {
            assert_eq!(kind(text, "my-pack", granted).map_err(|error| error.code), wanted, "{text}");
        }
    }

    #[test]
    fn payloads_are_bounded_objects() {
        assert!(payload("{\"a\": 1}").is_ok());
        let deep = |depth: usize| format!("{{\"a\": {}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(payload(&deep(PAYLOAD_DEPTH)).is_ok());
        for bad in ["", "[]", "1", "{", "nul", &deep(PAYLOAD_DEPTH + 1)] {
            assert_eq!(payload(bad).unwrap_err().code, Code::InvalidInput, "{bad}");
        }
        let long = format!("{{\"a\": \"{}\"}}", "x".repeat(PAYLOAD_BYTES));
        assert_eq!(payload(&long).unwrap_err().code, Code::TooLong);
    }

    #[test]
    fn targets_are_ids_each_once() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(targets(&names(&["a", "b", "a"])), Ok(EventTarget::Agents(vec!["a".into(), "b".into()])));
        assert!(targets(&[]).is_err());
        assert!(targets(&names(&["../x"])).is_err());
        assert!(targets(&vec!["a".to_owned(); TARGETS + 1]).is_err());
        assert!(delay(DELAY_MS).is_ok() && delay(DELAY_MS + 1).is_err());
    }
}
