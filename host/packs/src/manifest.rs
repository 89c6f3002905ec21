//! `pack.toml`: what a pack is, what runs in it, what it asks for. Strictly read; nothing is granted here.

use std::path::Path;

use puppet_agent::MoodDecay;
use puppet_grants::Requests;
use puppet_types::{Mood, PackId, is_odd};
use semver::Version;
use serde_json::{Map, Value, json};

use crate::{
    claims::{self, Claims},
    document::{Document, below},
    error::{ErrorKind, PackError, Problem},
    paths, requests,
    schema::{number, text, texts, within},
    settings::{self, Setting},
    workshop::{self, Workshop},
};

const KEYS: &[&str] = &[
    "id",
    "version",
    "name",
    "description",
    "license",
    "authors",
    "plugin",
    "component",
    "persona",
    "agent",
    "setting",
    "settings",
    "requests",
    claims::KEYS[0],
    claims::KEYS[1],
    claims::KEYS[2],
    claims::KEYS[3],
    claims::KEYS[4],
    claims::KEYS[5],
    workshop::KEYS[0],
    workshop::KEYS[1],
];

/// What runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Component {
    /// A plugin that comes with puppet (`plugin = "…"`). A pack that names itself is that plugin.
    BuiltIn(PackId),
    /// A file of the pack (`component = "…"`), relative to its folder.
    File(String),
}

/// `[agent]`: what an agent made from the pack starts with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AgentDefaults {
    /// Account name without `@`.
    pub handle: Option<String>,
    /// IANA name.
    pub timezone: Option<String>,
    /// Name of a configured provider.
    pub llm: Option<String>,
    /// Off where it is left out.
    pub mood_decay: Option<MoodDecay>,
}

/// A parsed `pack.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Also the id of the agent that the pack makes.
    pub id: PackId,
    /// Semantic version.
    pub version: Version,
    /// For people; the id where it is left out.
    pub name: String,
    /// One line.
    pub description: String,
    /// SPDX expression.
    pub license: Option<String>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// What runs.
    pub component: Component,
    /// File of the persona, relative to the folder.
    pub persona: Option<String>,
    /// What an agent starts with.
    pub agent: AgentDefaults,
    /// The settings that its plugin has. Empty: it has any.
    pub declares: Vec<Setting>,
    /// A JSON object, for `agent.settings()`.
    pub settings: Value,
    /// What it asks for.
    pub requests: Requests,
    /// What others hold it to.
    pub claims: Claims,
    /// For those who make it.
    pub workshop: Workshop,
}

impl Manifest {
    /// Reads the text of a `pack.toml`.
    pub fn parse(text: &str, file: &Path) -> Result<Self, PackError> {
        let document = Document::parse(text, file)?;
        Self::read(&document.root).map_err(|problem| document.fault(problem))
    }

    /// For a component without a pack.
    pub fn bare(name: &str, requests: Requests) -> Self {
        Self {
            id: PackId::new(name),
            version: Version::new(0, 0, 0),
            name: name.to_owned(),
            description: String::new(),
            license: None,
            authors: Vec::new(),
            component: Component::File(format!("{name}.wasm")),
            persona: None,
            agent: AgentDefaults::default(),
            declares: Vec::new(),
            settings: json!({}),
            requests,
            claims: Claims::default(),
            workshop: Workshop::default(),
        }
    }

    /// The pack whose component runs: another one for most personality packs.
    pub fn plugin(&self) -> &PackId {
        match &self.component {
            Component::BuiltIn(id) => id,
            Component::File(_) => &self.id,
        }
    }

