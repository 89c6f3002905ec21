//! Character files of elizaOS become agents: what says who somebody is goes to the persona; what says where and with
//! what it ran is named with the reason why not. Credentials stay where they are: they are neither kept nor shown.

mod fields;
mod talk;

#[cfg(test)]
mod tests;

use fields::{ELSEWHERE, MARKS};
use puppet_types::AgentId;
use serde_json::{Map, Value};

use super::{
    Carried, Ignored, ImportReport, Imported,
    leaves::{is_empty, leaves},
    names,
    walk::{self, DEFAULTS, NULL},
};
use crate::{
    AgentSpec, ErrorKind, STANDARD_PERSONALITY, document::below, error::Problem, schema, spec::default_handle,
};

/// Why a credential is not there afterwards, and what to do.
const CREDENTIAL: &str = "a credential, not taken over: move it to where puppet.toml names it (docs/howto/eliza.md)";
const EMPTY: &str = "empty: there is nothing to take over";
const MEMORIES: &str = "initial_memory.core_memories";

/// Whether a file is a character of elizaOS and not an agent of the original engine.
pub(super) fn is_character(root: &Map<String, Value>) -> bool {
    let ours = |key: &String| schema::is_section(key) || schema::kind(key).is_some();
    MARKS.iter().any(|mark| root.contains_key(*mark)) && !root.keys().any(ours)
}

/// Makes an agent of a character.
pub(super) fn read(root: &Map<String, Value>) -> Result<Imported, Problem> {
    let name = match root.get("name") {
        None | Some(Value::Null) => String::new(),
        Some(name) => walk::name("name", name)?.trim().to_owned(),
    };
    let id = id(root, &name)?;
    let mut spec = AgentSpec::blank(id.as_str(), &puppet_types::PackId::new(STANDARD_PERSONALITY));
    spec.handle = default_handle(&slug(&name).unwrap_or_else(|| id.to_string()));
    let report = ImportReport { agent_id: id.to_string(), ..ImportReport::default() };
    let mut character = Character { spec, report, has_account: false, name };
    // The account of the profile is a name on X; `username` is one on any platform.
    for first in ["twitterProfile", "username"] {
        if let Some(value) = root.get(first) {
            character.field(first, value)?;
        }
    }
    for (key, value) in root.iter().filter(|(key, _)| !["twitterProfile", "username"].contains(&key.as_str())) {
        character.field(key, value)?;
    }
    Ok(character.finish())
}

fn id(root: &Map<String, Value>, name: &str) -> Result<AgentId, Problem> {
    let given = match root.get("id") {
        None | Some(Value::Null) => None,
        Some(id) => Some(schema::text("id", id)?),
    };
    let named = || root.get("username").and_then(Value::as_str).and_then(slug).or_else(|| slug(name));
    let Some(id) = given.or_else(named) else {
        let message = "no id can be made of this character's name: it has no Latin letter and no digit";
        return Err(Problem::new(ErrorKind::Missing, "id", message, "write \"id\": \"my-agent\""));
    };
    AgentId::parse(&id).map_err(|_| {
        let message = "expected 1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit";
        Problem::new(ErrorKind::BadValue, "id", message, "give the agent another id")
    })
}

/// `Ada of the Docks` as `ada-of-the-docks`; `None` where nothing of it is left.
fn slug(name: &str) -> Option<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    let slug: String = slug.chars().take(64).collect();
    (!slug.is_empty()).then(|| slug.trim_end_matches('-').to_owned())
}

struct Character {
    spec: AgentSpec,
    report: ImportReport,
    has_account: bool,
    name: String,
}

