//! The way through an agent file: every leaf is put somewhere, once.

use std::collections::{BTreeMap, BTreeSet};

use puppet_types::{Persona, is_odd};
use serde_json::{Map, Value, json};

use super::{
    Carried, Ignored, ImportReport,
    leaves::{is_empty, leaves},
    names::{self, HISTORY, IGNORED, KEPT},
};
use crate::{AgentSpec, ErrorKind, Secret, document::below, error::Problem, persona::root_has, schema};

/// What was found.
pub(super) struct Walked {
    pub(super) report: ImportReport,
    pub(super) secrets: Vec<(String, Secret)>,
}

/// What becomes of the leaves below a path that the persona has no place for.
#[derive(Clone, Copy)]
enum Fate<'a> {
    Kept { from: &'a str, to: &'a str },
    Ignored(&'a str),
    Unknown,
}

struct Walk<'a> {
    spec: &'a mut AgentSpec,
    persona: Map<String, Value>,
    /// Texts of fields that the persona has no name for, to be added to a list of it.
    added: BTreeMap<&'static str, Vec<String>>,
    report: ImportReport,
    secrets: Vec<(String, Secret)>,
}

pub(super) const NULL: &str = "null counts as not set";

/// Fields whose default is worth a word, where the file does not set them.
pub(super) const DEFAULTS: &[&str] = &[
    "name",
    "description",
    "llm_provider",
    "behavior.post_frequency.min_hours_between_posts",
    "behavior.post_frequency.max_hours_between_posts",
    "behavior.interaction_patterns.reply_probability",
    "behavior.interaction_patterns.quote_tweet_probability",
    "behavior.interaction_patterns.like_probability",
    "behavior.content_preferences.max_thread_length",
    "behavior.content_preferences.typical_post_length",
    "behavior.content_preferences.link_sharing_frequency",
];

/// Fills a blank agent from the file.
pub(super) fn walk(spec: &mut AgentSpec, root: &Map<String, Value>) -> Result<Walked, Problem> {
    let report = ImportReport { agent_id: spec.id.to_string(), ..ImportReport::default() };
    let mut walk = Walk { spec, persona: Map::new(), added: BTreeMap::new(), report, secrets: Vec::new() };
    walk.section("", "", root)?;
    walk.finish()
}

