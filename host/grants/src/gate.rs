//! The gate: the one place where a capability call is admitted (docs/architecture.md), and the record of what one
//! invocation read and decided.
//!
//! A read passes: counted → answered from the journal where that has it, else granted → budget reserved → answered by
//! the provider within the deadline → booked → journaled. A decision passes: counted → granted → budget reserved → recorded; one that
//! is refused is journaled like a read, since the guest goes on with the refusal.
//! A guest gets a [`Refusal::Call`] as a value it can act on; only a bound of the invocation itself stops it.

mod affordable;
mod answer;
mod asking;
mod books;
mod bounds;
mod line;
mod recorded;

use std::{
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use puppet_types::{
    Breach, CallError, Capability, Code, Cost, Decision, InvocationId, Json, LogLine, NumberedDecision, PackId, Read,
    ReadStatus, Refusal, Timestamp, counted,
};
use serde::{Serialize, de::DeserializeOwned};

pub use answer::{Answer, Boxed};
use asking::Begun;
pub use books::{Books, UnbookedReads};
pub use bounds::{BOUNDS, CallBounds, Elapsed};
pub use recorded::{Asked, Passed};

use crate::{Amount, Bookings, Charge, Failure, Held, Level, Reservation, Right, Rights};

/// What an invocation leaves behind.
#[derive(Debug, Default)]
pub struct Proceedings {
    /// In order.
    pub reads: Vec<Read>,
    /// In order.
    pub decisions: Vec<NumberedDecision>,
    /// Per capability.
    pub host_calls: BTreeMap<Capability, u32>,
    /// The plugin's lines.
    pub log: Vec<LogLine>,
    /// What goes to the store with the commit, and is spent when that has it; paid reads are not among them, they are
    /// booked already.
    pub spends: Bookings,
    /// Time that answers took, where the wall counts.
    pub waited: Duration,
    /// Where a replay first asked something else than was recorded.
    pub divergence: Option<u32>,
    /// What it asked there; none where it asked nothing more.
    pub asked: Option<Asked>,
    /// Of a replay: everything that passed, in its order.
    pub trail: Vec<Passed>,
    /// How many reads of a shadow replay were not recorded.
    pub unanswered: u32,
    /// Whether the books of a paid read could not be written: what the plugin made of that is nobody's decision.
    pub unbooked: bool,
}

/// What answers the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Kept reads first, then providers.
    Providers,
    /// Recorded reads alone; decisions are admitted as ever.
    Recorded,
    /// The journal alone, also on what was admitted.
    Journal,
    /// Recorded reads in whatever order they are asked for, then providers; decisions are admitted as ever.
    Shadow,
}

/// One invocation's way through the gate.
pub struct Gate {
    invocation: InvocationId,
    pack: PackId,
    at: Timestamp,
    charged_at: Timestamp,
    rights: Arc<Rights>,
    bounds: Arc<CallBounds>,
    books: Arc<dyn Books>,
    elapsed: Elapsed,
    recorded: VecDeque<Read>,
    source: Source,
    of_another: bool,
    sealed: bool,
    calls: [u32; Capability::ALL.len()],
    journal_bytes: usize,
    log_dropped: u32,
    decided: Arc<Vec<NumberedDecision>>,
    held: Vec<(Reservation, Amount)>,
    out: Proceedings,
}

impl Gate {
    /// Opens the gate for one invocation.
    pub fn new(
        invocation: InvocationId,
        pack: PackId,
        at: Timestamp,
        rights: Arc<Rights>,
        bounds: Arc<CallBounds>,
        books: Arc<dyn Books>,
        elapsed: Elapsed,
    ) -> Self {
        Self {
            invocation,
            pack,
            at,
            charged_at: at,
            rights,
            bounds,
            books,
            elapsed,
            recorded: VecDeque::new(),
            source: Source::Providers,
            of_another: false,
            sealed: false,
            calls: [0; Capability::ALL.len()],
            journal_bytes: 0,
            log_dropped: 0,
            decided: Arc::default(),
            held: Vec::new(),
            out: Proceedings::default(),
        }
    }

    /// Draws on the budgets of this time: of the invocation's, where its event has waited. An hour's worth of events
    /// that comes late does not bring its hour's budget with it.
    pub fn charged_at(mut self, now: Timestamp) -> Self {
        self.charged_at = now;
        self
    }

