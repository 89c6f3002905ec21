//! What the server keeps of those who use it: keys, sessions, who changed what, and answers that are given once more. Hashes of
//! secrets, never a secret.

use async_trait::async_trait;
use puppet_types::{AgentId, Digest, Timestamp};
use serde_json::Value;

use crate::Result;

/// A key of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Stands in the key itself, in the clear.
    pub id: String,
    /// As its maker calls it.
    pub name: String,
    /// Of the whole key, made to be slow. With its salt and how it was made.
    pub hash: String,
    /// `viewer`, `operator` or `admin`.
    pub role: String,
    /// The agents it is for; none: all there are.
    pub agents: Option<Vec<AgentId>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on it is worth nothing; none: it has no end.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, as far as that was noted.
    pub last_used_at: Option<Timestamp>,
    /// When somebody took it back. It stays in the list.
    pub revoked_at: Option<Timestamp>,
}

/// One link of a session: each renewal makes the next, and all of them are a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSession {
    /// SHA-256 of the token that renews it.
    pub hash: Digest,
    /// The session that all links belong to.
    pub family: String,
    /// The key that was logged in with.
    pub key: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on it renews nothing.
    pub expires_at: Timestamp,
    /// When it was exchanged for the next one; none: it is the last.
    pub used_at: Option<Timestamp>,
}

/// What became of a renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewed {
    /// There is a next link.
    Next(ApiSession),
    /// This one was exchanged before: somebody has a copy. The whole family has ended.
    Reused(ApiSession),
    /// There is none, or its time is over.
    Unknown,
}

/// A change that somebody asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiChange {
    /// Order of writing. 0 before.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who: of a key or a session.
    pub principal: String,
    /// As what.
    pub role: String,
    /// From where.
    pub address: String,
    /// `POST`.
    pub method: String,
    /// With what stood in it, without a query.
    pub path: String,
    /// The agent it was about.
    pub agent: Option<AgentId>,
    /// In a word or two.
    pub what: String,
    /// How it was before, where that can be told.
    pub before: Option<Value>,
    /// And after.
    pub after: Option<Value>,
    /// What was answered.
    pub status: u16,
}

/// Which changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiChanges {
    /// About this agent.
    pub agent: Option<AgentId>,
    /// By this one.
    pub principal: Option<String>,
    /// Not earlier.
    pub since: Option<Timestamp>,
    /// Written before this one; none: from the last on.
    pub before_seq: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// Whose answer to what: the same question under the same key is answered in the same way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiQuestion {
    /// Who asked.
    pub principal: String,
    /// Method and path.
    pub route: String,
    /// As the one who asked calls it.
    pub key: String,
}

/// An answer that is given once more to the same question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAnswer {
    /// SHA-256 of what was asked: another body under the same key is another question.
    pub asked: Digest,
    /// What was answered.
    pub status: u16,
    /// Headers that belong to it, by name.
    pub headers: Vec<(String, String)>,
    /// Bytes.
    pub body: Vec<u8>,
    /// Until then.
    pub expires_at: Timestamp,
}

/// Keys, sessions, changes and answers. What is written is durable when it is answered.
#[async_trait]
pub trait ApiStore: Send + Sync {
    /// All keys, the oldest first; also those that are worth nothing any more.
    async fn api_keys(&self) -> Result<Vec<ApiKey>>;
    /// One of them.
    async fn api_key(&self, id: &str) -> Result<Option<ApiKey>>;
    /// Keeps a new key. Answers false, and writes nothing, where there is one of this id.
    async fn put_api_key(&self, key: ApiKey) -> Result<bool>;
    /// Takes a key back, and ends its sessions. Answers the key as it is now; of one that was taken back before, the first time
    /// counts.
    async fn revoke_api_key(&self, id: &str, at: Timestamp) -> Result<Option<ApiKey>>;
    /// Notes that a key was used. An earlier time than the noted one changes nothing.
    async fn note_api_key(&self, id: &str, at: Timestamp) -> Result<()>;
    /// Begins a session.
    async fn begin_api_session(&self, session: ApiSession) -> Result<()>;
    /// Exchanges the last link of a session for the next, which is of the same family and key. Of two at once one is second.
    async fn renew_api_session(
        &self,
        hash: &Digest,
        at: Timestamp,
        next: &Digest,
        expires_at: Timestamp,
    ) -> Result<Renewed>;
    /// The last link of a session, whether its time is over or not; none where it has ended.
    async fn api_session(&self, family: &str) -> Result<Option<ApiSession>>;
    /// Ends a session. Answers whether there was one.
    async fn end_api_session(&self, family: &str) -> Result<bool>;
    /// Drops links whose time was over before this. Answers how many.
    async fn forget_api_sessions(&self, before: Timestamp) -> Result<u64>;
    /// Writes down a change. Answers its `seq`.
    async fn append_api_change(&self, change: ApiChange) -> Result<u64>;
    /// The same where nobody waits for it: it is written a moment later.
    async fn append_api_change_along(&self, change: ApiChange) -> Result<u64> {
        self.append_api_change(change).await
    }
    /// Changes, the last first.
    async fn api_changes(&self, changes: &ApiChanges) -> Result<Vec<ApiChange>>;
    /// Keeps the last so many changes. Answers how many went.
    async fn forget_api_changes(&self, keep: u64) -> Result<u64>;
    /// The answer to a question, where its time is not over.
    async fn api_answer(&self, question: &ApiQuestion, at: Timestamp) -> Result<Option<ApiAnswer>>;
    /// Keeps an answer in the place of what was there. One that shows a secret is not to be handed in. Of the same principal's
    /// others at most `most - 1` stay: the first to be over go.
    async fn keep_api_answer(&self, question: ApiQuestion, answer: ApiAnswer, most: u64) -> Result<()>;
    /// Drops answers whose time was over before this. Answers how many went.
    async fn forget_api_answers(&self, before: Timestamp) -> Result<u64>;
}
