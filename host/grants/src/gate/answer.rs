//! What a provider answers, and the future it answers by.

use std::{pin::Pin, time::Duration};

use puppet_types::CallError;

use crate::Charge;

/// What `async_trait` methods return.
pub type Boxed<'s, A, E = CallError> = Pin<Box<dyn Future<Output = Result<Answer<A>, E>> + Send + 's>>;

/// A provider's answer.
#[derive(Debug)]
pub struct Answer<A> {
    /// What the guest gets.
    pub value: A,
    /// What was really used, per reserved charge; what is missing costs its reservation.
    pub used: Vec<Charge>,
    /// How long it would have taken, for virtual time.
    pub latency: Duration,
}

impl<A> Answer<A> {
    /// Costs nothing and takes no time.
    pub fn free(value: A) -> Self {
        Self { value, used: Vec::new(), latency: Duration::ZERO }
    }
}
