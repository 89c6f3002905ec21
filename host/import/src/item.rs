//! One memory of the original: a text, or an object with its circumstances.

use puppet_memory::{METADATA_BYTES, METADATA_PAIRS, memory_id};
use puppet_packs::import::{is_secret, leaves, snake};
use puppet_types::{AgentId, Memory, MemoryKind, Timestamp, Trust};
use serde_json::{Map, Value};

use crate::{
    fates::Fates,
    value::{as_text, expected, number, text, time},
};

/// Longer than that nothing is remembered.
const CONTENT_BYTES: usize = 64 << 10;
/// Of a memory that says no more (contract §6).
const IMPORTANCE: f64 = 0.5;

pub(crate) const NULL: &str = "null counts as not set";
pub(crate) const OF_THE_DATABASE: &str = "the database's own key";

/// The lists of the original's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    Core,
    Events,
    Posts,
    LongTerm,
    Tweets,
}

impl List {
    /// By the name of its field, in snake_case.
    pub(crate) fn named(field: &str) -> Option<Self> {
        Some(match field {
            "core_memories" => Self::Core,
            "recent_events" => Self::Events,
            "recent_posts" => Self::Posts,
            "long_term_memories" => Self::LongTerm,
            "tweet_history" => Self::Tweets,
            _ => return None,
        })
    }

    fn kind(self, said: Option<&str>) -> MemoryKind {
        match (self, said) {
            (Self::Core, _) => MemoryKind::Core,
            (Self::Events, _) => MemoryKind::Event,
            (Self::Posts, _) => MemoryKind::Post,
            (Self::Tweets, _) => MemoryKind::Tweet,
            (Self::LongTerm, Some("interaction")) => MemoryKind::Interaction,
            (Self::LongTerm, _) => MemoryKind::General,
        }
    }

    fn importance(self) -> f64 {
        if self == Self::Core { 1.0 } else { IMPORTANCE }
    }
}

/// A memory as it was found.
#[derive(Debug)]
pub(crate) struct Item {
    /// Which of the files that were read.
    pub(crate) file: usize,
    pub(crate) path: String,
    pub(crate) memory: Memory,
    /// What others call it.
    pub(crate) old_id: Option<String>,
    /// Ids that it names, with their leaves.
    pub(crate) associations: Vec<(String, String)>,
    pub(crate) fates: Fates,
}

/// Whose it is, and what is assumed of it.
pub(crate) struct Owner<'a> {
    pub(crate) agent: &'a AgentId,
    /// Of memories that do not say when.
    pub(crate) at: Timestamp,
    pub(crate) file: usize,
}

/// A field, and what is wrong with it.
pub(crate) type Fault = (String, String);

