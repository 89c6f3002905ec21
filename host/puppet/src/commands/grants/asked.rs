//! What every pack asks for, from its agents and the built-in plugins, and what the operator grants of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use puppet_grants::{BudgetLine, CEILINGS, Ledger, Mode, Requests, Rights};
use puppet_packs::{AgentSpec, Pack};
use puppet_types::{AgentId, Capability, Digest, PackId, Timestamp};
use serde::Serialize;

use super::{
    compared::Before,
    standing::{Standing, Version},
    words,
};
use crate::{
    config::grants_file::PackGrant,
    firstparty,
    grants::{Grants, Vouched},
    installing, records,
    setup::Setup,
    trouble::{Result, Trouble},
    vetting::Runs,
};

/// A pack that asks.
pub struct Asking {
    /// Its id.
    pub pack: PackId,
    /// The plugin that it runs with, whose entry binds it too; none where it is that plugin.
    pub plugin: Option<PackId>,
    /// Of its component, or of the pack where it brings none.
    pub digest: Digest,
    /// What it asks for.
    pub requests: Requests,
    /// Accounts that it acts as, without `@`.
    pub handles: Vec<String>,
    /// Who says that it is what something was granted to.
    by: Vouched,
    /// How it stands among the installed versions; none of what is not installed.
    pub(super) standing: Option<Standing>,
}

/// One thing that is asked for.
#[derive(Debug, Serialize)]
pub struct Item {
    /// The interface.
    pub capability: &'static str,
    /// What it may do of it: granted, or asked for where nothing is granted.
    pub operations: Vec<&'static str>,
    /// What is counted; none where nothing is.
    pub amount: Option<&'static str>,
    /// What it is counted in.
    pub unit: Option<&'static str>,
    /// Over what.
    pub period: Option<&'static str>,
    /// What the pack asks for, within the ceiling; none where nothing is counted.
    pub requested: Option<u64>,
    /// What it has; 0 where the capability is not granted.
    pub granted: Option<u64>,
    /// In words.
    pub plain: String,
}

/// A pack, what it asks for, and what it has: `puppet.grant/1`.
#[derive(Debug, Serialize)]
pub struct Granted {
    /// The pack.
    pub pack: PackId,
    /// Of the version that waits or comes next where there is one, else of what runs.
    pub digest: Digest,
    /// Of the component that was approved; none where none was.
    pub approved_digest: Option<Digest>,
    /// Whether the operator has said anything of it.
    #[serde(skip)]
    pub is_granted: bool,
    /// Whether it has nothing, since the operator said nothing of it.
    #[serde(skip)]
    pub has_nothing: bool,
    /// Versions of which there is more to say than the items.
    #[serde(skip)]
    pub versions: Vec<Version>,
    /// `live`, `approve` or `dry-run`.
    pub mode: &'static str,
    /// For these alone; empty: for all.
    pub agents: Vec<AgentId>,
    /// When the grant ends.
    pub expires_at: Option<Timestamp>,
    /// What becomes of links in its texts, and of names with `@`: `allow`, `strip` or `refuse`.
    pub links: &'static str,
    /// Of names.
    pub mentions: &'static str,
    /// Thing by thing.
    pub items: Vec<Item>,
    /// What it asks for beyond what it was granted.
    pub widened: Vec<String>,
    /// What it was granted beyond what it asks for.
    pub narrowed: Vec<String>,
    /// It asks for what it was granted, and the component is the one that was approved.
    pub unchanged: bool,
}

/// Everybody who asks: built-in plugins, and the packs of all agents.
pub async fn all(setup: &Setup) -> Result<Vec<Asking>> {
    let mut asking = BTreeMap::new();
    let built_in = firstparty::plugins();
    for plugin in &built_in {
        let (pack, digest) = (plugin.manifest.id.clone(), Digest::of(plugin.component));
        let requests = plugin.manifest.requests.clone();
        asking.insert(
            pack.clone(),
            Asking { pack, plugin: None, digest, requests, handles: Vec::new(), by: Vouched::BuiltIn, standing: None },
        );
    }
    for spec in records::all_agents(setup).await? {
        let Some(plugin) = built_in.iter().find(|plugin| plugin.manifest.id == spec.plugin) else { continue };
        let entry = asking.entry(spec.pack.clone()).or_insert_with(|| Asking {
            pack: spec.pack.clone(),
            plugin: (spec.plugin != spec.pack).then(|| spec.plugin.clone()),
            digest: Digest::of(plugin.component),
            requests: spec.requests_of(&plugin.manifest.requests),
            handles: Vec::new(),
            by: Vouched::FOLDER,
            standing: None,
        });
        entry.handles.push(spec.handle);
    }
    installed(setup, &mut asking)?;
    Ok(asking.into_values().collect())
}

