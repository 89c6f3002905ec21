//! How an event that was sent ended, by the journal: the outcome, why, and what came of it.

use puppet_store::{EffectState, Store};
use puppet_types::{InvocationId, Timestamp};
use serde::Serialize;

use crate::{feed::beginning, trouble::Result};
use puppet_api::view::invocation::{DecisionView, EffectView, InvocationView};

/// Characters shown of what somebody wrote.
const BEGINNING: usize = 72;

/// How one agent took it.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by docs/schemas/event-send.json")]
pub struct Ended {
    pub invocation: String,
    pub agent: String,
    pub outcome: &'static str,
    pub code: Option<String>,
    pub message: Option<String>,
    pub retry_at: Option<Timestamp>,
    pub decisions: Vec<Decided>,
}

/// What it decided, and how far that is.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Decided {
    pub kind: &'static str,
    /// None where it was dropped.
    pub state: Option<EffectState>,
    pub text: Option<String>,
    /// What its provider knows it by; of a thread all of them, with commas.
    pub provider_id: Option<String>,
    pub reason: Option<String>,
}

/// As the journal has them.
pub(super) async fn of(store: &dyn Store, invocations: &[InvocationId]) -> Result<Vec<Ended>> {
    let mut all = Vec::new();
    for id in invocations {
        if let Some(entry) = store.invocation(id).await? {
            let effects = store.effects_of(id).await?;
            all.push(Ended::of(InvocationView::new(entry, &effects)));
        }
    }
    Ok(all)
}

impl Ended {
    fn of(view: InvocationView) -> Self {
        let (code, message, retry_at) = match view.declined {
            Some(declined) => (Some(declined.code), Some(declined.message), declined.retry_at),
            None => (view.breach.map(str::to_owned), view.error, None),
        };
        Self {
            invocation: view.id,
            agent: view.agent,
            outcome: view.outcome,
            code,
            message,
            retry_at,
            decisions: view.decisions.into_iter().map(Decided::of).collect(),
        }
    }
}

impl Decided {
    fn of(view: DecisionView) -> Self {
        let decision = &view.decision.decision;
        let text = decision.text().map(|text| beginning(text, BEGINNING));
        let dropped = Self { kind: decision.kind(), state: None, text, provider_id: None, reason: None };
        match view.effect {
            Some(EffectView { state, provider_id, reason, .. }) => {
                Self { state: Some(state), provider_id, reason, ..dropped }
            }
            None => dropped,
        }
    }
}
