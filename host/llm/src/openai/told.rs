//! What a model told, whole or piece by piece, whatever the protocol; and the usage of it.

use serde_json::Value;

use crate::{Completion, ToolCall, Usage, openai::fault::Fault};

/// Most bytes of an answer's text, and of the arguments of its calls: several times what the most tokens of a request
/// make. A guest could not take in much more, and would be blamed for it.
const TEXT_BYTES: usize = 256 << 10;
/// Most calls of an answer.
const CALLS: usize = crate::TOOLS;

/// What is known of an answer so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Told {
    pub(super) text: String,
    pub(super) model: Option<String>,
    /// Why it ended; none while it has not.
    pub(super) finish: Option<String>,
    pub(super) usage: Option<Usage>,
    pub(super) has_refused: bool,
    pub(super) calls: Vec<Call>,
    /// There was something of it: also thoughts, which are not kept.
    pub(super) has_begun: bool,
}

/// A call, and its number where the protocol gives one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Call {
    pub(super) index: Option<u64>,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

impl Told {
    /// Adds a piece of text; what is beyond the bound is dropped.
    pub(super) fn write(&mut self, piece: &str) {
        self.has_begun |= !piece.is_empty();
        if self.text.len() <= TEXT_BYTES {
            self.text.push_str(piece);
        }
    }

    /// The answer of it, with secrets taken out.
    pub(super) fn completion(
        self,
        usage: Usage,
        model: &str,
        clean: impl Fn(String) -> String,
    ) -> Result<Completion, Fault> {
        let finish = self.finish.unwrap_or_else(|| "stop".to_owned());
        let tool_calls: Vec<ToolCall> =
            self.calls.into_iter().take(CALLS).enumerate().map(|(n, call)| of_call(n, call, &clean)).collect();
        if self.text.trim().is_empty() && tool_calls.is_empty() {
            return Err(match finish.as_str() {
                _ if self.has_refused => Fault::Declined,
                "content_filter" => Fault::Policy("the answer was filtered".to_owned()),
                "length" => Fault::OnlyThought,
                _ => Fault::Empty,
            });
        }
        let (text, finish) = cut(clean(self.text), clean(finish));
        let model = clean(self.model.unwrap_or_else(|| model.to_owned()));
        Ok(Completion { text, model, usage, finish, tool_calls, ..Completion::default() })
    }
}

/// Some endpoints give a call no id: its number is as good.
fn of_call(n: usize, call: Call, clean: impl Fn(String) -> String) -> ToolCall {
    let Call { id, name, arguments, .. } = call;
    let id = if id.is_empty() { format!("call_{n}") } else { id };
    let arguments = if arguments.is_empty() { "{}".to_owned() } else { arguments };
    ToolCall { id: clean(id), name: clean(name), arguments: cut(clean(arguments), String::new()).0 }
}

/// A text of bounded length, and why it ended.
fn cut(mut text: String, finish: String) -> (String, String) {
    if text.len() <= TEXT_BYTES {
        return (text, finish);
    }
    text.truncate(text.floor_char_boundary(TEXT_BYTES));
    (text, "length".to_owned())
}

/// Tokens, under the names that the protocol gives them. None where nothing is told, or only zeros.
///
/// Some count what a model thought in the total alone: the answer is then what the prompt leaves of the total. What an
/// endpoint says is believed as far as it can be added up.
pub(super) fn usage(usage: Option<&Value>, prompt: &str, completion: &str) -> Option<Usage> {
    let usage = usage?;
    let number =
        |key: &str| usage.get(key).and_then(|value| value.as_u64().or_else(|| Some(value.as_f64()?.max(0.0) as u64)));
    let bounded = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
    let (prompt, total) = (number(prompt)?, number("total_tokens").unwrap_or(0));
    let completion = number(completion).unwrap_or(0).max(total.saturating_sub(prompt));
    (prompt > 0 || completion > 0)
        .then(|| Usage { prompt_tokens: bounded(prompt), completion_tokens: bounded(completion) })
}

/// A text, or the texts of its parts.
pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => String::new(),
    }
}

/// A text that may have been written as JSON itself.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use puppet_types::MASK;
    use serde_json::json;

    use super::*;

    #[test]
    fn usage_is_never_billed_too_little() {
        for (told, wanted) in [
            (json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}), Some((10, 5))),
            (json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 115}), Some((10, 105))),
            (json!({"prompt_tokens": 10, "completion_tokens": 5}), Some((10, 5))),
            (json!({"prompt_tokens": 10, "completion_tokens": null, "total_tokens": 12}), Some((10, 2))),
            (json!({"prompt_tokens": 10.0, "completion_tokens": -3, "total_tokens": 4}), Some((10, 0))),
            (json!({"prompt_tokens": u64::MAX, "completion_tokens": 1}), Some((u32::MAX, 1))),
            (json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}), None),
            (json!({"completion_tokens": 5}), None),
            (json!(null), None),
        ] {
            let got = usage(Some(&told), "prompt_tokens", "completion_tokens");
            assert_eq!(got.map(|usage| (usage.prompt_tokens, usage.completion_tokens)), wanted, "{told}");
        }
    }

    #[test]
    fn an_answer_is_text_or_calls() {
        let of = |told: Told| told.completion(Usage::default(), "m", |text| text.replace("key", MASK));
        let call = Call { name: "look_up".to_owned(), ..Call::default() };
        let only_calls = of(Told { calls: vec![call.clone(), call], ..Told::default() }).unwrap();
        let ids: Vec<&str> = only_calls.tool_calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!((ids, only_calls.tool_calls[0].arguments.as_str()), (vec!["call_0", "call_1"], "{}"));
        assert_eq!(of(Told { text: "a key".to_owned(), ..Told::default() }).unwrap().text, format!("a {MASK}"));
        let ended = |finish: &str| Told { finish: Some(finish.to_owned()), ..Told::default() };
        assert_eq!(of(ended("length")), Err(Fault::OnlyThought));
        assert_eq!(of(ended("stop")), Err(Fault::Empty));
        assert_eq!(of(Told { has_refused: true, ..ended("stop") }), Err(Fault::Declined));
        assert!(matches!(of(ended("content_filter")), Err(Fault::Policy(_))));
        let mut long = Told::default();
        (0..3).for_each(|_| long.write(&"ä".repeat(TEXT_BYTES / 2)));
        let long = of(long).unwrap();
        assert_eq!((long.text.len(), long.finish.as_str()), (TEXT_BYTES, "length"));
    }
}
