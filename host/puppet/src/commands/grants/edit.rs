//! `grants.toml` written: entries put in, changed and emptied; the operator's comments and order stay. What is
//! written is read back before it takes the place of the old file.

use puppet_grants::{Amount, CEILINGS, HostPattern, Rights};
use puppet_types::{Capability, Digest, Timestamp};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use super::{asked::Asking, shared::Among};
use crate::{
    cli::GrantTerms,
    config::{
        grants_file::{self, ACCOUNTS, HOST, PACKS},
        remedy, usd,
    },
    files::{self, Changing},
    grants::{Grants, Vouched, file},
    moment,
    setup::Setup,
    trouble::{Result, Trouble},
};

const HEADER: &str = "# What packs may do: `puppet grants show` says it in words, `puppet grants set` changes it. A capability that is not\n\
                      # named is not granted, and nothing here adds to what a pack requests.\n\n";

/// The file as it is to be. Until it is dropped no other command changes it.
pub struct Draft {
    document: DocumentMut,
    changing: Changing,
}

impl Draft {
    /// Of the operator's file, or of none.
    pub fn open(setup: &Setup) -> Result<Self> {
        let path = file(setup);
        let changing = Changing::begin(&path).map_err(|error| {
            let message = format!("cannot be locked: {error}");
            Trouble::unreachable("grants-file", message, "check the folder").in_file(&path)
        })?;
        // What is no file is told before anything is written.
        Grants::at(&path)?;
        let text = match files::text(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => HEADER.to_owned(),
            Err(error) => {
                let message = format!("cannot be read: {error}");
                return Err(Trouble::unreachable("grants-file", message, "check the file").in_file(&path));
            }
        };
        // Its own errors have lines and remedies.
        grants_file::parse(&text, &path)?;
        let document = text.parse().map_err(Trouble::internal)?;
        Ok(Self { document, changing })
    }

    fn entry(&mut self, pack: &str) -> Result<&mut Table> {
        self.table(PACKS, Some(pack))
    }

    /// A table of the file, or one in it; made where it is not there.
    fn table(&mut self, outer: &str, inner: Option<&str>) -> Result<&mut Table> {
        let table = self.document.entry(outer).or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        let found = match inner {
            None => table.as_table_mut(),
            Some(inner) => table
                .as_table_mut()
                .and_then(|outer| outer.entry(inner).or_insert_with(|| Item::Table(Table::new())).as_table_mut()),
        };
        found.ok_or_else(|| {
            let name = inner.map_or_else(|| outer.to_owned(), |inner| format!("{outer}.{inner}"));
            let remedy = format!("write it as a table of its own: [{name}]");
            Trouble::input("grants-file", format!("`{name}` stands in an inline table"), remedy)
        })
    }

    /// Whether a pack has an entry.
    pub fn has(&self, pack: &str) -> bool {
        self.document.get(PACKS).and_then(|packs| packs.get(pack)).is_some()
    }

    /// Grants a pack what it asks for, and binds it to the component that runs.
    pub fn approve(&mut self, asking: &Asking) -> Result<()> {
        let entry = self.entry(asking.pack.as_str())?;
        bind(entry, asking.digest, &|_| true);
        if let Vouched::Installed { signer: Some(signer), .. } = asking.vouched() {
            entry["publisher"] = value(signer.as_str());
        }
        let rights = asking.rights();
        for capability in CEILINGS.iter().map(|most| most.capability) {
            if rights.get(capability).is_none() {
                entry.remove(capability.name());
                continue;
            }
            // In its place, with the comments above it.
            let table = entry.entry(capability.name()).or_insert_with(|| Item::Table(Table::new()));
            if let Some(table) = table.as_table_like_mut() {
                fill(table, &rights, capability);
            }
        }
        Ok(())
    }

    /// Binds what a pack was granted to another content of it. What it was bound to may go on, and come back.
    /// `stays`: whether a content is still here.
    pub fn rebind(&mut self, pack: &str, digest: Digest, stays: &dyn Fn(Digest) -> bool) -> Result<()> {
        bind(self.entry(pack)?, digest, stays);
        Ok(())
    }

