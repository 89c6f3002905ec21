//! A pair of OAuth 2 tokens: the one that signs, and the one that gets the next pair, once. Where it is kept is somebody
//! else's; how it is written there is here.

use async_trait::async_trait;
use puppet_types::{Secret, Timestamp, scrub};
use serde::{Deserialize, Serialize};

/// What X gave out for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPair {
    /// Signs requests.
    pub access: Secret,
    /// Gets the next pair, and is worth nothing after that. None without the scope `offline.access`.
    pub refresh: Option<Secret>,
    /// When the first ends, by this machine's clock.
    pub expires: Timestamp,
    /// What it may be used for, as X says it.
    pub scope: String,
    /// The id of the app that it was given to.
    pub client_id: String,
    /// When the next pair was asked for. There while nobody knows what came of it.
    pub asked: Option<Timestamp>,
}

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    access: String,
    refresh: Option<String>,
    expires: Timestamp,
    scope: String,
    client_id: String,
    #[serde(default)]
    asked: Option<Timestamp>,
}

impl TokenPair {
    /// As one secret.
    pub fn written(&self) -> Secret {
        let Self { access, refresh, expires, scope, client_id, asked } = self.clone();
        let refresh = refresh.map(|token| token.expose().to_owned());
        let written = Written { access: access.expose().to_owned(), refresh, expires, scope, client_id, asked };
        // Texts and numbers are always written.
        Secret::new(serde_json::to_string(&written).unwrap_or_default())
    }

    /// What was written; none where it is something else. Its tokens are known to the scrubber from here on.
    pub fn read(secret: &Secret) -> Option<Self> {
        let Written { access, refresh, expires, scope, client_id, asked } =
            serde_json::from_str(secret.expose()).ok()?;
        let pair =
            Self { access: Secret::new(access), refresh: refresh.map(Secret::new), expires, scope, client_id, asked };
        pair.learn();
        Some(pair)
    }

    /// Nothing that is printed from here on has its tokens in it.
    pub(super) fn learn(&self) {
        scrub::learn(std::iter::once(&self.access).chain(&self.refresh));
    }
}

/// Where the pair of one account is kept. An error says why it is not, without any of it.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Keeps everybody else from renewing the pair, in this process and in others, until what it answers is dropped.
    async fn hold(&self) -> Result<Box<dyn Send + Sync>, String>;
    /// As it is now; none where nobody has signed in.
    async fn load(&self) -> Result<Option<TokenPair>, String>;
    /// Durable when it returns.
    async fn save(&self, pair: &TokenPair) -> Result<(), String>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_read_as_it_was_written_and_shown_nowhere() {
        let pair = TokenPair {
            access: Secret::new("access-canary"),
            refresh: Some(Secret::new("refresh-canary")),
            expires: Timestamp::from_millis(7_200_000),
            scope: "tweet.read offline.access".to_owned(),
            client_id: "app".to_owned(),
            asked: Some(Timestamp::from_millis(7)),
        };
        assert_eq!(TokenPair::read(&pair.written()), Some(pair.clone()));
        assert!(!format!("{pair:?} {}", pair.written()).contains("canary"));
        assert_eq!(TokenPair::read(&Secret::new("no pair")), None);
        assert_eq!(scrub::text("refresh-canary").as_ref(), puppet_types::MASK);
    }
}