    fn read(root: &Map<String, Value>) -> Result<Self, Problem> {
        if let Some(key) = root.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(Problem::unknown_key(key, key, KEYS));
        }
        let optional = |key: &str| root.get(key).map(|value| text(key, value)).transpose();
        let required = |key: &str, remedy: &str| {
            optional(key)?.ok_or_else(|| Problem::new(ErrorKind::Missing, key, "is missing", remedy))
        };
        let id = required("id", "write id = \"my-pack\" at the top")?;
        if !is_id(&id) {
            let message = "expected 1 to 64 lower-case letters, digits or `-`, beginning with a letter or digit";
            return Err(Problem::new(ErrorKind::BadValue, "id", message, ""));
        }
        let version = required("version", "write version = \"0.1.0\" below the id")?;
        let version = Version::parse(&version).map_err(|error| {
            let message = format!("expected a semantic version: {error}");
            Problem::new(ErrorKind::BadValue, "version", message, "write version = \"0.1.0\"")
        })?;
        let component = match (optional("plugin")?, optional("component")?) {
            (Some(plugin), None) if is_id(&plugin) => Component::BuiltIn(PackId::new(plugin)),
            (Some(_), None) => {
                return Err(Problem::new(ErrorKind::BadValue, "plugin", "expected the id of a plugin", ""));
            }
            (None, Some(file)) => Component::File(file_name("component", file)?),
            (Some(_), Some(_)) => {
                let message = "`plugin` stands there too: one of the two runs";
                return Err(Problem::new(ErrorKind::BadValue, "component", message, "leave one of them out"));
            }
            (None, None) => {
                let remedy = "write plugin = \"standard-personality\", or component = \"….wasm\"";
                return Err(Problem::new(ErrorKind::Missing, "plugin", "nothing says what runs", remedy));
            }
        };
        let settings = root.get("settings").cloned().unwrap_or_else(|| json!({}));
        if !settings.is_object() {
            return Err(Problem::wrong_type("settings", "a table", &settings));
        }
        let declares = root.get("setting").map(|value| settings::declared("setting", value)).transpose()?;
        let declares = declares.unwrap_or_default();
        if !declares.is_empty() && matches!(&component, Component::BuiltIn(plugin) if plugin.as_str() != id) {
            let message = "declares settings, and another pack's plugin runs";
            return Err(Problem::new(ErrorKind::BadValue, "setting", message, "declare them where the plugin is"));
        }
        settings::check("settings", &settings, &declares)?;
        let name = optional("name")?.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| id.clone());
        if name.chars().any(is_odd) {
            let message = "a name stands on one line: this one controls it, ends it or turns it";
            return Err(Problem::new(ErrorKind::BadValue, "name", message, "write it without such characters"));
        }
        let persona = optional("persona")?.map(|file| file_name("persona", file)).transpose()?;
        Ok(Self {
            name,
            id: PackId::new(id),
            version,
            description: optional("description")?.unwrap_or_default(),
            license: optional("license")?,
            authors: root.get("authors").map(|authors| texts("authors", authors)).transpose()?.unwrap_or_default(),
            component,
            claims: Claims::read(root, persona.is_some())?,
            workshop: Workshop::read(root)?,
            persona,
            agent: root.get("agent").map(|value| agent("agent", value)).transpose()?.unwrap_or_default(),
            declares,
            settings,
            requests: root
                .get("requests")
                .map(|value| requests::read("requests", value))
                .transpose()?
                .unwrap_or_default(),
        })
    }
}

pub(crate) fn is_id(id: &str) -> bool {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    id.len() <= 64 && id.starts_with(fine) && id.chars().all(|c| fine(c) || c == '-')
}

/// A path that cannot leave the folder by its text. Links are looked at when it is opened.
fn file_name(field: &str, file: String) -> Result<String, Problem> {
    if paths::check(&file).is_err() {
        let message = "expected a file of the pack: a path below its folder, with `/`, without `.` and `..`";
        return Err(Problem::new(ErrorKind::OutsidePack, field, message, ""));
    }
    if paths::is_reserved(&file) {
        let message = format!("`{file}` is written by puppet, or has a place of its own");
        return Err(Problem::new(ErrorKind::BadValue, field, message, "give the file another name"));
    }
    Ok(file)
}

fn agent(path: &str, value: &Value) -> Result<AgentDefaults, Problem> {
    let table = value.as_object().ok_or_else(|| Problem::wrong_type(path, "a table", value))?;
    let mut agent = AgentDefaults::default();
    for (key, value) in table {
        let at = below(path, key);
        let bad = |message: &str, remedy: &str| Problem::new(ErrorKind::BadValue, &at, message, remedy);
        match key.as_str() {
            "handle" => {
                let handle = text(&at, value)?;
                if !(1..=15).contains(&handle.len()) || !handle.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                    return Err(bad("expected an account name: 1 to 15 letters, digits or `_`", "leave out the `@`"));
                }
                agent.handle = Some(handle);
            }
            "timezone" => {
                let timezone = text(&at, value)?;
                if jiff::tz::TimeZone::get(&timezone).is_err() {
                    return Err(bad("there is no such time zone", "write an IANA name, like \"Europe/Berlin\""));
                }
                agent.timezone = Some(timezone);
            }
            "llm" => agent.llm = Some(text(&at, value)?),
            "mood_decay" => agent.mood_decay = Some(mood_decay(&at, value)?),
            _ => return Err(Problem::unknown_key(&at, key, &["handle", "timezone", "llm", "mood_decay"])),
        }
    }
    Ok(agent)
}

