//! The settings that the pack of a plugin declares (`[setting.NAME]`), and whether a pack that runs the plugin sets
//! what there is. What the values mean is the plugin's business.

use serde_json::{Map, Value};

use crate::{
    document::below,
    error::{ErrorKind, Problem, suggest},
    schema::text,
};

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Any number.
    Number,
    /// A whole number from 0.
    Count,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// A list of tables.
    Tables,
    /// True or false.
    Switch,
}

impl Holds {
    /// All of them, by the words of `type`.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("number", Self::Number),
        ("count", Self::Count),
        ("text", Self::Text),
        ("texts", Self::Texts),
        ("tables", Self::Tables),
        ("switch", Self::Switch),
    ];

    fn takes(self, value: &Value) -> bool {
        let all = |each: fn(&Value) -> bool| value.as_array().is_some_and(|list| list.iter().all(each));
        match self {
            Self::Number => value.is_number(),
            Self::Count => value.is_u64(),
            Self::Text => value.is_string(),
            Self::Texts => all(Value::is_string),
            Self::Tables => all(Value::is_object),
            Self::Switch => value.is_boolean(),
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Count => "a whole number from 0",
            Self::Text => "a text",
            Self::Texts => "a list of texts",
            Self::Tables => "a list of tables",
            Self::Switch => "true or false",
        }
    }
}

/// A setting that a plugin declares.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its key in `[settings]`.
    pub name: String,
    /// Its type.
    pub holds: Holds,
    /// Where nothing is set; none where the plugin has a longer one of its own.
    pub default: Option<Value>,
    /// What it does, for people.
    pub doc: String,
}

/// Reads the table of declarations.
pub(crate) fn declared(path: &str, value: &Value) -> Result<Vec<Setting>, Problem> {
    let table = value.as_object().ok_or_else(|| Problem::wrong_type(path, "a table", value))?;
    table.iter().map(|(name, value)| one(&below(path, name), name, value)).collect()
}

fn one(path: &str, name: &str, value: &Value) -> Result<Setting, Problem> {
    const KEYS: [&str; 3] = ["type", "default", "doc"];
    let table: &Map<String, Value> =
        value.as_object().ok_or_else(|| Problem::wrong_type(path, "a table with type, default and doc", value))?;
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(Problem::unknown_key(&below(path, key), key, &KEYS));
    }
    let required = |key: &str| {
        let at = below(path, key);
        let value = table.get(key).ok_or_else(|| Problem::new(ErrorKind::Missing, &at, "is missing", ""))?;
        text(&at, value)
    };
    let word = required("type")?;
    let Some((_, holds)) = Holds::NAMES.into_iter().find(|(name, _)| *name == word) else {
        let remedy = suggest(&word, &Holds::NAMES.map(|(name, _)| name));
        return Err(Problem::new(ErrorKind::BadValue, &below(path, "type"), format!("`{word}` is no type"), remedy));
    };
    let default = table.get("default").cloned();
    if let Some(default) = default.as_ref().filter(|default| !holds.takes(default)) {
        return Err(Problem::wrong_type(&below(path, "default"), holds.expected(), default));
    }
    Ok(Setting { name: name.to_owned(), holds, default, doc: required("doc")? })
}

/// Whether everything that is set is declared, and of its type. A plugin that declares nothing takes anything.
pub(crate) fn check(path: &str, settings: &Value, declared: &[Setting]) -> Result<(), Problem> {
    if declared.is_empty() {
        return Ok(());
    }
    for (key, value) in settings.as_object().into_iter().flatten() {
        let at = below(path, key);
        let Some(setting) = declared.iter().find(|setting| setting.name == *key) else {
            let known: Vec<&str> = declared.iter().map(|setting| setting.name.as_str()).collect();
            return Err(Problem::unknown_key(&at, key, &known));
        };
        if !setting.holds.takes(value) {
            return Err(Problem::wrong_type(&at, setting.holds.expected(), value));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{Manifest, Pack};

    const HEAD: &str = "id = \"lamp\"\nversion = \"0.1.0\"\nplugin = \"lamp\"\n";
    const TRIES: &str = "[setting.tries]\ntype = \"count\"\ndefault = 3\ndoc = \"How often.\"\n";

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::parse(text, Path::new("pack.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_plugin_declares_what_can_be_set() {
        let manifest = parse(&format!("{HEAD}{TRIES}[settings]\ntries = 2\n")).unwrap();
        assert_eq!((manifest.declares.len(), manifest.declares[0].doc.as_str()), (1, "How often."));
        for (text, error) in [
            (
                format!("{HEAD}{TRIES}[settings]\ntires = 2\n"),
                "pack.toml:9: settings.tires: `tires` is not a key: did you mean `tries`?",
            ),
            (
                format!("{HEAD}{TRIES}[settings]\ntries = -2\n"),
                "pack.toml:9: settings.tries: expected a whole number from 0, found a number",
            ),
            (
                format!("{HEAD}{}", TRIES.replace("count", "cuont")),
                "pack.toml:5: setting.tries.type: `cuont` is no type: did you mean `count`?",
            ),
            (
                format!("{HEAD}{}", TRIES.replace("default = 3", "default = \"3\"")),
                "pack.toml:6: setting.tries.default: expected a whole number from 0, found a text",
            ),
            (format!("{HEAD}[setting.tries]\ntype = \"count\"\n"), "pack.toml:4: setting.tries.doc: is missing"),
            (
                format!("{}{TRIES}", HEAD.replace("plugin = \"lamp\"", "plugin = \"other\"")),
                "pack.toml:4: setting: declares settings, and another pack's plugin runs: declare them where the plugin is",
            ),
        ] {
            assert_eq!(parse(&text).unwrap_err(), error);
        }
    }

    #[test]
    fn a_pack_sets_what_its_plugin_declares() {
        let declares = parse(&format!("{HEAD}{TRIES}")).unwrap().declares;
        let folder = tempfile::tempdir().unwrap();
        let open = |settings: &str| {
            let text = format!("id = \"ember\"\nversion = \"0.1.0\"\nplugin = \"lamp\"\n[settings]\n{settings}\n");
            std::fs::write(folder.path().join("pack.toml"), text).unwrap();
            Pack::open(folder.path()).unwrap()
        };
        assert!(open("tries = 1").check_settings(&declares).is_ok());
        assert!(open("anything = 1").check_settings(&[]).is_ok(), "nothing is declared");
        let error = open("tires = 1").check_settings(&declares).unwrap_err();
        assert_eq!((error.code(), error.line(), error.field()), ("unknown-key", Some(5), Some("settings.tires")));
        assert_eq!(error.remedy(), "did you mean `tries`?");
    }
}
