//! `.env`: read into a lookup, never into the environment of the process.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    Origin, environment,
    environment::ENVIRONMENT,
    origin::{Level, Warning},
    suggest,
};
use crate::trouble::{Place, Result, Trouble};

/// The variables of one `.env`.
#[derive(Default)]
pub(super) struct Dotenv {
    file: PathBuf,
    values: BTreeMap<String, String>,
}

impl Dotenv {
    /// Reads a file; nothing where there is none.
    pub(super) fn read(file: &Path, warnings: &mut Vec<Warning>) -> Result<Self> {
        let bytes = match crate::files::bytes(file, crate::files::TEXT_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(Trouble::input("env-file", format!("cannot be read: {error}"), "make it readable for you")
                    .in_file(file));
            }
        };
        if others_can_read(file) {
            warnings.push(Warning {
                level: Level::Warning,
                code: "env-file-open",
                message: "others on this machine can read it".to_owned(),
                place: Place { file: Some(file.display().to_string()), ..Place::default() },
                remedy: format!("chmod 600 {}", file.display()),
            });
        }
        let mut values = BTreeMap::new();
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        for entry in dotenvy::from_read_iter(text) {
            let (name, value) = match entry {
                Ok(entry) => entry,
                Err(error) => dashed(&error).ok_or_else(|| unreadable(file, &bytes, &error))?,
            };
            values.insert(name, value);
        }
        let dotenv = Self { file: file.to_owned(), values };
        dotenv.look_through(warnings);
        Ok(dotenv)
    }

    /// A value, with where it comes from.
    pub(super) fn get(&self, name: &str) -> Option<(String, Origin)> {
        let value = self.values.get(name)?;
        let origin = Origin::Environment { name: name.to_owned(), dotenv: Some(self.file.clone()) };
        Some((value.clone(), origin))
    }

    /// Their names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// What has no effect is said; what looks like a slip is a warning. Other programs' variables are not our business.
    fn look_through(&self, warnings: &mut Vec<Warning>) {
        let known: Vec<&str> = ENVIRONMENT.iter().map(|variable| variable.name).collect();
        for (name, value) in &self.values {
            if value.trim().is_empty() {
                continue;
            }
            match ENVIRONMENT.iter().find(|variable| variable.is_named(name)) {
                Some(variable) if variable.used => {}
                Some(_) => warnings.push(environment::note(name.clone(), Some(self.file.clone()))),
                None => {
                    let near =
                        suggest::nearest(name, &known).filter(|near| strsim::damerau_levenshtein(name, near) <= 2);
                    if let Some(near) = near {
                        warnings.push(Warning {
                            level: Level::Warning,
                            code: "unknown-variable",
                            message: "is not a variable of puppet".to_owned(),
                            place: Place {
                                file: Some(self.file.display().to_string()),
                                line: None,
                                field: Some(name.clone()),
                            },
                            remedy: format!("did you mean `{near}`?"),
                        });
                    }
                }
            }
        }
    }
}

/// A line whose name holds `-`, as `TWITTER_USERNAME_news-bot` does: the original's reader took those, dotenvy does not.
fn dashed(error: &dotenvy::Error) -> Option<(String, String)> {
    let dotenvy::Error::LineParse(line, _) = error else { return None };
    let line = line.trim_start();
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let name = name.trim();
    let shape = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !name.contains('-') || !name.bytes().all(shape) {
        return None;
    }
    let stand_in = format!("NAME={value}");
    let (_, value) = dotenvy::from_read_iter(stand_in.as_bytes()).next()?.ok()?;
    Some((name.to_owned(), value))
}

/// The line that cannot be read, by number: its text may hold a secret.
fn unreadable(file: &Path, bytes: &[u8], error: &dotenvy::Error) -> Trouble {
    let trouble = Trouble::input("env-file", "expected NAME=value", "quote values that hold spaces or `$`: NAME='a b'")
        .in_file(file);
    let text = String::from_utf8_lossy(bytes);
    match error {
        dotenvy::Error::LineParse(line, _) => {
            match text.lines().position(|candidate| candidate.trim() == line.lines().next().unwrap_or("").trim()) {
                Some(at) => trouble.on_line(at + 1),
                None => trouble,
            }
        }
        _ => trouble,
    }
}

#[cfg(unix)]
fn others_can_read(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|data| data.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_: &Path) -> bool {
    false
}
