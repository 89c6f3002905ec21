//! The end of desks, with their host: side by side each saves itself, within a bound.

use std::time::Duration;

use puppet_trade::{DeskError, DeskView};

use futures::StreamExt as _;

use super::{
    Desks, Item,
    opening::{named, of_desk},
};
use crate::{
    output::Output,
    trading::summary::{self, Counts, Ended},
    trouble::Result,
};

/// How long a desk may take to save itself and end. It is as durable without.
const CLOSING: Duration = Duration::from_secs(20);
/// And how long to tell what it has not told yet.
const TELLING: Duration = Duration::from_secs(5);

impl Desks<'_> {
    /// Lets every desk save itself and end, and tells what that of the command line did.
    pub async fn close(self) -> Result<()> {
        let Self { commanded, configured, stop, out } = self;
        let _ = stop.send(true);
        let others = configured.collect::<()>();
        let commanded = async {
            match commanded {
                Some(item) => Some((item.name.clone(), item.close(out).await)),
                None => None,
            }
        };
        let (commanded, ()) = tokio::join!(commanded, others);
        let Some((name, Closed { view, counts, ended })) = commanded else { return Ok(()) };
        if let Some(view) = view {
            summary::print(&name, &view, counts, &ended, out)?;
        }
        match ended {
            Ended::Failed(reason) => Err(named(&name, of_desk(DeskError::Stopped(reason)))),
            _ => Ok(()),
        }
    }
}

/// What there is to tell of a desk.
pub(super) struct Closed {
    view: Option<DeskView>,
    counts: Counts,
    pub ended: Ended,
}

impl Item {
    /// Lets it save itself and end.
    pub(super) async fn close(self, out: Output) -> Closed {
        let Self { name, desk, driven, mut heard, came_to } = self;
        let (mut counts, ended) = match (came_to, driven) {
            (Some(came_to), _) => came_to,
            (None, Some(driven)) => {
                driven.await.unwrap_or_else(|error| (Counts::default(), Ended::Failed(error.to_string())))
            }
            (None, None) => (Counts::default(), Ended::Stopped),
        };
        let desk = desk.take();
        let view = desk.as_ref().and_then(|desk| desk.view().ok());
        if let Some(desk) = desk {
            match tokio::time::timeout(CLOSING, desk.close()).await {
                // Why it stopped is told apart.
                Ok(Ok(()) | Err(DeskError::Stopped(_))) => {}
                Ok(Err(error)) => out.note(format!("{name}: {error}")),
                Err(_) => out.note(format!("{name}: it takes too long to end, and goes on at the next start")),
            }
        }
        match tokio::time::timeout(TELLING, &mut heard).await {
            Ok(Ok(swaps)) => (counts.swaps_done, counts.swaps_failed) = (swaps.swaps_done, swaps.swaps_failed),
            _ => heard.abort(),
        }
        Closed { view, counts, ended }
    }
}