    /// Answers from these as long as the questions are the same; then asks providers (a retried invocation, of which
    /// paid reads are kept: what is free is asked again between them).
    pub fn resume_from(mut self, reads: Vec<Read>) -> Self {
        self.recorded = reads.into();
        self
    }

    /// Answers only from these: a question that was not recorded is an error and a divergence (a preview).
    pub fn answer_from(mut self, reads: Vec<Read>) -> Self {
        self.recorded = reads.into();
        self.source = Source::Recorded;
        self
    }

    /// The same, and what was decided then is admitted or refused as it was then, whatever rights and budgets say
    /// now; nothing is drawn on (a replay).
    pub fn replay(self, reads: Vec<Read>) -> Self {
        Self { source: Source::Journal, ..self.answer_from(reads) }
    }

    /// Answers from these whatever the order, and from providers what is not among them: another version asks other
    /// questions. Decisions are admitted as ever, but for those that are the same and were refused (a shadow replay).
    /// `of_another`: another version was given these answers.
    pub fn shadow(self, reads: Vec<Read>, of_another: bool) -> Self {
        Self { source: Source::Shadow, of_another, ..self.answer_from(reads) }
    }

    /// In a shadow replay of what another version recorded: how many reads were not recorded, so far.
    pub fn of_another(&self) -> Option<u32> {
        self.of_another.then_some(self.out.unanswered)
    }

    /// Lets nothing through, whatever is granted and whatever comes with every plugin: for an instance that is to see
    /// only what it was given.
    pub fn sealed(self) -> Self {
        Self { sealed: true, ..self }
    }

    /// The time of the event.
    pub fn at(&self) -> Timestamp {
        self.at
    }
    /// The invocation's id.
    pub fn invocation(&self) -> &InvocationId {
        &self.invocation
    }
    /// The pack whose plugin runs.
    pub fn pack(&self) -> &PackId {
        &self.pack
    }
    /// What it may do.
    pub fn rights(&self) -> &Rights {
        &self.rights
    }
    /// The least that is left of an amount now; none where nothing of the capability is granted, or nothing counts it.
    pub fn left_of(&self, capability: Capability, amount: Amount) -> Option<u64> {
        self.rights.get(capability)?.left(amount, self.charged_at)
    }
    /// What this call has read so far.
    pub fn reads(&self) -> &[Read] {
        &self.out.reads
    }
    /// What this call has decided so far; reads lay it over what is stored.
    pub fn decided(&self) -> Arc<Vec<NumberedDecision>> {
        Arc::clone(&self.decided)
    }

