//! A plugin version that runs: its component, prepared once, and its strikes.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use puppet_grants::Requests;
use puppet_sandbox::{
    Blob, CallSetup, Compiled, Ended, Inspection, LoadError, Prepared, Sandbox, Standing, Strike, StrikeRules, Strikes,
    World,
};
use puppet_store::StrikesRow;
use puppet_types::{Capability, Digest, Event, PackId, PluginRef, Timestamp};
use tokio::sync::{RwLock, RwLockReadGuard};

use crate::{
    call::{self, Call},
    strikes::stored,
    tally::{OfVersion, Tally},
    turns::Pace,
};

/// A manifest asks for what its component uses, no less and no more: what an operator reads is what there is.
pub fn agree(inspection: &Inspection, requests: &Requests) -> Result<(), LoadError> {
    let used = |capability: &Capability| {
        // What a generator returns is emitted: it needs no import for it.
        inspection.capabilities.contains(capability)
            || (*capability == Capability::Events && inspection.world == World::EventGenerator)
    };
    let mut imports = inspection.capabilities.iter().filter(|capability| !capability.comes_with_every_plugin());
    if let Some(capability) = imports.find(|capability| !requests.contains_key(capability)) {
        return Err(LoadError::NotRequested { capability: *capability });
    }
    match requests.keys().find(|capability| !used(capability)) {
        Some(capability) => Err(LoadError::NotImported { capability: *capability }),
        None => Ok(()),
    }
}

/// A component with its pack's name and requests.
pub struct Plugin {
    /// The pack.
    pub id: PackId,
    /// Semver.
    pub version: String,
    /// What it is.
    pub world: World,
    /// What it imports.
    pub imports: Vec<Capability>,
    /// What its manifest asks for.
    pub requests: Requests,
    /// Whether it carries over state that another version of it wrote.
    pub migrates: bool,
    digest: Digest,
    prepared: Prepared<Call>,
    /// What its next call is taken for.
    pub(crate) pace: Pace,
    strikes: Mutex<Strikes>,
    rules: StrikeRules,
    /// The version that took its place back.
    given_way: RwLock<Option<Digest>>,
    /// Its counters, once it has one.
    counters: OnceLock<Arc<OfVersion>>,
}

impl Plugin {
    /// Links a compiled component: interfaces it imports and nothing else, which are those that its manifest asks
    /// for. Whether they are granted is decided in the gate, by whom the call is for; it alone holds providers.
    pub fn load(
        sandbox: &Sandbox,
        compiled: &Compiled,
        id: PackId,
        version: String,
        requests: Requests,
    ) -> Result<Self, LoadError> {
        let inspection = compiled.inspection();
        agree(inspection, &requests)?;
        let imports: Vec<Capability> = inspection.capabilities.iter().copied().collect();
        let prepared = sandbox.prepare(compiled, |linker| call::link(linker, &imports))?;
        let world = inspection.world;
        let digest = inspection.digest;
        Ok(Self {
            id,
            version,
            world,
            imports,
            requests,
            migrates: prepared.migrates(),
            digest,
            prepared,
            pace: Pace::default(),
            strikes: Mutex::default(),
            rules: sandbox.strike_rules().clone(),
            given_way: RwLock::default(),
            counters: OnceLock::new(),
        })
    }

    /// One event in a fresh instance.
    pub async fn run(
        &self,
        sandbox: &Sandbox,
        call: Call,
        event: &Event,
        setup: CallSetup,
        agents: Vec<puppet_sandbox::AgentRef>,
    ) -> Ended<Call> {
        match self.world {
            World::EventGenerator => call::generate(sandbox, &self.prepared, call, event, setup, agents).await,
            _ => sandbox.handle(&self.prepared, call, event, setup).await,
        }
    }

    /// A blob that another version wrote, in a fresh instance.
    pub(crate) async fn migrate(
        &self,
        sandbox: &Sandbox,
        call: Call,
        old: Blob,
        setup: CallSetup,
    ) -> (Ended<Call>, Option<Blob>) {
        sandbox.migrate(&self.prepared, call, old, setup).await
    }

