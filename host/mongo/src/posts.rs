//! The local timeline in MongoDB. Likes, replies and quotes are counted where a post is read, so that they can never be
//! wrong.

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use puppet_store::{Post, PostStore, Result, StoreError};
use puppet_types::{AccountId, EffectId, PostId, Timestamp};

use crate::{
    fields::{Fields, counts, json, key, limit, says},
    queries::{self, Query},
    schema::{LIKES, POSTS},
    store::{MongoStore, Reading},
    tx::{Tx, Wanted},
    writer::Work,
};

/// What is counted of a post: likes, replies, quotes.
type Counted = [u64; 3];

fn post(row: &Document, counts: Counted) -> Result<Post> {
    let fields = Fields::of(POSTS, row);
    let id = |field: &str| fields.maybe_text(field).map(|id| id.map(PostId::new));
    let [likes, replies, quoted] = counts.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    Ok(Post {
        id: PostId::new(fields.text("id")?),
        author: AccountId::new(fields.text("author")?),
        text: fields.text("text")?.to_owned(),
        at: fields.time("at")?,
        in_reply_to: id("in_reply_to")?,
        quotes: id("quotes")?,
        conversation: PostId::new(fields.text("conversation")?),
        thread: id("thread")?,
        media: fields.json("media")?,
        hops: fields.small("hops")?,
        likes,
        replies,
        quoted,
    })
}

fn row(new: &Post, effect: &EffectId, part: i64) -> Result<Document> {
    Ok(doc! {
        "id": new.id.as_str(),
        "number": new.id.as_str().parse::<u64>().unwrap_or(0).cast_signed(),
        "author": new.author.as_str(),
        "text": &new.text,
        "at": new.at.as_millis(),
        "in_reply_to": new.in_reply_to.as_ref().map(PostId::as_str),
        "quotes": new.quotes.as_ref().map(PostId::as_str),
        "conversation": new.conversation.as_str(),
        "thread": new.thread.as_ref().map(PostId::as_str),
        "media": json(&new.media)?,
        "hops": i64::from(new.hops),
        "effect": effect.as_str(),
        "part": part,
        "deleted": 0_i64,
    })
}

struct Publish {
    effect: EffectId,
    posts: Vec<Post>,
}

#[async_trait]
impl Work for Publish {
    type Answer = Vec<Post>;

    fn wants(&self, wanted: &mut Wanted) {
        self.posts.iter().for_each(|post| wanted.row(POSTS, post.id.as_str()));
        wanted.set(&queries::POSTS_OF_EFFECT, "effect", self.effect.as_str());
    }
    async fn run(self, tx: &mut Tx) -> Result<Vec<Post>> {
        let of = doc! {"effect": self.effect.as_str()};
        let stored = tx.find(&queries::POSTS_OF_EFFECT, of.clone()).await?;
        for (new, part) in self.posts.iter().zip(0_i64..) {
            if stored.iter().any(|row| counts(row, "part", part)) {
                continue;
            }
            if tx.get(POSTS, new.id.as_str()).await?.is_some() {
                return Err(StoreError::Failed(format!("there is a post {} already", new.id)));
            }
            tx.put(POSTS, new.id.as_str(), row(new, &self.effect, part)?).await?;
        }
        let mut published = tx.find(&queries::POSTS_OF_EFFECT, of).await?;
        published.sort_by_key(|row| row.get_i64("part").unwrap_or(0));
        let mut posts = Vec::new();
        for row in &published {
            let counts = counted(tx, row.get_str("id").unwrap_or_default()).await?;
            posts.push(post(row, counts)?);
        }
        Ok(posts)
    }
}

/// The counts of one post as they will be.
async fn counted(tx: &mut Tx, id: &str) -> Result<Counted> {
    let likes = tx.find(&queries::LIKES_OF, doc! {"post": id}).await?.len();
    let replies = tx.find(&queries::REPLIES, doc! {"in_reply_to": id, "deleted": 0_i64}).await?.len();
    let quoted = tx.find(&queries::QUOTES, doc! {"quotes": id, "deleted": 0_i64}).await?.len();
    Ok([likes, replies, quoted].map(|count| count as u64))
}

struct Like {
    account: AccountId,
    post: PostId,
    at: Timestamp,
}

#[async_trait]
impl Work for Like {
    type Answer = bool;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(POSTS, self.post.as_str());
        wanted.row(LIKES, key(&[self.post.as_str(), self.account.as_str()]));
    }
    async fn run(self, tx: &mut Tx) -> Result<bool> {
        let id = key(&[self.post.as_str(), self.account.as_str()]);
        let there = tx.get(POSTS, self.post.as_str()).await?.is_some_and(|row| counts(&row, "deleted", 0));
        if !there || tx.get(LIKES, &id).await?.is_some() {
            return Ok(false);
        }
        let row = doc! {"post": self.post.as_str(), "account": self.account.as_str(), "at": self.at.as_millis()};
        tx.put(LIKES, &id, row).await?;
        Ok(true)
    }
}

struct Delete {
    account: AccountId,
    post: PostId,
}

#[async_trait]
impl Work for Delete {
    type Answer = bool;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(POSTS, self.post.as_str());
    }
    async fn run(self, tx: &mut Tx) -> Result<bool> {
        let Some(mut row) = tx.get(POSTS, self.post.as_str()).await? else { return Ok(false) };
        if !counts(&row, "deleted", 0) || !says(&row, "author", self.account.as_str()) {
            return Ok(false);
        }
        row.insert("deleted", 1_i64);
        tx.put(POSTS, self.post.as_str(), row).await?;
        for like in tx.find(&queries::LIKES_OF, doc! {"post": self.post.as_str()}).await? {
            let account = Fields::of(LIKES, &like).text("account")?;
            tx.delete(LIKES, &key(&[self.post.as_str(), account])).await?;
        }
        Ok(true)
    }
}

