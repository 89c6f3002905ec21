//! What keeps a desk going: bars and prices to it, what it tells to people and to its agent.

use std::sync::Arc;

use puppet_engine::Host;
use puppet_trade::{
    Desk, DeskError, Happened, SwapResult, Told,
    feed::{Batch, Feed, Tick},
};
use tokio::sync::{RwLock, mpsc, watch};

use super::{
    lines::Lines,
    progress::Progress,
    result,
    summary::{Counts, Ended},
};
use crate::output::Output;

/// A desk, until it is closed. Whoever reads asks it; it is taken out to be closed.
pub type Open = Arc<RwLock<Option<Desk>>>;

/// Bars to a desk.
pub struct Drive {
    /// To which.
    pub desk: Open,
    /// Where they come from.
    pub feed: Box<dyn Feed>,
    /// They end, after so many batches.
    pub batches: Option<u64>,
    /// How what happens is written; none: it is not.
    pub lines: Option<Lines>,
    /// What the desk is called.
    pub name: String,
    /// Where.
    pub out: Output,
}

impl Drive {
    /// Until the bars are over, the desk stops, or it is told to.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> (Counts, Ended) {
        let mut counts = Counts::default();
        let ended = tokio::select! {
            ended = self.until_over(&mut counts) => ended,
            _ = stop.wait_for(|stop| *stop) => Ended::Stopped,
        };
        (counts, ended)
    }

    async fn until_over(&mut self, counts: &mut Counts) -> Ended {
        match self.feed_it(counts).await {
            Ok(()) => Ended::Data,
            Err(DeskError::Stopped(reason)) => Ended::Failed(reason),
            Err(error) => Ended::Failed(error.to_string()),
        }
    }

    async fn feed_it(&mut self, counts: &mut Counts) -> Result<(), DeskError> {
        let (mut history_left, mut passed_over) = self.warm_up().await?;
        let progress = self.batches.map(|batches| Progress::new("bars", batches, self.out));
        let mut done = passed_over;
        while let Some(tick) = self.feed.next().await {
            let happened = match tick {
                Ok(Tick::Bars { at, bars }) if history_left > 0 => {
                    history_left -= 1;
                    self.history(vec![(at, bars)]).await?
                }
                Ok(Tick::Bars { at, bars }) => {
                    let happened = self.bars(at, bars).await?;
                    counts.batches += u64::from(!happened.is_passed_over);
                    happened
                }
                Ok(Tick::Prices { at, prices }) => match &*self.desk.read().await {
                    Some(desk) => desk.prices(at, prices).await?,
                    None => return Ok(()),
                },
                Ok(Tick::Well { market }) => {
                    self.out.note(format!("{}: {market} has a price again", self.name));
                    continue;
                }
                Err(error) => {
                    self.out.note(format!("{}: {error}", self.name));
                    continue;
                }
            };
            passed_over += u64::from(happened.is_passed_over);
            self.tell(&happened, counts);
            done += 1;
            if let Some(progress) = &progress {
                progress.at(done);
            }
        }
        if let Some(progress) = progress {
            progress.finish();
        }
        if passed_over > 0 {
            let name = &self.name;
            self.out.note(format!(
                "{name}: {passed_over} bar closes were traded before, and passed over; another --name begins anew"
            ));
        }
        Ok(())
    }

    /// Hands over what was before. Answers how many batches of history are still wanted, and how many were handed over by
    /// an earlier start.
    async fn warm_up(&mut self) -> Result<(u64, u64), DeskError> {
        let (warm_up, seen) = match &*self.desk.read().await {
            Some(desk) => (desk.warm_up(), desk.view()?.batches),
            None => return Ok((0, 0)),
        };
        let history = match self.feed.history(warm_up).await {
            Ok(history) => history,
            Err(error) => {
                self.out.note(format!("{}: there is no history: {error}", self.name));
                Vec::new()
            }
        };
        let known = seen.max(history.len() as u64);
        if !history.is_empty() {
            self.history(history).await?;
        }
        let last = match &*self.desk.read().await {
            Some(desk) => desk.view()?.last_bars,
            None => None,
        };
        let passed_over = last.map_or(0, |last| self.feed.skip(last));
        Ok((u64::from(warm_up).saturating_sub(known), passed_over))
    }

    async fn history(&self, batches: Vec<Batch>) -> Result<Happened, DeskError> {
        match &*self.desk.read().await {
            Some(desk) => desk.history(batches).await,
            None => Ok(Happened::default()),
        }
    }

    async fn bars(&self, at: puppet_types::Timestamp, bars: Vec<puppet_backtest::Bar>) -> Result<Happened, DeskError> {
        match &*self.desk.read().await {
            Some(desk) => desk.bars(at, bars).await,
            None => Ok(Happened::default()),
        }
    }

    fn tell(&self, happened: &Happened, counts: &mut Counts) {
        for event in &happened.events {
            counts.add(event);
            if let Some(line) = self.lines.as_ref().and_then(|lines| lines.of(event)) {
                // A reader that went away does not end a desk.
                let _ = self.out.heard(line);
            }
        }
    }
}

/// What a desk tells by itself.
pub struct Listen {
    /// Which.
    pub desk: Open,
    /// Whose agents hear of swaps.
    pub host: Arc<Host>,
    /// From it.
    pub told: mpsc::UnboundedReceiver<Told>,
    /// How swaps are written; none: they are not.
    pub lines: Option<Lines>,
    /// What the desk is called.
    pub name: String,
    /// Where.
    pub out: Output,
}

impl Listen {
    /// Until the desk is gone. Answers the swaps.
    pub async fn run(mut self) -> Counts {
        let mut counts = Counts::default();
        while let Some(told) = self.told.recv().await {
            match told {
                Told::Swapped(swap) => {
                    counts.swap(&swap);
                    if let Some(lines) = &self.lines {
                        let _ = self.out.heard(lines.swap(&swap));
                    }
                    self.pass_on(&swap).await;
                }
                Told::Halted(reason) => self.out.note(format!("{}: halted: {reason}", self.name)),
                Told::Stopped(reason) => self.out.note(format!("{}: trades no more: {reason}", self.name)),
                Told::Note(text) => self.out.note(format!("{}: {text}", self.name)),
            }
        }
        counts
    }

    /// To its agent. Where the event is not durable the swap is told again at the next opening.
    async fn pass_on(&self, swap: &SwapResult) {
        if let Some(event) = result::event(swap, self.host.now())
            && let Err(error) = self.host.submit(vec![event]).await
        {
            tracing::warn!(%error, swap = swap.id, "the agent has not heard of a swap");
            return;
        }
        if let Some(desk) = &*self.desk.read().await {
            desk.heard(&swap.id).await;
        }
    }
}
