//! The operator's grants in force: what they leave of what packs request, and on what terms. Read from `grants.toml`
//! at start, and again whenever the operator changes it while a host runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use puppet_grants::{BudgetKey, Ledger, Limits, Owner, Requests, Shared, Terms};
use puppet_packs::{Entry, Source};
use puppet_types::{AccountId, AgentId, Capability, Digest, PackId};

use crate::{
    config::grants_file::{self, Granted, GrantsFile, PackGrant},
    firstparty,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Who says that what runs is what the operator granted something to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vouched {
    /// It comes with the program.
    BuiltIn,
    /// The operator: it lies in a folder of theirs. A component that it brings is granted what `grants.toml` says, and
    /// nothing where that says nothing.
    Folder {
        /// Of its own component.
        component: Option<Digest>,
    },
    /// It is installed: a grant is bound to its content, or to who signed it; without one it has nothing.
    Installed {
        /// Of its component, or of the pack where it brings none.
        digest: Digest,
        /// A minisign public key.
        signer: Option<String>,
    },
}

impl Vouched {
    /// A pack that brings data alone, of the operator's own.
    pub const FOLDER: Self = Self::Folder { component: None };

    /// Of an installed version.
    pub fn of(entry: &Entry) -> Self {
        match entry.source {
            Source::Folder => Self::Folder { component: entry.component },
            Source::Archive => Self::Installed { digest: entry.vouched(), signer: entry.signer.clone() },
        }
    }

    /// Whether a grant is meant for it.
    pub fn holds(&self, grant: &PackGrant) -> bool {
        match self {
            // Nothing of these is signed.
            Self::BuiltIn | Self::Folder { component: None } => grant.publisher.is_none(),
            Self::Folder { component: Some(digest) } => {
                grant.publisher.is_none() && (grant.digest.is_none() || grant.is_bound_to(*digest))
            }
            Self::Installed { digest, signer } => {
                grant.is_bound_to(*digest) || (signer.is_some() && *signer == grant.publisher)
            }
        }
    }

    /// Whether it has what it asks for where the operator has said nothing.
    pub fn needs_no_grant(&self) -> bool {
        matches!(self, Self::BuiltIn | Self::Folder { component: None })
    }
}

/// All grants, by pack. A pack that is not among them has what it requests, up to the ceilings: what runs without a
/// grant comes with puppet.
#[derive(Debug, Default)]
pub struct Grants(RwLock<All>);

#[derive(Debug, Default)]
struct All {
    packs: BTreeMap<PackId, PackGrant>,
    accounts: BTreeMap<AccountId, Limits>,
    host: Limits,
}

impl All {
    fn of(file: GrantsFile) -> Self {
        let GrantsFile { packs, accounts, host } = file;
        Self { packs: packs.into_iter().map(|grant| (grant.pack.clone(), grant)).collect(), accounts, host }
    }

    /// What an account has: what is named, and the ceilings of one agent for the rest.
    fn shared(&self, account: &AccountId) -> Shared {
        let mut shared = Shared { host: self.host.clone(), ..Shared::of_account(account.clone()) };
        if let (Some((_, limits)), Some(named)) = (&mut shared.account, self.accounts.get(account)) {
            for (capability, amounts) in named {
                limits.entry(*capability).or_default().extend(amounts);
            }
        }
        shared
    }

    /// The limit of a budget that is shared.
    fn limit(&self, BudgetKey { owner, capability, amount, period }: &BudgetKey) -> Option<u64> {
        let limits = match owner {
            Owner::Agent { .. } => return None,
            Owner::Account(account) => self.shared(account).account.map(|(_, limits)| limits)?,
            Owner::Host => self.host.clone(),
        };
        // Where nobody bounds it any more, what is under way is not held up by what was said before.
        let limit = limits.get(capability).and_then(|amounts| amounts.get(&(*amount, *period)));
        Some(limit.copied().unwrap_or(u64::MAX))
    }
}

/// Where the operator's grants stand.
pub fn file(setup: &Setup) -> PathBuf {
    setup.home.join("grants.toml")
}

impl Grants {
    /// The operator's, of the file beside the configuration; none where there is no such file.
    pub fn of(setup: &Setup) -> Result<Self> {
        Self::at(&file(setup))
    }

    /// Of a path where there need not be one. Only where nothing is there at all has nobody said anything: a link that
    /// leads nowhere, a folder, or what may not be looked at is an error, and grants nothing.
    pub fn at(path: &Path) -> Result<Self> {
        match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            _ if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) => {
                let remedy = "put a file in its place, or take it away";
                Err(Trouble::input("grants-file", "is no file", remedy).in_file(path))
            }
            _ => Self::read(path),
        }
    }

    /// Of a file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = crate::files::text(path).map_err(|error| {
            Trouble::input("grants-file", format!("cannot be read: {error}"), "name another file").in_file(path)
        })?;
        Ok(Self(RwLock::new(All::of(grants_file::parse(&text, path)?))))
    }

    fn all(&self) -> RwLockReadGuard<'_, All> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// As they stand; nobody changes them meanwhile. Rights that are made of a cut are made before this is let go, so
    /// that a change finds either none of them or all.
    pub fn in_force(&self) -> InForce<'_> {
        InForce(self.all())
    }

    /// A pack's.
    pub fn pack(&self, id: &PackId) -> Option<PackGrant> {
        self.all().packs.get(id).cloned()
    }

    /// How many packs have one.
    pub fn len(&self) -> usize {
        self.all().packs.len()
    }

    /// Whether the operator said nothing.
    pub fn is_empty(&self) -> bool {
        let All { packs, accounts, host } = &*self.all();
        packs.is_empty() && accounts.is_empty() && host.is_empty()
    }

    /// What is said of accounts, and of the whole host.
    pub fn said_of_all(&self) -> (BTreeMap<AccountId, Limits>, Limits) {
        let all = self.all();
        (all.accounts.clone(), all.host.clone())
    }

    /// Puts others in their place. What a pack has of a capability ends where anything about it is different: rights
    /// that are made from now on are made of the new ones.
    pub fn replace(&self, by: Self, ledger: &Ledger) {
        let new = by.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let packs: BTreeSet<&PackId> = all.packs.keys().chain(new.packs.keys()).collect();
        for pack in packs {
            let (old, new) = (all.packs.get(pack), new.packs.get(pack));
            let whole =
                |grant: &PackGrant| (grant.digest, grant.publisher.clone(), grant.terms.clone(), grant.agents.clone());
            let is_other = old.map(whole) != new.map(whole);
            for capability in Capability::ALL {
                let one =
                    |grant: Option<&PackGrant>| grant.and_then(|grant| grant.capabilities.get(capability).cloned());
                if is_other || one(old) != one(new) {
                    ledger.take_back(pack, *capability);
                }
            }
        }
        // What is shared: calls under way know the old amounts, and would bring them back.
        for capability in Capability::ALL {
            let of = |all: &All| {
                let accounts = all.accounts.iter();
                let accounts: Vec<_> =
                    accounts.filter_map(|(id, of)| Some((id.clone(), of.get(capability)?.clone()))).collect();
                (accounts, all.host.get(capability).cloned())
            };
            if of(&all) != of(&new) {
                ledger.take_back_from_all(*capability);
            }
        }
        *all = new;
        ledger.relimit(|key| all.limit(key));
    }

    /// What is odd about them: packs that are not here, which is most likely a slip, and components that are not the
    /// ones that were approved.
    pub fn notes(&self, packs: &BTreeSet<PackId>, installed: &[Entry]) -> Vec<String> {
        let built_in = firstparty::plugins();
        let known = built_in.iter().map(|plugin| plugin.manifest.id.clone()).chain(packs.iter().cloned());
        let known: BTreeSet<PackId> = known.chain(installed.iter().map(|entry| entry.id.clone())).collect();
        let names: Vec<&str> = known.iter().map(PackId::as_str).collect();
        let mut notes = Vec::new();
        for grant in self.all().packs.values() {
            let PackGrant { pack, digest, publisher, line, .. } = grant;
            if !known.contains(pack) {
                let remedy = crate::config::remedy(pack.as_str(), &names);
                notes.push(format!(
                    "grants, line {line}: there is no pack `{pack}` here, so this grants nothing: {remedy}"
                ));
            }
            let runs = installed.iter().find(|entry| entry.id == *pack && entry.state.runs());
            if let Some(entry) = runs {
                if !Vouched::of(entry).holds(grant) {
                    notes.push(format!(
                        "grants, line {line}: `{pack}` {} is installed, and this is bound to other content: it is granted \
                         nothing; `puppet grants approve {pack}` approves what is installed",
                        entry.version
                    ));
                }
                continue;
            }
            if publisher.is_some() {
                notes.push(format!(
                    "grants, line {line}: `{pack}` is granted as signed by its publisher, and is not signed: it is granted \
                     nothing; take `publisher` out to grant it unsigned"
                ));
            }
            let runs = built_in.iter().find(|plugin| plugin.manifest.id == *pack);
            let runs = runs.map(|plugin| Digest::of(plugin.component));
            if let (Some(approved), Some(runs)) = (digest, runs)
                && *approved != runs
            {
                notes.push(format!(
                    "grants, line {line}: `{pack}` has changed since it was approved; what it was granted still binds it: \
                     `puppet grants diff {pack}` shows both, `puppet grants approve {pack}` approves what runs now"
                ));
            }
        }
        notes
    }
}

