//! Reads the fields of an agent file with their types and ranges; an error names the field and what was expected.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use puppet_types::{
    Persona,
    persona::{InitialRelationship, RecentEvent},
};
use serde_json::Value;

/// Why an agent file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    file: PathBuf,
    line: Option<usize>,
    field: Option<String>,
    message: String,
}

impl ImportError {
    pub(super) fn json(file: &Path, error: &serde_json::Error) -> Self {
        let message = format!("is no JSON: {error}");
        Self { file: file.to_owned(), line: Some(error.line()), field: None, message }
    }
    pub(super) fn field(file: &Path, field: &str, message: &str) -> Self {
        Self { file: file.to_owned(), line: None, field: Some(field.to_owned()), message: message.to_owned() }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }
    /// The line, from 1.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
    /// The field.
    pub fn field_name(&self) -> Option<&str> {
        self.field.as_deref()
    }
    /// What is wrong, and what was expected.
    pub fn message(&self) -> &str {
        &self.message
    }
    /// What to do.
    pub fn remedy(&self) -> &str {
        "correct the file; docs/reference/agent-file.md lists every field"
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ImportError {}

type Read<T> = Result<Option<T>, ImportError>;

/// A file and its root. Paths are dotted; null counts as absent.
pub(super) struct Reader<'a> {
    pub path: &'a Path,
    pub root: &'a Value,
}

impl<'a> Reader<'a> {
    fn get(&self, field: &str) -> Result<Option<&'a Value>, ImportError> {
        let mut at = self.root;
        let mut seen = String::new();
        if !at.is_object() {
            return Err(ImportError::field(self.path, "(root)", "expected an object"));
        }
        for name in field.split('.') {
            match at {
                Value::Object(map) => match map.get(name) {
                    Some(value) => at = value,
                    None => return Ok(None),
                },
                Value::Null => return Ok(None),
                _ => return Err(ImportError::field(self.path, &seen, "expected an object")),
            }
            seen = if seen.is_empty() { name.to_owned() } else { format!("{seen}.{name}") };
        }
        Ok((!at.is_null()).then_some(at))
    }

    fn typed<T>(&self, field: &str, expected: &str, read: impl Fn(&Value) -> Option<T>) -> Read<T> {
        match self.get(field)? {
            None => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(ImportError::field(self.path, field, &format!("expected {expected}, found {}", kind_of(value)))),
            },
        }
    }

    pub fn text(&self, field: &str) -> Read<String> {
        self.typed(field, "a text", |value| value.as_str().map(str::to_owned))
    }

    pub fn required_text(&self, field: &str, expected: &str) -> Result<String, ImportError> {
        match self.text(field)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(ImportError::field(self.path, field, &format!("is missing: expected {expected}"))),
        }
    }

    fn flag(&self, field: &str) -> Read<bool> {
        self.typed(field, "true or false", Value::as_bool)
    }

    fn texts(&self, field: &str) -> Read<Vec<String>> {
        self.typed(field, "a list of texts", |value| {
            value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        })
    }

    /// A text counts as a list of one.
    fn text_or_texts(&self, field: &str) -> Read<Vec<String>> {
        self.typed(field, "a text or a list of texts", |value| match value {
            Value::String(text) => Some(vec![text.clone()]),
            other => other.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        })
    }

    fn number(&self, field: &str, expected: &str, fits: impl Fn(f64) -> bool) -> Read<f64> {
        self.typed(field, &format!("a number {expected}"), |value| value.as_f64().filter(|number| fits(*number)))
    }

    fn probability(&self, field: &str) -> Read<f64> {
        self.number(field, "from 0 to 1", |number| (0.0..=1.0).contains(&number))
    }

    fn whole(&self, field: &str) -> Read<u32> {
        self.typed(field, "a whole number, 0 or more", |value| {
            let number = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=1e6).contains(number))?;
            Some(number as u32)
        })
    }

    /// The agent's own zone, where the file names one that exists.
    pub fn timezone(&self) -> Read<String> {
        for field in ["timezone", "behavior.post_frequency.timezone"] {
            if let Some(zone) = self.text(field)? {
                if jiff::tz::TimeZone::get(&zone).is_err() {
                    let message = format!("`{zone}` is no time zone: expected an IANA name, for example Europe/Berlin");
                    return Err(ImportError::field(self.path, field, &message));
                }
                return Ok(Some(zone));
            }
        }
        Ok(None)
    }

    /// `openai` and `grok` are known; anything else is the host's default, as in the original.
    pub fn provider(&self) -> Read<String> {
        let named = self.text("llm_provider")?.map(|name| name.to_lowercase());
        Ok(named.filter(|name| matches!(name.as_str(), "openai" | "grok")))
    }
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        // A wrong text may be a misplaced credential: it is not quoted.
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Puts a value where the file has one.
fn put<T>(slot: &mut T, read: Read<T>) -> Result<(), ImportError> {
    if let Some(value) = read? {
        *slot = value;
    }
    Ok(())
}

