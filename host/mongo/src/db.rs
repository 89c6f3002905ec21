//! The database: questions and commands, tried again where the server is away or changes its primary. Every command here
//! may be carried out twice.

use std::{collections::BTreeMap, future::Future, time::Duration};

use futures::TryStreamExt as _;
use mongodb::{
    Client, Collection, Database,
    bson::{Bson, Document, doc},
    options::{Acknowledgment, CollectionOptions, ReadConcern, WriteConcern},
};
use puppet_store::{Result, StoreError};
use tokio::time::Instant;

use crate::{
    fault::{DUPLICATE_KEY, Fault},
    options::Options,
    queries::Query,
};

/// First and longest wait between two tries.
const WAITS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Most writes and most bytes in one command: a server takes 100,000 and 16 MiB.
const CHUNK: (usize, usize) = (1_000, 8 << 20);

/// Largest row in bytes: with what is round about it in a command it stays below a server's 16 MiB.
pub(crate) const ROW_BYTES: usize = 15 << 20;

pub(crate) struct Db {
    pub(crate) client: Client,
    pub(crate) database: Database,
    /// Without its secrets.
    pub(crate) url: String,
    pub(crate) options: Options,
    /// Whether there are other members, which keep a log of their own.
    pub(crate) replicated: bool,
}

/// A write of a command.
pub(crate) struct Write {
    pub(crate) document: Document,
    pub(crate) bytes: usize,
}

impl Db {
    /// A collection that writes to a majority, and reads what the primary has: a new primary has everything that a
    /// majority has taken, but may not know yet that it has.
    pub(crate) fn collection(&self, name: &str) -> Collection<Document> {
        self.collection_reading(name, ReadConcern::local())
    }

    fn collection_reading(&self, name: &str, concern: ReadConcern) -> Collection<Document> {
        let options = CollectionOptions::builder().read_concern(concern).write_concern(self.concern()).build();
        self.database.collection_with_options(name, options)
    }

    fn concern(&self) -> WriteConcern {
        WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(self.options.patience / 2).build()
    }

    /// Once, with a bound on the wait.
    pub(crate) async fn once<T>(
        &self,
        command: impl Future<Output = std::result::Result<T, Fault>>,
    ) -> std::result::Result<T, Fault> {
        let answer = tokio::time::timeout(self.options.patience, command).await;
        answer.unwrap_or_else(|_| Err(Fault::Passing(format!("no answer within {:?}", self.options.patience))))
    }

    /// Tries until it goes well, or what is wrong would not pass, or patience is at an end.
    pub(crate) async fn trying<T, F: Future<Output = std::result::Result<T, Fault>>>(
        &self,
        mut command: impl FnMut() -> F,
    ) -> std::result::Result<T, Fault> {
        let (end, mut wait) = (Instant::now() + self.options.patience, WAITS.0);
        loop {
            match self.once(command()).await {
                Err(Fault::Passing(reason)) if Instant::now() + wait < end => {
                    tracing::debug!(%reason, "MongoDB is asked again");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(WAITS.1);
                }
                other => return other,
            }
        }
    }

    /// Documents, in the order that the query declares; `most` 0 is all.
    pub(crate) async fn find(&self, query: &'static Query, filter: Document, most: i64) -> Result<Vec<Document>> {
        self.find_fields(query, filter, most, None).await
    }

    /// The same, with some fields only.
    pub(crate) async fn find_fields(
        &self,
        query: &'static Query,
        filter: Document,
        most: i64,
        fields: Option<Document>,
    ) -> Result<Vec<Document>> {
        self.ask(ReadConcern::local(), query, filter, most, fields).await
    }

    /// The same, of what a majority has: it stays, whoever is the primary.
    pub(crate) async fn find_agreed(
        &self,
        query: &'static Query,
        filter: Document,
        fields: Document,
    ) -> Result<Vec<Document>> {
        self.ask(ReadConcern::majority(), query, filter, 0, Some(fields)).await
    }

    async fn ask(
        &self,
        concern: ReadConcern,
        query: &'static Query,
        filter: Document,
        most: i64,
        fields: Option<Document>,
    ) -> Result<Vec<Document>> {
        debug_assert!(query.allows(&filter), "{} does not say that it asks {filter}", query.name);
        let collection = self.collection_reading(query.collection, concern);
        let found = self.trying(|| async {
            let mut find = collection.find(filter.clone()).limit(most);
            if !query.sort.is_empty() {
                find = find.sort(query.order());
            }
            if let Some(fields) = fields.clone() {
                find = find.projection(fields);
            }
            let documents: Vec<Document> = find.await?.try_collect().await?;
            Ok(documents)
        });
        found.await.map_err(Fault::into_store)
    }

