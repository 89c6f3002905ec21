//! What is behind a call: the character's own idea, the operator, or somebody's words. Found from what the event is and from
//! what led to it, by the causes in the journal, and from what the call has read. What cannot be told counts as somebody's
//! words. Only asked for an agent that may trade.
//!
//! Not followed: what a plugin keeps in its state, and what it remembered in its own name.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_store::{Store, StoreError};
use puppet_types::{AccountId, CallError, Capability, Code, Event, EventId, InvocationId, Read, ids, trade::Origin};
use puppet_wallet::Behind;
use serde_json::Value;

use crate::{actor::Actor, host::Host, redaction::REDACTED};

/// The field of a timer's event, and of a swap's end, that says what was behind it.
pub const ORIGIN: &str = "origin";

/// Events that a token or a gift brought, of whatever pack.
const GIFTS: [&str; 2] = ["gift_received", "token_received"];

/// More causes than hops are allowed: whoever is behind so many is not told.
const CAUSES: usize = 16;

/// What a call answers to.
pub enum Led {
    /// Nobody has to know.
    Unknown,
    /// This event, and what led to it.
    By(Box<Cause>),
}

/// An event, and where to look for what led to it.
pub struct Cause {
    store: Arc<dyn Store>,
    event: Event,
    account: AccountId,
}

/// What one event says.
#[derive(Debug, PartialEq)]
enum Says {
    Known(Origin),
    /// A plugin's of this pack, made while it handled that event.
    Led(EventId, String),
}

impl Led {
    /// Of an actor's event; unknown where the actor may not trade.
    pub fn of(host: &Host, actor: &Actor, event: &Event) -> Self {
        if actor.rights.get(Capability::Wallet).is_none() {
            return Self::Unknown;
        }
        let (store, event) = (Arc::clone(&host.store), event.clone());
        Self::By(Box::new(Cause { store, event, account: actor.account.clone() }))
    }
}

impl Cause {
    /// What is behind it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn origin(&self) -> Result<Origin, StoreError> {
        let mut said = says(&self.event);
        // What calls on the way have read counts as well.
        let mut least = Origin::Strategy;
        for _ in 0..CAUSES {
            let (cause, pack) = match said {
                Says::Known(origin) => return Ok(origin.max(least)),
                Says::Led(cause, pack) => (cause, pack),
            };
            let id = InvocationId::from(ids::derive("inv", &[cause.as_str(), &pack]));
            let Some(entry) = self.store.invocation(&id).await? else { break };
            let account = AccountId::new(entry.invocation.agent.as_str());
            least = least.max(of_reads(&entry.invocation.reads, &account));
            said = says(&entry.invocation.event);
        }
        Ok(Origin::HumanRequest.max(least))
    }
}

#[async_trait]
impl Behind for Led {
    async fn of_event(&self) -> Result<Origin, CallError> {
        match self {
            Self::Unknown => Ok(Origin::HumanRequest),
            Self::By(event) => {
                let origin = event.origin().await;
                origin
                    .map_err(|error| CallError::new(Code::Internal, format!("what led to it cannot be read: {error}")))
            }
        }
    }

    fn of_reads(&self, reads: &[Read]) -> Origin {
        match self {
            Self::Unknown => Origin::HumanRequest,
            Self::By(event) => of_reads(reads, &event.account),
        }
    }
}

/// What an event is by itself.
fn says(event: &Event) -> Says {
    use Says::Known;
    let own_kind = event.kind.rsplit('.').next().unwrap_or_default();
    let told = || event.payload[ORIGIN].as_str().and_then(Origin::parse);
    if GIFTS.contains(&own_kind) {
        return Known(Origin::Gift);
    }
    if matches!(event.kind.as_str(), "mention" | "timeline_post") || event.author.is_some() {
        return Known(Origin::HumanRequest);
    }
    match (event.source.as_str(), event.kind.as_str()) {
        // A generator has no way to anybody's words (its world has none).
        ("timer" | "host", _) if event.agent.is_generator() => Known(Origin::Own),
        ("timer", _) | ("host", "swap_done" | "swap_failed") => {
            Known(told().map_or(Origin::HumanRequest, |origin| origin.max(Origin::Own)))
        }
        ("host", "agent_started") => Known(Origin::Own),
        ("cli" | "api", _) => Known(Origin::Operator),
        ("host" | "local" | "x", _) => Known(Origin::HumanRequest),
        (pack, _) => match &event.cause {
            Some(cause) => Says::Led(cause.clone(), pack.to_owned()),
            None => Known(Origin::HumanRequest),
        },
    }
}

/// What the answers to reads bring in: posts of others, and memories of somebody else's words.
pub fn of_reads(reads: &[Read], account: &AccountId) -> Origin {
    let brings = |read: &&Read| match (read.capability, read.operation.as_str()) {
        (Capability::Tweet, "timeline" | "posts-of" | "thread-of") => {
            any_object(&answer(read), &|post| post.get("author").is_some_and(|author| author != account.as_str()))
        }
        (Capability::Memory, "recall" | "recent") => {
            any_object(&answer(read), &|memory| memory.get("trust").is_some_and(|trust| trust == "stranger"))
        }
        _ => false,
    };
    if reads.iter().any(|read| brings(&read)) { Origin::HumanRequest } else { Origin::Strategy }
}

