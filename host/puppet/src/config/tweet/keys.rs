//! Keys and tokens for X, each named by where it is kept.

use serde::Serialize;

use super::super::{KeySource, Secret, key_source, read::Section};
use crate::trouble::Result;

/// A key, or a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct XKey {
    /// Where it is.
    pub source: KeySource,
    /// It, where it came from the environment; others are resolved when a host starts.
    pub value: Option<Secret>,
}

/// One of those of the configuration: its section, what it is called there, and whose it is.
pub struct NamedKey<K> {
    /// `tweet.x.accounts.ember`.
    pub section: String,
    /// `token`: its keys are `token_env` and so on.
    pub what: &'static str,
    /// It.
    pub key: K,
}

impl XKey {
    /// `{what}_env`, `{what}_secret` and `{what}_credential`.
    pub(super) fn read(section: &Section<'_>, what: &str) -> Result<Option<Self>> {
        Ok(key_source::read(section, what)?.map(|source| Self { source, value: None }))
    }

    /// Two that mean something only together. `line`: of their section.
    pub(super) fn both(section: &Section<'_>, [one, other]: [&str; 2], line: usize) -> Result<Option<(Self, Self)>> {
        match (Self::read(section, one)?, Self::read(section, other)?) {
            (Some(first), Some(second)) => Ok(Some((first, second))),
            (None, None) => Ok(None),
            (first, _) => {
                let (is, is_not) = if first.is_some() { (one, other) } else { (other, one) };
                let remedy = format!("set {is_not}_env, {is_not}_secret or {is_not}_credential");
                Err(section.wrong(is_not, line, format!("is not named, and {is} is: they go together"), remedy))
            }
        }
    }
}