    /// How many documents there are of each value of a field, with the sum of another.
    pub(crate) async fn sums(
        &self,
        query: &'static Query,
        filter: Document,
        by: Option<&str>,
        summed: Option<&str>,
    ) -> Result<BTreeMap<String, (u64, u64)>> {
        debug_assert!(query.allows(&filter), "{} does not say that it asks {filter}", query.name);
        let field = |name: Option<&str>| name.map_or(Bson::Null, |name| Bson::String(format!("${name}")));
        let sum = summed.map_or(Bson::Int64(0), |name| Bson::String(format!("${name}")));
        let group = doc! {"_id": field(by), "count": {"$sum": 1_i64}, "sum": {"$sum": sum}};
        let pipeline = [doc! {"$match": filter}, doc! {"$group": group}];
        let collection = self.collection(query.collection);
        let groups = self.trying(|| async {
            let groups: Vec<Document> = collection.aggregate(pipeline.clone()).await?.try_collect().await?;
            Ok(groups)
        });
        let groups = groups.await.map_err(Fault::into_store)?;
        let number = |value: Option<&Bson>| match value {
            Some(Bson::Int64(value)) => value.cast_unsigned(),
            Some(Bson::Int32(value)) => u64::try_from(*value).unwrap_or(0),
            _ => 0,
        };
        let named = |group: &Document| group.get_str("_id").unwrap_or_default().to_owned();
        Ok(groups.iter().map(|group| (named(group), (number(group.get("count")), number(group.get("sum"))))).collect())
    }

    /// Values of a field, each once.
    pub(crate) async fn distinct(&self, query: &'static Query, field: &str, filter: Document) -> Result<Vec<Bson>> {
        debug_assert!(query.allows(&filter), "{} does not say that it asks {filter}", query.name);
        let collection = self.collection(query.collection);
        let values = self.trying(|| async { Ok(collection.distinct(field, filter.clone()).await?) });
        values.await.map_err(Fault::into_store)
    }

    /// `update` or `delete` with many writes, in chunks, in no order. An `_id` that is taken is no error: what stands there
    /// was written by the same commit before, or by a later one.
    pub(crate) async fn write(&self, command: &str, list: &str, collection: &str, writes: Vec<Write>) -> Result<()> {
        let mut writes = writes.into_iter().peekable();
        while writes.peek().is_some() {
            let (mut chunk, mut bytes) = (Vec::new(), 0);
            while let Some(next) = writes.next_if(|next| chunk.is_empty() || bytes + next.bytes <= CHUNK.1) {
                bytes += next.bytes;
                chunk.push(Bson::Document(next.document));
                if chunk.len() == CHUNK.0 {
                    break;
                }
            }
            let command =
                doc! {command: collection, list: chunk, "ordered": false, "writeConcern": self.concern_document()};
            let done = self.trying(|| async { checked(self.database.run_command(command.clone()).await?) });
            done.await.map_err(Fault::into_store)?;
        }
        Ok(())
    }

    /// Before a durable step: tests let the host die here.
    #[cfg(test)]
    pub(crate) fn step(&self, step: crate::fault::Step) -> Result<()> {
        match &self.options.hook {
            Some(dies) if (dies.0)(step) => Err(StoreError::Failed(format!("the host died before {step:?}"))),
            _ => Ok(()),
        }
    }

    /// Before a durable step: tests let the host die here.
    #[cfg(not(test))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "as it is for tests")]
    pub(crate) fn step(&self, _: crate::fault::Step) -> Result<()> {
        Ok(())
    }

    fn concern_document(&self) -> Document {
        let patience = i64::try_from(self.options.patience.as_millis() / 2).unwrap_or(i64::MAX);
        doc! {"w": "majority", "j": true, "wtimeout": patience}
    }
}

/// Errors of single writes, which a server reports within an answer that is ok.
fn checked(answer: Document) -> std::result::Result<(), Fault> {
    let error = |error: &Document| {
        let (code, text) = (error.get_i32("code").unwrap_or(0), error.get_str("errmsg").unwrap_or("a write failed"));
        match error.get_document("keyPattern") {
            Ok(keys) if code == DUPLICATE_KEY && !keys.contains_key("_id") => Fault::Lasting(text.to_owned()),
            _ => Fault::of_code(code, text),
        }
    };
    let errors = answer.get_array("writeErrors").map(Vec::as_slice).unwrap_or_default();
    let errors = errors.iter().filter_map(Bson::as_document).map(error);
    if let Some(fault) = errors.into_iter().find(|fault| !matches!(fault, Fault::Duplicate)) {
        return Err(fault);
    }
    answer.get_document("writeConcernError").map_or(Ok(()), |concern| Err(error(concern)))
}

/// How many bytes a document has; an error where no server would take it as a row.
pub(crate) fn measured(what: &str, document: &Document) -> Result<usize> {
    let bytes = document.to_vec().map_err(|error| StoreError::Failed(error.to_string()))?.len();
    if bytes > ROW_BYTES {
        return Err(StoreError::TooLarge { what: what.to_owned(), bytes: bytes as u64, most: ROW_BYTES as u64 });
    }
    Ok(bytes)
}
