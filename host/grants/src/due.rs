//! What the host does for an agent that asks no provider and still counts: a timer that fires. It is admitted as a
//! call is: granted → reserved; the rows of what it spends are stored with what it did.

use puppet_types::{CallError, Capability, Code, Timestamp};

use crate::{Bookings, Charge, Rights, Spend};

/// Admitted and not done yet. Dropping it gives everything back.
#[derive(Debug)]
#[must_use = "dropping it releases what it holds"]
pub struct Due(Bookings);

impl Due {
    /// Holds the charges, or says when there may be enough.
    ///
    /// # Errors
    /// Not granted, no budget.
    pub fn admit(rights: &Rights, of: Capability, charges: &[Charge], at: Timestamp) -> Result<Self, CallError> {
        let right = rights.get(of);
        let right = right.ok_or_else(|| CallError::new(Code::Denied, format!("`{of}` is not granted any more")))?;
        if let Some(why) = right.has_ended(at) {
            return Err(CallError::new(Code::Denied, why));
        }
        Ok(Self(right.reserve(charges, at)?.into_iter().map(|(held, _)| held.book_all()).collect()))
    }

    /// What it spends, as rows.
    pub fn rows(&self) -> Vec<Spend> {
        self.0.rows()
    }

    /// It is done, and its rows are stored.
    pub fn spend(self) {
        self.0.stored();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Amount, Ledger, Period, Request, Shared, Terms};

    #[test]
    fn nothing_is_due_once_the_grant_has_ended_or_was_taken_back() {
        let ledger = Arc::new(Ledger::default());
        let requests = [(Capability::Schedule, Request::default())].into();
        let end = Timestamp::from_millis(3_600_000);
        let terms = Terms { expires: Some(end), ..Terms::default() };
        let names = (&"pack".into(), &[][..]);
        let rights = Rights::on_terms(&requests, names, &"ann".into(), &ledger, terms, Shared::default());
        let code = |at| Due::admit(&rights, Capability::Schedule, &[], at).err().map(|error| error.code);
        let before = Timestamp::from_millis(3_599_999);
        assert_eq!((code(before), code(end)), (None, Some(Code::Denied)));
        ledger.take_back(&"pack".into(), Capability::Schedule);
        assert_eq!(code(before), Some(Code::Denied));
    }

    #[test]
    fn it_holds_until_it_is_done_and_nothing_passes_the_budget() {
        let ledger = Arc::new(Ledger::default());
        let amounts = [((Amount::Timers, Period::Hour), 2)].into();
        let requests = [(Capability::Schedule, Request { amounts, ..Request::default() })].into();
        let rights = Rights::from_requests(&requests, &"pack".into(), &"ann".into(), &ledger);
        let at = Timestamp::from_millis(3_600_000);
        let one = [Charge { amount: Amount::Timers, quantity: 1 }];
        let admit = || Due::admit(&rights, Capability::Schedule, &one, at);
        let line = || {
            let lines = rights.lines(at);
            let line = lines.iter().find(|line| line.key.period == Period::Hour).unwrap();
            (line.used, line.reserved)
        };

        let dropped = admit().unwrap();
        assert_eq!(line(), (0, 1));
        drop(dropped);
        assert_eq!(line(), (0, 0));
        let first = admit().unwrap();
        assert_eq!(first.rows().iter().map(|row| row.used).collect::<Vec<_>>(), [1]);
        first.spend();
        admit().unwrap().spend();
        assert_eq!(line(), (2, 0));
        assert_eq!(admit().unwrap_err().code, Code::BudgetExhausted);
        let ungranted = Due::admit(&rights, Capability::Tweet, &[], at).unwrap_err();
        assert_eq!(ungranted.code, Code::Denied);
    }
}
