//! `persona.toml`: the data of a character, strictly read.

use std::path::Path;

use puppet_types::Persona;
use serde_json::{Map, Value};

use crate::{
    document::{Document, below},
    error::{ErrorKind, PackError, Problem},
    paths, schema,
};

/// The fields that may stand in files.
const PROMPT: &str = "custom_system_prompt";
const PROMPTS: &str = "rotating_system_prompts";

/// Reads the text of a `persona.toml`. Every field may be left out; a 0 stays 0; unknown keys are errors.
pub fn parse(text: &str, file: &Path) -> Result<Persona, PackError> {
    let nowhere = |name: &str| {
        let message = format!("`{name}` cannot be read: there is no folder");
        Err(PackError::in_file(ErrorKind::Unreadable, file, message, "write the prompt itself"))
    };
    parse_with(text, file, &nowhere)
}

/// The same where prompts may stand in files of the pack: `{ file = "prompts/system.md" }`, read by `prompt`.
pub(crate) fn parse_with(
    text: &str,
    file: &Path,
    prompt: &dyn Fn(&str) -> Result<String, PackError>,
) -> Result<Persona, PackError> {
    let mut document = Document::parse(text, file)?;
    let mut root = std::mem::take(&mut document.root);
    for (field, name) in prompts(&root).map_err(|problem| document.fault(problem))? {
        let text = prompt(&name)
            .map_err(|error| document.fault(Problem::new(error.kind(), &field, error.message(), error.remedy())))?;
        let place = match field.split_once('[') {
            None => root.get_mut(&field),
            Some((list, n)) => {
                let n = n.trim_end_matches(']').parse::<usize>().ok();
                root.get_mut(list).zip(n).and_then(|(list, n)| list.get_mut(n))
            }
        };
        if let Some(place) = place {
            *place = Value::String(text);
        }
    }
    persona(&root).map_err(|problem| document.fault(problem))
}

/// Prompts that stand in files: the field, and the file.
fn prompts(root: &Map<String, Value>) -> Result<Vec<(String, String)>, Problem> {
    let mut found = Vec::new();
    if let Some(Value::Object(table)) = root.get(PROMPT) {
        found.push((PROMPT.to_owned(), prompt_file(PROMPT, table)?));
    }
    for (n, value) in root.get(PROMPTS).and_then(Value::as_array).into_iter().flatten().enumerate() {
        if let Value::Object(table) = value {
            let at = format!("{PROMPTS}[{n}]");
            found.push((at.clone(), prompt_file(&at, table)?));
        }
    }
    Ok(found)
}

fn prompt_file(at: &str, table: &Map<String, Value>) -> Result<String, Problem> {
    if let Some(key) = table.keys().find(|key| *key != "file") {
        return Err(Problem::unknown_key(&below(at, key), key, &["file"]));
    }
    let at = below(at, "file");
    let value = table.get("file").ok_or_else(|| Problem::new(ErrorKind::Missing, &at, "is missing", ""))?;
    let name = schema::text(&at, value)?;
    if paths::check(&name).is_err() || !name.starts_with("prompts/") {
        let remedy = "put it there, and write { file = \"prompts/system.md\" }";
        return Err(Problem::new(ErrorKind::OutsidePack, &at, "expected a file below `prompts/`", remedy));
    }
    Ok(name)
}

fn persona(root: &Map<String, Value>) -> Result<Persona, Problem> {
    let checked = section("", root)?;
    let has = |path: &str| root_has(root, path);
    let mut persona: Persona = serde_json::from_value(Value::Object(checked))
        .map_err(|error| Problem::new(ErrorKind::BadValue, "", error.to_string(), ""))?;
    schema::settle(&mut persona, has)?;
    Ok(persona)
}

