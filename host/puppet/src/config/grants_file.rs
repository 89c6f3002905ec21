//! `grants.toml`, the operator's lock file: what each pack may do, with amounts, for whom, how and until when. It can
//! only cut what packs request. Not here: the cutting (`crate::grants`), and the writing (`crate::commands::grants`).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use puppet_grants::{
    Amount, CEILINGS, Ceiling, HostPattern, Limits, METHODS, Marks, Mode, Period, Terms, TextMarks, Web, is_credential,
};
use puppet_types::{AccountId, AgentId, Capability, Digest, PackId, Timestamp};

use super::{
    money,
    read::{Found, Section, Source},
    suggest,
};
use crate::trouble::Result;

/// What the operator grants one pack. A capability that is not named here is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackGrant {
    /// Whose.
    pub pack: PackId,
    /// Of the component that was approved; none: whichever runs.
    pub digest: Option<Digest>,
    /// Of the one that was approved before, and asked for no less: it may still run, and come back.
    pub previous: Vec<Digest>,
    /// Who must have signed it: a minisign public key. A pack that is not signed by it is granted nothing.
    pub publisher: Option<String>,
    /// Mode and end.
    pub terms: Terms,
    /// For these alone; none: for all.
    pub agents: Option<Vec<AgentId>>,
    /// What it may do.
    pub capabilities: BTreeMap<Capability, Granted>,
    /// Line of its header.
    pub line: usize,
}

impl PackGrant {
    /// Whether its end has come.
    pub fn is_over(&self) -> bool {
        self.terms.expires.is_some_and(|end| end <= Timestamp::from_system())
    }

    /// Whether it was approved for this content, now or before.
    pub fn is_bound_to(&self, digest: Digest) -> bool {
        self.digest == Some(digest) || self.previous.contains(&digest)
    }

    /// One that grants nothing.
    pub fn of(pack: &PackId) -> Self {
        Self {
            pack: pack.clone(),
            digest: None,
            previous: Vec::new(),
            publisher: None,
            terms: Terms::default(),
            agents: None,
            capabilities: BTreeMap::new(),
            line: 0,
        }
    }
}

/// What is left of one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Granted {
    /// Only these; none: all that it requests. Never empty.
    pub operations: Option<BTreeSet<String>>,
    /// The most of each amount; what is not named stays as requested. Dollars in micro-dollars.
    pub amounts: BTreeMap<(Amount, Period), u64>,
    /// What becomes of links and names in texts: `tweet` alone.
    pub marks: TextMarks,
    /// What may be reached of the web: `http` alone. Nothing of it is granted without being named.
    pub web: Web,
}

/// The table that holds the packs.
pub const PACKS: &str = "packs";
/// The table that holds what agents share that post as one account.
pub const ACCOUNTS: &str = "accounts";
/// The table of what everybody shares.
pub const HOST: &str = "host";
const KEYS: [&str; 6] = ["digest", "previous", "publisher", "mode", "agents", "expires"];

/// Everything that the file says.
#[derive(Debug, Clone, Default)]
pub struct GrantsFile {
    /// In the order of the file.
    pub packs: Vec<PackGrant>,
    /// The most of all that post as an account together.
    pub accounts: BTreeMap<AccountId, Limits>,
    /// The most of all agents together.
    pub host: Limits,
}

