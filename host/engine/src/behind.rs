//! What is behind a call: the character's own idea, the operator, or somebody's words. Found from what the event is and from
//! what led to it, by the causes in the journal, and from what the call has read. What it keeps (a timer, a memory, its
//! state, a post) is marked with it, and whoever reads that later answers to it as well. What cannot be told counts as
//! somebody's words. Only asked for an agent that may trade.
//!
//! Not followed: moods, how an agent stands to another that it asks for by name as far as it is numbers, what a call took away (a
//! timer, a memory, a post), and the names that tokens give themselves.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_store::{Effect, Store, StoreError};
use puppet_types::{
    AccountId, AgentId, CallError, Capability, Code, Event, EventId, InvocationId, MemoryKind, Read, ids, trade::Origin,
};
use puppet_wallet::Behind;
use serde_json::{Map, Value};

use crate::{actor::Actor, host::Host, redaction::REDACTED};

/// The field of a timer's event, and of a swap's end, that says what was behind it.
pub const ORIGIN: &str = "origin";

/// The field of what is read, that says what was behind the call that kept it.
const LED_BY: &str = "led_by";

/// Events that a token or a gift brought, of whatever pack.
const GIFTS: [&str; 2] = ["gift_received", "token_received"];

/// More causes than hops are allowed: whoever is behind so many is not told.
const CAUSES: usize = 16;

/// So many of its latest posts are remembered of an agent (docs/capabilities/memory.md).
const POSTS: usize = 50;

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
    reader: Reader,
}

/// Who reads: whose own words are its own.
struct Reader {
    agent: AgentId,
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
    /// Of an actor's event; unknown where the actor may not trade. What a generator brings comes to those who may.
    pub fn of(host: &Host, actor: &Actor, event: &Event) -> Self {
        if actor.rights.get(Capability::Wallet).is_none() && !actor.id.is_generator() {
            return Self::Unknown;
        }
        let (store, event) = (Arc::clone(&host.store), event.clone());
        let reader = Reader { agent: actor.id.clone(), account: actor.account.clone() };
        Self::By(Box::new(Cause { store, event, reader }))
    }

    /// What is behind a call that has read this; none where nobody has to know.
    ///
    /// # Errors
    /// The store failed.
    pub async fn told(&self, reads: &[Read]) -> Result<Option<Origin>, StoreError> {
        match self {
            Self::Unknown => Ok(None),
            Self::By(cause) => {
                let origin = cause.origin(reads).await?;
                // What a generator keeps has a mark where somebody's words came in, and needs none where they did not.
                let needed = !cause.reader.agent.is_generator() || origin >= Origin::HumanRequest;
                Ok(needed.then_some(origin))
            }
        }
    }
}

/// What was behind the call that decided an effect; none where its agent may not trade, or the record is gone.
///
/// # Errors
/// The store failed.
pub async fn of_effect(host: &Host, effect: &Effect) -> Result<Option<Origin>, StoreError> {
    // Whoever cannot be cast does not trade either.
    let Ok(Some(actor)) = host.actor(&effect.agent).await else { return Ok(None) };
    if actor.rights.get(Capability::Wallet).is_none() {
        return Ok(None);
    }
    let Some(entry) = host.store.invocation(&effect.invocation).await? else { return Ok(None) };
    Led::of(host, &actor, &entry.invocation.event).told(&entry.invocation.reads).await
}

impl Cause {
    /// What is behind it, and behind what a call has read.
    async fn origin(&self, reads: &[Read]) -> Result<Origin, StoreError> {
        let store = &*self.store;
        // What calls on the way have read counts as well.
        let mut least = self.reader.brought(store, reads).await?;
        let mut said = says(&self.event);
        for _ in 0..CAUSES {
            let (cause, pack) = match said {
                Says::Known(origin) => return Ok(origin.max(least)),
                Says::Led(cause, pack) => (cause, pack),
            };
            let id = InvocationId::from(ids::derive("inv", &[cause.as_str(), &pack]));
            let Some(entry) = store.invocation(&id).await? else { break };
            let account = AccountId::new(entry.invocation.agent.as_str());
            let reader = Reader { agent: entry.invocation.agent, account };
            least = least.max(reader.brought(store, &entry.invocation.reads).await?);
            said = says(&entry.invocation.event);
        }
        Ok(Origin::HumanRequest.max(least))
    }
}

