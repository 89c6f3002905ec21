//! Keys and signatures in the format of minisign (https://jedisct1.github.io/minisign): what is signed here
//! `minisign -Vm MANIFEST -P KEY` verifies. What is signed is the text `MANIFEST`, which pins every file of a pack.

use std::io::Cursor;

use base64::Engine as _;
use minisign::{KeyPair, PublicKey, SecretKeyBox, SignatureBox};
use puppet_types::Secret;

/// Most bytes of a signature: four short lines.
pub const MAX_SIGNATURE_BYTES: usize = 4_096;
/// 64 bytes in base64.
const GLOBAL_BYTES: usize = 88;

/// Why nothing is signed, or a signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The file of a key is none.
    #[error("it is no secret key of minisign")]
    NoKey,
    /// The password is not that of the key.
    #[error("the password does not open the key, or its file is damaged")]
    WrongPassword,
    /// The system gives no random numbers, or the like.
    #[error("the key cannot be used: {0}")]
    Failed(String),
    /// The text is no signature.
    #[error("it is no signature of minisign")]
    NoSignature,
    /// Another key, another text, or a changed signature.
    #[error("the signature is not by this key over these files")]
    Wrong,
}

/// The texts of a new pair's two files.
pub struct NewKeys {
    /// Of the secret file.
    pub secret: Secret,
    /// Of the public file.
    pub public: String,
    /// The public key by itself: `publisher` in `pack.toml`.
    pub key: String,
}

/// Makes a pair; the secret one is encrypted where there is a password.
pub fn generate(password: Option<&Secret>) -> Result<NewKeys, SignatureError> {
    let failed = |error: minisign::PError| SignatureError::Failed(error.to_string());
    let KeyPair { pk, sk } = match password {
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password.expose().to_owned())),
        None => KeyPair::generate_unencrypted_keypair(),
    }
    .map_err(failed)?;
    let secret = sk.to_box(Some("minisign secret key of a publisher of packs")).map_err(failed)?;
    let public = pk.to_box().map_err(failed)?;
    Ok(NewKeys { secret: Secret::new(secret.into_string()), public: public.into_string(), key: pk.to_base64() })
}

/// A secret key that is open. It has no `Debug`: that of the library prints it.
pub struct SigningKey {
    secret: minisign::SecretKey,
    public: PublicKey,
}

impl SigningKey {
    /// Opens the text of a secret key's file. Nobody is asked for a password.
    pub fn open(text: &Secret, password: Option<&Secret>) -> Result<Self, SignatureError> {
        let is_encrypted = is_encrypted(text)?;
        let boxed = SecretKeyBox::from(text.expose().to_owned());
        let secret = match password.filter(|_| is_encrypted) {
            Some(password) => boxed.into_secret_key(Some(password.expose().to_owned())),
            None if is_encrypted => return Err(SignatureError::WrongPassword),
            None => Ok(in_clear(text)?),
        }
        .map_err(|_| if is_encrypted { SignatureError::WrongPassword } else { SignatureError::NoKey })?;
        let public = PublicKey::from_secret_key(&secret).map_err(|_| SignatureError::NoKey)?;
        Ok(Self { secret, public })
    }

    /// Its public half, as it stands in `pack.toml`.
    pub fn public(&self) -> String {
        self.public.to_base64()
    }

    /// Signs a text. The comment is signed with it.
    pub fn sign(&self, text: &str, comment: &str) -> Result<String, SignatureError> {
        let untrusted = Some("signature of a pack of puppet");
        let signed = minisign::sign(Some(&self.public), &self.secret, Cursor::new(text), Some(comment), untrusted);
        signed.map(SignatureBox::into_string).map_err(|error| SignatureError::Failed(error.to_string()))
    }
}

/// A key that needs no password. The tool writes no checksum into such a one, and the library wants it.
fn in_clear(text: &Secret) -> Result<minisign::SecretKey, SignatureError> {
    let line = text.expose().lines().nth(1).ok_or(SignatureError::NoKey)?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(line).map_err(|_| SignatureError::NoKey)?;
    minisign::SecretKey::from_bytes(&bytes).map_err(|_| SignatureError::NoKey)
}

/// Whether the text of a secret key's file needs a password.
pub fn is_encrypted(text: &Secret) -> Result<bool, SignatureError> {
    // The second line begins with the algorithms: `Ed`, then `Sc` (scrypt) or two zeros.
    let key = text.expose().lines().nth(1).ok_or(SignatureError::NoKey)?;
    match key.get(..6) {
        Some("RWRTY0") => Ok(true),
        Some("RWQAAE") => Ok(false),
        _ => Err(SignatureError::NoKey),
    }
}

