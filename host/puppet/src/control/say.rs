//! A person speaks to agents on the local timeline: what may be said by whom, and the mentions that come of it.

use puppet_engine::{Happening, Host, delivery_event};
use puppet_tweet::Local;
use puppet_types::{AccountId, AgentId, Event, EventId, PostId, Priority, ids};
use serde::{Deserialize, Serialize};

use crate::trouble::{Result, Trouble};

/// Longest name of an account: X's.
const AUTHOR_CHARS: usize = 15;

/// Who says what to whom.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Said {
    /// Account, with or without `@`.
    pub author: String,
    /// What is said; the accounts spoken to are put before it.
    pub text: String,
    /// To whom. Nobody: to those whom the text names, and to the author of the post that it answers.
    pub to: Vec<AgentId>,
    /// The post that it answers.
    pub in_reply_to: Option<PostId>,
    /// Of the mentions; theirs is high where none is given.
    pub priority: Option<Priority>,
    /// The post stands at once; who is spoken to hears of it so much later.
    pub delay_ms: u64,
}

impl Said {
    /// To those whom the text names, now.
    pub fn plainly(author: &str, text: &str) -> Self {
        Self {
            author: author.to_owned(),
            text: text.to_owned(),
            to: Vec::new(),
            in_reply_to: None,
            priority: None,
            delay_ms: 0,
        }
    }

    /// What is wrong with it by itself, whoever is here to hear it.
    pub fn check(&self) -> Result<()> {
        let author = self.account();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if author.is_empty() || author.len() > AUTHOR_CHARS || !author.chars().all(plain) {
            let message = format!("`{author}` is no account");
            let remedy = format!("an account has 1 to {AUTHOR_CHARS} letters, digits or `_`");
            return Err(Trouble::input("bad-value", message, remedy).of_field("author"));
        }
        if self.text.trim().is_empty() {
            return Err(Trouble::input("bad-value", "the text is blank", "say something").of_field("text"));
        }
        Ok(())
    }

    fn account(&self) -> &str {
        self.author.strip_prefix('@').unwrap_or(&self.author)
    }

    /// Writes it to the local timeline. Answers the mentions that come of it.
    pub async fn write(&self, host: &Host, local: &Local) -> Result<Vec<Event>> {
        self.check()?;
        let author = AccountId::new(self.account());
        self.heard(host, &author).await?;
        let at = host.now();
        let handles = self.to.iter().map(|id| format!("@{} ", host.agents.line(id))).collect::<String>();
        let text = format!("{handles}{}", self.text.trim());
        let published = local.write(&author, &text, self.in_reply_to.clone(), at).await.map_err(|error| {
            Trouble::input("bad-value", error.to_string(), "a post weighs 280 at most, and has no control characters")
                .of_field("text")
        })?;
        for post in &published.posts {
            host.tell(Some(Happening::Posted { at, post: Box::new(post.clone()) }));
        }
        let mut events = Vec::new();
        for delivery in published.deliveries.into_iter().filter(|delivery| delivery.kind == "mention") {
            let Some(agent) = host.accounts.agent(&delivery.account) else { continue };
            let post = published.posts.first().map(|post| post.id.to_string()).unwrap_or_default();
            let id = EventId::from(ids::derive("evt", &["say", &post, agent.as_str()]));
            let mut event = delivery_event(id, "local", agent, delivery, host.later(at).plus_millis(self.delay_ms));
            event.priority = self.priority.unwrap_or(event.priority);
            events.push(event);
        }
        Ok(events)
    }

    /// Somebody hears of it: else there would be a post and no event.
    async fn heard(&self, host: &Host, author: &AccountId) -> Result<()> {
        let own = host.accounts.agent(author);
        let alone = || {
            let message = format!("`{author}` would speak to itself");
            Err(Trouble::input("bad-value", message, "name another author, or another agent").of_field("author"))
        };
        if own.as_ref().is_some_and(|own| !self.to.is_empty() && self.to.iter().all(|id| id == own)) {
            return alone();
        }
        let Some(id) = &self.in_reply_to else { return Ok(()) };
        let Some(post) = host.store.post(id).await? else {
            let message = format!("there is no post `{id}`");
            let remedy = "ids of posts stand in the journal, as `provider_id` of effects";
            return Err(Trouble::input("bad-value", message, remedy).of_field("in_reply_to"));
        };
        match host.accounts.agent(&post.author) {
            _ if !self.to.is_empty() => Ok(()),
            None => {
                let message = format!("post `{id}` is by @{}, who is no agent: nobody would hear of it", post.author);
                Err(Trouble::input("bad-value", message, "name somebody with --agent").of_field("in_reply_to"))
            }
            wrote if wrote == own => alone(),
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_texts_are_what_the_timeline_can_show() {
        for author in ["ada", "@ada", "a", "a_b_4567890123_"] {
            assert!(Said::plainly(author, "hello").check().is_ok(), "{author}");
        }
        for author in ["", "@", "@@ada", "a b", "ada\u{7}", "ädä", "a-b", "a_b_4567890123_5"] {
            assert_eq!(Said::plainly(author, "hello").check().unwrap_err().place.field.as_deref(), Some("author"));
        }
        for text in ["", " \n\t"] {
            assert_eq!(Said::plainly("ada", text).check().unwrap_err().place.field.as_deref(), Some("text"));
        }
    }
}
