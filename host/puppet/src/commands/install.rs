//! `install` and `upgrade`: a pack comes into the data folder. Staged beside, checked whole, then published; what it
//! may do is what `grants.toml` says, and where it asks for more it waits. Nothing of it is run here, but that a strategy
//! is asked what it is.

use std::{path::Path, time::Duration};

use puppet_packs::{
    Entry, Source, Staged, State,
    requires::{self, Present},
};
use puppet_sandbox::World;
use puppet_types::{Digest, PackId, Timestamp};
use serde::Serialize;

use crate::{
    cli::Install,
    commands::grants::asked::Asking,
    grants::{Grants, Vouched},
    installing::{self, Way, of_install},
    output::Output,
    setup::Setup,
    strategies,
    trouble::{Result, Trouble},
    vetting::{self, Runs},
};

/// `puppet.install/1`.
#[derive(Serialize)]
pub struct Told {
    schema: &'static str,
    pack: PackId,
    version: String,
    digest: Digest,
    /// `installed`, `waiting` for the operator, or `refused`.
    pub status: &'static str,
    state: Option<&'static str>,
    reasons: Vec<Reason>,
    diff: Diff,
}

#[derive(Serialize)]
struct Reason {
    code: &'static str,
    message: String,
    remedy: String,
}

#[derive(Default, Serialize)]
struct Diff {
    from: Option<String>,
    asks: Vec<String>,
    widened: Vec<String>,
    narrowed: Vec<String>,
}

/// Runs it.
pub async fn run(setup: &Setup, args: &Install, is_upgrade: bool, out: Output) -> Result<()> {
    let mut notes = Vec::new();
    let taken = take_in(setup, args, (is_upgrade, None), &mut notes).await;
    out.notes(&notes);
    let (told, against) = taken?;
    if out.json {
        out.object(&told)?;
    } else if told.status != "refused" {
        told.print(out)?;
    }
    against.map_or(Ok(()), Err)
}

/// What became of a pack, and what stands against it.
type Taken = (Told, Option<Trouble>);

/// Takes a pack in. `wait`: as for [`installing::hand_over`].
pub async fn take_in(
    setup: &Setup,
    args: &Install,
    (is_upgrade, wait): (bool, Option<Duration>),
    notes: &mut Vec<String>,
) -> Result<Taken> {
    let installed = installing::of(setup);
    // Also a folder that somebody hands over: an operator's own are those beside the configuration.
    let mut staged = installed.stage(&args.path, Source::Archive).map_err(of_install)?;
    staged.may_downgrade = args.force_downgrade;
    notes.extend(staged.unlisted.iter().map(|path| format!("not part of the pack: {path}")));
    let id = staged.pack.manifest.id.clone();
    let entries = installing::entries(setup)?;
    if is_upgrade && !entries.iter().any(|entry| entry.id == id) {
        let message = format!("`{id}` is not installed, so there is nothing to upgrade");
        return Err(Trouble::input("not-installed", message, format!("`puppet install {}`", args.path.display())));
    }
    let grants = Grants::of(setup)?;
    let known = installing::plugins(&installed)?;
    let (asking, world) = vetted(setup, &staged, (&args.path, &known))?;
    let told = Told::of(&staged, &asking, installing::running(&entries, &id));
    let needs = requires::unmet(&Present::of(&staged.pack.manifest), &installing::present(&installing::of(setup))?);
    let against = of_a_folder(setup, &entries, &id)
        .or_else(|| other_trade(&id, world, (&known, installing::running(&entries, &id))))
        .or_else(|| trusted(&staged, &entries, &grants, args.allow_unsigned))
        .or_else(|| installing::refused(&needs))
        .or_else(|| staged.admit(&entries).map_err(of_install).err());
    match against {
        Some(against) => Ok(told.refused(against)),
        None => publish(setup, (staged, &entries), (&asking, &grants), told, (wait, notes)).await,
    }
}

