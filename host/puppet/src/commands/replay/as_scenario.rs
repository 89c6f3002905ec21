//! A case as a scenario: one event with its answers, and what came of it, for the `tests/` of a pack. What the host says of the
//! component is left out: a scenario is for the versions that come.

use std::fmt::Write as _;

use puppet_author::{scenario::SCHEMA, script::quoted};
use puppet_grants::ceiling;
use puppet_types::{Read, ReadStatus};
use serde_json::{Value, json};

use super::case::Case;

/// The text of it.
pub fn text(case: &Case) -> String {
    let parts = case.parts();
    let mut text = format!("# Of the journal: `puppet replay {} --export`.\n", parts.id);
    let mut key = |name: &str, value: &str| {
        let _ = writeln!(text, "{name} = {value}");
    };
    key("schema", &quoted(SCHEMA));
    key("name", &quoted(&format!("as on {}: {}", parts.at, parts.event["kind"].as_str().unwrap_or_default())));
    key("at", &quoted(&parts.at.to_string()));
    key("timezone", &quoted(parts.timezone));
    key("seed", &quoted(&parts.seed));
    key("invocation", &quoted(parts.id));
    let mut denied = Vec::new();
    for (capability, granted) in parts.rights {
        let all = ceiling(*capability).map_or(&[][..], |most| most.operations);
        denied.extend(
            all.iter()
                .filter(|operation| !granted.operations.contains(**operation))
                .map(|operation| format!("{}.{operation}", capability.name())),
        );
    }
    key("deny", &toml(&json!(denied)));
    key("persona", &toml(&parts.persona));
    key("settings", &toml(parts.settings));
    let generator = parts.agent["id"].as_str().is_some_and(|id| id.starts_with("generator:"));
    if !generator {
        key("agent", &toml(&parts.agent));
    }
    for other in parts.audience.iter().filter(|_| generator) {
        let value = serde_json::to_value(other).unwrap_or_default();
        let _ = write!(text, "\n[[character]]\n");
        for name in ["id", "name", "handle"] {
            let _ = writeln!(text, "{name} = {}", toml(&value[name]));
        }
    }
    for read in parts.answers {
        answer(&mut text, read);
    }
    let event = parts.event.as_object().cloned().unwrap_or_default();
    let kept: &[&str] = match generator {
        true => &["kind", "payload", "at"],
        false => &["kind", "id", "source", "author", "payload", "priority", "hops", "at"],
    };
    let event: serde_json::Map<String, Value> =
        event.into_iter().filter(|(key, _)| kept.contains(&key.as_str())).collect();
    let what = if generator { "trigger" } else { "event" };
    let _ = write!(text, "\n[[step]]\n{what} = {}\n", toml(&Value::Object(event)));
    let _ = writeln!(text, "outcome = {}", quoted(parts.outcome));
    if let Some(breach) = parts.breach {
        let _ = writeln!(text, "breach = {}", quoted(breach));
    }
    text.push_str("decisions = \"exact\"\n");
    for decision in parts.decisions {
        let _ = writeln!(
            text,
            "\n  [[step.decision]]\n  kind = {}\n  body = {}",
            toml(&decision["kind"]),
            toml(&decision["body"])
        );
    }
    text
}

fn answer(text: &mut String, read: &Read) {
    let Read { capability, operation, request, answer, status, cost, .. } = read;
    let (capability, operation) = (quoted(capability.name()), quoted(operation));
    let _ = write!(text, "\n[[answer.read]]\ncapability = {capability}\noperation = {operation}\n");
    let _ = writeln!(text, "request = {}\nanswer = {}", quoted(request.as_str()), quoted(answer.as_str()));
    if *status != ReadStatus::Ok {
        let _ = writeln!(text, "status = {}", quoted(status.name()));
    }
    if cost.tokens > 0 || cost.usd_micros > 0 {
        let _ = writeln!(text, "tokens = {}\nusd_micros = {}", cost.tokens, cost.usd_micros);
    }
}

/// On one line; what is null is left out, which is the same to whoever reads it.
fn toml(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(list) => {
            let items: Vec<String> = list.iter().filter(|value| !value.is_null()).map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| format!("{} = {}", quoted(key), toml(value)))
                .collect();
            if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
        }
    }
}
