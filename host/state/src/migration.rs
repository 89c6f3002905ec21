//! State that another version of the plugin wrote: who carries it over, and what the journal keeps of that. How the
//! plugin is run for it is the engine's business.

use async_trait::async_trait;
use puppet_store::{StateBlob, StateRow};
use puppet_types::{Breach, Digest, Refusal, trade::Origin};
use serde::{Deserialize, Serialize};

use crate::BLOB_BYTES;

/// Whoever runs `migrate` of the component that asks.
#[async_trait]
pub trait Migrate: Send + Sync {
    /// Called at most once per invocation: when its first `get` finds what another component wrote.
    async fn migrate(&self, old: StateBlob) -> Migration;
}

/// What came of one `migrate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Instructions that it took.
    pub fuel: u64,
    /// The new blob, or the limit that it ran into.
    pub end: Result<StateBlob, (Breach, String)>,
}

/// What migrating has come to within one invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Instructions that it took; they are the invocation's.
    pub fuel: u64,
    /// What later reads of the invocation are answered with.
    blob: Option<StateBlob>,
}

/// The answer of a `get`, as the journal keeps it: the blob that the guest was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answered {
    #[serde(flatten)]
    blob: StateBlob,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    migrated: Option<Account>,
    /// What was behind the call that put it, where that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    led_by: Option<Origin>,
}

/// How the blob came about. Where it failed, the blob is the old one, and the invocation ended there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Account {
    /// The component that had written it, where that is known.
    from: Option<Digest>,
    /// The version of what it had written.
    version: u32,
    fuel: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<(Breach, String)>,
}

impl Answered {
    /// What is stored, carried over where another component than `own` wrote it and this one can.
    pub(crate) async fn of(
        row: StateRow,
        own: Digest,
        migration: Option<&dyn Migrate>,
        before: Option<StateBlob>,
    ) -> Self {
        let led_by = row.led_by;
        let plain = |blob| Self { blob, migrated: None, led_by };
        let Some(migration) = migration.filter(|_| row.writer != Some(own)) else { return plain(row.blob) };
        if let Some(blob) = before {
            return plain(blob);
        }
        let Migration { fuel, end } = migration.migrate(row.blob.clone()).await;
        let account = |failed| Some(Account { from: row.writer, version: row.blob.version, fuel, failed });
        match end.and_then(fits) {
            Ok(blob) => Self { migrated: account(None), blob, led_by },
            Err((breach, detail)) => {
                Self { migrated: account(Some((breach, format!("migrate: {detail}")))), blob: row.blob, led_by }
            }
        }
    }

    /// The same for another component than the one that it was given to.
    pub(crate) async fn carried_over(&self, own: Digest, by: &dyn Migrate, before: Option<StateBlob>) -> Self {
        Self::of(StateRow { blob: self.blob.clone(), writer: None, led_by: self.led_by }, own, Some(by), before).await
    }

    /// What the guest is given. Also where the journal answered: what `migrate` took then is taken again.
    pub(crate) fn given(self, migrated: &mut Migrated) -> Result<StateBlob, Refusal> {
        let Some(account) = self.migrated else { return Ok(self.blob) };
        migrated.fuel = migrated.fuel.saturating_add(account.fuel);
        if let Some((breach, detail)) = account.failed {
            return Err(Refusal::Breach(breach, detail));
        }
        migrated.blob = Some(self.blob.clone());
        Ok(self.blob)
    }
}

impl Migrated {
    /// What an earlier read of the invocation was answered with.
    pub(crate) fn before(&self) -> Option<StateBlob> {
        self.blob.clone()
    }
}

/// A blob is as large as one that is put.
fn fits(blob: StateBlob) -> Result<StateBlob, (Breach, String)> {
    match blob.data.len() {
        0..=BLOB_BYTES => Ok(blob),
        bytes => Err((Breach::TooManyHostBytes, format!("{bytes} bytes of state: at most {BLOB_BYTES}"))),
    }
}
