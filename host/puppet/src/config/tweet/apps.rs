//! `[tweet.x.apps]`: the operator's apps at X, in whose name accounts sign in, and which read for all of them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::XKey;
use crate::{
    config::{read::Section, settings::known},
    trouble::Result,
};

/// `[tweet.x.apps.<name>]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct XApp {
    /// OAuth 2. No secret.
    pub client_id: Option<String>,
    /// OAuth 2, of a confidential client.
    pub client_secret: Option<XKey>,
    /// Where X sends the browser after a sign-in: as the app is registered with, to the letter.
    pub redirect: String,
    /// OAuth 1.0a: API key, and its secret.
    pub consumer: Option<(XKey, XKey)>,
    /// For reads that are nobody's in particular.
    pub bearer: Option<XKey>,
}

/// Where nothing is said.
pub const REDIRECT: &str = "http://127.0.0.1:8731/callback";
/// Longest client id.
const ID_BYTES: usize = 100;

/// Reads the section.
pub(super) fn read(section: &Section<'_>) -> Result<BTreeMap<String, XApp>> {
    let mut found = BTreeMap::new();
    let Some((apps, entries)) = section.named("apps")? else { return Ok(found) };
    for entry in entries {
        let name = entry.name.as_str();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if name.is_empty() || !name.bytes().all(plain) {
            let message = "expected a name of letters, digits, `-` and `_`";
            return Err(apps.wrong(name, entry.line, message, "give the app a name of your own"));
        }
        if ["client_secret", "consumer_key", "consumer_secret", "api_key", "bearer", "bearer_token"]
            .iter()
            .any(|key| entry.has(key))
        {
            let message = "a key does not belong in this file";
            let remedy =
                "put it into the environment or `.env`, and name the variable: consumer_key_env = \"X_API_KEY\"";
            return Err(apps.wrong(name, entry.line, message, remedy));
        }
        let Some(app) = apps.section(name, &known("tweet.x.apps.<name>"))? else { continue };
        let app = app.value;
        let id = |text: &str| {
            let is_id = (1..=ID_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
            is_id.then(|| text.to_owned())
        };
        let client_id = app.parsed("client_id", "the client id of the app", id)?.map(|found| found.value);
        let expected = "the redirect address that the app is registered with: http(s)://…";
        let redirect = app.parsed("redirect", expected, |text| {
            (text.starts_with("http://") || text.starts_with("https://")).then(|| text.to_owned())
        })?;
        let app = XApp {
            client_id,
            client_secret: XKey::read(&app, "client_secret")?,
            redirect: redirect.map_or_else(|| REDIRECT.to_owned(), |found| found.value),
            consumer: XKey::both(&app, ["consumer_key", "consumer_secret"], entry.line)?,
            bearer: XKey::read(&app, "bearer")?,
        };
        found.insert(entry.name.clone(), app);
    }
    Ok(found)
}
