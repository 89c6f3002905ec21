//! Keys of wallets: read in the forms that other tools write, wiped when they are let go, printed nowhere. What is
//! signed with one is the guard's to say: [`Wallet`] signs only what it has cleared.

mod read;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
};

use puppet_types::{MASK, Secret};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signature::Signature;
use solana_signer::Signer;
use zeroize::Zeroizing;

/// Bytes of a seed: all that a key is.
const SEED: usize = 32;

/// Where a key was looked for. Errors name it, and nothing of what was found there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A variable of the environment.
    Environment(String),
    /// A file.
    File(PathBuf),
    /// Anything else, as it is to be called.
    Named(String),
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing but space.
    #[error("no key: {0} is empty")]
    Empty(KeySource),
    /// None of the forms.
    #[error("no key: {0} holds neither base58, hex, a JSON array nor a list of bytes")]
    Form(KeySource),
    /// One of the forms, of something else.
    #[error("no key: {from} holds {bytes} bytes; a key is 64 of them, or 32 of its seed")]
    Length {
        /// Where.
        from: KeySource,
        /// How many.
        bytes: usize,
    },
    /// The second half is the address of another key.
    #[error("no key: the two halves in {0} do not belong together")]
    Mismatch(KeySource),
    /// It cannot be read or written.
    #[error("{from}: {kind}")]
    File {
        /// Where.
        from: KeySource,
        /// As the system says.
        kind: io::ErrorKind,
    },
    /// There is no randomness.
    #[error("no randomness for a new key")]
    Random,
}

/// A key and its address.
pub struct Wallet {
    // On the heap, so that it stays in one place when the wallet is moved.
    seed: Box<Zeroizing<[u8; SEED]>>,
    address: Address,
}

impl Wallet {
    /// A new one.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Box::new(Zeroizing::new([0; SEED]));
        getrandom::fill(seed.as_mut_slice()).map_err(|_| KeyError::Random)?;
        Ok(Self::of(seed))
    }

    /// Of a text: base58 or hex of 64 bytes or of a 32-byte seed, or the same as a JSON array or a list with commas.
    ///
    /// # Errors
    /// It is none of them.
    pub fn parse(text: &str, from: KeySource) -> Result<Self, KeyError> {
        read::text(text, from)
    }

    /// Of a file with such a text: what `solana-keygen` writes, for one.
    ///
    /// # Errors
    /// It cannot be read, or holds no key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        read::file(path)
    }

    /// Writes it to a new file that only its owner reads, as `solana-keygen` does.
    ///
    /// # Errors
    /// There is a file already, or it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), KeyError> {
        let failed = |error: io::Error| KeyError::File { from: KeySource::File(path.to_owned()), kind: error.kind() };
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        let mut text = Zeroizing::new(String::with_capacity(SEED * 2 * 4 + 2));
        for (place, byte) in self.seed.iter().chain(self.address.as_array()).enumerate() {
            text.push(if place == 0 { '[' } else { ',' });
            text.push_str(Zeroizing::new(byte.to_string()).as_str());
        }
        text.push(']');
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// The key as wallets export it, in base58 with its address: for the place where secrets are kept, and no other.
    pub fn text(&self) -> Secret {
        let mut bytes = Zeroizing::new([0; 2 * SEED]);
        let (seed, address) = bytes.split_at_mut(SEED);
        seed.copy_from_slice(self.seed.as_slice());
        address.copy_from_slice(self.address.as_array());
        Secret::new(bs58::encode(bytes.as_slice()).into_string())
    }

    /// Where it is paid.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Signs bytes. Within this crate only, and there only by the guard's word.
    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        // The key pair wipes itself as well.
        Keypair::new_from_array(**self.seed).sign_message(message)
    }

    fn of(seed: Box<Zeroizing<[u8; SEED]>>) -> Self {
        let address = Keypair::new_from_array(**seed).pubkey();
        Self { seed, address }
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wallet").field("address", &self.address).field("seed", &format_args!("{MASK}")).finish()
    }
}

impl fmt::Display for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)
    }
}
