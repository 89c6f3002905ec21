//! Who asks, and as what.

pub(crate) mod asking;
pub mod cookie;
mod jwt;
mod key;
mod keys;
mod principal;
mod sessions;
pub(crate) mod tries;

pub(crate) use key::masked;
pub use keys::{KeyFault, Keys, NewKey};
pub use principal::{Principal, PrincipalKind, Role};
pub use sessions::{ACCESS_S, Opened, REFRESH_S, Sessions};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// A keyed hash, made once.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of every length: there is no other case.
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()))
}

/// Of some bytes, under a key.
fn mac(keyed: &Hmac<Sha256>, bytes: &[u8]) -> [u8; 32] {
    keyed.clone().chain_update(bytes).finalize().into_bytes().into()
}

/// Bytes that nobody can guess.
///
/// # Errors
/// The system has none.
fn random<const N: usize>() -> crate::fault::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(crate::Fault::internal)?;
    Ok(bytes)
}