/// Reads the text of a grants file; `path` is for errors.
///
/// # Errors
/// What is unknown, wrong or said of nothing, with line and field.
pub fn parse(text: &str, path: &Path) -> Result<GrantsFile> {
    let source = Source { file: path, text };
    let table = source.parse()?;
    let root = Section::new(source, "", &table, &[PACKS, ACCOUNTS, HOST])?;
    let all: Vec<&str> = CEILINGS.iter().map(|most| most.capability.name()).collect();
    let mut file = GrantsFile::default();
    if let Some((packs, entries)) = root.named(PACKS)? {
        let known: Vec<&str> = KEYS.into_iter().chain(all.iter().copied()).collect();
        for entry in entries {
            let pack = pack_id(&entry.name).ok_or_else(|| {
                let message = format!("`{}` is no id of a pack: letters, digits, `-`, `_` or `.`", entry.name);
                packs.wrong(&entry.name, entry.line, message, "write the id as it stands in pack.toml")
            })?;
            if let Some(section) = packs.section(&entry.name, &known)? {
                file.packs.push(read(pack, &section.value, entry.line)?);
            }
        }
    }
    if let Some((accounts, entries)) = root.named(ACCOUNTS)? {
        for entry in entries {
            if entry.name.is_empty() || entry.name.starts_with('@') {
                let remedy = "write the handle without `@`, as it stands in the agent's file";
                return Err(accounts.wrong(&entry.name, entry.line, "it is no handle", remedy));
            }
            if let Some(section) = accounts.section(&entry.name, &[Capability::Tweet.name()])? {
                file.accounts.insert(AccountId::new(&entry.name), shared(&section.value)?);
            }
        }
    }
    if let Some(section) = root.section(HOST, &all)? {
        file.host = shared(&section.value)?;
    }
    Ok(file)
}

/// What several share, per capability: amounts per hour and day.
fn shared(section: &Section<'_>) -> Result<Limits> {
    let mut limits = Limits::new();
    for most in CEILINGS {
        if let Some(found) = section.section(most.capability.name(), &["amounts"])? {
            limits.insert(most.capability, amounts(&found.value, most, |period| period.name().is_some())?);
        }
    }
    Ok(limits)
}

fn read(pack: PackId, section: &Section<'_>, line: usize) -> Result<PackGrant> {
    let digest = section.parsed("digest", "a digest, `sha256:` and 64 hex digits", Digest::parse)?;
    let previous = previous(section)?;
    let publisher = section.parsed("publisher", "a minisign public key, the line below its comment", publisher)?;
    let mode = match section.text("mode", "`live`, `approve` or `dry-run`")? {
        None => Mode::Live,
        Some(Found { value, line }) => {
            let names = Mode::ALL.map(Mode::name);
            Mode::ALL.into_iter().find(|mode| mode.name() == value).ok_or_else(|| {
                section.wrong("mode", line, format!("`{value}` is no mode"), suggest::remedy(&value, &names))
            })?
        }
    };
    let expires = section.parsed("expires", "a time like \"2027-01-31T00:00:00Z\"", Timestamp::parse)?;
    let agents = section.texts("agents")?.map(|Found { value, line }| {
        if value.is_empty() {
            let remedy = "leave the key out for all agents; to grant nothing, take the pack out";
            return Err(section.wrong("agents", line, "expected at least one agent", remedy));
        }
        Ok(value.iter().map(AgentId::new).collect())
    });
    let mut capabilities = BTreeMap::new();
    for most in CEILINGS {
        let known: &[&str] = match most.capability {
            Capability::Tweet => &["operations", "amounts", "links", "mentions"],
            Capability::Http => &["operations", "amounts", "hosts", "methods", "credentials"],
            _ => &["operations", "amounts"],
        };
        if let Some(found) = section.section(most.capability.name(), known)? {
            capabilities.insert(most.capability, granted(&found.value, most, found.line)?);
        }
    }
    let terms = Terms { mode, expires: expires.map(|found| found.value) };
    let digest = digest.map(|found| found.value);
    let publisher = publisher.map(|found| found.value);
    Ok(PackGrant { pack, digest, previous, publisher, terms, agents: agents.transpose()?, capabilities, line })
}

/// What it was bound to before: versions that are still installed.
fn previous(section: &Section<'_>) -> Result<Vec<Digest>> {
    let Some(Found { value, line }) = section.texts("previous")? else { return Ok(Vec::new()) };
    let parse = |text: &String| {
        let message = format!("`{text}` is no digest: expected `sha256:` and 64 hex digits");
        Digest::parse(text).ok_or_else(|| section.wrong("previous", line, message, "take it out"))
    };
    value.iter().map(parse).collect()
}

