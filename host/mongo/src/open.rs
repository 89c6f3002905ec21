//! Opening: a server that answers, a database of this version, its indexes, and the line taken over.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use mongodb::{
    Client, IndexModel,
    bson::{Document, doc},
    options::{ClientOptions, IndexOptions},
};
use puppet_store::{Result, StoreError};
use tokio::sync::{RwLock, mpsc};

use crate::{
    MongoStore, Options,
    db::{Db, Write},
    fault::Fault,
    fields::Fields,
    line::{Health, Line, Shared},
    nearest::Search,
    options::{told, without_secrets},
    presence, queries,
    recovery::Orphans,
    schema::{INDEXES, META, VERSION},
    store::Inner,
    text::Words,
    writer::serve,
};

/// The database where the address names none.
const DATABASE: &str = "puppet";

impl MongoStore {
    /// Opens the database that a `mongodb://` or `mongodb+srv://` address names (`puppet` where it names none), makes its
    /// indexes, takes over from whichever host wrote to it before, and applies what that host did not come to. There
    /// is one host at a time: the one that opened last. With [`Options::presence`] a host that lives is left alone.
    ///
    /// Needs a tokio runtime, on which the writer lives until [`MongoStore::close`].
    ///
    /// # Errors
    /// [`StoreError::Connect`] where no server answers within [`Options::connect`] or the address does not read;
    /// [`StoreError::TooNew`] where a later version wrote it; [`StoreError::InUse`] where another host works with it.
    /// None of them tells the password.
    pub async fn open(url: &str, options: Options) -> Result<Self> {
        let presence = options.presence.clone();
        let db = Arc::new(connect(url, options.bounded()).await?);
        check_version(&db).await?;
        if let Some(presence) = &presence {
            presence::nobody_else(&db, presence).await?;
        }
        make_indexes(&db).await?;
        let shared = Arc::new(Shared { db, health: RwLock::new(Health::Good) });
        let line = Line::take_over(Arc::clone(&shared)).await?;
        let appeared = match presence {
            Some(presence) => Some(presence::appear(Arc::clone(&shared), presence, line.host.clone()).await?),
            None => None,
        };
        let paid = any_paid(&shared.db).await?;
        let (queue, work) = mpsc::unbounded_channel();
        let writer = tokio::spawn(serve(line, work));
        let inner = Inner {
            shared,
            queue: Mutex::new(Some(queue)),
            writer: Mutex::new(Some(writer)),
            appeared: Mutex::new(appeared),
            paid: Arc::new(AtomicBool::new(paid)),
            words: Words::new()?,
            search: Search::default(),
            read_only: false,
        };
        let store = Self { inner: Arc::new(inner) };
        if store.inner.paid.load(Ordering::Acquire) {
            let booked = store.write(Orphans).await?;
            tracing::debug!(booked, "reservations of the last host");
        }
        Ok(store)
    }
}

pub(crate) async fn connect(url: &str, options: Options) -> Result<Db> {
    let failed = |reason: String| StoreError::Connect { url: told(url), reason: without_secrets(url, &reason) };
    let parsed = ClientOptions::parse(url).await;
    let mut client = parsed.map_err(|error| failed(format!("the address does not read: {error}")))?;
    client.app_name.get_or_insert_with(|| "puppet".to_owned());
    client.server_selection_timeout = Some(options.connect);
    client.connect_timeout.get_or_insert(options.connect);
    let name = client.default_database.clone().unwrap_or_else(|| DATABASE.to_owned());
    let client = Client::with_options(client).map_err(|error| failed(error.to_string()))?;
    let database = client.database(&name);
    let hello = match database.run_command(doc! {"hello": 1}).await.map_err(Fault::from) {
        Ok(hello) => hello,
        Err(Fault::Passing(reason)) => {
            return Err(failed(format!(
                "no server answers ({reason}): see that it runs and that the address is right"
            )));
        }
        Err(other) => return Err(failed(other.into_store().to_string())),
    };
    let replicated = hello.contains_key("setName");
    Ok(Db { client, database, url: told(url), options, replicated })
}

/// The version that wrote the database; `None` where none has. An error where it is a later one than this.
pub(crate) async fn version(db: &Db) -> Result<Option<i64>> {
    let found = db.find(&queries::META_BY_ID, doc! {"_id": "schema"}, 1).await?;
    let version = found.first().map(|row| Fields::of(META, row).int("version")).transpose()?;
    if let Some(version) = version.filter(|version| *version > VERSION) {
        let needed = found.first().and_then(|row| row.get_str("version_of_puppet").ok());
        return Err(StoreError::TooNew {
            path: PathBuf::from(&db.url),
            found: u32::try_from(version).unwrap_or(u32::MAX),
            known: u32::try_from(VERSION).unwrap_or(u32::MAX),
            needed: needed.unwrap_or("a later version").to_owned(),
        });
    }
    Ok(version)
}

async fn check_version(db: &Db) -> Result<()> {
    if version(db).await?.is_none_or(|version| version < VERSION) {
        let row = doc! {"version": VERSION, "version_of_puppet": env!("CARGO_PKG_VERSION")};
        let document = doc! {"q": {"_id": "schema"}, "u": {"$set": row}, "upsert": true};
        db.write("update", "updates", META, vec![Write { document, bytes: 100 }]).await?;
    }
    Ok(())
}

async fn make_indexes(db: &Db) -> Result<()> {
    let mut models = BTreeMap::<&str, Vec<IndexModel>>::new();
    for index in INDEXES {
        let keys: Document = index.keys.iter().map(|(field, way)| ((*field).to_owned(), (*way).into())).collect();
        let options = IndexOptions::builder().name(index.name.to_owned()).unique(index.unique).build();
        models.entry(index.collection).or_default().push(IndexModel::builder().keys(keys).options(options).build());
    }
    for (collection, models) in models {
        let collection = db.collection(collection);
        let made = db.trying(|| async { Ok(collection.create_indexes(models.clone()).await.map(drop)?) });
        made.await.map_err(Fault::into_store)?;
    }
    Ok(())
}

async fn any_paid(db: &Db) -> Result<bool> {
    Ok(!db.find(&queries::OPEN_READS_ALL, doc! {}, 1).await?.is_empty()
        || !db.find(&queries::KEPT_READS_ALL, doc! {}, 1).await?.is_empty())
}
