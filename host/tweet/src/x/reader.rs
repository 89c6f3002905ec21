//! Reads of X. Each is one request, but for a thread, which takes one for every two posts, and a conversation, which takes
//! one for the post that is named and one for the others. They count against the limits of the account whose token they are
//! made with: its own, or for posts of others those of whoever reads them (`apps`).

use async_trait::async_trait;
use puppet_store::Post;
use puppet_types::{AccountId, CallError, Code, PostId, Timestamp};

use super::{
    X,
    auth::Identity,
    likeness::readable,
    wire::{Data, Includes, One, POST_FIELDS, Page, Tweet, User, is_id, is_name},
};
use crate::{
    PublishError, Search, TweetReader,
    plan::{ANCESTORS, LEAST_FOUND, LEAST_READ, Priced},
};

/// X gives no more posts at once.
const MOST_READ: usize = 100;

#[async_trait]
impl TweetReader for X {
    /// What those write whom the account follows, without replies.
    async fn timeline(&self, account: &AccountId, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError> {
        let member = self.member(account).map_err(unread)?;
        let user = self.user(account, member).await.map_err(unread)?;
        let path = ["2", "users", &user.id, "timelines", "reverse_chronological"];
        self.page(&path, ("exclude", "replies,retweets"), (&member.identity, Priced::OwnRead), (before, limit))
            .await
            .map_err(unread)
    }

    async fn posts_of(&self, author: &AccountId, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError> {
        if self.knows(author) {
            return self.own_posts(author, before, limit).await;
        }
        if !is_name(author.as_str()) {
            return Err(CallError::new(Code::NotFound, format!("X has no account @{author}")));
        }
        loop {
            let who = self.anybody()?;
            match self.strangers_posts(author, who.identity, (before, limit)).await {
                Err(error) if self.gives_way(&who, &error) => {}
                posts => return posts.map_err(unread),
            }
        }
    }

    /// One that has no token here may be anybody's on X.
    async fn own_posts(&self, account: &AccountId, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError> {
        let member = self.member(account).map_err(unread)?;
        let user = self.user(account, member).await.map_err(unread)?;
        self.posts(&user.id, (&member.identity, Priced::OwnRead), (before, limit)).await.map_err(unread)
    }

    async fn thread_of(&self, id: &PostId, depth: usize, before: Timestamp) -> Result<Vec<Post>, CallError> {
        if !is_id(id.as_str()) {
            return Err(no_post(id));
        }
        let mut posts = loop {
            let who = self.anybody()?;
            match self.upwards(id, depth.min(ANCESTORS), who.identity).await {
                Err(error) if self.gives_way(&who, &error) => {}
                posts => break posts.map_err(unread)?,
            }
        };
        if posts.first().is_none_or(|post| post.at >= before) {
            return Err(no_post(id));
        }
        posts.reverse();
        Ok(posts)
    }

    /// What was passed on is left out, as in every other read.
    async fn search(&self, search: &Search, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError> {
        let nobody = search.accounts().find(|name| !is_name(name.as_str()));
        let nothing = search.conversations().find(|id| !is_id(id.as_str()));
        if let Some(none) = nobody.map(AccountId::as_str).or(nothing.map(PostId::as_str)) {
            return Err(CallError::new(Code::InvalidInput, format!("X has no account or conversation `{none}`")));
        }
        let (path, query) = (["2", "tweets", "search", "recent"], format!("{search} -is:retweet"));
        let which = (before, limit.max(LEAST_FOUND));
        let mut posts = loop {
            let who = self.anybody()?;
            match self.page(&path, ("query", &query), (who.identity, Priced::PostRead), which).await {
                Err(error) if self.gives_way(&who, &error) => {}
                posts => break posts.map_err(unread)?,
            }
        };
        posts.truncate(limit);
        Ok(posts)
    }
}

impl X {
    async fn strangers_posts(
        &self,
        author: &AccountId,
        who: &Identity,
        which: (Timestamp, usize),
    ) -> Result<Vec<Post>, PublishError> {
        let path = ["2", "users", "by", "username", author.as_str()];
        let user: Data<User> = self.client.read(&path, &[], who, Some(Priced::UserRead)).await?;
        self.posts(&user.data.id, (who, Priced::PostRead), which).await
    }

    /// A post and its ancestors, from it on upwards.
    async fn upwards(&self, id: &PostId, depth: usize, who: &Identity) -> Result<Vec<Post>, PublishError> {
        let (mut posts, mut beside): (Vec<Post>, Option<Post>) = (Vec::new(), None);
        let mut next = Some(id.clone());
        while let Some(id) = next.filter(|_| posts.len() <= depth) {
            let found = match beside.take().filter(|post| post.id == id) {
                Some(post) => Ok((post, None)),
                None if posts.len() < depth => self.with_answered(&id, who).await,
                None => self.one(&id, who).await.map(|post| (post, None)),
            };
            match found {
                Ok((post, answered)) => {
                    beside = answered;
                    next = post.in_reply_to.clone();
                    posts.push(post);
                }
                // An ancestor that is gone ends the thread.
                Err(PublishError::NotFound(_)) if !posts.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(posts)
    }

    async fn posts(
        &self,
        id: &str,
        who: (&Identity, Priced),
        which: (Timestamp, usize),
    ) -> Result<Vec<Post>, PublishError> {
        self.page(&["2", "users", id, "tweets"], ("exclude", "retweets"), who, which).await
    }

    async fn page(
        &self,
        path: &[&str],
        filter: (&str, &str),
        (who, what): (&Identity, Priced),
        (before, limit): (Timestamp, usize),
    ) -> Result<Vec<Post>, PublishError> {
        let size = limit.clamp(LEAST_READ, MOST_READ).to_string();
        let query = [filter, ("max_results", &size), ("tweet.fields", POST_FIELDS), ("expansions", "author_id")];
        let page: Page = self.client.read(path, &query, who, Some(what)).await?;
        let posts = page.data.into_iter().filter_map(|tweet| post(tweet, &page.includes));
        Ok(posts.filter(|post| post.at < before).take(limit).collect())
    }

    /// One post with those around it: who wrote what it answers and quotes.
    pub(super) async fn around(&self, id: &PostId, who: &Identity) -> Result<One, PublishError> {
        const AROUND: &str = "author_id,referenced_tweets.id,referenced_tweets.id.author_id,in_reply_to_user_id";
        let fields = "author_id,conversation_id,entities,in_reply_to_user_id,referenced_tweets,text";
        let query = [("tweet.fields", fields), ("expansions", AROUND)];
        self.client.read(&["2", "tweets", id.as_str()], &query, who, Some(Priced::PostRead)).await
    }

    pub(super) async fn one(&self, id: &PostId, who: &Identity) -> Result<Post, PublishError> {
        let one = self.looked_up(id, "author_id", who).await?;
        post(one.data, &one.includes).ok_or_else(unsigned)
    }

    /// The same, and the post that it answers, where X has it beside.
    async fn with_answered(&self, id: &PostId, who: &Identity) -> Result<(Post, Option<Post>), PublishError> {
        const WITH_AUTHORS: &str = "author_id,referenced_tweets.id,referenced_tweets.id.author_id";
        let mut one = self.looked_up(id, WITH_AUTHORS, who).await?;
        let mut beside = std::mem::take(&mut one.includes.tweets).into_iter();
        let answered = one.data.in_reply_to().and_then(|id| beside.find(|tweet| tweet.id == id.as_str()));
        let answered = answered.and_then(|tweet| post(tweet, &one.includes));
        Ok((post(one.data, &one.includes).ok_or_else(unsigned)?, answered))
    }

    async fn looked_up(&self, id: &PostId, expansions: &str, who: &Identity) -> Result<One, PublishError> {
        let query = [("tweet.fields", POST_FIELDS), ("expansions", expansions)];
        self.client.read(&["2", "tweets", id.as_str()], &query, who, Some(Priced::PostRead)).await
    }
}

fn no_post(id: &PostId) -> CallError {
    CallError::new(Code::NotFound, format!("there is no post {id}"))
}

fn unsigned() -> PublishError {
    PublishError::NotFound("X does not say who wrote the post, or when".to_owned())
}

/// None where it is not told who wrote it, and when, or where X could have nobody and nothing of that name.
pub(super) fn post(tweet: Tweet, includes: &Includes) -> Option<Post> {
    let author = tweet.author_id.as_deref()?;
    let author = includes.users.iter().find(|user| user.id == author).filter(|user| is_name(&user.username))?;
    let about = [Some(tweet.id.as_str()), tweet.conversation_id.as_deref()];
    let of_others = [tweet.in_reply_to(), tweet.quotes()];
    let mut ids = about.into_iter().flatten().chain(of_others.iter().flatten().map(PostId::as_str));
    if !ids.all(is_id) {
        return None;
    }
    Some(Post {
        author: AccountId::new(&author.username),
        text: readable(&tweet),
        at: tweet.at()?,
        in_reply_to: tweet.in_reply_to(),
        quotes: tweet.quotes(),
        conversation: PostId::new(tweet.conversation_id.as_deref().unwrap_or(&tweet.id)),
        thread: None,
        media: Vec::new(),
        hops: 0,
        likes: tweet.public_metrics.like_count,
        replies: tweet.public_metrics.reply_count,
        quoted: tweet.public_metrics.quote_count,
        id: PostId::new(&tweet.id),
    })
}

fn unread(error: PublishError) -> CallError {
    let message = error.to_string();
    match error {
        PublishError::RateLimited { retry_after_ms }
        | PublishError::UsageCap { retry_after_ms, .. }
        | PublishError::Capped { retry_after_ms, .. } => CallError::retry(Code::RateLimited, message, retry_after_ms),
        PublishError::NotFound(words) => CallError::new(Code::NotFound, words),
        // The code says that it is refused.
        PublishError::Refused(words) | PublishError::Duplicate(words) => CallError::new(Code::Refused, words),
        PublishError::Unauthorized(_) | PublishError::NotAllowed(_) | PublishError::Suspended(_) => {
            CallError::new(Code::Refused, message)
        }
        PublishError::Unavailable(_) | PublishError::InDoubt(_) => CallError::new(Code::ProviderUnavailable, message),
    }
}