/// Posts with their counts.
async fn read(reading: &Reading<'_>, rows: &[Document]) -> Result<Vec<Post>> {
    let ids: Vec<&str> = rows.iter().filter_map(|row| row.get_str("id").ok()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let among = |field: &str| doc! {field: {"$in": &ids}};
    let standing = |field: &str| doc! {field: {"$in": &ids}, "deleted": 0_i64};
    let likes = reading.db.sums(&queries::LIKES_OF, among("post"), Some("post"), None).await?;
    let replies = reading.db.sums(&queries::REPLIES, standing("in_reply_to"), Some("in_reply_to"), None).await?;
    let quotes = reading.db.sums(&queries::QUOTES, standing("quotes"), Some("quotes"), None).await?;
    let counted = |row: &Document| {
        let id = row.get_str("id").unwrap_or_default();
        post(row, [&likes, &replies, &quotes].map(|counts| counts.get(id).map_or(0, |(count, _)| *count)))
    };
    rows.iter().map(counted).collect()
}

async fn standing(reading: &Reading<'_>, id: &PostId) -> Result<Option<Document>> {
    Ok(reading.row(POSTS, id.as_str()).await?.filter(|row| counts(row, "deleted", 0)))
}

#[async_trait]
impl PostStore for MongoStore {
    async fn publish(&self, effect: &EffectId, posts: Vec<Post>) -> Result<Vec<Post>> {
        self.write(Publish { effect: effect.clone(), posts }).await
    }

    /// Also what was deleted since: this answers what was stored, not what is there.
    async fn published(&self, effect: &EffectId) -> Result<Vec<Post>> {
        let reading = self.reading().await?;
        let rows = reading.find(&queries::POSTS_OF_EFFECT, doc! {"effect": effect.as_str()}, 0).await?;
        read(&reading, &rows).await
    }

    async fn like(&self, account: &AccountId, post: &PostId, at: Timestamp) -> Result<bool> {
        self.write(Like { account: account.clone(), post: post.clone(), at }).await
    }

    async fn delete_post(&self, account: &AccountId, post: &PostId) -> Result<bool> {
        self.write(Delete { account: account.clone(), post: post.clone() }).await
    }

    async fn post(&self, id: &PostId) -> Result<Option<Post>> {
        let reading = self.reading().await?;
        let rows: Vec<Document> = standing(&reading, id).await?.into_iter().collect();
        Ok(read(&reading, &rows).await?.pop())
    }

    async fn posts_before(
        &self,
        authors: &[AccountId],
        (before, number): (Timestamp, u64),
        originals: bool,
        rows: usize,
    ) -> Result<Vec<Post>> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        // One author's posts are a walk along the author's index; those of several are picked out of all.
        let (at, number) = (before.as_millis(), i64::try_from(number).unwrap_or(i64::MAX));
        let before = vec![doc! {"at": {"$lt": at}}, doc! {"at": at, "number": {"$lt": number}}];
        let mut filter = doc! {"deleted": 0_i64, "$or": before};
        let query: &Query = match authors {
            [one] => {
                filter.insert("author", one.as_str());
                &queries::POSTS_BEFORE_OF
            }
            [] => &queries::POSTS_BEFORE,
            several => {
                let several: Vec<&str> = several.iter().map(AccountId::as_str).collect();
                filter.insert("author", doc! {"$in": several});
                &queries::POSTS_BEFORE
            }
        };
        if originals {
            filter.insert("in_reply_to", Bson::Null);
        }
        let reading = self.reading().await?;
        let rows = reading.find(query, filter, limit(rows)).await?;
        read(&reading, &rows).await
    }

    async fn thread_of(&self, id: &PostId, depth: usize) -> Result<Vec<Post>> {
        let reading = self.reading().await?;
        let (mut rows, mut next) = (Vec::new(), Some(id.clone()));
        while rows.len() <= depth
            && let Some(id) = next.take()
            && let Some(row) = standing(&reading, &id).await?
        {
            next = Fields::of(POSTS, &row).maybe_text("in_reply_to")?.map(PostId::new);
            rows.push(row);
        }
        rows.reverse();
        read(&reading, &rows).await
    }

    async fn likes(&self) -> Result<Vec<(Timestamp, PostId, AccountId)>> {
        let reading = self.reading().await?;
        let rows = reading.find(&queries::LIKES_BY_TIME, doc! {}, 0).await?;
        let like = |row: &Document| {
            let fields = Fields::of(LIKES, row);
            let post = fields.text("post")?;
            // Ids of posts are numbers as text.
            let number = post.parse::<u64>().unwrap_or(0);
            Ok((fields.time("at")?, number, PostId::new(post), AccountId::new(fields.text("account")?)))
        };
        let mut likes = rows.iter().map(like).collect::<Result<Vec<_>>>()?;
        likes.sort();
        Ok(likes.into_iter().map(|(at, _, post, account)| (at, post, account)).collect())
    }

    async fn last_post_number(&self) -> Result<u64> {
        let found = self.reading().await?.find(&queries::POSTS_LAST, doc! {}, 1).await?;
        found.first().map_or(Ok(0), |row| Fields::of(POSTS, row).unsigned("number"))
    }
}
