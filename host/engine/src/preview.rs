//! One event through a plugin with nothing committed: what `puppet invoke` shows.

use puppet_store::StoreError;
use puppet_types::{Event, Invocation, Read};

use crate::{
    host::Host,
    invocation::{self, Answers},
};

/// Runs it. `answers` take the place of providers; a question that they do not hold is an error to the plugin.
/// Answers none where the event's agent is not there.
pub async fn preview(host: &Host, event: Event, answers: Option<Vec<Read>>) -> Result<Option<Invocation>, StoreError> {
    let Some(actor) = host.actor(&event.agent).await? else { return Ok(None) };
    let id = invocation::invocation_id(&event, &actor);
    let answers = match answers {
        Some(reads) => Answers::Recorded(reads),
        None => Answers::Resume(Vec::new()),
    };
    let called = invocation::call(host, &actor, id, &event, answers).await;
    Ok(Some(called.record(&actor, event).0))
}
