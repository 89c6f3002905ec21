//! Tokens of sessions: JWT (RFC 7519) signed with HS256, made and read by this process alone. The header is one text, so
//! there is no algorithm to be talked into.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::mac;

/// `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
/// Who makes them, and for whom.
const ISSUER: &str = "puppet";
const AUDIENCE: &str = "puppet-api";
/// Longest token in bytes.
const MOST: usize = 1_024;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    /// The id of the key that the session was begun with.
    pub(super) sub: String,
    /// The session.
    pub(super) sid: String,
    /// Seconds since 1970.
    pub(super) iat: i64,
    /// The same.
    pub(super) exp: i64,
}

impl Claims {
    pub(super) fn new(key: &str, session: &str, from: i64, to: i64) -> Self {
        let (iss, aud) = (ISSUER.to_owned(), AUDIENCE.to_owned());
        Self { iss, aud, sub: key.to_owned(), sid: session.to_owned(), iat: from, exp: to }
    }

    /// The token.
    pub(super) fn sign(&self, key: &Hmac<Sha256>) -> String {
        let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default());
        signed(&format!("{HEADER}.{claims}"), key)
    }

    /// What a token of ours says, whose time is not over.
    pub(super) fn read(token: &str, key: &Hmac<Sha256>, now: i64) -> Option<Self> {
        let (text, signature) = (token.len() <= MOST).then(|| token.rsplit_once('.')).flatten()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        key.clone().chain_update(text).verify_slice(&signature).ok()?;
        let claims = text.strip_prefix(HEADER)?.strip_prefix('.')?;
        let claims: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let is_ours = claims.iss == ISSUER && claims.aud == AUDIENCE;
        (is_ours && claims.iat <= now && now < claims.exp).then_some(claims)
    }
}

fn signed(text: &str, key: &Hmac<Sha256>) -> String {
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac(key, text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::{super::keyed, *};

    #[test]
    fn it_signs_as_rfc_7515_does() {
        // RFC 7515, A.1.
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let key = keyed(&URL_SAFE_NO_PAD.decode(key).unwrap());
        let text = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        assert_eq!(signed(text, &key), format!("{text}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        // Signed with the right key, and still none of ours.
        assert_eq!(Claims::read(&signed(text, &key), &key, 1_300_819_000), None);
    }

    #[test]
    fn a_token_is_read_while_it_lasts_and_as_it_was_signed() {
        let key = keyed(b"one");
        let claims = Claims::new("0a1b2c3d", "family", 100, 700);
        let token = claims.sign(&key);
        assert_eq!(Claims::read(&token, &key, 100), Some(claims.clone()));
        assert_eq!(Claims::read(&token, &key, 700), None, "its time is over");
        assert_eq!(Claims::read(&token, &key, 99), None, "from the future");
        assert_eq!(Claims::read(&token, &keyed(b"two"), 100), None);
        let none = URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
        let parts: Vec<&str> = token.split('.').collect();
        for bad in [
            String::new(),
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            signed(&format!("{none}.{}", parts[1]), &key),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{token}x"),
            token.replace('.', ".."),
            "a".repeat(2_000),
        ] {
            assert_eq!(Claims::read(&bad, &key, 100), None, "{bad}");
        }
    }
}
