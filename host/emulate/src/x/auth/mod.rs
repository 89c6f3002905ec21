//! Who asks: an account by its own token, by a signature of OAuth 1.0a or by a token of OAuth 2; or an app.
//!
//! Every key can be derived: an app is `emulated-APP` with the secret `emulated-APP-secret` and the bearer token
//! `emulated-APP-bearer`; an account has the token `emulated-NAME` with the secret `emulated-NAME-secret`.

mod oauth1;
mod oauth2;
mod page;

use std::collections::BTreeSet;

use hyper::header::AUTHORIZATION;
use puppet_types::Timestamp;

use super::problems;
use crate::{TOKEN, asked::Asked, faults::Problem, operation::Operation, reply::Reply};
pub(super) use oauth2::Grants;

/// Whoever asks.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// An account; what it may do, where its token says so.
    User { name: String, scopes: Option<BTreeSet<String>> },
    /// An app, without an account.
    App { name: String },
    /// Somebody who signs in, and so has no token yet.
    Guest,
}

impl Who {
    /// As plans and reports name it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::User { name, .. } | Self::App { name } => name,
            Self::Guest => "oauth",
        }
    }

    /// Whether this may be asked with what was shown.
    pub(super) fn may(&self, operation: Operation) -> Result<(), Reply> {
        match self {
            Self::App { .. } if operation.by_app() => Ok(()),
            Self::App { .. } => Err(Problem::UnsupportedAuthentication.reply(0)),
            Self::User { .. } if !operation.by_user() => Err(problems::app_only()),
            Self::User { scopes: Some(scopes), .. } if !operation.scopes().iter().all(|one| scopes.contains(*one)) => {
                Err(problems::forbidden("Forbidden"))
            }
            _ => Ok(()),
        }
    }
}

impl Grants {
    /// Whoever asks; a refusal where nobody can tell.
    pub(crate) fn who(&self, operation: Operation, asked: &Asked, at: Timestamp) -> Result<Who, Reply> {
        if operation.is_of_sign_in() {
            return Ok(Who::Guest);
        }
        let header = asked.headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok()).unwrap_or_default();
        if let Some(parameters) = header.strip_prefix("OAuth ") {
            return oauth1::signed(parameters, asked, at).map(|name| Who::User { name, scopes: None });
        }
        let Some(token) = header.strip_prefix("Bearer ") else { return Err(problems::unauthorized()) };
        if let Some((name, scopes)) = self.of_access(token, at) {
            return Ok(Who::User { name, scopes: Some(scopes) });
        }
        let app = token.strip_suffix("-bearer").filter(|app| is_key(app));
        match (app, asked.account()) {
            (Some(app), _) => Ok(Who::App { name: app.to_owned() }),
            (None, Some(name)) => Ok(Who::User { name, scopes: None }),
            (None, None) => Err(problems::unauthorized()),
        }
    }
}

/// Whether it is the key of an app, or the token of an account.
fn is_key(key: &str) -> bool {
    key.strip_prefix(TOKEN).is_some_and(|name| !name.is_empty() && !name.contains(|c: char| c.is_whitespace()))
}

/// What belongs to a key or to a token of OAuth 1.0a.
fn secret(key: &str) -> String {
    format!("{key}-secret")
}
