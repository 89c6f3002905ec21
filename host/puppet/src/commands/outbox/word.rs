//! `outbox retry` and `outbox drop`: through the running host where there is one, and otherwise into the folder, for the
//! next.

use puppet_api::view::effect::Told;
use puppet_engine::{OutboxError, Word, speak};
use puppet_types::EffectId;

use super::told;
use crate::{
    commands::budgets::present,
    control::{Folder, Request},
    output::Output,
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Says it, and prints the effect as it is then.
pub async fn say(setup: &Setup, id: &str, word: Word, out: Output) -> Result<()> {
    let effect = EffectId::new(id);
    let request = Request::Outbox { effect: effect.clone(), word: word.clone() };
    let mut folder = Folder::of(setup);
    let told = match folder.ask(&request).await? {
        Some(answer) => serde_json::from_value(answer).map_err(Trouble::internal)?,
        None => {
            // A folder in which nothing has lived is most likely another than was meant.
            drop(records::open(setup).await?);
            let at = present(setup);
            let spoken = speak(folder.rows().await?, &effect, &word, (at, at.plus_millis(1))).await?;
            Told::of(&spoken.effect).map_err(Trouble::internal)?
        }
    };
    told::print(&told, out)
}

impl From<OutboxError> for Trouble {
    fn from(error: OutboxError) -> Self {
        use OutboxError as E;
        let message = error.to_string();
        let show = |id: &EffectId| format!("`puppet outbox show {id}` tells how it stands");
        match error {
            E::Unknown(_) => unknown(message),
            E::NotFailed(id, _) => Self::refused("not-failed", message, show(&id)),
            E::NotOpen(id, puppet_store::EffectState::WaitingForApproval) => {
                Self::refused("not-open", message, format!("say no to it: `puppet approvals reject {id}`"))
            }
            E::NotOpen(id, _) => Self::refused("not-open", message, show(&id)),
            E::Asked(id) => {
                let remedy = format!("wait for the answer, or let it be: `puppet outbox drop {id}`");
                Self::refused("not-yet", message, remedy)
            }
            E::NotSure(_) => {
                Self::refused("not-sure", message, "look whether it happened; --sure tries it all the same")
            }
            E::Forgotten(_) => Self::refused("forgotten", message, "let the agent decide anew"),
            E::Store(error) => error.into(),
        }
    }
}

/// An effect that is not there.
pub fn unknown(message: impl Into<String>) -> Trouble {
    Trouble::input("unknown-effect", message, "`puppet outbox list` lists them").missing()
}