/// Publishes what nothing stands against: to run, or to wait for the operator.
async fn publish(
    setup: &Setup,
    (staged, entries): (Staged, &[Entry]),
    (asking, grants): (&Asking, &Grants),
    mut told: Told,
    (wait, notes): (Option<Duration>, &mut Vec<String>),
) -> Result<Taken> {
    let id = asking.pack.clone();
    let way = Way::of(setup, asking, installing::running(entries, &id), grants)?;
    (told.diff.widened, told.diff.narrowed) = (way.widened.clone(), way.narrowed.clone());
    let reason = (way.state == State::Waiting).then(|| "asks for more than it was granted".to_owned());
    let published = way.go(setup, asking, || {
        let at = Timestamp::from_system();
        installing::of(setup).publish(staged, way.state, at, reason).map_err(of_install)
    });
    let entry = match published {
        Ok(entry) => entry,
        // Somebody else was faster.
        Err(trouble) if ["same-version", "downgrade"].contains(&trouble.code) => return Ok(told.refused(trouble)),
        Err(trouble) => return Err(trouble),
    };
    sweep(setup)?;
    let entry = match entry.state {
        State::Waiting => entry,
        _ => installing::hand_over(setup, &entry, wait, notes).await?.unwrap_or(entry),
    };
    if let Some(against) = installing::not_run(&entry) {
        told.state = Some(entry.state.name());
        return Ok(told.refused(against));
    }
    Ok(told.done(&entry, way.state == State::Waiting, asking.digest))
}

/// Everything about the pack agrees, and a strategy says what it is. Errors name the path that was given.
fn vetted(setup: &Setup, staged: &Staged, (path, known): (&Path, &[Runs])) -> Result<(Asking, World)> {
    let component = staged.component_bytes().map_err(of_install)?;
    let runs = vetting::vet(&staged.pack, component.as_deref(), known);
    let proved = runs.and_then(|runs| {
        let strategy = component.as_deref().filter(|_| runs.world == World::TradingStrategy);
        strategy.map_or(Ok(()), |bytes| strategies::admit(setup, &staged.pack, bytes)).map(|()| runs)
    });
    let runs = proved.map_err(|mut trouble| {
        if let Some(rest) =
            trouble.place.file.as_deref().and_then(|file| Path::new(file).strip_prefix(&staged.pack.dir).ok())
        {
            trouble.place.file = Some(path.join(rest).display().to_string());
        }
        trouble
    })?;
    let vouched =
        Vouched::Installed { digest: staged.component.unwrap_or(staged.digest), signer: staged.signer.clone() };
    Ok((Asking::of_pack(&staged.pack, &runs, staged.digest).installed(vouched), runs.world))
}

/// What agents run does not become a strategy under its name, nor a strategy what agents run.
fn other_trade(id: &PackId, world: World, (known, runs): (&[Runs], Option<&Entry>)) -> Option<Trouble> {
    let plugin = known.iter().find(|runs| runs.plugin == *id).map(|runs| runs.world);
    // What brings no component of its own is a character.
    let before = plugin.or(runs.filter(|entry| entry.component.is_none()).map(|_| World::Personality))?;
    let trades = |world| world == World::TradingStrategy;
    (trades(before) != trades(world)).then(|| {
        let message = format!("`{id}` is of the world `{}`, and the new one of `{}`", before.name(), world.name());
        let remedy =
            format!("give the new one another id; or `puppet remove {id}` where you installed it, and install then");
        Trouble::refused("pack-in-use", message, remedy)
    })
}

/// What lives from the operator's own folder is not taken over by what somebody hands over under its name.
fn of_a_folder(setup: &Setup, entries: &[Entry], id: &PackId) -> Option<Trouble> {
    let is_own = |entry: &&Entry| entry.id == *id && entry.source == Source::Folder && !entry.state.is_old();
    let lies_there = || setup.home.join("agents").join(id.as_str()).join("pack.toml").exists();
    if entries.iter().find(is_own).is_none() && !lies_there() {
        return None;
    }
    let message = format!("`{id}` lives from the folder `agents/{id}` beside the configuration");
    let remedy =
        format!("give the new one another id; or take that folder away, `puppet remove {id}`, and install it then");
    Some(Trouble::refused("pack-in-use", message, remedy))
}

