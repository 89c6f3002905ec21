//! A key as its owner has it: `pk_<id, 8 hex digits>_<32 random bytes, base64url>`, and its hash as the store has it.

use std::borrow::Cow;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use puppet_types::{MASK, Secret};

use super::random;
use crate::fault::{Fault, Result};

/// A new id, and the key.
pub(super) fn new() -> Result<(String, Secret)> {
    let id: String = random::<4>()?.iter().map(|byte| format!("{byte:02x}")).collect();
    let secret = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let key = Secret::new(format!("pk_{id}_{secret}"));
    Ok((id, key))
}

/// The id of a text that has the shape of a key.
pub(super) fn id(text: &str) -> Option<&str> {
    let (id, secret) = text.strip_prefix("pk_")?.split_once('_')?;
    let is_id = id.len() == 8 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_secret =
        secret.len() == 43 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    (is_id && is_secret).then_some(id)
}

/// A text with a mask in place of the secret of each key in it, also of one that is cut off.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let is_secret = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let mut clean = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("pk_") {
        let (before, key) = rest.split_at(at);
        clean.push_str(before);
        let is_key =
            key.as_bytes().get(3..12).is_some_and(|id| id[..8].iter().all(u8::is_ascii_hexdigit) && id[8] == b'_');
        let (shown, after) = key.split_at(if is_key { 12 } else { 3 });
        let secret = if is_key { after.bytes().take_while(is_secret).count() } else { 0 };
        clean.push_str(shown);
        clean.push_str(if secret > 0 { MASK } else { "" });
        rest = &after[secret..];
    }
    if clean.is_empty() {
        return Cow::Borrowed(text);
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

/// What is kept of a key: argon2id with the library's terms (19 MiB, two passes), which stand in it. Takes tens of milliseconds.
pub(super) fn hashed(key: &Secret) -> Result<String> {
    let hash = Argon2::default().hash_password(key.expose().as_bytes());
    hash.map(|hash| hash.to_string()).map_err(Fault::internal)
}

/// Whether this is the key of that hash. As slow.
pub(super) fn is_of(text: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(text.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_from_all_others_by_its_hash() {
        let (id_of_it, key) = new().unwrap();
        assert_eq!(id(key.expose()), Some(id_of_it.as_str()));
        let hash = hashed(&key).unwrap();
        assert!(hash.starts_with("$argon2id$") && !hash.contains(key.expose()));
        assert!(is_of(key.expose(), &hash));
        let (_, other) = new().unwrap();
        assert!(!is_of(other.expose(), &hash) && !is_of(key.expose(), "nonsense"));
        for bad in ["", "pk_", "pk_0123456g_x", &key.expose()[1..], &format!("{}x", key.expose())] {
            assert_eq!(id(bad), None, "{bad}");
        }
    }
}
