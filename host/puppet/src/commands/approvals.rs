//! `approvals`: effects that wait for the operator. The list is read from the folder; a verdict goes through the
//! running host where there is one, and otherwise into the folder, for the next.

use puppet_api::view::effect::{Asking, decided};
use puppet_engine::{Verdict, decide};
use puppet_store::{Effect, EffectState};
use puppet_types::{Decision, Digest, EffectId};
use serde_json::Value;

use crate::{
    cli::{Approvals, Which},
    commands::{budgets::present, halt::check_reason},
    control::{Folder, Request, unknown_agent},
    feed::beginning,
    output::{List, Output, Table},
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Characters shown of what somebody wrote.
const BEGINNING: usize = 60;

/// Runs it.
pub async fn run(setup: &Setup, command: Approvals, out: Output) -> Result<()> {
    match command {
        Approvals::List { agent } => list(setup, agent.as_deref(), out).await,
        Approvals::Approve(which) => say(setup, which, &Verdict::Approve, out).await,
        Approvals::Reject { which, reason } => {
            if let Some(reason) = &reason {
                check_reason(reason)?;
            }
            say(setup, which, &Verdict::Reject(reason), out).await
        }
    }
}

/// Everything that can still be approved, the oldest first; of one agent or of all.
async fn waiting(setup: &Setup, agent: Option<&str>) -> Result<Vec<Effect>> {
    let store = records::open(setup).await?;
    if let Some(agent) = agent.map(Into::into) {
        let all = records::everybody(&*store).await?;
        if !all.contains(&agent) {
            return Err(unknown_agent(&agent, &all));
        }
    }
    let now = present(setup);
    let mut effects = store.effects(&[EffectState::WaitingForApproval]).await?;
    effects.retain(|effect| {
        agent.is_none_or(|agent| effect.agent.as_str() == agent) && effect.expires.is_some_and(|expires| expires > now)
    });
    Ok(effects)
}

async fn list(setup: &Setup, agent: Option<&str>, out: Output) -> Result<()> {
    let effects = waiting(setup, agent).await?;
    if out.json {
        let items = effects.iter().map(Asking::of).collect::<std::result::Result<_, _>>().map_err(Trouble::internal)?;
        return out.object(&List::<Asking> { schema: "puppet.approvals/1", items, next: None });
    }
    if effects.is_empty() {
        out.note("nothing waits for approval");
        return Ok(());
    }
    let mut table = Table::new(&["effect", "agent", "kind", "until", "what it says"]);
    for effect in effects {
        let text = match &effect.body {
            // What leaves, before what is said about it: whole.
            Decision::Swap { intent, origin } => format!("{intent} ({})", origin.name()),
            body => body.text().map_or_else(String::new, |text| beginning(text, BEGINNING)),
        };
        let until = effect.expires.map_or_else(String::new, |expires| expires.to_string());
        table.row([effect.id.to_string(), effect.agent.to_string(), effect.body.kind().to_owned(), until, text]);
    }
    table.print(out)
}

/// Says it of one, or of everything that waits now: each as it was read, so that nothing else is approved.
async fn say(setup: &Setup, which: Which, verdict: &Verdict, out: Output) -> Result<()> {
    let seen: Vec<(EffectId, Option<Digest>)> = match &which.id {
        Some(id) => vec![(id.as_str().into(), which.digest.as_deref().map(digest_of).transpose()?)],
        None => {
            let all = waiting(setup, which.agent.as_deref()).await?;
            all.into_iter().map(|effect| (effect.id.clone(), Some(effect.digest()))).collect()
        }
    };
    let mut folder = Folder::of(setup);
    let mut items = Vec::with_capacity(seen.len());
    for (id, digest) in seen {
        match decided_on(setup, &mut folder, (id, digest), verdict).await {
            Ok(item) => items.push(item),
            // Of all that waited this one does not any more.
            Err(trouble) if which.all && trouble.code == "not-waiting" => out.note(trouble.message),
            Err(trouble) => return Err(trouble),
        }
    }
    if out.json {
        return out.object(&List { schema: "puppet.approval/1", items, next: None });
    }
    if items.is_empty() {
        out.note("nothing waits for approval");
    }
    let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    items.iter().try_for_each(|item| {
        let state = text(item, "state").replace("waiting", "approved");
        out.line(format!("{} {} by {}: {state}", text(item, "id"), text(item, "kind"), out.bold(text(item, "agent"))))
    })
}

fn digest_of(text: &str) -> Result<Digest> {
    let remedy = "`puppet approvals list --json` shows it: sha256:…";
    Digest::parse(text)
        .ok_or_else(|| Trouble::input("bad-value", format!("`{text}` is no digest"), remedy).of_field("--digest"))
}

async fn decided_on(
    setup: &Setup,
    folder: &mut Folder<'_>,
    (id, digest): (EffectId, Option<Digest>),
    verdict: &Verdict,
) -> Result<Value> {
    let request = Request::Decide { effect: id.clone(), digest, verdict: verdict.clone() };
    if let Some(answer) = folder.ask(&request).await? {
        return Ok(answer);
    }
    let at = present(setup);
    let spoken = decide(folder.rows().await?, (&id, digest), verdict, (at, at.plus_millis(1))).await?;
    Ok(decided(&spoken.effect))
}
