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
