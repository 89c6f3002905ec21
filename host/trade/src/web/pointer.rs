//! A place in a JSON document (RFC 6901), and what stands there as it is written: a number keeps every digit.

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

use serde_json::value::RawValue;

/// `/data/price`; nothing: the whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    written: String,
    steps: Vec<String>,
}

/// It does not begin with `/`, or has a `~` before neither 0 nor 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no JSON pointer: `/` before each name, as in `/data/price`")]
pub struct NotAPointer;

impl FromStr for Pointer {
    type Err = NotAPointer;

    fn from_str(text: &str) -> Result<Self, NotAPointer> {
        let steps = match text.strip_prefix('/') {
            Some(steps) => steps.split('/').map(step).collect::<Option<_>>().ok_or(NotAPointer)?,
            None if text.is_empty() => Vec::new(),
            None => return Err(NotAPointer),
        };
        Ok(Self { written: text.to_owned(), steps })
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// With `~1` for `/` and `~0` for `~`.
fn step(text: &str) -> Option<String> {
    let mut parts = text.split('~');
    let mut step = parts.next()?.to_owned();
    for part in parts {
        let (escaped, rest) = match part.as_bytes().first()? {
            b'0' => ('~', part.get(1..)?),
            b'1' => ('/', part.get(1..)?),
            _ => return None,
        };
        step.push(escaped);
        step.push_str(rest);
    }
    Some(step)
}

/// A value as it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'d>(&'d RawValue);

impl Pointer {
    /// What stands there, or why nothing does.
    pub(crate) fn find<'d>(&self, document: &'d [u8]) -> Result<Written<'d>, String> {
        let whole: &RawValue = serde_json::from_slice(document).map_err(|_| "it is no JSON".to_owned())?;
        let found = self.steps.iter().try_fold(Written(whole), |value, step| value.below(step));
        found.ok_or_else(|| format!("there is nothing at `{self}`"))
    }
}

impl<'d> Written<'d> {
    /// What an object has under a name, or a list at a number.
    pub(crate) fn below(self, step: &str) -> Option<Self> {
        let text = self.0.get();
        if text.starts_with('[') {
            let number: usize = step.parse().ok().filter(|number: &usize| number.to_string() == step)?;
            return self.list()?.into_iter().nth(number);
        }
        let mut entries: BTreeMap<Cow<'d, str>, &'d RawValue> = serde_json::from_str(text).ok()?;
        entries.remove(step).map(Self)
    }

    /// What a list has.
    pub(crate) fn list(self) -> Option<Vec<Self>> {
        let items: Vec<&'d RawValue> = serde_json::from_str(self.0.get()).ok()?;
        Some(items.into_iter().map(Self).collect())
    }

    /// A text.
    pub(crate) fn text(self) -> Option<String> {
        serde_json::from_str(self.0.get()).ok()
    }

    /// A number as it is written, or a text.
    pub(crate) fn digits(self) -> Option<String> {
        let text = self.0.get();
        let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if is_number { Some(text.to_owned()) } else { self.text() }
    }
}
