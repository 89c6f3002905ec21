//! Numbers and keys that follow from a seed and from what they are for.

use sha2::{Digest as _, Sha256};
use solana_keypair::Keypair;

/// 32 bytes.
pub(crate) fn bytes(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        // Their lengths keep parts apart.
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}

pub(crate) fn number(parts: &[&str]) -> u64 {
    bytes(parts).iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

pub(crate) fn key(seed: u64, name: &str) -> Keypair {
    Keypair::new_from_array(bytes(&["key", &seed.to_string(), name]))
}
