//! The page on which a person consents, as far as one is needed.

use crate::asked::Asked;

/// Asks for the account, and comes back with it.
pub(super) fn consent(asked: &Asked) -> String {
    let hidden: String = asked
        .query
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escaped(name), escaped(value)))
        .collect();
    let scopes = asked.query.get("scope").map(|scope| escaped(scope)).unwrap_or_default();
    format!(
        "<!doctype html><title>Emulated X</title><h1>Emulated X</h1><p>An app asks for {scopes}.</p>\
         <form action=\"/i/oauth2/authorize\">{hidden}\
         <label>Account <input name=\"account\" autofocus></label> <button>Authorize app</button>\
         <button name=\"deny\" value=\"1\">Cancel</button></form>"
    )
}

pub(super) fn wrong(name: &str) -> String {
    format!(
        "<!doctype html><title>Emulated X</title><h1>Something went wrong</h1><p>The value of {} was invalid.</p>",
        escaped(name)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
