//! What messages are about, and which of them a reader wants.

use utoipa::ToSchema;

use crate::fault::{Fault, Result};

macro_rules! topics {
    ($($(#[$doc:meta])* $topic:ident = $name:literal),* $(,)?) => {
        /// What a message is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
        pub enum Topic {
            $($(#[$doc])* #[schema(rename = $name)] $topic,)*
        }

        impl Topic {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$topic),*];

            /// As it is written: `agent.post`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$topic => $name,)*
                }
            }
        }
    };
}

topics! {
    /// A post or thread can be read.
    AgentPost = "agent.post",
    /// A reply or quote can be read.
    AgentReply = "agent.reply",
    /// A mood moved.
    AgentMood = "agent.mood",
    /// An agent was paused.
    AgentPaused = "agent.paused",
    /// It goes on.
    AgentResumed = "agent.resumed",
    /// A swap was done.
    AgentTrade = "agent.trade",
    /// An event was accepted.
    EventAccepted = "event.accepted",
    /// One was given up.
    EventDead = "event.dead",
    /// An invocation was committed.
    InvocationDone = "invocation.done",
    /// A version on its way into the place of another.
    PluginSwap = "plugin.swap",
    /// A version is not called any more.
    PluginQuarantined = "plugin.quarantined",
    /// An effect waits for a person's yes.
    ApprovalWaiting = "approval.waiting",
    /// It waits no more.
    ApprovalEnded = "approval.ended",
    /// A budget has come to 80 %.
    BudgetNear = "budget.near",
    /// Nothing of it is left.
    BudgetSpent = "budget.spent",
    /// An effect was tried, or does not leave.
    OutboxEnded = "outbox.ended",
    /// Nobody can tell whether an effect happened.
    OutboxInDoubt = "outbox.in-doubt",
    /// The provider of an account is not reached, or is again.
    OutboxUnreached = "outbox.unreached",
    /// The provider of an account does not let it in, or does again.
    OutboxHeld = "outbox.held",
    /// A person posted on the local timeline.
    TimelinePost = "timeline.post",
    /// The host started, was halted, goes on, stops, beats; or its disk fails.
    SystemStatus = "system.status",
    /// Messages are missing before this one: what the reader knows may be wrong.
    SystemReset = "system.reset",
    /// The last message: why there are no more.
    SystemDropped = "system.dropped",
}

impl Topic {
    const fn bit(self) -> u32 {
        1 << self as u32
    }

    fn group(self) -> &'static str {
        self.name().split('.').next().unwrap_or_default()
    }
}

/// Topics that a reader wants. What says that messages are missing is always among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topics(u32);

impl Topics {
    /// All.
    pub const ALL: Self = Self(u32::MAX);

    /// Names with commas between them; `agent` is every topic that begins so. None: all.
    ///
    /// # Errors
    /// There is no such topic.
    pub fn parse(names: Option<&str>) -> Result<Self> {
        let Some(names) = names else { return Ok(Self::ALL) };
        let mut topics = Self(Topic::SystemReset.bit() | Topic::SystemDropped.bit());
        for name in names.split(',').map(str::trim) {
            let named = Topic::ALL.iter().filter(|topic| topic.name() == name || topic.group() == name);
            let bits = named.fold(0, |bits, topic| bits | topic.bit());
            if bits == 0 {
                let all: Vec<&str> = Topic::ALL.iter().map(|topic| topic.name()).collect();
                let remedy = format!("topics are {}", all.join(", "));
                let name: String = name.chars().take(40).collect();
                return Err(Fault::input("bad-value", format!("`{name}` is no topic"), remedy).of_field("topics"));
            }
            topics.0 |= bits;
        }
        Ok(topics)
    }

    /// Whether this one is among them.
    pub const fn have(self, topic: Topic) -> bool {
        self.0 & topic.bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_asked_for_by_name_and_by_group() {
        let of = |names| {
            let topics = Topics::parse(names).unwrap();
            Topic::ALL.iter().filter(|topic| topics.have(**topic)).map(|topic| topic.name()).collect::<Vec<_>>()
        };
        assert_eq!(of(None).len(), Topic::ALL.len());
        assert_eq!(
            of(Some("agent.mood, event")),
            ["agent.mood", "event.accepted", "event.dead", "system.reset", "system.dropped"]
        );
        for wrong in ["", "agent.", "agent.moods", "Agent", "agent,,event"] {
            assert_eq!(Topics::parse(Some(wrong)).unwrap_err().code, "bad-value", "{wrong}");
        }
    }

    #[test]
    fn every_topic_has_a_bit_of_its_own() {
        let bits = Topic::ALL.iter().fold(0, |bits, topic| bits | topic.bit());
        assert_eq!(bits.count_ones() as usize, Topic::ALL.len());
    }
}
