//! One effect, whole, as `outbox show`, `retry` and `drop` tell it.

use puppet_store::Effect;
use puppet_types::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    output::Output,
    trouble::{Result, Trouble},
};

/// One effect.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told {
    schema: String,
    id: String,
    agent: String,
    account: String,
    kind: String,
    state: String,
    attempts: u32,
    idempotency_key: String,
    reason: Option<String>,
    invocation: String,
    decision: u32,
    not_before: Timestamp,
    body: Value,
    provider_id: Option<String>,
    expires_at: Option<Timestamp>,
    in_doubt: Option<InDoubt>,
    /// Told by `show`: the first of its account's line, where that is another.
    behind: Option<Behind>,
}

/// What holds an effect that waits.
#[derive(Debug, Serialize, Deserialize)]
struct Behind {
    effect: String,
    state: String,
    until: Timestamp,
    reason: Option<String>,
}

/// An attempt that may have happened.
#[derive(Debug, Serialize, Deserialize)]
struct InDoubt {
    begun: Timestamp,
    undecidable: bool,
}

impl Told {
    /// Of a row.
    pub fn of(effect: &Effect) -> Result<Self> {
        let mut body = serde_json::to_value(&effect.body).map_err(Trouble::internal)?;
        Ok(Self {
            schema: "puppet.effect/1".to_owned(),
            id: effect.id.to_string(),
            agent: effect.agent.to_string(),
            account: effect.account.to_string(),
            kind: effect.body.kind().to_owned(),
            state: effect.state.name().to_owned(),
            attempts: effect.attempts,
            idempotency_key: effect.id.to_string(),
            reason: effect.reason.clone(),
            invocation: effect.invocation.to_string(),
            decision: effect.n,
            not_before: effect.not_before,
            body: body["body"].take(),
            provider_id: effect.provider_id.clone(),
            expires_at: effect.expires,
            in_doubt: effect.doubt.map(|doubt| InDoubt { begun: doubt.begun, undecidable: doubt.undecidable }),
            behind: None,
        })
    }

    /// The same with what it waits for.
    pub fn behind(mut self, first: Option<Effect>) -> Self {
        self.behind = first.map(|first| Behind {
            effect: first.id.to_string(),
            state: first.state.name().to_owned(),
            until: first.not_before,
            reason: first.reason,
        });
        self
    }

    /// Prints it; for people a line for each thing that there is to say.
    pub fn print(&self, out: Output) -> Result<()> {
        if out.json {
            return out.object(self);
        }
        out.line(format!(
            "{} {} by {} as @{}: {}",
            self.id,
            self.kind,
            out.bold(&self.agent),
            self.account,
            self.state
        ))?;
        let doubt = self.in_doubt.as_ref().map(|doubt| match self.state.as_str() {
            "sent" => format!("an attempt is under way since {}", doubt.begun),
            "waiting" => format!("since {}, in an attempt that was lost", doubt.begun),
            "in-doubt" if !doubt.undecidable => format!("since {}; its provider is asked", doubt.begun),
            _ => format!("since {}, and nobody can tell", doubt.begun),
        });
        let behind = self.behind.as_ref().map(|Behind { effect, state, until, reason }| {
            let reason = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            format!("{effect}, which is {state} until {until}{reason}")
        });
        let rows = [
            ("attempts", Some(self.attempts.to_string())),
            ("reason", self.reason.clone()),
            ("may have happened", doubt),
            ("provider's id", self.provider_id.clone()),
            ("not before", (self.state == "waiting").then(|| self.not_before.to_string())),
            ("behind", behind),
            ("to be approved until", self.expires_at.map(|until| until.to_string())),
            ("invocation", Some(format!("{} (decision {})", self.invocation, self.decision))),
            ("what it says", Some(self.body.to_string())),
        ];
        let rows = rows.into_iter().filter_map(|(name, value)| Some((name, value?)));
        rows.into_iter().try_for_each(|(name, value)| out.line(format!("  {name}: {value}")))
    }
}
