//! The host that somebody works in, from inside of it: it is asked without a socket, and its rows are those that it has open.

use std::{fmt, sync::Arc};

use serde_json::Value;
use tokio::sync::oneshot;

use super::{Parts, Request, answers::answer};
use crate::{
    rows::Rows,
    trouble::{Result, Trouble},
};

/// See the head of this file. Clones are the same host.
#[derive(Clone)]
pub struct Inside {
    /// What it answers with.
    pub parts: Arc<Parts>,
    /// What it reads and writes.
    pub rows: Rows,
}

impl Inside {
    /// Asks it. As through the socket, what was begun is done also where whoever asked is gone meanwhile; only what they wait
    /// for ends with them.
    pub(super) async fn ask(&self, request: Request) -> Result<Value> {
        let (asker, left) = oneshot::channel::<()>();
        let parts = Arc::clone(&self.parts);
        let answer = tokio::spawn(async move { answer(&parts, request, async { drop(left.await) }).await });
        let answer = answer.await.map_err(Trouble::internal)?;
        drop(asker);
        answer
    }
}

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside").finish_non_exhaustive()
    }
}
