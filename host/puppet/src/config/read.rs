//! Reads values out of a TOML text, each with its line; what is unknown, of the wrong type or out of range is an
//! error that names file, line, field and what was expected. Values are not quoted in errors: they may be secrets.

use std::{ops::RangeInclusive, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::suggest;
use crate::trouble::{Result, Trouble};

/// A file's text.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
}

/// A value and its line.
#[derive(Debug, Clone)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) line: usize,
}

/// A table whose keys are all known.
#[derive(Clone)]
pub(super) struct Section<'a> {
    source: Source<'a>,
    path: String,
    table: &'a DeTable<'a>,
}

/// A named table of free names, with its line.
pub(super) struct Named<'a> {
    pub(super) name: String,
    pub(super) line: usize,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Source<'a> {
    /// The line of a byte.
    pub(super) fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }

    /// Parses the text.
    pub(super) fn parse(&self) -> Result<DeTable<'a>> {
        DeTable::parse(self.text).map(Spanned::into_inner).map_err(|error| self.syntax(&error))
    }

    /// An error about text that is no TOML, or about a number that is too large for it.
    pub(super) fn syntax(&self, error: &toml::de::Error) -> Trouble {
        let line = error.span().map_or(1, |span| self.line(span.start));
        Trouble::input("toml-syntax", error.message().to_owned(), "see https://toml.io for how TOML is written")
            .in_file(self.file)
            .on_line(line)
    }

    pub(super) fn trouble(
        &self,
        code: &'static str,
        line: usize,
        field: &str,
        message: String,
        remedy: String,
    ) -> Trouble {
        Trouble::input(code, message, remedy).in_file(self.file).on_line(line).of_field(field)
    }
}

