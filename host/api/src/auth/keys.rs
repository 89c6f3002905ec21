//! Keys: made, taken back, and checked. The first check of a key is slow (argon2); it leaves an HMAC under a key of this
//! process, by which the next ones are quick. All changes of keys go through the host, so what is known here is what holds.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use hmac::{Hmac, Mac as _};
use puppet_store::{ApiKey, Store};
use puppet_types::{AgentId, Secret, Timestamp, is_odd};
use sha2::Sha256;
use tokio::sync::{Semaphore, watch};

use super::{Principal, PrincipalKind, Role, key, keyed, mac, random};
use crate::fault::{Fault, Result};

/// Keys that are checked slowly at once: each takes 19 MiB and a core.
const SLOW: usize = 2;
/// Most keys that are worth anything.
const KEYS: usize = 1_000;
/// Longest name in characters.
const NAME: usize = 64;
/// How exactly the last use of a key is noted.
const NOTED_MS: i64 = 60_000;

/// A key to be made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NewKey {
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The agents that it is bound to; none: to nobody.
    pub agents: Option<BTreeSet<AgentId>>,
    /// When it ends; none: never.
    pub expires_at: Option<Timestamp>,
}

/// Why a key is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFault {
    /// It is none that is known.
    Unknown,
    /// It is not the one of its id.
    Wrong,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

/// See the head of this file.
pub struct Keys {
    store: Arc<dyn Store>,
    known: RwLock<HashMap<String, Arc<Known>>>,
    proofs: Hmac<Sha256>,
    slow: Semaphore,
    changes: watch::Sender<u64>,
}

struct Known {
    row: ApiKey,
    principal: Principal,
    /// HMAC of the key, once it was checked.
    proof: OnceLock<[u8; 32]>,
    /// When its last use was noted, in milliseconds.
    noted: AtomicI64,
}

impl Known {
    fn of(row: ApiKey) -> Option<Self> {
        let agents = row.agents.as_ref().map(|agents| Arc::new(agents.iter().cloned().collect()));
        // What is no role of this version is worth nothing.
        let role = Role::parse(&row.role)?;
        let (id, name, kind) = (row.id.clone(), row.name.clone(), PrincipalKind::Key);
        let principal = Principal { id, kind, name, role, agents, session: None };
        let noted = AtomicI64::new(row.last_used_at.map_or(0, Timestamp::as_millis));
        Some(Self { row, principal, proof: OnceLock::new(), noted })
    }

    fn standing(&self, at: Timestamp) -> std::result::Result<(), KeyFault> {
        match (self.row.revoked_at, self.row.expires_at) {
            (Some(_), _) => Err(KeyFault::Revoked),
            (_, Some(end)) if end <= at => Err(KeyFault::Expired),
            _ => Ok(()),
        }
    }
}

