//! Spans of what a live host does, in `tracing`: an event, its invocation, the reads of that (which the gate makes), its
//! commit, and attempts at effects. They carry ids and names alone: no payload, no text, no answer.
//!
//! Nobody looks at them unless traces are exported or the log is JSON; then each is a few hundred bytes.

use puppet_store::{Effect, Waiting};
use puppet_types::{Invocation, InvocationId, Timestamp};
use tracing::{
    Span,
    field::{Empty, display},
    info_span,
};

use crate::{actor::Actor, outbox::Attempted};

pub use puppet_types::TRACED as TARGET;

/// An event is taken up.
pub fn event(waiting: &Waiting, now: Timestamp) -> Span {
    let event = &waiting.event;
    let waited_ms = now.millis_since(event.at);
    let span = info_span!(
        target: TARGET, "event", event = %event.id, kind = event.kind, agent = %event.agent, source = event.source,
        attempt = waiting.attempts, hops = event.hops, waited_ms, cause = Empty,
    );
    if let Some(cause) = &event.cause {
        span.record("cause", display(cause));
    }
    span
}

/// A plugin is called.
pub fn invocation(id: &InvocationId, actor: &Actor) -> Span {
    info_span!(
        target: TARGET, "invocation", invocation = %id, plugin = %actor.plugin.id, digest = %actor.plugin.digest(),
        outcome = Empty, fuel = Empty, peak_memory_bytes = Empty, decisions = Empty,
    )
}

/// How it ended.
pub(crate) fn ended(span: &Span, invocation: &Invocation) {
    if !span.is_disabled() {
        span.record("outcome", invocation.outcome.name());
        span.record("fuel", invocation.fuel);
        span.record("peak_memory_bytes", invocation.peak_memory_bytes);
        span.record("decisions", invocation.decisions.len());
    }
}

/// What an invocation did is written.
pub fn commit(id: &InvocationId) -> Span {
    info_span!(target: TARGET, "commit", invocation = %id)
}

/// An effect is tried.
pub fn effect(effect: &Effect) -> Span {
    info_span!(
        target: TARGET, "effect", effect = %effect.id, kind = effect.body.kind(), agent = %effect.agent,
        account = %effect.account, invocation = %effect.invocation, attempt = effect.attempts, state = Empty,
    )
}

/// What the attempt came to; nothing is said of one that was put off.
pub(crate) fn attempted<E>(span: &Span, tried: &Result<Option<Attempted>, E>) {
    use crate::happening::Happening;
    let happening = tried.as_ref().ok().and_then(Option::as_ref).and_then(|tried| tried.happening.as_ref());
    if let Some(Happening::Effect { state, .. }) = happening {
        span.record("state", state.name());
    }
}
