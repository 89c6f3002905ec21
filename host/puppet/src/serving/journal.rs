//! Records run again beside the host that made them.

use async_trait::async_trait;
use puppet_api::{
    fault::Fault,
    operations::{Answer, JournalOperations},
};
use puppet_types::InvocationId;

use super::{Door, fault, told};
use crate::commands::replay;

#[async_trait]
impl JournalOperations for Door {
    async fn replay(&self, invocation: &InvocationId) -> Answer {
        let _place = self.replay_place().await?;
        let (setup, id) = (std::sync::Arc::clone(&self.setup), invocation.clone());
        // Compiling is no work for those threads that answer requests.
        let runtime = tokio::runtime::Handle::current();
        let again = tokio::task::spawn_blocking(move || runtime.block_on(replay::again(&setup, &id)));
        told(&again.await.map_err(Fault::internal)?.map_err(fault)?)
    }
}
