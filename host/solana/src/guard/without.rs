//! What was not looked at, as if it had been: for tests that see what looking is for. There is none of this in any build
//! but that of this crate's own tests.

use sha2::{Digest, Sha256};

use super::{Changes, Checked, Compared, Intent, Limits, Refusal, Tables, decode::decode};

impl Checked {
    /// Read by nobody.
    pub(crate) fn unread(bytes: &[u8], intent: &Intent, tables: &dyn Tables) -> Result<Self, Refusal> {
        let decoded = decode(bytes, tables)?;
        let hash = Sha256::digest(decoded.transaction.message.serialize());
        Ok(Self {
            transaction: decoded.transaction,
            intent: *intent,
            fee_lamports: Limits::default().most_fee_lamports,
            most_rent_lamports: Limits::default().most_rent_lamports,
            most_tip_lamports: 0,
            hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// Tried by nobody.
    pub(crate) fn untried(self) -> Compared {
        Compared { checked: self, changes: Changes { given: 0, taken: 0, cost: 0 } }
    }
}