/// Whether a text is a public key on one line.
pub fn is_public_key(text: &str) -> bool {
    text.starts_with("RW") && text.len() == 56 && PublicKey::from_base64(text).is_ok()
}

/// Whether a signature is by a key over a text.
pub fn verify(signature: &str, text: &str, key: &str) -> Result<(), SignatureError> {
    let lines: Vec<&str> = signature.lines().collect();
    // The library takes the last line for 64 bytes without looking.
    if signature.len() > MAX_SIGNATURE_BYTES || lines.len() != 4 || lines[3].len() != GLOBAL_BYTES {
        return Err(SignatureError::NoSignature);
    }
    let signature = SignatureBox::from_string(signature).map_err(|_| SignatureError::NoSignature)?;
    let key = PublicKey::from_base64(key).map_err(|_| SignatureError::Wrong)?;
    minisign::verify(&key, &signature, Cursor::new(text), true, false, false).map_err(|_| SignatureError::Wrong)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Of nobody: its secret half was thrown away.
    pub(crate) const PUBLIC: &str = "RWTrBUFwN7+Ggimu7B+2kya1LtXR4aDGooq9eELWs8boNNMTyFZd0mCX";

    /// Made by `minisign -G -W` of minisign 0.11, for this test alone.
    const OF_THE_TOOL: (&str, &str) = (
        "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAATlcLbKmOV9MQy56epfGLCtw6JmG5eTchY6Rqtlt2pNFCPdQs7WrYrZqb2xkB3i/AROMe+SG7BO4DA2na+k6k7/8gsLtj5AaDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "RWROVwtsqY5X05qb2xkB3i/AROMe+SG7BO4DA2na+k6k7/8gsLtj5AaD",
    );

    #[test]
    fn a_key_that_the_tool_made_signs_and_a_torn_one_does_not() {
        let (secret, public) = OF_THE_TOOL;
        let open = |line: &str| SigningKey::open(&Secret::new(format!("untrusted comment: x\n{line}\n")), None);
        let key = open(secret).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(key.public(), public);
        assert_eq!(verify(&key.sign("files", "c").unwrap(), "files", public), Ok(()));
        assert!(matches!(open(&secret[..80]), Err(SignatureError::NoKey)));
    }

    #[test]
    fn a_signature_holds_for_its_key_and_its_text_alone() {
        let [one, other] = [(); 2].map(|()| generate(None).unwrap());
        let key = SigningKey::open(&one.secret, None).unwrap();
        assert_eq!(key.public(), one.key);
        assert!(is_public_key(&one.key) && one.public.lines().nth(1) == Some(&one.key) && is_public_key(PUBLIC));
        let signed = key.sign("files", "puppet-pack lamp 0.1.0").unwrap();
        assert_eq!(verify(&signed, "files", &one.key), Ok(()));
        assert_eq!(verify(&signed, "filez", &one.key), Err(SignatureError::Wrong));
        assert_eq!(verify(&signed, "files", &other.key), Err(SignatureError::Wrong));
        let forged = signed.replace("lamp", "oven");
        assert_eq!(verify(&forged, "files", &one.key), Err(SignatureError::Wrong), "the comment is signed, too");
    }

    #[test]
    fn nothing_that_is_torn_is_a_signature() {
        let keys = generate(None).unwrap();
        let signed = SigningKey::open(&keys.secret, None).unwrap().sign("files", "c").unwrap();
        for at in 0..signed.len() - 1 {
            assert!(verify(&signed[..at], "files", &keys.key).is_err(), "{at}");
            let mut flipped = signed.clone().into_bytes();
            flipped[at] ^= 1 << (at % 7);
            let untrusted = signed.find('\n').unwrap();
            if let (Ok(flipped), true) = (String::from_utf8(flipped), at > untrusted) {
                assert!(verify(&flipped, "files", &keys.key).is_err(), "{at}: {flipped}");
            }
        }
    }

    #[test]
    fn a_key_opens_with_its_password() {
        let password = Secret::new("correct horse");
        let keys = generate(Some(&password)).unwrap();
        assert_eq!(is_encrypted(&keys.secret), Ok(true));
        assert_eq!(SigningKey::open(&keys.secret, Some(&password)).unwrap().public(), keys.key);
        for wrong in [None, Some(Secret::new("battery"))] {
            let error = SigningKey::open(&keys.secret, wrong.as_ref()).err();
            assert_eq!(error, Some(SignatureError::WrongPassword));
        }
        assert_eq!(SigningKey::open(&Secret::new(keys.public), None).err(), Some(SignatureError::NoKey));
    }
}
