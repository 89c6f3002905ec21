//! Who there is, in few bytes each: ids, names and accounts. The rest of an agent is read when it is needed.

use std::{
    collections::BTreeMap,
    sync::{
        PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use puppet_sandbox::AgentRef;
use puppet_types::{AccountId, AgentId, PackId};

use crate::actor::Actor;

/// What is kept of every agent.
#[derive(Debug, Clone)]
struct Entry {
    name: Box<str>,
    account: AccountId,
    plugin: PackId,
}

/// All agents of the host, and how often one came or went.
#[derive(Debug, Default)]
pub struct Agents(RwLock<BTreeMap<AgentId, Entry>>, AtomicU64);

impl Agents {
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<AgentId, Entry>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds or replaces one.
    pub fn put(&self, id: AgentId, name: &str, account: AccountId, plugin: PackId) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(id, Entry { name: name.into(), account, plugin });
        self.1.fetch_add(1, Ordering::AcqRel);
    }

    /// Takes one out.
    pub fn remove(&self, id: &AgentId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(id);
        self.1.fetch_add(1, Ordering::AcqRel);
    }

    /// Another one whenever somebody came or went.
    pub fn generation(&self) -> u64 {
        self.1.load(Ordering::Acquire)
    }

    /// Those whose behaviour is a pack's, in order.
    pub fn played_by(&self, pack: &PackId) -> Vec<AgentId> {
        self.read().iter().filter(|(_, entry)| entry.plugin == *pack).map(|(id, _)| id.clone()).collect()
    }

    /// The pack whose component plays an agent.
    pub fn plugin_of(&self, id: &AgentId) -> Option<PackId> {
        self.read().get(id).map(|entry| entry.plugin.clone())
    }

    /// What people call it.
    pub fn name_of(&self, id: &AgentId) -> Option<String> {
        self.read().get(id).map(|entry| entry.name.to_string())
    }

    /// Whether there is one of this id.
    pub fn knows(&self, id: &AgentId) -> bool {
        self.read().contains_key(id)
    }

    /// All ids, in order.
    pub fn ids(&self) -> Vec<AgentId> {
        self.read().keys().cloned().collect()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.read().is_empty()
    }

    /// The line an agent's events stand in: its account's, so that agents that share one go one by one.
    pub fn line(&self, id: &AgentId) -> AccountId {
        self.read().get(id).map_or_else(|| AccountId::new(id.as_str()), |entry| entry.account.clone())
    }

    /// Those a generator may address; nobody for a character.
    pub fn addressable(&self, actor: &Actor) -> Vec<AgentRef> {
        if !actor.id.is_generator() {
            return Vec::new();
        }
        let all = self.read();
        all.iter()
            .map(|(id, entry)| AgentRef {
                id: id.to_string(),
                name: entry.name.to_string(),
                handle: entry.account.to_string(),
            })
            .collect()
    }
}
