//! The one writer: takes everything that waits, runs it in one transaction, and answers after the commit. Waking many
//! callers takes as long as writing for them, so that another thread does it while the next batch is written.
//!
//! A batch runs without savepoints first, since failures are rare and each savepoint makes full text flush. Where
//! one piece of work fails the batch is rolled back and run again, each piece in a savepoint of its own, so that
//! a failure takes nothing with it but itself.
//!
//! What nobody waits for rides along: much of it is written at once, a moment later, with what is there then. A commit of its
//! own would make those wait who come behind it.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{disk, lock};
use crate::{Result, StoreError};

/// Most pieces of work in one transaction: bounds how long the first of them waits.
const BATCH: usize = 1024;

/// Longest wait of what rides along.
pub(super) const RIDE: Duration = Duration::from_millis(20);

/// So few callers are woken by the writer itself: a change of thread would cost them more.
const FEW: usize = 16;

/// When a piece of work is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// With what else is there.
    Now,
    /// The same, and behind what rides along.
    Behind,
    /// It rides along.
    Along,
}

/// A piece of work with its caller.
trait Job: Send {
    /// When it is written.
    fn turn(&self) -> Turn;
    /// Runs it and keeps the answer. Whether it went well.
    fn run(&mut self, conn: &Connection) -> bool;
    /// Why it did not.
    fn error(&self) -> Option<&StoreError>;
    /// It comes to nothing, for this reason.
    fn fail(&mut self, error: StoreError);
    /// Tells the caller.
    fn answer(self: Box<Self>);
}

struct Work<T, F> {
    work: F,
    turn: Turn,
    outcome: Result<T>,
    caller: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: Fn(&Connection) -> Result<T> + Send> Job for Work<T, F> {
    fn turn(&self) -> Turn {
        self.turn
    }
    fn run(&mut self, conn: &Connection) -> bool {
        self.outcome = (self.work)(conn);
        self.outcome.is_ok()
    }
    fn error(&self) -> Option<&StoreError> {
        self.outcome.as_ref().err()
    }
    fn fail(&mut self, error: StoreError) {
        self.outcome = Err(error);
    }
    fn answer(self: Box<Self>) {
        let Self { work, outcome, caller, .. } = *self;
        // First let go of what the work held: a caller that shares it then has it alone, and frees it.
        drop(work);
        // Nobody may be listening any more: the work is done all the same.
        let _ = caller.send(outcome);
    }
}

pub(super) struct Writer {
    queue: Mutex<Option<Sender<Box<dyn Job>>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(conn: Arc<Mutex<Connection>>) -> Result<Self> {
        let (queue, work) = channel();
        let (done, answers) = channel::<Vec<Box<dyn Job>>>();
        let writer = thread("puppet-store", move || serve(&conn, &work, &done))?;
        let answerer = thread("puppet-answers", move || answers.into_iter().for_each(answer))?;
        Ok(Self { queue: Mutex::new(Some(queue)), threads: Mutex::new(vec![writer, answerer]) })
    }

    /// Hands work in. The queue has no bound of its own: every caller waits for its answer.
    pub(super) fn enqueue<T, F>(&self, work: F, turn: Turn) -> Result<oneshot::Receiver<Result<T>>>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let job = Box::new(Work { work, turn, outcome: Err(StoreError::Closed), caller });
        match &*lock(&self.queue) {
            Some(queue) => queue.send(job).map_err(|_| StoreError::Closed)?,
            None => return Err(StoreError::Closed),
        }
        Ok(answer)
    }

    pub(super) fn close(&self) {
        drop(lock(&self.queue).take());
        for thread in lock(&self.threads).drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(|error| StoreError::Failed(format!("no thread for the writer: {error}")))
}

fn answer(batch: Vec<Box<dyn Job>>) {
    for job in batch {
        job.answer();
    }
}

/// What rides along, and until when it waits.
#[derive(Default)]
struct Riders {
    jobs: Vec<Box<dyn Job>>,
    until: Option<Instant>,
}

impl Riders {
    /// Keeps what rides along; of all else a batch is made.
    fn sort(&mut self, job: Box<dyn Job>, batch: &mut Vec<Box<dyn Job>>) {
        match job.turn() {
            Turn::Along => {
                self.until.get_or_insert_with(|| Instant::now() + RIDE);
                self.jobs.push(job);
            }
            Turn::Behind => {
                batch.append(&mut self.take());
                batch.push(job);
            }
            Turn::Now => batch.push(job),
        }
    }