fn mood_decay(path: &str, value: &Value) -> Result<MoodDecay, Problem> {
    let table = value.as_object().ok_or_else(|| Problem::wrong_type(path, "a table", value))?;
    let mut decay = MoodDecay { half_life_ms: 0, baseline: Mood::default() };
    for (key, value) in table {
        let at = below(path, key);
        match key.as_str() {
            "half_life_hours" => {
                let expected = "a number of hours above 0 and within a year";
                let hours = number(&at, value, expected)?;
                within(&at, hours, f64::MIN_POSITIVE, 8_766.0, expected)?;
                decay.half_life_ms = ((hours * 3_600_000.0) as u64).max(1);
            }
            "baseline" => {
                let axes = value.as_object().ok_or_else(|| Problem::wrong_type(&at, "a table", value))?;
                for (axis, value) in axes {
                    let at = below(&at, axis);
                    let (place, least, expected) = match axis.as_str() {
                        "valence" => (&mut decay.baseline.valence, -1.0, "a number from -1 to 1"),
                        "arousal" => (&mut decay.baseline.arousal, 0.0, "a number from 0 to 1"),
                        "dominance" => (&mut decay.baseline.dominance, 0.0, "a number from 0 to 1"),
                        _ => return Err(Problem::unknown_key(&at, axis, &["valence", "arousal", "dominance"])),
                    };
                    *place = number(&at, value, expected)?;
                    within(&at, *place, least, 1.0, expected)?;
                }
            }
            _ => return Err(Problem::unknown_key(&at, key, &["half_life_hours", "baseline"])),
        }
    }
    if decay.half_life_ms == 0 {
        let remedy = "write half_life_hours = 12";
        return Err(Problem::new(ErrorKind::Missing, &below(path, "half_life_hours"), "is missing", remedy));
    }
    Ok(decay)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::parse(text, Path::new("pack.toml")).map_err(|error| error.to_string())
    }

    const HEAD: &str = "id = \"lamp\"\nversion = \"0.1.0\"\n";

    #[test]
    fn a_whole_manifest_is_read() {
        let text = format!(
            "{HEAD}name = \"Lamp\"\ndescription = \"d\"\nlicense = \"MIT\"\nauthors = [\"a\"]\nplugin = \"standard-personality\"\npersona = \"persona.toml\"\n\
             [agent]\nhandle = \"lamp_1\"\ntimezone = \"Europe/Berlin\"\nllm = \"offline\"\n\
             [agent.mood_decay]\nhalf_life_hours = 1.5\nbaseline = {{ valence = -0.1 }}\n[settings]\ntries = 2\n[requests.llm]\noperations = [\"complete\"]\n"
        );
        let manifest = parse(&text).unwrap();
        assert_eq!(manifest.component, Component::BuiltIn("standard-personality".into()));
        assert_eq!(
            (manifest.plugin().as_str(), manifest.persona.as_deref()),
            ("standard-personality", Some("persona.toml"))
        );
        let decay = manifest.agent.mood_decay.unwrap();
        assert_eq!((decay.half_life_ms, decay.baseline.valence, decay.baseline.dominance), (5_400_000, -0.1, 0.5));
        assert_eq!(manifest.settings, json!({"tries": 2}));
        assert_eq!(manifest.requests.len(), 1);
    }

    #[test]
    fn errors_name_line_field_and_remedy() {
        let table = [
            (
                format!("{HEAD}name = \"Lamp\\u202e\"\nplugin = \"standard-personality\"\n"),
                "pack.toml:3: name: a name stands on one line: this one controls it, ends it or turns it: write it without such characters",
            ),
            (format!("{HEAD}plugni = \"x\"\n"), "pack.toml:3: plugni: `plugni` is not a key: did you mean `plugin`?"),
            (
                HEAD.to_owned(),
                "pack.toml: plugin: nothing says what runs: write plugin = \"standard-personality\", or component = \"….wasm\"",
            ),
            ("version = \"0.1.0\"\n".to_owned(), "pack.toml: id: is missing: write id = \"my-pack\" at the top"),
            (
                "id = \"../x\"\n".to_owned(),
                "pack.toml:1: id: expected 1 to 64 lower-case letters, digits or `-`, beginning with a letter or digit",
            ),
            (
                format!("{HEAD}component = \"../x.wasm\"\n"),
                "pack.toml:3: component: expected a file of the pack: a path below its folder, with `/`, without `.` and `..`",
            ),
            (
                format!("{HEAD}plugin = \"a\"\ncomponent = \"a.wasm\"\n"),
                "pack.toml:4: component: `plugin` stands there too: one of the two runs: leave one of them out",
            ),
            (
                format!("{HEAD}plugin = \"a\"\n[agent]\ntimezone = \"Mars/Olympus\"\n"),
                "pack.toml:5: agent.timezone: there is no such time zone: write an IANA name, like \"Europe/Berlin\"",
            ),
            (
                format!("{HEAD}plugin = \"a\"\n[requests.llm.amounts]\n\"usd/day\" = 0.5\n"),
                "pack.toml:5: requests.llm.amounts.usd/day: expected dollars as a text with at most six decimals, like \"0.50\", found a number",
            ),
            (
                format!("{HEAD}plugin = \"a\"\n[requests.tweets]\n"),
                "pack.toml:4: requests.tweets: `tweets` is not a key: did you mean `tweet`?",
            ),
            (
                format!("{HEAD}plugin = \"a\"\n[agent.mood_decay]\n"),
                "pack.toml:4: agent.mood_decay.half_life_hours: is missing: write half_life_hours = 12",
            ),
        ];
        for (text, error) in table {
            assert_eq!(parse(&text).unwrap_err(), error);
        }
        assert!(
            parse("id = \"a\"\nversion = \"1\"\n")
                .unwrap_err()
                .starts_with("pack.toml:2: version: expected a semantic version")
        );
    }
}
