//! What became of an order whose end nobody saw: the account's own posts since then are looked through for it.

use puppet_store::Post;
use puppet_types::{AccountId, PostId, Timestamp};

use super::{
    Draft, Member, X, checked,
    likeness::{Likeness, likeness},
    post_of, threaded,
    wire::{POST_FIELDS, Page, Tweet},
};
use crate::{Action, Lost, Order, PublishError, Published, Reconciled};

/// So much earlier than the attempt is looked: clocks differ by more than is measured.
const BEFORE_MS: i64 = 60_000;
/// Clocks that are further apart than a day say nothing.
const MOST_APART_MS: u64 = 86_400_000;
/// Pages of a hundred posts that are looked through.
const PAGES: usize = 10;

/// What an order comes to on X, where it comes to posts.
struct Wanted<'a> {
    /// In order; each answers the one before.
    texts: Vec<&'a str>,
    /// What the first answers.
    in_reply_to: Option<&'a PostId>,
    quotes: Option<&'a PostId>,
}

/// How much of it is there.
struct Found<'a> {
    parts: Vec<&'a Tweet>,
    /// A post that may be the first part.
    similar: Option<&'a Tweet>,
}

impl X {
    /// Likes and deletes are the same twice as once, and what was never sent was never done.
    pub(super) async fn look(&self, order: &Order, lost: Lost, claimed: &[PostId]) -> Result<Reconciled, PublishError> {
        let Some(wanted) = Wanted::of(&order.action).filter(|_| checked(&order.action).is_ok()) else {
            return Ok(Reconciled::NotDone);
        };
        let seen = match self.seen_since(&order.account, lost.first).await {
            Ok(Some(seen)) => seen,
            Ok(None) => {
                let why = format!("@{} has posted more since then than can be looked through", order.account);
                return Ok(Reconciled::Undecidable(why));
            }
            Err(
                error @ (PublishError::RateLimited { .. }
                | PublishError::Unavailable(_)
                | PublishError::Unauthorized(_)
                | PublishError::Suspended(_)
                | PublishError::UsageCap { .. }),
            ) => return Err(error),
            Err(other) => return Ok(Reconciled::Undecidable(other.to_string())),
        };
        if self.client.ahead_ms().unsigned_abs() > MOST_APART_MS {
            let why = "the clocks of X and of this machine are more than a day apart";
            return Ok(Reconciled::Undecidable(why.to_owned()));
        }
        let free: Vec<&Tweet> = seen.iter().filter(|tweet| !claimed.iter().any(|id| id.as_str() == tweet.id)).collect();
        let found = wanted.among(&free);
        if found.parts.len() == wanted.texts.len() {
            return Ok(Reconciled::Done(wanted.published(order, &found.parts)));
        }
        // The rest may yet appear.
        let until = lost.last.plus_millis(u64::try_from(self.settled_after.as_millis()).unwrap_or(u64::MAX));
        match until.millis_since(Timestamp::from_system()) {
            0 => Ok(wanted.verdict(&found)),
            retry_after_ms => Err(PublishError::RateLimited { retry_after_ms }),
        }
    }

    /// The account's own posts, oldest first; none where there are too many.
    async fn seen_since(&self, account: &AccountId, begun: Timestamp) -> Result<Option<Vec<Tweet>>, PublishError> {
        let member: &Member = self.member(account)?;
        let user = self.user(account, member).await?;
        // The attempt began by the clock of this machine, and its posts are dated by X's.
        let ahead = self.client.ahead_ms();
        let start = begun.as_millis().saturating_add(ahead).saturating_sub(BEFORE_MS);
        let start = Timestamp::from_millis(start).to_string();
        let mut seen = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..PAGES {
            let mut query = vec![("start_time", start.as_str()), ("max_results", "100"), ("tweet.fields", POST_FIELDS)];
            query.extend(next.as_deref().map(|token| ("pagination_token", token)));
            let page: Page = self.client.read(&["2", "users", &user.id, "tweets"], &query, &member.identity).await?;
            if !page.is_whole() {
                let why = "the list of posts that X gives is not whole";
                return Err(PublishError::Unavailable(why.to_owned()));
            }
            if self.client.ahead_ms().abs_diff(ahead) > BEFORE_MS.unsigned_abs() {
                let why = "the clock of X, or of this machine, was set meanwhile";
                return Err(PublishError::Unavailable(why.to_owned()));
            }
            seen.extend(page.data);
            match page.meta.next_token {
                Some(token) => next = Some(token),
                None => {
                    seen.reverse();
                    return Ok(Some(seen));
                }
            }
        }
        Ok(None)
    }
}