/// Of what is installed the version that waits, comes next or runs, in the place of others of its name. One whose files
/// were changed asks for nothing: it is not run.
fn installed(setup: &Setup, all: &mut BTreeMap<PackId, Asking>) -> Result<()> {
    let entries = installing::entries(setup)?;
    let ids: BTreeSet<&PackId> = entries.iter().map(|entry| &entry.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let known = installing::plugins(&installing::of(setup))?;
    for id in ids {
        let Some(entry) = installing::spoken_of(&entries, id) else { continue };
        if let Ok(mut asking) = installing::asking(setup, entry, &known) {
            if let Some(other) = all.remove(id).filter(|other| !other.handles.is_empty()) {
                asking.handles = other.handles;
            }
            let runs = installing::running(&entries, id).filter(|other| other.digest != entry.digest);
            let before = runs.and_then(|other| Some((other, installing::asking(setup, other, &known).ok()?)));
            asking.standing = Some(Standing::of(entry, before));
            all.insert(id.clone(), asking);
        }
    }
    Ok(())
}

/// The one of this name.
pub async fn one(setup: &Setup, pack: &str) -> Result<Asking> {
    let all = all(setup).await?;
    let names: Vec<String> = all.iter().map(|asking| asking.pack.to_string()).collect();
    all.into_iter().find(|asking| asking.pack.as_str() == pack).ok_or_else(|| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let remedy = crate::config::remedy(pack, &names);
        Trouble::input("unknown-pack", format!("there is no pack `{pack}` here"), remedy).missing()
    })
}

impl Granted {
    /// What it has, in words.
    pub fn plain(&self) -> Vec<String> {
        let mut said = plain(&self.items);
        said.extend(self.marks());
        said
    }

    /// What the grant says of its texts, in words; nothing where it leaves them.
    pub fn marks(&self) -> Option<String> {
        let marks = |what: &str, rule: &str| match rule {
            "strip" => Some(format!("{what} are taken out of its texts")),
            "refuse" => Some(format!("a text with {what} is refused")),
            _ => None,
        };
        let said = [marks("links", self.links), marks("names with `@`", self.mentions)];
        let said: Vec<String> = said.into_iter().flatten().collect();
        (!said.is_empty()).then(|| said.join("; "))
    }
}

/// Nothing an hour is nothing a day: said once.
fn plain(items: &[Item]) -> Vec<String> {
    let mut said: Vec<String> = items.iter().map(|item| item.plain.clone()).collect();
    said.dedup();
    said
}

impl Asking {
    /// Of a pack that is looked at, with what runs for it. `digest` is the pack's: that of a component where it brings one.
    pub fn of_pack(pack: &Pack, runs: &Runs, digest: Digest) -> Self {
        let manifest = &pack.manifest;
        let spec = AgentSpec::from_pack(pack);
        let is_own = runs.plugin == manifest.id;
        let requests = match &spec {
            _ if is_own => manifest.requests.clone(),
            Some(spec) => spec.requests_of(&runs.requests),
            None => AgentSpec { requests: manifest.requests.clone(), ..AgentSpec::blank("none", &runs.plugin) }
                .requests_of(&runs.requests),
        };
        Self {
            pack: manifest.id.clone(),
            plugin: (!is_own).then(|| runs.plugin.clone()),
            digest: if is_own { runs.component } else { digest },
            requests,
            handles: spec.map(|spec| spec.handle).into_iter().collect(),
            by: Vouched::FOLDER,
            standing: None,
        }
    }

    /// Of an installed version.
    pub fn installed(self, by: Vouched) -> Self {
        Self { by, ..self }
    }

    /// Who says that it is what something was granted to.
    pub fn vouched(&self) -> &Vouched {
        &self.by
    }

    /// What it asks for, within the ceilings, in words.
    pub fn plain(&self) -> Vec<String> {
        plain(&self.items_of(&self.requests))
    }

    /// What it asks for, within the ceilings.
    pub fn rights(&self) -> Rights {
        self.rights_of(&self.requests)
    }

    fn rights_of(&self, requests: &Requests) -> Rights {
        Rights::from_requests(requests, &self.pack, &AgentId::new(""), &Arc::new(Ledger::default()))
    }

