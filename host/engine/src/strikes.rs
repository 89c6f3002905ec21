//! Strikes over a restart: rows, and the operator's release of what is quarantined.

use std::collections::BTreeSet;

use puppet_sandbox::Strikes;
use puppet_store::{Change, StoreError, StrikesRow};
use puppet_types::{AgentId, Digest, PackId};

use crate::{host::Host, plugin::Plugin};

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
        let versions = self.versions.all();
        for row in self.store.strikes().await? {
            for plugin in versions.iter().filter(|plugin| plugin.id == row.plugin && plugin.digest() == row.digest) {
                plugin.restore(strikes_of(&row)?);
            }
        }
        Ok(())
    }

    /// The same for a version before it serves.
    pub async fn load_strikes_of(&self, plugin: &Plugin) -> Result<(), StoreError> {
        let rows = self.store.strikes().await?;
        let row = rows.iter().find(|row| row.plugin == plugin.id && row.digest == plugin.digest());
        row.map_or(Ok(()), |row| strikes_of(row).map(|strikes| plugin.restore(strikes)))
    }

    /// Lets every version of a pack run again, at once: events that waited for it are looked at now.
    pub async fn release(&self, pack: &PackId) -> Result<(), StoreError> {
        let mut changes = forgiven(self.store.strikes().await?, pack)?;
        // Their own are the latest: the rows may be behind.
        let running = self.versions.all().into_iter().filter(|plugin| plugin.id == *pack);
        changes.extend(running.map(|plugin| Change::Strikes(plugin.release())));
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

#[cfg(test)]
mod tests {
    use puppet_sandbox::{Standing, StrikeRules};
    use puppet_types::Timestamp;

    use super::*;

    #[test]
    fn every_version_of_the_pack_is_forgiven_and_no_other() {
        let rules = StrikeRules { quarantine_after: 1, ..StrikeRules::default() };
        let at = Timestamp::from_millis(0);
        let mut strikes = Strikes::default();
        assert_eq!(strikes.strike(at, &rules).standing, Standing::Quarantined);
        let row = |pack: &str, version: &[u8]| stored(pack.into(), Digest::of(version), &strikes);
        let rows = vec![row("ember", b"1"), row("other", b"1"), row("ember", b"2")];
        let changes = forgiven(rows, &"ember".into()).unwrap();
        let mut versions = Vec::new();
        for change in &changes {
            let Change::Strikes(row) = change else { panic!("{change:?}") };
            let now = strikes_of(row).unwrap();
            assert_eq!((row.plugin.as_str(), now.standing(at)), ("ember", Standing::Good));
            assert!(row.revision > strikes.revision() && row.revision == now.revision());
            versions.push(row.digest);
        }
        assert_eq!(versions, [Digest::of(b"1"), Digest::of(b"2")]);
    }
}