fn granted(section: &Section<'_>, most: &Ceiling, line: usize) -> Result<Granted> {
    let operations = section.texts("operations")?;
    if let Some(Found { value, line }) = &operations {
        if value.is_empty() {
            let remedy = "leave the key out for all that it requests; to grant none, take the capability out";
            return Err(section.wrong("operations", *line, "expected at least one operation", remedy));
        }
        if let Some(unknown) = value.iter().find(|name| !most.operations.contains(&name.as_str())) {
            let message = format!("`{unknown}` is no operation of `{}`", most.capability);
            return Err(section.wrong("operations", *line, message, suggest::remedy(unknown, most.operations)));
        }
    }
    let amounts = amounts(section, most, |_| true)?;
    let marks = match most.capability {
        Capability::Tweet => {
            let of = |key| marks(section, key).map(Option::unwrap_or_default);
            TextMarks { links: of("links")?, mentions: of("mentions")? }
        }
        _ => TextMarks::default(),
    };
    let web = if most.capability == Capability::Http { web(section, line)? } else { Web::default() };
    Ok(Granted { operations: operations.map(|found| found.value.into_iter().collect()), amounts, marks, web })
}

/// Hosts, methods and credentials. A grant names its hosts: one that a later version asks for is none of them.
fn web(section: &Section<'_>, line: usize) -> Result<Web> {
    let hosts = section.texts("hosts")?.filter(|found| !found.value.is_empty()).ok_or_else(|| {
        let remedy = "name the hosts that it may ask, for example hosts = [\"api.example.org\"]";
        section.wrong("hosts", line, "no host is named", remedy)
    })?;
    let host = |text: &String| {
        let remedy = "write it as it stands in pack.toml";
        HostPattern::parse(text).map_err(|error| section.wrong("hosts", hosts.line, error.to_string(), remedy))
    };
    let hosts = hosts.value.iter().map(host).collect::<Result<_>>()?;
    let methods = match section.texts("methods")? {
        None => [METHODS[0].to_owned()].into(),
        Some(Found { value, line }) => {
            if let Some(odd) = value.iter().find(|name| !METHODS.contains(&name.as_str())) {
                let message = format!("`{odd}` is no method here");
                return Err(section.wrong("methods", line, message, suggest::remedy(odd, &METHODS)));
            }
            value.into_iter().collect()
        }
    };
    let credentials = match section.texts("credentials")? {
        None => BTreeSet::new(),
        Some(Found { value, line }) => {
            if !value.iter().all(|name| is_credential(name)) {
                let remedy = "write the name of one of [http.credentials], never a key";
                return Err(section.wrong("credentials", line, "it is no name of a credential", remedy));
            }
            value.into_iter().collect()
        }
    };
    Ok(Web { hosts, methods, credentials })
}

/// `allow`, `strip` or `refuse`; none where nothing is said.
pub(super) fn marks(section: &Section<'_>, key: &str) -> Result<Option<Marks>> {
    let Some(found) = section.text(key, "`allow`, `strip` or `refuse`")? else { return Ok(None) };
    Marks::of_name(&found.value).map(Some).ok_or_else(|| {
        let remedy = suggest::remedy(&found.value, &Marks::ALL.map(Marks::name));
        section.wrong(key, found.line, format!("`{}` is no such word", found.value), remedy)
    })
}

