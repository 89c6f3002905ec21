//! The pair of an account, renewed. X's refresh tokens are good for one use, and X takes everything back that came of one
//! that is used twice. So there is one renewal at a time, also between processes; what is kept is read again before it; that
//! it begins is written down before it is asked for, and the new pair before it is used.

use std::{sync::Arc, time::Duration};

use puppet_types::{Secret, Timestamp};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{SignInFault, TokenPair, TokenStore};
use crate::{
    PublishError,
    x::{
        answer::{Answer, NoAnswer},
        client::Client,
    },
};

/// A pair that ends sooner is renewed first.
const MARGIN_MS: u64 = 60_000;

/// An app, as X's token endpoint knows it.
#[derive(Debug, Clone)]
pub struct OAuthApp {
    /// Its client id. No secret.
    pub id: String,
    /// A confidential client has one, a public one none.
    pub secret: Option<Secret>,
}

/// How an account signs with a pair.
pub struct OAuth2 {
    /// Whose the pair is.
    pub app: OAuthApp,
    /// Where it is kept.
    pub store: Arc<dyn TokenStore>,
}

impl std::fmt::Debug for OAuth2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuth2").field("app", &self.app).finish_non_exhaustive()
    }
}

/// The pair of one account, and how it is renewed.
pub(super) struct Grant(Arc<Inner>);

struct Inner {
    settings: OAuth2,
    client: Client,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    pair: Option<TokenPair>,
    /// X gave the pair out, and it could not be written down: nothing is done with it before it is.
    is_unsaved: bool,
    /// X has said no to this one: it is not asked again.
    withdrawn: Option<(Secret, SignInFault)>,
}

/// Why there are no tokens.
pub(super) enum NoTokens {
    /// X has not taken notice.
    NotDone(SignInFault),
    /// What was given for them is worth nothing.
    Refused,
    /// X may have made them.
    Lost(SignInFault),
}

impl Grant {
    pub(super) fn new(settings: OAuth2, client: Client) -> Self {
        Self(Arc::new(Inner { settings, client, kept: Mutex::default() }))
    }

    /// A token that lasts a while, and is not the one that X has refused.
    pub(super) async fn token(&self, refused: Option<&Secret>) -> Result<Secret, SignInFault> {
        if let Some(token) = self.0.kept.lock().await.usable(refused) {
            return Ok(token);
        }
        // Who waits for it may give up; a renewal that has begun is never left half done.
        let (inner, refused) = (Arc::clone(&self.0), refused.cloned());
        let renewal = tokio::spawn(async move { inner.renew(refused.as_ref()).await });
        renewal.await.unwrap_or_else(|_| Err(SignInFault::Store("the renewal broke off".to_owned())))
    }

    /// What is kept elsewhere may have changed: it is read before the next request.
    pub(super) async fn read_again(&self) {
        let mut kept = self.0.kept.lock().await;
        if !kept.is_unsaved {
            kept.pair = None;
        }
    }
}

impl Kept {
    fn usable(&self, refused: Option<&Secret>) -> Option<Secret> {
        let pair = self.pair.as_ref().filter(|pair| !self.is_unsaved && pair.lasts())?;
        (refused != Some(&pair.access)).then(|| pair.access.clone())
    }
}

impl TokenPair {
    fn lasts(&self) -> bool {
        self.expires > Timestamp::from_system().plus_millis(MARGIN_MS)
    }
}

impl Inner {
    async fn renew(&self, refused: Option<&Secret>) -> Result<Secret, SignInFault> {
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.usable(refused) {
            return Ok(token);
        }
        let OAuth2 { app, store } = &self.settings;
        // Whoever has never signed in waits for no lock.
        if !kept.is_unsaved && store.load().await.map_err(SignInFault::Store)?.is_none() {
            return Err(SignInFault::NeverSignedIn);
        }
        let _held = store.hold().await.map_err(SignInFault::Store)?;
        if kept.is_unsaved {
            self.save(&mut kept).await?;
        }
        // Somebody else may have renewed it, or signed in anew.
        let pair = store.load().await.map_err(SignInFault::Store)?.ok_or(SignInFault::NeverSignedIn)?;
        pair.learn();
        if pair.client_id != app.id {
            return Err(SignInFault::OtherApp);
        }
        kept.pair = Some(pair.clone());
        if let Some(token) = kept.usable(refused) {
            return Ok(token);
        }
        let Some(refresh) = pair.refresh.clone() else { return Err(SignInFault::Withdrawn { cut_short: false }) };
        if let Some((_, fault)) = kept.withdrawn.as_ref().filter(|(token, _)| *token == refresh) {
            return Err(fault.clone());
        }
        let begun = TokenPair { asked: Some(Timestamp::from_system()), ..pair.clone() };
        store.save(&begun).await.map_err(SignInFault::Store)?;
        let asked = [("grant_type", "refresh_token"), ("refresh_token", refresh.expose())];
        match app.tokens(&self.client, &asked).await {
            Ok(new) => {
                // However soon it ends: nothing lasts longer.
                let token = new.access.clone();
                // What is not told is as it was.
                let scope = if new.scope.is_empty() { pair.scope.clone() } else { new.scope.clone() };
                kept.pair = Some(TokenPair { refresh: new.refresh.clone().or(Some(refresh)), scope, ..new });
                kept.is_unsaved = true;
                self.save(&mut kept).await?;
                Ok(token)
            }
            Err(NoTokens::NotDone(fault)) => {
                // Where it stays written that it began, no more is lost than the difference between two explanations.
                let _ = store.save(&pair).await;
                Err(fault)
            }
            Err(NoTokens::Refused) => {
                // The same.
                let _ = store.save(&pair).await;
                let fault = SignInFault::Withdrawn { cut_short: pair.asked.is_some() };
                kept.withdrawn = Some((refresh, fault.clone()));
                Err(fault)
            }
            Err(NoTokens::Lost(fault)) => Err(fault),
        }
    }

