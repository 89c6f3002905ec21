//! One event through a plugin with nothing committed: what `puppet invoke` shows.

use puppet_store::{StoreError, Waiting};
use puppet_types::{Event, Invocation, Read};

use crate::{
    handle::{self, Answers},
    host::Host,
};

/// Runs it. `answers` take the place of providers; a question that they do not hold is an error to the plugin.
/// Answers none where the event's agent is not there.
pub async fn preview(host: &Host, event: Event, answers: Option<Vec<Read>>) -> Result<Option<Invocation>, StoreError> {
    let Some(actor) = host.actor(&event.agent).await? else { return Ok(None) };
    let id = handle::invocation_id(&event, &actor);
    let waiting = Waiting { seq: 0, attempts: 0, not_before: event.at, event };
    let answers = match answers {
        Some(reads) => Answers::Recorded(reads),
        None => Answers::Resume(Vec::new()),
    };
    let commit = handle::commit_of(host, &actor, id, &waiting, answers).await?;
    Ok(Some(commit.invocation))
}