    /// Its counters.
    pub(crate) fn counters(&self, tally: &Tally) -> &OfVersion {
        self.counters.get_or_init(|| tally.of(&self.id, self.digest))
    }

    /// As the journal names it.
    pub fn reference(&self) -> PluginRef {
        PluginRef { id: self.id.clone(), version: self.version.clone(), digest: self.digest }
    }

    /// Of the component.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Counts a breach. Answers how many there are, what it changed, and the strikes as they are stored.
    pub fn strike(&self, at: Timestamp) -> (u32, Strike, StrikesRow) {
        let mut strikes = self.locked();
        let strike = strikes.strike(at, &self.rules);
        (strikes.count(), strike, self.row(&strikes))
    }

    /// The store did not take a strike: its breach will be met again, and counts then.
    pub fn take_back(&self, strike: &Strike) {
        self.locked().take_back(strike, &self.rules);
    }

    /// Takes strikes back that were stored.
    pub fn restore(&self, strikes: Strikes) {
        *self.locked() = strikes;
    }

    /// The operator lets the version run again. Answers its strikes as they are stored.
    pub fn release(&self) -> StrikesRow {
        let mut strikes = self.locked();
        strikes.release();
        self.row(&strikes)
    }

    /// From now on the version of this digest serves in its place again, and what this one puts as its state gives way
    /// to what was there before it. What is being committed just now is waited for.
    pub(crate) async fn gives_way_to(&self, digest: Digest) {
        *self.given_way.write().await = Some(digest);
    }

    /// It serves once more.
    pub(crate) async fn serves(&self) {
        *self.given_way.write().await = None;
    }

    /// Held while something of it is committed: the digest of the version that it has given way to.
    pub(crate) async fn given_way(&self) -> RwLockReadGuard<'_, Option<Digest>> {
        self.given_way.read().await
    }

    fn row(&self, strikes: &Strikes) -> StrikesRow {
        stored(self.id.clone(), self.digest, strikes)
    }

    /// Breaches so far.
    pub fn strikes(&self) -> u32 {
        self.locked().count()
    }

    /// Whether the version may run.
    pub fn standing(&self, at: Timestamp) -> Standing {
        self.locked().standing(at)
    }

    fn locked(&self) -> MutexGuard<'_, Strikes> {
        // The state machine holds no invariant across its fields that a panic could break.
        self.strikes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use puppet_grants::Request;

    use super::*;

    #[test]
    fn a_manifest_asks_for_what_is_imported_no_less_and_no_more() {
        use Capability::{Agent, Events, Llm, Log, State};
        let not_requested = |capability| Err(LoadError::NotRequested { capability });
        let not_imported = |capability| Err(LoadError::NotImported { capability });
        // (world, imports, requests, whether they agree)
        type Case<'a> = (World, &'a [Capability], &'a [Capability], Result<(), LoadError>);
        let table: [Case<'_>; 8] = [
            (World::Personality, &[Agent, Log, Llm], &[Llm], Ok(())),
            (World::Personality, &[Llm, State], &[Llm], not_requested(State)),
            (World::Personality, &[Llm], &[Llm, State], not_imported(State)),
            (World::Personality, &[], &[Events], not_imported(Events)),
            (World::Personality, &[Events], &[Events], Ok(())),
            (World::EventGenerator, &[State], &[State, Events], Ok(())),
            (World::EventGenerator, &[State], &[State], Ok(())),
            (World::EventGenerator, &[], &[State], not_imported(State)),
        ];
        for (world, imports, requests, agreed) in table {
            let capabilities = imports.iter().copied().collect();
            let inspection = Inspection {
                world,
                capabilities,
                wasi: [].into(),
                contract: String::new(),
                migrates: false,
                digest: Digest::of(b""),
                bytes: 0,
            };
            let asked: Requests = requests.iter().map(|capability| (*capability, Request::default())).collect();
            assert_eq!(agree(&inspection, &asked), agreed, "{world:?}: {imports:?}, {requests:?}");
        }
    }
}