    /// Sets what holds for the whole pack, where it is said.
    pub fn terms(&mut self, pack: &str, terms: &GrantTerms) -> Result<()> {
        let entry = self.entry(pack)?;
        if let Some(mode) = &terms.mode {
            entry["mode"] = value(mode.as_str());
        }
        if let Some(expires) = &terms.expires {
            let at = moment::parse(expires).ok_or_else(|| {
                let remedy = "write a time like 2027-01-31T00:00:00Z";
                Trouble::input("bad-value", "it is no time", remedy).of_field("--expires")
            })?;
            entry["expires"] = value(at.to_string());
        }
        if !terms.agents.is_empty() {
            entry["agents"] = value(terms.agents.iter().map(String::as_str).collect::<Array>());
        }
        Ok(())
    }

    /// Takes a capability back, or all of them: an entry without capabilities grants nothing.
    pub fn revoke(&mut self, pack: &str, capability: Option<Capability>) -> Result<()> {
        let entry = self.entry(pack)?;
        for most in CEILINGS.iter().filter(|most| capability.is_none_or(|one| one == most.capability)) {
            entry.remove(most.capability.name());
        }
        Ok(())
    }

    /// Takes the entry of a pack out that is not here any more.
    pub fn forget(&mut self, pack: &str) -> Result<()> {
        self.table(PACKS, None)?.remove(pack);
        Ok(())
    }

    /// Takes bounds on what several share out, of one capability or all.
    pub fn revoke_shared(&mut self, among: &Among, capability: Option<Capability>) -> Result<()> {
        let (table, name) = match among {
            Among::Account(account) => (self.table(ACCOUNTS, None)?, account.as_str()),
            Among::Host => (self.document.as_table_mut(), HOST),
        };
        let is_there = table.contains_key(name);
        if !is_there {
            let remedy = "`puppet grants show` tells what is said of accounts and of the host";
            return Err(Trouble::input("bad-value", "nothing is said of it", remedy).of_field(name));
        }
        match (capability, table.get_mut(name).and_then(Item::as_table_like_mut)) {
            (Some(capability), Some(entry)) => {
                entry.remove(capability.name());
                if entry.is_empty() {
                    table.remove(name);
                }
            }
            _ => drop(table.remove(name)),
        }
        Ok(())
    }

    /// Sets one amount of a pack: `llm.usd/day=0.50`.
    pub fn set(&mut self, pack: &str, change: &str) -> Result<()> {
        put(self.entry(pack)?, change)
    }

    /// Sets one amount that several share.
    pub fn set_shared(&mut self, among: &Among, change: &str) -> Result<()> {
        let table = match among {
            Among::Account(account) => self.table(ACCOUNTS, Some(account.as_str()))?,
            Among::Host => self.table(HOST, None)?,
        };
        put(table, change)
    }

    /// Puts it in the place of the operator's file, if it can be read.
    pub fn save(self, setup: &Setup) -> Result<Changing> {
        let path = file(setup);
        // A link stays one: what it leads to is replaced.
        let path = path.canonicalize().unwrap_or(path);
        let text = self.document.to_string();
        grants_file::parse(&text, &path)?;
        files::replace(&path, text.as_bytes(), None).map_err(|error| {
            Trouble::unreachable("grants-file", format!("cannot be written: {error}"), "check the folder")
                .in_file(&path)
        })?;
        Ok(self.changing)
    }
}

