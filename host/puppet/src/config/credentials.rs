//! `[credentials]`: names for values that are kept elsewhere. Here is what the file says; who gets a value is
//! `crate::credentials`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{
    Secret,
    load::variable,
    read::{Found, Section},
    settings::known,
};
use crate::trouble::Result;

/// One credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// Where its value is.
    pub place: CredentialPlace,
    /// The value, where it came from the environment and is set.
    pub value: Option<Secret>,
}

/// Where a credential's value is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialPlace {
    /// In this variable.
    Env(String),
    /// In this file, which nobody else may read.
    File(PathBuf),
    /// What this program prints, with its arguments.
    Command(Vec<String>),
}

impl Credential {
    /// Whether there is a value, as far as can be said without looking for it.
    pub fn is_set(&self) -> bool {
        self.value.is_some() || !matches!(self.place, CredentialPlace::Env(_))
    }
}

/// Reads the section, in the order of the file.
pub(super) fn read(root: &Section<'_>, file: &Path) -> Result<Vec<(String, Credential)>> {
    let Some((section, entries)) = root.named("credentials")? else { return Ok(Vec::new()) };
    let mut credentials = Vec::new();
    for entry in entries {
        if !is_name(&entry.name) {
            let message = "expected a name of letters, digits, `-`, `_` and `/`";
            return Err(section.wrong(&entry.name, entry.line, message, ""));
        }
        if let Some(found) = section.section(&entry.name, &known("credentials.<name>"))? {
            let place = place(&section, &entry.name, &found, file)?;
            credentials.push((entry.name, Credential { place, value: None }));
        }
    }
    Ok(credentials)
}

/// Bytes of a name: a key that was pasted in its place is longer.
const NAME_BYTES: usize = 40;

/// Whether credentials may be called so.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= NAME_BYTES
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/'))
}

fn place(all: &Section<'_>, name: &str, found: &Found<Section<'_>>, file: &Path) -> Result<CredentialPlace> {
    let section = &found.value;
    let env = section.parsed("env", "the name of an environment variable (not the value itself)", variable)?;
    let path = |text: &str| (!text.trim().is_empty()).then(|| PathBuf::from(text));
    let path = section.parsed("file", "the path of a file", path)?;
    let command = section.texts("command")?;
    if let Some(command) = &command
        && command.value.first().is_none_or(|program| program.is_empty())
    {
        return Err(section.wrong("command", command.line, "expected a program and its arguments", ""));
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    match (env, path, command) {
        (Some(env), None, None) => Ok(CredentialPlace::Env(env.value)),
        (None, Some(path), None) => Ok(CredentialPlace::File(folder.join(path.value))),
        (None, None, Some(command)) => Ok(CredentialPlace::Command(command.value)),
        _ => {
            let remedy =
                "write { env = \"VARIABLE\" }, { file = \"path\" } or { command = [\"program\", \"argument\"] }";
            Err(all.wrong(name, found.line, "expected one of `env`, `file` and `command`", remedy))
        }
    }
}
