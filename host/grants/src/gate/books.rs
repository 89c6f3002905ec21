//! Where paid reads become durable before their answer is seen.

use async_trait::async_trait;
use puppet_types::{CallError, InvocationId, Read};

use crate::Spend;

/// Where paid reads become durable.
#[async_trait]
pub trait Books: Send + Sync {
    /// Called once before a paid provider call: from now on the reservation counts as spent, also over a crash.
    async fn open(&self, invocation: &InvocationId, n: u32, worst: &[Spend]) -> Result<(), CallError>;
    /// Called once after it, before the guest sees the answer: replaces the worst case by what was spent and keeps the read.
    async fn settle(&self, invocation: &InvocationId, read: &Read, spent: &[Spend]) -> Result<(), CallError>;
    /// The same after a call of the host's own, which no invocation asked for ([`crate::Errand`]): there is no read to keep.
    async fn close(&self, errand: &InvocationId, n: u32, spent: &[Spend]) -> Result<(), CallError>;
}

/// Books for hosts without paid providers: nothing to keep.
#[derive(Debug, Default)]
pub struct UnbookedReads;

#[async_trait]
impl Books for UnbookedReads {
    async fn open(&self, _: &InvocationId, _: u32, _: &[Spend]) -> Result<(), CallError> {
        Ok(())
    }
    async fn settle(&self, _: &InvocationId, _: &Read, _: &[Spend]) -> Result<(), CallError> {
        Ok(())
    }
    async fn close(&self, _: &InvocationId, _: u32, _: &[Spend]) -> Result<(), CallError> {
        Ok(())
    }
}
