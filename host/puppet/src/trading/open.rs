//! Where the handle of a desk is, from its opening to its end.

use std::sync::{Arc, PoisonError, RwLock};

use puppet_trade::Desk;

/// A desk, once it is open and until it is closed. Clones are the same one. Nobody waits here for anybody: whoever asks the desk
/// something does it by a handle of its own.
#[derive(Clone, Default)]
pub struct Open(Arc<RwLock<Option<Arc<Desk>>>>);

impl Open {
    /// None: it is not open yet, or not any more.
    pub fn get(&self) -> Option<Arc<Desk>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// It is open now.
    pub fn put(&self, desk: Desk) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(desk));
    }

    /// From here on nobody else gets it.
    pub fn take(&self) -> Option<Arc<Desk>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).take()
    }
}
