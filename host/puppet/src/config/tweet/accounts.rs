//! `[tweet.x.accounts]`: who posts on X, and where the token of each is.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    config::{KeySource, Secret, key_source, read::Section, settings::known},
    trouble::Result,
};

/// `[tweet.x.accounts.<name>]`: an account that agents post as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct XAccount {
    /// Where its token is.
    pub token_source: KeySource,
    /// The token, where it came from the environment; others are resolved when a host starts.
    pub token: Option<Secret>,
}

/// Longest name of an account on X.
const NAME_CHARS: usize = 15;

/// Reads the section.
pub(super) fn read(section: &Section<'_>) -> Result<BTreeMap<String, XAccount>> {
    let mut found = BTreeMap::new();
    let Some((accounts, entries)) = section.named("accounts")? else { return Ok(found) };
    for entry in entries {
        let name = entry.name.as_str();
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !plain || !(1..=NAME_CHARS).contains(&name.len()) {
            let message = format!("expected an account: 1 to {NAME_CHARS} letters, digits and `_`");
            return Err(accounts.wrong(name, entry.line, message, "write it without `@`"));
        }
        if let Some(other) = found.keys().find(|other| other.eq_ignore_ascii_case(name)) {
            let message = format!("this is the account `{other}`: X takes no notice of case");
            return Err(accounts.wrong(name, entry.line, message, "keep one of them"));
        }
        if ["token", "key", "secret", "password"].iter().any(|key| entry.has(key)) {
            let message = "a token does not belong in this file";
            let remedy = "put it into the environment or `.env`, and name the variable: token_env = \"X_TOKEN\"";
            return Err(accounts.wrong(name, entry.line, message, remedy));
        }
        let Some(account) = accounts.section(name, &known("tweet.x.accounts.<name>"))? else { continue };
        let token_source = key_source::read(&account.value, "token")?.ok_or_else(|| {
            let remedy = "set token_env, token_secret or token_credential";
            accounts.wrong(name, entry.line, "names no token", remedy)
        })?;
        found.insert(entry.name.clone(), XAccount { token_source, token: None });
    }
    Ok(found)
}
