//! Rule 3: every accepted event waits, or has one end. One that is done was handled by an invocation that is in the journal.

use puppet_store::{Store, StoreError};

use super::{PAGE, Rule, TELL, Tell, journal::Journal, oldest::Oldest, short};

/// Events, as they were walked through.
#[derive(Debug)]
pub struct Events {
    /// What was found.
    pub rule: Rule,
    /// All of them, in order.
    pub seqs: Vec<u64>,
    /// Done: id and seq.
    done: Vec<(u64, u64)>,
}

impl Default for Events {
    fn default() -> Self {
        Self { rule: Rule::new("every-event-has-one-end"), seqs: Vec::new(), done: Vec::new() }
    }
}

impl Events {
    /// All of them, before the journal: what is done by now has its entry when that is read.
    pub async fn walk(&mut self, store: &dyn Store, tell: Tell<'_>) -> Result<(), StoreError> {
        let mut after = 0;
        tell("events", 0);
        loop {
            let page = store.events_after(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            for row in &page {
                self.seqs.push(row.seq);
                let found = store.event(&row.event.id).await?;
                self.rule.check(found.is_some(), || format!("event {} is listed and cannot be found", row.event.id));
                if let Some((_, "done")) = found {
                    self.done.push((short(row.event.id.as_str()), row.seq));
                }
                if self.rule.checked.is_multiple_of(TELL) {
                    tell("events", self.rule.checked);
                }
            }
        }
    }

    /// Those that are done, against the journal.
    pub async fn compare(
        &mut self,
        journal: &Journal<'_>,
        store: &dyn Store,
        oldest: &mut Oldest,
    ) -> Result<(), StoreError> {
        for (id, seq) in std::mem::take(&mut self.done) {
            if journal.handled.binary_search(&id).is_ok() {
                continue;
            }
            // Few: read again for their names.
            for row in store.events_after(seq - 1, 1).await? {
                // One that retention took since is another now.
                if row.seq == seq && oldest.has(store, &row.event.agent, row.event.at).await? {
                    let id = &row.event.id;
                    self.rule.violated(format!("event {id} is done, and no invocation in the journal handled it"));
                }
            }
        }
        Ok(())
    }
}
