//! The desk's thread.

use std::sync::Arc;

use puppet_store::TradeStore;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::desk::{Ask, Halted, Shared};
use crate::{DeskError, DeskPlan, Told};

/// What a desk has around it.
pub(crate) struct Room {
    pub store: Arc<dyn TradeStore>,
    pub halted: Halted,
    pub told: mpsc::UnboundedSender<Told>,
    pub runtime: Handle,
    pub shared: Arc<Shared>,
}

/// Answers how many batches of history the strategy wants.
pub(crate) async fn start(plan: DeskPlan, room: Room, questions: mpsc::Receiver<Ask>) -> Result<u32, DeskError> {
    drop((plan, room, questions));
    Err(DeskError::Stopped("there is no desk yet".to_owned()))
}