    async fn save(&self, kept: &mut Kept) -> Result<(), SignInFault> {
        if let Some(pair) = &kept.pair {
            self.settings.store.save(pair).await.map_err(SignInFault::Store)?;
        }
        kept.is_unsaved = false;
        Ok(())
    }
}

/// What the token endpoint answers.
struct Given {
    access: Secret,
    refresh: Option<Secret>,
    lasts_s: u64,
    scope: String,
}

impl Given {
    /// Whatever else it says, and however: what it was given for is spent, and a token is a token.
    fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty());
        let seconds = &body["expires_in"];
        let told = match seconds.as_str() {
            Some(text) => text.trim().parse::<f64>().ok(),
            None => seconds.as_f64(),
        };
        let told = told.map_or(LIFE_S, |told| Duration::try_from_secs_f64(told).map_or(LIFE_S, |told| told.as_secs()));
        Some(Self {
            access: Secret::new(text("access_token")?),
            refresh: text("refresh_token").map(Secret::new),
            lasts_s: told,
            scope: text("scope").unwrap_or_default().to_owned(),
        })
    }
}

/// Where nothing is said: as X documents it.
const LIFE_S: u64 = 7_200;

impl OAuthApp {
    /// Asks the token endpoint.
    pub(super) async fn tokens(&self, client: &Client, form: &[(&str, &str)]) -> Result<TokenPair, NoTokens> {
        let asked = Timestamp::from_system();
        let answer = self.ask(client, &["2", "oauth2", "token"], form).await?;
        let given =
            Given::read(&answer.body).ok_or_else(|| NoTokens::Lost(client.not_x("it gives no tokens where X does")))?;
        let pair = TokenPair {
            access: given.access,
            refresh: given.refresh,
            expires: asked.plus_millis(given.lasts_s.saturating_mul(1_000)),
            scope: given.scope,
            client_id: self.id.clone(),
            asked: None,
        };
        pair.learn();
        Ok(pair)
    }

    /// Takes a token back, and with the second of a pair everything that came of it.
    pub(super) async fn revoke(&self, client: &Client, token: &Secret) -> Result<(), SignInFault> {
        let form = [("token", token.expose())];
        match self.ask(client, &["2", "oauth2", "revoke"], &form).await {
            // One that is worth nothing is what was asked for.
            Ok(_) | Err(NoTokens::Refused) => Ok(()),
            Err(NoTokens::NotDone(fault) | NoTokens::Lost(fault)) => Err(fault),
        }
    }

    async fn ask(&self, client: &Client, path: &[&str], form: &[(&str, &str)]) -> Result<Answer, NoTokens> {
        let mut form = form.to_vec();
        // A confidential client says by its password who it is.
        if self.secret.is_none() {
            form.push(("client_id", &self.id));
        }
        let password = self.secret.as_ref().map(|secret| (self.id.as_str(), secret));
        let answer = client.form(path, &form, password).await.map_err(|error| match error {
            NoAnswer::Lost(words) => NoTokens::Lost(SignInFault::Answer(PublishError::Unavailable(words.to_owned()))),
            NoAnswer::Fault(fault) => NoTokens::NotDone(fault),
            error @ (NoAnswer::UsedUp(_) | NoAnswer::Capped(_)) => {
                NoTokens::NotDone(SignInFault::Answer(error.of_read("X")))
            }
        })?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let status = answer.status.as_u16();
        Err(match (status, answer.oauth2_error().as_deref()) {
            (401, _) | (_, Some("invalid_client" | "unauthorized_client")) => NoTokens::NotDone(SignInFault::WrongApp),
            (400, Some("invalid_grant" | "invalid_request" | "invalid_token")) => NoTokens::Refused,
            (400 | 403, Some(error)) => NoTokens::NotDone(SignInFault::NotAllowed(error.to_owned())),
            (429, _) => NoTokens::NotDone(SignInFault::Answer(answer.rate_limited("X"))),
            (408 | 500.., _) => {
                let words = format!("X failed with status {status} while it made new tokens");
                NoTokens::Lost(SignInFault::Answer(PublishError::Unavailable(words)))
            }
            _ => NoTokens::NotDone(client.not_x(format!("status {status} where X gives tokens"))),
        })
    }
}