impl Walk<'_> {
    fn section(&mut self, raw: &str, norm: &str, map: &Map<String, Value>) -> Result<(), Problem> {
        for (key, value) in map {
            let name = names::snake(key);
            let (raw, norm) = (below(raw, key), below(norm, &name));
            if *key != name && map.contains_key(&name) {
                let reason = format!("`{name}` stands beside it and wins");
                self.tree(&raw, value, Fate::Ignored(&reason));
            } else {
                self.field(&raw, &norm, key, value)?;
            }
        }
        Ok(())
    }

    fn field(&mut self, raw: &str, norm: &str, key: &str, value: &Value) -> Result<(), Problem> {
        let kind = schema::kind(norm);
        if kind.is_none() && names::is_secret(key) {
            self.secret(raw, value);
        } else if let Some(reason) = IGNORED.iter().find(|(path, _)| *path == norm).map(|(_, reason)| *reason) {
            self.tree(raw, value, Fate::Ignored(reason));
        } else if value.is_null() {
            self.ignored(raw, NULL);
        } else if let Some(kind) = kind {
            self.persona_field(raw, norm, kind, value)?;
        } else if schema::is_section(norm) {
            match value {
                Value::Object(map) if map.is_empty() => self.carried(raw, &below("persona", norm)),
                Value::Object(map) => self.section(raw, norm, map)?,
                other => return Err(Problem::wrong_type(raw, "an object", other)),
            }
        } else if let Some((_, to)) = KEPT.iter().find(|(path, _)| *path == norm) {
            let kept = self.tree(raw, value, Fate::Kept { from: raw, to: &below("extra", to) });
            self.spec.extra.insert((*to).to_owned(), kept.unwrap_or(Value::Null));
        } else {
            self.other(raw, norm, value)?;
        }
        Ok(())
    }

    /// Fields of the agent that are not its persona's.
    fn other(&mut self, raw: &str, norm: &str, value: &Value) -> Result<(), Problem> {
        match norm {
            "id" => self.carried(raw, "id"),
            "name" => {
                let name = name(raw, value)?;
                if name.trim().is_empty() {
                    self.ignored(raw, "empty: the id is the name");
                } else {
                    self.spec.name = name;
                    self.carried(raw, "name");
                }
            }
            "description" => {
                self.spec.description = schema::text(raw, value)?;
                self.carried(raw, "description");
            }
            "llm_provider" => match schema::text(raw, value)?.trim().to_lowercase().as_str() {
                provider @ ("openai" | "grok") => {
                    self.spec.llm = Some(provider.to_owned());
                    self.carried(raw, "llm");
                }
                _ => self.ignored(raw, "no known provider (openai or grok): the default is used"),
            },
            "timezone" | "behavior.post_frequency.timezone" => {
                let timezone = schema::text(raw, value)?;
                if self.spec.timezone.is_some() {
                    self.ignored(raw, "there is another time zone in the file");
                } else if jiff::tz::TimeZone::get(&timezone).is_ok() {
                    self.spec.timezone = Some(timezone);
                    self.carried(raw, "timezone");
                } else {
                    self.ignored(raw, "no known time zone: an IANA name is needed, like Europe/Berlin");
                }
            }
            "personality.background" => self.add(raw, value, "initial_memory.core_memories"),
            "personality.quirks" => self.add(raw, value, "personality.traits"),
            _ => drop(self.tree(raw, value, Fate::Unknown)),
        }
        Ok(())
    }

    fn persona_field(&mut self, raw: &str, norm: &str, kind: schema::Kind, value: &Value) -> Result<(), Problem> {
        let mut rest = Vec::new();
        let read = schema::read(kind, raw, value, &mut rest)?;
        let left: BTreeSet<String> = rest.iter().flat_map(|(path, value)| leaves(path, value)).collect();
        let to = below("persona", norm);
        for leaf in leaves(raw, value) {
            if !left.contains(&leaf) {
                let to = format!("{to}{}", &leaf[raw.len()..]);
                self.carried(&leaf, &to);
            }
        }
        for (path, value) in rest {
            let key = path.rsplit('.').next().unwrap_or_default();
            if names::is_secret(key) {
                self.secret(&path, &value);
            } else if value.is_null() {
                self.ignored(&path, NULL);
            } else if HISTORY.contains(&key) {
                self.tree(&path, &value, Fate::Ignored("an agent begins without a history"));
            } else {
                self.tree(&path, &value, Fate::Unknown);
            }
        }
        put(&mut self.persona, norm, read);
        Ok(())
    }

    /// Texts for a list of the persona; anything else is left behind.
    fn add(&mut self, raw: &str, value: &Value, to: &'static str) {
        let texts = match value {
            Value::String(text) if !text.trim().is_empty() => vec![text.clone()],
            Value::Array(_) => schema::texts(raw, value).unwrap_or_default(),
            _ => Vec::new(),
        };
        if texts.is_empty() {
            self.tree(raw, value, Fate::Ignored("no text and no list of texts"));
            return;
        }
        for leaf in leaves(raw, value) {
            self.carried(&leaf, &below("persona", to));
        }
        self.added.entry(to).or_default().extend(texts);
    }

    /// Everything below a path: credentials to the secrets, the rest to its fate. Answers what is kept of it.
    fn tree(&mut self, raw: &str, value: &Value, fate: Fate<'_>) -> Option<Value> {
        match value {
            Value::Object(map) if !map.is_empty() => {
                let mut kept = Map::new();
                for (key, value) in map {
                    let at = below(raw, key);
                    if names::is_secret(key) && !value.is_boolean() {
                        self.secret(&at, value);
                    } else if let Some(value) = self.tree(&at, value, fate) {
                        kept.insert(key.clone(), value);
                    }
                }
                Some(Value::Object(kept))
            }
            Value::Array(list) if !list.is_empty() => {
                let items = list.iter().enumerate();
                Some(items.map(|(n, item)| self.tree(&format!("{raw}[{n}]"), item, fate).unwrap_or_default()).collect())
            }
            Value::String(text) if names::is_secret_address(text) => {
                self.secret(raw, value);
                None
            }
            leaf => {
                match fate {
                    Fate::Kept { from, to } => {
                        let to = format!("{to}{}", &raw[from.len()..]);
                        self.carried(raw, &to);
                    }
                    Fate::Ignored(reason) => self.ignored(raw, reason),
                    Fate::Unknown => self.report.unknown.push(raw.to_owned()),
                }
                Some(leaf.clone())
            }
        }
    }

    /// A credential, or several. A list of numbers or texts is one: keys are written so.
    fn secret(&mut self, raw: &str, value: &Value) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                map.iter().for_each(|(key, value)| self.secret(&below(raw, key), value));
            }
            Value::Array(list) if list.iter().any(|item| item.is_object() || item.is_array()) => {
                list.iter().enumerate().for_each(|(n, item)| self.secret(&format!("{raw}[{n}]"), item));
            }
            empty if is_empty(empty) => self.ignored(raw, "empty: there is nothing to keep"),
            Value::Bool(_) => self.report.unknown.push(raw.to_owned()),
            value => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                self.secrets.push((names::secret(self.spec.id.as_str(), raw), Secret::new(text)));
                self.report.secrets_moved.extend(leaves(raw, value));
            }
        }
    }

    fn carried(&mut self, field: &str, to: &str) {
        self.report.carried.push(Carried { field: field.to_owned(), to: to.to_owned() });
    }

    fn ignored(&mut self, field: &str, reason: &str) {
        self.report.ignored.push(Ignored { field: field.to_owned(), reason: reason.to_owned() });
    }

    fn finish(mut self) -> Result<Walked, Problem> {
        for (path, texts) in std::mem::take(&mut self.added) {
            let mut all = get(&self.persona, path).and_then(Value::as_array).cloned().unwrap_or_default();
            all.extend(texts.into_iter().map(Value::from));
            put(&mut self.persona, path, Value::Array(all));
        }
        let mut persona: Persona = serde_json::from_value(Value::Object(self.persona.clone()))
            .map_err(|error| Problem::new(ErrorKind::BadValue, "", error.to_string(), ""))?;
        schema::settle(&mut persona, |path| root_has(&self.persona, path))?;
        self.spec.persona = persona;
        let set = |field: &str| match field {
            "name" | "description" => self.report.carried.iter().any(|carried| carried.to == field),
            "llm_provider" => self.spec.llm.is_some(),
            field => root_has(&self.persona, field),
        };
        let defaulted = DEFAULTS.iter().filter(|field| !set(field)).map(|field| (*field).to_owned()).collect();
        self.report.defaulted = defaulted;
        Ok(Walked { report: self.report, secrets: self.secrets })
    }
}

/// A name, which stands on one line.
pub(super) fn name(field: &str, value: &Value) -> Result<String, Problem> {
    let name = schema::text(field, value)?;
    if name.chars().any(is_odd) {
        let message = "a name stands on one line: this one controls it, ends it or turns it";
        return Err(Problem::new(ErrorKind::BadValue, field, message, "write it without such characters"));
    }
    Ok(name)
}

fn get<'a>(map: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut keys = path.split('.');
    let first = map.get(keys.next()?)?;
    keys.try_fold(first, |value, key| value.get(key))
}

fn put(map: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(map.insert(path.to_owned(), value)),
        Some((key, rest)) => {
            if let Value::Object(inner) = map.entry(key).or_insert_with(|| json!({})) {
                put(inner, rest, value);
            }
        }
    }
}