/// What a field of an item says.
enum Role {
    Content,
    Kind,
    At,
    Importance,
    Valence,
    Id,
    Associations,
    Metadata,
    /// Goes to the metadata under this name.
    Noted(&'static str),
    Ignored(&'static str),
    Unknown,
}

fn role(name: &str, list: List) -> Role {
    match (name, list) {
        ("content" | "text" | "full_text", _) => Role::Content,
        ("type", _) => Role::Kind,
        ("timestamp" | "created_at", _) => Role::At,
        ("importance", _) => Role::Importance,
        ("emotional_valence", _) => Role::Valence,
        ("id", _) => Role::Id,
        ("associations", _) => Role::Associations,
        ("metadata", _) => Role::Metadata,
        ("_id" | "__v", _) => Role::Ignored(OF_THE_DATABASE),
        ("agent_id", _) => Role::Ignored("whose it is: the memory is that agent's"),
        ("tweet_id", _) => Role::Noted("tweet_id"),
        ("reply_to_id" | "in_reply_to", List::Tweets | List::Posts) => Role::Noted("reply_to"),
        ("quote_tweet_id", List::Tweets | List::Posts) => Role::Noted("quotes"),
        ("conversation_id", List::Tweets | List::Posts) => Role::Noted("conversation"),
        ("author_id", List::Tweets | List::Posts) => Role::Ignored("the agent itself wrote it"),
        ("media_urls", List::Tweets | List::Posts) => Role::Ignored("media stay where they were posted"),
        ("is_thread" | "thread_ids", List::Tweets | List::Posts) => Role::Ignored("each part is a tweet of its own"),
        _ => Role::Unknown,
    }
}

/// Reads one. `Err(Ok)` where there is nothing to remember in it.
pub(crate) fn read(owner: &Owner<'_>, list: List, path: &str, value: &Value) -> Result<Result<Item, Fates>, Fault> {
    let none = Map::new();
    let fields = match value {
        Value::String(_) => &none,
        Value::Object(fields) => fields,
        other => return Err((path.to_owned(), expected("a memory: a text or an object", other))),
    };
    let (at, content) = match value {
        Value::String(content) => (path.to_owned(), content.as_str()),
        _ => said(path, fields)?,
    };
    let left = |reason: &str| {
        let mut fates = Fates::default();
        fates.ignored(path, value, reason);
        Ok(Err(fates))
    };
    if content.trim().is_empty() {
        return left("blank: there is nothing to remember");
    }
    if content.len() > CONTENT_BYTES {
        return left(&format!("its text is longer than {CONTENT_BYTES} bytes"));
    }
    let kind = list.kind(fields.get("type").and_then(Value::as_str));
    let id = memory_id(owner.agent, kind, content);
    let mut reading = Reading { list, to: format!("memories.{id}"), item: blank(owner, path, id, kind, list, content) };
    reading.item.fates.carried(&at, &Value::Null, &format!("{}.content", reading.to));
    for (key, value) in fields {
        reading.field(&format!("{path}.{key}"), key, value, &at)?;
    }
    Ok(Ok(reading.item))
}

/// The text: `content` before `text` before `fullText`.
fn said<'v>(path: &str, fields: &'v Map<String, Value>) -> Result<(String, &'v str), Fault> {
    let found = ["content", "text", "fullText", "full_text"].iter().find_map(|name| fields.get_key_value(*name));
    let Some((key, value)) = found else {
        return Err((path.to_owned(), "has no `content`: expected a text".to_owned()));
    };
    let at = format!("{path}.{key}");
    match text(value) {
        Ok(text) => Ok((at, text)),
        Err(wrong) => Err((at, wrong)),
    }
}

fn blank(owner: &Owner<'_>, path: &str, id: String, kind: MemoryKind, list: List, content: &str) -> Item {
    // What was said between two is in part the words of another.
    let trust = if kind == MemoryKind::Interaction { Trust::Stranger } else { Trust::Own };
    let memory = Memory {
        id,
        kind,
        content: content.trim().to_owned(),
        at: owner.at,
        importance: list.importance(),
        valence: 0.0,
        associations: Vec::new(),
        metadata: Vec::new(),
        author: None,
        trust,
        pinned: false,
        // Another engine kept it, and did not say for whom.
        led_by: None,
    };
    let (associations, fates) = (Vec::new(), Fates::default());
    Item { file: owner.file, path: path.to_owned(), memory, old_id: None, associations, fates }
}

struct Reading {
    list: List,
    to: String,
    item: Item,
}

impl Reading {
    fn field(&mut self, path: &str, key: &str, value: &Value, content_at: &str) -> Result<(), Fault> {
        let fault = |wrong: String| (path.to_owned(), wrong);
        let role = role(&snake(key), self.list);
        if path == content_at {
            return Ok(());
        }
        if value.is_null() && !matches!(role, Role::Unknown) {
            self.item.fates.ignored(path, value, NULL);
            return Ok(());
        }
        let memory = &mut self.item.memory;
        let place = match role {
            Role::Content => {
                self.item.fates.ignored(path, value, "another field of it is the text");
                return Ok(());
            }
            Role::At => {
                memory.at = time(value).map_err(fault)?;
                "at"
            }
            Role::Importance => {
                memory.importance = number(value, 0.0, 1.0).map_err(fault)?;
                "importance"
            }
            Role::Valence => {
                memory.valence = number(value, -1.0, 1.0).map_err(fault)?;
                "valence"
            }
            Role::Id => {
                self.item.old_id = Some(as_text(value));
                self.note(path, value, "original_id");
                return Ok(());
            }
            Role::Kind => return self.kind(path, value).map_err(fault),
            Role::Associations => return self.associations(path, value),
            Role::Metadata => return self.metadata(path, value).map_err(fault),
            Role::Noted(name) => {
                self.note(path, value, name);
                return Ok(());
            }
            Role::Ignored(reason) => {
                self.item.fates.ignored(path, value, reason);
                return Ok(());
            }
            Role::Unknown => {
                self.item.fates.unknown(path, value);
                return Ok(());
            }
        };
        self.item.fates.carried(path, value, &format!("{}.{place}", self.to));
        Ok(())
    }

