//! The rows of a deployment, as every command opens them: in the data folder's own database, or where the configuration
//! says that they are.

use std::{
    fmt,
    ops::Deref,
    path::{Path, PathBuf},
    sync::Arc,
};

use puppet_mongo::{MongoStore, Presence};
use puppet_store::{
    CopyError, HostLock, Store,
    sqlite::{Options, SqliteStore},
};
use puppet_types::{Secret, scrub};

use crate::{
    credentials,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// An open store. Clones are the same one.
#[derive(Clone)]
pub struct Rows(Arc<dyn Store>);

impl Rows {
    /// For reading and writing, by whoever holds the lock of the data folder.
    pub async fn open(setup: &Setup) -> Result<Self> {
        Self::open_for_host(setup, false).await
    }

    /// The same for a host, which may send another away where that can be done.
    pub async fn open_for_host(setup: &Setup, take_over: bool) -> Result<Self> {
        Place::of(setup)?.open_as(holder(&setup.data), take_over).await?.whole().await
    }

    /// For reading alone, also while a host works with them; `None` where there are none yet. Within a host they are its own,
    /// and nothing is opened.
    pub async fn look(setup: &Setup) -> Result<Option<Self>> {
        if let Some(inside) = &setup.inside {
            return Ok(Some(inside.rows.clone()));
        }
        match Place::of(setup)?.look().await? {
            Some(rows) => rows.whole().await.map(Some),
            None => Ok(None),
        }
    }

    /// Nobody works on half a copy.
    async fn whole(self) -> Result<Self> {
        match self.copying().await? {
            None => Ok(self),
            Some(source) => Err(Trouble::from(CopyError::Half(source))),
        }
    }

    /// For those who share it.
    pub fn shared(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0)
    }
}

/// Where rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The database of a data folder.
    Folder(PathBuf),
    /// A MongoDB database, by its address.
    Mongo(Secret),
}

impl Place {
    /// Those of this deployment.
    pub fn of(setup: &Setup) -> Result<Self> {
        match &setup.config.store.mongodb {
            None => Ok(Self::Folder(setup.data.clone())),
            Some(name) => credentials::needed(setup, name, "the rows are at that address").map(Self::Mongo),
        }
    }

    /// `sqlite:DIR`, `mongodb://HOST/DATABASE`, or `credential:NAME`.
    pub fn parse(setup: &Setup, text: &str, field: &str) -> Result<Self> {
        match text.split_once(':') {
            Some(("sqlite", folder)) if !folder.is_empty() => Ok(Self::Folder(PathBuf::from(folder))),
            Some(("mongodb" | "mongodb+srv", _)) => {
                let url = Secret::new(text);
                scrub::learn([&url]);
                Ok(Self::Mongo(url))
            }
            Some(("credential", name)) if !name.is_empty() => {
                credentials::needed(setup, name, "the rows are at that address").map(Self::Mongo)
            }
            _ => {
                // What comes after it may be a password.
                let scheme = text.split(':').next().unwrap_or_default();
                let message = format!("`{scheme}:…` names no store");
                let remedy = "write `sqlite:DIR` for a data folder, `mongodb://HOST/DATABASE`, or `credential:NAME` for a \
                              credential that is such an address";
                Err(Trouble::input("bad-value", message, remedy).of_field(field))
            }
        }
    }

    /// Keeps hosts away from it, where that can be done: a database is taken over by whoever opens it last.
    pub fn hold(&self) -> Result<Option<HostLock>> {
        match self {
            Self::Folder(folder) => Ok(Some(HostLock::take(folder)?)),
            Self::Mongo(_) => Ok(None),
        }
    }

    /// Whether something was ever written there. Makes nothing.
    pub async fn is_there(&self) -> Result<bool> {
        match self {
            Self::Folder(folder) => Ok(!is_bare(folder)),
            Self::Mongo(_) => Ok(self.look().await?.is_some()),
        }
    }

    /// For a copy: also half of one.
    pub async fn open(&self) -> Result<Rows> {
        self.open_as(format!("a copy on {}", machine()), false).await
    }

    /// For writing.
    async fn open_as(&self, holder: String, takes_over: bool) -> Result<Rows> {
        match self {
            Self::Folder(folder) => Ok(SqliteStore::open(folder, Options::default())?.into()),
            Self::Mongo(url) => {
                let presence = Some(Presence { takes_over, ..Presence::of(holder) });
                let options = puppet_mongo::Options { presence, ..Default::default() };
                Ok(MongoStore::open(url.expose(), options).await?.into())
            }
        }
    }

    /// For reading; `None` where nothing was ever written.
    async fn look(&self) -> Result<Option<Rows>> {
        match self {
            Self::Folder(folder) if is_bare(folder) => Ok(None),
            Self::Folder(folder) => Ok(Some(SqliteStore::open_read_only(folder)?.into())),
            Self::Mongo(url) => {
                let store = MongoStore::open_read_only(url.expose(), puppet_mongo::Options::default()).await?;
                Ok(store.map(Rows::from))
            }
        }
    }
}

/// Whether there is no database in a folder. What is there and no folder, or cannot be looked at, is told by whoever opens it.
fn is_bare(folder: &Path) -> bool {
    (!folder.exists() || folder.is_dir()) && matches!(folder.join("puppet.db").try_exists(), Ok(false))
}

/// Without secrets.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "sqlite:{}", folder.display()),
            Self::Mongo(url) => f.write_str(&puppet_mongo::told(url.expose())),
        }
    }
}

impl From<MongoStore> for Rows {
    fn from(store: MongoStore) -> Self {
        Self(Arc::new(store))
    }
}

/// Who works with a database, in words: whoever has the same name and the lock of the folder is its follower.
fn holder(data: &Path) -> String {
    let data = data.canonicalize().unwrap_or_else(|_| data.to_owned());
    format!("{} in {}", machine(), data.display())
}

fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
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
