//! Strikes over a restart: rows, and the operator's release of what is quarantined.

use std::collections::BTreeSet;

use puppet_sandbox::Strikes;
use puppet_store::{Change, StoreError, StrikesRow};
use puppet_types::{AgentId, Digest, PackId};

use crate::host::Host;

/// Strikes as they are stored.
pub(crate) fn stored(plugin: PackId, digest: Digest, strikes: &Strikes) -> StrikesRow {
    // Numbers and times: they are always JSON.
    let body = serde_json::to_value(strikes).unwrap_or_default();
    StrikesRow { plugin, digest, revision: strikes.revision(), body }
}

/// And read back.
pub fn strikes_of(row: &StrikesRow) -> Result<Strikes, StoreError> {
    serde_json::from_value(row.body.clone())
        .map_err(|error| StoreError::Corrupt { table: "strikes", reason: format!("{}: {error}", row.plugin) })
}

/// The rows of a pack's versions with all strikes forgiven: what a release writes where no host runs.
pub fn forgiven(rows: Vec<StrikesRow>, pack: &PackId) -> Result<Vec<Change>, StoreError> {
    let of_pack = rows.into_iter().filter(|row| row.plugin == *pack);
    of_pack
        .map(|row| {
            let mut strikes = strikes_of(&row)?;
            strikes.release();
            Ok(Change::Strikes(stored(row.plugin, row.digest, &strikes)))
        })
        .collect()
}

impl Host {
    /// Takes up the strikes of the versions that are installed.
    pub(crate) async fn load_strikes(&self) -> Result<(), StoreError> {
        let plugins = self.plugins();
        for row in self.store.strikes().await? {
            if let Some(plugin) = plugins.get(&row.plugin).filter(|plugin| plugin.digest() == row.digest) {
                plugin.restore(strikes_of(&row)?);
            }
        }
        Ok(())
    }

    /// Lets every version of a pack run again, at once: events that waited for it are looked at now.
    pub async fn release(&self, pack: &PackId) -> Result<(), StoreError> {
        let mut changes = forgiven(self.store.strikes().await?, pack)?;
        if let Some(plugin) = self.plugins().get(pack) {
            // Its own are the latest: the row may be behind.
            changes.push(Change::Strikes(plugin.release()));
        }
        let now = self.now();
        let waiting = self.agenda().waiting_agents(now);
        let played = self.played_by(pack, waiting).await?;
        self.agenda().look_again(&played, now);
        self.apply(changes).await.map(drop)
    }

    /// Those of them whose plugin is this pack's.
    async fn played_by(&self, pack: &PackId, agents: BTreeSet<AgentId>) -> Result<BTreeSet<AgentId>, StoreError> {
        let mut played = BTreeSet::new();
        for id in agents {
            match self.actor(&id).await {
                Ok(Some(actor)) if actor.plugin.id == *pack => drop(played.insert(id)),
                Ok(_) | Err(StoreError::Corrupt { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(played)
    }
}
