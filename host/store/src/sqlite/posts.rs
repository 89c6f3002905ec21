//! The local timeline in SQLite. Likes, replies and quotes are counted where a post is read, so that they can
//! never be wrong.

use async_trait::async_trait;
use puppet_types::{AccountId, EffectId, PostId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::{
    SqliteStore,
    values::{all, first, from_json, json, limit, of_row, run, signed, time, unsigned},
};
use crate::{Post, PostStore, Result};

const SELECT: &str = "SELECT p.id, p.author, p.text, p.at, p.in_reply_to, p.quotes, p.conversation, p.thread, p.media, \
                      p.hops, (SELECT count(*) FROM likes l WHERE l.post = p.id), \
                      (SELECT count(*) FROM posts r WHERE r.in_reply_to = p.id AND r.deleted = 0), \
                      (SELECT count(*) FROM posts q WHERE q.quotes = p.id AND q.deleted = 0) FROM posts p";

fn post(row: &Row<'_>) -> Result<Post> {
    of_row("posts", row, &[0], post_columns(row))
}

fn post_columns(row: &Row<'_>) -> Result<Post> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    let id = |column: usize| row.get::<_, Option<String>>(column).map(|id| id.map(PostId::from));
    Ok(Post {
        id: PostId::new(text(0)?),
        author: AccountId::new(text(1)?),
        text: text(2)?.to_owned(),
        at: time(row, 3)?,
        in_reply_to: id(4)?,
        quotes: id(5)?,
        conversation: PostId::new(text(6)?),
        thread: id(7)?,
        media: from_json("posts", text(8)?)?,
        hops: row.get(9)?,
        likes: row.get(10)?,
        replies: row.get(11)?,
        quoted: row.get(12)?,
    })
}

fn by_id(conn: &Connection, id: &PostId) -> Result<Option<Post>> {
    first(conn, &format!("{SELECT} WHERE p.id = ?1 AND p.deleted = 0"), [id.as_str()], post)
}

fn publish(conn: &Connection, effect: &EffectId, posts: &[Post]) -> Result<Vec<Post>> {
    const SQL: &str = "INSERT INTO posts (id, number, author, text, at, in_reply_to, quotes, conversation, thread, \
                       media, hops, effect, part) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
                       ON CONFLICT (effect, part) DO NOTHING";
    for (new, part) in posts.iter().zip(0_i64..) {
        let values = params![
            new.id.as_str(),
            signed(new.id.as_str().parse::<u64>().unwrap_or(0)),
            new.author.as_str(),
            new.text,
            new.at.as_millis(),
            new.in_reply_to.as_ref().map(PostId::as_str),
            new.quotes.as_ref().map(PostId::as_str),
            new.conversation.as_str(),
            new.thread.as_ref().map(PostId::as_str),
            json(&new.media)?,
            new.hops,
            effect.as_str(),
            part,
        ];
        run(conn, SQL, values)?;
    }
    published(conn, effect)
}

/// Also what was deleted since: this answers what was stored, not what is there.
fn published(conn: &Connection, effect: &EffectId) -> Result<Vec<Post>> {
    let stored = format!("{SELECT} WHERE p.effect = ?1 ORDER BY p.part");
    all(conn, &stored, [effect.as_str()], post)
}

#[async_trait]
impl PostStore for SqliteStore {
    async fn publish(&self, effect: &EffectId, posts: Vec<Post>) -> Result<Vec<Post>> {
        let effect = effect.clone();
        self.write(move |conn| publish(conn, &effect, &posts)).await
    }

    async fn published(&self, effect: &EffectId) -> Result<Vec<Post>> {
        self.read(|conn| published(conn, effect))
    }

    async fn like(&self, account: &AccountId, post: &PostId, at: Timestamp) -> Result<bool> {
        let (account, post) = (account.clone(), post.clone());
        self.write(move |conn| {
            const SQL: &str = "INSERT INTO likes (post, account, at) SELECT id, ?2, ?3 FROM posts \
                               WHERE id = ?1 AND deleted = 0 ON CONFLICT (post, account) DO NOTHING";
            Ok(run(conn, SQL, params![post.as_str(), account.as_str(), at.as_millis()])? > 0)
        })
        .await
    }

    async fn delete_post(&self, account: &AccountId, post: &PostId) -> Result<bool> {
        let (account, post) = (account.clone(), post.clone());
        self.write(move |conn| {
            const SQL: &str = "UPDATE posts SET deleted = 1 WHERE id = ?1 AND author = ?2 AND deleted = 0";
            let there = run(conn, SQL, [post.as_str(), account.as_str()])? > 0;
            if there {
                run(conn, "DELETE FROM likes WHERE post = ?1", [post.as_str()])?;
            }
            Ok(there)
        })
        .await
    }

    async fn post(&self, id: &PostId) -> Result<Option<Post>> {
        self.read(|conn| by_id(conn, id))
    }

    async fn posts_before(
        &self,
        authors: &[AccountId],
        (before, number): (Timestamp, u64),
        originals: bool,
        rows: usize,
    ) -> Result<Vec<Post>> {
        // One author's posts are a walk along the author's index; those of several are picked out of all.
        let whose = match authors {
            [] => "AND ?2 IS NOT NULL",
            [_] => "AND p.author = (?2 ->> 0)",
            _ => "AND +p.author IN (SELECT value FROM json_each(?2))",
        };
        let originals = if originals { "AND p.in_reply_to IS NULL" } else { "" };
        let sql = format!(
            "{SELECT} WHERE p.deleted = 0 AND (p.at, p.number) < (?1, ?4) {whose} {originals} \
             ORDER BY p.at DESC, p.number DESC LIMIT ?3"
        );
        let (authors, number) = (json(authors)?, i64::try_from(number).unwrap_or(i64::MAX));
        self.read(|conn| all(conn, &sql, params![before.as_millis(), authors, limit(rows), number], post))
    }

    async fn thread_of(&self, id: &PostId, depth: usize) -> Result<Vec<Post>> {
        self.read(|conn| {
            let mut out: Vec<Post> = by_id(conn, id)?.into_iter().collect();
            while out.len() <= depth
                && let Some(parent) = out.last().and_then(|post| post.in_reply_to.clone())
                && let Some(parent) = by_id(conn, &parent)?
            {
                out.push(parent);
            }
            out.reverse();
            Ok(out)
        })
    }

    async fn likes(&self) -> Result<Vec<(Timestamp, PostId, AccountId)>> {
        const SQL: &str = "SELECT l.at, l.post, l.account FROM likes l LEFT JOIN posts p ON p.id = l.post \
                           ORDER BY l.at, p.number, l.post, l.account";
        self.scan(|conn| {
            all(conn, SQL, [], |row| {
                let text = |column: usize| row.get::<_, String>(column);
                Ok((time(row, 0)?, PostId::from(text(1)?), AccountId::from(text(2)?)))
            })
        })
        .await
    }

    async fn last_post_number(&self) -> Result<u64> {
        self.read(|conn| {
            let found = first(conn, "SELECT coalesce(max(number), 0) FROM posts", [], |row| unsigned(row, 0))?;
            Ok(found.unwrap_or(0))
        })
    }
}
