//! A plugin version that runs: its component, prepared once, and its strikes.

use std::sync::atomic::{AtomicU32, Ordering};

use puppet_grants::Requests;
use puppet_sandbox::{CallSetup, Compiled, Ended, LoadError, Prepared, Sandbox, World};
use puppet_types::{Capability, Digest, Event, PackId, PluginRef};

use crate::call::{self, Call};

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
    digest: Digest,
    prepared: Prepared<Call>,
    strikes: AtomicU32,
}

impl Plugin {
    /// Links a compiled component: interfaces it imports and nothing else.
    pub fn load(
        sandbox: &Sandbox,
        compiled: &Compiled,
        id: PackId,
        version: String,
        requests: Requests,
    ) -> Result<Self, LoadError> {
        let inspection = compiled.inspection();
        let imports: Vec<Capability> = inspection.capabilities.iter().copied().collect();
        let prepared = sandbox.prepare(compiled, |linker| call::link(linker, &imports))?;
        let world = inspection.world;
        let digest = inspection.digest;
        Ok(Self { id, version, world, imports, requests, digest, prepared, strikes: AtomicU32::new(0) })
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

    /// As the journal names it.
    pub fn reference(&self) -> PluginRef {
        PluginRef { id: self.id.clone(), version: self.version.clone(), digest: self.digest }
    }

    /// Of the component.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Counts a breach.
    pub fn strike(&self) -> u32 {
        self.strikes.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Breaches so far.
    pub fn strikes(&self) -> u32 {
        self.strikes.load(Ordering::Acquire)
    }
}
