//! Somebody who reads the stream: what they want and may see, how far they are, and what comes next for them.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use puppet_types::{AgentId, Timestamp};
use serde_json::json;
use tokio::{sync::watch, time::Instant};

use super::{
    hub::{Hub, Reason},
    message::Message,
    topics::{Topic, Topics},
};
use crate::auth::Principal;

/// How often something is said where there is nothing to say.
pub const BEAT: Duration = Duration::from_secs(15);
/// Messages that are taken at once.
const AT_ONCE: usize = 64;

/// What a reader wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// About this.
    pub topics: Topics,
    /// Of this agent alone.
    pub agent: Option<AgentId>,
}

/// What comes next.
pub enum Next {
    /// Messages, at least one.
    Messages(Vec<Arc<Message>>),
    /// Nothing for a while.
    Beat,
    /// The last message: why there are no more.
    End(Reason, Arc<Message>),
}

/// A reader. Its place is free once it is dropped.
pub struct Reader {
    hub: Arc<Hub>,
    seat: u64,
    principal: Principal,
    wish: Wish,
    /// Number of the first message that it has not seen.
    from: u64,
    is_reset: bool,
    news: watch::Receiver<u64>,
    ended: watch::Receiver<Option<Reason>>,
    beat: Instant,
}

impl Reader {
    pub(super) fn new(
        hub: Arc<Hub>,
        seat: u64,
        (principal, wish): (Principal, Wish),
        (from, is_reset): (u64, bool),
        (news, ended): (watch::Receiver<u64>, watch::Receiver<Option<Reason>>),
    ) -> Self {
        Self { hub, seat, principal, wish, from, is_reset, news, ended, beat: Instant::now() + BEAT }
    }

    /// What comes next; after an end nothing does. Whoever stops waiting loses nothing.
    pub async fn next(&mut self) -> Next {
        loop {
            if let Some(next) = self.now() {
                self.beat = Instant::now() + BEAT;
                return next;
            }
            tokio::select! {
                // Neither ends before the reader does, who holds the hub.
                _ = self.news.changed() => {}
                _ = self.ended.changed() => {}
                () = tokio::time::sleep_until(self.beat) => {
                    self.beat = Instant::now() + BEAT;
                    return Next::Beat;
                }
            }
        }
    }

    /// What is there for it.
    fn now(&mut self) -> Option<Next> {
        let ended = *self.ended.borrow_and_update();
        if let Some(reason) = ended {
            return Some(self.end(reason));
        }
        if std::mem::take(&mut self.is_reset) {
            let data = json!({ "reason": "gone" });
            return Some(Next::Messages(vec![self.hub.aside(self.from, wall(), Topic::SystemReset, data)]));
        }
        self.news.mark_unchanged();
        let wanted = |message: &Message| self.wants(message);
        let Some((messages, from)) = self.hub.since(self.from, AT_ONCE, wanted) else {
            self.hub.count_dropped();
            return Some(self.end(Reason::Slow));
        };
        self.from = from;
        (!messages.is_empty()).then_some(Next::Messages(messages))
    }

    fn end(&self, reason: Reason) -> Next {
        let data = json!({ "reason": reason.name() });
        Next::End(reason, self.hub.aside(self.from, wall(), Topic::SystemDropped, data))
    }

    fn wants(&self, message: &Message) -> bool {
        let is_theirs = match &message.agent {
            Some(agent) => self.principal.sees(agent),
            None => !self.principal.is_scoped(),
        };
        let is_asked_for = self.wish.agent.as_ref().is_none_or(|agent| message.agent.as_ref() == Some(agent));
        // That messages are missing is of importance to everybody.
        message.topic == Topic::SystemReset || (is_theirs && is_asked_for && self.wish.topics.have(message.topic))
    }

    /// A message as a server-sent event.
    pub fn event(&self, message: &Message) -> Bytes {
        message.event(&self.hub.start)
    }

    /// A message as one object.
    pub fn object(&self, message: &Message) -> Bytes {
        message.object(&self.hub.start)
    }

    /// How far it is: whoever comes back after this misses nothing.
    pub fn place(&self) -> String {
        format!("{}.{}", self.hub.start, self.from.saturating_sub(1))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.hub.leave(self.seat);
    }
}

/// Now, by the clock on the wall: these messages are of one connection, and nothing that happened.
fn wall() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