impl<'a> Section<'a> {
    /// A table; its keys must be among the known ones.
    pub(super) fn new(source: Source<'a>, path: &str, table: &'a DeTable<'a>, known: &[&str]) -> Result<Self> {
        let section = Self { source, path: path.to_owned(), table };
        let unknown =
            table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())).min_by_key(|key| key.span().start);
        match unknown {
            None => Ok(section),
            Some(key) => {
                let name = key.get_ref();
                Err(source.trouble(
                    "unknown-key",
                    source.line(key.span().start),
                    &section.field(name),
                    format!("`{name}` is not a key"),
                    suggest::remedy(name, known),
                ))
            }
        }
    }

    /// The full name of a key.
    pub(super) fn field(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn get(&self, key: &str) -> Option<(usize, &'a DeValue<'a>)> {
        let (key, value) = self.table.iter().find(|(name, _)| name.get_ref() == key)?;
        Some((self.source.line(key.span().start), value.get_ref()))
    }

    /// An error about a key's value.
    pub(super) fn wrong(
        &self,
        key: &str,
        line: usize,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Trouble {
        self.source.trouble("bad-value", line, &self.field(key), message.into(), remedy.into())
    }

    fn wrong_type(&self, key: &str, line: usize, expected: &str, value: &DeValue<'_>) -> Trouble {
        let message = format!("expected {expected}, found {}", kind(value));
        self.source.trouble("wrong-type", line, &self.field(key), message, String::new())
    }

    /// A text.
    pub(super) fn text(&self, key: &str, expected: &str) -> Result<Option<Found<String>>> {
        match self.get(key) {
            None => Ok(None),
            Some((line, DeValue::String(text))) => Ok(Some(Found { value: text.clone().into_owned(), line })),
            Some((line, other)) => Err(self.wrong_type(key, line, expected, other)),
        }
    }

    /// A text that is read by a function; `None` from it is an error.
    pub(super) fn parsed<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<Found<T>>> {
        let Some(Found { value, line }) = self.text(key, expected)? else { return Ok(None) };
        match read(&value) {
            Some(value) => Ok(Some(Found { value, line })),
            None => Err(self.wrong(key, line, format!("expected {expected}"), String::new())),
        }
    }

    /// A whole number within bounds.
    pub(super) fn integer(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<Found<u64>>> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        match self.get(key) {
            None => Ok(None),
            Some((line, DeValue::Integer(number))) => i64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .and_then(|number| u64::try_from(number).ok())
                .filter(|number| range.contains(number))
                .map(|value| Some(Found { value, line }))
                .ok_or_else(|| {
                    let message = format!("expected {expected}, found {number}");
                    self.source.trouble("out-of-range", line, &self.field(key), message, String::new())
                }),
            Some((line, other)) => Err(self.wrong_type(key, line, &expected, other)),
        }
    }

    /// A whole number, below zero too.
    pub(super) fn signed(&self, key: &str) -> Result<Option<Found<i64>>> {
        const EXPECTED: &str = "a whole number";
        match self.get(key) {
            None => Ok(None),
            Some((line, DeValue::Integer(number))) => i64::from_str_radix(number.as_str(), number.radix())
                .map(|value| Some(Found { value, line }))
                .map_err(|_| self.wrong(key, line, format!("expected {EXPECTED} of 64 bits, found {number}"), "")),
            Some((line, other)) => Err(self.wrong_type(key, line, EXPECTED, other)),
        }
    }

    /// Whether a key holds a whole number.
    pub(super) fn holds_integer(&self, key: &str) -> bool {
        self.get(key).is_some_and(|(_, value)| value.is_integer())
    }

    /// Whether a key holds a text.
    pub(super) fn holds_text(&self, key: &str) -> bool {
        self.get(key).is_some_and(|(_, value)| value.is_str())
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, key: &str) -> Result<Option<Found<bool>>> {
        match self.get(key) {
            None => Ok(None),
            Some((line, DeValue::Boolean(value))) => Ok(Some(Found { value: *value, line })),
            Some((line, other)) => Err(self.wrong_type(key, line, "true or false", other)),
        }
    }

    /// An array of texts.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Found<Vec<String>>>> {
        const EXPECTED: &str = "an array of texts";
        match self.get(key) {
            None => Ok(None),
            Some((line, DeValue::Array(array))) => array
                .iter()
                .map(|value| match value.get_ref() {
                    DeValue::String(text) => Ok(text.clone().into_owned()),
                    other => Err(self.wrong_type(key, self.source.line(value.span().start), EXPECTED, other)),
                })
                .collect::<Result<_>>()
                .map(|value| Some(Found { value, line })),
            Some((line, other)) => Err(self.wrong_type(key, line, EXPECTED, other)),
        }
    }

    /// A table with known keys, and its line.
    pub(super) fn section(&self, key: &str, known: &[&str]) -> Result<Option<Found<Section<'a>>>> {
        match self.get(key) {
            None => Ok(None),
            Some((line, DeValue::Table(table))) => {
                Section::new(self.source, &self.field(key), table, known).map(|value| Some(Found { value, line }))
            }
            Some((line, other)) => Err(self.wrong_type(key, line, "a table", other)),
        }
    }

    /// A table of free names: its entries in the order of the file, and a section to read them by.
    pub(super) fn named(&self, key: &str) -> Result<Option<(Section<'a>, Vec<Named<'a>>)>> {
        match self.get(key) {
            None => Ok(None),
            Some((_, DeValue::Table(table))) => {
                let section = Section { source: self.source, path: self.field(key), table };
                let mut entries: Vec<_> = table
                    .iter()
                    .map(|(name, value)| Named {
                        name: name.get_ref().clone().into_owned(),
                        line: self.source.line(name.span().start),
                        value,
                    })
                    .collect();
                entries.sort_by_key(|entry| entry.line);
                Ok(Some((section, entries)))
            }
            Some((line, other)) => Err(self.wrong_type(key, line, "a table", other)),
        }
    }

    /// The full names and lines of all values below.
    pub(super) fn leaves(&self) -> Vec<(String, usize)> {
        let mut leaves = Vec::new();
        for (key, value) in self.table {
            let field = self.field(key.get_ref());
            match value.get_ref() {
                DeValue::Table(table) => {
                    leaves.extend(Section { source: self.source, path: field, table }.leaves());
                }
                _ => leaves.push((field, self.source.line(key.span().start))),
            }
        }
        leaves
    }
}

impl Named<'_> {
    /// Whether it is a table with such a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.value.get_ref().as_table().is_some_and(|table| table.keys().any(|name| name.get_ref() == key))
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
