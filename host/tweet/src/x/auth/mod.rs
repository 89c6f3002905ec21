//! As whom X is asked: how a request is signed, when a signature may be mended and the request made once more, and what
//! of it must be in no text. The ways: a token as it is, keys of OAuth 1.0a, a pair of OAuth 2 that is renewed.

mod fault;
mod login;
mod oauth1;
mod oauth2;
mod pair;
mod scopes;

use puppet_types::{MASK, Secret};
use reqwest::{Method, Url, header::HeaderValue};

use super::client::Client;

pub use fault::SignInFault;
pub use login::{NoCode, SignIn, revoke};
pub use oauth1::OAuth1Keys;
pub use oauth2::{OAuth2, OAuthApp};
pub use pair::{TokenPair, TokenStore};
pub use scopes::{SCOPES, Scope};

use oauth2::Grant;

/// Further apart than this two clocks are the likely cause of a refused signature.
const CLOCK_TOLERANCE_MS: i64 = 30_000;

/// How an account signs.
#[derive(Debug)]
pub enum XSign {
    /// A token of OAuth 2 as it is; nobody renews it.
    Token(Secret),
    /// Keys of OAuth 1.0a, which last until somebody takes them back.
    OAuth1(OAuth1Keys),
    /// A pair of OAuth 2 that is renewed.
    OAuth2(OAuth2),
}

impl From<Secret> for XSign {
    fn from(token: Secret) -> Self {
        Self::Token(token)
    }
}

/// Who asks: as people call it (`@ada`), and how it signs.
pub(super) struct Identity {
    name: String,
    how: How,
}

enum How {
    Token(Secret),
    OAuth1(OAuth1Keys),
    OAuth2(Grant),
}

/// The header of a request, and what it was made of.
pub(super) struct Signed {
    pub(super) header: HeaderValue,
    by: By,
}

enum By {
    Token(Secret),
    /// So far ahead of this machine's clock.
    Clock(i64),
}

impl Identity {
    pub(super) fn new(name: String, sign: XSign, client: &Client) -> Self {
        let how = match sign {
            XSign::Token(token) => How::Token(token),
            XSign::OAuth1(keys) => How::OAuth1(keys),
            XSign::OAuth2(settings) => How::OAuth2(Grant::new(settings, client.clone())),
        };
        Self { name, how }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether a header can hold what it signs with.
    pub(super) fn can_be_sent(&self) -> bool {
        match &self.how {
            How::Token(token) => bearer(token).is_some(),
            How::OAuth1(keys) => keys.are_whole(),
            How::OAuth2(_) => true,
        }
    }

    /// Signs a request. A pair that is about to end is renewed first.
    pub(super) async fn sign(&self, client: &Client, method: &Method, url: &Url) -> Result<Signed, SignInFault> {
        let unfit = || SignInFault::Unfit;
        Ok(match &self.how {
            How::Token(token) => Signed { header: bearer(token).ok_or_else(unfit)?, by: By::Token(token.clone()) },
            How::OAuth1(keys) => {
                let ahead_ms = client.ahead_ms();
                let stamp = oauth1::Stamp::now(ahead_ms).ok_or_else(unfit)?;
                let header = sensitive(keys.authorization(method.as_str(), url, &stamp));
                Signed { header: header.ok_or_else(unfit)?, by: By::Clock(ahead_ms) }
            }
            How::OAuth2(grant) => {
                let token = grant.token(None).await?;
                Signed { header: bearer(&token).ok_or_else(unfit)?, by: By::Token(token) }
            }
        })
    }

    /// After a 401: whether the same request would be signed otherwise now. A signature of OAuth 1.0a was made by a wrong
    /// clock, and X's is known by its answer; a pair of OAuth 2 is renewed.
    ///
    /// # Errors
    /// The pair cannot be renewed.
    pub(super) async fn would_sign_anew(&self, client: &Client, signed: &Signed) -> Result<bool, SignInFault> {
        match (&self.how, &signed.by) {
            (How::OAuth1(_), By::Clock(ahead_ms)) => Ok((client.ahead_ms() - ahead_ms).abs() >= CLOCK_TOLERANCE_MS),
            (How::OAuth2(grant), By::Token(refused)) => grant.token(Some(refused)).await.map(|_| true),
            _ => Ok(false),
        }
    }

    /// Somebody may have signed in, or out.
    pub(super) async fn read_again(&self) {
        if let How::OAuth2(grant) = &self.how {
            grant.read_again().await;
        }
    }

    /// Whether it signs with a pair that is renewed.
    pub(super) fn is_renewed(&self) -> bool {
        matches!(self.how, How::OAuth2(_))
    }

    pub(super) fn is_oauth1(&self) -> bool {
        matches!(self.how, How::OAuth1(_))
    }

    /// A text without any of its secrets. Those of a pair are known to the scrubber.
    pub(super) fn masked(&self, text: String) -> String {
        let secrets: &[&Secret] = match &self.how {
            How::Token(token) => &[token],
            How::OAuth1(keys) => &keys.all(),
            How::OAuth2(_) => &[],
        };
        let long = secrets.iter().filter(|secret| secret.expose().len() > 3);
        long.fold(text, |text, secret| text.replace(secret.expose(), MASK))
    }
}

/// None where no header can hold the token.
fn bearer(token: &Secret) -> Option<HeaderValue> {
    sensitive(format!("Bearer {}", token.expose()))
}

fn sensitive(text: String) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
