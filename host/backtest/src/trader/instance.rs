//! The strategy's instance, kept alive: what it was told since its last save is remembered, and after a fault another
//! instance is built from the save and told the same again. The call that failed is left out: it would fail again.

use std::sync::Arc;

use puppet_types::Timestamp;
use puppet_types::trade::{Denial, Fill};

use super::journal::{BatchRecord, Journal, Message, Saved};
use crate::strategy::{Answer, Bar, Batch, Fault, Setup, Strategies, Strategy, View};

/// What an instance was told.
#[derive(Debug, Clone)]
enum Told {
    /// What it owns from now on.
    View(Arc<View>),
    /// The next of the [batches](Past).
    Batch,
    Fill(Box<Fill>),
    Denied(Box<Denial>),
}

/// A batch; its bars are those of the memory up to `to`.
#[derive(Debug, Clone, Copy)]
struct Past {
    at: Timestamp,
    is_warm_up: bool,
    to: usize,
}

/// How a call ended that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Another instance stands where the one before did.
    Rebuilt(Fault),
    /// None can be built.
    Lost(Fault),
}

/// An instance and what it takes to build it again.
pub(crate) struct Instance<'s> {
    strategies: &'s dyn Strategies,
    setup: Setup,
    current: Box<dyn Strategy + 's>,
    saved: Option<Vec<u8>>,
    told: Vec<Told>,
    batches: Vec<Past>,
    bars: Vec<Bar>,
    view: Arc<View>,
    /// Of the instances before.
    fuel: u64,
    journal: Option<Box<dyn Journal + 's>>,
    seq: u64,
    /// Of the last batch: complete with the next one.
    record: Option<BatchRecord>,
    /// Told since, where that record is with the journal already.
    before: Vec<(Message, View)>,
}

impl<'s> Instance<'s> {
    /// Takes a fresh instance over, initialised from `saved`.
    pub fn begin(
        strategies: &'s dyn Strategies,
        mut fresh: Box<dyn Strategy + 's>,
        setup: Setup,
        saved: Option<Vec<u8>>,
        journal: Option<Box<dyn Journal + 's>>,
    ) -> Result<Self, Fault> {
        fresh.init(&setup, saved.as_deref())?;
        Ok(Self {
            strategies,
            setup,
            current: fresh,
            saved,
            told: Vec::new(),
            batches: Vec::new(),
            bars: Vec::new(),
            view: Arc::default(),
            fuel: 0,
            journal,
            seq: 0,
            record: None,
            before: Vec::new(),
        })
    }

    /// Used so far, by all instances.
    pub fn fuel(&self) -> u64 {
        self.fuel + self.current.fuel()
    }
    /// Batches so far.
    pub fn seq(&self) -> u64 {
        self.seq
    }
    /// Tells again what an instance before this process was told since its save: complete records, the one that is not
    /// complete yet, and what came after. Nothing is recorded twice.
    pub fn retell(
        &mut self,
        records: &[BatchRecord],
        record: Option<BatchRecord>,
        before: Vec<(Message, View)>,
        seq: u64,
    ) -> Result<(), Fault> {
        for record in records.iter().chain(&record) {
            self.remember(&record.before);
            if record.fault.is_none() {
                self.see(&Arc::new(record.view.clone()));
                self.see_batch(record.at, record.is_warm_up, &record.bars);
            }
            self.remember(&record.told);
        }
        self.remember(&before);
        (self.record, self.before, self.seq) = (record, before, seq);
        if !self.told.is_empty() {
            self.current = self.again()?;
        }
        Ok(())
    }
    /// What the journal was not told yet: of the last batch, and what came after it.
    pub fn unfinished(&self) -> (Option<&BatchRecord>, &[(Message, View)]) {
        (self.record.as_ref(), &self.before)
    }
    fn remember(&mut self, messages: &[(Message, View)]) {
        for (message, view) in messages {
            self.see(&Arc::new(view.clone()));
            self.told.push(match message {
                Message::Fill(fill) => Told::Fill(Box::new(fill.clone())),
                Message::Denied(denial) => Told::Denied(Box::new(denial.clone())),
            });
        }
    }
    /// Batches since the last save.
    pub fn batches_since_save(&self) -> usize {
        self.batches.len()
    }

