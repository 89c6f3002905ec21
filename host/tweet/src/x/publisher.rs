//! Orders as requests: a post with what it shows and refers to, a like, a delete. One order is one change; threads come part
//! by part.

use async_trait::async_trait;
use puppet_store::Post;
use puppet_types::{AccountId, Image, PostId, Timestamp};
use reqwest::Method;

use super::{
    Member, X,
    windows::Window,
    wire::{self, Created, Data, Deleted, Liked, is_id},
};
use crate::{
    Action, Lost, Order, PublishError, Published, Reconciled, TweetPublisher, check, plan::Priced, platform::Answered,
};

/// A post that is to be made.
pub(super) struct Draft<'a> {
    pub(super) text: &'a str,
    pub(super) in_reply_to: Option<&'a PostId>,
    pub(super) quotes: Option<&'a PostId>,
    pub(super) images: &'a [Image],
    /// What X calls its images.
    pub(super) media: &'a [String],
}

impl<'a> Draft<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, in_reply_to: None, quotes: None, images: &[], media: &[] }
    }
}

impl X {
    async fn create(&self, order: &Order, member: &Member, draft: Draft<'_>) -> Result<Post, PublishError> {
        let mut body = wire::creation(&draft);
        member.manner.put(&mut body, &draft);
        let what = of_text(order, draft.text, draft.in_reply_to.is_some());
        let created: Data<Created> = self.client.create(&body, &member.identity, what).await?;
        match is_id(&created.data.id) {
            true => Ok(post_of(order, &draft, PostId::new(created.data.id), order.at)),
            // Something was made, and nobody can say what.
            false => Err(PublishError::InDoubt("X answers with an id that is none".to_owned())),
        }
    }

    async fn like(&self, order: &Order, member: &Member, of: &PostId) -> Result<(), PublishError> {
        let user = self.user(&order.account, member).await?;
        let (path, body) = (["2", "users", &user.id, "likes"], wire::like(of));
        let liked = self.client.write::<Data<Liked>>(Method::POST, &path, Some(&body), &member.identity).await;
        match liked.map_err(|error| about(error, of))?.data.liked {
            true => Ok(()),
            false => Err(PublishError::Refused(format!("X did not like {of}"))),
        }
    }

    /// One that is gone already is what was asked for.
    async fn delete(&self, member: &Member, of: &PostId) -> Result<(), PublishError> {
        let path = ["2", "tweets", of.as_str()];
        match self.client.write::<Data<Deleted>>(Method::DELETE, &path, None, &member.identity).await {
            Ok(Data { data: Deleted { deleted: true } }) | Err(PublishError::NotFound(_)) => Ok(()),
            Ok(_) => Err(PublishError::Refused(format!("X did not delete {of}"))),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl TweetPublisher for X {
    fn is_idempotent(&self) -> bool {
        false
    }

    async fn publish(&self, order: &Order) -> Result<Published, PublishError> {
        let member = self.member(&order.account)?;
        checked(&order.action)?;
        if let Some(what) = priced(order) {
            self.client.can_ever(what)?;
        }
        let pictures = self.pictures(order).await?;
        self.user(&order.account, member).await.map_err(|error| match error {
            PublishError::Capped { .. } => self.client.can_ever(Priced::UserRead).err().unwrap_or(error),
            other => other,
        })?;
        let (images, media) = (order.action.images(), self.upload(&pictures, member).await?);
        let shown = |text| Draft { images, media: &media, ..Draft::new(text) };
        let posts = match &order.action {
            Action::Post { text, .. } => vec![self.create(order, member, shown(text)).await?],
            Action::Reply { to, text, .. } => {
                let draft = Draft { in_reply_to: Some(to), ..shown(text) };
                vec![self.create(order, member, draft).await.map_err(|error| about(error, to))?]
            }
            Action::Quote { of, text } => {
                let draft = Draft { quotes: Some(of), ..Draft::new(text) };
                vec![self.create(order, member, draft).await.map_err(|error| about(error, of))?]
            }
            Action::Thread { .. } => return Err(whole_thread()),
            Action::Like { of } => {
                self.like(order, member, of).await?;
                Vec::new()
            }
            Action::Delete { of } => {
                self.delete(member, of).await?;
                Vec::new()
            }
        };
        // Who is named there hears of it from X.
        Ok(Published { posts, deliveries: Vec::new() })
    }

    fn signs_as(&self, account: &AccountId) -> bool {
        self.knows(account)
    }

    /// Those of requests that were made since the start, and are not whole again.
    fn windows(&self) -> Vec<Window> {
        self.client.windows()
    }

    async fn answered(&self, account: &AccountId, id: &PostId) -> Result<Answered, PublishError> {
        let member = self.member(account)?;
        check::id(id.clone()).map_err(|error| PublishError::Refused(error.to_string()))?;
        let one = self.around(id, &member.identity).await?;
        one.answered().ok_or_else(|| PublishError::NotFound("X does not say who wrote the post".to_owned()))
    }

    async fn reconcile(&self, order: &Order, lost: Lost, claimed: &[PostId]) -> Result<Reconciled, PublishError> {
        self.look(order, lost, claimed).await
    }
}

/// What an order is priced as; likes and deletes are free.
fn priced(order: &Order) -> Option<Priced> {
    match &order.action {
        Action::Reply { text, .. } => Some(of_text(order, text, true)),
        Action::Post { text, .. } | Action::Quote { text, .. } => Some(of_text(order, text, false)),
        Action::Thread { .. } | Action::Like { .. } | Action::Delete { .. } => None,
    }
}

fn of_text(order: &Order, text: &str, answers: bool) -> Priced {
    Priced::of_text(text, answers && !order.of_thread)
}

/// What X must not get, whatever has been checked before.
pub(super) fn checked(action: &Action) -> Result<(), PublishError> {
    let refused = |error: puppet_types::Refusal| PublishError::Refused(error.to_string());
    match action {
        Action::Post { text, .. } | Action::Reply { text, .. } | Action::Quote { text, .. } => {
            check::text(text).map_err(refused)?;
        }
        Action::Thread { .. } => return Err(whole_thread()),
        Action::Like { .. } | Action::Delete { .. } => {}
    }
    check::described(action.images()).map_err(refused)?;
    if let Some(id) = action.about() {
        check::id(id.clone()).map_err(refused)?;
        if !is_id(id.as_str()) {
            return Err(PublishError::Refused(format!("`{id}` is not the id of a post on X")));
        }
    }
    Ok(())
}

/// X makes one post at a time, and knows nothing of what is to follow.
fn whole_thread() -> PublishError {
    PublishError::Refused("a thread goes to X part by part".to_owned())
}

/// What is not found is the post that an order is about.
fn about(error: PublishError, id: &PostId) -> PublishError {
    match error {
        PublishError::NotFound(_) => PublishError::NotFound(id.to_string()),
        other => other,
    }
}

pub(super) fn post_of(order: &Order, draft: &Draft<'_>, id: PostId, at: Timestamp) -> Post {
    Post {
        author: order.account.clone(),
        text: draft.text.to_owned(),
        at,
        in_reply_to: draft.in_reply_to.cloned(),
        quotes: draft.quotes.cloned(),
        // As far as it is known here.
        conversation: draft.in_reply_to.unwrap_or(&id).clone(),
        thread: None,
        media: draft.images.to_vec(),
        hops: order.hops,
        likes: 0,
        replies: 0,
        quoted: 0,
        id,
    }
}
