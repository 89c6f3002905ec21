//! Runs `migrate` of a plugin for a call of it that found state of another version: in a fresh instance under the same
//! limits, which may do nothing and knows nobody. The deadline is that of the call that waits for it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use puppet_agent::Profile;
use puppet_grants::{Books, CallBounds, Elapsed, Gate};
use puppet_sandbox::{Blob, CallSetup, Sandbox};
use puppet_state::{Migrate, Migration};
use puppet_store::StateBlob;
use puppet_types::{Breach, InvocationId, Json, Outcome, Timestamp};

use crate::{actor::Actor, agenda::Agenda, agents::Agents, call::Call, call::HeldProviders, host::Host};

/// What a call within a call is made of.
pub struct Migrator {
    sandbox: Arc<Sandbox>,
    invocation: InvocationId,
    at: Timestamp,
    bounds: Arc<CallBounds>,
    books: Arc<dyn Books>,
    pub(crate) actor: Arc<Actor>,
    pub(crate) held: Arc<HeldProviders>,
    pub(crate) agents: Arc<Agents>,
    pub(crate) agenda: Arc<Mutex<Agenda>>,
}

impl Migrator {
    /// For one call; none where its plugin does not migrate.
    pub(crate) fn of(host: &Host, actor: &Arc<Actor>, gate: &Gate) -> Option<Box<Self>> {
        actor.plugin.migrates.then(|| {
            Box::new(Self {
                sandbox: Arc::clone(&host.sandbox),
                invocation: gate.invocation().clone(),
                at: gate.at(),
                bounds: Arc::clone(&host.bounds),
                books: Arc::clone(&host.books),
                actor: Arc::clone(actor),
                held: Arc::clone(&host.held),
                agents: Arc::clone(&host.agents),
                agenda: host.agenda_of(),
            })
        })
    }

    /// A gate that lets nothing through.
    fn gate(&self) -> Gate {
        let (invocation, pack) = (self.invocation.clone(), self.actor.plugin.id.clone());
        let (rights, bounds, books) = (&self.actor.rights, &self.bounds, &self.books);
        // The call that waits measures the time.
        let elapsed = Elapsed::Modelled(Duration::ZERO);
        Gate::new(invocation, pack, self.at, Arc::clone(rights), Arc::clone(bounds), Arc::clone(books), elapsed)
            .sealed()
    }
}

#[async_trait]
impl Migrate for Migrator {
    async fn migrate(&self, old: StateBlob) -> Migration {
        let call = Call::sealed(self, self.gate());
        // The same for everybody, so that the new blob follows from the old one.
        let setup = CallSetup { seed: 0, wall: self.at, deadline: None };
        let blob = Blob { version: old.version, data: old.data };
        let (ended, new) = self.actor.plugin.migrate(&self.sandbox, call, blob, setup).await;
        let end = match (ended.outcome, new) {
            (Outcome::Ok, Some(Blob { version, data })) => Ok(StateBlob { version, data }),
            (Outcome::Breach(breach, detail), _) => Err((breach, detail)),
            (Outcome::Failed(message), _) => Err((Breach::Trap, format!("it said: {message}"))),
            (Outcome::Ok | Outcome::Declined(_), _) => Err((Breach::Trap, "it gave no blob".to_owned())),
        };
        Migration { fuel: ended.fuel, end }
    }
}

/// Whom `agent` shows to an instance that is to know nobody.
pub fn nobody() -> Profile {
    let empty = || Json::of(&serde_json::json!({}));
    Profile {
        id: String::new(),
        name: String::new(),
        description: String::new(),
        handle: String::new(),
        timezone: "UTC".to_owned(),
        persona: empty(),
        settings: empty(),
    }
}
