//! Settings of the original in `puppet.toml`: put in where nothing stands, with the operator's comments and order left as
//! they are. What stands there stays, unless it is to be replaced.

use std::{fmt, path::Path};

use puppet_packs::import::is_secret_address;
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use crate::{
    config, files,
    trouble::{Result, Trouble},
};

const HEADER: &str =
    "# What the original engine was told in its environment. `puppet config` shows what is in effect.\n\n";

/// One.
#[derive(Debug, Clone)]
pub struct Setting {
    /// `generators.news.interval`.
    pub key: String,
    /// What it is to be.
    pub value: Value,
    /// The variable that said so.
    pub variable: String,
}

/// As people read it; an address with a credential in it is none to be read.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.as_str() {
            Some(text) if is_secret_address(text) => write!(f, "{} = ***", self.key),
            _ => write!(f, "{} = {}", self.key, self.value),
        }
    }
}

/// Whether `puppet.toml` may hold it.
pub fn means_something(setting: &Setting) -> bool {
    let mut document = DocumentMut::new();
    put(&mut document, setting);
    config::check(Path::new("puppet.toml"), &document.to_string()).is_ok()
}

/// The file as it is to be.
pub struct Draft {
    document: DocumentMut,
    /// Settings that stay as they are there, with the value that they have.
    pub stay: Vec<Setting>,
    /// What it begins with.
    header: &'static str,
    /// Settings that come in.
    pub new: Vec<Setting>,
}

impl Draft {
    /// Of a file, or of none.
    pub fn of(file: &Path, settings: &[Setting], replace: bool) -> Result<Self> {
        let (text, header) = match files::plain_text(file) {
            Ok(text) => (text, ""),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (String::new(), HEADER),
            Err(error) => {
                let message = format!("cannot be read: {error}");
                return Err(Trouble::input("config-file", message, "check the file").in_file(file));
            }
        };
        let document: DocumentMut = text.parse().map_err(Trouble::internal)?;
        let here = document.clone();
        let mut draft = Self { document, stay: Vec::new(), header, new: Vec::new() };
        for setting in settings {
            match found(&draft.document, &setting.key) {
                None if is_of_another(&here, &setting.key) => draft.stay.push(setting.clone()),
                Some(there) if same(there, &setting.value) => {}
                Some(_) if !replace => draft.stay.push(setting.clone()),
                _ => {
                    put(&mut draft.document, setting);
                    draft.new.push(setting.clone());
                }
            }
        }
        config::check(file, &draft.document.to_string())?;
        Ok(draft)
    }

    /// Puts it in its place, where anything is new.
    pub fn save(&self, file: &Path) -> Result<()> {
        if self.new.is_empty() {
            return Ok(());
        }
        let text = format!("{}{}", self.header, self.document);
        files::replace(file, text.as_bytes(), None).map_err(|error| {
            Trouble::unreachable("config-file", format!("cannot be written: {error}"), "check the folder").in_file(file)
        })
    }
}

fn found<'d>(document: &'d DocumentMut, key: &str) -> Option<&'d Item> {
    key.split('.').try_fold(document.as_item(), |item, part| item.get(part))
}

/// Whether it belongs to an app or an account of X that is there already: how one signs is not mixed with how another does.
fn is_of_another(document: &DocumentMut, key: &str) -> bool {
    let section = key.rsplit_once('.').map(|(section, _)| section);
    section.is_some_and(|section| {
        ["tweet.x.apps.", "tweet.x.accounts."].iter().any(|of| section.starts_with(of))
            && found(document, section).is_some()
    })
}

fn same(there: &Item, value: &Value) -> bool {
    match (there.as_value(), value) {
        (Some(Value::String(a)), Value::String(b)) => a.value() == b.value(),
        (Some(Value::Integer(a)), Value::Integer(b)) => a.value() == b.value(),
        _ => false,
    }
}

fn put(document: &mut DocumentMut, setting: &Setting) {
    let mut parts: Vec<&str> = setting.key.split('.').collect();
    let Some(last) = parts.pop() else { return };
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for part in parts {
        if !table.contains_key(part) {
            let mut inner = Table::new();
            inner.set_implicit(true);
            table.insert(part, Item::Table(inner));
        }
        // Where something else stands, the check of the whole file says what is wrong.
        let Some(inner) = table.get_mut(part).and_then(Item::as_table_like_mut) else { return };
        table = inner;
    }
    table.insert(last, Item::Value(setting.value.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(key: &str, value: impl Into<Value>) -> Setting {
        Setting { key: key.to_owned(), value: value.into(), variable: "X".to_owned() }
    }

    #[test]
    fn what_stands_there_stays_unless_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("puppet.toml");
        let text =
            "# mine\n[host]\nlog_level = \"warn\" # quiet\n\n[llm]\nproviders = { grok = { model = \"grok-1\" } }\n";
        std::fs::write(&file, text).unwrap();
        let settings = [
            setting("host.log_level", "debug"),
            setting("generators.mood-swings.interval", 60_000),
            setting("llm.providers.grok.key_secret", "llm/grok"),
        ];
        let draft = Draft::of(&file, &settings, false).unwrap();
        assert_eq!(draft.stay.iter().map(|setting| setting.key.as_str()).collect::<Vec<_>>(), ["host.log_level"]);
        draft.save(&file).unwrap();
        let written = std::fs::read_to_string(&file).unwrap();
        assert!(written.starts_with("# mine\n[host]\nlog_level = \"warn\" # quiet\n"), "{written}");
        assert!(written.contains("[generators.mood-swings]\ninterval = 60000"), "{written}");
        assert!(written.contains("key_secret = \"llm/grok\""), "{written}");

        Draft::of(&file, &settings, true).unwrap().save(&file).unwrap();
        let replaced = std::fs::read_to_string(&file).unwrap();
        assert!(replaced.contains("log_level = \"debug\""), "{replaced}");
        let again = Draft::of(&file, &settings, false).unwrap();
        assert!(again.stay.is_empty() && again.new.is_empty(), "twice is the same");
    }

    #[test]
    fn a_new_file_says_where_it_comes_from() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("puppet.toml");
        Draft::of(&file, &[], false).unwrap().save(&file).unwrap();
        assert!(!file.exists(), "nothing is to be said");
        Draft::of(&file, &[setting("host.log_level", "warn")], false).unwrap().save(&file).unwrap();
        let written = std::fs::read_to_string(&file).unwrap();
        assert_eq!(written, format!("{HEADER}[host]\nlog_level = \"warn\"\n"));
    }

    #[test]
    fn what_means_nothing_is_known_before() {
        assert!(means_something(&setting("generators.news.interval", 21_600_000)));
        assert!(!means_something(&setting("generators.news.interval", 3)));
        assert!(!means_something(&setting("generators.news.interval", "often")));
        assert!(!means_something(&setting("host.log_level", "loud")));
    }
}