/// Whether the operator trusts who it is from. A pack that was signed once stays with its publisher.
fn trusted(staged: &Staged, entries: &[Entry], grants: &Grants, allow_unsigned: bool) -> Option<Trouble> {
    let id = &staged.pack.manifest.id;
    let let_in = |entry: &&Entry| entry.id == *id && !matches!(entry.state, State::Refused | State::Waiting);
    let pinned = grants.pack(id).and_then(|grant| grant.publisher);
    let pinned = pinned.or_else(|| entries.iter().filter(let_in).find_map(|entry| entry.signer.clone()));
    match (&staged.signer, pinned) {
        (Some(signer), Some(pinned)) if *signer != pinned => {
            let message = format!("`{id}` is signed by {signer}, and so far by {pinned}");
            Some(Trouble::refused("other-publisher", message, other_publisher(id)))
        }
        (None, Some(pinned)) => {
            let message = format!("`{id}` is not signed, and so far it was, by {pinned}");
            Some(Trouble::refused("other-publisher", message, other_publisher(id)))
        }
        (None, None) if !allow_unsigned => {
            let message = format!("`{id}` is not signed: nobody vouches for it");
            let remedy = "ask for a signed one, or look into it (`puppet pack inspect`) and add --allow-unsigned";
            Some(Trouble::refused("unsigned", message, remedy))
        }
        _ => None,
    }
}

fn other_publisher(id: &PackId) -> String {
    format!(
        "do not install it before its author told you why; then `puppet remove {id}`, and take `publisher` of it out of \
         grants.toml"
    )
}

/// Old versions that are more than the configuration keeps.
fn sweep(setup: &Setup) -> Result<()> {
    let packs = &setup.config.packs;
    installing::of(setup).sweep_within(packs.keep, packs.bytes).map(|_| ()).map_err(of_install)
}

impl Told {
    /// Of a version that nobody has let in yet.
    fn of(staged: &Staged, asking: &Asking, runs: Option<&Entry>) -> Self {
        Self {
            schema: "puppet.install/1",
            pack: asking.pack.clone(),
            version: staged.pack.manifest.version.to_string(),
            digest: staged.digest,
            status: "refused",
            state: None,
            reasons: Vec::new(),
            diff: Diff { from: runs.map(|entry| entry.version.to_string()), asks: asking.plain(), ..Diff::default() },
        }
    }

    fn refused(mut self, trouble: Trouble) -> Taken {
        let Trouble { code, message, remedy, .. } = &trouble;
        self.reasons.push(Reason { code, message: message.clone(), remedy: remedy.clone() });
        (self, Some(trouble))
    }

    /// `waits`: also where the very version runs already, and was granted less since.
    fn done(mut self, entry: &Entry, waits: bool, digest: Digest) -> Taken {
        self.state = Some(entry.state.name());
        self.status = if waits { "waiting" } else { "installed" };
        let remedy = format!("`puppet grants approve {} --yes --digest {digest}`, or leave it so", entry.id);
        let message = format!("`{}` {} asks for more than it was granted", entry.id, entry.version);
        if waits { self.refused(Trouble::refused("asks-for-more", message, remedy)) } else { (self, None) }
    }

    fn print(&self, out: Output) -> Result<()> {
        let name = format!("{} {}", self.pack, self.version);
        let is = |state: State| self.state == Some(state.name());
        let how = match self.state {
            _ if is(State::Waiting) => out.odd("waits for you"),
            _ if is(State::Next) => out.good("is installed, and takes the place of the version that runs"),
            _ if is(State::Watched) => out.good("is installed, and trades on trial in place of the version before"),
            _ => out.good("is installed"),
        };
        out.line(format!("{}  {how} · {}", out.bold(name), self.digest))?;
        for text in &self.diff.widened {
            out.line(out.odd(format!("  asks for more: {text}")))?;
        }
        if is(State::Waiting) {
            return self.diff.asks.iter().try_for_each(|plain| out.line(format!("  {plain}")));
        }
        Ok(())
    }
}