    /// Hands a batch over. The answer of a call that failed is empty.
    pub fn on_candles(&mut self, batch: &Batch<'_>, view: &Arc<View>, answer: &mut Answer) -> Result<(), Failure> {
        self.see(view);
        answer.clear();
        self.seq += 1;
        self.hand_over();
        if self.journal.is_some() {
            self.record = Some(BatchRecord::begin(self.seq, std::mem::take(&mut self.before), batch, view));
        }
        let before = self.current.fuel();
        if let Err(fault) = self.current.on_candles(batch, view, answer) {
            answer.clear();
            if let Some(record) = &mut self.record {
                record.fault = Some(fault.clone());
            }
            return Err(self.rebuild(fault));
        }
        if let Some(record) = &mut self.record {
            record.fuel = self.current.fuel() - before;
            record.orders.clone_from(&answer.proposals);
            record.refused.clone_from(&answer.denials);
        }
        self.see_batch(batch.at, batch.is_warm_up, batch.bars);
        Ok(())
    }

    /// Tells of a fill.
    pub fn on_fill(&mut self, fill: &Fill, view: &Arc<View>) -> Result<(), Failure> {
        self.see(view);
        match self.current.on_fill(fill, view) {
            Ok(()) => {
                self.record(|| Message::Fill(fill.clone()));
                self.told.push(Told::Fill(Box::new(fill.clone())));
            }
            Err(fault) => return Err(self.rebuild(fault)),
        }
        Ok(())
    }

    /// Tells of a denial.
    pub fn on_denied(&mut self, denial: &Denial, view: &Arc<View>) -> Result<(), Failure> {
        self.see(view);
        match self.current.on_denied(denial, view) {
            Ok(()) => {
                self.record(|| Message::Denied(denial.clone()));
                self.told.push(Told::Denied(Box::new(denial.clone())));
            }
            Err(fault) => return Err(self.rebuild(fault)),
        }
        Ok(())
    }

    /// Asks for a save; from then on less has to be remembered.
    pub fn save(&mut self) -> Result<(), Failure> {
        match self.current.save() {
            Ok(saved) => self.saved = Some(saved),
            Err(fault) => return Err(self.rebuild(fault)),
        }
        self.hand_over();
        if let (Some(journal), Some(bytes)) = (&mut self.journal, &self.saved) {
            journal.saved(Saved { after: self.seq, bytes: bytes.clone() });
        }
        self.told.clear();
        self.batches.clear();
        self.bars.clear();
        self.told.push(Told::View(Arc::clone(&self.view)));
        Ok(())
    }

    /// The record of the last batch is complete.
    pub fn hand_over(&mut self) {
        // Without a journal there is no record, and taking one that is not there costs as much as one that is.
        let Some(journal) = &mut self.journal else { return };
        if let Some(record) = self.record.take() {
            journal.batch(record);
        }
    }

    fn record(&mut self, message: impl FnOnce() -> Message) {
        if self.journal.is_some() {
            let told = self.record.as_mut().map_or(&mut self.before, |record| &mut record.told);
            told.push((message(), View::clone(&self.view)));
        }
    }

    fn see(&mut self, view: &Arc<View>) {
        if !Arc::ptr_eq(&self.view, view) {
            self.view = Arc::clone(view);
            self.told.push(Told::View(Arc::clone(view)));
        }
    }

    fn see_batch(&mut self, at: Timestamp, is_warm_up: bool, bars: &[Bar]) {
        self.bars.extend_from_slice(bars);
        self.batches.push(Past { at, is_warm_up, to: self.bars.len() });
        self.told.push(Told::Batch);
    }

    fn rebuild(&mut self, fault: Fault) -> Failure {
        self.fuel += self.current.fuel();
        match self.again() {
            Ok(instance) => {
                self.current = instance;
                Failure::Rebuilt(fault)
            }
            Err(second) => {
                Failure::Lost(Fault { detail: format!("{} (after {fault})", second.detail), breach: second.breach })
            }
        }
    }

    fn again(&self) -> Result<Box<dyn Strategy + 's>, Fault> {
        let mut instance = self.strategies.fresh()?;
        instance.init(&self.setup, self.saved.as_deref())?;
        let (mut view, mut answer) = (Arc::default(), Answer::default());
        let (mut batches, mut from) = (self.batches.iter(), 0);
        for told in &self.told {
            match told {
                Told::View(next) => view = Arc::clone(next),
                Told::Batch => {
                    let Some(Past { at, is_warm_up, to }) = batches.next().copied() else { continue };
                    let bars = self.bars.get(from..to).unwrap_or_default();
                    instance.on_candles(&Batch { at, is_warm_up, bars }, &view, &mut answer)?;
                    answer.clear();
                    from = to;
                }
                Told::Fill(fill) => instance.on_fill(fill, &view)?,
                Told::Denied(denial) => instance.on_denied(denial, &view)?,
            }
        }
        Ok(instance)
    }
}