    /// Those whose wait is over.
    fn due(&mut self) -> Vec<Box<dyn Job>> {
        let is_due = self.jobs.len() >= BATCH || self.until.is_some_and(|until| until <= Instant::now());
        if is_due { self.take() } else { Vec::new() }
    }

    fn take(&mut self) -> Vec<Box<dyn Job>> {
        self.until = None;
        std::mem::take(&mut self.jobs)
    }

    /// The next piece of work that came; none where the wait of those is over, or nothing comes any more.
    fn wait(&self, work: &Receiver<Box<dyn Job>>) -> Option<Box<dyn Job>> {
        match self.until {
            None => work.recv().ok(),
            Some(until) => work.recv_timeout(until.saturating_duration_since(Instant::now())).ok(),
        }
    }
}

/// Everything that waits, and with it what rides along and has waited for its time. None at the end.
fn next(work: &Receiver<Box<dyn Job>>, riders: &mut Riders) -> Option<Vec<Box<dyn Job>>> {
    loop {
        let mut batch = Vec::new();
        match riders.wait(work) {
            Some(job) => riders.sort(job, &mut batch),
            None if riders.jobs.is_empty() => return None,
            None => return Some(riders.take()),
        }
        work.try_iter().take(BATCH).for_each(|job| riders.sort(job, &mut batch));
        batch.extend(riders.due());
        if !batch.is_empty() {
            return Some(batch);
        }
    }
}

fn serve(conn: &Mutex<Connection>, work: &Receiver<Box<dyn Job>>, done: &Sender<Vec<Box<dyn Job>>>) {
    let mut riders = Riders::default();
    while let Some(mut batch) = next(work, &mut riders) {
        {
            let conn = lock(conn);
            match transact(&conn, &mut batch) {
                Ok(()) => batch.iter_mut().for_each(|job| ask_about(job.as_mut(), &conn)),
                Err(error) => {
                    let error = disk::asked(error, &conn);
                    // Who asked for it tells what is wrong with the disk, once.
                    tracing::debug!(%error, "a transaction failed");
                    batch.iter_mut().for_each(|job| job.fail(error.clone()));
                }
            }
        }
        if batch.len() <= FEW {
            answer(batch);
        } else if let Err(unsent) = done.send(batch) {
            answer(unsent.0);
        }
    }
    let conn = lock(conn);
    // A log that stays is folded in at the next start.
    if let Err(error) = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::debug!(%error, "the log was not folded in");
    }
}

/// Of work that the disk did not let happen, what is wrong with that.
fn ask_about(job: &mut dyn Job, conn: &Connection) {
    if let Some(error @ StoreError::Disk { .. }) = job.error() {
        let error = disk::asked(error.clone(), conn);
        job.fail(error);
    }
}

/// One transaction, or two where something in the first failed.
fn transact(conn: &Connection, batch: &mut [Box<dyn Job>]) -> Result<()> {
    statement(conn, "BEGIN IMMEDIATE")?;
    let smooth = batch.iter_mut().all(|job| job.run(conn));
    if !smooth {
        roll_back(conn)?;
        if batch.len() == 1 {
            return Ok(());
        }
        statement(conn, "BEGIN IMMEDIATE")?;
        for job in batch.iter_mut() {
            statement(conn, "SAVEPOINT piece")?;
            if !job.run(conn) {
                if conn.is_autocommit() {
                    // Not it alone: the database gave up the transaction, and what was written before it.
                    let gave_up = || StoreError::Failed("the database gave up the transaction".to_owned());
                    return Err(job.error().cloned().unwrap_or_else(gave_up));
                }
                statement(conn, "ROLLBACK TO piece")?;
            }
            statement(conn, "RELEASE piece")?;
        }
    }
    statement(conn, "COMMIT")
}

/// Leaves no transaction open, whatever happens.
fn statement(conn: &Connection, sql: &str) -> Result<()> {
    let done = conn.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
    done.map(|_| ()).map_err(|error| {
        let _ = roll_back(conn);
        error.into()
    })
}

fn roll_back(conn: &Connection) -> Result<()> {
    if conn.is_autocommit() {
        return Ok(());
    }
    Ok(conn.execute_batch("ROLLBACK")?)
}
