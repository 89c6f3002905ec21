//! Where what is asked of a deployment goes: to the host of its data folder, or into the folder where none runs, for the
//! next host.

use puppet_store::{HostLock, Store};
use serde_json::Value;

use super::{Request, ask};
use crate::{
    rows::Rows,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// A data folder, or its host. The folder is held from the first row that is asked for until this is dropped, so that no
/// host starts in the middle of it.
pub struct Folder<'a> {
    setup: &'a Setup,
    open: Option<(Rows, HostLock)>,
}

impl<'a> Folder<'a> {
    /// That of this deployment. Nothing is opened yet.
    pub fn of(setup: &'a Setup) -> Self {
        Self { setup, open: None }
    }

    /// What the host answers; none where no host runs, or can run, and [`Folder::rows`] is to be written to.
    pub async fn ask(&self, request: &Request) -> Result<Option<Value>> {
        match self.open {
            Some(_) => Ok(None),
            None => ask(self.setup, request).await,
        }
    }

    /// The rows themselves, for writing where no host runs. Within a host they are its own to write: what is asked of it
    /// there is always answered.
    pub async fn rows(&mut self) -> Result<&dyn Store> {
        Ok(&**self.opened().await?)
    }

    /// The same, for those who share them.
    pub async fn shared(&mut self) -> Result<Rows> {
        self.opened().await.cloned()
    }

    async fn opened(&mut self) -> Result<&Rows> {
        if self.setup.inside.is_some() {
            return Err(Trouble::internal("the rows of the host itself are written by nobody beside it"));
        }
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                let lock = HostLock::take(&self.setup.data)?;
                (Rows::open(self.setup).await?, lock)
            }
        };
        Ok(&self.open.insert(open).0)
    }
}

impl Drop for Folder<'_> {
    fn drop(&mut self) {
        if let Some((rows, _)) = &self.open {
            rows.close();
        }
    }
}