/// What it was bound to goes on being granted as long as it stays: what runs is not left without rights by what comes
/// beside it.
fn bind(entry: &mut Table, digest: Digest, stays: &dyn Fn(Digest) -> bool) {
    let text = |item: Option<&Item>| item.and_then(Item::as_str).and_then(Digest::parse);
    let before = entry.get("previous").and_then(Item::as_array).cloned().unwrap_or_default();
    let before = before.iter().filter_map(|one| one.as_str().and_then(Digest::parse));
    let mut previous: Vec<Digest> = text(entry.get("digest")).into_iter().chain(before).collect();
    previous.retain(|one| *one != digest && stays(*one));
    previous.dedup();
    match previous.is_empty() {
        true => drop(entry.remove("previous")),
        false => entry["previous"] = value(previous.iter().map(ToString::to_string).collect::<Array>()),
    }
    entry["digest"] = value(digest.to_string());
}

/// Puts `llm.usd/day=0.50`, or `tweet.links=strip`, into the table of whom it is for. What may not stand there is told when the file is read
/// back.
fn put(table: &mut Table, change: &str) -> Result<()> {
    let wrong = |message: String, remedy: String| Trouble::input("bad-value", message, remedy).of_field(change);
    let shape = || wrong("it is no change".to_owned(), "write it like llm.usd/day=0.50 or tweet.posts/hour=4".into());
    let (key, quantity) = change.split_once('=').ok_or_else(shape)?;
    let (capability, key) = key.split_once('.').ok_or_else(shape)?;
    let most = CEILINGS.iter().find(|most| most.capability.name() == capability).ok_or_else(|| {
        let known: Vec<&str> = CEILINGS.iter().map(|most| most.capability.name()).collect();
        wrong(format!("`{capability}` is no capability"), remedy(capability, &known))
    })?;
    if let ("tweet", "links" | "mentions") = (capability, key) {
        let entry = table.entry(capability).or_insert_with(|| Item::Table(Table::new()));
        entry.as_table_like_mut().ok_or_else(shape)?.insert(key, value(quantity));
        return Ok(());
    }
    let (amount, _) = most.amount(key).ok_or_else(|| {
        let known = most.keys();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        wrong(format!("`{key}` is no amount of `{capability}`"), remedy(key, &known))
    })?;
    let quantity = if amount == Amount::Usd {
        Value::from(quantity)
    } else {
        let number = quantity.parse::<i64>().ok().filter(|number| *number >= 0);
        Value::from(number.ok_or_else(|| wrong(format!("`{quantity}` is no whole number from 0"), String::new()))?)
    };
    let entry = table.entry(capability).or_insert_with(|| Item::Table(Table::new()));
    let entry = entry.as_table_like_mut().ok_or_else(shape)?;
    let amounts = entry.entry("amounts").or_insert_with(|| value(InlineTable::new()));
    amounts.as_table_like_mut().ok_or_else(shape)?.insert(key, Item::Value(quantity));
    Ok(())
}

/// All that a right holds, written out.
fn fill(table: &mut dyn TableLike, rights: &Rights, capability: Capability) {
    let most = CEILINGS.iter().find(|most| most.capability == capability);
    let right = rights.get(capability);
    let operations = most.into_iter().flat_map(|most| most.operations.iter().copied());
    let operations: Array = operations.filter(|name| right.is_some_and(|right| right.allows(name))).collect();
    table.insert("operations", value(operations));
    if let Some(web) = right.map(|right| right.web()).filter(|web| !web.is_empty()) {
        table.insert("hosts", value(web.hosts.iter().map(HostPattern::as_str).collect::<Array>()));
        table.insert("methods", value(web.methods.iter().map(String::as_str).collect::<Array>()));
        table.insert("credentials", value(web.credentials.iter().map(String::as_str).collect::<Array>()));
    }
    let lines = rights.lines(Timestamp::default());
    let mut amounts = InlineTable::new();
    for line in lines.iter().filter(|line| line.key.capability == capability) {
        let key = line.key.amount.key(line.key.period);
        let quantity = match line.key.amount {
            Amount::Usd => Value::from(usd(line.limit)),
            _ => Value::from(i64::try_from(line.limit).unwrap_or(i64::MAX)),
        };
        amounts.insert(&key, quantity);
    }
    if amounts.is_empty() {
        table.remove("amounts");
    } else {
        table.insert("amounts", value(amounts));
    }
}
