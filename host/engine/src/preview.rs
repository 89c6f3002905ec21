//! One event through a plugin with nothing committed: what `puppet invoke` shows.

use std::sync::Arc;

use puppet_store::StoreError;
use puppet_types::{Event, Invocation, InvocationId, Read};

use crate::{
    host::Host,
    invocation::{self, Answers, Origin},
    swap,
};

/// What of a recorded invocation a preview is given.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// Ids of what it decides follow from it; none: made of the event, as ever.
    pub id: Option<InvocationId>,
    /// What it draws from; none: made by this host.
    pub seed: Option<u64>,
    /// These take the place of providers: a question that they do not hold is an error to the plugin.
    pub reads: Option<Vec<Read>>,
}

/// Runs it. Answers none where the event's agent is not there.
pub async fn preview(host: &Host, event: Event, recorded: Recorded) -> Result<Option<Invocation>, StoreError> {
    let Some(actor) = host.actor(&event.agent).await? else { return Ok(None) };
    let id = recorded.id.unwrap_or_else(|| invocation::invocation_id(&event, &actor));
    let mut origin = Origin::of(host, id);
    origin.seed = recorded.seed.unwrap_or(origin.seed);
    let answers = match recorded.reads {
        Some(reads) => Answers::Recorded(reads),
        None => Answers::Resume(Vec::new()),
    };
    let called = invocation::call(host, &actor, origin, &event, answers).await?;
    Ok(Some(called.record(&actor, event).0))
}

/// Runs it with what costs nothing in the place of providers: no model of anybody's is asked, nothing is paid, and no
/// budget of the agent's is drawn on. What it reads of the agent is the agent's own. Answers none where the event's agent is
/// not there.
pub async fn preview_offline(host: &Host, event: Event) -> Result<Option<Invocation>, StoreError> {
    let Some(actor) = swap::offline(host, &event.agent, None, &host.versions.of(&event.agent)).await? else {
        return Ok(None);
    };
    let actor = Arc::new(actor);
    let origin = Origin::of(host, invocation::invocation_id(&event, &actor));
    let called = invocation::call(host, &actor, origin, &event, Answers::Shadow(Vec::new(), false)).await?;
    Ok(Some(called.record(&actor, event).0))
}