/// Whether a path is set.
pub(crate) fn root_has(root: &Map<String, Value>, path: &str) -> bool {
    let mut keys = path.split('.');
    let first = keys.next().and_then(|key| root.get(key));
    keys.try_fold(first, |value, key| value.map(|value| value.get(key))).flatten().is_some()
}

fn section(path: &str, table: &Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    let mut checked = Map::new();
    for (key, value) in table {
        let at = below(path, key);
        let read = if let Some(kind) = schema::kind(&at) {
            let mut rest = Vec::new();
            let read = schema::read(kind, &at, value, &mut rest)?;
            if let Some((field, _)) = rest.first() {
                let key = field.rsplit('.').next().unwrap_or(field);
                let known = match kind {
                    schema::Kind::Events => &["content", "timestamp", "importance"][..],
                    _ => &["sentiment", "familiarity", "trust", "shared_experiences", "notes"][..],
                };
                return Err(Problem::unknown_key(field, key, known));
            }
            read
        } else if schema::is_section(&at) {
            let table = value.as_object().ok_or_else(|| Problem::wrong_type(&at, "a table", value))?;
            Value::Object(section(&at, table)?)
        } else {
            return Err(Problem::unknown_key(&at, key, &schema::keys(path)));
        };
        checked.insert(key.clone(), read);
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Persona, String> {
        parse(text, Path::new("persona.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_absent_takes_its_default_and_a_zero_stays() {
        let persona = read(
            "goals = \"one\"\n[behavior.interaction_patterns]\nreply_probability = 0\n[behavior.content_preferences]\nmax_thread_length = 0\n\
             [behavior.post_frequency]\nmin_hours_between_posts = 24\n[initial_memory.relationships.b]\ntrust = 0.25\n",
        )
        .unwrap();
        assert_eq!(persona.goals, ["one"]);
        let patterns = &persona.behavior.interaction_patterns;
        assert_eq!((patterns.reply_probability, patterns.like_probability), (0.0, 0.7));
        assert_eq!(persona.behavior.content_preferences.max_thread_length, 0);
        // 12 hours at most is the default, and gives way.
        assert_eq!(persona.behavior.post_frequency.max_hours_between_posts, 24.0);
        assert_eq!(persona.initial_memory.relationships["b"].trust, 0.25);
        assert_eq!(read("").unwrap(), Persona::default());
    }

    #[test]
    fn errors_name_line_and_field() {
        let table = [
            (
                "[personality]\ntraitz = []\n",
                "persona.toml:2: personality.traitz: `traitz` is not a key: did you mean `traits`?",
            ),
            ("[behaviour]\n", "persona.toml:1: behaviour: `behaviour` is not a key: did you mean `behavior`?"),
            ("personality = 3\n", "persona.toml:1: personality: expected a table, found a number"),
            (
                "[personality]\ntraits = [\n\"a\",\n7,\n]\n",
                "persona.toml:4: personality.traits[1]: expected a text, found a number",
            ),
            (
                "[behavior.post_frequency]\nmin_hours_between_posts = 5\nmax_hours_between_posts = 4\n",
                "persona.toml:3: behavior.post_frequency.max_hours_between_posts: expected at least min_hours_between_posts (5), found 4: make it larger, or the other smaller",
            ),
            (
                "[initial_memory.relationships.b]\ntrust = 0.1\nlove = 1\n",
                "persona.toml:3: initial_memory.relationships.b.love: `love` is not a key: use one of sentiment, familiarity, trust, shared_experiences, notes",
            ),
            (
                "[behavior.interaction_patterns]\nlike_probability = inf\n",
                "persona.toml:2: behavior.interaction_patterns.like_probability: this number cannot be kept: use a finite one within 64 bits",
            ),
        ];
        for (text, error) in table {
            assert_eq!(read(text).unwrap_err(), error);
        }
        let syntax = parse("a = \nb = 1\n", Path::new("p.toml")).unwrap_err();
        assert_eq!((syntax.code(), syntax.line()), ("syntax", Some(1)));
    }
}
