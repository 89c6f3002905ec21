//! Sessions of the dashboard: a token of ten minutes, and one that renews it, once. What renews a second time is a copy: then
//! the whole session ends. Tokens are signed with a key of this process, so after a restart pages renew what they have.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use puppet_store::{ApiSession, Renewed, Store};
use puppet_types::{Digest, Timestamp};
use sha2::Sha256;

use super::{Keys, Principal, PrincipalKind, jwt::Claims, keyed, mac, random};
use crate::fault::{Fault, Kind, Result};

/// How long a token holds, in seconds.
pub const ACCESS_S: u64 = 600;
/// How long it can be renewed, in seconds.
pub const REFRESH_S: u64 = 14 * 86_400;

/// A session that was begun or renewed.
pub struct Opened {
    /// As whom.
    pub principal: Principal,
    /// The token.
    pub access: String,
    /// What renews it.
    pub refresh: String,
    /// When the token ends.
    pub expires_at: Timestamp,
    /// What a write with the cookie must carry.
    pub csrf: String,
}

/// See the head of this file.
pub struct Sessions {
    store: Arc<dyn Store>,
    keys: Arc<Keys>,
    signing: Hmac<Sha256>,
    csrf: Hmac<Sha256>,
    /// Sessions that ended while their token still holds, with its end in seconds.
    ended: Mutex<HashMap<String, i64>>,
}

impl Sessions {
    /// Those of a store. `secret` is the host's.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new(store: Arc<dyn Store>, keys: Arc<Keys>, secret: &[u8]) -> Result<Self> {
        let csrf = keyed(&mac(&keyed(secret), b"puppet api csrf"));
        Ok(Self { store, keys, signing: keyed(&random::<32>()?), csrf, ended: Mutex::default() })
    }

    /// Begins one, with a key that was checked.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn begin(&self, principal: Principal, at: Timestamp) -> Result<Opened> {
        let family = URL_SAFE_NO_PAD.encode(random::<16>()?);
        let (refresh, hash) = refresh()?;
        let session = ApiSession {
            hash,
            family: family.clone(),
            key: principal.id.clone(),
            created_at: at,
            expires_at: at.plus_millis(REFRESH_S * 1_000),
            used_at: None,
        };
        self.store.begin_api_session(session).await?;
        Ok(self.opened(principal, family, refresh, at))
    }

    /// Renews one.
    ///
    /// # Errors
    /// 401 `session-over`, also where it is the second time: then the session has ended.
    pub async fn renew(&self, token: &str, at: Timestamp) -> Result<Opened> {
        let over = || {
            let message = "the session is over";
            Fault::new(Kind::Unauthorised, "session-over", message, "log in again")
        };
        let (refresh, next) = refresh()?;
        let (hash, until) = (Digest::of(token.as_bytes()), at.plus_millis(REFRESH_S * 1_000));
        match self.store.renew_api_session(&hash, at, &next, until).await? {
            Renewed::Unknown => Err(over()),
            Renewed::Reused(session) => {
                self.note_end(&session.family, at);
                tracing::warn!("a used token of a session of key {} came again: the session was ended", session.key);
                Err(over())
            }
            Renewed::Next(session) => match self.keys.principal(&session.key, at) {
                Some(principal) => Ok(self.opened(principal, session.family, refresh, at)),
                None => {
                    self.end(&session.family, at).await?;
                    Err(over())
                }
            },
        }
    }

    /// Ends one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn end(&self, family: &str, at: Timestamp) -> Result<()> {
        self.note_end(family, at);
        self.store.end_api_session(family).await?;
        Ok(())
    }

    /// As whom a token asks.
    pub fn principal(&self, token: &str, at: Timestamp) -> Option<Principal> {
        let claims = Claims::read(token, &self.signing, seconds(at))?;
        if self.has_ended(&claims.sid) {
            return None;
        }
        let principal = self.keys.principal(&claims.sub, at)?;
        Some(Principal { kind: PrincipalKind::Session, session: Some(claims.sid.into()), ..principal })
    }

    /// When a token ends.
    pub fn end_of(&self, token: &str, at: Timestamp) -> Option<Timestamp> {
        let claims = Claims::read(token, &self.signing, seconds(at))?;
        Some(Timestamp::from_millis(claims.exp.saturating_mul(1_000)))
    }

    /// Whether a session was ended. True for a while only: its token does not outlast that.
    pub fn has_ended(&self, family: &str) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).contains_key(family)
    }

    /// What a write with the cookie of this session must carry.
    pub fn csrf(&self, family: &str) -> String {
        URL_SAFE_NO_PAD.encode(mac(&self.csrf, family.as_bytes()))
    }

    /// Whether a write carries it.
    pub fn is_csrf(&self, family: &str, text: &str) -> bool {
        let text = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        self.csrf.clone().chain_update(family).verify_slice(&text).is_ok()
    }

    fn opened(&self, principal: Principal, family: String, refresh: String, at: Timestamp) -> Opened {
        let now = seconds(at);
        let end = now.saturating_add(i64::try_from(ACCESS_S).unwrap_or(0));
        let access = Claims::new(&principal.id, &family, now, end).sign(&self.signing);
        let (csrf, expires_at) = (self.csrf(&family), Timestamp::from_millis(end.saturating_mul(1_000)));
        let principal = Principal { kind: PrincipalKind::Session, session: Some(family.into()), ..principal };
        Opened { principal, access, refresh, expires_at, csrf }
    }

    fn note_end(&self, family: &str, at: Timestamp) {
        let now = seconds(at);
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|_, end| *end > now);
        ended.insert(family.to_owned(), now.saturating_add(i64::try_from(ACCESS_S).unwrap_or(0)));
    }
}

fn seconds(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1_000)
}

/// A token that renews, and what is kept of it: it is as random as a key of ciphers, and needs no slow hash.
fn refresh() -> Result<(String, Digest)> {
    let token = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let hash = Digest::of(token.as_bytes());
    Ok((token, hash))
}
