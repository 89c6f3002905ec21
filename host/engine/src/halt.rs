//! The operator's stop: nothing leaves while it stands, also over restarts. Events are handled all the same, and what
//! they decide waits. The row comes first and is what counts: no attempt begins after it is there.

use puppet_store::{Change, Halt, StoreError};

use crate::{happening::Happening, host::Host};

impl Host {
    /// Whether nothing may leave, since when and why.
    pub fn halted(&self) -> Option<Halt> {
        self.agenda().halted().cloned()
    }

    /// Stops every outbox; an attempt that is under way ends. One that is stopped already stays so.
    pub async fn halt(&self, reason: Option<String>) -> Result<Halt, StoreError> {
        let said = Halt { since: self.now(), reason };
        let stands = self.put_halt(Some(said.clone())).await?;
        Ok(stands.unwrap_or(said))
    }

    /// Effects leave again, those that waited first.
    pub async fn resume(&self) -> Result<(), StoreError> {
        self.put_halt(None).await.map(drop)
    }

    /// An attempt was not let begin: the row is there, and nobody had told this host yet.
    pub(crate) async fn look_whether_halted(&self) -> Result<(), StoreError> {
        let _alone = self.halting.lock().await;
        let stands = self.store.halted().await?;
        self.agenda().set_halted(stands);
        Ok(())
    }

    /// One after the other, so that the row and what is kept here are the same.
    async fn put_halt(&self, halt: Option<Halt>) -> Result<Option<Halt>, StoreError> {
        let _alone = self.halting.lock().await;
        self.store.apply(vec![Change::Halt(halt)]).await?;
        let stands = self.store.halted().await?;
        self.agenda().set_halted(stands.clone());
        self.tell(Some(Happening::Halted { at: self.now(), halt: stands.clone() }));
        self.wake();
        Ok(stands)
    }
}