#[async_trait]
impl Behind for Led {
    async fn origin(&self, reads: &[Read]) -> Result<Origin, CallError> {
        let told = self.told(reads).await;
        let told =
            told.map_err(|error| CallError::new(Code::Internal, format!("what led to it cannot be read: {error}")));
        Ok(told?.unwrap_or(Origin::HumanRequest))
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
        // Nobody speaks to a generator; but a timer of its may carry along what it fetched.
        ("timer" | "host", _) if event.agent.is_generator() => {
            Known(told().map_or(Origin::Own, |origin| origin.max(Origin::Own)))
        }
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

impl Reader {
    /// What the answers to reads bring in: posts of others, and what was kept by calls that answered to somebody.
    async fn brought(&self, store: &dyn Store, reads: &[Read]) -> Result<Origin, StoreError> {
        let mut posts = Vec::new();
        let brought = reads.iter().map(|read| self.brings(read, &mut posts)).max().unwrap_or(Origin::Strategy);
        if posts.is_empty() {
            return Ok(brought);
        }
        let kept = store.memories(&self.agent, &[MemoryKind::Tweet], POSTS).await?;
        let of_post = |post: &String| {
            let id = format!("tweet:{post}");
            let kept = kept.iter().find(|hit| hit.memory.id == id);
            kept.and_then(|hit| hit.memory.led_by).unwrap_or(Origin::HumanRequest)
        };
        Ok(posts.iter().map(of_post).max().unwrap_or(brought).max(brought))
    }

    /// What one answer brings in; posts of its own that are in it are added to `posts`.
    fn brings(&self, read: &Read, posts: &mut Vec<String>) -> Origin {
        use Origin::{HumanRequest, Strategy};
        let answer: Value = read.answer.parse().unwrap_or_default();
        let has_words = |object: &Map<String, Value>, field: &str| {
            object.get(field).and_then(Value::as_array).is_some_and(|lines| !lines.is_empty())
        };
        match (read.capability, read.operation.as_str()) {
            (Capability::Tweet, "timeline" | "posts-of" | "thread-of" | "own-posts" | "search" | "conversation") => {
                worst(&answer, &mut |post| {
                    let Some(author) = post.get("author") else { return Strategy };
                    if author != self.account.as_str() && read.operation != "own-posts" {
                        return HumanRequest;
                    }
                    posts.push(post.get("id").and_then(Value::as_str).unwrap_or_default().to_owned());
                    Strategy
                })
            }
            (Capability::Memory, "recall" | "recent") => worst(&answer, &mut |memory| match memory.get("trust") {
                None => Strategy,
                Some(trust) if trust == "stranger" => HumanRequest.max(kept(memory)),
                Some(_) => kept(memory),
            }),
            (Capability::State, "get") => worst(&answer, &mut |blob| match blob.get("data") {
                None => Strategy,
                Some(_) => self.kept(blob),
            }),
            (Capability::Schedule, "list") => worst(&answer, &mut |timer| match timer.get("rule") {
                None => Strategy,
                Some(_) => self.kept(timer),
            }),
            // Whoever writes a page speaks to whoever reads it.
            (Capability::Http, _) => worst(&answer, &mut |page| match page.get("body") {
                None => Strategy,
                Some(_) => HumanRequest,
            }),
            // Whom it knows is what somebody had it know: any text may be the name of one.
            (Capability::Agent, "list-relationships") => worst(&answer, &mut |to| match to.get("target") {
                None => Strategy,
                Some(_) => HumanRequest,
            }),
            (Capability::Agent, "get-relationship") => worst(&answer, &mut |to| {
                let said = has_words(to, "recent_interactions") || has_words(to, "notes");
                if said { HumanRequest } else { Strategy }
            }),
            _ => Strategy,
        }
    }

    /// What was behind the call that kept it. A generator's own has no mark where nobody's words came in.
    fn kept(&self, object: &Map<String, Value>) -> Origin {
        match object.get(LED_BY) {
            None | Some(Value::Null) if self.agent.is_generator() => Origin::Strategy,
            _ => kept(object),
        }
    }
}

/// What was behind the call that kept it.
fn kept(object: &Map<String, Value>) -> Origin {
    object.get(LED_BY).and_then(Value::as_str).and_then(Origin::parse).unwrap_or(Origin::HumanRequest)
}

/// The worst that an object anywhere in it brings in, or something that was blanked so that nobody can tell.
fn worst(value: &Value, brings: &mut impl FnMut(&Map<String, Value>) -> Origin) -> Origin {
    let nothing = Origin::Strategy;
    match value {
        Value::Object(fields) => {
            let own = brings(fields);
            fields.values().map(|field| worst(field, brings)).max().unwrap_or(nothing).max(own)
        }
        Value::Array(items) => items.iter().map(|item| worst(item, brings)).max().unwrap_or(nothing),
        Value::String(text) if text == REDACTED || text == puppet_types::FORGOTTEN => Origin::HumanRequest,
        _ => nothing,
    }
}

#[cfg(test)]
mod tests;