    /// What it has of that.
    pub fn granted(&self, grants: &Grants) -> Granted {
        let grant = grants.pack(&self.pack);
        let is_held = grant.as_ref().map_or(self.by.needs_no_grant(), |grant| self.by.holds(grant));
        let versions = self.versions(grants, is_held);
        let in_force = grants.in_force();
        let mut left = self.requests.clone();
        let mut terms = in_force.cut(&mut left, (&self.pack, &self.by), None);
        let by_itself = self.items_of(&left);
        let (widened, narrowed) = self
            .bound(grant.as_ref())
            .map_or_else(Default::default, |grant| self.compared(&grant, &by_itself, Before::Granted));
        if let Some(plugin) = &self.plugin {
            terms = terms.both(&in_force.cut(&mut left, (plugin, &Vouched::BuiltIn), None));
        }
        if terms.expires.is_some_and(|end| end <= Timestamp::from_system()) {
            left.clear();
        }
        let items = self.items_of(&left);
        let marks = left.get(&Capability::Tweet).map(|request| request.marks).unwrap_or_default();
        let approved_digest = grant.as_ref().and_then(|grant| grant.digest);
        let same = approved_digest.is_none_or(|approved| approved == self.digest);
        Granted {
            pack: self.pack.clone(),
            digest: self.digest,
            approved_digest,
            is_granted: grant.is_some(),
            has_nothing: grant.is_none() && !self.by.needs_no_grant(),
            versions,
            mode: Mode::name(terms.mode),
            agents: grant.and_then(|grant| grant.agents).unwrap_or_default(),
            expires_at: terms.expires,
            links: marks.links.name(),
            mentions: marks.mentions.name(),
            unchanged: widened.is_empty() && narrowed.is_empty() && same,
            items,
            widened,
            narrowed,
        }
    }

    /// The grant that it is held against: what is installed has none but one that is bound to it.
    fn bound(&self, grant: Option<&PackGrant>) -> Option<PackGrant> {
        match (grant, &self.by) {
            (None, Vouched::Installed { .. }) => Some(PackGrant::of(&self.pack)),
            (grant, _) => grant.cloned(),
        }
    }

    /// Thing by thing, with so much left of it.
    pub fn items_of(&self, left: &Requests) -> Vec<Item> {
        let (asked, has) = (self.rights(), self.rights_of(left));
        asked.capabilities().flat_map(|capability| self.items(capability, &asked, &has)).collect()
    }

    fn items(&self, capability: Capability, asked: &Rights, has: &Rights) -> Vec<Item> {
        let of = |rights: &Rights| -> Vec<BudgetLine> {
            let lines = rights.lines(Timestamp::default());
            lines.into_iter().filter(|line| line.key.capability == capability).collect()
        };
        let is_granted = has.get(capability).is_some();
        let named = if is_granted { has.get(capability) } else { asked.get(capability) };
        let all = CEILINGS.iter().find(|most| most.capability == capability);
        let operations: Vec<&'static str> = all
            .into_iter()
            .flat_map(|most| most.operations.iter().copied())
            .filter(|name| named.is_some_and(|right| right.allows(name)))
            .collect();
        // What none of them draws on is never used: it is no right.
        let is_used = |line: &BudgetLine| {
            all.is_some_and(|most| most.drawn_by(line.key.amount).iter().any(|name| operations.contains(name)))
        };
        let [lines, left] = [asked, has].map(|rights| of(rights).into_iter().filter(is_used).collect::<Vec<_>>());
        let is_same = |one: &BudgetLine, other: &BudgetLine| {
            (one.key.amount, one.key.period) == (other.key.amount, other.key.period)
        };
        let whom = match named {
            Some(right) if capability == Capability::Http => words::reach(right.web()),
            _ => self.handles.clone(),
        };
        let asked_for = |line: &BudgetLine| lines.iter().any(|other| is_same(line, other));
        let may = u64::from(is_granted && !operations.is_empty());
        let item = |counted: Option<&BudgetLine>| {
            let granted = counted.map(|line| {
                let same = left.iter().find(|left| is_same(left, line));
                same.map_or(0, |left| left.limit)
            });
            let key = counted.map(|line| (line.key.amount, line.key.period));
            Item {
                capability: capability.name(),
                operations: operations.clone(),
                amount: key.map(|(amount, _)| amount.name()),
                unit: key.map(|(amount, _)| amount.unit()),
                period: key.and_then(|(_, period)| period.name()),
                requested: counted.filter(|line| asked_for(line)).map(|line| line.limit),
                granted,
                plain: words::plain((capability, &operations), key, granted.unwrap_or(may), &whom),
            }
        };
        // What the operator bounds besides stands there, too.
        let bounded = left.iter().filter(|line| !asked_for(line));
        let all: Vec<Item> = lines.iter().chain(bounded).map(|line| item(Some(line))).collect();
        if all.is_empty() { vec![item(None)] } else { all }
    }
}
