//! Which trace a span is in, and which span it is under. Events name what led to them; what a host has not seen itself it
//! looks up in its rows, off the way of any event.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use puppet_store::Store;
use puppet_types::{EventId, InvocationId};

use super::{
    ids::{SpanId, TraceId},
    spans::{Ended, EventOf},
};

/// Events and invocations that are remembered, each.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

/// The longest chain of causes that is followed: a plugin may decline one event for ever, and each time is one more.
const CHAIN: usize = 64;

/// Where a span belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// That above it.
    pub parent: Option<SpanId>,
}

/// What is known of the past.
pub struct Lineage {
    store: Arc<dyn Store>,
    /// The first of each chain, by event.
    roots: LruCache<String, Arc<str>>,
    /// By invocation: its event's chain, and its span.
    invocations: LruCache<String, (Arc<str>, SpanId)>,
}

impl Lineage {
    /// With nothing remembered.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, roots: LruCache::new(REMEMBERED), invocations: LruCache::new(REMEMBERED) }
    }

    /// Where a span belongs; none of one that is about nothing that lives, as a read of a rehearsal.
    pub async fn place(&mut self, ended: &Ended) -> Option<Place> {
        if ended.name == "effect" {
            return self.of_effect(ended).await;
        }
        let event = ended.within.event.as_ref()?;
        let root = self.root(&event.id, event.cause.as_deref()).await;
        let trace = TraceId::of(&root);
        let of_event = SpanId::of("event", &event.id, event.attempt);
        if ended.name == "event" {
            return Some(Place { trace, span: of_event, parent: above(event) });
        }
        let invocation = ended.within.invocation.as_deref().or_else(|| ended.fields.text("invocation"))?;
        let of_invocation = SpanId::of("invocation", invocation, event.attempt);
        let (span, parent) = match ended.name {
            "invocation" => {
                self.invocations.put(invocation.to_owned(), (root, of_invocation));
                (of_invocation, of_event)
            }
            "commit" => (SpanId::of("commit", invocation, event.attempt), of_event),
            part => (SpanId::within(part, invocation, event.attempt, ended.fields.number("n")), of_invocation),
        };
        Some(Place { trace, span, parent: Some(parent) })
    }

    async fn of_effect(&mut self, ended: &Ended) -> Option<Place> {
        let (effect, invocation) = (ended.fields.text("effect")?, ended.fields.text("invocation")?);
        let span = SpanId::of("effect", effect, ended.fields.number("attempt"));
        if let Some((root, parent)) = self.invocations.get(invocation) {
            return Some(Place { trace: TraceId::of(root), span, parent: Some(*parent) });
        }
        // Of an earlier start: how often its event was tried is not written.
        let entry = self.store.invocation(&InvocationId::new(invocation)).await.ok()??;
        let event = &entry.invocation.event;
        let root = self.root(event.id.as_str(), event.cause.as_ref().map(EventId::as_str)).await;
        let parent = SpanId::of("event", event.id.as_str(), 0);
        Some(Place { trace: TraceId::of(&root), span, parent: Some(parent) })
    }

    /// The event that a chain began with.
    async fn root(&mut self, id: &str, cause: Option<&str>) -> Arc<str> {
        if let Some(root) = self.roots.get(id) {
            return Arc::clone(root);
        }
        let (mut first, mut cause) = (id.to_owned(), cause.map(str::to_owned));
        for _ in 0..CHAIN {
            let Some(before) = cause else { break };
            if let Some(root) = self.roots.get(&before) {
                let root = Arc::clone(root);
                self.roots.put(id.to_owned(), Arc::clone(&root));
                return root;
            }
            // One that is gone from the rows is as far as anybody can look.
            let known = self.store.event(&EventId::new(before.as_str())).await.ok().flatten();
            cause = known.and_then(|(event, _)| event.cause).map(|cause| cause.as_str().to_owned());
            first = before;
        }
        let root: Arc<str> = first.into();
        self.roots.put(id.to_owned(), Arc::clone(&root));
        root
    }
}

/// The span above an event's: the first try of itself, or of what led to it.
fn above(event: &EventOf) -> Option<SpanId> {
    match (event.attempt, &event.cause) {
        (1.., _) => Some(SpanId::of("event", &event.id, 0)),
        (0, Some(cause)) => Some(SpanId::of("event", cause, 0)),
        (0, None) => None,
    }
}