/// Grants that are not changed while this is held.
pub struct InForce<'a>(RwLockReadGuard<'a, All>);

impl InForce<'_> {
    /// Cuts what a pack requests for an agent (none: for those that it is granted for) to what is granted. Nothing is
    /// ever added.
    ///
    /// What is installed, and what an operator's own folder brings as a component, has nothing without a grant.
    pub fn cut(&self, requests: &mut Requests, (pack, vouched): (&PackId, &Vouched), agent: Option<&AgentId>) -> Terms {
        let Some(grant) = self.0.packs.get(pack) else {
            if !vouched.needs_no_grant() {
                requests.clear();
            }
            return Terms::default();
        };
        if let (Some(agents), Some(agent)) = (&grant.agents, agent)
            && !agents.contains(agent)
        {
            requests.clear();
        }
        if !vouched.holds(grant) {
            requests.clear();
        }
        requests.retain(|capability, request| {
            let Some(granted) = grant.capabilities.get(capability) else { return false };
            let Granted { operations, amounts, marks, web } = granted;
            request.marks = request.marks.both(*marks);
            request.web = request.web.both(web);
            request.cut(*capability, operations.as_ref(), amounts)
        });
        grant.terms.clone()
    }

    /// What an agent shares with others that post as its account, and with everybody.
    pub fn shared(&self, account: &AccountId) -> Shared {
        self.0.shared(account)
    }

    /// What everybody shares, for those who post as nobody.
    pub fn shared_by_all(&self) -> Shared {
        Shared { account: None, host: self.0.host.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use puppet_grants::{Amount, Period, Request, Rights};
    use puppet_types::Timestamp;

    use super::*;

    fn grants(text: &str) -> Grants {
        Grants(RwLock::new(All::of(grants_file::parse(text, Path::new("grants.toml")).unwrap())))
    }

    fn requests() -> Requests {
        let posts = Request { amounts: [((Amount::Posts, Period::Hour), 9)].into(), ..Request::default() };
        [(Capability::Tweet, posts), (Capability::Llm, Request::default())].into()
    }

    fn cut(grants: &Grants, agent: &str) -> Requests {
        let mut requests = requests();
        grants.in_force().cut(&mut requests, (&"ember".into(), &Vouched::FOLDER), Some(&agent.into()));
        requests
    }

    #[test]
    fn what_is_installed_has_only_what_was_granted_to_its_content_or_its_publisher() {
        let [one, two, other] = [b"1", b"2", b"3"].map(|bytes| Digest::of(bytes));
        let key = |c: &str| format!("RW{}", c.repeat(54));
        let installed = |digest, signer: Option<&str>| Vouched::Installed { digest, signer: signer.map(&key) };
        let bound = format!("[packs.ember]\ndigest = \"{one}\"\nprevious = [\"{two}\"]\n[packs.ember.llm]\n");
        let pinned = format!("[packs.ember]\npublisher = \"{}\"\n[packs.ember.llm]\n", key("Q"));
        let loose = "[packs.ember.llm]\n";
        for (text, vouched, granted) in [
            (&*bound, installed(one, None), 1),
            (&*bound, installed(two, None), 1),
            (&*bound, installed(other, None), 0),
            (&*bound, Vouched::FOLDER, 1),
            (&*bound, Vouched::BuiltIn, 1),
            (&*pinned, installed(other, Some("Q")), 1),
            (&*pinned, installed(other, Some("R")), 0),
            (&*pinned, installed(other, None), 0),
            (&*pinned, Vouched::FOLDER, 0),
            (loose, installed(one, None), 0),
            (loose, Vouched::FOLDER, 1),
            ("", installed(one, Some("Q")), 0),
            ("", Vouched::BuiltIn, 2),
        ] {
            let mut left = requests();
            grants(text).in_force().cut(&mut left, (&"ember".into(), &vouched), None);
            assert_eq!(left.len(), granted, "{text} {vouched:?}");
        }
    }

    #[test]
    fn only_what_is_named_is_granted_and_never_more_than_is_requested() {
        let tweet = "[packs.ember.tweet]\noperations = [\"post\", \"like\"]\namounts = { \"posts/hour\" = 20, \"likes/hour\" = 2 }\n";
        let left = cut(&grants(tweet), "ann");
        assert_eq!(left.keys().collect::<Vec<_>>(), [&Capability::Tweet], "llm is not named");
        let tweet = &left[&Capability::Tweet];
        assert_eq!(tweet.operations.iter().collect::<Vec<_>>(), ["like", "post"]);
        assert_eq!(tweet.amounts[&(Amount::Posts, Period::Hour)], 9);
        assert_eq!(tweet.amounts[&(Amount::Likes, Period::Hour)], 2);
        assert_eq!(cut(&grants(""), "ann"), requests(), "no grant, no cut");
        assert!(cut(&grants("[packs.ember]\n"), "ann").is_empty());
    }

    #[test]
    fn agents_that_are_not_named_have_nothing() {
        let grants = grants("[packs.ember]\nagents = [\"ann\"]\n[packs.ember.llm]\n");
        assert_eq!(cut(&grants, "ann").len(), 1);
        assert!(cut(&grants, "bob").is_empty());
    }

    #[test]
    fn a_change_ends_the_rights_it_is_about_and_no_other() {
        let ledger = Arc::new(Ledger::default());
        let before = grants("[packs.ember.llm]\n[packs.ember.tweet]\n");
        let rights = || Rights::from_requests(&cut(&before, "ann"), &"ember".into(), &"ann".into(), &ledger);
        let old = rights();
        let may = |rights: &Rights, capability, operation| {
            rights.get(capability).is_some_and(|right| right.allows(operation))
        };
        before.replace(grants("[packs.ember.llm]\namounts = { \"tokens/day\" = 5 }\n[packs.ember.tweet]\n"), &ledger);
        assert!(!may(&old, Capability::Llm, "complete") && may(&old, Capability::Tweet, "post"));
        let new = rights();
        assert!(may(&new, Capability::Llm, "complete") && may(&new, Capability::Tweet, "post"));
        before.replace(Grants::default(), &ledger);
        assert!(!may(&new, Capability::Llm, "complete") && !may(&new, Capability::Tweet, "post"));
    }

    #[test]
    fn what_is_shared_changes_at_once_and_what_is_not_named_stays() {
        let ledger = Arc::new(Ledger::default());
        let grants = grants(
            "[accounts.ada.tweet]\namounts = { \"posts/hour\" = 1 }\n[host.tweet]\namounts = { \"likes/day\" = 1 }\n",
        );
        let shared = grants.in_force().shared(&"ada".into());
        let (_, limits) = shared.account.clone().unwrap();
        assert_eq!(limits[&Capability::Tweet][&(Amount::Posts, Period::Hour)], 1);
        assert_eq!(limits[&Capability::Tweet][&(Amount::Likes, Period::Hour)], 60);
        let rights = Rights::on_terms(&requests(), (&"p".into(), &[]), &"a".into(), &ledger, Terms::default(), shared);
        let left = || -> Vec<u64> {
            let lines = rights.lines(Timestamp::default()).into_iter();
            let shared = lines.filter(|line| line.key.agent().is_none());
            let known =
                shared.map(|line| ledger.counter(line.key.clone(), line.limit).line(Timestamp::default()).limit);
            known.collect()
        };
        left();
        let key = |owner, amount, period| BudgetKey { owner, capability: Capability::Tweet, amount, period };
        let limit = |key: &BudgetKey| {
            let lines = ledger.lines(Timestamp::default());
            lines.into_iter().find(|line| line.key == *key).unwrap().limit
        };
        let posts = key(Owner::Account("ada".into()), Amount::Posts, Period::Hour);
        let likes = key(Owner::Host, Amount::Likes, Period::Day);
        assert_eq!((limit(&posts), limit(&likes)), (1, 1));
        grants.replace(Grants::default(), &ledger);
        assert_eq!((limit(&posts), limit(&likes)), (12, u64::MAX), "the ceiling, and no bound at all");
    }

    #[test]
    fn a_grant_to_a_publisher_grants_nothing_to_what_is_not_signed() {
        let key = format!("RW{}", "Q".repeat(54));
        let grants = grants(&format!("[packs.ember]\npublisher = \"{key}\"\n[packs.ember.llm]\n"));
        assert!(cut(&grants, "ann").is_empty());
        let notes = grants.notes(&["ember".into()].into(), &[]);
        assert!(notes.len() == 1 && notes[0].contains("is not signed"), "{notes:?}");
    }

    #[test]
    fn the_stricter_of_two_terms_holds() {
        let grants = grants("[packs.a]\nmode = \"dry-run\"\n[packs.b]\nexpires = \"2027-01-31T00:00:00Z\"\n");
        let terms = |pack: &str| grants.pack(&pack.into()).unwrap().terms;
        let both = terms("a").both(&terms("b"));
        assert_eq!((both.mode.name(), both.expires), ("dry-run", Timestamp::parse("2027-01-31T00:00:00Z")));
    }
}