impl Character {
    fn field(&mut self, path: &str, value: &Value) -> Result<(), Problem> {
        let persona = &mut self.spec.persona;
        let (to, list) = match path {
            "bio" | "lore" => (MEMORIES, &mut persona.initial_memory.core_memories),
            "topics" => ("personality.interests", &mut persona.personality.interests),
            "adjectives" => ("personality.traits", &mut persona.personality.traits),
            "postExamples" => ("sample_lines", &mut persona.sample_lines),
            "system" => ("rotating_system_prompts", &mut persona.rotating_system_prompts),
            _ => return self.other(path, value),
        };
        let texts = texts(path, value)?;
        let before = list.len();
        list.extend(texts.iter().map(|(_, text)| text.replace("{{agentName}}", &self.name)));
        if path == "bio"
            && let Some(line) = list.first().and_then(|text| text.lines().next())
        {
            self.spec.description = line.trim().to_owned();
        }
        for (n, (leaf, _)) in texts.iter().enumerate() {
            self.carried(leaf, &format!("persona.{to}[{}]", before + n));
        }
        self.empty_ones(path, value);
        Ok(())
    }

    fn other(&mut self, path: &str, value: &Value) -> Result<(), Problem> {
        match (path, value) {
            (_, Value::Null) => self.ignored(path, NULL),
            ("id", _) => self.carried(path, "id"),
            ("name", _) if self.name.is_empty() => self.ignored(path, "empty: the id is the name"),
            ("name", _) => self.carried(path, "name"),
            ("username" | "twitterProfile.username" | "twitterProfile.screenName", Value::String(account)) => {
                self.account(path, account);
            }
            ("modelProvider", Value::String(provider)) => match provider.to_ascii_lowercase().as_str() {
                provider @ ("openai" | "grok") => {
                    self.spec.llm = Some(provider.to_owned());
                    self.carried(path, "llm");
                }
                _ => self.ignored(path, "no known provider (openai or grok): the default is used"),
            },
            ("knowledge", Value::Array(items)) => self.knowledge(items),
            ("messageExamples", _) => self.conversations(path, value)?,
            ("style", Value::Object(style)) => {
                for (key, value) in style {
                    self.style(&below(path, key), key, value)?;
                }
            }
            ("settings" | "twitterProfile", Value::Object(map)) if !map.is_empty() => {
                for (key, value) in map {
                    if names::is_secret(key) {
                        self.credentials(&below(path, key), value);
                    } else {
                        self.other(&below(path, key), value)?;
                    }
                }
            }
            ("style" | "knowledge" | "settings", other) if !is_empty(other) => {
                let expected = if path == "knowledge" { "a list" } else { "an object" };
                return Err(Problem::wrong_type(path, expected, other));
            }
            _ if names::is_secret(path) => self.credentials(path, value),
            _ => {
                let known = ELSEWHERE.iter().find(|(field, _)| *field == path).map(|(_, reason)| *reason);
                self.left(path, value, known);
            }
        }
        Ok(())
    }

    /// Rules of style: one text each, for that is what a persona has.
    fn style(&mut self, path: &str, key: &str, value: &Value) -> Result<(), Problem> {
        let persona = &mut self.spec.persona;
        let (to, text) = match key {
            "all" => ("personality.speaking_style", &mut persona.personality.speaking_style),
            "post" => ("style_guide.voice", &mut persona.style_guide.voice),
            "chat" => ("style_guide.tone", &mut persona.style_guide.tone),
            _ => {
                self.left(path, value, None);
                return Ok(());
            }
        };
        let rules = texts(path, value)?;
        *text = rules.iter().map(|(_, rule)| rule.trim()).collect::<Vec<_>>().join("; ");
        rules.iter().for_each(|(leaf, _)| self.carried(leaf, &below("persona", to)));
        self.empty_ones(path, value);
        Ok(())
    }

