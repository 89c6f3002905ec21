//! One look at X: everything that was said to an account after a post, and the posts before one.

use std::time::Duration;

use puppet_store::Post;
use puppet_types::{AccountId, PostId};

use super::super::{
    X,
    reader::post,
    wire::{POST_FIELDS, Page, Tweet, is_id},
};
use crate::{PublishError, plan::Priced};

/// X gives so many at once, and 800 in all.
const AT_ONCE: &str = "100";
/// So many times.
const PAGES: usize = 8;

/// What was said.
#[derive(Debug)]
pub(super) struct Look {
    /// Oldest first.
    pub(super) posts: Vec<Post>,
    /// The latest post that X named, whoever wrote it.
    pub(super) newest: Option<PostId>,
    /// There may be more than X gives.
    pub(super) is_cut: bool,
    /// How long to wait between two requests, so that what is left of the limit lasts until it begins anew.
    pub(super) pace: Option<Duration>,
}

impl X {
    /// All mentions of an account after a post. X tells the newest first: unless every page is there, nothing is known.
    pub(super) async fn mentions(&self, account: &AccountId, since: &PostId) -> Result<Look, PublishError> {
        let member = self.member(account)?;
        let user = self.user(account, member).await?;
        let path = ["2", "users", &user.id, "mentions"];
        let mut look = Look { posts: Vec::new(), newest: None, is_cut: false, pace: None };
        let mut token: Option<String> = None;
        for _ in 0..PAGES {
            let mut query = vec![
                ("max_results", AT_ONCE),
                ("since_id", since.as_str()),
                ("tweet.fields", POST_FIELDS),
                ("expansions", "author_id"),
            ];
            query.extend(token.as_deref().map(|token| ("pagination_token", token)));
            let (page, pace): (Page, _) =
                self.client.read_paced(&path, &query, &member.identity, Some(Priced::OwnRead)).await?;
            if !page.is_counted() {
                let words = "X does not give the whole list of mentions: it is asked again later";
                return Err(PublishError::Unavailable(words.to_owned()));
            }
            look.pace = pace;
            let of_unread = page.unread.iter().filter_map(|one| one["id"].as_str());
            if !page.unread.is_empty() {
                let ids: Vec<&str> = of_unread.clone().filter(|id| is_id(id)).collect();
                tracing::warn!(%account, ?ids, "X tells a mention that cannot be read: it is passed over");
            }
            let ids = page.data.iter().map(|tweet| tweet.id.as_str()).chain(of_unread);
            let newest = ids.filter(|id| is_id(id)).map(PostId::new).max_by(by_age);
            look.newest = look.newest.take().into_iter().chain(newest).max_by(by_age);
            // Whoever passes a post on says nothing.
            let said: Vec<Tweet> = page.data.into_iter().filter(|tweet| !tweet.is_repost()).collect();
            let told = said.len();
            let posts = said.into_iter().filter_map(|tweet| post(tweet, &page.includes));
            let before = look.posts.len();
            look.posts.extend(posts);
            if look.posts.len() - before < told {
                tracing::warn!(%account, "X does not say who wrote a mention: it is passed over");
            }
            token = page.meta.next_token;
            if token.is_none() {
                break;
            }
        }
        look.is_cut = token.is_some();
        look.posts.sort_by(|one, other| by_age(&one.id, &other.id));
        look.posts.dedup_by(|one, other| one.id == other.id);
        Ok(look)
    }

    /// Whether the caps leave room for one of these that the account reads.
    pub(super) fn room_for(&self, account: &AccountId, what: Priced) -> Result<(), PublishError> {
        self.client.room(what, false, &self.member(account)?.identity)
    }

    /// One post, read as the account.
    pub(super) async fn post_for(&self, account: &AccountId, id: &PostId) -> Result<Post, PublishError> {
        self.one(id, &self.member(account)?.identity).await
    }
}

/// Ids are numbers that grow with time.
pub(super) fn by_age(one: &PostId, other: &PostId) -> std::cmp::Ordering {
    let key = |id: &PostId| (id.as_str().len(), id.as_str().to_owned());
    key(one).cmp(&key(other))
}
