//! The one writer of a host: takes everything that waits, lets it run on what it sees as one group, and writes that as
//! commits in one insert. Order of handing in is order of commit.

use async_trait::async_trait;
use puppet_store::{Result, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::{
    line::Line,
    tx::{Tx, Wanted},
};

/// Most pieces of work in one group: bounds how long the first of them waits.
const BATCH: usize = 1024;

/// A piece of work: it sees the rows, and says what is to become of them.
#[async_trait]
pub(crate) trait Work: Send + 'static {
    type Answer: Send + Sync + 'static;

    /// Whose commit it is; empty: the host's own.
    fn agent(&self) -> &str {
        ""
    }

    /// The rows that it will look at, as far as it knows them. Others are asked for one by one.
    fn wants(&self, _wanted: &mut Wanted) {}

    /// Does it. Where that fails, nothing of it stays.
    async fn run(self, tx: &mut Tx) -> Result<Self::Answer>;
}

/// A piece of work with its caller.
#[async_trait]
pub(crate) trait Job: Send {
    fn agent(&self) -> String;
    fn wants(&self, wanted: &mut Wanted);
    /// Runs it and keeps the answer. Whether it went well.
    async fn run(&mut self, tx: &mut Tx) -> bool;
    /// It came to nothing.
    fn fail(&mut self, error: StoreError);
    /// Tells the caller.
    fn answer(self: Box<Self>);
}

struct Waiting<W: Work> {
    work: Option<W>,
    outcome: Result<W::Answer>,
    caller: oneshot::Sender<Result<W::Answer>>,
}

#[async_trait]
impl<W: Work> Job for Waiting<W> {
    fn agent(&self) -> String {
        self.work.as_ref().map_or_else(String::new, |work| work.agent().to_owned())
    }
    fn wants(&self, wanted: &mut Wanted) {
        if let Some(work) = &self.work {
            work.wants(wanted);
        }
    }
    async fn run(&mut self, tx: &mut Tx) -> bool {
        if let Some(work) = self.work.take() {
            self.outcome = work.run(tx).await;
        }
        self.outcome.is_ok()
    }
    fn fail(&mut self, error: StoreError) {
        self.outcome = Err(error);
    }
    fn answer(self: Box<Self>) {
        // Nobody may be listening any more: the work is done all the same.
        let _ = self.caller.send(self.outcome);
    }
}

pub(crate) type Queue = mpsc::UnboundedSender<Box<dyn Job>>;

/// Hands work in. The queue has no bound of its own: every caller waits for its answer.
pub(crate) fn enqueue<W: Work>(queue: &Queue, work: W) -> Result<oneshot::Receiver<Result<W::Answer>>> {
    let (caller, answer) = oneshot::channel();
    let job = Waiting { work: Some(work), outcome: Err(StoreError::Closed), caller };
    queue.send(Box::new(job)).map_err(|_| StoreError::Closed)?;
    Ok(answer)
}

/// Works until nobody can hand anything in any more.
pub(crate) async fn serve(mut line: Line, mut work: mpsc::UnboundedReceiver<Box<dyn Job>>) {
    while let Some(first) = work.recv().await {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = work.try_recv()
        {
            batch.push(next);
        }
        line.group(batch).await;
    }
}