fn answer(read: &Read) -> Value {
    read.answer.parse().unwrap_or_default()
}

/// Whether an object anywhere in it is such a one, or was blanked so that nobody can tell.
fn any_object(value: &Value, is_such: &impl Fn(&serde_json::Map<String, Value>) -> bool) -> bool {
    match value {
        Value::Object(fields) => is_such(fields) || fields.values().any(|field| any_object(field, is_such)),
        Value::Array(items) => items.iter().any(|item| any_object(item, is_such)),
        Value::String(text) => text == REDACTED || text == puppet_types::FORGOTTEN,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use puppet_types::{Cost, Json, Priority, ReadStatus, Timestamp};
    use serde_json::json;

    use super::*;

    fn event(kind: &str, source: &str, payload: Value) -> Event {
        Event {
            id: "e1".into(),
            kind: kind.to_owned(),
            source: source.to_owned(),
            agent: "ann".into(),
            author: None,
            priority: Priority::Normal,
            at: Timestamp::default(),
            payload,
            hops: 0,
            cause: None,
            broadcast: None,
        }
    }

    #[test]
    fn an_event_says_what_it_is() {
        use Origin::{Gift, HumanRequest, Operator, Own};
        for (kind, source, payload, expected) in [
            ("mention", "local", json!({}), HumanRequest),
            // Whoever sends it: the words are somebody's.
            ("mention", "cli", json!({}), HumanRequest),
            ("timeline_post", "local", json!({}), HumanRequest),
            ("agent_started", "host", json!({}), Own),
            ("timer", "timer", json!({ "origin": "own" }), Own),
            ("timer", "timer", json!({ "origin": "human-request" }), HumanRequest),
            ("timer", "timer", json!({ "origin": "gift" }), Gift),
            ("timer", "timer", json!({ "origin": "operator" }), Operator),
            // Set before anybody had to know, or made up.
            ("timer", "timer", json!({}), HumanRequest),
            ("timer", "timer", json!({ "origin": "boss" }), HumanRequest),
            // What a plugin hands itself is below `payload`.
            ("timer", "timer", json!({ "payload": { "origin": "own" } }), HumanRequest),
            ("swap_done", "host", json!({ "origin": "strategy" }), Own),
            ("swap_failed", "host", json!({ "origin": "human-request" }), HumanRequest),
            ("post_published", "host", json!({}), HumanRequest),
            ("command_post", "cli", json!({}), Operator),
            ("news", "cli", json!({}), Operator),
            ("news", "elsewhere", json!({}), HumanRequest),
            ("chain-watch.token_received", "chain-watch", json!({}), Gift),
            ("chain-watch.gift_received", "cli", json!({}), Gift),
        ] {
            assert_eq!(says(&event(kind, source, payload.clone())), Says::Known(expected), "{kind} {source} {payload}");
        }
        let spoken = Event { author: Some("bob".to_owned()), ..event("pack.note", "pack", json!({})) };
        assert_eq!(says(&spoken), Says::Known(HumanRequest));
        let led = Event { cause: Some("e0".into()), ..event("news", "news", json!({})) };
        assert_eq!(says(&led), Says::Led("e0".into(), "news".to_owned()));
        let generator = Event { agent: "generator:news".into(), ..event("timer", "timer", json!({})) };
        assert_eq!(says(&generator), Says::Known(Own));
    }

    #[test]
    fn words_of_others_come_in_by_reads() {
        let read = |capability, operation: &str, answer: Value| Read {
            n: 0,
            capability,
            operation: operation.to_owned(),
            request: Json::of(&json!({})),
            answer: Json::of(&answer),
            status: ReadStatus::Ok,
            cost: Cost::default(),
        };
        let posts = |author: &str| json!([{ "author": "ann", "text": "a" }, { "author": author, "text": "b" }]);
        let memory = |trust: &str| json!([{ "memory": { "content": "x", "trust": trust } }]);
        for (capability, operation, answer, brings) in [
            (Capability::Tweet, "timeline", posts("bob"), true),
            (Capability::Tweet, "timeline", posts("ann"), false),
            (Capability::Tweet, "thread-of", posts("bob"), true),
            (Capability::Tweet, "own-posts", posts("bob"), false),
            (Capability::Memory, "recall", memory("stranger"), true),
            (Capability::Memory, "recent", memory("own"), false),
            (Capability::Memory, "recall", json!("[forgotten]"), true),
            (Capability::Llm, "complete", memory("stranger"), false),
        ] {
            let expected = if brings { Origin::HumanRequest } else { Origin::Strategy };
            let reads = [read(capability, operation, answer.clone())];
            assert_eq!(of_reads(&reads, &"ann".into()), expected, "{capability}.{operation} {answer}");
        }
    }
}
