//! `grants`: what packs ask for and what they have, in plain words; approve, take back, change. A host that runs
//! takes a change up at once: what is taken back ends with the next call, also in a running invocation.

pub mod asked;
pub mod compared;
pub mod edit;
mod shared;
mod standing;
mod words;

use puppet_grants::CEILINGS;
use puppet_packs::{Entry, State};
use puppet_types::{Capability, Digest, Timestamp};
use serde::Serialize;

use self::{
    asked::{Asking, Granted},
    edit::Draft,
    shared::Among,
};
use crate::{
    cli::{GrantTerms, GrantsCommand},
    config::remedy,
    control::{self, Request},
    grants::{Grants, Vouched},
    installing::{self, Way},
    output::{List, Output},
    setup::Setup,
    trouble::{Exit, Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, command: GrantsCommand, out: Output) -> Result<()> {
    match command {
        GrantsCommand::Show { pack } => show(setup, pack.as_deref(), out).await,
        GrantsCommand::Diff { pack } => diff(setup, &pack, out).await,
        GrantsCommand::Approve { pack, yes, digest, terms } => {
            let asking = asked::one(setup, &pack).await?;
            agreed(setup, &asking, yes, digest.as_deref(), out)?;
            tell(&approve(setup, &asking, &terms).await?, out)?;
            let_in(setup, &asking, out).await
        }
        GrantsCommand::Revoke { pack, capability } => {
            if let Some(among) = Among::parse(&pack) {
                let capability = capability.as_deref().map(grantable).transpose()?;
                return shared::revoke(setup, &among, capability, out).await;
            }
            let asking = match asked::one(setup, &pack).await {
                Err(trouble) if trouble.code == "unknown-pack" && capability.is_none() => {
                    forget(setup, &pack, trouble).await?;
                    return match out.json {
                        true => show(setup, None, out).await,
                        false => out.line(format!("[packs.{pack}] is out of grants.toml")),
                    };
                }
                asking => asking?,
            };
            let capability = capability.as_deref().map(grantable).transpose()?;
            tell(&revoke(setup, &asking, capability).await?, out)
        }
        GrantsCommand::Set { pack, changes, terms } => {
            if let Some(among) = Among::parse(&pack) {
                return match terms.is_empty() {
                    true => shared::set(setup, &among, &changes, out).await,
                    false => shared::set(setup, &among, &[], out).await,
                };
            }
            let asking = asked::one(setup, &pack).await?;
            if changes.is_empty() && terms.is_empty() {
                let remedy =
                    "name what is to change: `puppet grants set PACK llm.usd/day=0.50`, or --mode, --agent, --expires";
                return Err(Trouble::input("bad-value", "nothing is to be changed", remedy));
            }
            tell(&set(setup, &asking, &changes, &terms).await?, out)
        }
    }
}

/// All that is asked for, and what is granted of it.
pub async fn all(setup: &Setup) -> Result<List<Granted>> {
    let grants = Grants::of(setup)?;
    let items = asked::all(setup).await?.iter().map(|asking| asking.granted(&grants)).collect();
    Ok(List { schema: "puppet.grants/1", items, next: None })
}

/// Of one pack.
pub async fn one(setup: &Setup, pack: &str) -> Result<Granted> {
    Ok(asked::one(setup, pack).await?.granted(&Grants::of(setup)?))
}

/// Grants what is asked for.
pub async fn approve(setup: &Setup, asking: &Asking, terms: &GrantTerms) -> Result<Granted> {
    let mut draft = Draft::open(setup)?;
    draft.approve(asking)?;
    changed(setup, draft, asking, terms).await
}

/// Takes a capability back, or all.
pub async fn revoke(setup: &Setup, asking: &Asking, capability: Option<Capability>) -> Result<Granted> {
    let mut draft = opened(setup, asking)?;
    draft.revoke(asking.pack.as_str(), capability)?;
    changed(setup, draft, asking, &GrantTerms::default()).await
}

/// Changes amounts and terms.
pub async fn set(setup: &Setup, asking: &Asking, changes: &[String], terms: &GrantTerms) -> Result<Granted> {
    let mut draft = opened(setup, asking)?;
    for change in changes {
        draft.set(asking.pack.as_str(), change)?;
    }
    changed(setup, draft, asking, terms).await
}

/// Takes the entry of a pack out that was removed; where there is none, the pack is unknown.
pub async fn forget(setup: &Setup, pack: &str, unknown: Trouble) -> Result<()> {
    let mut draft = Draft::open(setup)?;
    if !draft.has(pack) {
        return Err(unknown);
    }
    draft.forget(pack)?;
    let _changing = draft.save(setup)?;
    control::ask(setup, &Request::Regrant).await?;
    Ok(())
}

/// With an entry for the pack. Where the operator has said nothing yet, it is what the pack has so far: what it asks for.
fn opened(setup: &Setup, asking: &Asking) -> Result<Draft> {
    let mut draft = Draft::open(setup)?;
    if !draft.has(asking.pack.as_str()) {
        if let Vouched::Installed { .. } = asking.vouched() {
            let message = format!("`{}` was granted nothing so far", asking.pack);
            let remedy = format!("`puppet grants approve {}` first", asking.pack);
            return Err(Trouble::refused("not-approved", message, remedy));
        }
        draft.approve(asking)?;
    }
    Ok(draft)
}

/// An installed version that waited for this takes its place.
pub async fn let_in(setup: &Setup, asking: &Asking, out: Output) -> Result<()> {
    let entries = installing::entries(setup)?;
    let waits = |entry: &&Entry| entry.state == State::Waiting && entry.vouched() == asking.digest;
    let Some(entry) = entries.iter().filter(|entry| entry.id == asking.pack).find(waits) else { return Ok(()) };
    // It asks for nothing beyond what was granted to it just now.
    let runs = installing::running(&entries, &entry.id);
    let state = Way::place(runs.is_some(), &entry.id);
    installing::move_to(setup, &entry.id, entry.digest, state, None)?;
    let entry = Entry { state, ..entry.clone() };
    let mut notes = Vec::new();
    let handed = installing::hand_over(setup, &entry, None, &mut notes).await;
    out.notes(&notes);
    match handed?.as_ref().and_then(installing::not_run) {
        Some(against) => Err(against),
        None => Ok(()),
    }
}

fn grantable(name: &str) -> Result<Capability> {
    let known: Vec<&str> = CEILINGS.iter().map(|most| most.capability.name()).collect();
    let found = CEILINGS.iter().map(|most| most.capability).find(|capability| capability.name() == name);
    found.ok_or_else(|| {
        let remedy = remedy(name, &known);
        Trouble::input("unknown-capability", format!("`{name}` is no capability that is granted"), remedy)
    })
}

/// What is approved is what was seen.
pub fn is_of(asking: &Asking, digest: &str) -> Result<()> {
    if Digest::parse(digest) == Some(asking.digest) {
        return Ok(());
    }
    let message = format!("the component of `{}` is {}, not {digest}", asking.pack, asking.digest);
    Err(Trouble::refused("not-approved", message, "look at it again: `puppet grants diff`"))
}

/// Whether the operator says yes to what was shown: on the terminal, or with the digest on the command line.
fn agreed(setup: &Setup, asking: &Asking, yes: bool, digest: Option<&str>, out: Output) -> Result<()> {
    let refused = |message: String, remedy: String| {
        let mut trouble = Trouble::input("not-approved", message, remedy);
        trouble.exit = Exit::Refused;
        trouble
    };
    let command = format!("puppet grants approve {} --yes --digest {}", asking.pack, asking.digest);
    if let Some(digest) = digest {
        is_of(asking, digest)?;
    }
    if yes {
        let bound = digest.is_some();
        return if bound { Ok(()) } else { Err(refused("--yes needs the digest that is approved".into(), command)) };
    }
    if !out.can_ask() {
        return Err(refused("nobody is here to be asked".to_owned(), command));
    }
    let granted = asking.granted(&Grants::of(setup)?);
    out.note(format!("{} asks for all of this:", granted.pack));
    asking.plain().iter().for_each(|plain| out.note(format!("  {plain}")));
    for wider in &granted.widened {
        out.note(format!("  {}", out.odd(format!("more than so far: {wider}"))));
    }
    if out.asks(&format!("approve {}?", asking.digest))? {
        Ok(())
    } else {
        Err(refused("it was not approved".into(), command))
    }
}

/// Writes, and tells the host that runs. Answers what is in force now.
async fn changed(setup: &Setup, mut draft: Draft, asking: &Asking, terms: &GrantTerms) -> Result<Granted> {
    draft.terms(asking.pack.as_str(), terms)?;
    let _changing = draft.save(setup)?;
    // No host: the next one reads it.
    control::ask(setup, &Request::Regrant).await?;
    Ok(asking.granted(&Grants::of(setup)?))
}

/// `puppet.grant/1`.
#[derive(Serialize)]
pub struct One<'a> {
    schema: &'static str,
    #[serde(flatten)]
    granted: &'a Granted,
}

