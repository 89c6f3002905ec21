//! Encryption at rest, in the format of age (https://age-encryption.org/v1): under a passphrase by scrypt, or under an
//! X25519 identity. What is written here, `age --decrypt` reads.

use std::{
    io::{Read as _, Write as _},
    str::FromStr as _,
};

use age::{Decryptor, Encryptor, Identity, Recipient, scrypt, secrecy::SecretString, x25519};
use puppet_types::Secret;

/// How every file of this format begins.
const MAGIC: &[u8] = b"age-encryption.org/";
/// How an identity begins; any other key is a passphrase.
const IDENTITY: &str = "AGE-SECRET-KEY-1";
/// scrypt with N = 2^15 and r = 8: 32 MiB and some 100 ms for a guess. Fixed, since the crate would measure this machine.
const WORK_FACTOR: u8 = 15;
/// The most that is done for a file that somebody else wrote: 1 GiB.
const MOST_WORK: u8 = 20;

/// Why a file does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsealed {
    /// The key is none.
    BadKey,
    /// It is another, or the file is damaged: nobody can tell which.
    WrongKey,
}

/// Whether it is encrypted.
pub(crate) fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Encrypts; `None` where the key is none.
pub(crate) fn seal(clear: &[u8], key: &Secret) -> Option<Vec<u8>> {
    let recipient: Box<dyn Recipient> = if key.expose().starts_with(IDENTITY) {
        Box::new(x25519::Identity::from_str(key.expose()).ok()?.to_public())
    } else {
        let mut recipient = scrypt::Recipient::new(SecretString::from(key.expose().to_owned()));
        recipient.set_work_factor(WORK_FACTOR);
        Box::new(recipient)
    };
    let mut sealed = Vec::new();
    let encryptor = Encryptor::with_recipients(std::iter::once(recipient.as_ref())).ok()?;
    let mut writer = encryptor.wrap_output(&mut sealed).ok()?;
    writer.write_all(clear).ok()?;
    writer.finish().ok()?;
    Some(sealed)
}

/// Decrypts.
pub(crate) fn unseal(sealed: &[u8], key: &Secret) -> Result<Vec<u8>, Unsealed> {
    let identity: Box<dyn Identity> = if key.expose().starts_with(IDENTITY) {
        Box::new(x25519::Identity::from_str(key.expose()).map_err(|_| Unsealed::BadKey)?)
    } else {
        let mut identity = scrypt::Identity::new(SecretString::from(key.expose().to_owned()));
        identity.set_max_work_factor(MOST_WORK);
        Box::new(identity)
    };
    let decryptor = Decryptor::new(sealed).map_err(|_| Unsealed::WrongKey)?;
    let mut reader = decryptor.decrypt(std::iter::once(identity.as_ref())).map_err(|_| Unsealed::WrongKey)?;
    let mut clear = Vec::new();
    reader.read_to_end(&mut clear).map_err(|_| Unsealed::WrongKey)?;
    Ok(clear)
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_alone() {
        let identity = || Secret::new(x25519::Identity::generate().to_string().expose_secret());
        let keys = [Secret::new("correct horse"), Secret::new("battery"), identity(), identity()];
        for (n, key) in keys.iter().enumerate() {
            let sealed = seal(b"a = \"canary\"", key).unwrap();
            assert!(is_sealed(&sealed) && !sealed.windows(6).any(|part| part == b"canary"));
            for (other, key) in keys.iter().enumerate() {
                let wanted = if n == other { Ok(b"a = \"canary\"".to_vec()) } else { Err(Unsealed::WrongKey) };
                assert_eq!(unseal(&sealed, key), wanted, "{n} {other}");
            }
            let mut damaged = sealed.clone();
            *damaged.last_mut().unwrap() ^= 1;
            assert_eq!(unseal(&damaged, key), Err(Unsealed::WrongKey));
            assert_eq!(unseal(&sealed[..sealed.len() - 1], key), Err(Unsealed::WrongKey));
        }
        let bad = Secret::new("AGE-SECRET-KEY-1QQQ");
        assert_eq!(seal(b"", &bad), None);
        assert_eq!(unseal(&seal(b"", &keys[0]).unwrap(), &bad), Err(Unsealed::BadKey));
    }
}
