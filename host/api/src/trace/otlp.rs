//! Spans as OTLP takes them over HTTP, in JSON (opentelemetry-proto, `ExportTraceServiceRequest`).

use puppet_types::scrub;
use serde_json::{Value as Json, json};

use super::{
    lineage::Place,
    spans::{Ended, Fields, Value},
};

/// `SPAN_KIND_INTERNAL`, `SPAN_KIND_CLIENT`, `SPAN_KIND_CONSUMER`.
const INTERNAL: u8 = 1;
const CLIENT: u8 = 3;
const CONSUMER: u8 = 5;

/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

/// A span, as one of the list that [`request`] takes.
pub fn span(ended: &Ended, place: &Place) -> Json {
    let kind = match ended.name {
        "event" => CONSUMER,
        "read" | "effect" => CLIENT,
        _ => INTERNAL,
    };
    let attributes: Vec<Json> = ended.fields.0.iter().map(|(name, value)| attribute(name, value)).collect();
    let mut span = json!({
        "traceId": place.trace.to_string(),
        "spanId": place.span.to_string(),
        "name": name(ended),
        "kind": kind,
        "startTimeUnixNano": ended.began.as_nanos().to_string(),
        "endTimeUnixNano": (ended.began + ended.took).as_nanos().to_string(),
        "attributes": attributes,
    });
    if let Some(parent) = place.parent {
        span["parentSpanId"] = parent.to_string().into();
    }
    if let Some(why) = fault(&ended.fields) {
        span["status"] = json!({ "code": ERROR, "message": why });
    }
    span
}

/// What a list of spans calls it: few different ones.
fn name(ended: &Ended) -> String {
    let text = |name| ended.fields.text(name).unwrap_or_default();
    match ended.name {
        "event" | "effect" => format!("{} {}", ended.name, text("kind")),
        "invocation" => format!("invocation {}", text("plugin")),
        "read" => format!("read {}.{}", text("capability"), text("operation")),
        other => other.to_owned(),
    }
}

fn attribute(name: &str, value: &Value) -> Json {
    let value = match value {
        Value::Text(text) => json!({ "stringValue": text }),
        // Whole numbers are texts in the JSON of protocol buffers.
        Value::Number(number) => json!({ "intValue": number.to_string() }),
        Value::Is(is) => json!({ "boolValue": is }),
    };
    json!({ "key": format!("puppet.{name}"), "value": value })
}

/// The word for what went wrong.
fn fault(fields: &Fields) -> Option<&str> {
    let ends = [("outcome", ["failed", "breach"]), ("status", ["error", "error"]), ("state", ["failed", "in-doubt"])];
    ends.into_iter().find_map(|(name, wrong)| fields.text(name).filter(|value| wrong.contains(value)))
}

/// The body of a request, without credentials of the host.
pub fn request(spans: Vec<Json>) -> String {
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let version = env!("CARGO_PKG_VERSION");
    let body = json!({ "resourceSpans": [{
        "resource": { "attributes": [text("service.name", "puppet-engine"), text("service.version", version)] },
        "scopeSpans": [{ "scope": { "name": "puppet-engine", "version": version }, "spans": spans }],
    }] });
    scrub::json(&body.to_string()).into_owned()
}