    /// A read of something that costs nothing.
    pub async fn read<'s, P, Q, A, F>(
        &mut self,
        capability: Capability,
        operation: &'static str,
        request: &Q,
        held: &'s Held<P>,
        ask: F,
    ) -> Result<A, Refusal>
    where
        P: ?Sized,
        Q: Serialize + ?Sized + Sync,
        A: Serialize + DeserializeOwned + Send,
        F: FnOnce(&'s P) -> Boxed<'s, A> + Send,
    {
        let read = match self.begin(capability, operation, request, false)? {
            Begun::Answered(answer) => return answer,
            Begun::ToAsk(read) => read,
        };
        if let Err(error) = self.admit(capability, operation, &[]) {
            return Err(self.refused(read, error));
        }
        self.carry_out(read, Vec::new(), false, ask(held.provider())).await
    }

    /// A read that draws on budgets. `worst` is reserved before the provider is asked; a `paid` one is durable
    /// before its answer is seen.
    #[allow(clippy::too_many_arguments, reason = "the way of a call, in its order")]
    pub async fn read_charged<'s, P, Q, A, F>(
        &mut self,
        capability: Capability,
        operation: &'static str,
        request: &Q,
        worst: &[Charge],
        paid: bool,
        held: &'s Held<P>,
        ask: F,
    ) -> Result<A, Refusal>
    where
        P: ?Sized,
        Q: Serialize + ?Sized + Sync,
        A: Serialize + DeserializeOwned + Send,
        F: FnOnce(&'s P) -> Boxed<'s, A, Failure> + Send,
    {
        self.read_ruled(capability, operation, request, (worst, None), paid, held, ask).await
    }

    /// Records a decision. `charges` are reserved now and spent by the commit. One that is refused is no decision:
    /// its answer is journaled among the reads.
    pub fn decide(&mut self, operation: &'static str, charges: &[Charge], decision: Decision) -> Result<u32, Refusal> {
        self.decide_within(operation, charges, &[], decision)
    }

    /// The same of what a rule may refuse whatever is granted: `ruled` says why.
    pub fn decide_ruled(
        &mut self,
        operation: &'static str,
        charges: &[Charge],
        decision: Decision,
        ruled: Option<CallError>,
    ) -> Result<u32, Refusal> {
        self.count(decision.capability())?;
        self.record(operation, (charges, &[]), decision, ruled)
    }

    /// The same where something is bounded at once: `levels` say what would be there after it.
    pub fn decide_within(
        &mut self,
        operation: &'static str,
        charges: &[Charge],
        levels: &[Level],
        decision: Decision,
    ) -> Result<u32, Refusal> {
        self.count(decision.capability())?;
        self.decide_read(operation, charges, levels, decision)
    }

    /// The same where a provider has looked at it in this call: that was a read of the same operation, which counted.
    pub fn decide_read(
        &mut self,
        operation: &'static str,
        charges: &[Charge],
        levels: &[Level],
        decision: Decision,
    ) -> Result<u32, Refusal> {
        self.record(operation, (charges, levels), decision, None)
    }

    fn record(
        &mut self,
        operation: &'static str,
        (charges, levels): (&[Charge], &[Level]),
        decision: Decision,
        ruled: Option<CallError>,
    ) -> Result<u32, Refusal> {
        let capability = decision.capability();
        if self.decided.len() >= self.bounds.decisions as usize {
            let detail = format!("more than {}", counted(self.bounds.decisions, "decision", "decisions"));
            return Err(Refusal::Breach(Breach::TooManyDecisions, detail));
        }
        if self.source != Source::Providers {
            self.refused_before(capability, operation, &decision)?;
        }
        // What was not granted is not granted, whatever rules say of it.
        let admitted = |gate: &mut Self| match ruled {
            Some(error) => gate.granted(capability, operation).and(Err(error)),
            None => gate.hold(capability, operation, charges, levels),
        };
        if self.source != Source::Journal
            && let Err(error) = admitted(self)
        {
            return Err(self.refuse_decision(capability, operation, &decision, error));
        }
        let n = self.decided.len() as u32;
        self.passed(Passed::Decision(n));
        Arc::make_mut(&mut self.decided).push(NumberedDecision { n, decision });
        Ok(n)
    }

    /// Counts a call that needs no answer from outside and is not journaled (`agent.now`, `weighted-length`).
    pub fn count(&mut self, capability: Capability) -> Result<(), Refusal> {
        let calls = &mut self.calls[capability.index()];
        *calls += 1;
        if *calls > self.bounds.host_calls {
            let detail = format!("more than {} of `{capability}`", counted(self.bounds.host_calls, "call", "calls"));
            return Err(Refusal::Breach(Breach::TooManyHostCalls, detail));
        }
        Ok(())
    }

    /// Passes on what the host found of a call's arguments before it came here. A call that ends with that is counted
    /// like any other: the guest pays next to nothing for it, and the host has copied and looked at what it handed over.
    pub fn checked<T>(&mut self, capability: Capability, checked: Result<T, impl Into<Refusal>>) -> Result<T, Refusal> {
        let checked = checked.map_err(Into::into);
        if matches!(checked, Err(Refusal::Call(_))) {
            self.count(capability)?;
        }
        checked
    }

    /// Keeps a line of the plugin's log, cut and dropped at the bounds.
    pub fn log(&mut self, level: &'static str, message: &str, fields: Vec<(String, String)>) -> Result<(), Refusal> {
        self.count(Capability::Log)?;
        if self.out.log.len() >= self.bounds.log_lines {
            self.log_dropped += 1;
            return Ok(());
        }
        self.passed(Passed::Log(self.out.log.len() as u32));
        self.out.log.push(line::cut(level, message, fields, &self.bounds));
        Ok(())
    }

    /// Closes the gate. Where the outcome commits, reservations of decisions go with it; else they are given back.
    pub fn finish(mut self, commits: bool) -> Proceedings {
        for (reservation, _) in self.held.drain(..) {
            if commits {
                self.out.spends.push(reservation.book_all());
            }
        }
        self.out.decisions = Arc::unwrap_or_clone(self.decided);
        if self.source == Source::Journal && !self.recorded.is_empty() {
            // Something was asked then and is not asked now.
            let n = self.out.reads.len() as u32;
            self.out.divergence.get_or_insert(n);
        }
        for capability in Capability::ALL {
            let calls = self.calls[capability.index()];
            if calls > 0 {
                self.out.host_calls.insert(*capability, calls);
            }
        }
        if self.log_dropped > 0 {
            let (n, kept) = (self.log_dropped, self.bounds.log_lines);
            let dropped = counted(n, "more log line was", "more log lines were");
            let message = format!("{dropped} dropped: {} kept of an invocation", counted(kept, "is", "are"));
            self.out.log.push(LogLine::plain("warn", message));
        }
        self.out
    }

    /// Granted, and enough left of every budget that counts it.
    fn admit(
        &self,
        capability: Capability,
        operation: &'static str,
        charges: &[Charge],
    ) -> Result<Vec<(Reservation, Amount)>, CallError> {
        self.unsealed()?;
        if capability.comes_with_every_plugin() {
            return Ok(Vec::new());
        }
        self.granted(capability, operation)?.reserve(charges, self.charged_at)
    }

    /// The same for a decision, whose reservations are held until the gate closes.
    fn hold(
        &mut self,
        capability: Capability,
        operation: &str,
        charges: &[Charge],
        levels: &[Level],
    ) -> Result<(), CallError> {
        self.unsealed()?;
        if capability.comes_with_every_plugin() {
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.held);
        let done = self.granted(capability, operation).and_then(|right| {
            right.has_room(levels)?;
            right.hold(charges, self.charged_at, &mut held)
        });
        self.held = held;
        done
    }

    fn unsealed(&self) -> Result<(), CallError> {
        match self.sealed {
            true => Err(CallError::new(Code::Denied, "nothing may be called while state is migrated")),
            false => Ok(()),
        }
    }

    fn granted(&self, capability: Capability, operation: &str) -> Result<&Right, CallError> {
        self.unsealed()?;
        self.rights.granted(capability, operation, &self.pack, self.charged_at)
    }

    fn refuse_decision(
        &mut self,
        capability: Capability,
        operation: &str,
        decision: &Decision,
        error: CallError,
    ) -> Refusal {
        let read = Read {
            n: self.out.reads.len() as u32,
            capability,
            operation: operation.to_owned(),
            request: Json::of(decision),
            answer: Json::default(),
            status: ReadStatus::Denied,
            cost: Cost::default(),
        };
        self.refused(read, error)
    }

    fn refused(&mut self, mut read: Read, error: CallError) -> Refusal {
        read.status = if error.code == Code::BudgetExhausted { ReadStatus::Budget } else { ReadStatus::Denied };
        read.answer = Json::of(&error);
        match self.keep(read) {
            Ok(()) => Refusal::Call(error),
            Err(refusal) => refusal,
        }
    }

    fn keep(&mut self, read: Read) -> Result<(), Refusal> {
        self.journal_bytes += read.request.as_str().len() + read.answer.as_str().len();
        if self.journal_bytes > self.bounds.journal_bytes {
            let detail = format!("more than {} bytes of questions and answers", self.bounds.journal_bytes);
            return Err(Refusal::Breach(Breach::TooManyHostBytes, detail));
        }
        self.passed(Passed::Read(self.out.reads.len() as u32));
        self.out.reads.push(read);
        Ok(())
    }

    async fn within_deadline<T>(&mut self, answer: impl Future<Output = T>) -> Result<T, Refusal> {
        let Elapsed::Wall(since) = self.elapsed else { return Ok(answer.await) };
        let asked = Instant::now();
        let mut answer = pin!(answer);
        // Most answers are there at once and need no timer.
        let answered = match poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await {
            Poll::Ready(answer) => Ok(answer),
            Poll::Pending => {
                let left = self.bounds.deadline.saturating_sub(since.elapsed());
                tokio::time::timeout(left, answer).await.map_err(|_| self.too_late())
            }
        };
        self.out.waited += asked.elapsed();
        answered
    }

    fn take(&mut self, latency: Duration) -> Result<(), Refusal> {
        if let Elapsed::Modelled(spent) = &mut self.elapsed {
            *spent += latency;
            if *spent > self.bounds.deadline {
                return Err(self.too_late());
            }
        }
        Ok(())
    }

    fn too_late(&self) -> Refusal {
        Refusal::Breach(Breach::Deadline, format!("longer than {} ms", self.bounds.deadline.as_millis()))
    }
}

#[cfg(test)]
mod tests;
