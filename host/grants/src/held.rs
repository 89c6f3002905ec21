//! A provider in custody. Only the gate can reach what is inside, so no capability can be written around it.

use std::{fmt, sync::Arc};

/// Holds a provider. There is no public way to the value but [`crate::Gate::read`].
pub struct Held<P: ?Sized>(Arc<P>);

impl<P: ?Sized> Held<P> {
    /// Takes a provider into custody.
    pub fn new(provider: Arc<P>) -> Self {
        Self(provider)
    }
    pub(crate) fn provider(&self) -> &P {
        &self.0
    }
}

impl<P: ?Sized> Clone for Held<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: ?Sized> fmt::Debug for Held<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held(…)")
    }
}
