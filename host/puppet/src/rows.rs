//! The rows of a deployment, as every command opens them: in the data folder's own database, or where the configuration
//! says that they are.

use std::{fmt, ops::Deref, path::PathBuf, sync::Arc};

use puppet_store::{
    CopyError, HostLock, Store,
    sqlite::{Options, SqliteStore},
};

use crate::{
    setup::Setup,
    trouble::{Result, Trouble},
};

/// An open store. Clones are the same one.
#[derive(Clone)]
pub struct Rows(Arc<dyn Store>);

impl Rows {
    /// For reading and writing, by whoever holds the lock of the data folder.
    pub async fn open(setup: &Setup) -> Result<Self> {
        let rows = Self::from(SqliteStore::open(&setup.data, Options::default())?);
        rows.whole().await?;
        Ok(rows)
    }

    /// For reading alone, also while a host works with them.
    pub async fn open_read_only(setup: &Setup) -> Result<Self> {
        let rows = Self::from(SqliteStore::open_read_only(&setup.data)?);
        rows.whole().await?;
        Ok(rows)
    }

    /// Nobody works on half a copy.
    async fn whole(&self) -> Result<()> {
        match self.copying().await? {
            None => Ok(()),
            Some(source) => Err(Trouble::from(CopyError::Half(source))),
        }
    }

    /// For those who share it.
    pub fn shared(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0)
    }
}

/// A store that is named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The database of a data folder.
    Folder(PathBuf),
}

impl Place {
    /// `sqlite:DIR`.
    pub fn parse(text: &str, field: &str) -> Result<Self> {
        match text.split_once(':') {
            Some(("sqlite", folder)) if !folder.is_empty() => Ok(Self::Folder(PathBuf::from(folder))),
            _ => {
                let message = format!("`{text}` names no store");
                Err(Trouble::input("bad-value", message, "write `sqlite:DIR` for a data folder").of_field(field))
            }
        }
    }

    /// Keeps hosts away from it, where that can be done.
    pub fn hold(&self) -> Result<Option<HostLock>> {
        match self {
            Self::Folder(folder) => Ok(Some(HostLock::take(folder)?)),
        }
    }

    /// For a copy: also half of one.
    pub async fn open(&self) -> Result<Rows> {
        match self {
            Self::Folder(folder) => Ok(SqliteStore::open(folder, Options::default())?.into()),
        }
    }
}

/// Without secrets.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "sqlite:{}", folder.display()),
        }
    }
}

impl From<SqliteStore> for Rows {
    fn from(store: SqliteStore) -> Self {
        Self(Arc::new(store))
    }
}

impl Deref for Rows {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}
