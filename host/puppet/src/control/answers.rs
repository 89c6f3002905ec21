//! What each request is answered with.

use std::time::Duration;

use puppet_api::view::effect;
use puppet_engine::Word;
use puppet_types::AccountId;
use serde_json::{Value, json};

use super::{Parts, Request, Said, Taken, accept, hosted::Hosted, purses, request::Until, unknown_agent};
use crate::{
    bill,
    commands::api,
    commands::journal::forget,
    grants::Grants,
    trouble::{Result, Trouble},
};

/// How a limit of the network stands.
fn limit(window: &puppet_tweet::Window) -> Value {
    let puppet_tweet::Window { account, request, kind, limit, remaining, resets_at } = window;
    json!({
        "account": account, "request": request, "window": kind.name(), "limit": limit, "remaining": remaining,
        "resets_at": resets_at,
    })
}

impl Parts {
    /// Ends when the host stops, or whoever asked has gone.
    pub async fn over(&self, left: impl Future<Output = ()>) {
        let mut stop = self.stop.clone();
        tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => {}
            () = left => {}
        }
    }

    /// Somebody speaks on the local timeline; with `wait` until those spoken to have answered, and no longer than so.
    ///
    /// # Errors
    /// `not-here`: agents post elsewhere. What is wrong with it; then nothing was written.
    pub async fn say(&self, said: &Said, wait: Option<Duration>, left: impl Future<Output = ()>) -> Result<Taken> {
        let local = self.local.as_deref().ok_or_else(|| {
            let message = "agents post on X here: what is said on the local timeline they could not answer";
            let remedy = "say it on X, where it is heard, or ask for a post with `puppet event send command_post`";
            Trouble::input("not-here", message, remedy)
        })?;
        let events = said.write(&self.host, local).await?;
        let event_id = events.first().map(|event| event.id.clone());
        Ok(Taken { event_id, ..accept(&self.host, events, wait, self.over(left)).await? })
    }
}

/// Carries it out; ends early where nobody is there any more to be answered.
pub(super) async fn answer(parts: &Parts, request: Request, left: impl Future<Output = ()>) -> Result<Value> {
    let Parts { host, models, stop, joining, .. } = parts;
    match request {
        Request::Send { events, wait_ms } => {
            let taken = accept(host, events, wait_ms.map(Duration::from_millis), parts.over(left)).await?;
            serde_json::to_value(taken).map_err(Trouble::internal)
        }
        Request::Say { said, wait_ms } => {
            let taken = parts.say(&said, wait_ms.map(Duration::from_millis), left).await?;
            serde_json::to_value(taken).map_err(Trouble::internal)
        }
        Request::AddAgent { agent } => {
            let _joining = joining.lock().await;
            agent.join(host).await?;
            Ok(Value::Null)
        }
        Request::Budgets => {
            let now = host.now();
            let rows: Vec<_> = host.budget_lines().await?.iter().map(puppet_engine::report::budget_row).collect();
            let limits: Vec<_> = host.publisher.windows().iter().map(limit).collect();
            let bill = parts.x.as_ref().map_or_else(Vec::new, |x| bill::rows(&x.bill(), now, x.renews_on()));
            let caps = parts.x.as_ref().map_or_else(Vec::new, |x| bill::caps(&x.caps()));
            serde_json::to_value(json!({ "at": now, "items": rows, "limits": limits, "caps": caps, "bill": bill }))
                .map_err(Trouble::internal)
        }
        Request::TurnedAway => Ok(json!(host.turned_away())),
        Request::Agents => Ok(json!(host.agents.ids())),
        Request::HeldAccounts => Ok(json!(host.held_accounts())),
        Request::XAccounts => Ok(json!(parts.x.as_ref().map(|x| x.accounts()))),
        Request::Disk => Ok(host.disk.fault().map_or(Value::Null, |fault| json!([fault.to_string(), fault.remedy()]))),
        Request::Models => serde_json::to_value(models).map_err(Trouble::internal),
        Request::CheckAccount { account } => {
            let Some(x) = &parts.x else { return Ok(json!("the host that runs here does not post to X")) };
            let known = x.knows(&AccountId::new(&account));
            if !known {
                return Ok(json!(format!("the host that runs here does not know @{account} yet: start it again")));
            }
            let fault = x.check(&AccountId::new(&account)).await.err();
            if fault.is_none() {
                host.release_account(&AccountId::new(&account));
            }
            Ok(json!(fault.map(|fault| format!("the host that runs here posts nothing as @{account}: {fault}"))))
        }
        Request::Regrant => {
            let (grants, file) = &parts.grants;
            grants.replace(Grants::at(file)?, &host.ledger);
            host.recast();
            Ok(Value::Null)
        }
        Request::Halt { reason } => serde_json::to_value(host.halt(reason).await?).map_err(Trouble::internal),
        Request::Resume => {
            host.resume().await?;
            Ok(Value::Null)
        }
        Request::MakeKey { new } => {
            let (row, key) = parts.keys.create(new, host.now()).await?;
            api::made(row, key.expose())
        }
        Request::RevokeKey { id } => api::revoked(parts.keys.revoke(&id, host.now()).await?, &id),
        Request::Pause { agent, by, reason } => match host.pause(&agent, &by, reason).await? {
            Some(paused) => serde_json::to_value(paused).map_err(Trouble::internal),
            None => Err(unknown_agent(&agent, &host.agents.ids())),
        },
        Request::GoOn { agent, by } => match host.go_on(&agent, &by).await? {
            Some(was) => Ok(json!(was)),
            None => Err(unknown_agent(&agent, &host.agents.ids())),
        },
        Request::Decide { effect, digest, verdict } => {
            let effect = host.decide((&effect, digest), &verdict).await?;
            Ok(effect::decided(&effect))
        }
        Request::Outbox { effect, word } => {
            if let (Some(x), Word::Retry { .. }) = (&parts.x, &word)
                && let Some(effect) = host.store.effect(&effect).await?
            {
                x.ask_anew(&effect.account).await;
            }
            let effect = host.speak(&effect, &word).await?;
            let told = effect::Told::of(&effect).map_err(Trouble::internal)?;
            serde_json::to_value(told).map_err(Trouble::internal)
        }
        Request::Forget { ids } => {
            let forgetting = host.store.forget(ids, &forget::reason(host.now())).await?;
            serde_json::to_value(forget::Told::of(forgetting)).map_err(Trouble::internal)
        }
        Request::Prune { old } => serde_json::to_value(host.store.prune(old).await?).map_err(Trouble::internal),
        Request::Swap { pack, until: None } => {
            parts.swaps.look(&pack);
            Ok(Value::Null)
        }
        Request::Swap { pack, until: Some(Until { version, wait_ms }) } => {
            let mut stop = stop.clone();
            tokio::select! {
                () = parts.swaps.come_to(&pack, &version) => {}
                () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
                _ = stop.wait_for(|stopped| *stopped) => {}
                () = left => {}
            }
            Ok(Value::Null)
        }
        Request::PurseWord { purses, word } => {
            purses::word(&*host.store, &*parts.desks, &purses, &word, host.now()).await
        }
        Request::SwapApproval { hash, is_yes } => purses::approval(&*host.store, &hash, is_yes, host.now()).await,
        Request::Desks => serde_json::to_value(parts.desks.stand()).map_err(Trouble::internal),
        Request::Release { pack } => {
            host.release(&pack).await?;
            Ok(Value::Null)
        }
        Request::Plugins => serde_json::to_value(Hosted::of(host, &parts.swaps)).map_err(Trouble::internal),
    }
}
