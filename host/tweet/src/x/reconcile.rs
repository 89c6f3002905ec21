//! What became of an order whose end nobody saw: the account's own posts since then are looked through for it.

use std::time::Duration;

use puppet_types::{AccountId, Image, PostId, Timestamp};

use super::{
    Draft, Member, X,
    likeness::{Likeness, has_images, likeness},
    media,
    publisher::{checked, post_of},
    wire::{POST_FIELDS, Page, Tweet},
};
use crate::{Action, Lost, Order, PublishError, Published, Reconciled, plan::Priced, policy::forms};

/// So much earlier than the attempt is looked: clocks differ by more than is measured.
const BEFORE_MS: i64 = 60_000;
/// Clocks that are further apart than a day say nothing.
const MOST_APART_MS: u64 = 86_400_000;
/// Pages of a hundred posts that are looked through.
const PAGES: usize = 10;

/// What an order comes to on X, where it comes to a post.
struct Wanted<'a> {
    text: &'a str,
    in_reply_to: Option<&'a PostId>,
    quotes: Option<&'a PostId>,
    images: &'a [Image],
}

impl X {
    /// Likes and deletes are the same twice as once, and what was never sent was never done.
    pub(super) async fn look(&self, order: &Order, lost: Lost, claimed: &[PostId]) -> Result<Reconciled, PublishError> {
        let forms = forms(&order.action);
        // As what it left is not known: the rules for texts may be others by now.
        let wanted: Vec<Wanted<'_>> =
            forms.iter().filter(|form| checked(form).is_ok()).filter_map(Wanted::of).collect();
        let Some(first) = wanted.first() else { return Ok(Reconciled::NotDone) };
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
                | PublishError::UsageCap { .. }
                | PublishError::Capped { .. }),
            ) => return Err(error),
            Err(other) => return Ok(Reconciled::Undecidable(other.to_string())),
        };
        if self.client.ahead_ms().unsigned_abs() > MOST_APART_MS {
            let why = "the clocks of X and of this machine are more than a day apart";
            return Ok(Reconciled::Undecidable(why.to_owned()));
        }
        let free: Vec<&Tweet> = seen.iter().filter(|tweet| !claimed.iter().any(|id| id.as_str() == tweet.id)).collect();
        // Of several the first.
        for wanted in &wanted {
            if let Some(found) = free.iter().find(|tweet| wanted.likeness(tweet) == Likeness::Same) {
                return Ok(Reconciled::Done(wanted.published(order, found)));
            }
        }
        let is_similar = |tweet: &&&Tweet| wanted.iter().any(|wanted| wanted.likeness(tweet) == Likeness::ButForLinks);
        let similar = free.iter().find(is_similar);
        // It may yet appear.
        let uploads = if first.images.is_empty() { Duration::ZERO } else { media::LONGEST };
        let settled_after = u64::try_from((self.settled_after + uploads).as_millis()).unwrap_or(u64::MAX);
        let until = lost.last.plus_millis(settled_after);
        match until.millis_since(Timestamp::from_system()) {
            0 => Ok(match similar {
                Some(Tweet { id, .. }) => {
                    Reconciled::Undecidable(format!("post {id} differs from it in nothing but its links or images"))
                }
                None => Reconciled::NotDone,
            }),
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
            let (path, what) = (["2", "users", &user.id, "tweets"], Some(Priced::OwnRead));
            let page: Page = self.client.read(&path, &query, &member.identity, what).await?;
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
        let of = |text| Self { text, in_reply_to: None, quotes: None, images: action.images() };
        Some(match action {
            Action::Post { text, .. } => of(text),
            Action::Reply { to, text, .. } => Self { in_reply_to: Some(to), ..of(text) },
            Action::Quote { of: quoted, text } => Self { quotes: Some(quoted), ..of(text) },
            Action::Thread { .. } | Action::Like { .. } | Action::Delete { .. } => return None,
        })
    }

    fn likeness(&self, tweet: &Tweet) -> Likeness {
        if tweet.in_reply_to().as_ref() != self.in_reply_to || tweet.quotes().as_ref() != self.quotes {
            return Likeness::Other;
        }
        match likeness(self.text, tweet) {
            Likeness::Same if has_images(tweet) == self.images.is_empty() => Likeness::ButForLinks,
            likeness => likeness,
        }
    }

    fn published(&self, order: &Order, tweet: &Tweet) -> Published {
        let draft =
            Draft { in_reply_to: self.in_reply_to, quotes: self.quotes, images: self.images, ..Draft::new(self.text) };
        let at = tweet.at().unwrap_or(order.at);
        let posts = vec![post_of(order, &draft, PostId::new(&tweet.id), at)];
        Published { posts, deliveries: Vec::new() }
    }
}