/// The amounts of a capability that count over the periods that may stand here.
fn amounts(
    section: &Section<'_>,
    most: &Ceiling,
    may: impl Fn(Period) -> bool,
) -> Result<BTreeMap<(Amount, Period), u64>> {
    let mut amounts = BTreeMap::new();
    let Some((table, entries)) = section.named("amounts")? else { return Ok(amounts) };
    for entry in entries {
        let key = most.amount(&entry.name).filter(|(_, period)| may(*period)).ok_or_else(|| {
            let known = most.keys();
            let may = |key: &&str| most.amount(key).is_some_and(|(_, period)| may(period));
            let known: Vec<&str> = known.iter().map(String::as_str).filter(may).collect();
            let message = format!("`{}` is no amount of `{}` here", entry.name, most.capability);
            table.wrong(&entry.name, entry.line, message, suggest::remedy(&entry.name, &known))
        })?;
        let quantity = if key.0 == Amount::Usd {
            table.parsed(&entry.name, "dollars as a text, for example \"0.50\"", money::parse_usd_micros)?
        } else {
            table.integer(&entry.name, 0..=i64::MAX.unsigned_abs())?
        };
        amounts.extend(quantity.map(|quantity| (key, quantity.value)));
    }
    Ok(amounts)
}

/// 42 bytes in base64 that begin with `Ed`: the algorithm, a number and an Ed25519 key.
fn publisher(text: &str) -> Option<String> {
    let shape = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    (text.len() == 56 && text.starts_with("RW") && text.bytes().all(shape)).then(|| text.to_owned())
}

