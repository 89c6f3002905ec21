//! Conversations that show how a character talks.

use serde_json::Value;

use super::{super::leaves::leaves, Character, EMPTY};
use crate::error::Problem;

impl Character {
    /// What it says itself in its conversations is a line of its own; the rest shows how others talk.
    pub(super) fn conversations(&mut self, path: &str, value: &Value) -> Result<(), Problem> {
        let wrong =
            |path: &str, value| Problem::wrong_type(path, "a list of conversations, each a list of messages", value);
        let conversations = value.as_array().ok_or_else(|| wrong(path, value))?;
        if conversations.is_empty() {
            self.ignored(path, EMPTY);
        }
        for (n, conversation) in conversations.iter().enumerate() {
            let mut path = format!("{path}[{n}]");
            let messages = match conversation {
                Value::Array(messages) => messages,
                Value::Object(group) if group.len() == 1 && group.get("examples").is_some_and(Value::is_array) => {
                    path.push_str(".examples");
                    group["examples"].as_array().ok_or_else(|| wrong(&path, conversation))?
                }
                other => return Err(wrong(&path, other)),
            };
            if messages.is_empty() {
                self.ignored(&path, EMPTY);
            }
            for (m, message) in messages.iter().enumerate() {
                self.message(&format!("{path}[{m}]"), message)?;
            }
        }
        Ok(())
    }

    fn message(&mut self, path: &str, message: &Value) -> Result<(), Problem> {
        let Value::Object(fields) = message else {
            return Err(Problem::wrong_type(path, "a message: `name` (or `user`) and `content`", message));
        };
        let who = fields.get("name").or_else(|| fields.get("user")).and_then(Value::as_str).unwrap_or_default();
        let own = !self.name.is_empty() && who.eq_ignore_ascii_case(&self.name);
        for leaf in leaves(path, message) {
            let inside = &leaf[path.len()..];
            let text = message.pointer("/content/text").and_then(Value::as_str).unwrap_or_default();
            match inside {
                ".content.text" if own && !text.trim().is_empty() => {
                    self.spec.persona.sample_lines.push(text.to_owned());
                    let to = format!("persona.sample_lines[{}]", self.spec.persona.sample_lines.len() - 1);
                    self.carried(&leaf, &to);
                }
                ".content.text" => self.ignored(&leaf, "what others say is no line of the character's"),
                ".name" | ".user" => self.ignored(&leaf, "who speaks: only the character's own lines are taken over"),
                _ if inside.starts_with(".content.") => {
                    self.ignored(&leaf, "plugins act through capabilities, not through actions of a message");
                }
                _ => self.report.unknown.push(leaf),
            }
        }
        Ok(())
    }
}
