//! Which agent is behind an account, and who follows whom on the local timeline. Names are found whatever
//! their case, as on X.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use puppet_types::{AccountId, AgentId, ids};

/// How many followers an account has, as far as there are others.
const FOLLOWERS: usize = 8;

/// All accounts of a host.
#[derive(Debug, Default)]
pub struct Accounts {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// By lower-case name.
    entries: BTreeMap<String, Entry>,
    /// Lower-case names in the order of their hashes.
    ring: BTreeSet<(u64, String)>,
}

#[derive(Debug)]
struct Entry {
    /// As it was first written.
    account: AccountId,
    /// Who writes in its name.
    agents: BTreeSet<AgentId>,
}

impl Accounts {
    /// Adds an agent to an account.
    pub fn put(&self, account: AccountId, agent: AgentId) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let name = lower(account.as_str());
        known.ring.insert(place(&name));
        known.entries.entry(name).or_insert_with(|| Entry { account, agents: BTreeSet::new() }).agents.insert(agent);
    }

    /// Takes an agent out; an account without agents goes with it.
    pub fn remove(&self, account: &AccountId, agent: &AgentId) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let name = lower(account.as_str());
        let Some(entry) = known.entries.get_mut(&name) else { return };
        entry.agents.remove(agent);
        if entry.agents.is_empty() {
            known.entries.remove(&name);
            known.ring.remove(&place(&name));
        }
    }

    /// The agent who hears what is said to an account: of several the first by id.
    pub fn agent(&self, account: &AccountId) -> Option<AgentId> {
        self.known().entries.get(&lower(account.as_str()))?.agents.first().cloned()
    }

    /// The account of this name, as it was first written.
    pub fn find(&self, name: &str) -> Option<AccountId> {
        self.known().entries.get(&lower(name)).map(|entry| entry.account.clone())
    }

    /// All, by name.
    pub fn ids(&self) -> Vec<AccountId> {
        self.known().entries.values().map(|entry| entry.account.clone()).collect()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.known().entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.known().entries.is_empty()
    }

    /// The accounts that follow this one: the next eight on a ring of hashes, so everybody where there are few.
    /// The same for the same set of accounts, whoever was added first.
    pub(crate) fn followers(&self, account: &AccountId) -> Vec<AccountId> {
        let known = self.known();
        let own = place(&lower(account.as_str()));
        let after = known.ring.range((Bound::Excluded(&own), Bound::Unbounded));
        let before = known.ring.range((Bound::Unbounded, Bound::Excluded(&own)));
        let next = after.chain(before).take(FOLLOWERS);
        next.filter_map(|(_, name)| known.entries.get(name)).map(|entry| entry.account.clone()).collect()
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lower(name: &str) -> String {
    name.trim_start_matches('@').to_ascii_lowercase()
}

fn place(name: &str) -> (u64, String) {
    (ids::derive_u64(&["follow", name]), name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(count: usize) -> Accounts {
        let accounts = Accounts::default();
        for n in 0..count {
            accounts.put(format!("a{n}").into(), AgentId::new(format!("agent{n}")));
        }
        accounts
    }

    #[test]
    fn names_are_found_whatever_their_case_and_the_first_agent_hears() {
        let accounts = Accounts::default();
        accounts.put("Ada".into(), "second".into());
        accounts.put("ADA".into(), "first".into());
        assert_eq!(accounts.len(), 1);
        assert_eq!(accounts.ids(), [AccountId::new("Ada")]);
        assert_eq!(accounts.agent(&"aDa".into()), Some("first".into()));
        assert_eq!(accounts.find("@ada"), Some("Ada".into()));
        assert_eq!(accounts.agent(&"bob".into()), None);
        accounts.remove(&"ada".into(), &"first".into());
        assert_eq!(accounts.agent(&"ada".into()), Some("second".into()));
        accounts.remove(&"ada".into(), &"second".into());
        assert!(accounts.is_empty() && accounts.followers(&"x".into()).is_empty());
    }

    #[test]
    fn few_follow_each_other_and_of_many_eight_do() {
        for (count, expected) in [(1, 0), (2, 1), (9, 8), (10, 8), (40, 8)] {
            let accounts = accounts(count);
            for account in accounts.ids() {
                let followers: BTreeSet<AccountId> = accounts.followers(&account).into_iter().collect();
                assert_eq!(followers.len(), expected, "{account} of {count}");
                assert!(!followers.contains(&account));
            }
        }
        // One who is no account itself is followed all the same.
        assert_eq!(accounts(3).followers(&"somebody".into()).len(), 3);
    }

    #[test]
    fn who_follows_whom_does_not_depend_on_who_came_first() {
        let forward = accounts(40);
        let backward = Accounts::default();
        for n in (0..40).rev() {
            backward.put(format!("a{n}").into(), "x".into());
        }
        for account in forward.ids() {
            assert_eq!(forward.followers(&account), backward.followers(&account));
        }
        assert_ne!(forward.followers(&"a1".into()), forward.followers(&"a2".into()));
    }
}
