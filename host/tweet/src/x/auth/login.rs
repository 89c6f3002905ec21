//! Signing in: authorization code with PKCE (RFC 7636, S256), and the address that X sends the browser back to. Who opens the
//! browser, who listens there and where the tokens are kept is somebody else's.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use puppet_types::{Secret, scrub};
use reqwest::Url;
use sha2::{Digest as _, Sha256};

use super::{Identity, OAuthApp, SignInFault, TokenPair, XSign, oauth2::NoTokens, scopes};
use crate::x::client::{Client, XSetupError};

/// Where X asks people.
const ASKS: &str = "https://x.com";

/// One sign-in, from the address to open to the tokens.
pub struct SignIn {
    client: Client,
    app: OAuthApp,
    redirect: String,
    verifier: Secret,
    state: String,
    address: Url,
}

/// What a browser was sent back with is no code of this sign-in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCode {
    /// Somebody pasted something else.
    #[error("this is not the address that X sends the browser to: it begins with {0}")]
    NotTheAddress(String),
    /// It belongs to another sign-in, or somebody tries to slip one in.
    #[error("this belongs to another sign-in: its state is not the one that was sent")]
    OtherState,
    /// By X, or by the person who was asked.
    #[error("X did not let the app in: {0}")]
    Denied(String),
    /// Neither a code nor an error.
    #[error("X sent no code")]
    Nothing,
}

impl SignIn {
    /// Of an app, at X or what stands for it. `redirect` must be one that the app is registered with, to the letter.
    ///
    /// # Errors
    /// The address cannot be used, or there is no randomness.
    pub fn begin(endpoint: &str, timeout: Duration, app: OAuthApp, redirect: &str) -> Result<Self, XSetupError> {
        let client = Client::new(endpoint, timeout)?;
        let (verifier, state) = (random()?, random()?);
        let mut address = match Url::parse(ASKS) {
            Ok(asks) if client.is_x() => asks,
            _ => client.url(&[], &[]),
        };
        // It is printed.
        let _ = (address.set_username(""), address.set_password(None));
        if let Ok(mut path) = address.path_segments_mut() {
            path.pop_if_empty().extend(["i", "oauth2", "authorize"]);
        }
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        address.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &app.id),
            ("redirect_uri", redirect),
            ("scope", &scopes::asked()),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let verifier = Secret::new(verifier);
        scrub::learn([&verifier]);
        Ok(Self { client, app, redirect: redirect.to_owned(), verifier, state, address })
    }

    /// What the account's owner opens in a browser. There is no secret in it.
    pub fn address(&self) -> &str {
        self.address.as_str()
    }

    /// The code in the address that the browser was sent back to.
    ///
    /// # Errors
    /// There is none of this sign-in.
    pub fn code(&self, returned: &str) -> Result<Secret, NoCode> {
        let not_it = || NoCode::NotTheAddress(self.redirect.clone());
        let (at, expected) =
            (Url::parse(returned.trim()).map_err(|_| not_it())?, Url::parse(&self.redirect).map_err(|_| not_it())?);
        if (at.host_str(), at.port_or_known_default(), at.path())
            != (expected.host_str(), expected.port_or_known_default(), expected.path())
        {
            return Err(not_it());
        }
        let find = |name: &str| at.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        if find("state").as_deref() != Some(self.state.as_str()) {
            return Err(NoCode::OtherState);
        }
        if let Some(error) = find("error") {
            return Err(NoCode::Denied(error.chars().filter(|c| c.is_ascii_graphic()).take(60).collect()));
        }
        let code = find("code").filter(|code| !code.is_empty()).map(Secret::new).ok_or(NoCode::Nothing)?;
        scrub::learn([&code]);
        Ok(code)
    }

    /// The tokens for a code, and whose they are.
    ///
    /// # Errors
    /// X does not accept the code or the app, or is not there.
    pub async fn finish(&self, code: &Secret) -> Result<(TokenPair, String), SignInFault> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", &self.redirect),
            ("code_verifier", self.verifier.expose()),
        ];
        let pair = self.app.tokens(&self.client, &form).await.map_err(|error| match error {
            NoTokens::Refused => SignInFault::NotAllowed("the code has ended, or belongs to another app".to_owned()),
            NoTokens::NotDone(fault) | NoTokens::Lost(fault) => fault,
        })?;
        let lacks = pair.lacks_least();
        if !lacks.is_empty() {
            return Err(SignInFault::NotAllowed(format!("it was not given {}", lacks.join(" and "))));
        }
        let identity = Identity::new(String::new(), XSign::Token(pair.access.clone()), &self.client);
        let user = self.client.me(&identity).await?;
        Ok((pair, user.username))
    }
}

/// Takes the tokens of an account back at X.
///
/// # Errors
/// X was not asked, or does not know the app.
pub async fn revoke(endpoint: &str, timeout: Duration, app: &OAuthApp, pair: &TokenPair) -> Result<(), SignInFault> {
    let client = Client::new(endpoint, timeout)
        .map_err(|error| SignInFault::NotX { at: "tweet.x.endpoint".to_owned(), what: error.to_string() })?;
    app.revoke(&client, pair.refresh.as_ref().unwrap_or(&pair.access)).await
}

/// 43 characters, as RFC 7636 §4.1 recommends.
fn random() -> Result<String, XSetupError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| XSetupError::Client(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REDIRECT: &str = "http://127.0.0.1:8731/callback";

    fn begun() -> SignIn {
        let app = OAuthApp { id: "app".to_owned(), secret: None };
        SignIn::begin("https://api.x.com", Duration::from_secs(1), app, REDIRECT).unwrap()
    }

    #[test]
    fn the_address_asks_x_with_a_challenge_of_the_verifier() {
        let begun = begun();
        let address = Url::parse(begun.address()).unwrap();
        assert!(begun.address().starts_with("https://x.com/i/oauth2/authorize?"), "{}", begun.address());
        let said = |name: &str| address.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(begun.verifier.expose()));
        assert_eq!((said("code_challenge"), said("code_challenge_method")), (challenge, "S256".to_owned()));
        assert_eq!((said("redirect_uri").as_str(), said("client_id").as_str()), (REDIRECT, "app"));
        assert!(said("scope").split(' ').any(|scope| scope == "offline.access"));
        assert_eq!(begun.verifier.expose().len(), 43);
        assert!(!begun.address().contains(begun.verifier.expose()));
    }

    #[test]
    fn a_code_is_taken_from_the_own_address_with_the_own_state_alone() {
        let begun = begun();
        let state = &begun.state;
        let back = |query: &str| begun.code(&format!("{REDIRECT}?{query}")).map(|code| code.expose().to_owned());
        assert_eq!(back(&format!("state={state}&code=a%20b")).as_deref(), Ok("a b"));
        assert_eq!(back("state=other&code=c"), Err(NoCode::OtherState));
        assert_eq!(back("code=c"), Err(NoCode::OtherState));
        assert_eq!(back(&format!("state={state}&error=access_denied")), Err(NoCode::Denied("access_denied".into())));
        assert_eq!(back(&format!("state={state}&code=")), Err(NoCode::Nothing));
        for other in ["c", "http://127.0.0.1:1/callback?code=c", "http://127.0.0.1:8731/other?code=c"] {
            assert!(matches!(begun.code(other), Err(NoCode::NotTheAddress(_))), "{other}");
        }
    }
}
