//! `pack.toml`: who a pack is, what it runs, what it asks for. Strict: an unknown key is an error.

use std::{collections::BTreeMap, path::Path};

use puppet_grants::{Amount, Request, Requests};
use puppet_types::{Capability, PackId};
use semver::Version;
use serde::Deserialize;
use serde_json::Value;

use crate::PackError;

/// What a pack runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Component {
    /// A plugin that comes with the program.
    BuiltIn(PackId),
    /// A file of the pack.
    File(String),
}

/// How an agent made of the pack is set up, unless its operator says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentDefaults {
    /// Account without `@`; made of the pack's id where it is not given.
    pub handle: Option<String>,
    /// IANA name.
    pub timezone: Option<String>,
    /// Name of a model provider.
    pub llm: Option<String>,
}

/// A pack's manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Its id: small letters, digits, `-`.
    pub id: PackId,
    /// Semver.
    pub version: Version,
    /// For people.
    pub name: String,
    /// One or two sentences.
    pub description: String,
    /// What it runs.
    pub component: Component,
    /// File of the persona, for personalities.
    pub persona: Option<String>,
    /// Of agents made of it.
    pub agent: AgentDefaults,
    /// What `agent.settings()` answers.
    pub settings: Value,
    /// What it asks for.
    pub requests: Requests,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    version: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: String,
    plugin: Option<String>,
    component: Option<String>,
    persona: Option<String>,
    #[serde(default)]
    agent: AgentDefaults,
    #[serde(default)]
    settings: toml::Table,
    #[serde(default)]
    requests: BTreeMap<String, FileRequest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRequest {
    #[serde(default)]
    operations: Vec<String>,
    #[serde(default)]
    amounts: BTreeMap<String, toml::Value>,
    #[serde(default)]
    kinds: Vec<String>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    optional: bool,
}

impl Manifest {
    /// Reads one; `path` is for errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, PackError> {
        let file: File = toml::from_str(text).map_err(|error| PackError::toml(path, text, &error))?;
        let wrong = |field: &str, message: String, remedy: &str| PackError::new(path, message, remedy).of(field);
        if !is_id(&file.id) {
            let message = format!("`{}` is no pack id", file.id);
            return Err(wrong("id", message, "use small letters, digits and `-`, beginning with a letter"));
        }
        let version = Version::parse(&file.version).map_err(|error| {
            wrong("version", format!("`{}` is no version: {error}", file.version), "write for example 0.1.0")
        })?;
        let component = match (file.plugin, file.component) {
            (Some(plugin), None) if is_id(&plugin) => Component::BuiltIn(PackId::from(plugin)),
            (None, Some(component)) if is_inside(&component) => Component::File(component),
            (None, Some(component)) => {
                let message = format!("`{component}` leaves the pack");
                return Err(wrong("component", message, "name a file of the pack"));
            }
            (Some(plugin), None) => return Err(wrong("plugin", format!("`{plugin}` is no plugin"), "name one that comes with puppet")),
            (None, None) => return Err(wrong("component", "is missing".to_owned(), "name a component, or a plugin that comes with puppet: plugin = \"standard-personality\"")),
            (Some(_), Some(_)) => return Err(wrong("component", "stands beside `plugin`".to_owned(), "keep one of them")),
        };
        if let Some(persona) = file.persona.as_deref().filter(|persona| !is_inside(persona)) {
            return Err(wrong("persona", format!("`{persona}` leaves the pack"), "name a file of the pack"));
        }
        let mut requests = Requests::new();
        for (name, request) in file.requests {
            let (capability, request) = read_request(path, &name, request)?;
            requests.insert(capability, request);
        }
        Ok(Self {
            name: file.name.unwrap_or_else(|| file.id.clone()),
            id: PackId::from(file.id),
            version,
            description: file.description,
            component,
            persona: file.persona,
            agent: file.agent,
            settings: serde_json::to_value(file.settings).unwrap_or_default(),
            requests,
        })
    }

    /// Of a component without a pack.
    pub fn bare(id: &str, requests: Requests) -> Self {
        let id: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        Self {
            name: id.clone(),
            component: Component::File(format!("{id}.wasm")),
            id: PackId::from(id),
            version: Version::new(0, 0, 0),
            description: String::new(),
            persona: None,
            agent: AgentDefaults::default(),
            settings: Value::Object(serde_json::Map::new()),
            requests,
        }
    }
}

