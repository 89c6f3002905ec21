//! What keeps a desk going: bars and prices to it, what it tells to people and to its agent.

use std::sync::Arc;

use futures::future::OptionFuture;
use puppet_engine::Host;
use puppet_trade::{
    DeskError, Happened, SwapResult, Told,
    feed::{Batch, Feed, FeedError, Tick},
};
use puppet_wallet::Rules;
use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
};

use super::{
    history,
    lines::Lines,
    open::Open,
    progress::Progress,
    result,
    second::Second,
    summary::{Counts, Ended},
    trending::Followed,
};
use crate::output::Output;

/// Bars to a desk.
pub struct Drive {
    /// To which.
    pub desk: Open,
    /// Where they come from; none once they come.
    pub feed: Option<Box<dyn Feed>>,
    /// What else tells prices.
    pub second: Option<Second>,
    /// What tells that its tokens are trending.
    pub followed: Option<Followed>,
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
        let (desk, name, out) = (self.desk.clone(), self.name.clone(), self.out);
        let second = self.second.take().map(|second| second.run(desk.clone(), name.clone(), out));
        let followed = self.followed.take().map(|followed| followed.run(desk.clone(), name, out));
        // Also where nothing is handed to it just now.
        let over = async {
            match desk.get() {
                Some(desk) => failed(desk.over().await),
                None => std::future::pending().await,
            }
        };
        let beside = async {
            tokio::join!(OptionFuture::from(second), OptionFuture::from(followed));
            // They end with the desk, and the desk does not end with them.
            std::future::pending().await
        };
        let ended = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => Ended::Stopped,
            ended = self.until_over(&mut counts) => ended,
            ended = over => ended,
            ended = beside => ended,
        };
        (counts, ended)
    }

    async fn until_over(&mut self, counts: &mut Counts) -> Ended {
        match self.feed_it(counts).await {
            Ok(()) => Ended::Data,
            Err(error) => failed(error),
        }
    }

    async fn feed_it(&mut self, counts: &mut Counts) -> Result<(), DeskError> {
        let (mut history_left, mut passed_over) = self.warm_up().await?;
        if history_left > 0 && self.batches.is_none() {
            self.tell_history(history_left, true).await;
        }
        let progress = self.batches.map(|batches| Progress::new("bars", batches, self.out));
        let mut done = passed_over;
        let Some(feed) = self.feed.take() else { return Ok(()) };
        let mut ticks = if self.batches.is_some() { Ticks::Taken(feed) } else { Ticks::pumped(feed) };
        while let Some(tick) = ticks.next().await {
            let happened = match tick {
                Ok(Tick::Bars { at, bars }) if history_left > 0 => {
                    let happened = self.history(vec![(at, bars)]).await?;
                    history_left -= 1;
                    self.tell_history(history_left, false).await;
                    happened
                }
                Ok(Tick::Bars { at, bars }) => {
                    let happened = self.bars(at, bars).await?;
                    counts.batches += u64::from(!happened.is_passed_over);
                    happened
                }
                Ok(Tick::Prices { at, prices }) => match self.desk.get() {
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
        let (warm_up, seen) = match self.desk.get() {
            Some(desk) => (desk.warm_up(), desk.view()?.batches),
            None => return Ok((0, 0)),
        };
        let Some(feed) = &mut self.feed else { return Ok((0, 0)) };
        let history = match feed.history(warm_up).await {
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
        let last = match self.desk.get() {
            Some(desk) => desk.view()?.last_bars,
            None => None,
        };
        let passed_over = last.zip(self.feed.as_mut()).map_or(0, |(last, feed)| feed.skip(last));
        Ok((u64::from(warm_up).saturating_sub(known), passed_over))
    }

    /// What a strategy waits for is told at first, ten times on the way, and when it is there. A record is over sooner than
    /// that can be read.
    async fn tell_history(&self, left: u64, is_first: bool) {
        let Some(all) = self.desk.get().map(|desk| u64::from(desk.warm_up())) else { return };
        if let Some(line) = history::awaited(left, all, is_first).filter(|_| self.batches.is_none()) {
            self.out.note(format!("{}: {line}", self.name));
        }
    }

    async fn history(&self, batches: Vec<Batch>) -> Result<Happened, DeskError> {
        match self.desk.get() {
            Some(desk) => desk.history(batches).await,
            None => Ok(Happened::default()),
        }
    }

    async fn bars(&self, at: puppet_types::Timestamp, bars: Vec<puppet_backtest::Bar>) -> Result<Happened, DeskError> {
        match self.desk.get() {
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

fn failed(error: DeskError) -> Ended {
    Ended::Failed(match error {
        DeskError::Stopped(reason) => reason,
        error => error.to_string(),
    })
}

/// How ticks come.
enum Ticks {
    /// When the desk has done with the one before: a record waits.
    Taken(Box<dyn Feed>),
    /// Meanwhile, too: prices of now are looked at while the desk waits for an exchange.
    Pumped(mpsc::Receiver<std::result::Result<Tick, FeedError>>, AbortHandle),
}

/// Ticks that may wait for a desk: bars of an hour, if they are of a minute.
const WAITING: usize = 64;

impl Ticks {
    fn pumped(mut feed: Box<dyn Feed>) -> Self {
        let (send, ticks) = mpsc::channel(WAITING);
        let pump = async move {
            while let Some(tick) = feed.next().await {
                // A price that finds no room is followed by a later one; a bar is not.
                let is_gone = match tick {
                    Ok(Tick::Prices { .. }) => {
                        matches!(send.try_send(tick), Err(mpsc::error::TrySendError::Closed(_)))
                    }
                    tick => send.send(tick).await.is_err(),
                };
                if is_gone {
                    break;
                }
            }
        };
        Self::Pumped(ticks, tokio::spawn(pump).abort_handle())
    }

    async fn next(&mut self) -> Option<std::result::Result<Tick, FeedError>> {
        match self {
            Self::Taken(feed) => feed.next().await,
            Self::Pumped(ticks, _) => ticks.recv().await,
        }
    }
}

impl Drop for Ticks {
    fn drop(&mut self) {
        if let Self::Pumped(_, pump) = self {
            pump.abort();
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
    /// How many of its trades a character talks about.
    pub rules: Rules,
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
                // Whoever keeps the desk tells it, and what follows.
                Told::Stopped(_) => {}
                Told::Note(text) => self.out.note(format!("{}: {text}", self.name)),
            }
        }
        counts
    }

    /// To its agent. Where the event is not durable the swap is told again at the next opening.
    async fn pass_on(&self, swap: &SwapResult) {
        if let Some(event) = result::event(swap, &self.rules, self.host.now())
            && let Err(error) = self.host.submit(vec![event]).await
        {
            tracing::warn!(%error, swap = swap.id, "the agent has not heard of a swap");
            return;
        }
        if let Some(desk) = self.desk.get() {
            desk.heard(&swap.id).await;
        }
    }
}