fn pack_id(text: &str) -> Option<PackId> {
    let shape = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (!text.is_empty() && text.len() <= 64 && text.bytes().all(shape)).then(|| PackId::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<PackGrant>> {
        super::parse(text, Path::new("grants.toml")).map(|file| file.packs)
    }

    #[test]
    fn what_accounts_and_the_host_share_is_read() {
        let text =
            "[accounts.news-bot.tweet]\namounts = { \"posts/hour\" = 6 }\n[host.llm.amounts]\n\"usd/day\" = \"5\"\n";
        let file = super::parse(text, Path::new("grants.toml")).unwrap();
        let posts = file.accounts[&AccountId::new("news-bot")][&Capability::Tweet][&(Amount::Posts, Period::Hour)];
        assert_eq!((posts, file.host[&Capability::Llm][&(Amount::Usd, Period::Day)]), (6, 5_000_000));
        assert!(file.packs.is_empty());
    }

    #[test]
    fn a_grant_is_read_whole() {
        let digest = Digest::of(b"component");
        let text = format!(
            "[packs.ember]\ndigest = \"{digest}\"\nmode = \"dry-run\"\nagents = [\"ember\"]\nexpires = \"2027-01-31T00:00:00Z\"\n\n\
             [packs.ember.llm]\namounts = {{ \"tokens/day\" = 100000, \"usd/day\" = \"0.50\" }}\n\n\
             [packs.ember.tweet]\noperations = [\"reply\"]\n\n[packs.news]\n"
        );
        let grants = parse(&text).unwrap();
        let ember = &grants[0];
        assert_eq!((ember.pack.as_str(), ember.digest, ember.line), ("ember", Some(digest), 1));
        assert_eq!(ember.terms, Terms { mode: Mode::DryRun, expires: Timestamp::parse("2027-01-31T00:00:00Z") });
        assert_eq!(ember.agents.as_deref(), Some(&[AgentId::new("ember")][..]));
        let tokens = ((Amount::Tokens, Period::Day), 100_000);
        let usd = ((Amount::Usd, Period::Day), 500_000);
        assert_eq!(ember.capabilities[&Capability::Llm].amounts, BTreeMap::from([tokens, usd]));
        assert_eq!(ember.capabilities[&Capability::Tweet].operations, Some(["reply".to_owned()].into()));
        assert_eq!(ember.capabilities.len(), 2);
        assert_eq!(ember.capabilities[&Capability::Tweet].marks, TextMarks::default());
        let marks = parse("[packs.x.tweet]\nlinks = \"strip\"\nmentions = \"refuse\"\n").unwrap();
        let expected = TextMarks { links: Marks::Strip, mentions: Marks::Refuse };
        assert_eq!(marks[0].capabilities[&Capability::Tweet].marks, expected);
        assert!(grants[1].capabilities.is_empty() && grants[1].terms == Terms::default());
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn errors_name_line_field_and_remedy() {
        for (text, expected) in [
            ("[pack.x]\n", "grants.toml:1: pack: `pack` is not a key\n  help: did you mean `packs`?"),
            ("[packs.\"a b\"]\n", "grants.toml:1: packs.a b: `a b` is no id of a pack"),
            ("packs = 1\n", "grants.toml:1: packs: expected a table, found a whole number"),
            (
                "[packs.x]\nmod = \"live\"\n",
                "grants.toml:2: packs.x.mod: `mod` is not a key\n  help: did you mean `mode`?",
            ),
            ("[packs.x.lmm]\n", "packs.x.lmm: `lmm` is not a key\n  help: did you mean `llm`?"),
            ("[packs.x.log]\n", "packs.x.log: `log` is not a key"),
            (
                "[packs.x]\nmode = \"dryrun\"\n",
                "grants.toml:2: packs.x.mode: `dryrun` is no mode\n  help: did you mean `dry-run`?",
            ),
            ("[packs.x]\npublisher = \"me\"\n", "grants.toml:2: packs.x.publisher: expected a minisign public key"),
            ("[accounts.\"@ada\".tweet]\n", "grants.toml:1: accounts.@ada: it is no handle"),
            ("[accounts.ada.llm]\n", "accounts.ada.llm: `llm` is not a key\n  help: known here: tweet"),
            (
                "[host.memory]\namounts = { rows = 5 }\n",
                "host.memory.amounts.rows: `rows` is no amount of `memory` here\n  help: known here: ",
            ),
            ("[packs.x]\ndigest = \"sha256:ab\"\n", "grants.toml:2: packs.x.digest: expected a digest"),
            ("[packs.x]\nexpires = \"soon\"\n", "grants.toml:2: packs.x.expires: expected a time like"),
            ("[packs.x]\nagents = []\n", "grants.toml:2: packs.x.agents: expected at least one agent"),
            (
                "[packs.x.llm]\namounts = { \"token/day\" = 1 }\n",
                "packs.x.llm.amounts.token/day: `token/day` is no amount of `llm` here\n  help: did you mean `tokens/day`?",
            ),
            (
                "[packs.x.tweet]\nlinks = \"stripped\"\n",
                "grants.toml:2: packs.x.tweet.links: `stripped` is no such word\n  help: known here: allow, strip, refuse",
            ),
            ("[packs.x.llm]\nlinks = \"strip\"\n", "packs.x.llm.links: `links` is not a key"),
            ("[packs.x.llm]\namounts = { \"posts/hour\" = 1 }\n", "`posts/hour` is no amount of `llm`"),
            ("[packs.x.llm]\namounts = { \"tokens/week\" = 1 }\n", "`tokens/week` is no amount of `llm`"),
            (
                "[packs.x.llm]\namounts = { \"usd/day\" = 1 }\n",
                "packs.x.llm.amounts.usd/day: expected dollars as a text, for example \"0.50\", found a whole number",
            ),
            ("[packs.x.llm]\namounts = { \"tokens/day\" = -1 }\n", "expected a whole number from 0"),
            ("[packs.x.http]\n", "grants.toml:1: packs.x.http.hosts: no host is named"),
            ("[packs.x.http]\nhosts = [\"::1\"]\n", "grants.toml:2: packs.x.http.hosts: `::1` is no host"),
            (
                "[packs.x.http]\nhosts = [\"a.test\"]\nmethods = [\"PUT\"]\n",
                "grants.toml:3: packs.x.http.methods: `PUT` is no method here",
            ),
            (
                "[packs.x.http]\nhosts = [\"a.test\"]\ncredentials = [\"Sk/1\"]\n",
                "grants.toml:3: packs.x.http.credentials: it is no name of a credential",
            ),
            ("[packs.x.llm]\noperations = []\n", "grants.toml:2: packs.x.llm.operations: expected at least one"),
            (
                "[packs.x.tweet]\noperations = [\"repl\"]\n",
                "grants.toml:2: packs.x.tweet.operations: `repl` is no operation of `tweet`\n  help: did you mean `reply`?",
            ),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}\n{error}");
        }
    }
}