fn read_request(path: &Path, name: &str, request: FileRequest) -> Result<(Capability, Request), PackError> {
    let field = format!("requests.{name}");
    let wrong = |message: String, remedy: String| PackError::new(path, message, remedy).of(&field);
    let requestable = || Capability::ALL.iter().filter(|capability| !capability.comes_with_every_plugin());
    let Some(capability) = Capability::parse(name) else {
        let near = requestable().min_by_key(|known| strsim::damerau_levenshtein(name, known.name()));
        let remedy = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
        return Err(wrong(format!("`{name}` is no capability"), remedy));
    };
    if capability.comes_with_every_plugin() {
        return Err(wrong(format!("`{name}` comes with every plugin"), "take the request out".to_owned()));
    }
    let known = puppet_grants::ceiling(capability).map_or(&[][..], |ceiling| ceiling.operations);
    for operation in &request.operations {
        if !known.contains(&operation.as_str()) {
            let message = format!("`{operation}` is no operation of `{name}`");
            return Err(wrong(message, format!("use some of {}", known.join(", "))));
        }
    }
    let mut amounts = BTreeMap::new();
    for (key, value) in request.amounts {
        let parsed = Amount::parse_key(&key).map_err(|error| wrong(error.to_string(), String::new()))?;
        let expected = if parsed.0 == Amount::Usd { "dollars as a text, \"0.50\"" } else { "a whole number" };
        let quantity = match (&value, parsed.0) {
            (toml::Value::String(text), Amount::Usd) => usd_micros(text),
            (toml::Value::Integer(number), amount) if amount != Amount::Usd => u64::try_from(*number).ok(),
            _ => None,
        };
        let quantity = quantity.ok_or_else(|| wrong(format!("`{key}` is {value}"), format!("write {expected}")))?;
        amounts.insert(parsed, quantity);
    }
    let FileRequest { operations, kinds, reason, optional, .. } = request;
    let operations = operations.into_iter().collect();
    Ok((capability, Request { operations, amounts, kinds: kinds.into_iter().collect(), reason, optional }))
}

/// `0.50` as 500,000; at most six decimals.
fn usd_micros(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let micros: u64 = format!("{fraction:0<6}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)
}

fn is_id(text: &str) -> bool {
    let shape = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(shape)
}

/// A relative path that stays below the pack.
pub(crate) fn is_inside(path: &str) -> bool {
    use std::path::Component as Part;
    let mut parts = Path::new(path).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Part::Normal(_)))
}

#[cfg(test)]
mod tests {
    use puppet_grants::Period;

    use super::*;

    fn parse(text: &str) -> Result<Manifest, PackError> {
        Manifest::parse(text, Path::new("pack.toml"))
    }

    const HEAD: &str = "id = \"x\"\nversion = \"0.1.0\"\nplugin = \"standard-personality\"\n";

    #[test]
    fn reads_requests_with_amounts() {
        let text = format!("{HEAD}[requests.llm]\namounts = {{ \"tokens/day\" = 5, \"usd/day\" = \"0.50\" }}\nreason = \"texts\"\n");
        let manifest = parse(&text).unwrap();
        let amounts = &manifest.requests[&Capability::Llm].amounts;
        assert_eq!(amounts[&(Amount::Usd, Period::Day)], 500_000);
        assert_eq!(amounts[&(Amount::Tokens, Period::Day)], 5);
        assert_eq!(manifest.component, Component::BuiltIn("standard-personality".into()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let table = [
            (format!("{HEAD}desription = \"x\"\n"), "desription", "description"),
            (format!("{HEAD}[requests.lmm]\n"), "lmm", "llm"),
            (format!("{HEAD}[requests.llm]\noperations = [\"complet\"]\n"), "complet", "complete"),
            (format!("{HEAD}[requests.llm]\namounts = {{ \"usd/day\" = 0.5 }}\n"), "usd/day", "text"),
            (format!("{HEAD}[requests.agent]\n"), "agent", "take"),
            (format!("{HEAD}component = \"x.wasm\"\n"), "plugin", "one of them"),
            ("id = \"X\"\nversion = \"1\"\n".to_owned(), "X", "small letters"),
            ("id = \"x\"\nversion = \"0.1.0\"\ncomponent = \"../x.wasm\"\n".to_owned(), "leaves", "file of the pack"),
            ("id = \"x\"\nversion = \"one\"\nplugin = \"y\"\n".to_owned(), "one", "0.1.0"),
        ];
        for (text, what, remedy) in table {
            let error = parse(&text).unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
            assert!(error.remedy().contains(remedy), "{error}: {}", error.remedy());
        }
    }
}