impl<'a> Wanted<'a> {
    fn of(action: &'a Action) -> Option<Self> {
        let one = |text: &'a String| vec![text.as_str()];
        Some(match action {
            Action::Post { text, .. } => Self { texts: one(text), in_reply_to: None, quotes: None },
            Action::Reply { to, text, .. } => Self { texts: one(text), in_reply_to: Some(to), quotes: None },
            Action::Quote { of, text } => Self { texts: one(text), in_reply_to: None, quotes: Some(of) },
            Action::Thread { parts } => {
                Self { texts: parts.iter().map(String::as_str).collect(), in_reply_to: None, quotes: None }
            }
            Action::Like { .. } | Action::Delete { .. } => return None,
        })
    }

    /// The longest beginning of it among posts that are free. Of several the first.
    fn among<'t>(&self, free: &[&'t Tweet]) -> Found<'t> {
        let mut found = Found { parts: Vec::new(), similar: None };
        for first in free {
            match self.is_part(0, first, None) {
                Likeness::Same => {
                    let parts = self.chain(first, free);
                    if parts.len() > found.parts.len() {
                        found.parts = parts;
                    }
                }
                Likeness::ButForLinks => found.similar = Some(first),
                Likeness::Other => {}
            }
        }
        found
    }

    fn chain<'t>(&self, first: &'t Tweet, free: &[&'t Tweet]) -> Vec<&'t Tweet> {
        let mut parts = vec![first];
        while let Some(next) = parts
            .last()
            .and_then(|last| free.iter().find(|tweet| self.is_part(parts.len(), tweet, Some(last)) == Likeness::Same))
        {
            parts.push(next);
        }
        parts
    }

    fn is_part(&self, n: usize, tweet: &Tweet, before: Option<&Tweet>) -> Likeness {
        let Some(text) = self.texts.get(n) else { return Likeness::Other };
        let answers = before.map(|tweet| PostId::new(&tweet.id)).or_else(|| self.in_reply_to.cloned());
        if tweet.in_reply_to() != answers || tweet.quotes() != self.quotes.cloned() {
            return Likeness::Other;
        }
        likeness(text, tweet)
    }

    fn published(&self, order: &Order, parts: &[&Tweet]) -> Published {
        let mut posts: Vec<Post> = Vec::with_capacity(parts.len());
        for (tweet, text) in parts.iter().zip(&self.texts) {
            let before = posts.last().map(|post| post.id.clone());
            let draft = Draft { text, in_reply_to: before.as_ref().or(self.in_reply_to), quotes: self.quotes };
            let at = tweet.at().unwrap_or(order.at);
            posts.push(post_of(order, &draft, PostId::new(&tweet.id), at));
        }
        if posts.len() > 1 {
            threaded(&mut posts);
        }
        Published { posts, deliveries: Vec::new() }
    }

    /// Of an order that is not there as a whole.
    fn verdict(&self, found: &Found<'_>) -> Reconciled {
        let ids: Vec<&str> = found.parts.iter().map(|tweet| tweet.id.as_str()).collect();
        match (ids.as_slice(), found.similar) {
            // Doing it again would post those twice, and nothing less can be asked for.
            ([_, ..], _) => Reconciled::Undecidable(format!(
                "{} of {} parts of the thread are there: {}",
                ids.len(),
                self.texts.len(),
                ids.join(", ")
            )),
            ([], Some(similar)) => {
                Reconciled::Undecidable(format!("post {} differs from it in nothing but its links", similar.id))
            }
            ([], None) => Reconciled::NotDone,
        }
    }
}