    fn knowledge(&mut self, items: &[Value]) {
        if items.is_empty() {
            self.ignored("knowledge", EMPTY);
        }
        for (n, item) in items.iter().enumerate() {
            let path = format!("knowledge[{n}]");
            let memories = &mut self.spec.persona.initial_memory.core_memories;
            match item {
                Value::String(text) if !text.trim().is_empty() => {
                    memories.push(text.clone());
                    let to = format!("persona.{MEMORIES}[{}]", memories.len() - 1);
                    self.carried(&path, &to);
                }
                other => {
                    self.left(&path, other, Some("files are not read: write what matters as a text of `knowledge`"))
                }
            }
        }
    }

    fn account(&mut self, path: &str, account: &str) {
        let name = account.trim().trim_start_matches('@');
        let fits = (1..=15).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if self.has_account {
            self.ignored(path, "there is another account in the file");
        } else if fits {
            self.has_account = true;
            self.spec.handle = name.to_owned();
            self.carried(path, "handle");
        } else {
            self.ignored(path, "no account of X: 1 to 15 letters, digits and `_`");
        }
    }

    /// What is not taken over: credentials by their own reason, the rest by `reason`, or as unknown.
    fn left(&mut self, path: &str, value: &Value, reason: Option<&str>) {
        match (value, reason) {
            (Value::Object(map), _) if !map.is_empty() => {
                for (key, value) in map {
                    let at = below(path, key);
                    if names::is_secret(key) { self.credentials(&at, value) } else { self.left(&at, value, reason) }
                }
            }
            (Value::Array(list), _) if !list.is_empty() => {
                list.iter().enumerate().for_each(|(n, item)| self.left(&format!("{path}[{n}]"), item, reason));
            }
            (Value::String(text), _) if names::is_secret_address(text) => self.ignored(path, CREDENTIAL),
            (Value::Null, _) => self.ignored(path, NULL),
            (_, Some(reason)) => self.ignored(path, reason),
            (_, None) => self.report.unknown.push(path.to_owned()),
        }
    }

    fn credentials(&mut self, path: &str, value: &Value) {
        if is_empty(value) {
            return self.ignored(path, EMPTY);
        }
        leaves(path, value).iter().for_each(|leaf| self.ignored(leaf, CREDENTIAL));
    }

    /// Texts without a letter, and lists without a text.
    fn empty_ones(&mut self, path: &str, value: &Value) {
        match value {
            Value::Array(list) if !list.is_empty() => {
                list.iter().enumerate().for_each(|(n, item)| self.empty_ones(&format!("{path}[{n}]"), item));
            }
            value if is_empty(value) => self.ignored(path, EMPTY),
            _ => {}
        }
    }

    fn carried(&mut self, field: &str, to: &str) {
        self.report.carried.push(Carried { field: field.to_owned(), to: to.to_owned() });
    }

    fn ignored(&mut self, field: &str, reason: &str) {
        self.report.ignored.push(Ignored { field: field.to_owned(), reason: reason.to_owned() });
    }

    fn finish(mut self) -> Imported {
        if !self.name.is_empty() {
            self.spec.name.clone_from(&self.name);
        }
        let set = |field: &str| match field {
            "name" => !self.name.is_empty(),
            "description" => !self.spec.description.is_empty(),
            _ => field == "llm_provider" && self.spec.llm.is_some(),
        };
        self.report.defaulted = DEFAULTS.iter().filter(|field| !set(field)).map(|field| (*field).to_owned()).collect();
        Imported { spec: self.spec, report: self.report, secrets: Vec::new() }
    }
}

/// A text, or a list of texts, by their paths; without empty ones.
fn texts(path: &str, value: &Value) -> Result<Vec<(String, String)>, Problem> {
    let found = match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![(path.to_owned(), text.clone())],
        Value::Array(_) => {
            let texts = schema::texts(path, value)?.into_iter().enumerate();
            texts.map(|(n, text)| (format!("{path}[{n}]"), text)).collect()
        }
        other => return Err(Problem::wrong_type(path, "a text or a list of texts", other)),
    };
    Ok(found.into_iter().filter(|(_, text)| !text.trim().is_empty()).collect())
}
