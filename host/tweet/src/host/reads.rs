//! The interface's reads: each goes through the gate, and draws on the dollars that are granted where the network charges
//! for it.

use std::{pin::Pin, time::Duration};

use puppet_grants::{Amount, Answer, Boxed, Failure, Used};
use puppet_store::Post;
use puppet_types::{CallError, Capability, Code, PostId, Refusal};
use serde_json::json;

use super::{View, charge};
use crate::{
    Search, TweetReader, check, own,
    plan::{ANCESTORS, LEAST_FOUND, LEAST_READ, Priced},
};

/// Posts that a provider answers for itself.
type BoxFuture<'s> = Pin<Box<dyn Future<Output = Result<Vec<Post>, CallError>> + Send + 's>>;

/// The most a read answers.
const READ_LIMIT: u32 = 100;

/// What a read of posts costs where the network charges for them.
struct Costs {
    /// Each post.
    of: Priced,
    /// As many at most.
    most: u64,
    /// And at least, however few are answered.
    least: u64,
    /// Micro-dollars besides.
    more: u64,
}

impl Costs {
    fn of_page(of: Priced, limit: u32) -> Self {
        let limit = u64::from(limit);
        let least = LEAST_READ as u64;
        Self { of, most: limit.max(least), least, more: 0 }
    }

    fn of_thread(depth: u32) -> Self {
        let most = u64::from(depth).min(ANCESTORS as u64) + 1;
        Self { of: Priced::PostRead, most, least: 1, more: 0 }
    }

    fn of_found(limit: u32) -> Self {
        let least = LEAST_FOUND as u64;
        Self { of: Priced::PostRead, most: u64::from(limit).max(least), least, more: 0 }
    }
}

impl View<'_> {
    // Every read ends before the event's own time: what others do at that very moment is not seen, whoever
    // of them runs first.

    pub(super) async fn read_timeline(&mut self, limit: u32) -> Result<Vec<Post>, Refusal> {
        let (limit, before, account) = (within(limit), self.gate.at(), self.account);
        let asked = json!({ "limit": limit });
        self.posts("timeline", &asked, Costs::of_page(Priced::OwnRead, limit), move |reader| {
            Box::pin(async move { reader.timeline(account, before, limit as usize).await })
        })
        .await
    }

    pub(super) async fn read_posts_of(&mut self, account: &str, limit: u32) -> Result<Vec<Post>, Refusal> {
        let (limit, before, account) = (within(limit), self.gate.at(), self.checked(check::account(account))?);
        let asked = json!({ "account": account, "limit": limit });
        // Who it is has to be found by the name.
        let user = self.prices.price_of(Priced::UserRead);
        self.posts("posts-of", &asked, Costs { more: user, ..Costs::of_page(Priced::PostRead, limit) }, move |reader| {
            Box::pin(async move { reader.posts_of(&account, before, limit as usize).await })
        })
        .await
    }

    pub(super) async fn read_thread_of(&mut self, id: String, depth: u32) -> Result<Vec<Post>, Refusal> {
        let (depth, before, id) = (depth.min(READ_LIMIT), self.gate.at(), self.checked(check::id(PostId::from(id)))?);
        let asked = json!({ "id": id, "depth": depth });
        self.posts("thread-of", &asked, Costs::of_thread(depth), move |reader| {
            Box::pin(async move { reader.thread_of(&id, depth as usize, before).await })
        })
        .await
    }

    pub(super) async fn read_own_posts(&mut self, limit: u32) -> Result<Vec<Post>, Refusal> {
        let (limit, before, account) = (within(limit), self.gate.at(), self.account);
        let asked = json!({ "limit": limit });
        let stored = self.posts("own-posts", &asked, Costs::of_page(Priced::OwnRead, limit), move |reader| {
            Box::pin(async move { reader.own_posts(account, before, limit as usize).await })
        });
        let stored = stored.await?;
        Ok(own::overlay(stored, &self.gate.decided(), account, before, limit as usize))
    }

    pub(super) async fn read_search(&mut self, query: &str, limit: u32) -> Result<Vec<Post>, Refusal> {
        let (limit, before, search) = (within(limit), self.gate.at(), self.checked(Search::parse(query))?);
        let asked = json!({ "query": search.to_string(), "limit": limit });
        self.posts("search", &asked, Costs::of_found(limit), move |reader| {
            Box::pin(async move { reader.search(&search, before, limit as usize).await })
        })
        .await
    }

    pub(super) async fn read_conversation(&mut self, id: String, limit: u32) -> Result<Vec<Post>, Refusal> {
        let (limit, before, id) = (within(limit), self.gate.at(), self.checked(check::id(PostId::from(id)))?);
        let asked = json!({ "id": id, "limit": limit });
        // Which conversation it is of has to be read from the post.
        let more = self.prices.price_of(Priced::PostRead);
        self.posts("conversation", &asked, Costs { more, ..Costs::of_found(limit) }, move |reader| {
            Box::pin(async move { reader.conversation(&id, before, limit as usize).await })
        })
        .await
    }

    /// A read of posts. Where the network charges nothing it is free.
    async fn posts<'s, F>(
        &'s mut self,
        operation: &'static str,
        asked: &serde_json::Value,
        Costs { of, most, least, more }: Costs,
        ask: F,
    ) -> Result<Vec<Post>, Refusal>
    where
        F: FnOnce(&'s dyn TweetReader) -> BoxFuture<'s> + Send + 's,
    {
        let price = self.prices.price_of(of);
        if price == 0 && more == 0 {
            let ask = |reader: &'s dyn TweetReader| {
                let answer = ask(reader);
                Box::pin(async move { answer.await.map(Answer::free) }) as Boxed<'s, Vec<Post>>
            };
            return self.gate.read(Capability::Tweet, operation, asked, self.reader, ask).await;
        }
        let of = move |posts: u64| charge(Amount::Usd, posts.saturating_mul(price).saturating_add(more));
        let worst = [of(most)];
        let ask = move |reader: &'s dyn TweetReader| {
            let answer = ask(reader);
            Box::pin(async move {
                let value = answer.await.map_err(unread)?;
                let used = vec![of((value.len() as u64).max(least))];
                Ok(Answer { value, used, latency: Duration::ZERO })
            }) as Boxed<'s, Vec<Post>, Failure>
        };
        self.gate.read_charged(Capability::Tweet, operation, asked, &worst, true, self.reader, ask).await
    }
}

/// What a network refuses is not charged there, and nobody asks it for an account that has nothing to sign with.
fn unread(error: CallError) -> Failure {
    match error.code {
        Code::Refused => Failure { error, used: Used::Nothing },
        _ => error.into(),
    }
}

fn within(limit: u32) -> u32 {
    limit.clamp(1, READ_LIMIT)
}
