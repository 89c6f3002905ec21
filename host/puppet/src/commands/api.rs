//! `api key`: who may ask the server. Through the running host where there is one; otherwise in the folder, for the next.
//! `api openapi`: what may be asked.

use puppet_api::{
    NewKey,
    router::DESCRIPTION,
    v1::keys::{KEYS, Row, Told},
};
use puppet_store::ApiKey;
use puppet_types::{AgentId, Timestamp};
use serde_json::{Value, json};

use crate::{
    cli::{ApiCommand, KeyCommand, MakeKey},
    control::{Folder, Request, unknown_agent},
    output::{Output, on_a_line},
    records, serving,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, command: ApiCommand, out: Output) -> Result<()> {
    match command {
        ApiCommand::Key(KeyCommand::Create(make)) => create(setup, make, out).await,
        ApiCommand::Key(KeyCommand::List) => list(setup, out).await,
        ApiCommand::Key(KeyCommand::Revoke { id }) => revoke(setup, id, out).await,
        ApiCommand::Openapi => out.object(&*DESCRIPTION),
    }
}

async fn create(setup: &Setup, make: MakeKey, out: Output) -> Result<()> {
    let expires_at = make
        .expires
        .map(|length| Timestamp::from_system().plus_millis(u64::try_from(length.as_millis()).unwrap_or(u64::MAX)));
    known(setup, &make.agent).await?;
    let agents = (!make.agent.is_empty()).then(|| make.agent.into_iter().collect());
    let new = NewKey { name: make.name, role: make.role.into(), agents, expires_at };
    let folder = Folder::of(setup);
    let answer = match folder.ask(&Request::MakeKey { new: new.clone() }).await? {
        Some(answer) => answer,
        None => {
            let mut folder = folder;
            let rows = folder.shared().await?;
            let (row, key) = serving::keys(&rows).await?.create(new, Timestamp::from_system()).await?;
            made(row, key.expose())?
        }
    };
    if out.json {
        return out.object(&answer);
    }
    let (name, role) = (text(&answer, "name"), text(&answer, "role"));
    out.line(format!("key {} `{name}` of the role {role}", text(&answer, "id")))?;
    out.line(text(&answer, "key"))?;
    out.note("it is shown this once: keep it where secrets are kept");
    Ok(())
}

/// A key of an agent that is not here would see nothing, and nobody would know why. Where nobody has lived yet,
/// everybody may come.
async fn known(setup: &Setup, agents: &[AgentId]) -> Result<()> {
    let Some(rows) = records::if_there(setup).await?.filter(|_| !agents.is_empty()) else { return Ok(()) };
    let here: Vec<AgentId> = rows.agents().await?.into_iter().map(|row| row.id).collect();
    if here.is_empty() {
        return Ok(());
    }
    match agents.iter().find(|agent| !here.contains(agent)) {
        Some(unknown) => Err(unknown_agent(unknown, &here).of_field("--agent")),
        None => Ok(()),
    }
}

async fn list(setup: &Setup, out: Output) -> Result<()> {
    let mut rows = match records::if_there(setup).await? {
        Some(rows) => rows.api_keys().await?,
        None => Vec::new(),
    };
    rows.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    if out.json {
        let items: Vec<Row> = rows.into_iter().map(Row::from).collect();
        return out.object(&json!({ "schema": KEYS, "items": items, "next": null }));
    }
    if rows.is_empty() {
        out.note("no keys yet: the first start of a host makes one, and so does `puppet api key create`");
    }
    for row in rows {
        out.line(line(&row))?;
    }
    Ok(())
}

async fn revoke(setup: &Setup, id: String, out: Output) -> Result<()> {
    let folder = Folder::of(setup);
    let answer = match folder.ask(&Request::RevokeKey { id: id.clone() }).await? {
        Some(answer) => answer,
        None => {
            let mut folder = folder;
            // A folder in which nothing has lived is most likely another than was meant.
            drop(records::open(setup).await?);
            let rows = folder.shared().await?;
            let row = serving::keys(&rows).await?.revoke(&id, Timestamp::from_system()).await?;
            revoked(row, &id)?
        }
    };
    if out.json {
        return out.object(&answer);
    }
    out.line(format!(
        "key {} `{}` is taken back, and its sessions are over",
        text(&answer, "id"),
        text(&answer, "name")
    ))
}

/// `key.json`, with the key itself.
pub fn made(row: ApiKey, key: &str) -> Result<Value> {
    serde_json::to_value(Told::new(row, Some(key.to_owned()))).map_err(Trouble::internal)
}

/// `key.json` of one that was taken back.
pub fn revoked(row: Option<ApiKey>, id: &str) -> Result<Value> {
    let row = row.ok_or_else(|| {
        Trouble::input("unknown-key-id", format!("there is no key `{id}`"), "`puppet api key list` shows them")
            .missing()
    })?;
    serde_json::to_value(Told::new(row, None)).map_err(Trouble::internal)
}

fn text<'a>(answer: &'a Value, field: &str) -> &'a str {
    answer[field].as_str().unwrap_or_default()
}

fn line(row: &ApiKey) -> String {
    let mut line = format!("{}  {:<8}  {}", row.id, row.role, on_a_line(&row.name));
    if let Some(agents) = &row.agents {
        let agents: Vec<&str> = agents.iter().map(puppet_types::AgentId::as_str).collect();
        line.push_str(&format!("  for {}", agents.join(", ")));
    }
    if let Some(end) = row.expires_at {
        line.push_str(&format!("  until {end}"));
    }
    if let Some(at) = row.revoked_at {
        line.push_str(&format!("  taken back {at}"));
    }
    line
}
