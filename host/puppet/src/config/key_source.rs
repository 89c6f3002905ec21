//! Where a key or a token is: it never stands in the file, which names a place instead.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    credentials,
    load::{secret_name, variable},
    read::Section,
};
use crate::trouble::Result;

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeySource {
    /// In this environment variable.
    Environment(String),
    /// Under this name in the secrets of the data folder.
    Secret(String),
    /// The credential of this name.
    Credential(String),
    /// In this file, which nobody else may read. Of wallets only: other programs keep their keys so.
    File(PathBuf),
}

/// `key_env`, `key_secret` and `key_credential` of a section, of which one may be set; `token_env` and so on where `what`
/// is `token`.
pub(super) fn read(section: &Section<'_>, what: &str) -> Result<Option<KeySource>> {
    let key = |place: &str| format!("{what}_{place}");
    let (env, secret, credential) = (key("env"), key("secret"), key("credential"));
    let expected = format!("the name of an environment variable (not the {what} itself)");
    let of_variable = section.parsed(&env, &expected, variable)?;
    let expected = "the name of a secret, for example \"llm/openai\"";
    let of_secret = section.parsed(&secret, expected, secret_name)?;
    let name = |text: &str| credentials::is_name(text).then(|| text.to_owned());
    let expected = format!("the name of a credential (not the {what} itself)");
    let of_credential = section.parsed(&credential, &expected, name)?;
    let mut named = [
        of_variable.map(|found| (&env, found.line, KeySource::Environment(found.value))),
        of_secret.map(|found| (&secret, found.line, KeySource::Secret(found.value))),
        of_credential.map(|found| (&credential, found.line, KeySource::Credential(found.value))),
    ]
    .into_iter()
    .flatten();
    let first = named.next();
    if let (Some((first, ..)), Some((second, line, _))) = (&first, named.next()) {
        let message = format!("`{first}` and `{second}` are both set");
        return Err(section.wrong(second, line, message, "keep one of them"));
    }
    Ok(first.map(|(.., source)| source))
}