impl<'a> One<'a> {
    /// Of this one.
    pub fn of(granted: &'a Granted) -> Self {
        Self { schema: "puppet.grant/1", granted }
    }
}

fn tell(granted: &Granted, out: Output) -> Result<()> {
    if out.json { out.object(&One::of(granted)) } else { print(granted, out) }
}

async fn show(setup: &Setup, pack: Option<&str>, out: Output) -> Result<()> {
    if let Some(pack) = pack {
        return tell(&one(setup, pack).await?, out);
    }
    let all = all(setup).await?;
    if out.json {
        return out.object(&all);
    }
    all.items.iter().try_for_each(|granted| print(granted, out))?;
    shared::print(&Grants::of(setup)?, out)
}

fn print(granted: &Granted, out: Output) -> Result<()> {
    let mut about = vec![granted.mode.to_owned()];
    match granted.approved_digest {
        None if granted.has_nothing => about = vec!["nothing is granted".to_owned()],
        None if granted.is_granted => about.push("granted, whichever component runs".to_owned()),
        None => about.push("no grant of the operator: what it asks for, within the ceilings".to_owned()),
        // Which version that is, and which are not, the versions tell.
        Some(approved) if approved == granted.digest || !granted.versions.is_empty() => {
            about.push(format!("approved as {approved}"))
        }
        Some(approved) => about.push(format!("approved as {approved}, runs {}", granted.digest)),
    }
    if !granted.agents.is_empty() {
        let agents = granted.agents.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
        about.push(format!("only for {agents}"));
    }
    about.extend(granted.expires_at.map(|at| match at <= Timestamp::from_system() {
        true => format!("ended at {at}"),
        false => format!("until {at}"),
    }));
    out.line(format!("{}  {}", out.bold(&granted.pack), out.dim(about.join(" · "))))?;
    if granted.versions.is_empty() {
        return granted.plain().iter().try_for_each(|plain| out.line(format!("  {plain}")));
    }
    for version in &granted.versions {
        out.line(format!("  {}", version.heading))?;
        version.plain.iter().try_for_each(|plain| out.line(format!("    {plain}")))?;
    }
    granted.marks().iter().try_for_each(|marks| out.line(format!("  {marks}")))
}

fn compare(granted: &Granted, out: Output) -> Result<()> {
    let notes = granted.widened.iter().map(|text| format!("asks for more: {text}"));
    let notes = notes.chain(granted.narrowed.iter().map(|text| format!("asks for less: {text}")));
    notes.into_iter().try_for_each(|note| out.line(format!("  {}", out.odd(note))))
}

/// Waiting for the operator where it asks for more than it has.
async fn diff(setup: &Setup, pack: &str, out: Output) -> Result<()> {
    let granted = one(setup, pack).await?;
    tell(&granted, out)?;
    if !out.json {
        compare(&granted, out)?;
    }
    if granted.widened.is_empty() {
        return Ok(());
    }
    let message = format!("`{pack}` asks for more than it was granted");
    let mut trouble =
        Trouble::input("asks-for-more", message, format!("`puppet grants approve {pack}`, or leave it so"));
    trouble.exit = Exit::Refused;
    Err(trouble)
}
