//! Functions that a model may ask a plugin to call, and what it asked for. They are passed on: the host calls nothing,
//! so a tool can do no more than the plugin that offers it.

use puppet_types::CallError;
use serde::{Deserialize, Serialize};

use crate::{
    Message, Role,
    request::{check, short},
    schema::{SCHEMA_BYTES, object},
};

/// Most tools of a request, and most calls of a message or an answer.
pub const TOOLS: usize = 32;
/// Most bytes of what a tool is for.
const DESCRIPTION_BYTES: usize = 4 << 10;
/// Most bytes of a tool's name.
const NAME_BYTES: usize = 64;

/// Something that the model may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Letters, digits, `_` and `-`.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// JSON schema of its arguments.
    pub parameters: String,
}

/// What the model asks the plugin to call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Given by the provider; the result names it.
    pub id: String,
    /// Of the tool, as the model wrote it.
    pub name: String,
    /// JSON, as the model wrote it: it may hold anything.
    pub arguments: String,
}

impl Tool {
    /// Bytes of what is sent.
    pub(crate) fn bytes(&self) -> usize {
        self.name.len() + self.description.len() + self.parameters.len()
    }

    fn validate(&self) -> Result<(), CallError> {
        check(is_name(&self.name), || {
            format!("tool `{}`: a name is 1 to {NAME_BYTES} letters, digits, `_` and `-`", self.name.escape_debug())
        })?;
        check(self.description.len() <= DESCRIPTION_BYTES, || {
            format!("tool `{}`: a description is at most {DESCRIPTION_BYTES} bytes", self.name)
        })?;
        check(object(&self.parameters).is_some(), || {
            format!("tool `{}`: parameters are a JSON schema of at most {SCHEMA_BYTES} bytes", self.name)
        })
    }
}

impl ToolCall {
    /// Bytes of what is sent.
    pub(crate) fn bytes(&self) -> usize {
        self.id.len() + self.name.len() + self.arguments.len()
    }
}

/// Whether tools may be offered: bounded, each with a name of its own.
pub(crate) fn validate_tools(tools: &[Tool]) -> Result<(), CallError> {
    check(tools.len() <= TOOLS, || format!("{} tools: at most {TOOLS}", tools.len()))?;
    tools.iter().try_for_each(Tool::validate)?;
    let twice = tools.iter().enumerate().find(|(n, tool)| tools.iter().take(*n).any(|other| other.name == tool.name));
    check(twice.is_none(), || {
        format!("tool `{}` stands twice", twice.map_or_else(String::new, |(_, tool)| tool.name.clone()))
    })
}

/// Whether a message says of tools what its role may say.
pub(crate) fn validate_message(message: &Message) -> Result<(), CallError> {
    check(message.tool_calls.is_empty() || message.role == Role::Assistant, || {
        "tool-calls: only of an `assistant`".to_owned()
    })?;
    check(message.tool_call_id.is_some() == (message.role == Role::Tool), || {
        "tool-call-id: of a `tool`, and always there".to_owned()
    })?;
    let fits = |call: &ToolCall| !call.id.is_empty() && short(&call.id) && is_name(&call.name);
    check(message.tool_calls.len() <= TOOLS && message.tool_calls.iter().all(fits), || {
        format!("tool-calls: at most {TOOLS}, each with an id of 1 to 256 bytes and the name of a tool")
    })?;
    check(message.tool_call_id.as_deref().is_none_or(|id| !id.is_empty() && short(id)), || {
        "tool-call-id: 1 to 256 bytes".to_owned()
    })
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool() -> Tool {
        Tool { name: "look_up".to_owned(), description: "Finds.".to_owned(), parameters: "{}".to_owned() }
    }

    #[test]
    fn tools_are_bounded() {
        assert_eq!(validate_tools(&[tool(), Tool { name: "other-1".to_owned(), ..tool() }]), Ok(()));
        let table: [(Vec<Tool>, &str); 7] = [
            (vec![tool(); 33], "33 tools"),
            (vec![tool(), tool()], "`look_up` stands twice"),
            (vec![Tool { name: String::new(), ..tool() }], "a name is"),
            (vec![Tool { name: "x".repeat(65), ..tool() }], "a name is"),
            (vec![Tool { name: "rm -rf\n".to_owned(), ..tool() }], "tool `rm -rf\\n`"),
            (vec![Tool { description: "x".repeat(4_097), ..tool() }], "a description"),
            (vec![Tool { parameters: "[]".to_owned(), ..tool() }], "parameters"),
        ];
        for (tools, said) in table {
            let error = validate_tools(&tools).unwrap_err();
            assert!(error.message.contains(said), "{} / {said}", error.message);
        }
    }

    #[test]
    fn a_message_says_of_tools_what_its_role_may() {
        let call = |id: &str| ToolCall { id: id.to_owned(), name: "look_up".to_owned(), arguments: "{".to_owned() };
        let of = |role, tool_calls: Vec<ToolCall>, id: Option<&str>| Message {
            tool_calls,
            tool_call_id: id.map(str::to_owned),
            ..Message::new(role, "x")
        };
        for (message, good) in [
            (of(Role::Assistant, vec![call("c1"), call("c2")], None), true),
            (of(Role::Tool, Vec::new(), Some("c1")), true),
            (of(Role::Tool, Vec::new(), None), false),
            (of(Role::Tool, Vec::new(), Some("")), false),
            (of(Role::User, Vec::new(), Some("c1")), false),
            (of(Role::User, vec![call("c1")], None), false),
            (of(Role::Assistant, vec![call("")], None), false),
            (of(Role::Assistant, vec![call("c1"); 33], None), false),
        ] {
            assert_eq!(validate_message(&message).is_ok(), good, "{message:?}");
        }
    }
}
