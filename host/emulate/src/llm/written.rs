//! What a model writes to a question, whichever way it was asked: a text, a value of a shape, or calls of tools.

use serde_json::{Value, json};

use super::{Asking, quirks, shape, text};

/// A question, whichever way it was asked.
#[derive(Debug, Default)]
pub(super) struct Question {
    pub(super) model: String,
    /// Who said what, in order.
    pub(super) said: Vec<String>,
    /// What was said last.
    pub(super) last: String,
    /// Whether that is what a tool answered.
    pub(super) is_of_tool: bool,
    pub(super) tools: Vec<Tool>,
    pub(super) choice: Choice,
    /// A schema of what is to be answered.
    pub(super) shape: Option<Value>,
    /// So many tokens at most.
    pub(super) most: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) parameters: Value,
}

/// Which tools are to be called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Choice {
    /// Those whose names were said last.
    #[default]
    Auto,
    None,
    /// The first, where no other is named.
    Required,
    /// This one.
    Named(String),
}

/// An answer.
#[derive(Debug)]
pub(super) struct Written {
    /// None where tools are called.
    pub(super) text: Option<String>,
    pub(super) calls: Vec<Calling>,
    /// Something is left out, for want of tokens.
    pub(super) is_cut: bool,
    /// Of its conversation.
    pub(super) id: u64,
    pub(super) prompt: u64,
    /// Without those of thought.
    pub(super) completion: u64,
    /// Tokens of thought.
    pub(super) reasoning: u64,
}

/// A tool that is called.
#[derive(Debug)]
pub(super) struct Calling {
    pub(super) id: String,
    pub(super) name: String,
    /// JSON.
    pub(super) arguments: String,
}

impl Choice {
    /// As OpenAI writes it; `name` is where a name is.
    pub(super) fn of(value: &Value) -> Self {
        let name = value["function"]["name"].as_str().or(value["name"].as_str());
        match (value.as_str(), name) {
            (Some("none"), _) => Self::None,
            (Some("required"), _) => Self::Required,
            (_, Some(name)) => Self::Named(name.to_owned()),
            _ => Self::Auto,
        }
    }
}

impl Question {
    pub(super) fn answered(&self, asking: Asking<'_>) -> Written {
        let seed = asking.seed;
        let id = text::number(seed, "id", &self.said);
        let called = if asking.says().is_some() { Vec::new() } else { self.called() };
        let calling = |(n, tool): (usize, &Tool)| Calling {
            id: format!("call_{id:016x}{n}"),
            name: tool.name.clone(),
            arguments: shape::value(&tool.parameters, id.wrapping_add(n as u64)).to_string(),
        };
        let calls: Vec<Calling> = called.into_iter().enumerate().map(calling).collect();
        let whole = match (asking.says(), &self.shape) {
            (Some(says), _) => says,
            (None, Some(shape)) => shape::value(shape, id).to_string(),
            (None, None) => text::text(seed, &self.said),
        };
        let (text, is_cut) = if calls.is_empty() { text::cut(whole, self.most) } else { (String::new(), false) };
        let written: usize =
            text.len() + calls.iter().map(|call| call.name.len() + call.arguments.len()).sum::<usize>();
        Written {
            text: calls.is_empty().then_some(text),
            calls,
            is_cut,
            id,
            prompt: text::tokens(self.said.iter().map(String::len).sum()),
            completion: text::tokens(written),
            reasoning: if quirks::thinks(&self.model) { 16 } else { 0 },
        }
    }

    fn called(&self) -> Vec<&Tool> {
        let named = |name: &str| self.tools.iter().filter(|tool| tool.name == name).collect();
        match &self.choice {
            Choice::None => Vec::new(),
            _ if self.is_of_tool => Vec::new(),
            Choice::Named(name) => named(name),
            Choice::Auto => self.tools.iter().filter(|tool| self.last.contains(&tool.name)).collect(),
            Choice::Required => {
                let said: Vec<&Tool> = self.tools.iter().filter(|tool| self.last.contains(&tool.name)).collect();
                if said.is_empty() { self.tools.iter().take(1).collect() } else { said }
            }
        }
    }
}

/// Any object, where JSON is asked for without a schema.
pub(super) fn any_json() -> Value {
    json!({ "type": "object", "properties": { "text": { "type": "string" } } })
}

/// The text of a content that is one, or made of parts.
pub(super) fn plain(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}
