//! A desk of the configuration for as long as its host runs: opened, and opened again where what ended it, or is in its way, may
//! pass by itself. What does not pass stops it until it is told to go on.

use std::time::Duration;

use puppet_store::TradeStore;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    Around, Item,
    opening::{of_desk, open},
    place::{Place, Stands},
};
use crate::{
    output::Output,
    trading::summary::Ended,
    trouble::{Exit, Result, Trouble},
};

/// How long until it is tried again: twice as long each time, up to a minute, and anew after it ran for longer than that.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// See the head of this file. Returns when the host ends, and the desk is closed.
pub(super) async fn keep(place: Place, around: &Around<'_>, mut stop: watch::Receiver<bool>) {
    let (name, out) = (&place.wanted.name, around.out);
    let (mut pause, mut said) = (PAUSE, None);
    loop {
        let driver_stop = stop.clone();
        let opened = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            opened = open(&place, around, driver_stop) => opened,
        };
        let trouble = match opened {
            Err(trouble) => trouble,
            Ok(item) => {
                let since = Instant::now();
                let over = item.until_over(out);
                tokio::pin!(over);
                // One that ends at once with what it was told of before is not told of twice.
                let ended = tokio::select! {
                    ended = &mut over => ended,
                    () = sleep(pause), if said.is_some() => {
                        out.note(format!("desk {name}: it is open now"));
                        said = None;
                        over.await
                    }
                };
                let Some(trouble) = ended else { return };
                if since.elapsed() > LONGEST_PAUSE {
                    pause = PAUSE;
                }
                trouble
            }
        };
        let line = trouble.in_a_line();
        let passes = trouble.exit == Exit::Unreachable;
        if !passes {
            let purse = place.wanted.purse();
            out.note(format!(
                "desk {name}: {line}: it trades again after `puppet wallet resume {purse}`, or the next start"
            ));
        } else if said.as_ref() != Some(&line) {
            out.note(format!("desk {name}: {line}: it is tried again until it opens"));
        }
        said = Some(line.clone());
        place.stands.send_replace(if passes { Stands::Opening(Some(line)) } else { Stands::Stopped(line) });
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = place.go_on.notified() => pause = PAUSE,
            () = passed(&trouble, pause, (around, &place)), if passes => pause = (pause * 2).min(LONGEST_PAUSE),
        }
        if !passes {
            place.stands.send_replace(Stands::Opening(None));
        }
    }
}

/// Returns when it is time to try again. Who else writes the purse is given the way until nothing of it has changed for a while:
/// two that both come back would take it from each other for ever.
async fn passed(trouble: &Trouble, pause: Duration, (around, place): (&Around<'_>, &Place)) {
    if trouble.code == "purse" {
        return until_quiet(&*around.store.shared(), &place.wanted.purse(), LONGEST_PAUSE).await;
    }
    sleep(pause).await;
}

/// Returns when nobody has written a purse for so long.
async fn until_quiet(store: &dyn TradeStore, purse: &str, quiet: Duration) {
    let written = async || -> Result<_> { Ok(store.purse(purse).await?.map(|purse| (purse.seq, purse.at))) };
    let mut before = written().await.ok();
    loop {
        sleep(quiet).await;
        let now = written().await.ok();
        if now.is_some() && now == before {
            return;
        }
        before = now;
    }
}

impl Item {
    /// Waits until it is over, and closes it. Answers why it ended; none where it was told to.
    async fn until_over(mut self, out: Output) -> Option<Trouble> {
        self.over().await;
        let why = self.desk.get().and_then(|desk| desk.ended());
        let ended = self.close(out).await.ended;
        match (ended, why) {
            (Ended::Stopped, _) => None,
            (_, Some(error)) => Some(of_desk(error)),
            (Ended::Failed(reason), None) => Some(Trouble::internal(reason)),
            (Ended::Data, None) => Some(Trouble::internal("it gets no prices any more")),
        }
    }
}

#[cfg(test)]
#[path = "keeping_tests.rs"]
mod tests;
