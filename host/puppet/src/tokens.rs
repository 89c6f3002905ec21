//! The OAuth 2 tokens of an account, among the secrets of the data folder (`x/<account>/oauth2`). Whoever renews them, signs in
//! or signs out holds the account's lock meanwhile: a host and a command never do so at once.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use puppet_packs::SecretsFile;
use puppet_tweet::{TokenPair, TokenStore};
use puppet_types::Secret;

use crate::{credentials, setup::Setup, trouble::Result};

/// Between two looks whether a lock is free.
const LOOK: Duration = Duration::from_millis(20);
/// Whoever holds it longer than this has a request under way that should be over.
const LONGEST: Duration = Duration::from_secs(120);

/// Where they are.
#[derive(Debug, Clone)]
pub struct Tokens {
    data: PathBuf,
    key: Option<Secret>,
    /// In lower case: X takes no notice of case.
    account: String,
}

impl Tokens {
    /// Those of an account.
    pub fn of(setup: &Setup, account: &str) -> Result<Self> {
        let key = credentials::key_of_secrets(setup)?;
        Ok(Self { data: setup.data.clone(), key, account: account.to_ascii_lowercase() })
    }

    /// Takes them away.
    pub async fn forget(&self) -> std::result::Result<(), String> {
        self.with(|file, name| {
            file.remove(name);
            file.save().map_err(|error| error.to_string())
        })
        .await
    }

    /// Reads and writes off the threads of the runtime.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SecretsFile, &str) -> std::result::Result<T, String> + Send + 'static,
    ) -> std::result::Result<T, String> {
        let Self { data, key, account } = self.clone();
        let work = move || {
            let mut file = SecretsFile::open(&data, key).map_err(|error| error.to_string())?;
            work(&mut file, &format!("x/{account}/oauth2"))
        };
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err("it broke off".to_owned()))
    }
}

#[async_trait]
impl TokenStore for Tokens {
    async fn hold(&self) -> std::result::Result<Box<dyn Send + Sync>, String> {
        let folder = self.data.join("locks");
        let path = folder.join(format!("x-{}", self.account));
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let file = opened(&folder, &path).map_err(failed)?;
        let until = Instant::now() + LONGEST;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Box::new(file)),
                Err(TryLockError::WouldBlock) if Instant::now() < until => tokio::time::sleep(LOOK).await,
                Err(TryLockError::WouldBlock) => return Err(format!("{} is held by another process", path.display())),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    async fn load(&self) -> std::result::Result<Option<TokenPair>, String> {
        self.with(|file, name| match file.get(name) {
            None => Ok(None),
            Some(written) => {
                TokenPair::read(&written).map(Some).ok_or_else(|| format!("`{name}` is no pair of tokens"))
            }
        })
        .await
    }

    async fn save(&self, pair: &TokenPair) -> std::result::Result<(), String> {
        let written = pair.written();
        self.with(move |file, name| {
            file.set(name, written);
            file.save().map_err(|error| error.to_string())
        })
        .await
    }
}

fn opened(folder: &Path, path: &Path) -> io::Result<File> {
    std::fs::create_dir_all(folder)?;
    OpenOptions::new().write(true).create(true).truncate(false).open(path)
}

#[cfg(test)]
mod tests {
    use puppet_types::Timestamp;

    use super::*;

    #[tokio::test]
    async fn a_pair_is_kept_as_it_is_and_its_lock_is_one_of_all_processes() {
        let dir = tempfile::tempdir().unwrap();
        let of = |account: &str| Tokens {
            data: dir.path().to_owned(),
            key: Some(Secret::new("a passphrase")),
            account: account.to_ascii_lowercase(),
        };
        let (ada, same, bob) = (of("Ada"), of("ada"), of("bob"));
        assert_eq!(ada.load().await, Ok(None));
        let pair = TokenPair {
            access: Secret::new("access-canary"),
            refresh: None,
            expires: Timestamp::from_millis(7),
            scope: String::new(),
            client_id: "app".to_owned(),
            asked: None,
        };
        ada.save(&pair).await.unwrap();
        assert_eq!(same.load().await, Ok(Some(pair)));
        let bytes = std::fs::read(dir.path().join(puppet_packs::SECRETS_FILE)).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"canary"), "encrypted, as all secrets are");

        let held = ada.hold().await.unwrap();
        let other = bob.hold().await.unwrap();
        let waits = tokio::spawn(async move { same.hold().await.map(drop) });
        tokio::time::sleep(LOOK).await;
        assert!(!waits.is_finished());
        drop((held, other));
        waits.await.unwrap().unwrap();
        ada.forget().await.unwrap();
        assert_eq!(ada.load().await, Ok(None));
    }
}