/// The persona of a file.
pub(super) fn persona(reader: &Reader<'_>) -> Result<Persona, ImportError> {
    let mut persona = Persona::default();
    let personality = &mut persona.personality;
    put(&mut personality.traits, reader.texts("personality.traits"))?;
    put(&mut personality.values, reader.texts("personality.values"))?;
    put(&mut personality.interests, reader.texts("personality.interests"))?;
    put(&mut personality.speaking_style, reader.text("personality.speaking_style"))?;
    style(reader, &mut persona)?;
    memory(reader, &mut persona)?;
    behavior(reader, &mut persona)?;
    put(&mut persona.goals, reader.text_or_texts("goals"))?;
    put(&mut persona.sample_lines, reader.texts("sample_lines"))?;
    persona.custom_system_prompt = reader.text("custom_system_prompt")?;
    put(&mut persona.rotating_system_prompts, reader.texts("rotating_system_prompts"))?;
    crate::persona::check(&persona)
        .map_err(|(field, expected)| ImportError::field(reader.path, field, &format!("expected {expected}")))?;
    Ok(persona)
}

fn style(reader: &Reader<'_>, persona: &mut Persona) -> Result<(), ImportError> {
    let guide = &mut persona.style_guide;
    put(&mut guide.voice, reader.text("style_guide.voice"))?;
    put(&mut guide.tone, reader.text("style_guide.tone"))?;
    put(&mut guide.topics_to_avoid, reader.texts("style_guide.topics_to_avoid"))?;
    let formatting = &mut guide.formatting;
    put(&mut formatting.uses_hashtags, reader.flag("style_guide.formatting.uses_hashtags"))?;
    put(&mut formatting.hashtag_style, reader.text("style_guide.formatting.hashtag_style"))?;
    put(&mut formatting.uses_emojis, reader.flag("style_guide.formatting.uses_emojis"))?;
    put(&mut formatting.emoji_frequency, reader.text("style_guide.formatting.emoji_frequency"))?;
    put(&mut formatting.capitalization, reader.text("style_guide.formatting.capitalization"))?;
    put(&mut formatting.sentence_length, reader.text("style_guide.formatting.sentence_length"))?;
    put(&mut formatting.avoid_hyphens, reader.flag("style_guide.formatting.avoid_hyphens"))?;
    put(&mut guide.vocabulary.key_terms, reader.texts("style_guide.vocabulary.key_terms"))?;
    put(&mut guide.vocabulary.avoid_terms, reader.texts("style_guide.vocabulary.avoid_terms"))
}

fn memory(reader: &Reader<'_>, persona: &mut Persona) -> Result<(), ImportError> {
    let initial = &mut persona.initial_memory;
    for field in ["initial_memory.core_memories", "initial_memory.coreMemories"] {
        put(&mut initial.core_memories, reader.texts(field))?;
    }
    for field in ["initial_memory.recent_events", "initial_memory.recentEvents"] {
        let expected = "a list of texts, or of objects with `content`, `timestamp` and `importance`";
        put(&mut initial.recent_events, reader.typed(field, expected, |value| serde_json::from_value::<Vec<RecentEvent>>(value.clone()).ok()))?;
    }
    let expected = "an object of relationships by agent id";
    let relationships = reader.typed("initial_memory.relationships", expected, |value| {
        serde_json::from_value::<BTreeMap<String, InitialRelationship>>(value.clone()).ok()
    });
    put(&mut initial.relationships, relationships)
}

fn behavior(reader: &Reader<'_>, persona: &mut Persona) -> Result<(), ImportError> {
    let frequency = &mut persona.behavior.post_frequency;
    let above_zero = |number: f64| number > 0.0 && number.is_finite();
    let (min, max) = ("behavior.post_frequency.min_hours_between_posts", "behavior.post_frequency.max_hours_between_posts");
    let (least, most) = (reader.number(min, "of hours above 0", above_zero)?, reader.number(max, "of hours above 0", above_zero)?);
    // One alone moves the other's default out of its way.
    frequency.min_hours_between_posts = least.unwrap_or_else(|| most.map_or(3.0, |most| most.min(3.0)));
    frequency.max_hours_between_posts = most.unwrap_or_else(|| least.map_or(12.0, |least| least.max(12.0)));
    let peak = reader.typed("behavior.post_frequency.peak_posting_hours", "a list of hours from 0 to 23", |value| {
        let hour = |item: &Value| item.as_u64().filter(|hour| *hour < 24).and_then(|hour| u8::try_from(hour).ok());
        value.as_array()?.iter().map(hour).collect()
    });
    put(&mut frequency.peak_posting_hours, peak)?;
    let patterns = &mut persona.behavior.interaction_patterns;
    put(&mut patterns.reply_probability, reader.probability("behavior.interaction_patterns.reply_probability"))?;
    put(&mut patterns.quote_tweet_probability, reader.probability("behavior.interaction_patterns.quote_tweet_probability"))?;
    put(&mut patterns.like_probability, reader.probability("behavior.interaction_patterns.like_probability"))?;
    let preferences = &mut persona.behavior.content_preferences;
    put(&mut preferences.max_thread_length, reader.whole("behavior.content_preferences.max_thread_length"))?;
    put(&mut preferences.typical_post_length, reader.whole("behavior.content_preferences.typical_post_length"))?;
    preferences.max_post_length = reader.whole("behavior.content_preferences.max_post_length")?;
    put(&mut preferences.link_sharing_frequency, reader.probability("behavior.content_preferences.link_sharing_frequency"))
}