impl Keys {
    /// Those of a store.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn open(store: Arc<dyn Store>) -> Result<Self> {
        let rows = store.api_keys().await?;
        let known = rows.into_iter().filter_map(Known::of).map(|known| (known.row.id.clone(), Arc::new(known)));
        let proofs = keyed(&random::<32>()?);
        let (known, slow, changes) = (RwLock::new(known.collect()), Semaphore::new(SLOW), watch::channel(0).0);
        Ok(Self { store, known, proofs, slow, changes })
    }

    /// Told whenever one is made or taken back.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// All rows, the oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn list(&self) -> Result<Vec<ApiKey>> {
        Ok(self.store.api_keys().await?)
    }

    /// Makes a key. Nobody can be told it again.
    ///
    /// # Errors
    /// The name is not one, the end has passed, or there are too many.
    pub async fn create(&self, new: NewKey, at: Timestamp) -> Result<(ApiKey, Secret)> {
        let length = new.name.chars().count();
        if length == 0 || length > NAME || new.name.chars().any(is_odd) {
            let message = "the name of a key has 1 to 64 visible characters";
            return Err(Fault::input("bad-value", message, "choose another").of_field("name"));
        }
        if new.expires_at.is_some_and(|end| end <= at) {
            return Err(Fault::input("bad-value", "the key would have ended already", "name a later time")
                .of_field("expires_at"));
        }
        if new.agents.as_ref().is_some_and(BTreeSet::is_empty) {
            let remedy = "name an agent, or leave `agents` out";
            return Err(Fault::input("bad-value", "the key is bound to no agent at all", remedy).of_field("agents"));
        }
        let standing = self.all().iter().filter(|known| known.standing(at).is_ok()).count();
        if standing >= KEYS {
            return Err(Fault::conflict(
                "too-many-keys",
                format!("there are {KEYS} keys"),
                "revoke one that is not used",
            ));
        }
        let (id, key) = key::new()?;
        let hash = {
            let (key, _place) = (key.clone(), self.slow.acquire().await.map_err(Fault::internal)?);
            tokio::task::spawn_blocking(move || key::hashed(&key)).await.map_err(Fault::internal)??
        };
        let row = ApiKey {
            id,
            name: new.name,
            hash,
            role: new.role.name().to_owned(),
            agents: new.agents.map(|agents| agents.into_iter().collect()),
            created_at: at,
            expires_at: new.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        if !self.store.put_api_key(row.clone()).await? {
            return Err(Fault::conflict("key-exists", "a key of the same random id is there", "try again"));
        }
        self.put(row.clone());
        if let Some(known) = self.known(&row.id) {
            let _ = known.proof.set(mac(&self.proofs, key.expose().as_bytes()));
        }
        Ok((row, key))
    }

    /// The first key, where there was none ever: an admin's.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn first(&self, at: Timestamp) -> Result<Option<Secret>> {
        if !self.list().await?.is_empty() {
            return Ok(None);
        }
        let new = NewKey { name: "first admin".to_owned(), role: Role::Admin, agents: None, expires_at: None };
        Ok(Some(self.create(new, at).await?.1))
    }

    /// Takes a key back, and ends its sessions. None where there is no such key.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn revoke(&self, id: &str, at: Timestamp) -> Result<Option<ApiKey>> {
        let Some(row) = self.store.revoke_api_key(id, at).await? else { return Ok(None) };
        self.put(row.clone());
        Ok(Some(row))
    }

    /// As whom a key asks, by its id: for sessions that were begun with it.
    pub fn principal(&self, id: &str, at: Timestamp) -> Option<Principal> {
        self.known(id).filter(|known| known.standing(at).is_ok()).map(|known| known.principal.clone())
    }

    /// As whom a key asks, where that is known without an effort.
    pub fn quick(&self, text: &str, at: Timestamp) -> Option<std::result::Result<Principal, KeyFault>> {
        let Some(known) = key::id(text).and_then(|id| self.known(id)) else { return Some(Err(KeyFault::Unknown)) };
        let proof = known.proof.get()?;
        let is_it = self.proofs.clone().chain_update(text).verify_slice(proof).is_ok();
        Some(if is_it { self.shown(&known, at) } else { Err(KeyFault::Wrong) })
    }

    /// As whom a key asks.
    ///
    /// # Errors
    /// Why it is not taken.
    pub async fn check(&self, text: &str, at: Timestamp) -> std::result::Result<Principal, KeyFault> {
        if let Some(found) = self.quick(text, at) {
            return found;
        }
        let known = key::id(text).and_then(|id| self.known(id)).ok_or(KeyFault::Unknown)?;
        let _place = self.slow.acquire().await.map_err(|_| KeyFault::Unknown)?;
        // Another request may have shown it meanwhile.
        if let Some(found) = self.quick(text, at) {
            return found;
        }
        let (text_of_it, hash) = (Secret::new(text), known.row.hash.clone());
        let checking = tokio::task::spawn_blocking(move || key::is_of(text_of_it.expose(), &hash));
        if !checking.await.unwrap_or(false) {
            return Err(KeyFault::Wrong);
        }
        let _ = known.proof.set(mac(&self.proofs, text.as_bytes()));
        self.shown(&known, at)
    }

    /// As whom the owner of a key asks. Only to who has it is told that it holds no more.
    fn shown(&self, known: &Known, at: Timestamp) -> std::result::Result<Principal, KeyFault> {
        known.standing(at)?;
        self.note(known, at);
        Ok(known.principal.clone())
    }

    /// Notes a use, where the last one is a while ago. Nobody waits for it.
    fn note(&self, known: &Known, at: Timestamp) {
        let (now, last) = (at.as_millis(), known.noted.load(Ordering::Relaxed));
        let is_due = now - last >= NOTED_MS;
        if is_due && known.noted.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let (store, id) = (Arc::clone(&self.store), known.row.id.clone());
            tokio::spawn(async move {
                if let Err(error) = store.note_api_key(&id, at).await {
                    tracing::warn!("the use of a key was not noted: {error}");
                }
            });
        }
    }

    fn put(&self, row: ApiKey) {
        let Some(mut known) = Known::of(row) else { return };
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = all.get(&known.row.id) {
            known.proof = before.proof.clone();
        }
        all.insert(known.row.id.clone(), Arc::new(known));
        drop(all);
        self.changes.send_modify(|changes| *changes += 1);
    }

    fn known(&self, id: &str) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn all(&self) -> Vec<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// For tests: a key that was checked already. Answers it.
    #[cfg(test)]
    pub(crate) fn seat(&self, principal: &Principal) -> Secret {
        let key = Secret::new(format!("pk_{}_{}", principal.id, "A".repeat(43)));
        let row = ApiKey {
            id: principal.id.clone(),
            name: principal.name.clone(),
            hash: String::new(),
            role: principal.role.name().to_owned(),
            agents: principal.agents.as_ref().map(|agents| agents.iter().cloned().collect()),
            created_at: Timestamp::default(),
            expires_at: None,
            last_used_at: Some(Timestamp::from_millis(i64::MAX)),
            revoked_at: None,
        };
        self.put(row);
        let known = self.known(&principal.id).unwrap();
        let _ = known.proof.set(mac(&self.proofs, key.expose().as_bytes()));
        key
    }
}

#[cfg(test)]
mod tests;
