//! Paid reads in the store: the worst case before a provider is asked, what was spent before its answer is seen.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_grants::{Books, Spend};
use puppet_store::{Store, StoreError};
use puppet_types::{CallError, Code, InvocationId, Read};

/// Books kept in the store.
pub struct StoreBooks(pub Arc<dyn Store>);

#[async_trait]
impl Books for StoreBooks {
    async fn open(&self, invocation: &InvocationId, n: u32, worst: &[Spend]) -> Result<(), CallError> {
        self.0.open_read(invocation, n, worst.to_vec()).await.map_err(|error| failed(&error))
    }
    async fn settle(&self, invocation: &InvocationId, read: &Read, spent: &[Spend]) -> Result<(), CallError> {
        self.0.settle_read(invocation, read.clone(), spent.to_vec()).await.map_err(|error| failed(&error))
    }
    async fn close(&self, errand: &InvocationId, n: u32, spent: &[Spend]) -> Result<(), CallError> {
        self.0.close_read(errand, n, spent.to_vec()).await.map_err(|error| failed(&error))
    }
}

fn failed(error: &StoreError) -> CallError {
    CallError::new(Code::Internal, format!("the read could not be booked: {error}"))
}