    /// The kind is the list's; another name for it is kept beside it.
    fn kind(&mut self, path: &str, value: &Value) -> Result<(), String> {
        let said = text(value)?;
        let is_its_own = serde_json::to_value(self.item.memory.kind).is_ok_and(|kind| kind == said);
        if is_its_own {
            self.item.fates.carried(path, value, &format!("{}.kind", self.to));
        } else {
            self.note(path, value, "original_type");
        }
        Ok(())
    }

    fn associations(&mut self, path: &str, value: &Value) -> Result<(), Fault> {
        let Value::Array(ids) = value else { return Err((path.to_owned(), expected("a list of ids", value))) };
        if ids.is_empty() {
            self.item.fates.carried(path, value, &format!("{}.associations", self.to));
        }
        for (n, id) in ids.iter().enumerate() {
            let at = format!("{path}[{n}]");
            match id {
                Value::String(_) | Value::Number(_) => self.item.associations.push((at, as_text(id))),
                other => return Err((at, expected("the id of a memory", other))),
            }
        }
        Ok(())
    }

    fn metadata(&mut self, path: &str, value: &Value) -> Result<(), String> {
        let Value::Object(map) = value else { return Err(expected("an object", value)) };
        if map.is_empty() {
            self.item.fates.carried(path, value, &format!("{}.metadata", self.to));
        }
        for (key, value) in map {
            let below = format!("{path}.{key}");
            if is_secret(key) {
                self.item.fates.ignored(&below, value, "named like a credential: a plugin could read it");
                continue;
            }
            for (leaf, value) in with_values(&below, value) {
                self.note(&leaf, value, &leaf[path.len() + 1..]);
            }
        }
        Ok(())
    }

    /// One pair of the metadata, within its bounds.
    fn note(&mut self, path: &str, value: &Value, name: &str) {
        let said = as_text(value);
        let pairs = &mut self.item.memory.metadata;
        let fates = &mut self.item.fates;
        if value.is_null() {
            fates.ignored(path, value, NULL);
        } else if name.len() + said.len() > METADATA_BYTES {
            fates.ignored(path, value, &format!("longer than the {METADATA_BYTES} bytes of a pair of metadata"));
        } else if pairs.len() == METADATA_PAIRS {
            fates.ignored(path, value, &format!("more than {METADATA_PAIRS} pairs of metadata"));
        } else {
            pairs.push((name.to_owned(), said));
            let to = format!("{}.metadata.{name}", self.to);
            leaves(path, value).iter().for_each(|leaf| fates.carried(leaf, &Value::Null, &to));
        }
    }
}

/// The leaves of a value, with their paths.
fn with_values<'v>(path: &str, value: &'v Value) -> Vec<(String, &'v Value)> {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().flat_map(|(key, value)| with_values(&format!("{path}.{key}"), value)).collect()
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().flat_map(|(n, item)| with_values(&format!("{path}[{n}]"), item)).collect()
        }
        leaf => vec![(path.to_owned(), leaf)],
    }
}
